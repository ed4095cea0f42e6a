//! Better outcomes from good ones: local search over which blocks are accepted.
//!
//! A move accepts one block, as far as pays, and rejects who then loses, the worst first; or it rejects one block and
//! lets others in. A move counts if welfare grows and prices support the result. Where no move helps, a stretch of
//! blocks is rejected and the search starts again from there, a number of times (iterated local search: Lourenço,
//! Martin and Stützle 2003). Draws come from a generator with a fixed seed, so the same book takes the same way.

use super::problem::{Domain, Problem, UNIT, objective};
use super::support::{Support, losers_at_best, support_quick};

/// So many lots of each block, what they inject, and the objective.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) lots: Vec<i64>,
    injected: Vec<i64>,
    pub(super) value: i128,
}

/// The search, within domains.
pub(super) struct Neighbours<'problem> {
    problem: &'problem Problem,
    domains: Vec<Domain>,
    /// The blocks, those to try first first.
    sequence: Vec<usize>,
    children: Vec<Vec<usize>>,
    bounds: Vec<(i64, i64)>,
    draws: u64,
    /// Moves left.
    moves: u64,
}

/// A better outcome, with its prices and objective.
pub(super) struct Better {
    pub(super) lots: Vec<i64>,
    pub(super) prices: Vec<i64>,
    pub(super) value: i128,
}

impl<'problem> Neighbours<'problem> {
    /// Within `domains`; the blocks that gain most per whole come first.
    pub(super) fn new(problem: &'problem Problem, domains: &[Domain], gains: &[i128], moves: u64) -> Self {
        let mut children = vec![Vec::new(); problem.blocks.len()];
        for (child, block) in problem.blocks.iter().enumerate() {
            block.parents.iter().for_each(|&parent| children[parent].push(child));
        }
        let mut sequence: Vec<usize> = (0..problem.blocks.len()).filter(|&index| domains[index].1 > 0).collect();
        sequence.sort_by_key(|&index| std::cmp::Reverse(gains[index] * i128::from(problem.blocks[index].lots)));
        let bounds = problem.curves.iter().map(super::curve::Curve::injection_bounds).collect();
        Neighbours {
            problem,
            domains: domains.to_vec(),
            sequence,
            children,
            bounds,
            draws: 0x9E37_79B9_7F4A_7C15,
            moves,
        }
    }

    /// An outcome that accepts the blocks wanted, those that gain most first, as far as nobody loses; and the first block
    /// that was rejected for its loss.
    pub(super) fn nearest(&self, wanted: impl Fn(usize) -> bool) -> (Place, Option<usize>) {
        let none = vec![0; self.problem.blocks.len()];
        let mut at = self.place(&none).expect("without blocks every slot balances");
        for &block in &self.sequence {
            if wanted(block) || self.domains[block].0 > 0 {
                self.accept(&mut at, block);
            }
        }
        let lost = self.eject(&mut at, None);
        (at, lost)
    }

    /// Searches on from an outcome; what is better than `known` is handed back.
    pub(super) fn search(&mut self, mut at: Place, known: i128) -> Option<Better> {
        let mut best: Option<Better> = None;
        if !matches!(support_quick(self.problem, &at.lots), Support::Prices(_)) {
            at = self.place(&vec![0; at.lots.len()])?;
        }
        loop {
            self.climb(&mut at);
            let beaten = best.as_ref().map_or(known, |best| best.value);
            if at.value > beaten
                && let Support::Prices(prices) = support_quick(self.problem, &at.lots)
            {
                best = Some(Better { lots: at.lots.clone(), prices, value: at.value });
            } else if let Some(best) = &best
                && at.value < best.value
            {
                at = self.place(&best.lots)?;
            }
            if self.moves == 0 || self.sequence.is_empty() {
                return best;
            }
            self.shake(&mut at);
        }
    }

    fn place(&self, lots: &[i64]) -> Option<Place> {
        let value = self.problem.value(lots)?;
        Some(Place { lots: lots.to_vec(), injected: self.problem.injections(lots), value })
    }

    /// Makes moves until none is better.
    fn climb(&mut self, at: &mut Place) {
        let sequence = self.sequence.clone();
        let mut since = 0;
        for &block in sequence.iter().cycle() {
            if since >= sequence.len() || self.moves == 0 {
                return;
            }
            self.moves -= 1;
            since += 1;
            let better = if at.lots[block] == 0 { self.with(at, block) } else { self.without(at, block) };
            if let Some(better) = better {
                *at = better;
                since = 0;
            }
        }
    }

    /// The outcome with one more block, if it is better.
    fn with(&self, at: &Place, block: usize) -> Option<Place> {
        let mut next = at.clone();
        self.accept(&mut next, block);
        if next.lots[block] == 0 {
            return None;
        }
        self.eject(&mut next, Some(block));
        if next.lots[block] == 0 {
            return None;
        }
        self.is_step(at, &next).then_some(next)
    }

    /// The outcome with one block less and those let in that fit, if it is better.
    fn without(&self, at: &Place, block: usize) -> Option<Place> {
        if self.domains[block].0 > 0 {
            return None;
        }
        let mut next = at.clone();
        self.reject(&mut next, block);
        let touched = |other: usize| {
            let slots = &self.problem.blocks[block].profile;
            self.problem.blocks[other].profile.iter().any(|&(slot, _)| slots.iter().any(|&(own, _)| own == slot))
        };
        for &other in &self.sequence {
            if other != block && next.lots[other] == 0 && touched(other) {
                self.let_in(&mut next, other);
            }
        }
        self.is_step(at, &next).then_some(next)
    }

