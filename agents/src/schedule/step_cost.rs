//! What a step costs as a function of the energy it adds to the one storage, at its best in everything else.
//!
//! With `y = f · h · (η_c · charge − discharge / η_d)` the energy added, the cost of a step is piecewise linear in y. Where it
//! is not convex (importing costs less than exporting earns, prices are negative, powers have gaps) it is the lowest of a
//! few convex branches: one for each direction of the connection, direction of the storage and range of power.

use super::convex::{Convex, Piece};
use super::problem::{CurtailableProduction, Device, Exclusion, Problem, Storage};
use market::dispatch::Profile;

/// A problem with at most one storage, seen from that storage.
pub(super) struct View<'a> {
    pub(super) problem: &'a Problem,
    pub(super) storage: Option<&'a Storage>,
    productions: Vec<&'a CurtailableProduction>,
    hours: f64,
    /// Most import, besides the limit of the site; kW. How the price of the peak is searched.
    pub(super) import_cap_kw: f64,
    /// What import above a level costs besides at each step, kW and EUR/kW: the share of the price of the peak; none for none.
    pub(super) peak: Option<(f64, Vec<f64>)>,
    /// Whether the limits of the connection may be exceeded, at a penalty.
    pub(super) relaxed: bool,
}

/// One step's numbers at the connection.
struct Connection {
    import_eur_per_kw: f64,
    export_eur_per_kw: f64,
    import_kw: f64,
    export_kw: f64,
    peak_kw: f64,
    peak_eur_per_kw: f64,
    /// Free flows earn by going both ways at once.
    loops: bool,
    penalty_eur_per_kw: Option<f64>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Flows {
    pub(super) power_kw: f64,
    pub(super) both_kw: f64,
    pub(super) curtailed_kw: f64,
    pub(super) site_both_kw: f64,
}

impl<'a> View<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        let mut view = Self {
            problem,
            storage: None,
            productions: Vec::new(),
            hours: problem.step_h(),
            import_cap_kw: f64::INFINITY,
            peak: None,
            relaxed: false,
        };
        for device in &problem.devices {
            match device {
                Device::Storage(storage) => view.storage = Some(storage),
                Device::CurtailableProduction(production) => view.productions.push(production),
            }
        }
        view
    }

    /// Stored energy per kW charged and per kW discharged, kWh.
    pub(super) fn stored_per_kw(&self, storage: &Storage, step: usize) -> (f64, f64) {
        let kept = storage.kept_per_step.at(step);
        let loss = if kept == 1.0 { 1.0 } else { (kept - 1.0) / libm::log(kept) };
        let per_kw = loss * self.hours;
        (per_kw * storage.charge_efficiency, per_kw / storage.discharge_efficiency)
    }

    /// What production could give at a step, kW.
    pub(super) fn available_kw(&self, step: usize) -> f64 {
        self.productions.iter().map(|production| production.available_kw.at(step)).sum()
    }

    /// What the connection takes beside storages of this power if nothing is curtailed, kW.
    pub(super) fn net_kw(&self, step: usize, power_kw: f64) -> f64 {
        self.problem.inflexible_kw.at(step) - self.available_kw(step) + power_kw
    }

    fn connection(&self, step: usize) -> Connection {
        let (problem, limits) = (self.problem, &self.problem.site.limits);
        let most = |limit: &Option<Profile>| limit.as_ref().map_or(f64::INFINITY, |limit| limit.at(step));
        let import_eur_per_kw = self.hours * problem.prices.import_eur_per_kwh.at(step);
        let export_eur_per_kw = self.hours * problem.prices.export_eur_per_kwh.at(step);
        let penalty = self.hours * problem.rules.penalties.site_eur_per_kwh;
        let (peak_kw, peak_eur_per_kw) =
            self.peak.as_ref().map_or((f64::INFINITY, 0.0), |(level, price)| (*level, price[step]));
        Connection {
            peak_kw,
            peak_eur_per_kw,
            import_eur_per_kw,
            export_eur_per_kw,
            import_kw: most(&limits.import_kw).min(self.import_cap_kw),
            export_kw: most(&limits.export_kw),
            loops: problem.rules.site == Exclusion::Free && import_eur_per_kw < export_eur_per_kw,
            penalty_eur_per_kw: self.relaxed.then_some(penalty),
        }
    }

    /// Whether going round through the meter would earn without end at a step.
    pub(super) fn is_unbounded(&self, step: usize) -> bool {
        let connection = self.connection(step);
        connection.loops && connection.import_kw.min(connection.export_kw).is_infinite()
    }

    /// The convex branches of the cost of a step; none if it cannot keep the limits of the connection.
    pub(super) fn branches(&self, step: usize) -> Vec<Convex> {
        let Some(storage) = self.storage else { return Vec::new() };
        let (charge_max, discharge_max) = (storage.charge_max_kw.at(step), storage.discharge_max_kw.at(step));
        self.branches_on(storage, step, &self.costs_of_power(step, (-discharge_max, charge_max)))
    }

    /// What the connection costs as a function of the power of all storages within `[low, high]`, production at its best.
    pub(super) fn costs_of_power(&self, step: usize, (low, high): (f64, f64)) -> Vec<Convex> {
        let available = self.available_kw(step);
        let base = self.problem.inflexible_kw.at(step) - available;
        let curves = self.connection(step).curves(base + low, base + available + high);
        curves.into_iter().map(|site| site.with_slack(available).onto(base, 1.0, 0.0, 0.0)).collect()
    }

    /// The convex branches of a step's cost to a storage, from what its power costs.
    pub(super) fn branches_on(&self, storage: &Storage, step: usize, costs_of_power: &[Convex]) -> Vec<Convex> {
        let (per_charge, per_discharge) = self.stored_per_kw(storage, step);
        let wear = self.hours * storage.ageing_eur_per_kwh;
        let mut branches: Vec<Convex> = Vec::with_capacity(2);
        for of_power in costs_of_power {
            for_each_range(storage, step, |least, most| {
                if self.problem.rules.storage == Exclusion::Free {
                    branches.extend(self.hull(storage, step, of_power, (least, most)).map(|(hull, _)| hull));
                    return;
                }
                let discharging = of_power.clipped(least, most.min(0.0));
                let discharging = discharging.map(|part| part.onto(0.0, per_discharge, -wear, -1.0));
                let charging = of_power.clipped(least.max(0.0), most);
                let charging = charging.map(|part| part.onto(0.0, per_charge, wear, 1.0));
                match (discharging, charging) {
                    (Some(discharging), Some(charging)) => match discharging.joined(charging) {
                        Ok(both) => branches.push(both),
                        Err((discharging, charging)) => branches.extend([discharging, charging]),
                    },
                    (one, other) => branches.extend(one.or(other)),
                }
            });
        }
        join(branches)
    }

    /// The cost where the storage may charge and discharge at once: the lower hull of all corners, which lie on the least and
    /// on the most that goes both ways. The second part tells power and both-ways power at each knot.
    fn hull(
        &self,
        storage: &Storage,
        step: usize,
        of_power: &Convex,
        (least, most): (f64, f64),
    ) -> Option<(Convex, Vec<(f64, f64)>)> {
        let (charge_max, discharge_max) = (storage.charge_max_kw.at(step), storage.discharge_max_kw.at(step));
        let (per_charge, per_discharge) = self.stored_per_kw(storage, step);
        let wear = self.hours * storage.ageing_eur_per_kwh;
        let of_power = of_power.clipped(least, most)?;
        let (from, to) = (of_power.from, of_power.to());
        let more = [0.0, charge_max - discharge_max].into_iter().filter(|power| (from..=to).contains(power));
        // Energy added, cost, power, both-ways power.
        let mut corners = Vec::with_capacity(16);
        for power in of_power.knots().map(|(power, _)| power).chain(more) {
            let (charge, discharge) = (power.max(0.0), (-power).max(0.0));
            for both in [0.0, (charge_max - charge).min(discharge_max - discharge).max(0.0)] {
                let (charge, discharge) = (charge + both, discharge + both);
                let stored = per_charge * charge - per_discharge * discharge;
                corners.push((stored, of_power.at(power) + wear * (charge + discharge), power, both));
            }
        }
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        corners.dedup_by(|later, kept| {
            let same = later.0 - kept.0 <= 1e-12;
            if same && (later.1, later.3) < (kept.1, kept.3) {
                *kept = *later;
            }
            same
        });
        let mut hull: Vec<(f64, f64, f64, f64)> = Vec::with_capacity(corners.len());
        for corner in corners {
            let slope = |a: &(f64, f64, f64, f64), b: &(f64, f64, f64, f64)| (b.1 - a.1) / (b.0 - a.0);
            while let [.., before, last] = hull[..]
                && slope(&before, &last) > slope(&last, &corner)
            {
                hull.pop();
            }
            hull.push(corner);
        }
        let throughput = |corner: &(f64, f64, f64, f64)| corner.2.abs() + 2.0 * corner.3;
        let mut pieces: Vec<Piece> = Vec::with_capacity(hull.len());
        for pair in hull.windows(2) {
            let length = pair[1].0 - pair[0].0;
            let slope = (pair[1].1 - pair[0].1) / length;
            let piece = Piece { slope, tie: (throughput(&pair[1]) - throughput(&pair[0])) / length, length };
            // Slopes of collinear corners may fall by rounding.
            let before = pieces.last().filter(|before| before.order(&piece).is_gt()).copied();
            pieces.push(before.map_or(piece, |before| Piece { length, ..before }));
        }
        let first = hull.first()?;
        Some((
            Convex { from: first.0, value: first.1, pieces },
            hull.iter().map(|corner| (corner.2, corner.3)).collect(),
        ))
    }

    /// The flows of least cost that add `stored` kWh in a step.
    pub(super) fn flows(&self, step: usize, stored: f64) -> Flows {
        let (power_kw, both_kw) = self.storage.map_or((0.0, 0.0), |storage| {
            let (charge_max, discharge_max) = (storage.charge_max_kw.at(step), storage.discharge_max_kw.at(step));
            let costs = || self.costs_of_power(step, (-discharge_max, charge_max));
            self.powers_on(storage, step, stored, costs)
        });
        self.flows_beside(step, power_kw, both_kw)
    }

    /// The flows of least cost beside storages of this power.
    pub(super) fn flows_beside(&self, step: usize, power_kw: f64, both_kw: f64) -> Flows {
        let connection = self.connection(step);
        let available = self.available_kw(step);
        let base = self.problem.inflexible_kw.at(step) - available + power_kw;
        // Wider than can be, so that a limit met by rounding is met.
        let curves = connection.curves(base - 1e-6, base + available + 1e-6);
        let cost = |net: f64| {
            let on = curves.iter().filter(|curve| curve.from - 1e-9 <= net && net <= curve.to() + 1e-9);
            on.map(|curve| curve.at(net)).min_by(f64::total_cmp)
        };
        // From the least curtailed on; a kW more must save something.
        let mut nets: Vec<f64> =
            curves.iter().flat_map(|curve| curve.knots().map(|(net, _)| net.clamp(base, base + available))).collect();
        nets.sort_by(f64::total_cmp);
        let mut best = (base, cost(base));
        for net in nets {
            let now = cost(net);
            if now.is_some_and(|now| best.1.is_none_or(|least| now < least - 1e-12)) {
                best = (net, now);
            }
        }
        let net = best.0;
        let most_both = (connection.import_kw - net.max(0.0)).min(connection.export_kw - (-net).max(0.0));
        let site_both_kw = if connection.loops { most_both.max(0.0) } else { 0.0 };
        Flows { power_kw, both_kw, curtailed_kw: (net - base).clamp(0.0, available), site_both_kw }
    }

    /// Power and both-ways power that add `stored` kWh at the least cost, given what power costs.
    pub(super) fn powers_on(
        &self,
        storage: &Storage,
        step: usize,
        stored: f64,
        costs_of_power: impl FnOnce() -> Vec<Convex>,
    ) -> (f64, f64) {
        let (per_charge, per_discharge) = self.stored_per_kw(storage, step);
        if self.problem.rules.storage == Exclusion::Exclusive {
            let power = if stored > 0.0 { stored / per_charge } else { stored / per_discharge };
            // Plus nothing: minus zero becomes zero.
            return (power + 0.0, 0.0);
        }
        let mut best: Option<(f64, (f64, f64))> = None;
        for of_power in costs_of_power() {
            for_each_range(storage, step, |least, most| {
                let Some((hull, powers)) = self.hull(storage, step, &of_power, (least, most)) else { return };
                if stored < hull.from - 1e-9 || stored > hull.to() + 1e-9 {
                    return;
                }
                let cost = hull.at(stored);
                if best.is_some_and(|(least, _)| cost >= least) {
                    return;
                }
                let mut left = (stored - hull.from).max(0.0);
                let mut place = 0;
                while place + 1 < hull.pieces.len() && left > hull.pieces[place].length {
                    left -= hull.pieces[place].length;
                    place += 1;
                }
                let (begin, end) = (powers[place], powers[(place + 1).min(powers.len() - 1)]);
                let share = hull.pieces.get(place).map_or(0.0, |piece| (left / piece.length).min(1.0));
                // Power and what goes both ways bend at zero, so the two directions are mixed, not these.
                let ways = |(power, both): (f64, f64)| (power.max(0.0) + both, (-power).max(0.0) + both);
                let mix = |a: f64, b: f64| a + share * (b - a);
                let (charge, discharge) = (mix(ways(begin).0, ways(end).0), mix(ways(begin).1, ways(end).1));
                let both = charge.min(discharge);
                best = Some((cost, (charge - discharge, if both < 1e-9 { 0.0 } else { both })));
            });
        }
        best.map_or((0.0, 0.0), |(_, powers)| powers)
    }

    /// The productions with what each gives at a step if `curtailed_kw` are left out, the last ones first; kW.
    pub(super) fn produced_kw(&self, step: usize, curtailed_kw: f64) -> Vec<f64> {
        let mut left = curtailed_kw;
        let mut produced: Vec<f64> =
            self.productions.iter().map(|production| production.available_kw.at(step)).collect();
        for power in produced.iter_mut().rev() {
            let less = left.min(*power);
            *power -= less;
            left -= less;
        }
        produced
    }
}

