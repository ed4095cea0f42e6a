//! Exact economic dispatch of given running units: cheapest power that meets a residual load within each unit's window
//! and holds a primary reserve.
//!
//! Costs are convex and piecewise linear, so without a reserve the merit order of their segments is optimal: the price
//! is the marginal cost of the segment that the last megawatt comes from (equal incremental cost; Wood, Wollenberg,
//! Sheblé, *Power Generation, Operation, and Control*, chapter 3). With a reserve requirement one more multiplier μ is
//! wanted: a unit at p gives the reserve min(limit, rating − p), concave in p, so that cost less μ times reserve is
//! convex again, with a slope higher by μ beyond the knee at rating − limit. For each μ the merit order is optimal; the
//! reserve grows with μ, in jumps at differences of marginal costs only, which are searched; at the jump that passes the
//! requirement both orders are optimal, and so is each of their mixtures, of which the one with just enough reserve is
//! taken.

use crate::fleet::{Curve, Group};

/// Sums and comparisons of powers are good to this, MW.
const NEAR_MW: f64 = 1e-9;

/// How much more load tells the price where a reserve is just held, MW.
const MORE_MW: f64 = 1e-3;

/// A running unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Online {
    /// Place of its kind among the kinds of the [`Merit`]. Units of one kind stand together.
    pub kind: usize,
    /// Least power, MW.
    pub lowest_mw: f64,
    /// Greatest power, MW.
    pub highest_mw: f64,
    /// Whether it is about to be stopped: it gives its least power and holds no reserve.
    pub leaving: bool,
}

/// Units that share a cost curve and a rating.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Cost by power.
    pub curve: Curve,
    /// Rating, MW.
    pub rated_mw: f64,
    /// Most primary reserve of a unit, MW.
    pub reserve_mw: f64,
}

impl Kind {
    /// The kind of the units of a dispatchable group; of others none.
    pub fn of(group: &Group) -> Option<Self> {
        let curve = group.fuel.as_ref()?.curve(group.rated_mw);
        Some(Self { curve, rated_mw: group.rated_mw, reserve_mw: group.reserve_mw() })
    }

    /// Reserve of a running unit, MW.
    pub fn reserve_at(&self, power_mw: f64) -> f64 {
        self.reserve_mw.min(self.rated_mw - power_mw).max(0.0)
    }
}

/// A stretch of power of units of one kind at one marginal cost.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    kind: usize,
    from_mw: f64,
    to_mw: f64,
    eur_per_mwh: f64,
}

/// What a dispatch came to besides the powers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dispatched {
    /// Cost of one more megawatt for an hour, EUR/MWh; none where no unit can give more.
    pub price_eur_per_mwh: Option<f64>,
    /// What holding one more megawatt of reserve for an hour costs, EUR/MWh.
    pub reserve_price_eur_per_mwh: f64,
    /// Reserve held by the units, MW.
    pub reserve_mw: f64,
    /// Load that the units cannot meet, MW.
    pub short_mw: f64,
    /// Power that the units cannot do without giving, MW.
    pub excess_mw: f64,
}

/// The merit order of kinds of units.
#[derive(Clone, Debug, PartialEq)]
pub struct Merit {
    kinds: Vec<Kind>,
    order: Vec<Stretch>,
    /// Reserve prices at which the order may change, rising.
    jumps: Vec<f64>,
}

impl Merit {
    /// The merit order of these kinds; of equal marginal costs the kind that stands first goes first.
    pub fn new(kinds: Vec<Kind>) -> Self {
        let order = ordered(&kinds, 0.0);
        let mut jumps: Vec<f64> = Vec::new();
        for above in &order {
            jumps.extend(order.iter().map(|below| above.eur_per_mwh - below.eur_per_mwh).filter(|jump| *jump > 0.0));
        }
        jumps.sort_by(f64::total_cmp);
        jumps.dedup();
        Self { kinds, order, jumps }
    }

