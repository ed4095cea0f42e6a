//! What is best for one peer, at the prices of its partners and near what is agreed so far.

use super::{AdmmError, Elastic, Exchange, Peer};
use crate::dispatch::Profile;
use crate::optimise::{Column, ColumnId, OptimiseError, Optimiser, Problem, Row};

/// One end of an edge, held by a peer.
pub(super) struct End {
    pub(super) edge: usize,
    pub(super) is_from: bool,
    /// Half the edge's fee.
    fee: f64,
}

/// A peer with its ends; numbers of an end at a step lie at `end × steps + step`.
pub(super) struct Local<'a> {
    pub(super) ends: Vec<End>,
    /// Where its sales are pulled to, kW: the flow agreed, and what the price adds.
    pub(super) pulls: Vec<f64>,
    /// What it wants to sell, kW.
    pub(super) answers: Vec<f64>,
    /// What that costs it, without fees and payments to partners.
    pub(super) cost_eur: f64,
    steps: usize,
    step_h: f64,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Elastic(&'a Elastic),
    Flexible(Box<Plan>),
}

/// A flexible peer's problem. Partners without fee share one column per step, since only the sum of what they get matters
/// to it: the sum of squares is least when all move alike.
struct Plan {
    problem: Problem,
    /// How many columns are the peer's own; the others are its trades.
    own: usize,
    /// Ends without fee, and what they get together.
    alike: Vec<usize>,
    together: Vec<ColumnId>,
    /// Ends with fee, and what each gets.
    apart: Vec<(usize, Vec<ColumnId>)>,
}

impl<'a> Local<'a> {
    pub(super) fn of(exchange: &'a Exchange, peer: usize) -> Result<Self, AdmmError> {
        let held = exchange.edges.iter().enumerate().filter(|(_, edge)| edge.from == peer || edge.to == peer);
        let end = |(index, edge): (usize, &super::Edge)| End {
            edge: index,
            is_from: edge.from == peer,
            fee: edge.fee_eur_per_kwh / 2.0,
        };
        let ends: Vec<End> = held.map(end).collect();
        let kind = match &exchange.peers[peer] {
            Peer::Elastic(elastic) => {
                elastic.check(exchange.steps, peer, ends.is_empty())?;
                Kind::Elastic(elastic)
            }
            Peer::Flexible(member) => {
                let community = exchange.alone(member);
                let (problem, balance) =
                    community.behind_the_meter(0).map_err(|error| AdmmError::Peer { peer, error })?;
                Kind::Flexible(Box::new(Plan::of(problem, balance, &member.load_kw, &ends, exchange.step_h)))
            }
        };
        let nothing = || vec![0.0; ends.len() * exchange.steps];
        let (pulls, answers) = (nothing(), nothing());
        Ok(Local { ends, pulls, answers, cost_eur: 0.0, steps: exchange.steps, step_h: exchange.step_h, kind })
    }

    /// Finds its answers: least own cost + half fees + penalty / 2 · Σ (answer − pull)².
    pub(super) fn answer(&mut self, penalty: f64, optimiser: &dyn Optimiser) -> Result<(), OptimiseError> {
        match &mut self.kind {
            Kind::Elastic(elastic) => {
                self.cost_eur = 0.0;
                for step in 0..self.steps {
                    let market = Pulled { ends: &self.ends, pulls: &self.pulls, steps: self.steps, step, penalty };
                    let value = elastic.marginal_value(&market, step);
                    for place in 0..self.ends.len() {
                        self.answers[place * self.steps + step] = market.sale(place, value);
                    }
                    let produced = market.sales(value) + elastic.need_kw.at(step);
                    let marginal = elastic.linear.at(step) + elastic.quadratic.at(step) * produced / 2.0;
                    self.cost_eur += self.step_h * marginal * produced;
                }
                Ok(())
            }
            Kind::Flexible(plan) => {
                plan.set(penalty, self.step_h, &self.pulls, &self.ends);
                let solution = optimiser.solve(&plan.problem)?;
                plan.read(&solution.values, &self.pulls, &mut self.answers);
                let own = |column: usize| plan.problem.costs(ColumnId(column)).0 * solution.values[column];
                self.cost_eur = (0..plan.own).map(own).sum();
                Ok(())
            }
        }
    }
}

/// The partners of a peer at one step.
struct Pulled<'a> {
    ends: &'a [End],
    pulls: &'a [f64],
    steps: usize,
    step: usize,
    penalty: f64,
}

impl Pulled<'_> {
    /// What one partner gets if a kWh is worth `value` to the peer itself: nothing while the fee exceeds the gain.
    fn sale(&self, place: usize, value: f64) -> f64 {
        let wanted = self.pulls[place * self.steps + self.step] - value / self.penalty;
        let reluctance = self.ends[place].fee / self.penalty;
        if wanted > reluctance {
            wanted - reluctance
        } else if wanted < -reluctance {
            wanted + reluctance
        } else {
            0.0
        }
    }

    fn sales(&self, value: f64) -> f64 {
        (0..self.ends.len()).map(|place| self.sale(place, value)).sum()
    }
}

