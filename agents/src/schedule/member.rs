//! One storage among many, or some that are all the same: its best answer to what power costs at each step.
//!
//! Where every step's cost is convex in the energy added, [`fast`](super::fast) answers; where it is not,
//! [`envelope`](super::envelope). Buffers are kept between answers, since there are many.

use super::convex::{Convex, Piece};
use super::envelope;
use super::fast::CostToGo;
use super::problem::{Exclusion, Problem, Storage};
use super::step_cost::View;
use super::window::Windows;
use market::dispatch::Profile;

/// Writes what power within a range costs at a step: step, least and most power in kW, an empty function to fill.
pub(super) type CostOfPower<'a> = dyn Fn(usize, (f64, f64), &mut Convex) + 'a;

/// Some storages of a problem that are equal but for their names, as one.
pub(super) struct Member {
    /// All together.
    pub(super) storage: Storage,
    /// Their places among the devices of the problem.
    pub(super) places: Vec<usize>,
    windows: Windows,
    step_h: f64,
    steps: Vec<Reach>,
    /// Whether all its limits can be kept, as far as it alone is concerned, and shall be.
    pub(super) keeps_limits: bool,
}

/// What a storage can do within one step.
#[derive(Clone, Copy)]
struct Reach {
    low_kw: f64,
    high_kw: f64,
    stored_per_charge: f64,
    stored_per_discharge: f64,
}

/// What a storage does at each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    pub(super) power_kw: Vec<f64>,
    /// What goes both ways besides, kW.
    pub(super) both_kw: Vec<f64>,
}

/// Buffers of an answer: the cost of power at each step, of energy added in one, and the cost to go.
#[derive(Default)]
pub(super) struct Buffers {
    of_power: Vec<Convex>,
    of_energy: Convex,
    to_go: CostToGo,
}

impl Member {
    /// The storages of a problem, equal ones together, in order of their first.
    pub(super) fn all(problem: &Problem) -> Vec<Self> {
        let mut groups: Vec<(&Storage, Vec<usize>)> = Vec::new();
        for (place, device) in problem.devices.iter().enumerate() {
            let super::Device::Storage(storage) = device else { continue };
            match groups.iter_mut().find(|(other, _)| is_same(other, storage)) {
                Some((_, places)) => places.push(place),
                None => groups.push((storage, vec![place])),
            }
        }
        groups.into_iter().map(|(storage, places)| Self::new(problem, storage, places)).collect()
    }

    fn new(problem: &Problem, storage: &Storage, places: Vec<usize>) -> Self {
        let storage = times(storage, places.len() as f64);
        let view = View::new(problem);
        let steps = (0..problem.steps).map(|step| {
            let (stored_per_charge, stored_per_discharge) = view.stored_per_kw(&storage, step);
            let (low_kw, high_kw) = (-storage.discharge_max_kw.at(step), storage.charge_max_kw.at(step));
            Reach { low_kw, high_kw, stored_per_charge, stored_per_discharge }
        });
        let (steps, windows) = (steps.collect(), Windows::new(problem, &storage));
        let mut member = Self { storage, places, windows, step_h: problem.step_h(), steps, keeps_limits: true };
        let free = |_, (low_kw, high_kw), cost: &mut Convex| cost.linear((low_kw, high_kw), 0.0);
        member.keeps_limits = member.answer_within(&view, &mut Buffers::default(), &free).is_some();
        member
    }

    /// Least and most power at a step, kW.
    pub(super) fn reach_kw(&self, step: usize) -> (f64, f64) {
        (self.steps[step].low_kw, self.steps[step].high_kw)
    }

    /// Energy stored per kW charged at a step, and taken from the store per kW discharged, kWh.
    pub(super) fn stored_per_kw(&self, step: usize) -> (f64, f64) {
        (self.steps[step].stored_per_charge, self.steps[step].stored_per_discharge)
    }

    /// Least and most at the end of a step, kWh.
    pub(super) fn window_kwh(&self, step: usize) -> (f64, f64) {
        self.windows.at(step)
    }