    fn is_step(&self, at: &Place, next: &Place) -> bool {
        next.value > at.value && matches!(support_quick(self.problem, &next.lots), Support::Prices(_))
    }

    /// Accepts a block if nobody loses and welfare grows.
    fn let_in(&self, at: &mut Place, block: usize) {
        let mut next = at.clone();
        self.accept(&mut next, block);
        if next.lots[block] > 0
            && next.value > at.value
            && losers_at_best(self.problem, &next.lots, &next.injected).is_empty()
        {
            *at = next;
        }
    }

    /// Rejects those in loss, the worst first, until nobody loses; those that must be accepted and `kept` last. Ends when
    /// it comes to `kept`. Says who was rejected first.
    fn eject(&self, at: &mut Place, kept: Option<usize>) -> Option<usize> {
        let mut first = None;
        loop {
            let losers = losers_at_best(self.problem, &at.lots, &at.injected);
            let is_open = |&&loser: &&usize| self.domains[loser].0 == 0 && Some(loser) != kept;
            let Some(&loser) = losers.iter().find(is_open).or(losers.first()) else { return first };
            self.reject(at, loser);
            first = first.or(Some(loser));
            // Without it a slot could not be balanced.
            if at.lots[loser] > 0 {
                return first;
            }
            if kept.is_some_and(|kept| at.lots[kept] == 0) {
                return first;
            }
        }
    }

    fn reject(&self, at: &mut Place, block: usize) {
        for &child in &self.children[block] {
            if at.lots[child] > 0 {
                self.reject(at, child);
            }
        }
        if self.children[block].iter().all(|&child| at.lots[child] == 0) {
            self.change(at, block, 0);
        }
    }

    /// Accepts a block as far as it pays, within what parents and group leave. A parent that is rejected comes along.
    fn accept(&self, at: &mut Place, block: usize) {
        let own = &self.problem.blocks[block];
        for &parent in &own.parents {
            if at.lots[parent] == 0 {
                self.accept(at, parent);
            }
        }
        let permille = own.permille();
        let by_parents =
            own.parents.iter().map(|&parent| at.lots[parent] * self.problem.blocks[parent].permille() / permille);
        let taken = own.group.map_or(0, |group| {
            let others = self.problem.groups[group].iter().filter(|&&member| member != block);
            others.map(|&member| at.lots[member] * self.problem.blocks[member].permille()).sum()
        });
        let most = by_parents.fold(self.domains[block].1, i64::min).min((1000 - taken) / permille);
        let least = own.minimum.max(self.domains[block].0).max(1);
        if most < least || at.lots[block] > 0 {
            return;
        }
        // The worth of further lots only falls: halve towards the last that pays.
        let pays = |lots: i64| {
            self.gain(at, block, lots).zip(self.gain(at, block, lots - 1)).is_some_and(|(all, less)| all > less)
        };
        let (mut from, mut to) = if least < most && pays(most) { (most, most) } else { (least, most) };
        while from < to {
            let middle = i64::midpoint(from, to);
            match (self.gain(at, block, middle), self.gain(at, block, middle + 1)) {
                (Some(gain), Some(next)) if next > gain => from = middle + 1,
                _ => to = middle,
            }
        }
        self.change(at, block, from);
    }

    /// What it adds to have so many lots of a block; `None` where a slot can not be balanced then.
    fn gain(&self, at: &Place, block: usize, lots: i64) -> Option<i128> {
        let own = &self.problem.blocks[block];
        let more = lots - at.lots[block];
        let mut gain = 0;
        for &(slot, wh) in &own.profile {
            let (least, most) = self.bounds[slot];
            let (before, after) = (at.injected[slot], at.injected[slot] + wh * more);
            if !(least..=most).contains(&after) {
                return None;
            }
            let curve = &self.problem.curves[slot];
            gain += (curve.welfare(after) - curve.welfare(before)) * UNIT;
        }
        Some(gain + objective(own, own.worth) * i128::from(more))
    }

    /// Nothing where a slot could not be balanced.
    fn change(&self, at: &mut Place, block: usize, lots: i64) {
        let Some(gain) = self.gain(at, block, lots) else { return };
        for &(slot, wh) in &self.problem.blocks[block].profile {
            at.injected[slot] += wh * (lots - at.lots[block]);
        }
        at.lots[block] = lots;
        at.value += gain;
    }

    /// Rejects some of the accepted blocks that share a slot, drawn by lot.
    fn shake(&mut self, at: &mut Place) {
        let slot = self.below(self.problem.curves.len());
        let count = 2 + self.below(4);
        let mut there: Vec<usize> = (0..at.lots.len())
            .filter(|&block| at.lots[block] > self.domains[block].0 && self.domains[block].0 == 0)
            .collect();
        let distance = |block: usize| {
            let own = &self.problem.blocks[block].profile;
            own.iter().map(|&(other, _)| other.abs_diff(slot)).min().unwrap_or(usize::MAX)
        };
        there.sort_by_key(|&block| (distance(block), block));
        there.truncate(3 * count);
        for _ in 0..count.min(there.len()) {
            let block = there.swap_remove(self.below(there.len()));
            self.reject(at, block);
        }
        self.eject(at, None);
        // Start the next climb elsewhere in the sequence.
        let by = self.below(self.sequence.len().max(1));
        self.sequence.rotate_left(by);
    }

    /// Xorshift (Marsaglia 2003).
    fn below(&mut self, end: usize) -> usize {
        self.draws ^= self.draws << 13;
        self.draws ^= self.draws >> 7;
        self.draws ^= self.draws << 17;
        (self.draws % end.max(1) as u64) as usize
    }
}
