//! Costs that FlexMeasures and OPLEM found; see `tests/golden/schedules/README.md`.

use super::solved;
use agents::schedule::{
    CurtailableProduction, Device, Exclusion, Keeping, Prices, Problem, Rule, Rules, Site, SocLimit, SocTarget, Status,
    Storage, schedule,
};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};
use serde_json::Value;
use std::fs;
use std::path::Path;

pub(crate) fn cases(folder: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/schedules").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A number, or segments in hours, as one number per step; `otherwise` where the case is silent.
fn profile(value: &Value, otherwise: f64, steps: usize, step_h: f64) -> Vec<f64> {
    let hours = |segment: &Value, key: &str| segment[key].as_f64().unwrap();
    let at = |step: usize| match value {
        Value::Array(segments) => {
            let hour = step as f64 * step_h;
            let holds = |segment: &&Value| hours(segment, "from_h") <= hour && hour < hours(segment, "to_h");
            segments.iter().find(holds).map_or(otherwise, |segment| hours(segment, "value"))
        }
        value => value.as_f64().unwrap_or(otherwise),
    };
    (0..steps).map(at).collect()
}

/// A case of the storage scheduler.
pub(crate) fn flexmeasures(case: &Value) -> Problem {
    let step = Span::from_minutes(case["step_min"].as_i64().unwrap());
    let steps = (case["horizon_h"].as_f64().unwrap() / step.hours()) as usize;
    // 2026-03-02T00:00:00-04:00, as in every case.
    let start = Time(1_772_424_000_000);
    assert_eq!(case["start"], "2026-03-02T00:00:00-04:00");
    let hourly = |value: &Value, factor: f64| -> Vec<f64> {
        let values = if value.is_null() { vec![0.0; 24] } else { numbers(value) };
        (0..steps).map(|at| factor * values[(at as f64 * step.hours()) as usize]).collect()
    };
    let prices = &case["price_eur_per_mwh_hourly"];
    let (load, pv) = (&case["inflexible_kw_hourly"]["load"], &case["inflexible_kw_hourly"]["pv"]);
    let net = hourly(load, 1.0).iter().zip(hourly(pv, 1.0)).map(|(load, pv)| load - pv).collect();
    let least = |one: Vec<f64>, other: Vec<f64>| one.iter().zip(other).map(|(a, b)| a.min(b)).collect();
    let site = &case["site"];
    let limit = |key: &str| {
        let both = profile(&site["power_capacity_kw"], 1e6, steps, step.hours());
        Some(Profile::Steps(least(both, profile(&site[key], 1e6, steps, step.hours()))))
    };
    let after = |value: &Value| start + Span::from_hours(value.as_f64().unwrap());
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let soc_limits = |value: &Value| -> Vec<SocLimit> {
        let limit = |limit: &Value| SocLimit {
            from: after(&limit["from_h"]),
            until: after(&limit["to_h"]),
            soc_kwh: limit["soc_kwh"].as_f64().unwrap(),
        };
        each(value).iter().map(limit).collect()
    };
    let device = |device: &Value| {
        let number = |key: &str| device[key].as_f64().unwrap();
        let power = |key: &str| {
            let both = profile(&device["power_capacity_kw"], 1e6, steps, step.hours());
            Profile::Steps(least(both, profile(&device[key], 1e6, steps, step.hours())))
        };
        assert_eq!(device["kind"], "storage");
        Device::Storage(Box::new(Storage {
            soc_start_kwh: number("soc_at_start_kwh"),
            soc_min_kwh: Profile::Constant(number("soc_min_kwh")),
            minima: soc_limits(&device["soc_minima"]),
            maxima: soc_limits(&device["soc_maxima"]),
            targets: each(&device["soc_targets"])
                .iter()
                .map(|target| SocTarget { at: after(&target["at_h"]), soc_kwh: target["soc_kwh"].as_f64().unwrap() })
                .collect(),
            charge_max_kw: power("consumption_capacity_kw"),
            discharge_max_kw: power("production_capacity_kw"),
            charge_efficiency: number("charging_efficiency"),
            discharge_efficiency: number("discharging_efficiency"),
            kept_per_step: Profile::Constant(number("storage_efficiency_per_step")),
            modes_kw: each(&device["operation_modes_kw"])
                .iter()
                .map(|mode| [mode[0].as_f64().unwrap(), mode[1].as_f64().unwrap()])
                .collect(),
            ..Storage::new(device["name"].as_str().unwrap(), number("soc_max_kwh"), 0.0)
        }))
    };
    let keeping = if case["soft_constraints"].as_bool().unwrap() { Keeping::Soft } else { Keeping::Hard };
    Problem {
        start,
        step,
        steps,
        prices: Prices {
            import_eur_per_kwh: Profile::Steps(hourly(&prices["consumption"], 1e-3)),
            export_eur_per_kwh: Profile::Steps(hourly(&prices["production"], 1e-3)),
        },
        site: Site {
            limits: Limits { import_kw: limit("consumption_capacity_kw"), export_kw: limit("production_capacity_kw") },
            peak_free_kw: site["peak_consumption_kw"].as_f64().unwrap_or(0.0),
            peak_eur_per_kw: site["peak_consumption_price_eur_per_kw"].as_f64().unwrap_or(0.0),
        },
        inflexible_kw: Profile::Steps(net),
        devices: each(&case["devices"]).iter().map(device).collect(),
        rules: Rules { keeping, ..Rules::default() },
    }
}

/// A case of the linear problem: nothing excludes anything.
fn oplem(case: &Value) -> Problem {
    let steps = case["steps"].as_u64().unwrap() as usize;
    let step = Span::from_hours(case["dt_h"].as_f64().unwrap());
    let start = Time(0);
    let prosumer = &case["prosumer"];
    let per_step = |value: &Value| match value {
        Value::Array(_) => Profile::Steps(numbers(value)),
        value => Profile::Constant(value.as_f64().unwrap()),
    };
    let mut devices = Vec::new();
    for storage in prosumer["storage"].as_array().into_iter().flatten() {
        let number = |key: &str| storage[key].as_f64().unwrap();
        let end = start + step * steps as i64;
        devices.push(Device::Storage(Box::new(Storage {
            soc_start_kwh: number("e_start_kwh"),
            soc_min_kwh: Profile::Constant(number("e_min_kwh")),
            minima: vec![SocLimit { from: end, until: end, soc_kwh: number("e_end_min_kwh") }],
            charge_max_kw: per_step(&storage["charge_max_kw"]),
            discharge_max_kw: per_step(&storage["discharge_max_kw"]),
            charge_efficiency: number("efficiency_one_way"),
            discharge_efficiency: number("efficiency_one_way"),
            ageing_eur_per_kwh: number("degradation_cost_per_kwh"),
            ..Storage::new("storage", number("e_max_kwh"), 0.0)
        })));
    }
    if prosumer["pv_kw_available"].is_array() {
        let available_kw = per_step(&prosumer["pv_kw_available"]);
        devices.push(Device::CurtailableProduction(CurtailableProduction { name: "pv".to_owned(), available_kw }));
    }
    Problem {
        start,
        step,
        steps,
        prices: Prices {
            import_eur_per_kwh: per_step(&case["price_import_eur_per_kwh"]),
            export_eur_per_kwh: per_step(&case["price_export_eur_per_kwh"]),
        },
        site: Site::default(),
        inflexible_kw: per_step(&prosumer["load_kw"]),
        devices,
        rules: Rules { keeping: Keeping::Hard, storage: Exclusion::Free, site: Exclusion::Free, ..Rules::default() },
    }
}

/// A case of some prosumers: all they have, behind one connection.
pub(crate) fn community(case: &Value) -> Problem {
    let prosumers = case["prosumers"].as_array().unwrap();
    let mut one_by_one = prosumers.iter().map(|prosumer| {
        let mut alone = case.clone();
        alone["prosumer"] = prosumer.clone();
        oplem(&alone)
    });
    let mut all = one_by_one.next().unwrap();
    for other in one_by_one {
        let loads = (0..all.steps).map(|step| all.inflexible_kw.at(step) + other.inflexible_kw.at(step));
        all.inflexible_kw = Profile::Steps(loads.collect());
        all.devices.extend(other.devices);
    }
    all
}

#[test]
fn one_storage_costs_what_flexmeasures_found() {
    let mut met = 0;
    for case in cases("storage").iter().filter(|case| case["devices"].as_array().unwrap().len() == 1) {
        let (name, expected) = (&case["name"], &case["expected"]);
        let found = solved(&flexmeasures(case));
        if expected["status"] == "infeasible" {
            assert_eq!(found.schedule.status, Status::Infeasible, "{name}");
            let violations = &found.schedule.violations;
            // 2 h of 11 kW at 92 % on top of 5 kWh, of 75 wanted.
            assert_eq!(violations.len(), 1, "{name}");
            assert_eq!(violations[0].rule, Rule::TargetMissed);
            assert!((violations[0].amount - 49.76).abs() < 1e-9, "{}", violations[0]);
        } else {
            assert_eq!(found.schedule.status, Status::Feasible, "{name}");
            let (cost, least) = (found.schedule.cost.energy_eur(), expected["energy_cost_eur"].as_f64().unwrap());
            assert!((cost - least).abs() < 1e-3, "{name}: {cost} instead of {least}");
        }
        met += 1;
    }
    assert_eq!(met, 12);
}

#[test]
fn one_storage_costs_what_oplem_found() {
    let mut met = 0;
    for case in
        cases("tou").iter().filter(|case| case["prosumer"]["storage"].as_array().is_none_or(|all| all.len() <= 1))
    {
        let (name, expected) = (&case["name"], &case["expected"]);
        let found = solved(&oplem(case));
        let feasible = expected["status"] != "infeasible";
        assert_eq!(found.schedule.status == Status::Feasible, feasible, "{name}");
        if feasible {
            let (cost, least) = (found.schedule.cost.total_eur(), expected["objective"].as_f64().unwrap());
            assert!((cost - least).abs() < 1e-6, "{name}: {cost} instead of {least}");
        }
        met += 1;
    }
    assert!(met >= 5, "{met}");
}

#[derive(serde::Deserialize)]
struct Regression {
    least_cost_eur: f64,
    problem: Problem,
}

#[test]
fn what_once_was_missed_is_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/schedules/regressions");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut count = 0;
    for file in files {
        let case: Regression = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let cost_eur = schedule(&case.problem).unwrap().cost.total_eur();
        assert!((cost_eur - case.least_cost_eur).abs() < 1e-7, "{file:?} costs {cost_eur}");
        count += 1;
    }
    assert_eq!(count, 2);
}
