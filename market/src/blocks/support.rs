//! Prices at which an outcome stands: every simple order as its limit says, no accepted block in loss.
//!
//! Given what blocks inject, each slot's price lies in an interval. Within the box of these intervals each accepted
//! block with its accepted descendants asks one linear inequality. Whole prices are looked for in four steps, from cheap
//! to thorough: narrowing the box, its middle, projections on the inequality that is broken most (Agmon, Motzkin and
//! Schoenberg 1954), and a search that halves the box. That no price exists is only ever concluded in integers.

use super::curve::Curve;
use super::problem::Problem;

/// Whether prices exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Support {
    /// These.
    Prices(Vec<i64>),
    /// None; proven.
    None,
    /// The search ended before it found any or proved that there are none.
    Unknown,
}

/// Σ coefficient × price ≥ least.
#[derive(Debug, Clone)]
struct Inequality {
    terms: Vec<(usize, i128)>,
    least: i128,
}

type Interval = (i64, i64);

/// How many projections are tried, and how many boxes are halved.
const PROJECTIONS: usize = 300;
const HALVINGS: usize = 3_000;
const QUICK_PROJECTIONS: usize = 50;

/// Looks for prices that support so many lots of each block; the lots must balance in every slot.
pub(super) fn support(problem: &Problem, lots: &[i64]) -> Support {
    look(problem, lots, PROJECTIONS, HALVINGS)
}

/// The same with less effort, so that more remains unknown.
pub(super) fn support_quick(problem: &Problem, lots: &[i64]) -> Support {
    look(problem, lots, QUICK_PROJECTIONS, 0)
}

fn look(problem: &Problem, lots: &[i64], projections: usize, mut halvings: usize) -> Support {
    let mut intervals: Vec<Interval> = intervals(problem, lots);
    let inequalities = inequalities(problem, lots);
    let middle: Vec<i64> = intervals.iter().map(|&interval| Curve::mid(interval).0).collect();
    if inequalities.iter().all(|inequality| inequality.holds(&middle)) {
        return Support::Prices(middle);
    }
    if !narrow(&inequalities, &mut intervals) {
        return Support::None;
    }
    match project(&inequalities, &intervals, projections) {
        Some(Support::Unknown) | None => {}
        Some(found) => return found,
    }
    if halvings == 0 {
        return Support::Unknown;
    }
    halve(&inequalities, intervals, &mut halvings)
}

/// The accepted blocks that, with their families, lose even where each slot has the price that suits them best; the worst
/// first. Lots must balance.
pub(super) fn losers_at_best(problem: &Problem, lots: &[i64], injected: &[i64]) -> Vec<usize> {
    let ranges: Vec<Interval> = problem.curves.iter().zip(injected).map(|(curve, &wh)| curve.prices(wh)).collect();
    let gain = |index: usize| match lots[index] {
        0 => 0,
        lots => problem.blocks[index].best_surplus(&ranges) * i128::from(lots),
    };
    let of_family = |index: &usize| problem.blocks[*index].family.iter().map(|&member| gain(member)).sum::<i128>();
    let mut losers: Vec<(i128, usize)> =
        (0..lots.len()).filter(|&index| lots[index] > 0).map(|index| (of_family(&index), index)).collect();
    losers.retain(|&(gain, _)| gain < 0);
    losers.sort_unstable();
    losers.into_iter().map(|(_, index)| index).collect()
}

fn intervals(problem: &Problem, lots: &[i64]) -> Vec<Interval> {
    let prices = |(curve, injected): (&Curve, i64)| {
        let (least, most) = curve.injection_bounds();
        curve.prices(injected.clamp(least, most))
    };
    problem.curves.iter().zip(problem.injections(lots)).map(prices).collect()
}

fn inequalities(problem: &Problem, lots: &[i64]) -> Vec<Inequality> {
    let accepted = (0..lots.len()).filter(|&index| lots[index] > 0);
    let of_family = |index: usize| {
        let mut coefficients = vec![0_i128; problem.curves.len()];
        let mut least = 0;
        for &member in &problem.blocks[index].family {
            let block = &problem.blocks[member];
            least -= block.worth * i128::from(lots[member]);
            for &(slot, wh) in &block.profile {
                coefficients[slot] += i128::from(wh) * i128::from(lots[member]);
            }
        }
        let terms = coefficients.into_iter().enumerate().filter(|&(_, coefficient)| coefficient != 0).collect();
        Inequality { terms, least }
    };
    accepted.map(of_family).collect()
}

impl Inequality {
    fn left_side(&self, prices: &[i64]) -> i128 {
        self.terms.iter().map(|&(slot, coefficient)| coefficient * i128::from(prices[slot])).sum()
    }

    fn holds(&self, prices: &[i64]) -> bool {
        self.left_side(prices) >= self.least
    }

    fn most(&self, intervals: &[Interval]) -> i128 {
        let best = |&(slot, coefficient): &(usize, i128)| {
            let (lowest, highest) = intervals[slot];
            coefficient * i128::from(if coefficient > 0 { highest } else { lowest })
        };
        self.terms.iter().map(best).sum()
    }
}