impl Connection {
    /// What a net power costs, kW to EUR, on `[low, high]`: one convex function where it is one, else one per direction.
    fn curves(&self, low: f64, high: f64) -> Vec<Convex> {
        let (import, export) = (self.import_eur_per_kw, self.export_eur_per_kw);
        let (most, least) = (self.import_kw, -self.export_kw);
        let tail = |slope| self.penalty_eur_per_kw.map(|penalty| slope + penalty);
        let above_peak = import + self.peak_eur_per_kw;
        let above = tail(above_peak).map(|slope| (most, f64::INFINITY, slope));
        let below = tail(-export).map(|slope| (f64::NEG_INFINITY, least, -slope));
        let bend = self.peak_kw.min(most);
        let curve = |value: f64, parts: &[Option<(f64, f64, f64)>]| drawn(value, parts, low, high);
        if self.loops {
            let turn = most + least;
            let at_zero = self.import_kw.min(self.export_kw) * (import - export);
            let parts = [below, Some((least, turn, import)), Some((turn, most, export)), above];
            curve(at_zero, &parts).into_iter().collect()
        } else if export <= import {
            let parts =
                [below, Some((least, 0.0, export)), Some((0.0, bend, import)), Some((bend, most, above_peak)), above];
            curve(0.0, &parts).into_iter().collect()
        } else {
            let giving = curve(0.0, &[below, Some((least, 0.0, export))]);
            let taking = curve(0.0, &[Some((0.0, bend, import)), Some((bend, most, above_peak)), above]);
            giving.into_iter().chain(taking).collect()
        }
    }
}

