//! The dispatch as a linear problem, and its solution read back.
//!
//! Every place whose net flow is limited (the community, a group, a member's connection) is a node with one balance per
//! step; places without limits dissolve into the node around them, and so does their PV, which is shared out again
//! afterwards by what was available. Stored energy stays a column of its own: without it every limit on energy would be
//! a row over all steps before, and the factorisation dense.

use super::community::{Community, DispatchError, Limits, Storage};
use super::schedule::{Dispatch, MemberSchedule, StorageSchedule};
use super::{exclusion, reach};
use crate::optimise::{Column, ColumnId, OptimiseError, Optimiser, Problem, Row, RowId, Solution};

/// The most limits that are tried one by one to say which contradict each other.
const MOST_SUSPECTS: usize = 300;

/// The schedule of least cost for all members together.
///
/// One linear problem with, per step, three columns and one row for each storage, and a column and a row for each place
/// with a limit; with [`Community::exclusive_charging`] also integer columns at those steps where a storage would burn
/// energy. Schedules of equal cost exist side by side; the same community always gives the same one.
///
/// # Errors
/// A community that makes no sense, a storage target out of reach, limits that contradict each other, or a solver that
/// fails, each as its case of [`DispatchError`].
pub fn dispatch(community: &Community, optimiser: &dyn Optimiser) -> Result<Dispatch, DispatchError> {
    community.check()?;
    reach::check(community)?;
    exclusion::solve(community, optimiser)
}

/// The linear problem of a dispatch, exactly as [`dispatch`] hands it to its optimiser: for comparisons with other solvers.
///
/// # Errors
/// Those of [`dispatch`] that are found before solving.
pub fn formulate(community: &Community) -> Result<Problem, DispatchError> {
    community.check()?;
    reach::check(community)?;
    Ok(Model::of(community, &[]).problem)
}

/// A place with a balance of its own.
struct Node {
    /// What errors call it.
    name: String,
    /// The node around it, and the limits on the flow from there; none for the community.
    feed: Option<(usize, Limits)>,
    /// The sum of loads without a node of their own, one number per step.
    load_kw: Vec<f64>,
    /// The PV available to it, one number per step.
    pv_available_kw: Vec<f64>,
    /// The column of PV used, at steps that have PV.
    pv: Vec<Option<ColumnId>>,
    /// The columns its balance adds up, one list per step.
    terms: Vec<Vec<(ColumnId, f64)>>,
    balance: Vec<RowId>,
}

/// The columns of one storage, one per step.
pub(super) struct StorageColumns {
    pub(super) member: usize,
    pub(super) place: usize,
    pub(super) charge: Vec<ColumnId>,
    pub(super) discharge: Vec<ColumnId>,
}

/// The problem, and where everything is in it.
pub(super) struct Model<'a> {
    community: &'a Community,
    pub(super) problem: Problem,
    nodes: Vec<Node>,
    node_of_group: Vec<usize>,
    node_of_member: Vec<usize>,
    pub(super) storages: Vec<StorageColumns>,
}

impl<'a> Model<'a> {
    /// `exclusive` lists storages (by their place in `storages`) and steps where charging and discharging exclude each other.
    pub(super) fn of(community: &'a Community, exclusive: &[(usize, usize)]) -> Self {
        let mut model = Model {
            community,
            problem: Problem::default(),
            nodes: Vec::new(),
            node_of_group: Vec::new(),
            node_of_member: Vec::new(),
            storages: Vec::new(),
        };
        model.add_nodes();
        for (member, of_member) in community.members.iter().enumerate() {
            for (place, storage) in of_member.storages.iter().enumerate() {
                model.add_storage(member, place, storage);
            }
        }
        model.add_grid();
        for node in 0..model.nodes.len() {
            model.feed(node);
        }
        for node in &mut model.nodes {
            for (terms, &load_kw) in node.terms.iter().zip(&node.load_kw) {
                let row = Row::equal(load_kw).with_all(terms.iter().copied());
                node.balance.push(model.problem.row(row));
            }
        }
        for &(storage, step) in exclusive {
            model.exclude(storage, step);
        }
        model
    }

