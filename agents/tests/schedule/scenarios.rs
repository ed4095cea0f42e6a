//! One storage under several futures: least expected costs that HiGHS found, and what must hold of any first stage.

use agents::schedule::{
    Keeping, Problem, ScenariosError, SocTarget, Status, check, schedule_one_storage, schedule_under_scenarios,
};
use market::dispatch::Profile;
use serde::Deserialize;
use std::fs;

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    seed: u64,
    problems: Vec<Problem>,
    probabilities: Vec<f64>,
    first_stage: usize,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    least_expected_eur: f64,
}

fn cases() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/schedules/scenarios/scenarios.json");
    serde_json::from_str::<Cases>(&fs::read_to_string(path).unwrap()).unwrap().cases
}

/// The power of the battery at a step of a schedule.
fn power_kw(schedule: &agents::schedule::Schedule, step: usize) -> f64 {
    schedule.devices[0].power_kw[step]
}

#[test]
fn the_expected_cost_is_the_least_that_highs_finds() {
    let cases = cases();
    assert!(cases.len() >= 60);
    for case in &cases {
        let found = schedule_under_scenarios(&case.problems, &case.probabilities, case.first_stage).unwrap();
        let (least, seed) = (case.expected.least_expected_eur, case.seed);
        assert!((found.expected_eur - least).abs() < 1e-6, "{seed}: {} instead of {least}", found.expected_eur);
        assert!((found.least_cost_eur.unwrap() - least).abs() < 1e-6, "{seed}");
        for (problem, schedule) in case.problems.iter().zip(&found.schedules) {
            assert!(check(problem, schedule).broken.is_empty(), "{seed}");
        }
    }
}

#[test]
fn nothing_in_the_first_stage_depends_on_which_future_it_is() {
    let mut differ_later = 0;
    for case in cases() {
        let found = schedule_under_scenarios(&case.problems, &case.probabilities, case.first_stage).unwrap();
        for schedule in &found.schedules {
            for (step, first) in found.first_stage_kw.iter().enumerate() {
                assert!((power_kw(schedule, step) - first).abs() < 1e-9, "{}", case.seed);
            }
        }
        let steps = case.problems[0].steps;
        let differ =
            |step| (power_kw(&found.schedules[0], step) - power_kw(found.schedules.last().unwrap(), step)).abs();
        differ_later += usize::from((case.first_stage..steps).any(|step| differ(step) > 1e-6));
    }
    assert!(differ_later > 10, "later steps know which future it is");
}

#[test]
fn knowing_the_future_never_costs_more_and_one_future_is_no_stochastic_problem() {
    for case in cases() {
        let found = schedule_under_scenarios(&case.problems, &case.probabilities, case.first_stage).unwrap();
        let alone =
            case.problems.iter().map(|problem| schedule_one_storage(problem).unwrap().schedule.cost.total_eur());
        let knowing: f64 = alone.zip(&case.probabilities).map(|(cost, probability)| probability * cost).sum();
        assert!(knowing <= found.expected_eur + 1e-7, "{}", case.seed);
        if case.problems.len() == 1 {
            assert!((knowing - found.expected_eur).abs() < 1e-7, "{}", case.seed);
        }
        // The later one learns, the dearer.
        let steps = case.problems[0].steps;
        let never = schedule_under_scenarios(&case.problems, &case.probabilities, steps).unwrap();
        assert!(found.expected_eur <= never.expected_eur + 1e-7, "{}", case.seed);
    }
}

#[test]
fn limits_that_can_not_be_kept_are_missed_in_every_future_alike_and_told() {
    let mut case = cases().into_iter().find(|case| case.problems.len() == 3 && case.first_stage == 1).unwrap();
    for problem in &mut case.problems {
        let agents::schedule::Device::Storage(storage) = &mut problem.devices[0] else { panic!("a battery") };
        storage.targets = vec![SocTarget { at: problem.start + problem.step, soc_kwh: 12.0 }];
        (storage.soc_start_kwh, storage.modes_kw) = (1.0, Vec::new());
        storage.charge_max_kw = Profile::Constant(2.0);
        problem.site.limits.import_kw = None;
        problem.rules.keeping = Keeping::Soft;
    }
    let found = schedule_under_scenarios(&case.problems, &case.probabilities, 1).unwrap();
    assert_eq!(found.least_cost_eur, None);
    assert!((found.first_stage_kw[0] - 2.0).abs() < 1e-9, "as near to the target as can be");
    assert!(found.schedules.iter().all(|schedule| schedule.status == Status::Missed));
}

/// Changes problems, probabilities and the length of the first stage.
type Change = dyn Fn(&mut Vec<Problem>, &mut Vec<f64>, &mut usize);

#[test]
fn what_are_no_futures_of_one_storage_is_refused() {
    let case = cases().into_iter().find(|case| case.problems.len() == 2).unwrap();
    let ask = |change: &Change| {
        let (mut problems, mut probabilities, mut first) = (case.problems.clone(), case.probabilities.clone(), 1);
        change(&mut problems, &mut probabilities, &mut first);
        schedule_under_scenarios(&problems, &probabilities, first).unwrap_err()
    };
    assert!(matches!(ask(&|all, _, _| all.clear()), ScenariosError::Probabilities { futures: 0, .. }));
    assert!(matches!(ask(&|_, of, _| of[0] += 0.1), ScenariosError::Probabilities { .. }));
    assert!(matches!(ask(&|_, of, _| *of = vec![f64::NAN, 1.0]), ScenariosError::Probabilities { .. }));
    assert!(matches!(ask(&|_, _, first| *first = 0), ScenariosError::FirstStage { first_stage: 0, .. }));
    assert!(matches!(ask(&|all, _, _| all[1].devices.clear()), ScenariosError::Future { future: 1, .. }));
    let other = ask(&|all, _, _| {
        let agents::schedule::Device::Storage(storage) = &mut all[1].devices[0] else { panic!("a battery") };
        storage.soc_start_kwh += 0.5;
    });
    assert!(other.to_string().starts_with("future 1 differs in its storage: "), "{other}");
    assert!(matches!(ask(&|all, _, _| all[0].site.peak_eur_per_kw = 1.0), ScenariosError::Unsupported(_)));
}