/// The function of these parts (from, to, slope; side by side, over zero or ending there) with this value at zero, on
/// `[low, high]`; none if they do not meet.
fn drawn(at_zero: f64, parts: &[Option<(f64, f64, f64)>], low: f64, high: f64) -> Option<Convex> {
    let parts = || parts.iter().flatten().copied();
    let low = low.max(parts().next()?.0);
    let high = high.min(parts().last()?.1);
    if low > high {
        return None;
    }
    let overlap = |from: f64, to: f64, a: f64, b: f64| (to.min(b) - from.max(a)).max(0.0);
    let before: f64 = parts().map(|(from, to, slope)| slope * overlap(from, to, low, 0.0)).sum();
    let after: f64 = parts().map(|(from, to, slope)| slope * overlap(from, to, 0.0, low)).sum();
    let pieces = parts().map(|(from, to, slope)| Piece { slope, tie: 0.0, length: overlap(from, to, low, high) });
    let pieces = pieces.filter(|piece| piece.length > 0.0).collect();
    Some(Convex { from: low, value: at_zero - before + after, pieces })
}

/// The ranges of power the storage can run at within its limits; standing still where there is none.
fn for_each_range(storage: &Storage, step: usize, mut visit: impl FnMut(f64, f64)) {
    let (lowest, highest) = (-storage.discharge_max_kw.at(step), storage.charge_max_kw.at(step));
    if storage.modes_kw.is_empty() {
        return visit(lowest, highest);
    }
    let mut none = true;
    for &[least, most] in &storage.modes_kw {
        let (least, most) = (least.max(lowest), most.min(highest));
        if least <= most {
            none = false;
            visit(least, most);
        }
    }
    if none {
        visit(0.0, 0.0);
    }
}

/// Joins branches that continue each other.
fn join(mut branches: Vec<Convex>) -> Vec<Convex> {
    if branches.len() < 2 {
        return branches;
    }
    branches.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.to().total_cmp(&b.to())));
    let mut joined: Vec<Convex> = Vec::with_capacity(branches.len());
    for branch in branches {
        match joined.pop() {
            None => joined.push(branch),
            Some(last) => match last.joined(branch) {
                Ok(both) => joined.push(both),
                Err((last, branch)) => joined.extend([last, branch]),
            },
        }
    }
    joined
}
