//! What a schedule promises besides its cost.

use super::{random, solved};
use agents::schedule::{
    Device, Exclusion, Keeping, OneStorageError, Prices, Problem, Rule, Rules, Site, SocTarget, Status, Storage,
    schedule_one_storage,
};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};

/// Storage alone at these prices, hour by hour, both ways.
fn alone(storage: Storage, price: &[f64]) -> Problem {
    Problem {
        start: Time(0),
        step: Span::HOUR,
        steps: price.len(),
        prices: Prices {
            import_eur_per_kwh: Profile::Steps(price.to_vec()),
            export_eur_per_kwh: Profile::Steps(price.to_vec()),
        },
        site: Site::default(),
        inflexible_kw: Profile::Constant(0.0),
        devices: vec![Device::Storage(Box::new(storage))],
        rules: Rules::default(),
    }
}

#[test]
fn the_same_problem_gives_the_same_schedule_bit_by_bit() {
    for seed in 0..50 {
        let problem = random::problem(seed, 24);
        assert_eq!(solved(&problem), solved(&problem), "seed {seed}");
    }
}

#[test]
fn of_equal_costs_the_least_throughput_wins_then_the_earliest_charge() {
    // A flat price without losses: moving energy about costs nothing, and is not done.
    let full = Storage { soc_start_kwh: 4.0, ..Storage::new("battery", 10.0, 5.0) };
    let mut flat = alone(full.clone(), &[0.1; 6]);
    if let Device::Storage(storage) = &mut flat.devices[0] {
        storage.targets = vec![SocTarget { at: flat.start + Span::HOUR * 6, soc_kwh: 9.0 }];
    }
    let found = solved(&flat);
    assert_eq!(found.schedule.devices[0].power_kw, [5.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn energy_is_not_burnt_where_charging_and_discharging_exclude_each_other() {
    let full = Storage {
        soc_start_kwh: 10.0,
        charge_efficiency: 0.9,
        discharge_efficiency: 0.9,
        ..Storage::new("battery", 10.0, 5.0)
    };
    let mut problem = alone(full, &[-0.1]);
    let exclusive = solved(&problem);
    assert!(!exclusive.convex);
    assert_eq!(exclusive.schedule.cost.total_eur(), 0.0);
    problem.rules.storage = Exclusion::Free;
    let free = solved(&problem);
    // 5 kW in keep 4.5 kWh; 4.05 kW out take them again.
    assert!((free.schedule.cost.total_eur() + 0.1 * (5.0 - 4.05)).abs() < 1e-12);
    assert!((free.schedule.devices[0].both_kw[0] - 4.05).abs() < 1e-12);
}

#[test]
fn minimum_power_forbids_a_trickle() {
    let mut ev = Storage { modes_kw: vec![[0.0, 0.0], [4.0, 11.0]], ..Storage::new("ev", 40.0, 11.0) };
    ev.targets = vec![SocTarget { at: Time(0) + Span::HOUR * 3, soc_kwh: 13.0 }];
    let found = solved(&alone(ev, &[0.30, 0.10, 0.20]));
    // The cheapest hour in full would leave 2 kW, which it cannot run at.
    assert_eq!(found.schedule.status, Status::Feasible);
    let power = &found.schedule.devices[0].power_kw;
    assert!(power.iter().zip([0.0, 9.0, 4.0]).all(|(power, expected)| (power - expected).abs() < 1e-9), "{power:?}");
}

#[test]
fn a_start_outside_the_limits_is_brought_back_at_once_and_told() {
    let low = Storage { soc_start_kwh: 1.0, soc_min_kwh: Profile::Constant(8.0), ..Storage::new("battery", 20.0, 4.0) };
    let mut problem = alone(low, &[0.5, 0.1, 0.1, 0.1]);
    let found = solved(&problem).schedule;
    assert_eq!(found.status, Status::Missed);
    assert_eq!(found.devices[0].soc_kwh[..2], [5.0, 8.0][..]);
    let told: Vec<_> = found.violations.iter().map(|one| (one.rule, one.step, one.at, one.amount)).collect();
    assert_eq!(told, [(Rule::SocMin, 0, Time(0) + Span::HOUR, 3.0)]);
    problem.rules.keeping = Keeping::Hard;
    assert_eq!(solved(&problem).schedule.status, Status::Infeasible);
}

#[test]
fn a_limit_of_the_site_that_cannot_hold_is_exceeded_as_little_as_can_be() {
    let battery = Storage { soc_start_kwh: 3.0, ..Storage::new("battery", 10.0, 2.0) };
    let mut problem = alone(battery, &[0.1, 0.1]);
    problem.inflexible_kw = Profile::Constant(7.0);
    problem.site.limits = Limits { import_kw: Some(Profile::Constant(5.0)), export_kw: None };
    let found = solved(&problem).schedule;
    // 3 kWh of 4 are there.
    let missed: f64 = found.violations.iter().map(|violation| violation.amount).sum();
    assert!((missed - 1.0).abs() < 1e-9, "{:?}", found.violations);
    assert!(found.violations.iter().all(|violation| violation.device.is_none() && violation.rule == Rule::ImportLimit));
}

#[test]
fn the_price_of_the_peak_is_weighed_against_what_energy_costs() {
    let battery = Storage { soc_start_kwh: 6.0, ..Storage::new("battery", 10.0, 10.0) };
    let mut problem = alone(battery, &[0.1, 0.3, 0.1]);
    problem.inflexible_kw = Profile::Steps(vec![2.0, 10.0, 8.0]);
    problem.site.peak_free_kw = 3.0;
    problem.site.peak_eur_per_kw = 1.0;
    let found = solved(&problem).schedule;
    // 6 kWh stored and 1 kWh taken at first level the last two hours to 5.5 kW.
    assert!((found.cost.peak_eur - 2.5).abs() < 1e-6 || found.cost.peak_eur < 2.5 + 1e-6, "{:?}", found);
    let (least, _) = (0..=700)
        .map(|level| {
            let mut capped = problem.clone();
            let level_kw = 3.0 + f64::from(level) * 0.01;
            capped.site = Site {
                limits: Limits { import_kw: Some(Profile::Constant(level_kw)), export_kw: None },
                ..Site::default()
            };
            let capped = solved(&capped).schedule;
            let feasible = capped.status == Status::Feasible;
            (if feasible { capped.cost.total_eur() + level_kw - 3.0 } else { f64::INFINITY }, level)
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap();
    let cost = found.cost.total_eur();
    assert!(cost <= least + 1e-9 && cost > least - 0.02, "{cost}, by the hundredth of a kW {least}");
}

#[test]
fn finer_steps_cost_the_same_where_inputs_do_not_change() {
    for seed in 0..40 {
        let mut hourly = random::problem(seed, 12);
        let Device::Storage(storage) = &mut hourly.devices[0] else { panic!("the first is the storage") };
        storage.modes_kw.clear();
        storage.minima.clear();
        storage.kept_per_step = Profile::Constant(1.0);
        hourly.rules.storage = Exclusion::Exclusive;
        let coarse = solved(&hourly);
        if coarse.schedule.status != Status::Feasible || !coarse.convex {
            continue;
        }
        let mut fine = hourly.clone();
        let parts = 3;
        let repeat = |profile: &mut Profile| {
            if let Profile::Steps(values) = profile {
                *values = values.iter().flat_map(|&value| std::iter::repeat_n(value, parts)).collect();
            }
        };
        (fine.step, fine.steps) = (Span(hourly.step.0 / parts as i64), hourly.steps * parts);
        let Problem { prices, site, inflexible_kw, devices, .. } = &mut fine;
        [&mut prices.import_eur_per_kwh, &mut prices.export_eur_per_kwh, inflexible_kw].into_iter().for_each(repeat);
        site.limits.import_kw.iter_mut().chain(&mut site.limits.export_kw).for_each(repeat);
        for device in devices {
            match device {
                Device::Storage(storage) => repeat(&mut storage.charge_max_kw),
                Device::CurtailableProduction(production) => repeat(&mut production.available_kw),
            }
        }
        let (coarse, fine) = (coarse.schedule.cost.total_eur(), solved(&fine).schedule.cost.total_eur());
        assert!((coarse - fine).abs() < 1e-9, "seed {seed}: {coarse} and {fine}");
    }
}

#[test]
fn what_makes_no_sense_is_named_all_at_once() {
    let mut problem = alone(Storage::new("ev", 10.0, 5.0), &[0.1, f64::NAN]);
    if let Device::Storage(storage) = &mut problem.devices[0] {
        storage.charge_efficiency = -0.9;
        storage.charge_max_kw = Profile::Steps(vec![1.0, 2.0, 3.0]);
        storage.targets = vec![SocTarget { at: Time(1), soc_kwh: 1.0 }];
    }
    let Err(OneStorageError::Problem(error)) = schedule_one_storage(&problem) else { panic!("it makes no sense") };
    let text = error.to_string();
    for part in [
        "prices.import_eur_per_kwh at step 1 is NaN; give a number from -100 to 100",
        "device `ev`: charge_efficiency is -0.9; give a number from 0.01 to 1",
        "device `ev`: charge_max_kw has 3 numbers for 2 steps; give one per step, or one for all",
        "device `ev`: targets[0] is at 1970-01-01T00:00:00.001Z, which ends no step; move it to an end",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn money_for_nothing_is_refused() {
    let mut problem = alone(Storage::new("battery", 10.0, 5.0), &[0.1]);
    problem.prices.export_eur_per_kwh = Profile::Constant(0.2);
    problem.rules.site = Exclusion::Free;
    assert_eq!(schedule_one_storage(&problem), Err(OneStorageError::Unbounded { at: problem.start }));
    problem.devices.push(problem.devices[0].clone());
    assert_eq!(schedule_one_storage(&problem), Err(OneStorageError::Many { storages: 2 }));
}

#[test]
fn a_problem_survives_being_written_down() {
    let problem = random::problem(7, 5);
    let text = serde_json::to_string(&problem).unwrap();
    assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
}
