//! Branch and bound over how many lots of each block are accepted.
//!
//! A first search finds the best objective: down from the node of highest bound until others are much better, then from
//! the best of these. At each node the relaxation, rounded, may give a better outcome, from which a
//! [local search](super::neighbours) goes on; and what blocks gain in it says which ratios can still lead to one.
//!
//! A second search walks the blocks in the order given, the largest ratio first, and stops at the first outcome that
//! reaches the objective: the tie-break by place, exactly.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::dual::{Dual, Effort};
use super::neighbours::Neighbours;
use super::problem::{Domain, Problem};
use super::relaxation::Relaxation;
use super::support::{Support, support, support_quick};

/// What the search found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) lots: Vec<i64>,
    pub(super) prices: Vec<i64>,
    pub(super) value: i128,
    /// No outcome has a higher objective.
    pub(super) bound: i128,
    /// Boxes looked at, in both searches.
    pub(super) nodes: u64,
    /// Whether the tie-break by place was carried to its end.
    pub(super) is_first_of_ties: bool,
}

/// How the relaxation is solved at the root, and below, where a good point is handed down.
const AT_ROOT: Effort = Effort { first_window: 0, steps: 40 };
const BELOW: Effort = Effort { first_window: 2, steps: 8 };
/// Moves of the local search at the root, per block and at most, and from a better outcome below.
const MOVES_PER_BLOCK: u64 = 50;
const MOVES_AT_ROOT: u64 = 10_000;
const MOVES_BELOW: u64 = 300;
/// Open nodes are kept to about 100 MB.
const DOMAINS_IN_MEMORY: usize = 4_000_000;

struct Node {
    domains: Vec<Domain>,
    /// Where the relaxation of the node above ended.
    share: Rc<[f64]>,
    bound: i128,
    /// Which came into being first.
    number: u64,
}

/// By bound; of equals the younger counts more.
impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.bound, self.number).cmp(&(other.bound, other.number))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Node {}

struct Search<'problem> {
    problem: &'problem Problem,
    relaxation: Relaxation<'problem>,
    /// Where the relaxation of the root ended.
    share: Rc<[f64]>,
    lots: Vec<i64>,
    prices: Vec<i64>,
    value: i128,
    /// The best objective of outcomes of which it is unknown whether prices exist.
    unknown: Option<i128>,
    nodes: u64,
}

/// Finds the best outcome, looking at `node_limit` boxes at most in each of the two searches.
pub(super) fn search(problem: &Problem, node_limit: u64) -> Found {
    let none = vec![0; problem.blocks.len()];
    let value = problem.value(&none).expect("without blocks every slot balances");
    let Support::Prices(prices) = support(problem, &none) else { unreachable!("without blocks nobody loses") };
    let mut search = Search {
        problem,
        relaxation: Relaxation::new(problem),
        share: vec![0.5; none.len()].into(),
        lots: none,
        prices,
        value,
        unknown: None,
        nodes: 0,
    };
    let left_open = search.find_best(node_limit);
    let unknown = search.unknown.filter(|&value| value > search.value);
    let bound = left_open.into_iter().chain(unknown).fold(search.value, i128::max);
    let is_first_of_ties = bound == search.value && search.find_first(node_limit);
    let Search { lots, prices, value, nodes, .. } = search;
    Found { lots, prices, value, bound, nodes, is_first_of_ties }
}

