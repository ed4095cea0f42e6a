//! One storage, exact: a battery, a vehicle and what is not convex, at the steps of a day and of a year.

use super::median_us;
use agents::schedule::{Device, Prices, Problem, Rules, Site, SocTarget, Storage, schedule_one_storage};
use agents::{Span, Time};
use market::dispatch::Profile;

/// A price with a morning and an evening, and a whim of its own every hour; below zero at noon if `negative`.
fn price_eur_per_kwh(step: usize, steps_per_day: usize, negative: bool) -> f64 {
    let hour = 24 * step / steps_per_day;
    let whim = ((hour * 7919 + 13) % 97) as f64 / 97.0;
    let of_day = (hour % 24) as f64;
    let sun = if negative && (11.0..15.0).contains(&of_day) { 0.25 } else { 0.0 };
    0.12 + 0.06 * ((of_day - 19.0) * 0.26).cos() + 0.04 * whim - sun
}

fn problem(steps: usize, steps_per_day: usize, storage: Storage, spread: f64, negative: bool) -> Problem {
    let import: Vec<f64> = (0..steps).map(|step| price_eur_per_kwh(step, steps_per_day, negative)).collect();
    let export = import.iter().map(|price| price - spread).collect();
    let load = (0..steps).map(|step| 4.0 - 9.0 * ((step % steps_per_day) as f64 * 6.3 / steps_per_day as f64).sin());
    Problem {
        start: Time(0),
        step: Span(Span::DAY.0 / steps_per_day as i64),
        steps,
        prices: Prices { import_eur_per_kwh: Profile::Steps(import), export_eur_per_kwh: Profile::Steps(export) },
        site: Site::default(),
        inflexible_kw: Profile::Steps(load.collect()),
        devices: vec![Device::Storage(Box::new(storage))],
        rules: Rules::default(),
    }
}

fn battery() -> Storage {
    Storage {
        soc_start_kwh: 50.0,
        soc_min_kwh: Profile::Constant(10.0),
        charge_efficiency: 0.95,
        discharge_efficiency: 0.95,
        kept_per_step: Profile::Constant(0.9999),
        ageing_eur_per_kwh: 0.005,
        ..Storage::new("battery", 95.0, 50.0)
    }
}

pub(super) fn run() {
    println!("one storage, exact: medians");
    for (steps, per_day) in [(96, 96), (192, 96), (288, 288), (35_040, 96)] {
        let lossless = Storage { kept_per_step: Profile::Constant(1.0), ..battery() };
        let vehicle = Storage {
            discharge_max_kw: Profile::Constant(0.0),
            targets: vec![SocTarget { at: Time(0) + Span::from_minutes(450), soc_kwh: 70.0 }],
            ..Storage::new("vehicle", 75.0, 22.0)
        };
        let minimum = Storage { modes_kw: vec![[-50.0, -10.0], [0.0, 0.0], [10.0, 50.0]], ..battery() };
        let late = Storage {
            targets: vec![SocTarget { at: Time(0) + Span::from_minutes(30), soc_kwh: 70.0 }],
            ..vehicle.clone()
        };
        let cases = [
            ("battery, one price", problem(steps, per_day, lossless, 0.0, false)),
            ("battery with losses behind a meter", problem(steps, per_day, battery(), 0.05, false)),
            ("vehicle with a target", problem(steps, per_day, vehicle, 0.05, false)),
            ("battery, negative prices at noon", problem(steps, per_day, battery(), 0.05, true)),
            ("battery with a minimum power", problem(steps, per_day, minimum, 0.05, false)),
            ("vehicle with a target out of reach", problem(steps, per_day, late, 0.05, false)),
        ];
        for (name, problem) in cases {
            let found = schedule_one_storage(&problem).expect("the problem makes sense");
            let us = median_us(|| schedule_one_storage(&problem));
            let kind = if found.convex { "convex" } else { "not convex" };
            println!("{steps:>6} steps  {name:<38} {kind:<11} {us:>12.0} µs  {:?}", found.schedule.status);
        }
    }
}
