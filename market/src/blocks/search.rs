//! Branch and bound over how many lots of each block are accepted.
//!
//! A first search, depth first, finds the best objective. A second one walks the blocks in the order given, the largest
//! ratio first, and stops at the first outcome that reaches it: the tie-break by place, exactly.

use super::dual::{self, Dual};
use super::problem::{Domain, Problem};
use super::support::{Support, losers, support};

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

/// Steps of the subgradient method: at the root, and below, where good prices are handed down.
const STEPS_AT_ROOT: usize = 400;
const STEPS_BELOW: usize = 40;
/// How many blocks in loss a candidate may lose before it is given up.
const REPAIRS: usize = 12;

struct Node {
    domains: Vec<Domain>,
    prices: Vec<i64>,
    bound: i128,
}

struct Search<'problem> {
    problem: &'problem Problem,
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
    let mut search = Search { problem, lots: none, prices, value, unknown: None, nodes: 0 };
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
        let mut steps = STEPS_AT_ROOT;
        let mut open = vec![Node { domains: self.problem.open(), prices: self.prices.clone(), bound: i128::MAX }];
        while let Some(mut node) = open.pop() {
            if node.bound <= self.value {
                continue;
            }
            if self.nodes >= node_limit {
                open.push(node);
                let bound = open.iter().map(|node| node.bound).max();
                // The root has no bound before it is looked at.
                return bound.map(|bound| bound.min(self.bound_of_all()));
            }
            self.nodes += 1;
            if !self.problem.narrow(&mut node.domains) {
                continue;
            }
            let dual = dual::improve(self.problem, &node.domains, &node.prices, self.value, steps);
            steps = STEPS_BELOW;
            if dual.bound <= self.value {
                continue;
            }
            let lost = self.try_candidate(&node.domains, &dual);
            let bound = dual.bound.min(node.bound);
            if bound <= self.value {
                continue;
            }
            let Some(branch) = self.branch_block(&node.domains, &dual, lost) else {
                self.consider(&firsts(&node.domains));
                continue;
            };
            let (low, high) = self.halves(&node.domains, branch);
            let is_high_first = dual.share[branch] > 0.5 && lost != Some(branch);
            let children = if is_high_first { [low, high] } else { [high, low] };
            open.extend(children.map(|domains| Node { domains, prices: dual.prices.clone(), bound }));
        }
        None
    }

    /// The second search: `false` when the limit came first.
    fn find_first(&mut self, node_limit: u64) -> bool {
        let limit = self.nodes + node_limit;
        let mut open = vec![Node { domains: self.problem.open(), prices: self.prices.clone(), bound: i128::MAX }];
        while let Some(mut node) = open.pop() {
            if self.nodes >= limit {
                return false;
            }
            self.nodes += 1;
            if !self.problem.narrow(&mut node.domains) {
                continue;
            }
            // Aims one below the value to be reached: a bound equal to it does not cut.
            let dual = dual::improve(self.problem, &node.domains, &node.prices, self.value - 1, STEPS_BELOW);
            if dual.bound < self.value {
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
            let bound = dual.bound;
            open.extend([low, high].map(|domains| Node { domains, prices: dual.prices.clone(), bound }));
        }
        unreachable!("the best outcome is one of those searched")
    }

    /// Welfare where prices alone decide, with all blocks open.
    fn bound_of_all(&self) -> i128 {
        dual::respond(self.problem, &self.problem.open(), &self.prices).0
    }

    /// Lets the blocks choose at the prices of the node and takes out those in loss until nobody loses. Says which block
    /// lost first: a good one to branch on.
    fn try_candidate(&mut self, domains: &[Domain], dual: &Dual) -> Option<usize> {
        let mut domains = domains.to_vec();
        let mut lots = self.repaired(&domains, &dual.response)?;
        let mut first = None;
        for _ in 0..REPAIRS {
            if self.consider(&lots) {
                break;
            }
            let is_open = |&loser: &usize| domains[loser].0 == 0;
            let Some(loser) = losers(self.problem, &lots).into_iter().find(is_open) else { break };
            first = first.or(Some(loser));
            domains[loser].1 = 0;
            let Some(next) = self.repaired(&domains, &lots) else { break };
            lots = next;
        }
        first
    }

    /// Lots within the domains, near those wanted, that keep minima, links and groups.
    fn repaired(&self, domains: &[Domain], wanted: &[i64]) -> Option<Vec<i64>> {
        let mut domains = domains.to_vec();
        for index in 0..wanted.len() {
            let (from, to) = domains[index];
            let lots = wanted[index].clamp(from, to);
            let lots = if lots < self.problem.blocks[index].minimum { from } else { lots };
            if from == to {
                continue;
            }
            let before = domains.clone();
            domains[index] = (lots, lots);
            if !self.problem.narrow(&mut domains) {
                domains = before;
                domains[index].1 = from;
                if !self.problem.narrow(&mut domains) {
                    return None;
                }
            }
        }
        Some(firsts(&domains))
    }

    /// Takes an outcome for the best so far if it is better and stands. `true` if it needs no repair.
    fn consider(&mut self, lots: &[i64]) -> bool {
        let Some(value) = self.problem.value(lots) else { return false };
        if value <= self.value {
            return true;
        }
        match support(self.problem, lots) {
            Support::Prices(prices) => {
                (self.lots, self.prices, self.value) = (lots.to_vec(), prices, value);
                true
            }
            Support::None => false,
            Support::Unknown => {
                self.unknown = self.unknown.max(Some(value));
                false
            }
        }
    }

    /// The block to decide next: the one that lost, else the one the relaxation is least decided about, the larger first.
    fn branch_block(&self, domains: &[Domain], dual: &Dual, lost: Option<usize>) -> Option<usize> {
        let is_open = |&index: &usize| domains[index].0 < domains[index].1;
        if lost.is_some() {
            return lost;
        }
        let doubt = |index: usize| (dual.share[index] - 0.5).abs();
        let energy = |index: usize| self.problem.blocks[index].energy_wh * self.problem.blocks[index].lots;
        (0..domains.len())
            .filter(is_open)
            .min_by(|&a, &b| doubt(a).total_cmp(&doubt(b)).then_with(|| energy(b).cmp(&energy(a))).then(a.cmp(&b)))
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
