//! The dispatcher in one day and in many random ones: conservation, ramps, times, reserve, length of steps.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::dispatch::Unit;
use island::{Dispatcher, Fleet, Request, Rules, State, Step};
use proptest::prelude::*;

const PI: f64 = std::f64::consts::PI;

/// A smooth day: demand, wind, PV and PV with storage, MW, by the hour.
fn day(hour: f64) -> (f64, [f64; 3]) {
    let evening = libm::exp(-(hour - 19.5) * (hour - 19.5) / 6.0);
    let sun = libm::sin(PI * (hour - 6.0) / 12.0).max(0.0);
    (150.0 + 15.0 * libm::sin(PI * (hour - 8.0) / 12.0) + 45.0 * evening, [4.0, 50.0 * sun, 6.0 * sun])
}

fn dispatcher() -> Dispatcher {
    Dispatcher::new(Fleet::martinique(), Rules::default()).unwrap()
}

/// Runs a course of demand and wind and PV in equal steps; what each step came to, and the state after it.
fn run(course: impl Fn(f64) -> (f64, [f64; 3]), hours: f64, dt_s: f64) -> Vec<(Step, State)> {
    let mut dispatcher = dispatcher();
    let (demand_mw, available) = course(0.0);
    let request = Request { demand_mw, available_mw: &available, outlook: None, dt_s };
    let mut state = dispatcher.begin(&request).unwrap();
    let steps = (hours * 3600.0 / dt_s) as usize;
    let step = |place: usize| {
        let (demand_mw, available) = course((place as f64 + 0.5) * dt_s / 3600.0);
        let mut step = Step::default();
        let request = Request { demand_mw, available_mw: &available, outlook: None, dt_s };
        dispatcher.step(&mut state, &request, &mut step).unwrap();
        (step, state.clone())
    };
    (0..steps).map(step).collect()
}

fn holds_balance(step: &Step) {
    let missing = step.given_mw() - (step.demand_mw - step.unserved_mw + step.surplus_mw);
    assert!(missing.abs() < 1e-7, "{missing} MW in {step:?}");
}

#[test]
fn a_day_of_martinique_is_served_with_the_reserve_of_the_largest_unit() {
    for (step, _) in run(day, 24.0, 900.0) {
        holds_balance(&step);
        assert_eq!((step.unserved_mw, step.surplus_mw), (0.0, 0.0), "{step:?}");
        assert!(step.reserve_mw >= step.reserve_required_mw - 1e-6, "{step:?}");
        assert!((200.0..700.0).contains(&step.co2_g_per_kwh()), "{step:?}");
        assert!((60.0..400.0).contains(&step.price_eur_per_mwh), "{step:?}");
        assert!((60.0..300.0).contains(&step.mean_cost_eur_per_mwh()), "{step:?}");
    }
}

#[test]
fn whichever_unit_is_lost_the_others_and_the_batteries_hold_what_it_gave() {
    let fleet = Fleet::martinique();
    let batteries_mw = fleet.technology_mw(island::Technology::Battery);
    for (step, state) in run(day, 24.0, 900.0) {
        let running: Vec<(f64, f64)> = fleet
            .unit_groups()
            .zip(&state.units)
            .filter_map(|((group, _), unit)| match unit {
                Unit::On { power_mw, leaving: false, .. } => {
                    let group = &fleet.groups()[group];
                    Some((*power_mw, group.reserve_mw().min(group.rated_mw - power_mw)))
                }
                _ => None,
            })
            .collect();
        assert_eq!(step.reserve_required_mw, 36.0, "the biomass plant is the largest unit and must run");
        for lost in 0..running.len() {
            let others = running.iter().enumerate().filter(|(place, _)| *place != lost);
            let held_mw: f64 = others.map(|(_, (_, reserve))| reserve).sum();
            assert!(held_mw + batteries_mw >= running[lost].0 - 1e-6, "{} MW lost: {step:?}", running[lost].0);
        }
    }
}

