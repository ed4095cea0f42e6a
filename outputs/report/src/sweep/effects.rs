//! What a key figure does over a sweep: how it is spread, what it follows, and how much of it is chance.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::table::{AxisColumn, AxisValues, KpiColumn, Runs};
use crate::rounded::{rounded, significant};
use crate::statistics::{
    Known, Partial, correlation_chance, correlation_ratio, mean, partial_ranks, quantile, ratio_chance, spearman,
    spread,
};

/// How many points are listed at either end.
const ENDS: usize = 5;

/// Digits of a statistic.
const DIGITS: i32 = 6;

/// What can be said of a key figure.
pub(crate) fn document(kpi: &KpiColumn, runs: &Runs) -> Value {
    let mut sorted: Vec<f64> = kpi.values.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share| significant(quantile(&sorted, share), DIGITS);
    let (points, values) = known(&kpi.values, &runs.point);
    let noise = spread(&points, &values).map(|spread| {
        json!({ "seeds": significant(Some(spread.within), 4), "points": significant(Some(spread.between), 4) })
    });
    let (follows, follows_surely) = measures(&runs.axes.iter().map(|axis| follows(kpi, axis)).collect::<Vec<_>>());
    let (partial, partial_surely) = measures(&partials(kpi, &runs.axes));
    json!({
        "name": kpi.name,
        "unit": kpi.unit,
        "label": kpi.label,
        "description": results::meaning(&kpi.name).map_or("", |meaning| meaning.description),
        "count": sorted.len(),
        "varies": varies(&sorted),
        "min": at(0.0), "q10": at(0.1), "median": at(0.5), "q90": at(0.9), "max": at(1.0),
        "mean": significant(mean(&sorted), DIGITS),
        "follows": follows, "follows_surely": follows_surely,
        "partial": partial, "partial_surely": partial_surely,
        "noise": noise,
        "ends": ends(kpi, runs),
    })
}

/// Whether sorted values differ by more than the summation's noise.
fn varies(sorted: &[f64]) -> bool {
    match (sorted.first(), sorted.last()) {
        (Some(low), Some(high)) => high - low > 1e-9 * low.abs().max(high.abs()),
        _ => false,
    }
}

/// The spread between the deciles relative to the magnitude, by which key figures are ranked where nobody says which
/// matter.
pub(crate) fn relative_spread(kpi: &KpiColumn) -> f64 {
    let mut sorted: Vec<f64> = kpi.values.iter().copied().flatten().collect();
    sorted.sort_by(f64::total_cmp);
    let size = sorted.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    match (quantile(&sorted, 0.1), quantile(&sorted, 0.9)) {
        (Some(low), Some(high)) if size > 0.0 && varies(&sorted) => (high - low) / size,
        _ => 0.0,
    }
}

/// How large a probability of chance an effect may have to be taken for one.
const CHANCE: f64 = 0.05;

/// A measure of how a key figure goes with an axis, and whether chance alone seldom makes one so large.
type Measure = Option<(f64, bool)>;

/// Rank correlation with a numeric axis, share of variance explained by one of cases.
fn follows(kpi: &KpiColumn, axis: &AxisColumn) -> Measure {
    match &axis.values {
        AxisValues::Numbers(numbers) => {
            let (numbers, values) = known_both(numbers, &kpi.values);
            let correlation = spearman(&numbers, &values)?;
            Some((correlation, correlation_chance(correlation, values.len() - 2) < CHANCE))
        }
        AxisValues::Cases(_, cases) => {
            let (cases, values) = known_both(cases, &kpi.values);
            let ratio = correlation_ratio(&cases, &values)?;
            let groups = cases.iter().collect::<BTreeSet<_>>().len();
            Some((ratio, ratio_chance(ratio, groups, values.len()) < CHANCE))
        }
    }
}

