//! The exact search for the best selection: depth first, one offer per level, with bounds from what is left.
//!
//! A branch is given up when the offers left can no longer bring an ISP back into its room, when they can not reach the
//! best shortfall known, or when reaching it costs as much as the best selection known: at least the fractional filling
//! of what is missing at each offer's best price per useful watt.

use super::selection::{Candidate, Choice, evaluate, missing};
use super::validate::Room;

struct Search<'a> {
    rooms: &'a [Room],
    candidates: &'a [Candidate<'a>],
    /// Per level and ISP: least and most that the offers from there on can add.
    reach_w: Vec<Vec<(i64, i64)>>,
    /// Per level: what the offers from there on cost at the very least, if some pay to be taken.
    rebate: Vec<i128>,
    /// Per candidate: most useful watts, and price and useful watts of its best rate (0 at least).
    fill: Vec<(i64, i128, i64)>,
    best: Choice,
    nodes_left: u64,
}

/// The best choice found, and whether the search ended, which proves it the best.
pub(super) fn search(rooms: &[Room], candidates: &[Candidate<'_>], node_limit: u64) -> (Choice, bool) {
    let best = greedy(rooms, candidates);
    let (reach_w, rebate) = suffixes(rooms, candidates);
    let fill = candidates.iter().map(best_rate).collect();
    let mut search = Search { rooms, candidates, reach_w, rebate, fill, best, nodes_left: node_limit };
    let mut totals_w = vec![0; rooms.len()];
    let finished = search.descend(0, &mut totals_w, 0, &mut Vec::new());
    (search.best, finished)
}

/// A first choice: each offer in turn takes what leaves the least shortfall, then cost. O(activations × ISPs) per offer.
fn greedy(rooms: &[Room], candidates: &[Candidate<'_>]) -> Choice {
    let mut chosen = vec![None; candidates.len()];
    let mut best = evaluate(rooms, candidates, &chosen).expect("no deviation fits into every room");
    for (place, candidate) in candidates.iter().enumerate() {
        for index in 0..candidate.activations.len() {
            chosen[place] = Some(index);
            let reached = evaluate(rooms, candidates, &chosen);
            best = reached.filter(|reached| is_better(reached, &best)).unwrap_or(best);
        }
        chosen.clone_from(&best.activations);
    }
    best
}

fn is_better(reached: &Choice, known: &Choice) -> bool {
    (reached.shortfall_w, reached.cost) < (known.shortfall_w, known.cost)
}

fn best_rate(candidate: &Candidate<'_>) -> (i64, i128, i64) {
    let first = &candidate.activations[0];
    let most_w = candidate.activations.iter().map(|activation| activation.useful_w).max();
    (most_w.expect("a candidate has an activation"), first.price.max(0), first.useful_w)
}

fn suffixes(rooms: &[Room], candidates: &[Candidate<'_>]) -> (Vec<Vec<(i64, i64)>>, Vec<i128>) {
    let mut reach_w = vec![vec![(0, 0); rooms.len()]; candidates.len() + 1];
    let mut rebate = vec![0; candidates.len() + 1];
    for (level, candidate) in candidates.iter().enumerate().rev() {
        let (here, beyond) = reach_w.split_at_mut(level + 1);
        for (isp, (reach, &(least, most))) in here[level].iter_mut().zip(&beyond[0]).enumerate() {
            let powers = || candidate.activations.iter().map(|activation| activation.powers_w[isp]);
            let (down, up) = (powers().min().unwrap_or(0).min(0), powers().max().unwrap_or(0).max(0));
            *reach = (least + down, most + up);
        }
        let cheapest = candidate.activations.iter().map(|activation| activation.price).min().unwrap_or(0);
        rebate[level] = rebate[level + 1] + cheapest.min(0);
    }
    (reach_w, rebate)
}

impl Search<'_> {
    /// False once the limit of nodes is reached.
    fn descend(&mut self, level: usize, totals_w: &mut [i64], cost: i128, chosen: &mut Vec<Option<usize>>) -> bool {
        if self.nodes_left == 0 {
            return false;
        }
        self.nodes_left -= 1;
        if self.is_hopeless(level, totals_w, cost) {
            return true;
        }
        let candidates = self.candidates;
        let Some(candidate) = candidates.get(level) else {
            let reached = evaluate(self.rooms, candidates, chosen);
            if let Some(reached) = reached.filter(|reached| is_better(reached, &self.best)) {
                self.best = reached;
            }
            return true;
        };
        for (index, activation) in candidate.activations.iter().enumerate() {
            totals_w.iter_mut().zip(&activation.powers_w).for_each(|(total, power)| *total += power);
            chosen.push(Some(index));
            let finished = self.descend(level + 1, totals_w, cost + activation.price, chosen);
            chosen.pop();
            totals_w.iter_mut().zip(&activation.powers_w).for_each(|(total, power)| *total -= power);
            if !finished {
                return false;
            }
        }
        chosen.push(None);
        let finished = self.descend(level + 1, totals_w, cost, chosen);
        chosen.pop();
        finished
    }

    fn is_hopeless(&self, level: usize, totals_w: &[i64], cost: i128) -> bool {
        let (mut least_shortfall_w, mut shortfall_w) = (0_i128, 0_i128);
        for ((room, &total_w), &(down_w, up_w)) in self.rooms.iter().zip(totals_w).zip(&self.reach_w[level]) {
            if room.max_power.is_some_and(|max| total_w + down_w > max.0)
                || room.min_power.is_some_and(|min| total_w + up_w < min.0)
            {
                return true;
            }
            let best_w = if room.need.0 < 0 { down_w } else { up_w };
            least_shortfall_w += i128::from(missing(room, total_w + best_w));
            shortfall_w += i128::from(missing(room, total_w));
        }
        if least_shortfall_w != self.best.shortfall_w {
            return least_shortfall_w > self.best.shortfall_w;
        }
        cost + self.rebate[level] + self.filling_cost(level, shortfall_w - self.best.shortfall_w) >= self.best.cost
    }

    /// At least what `useful_w` more useful watts cost, rounded down.
    fn filling_cost(&self, level: usize, mut useful_w: i128) -> i128 {
        let mut cost = 0;
        for &(most_w, price, per_w) in &self.fill[level..] {
            if useful_w <= 0 {
                break;
            }
            let taken_w = useful_w.min(i128::from(most_w));
            useful_w -= taken_w;
            cost += taken_w * price / i128::from(per_w);
        }
        cost
    }
}