/// Cuts from each interval what no solution can use. `false` when nothing is left.
fn narrow(inequalities: &[Inequality], intervals: &mut [Interval]) -> bool {
    // A pass costs little; what many passes would still cut the halving finds as well.
    for _ in 0..20 {
        let mut is_changed = false;
        for inequality in inequalities {
            let most = inequality.most(intervals);
            if most < inequality.least {
                return false;
            }
            let room = most - inequality.least;
            for &(slot, coefficient) in &inequality.terms {
                let (lowest, highest) = &mut intervals[slot];
                // Floor: a price may be worse than the best one by this much.
                let reach = i64::try_from(room / coefficient.abs()).unwrap_or(i64::MAX);
                if coefficient > 0 && highest.saturating_sub(reach) > *lowest {
                    *lowest = highest.saturating_sub(reach);
                    is_changed = true;
                } else if coefficient < 0 && lowest.saturating_add(reach) < *highest {
                    *highest = lowest.saturating_add(reach);
                    is_changed = true;
                }
            }
        }
        if !is_changed {
            break;
        }
    }
    true
}

/// Projects the middle of the box on broken inequalities, one after the other. The weights with which they were used
/// make one inequality of all; where even that can not hold within the box, no price exists.
fn project(inequalities: &[Inequality], intervals: &[Interval], projections: usize) -> Option<Support> {
    let mut place: Vec<f64> =
        intervals.iter().map(|&(lowest, highest)| (lowest as f64 + highest as f64) / 2.0).collect();
    let mut weights = vec![0.0; inequalities.len()];
    let norms: Vec<f64> = inequalities
        .iter()
        .map(|inequality| {
            inequality.terms.iter().map(|&(_, coefficient)| (coefficient as f64) * coefficient as f64).sum()
        })
        .collect();
    for step in 0..projections {
        let mut worst = (0.0, None);
        for (index, inequality) in inequalities.iter().enumerate() {
            let left: f64 = inequality.terms.iter().map(|&(slot, coefficient)| coefficient as f64 * place[slot]).sum();
            let broken = (inequality.least as f64 - left) / norms[index].sqrt();
            if broken > worst.0 {
                worst = (broken, Some(index));
            }
        }
        let rounded: Vec<i64> = place
            .iter()
            .zip(intervals)
            .map(|(&place, &(lowest, highest))| (place.round() as i64).clamp(lowest, highest))
            .collect();
        if inequalities.iter().all(|inequality| inequality.holds(&rounded)) {
            return Some(Support::Prices(rounded));
        }
        let (broken, Some(index)) = worst else { return None };
        // Beyond the plane, so that rounding does not fall back behind it.
        let stride = 1.2 * broken / norms[index].sqrt();
        weights[index] += stride;
        for &(slot, coefficient) in &inequalities[index].terms {
            let (lowest, highest) = intervals[slot];
            place[slot] = (place[slot] + stride * coefficient as f64).clamp(lowest as f64, highest as f64);
        }
        if step % 25 == 24 && is_contradiction(inequalities, &weights, intervals) {
            return Some(Support::None);
        }
    }
    None
}

/// Whether the weighted sum of the inequalities can not hold within the box (Farkas' lemma), in integers.
fn is_contradiction(inequalities: &[Inequality], weights: &[f64], intervals: &[Interval]) -> bool {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    let mut coefficients = vec![0_i128; intervals.len()];
    let mut least = 0;
    for (inequality, weight) in inequalities.iter().zip(weights) {
        let weight = (weight / largest * 65_536.0).round() as i128;
        least += weight * inequality.least;
        inequality.terms.iter().for_each(|&(slot, coefficient)| coefficients[slot] += weight * coefficient);
    }
    Inequality { terms: coefficients.into_iter().enumerate().collect(), least }.most(intervals) < least
}

/// Halves the widest interval until the box is one point or impossible.
fn halve(inequalities: &[Inequality], mut intervals: Vec<Interval>, halvings: &mut usize) -> Support {
    if !narrow(inequalities, &mut intervals) {
        return Support::None;
    }
    settle_undisputed(inequalities, &mut intervals);
    let middle: Vec<i64> = intervals.iter().map(|&interval| Curve::mid(interval).0).collect();
    if inequalities.iter().all(|inequality| inequality.holds(&middle)) {
        return Support::Prices(middle);
    }
    let disputed = |slot: &usize| intervals[*slot].0 < intervals[*slot].1;
    let Some(slot) = (0..intervals.len()).filter(disputed).max_by_key(|&slot| intervals[slot].1 - intervals[slot].0)
    else {
        return Support::None;
    };
    if *halvings == 0 {
        return Support::Unknown;
    }
    *halvings -= 1;
    let (lowest, highest) = intervals[slot];
    let middle = lowest + (highest - lowest) / 2;
    let mut is_proven = true;
    for half in [(lowest, middle), (middle + 1, highest)] {
        let mut intervals = intervals.clone();
        intervals[slot] = half;
        match halve(inequalities, intervals, halvings) {
            Support::None => {}
            Support::Unknown => is_proven = false,
            found @ Support::Prices(_) => return found,
        }
    }
    if is_proven { Support::None } else { Support::Unknown }
}

/// Where all inequalities want the price high, or all want it low, it may as well be there.
fn settle_undisputed(inequalities: &[Inequality], intervals: &mut [Interval]) {
    let mut wanted = vec![(false, false); intervals.len()];
    for &(slot, coefficient) in inequalities.iter().flat_map(|inequality| &inequality.terms) {
        wanted[slot].0 |= coefficient < 0;
        wanted[slot].1 |= coefficient > 0;
    }
    for ((lowest, highest), wanted) in intervals.iter_mut().zip(wanted) {
        match wanted {
            (false, true) => *lowest = *highest,
            (true, false) => *highest = *lowest,
            (false, false) => {
                let middle = Curve::mid((*lowest, *highest)).0;
                (*lowest, *highest) = (middle, middle);
            }
            (true, true) => {}
        }
    }
}
