//! Bilateral trade by the alternating direction method of multipliers (consensus ADMM).
//!
//! Each edge of the partner graph has a flow per step that both its ends propose, and a price. In every iteration each peer
//! alone finds its cheapest proposals at those prices, pulled towards the flows agreed so far; the flow agreed becomes the
//! middle of both proposals; and the price moves by how far they differ. With convex costs this ends at the least cost of
//! all together, and the price at its dual (Boyd et al., 2011, section 7; Sorin, Bobo and Pinson, 2019, for trade with
//! product differentiation, here a fee per edge: distance, grid use or preference). Peers tell each other proposals and nothing else.
//!
//! Prices pass from peer to peer, so an iteration count grows with the diameter of the graph: thousands of peers do with some
//! partners each, if a few of these are far away; edges between all of them are not needed.

mod local;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::local::Local;
use super::PeerTrade;
use crate::dispatch::{Community, DispatchError, Member, Profile};
use crate::optimise::{OptimiseError, Optimiser};
use crate::{Energy, Price};

/// A peer that produces at a cost, or buys as far as it is worth it. At production g a kWh more costs `linear + quadratic · g`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elastic {
    /// EUR/kWh.
    pub linear: Profile,
    /// EUR/kWh per kW, not negative.
    pub quadratic: Profile,
    /// Least production, kW; negative for consumption.
    pub least_kw: Profile,
    /// Most production, kW.
    pub most_kw: Profile,
    /// Consumption to be met from production or trade, kW.
    pub need_kw: Profile,
}

/// Who trades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// Costs of its own, without the grid.
    Elastic(Elastic),
    /// Load, PV and storages behind a connection to the grid; its group is ignored.
    Flexible(Member),
}

/// Two peers that may trade.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The end whose sales count positive.
    pub from: usize,
    /// The other end.
    pub to: usize,
    /// What each kWh costs in either direction, half paid by each; not negative.
    pub fee_eur_per_kwh: f64,
}

/// What there is to agree on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exchange {
    /// How many steps.
    pub steps: usize,
    /// How long each is, hours.
    pub step_h: f64,
    /// What the grid takes, one number per step; may be empty without flexible peers.
    pub import_price_eur_per_kwh: Vec<f64>,
    /// What the grid gives, one number per step; may be empty without flexible peers.
    pub export_price_eur_per_kwh: Vec<f64>,
    /// Who trades.
    pub peers: Vec<Peer>,
    /// Who may trade with whom.
    pub edges: Vec<Edge>,
}

/// How the method runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admm {
    /// The first pull towards what is agreed, EUR/kWh per kW; it adapts to the residuals.
    pub penalty: f64,
    /// Proposals of both ends may differ from the flow by this, kW.
    pub primal_kw: f64,
    /// Marginal values of both ends may differ from the price by this, EUR/kWh.
    pub dual_eur_per_kwh: f64,
    /// Most iterations.
    pub iterations: u64,
}

impl Default for Admm {
    fn default() -> Self {
        Self { penalty: 0.05, primal_kw: 1e-4, dual_eur_per_kwh: 1e-5, iterations: 5_000 }
    }
}

/// What was agreed on, and how well.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Whether both residuals came within their tolerance.
    pub converged: bool,
    /// Iterations taken.
    pub iterations: u64,
    /// Largest difference between a proposal and the flow, kW.
    pub primal_kw: f64,
    /// Largest difference between a marginal value and the price, EUR/kWh.
    pub dual_eur_per_kwh: f64,
    /// Costs of all peers at their proposals, without fees, EUR.
    pub cost_eur: f64,
    /// Fees on all flows, EUR.
    pub fees_eur: f64,
    /// Flow of each edge, from its `from` to its `to`, edges first and steps second. The same number for both ends.
    pub flow_kw: Vec<Vec<f64>>,
    /// Price on each edge, between the two halves of its fee.
    pub price_eur_per_kwh: Vec<Vec<f64>>,
    /// What each peer gives on balance; adds up to zero at every step but for rounding of floats.
    pub injection_kw: Vec<Vec<f64>>,
    /// Flows in whole Wh and prices in whole µ€/kWh, each rounded once and the same for both ends, by step and then edge. Flows that
    /// round to nothing are left out.
    pub trades: Vec<PeerTrade>,
}

/// Why there is no agreement at all. Not to converge is no error: see [`Agreement::converged`].
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the parts of the message of each case")]
pub enum AdmmError {
    /// A number or series that makes no sense.
    #[error("{what} is {value}; give {allowed}")]
    OutOfRange { what: String, value: f64, allowed: &'static str },
    /// A series of another length.
    #[error("{what} has {found} values and the exchange {expected} steps; give one per step")]
    Length { what: String, expected: usize, found: usize },
    /// An edge of somebody who is not there, or of one peer.
    #[error("edge {edge} joins peers {from} and {to} of {peers}; give two different ones of them")]
    Edge { edge: usize, from: usize, to: usize, peers: usize },
    /// A peer that cannot meet its need alone and has no partner.
    #[error(
        "peer {peer} has no partner and can not meet its need at step {step} alone; give it an edge or other bounds"
    )]
    Alone { peer: usize, step: usize },
    /// A flexible peer that makes no sense.
    #[error("peer {peer} can not be planned")]
    Peer {
        peer: usize,
        #[source]
        error: DispatchError,
    },
    /// A flexible peer whose plan was not found.
    #[error("peer {peer} found no answer in iteration {iteration}")]
    Answer {
        peer: usize,
        iteration: u64,
        #[source]
        error: OptimiseError,
    },
}