#[test]
fn energies_and_costs_of_a_day_hardly_depend_on_the_length_of_steps() {
    let totals = |dt_s: f64| {
        let mut sums = [0.0; 4];
        for (step, _) in run(day, 24.0, dt_s) {
            let terms = [step.energy_mwh(), step.cost_eur, step.co2_kg, step.curtailed_mw * dt_s / 3600.0];
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        sums
    };
    let fine = totals(60.0);
    for dt_s in [30.0, 300.0, 900.0, 3600.0] {
        let other = totals(dt_s);
        for (place, tolerance) in [1e-3, 0.02, 0.02].into_iter().enumerate() {
            assert!((other[place] / fine[place] - 1.0).abs() < tolerance, "{dt_s} s: {other:?} and {fine:?}");
        }
    }
}

#[test]
fn a_state_written_and_read_again_goes_on_alike() {
    let steps = run(day, 12.0, 900.0);
    let (_, state) = &steps[20];
    let mut again: State = serde_json::from_str(&serde_json::to_string(state).unwrap()).unwrap();
    let mut dispatcher = dispatcher();
    for (place, (step, after)) in steps.iter().enumerate().skip(21) {
        let (demand_mw, available) = day((place as f64 + 0.5) / 4.0);
        let mut found = Step::default();
        let request = Request { demand_mw, available_mw: &available, outlook: None, dt_s: 900.0 };
        dispatcher.step(&mut again, &request, &mut found).unwrap();
        assert_eq!((&found, &again), (step, after));
    }
}

#[test]
fn wind_and_pv_without_storage_cover_no_more_than_their_share() {
    let course = |_| (100.0, [12.0, 70.0, 7.8]);
    for (step, _) in run(course, 2.0, 900.0) {
        assert!((step.limited_mw - 25.0).abs() < 1e-9, "45 of 70 MW may stay: {step:?}");
    }
}

#[test]
fn wind_and_pv_give_way_only_when_units_are_at_their_least_power() {
    let fleet = Fleet::martinique();
    let steps = run(|_| (60.0, [12.0, 27.0, 7.0]), 4.0, 900.0);
    assert!(steps.iter().any(|(step, _)| step.curtailed_mw > 0.0));
    for (step, state) in steps.iter().filter(|(step, _)| step.curtailed_mw > 0.0) {
        holds_balance(step);
        assert_eq!(step.price_eur_per_mwh, 0.0);
        for ((group, _), unit) in fleet.unit_groups().zip(&state.units) {
            if let Unit::On { power_mw, .. } = unit {
                let least_mw = fleet.groups()[group].operation.as_ref().unwrap().minimum_mw;
                assert!((power_mw - least_mw).abs() < 1e-9, "{}", fleet.groups()[group].name);
            }
        }
    }
}

#[test]
fn a_lost_unit_is_replaced_by_quick_ones_and_stays_away_until_it_is_repaired() {
    let mut dispatcher = dispatcher();
    let request = Request { demand_mw: 150.0, available_mw: &[0.0; 3], outlook: None, dt_s: 60.0 };
    let mut state = dispatcher.begin(&request).unwrap();
    let mut step = Step::default();
    let failed: Vec<usize> = dispatcher.fleet().find("bellefontaine_diesel").unwrap();
    failed.iter().for_each(|unit| state.fail(*unit));
    let mut unserved = Vec::new();
    for _ in 0..60 {
        dispatcher.step(&mut state, &request, &mut step).unwrap();
        holds_balance(&step);
        assert!(failed.iter().all(|unit| step.power_mw[*unit] == 0.0));
        unserved.push(step.unserved_mw);
    }
    assert!(unserved[0] > 50.0 && *unserved.last().unwrap() == 0.0, "{unserved:?}");
    state.repair(failed[0]);
    for _ in 0..60 {
        dispatcher.step(&mut state, &request, &mut step).unwrap();
    }
    assert!(step.power_mw[failed[0]] > 0.0, "an engine is cheaper than the turbines that run");
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut dispatcher = dispatcher();
    let good = Request { demand_mw: 150.0, available_mw: &[0.0; 3], outlook: None, dt_s: 60.0 };
    let mut state = dispatcher.begin(&good).unwrap();
    for (request, word) in [
        (Request { demand_mw: f64::NAN, ..good }, "demand"),
        (Request { demand_mw: -1.0, ..good }, "demand"),
        (Request { available_mw: &[0.0; 2], ..good }, "3 groups"),
        (Request { available_mw: &[0.0, -1.0, 0.0], ..good }, "wind or PV"),
        (Request { dt_s: 0.0, ..good }, "more than 0"),
    ] {
        let error = dispatcher.step(&mut state, &request, &mut Step::default()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let mut torn = state.clone();
    torn.units[0] = Unit::On { for_s: 0.0, power_mw: f64::NAN, leaving: false };
    assert!(dispatcher.step(&mut torn, &good, &mut Step::default()).is_err());
    state.units.pop();
    assert!(dispatcher.step(&mut state, &good, &mut Step::default()).is_err());
    assert!(Dispatcher::new(Fleet::martinique(), Rules { intermittent_share: 1.5, ..Rules::default() }).is_err());
}

/// That no unit moved faster than its ramp, or left or came before its time.
fn keeps_ramps_and_times(fleet: &Fleet, before: &State, after: &State, dt_s: f64) {
    for (((group, _), before), after) in fleet.unit_groups().zip(&before.units).zip(&after.units) {
        let Some(operation) = &fleet.groups()[group].operation else { continue };
        let (reach_mw, half_s) = (operation.ramp_mw_per_min * dt_s / 60.0 + 1e-9, 0.5 * dt_s + 1e-6);
        match (before, after) {
            (Unit::On { power_mw: from, .. }, Unit::On { power_mw: to, .. }) => {
                assert!((from - to).abs() <= reach_mw, "{from} to {to} MW: {}", fleet.groups()[group].name);
            }
            (Unit::On { for_s, .. }, _) => assert!(*for_s >= operation.minimum_up_min * 60.0 - half_s),
            (Unit::Off { for_s }, Unit::On { power_mw, .. }) => {
                assert!(*for_s >= operation.minimum_down_min * 60.0 - half_s);
                assert!(*power_mw <= operation.minimum_mw + reach_mw);
            }
            _ => {}
        }
        if let Unit::On { power_mw, .. } = after {
            let within = operation.minimum_mw - 1e-9..=fleet.groups()[group].rated_mw + 1e-9;
            assert!(within.contains(power_mw), "{power_mw} MW");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_any_course_energy_is_conserved_and_ramps_and_times_are_kept(
        course in prop::collection::vec((0.0..600.0f64, 0.0..12.0f64, 0.0..64.0f64, 0.0..8.0f64), 2..60),
        dt_s in prop_oneof![Just(30.0), Just(60.0), Just(300.0), Just(900.0)],
    ) {
        let mut dispatcher = dispatcher();
        let request = |place: usize| course[place];
        let (demand_mw, wind, pv, firm) = request(0);
        let first = [wind, pv, firm];
        let mut state = dispatcher.begin(&Request { demand_mw, available_mw: &first, outlook: None, dt_s }).unwrap();
        let mut step = Step::default();
        for place in 0..course.len() {
            let (demand_mw, wind, pv, firm) = request(place);
            let available = [wind, pv, firm];
            let before = state.clone();
            dispatcher.step(&mut state, &Request { demand_mw, available_mw: &available, outlook: None, dt_s }, &mut step).unwrap();
            holds_balance(&step);
            prop_assert!(step.unserved_mw >= 0.0 && step.surplus_mw >= 0.0 && step.unserved_mw * step.surplus_mw == 0.0);
            let given: f64 = step.variable_mw.iter().sum();
            prop_assert!((given + step.limited_mw + step.curtailed_mw - available.iter().sum::<f64>()).abs() < 1e-7);
            keeps_ramps_and_times(dispatcher.fleet(), &before, &state, dt_s);
        }
    }
}
