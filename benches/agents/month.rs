//! What a month costs a house with light and a battery, by how the battery is run: from nothing to perfect foresight.
//!
//! Forecasts learn from the four weeks before. All ways end with what they hold valued alike, so that none wins by draining.

use super::site::{
    Behind, Beliefs, DAY, EFFICIENCY, HOURLY, SLOT_H, TIME_OF_USE, Tariff, battery, end_value, executed, followed_kw,
    problem,
};
use agents::schedule::{Schedule, schedule_one_storage, schedule_under_scenarios};

const FIRST: usize = 28 * DAY;
const MONTH: usize = 30 * DAY;
const PEAK_KW: f64 = 6.0;
const CAPACITY_KWH: f64 = 10.0;
const POWER_KW: f64 = 5.0;
const LIMIT_KW: f64 = 12.0;
const HELD_KWH: f64 = 5.0;
const HOUSES: u64 = 5;

/// How a battery is run.
#[derive(Clone, Copy)]
enum Way {
    None,
    SelfConsumption,
    /// Planned every so many slots, and the plan is held to the letter, or followed.
    Planned {
        every: usize,
        is_held: bool,
    },
    /// Planned every slot, its battery doing the best on average of so many futures until the next one, and followed.
    UnderScenarios {
        futures: usize,
    },
    Foresight,
}

pub(super) fn run() {
    println!(
        "a month of {HOUSES} houses with {PEAK_KW} kW of light and a battery of {CAPACITY_KWH} kWh and {POWER_KW} kW, EUR each on \
         average (share of what foresight saves)"
    );
    let ways = [
        ("no battery", Way::None),
        ("self-consumption", Way::SelfConsumption),
        ("plan of the day, held", Way::Planned { every: DAY, is_held: true }),
        ("plan of the day, followed", Way::Planned { every: DAY, is_held: false }),
        ("plan of the hour, followed", Way::Planned { every: 4, is_held: false }),
        ("plan of the slot, held", Way::Planned { every: 1, is_held: true }),
        ("plan of the slot, followed", Way::Planned { every: 1, is_held: false }),
        ("20 futures every slot", Way::UnderScenarios { futures: 20 }),
        ("perfect foresight", Way::Foresight),
    ];
    println!("  {:<28} {:>20} {:>20}", "", TIME_OF_USE.name, HOURLY.name);
    let costs = ways.map(|(_, way)| [&TIME_OF_USE, &HOURLY].map(|tariff| mean_cost(way, tariff)));
    for ((name, _), row) in ways.iter().zip(&costs) {
        let shown = |tariff: usize| {
            let saved = |row: &[f64; 2]| costs[0][tariff] - row[tariff];
            format!("{:>10.2} ({:>5.1} %)", row[tariff], 100.0 * saved(row) / saved(&costs[costs.len() - 1]))
        };
        println!("  {name:<28} {:>20} {:>20}", shown(0), shown(1));
    }
}

fn mean_cost(way: Way, tariff: &Tariff) -> f64 {
    (0..HOUSES).map(|house| cost(way, tariff, &Behind::of(house + 100, FIRST + MONTH + DAY, PEAK_KW, 0.8))).sum::<f64>()
        / HOUSES as f64
}

/// The cost of the month, what is held in the end counted at the same price everywhere, EUR.
fn cost(way: Way, tariff: &Tariff, behind: &Behind) -> f64 {
    let worth = EFFICIENCY * (FIRST..FIRST + MONTH).map(tariff.import).sum::<f64>() / MONTH as f64;
    let mut run = Run { held: HELD_KWH, cost: 0.0, tariff };
    match way {
        Way::None => (FIRST..FIRST + MONTH).for_each(|slot| run.slot(slot, behind.net_kw(slot), 0.0)),
        Way::SelfConsumption => (FIRST..FIRST + MONTH).for_each(|slot| {
            let rest = behind.net_kw(slot);
            run.slot(slot, rest, -rest);
        }),
        Way::Planned { every, is_held } => run.planned(every, is_held, behind),
        Way::UnderScenarios { futures } => run.under_scenarios(futures, behind),
        Way::Foresight => {
            let known = (FIRST..FIRST + MONTH).map(|slot| behind.net_kw(slot)).collect();
            let storage = battery(CAPACITY_KWH, POWER_KW, HELD_KWH, worth);
            let problem = problem(FIRST, tariff, LIMIT_KW, known, vec![storage]);
            let plan = schedule_one_storage(&problem).expect("the problem makes sense").schedule;
            for (step, slot) in (FIRST..FIRST + MONTH).enumerate() {
                run.slot(slot, behind.net_kw(slot), plan.devices[0].power_kw[step]);
            }
        }
    }
    run.cost + worth * (HELD_KWH - run.held)
}

