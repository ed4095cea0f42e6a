//! Promises of the network's state: what a measured voltage and frequency do to PV plants, at any tick, and what phases
//! plants leave unequal.

use crate::rig::{Interval, Outside, Run, at, id, martinique, measure, set, sweep};
use agents::reading::{AssetReading, AssetState};
use agents::{Kind, Span, Time};
use scenarios::{CloudParameters, Plan, PvParameters, Role, Scenario};

/// The plan of a scenario without a cloud, its plants changed by `change`.
fn clear_plan(scenario: &Scenario, change: impl Fn(&mut PvParameters)) -> Plan {
    let mut plan = scenario.resolve(&[]).unwrap();
    let cloudless = "day_class = \"clear\"\nclear_shadow_kc = [1, 1]\nsun_kc_deviation = 0\nedge_kc = [1, 1]";
    plan.weather.clouds = CloudParameters::from_toml(cloudless).unwrap();
    for participant in &mut plan.participants {
        if let Role::Pv(_, plant) = &mut participant.role {
            change(plant);
        }
    }
    plan
}

fn of_kind<'a>(plan: &'a Plan, rows: &'a Interval, kind: Kind) -> impl Iterator<Item = &'a AssetReading> {
    rows.assets.iter().filter(move |reading| plan.participants[reading.asset.index()].role.kind() == kind)
}

#[test]
fn a_measured_overfrequency_holds_pv_at_four_fifths_of_its_power_at_the_crossing_and_nothing_else() {
    let mut plan = clear_plan(&martinique("1d", "60s", 5), |_| {});
    let before = sweep(&plan, Outside::Nothing);
    let (from, until) = (at(&plan, 11.0), at(&plan, 12.5));
    let is_high = move |time| from <= time && time < until;
    measure(&mut plan, "frequency", "Hz", Span::MINUTE, |time| if is_high(time) { 50.7 } else { 50.0 });
    let after = sweep(&plan, Outside::Nothing);
    let crossing = before.rows.iter().position(|rows| rows.start == from).unwrap();
    let mut held = 0;
    for (expected, found) in before.rows.iter().zip(&after.rows) {
        assert_eq!(expected.signals, found.signals);
        assert!(of_kind(&plan, expected, Kind::Load).eq(of_kind(&plan, found, Kind::Load)));
        let plants = of_kind(&plan, expected, Kind::Pv).zip(of_kind(&plan, found, Kind::Pv));
        for (number, (free, reading)) in plants.enumerate() {
            if !is_high(found.start) {
                assert_eq!(free, reading, "{}", found.start);
                continue;
            }
            let at_crossing_kw = of_kind(&plan, &before.rows[crossing], Kind::Pv).nth(number).unwrap().power_kw;
            assert!((reading.power_kw - 0.8 * at_crossing_kw).abs() <= 0.0011, "{}: {reading:?}", found.start);
            assert!(at_crossing_kw < -3.0 && reading.state == AssetState::Curtailed);
            held += 1;
        }
    }
    assert_eq!(held, 10 * 90);
}

/// Energy and reactive energy of a plant over a run.
fn amounts(plan: &Plan, run: &Run, plant: &str) -> [f64; 2] {
    let readings = run.readings(id(plan, plant), plan.start, plan.end);
    let sum = |of: fn(&AssetReading) -> f64| readings.iter().map(of).sum::<f64>() * plan.tick.hours();
    [sum(|reading| reading.power_kw), sum(|reading| reading.reactive_kvar.unwrap())]
}

/// Active and reactive energy of a plant from 11 to 12, the hour of a network whose voltage and frequency change by the
/// second and cross thresholds within minutes, or of a nominal one.
fn hour(tick: &str, is_restless: bool) -> [f64; 2] {
    let mut scenario = martinique("1h", tick, 5);
    set(&mut scenario, "run.start=2026-03-20T11:00:00-04:00");
    let category_b = Some([0.92, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]);
    let mut plan = clear_plan(&scenario, |plant| plant.volt_var = category_b);
    if is_restless {
        let saw = |time: Time, period: i64| (time.0 / 1000).rem_euclid(period) as f64 / period as f64;
        measure(&mut plan, "voltage", "p.u.", Span::from_s(1), |time| 1.0 + 0.1 * saw(time, 421));
        measure(&mut plan, "frequency", "Hz", Span::from_s(1), |time| 49.8 + 1.1 * saw(time, 977));
    }
    let run = sweep(&plan, Outside::Nothing);
    amounts(&plan, &run, "pv_01")
}