/// How often the penalty may be changed at most, and after how many iterations each time.
const ADAPTED: u64 = 40;
const ADAPT_EVERY: u64 = 25;
/// Residuals farther apart than this, each relative to its tolerance, change the penalty.
const OUT_OF_BALANCE: f64 = 4.0;
/// Over-relaxation of proposals; 1.5 to 1.8 are the usual.
const RELAXATION: f64 = 1.6;

/// Lets peers agree. `optimiser` answers for flexible peers, and must handle quadratic costs.
///
/// Every iteration costs O(edges × steps) for elastic peers (times some tens for each one's search) and one quadratic problem for each
/// flexible one. Deterministic; peers without feasible answer are found, contradictions *between* peers show as non-convergence.
///
/// # Errors
/// An exchange that makes no sense, and a peer whose own limits contradict each other.
pub fn agree(exchange: &Exchange, admm: &Admm, optimiser: &dyn Optimiser) -> Result<Agreement, AdmmError> {
    exchange.check(admm)?;
    let mut locals = (0..exchange.peers.len()).map(|peer| Local::of(exchange, peer)).collect::<Result<Vec<_>, _>>()?;
    let mut state = State::of(exchange, admm);
    let mut adapted = 0;
    for iteration in 1..=admm.iterations.max(1) {
        for (peer, local) in locals.iter_mut().enumerate() {
            state.ask(local, optimiser).map_err(|error| AdmmError::Answer { peer, iteration, error })?;
        }
        let (primal, dual) = state.settle();
        state.iterations = iteration;
        (state.primal_kw, state.dual_eur_per_kwh) = (primal, dual);
        if primal <= admm.primal_kw && dual <= admm.dual_eur_per_kwh {
            state.converged = true;
            break;
        }
        if iteration % ADAPT_EVERY == 0 && adapted < ADAPTED {
            let (primal, dual) = (primal / admm.primal_kw, dual / admm.dual_eur_per_kwh);
            // A penalty that never rests need not converge, so it changes less the later it is.
            let by = 1.0 + 1.0 / (1.0 + adapted as f64 / 4.0);
            if primal > OUT_OF_BALANCE * dual {
                state.penalty *= by;
                adapted += 1;
            } else if dual > OUT_OF_BALANCE * primal {
                state.penalty /= by;
                adapted += 1;
            }
        }
    }
    // Nothing tells a flow within the tolerance from one that an end proposes to be nothing.
    state.flows.iter_mut().filter(|flow| flow.abs() <= admm.primal_kw).for_each(|flow| *flow = 0.0);
    Ok(state.conclude(&locals))
}

/// Proposals, flows and prices; numbers of an edge at a step lie at `edge × steps + step`.
struct State<'a> {
    exchange: &'a Exchange,
    penalty: f64,
    /// What each end wants to sell to the other: `from` first, `to` second.
    proposals: [Vec<f64>; 2],
    flows: Vec<f64>,
    prices: Vec<f64>,
    converged: bool,
    iterations: u64,
    primal_kw: f64,
    dual_eur_per_kwh: f64,
}

impl<'a> State<'a> {
    fn of(exchange: &'a Exchange, admm: &Admm) -> Self {
        let nothing = || vec![0.0; exchange.edges.len() * exchange.steps];
        State {
            exchange,
            penalty: admm.penalty,
            proposals: [nothing(), nothing()],
            flows: nothing(),
            prices: nothing(),
            converged: false,
            iterations: 0,
            primal_kw: f64::INFINITY,
            dual_eur_per_kwh: f64::INFINITY,
        }
    }

    /// Hands a peer where its proposals are pulled to, and takes its answer.
    fn ask(&mut self, local: &mut Local<'_>, optimiser: &dyn Optimiser) -> Result<(), OptimiseError> {
        let steps = self.exchange.steps;
        for (place, end) in local.ends.iter().enumerate() {
            let sign = if end.is_from { 1.0 } else { -1.0 };
            for step in 0..steps {
                let at = end.edge * steps + step;
                local.pulls[place * steps + step] = sign * self.flows[at] + self.prices[at] / self.penalty;
            }
        }
        local.answer(self.penalty, optimiser)?;
        for (place, end) in local.ends.iter().enumerate() {
            let answers = &local.answers[place * steps..(place + 1) * steps];
            self.proposals[usize::from(!end.is_from)][end.edge * steps..][..steps].copy_from_slice(answers);
        }
        Ok(())
    }

