//! What the power system of an island costs, part by part.
//!
//! `cargo bench -p cariflex-island --bench island` runs all parts, `… -- drill` those whose name contains the word.
//! Times are medians of many runs on one core. The figures in the documents come from here.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

#[path = "../common/parts.rs"]
mod parts;

use island::dispatch::economic::{Kind, Merit, Online};
use island::drill::{self, Drill, Feeder};
use island::frequency::Settings;
use island::series::{self, Course};
use island::{Defence, Dispatcher, Disturbance, Fleet, FrequencyEvent, OperatingPoint, Request, Rules, Step};
use parts::median_us;

const STEPS: usize = 35_040;

/// A year at 15 minutes: an evening peak, a weekly and a yearly course, wind, clouds that come and go.
fn year() -> (Vec<f64>, Vec<f64>) {
    let (mut demand, mut available) = (Vec::with_capacity(STEPS), Vec::with_capacity(3 * STEPS));
    for step in 0..STEPS {
        let (day, hour) = ((step / 96) as f64, (step % 96) as f64 / 4.0);
        let evening = (-(hour - 19.5) * (hour - 19.5) / 6.0_f64).exp();
        let weekend = if step / 96 % 7 >= 5 { -12.0 } else { 0.0 };
        demand.push(150.0 + weekend + 10.0 * (day / 58.0).sin() + 15.0 * ((hour - 8.0) / 3.82).sin() + 45.0 * evening);
        let sun = (std::f64::consts::PI * (hour - 6.0) / 12.0).sin().max(0.0);
        let clouds = 0.6 + 0.4 * (step as f64 * 0.7).sin() * (day * 1.3).cos();
        available.extend([5.0 + 4.0 * (step as f64 / 90.0).sin(), 60.0 * sun * clouds, 7.0 * sun * clouds]);
    }
    (demand, available)
}

fn dispatch() {
    let (demand_mw, available_mw) = year();
    let fleet = Fleet::martinique();
    for foresight in [0, 8] {
        let course = Course { demand_mw: &demand_mw, available_mw: &available_mw, dt_s: 900.0, foresight };
        let run = || series::dispatch(&fleet, Rules::default(), &course, |_, _| {}).expect("a year that can be");
        let series = run();
        let total = series.total;
        println!(
            "dispatch: a year at 15 min, {foresight} steps of foresight: {:.1} ms; {:.0} EUR/MWh, {:.0} g/kWh, {} starts, \
             {} steps short of reserve, {:.1} MWh unserved",
            median_us(run) / 1e3,
            total.cost_eur / total.energy_mwh,
            total.co2_kg / total.energy_mwh,
            total.starts,
            total.short_of_reserve,
            series.unserved_mw.iter().sum::<f64>() / 4.0,
        );
    }
}

fn economic() {
    let fleet = Fleet::martinique();
    let merit = Merit::new(fleet.groups().iter().filter_map(Kind::of).collect());
    let online: Vec<Online> = (0..10)
        .map(|unit| Online { kind: usize::from(unit > 7), lowest_mw: 7.3, highest_mw: 17.1, leaving: false })
        .collect();
    let mut power = Vec::new();
    for (name, reserve_mw) in [("slack", 10.0), ("binding", 50.0)] {
        let us = median_us(|| merit.dispatch(&online, 125.0, reserve_mw, &mut power));
        println!("economic dispatch of {} units, reserve {name}: {us:.2} us", online.len());
    }
}

fn operating(fleet: &Fleet) -> OperatingPoint {
    let mut dispatcher = Dispatcher::new(fleet.clone(), Rules::default()).expect("default rules");
    let request = Request { demand_mw: 170.0, available_mw: &[4.0, 20.0, 2.0], outlook: None, dt_s: 60.0 };
    let mut state = dispatcher.begin(&request).expect("a demand that can be");
    let mut step = Step::default();
    dispatcher.step(&mut state, &request, &mut step).expect("a demand that can be");
    OperatingPoint::of(fleet, &state, &step)
}

fn frequency() {
    let fleet = Fleet::martinique();
    let (point, defence) = (operating(&fleet), Defence::martinique());
    for step_ms in [20, 50] {
        let run = || {
            let settings = Settings { step_ms, record_ms: 100 };
            let mut event = FrequencyEvent::begin(&fleet, &point, &defence, settings).expect("a point in balance");
            event.disturb(&fleet, 0, Disturbance::UnitLost { unit: 0 }).expect("a unit of the fleet");
            event.run(600_000);
            event
        };
        let event = run();
        println!(
            "frequency: loss of an engine, {step_ms} ms steps, {:.1} s until it settles: {:.2} ms; nadir {:.2} Hz",
            event.at_ms() as f64 / 1e3,
            median_us(run) / 1e3,
            event.summary().nadir_hz
        );
    }
}

fn drills() {
    let (fleet, defence) = (Fleet::martinique(), Defence::martinique());
    let lines = include_str!("../../scenarios/data/communes.csv").lines().skip(1);
    let communes = lines.map(|line| {
        let mut fields = line.split(',').skip(1);
        let mut next = || fields.next().expect("communes.csv has name and population");
        (next(), next().parse().expect("whole populations"))
    });
    let feeders = Feeder::by_population(communes, 190_000.0, 0.04);
    for drill in Drill::blackouts_2015() {
        let run = || drill::play(&fleet, &defence, &feeders, &drill).expect("the drill that is shipped");
        let report = run();
        println!(
            "drill {}: {:.1} ms; {} feeders back in {:?} of {:?} minutes, {:.0} MWh, {:.0} minutes per customer",
            drill.name,
            median_us(run) / 1e3,
            report.pickups.len(),
            report.restored_min,
            drill.really_took_min,
            report.unserved_mwh,
            report.minutes_per_customer
        );
    }
}

fn main() {
    let parts: [(&str, fn()); 4] =
        [("dispatch", dispatch), ("economic", economic), ("frequency", frequency), ("drill", drills)];
    parts::run(&parts);
}