    /// Finds the nodes, groups before members and outer groups before inner ones, and gathers load and PV at them.
    fn add_nodes(&mut self) {
        let community = self.community;
        self.push_node("the community".to_owned(), None);
        self.node_of_group = vec![usize::MAX; community.groups.len()];
        for group in 0..community.groups.len() {
            self.settle_group(group);
        }
        for (index, member) in community.members.iter().enumerate() {
            let around = member.group.map_or(0, |group| self.node_of_group[group]);
            let feed = Some((around, member.limits.clone()));
            let is_free = member.limits.is_none();
            let node = if is_free { around } else { self.push_node(community.member_name(index), feed) };
            self.node_of_member.push(node);
            add(&mut self.nodes[node].load_kw, &member.load_kw);
            add(&mut self.nodes[node].pv_available_kw, &member.pv_kw);
        }
    }

    /// The node of a group: its own if it is limited, else that around it. Groups form trees, so the way up ends.
    fn settle_group(&mut self, group: usize) -> usize {
        if self.node_of_group[group] != usize::MAX {
            return self.node_of_group[group];
        }
        let community = self.community;
        let of = &community.groups[group];
        let around = of.parent.map_or(0, |parent| self.settle_group(parent));
        let feed = Some((around, of.limits.clone()));
        let name = || format!("group `{}`", of.name);
        self.node_of_group[group] = if of.limits.is_none() { around } else { self.push_node(name(), feed) };
        self.node_of_group[group]
    }

    fn push_node(&mut self, name: String, feed: Option<(usize, Limits)>) -> usize {
        let steps = self.community.steps;
        self.nodes.push(Node {
            name,
            feed,
            load_kw: vec![0.0; steps],
            pv_available_kw: vec![0.0; steps],
            pv: Vec::with_capacity(steps),
            terms: vec![Vec::new(); steps],
            balance: Vec::with_capacity(steps),
        });
        self.nodes.len() - 1
    }

    fn add_storage(&mut self, member: usize, place: usize, storage: &Storage) {
        let flows = storage.add_to(&mut self.problem, self.community.steps, self.community.step_h);
        let terms = &mut self.nodes[self.node_of_member[member]].terms;
        for (terms, (&charge, &discharge)) in terms.iter_mut().zip(flows.charge.iter().zip(&flows.discharge)) {
            terms.extend([(charge, -1.0), (discharge, 1.0)]);
        }
        self.storages.push(StorageColumns { member, place, charge: flows.charge, discharge: flows.discharge });
    }

    /// Imports and exports of the community.
    fn add_grid(&mut self) {
        let community = self.community;
        for step in 0..community.steps {
            let columns = community.grid_columns(&mut self.problem, step, &community.limits);
            self.nodes[0].terms[step].extend(columns);
        }
    }

    /// Adds what flows into a node from around it, and its PV. In its balance what comes in less what goes out is its load.
    fn feed(&mut self, node: usize) {
        for step in 0..self.community.steps {
            if let Some((around, limits)) = &self.nodes[node].feed {
                let (least, most) = limits.at(step);
                let flow = self.problem.column(Column::between(least, most));
                let around = *around;
                self.nodes[node].terms[step].push((flow, 1.0));
                self.nodes[around].terms[step].push((flow, -1.0));
            }
            let node = &mut self.nodes[node];
            let available = node.pv_available_kw[step];
            let pv = (available > 0.0).then(|| self.problem.column(Column::between(0.0, available)));
            node.terms[step].extend(pv.map(|pv| (pv, 1.0)));
            node.pv.push(pv);
        }
    }

    /// A binary column: 1 allows charging, 0 discharging.
    fn exclude(&mut self, storage: usize, step: usize) {
        let columns = &self.storages[storage];
        let of = &self.community.members[columns.member].storages[columns.place];
        let charging = self.problem.column(Column::binary());
        let charge_max_kw = of.charge_max_kw.at(step);
        let discharge_max_kw = of.discharge_max_kw.at(step);
        self.problem.row(Row::at_most(0.0).with(columns.charge[step], 1.0).with(charging, -charge_max_kw));
        let discharge = Row::at_most(discharge_max_kw).with(columns.discharge[step], 1.0);
        self.problem.row(discharge.with(charging, discharge_max_kw));
    }

