//! Who runs: a priority list by full-load average cost, after Wood, Wollenberg, Sheblé, *Power Generation, Operation,
//! and Control*, chapter 4 (priority-list methods).
//!
//! - **Start**: going down the list, as few units as cover the need with the reserve; those that must run come first.
//!   A unit starts if it has been off for its minimum down time.
//! - **Stop**: going up the list from its end, units that have run for their minimum up time stop as long as those
//!   that are on the grid without them cover the need, its outlook and a margin. The first that is needed, or too young,
//!   ends the round.
//! - **Shortage**: if what is on the grid does not cover the need now, and slower units are still starting, units that
//!   start quickly are ordered, the cheapest first. They stop by the list when the others have come.

use super::plant::{Capability, NEAR_MW, Plant, Plants};
use super::rules::Rules;
use super::state::{State, Unit};

/// Loads that units are to cover, MW: demand less wind and PV.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// In this step, without margin.
    pub(super) now_mw: f64,
    /// With margin, for those who start.
    pub(super) start_mw: f64,
    /// With margin, for those who stop.
    pub(super) stop_mw: f64,
}

/// Counts by plant, kept so that no step allocates.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    usable: Vec<u32>,
    wanted: Vec<u32>,
    online: Vec<u32>,
}

/// The fewest units from the top of the list that cover a need, as far as there are as many. Those that must run are in.
pub(super) fn wanted(plants: &Plants, rules: &Rules, need_mw: f64, usable: &[u32], counts: &mut Vec<u32>) {
    counts.clear();
    counts.extend(plants.all.iter().zip(usable).map(|(plant, usable)| plant.must_run.min(*usable)));
    let mut sum = Capability::of(&plants.all, counts);
    for &place in &plants.priority {
        while counts[place] < usable[place] {
            if sum.covers(need_mw, plants.battery_mw, rules) {
                return;
            }
            counts[place] += 1;
            sum.add(&plants.all[place], 1);
        }
    }
}

/// How many units of a plant are of a sort.
fn count(plant: &Plant, state: &State, is: impl Fn(&Unit) -> bool) -> u32 {
    state.units[plant.units()].iter().filter(|unit| is(unit)).count() as u32
}

fn stays(unit: &Unit) -> bool {
    matches!(unit, Unit::On { leaving: false, .. })
}

fn runs_or_will(unit: &Unit) -> bool {
    matches!(unit, Unit::On { leaving: false, .. } | Unit::Starting { .. })
}

/// Decides who starts and who stops. Returns how many were ordered to start, and at what cost, EUR.
pub(super) fn decide(plants: &Plants, rules: &Rules, need: Need, state: &mut State, counts: &mut Counts) -> (u32, f64) {
    counts.usable.clear();
    counts.usable.extend(plants.all.iter().map(|plant| count(plant, state, |unit| can_run(plant, unit))));
    wanted(plants, rules, need.start_mw, &counts.usable, &mut counts.wanted);
    let mut started = (0, 0.0);
    for (plant, wanted) in plants.all.iter().zip(&counts.wanted) {
        let have = count(plant, state, runs_or_will);
        start(plant, wanted.saturating_sub(have), state, &mut started);
    }
    answer_shortage(plants, rules, need, state, &mut started);
    stop(plants, rules, need, state, counts);
    started
}

/// Whether a unit runs, will run, or may be started.
fn can_run(plant: &Plant, unit: &Unit) -> bool {
    match unit {
        Unit::Off { for_s } => *for_s >= plant.down_s,
        Unit::On { .. } | Unit::Starting { .. } => true,
        Unit::Failed | Unit::Undispatched => false,
    }
}

/// Keeps units that were about to leave, then starts others.
fn start(plant: &Plant, mut more: u32, state: &mut State, started: &mut (u32, f64)) {
    for unit in &mut state.units[plant.units()] {
        if let Unit::On { leaving: leaving @ true, .. } = unit
            && more > 0
        {
            *leaving = false;
            more -= 1;
        }
    }
    for unit in &mut state.units[plant.units()] {
        if more > 0 && matches!(unit, Unit::Off { .. }) && can_run(plant, unit) {
            *unit = Unit::Starting { in_s: plant.start_s };
            more -= 1;
            started.0 += 1;
            started.1 += plant.start_cost_eur;
        }
    }
}

fn answer_shortage(plants: &Plants, rules: &Rules, need: Need, state: &mut State, started: &mut (u32, f64)) {
    let is_quick = |plant: &Plant| plant.start_s <= rules.quick_start_s;
    let mut soon_mw = 0.0;
    for plant in &plants.all {
        let counted = |unit: &Unit| unit.is_on() || (is_quick(plant) && matches!(unit, Unit::Starting { .. }));
        soon_mw += f64::from(count(plant, state, counted)) * plant.rated_mw;
    }
    for plant in plants.priority.iter().map(|&place| &plants.all[place]).filter(|plant| is_quick(plant)) {
        let short_mw = need.now_mw - soon_mw;
        if short_mw <= NEAR_MW {
            return;
        }
        let before = started.0;
        start(plant, libm::ceil(short_mw / plant.rated_mw - NEAR_MW) as u32, state, started);
        soon_mw += f64::from(started.0 - before) * plant.rated_mw;
    }
}

/// Sends units off from the end of the list while the rest on the grid is enough.
fn stop(plants: &Plants, rules: &Rules, need: Need, state: &mut State, counts: &mut Counts) {
    counts.online.clear();
    counts.online.extend(plants.all.iter().map(|plant| count(plant, state, stays)));
    for &place in plants.priority.iter().rev() {
        let plant = &plants.all[place];
        while counts.online[place] > plant.must_run {
            counts.online[place] -= 1;
            let rest = Capability::of(&plants.all, &counts.online);
            let need_mw = need.stop_mw + rules.stop_margin * plant.rated_mw;
            let is_old = |unit: &Unit| matches!(unit, Unit::On { for_s, leaving: false, .. } if *for_s >= plant.up_s);
            let oldest = state.units[plant.units()].iter().rposition(is_old);
            match oldest {
                Some(unit) if rest.covers(need_mw, plants.battery_mw, rules) => {
                    if let Unit::On { leaving, .. } = &mut state.units[plant.first_unit + unit] {
                        *leaving = true;
                    }
                }
                _ => return,
            }
        }
    }
}
