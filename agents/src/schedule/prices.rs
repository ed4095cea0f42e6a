//! Many storages behind one connection, by a price per step that all of them follow.
//!
//! Round by round each storage answers exactly to what power costs beside the plans of all others, with the bends of the
//! connection smoothed around the prices (see [`site`](super::site)); then the prices move to the slopes that resulted.
//! From time to time the plans are tried against the connection as it is, and the prices are tried as a bound: what all
//! storages and the connection would at least cost if each followed these prices alone (Lagrangian relaxation; it holds for
//! whatever prices, and where nothing is convex too). The search ends when the two meet.

use super::convex::Convex;
use super::member::{Buffers, Member, Plan};
use super::problem::Problem;
use super::result::{Cost, Rule, Schedule};
use super::site::{SiteCost, Smoothed};
use super::step_cost::View;

/// Most rounds over all storages.
const MOST_ROUNDS: usize = 200;

/// After so many rounds a limit of the connection that is still exceeded is taken to be out of reach,
const PATIENCE: usize = 30;

/// and so many more are made, which cost more each.
const MOST_ROUNDS_OVERLOADED: usize = 60;

/// A price may go one way for so many rounds before it goes faster.
const LONG_STREAK: f64 = 8.0;

/// A gap that is small enough: this much of what is paid and earned, and EUR.
const ENOUGH_SHARE: f64 = 1e-3;
/// As much for a plan that the next solve will replace: far below what forecasts cost.
const ENOUGH_SHARE_ROLLING: f64 = 5e-3;
pub(super) const ENOUGH_EUR: f64 = 1e-6;

/// The best plans so far.
pub(super) struct Best {
    /// What they cost, what they break counted, EUR.
    pub(super) counted_eur: f64,
    pub(super) plans: Vec<Plan>,
    pub(super) schedule: Schedule,
}

/// The best plans and prices so far.
pub(super) struct Search<'a> {
    pub(super) problem: &'a Problem,
    pub(super) members: Vec<Member>,
    /// The connection as it is, and at the level of the peak looked at.
    view: View<'a>,
    ranges_kw: Vec<(f64, f64)>,
    site: Vec<SiteCost>,
    /// The price of power at each step, EUR/kW.
    pub(super) prices: Vec<f64>,
    pub(super) plans: Vec<Plan>,
    totals_kw: Vec<f64>,
    /// For how many rounds the price of each step has risen, or fallen if negative.
    streaks: Vec<f64>,
    /// By how much slopes rise with power where the connection bends, EUR/kW².
    rise: f64,
    buffers: Buffers,
    /// Whether it is one of a row of solves.
    pub(super) is_rolling: bool,
    /// Whether prices and plans are those of an earlier solve.
    is_warm: bool,
    pub(super) best: Option<Best>,
    pub(super) bound_eur: f64,
    pub(super) rounds: usize,
}

