//! Many devices behind one connection: what is proven of their schedules, and that it holds.

use super::golden::{cases, community, flexmeasures};
use super::{oracle, random};
use agents::schedule::{
    Device, Joint, Method, Prices, Problem, Rule, Rules, Site, SocTarget, Status, Storage, Warm, check, schedule,
    schedule_jointly,
};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};

/// Solves, and has the schedule checked: it breaks nothing that can be kept, and the bound is below its cost.
fn solved_from(problem: &Problem, warm: Option<&mut Warm>) -> Joint {
    let found = schedule_jointly(problem, warm).unwrap();
    let audit = check(problem, &found.schedule);
    let mistakes: Vec<_> = audit.mistakes().map(ToString::to_string).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(audit.cost, found.schedule.cost);
    assert_eq!(audit.broken, found.schedule.violations);
    let cost_eur = found.schedule.cost.total_eur();
    if found.schedule.status == Status::Feasible {
        assert!(found.bound_eur <= cost_eur + 1e-6 * (1.0 + cost_eur.abs()), "{} above {cost_eur}", found.bound_eur);
        assert!((cost_eur - found.bound_eur - found.gap_eur).abs() < 1e-6 * (1.0 + cost_eur.abs()));
    }
    found
}

fn solved(problem: &Problem) -> Joint {
    solved_from(problem, None)
}

/// Storages of two random problems and more behind the connection of the first.
fn many(seed: u64, steps: usize) -> Problem {
    let mut problem = random::problem(seed, steps);
    let more = (1..).map(|times| random::problem(seed + 10_000 * times, steps));
    let alike = more.filter(|other| other.step == problem.step).take(1 + seed as usize % 4);
    let storages: Vec<Device> =
        alike.flat_map(|other| other.devices).filter(|device| matches!(device, Device::Storage(_))).collect();
    problem.devices.extend(storages);
    for (place, device) in problem.devices.iter_mut().enumerate() {
        if let Device::Storage(storage) = device {
            storage.name = format!("store {place}");
        }
    }
    problem
}

/// So many batteries and vehicles, no two alike, on a day from a quarter of an hour on, and more power than the connection
/// lets through.
fn fleet(devices: usize, first: usize, held: &dyn Fn(usize) -> f64) -> Problem {
    let whim = |n: usize| ((n * 7919 + 13) % 997) as f64 / 997.0;
    let step = Span::from_minutes(15);
    let start = Time(0) + step * first as i64;
    let price = |at: usize| 0.12 + 0.05 * (at as f64 * 0.07).sin() + 0.03 * whim(at / 4);
    let import: Vec<f64> = (first..first + 96).map(price).collect();
    let storage = |place: usize| {
        let (capacity, power) = (10.0 + 40.0 * whim(place), 4.0 + 7.0 * whim(place + 5));
        let named = Storage::new(&format!("storage {place}"), capacity, power);
        if place.is_multiple_of(2) {
            return Storage {
                soc_start_kwh: held(place),
                charge_efficiency: 0.95,
                discharge_efficiency: 0.95,
                ..named
            };
        }
        let at = Time(0) + step * (30 + (20.0 * whim(place + 2)) as i64);
        let discharge_max_kw = Profile::Constant(0.0);
        let targets = vec![SocTarget { at, soc_kwh: 0.9 * capacity }];
        Storage { soc_start_kwh: held(place), targets, discharge_max_kw, ..named }
    };
    let limit = Some(Profile::Constant(3.0 * devices as f64));
    Problem {
        start,
        step,
        steps: 96,
        prices: Prices {
            export_eur_per_kwh: Profile::Steps(import.iter().map(|price| price - 0.05).collect()),
            import_eur_per_kwh: Profile::Steps(import),
        },
        site: Site { limits: Limits { import_kw: limit.clone(), export_kw: limit }, ..Site::default() },
        inflexible_kw: Profile::Steps(
            (first..first + 96).map(|at| devices as f64 * 1.5 * (at as f64 * 0.1).cos()).collect(),
        ),
        devices: (0..devices).map(|place| Device::Storage(Box::new(storage(place)))).collect(),
        rules: Rules::default(),
    }
}

fn share(found: &Joint) -> f64 {
    found.gap_eur / found.schedule.cost.total_eur().abs()
}

#[test]
fn many_storages_cost_what_flexmeasures_found() {
    let mut met = 0;
    for case in cases("storage").iter().filter(|case| case["expected"]["status"] != "infeasible") {
        let name = &case["name"];
        let found = solved(&flexmeasures(case));
        assert_eq!(found.schedule.status, Status::Feasible, "{name}");
        let (cost, least) = (found.schedule.cost.energy_eur(), case["expected"]["energy_cost_eur"].as_f64().unwrap());
        assert!((cost - least).abs() < 1e-3, "{name}: {cost} instead of {least}");
        assert!(found.gap_eur < 1e-3, "{name}: gap {}", found.gap_eur);
        met += 1;
    }
    assert_eq!(met, 13);
}

#[test]
fn a_community_behind_one_connection_costs_what_oplem_found() {
    for case in cases("community") {
        let found = solved(&community(&case));
        let (cost, least) = (found.schedule.cost.total_eur(), case["expected"]["objective"].as_f64().unwrap());
        assert!((cost - least).abs() < 1e-6, "{}: {cost} instead of {least}", case["name"]);
        assert!(found.gap_eur < 1e-5, "{}: gap {}", case["name"], found.gap_eur);
    }
}