/// Partial rank correlation with each numeric axis, over the runs in which everything is known.
fn partials(kpi: &KpiColumn, axes: &[AxisColumn]) -> Vec<Measure> {
    let is_whole = |row: &usize| {
        kpi.values[*row].is_some()
            && axes.iter().all(|axis| match &axis.values {
                AxisValues::Numbers(numbers) => numbers[*row].is_some(),
                AxisValues::Cases(_, cases) => cases[*row].is_some(),
            })
    };
    let whole: Vec<usize> = (0..kpi.values.len()).filter(is_whole).collect();
    let values: Vec<f64> = whole.iter().filter_map(|row| kpi.values[*row]).collect();
    let known: Vec<(Vec<f64>, Vec<usize>)> = axes
        .iter()
        .map(|axis| match &axis.values {
            AxisValues::Numbers(numbers) => (whole.iter().filter_map(|row| numbers[*row]).collect(), Vec::new()),
            AxisValues::Cases(_, cases) => (Vec::new(), whole.iter().filter_map(|row| cases[*row]).collect()),
        })
        .collect();
    let known: Vec<Known<'_>> = axes
        .iter()
        .zip(&known)
        .map(|(axis, (numbers, cases))| match &axis.values {
            AxisValues::Numbers(_) => Known::Numbers(numbers),
            AxisValues::Cases(..) => Known::Cases(cases),
        })
        .collect();
    let measure =
        |partial: Partial| (partial.correlation, correlation_chance(partial.correlation, partial.freedom) < CHANCE);
    partial_ranks(&known, &values).into_iter().map(|partial| partial.map(measure)).collect()
}

/// The measures, and whether each is more than chance.
fn measures(measures: &[Measure]) -> (Value, Value) {
    let values = measures.iter().map(|measure| rounded(measure.map(|(value, _)| value), 3)).collect();
    let is_sure = measures.iter().map(|measure| measure.is_some_and(|(_, is_sure)| is_sure)).collect();
    (values, is_sure)
}

fn known_both<T: Copy>(x: &[Option<T>], values: &[Option<f64>]) -> (Vec<T>, Vec<f64>) {
    x.iter().zip(values).filter_map(|(x, value)| Some(((*x)?, (*value)?))).unzip()
}

fn known(values: &[Option<f64>], points: &[usize]) -> (Vec<usize>, Vec<f64>) {
    points.iter().zip(values).filter_map(|(point, value)| Some((*point, (*value)?))).unzip()
}

/// The points with the highest and the lowest means: point, mean, runs, values of the axes.
fn ends(kpi: &KpiColumn, runs: &Runs) -> Value {
    // Sum, number, and the row of one of its runs.
    let mut points: BTreeMap<usize, (f64, u32, usize)> = BTreeMap::new();
    for (row, value) in kpi.values.iter().enumerate() {
        if let Some(value) = value {
            let point = points.entry(runs.point[row]).or_insert((0.0, 0, row));
            point.0 += value;
            point.1 += 1;
        }
    }
    let mut means: Vec<(f64, usize, u32, usize)> =
        points.into_iter().map(|(point, (sum, count, row))| (sum / f64::from(count), point, count, row)).collect();
    means.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let document = |(mean, point, count, row): &(f64, usize, u32, usize)| {
        let axes: Vec<Value> = runs.axes.iter().map(|axis| value(axis, *row)).collect();
        json!([point, significant(Some(*mean), DIGITS), count, axes])
    };
    let few = ENDS.min(means.len() / 2 + means.len() % 2);
    json!({
        "highest": means.iter().take(few).map(document).collect::<Vec<_>>(),
        "lowest": means.iter().rev().take(few).map(document).collect::<Vec<_>>(),
    })
}

/// The value of an axis in a run: a number or the name of its case.
pub(crate) fn value(axis: &AxisColumn, row: usize) -> Value {
    match &axis.values {
        AxisValues::Numbers(numbers) => significant(numbers[row], DIGITS),
        AxisValues::Cases(names, places) => places[row].map_or(Value::Null, |place| names[place].as_str().into()),
    }
}