    /// What a storage holds at the end of each step by a plan, times a share, kWh.
    pub(super) fn soc_kwh(&self, plan: &Plan, share: f64) -> Vec<f64> {
        let mut soc = self.storage.soc_start_kwh;
        let flows = plan.power_kw.iter().zip(&plan.both_kw).zip(&self.steps).enumerate();
        let socs = flows.map(|(step, ((power, both), reach))| {
            let (charge, discharge) = (power.max(0.0) + both, (-power).max(0.0) + both);
            let stored = reach.stored_per_charge * charge - reach.stored_per_discharge * discharge;
            soc = self.storage.kept_per_step.at(step) * soc + stored;
            soc * share
        });
        socs.collect()
    }

    /// The least cost, and what to do, where `cost_of_power` writes what power within a range costs at a step. What of its
    /// limits cannot be kept counts by the penalties.
    pub(super) fn answer(
        &self,
        view: &View<'_>,
        buffers: &mut Buffers,
        cost_of_power: &CostOfPower<'_>,
    ) -> (f64, Plan) {
        let kept = if self.keeps_limits { self.answer_within(view, buffers, cost_of_power) } else { None };
        kept.unwrap_or_else(|| {
            buffers.draw(self, cost_of_power);
            let branches = buffers.branches(self, view);
            self.answer_among(view, &branches, &|step| vec![buffers.of_power[step].clone()])
        })
    }

    /// As [`answer`](Self::answer), to costs that are not convex.
    pub(super) fn answer_among(
        &self,
        view: &View<'_>,
        branches: &[Vec<Convex>],
        costs_of_power: &dyn Fn(usize) -> Vec<Convex>,
    ) -> (f64, Plan) {
        let solve = |penalties| envelope::solve(view.problem, &self.storage, &self.windows, branches, penalties);
        let within = if self.keeps_limits { solve(None) } else { None };
        let found = within.or_else(|| solve(Some(&view.problem.rules.penalties)));
        let (cost, added) = found.expect("penalties leave no plan out");
        (cost, self.plan(view, &added, costs_of_power))
    }

    /// The answer within all its limits, none if they cannot be kept.
    fn answer_within(
        &self,
        view: &View<'_>,
        buffers: &mut Buffers,
        cost_of_power: &CostOfPower<'_>,
    ) -> Option<(f64, Plan)> {
        buffers.draw(self, cost_of_power);
        let added = if self.is_plain(view.problem) { self.fast(buffers) } else { Err(NotConvex) };
        let (cost, added) = match added {
            Ok(found) => found?,
            Err(NotConvex) => {
                let branches = buffers.branches(self, view);
                envelope::solve(view.problem, &self.storage, &self.windows, &branches, None)?
            }
        };
        Some((cost, self.plan(view, &added, &|step| vec![buffers.of_power[step].clone()])))
    }

    /// Whether what it costs to add energy follows from what power costs, piece by piece.
    fn is_plain(&self, problem: &Problem) -> bool {
        problem.rules.storage == Exclusion::Exclusive && self.storage.modes_kw.is_empty()
    }

    /// The least cost and what each step adds.
    fn fast(&self, buffers: &mut Buffers) -> Result<Option<(f64, Vec<f64>)>, NotConvex> {
        let last = self.steps.len() - 1;
        let Buffers { of_power, of_energy, to_go } = buffers;
        if !to_go.begin(self.windows.at(last), self.storage.end_value_eur_per_kwh) {
            return Ok(None);
        }
        let wear = self.wear_eur_per_kw();
        for step in (0..=last).rev() {
            self.steps[step].onto_energy(&of_power[step], wear, of_energy)?;
            to_go.step_back(of_energy, self.storage.kept_per_step.at(step));
            if step > 0 && !to_go.cut(self.windows.at(step - 1)) {
                return Ok(None);
            }
        }
        let start = self.storage.soc_start_kwh;
        Ok(to_go.at(start).map(|cost| (cost, to_go.schedule(start))))
    }

    fn wear_eur_per_kw(&self) -> f64 {
        self.step_h * self.storage.ageing_eur_per_kwh
    }

