//! A year of ten sites like those of `martinique`: 5 kW of light, a load, 100 kWh that give 50 kW, a vehicle of 75 kWh at 11 or
//! 22 kW. Planned a day ahead and re-dispatched on new information, or at every quarter of an hour.
//!
//! New information is a vehicle that comes or goes, midnight, and a quarter of an hour that was other than believed by more
//! than 2 kW.

use super::computed;
use super::site::{
    Behind, Beliefs, DAY, EFFICIENCY, HOURLY, SLOT_H, battery, end_value, executed, followed_kw, problem, vehicle, whim,
};
use agents::schedule::{Method, Schedule, Warm, schedule_jointly};
use std::time::Duration;

const SITES: u64 = 10;
const YEAR: usize = 365 * DAY;
const CAPACITY_KWH: f64 = 100.0;
const POWER_KW: f64 = 50.0;
const LIMIT_KW: f64 = 60.0;
const NEWS_KW: f64 = 2.0;

/// What it took.
#[derive(Default)]
struct Spent {
    solves: usize,
    solving: Duration,
    learning: Duration,
    believing: Duration,
    worst_gap: f64,
    gaps: f64,
    /// Solves with a vehicle, their rounds, and how many of them needed a program.
    joint: usize,
    rounds: usize,
    programs: usize,
}

/// Where a vehicle is: the slot it leaves at, what it holds.
type Visit = Option<(usize, f64)>;

pub(super) fn run() {
    let sites = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(SITES);
    println!(
        "a year of {sites} sites with a battery and a vehicle each, a day ahead in quarters of an hour, one core; seconds of computing"
    );
    for every_slot in [false, true] {
        let (mut spent, begun) = (Spent::default(), computed());
        let cost: f64 = (0..sites).map(|site| year(site, every_slot, &mut spent)).sum();
        let seconds = (computed() - begun).as_secs_f64();
        println!(
            "  {:<28} {:>7} solves in {:>6.2} s ({:.0} µs each), forecasts {:.2} s, learning {:.2} s, all {seconds:.1} s; \
             {} with a vehicle: {:.1} rounds, {} programs; gap {:.5} EUR on average, {:.4} at worst; {cost:.0} EUR",
            if every_slot { "every quarter of an hour" } else { "daily and on new information" },
            spent.solves,
            spent.solving.as_secs_f64(),
            1e6 * spent.solving.as_secs_f64() / spent.solves as f64,
            spent.believing.as_secs_f64(),
            spent.learning.as_secs_f64(),
            spent.joint,
            spent.rounds as f64 / spent.joint as f64,
            spent.programs,
            spent.gaps / spent.solves as f64,
            spent.worst_gap,
        );
    }
}

/// The cost of a site's year, EUR.
fn year(site: u64, every_slot: bool, spent: &mut Spent) -> f64 {
    let behind = Behind::of(site, YEAR + DAY, 5.0, 1.5);
    let charge_kw = if site < SITES / 2 { 22.0 } else { 11.0 };
    let mut beliefs = Beliefs::new(5.0);
    beliefs.learn(0, &behind);
    let (mut held, mut cost, mut warm) = (50.0, 0.0, Warm::default());
    let mut visit: Visit = None;
    let mut plan: Option<(usize, Schedule, Vec<f64>)> = None;
    for now in 1..YEAR {
        let moved = comes_or_goes(site, now, &mut visit);
        let erred = plan.as_ref().is_some_and(|(since, _, believed)| {
            (now - 1).checked_sub(*since).is_some_and(|step| (behind.net_kw(now - 1) - believed[step]).abs() > NEWS_KW)
        });
        if every_slot || moved || erred || now % DAY == 0 || plan.is_none() {
            let begun = computed();
            let believed = beliefs.net_kw(now);
            spent.believing += computed() - begun;
            let mut storages = vec![battery(CAPACITY_KWH, POWER_KW, held, end_value(now, &HOURLY))];
            storages.extend(visit.map(|(leaves, soc)| vehicle(now, DAY, leaves, soc, charge_kw)));
            let problem = problem(now, &HOURLY, LIMIT_KW, believed.clone(), storages);
            let begun = computed();
            let found = schedule_jointly(&problem, Some(&mut warm)).expect("the problem makes sense");
            spent.solving += computed() - begun;
            spent.solves += 1;
            if found.method != Method::OneStorage {
                spent.joint += 1;
                spent.rounds += found.rounds;
                spent.programs += usize::from(found.method == Method::Program);
            }
            (spent.gaps, spent.worst_gap) = (spent.gaps + found.gap_eur, spent.worst_gap.max(found.gap_eur));
            plan = Some((now, found.schedule, believed));
        }
        let (since, schedule, _) = plan.as_ref().expect("there is one from the first slot on");
        let step = now - since;
        let mut rest = behind.net_kw(now);
        if let Some((_, soc)) = &mut visit {
            let charged = schedule.devices.get(1).map_or(0.0, |vehicle| vehicle.power_kw[step]);
            *soc += 0.92 * charged * SLOT_H;
            rest += charged;
        }
        let (kw, after) = executed(followed_kw(schedule, step, rest), held, CAPACITY_KWH, POWER_KW);
        held = after;
        let net = rest + kw;
        cost += SLOT_H * (net.max(0.0) * (HOURLY.import)(now) - (-net).max(0.0) * (HOURLY.export)(now));
        let begun = computed();
        beliefs.learn(now, &behind);
        spent.learning += computed() - begun;
    }
    cost - held * EFFICIENCY * 0.1
}

/// Vehicles come in the evening and leave in the morning, at times of their own each day; whether one did.
fn comes_or_goes(site: u64, now: usize, visit: &mut Visit) -> bool {
    let own = site * 100_000 + (now / DAY) as u64;
    if visit.is_some_and(|(leaves, _)| leaves <= now) {
        *visit = None;
        return true;
    }
    let comes = 68 + (12.0 * whim(own)) as usize;
    if visit.is_none() && now % DAY == comes {
        let leaves = now - now % DAY + DAY + 26 + (8.0 * whim(own + 50_000)) as usize;
        *visit = Some((leaves, 15.0 + 25.0 * whim(own + 70_000)));
        return true;
    }
    false
}