#[test]
fn no_solver_finds_a_schedule_below_the_bound_and_all_costs_are_within_the_gap() {
    let (mut feasible, mut exact, mut missed) = (0, 0, 0);
    for seed in 0..160 {
        let problem = many(seed, [2, 3, 4][seed as usize % 3]);
        let found = solved(&problem);
        let Some(least) = oracle::least_cost(&problem) else { continue };
        let (cost, near) = (found.schedule.cost.total_eur(), 1e-4 * (1.0 + least.abs()));
        assert!(found.bound_eur <= least + near, "seed {seed}: bound {} above {least}", found.bound_eur);
        if found.schedule.status != Status::Feasible {
            missed += 1;
            continue;
        }
        assert!(cost >= least - near, "seed {seed}: {cost} is below {least}");
        assert!(cost <= least + near + found.gap_eur, "seed {seed}: {cost} instead of {least}");
        feasible += 1;
        exact += usize::from(cost <= least + near);
    }
    assert!(
        feasible > 40 && exact * 10 > feasible * 9 && missed == 0,
        "{feasible} feasible, {exact} exact, {missed} missed"
    );
}

#[test]
fn a_hundred_and_a_thousand_devices_are_within_half_a_percent_of_the_best() {
    for devices in [100, 1_000] {
        let found = solved(&fleet(devices, 0, &|_| 3.0));
        assert_eq!(found.schedule.status, Status::Feasible);
        assert!(share(&found) < 5e-3, "{devices} devices: gap {} after {} rounds", share(&found), found.rounds);
    }
}

#[test]
fn a_warm_start_takes_fewer_rounds_to_as_good_a_schedule() {
    let mut warm = Warm::default();
    let first = solved_from(&fleet(20, 0, &|_| 3.0), Some(&mut warm));
    let next = fleet(20, 1, &|place| first.schedule.devices[place].soc_kwh[0].max(0.0));
    let written = serde_json::to_string(&warm).unwrap();
    let mut warm: Warm = serde_json::from_str(&written).unwrap();
    let (again, cold) = (solved_from(&next, Some(&mut warm)), solved(&next));
    assert!(again.rounds < cold.rounds, "{} instead of {} rounds", again.rounds, cold.rounds);
    let (one, other) = (again.schedule.cost.total_eur(), cold.schedule.cost.total_eur());
    assert!((one - other).abs() <= again.gap_eur.max(cold.gap_eur) + 1e-9, "{one} and {other}");
}

#[test]
fn ten_equal_batteries_do_the_same_and_cost_ten_times_one() {
    let one = fleet(1, 0, &|_| 3.0);
    let mut ten = fleet(10, 0, &|_| 3.0);
    ten.devices = vec![one.devices[0].clone(); 10];
    for (place, device) in ten.devices.iter_mut().enumerate() {
        let Device::Storage(storage) = device else { continue };
        storage.name = format!("battery {place}");
    }
    let (one, ten) = (solved(&one), solved(&ten));
    assert_eq!(one.method, Method::OneStorage);
    assert!(ten.schedule.devices.iter().all(|plan| plan.power_kw == ten.schedule.devices[0].power_kw));
    let (one, ten) = (one.schedule.cost.total_eur(), ten.schedule.cost.total_eur());
    assert!((ten - 10.0 * one).abs() < 1e-6 * ten.abs(), "{ten} instead of ten times {one}");
}

#[test]
fn what_cannot_be_kept_together_is_told_with_device_instant_and_amount() {
    // Two vehicles need 40 kWh each by eight in the morning; the connection gives 4 kW.
    let mut problem = fleet(4, 0, &|_| 0.0);
    problem.inflexible_kw = Profile::Constant(0.0);
    problem.site.limits.import_kw = Some(Profile::Constant(4.0));
    problem.devices = [1, 3].map(|place| problem.devices[place].clone()).to_vec();
    for device in &mut problem.devices {
        let Device::Storage(storage) = device else { continue };
        storage.soc_max_kwh = Profile::Constant(60.0);
        storage.targets = vec![SocTarget { at: Time(0) + Span::HOUR * 8, soc_kwh: 40.0 }];
    }
    let found = solved(&problem);
    assert_eq!(found.schedule.status, Status::Missed);
    let missed: f64 = found.schedule.violations.iter().map(|missed| missed.amount).sum();
    assert!(
        found.schedule.violations.iter().all(|missed| missed.rule == Rule::TargetMissed),
        "{:?}",
        found.schedule.violations
    );
    assert!((missed - 48.0).abs() < 1e-6, "{missed}");
}

#[test]
fn the_peak_of_many_is_weighed_against_what_energy_costs() {
    let mut problem = fleet(4, 0, &|_| 3.0);
    let without = solved(&problem);
    problem.site.peak_eur_per_kw = 0.4;
    problem.site.peak_free_kw = 2.0;
    let with = solved(&problem);
    let peak = |found: &Joint| found.schedule.net_kw.iter().copied().fold(0.0, f64::max);
    assert!(peak(&with) < peak(&without) - 1.0, "{} and {}", peak(&with), peak(&without));
    assert!(share(&with) < 1e-5, "gap {}", share(&with));
}

#[test]
fn the_same_problem_of_many_gives_the_same_schedule_bit_by_bit() {
    let problem = fleet(20, 0, &|_| 3.0);
    assert_eq!(solved(&problem), solved(&problem));
    assert_eq!(schedule(&problem).unwrap(), solved(&problem).schedule);
}