    /// Solves and reads back.
    pub(super) fn solve(&self, optimiser: &dyn Optimiser) -> Result<Dispatch, DispatchError> {
        let solution = optimiser.solve(&self.problem).map_err(|error| self.explain(error, optimiser))?;
        let community = self.community;
        let mut members: Vec<MemberSchedule> = (0..community.members.len())
            .map(|member| MemberSchedule { pv_kw: self.pv_of(member, &solution), ..MemberSchedule::default() })
            .collect();
        for columns in &self.storages {
            let values = |columns: &[ColumnId]| columns.iter().map(|&column| solution.value(column)).collect();
            members[columns.member].storages.push(StorageSchedule {
                charge_kw: values(&columns.charge),
                discharge_kw: values(&columns.discharge),
                energy_kwh: Vec::new(),
            });
        }
        let mut found = Dispatch::of(community, members);
        for (member, &node) in found.members.iter_mut().zip(&self.node_of_member) {
            member.price_eur_per_kwh = self.prices(node, &solution);
        }
        found.price_eur_per_kwh = self.prices(0, &solution);
        found.group_price_eur_per_kwh = self.node_of_group.iter().map(|&node| self.prices(node, &solution)).collect();
        found.gap_eur = solution.gap;
        found.residuals = solution.residuals;
        found.iterations = solution.iterations;
        Ok(found)
    }

    /// The PV a member uses: its share of what its node uses, by what is available.
    fn pv_of(&self, member: usize, solution: &Solution) -> Vec<f64> {
        let node = &self.nodes[self.node_of_member[member]];
        let share = |(step, &available): (usize, &f64)| match node.pv[step] {
            Some(pv) => available * (solution.value(pv) / node.pv_available_kw[step]).min(1.0),
            None => 0.0,
        };
        let used: Vec<f64> = self.community.members[member].pv_kw.iter().enumerate().map(share).collect();
        if used.is_empty() { vec![0.0; self.community.steps] } else { used }
    }

    /// The duals of a node's balances are EUR per kW over one step.
    fn prices(&self, node: usize, solution: &Solution) -> Vec<f64> {
        self.nodes[node].balance.iter().map(|&row| solution.dual(row) / self.community.step_h).collect()
    }

    /// Puts a contradiction of rows in the words of the community.
    fn explain(&self, error: OptimiseError, optimiser: &dyn Optimiser) -> DispatchError {
        match error.narrowed(&self.problem, optimiser, MOST_SUSPECTS) {
            OptimiseError::Infeasible { rows, .. } => {
                let steps_of = |node: &Node| {
                    let steps = node.balance.iter().enumerate().filter(|(_, row)| rows.contains(row));
                    let steps: Vec<_> = steps.map(|(step, _)| step).collect();
                    let (first, last) = (steps.first()?, steps.last()?);
                    Some(match first == last {
                        true => format!("{} at step {first}", node.name),
                        false => format!("{} at steps {first} to {last}", node.name),
                    })
                };
                let places: Vec<_> = self.nodes.iter().filter_map(steps_of).collect();
                DispatchError::Infeasible { places: places.join(", ") }
            }
            error => DispatchError::Optimise(error),
        }
    }
}

impl Community {
    /// Imports and exports at one step; one column for both where they cost the same, since only their difference would
    /// be determined.
    pub(super) fn grid_columns(&self, problem: &mut Problem, step: usize, limits: &Limits) -> Vec<(ColumnId, f64)> {
        let (least, most) = limits.at(step);
        let import = self.step_h * self.import_price_eur_per_kwh[step];
        let export = self.step_h * self.export_price_eur_per_kwh[step];
        if import == export {
            return vec![(problem.column(Column::between(least, most).cost(import)), 1.0)];
        }
        let imports = problem.column(Column::between(0.0, most).cost(import));
        let exports = problem.column(Column::between(0.0, -least).cost(-export));
        vec![(imports, 1.0), (exports, -1.0)]
    }
}

fn add(sum: &mut [f64], values: &[f64]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}