    /// The kinds, in their order.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Powers of least cost for these units, written to `power_mw`, MW.
    ///
    /// What cannot be met, or not be avoided, is in the answer; so is a reserve smaller than asked for, which is then
    /// the greatest there is.
    pub fn dispatch(
        &self,
        online: &[Online],
        residual_mw: f64,
        reserve_mw: f64,
        power_mw: &mut Vec<f64>,
    ) -> Dispatched {
        let dispatched = self.cheapest(online, residual_mw, reserve_mw, power_mw);
        let spare_mw = dispatched.reserve_mw - reserve_mw;
        if dispatched.price_eur_per_mwh.is_none() || reserve_mw <= 0.0 || !(-NEAR_MW..MORE_MW).contains(&spare_mw) {
            return dispatched;
        }
        // Where the reserve is just held, a little more load may cost more than the stretch it comes from.
        let mut more = Vec::with_capacity(online.len());
        let dearer = self.cheapest(online, residual_mw + MORE_MW, reserve_mw, &mut more);
        if dearer.reserve_mw < reserve_mw - NEAR_MW {
            return dispatched;
        }
        let cost = |powers: &[f64]| -> f64 {
            online.iter().zip(powers).map(|(unit, power)| self.kinds[unit.kind].curve.at(*power).0).sum()
        };
        Dispatched { price_eur_per_mwh: Some((cost(&more) - cost(power_mw)) / MORE_MW), ..dispatched }
    }

    fn cheapest(&self, online: &[Online], residual_mw: f64, reserve_mw: f64, power_mw: &mut Vec<f64>) -> Dispatched {
        let mut dispatched = fill(&self.order, online, residual_mw, power_mw);
        dispatched.reserve_mw = self.reserve(online, power_mw);
        let is_settled = dispatched.short_mw > 0.0 || dispatched.excess_mw > 0.0;
        if is_settled || dispatched.reserve_mw >= reserve_mw - NEAR_MW {
            return dispatched;
        }
        self.hold(online, residual_mw, reserve_mw, power_mw)
    }

    /// Reserve that units hold at these powers, MW.
    fn reserve(&self, online: &[Online], power_mw: &[f64]) -> f64 {
        let holding = online.iter().zip(power_mw).filter(|(unit, _)| !unit.leaving);
        holding.map(|(unit, power)| self.kinds[unit.kind].reserve_at(*power)).sum()
    }

    /// Dispatch where the merit order alone holds too little reserve.
    fn hold(&self, online: &[Online], residual_mw: f64, reserve_mw: f64, power_mw: &mut Vec<f64>) -> Dispatched {
        let at = |price: f64, powers: &mut Vec<f64>| {
            let mut dispatched = fill(&ordered(&self.kinds, price), online, residual_mw, powers);
            dispatched.reserve_mw = self.reserve(online, powers);
            dispatched
        };
        // Prices between two jumps have one order: the middle of each interval stands for it.
        let middle = |interval: usize| match (interval.checked_sub(1).map(|i| self.jumps[i]), self.jumps.get(interval))
        {
            (None, Some(first)) => first / 2.0,
            (Some(below), Some(above)) => 0.5 * (below + above),
            (Some(last), None) => last + 1.0,
            (None, None) => 1.0,
        };
        let mut above = Vec::with_capacity(online.len());
        let (mut low, mut high) = (0, self.jumps.len());
        while low < high {
            let half = low + (high - low) / 2;
            if at(middle(half), &mut above).reserve_mw >= reserve_mw - NEAR_MW { high = half } else { low = half + 1 }
        }
        let dear = at(middle(low), &mut above);
        if low == 0 || dear.reserve_mw < reserve_mw - NEAR_MW {
            // The first interval has the order without a reserve but for ties; the last the most reserve there is.
            power_mw.clone_from(&above);
            return Dispatched { reserve_price_eur_per_mwh: if low == 0 { 0.0 } else { middle(low) }, ..dear };
        }
        let price = self.jumps[low - 1];
        let mut below = Vec::with_capacity(online.len());
        at(middle(low - 1), &mut below);
        self.mix(online, reserve_mw, (&below, &above), power_mw);
        Dispatched { reserve_price_eur_per_mwh: price, reserve_mw: self.reserve(online, power_mw), ..dear }
    }