    fn plan(&self, view: &View<'_>, added: &[f64], costs_of_power: &dyn Fn(usize) -> Vec<Convex>) -> Plan {
        let mut plan = Plan::default();
        for (step, (&added, reach)) in added.iter().zip(&self.steps).enumerate() {
            let (power, both) = if view.problem.rules.storage == Exclusion::Exclusive {
                let per = if added > 0.0 { reach.stored_per_charge } else { reach.stored_per_discharge };
                // Plus nothing: minus zero becomes zero.
                (added / per + 0.0, 0.0)
            } else {
                view.powers_on(&self.storage, step, added, || costs_of_power(step))
            };
            plan.power_kw.push(power);
            plan.both_kw.push(both);
        }
        plan
    }
}

/// A step's cost is not convex in the energy it adds.
struct NotConvex;

impl Reach {
    /// What adding energy costs, from what power costs; both cover all the storage can do.
    fn onto_energy(&self, of_power: &Convex, wear: f64, of_energy: &mut Convex) -> Result<(), NotConvex> {
        of_energy.pieces.clear();
        let mut power = of_power.from;
        let per = if power < 0.0 { self.stored_per_discharge } else { self.stored_per_charge };
        of_energy.from = power * per;
        of_energy.value = of_power.value + wear * power.abs();
        let mut push = |slope: f64, way: f64, per: f64, length: f64| {
            let piece = Piece { slope: (slope + way * wear) / per, tie: way / per, length: length * per };
            let rises = of_energy.pieces.last().is_none_or(|last| last.order(&piece).is_le());
            of_energy.pieces.push(piece);
            if rises { Ok(()) } else { Err(NotConvex) }
        };
        for piece in &of_power.pieces {
            let end = power + piece.length;
            if power < 0.0 {
                push(piece.slope, -1.0, self.stored_per_discharge, end.min(0.0) - power)?;
            }
            if end > 0.0 {
                push(piece.slope, 1.0, self.stored_per_charge, end - power.max(0.0))?;
            }
            power = end;
        }
        Ok(())
    }
}

impl Buffers {
    fn draw(&mut self, member: &Member, cost_of_power: &CostOfPower<'_>) {
        self.of_power.resize_with(member.steps.len(), Convex::default);
        for (step, (reach, cost)) in member.steps.iter().zip(&mut self.of_power).enumerate() {
            cost.pieces.clear();
            cost_of_power(step, (reach.low_kw, reach.high_kw), cost);
        }
    }

    fn branches(&self, member: &Member, view: &View<'_>) -> Vec<Vec<Convex>> {
        let of_step = |(step, cost)| view.branches_on(&member.storage, step, std::slice::from_ref(cost));
        self.of_power.iter().enumerate().map(of_step).collect()
    }
}

/// Whether two storages differ in their names at most. Those with gaps of power may do better if they do not do the same.
fn is_same(one: &Storage, other: &Storage) -> bool {
    let numbers = |storage: &Storage| {
        [
            storage.soc_start_kwh,
            storage.charge_efficiency,
            storage.discharge_efficiency,
            storage.ageing_eur_per_kwh,
            storage.end_value_eur_per_kwh,
        ]
    };
    numbers(one) == numbers(other)
        && one.modes_kw.is_empty()
        && other.modes_kw.is_empty()
        && (&one.soc_max_kwh, &one.soc_min_kwh, &one.kept_per_step)
            == (&other.soc_max_kwh, &other.soc_min_kwh, &other.kept_per_step)
        && (&one.charge_max_kw, &one.discharge_max_kw) == (&other.charge_max_kw, &other.discharge_max_kw)
        && (&one.minima, &one.maxima, &one.targets) == (&other.minima, &other.maxima, &other.targets)
}

/// So many of a storage as one: sizes and powers are as many times as large, rates are the same.
fn times(storage: &Storage, count: f64) -> Storage {
    let mut all = storage.clone();
    if count == 1.0 {
        return all;
    }
    all.soc_start_kwh *= count;
    for profile in [&mut all.soc_min_kwh, &mut all.soc_max_kwh, &mut all.charge_max_kw, &mut all.discharge_max_kw] {
        match profile {
            Profile::Constant(value) => *value *= count,
            Profile::Steps(values) => values.iter_mut().for_each(|value| *value *= count),
        }
    }
    for limit in all.minima.iter_mut().chain(&mut all.maxima) {
        limit.soc_kwh *= count;
    }
    for target in &mut all.targets {
        target.soc_kwh *= count;
    }
    all
}
