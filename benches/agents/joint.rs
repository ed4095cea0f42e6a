//! Many devices behind one connection: half batteries, half vehicles, no two alike, a day of quarters of an hour.
//!
//! `cold` knows nothing; `warm` is the next quarter of an hour with what the last solve left, the storages where its plan
//! brought them; `equal` are ten batteries and ten vehicles of one kind each.

use super::median_us;
use agents::schedule::{Device, Joint, Prices, Problem, Rules, Site, SocTarget, Storage, Warm, schedule_jointly};
use agents::{Span, Time};
use market::dispatch::{Limits, Profile};
use std::time::Instant;

const STEPS: usize = 96;
const STEP: Span = Span(15 * 60_000);

/// A number in [0, 1) that belongs to `n`.
fn whim(n: usize) -> f64 {
    ((n * 7919 + 13) % 997) as f64 / 997.0
}

/// A price with a morning and an evening, and a whim of its own every hour, EUR/kWh.
fn price_eur_per_kwh(step: usize) -> f64 {
    let hour = step / 4;
    0.14 + 0.06 * (((hour % 24) as f64 - 19.0) * 0.26).cos() + 0.04 * whim(hour)
}

/// Load less sun for so many devices, kW; the connection would be exceeded were all to charge at once.
fn rest_kw(step: usize, devices: usize) -> f64 {
    let of_day = (step % STEPS) as f64 / STEPS as f64;
    devices as f64 * (3.0 - 6.0 * (of_day * 6.3 - 1.2).sin().max(0.0) + 1.5 * whim(step + devices))
}

/// The horizon that begins at a step of the year; storages hold shares of what they can.
fn problem(first: usize, devices: usize, alike: bool, held: &[f64]) -> Problem {
    let steps = || first..first + STEPS;
    let start = Time(0) + STEP * first as i64;
    let import: Vec<f64> = steps().map(price_eur_per_kwh).collect();
    let of = |place: usize| {
        let (own, held) = (if alike { 0 } else { place }, held[place]);
        if place.is_multiple_of(2) {
            let capacity = 10.0 + 20.0 * whim(own);
            return Storage {
                soc_start_kwh: held,
                charge_efficiency: 0.95,
                discharge_efficiency: 0.95,
                ageing_eur_per_kwh: 0.01,
                end_value_eur_per_kwh: 0.12,
                ..Storage::new(&format!("battery {place}"), capacity, 0.4 * capacity)
            };
        }
        // Here from the evening to the morning, when it must be full.
        let leaves = 28 + (8.0 * whim(own + 3)) as usize;
        let is_away = |step: usize| (leaves..72).contains(&(step % STEPS));
        let next = steps().map(|step| step + 1).find(|step| step % STEPS == leaves);
        let target = next.map(|end| SocTarget { at: Time(0) + STEP * end as i64, soc_kwh: 30.0 });
        Storage {
            soc_start_kwh: held,
            charge_max_kw: Profile::Steps(steps().map(|step| if is_away(step) { 0.0 } else { 11.0 }).collect()),
            discharge_max_kw: Profile::Constant(0.0),
            charge_efficiency: 0.92,
            targets: target.into_iter().filter(|target| target.at > start + Span::HOUR * 4).collect(),
            ..Storage::new(&format!("vehicle {place}"), 60.0, 0.0)
        }
    };
    let limits = Limits {
        import_kw: Some(Profile::Constant(6.0 * devices as f64)),
        export_kw: Some(Profile::Constant(2.5 * devices as f64)),
    };
    Problem {
        start,
        step: STEP,
        steps: STEPS,
        prices: Prices {
            export_eur_per_kwh: Profile::Steps(import.iter().map(|price| price - 0.06).collect()),
            import_eur_per_kwh: Profile::Steps(import),
        },
        site: Site { limits, ..Site::default() },
        inflexible_kw: Profile::Steps(steps().map(|step| rest_kw(step, devices)).collect()),
        devices: (0..devices).map(|place| Device::Storage(Box::new(of(place)))).collect(),
        rules: Rules::default(),
    }
}

fn begun(devices: usize, alike: bool) -> Vec<f64> {
    (0..devices)
        .map(|place| if place.is_multiple_of(2) { 5.0 } else { 8.0 + if alike { 0.0 } else { 8.0 * whim(place) } })
        .collect()
}

/// What is held a step later, if all goes by plan.
fn next_held(found: &Joint) -> Vec<f64> {
    found.schedule.devices.iter().map(|plan| plan.soc_kwh[0].max(0.0)).collect()
}

fn tell(name: &str, devices: usize, us: f64, found: &Joint) {
    let share = 100.0 * found.gap_eur / found.schedule.cost.total_eur().abs();
    println!(
        "{devices:>6} devices  {name:<10} {us:>12.0} µs  gap {share:>8.5} %  {:>3} rounds  {:?} {:?}",
        found.rounds, found.method, found.schedule.status
    );
}

pub(super) fn run() {
    println!("many devices, {STEPS} steps: medians");
    for (devices, alike) in [(10, false), (20, false), (20, true), (100, false), (1_000, false)] {
        let first = problem(0, devices, alike, &begun(devices, alike));
        let mut warm = Warm::default();
        let found = schedule_jointly(&first, Some(&mut warm)).expect("the problem makes sense");
        tell(if alike { "cold equal" } else { "cold" }, devices, median_us(|| schedule_jointly(&first, None)), &found);
        let next = problem(1, devices, alike, &next_held(&found));
        let again = schedule_jointly(&next, Some(&mut warm.clone())).expect("the problem makes sense");
        let us = median_us(|| schedule_jointly(&next, Some(&mut warm.clone())));
        tell(if alike { "warm equal" } else { "warm" }, devices, us, &again);
    }
    for alike in [false, true] {
        rolling(alike, 960);
    }
}

/// Ten batteries and ten vehicles, solved anew at every quarter of an hour.
fn rolling(alike: bool, solves: usize) {
    let (mut held, mut warm) = (begun(20, alike), Warm::default());
    let (mut rounds, mut worst, mut gaps, mut seconds, mut missed) = (0, 0.0_f64, 0.0, 0.0, 0);
    for first in 0..solves {
        let mut problem = problem(first, 20, alike, &held);
        for device in &mut problem.devices {
            let Device::Storage(storage) = device else { continue };
            // A vehicle comes back with less.
            if first % STEPS == 72 && storage.name.starts_with('v') {
                storage.soc_start_kwh = 10.0;
            }
        }
        let start = Instant::now();
        let found = schedule_jointly(&problem, Some(&mut warm)).expect("the problem makes sense");
        seconds += start.elapsed().as_secs_f64();
        let share = found.gap_eur / found.schedule.cost.total_eur().abs();
        (worst, gaps, rounds) = (worst.max(share), gaps + share, rounds + found.rounds);
        missed += usize::from(!found.schedule.violations.is_empty());
        held = next_held(&found);
    }
    let of_year = seconds / solves as f64 * 35_040.0;
    println!(
        "    20 {} devices, {solves} rolling solves: {:.2} ms each ({of_year:.0} s a year), {:.1} rounds, gap {:.4} % on average, {:.4} % at worst, {missed} with limits that cannot be kept",
        if alike { "equal" } else { "unlike" },
        1e3 * seconds / solves as f64,
        rounds as f64 / solves as f64,
        100.0 * gaps / solves as f64,
        100.0 * worst,
    );
}