struct Run<'a> {
    held: f64,
    cost: f64,
    tariff: &'a Tariff,
}

impl Run<'_> {
    /// Lives through a slot: what the battery is asked for, bounded by what it can.
    fn slot(&mut self, slot: usize, rest_kw: f64, asked_kw: f64) {
        let (kw, held) = executed(asked_kw, self.held, CAPACITY_KWH, POWER_KW);
        self.held = held;
        let net = rest_kw + kw;
        let (import, export) = ((self.tariff.import)(slot), (self.tariff.export)(slot));
        self.cost += SLOT_H * (net.max(0.0) * import - (-net).max(0.0) * export + 0.005 * kw.abs());
    }

    fn planned(&mut self, every: usize, is_held: bool, behind: &Behind) {
        let mut beliefs = Beliefs::new(PEAK_KW);
        (0..FIRST).for_each(|slot| beliefs.learn(slot, behind));
        let mut plan: Option<Schedule> = None;
        for slot in FIRST..FIRST + MONTH {
            let step = (slot - FIRST) % every;
            if step == 0 {
                let storage = battery(CAPACITY_KWH, POWER_KW, self.held, end_value(slot, self.tariff));
                let problem = problem(slot, self.tariff, LIMIT_KW, beliefs.net_kw(slot), vec![storage]);
                plan = Some(schedule_one_storage(&problem).expect("the problem makes sense").schedule);
            }
            let plan = plan.as_ref().expect("planned in the first slot");
            let rest = behind.net_kw(slot);
            let asked = if is_held { plan.devices[0].power_kw[step] } else { followed_kw(plan, step, rest) };
            self.slot(slot, rest, asked);
            beliefs.learn(slot, behind);
        }
    }

    fn under_scenarios(&mut self, futures: usize, behind: &Behind) {
        let mut beliefs = Beliefs::new(PEAK_KW);
        (0..FIRST).for_each(|slot| beliefs.learn(slot, behind));
        let probabilities = vec![1.0 / futures as f64; futures];
        for slot in FIRST..FIRST + MONTH {
            let storage = battery(CAPACITY_KWH, POWER_KW, self.held, end_value(slot, self.tariff));
            let of = |net_kw| problem(slot, self.tariff, LIMIT_KW, net_kw, vec![storage.clone()]);
            let problems: Vec<_> = beliefs.scenarios(slot, futures).into_iter().map(of).collect();
            let found = schedule_under_scenarios(&problems, &probabilities, 1).expect("the problems make sense");
            let rest = behind.net_kw(slot);
            self.slot(slot, rest, self.followed(&found.schedules, found.first_stage_kw[0], rest));
            beliefs.learn(slot, behind);
        }
    }

    /// Follows as [`followed_kw`] does, where most futures agree which way the exchange goes; else holds the power.
    fn followed(&self, schedules: &[Schedule], asked_kw: f64, rest_kw: f64) -> f64 {
        let agree =
            |is: fn(f64) -> bool| schedules.iter().filter(|one| is(one.net_kw[0])).count() * 2 > schedules.len();
        let exchange = rest_kw + asked_kw;
        if agree(|net| net > 1e-6) && exchange < 0.0 || agree(|net| net < -1e-6) && exchange > 0.0 {
            return -rest_kw;
        }
        asked_kw
    }
}