    /// The mixture of two optimal dispatches that holds just this reserve.
    fn mix(&self, online: &[Online], reserve_mw: f64, (below, above): (&[f64], &[f64]), power_mw: &mut Vec<f64>) {
        let write = |share: f64, powers: &mut Vec<f64>| {
            powers.clear();
            powers.extend(below.iter().zip(above).map(|(below, above)| below + share * (above - below)));
        };
        let (mut low, mut high) = (0.0, 1.0);
        // Halving an interval of length one sixty times leaves nothing of it.
        for _ in 0..60 {
            let half = 0.5 * (low + high);
            write(half, power_mw);
            if self.reserve(online, power_mw) >= reserve_mw { high = half } else { low = half }
        }
        write(high, power_mw);
    }
}

/// All stretches by marginal cost, where a megawatt of reserve is worth this much.
fn ordered(kinds: &[Kind], reserve_eur_per_mwh: f64) -> Vec<Stretch> {
    let mut order = Vec::new();
    for (place, kind) in kinds.iter().enumerate() {
        let knee_mw = kind.rated_mw - kind.reserve_mw;
        let mut from_mw = 0.0;
        for segment in &kind.curve.segments {
            let mut push = |from_mw: f64, to_mw: f64, eur_per_mwh: f64| {
                if to_mw > from_mw {
                    order.push(Stretch { kind: place, from_mw, to_mw, eur_per_mwh });
                }
            };
            push(from_mw, segment.to_mw.min(knee_mw), segment.eur_per_mwh);
            push(from_mw.max(knee_mw), segment.to_mw, segment.eur_per_mwh + reserve_eur_per_mwh);
            from_mw = segment.to_mw;
        }
    }
    // Stable: of equal costs the kind that stands first, and the lower power, go first.
    order.sort_by(|a, b| a.eur_per_mwh.total_cmp(&b.eur_per_mwh));
    order
}

/// What a unit can still take of a stretch from its power up, MW.
fn room(stretch: &Stretch, unit: &Online) -> f64 {
    if unit.leaving {
        return 0.0;
    }
    (stretch.to_mw.min(unit.highest_mw) - stretch.from_mw.max(unit.lowest_mw)).max(0.0)
}

/// The units of a kind, which stand together.
fn of_kind(online: &[Online], kind: usize) -> std::ops::Range<usize> {
    let start = online.partition_point(|unit| unit.kind < kind);
    let length = online[start..].iter().take_while(|unit| unit.kind == kind).count();
    start..start + length
}

/// Fills stretches in their order. Units of a kind share a stretch by their room in it, so that equal units give equal power.
fn fill(order: &[Stretch], online: &[Online], residual_mw: f64, power_mw: &mut Vec<f64>) -> Dispatched {
    power_mw.clear();
    power_mw.extend(online.iter().map(|unit| unit.lowest_mw));
    let mut left_mw = residual_mw - power_mw.iter().sum::<f64>();
    let mut dispatched = Dispatched::default();
    if left_mw < -NEAR_MW {
        dispatched.excess_mw = -left_mw;
    }
    for stretch in order {
        let units = of_kind(online, stretch.kind);
        let room_mw: f64 = online[units.clone()].iter().map(|unit| room(stretch, unit)).sum();
        if room_mw <= 0.0 {
            continue;
        }
        if left_mw < room_mw - NEAR_MW {
            dispatched.price_eur_per_mwh = Some(stretch.eur_per_mwh);
        }
        let share = (left_mw / room_mw).clamp(0.0, 1.0);
        for unit in units {
            power_mw[unit] += share * room(stretch, &online[unit]);
        }
        left_mw -= share * room_mw;
        if dispatched.price_eur_per_mwh.is_some() {
            return dispatched;
        }
    }
    if left_mw > NEAR_MW {
        dispatched.short_mw = left_mw;
    }
    dispatched
}
