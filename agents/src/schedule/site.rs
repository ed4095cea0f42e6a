//! What the connection costs as a function of the power of all storages behind it, step by step: as it is, and smoothed
//! around prices.
//!
//! As it is, it bends where import turns into export and at limits, and storages that answer one after the other get stuck
//! there: none can move alone. Smoothed (the proximal term of the method of multipliers), a bend becomes a ramp of slopes
//! around the price of that step, so that each sees what the others would give for a kW. As prices settle, the smoothed
//! cost's lowest point is that of the cost as it is, whatever the width of the ramps: see Bertsekas, *Constrained
//! Optimization and Lagrange Multiplier Methods*, 1982, chapter 5.

use super::convex::{Convex, Piece};
use super::step_cost::View;

/// The cost of one step.
pub(super) struct SiteCost {
    /// As it is: one convex function, or one for each direction.
    pub(super) branches: Vec<Convex>,
    /// The largest convex function below.
    hull: Option<Convex>,
}

impl SiteCost {
    /// The costs of a step for storages that together reach this range, kW.
    pub(super) fn new(view: &View<'_>, step: usize, range_kw: (f64, f64)) -> Self {
        let branches = view.costs_of_power(step, range_kw);
        let hull = if branches.len() > 1 { Some(hull(&branches)) } else { None };
        Self { branches, hull }
    }

    pub(super) fn convex(&self) -> &Convex {
        self.hull.as_ref().unwrap_or(&self.branches[0])
    }

    pub(super) fn is_convex(&self) -> bool {
        self.hull.is_none()
    }

    /// The least of the cost less what the power is worth at a price.
    pub(super) fn least_less(&self, price: f64) -> f64 {
        self.convex().knots().map(|(power, cost)| cost - price * power).fold(f64::INFINITY, f64::min)
    }

    /// The lowest slope and the highest one.
    pub(super) fn slopes(&self) -> (f64, f64) {
        let pieces = &self.convex().pieces;
        (pieces.first().map_or(0.0, |piece| piece.slope), pieces.last().map_or(0.0, |piece| piece.slope))
    }

    /// The slope at a power, halfway between those on both sides of a bend.
    pub(super) fn slope_at(&self, power: f64) -> f64 {
        const NEAR_KW: f64 = 1e-9;
        let pieces = &self.convex().pieces;
        let mut end = self.convex().from;
        let ends = pieces.iter().map(|piece| {
            end += piece.length;
            end
        });
        let ends: Vec<f64> = ends.collect();
        let after = ends.partition_point(|&end| end <= power + NEAR_KW).min(pieces.len().saturating_sub(1));
        let before = ends.partition_point(|&end| end < power - NEAR_KW).min(after);
        let slope = |place: usize| pieces.get(place).map_or(0.0, |piece| piece.slope);
        (slope(before) + slope(after)) / 2.0
    }
}

/// A cost smoothed around a price.
#[derive(Clone, Copy)]
pub(super) struct Smoothed<'a> {
    pub(super) cost: &'a Convex,
    pub(super) price: f64,
    /// By how much slopes rise on a ramp, EUR/kW².
    pub(super) rise: f64,
}

impl Smoothed<'_> {
    /// The slope at a power.
    pub(super) fn slope_at(&self, power: f64) -> f64 {
        let mut kink = self.cost.from;
        let mut last = None;
        for piece in &self.cost.pieces {
            if let Some(before) = last {
                // The ramp between the last piece and this one.
                let on_ramp = self.price + self.rise * (power - kink);
                if on_ramp <= before {
                    return before;
                }
                if on_ramp < piece.slope {
                    return on_ramp;
                }
            }
            last = Some(piece.slope);
            kink += piece.length;
        }
        last.unwrap_or(self.price)
    }

    /// Writes it down on `[low, high]`, shifted left by `shift`: ramps in steps that are finer near to `centre`, down to
    /// `near`. Its value is left out.
    pub(super) fn draw(&self, (low, high): (f64, f64), shift: f64, (centre, near): (f64, f64), out: &mut Convex) {
        (out.from, out.value) = (low, 0.0);
        let (low, high, centre) = (low + shift, high + shift, centre + shift);
        let mut at = low;
        let mut kink = self.cost.from;
        let mut before = None;
        let mut push = |slope: f64, length: f64| {
            if length > 0.0 {
                out.pieces.push(Piece { slope, tie: 0.0, length });
            }
        };
        for piece in &self.cost.pieces {
            if let Some(before) = before {
                let begins = kink + (before - self.price) / self.rise;
                let ends = kink + (piece.slope - self.price) / self.rise;
                push(before, begins.min(high) - at);
                at = at.max(begins.min(high));
                while at < ends.min(high) {
                    let next = next_cut(at, centre, near).min(ends).min(high);
                    push(self.price + self.rise * ((at + next) / 2.0 - kink), next - at);
                    at = next;
                }
            }
            before = Some(piece.slope);
            kink += piece.length;
        }
        push(before.unwrap_or(self.price), high - at);
    }
}

/// Where the next step of a ramp ends: distances from the centre rise fourfold.
fn next_cut(at: f64, centre: f64, near: f64) -> f64 {
    const FOLD: f64 = 4.0;
    let distance = at - centre;
    if distance < -near {
        centre + (distance / FOLD).min(-near * 0.999)
    } else if distance < -1e-3 * near {
        centre
    } else if distance < 0.999 * near {
        centre + near
    } else {
        centre + FOLD * distance
    }
}

/// The largest convex function below some that lie side by side.
pub(super) fn hull(branches: &[Convex]) -> Convex {
    let mut knots: Vec<(f64, f64)> = branches.iter().flat_map(Convex::knots).collect();
    knots.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // Where branches end at the same power but for rounding, the lower one counts, whichever comes first.
    knots.dedup_by(|later, kept| {
        let is_same = later.0 - kept.0 <= 1e-12;
        kept.1 = if is_same { kept.1.min(later.1) } else { kept.1 };
        is_same
    });
    let slope = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1) / (b.0 - a.0);
    let mut hull: Vec<(f64, f64)> = Vec::with_capacity(knots.len());
    for knot in knots {
        while let [.., before, last] = hull[..]
            && slope(before, last) >= slope(last, knot)
        {
            hull.pop();
        }
        hull.push(knot);
    }
    let piece = |pair: &[(f64, f64)]| Piece { slope: slope(pair[0], pair[1]), tie: 0.0, length: pair[1].0 - pair[0].0 };
    let (from, value) = hull[0];
    Convex { from, value, pieces: hull.windows(2).map(piece).collect() }
}