impl Elastic {
    /// What a kWh is worth to the peer when it sells what it then wants to sell. The higher the value the more it
    /// produces and the less it sells, so there is one balance, found by halving to the last digits.
    fn marginal_value(&self, market: &Pulled<'_>, step: usize) -> f64 {
        let (linear, quadratic) = (self.linear.at(step), self.quadratic.at(step));
        let (least, most) = (self.least_kw.at(step), self.most_kw.at(step));
        let missing = |value: f64| {
            let produced = match quadratic > 0.0 {
                true => ((value - linear) / quadratic).clamp(least, most),
                false if value < linear => least,
                false => most,
            };
            market.sales(value) + self.need_kw.at(step) - produced
        };
        let mut reach = 1.0;
        let (mut low, mut high) = (linear, linear);
        while !market.ends.is_empty() && reach < 1e18 && (missing(low) < 0.0 || missing(high) > 0.0) {
            (low, high) = if missing(low) < 0.0 { (low - reach, high) } else { (low, high + reach) };
            reach *= 2.0;
        }
        while high - low > 1e-14 * (1.0 + low.abs().max(high.abs())) {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            (low, high) = if missing(middle) > 0.0 { (middle, high) } else { (low, middle) };
        }
        low + (high - low) / 2.0
    }

    fn check(&self, steps: usize, peer: usize, is_alone: bool) -> Result<(), AdmmError> {
        let parts: [(&str, &Profile, bool); 5] = [
            ("the linear cost", &self.linear, false),
            ("the quadratic cost", &self.quadratic, true),
            ("the least production", &self.least_kw, false),
            ("the most production", &self.most_kw, false),
            ("the need", &self.need_kw, false),
        ];
        for (part, profile, is_positive) in parts {
            let what = || format!("{part} of peer {peer}");
            let allowed = if is_positive { "a number from 0 to 1e9" } else { "a number within ±1e9" };
            if let Profile::Steps(values) = profile
                && values.len() != steps
            {
                return Err(AdmmError::Length { what: what(), expected: steps, found: values.len() });
            }
            let is_wrong = |value: &f64| !(value.abs() <= 1e9 && (*value >= 0.0 || !is_positive));
            if let Some(value) = (0..steps).map(|step| profile.at(step)).find(is_wrong) {
                return Err(AdmmError::OutOfRange { what: what(), value, allowed });
            }
        }
        for step in 0..steps {
            let (least, most, need) = (self.least_kw.at(step), self.most_kw.at(step), self.need_kw.at(step));
            if least > most {
                let what = format!("the least production of peer {peer} at step {step}");
                return Err(AdmmError::OutOfRange { what, value: least, allowed: "one not above the most" });
            }
            if is_alone && !(least..=most).contains(&need) {
                return Err(AdmmError::Alone { peer, step });
            }
        }
        Ok(())
    }
}

impl Plan {
    fn of(
        mut problem: Problem,
        mut balance: crate::dispatch::Balance,
        load_kw: &[f64],
        ends: &[End],
        step_h: f64,
    ) -> Self {
        let own = problem.column_count();
        let steps = load_kw.len();
        let (apart, alike): (Vec<usize>, Vec<usize>) = (0..ends.len()).partition(|&place| ends[place].fee > 0.0);
        let mut sell = |problem: &mut Problem, step: usize| {
            let column = problem.column(Column::free());
            balance[step].push((column, -1.0));
            column
        };
        let count = if alike.is_empty() { 0 } else { steps };
        let together = (0..count).map(|step| sell(&mut problem, step)).collect();
        let with_fee = |place: usize| {
            let sale = |step: usize| {
                let sale = sell(&mut problem, step);
                let fee = || Column::at_least(0.0).cost(step_h * ends[place].fee);
                let (out, back) = (problem.column(fee()), problem.column(fee()));
                problem.row(Row::equal(0.0).with(sale, 1.0).with(out, -1.0).with(back, 1.0));
                sale
            };
            (place, (0..steps).map(sale).collect())
        };
        let apart = apart.into_iter().map(with_fee).collect();
        for (terms, &load) in balance.into_iter().zip(load_kw) {
            problem.row(Row::equal(load).with_all(terms));
        }
        Plan { problem, own, alike, together, apart }
    }

    /// Writes penalty and pulls into the costs. Partners alike: Σ (p − pull)² is least at equal distances, where it is
    /// (sum − Σ pull)² / count.
    fn set(&mut self, penalty: f64, step_h: f64, pulls: &[f64], ends: &[End]) {
        let steps = if ends.is_empty() { 0 } else { pulls.len() / ends.len() };
        let mut pull_to = |column: ColumnId, weight: f64, pull: f64| {
            self.problem.set_quadratic(column, weight);
            self.problem.set_cost(column, -weight * pull);
        };
        for (step, &column) in self.together.iter().enumerate() {
            let pull = self.alike.iter().map(|place| pulls[place * steps + step]).sum();
            pull_to(column, step_h * penalty / self.alike.len() as f64, pull);
        }
        for (place, columns) in &self.apart {
            for (step, &column) in columns.iter().enumerate() {
                pull_to(column, step_h * penalty, pulls[place * steps + step]);
            }
        }
    }

    fn read(&self, values: &[f64], pulls: &[f64], answers: &mut [f64]) {
        for (step, &column) in self.together.iter().enumerate() {
            let at = |place: usize| place * self.together.len() + step;
            let pulled: f64 = self.alike.iter().map(|&place| pulls[at(place)]).sum();
            let distance = (values[column.index()] - pulled) / self.alike.len() as f64;
            self.alike.iter().for_each(|&place| answers[at(place)] = pulls[at(place)] + distance);
        }
        for (place, columns) in &self.apart {
            for (step, &column) in columns.iter().enumerate() {
                answers[place * columns.len() + step] = values[column.index()];
            }
        }
    }
}