impl Search<'_> {
    /// The first search. What it had to leave open is bounded by the value returned.
    fn find_best(&mut self, node_limit: u64) -> Option<i128> {
        let (mut open, mut plunge) = (BTreeSet::new(), Some(self.root()));
        let mut created = 0;
        let most_open = DOMAINS_IN_MEMORY / self.problem.blocks.len().max(1);
        // Where too many wait, those that end soonest go first.
        let next = |open: &mut BTreeSet<Node>| if open.len() > most_open { open.pop_first() } else { open.pop_last() };
        while let Some(mut node) = plunge.take().or_else(|| next(&mut open)) {
            if node.bound <= self.value {
                continue;
            }
            if self.nodes >= node_limit {
                return Some(open.last().map_or(node.bound, |best: &Node| best.bound.max(node.bound)));
            }
            self.nodes += 1;
            if !self.problem.narrow(&mut node.domains) {
                continue;
            }
            let is_root = created == 0;
            let effort = if is_root { AT_ROOT } else { BELOW };
            let dual = self.relaxation.bound(&node.domains, &node.share, self.value, effort);
            let bound = dual.bound.min(node.bound);
            if is_root {
                self.share = dual.share.as_slice().into();
            }
            if !dual.narrow(self.problem, &mut node.domains, self.value) || !self.problem.narrow(&mut node.domains) {
                continue;
            }
            let lost = self.look_around(&node.domains, &dual, is_root);
            if bound <= self.value {
                continue;
            }
            let Some(branch) = self.branch_block(&node.domains, &dual, lost) else {
                self.consider(&firsts(&node.domains));
                continue;
            };
            let (low, high) = self.halves(&node.domains, branch);
            let share: Rc<[f64]> = dual.share.as_slice().into();
            let is_high_first = dual.share[branch] > 0.5 && lost != Some(branch);
            let (first, second) = if is_high_first { (high, low) } else { (low, high) };
            let mut child = |domains| {
                created += 1;
                Node { domains, share: share.clone(), bound, number: created }
            };
            let first = child(first);
            open.insert(child(second));
            // Down, unless much better nodes wait.
            let best = open.last().map_or(bound, |best| best.bound);
            if best - bound <= (best - self.value) / 4 {
                plunge = Some(first);
            } else {
                open.insert(first);
            }
        }
        None
    }

    /// The second search: `false` when the limit came first.
    fn find_first(&mut self, node_limit: u64) -> bool {
        let limit = self.nodes + node_limit;
        let mut open = vec![self.root()];
        while let Some(mut node) = open.pop() {
            if self.nodes >= limit {
                return false;
            }
            self.nodes += 1;
            if !self.problem.narrow(&mut node.domains) {
                continue;
            }
            // Aims one below the value to be reached: a bound equal to it does not cut.
            let dual = self.relaxation.bound(&node.domains, &node.share, self.value - 1, BELOW);
            let is_open = dual.narrow(self.problem, &mut node.domains, self.value - 1);
            if !is_open || !self.problem.narrow(&mut node.domains) {
                continue;
            }
            let Some(branch) = node.domains.iter().position(|(from, to)| from < to) else {
                let lots = firsts(&node.domains);
                if self.problem.value(&lots) != Some(self.value) {
                    continue;
                }
                match support(self.problem, &lots) {
                    Support::Prices(prices) => {
                        (self.lots, self.prices) = (lots, prices);
                        return true;
                    }
                    Support::None => continue,
                    Support::Unknown => return false,
                }
            };
            let (low, high) = self.halves(&node.domains, branch);
            let (bound, share): (_, Rc<[f64]>) = (dual.bound, dual.share.into());
            open.extend([low, high].map(|domains| Node { domains, share: share.clone(), bound, number: 0 }));
        }
        unreachable!("the best outcome is one of those searched")
    }

    fn root(&self) -> Node {
        Node { domains: self.problem.open(), share: self.share.clone(), bound: i128::MAX, number: 0 }
    }

    /// Looks for a better outcome near the relaxation and, at the root or where there is one, around it. Says which block was
    /// rejected for its loss first: a good one to branch on.
    fn look_around(&mut self, domains: &[Domain], dual: &Dual, is_root: bool) -> Option<usize> {
        let at_root = MOVES_AT_ROOT.min(MOVES_PER_BLOCK * domains.len() as u64);
        let moves = if is_root { at_root } else { MOVES_BELOW };
        let mut neighbours = Neighbours::new(self.problem, domains, &dual.gains, moves);
        let (near, lost) = neighbours.nearest(|block| dual.share[block] > 0.5);
        let mut is_better = false;
        if near.value > self.value
            && let Support::Prices(prices) = support_quick(self.problem, &near.lots)
        {
            (self.lots, self.prices, self.value) = (near.lots.clone(), prices, near.value);
            is_better = true;
        }
        if (is_root || is_better)
            && let Some(better) = neighbours.search(near, self.value)
        {
            (self.lots, self.prices, self.value) = (better.lots, better.prices, better.value);
        }
        lost
    }

    /// Takes an outcome for the best so far if it is better and stands.
    fn consider(&mut self, lots: &[i64]) {
        let Some(value) = self.problem.value(lots).filter(|&value| value > self.value) else { return };
        match support(self.problem, lots) {
            Support::Prices(prices) => (self.lots, self.prices, self.value) = (lots.to_vec(), prices, value),
            Support::None => {}
            Support::Unknown => self.unknown = self.unknown.max(Some(value)),
        }
    }

    /// The block to decide next: the one furthest from a ratio that is allowed, the larger first; else the one that lost.
    fn branch_block(&self, domains: &[Domain], dual: &Dual, lost: Option<usize>) -> Option<usize> {
        let is_open = |&index: &usize| domains[index].0 < domains[index].1;
        let lost = lost.filter(is_open);
        let doubt = |index: usize| {
            let block = &self.problem.blocks[index];
            let lots = dual.share[index] * block.lots as f64;
            let minimum = block.minimum as f64;
            if lots < minimum {
                lots.min(minimum - lots) / minimum
            } else {
                (lots - lots.round()).abs() / block.lots as f64
            }
        };
        let energy = |index: usize| self.problem.blocks[index].energy_wh * self.problem.blocks[index].lots;
        let by_doubt = |&a: &usize, &b: &usize| {
            doubt(a).total_cmp(&doubt(b)).then_with(|| energy(a).cmp(&energy(b))).then(b.cmp(&a))
        };
        let doubted = (0..domains.len()).filter(is_open).max_by(by_doubt)?;
        Some(if doubt(doubted) > 0.01 { doubted } else { lost.unwrap_or(doubted) })
    }

    /// A domain in two: none or at least the minimum, and then by halves.
    fn halves(&self, domains: &[Domain], index: usize) -> (Vec<Domain>, Vec<Domain>) {
        let (from, to) = domains[index];
        let minimum = self.problem.blocks[index].minimum;
        let middle = if from == 0 { 0 } else { from + (to - from) / 2 };
        let (mut low, mut high) = (domains.to_vec(), domains.to_vec());
        low[index] = (from, middle);
        high[index] = ((middle + 1).max(minimum), to);
        (low, high)
    }
}

fn firsts(domains: &[Domain]) -> Vec<i64> {
    domains.iter().map(|&(from, _)| from).collect()
}