#[test]
fn plants_answer_a_restless_network_alike_at_every_tick() {
    let [minutes, nominal] = [true, false].map(|is_restless| hour("60s", is_restless));
    assert!(nominal[0] < -3.5 && nominal[1] == 0.0, "{nominal:?}");
    assert!(minutes[0] > 0.95 * nominal[0] && minutes[1] > 1.0, "{minutes:?} against {nominal:?}");
    for tick in ["15m", "1s"] {
        let found = hour(tick, true);
        // Readings are rounded to the watt.
        let is_near = (0..2).all(|index| (found[index] - minutes[index]).abs() < 6e-4);
        assert!(is_near, "{found:?} at {tick} instead of {minutes:?}");
    }
}

#[test]
fn plants_with_volt_var_draw_reactive_power_at_high_voltage_and_others_have_none() {
    let mut plan = clear_plan(&martinique("1d", "15m", 5), |_| {});
    let controlled = id(&plan, "pv_01");
    if let Role::Pv(_, plant) = &mut plan.participants[controlled.index()].role {
        plant.volt_var = Some([0.92, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]);
    }
    measure(&mut plan, "voltage", "%", Span::MINUTE, |_| 105.0);
    let run = sweep(&plan, Outside::Nothing);
    let noon = run.rows.iter().find(|rows| rows.start == at(&plan, 12.0)).unwrap();
    for reading in &noon.assets {
        // Half way between the points at 1.02 and 1.08: 22 % of 5 kvar.
        let expected = (reading.asset == controlled).then_some(1.1);
        assert_eq!(reading.reactive_kvar, expected, "{reading:?}");
    }
    let midnight = run.readings(controlled, plan.start, plan.start + Span::HOUR);
    assert!(midnight.iter().all(|reading| reading.reactive_kvar == Some(0.0)));
}

#[test]
fn a_plant_on_one_phase_leaves_its_site_unequal_by_its_power_and_one_on_three_by_nothing() {
    let mut plan = clear_plan(&martinique("1d", "15m", 5), |plant| plant.phases = 1);
    let (balanced, single) = (id(&plan, "pv_02"), id(&plan, "pv_03"));
    if let Role::Pv(_, plant) = &mut plan.participants[balanced.index()].role {
        plant.phases = 3;
    }
    let run = sweep(&plan, Outside::Nothing);
    let site = |asset: agents::ParticipantId| plan.participants[asset.index()].site.unwrap();
    let mut most_kw = 0.0_f64;
    for rows in &run.rows {
        let imbalance_kw = |asset| rows.sites.iter().find(|reading| reading.site == site(asset)).unwrap().imbalance_kw;
        let power_kw = rows.assets.iter().find(|reading| reading.asset == single).unwrap().power_kw;
        assert_eq!((imbalance_kw(single), imbalance_kw(balanced)), (-power_kw + 0.0, 0.0));
        most_kw = most_kw.max(imbalance_kw(single));
    }
    assert!(most_kw > 3.0);
}

#[test]
fn a_plant_too_hot_for_its_inverter_gives_less_and_says_so() {
    let mut plan = clear_plan(&martinique("1d", "15m", 5), |plant| plant.derate_per_k = 0.1);
    measure(&mut plan, "temperature", "°C", Span::MINUTE, |_| 50.0);
    let run = sweep(&plan, Outside::Nothing);
    let noon = run.readings(id(&plan, "pv_01"), at(&plan, 12.0), at(&plan, 12.25))[0];
    // Five kelvin above 45 °C at a tenth of 5 kW each.
    assert_eq!((noon.power_kw, noon.state, noon.setpoint_kw), (-2.5, AssetState::Derated, None));
    let morning = run.readings(id(&plan, "pv_01"), at(&plan, 7.5), at(&plan, 7.75))[0];
    assert!(morning.power_kw > -2.5 && morning.state == AssetState::Producing, "{morning:?}");
}