impl<'a> Search<'a> {
    /// Begins with plans of nothing and the prices of the connection.
    pub(super) fn new(problem: &'a Problem) -> Self {
        let members = Member::all(problem);
        let reach = |step: usize| members.iter().map(move |member| member.reach_kw(step));
        let ranges_kw: Vec<(f64, f64)> = (0..problem.steps)
            .map(|step| reach(step).fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1)))
            .collect();
        let mut view = View::new(problem);
        view.relaxed = true;
        let (price, free_kw) = (problem.site.peak_eur_per_kw, problem.site.peak_free_kw);
        if price > 0.0 {
            view.peak = Some((free_kw, vec![price; problem.steps]));
        }
        let site = site_costs(&view, &ranges_kw);
        let none = Plan { power_kw: vec![0.0; problem.steps], both_kw: vec![0.0; problem.steps] };
        let mut search = Self {
            problem,
            plans: vec![none; members.len()],
            totals_kw: vec![0.0; problem.steps],
            streaks: vec![0.0; problem.steps],
            prices: Vec::new(),
            rise: rise(problem, &members),
            members,
            view,
            ranges_kw,
            site,
            buffers: Buffers::default(),
            is_rolling: false,
            is_warm: false,
            best: None,
            bound_eur: f64::NEG_INFINITY,
            rounds: 0,
        };
        search.prices = (0..problem.steps).map(|step| search.usual_price(step)).collect();
        search
    }

    /// What power costs where nothing is planned; no penalty, which would take long to be forgotten.
    fn usual_price(&self, step: usize) -> f64 {
        let (hours, prices) = (self.problem.step_h(), &self.problem.prices);
        let (import, export) = (prices.import_eur_per_kwh.at(step), prices.export_eur_per_kwh.at(step));
        self.site[step].slope_at(0.0).clamp(hours * import.min(export), hours * import.max(export))
    }

    /// Begins with other plans.
    pub(super) fn start_with(&mut self, plans: Vec<Plan>) {
        self.is_warm = true;
        self.plans = plans;
        self.add_up();
        let net = |step: usize| self.view.net_kw(step, self.totals_kw[step]);
        self.set_peak((0..self.problem.steps).map(net).fold(self.problem.site.peak_free_kw, f64::max));
    }

    /// Looks at another level of the peak, if peaks have a price.
    fn set_peak(&mut self, level_kw: f64) {
        if let Some((level, _)) = &mut self.view.peak {
            *level = level_kw;
            self.site = site_costs(&self.view, &self.ranges_kw);
        }
    }

    fn add_up(&mut self) {
        for (step, total) in self.totals_kw.iter_mut().enumerate() {
            *total = self.plans.iter().map(|plan| plan.power_kw[step]).sum();
        }
    }

    /// Searches until the gap is small enough, or rounds are over. Where the connection cannot give what all storages need to
    /// keep their limits, these count by their penalties.
    pub(super) fn run(&mut self) {
        self.run_within(MOST_ROUNDS);
        if self.overloads() && self.members.iter().any(|member| member.keeps_limits) {
            self.members.iter_mut().for_each(|member| member.keeps_limits = false);
            (self.best, self.bound_eur) = (None, f64::NEG_INFINITY);
            self.streaks.fill(0.0);
            self.run_within(self.rounds + MOST_ROUNDS_OVERLOADED);
        }
    }

    /// Whether the best plans exceed a limit of the connection.
    fn overloads(&self) -> bool {
        let violations = self.best.iter().flat_map(|best| &best.schedule.violations);
        violations.into_iter().any(|missed| matches!(missed.rule, Rule::ImportLimit | Rule::ExportLimit))
    }

    fn run_within(&mut self, most_rounds: usize) {
        // How fine the ramps are around the present plans, as a share of what a storage can do.
        let mut near = 0.1;
        let mut next_trial = self.rounds + 2;
        if self.is_warm {
            // Where little has changed, the last prices are still good.
            self.prove();
            self.try_plans();
        }
        while self.rounds < most_rounds && !self.is_enough() {
            let is_strict = self.members.iter().any(|member| member.keeps_limits);
            if self.rounds >= PATIENCE && is_strict && self.overloads() {
                break;
            }
            self.move_peak();
            self.round(near);
            near = (near * 0.7_f64).max(1e-5);
            if self.rounds >= next_trial {
                self.prove();
                if !self.is_enough() {
                    self.try_plans();
                }
                next_trial = self.rounds + 2 + self.rounds / 8;
            }
        }
    }

    fn is_enough(&self) -> bool {
        self.gap_eur() <= self.enough_eur()
    }

    /// How far the best plans are from the bound.
    pub(super) fn gap_eur(&self) -> f64 {
        self.best.as_ref().map_or(f64::INFINITY, |best| best.counted_eur - self.bound_eur)
    }

    /// A gap that is small enough.
    pub(super) fn enough_eur(&self) -> f64 {
        // Not of the cost, which may be next to nothing where what is earned makes up for what is paid.
        let turnover_eur =
            |cost: &Cost| cost.import_eur.abs() + cost.export_eur.abs() + cost.ageing_eur + cost.peak_eur;
        let share = if self.is_rolling { ENOUGH_SHARE_ROLLING } else { ENOUGH_SHARE };
        let share_eur = |best: &Best| share * turnover_eur(&best.schedule.cost);
        self.best.as_ref().map_or(0.0, |best| ENOUGH_EUR.max(share_eur(best)))
    }

    /// One round: all storages answer, the prices follow.
    fn round(&mut self, near: f64) {
        self.rounds += 1;
        for place in 0..self.members.len() {
            let member = &self.members[place];
            let (site, prices, rise) = (&self.site, &self.prices, self.rise);
            let (plan, totals) = (&self.plans[place], &self.totals_kw);
            let cost_of_power = |step: usize, reach: (f64, f64), out: &mut Convex| {
                let now = plan.power_kw[step];
                let smoothed = Smoothed { cost: site[step].convex(), price: prices[step], rise };
                smoothed.draw(reach, totals[step] - now, (now, near * (reach.1 - reach.0)), out);
            };
            let (_, answer) = member.answer(&self.view, &mut self.buffers, &cost_of_power);
            self.replace(place, answer);
        }
        for (step, (price, streak)) in self.prices.iter_mut().zip(&mut self.streaks).enumerate() {
            let smoothed = Smoothed { cost: self.site[step].convex(), price: *price, rise: self.rise };
            let slope = smoothed.slope_at(self.totals_kw[step]);
            let change = slope - *price;
            let goes_on = change * *streak > 0.0 && change.abs() > 1e-3 * self.rise;
            *streak = if goes_on { *streak + change.signum() } else { change.signum() };
            // A price that goes one way for long is far off: a limit that cannot be kept is worth its penalty.
            let faster = libm::exp2((streak.abs() - LONG_STREAK).clamp(0.0, 20.0));
            let (least, most) = self.site[step].slopes();
            *price = if faster > 1.0 { (*price + faster * change).clamp(least, most) } else { slope };
        }
    }

    fn replace(&mut self, place: usize, plan: Plan) {
        for ((total, before), now) in self.totals_kw.iter_mut().zip(&self.plans[place].power_kw).zip(&plan.power_kw) {
            *total += now - before;
        }
        self.plans[place] = plan;
    }

    /// Lets all storages answer to the connection as it is, one after the other, and keeps the plans if they are the best.
    pub(super) fn try_plans(&mut self) {
        let (plans, totals) = (self.plans.clone(), self.totals_kw.clone());
        for place in 0..self.members.len() {
            let answer = self.answer_as_it_is(place);
            self.replace(place, answer);
        }
        let schedule = self.schedule(&self.plans);
        let counted_eur = super::joint::counted_eur(self.problem, &schedule);
        if self.best.as_ref().is_none_or(|best| counted_eur < best.counted_eur) {
            let plans = std::mem::replace(&mut self.plans, plans);
            self.best = Some(Best { counted_eur, plans, schedule });
        } else {
            self.plans = plans;
        }
        self.totals_kw = totals;
    }

    fn answer_as_it_is(&mut self, place: usize) -> Plan {
        let member = &self.members[place];
        let (site, plan, totals) = (&self.site, &self.plans[place], &self.totals_kw);
        let others = |step: usize| totals[step] - plan.power_kw[step];
        let clipped = |cost: &Convex, step: usize| {
            let ((low, high), others) = (member.reach_kw(step), others(step));
            cost.clipped(low + others, high + others).map(|part| part.onto(others, 1.0, 0.0, 0.0))
        };
        if site.iter().all(SiteCost::is_convex) {
            let cost_of_power = |step: usize, (low, high): (f64, f64), out: &mut Convex| {
                site[step].convex().clip_onto(others(step), (low, high), out);
            };
            return member.answer(&self.view, &mut self.buffers, &cost_of_power).1;
        }
        let costs = |step: usize| site[step].branches.iter().filter_map(|cost| clipped(cost, step)).collect::<Vec<_>>();
        let branches: Vec<_> =
            (0..self.problem.steps).map(|step| self.view.branches_on(&member.storage, step, &costs(step))).collect();
        member.answer_among(&self.view, &branches, &costs).1
    }

    /// What everything costs at least, told by the present prices.
    pub(super) fn prove(&mut self) {
        let mut sum = self.least_of_site();
        for member in &self.members {
            let prices = &self.prices;
            let at_prices = |step: usize, reach: (f64, f64), out: &mut Convex| out.linear(reach, prices[step]);
            sum += member.answer(&self.view, &mut self.buffers, &at_prices).0;
        }
        self.bound_eur = self.bound_eur.max(sum);
    }

    /// What the connection costs at least, less what it is paid at the prices.
    fn least_of_site(&self) -> f64 {
        let costs =
            |site: &[SiteCost]| site.iter().zip(&self.prices).map(|(cost, price)| cost.least_less(*price)).sum();
        let price = self.problem.site.peak_eur_per_kw;
        if price == 0.0 {
            return costs(&self.site);
        }
        // Every step takes its share of the price of the peak, above the free level; together no more than the price.
        let import = |step: usize| self.problem.step_h() * self.problem.prices.import_eur_per_kwh.at(step);
        let mut shares: Vec<f64> =
            self.prices.iter().enumerate().map(|(step, price)| (price - import(step)).max(0.0)).collect();
        let sum: f64 = shares.iter().sum();
        if sum > price {
            shares.iter_mut().for_each(|share| *share *= price / sum);
        }
        let mut view = View::new(self.problem);
        view.relaxed = true;
        view.peak = Some((self.problem.site.peak_free_kw, shares));
        costs(&site_costs(&view, &self.ranges_kw))
    }

    /// Moves the level of the peak to where the steps there together are worth its price.
    fn move_peak(&mut self) {
        let Some((level, _)) = self.view.peak else { return };
        let (price, free_kw) = (self.problem.site.peak_eur_per_kw, self.problem.site.peak_free_kw);
        let import = |step: usize| self.problem.step_h() * self.problem.prices.import_eur_per_kwh.at(step);
        let net = |step: usize| self.view.net_kw(step, self.totals_kw[step]);
        let shares = |level: f64| {
            let share = |step: usize| self.prices[step] + self.rise * (net(step) - level) - import(step);
            (0..self.problem.steps).map(|step| share(step).clamp(0.0, price)).sum::<f64>()
        };
        let most = (0..self.problem.steps).map(net).fold(level, f64::max) + price / self.rise;
        let (mut low, mut high) = (free_kw, most.max(free_kw));
        if shares(low) <= price {
            high = low;
        }
        for _ in 0..50 {
            let middle = low + (high - low) / 2.0;
            if shares(middle) > price { low = middle } else { high = middle }
        }
        self.set_peak(high);
    }

    /// The plans of all devices.
    pub(super) fn schedule(&self, plans: &[Plan]) -> Schedule {
        super::joint::joined(self.problem, &self.view, &self.members, plans)
    }
}

fn site_costs(view: &View<'_>, ranges_kw: &[(f64, f64)]) -> Vec<SiteCost> {
    ranges_kw.iter().enumerate().map(|(step, range)| SiteCost::new(view, step, *range)).collect()
}

/// How steep ramps are: prices go through their whole range where a typical storage goes through its own.
fn rise(problem: &Problem, members: &[Member]) -> f64 {
    let prices = |step: usize| (problem.prices.import_eur_per_kwh.at(step), problem.prices.export_eur_per_kwh.at(step));
    let all =
        (0..problem.steps).map(prices).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (import, export)| {
            (low.min(import).min(export), high.max(import).max(export))
        });
    let reach = |member: &Member| {
        (0..problem.steps).map(|step| member.reach_kw(step)).map(|(low, high)| high - low).fold(0.0, f64::max)
    };
    let sum: f64 = members.iter().map(reach).sum();
    // What is moved by one price lies between what one storage moves and what all do.
    let typical = (sum / (members.len().max(1) as f64).sqrt()).max(1e-3);
    problem.step_h() * (all.1 - all.0).max(0.01) / typical
}