    /// Flows to the middle of both (relaxed) proposals, prices by their difference. The primal and dual residual.
    fn settle(&mut self) -> (f64, f64) {
        let (mut primal, mut dual) = (0.0_f64, 0.0_f64);
        for at in 0..self.flows.len() {
            let (from, to, before) = (self.proposals[0][at], self.proposals[1][at], self.flows[at]);
            let flow = RELAXATION * (from - to) / 2.0 + (1.0 - RELAXATION) * before;
            self.flows[at] = flow;
            self.prices[at] -= self.penalty * RELAXATION * (from + to) / 2.0;
            primal = primal.max((from - flow).abs()).max((to + flow).abs());
            dual = dual.max(self.penalty * (flow - before).abs());
        }
        (primal, dual)
    }

    fn conclude(self, locals: &[Local<'_>]) -> Agreement {
        let (exchange, steps) = (self.exchange, self.exchange.steps);
        let by_edge = |numbers: &[f64]| -> Vec<Vec<f64>> {
            (0..exchange.edges.len()).map(|edge| numbers[edge * steps..][..steps].to_vec()).collect()
        };
        let (flow_kw, price_eur_per_kwh) = (by_edge(&self.flows), by_edge(&self.prices));
        let mut injection_kw = vec![vec![0.0; steps]; exchange.peers.len()];
        let mut fees_eur = 0.0;
        for (edge, flows) in exchange.edges.iter().zip(&flow_kw) {
            for (step, flow) in flows.iter().enumerate() {
                injection_kw[edge.from][step] += flow;
                injection_kw[edge.to][step] -= flow;
                fees_eur += exchange.step_h * edge.fee_eur_per_kwh * flow.abs();
            }
        }
        let places = (0..steps).flat_map(|step| (0..exchange.edges.len()).map(move |edge| (edge, step)));
        let trade = |(edge, step): (usize, usize)| {
            whole_trade(
                &exchange.edges[edge],
                step,
                flow_kw[edge][step] * exchange.step_h,
                price_eur_per_kwh[edge][step],
            )
        };
        Agreement {
            trades: places.filter_map(trade).collect(),
            converged: self.converged,
            iterations: self.iterations,
            primal_kw: self.primal_kw,
            dual_eur_per_kwh: self.dual_eur_per_kwh,
            cost_eur: locals.iter().map(|local| local.cost_eur).sum(),
            fees_eur,
            flow_kw,
            price_eur_per_kwh,
            injection_kw,
        }
    }
}

/// The trade of a flow in integers; `None` if it rounds to nothing.
fn whole_trade(edge: &Edge, slot: usize, energy_kwh: f64, price_eur_per_kwh: f64) -> Option<PeerTrade> {
    let price = |eur_per_kwh: f64| Price::from_eur_per_mwh(eur_per_kwh * 1e3);
    let fee = price(edge.fee_eur_per_kwh);
    let (seller, buyer) = if energy_kwh > 0.0 { (edge.from, edge.to) } else { (edge.to, edge.from) };
    let energy = Energy::from_kwh(energy_kwh.abs());
    let (seller_fee, buyer_fee) = (Price(fee.0 / 2), Price(fee.0 - fee.0 / 2));
    let trade = PeerTrade { slot, seller, buyer, energy, price: price(price_eur_per_kwh), buyer_fee, seller_fee };
    (energy > Energy::ZERO).then_some(trade)
}

impl Exchange {
    fn check(&self, admm: &Admm) -> Result<(), AdmmError> {
        let positive = (0.0, "a number above 0 and within 1e9");
        for (what, value) in [
            ("the length of a step in hours", self.step_h),
            ("the penalty", admm.penalty),
            ("the primal tolerance in kW", admm.primal_kw),
            ("the dual tolerance in EUR/kWh", admm.dual_eur_per_kwh),
        ] {
            if !(value > positive.0 && value <= 1e9) {
                return Err(AdmmError::OutOfRange { what: what.to_owned(), value, allowed: positive.1 });
            }
        }
        for (index, &Edge { from, to, fee_eur_per_kwh: value }) in self.edges.iter().enumerate() {
            if from == to || from.max(to) >= self.peers.len() {
                return Err(AdmmError::Edge { edge: index, from, to, peers: self.peers.len() });
            }
            if !(0.0..=1e9).contains(&value) {
                let what = format!("the fee of edge {index} in EUR/kWh");
                return Err(AdmmError::OutOfRange { what, value, allowed: "a number from 0 to 1e9" });
            }
        }
        Ok(())
    }

    /// The community of one flexible peer.
    fn alone(&self, member: &Member) -> Community {
        Community {
            steps: self.steps,
            step_h: self.step_h,
            import_price_eur_per_kwh: self.import_price_eur_per_kwh.clone(),
            export_price_eur_per_kwh: self.export_price_eur_per_kwh.clone(),
            members: vec![Member { group: None, ..member.clone() }],
            ..Community::default()
        }
    }
}
