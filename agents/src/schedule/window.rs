//! What may be stored at the end of each step: the capacity, and the minima, maxima and targets that tighten it.

use super::problem::{Penalties, Problem, Storage};
use crate::time::Time;

/// The limits of one storage at every step's end.
pub(super) struct Windows {
    /// All limits together; empty (least above most) where they contradict each other.
    all: Vec<(f64, f64)>,
    /// The capacity alone.
    capacity: Vec<(f64, f64)>,
    /// The wishes by step: least or most, kWh.
    wishes: Vec<(usize, Wish)>,
}

#[derive(Clone, Copy)]
enum Wish {
    AtLeast(f64),
    AtMost(f64),
}

/// A penalty that rises from a bend: EUR per kWh below it (negative side) or above it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bend {
    pub(super) at_kwh: f64,
    pub(super) below_eur_per_kwh: f64,
    pub(super) above_eur_per_kwh: f64,
}

impl Windows {
    pub(super) fn new(problem: &Problem, storage: &Storage) -> Self {
        let capacity: Vec<_> =
            (0..problem.steps).map(|step| (storage.soc_min_kwh.at(step), storage.soc_max_kwh.at(step))).collect();
        let mut windows = Self { all: capacity.clone(), capacity, wishes: Vec::new() };
        for limit in &storage.minima {
            windows.wish(ends_within(problem, limit.from, limit.until), Wish::AtLeast(limit.soc_kwh));
        }
        for limit in &storage.maxima {
            windows.wish(ends_within(problem, limit.from, limit.until), Wish::AtMost(limit.soc_kwh));
        }
        for target in &storage.targets {
            let at = ends_within(problem, target.at, target.at);
            windows.wish(at.clone(), Wish::AtLeast(target.soc_kwh));
            windows.wish(at, Wish::AtMost(target.soc_kwh));
        }
        windows.wishes.sort_by_key(|&(step, _)| step);
        windows
    }

    fn wish(&mut self, steps: std::ops::Range<usize>, wish: Wish) {
        for step in steps {
            let (low, high) = &mut self.all[step];
            match wish {
                Wish::AtLeast(soc) => *low = low.max(soc),
                Wish::AtMost(soc) => *high = high.min(soc),
            }
            self.wishes.push((step, wish));
        }
    }

    /// Least and most at the end of a step, kWh.
    pub(super) fn at(&self, step: usize) -> (f64, f64) {
        self.all[step]
    }

    /// What being off the limits at the end of a step counts, as bends from left to right.
    pub(super) fn bends(&self, step: usize, penalties: &Penalties) -> Vec<Bend> {
        let below = |at_kwh, eur| Bend { at_kwh, below_eur_per_kwh: eur, above_eur_per_kwh: 0.0 };
        let above = |at_kwh, eur| Bend { at_kwh, below_eur_per_kwh: 0.0, above_eur_per_kwh: eur };
        let (low, high) = self.capacity[step];
        let mut bends = vec![below(low, penalties.soc_eur_per_kwh), above(high, penalties.soc_eur_per_kwh)];
        let first = self.wishes.partition_point(|&(other, _)| other < step);
        bends.extend(self.wishes[first..].iter().take_while(|&&(other, _)| other == step).map(
            |&(_, wish)| match wish {
                Wish::AtLeast(soc) => below(soc, penalties.wish_eur_per_kwh),
                Wish::AtMost(soc) => above(soc, penalties.wish_eur_per_kwh),
            },
        ));
        bends.sort_by(|a, b| a.at_kwh.total_cmp(&b.at_kwh));
        bends
    }
}

/// The steps that end within a window, both ends included.
fn ends_within(problem: &Problem, from: Time, until: Time) -> std::ops::Range<usize> {
    let (step, steps) = (problem.step.0, problem.steps as i64);
    let since = |time: Time| time.0.saturating_sub(problem.start.0);
    // Step i ends after (i + 1) steps.
    let first = since(from).saturating_add(step - 1).div_euclid(step).max(1) - 1;
    let after = since(until).div_euclid(step).min(steps);
    let clamp = |place: i64| place.clamp(0, steps) as usize;
    clamp(first)..clamp(after).max(clamp(first))
}
