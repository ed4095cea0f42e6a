//! From axes to points: all combinations, or what a design in the unit cube says.

use super::axis::{Axis, Values};
use super::format::{MOST_RUNS, Method, Scale};
use super::list::Rows;
use super::unit;
use super::value::{Level, Point, unify};
use crate::document::{Node, Origin, Value};
use crate::error::Problem;
use std::sync::Arc;

/// How the points of a sweep follow from its axes.
#[derive(Clone, Debug)]
pub(super) enum Design {
    Grid,
    /// `n` points of a design in the unit cube, each axis being a dimension.
    Sampled {
        method: Method,
        n: usize,
        seed: u64,
        scramble: bool,
    },
    List(Rows),
}

impl Design {
    /// How many points there are.
    pub(super) fn count(&self, axes: &[Axis]) -> u64 {
        match self {
            Self::Grid => axes.iter().fold(1, |count: u64, axis| match &axis.values {
                Values::Levels(levels) => count.saturating_mul(levels.len() as u64),
                _ => count,
            }),
            Self::Sampled { n, .. } => *n as u64,
            Self::List(rows) => rows.len() as u64,
        }
    }

    /// The points in their order.
    pub(super) fn points(&self, axes: &[Axis]) -> Result<Vec<Point>, Vec<Problem>> {
        let mut points = match self {
            Self::Grid => grid(axes),
            Self::List(rows) => rows.iter().map(|row| point(row.iter().cloned())).collect(),
            Self::Sampled { method, n, seed, scramble } => {
                let design = match method {
                    Method::Sobol => unit::sobol(*n, axes.len(), *seed, *scramble),
                    _ => unit::latin_hypercube(*n, axes.len(), *seed, *scramble),
                };
                sampled(axes, &design)?
            }
        };
        unify(&mut points);
        Ok(points)
    }
}

/// What is wrong with so many runs.
pub(super) fn too_many(points: u64, replicates: u64) -> Option<String> {
    let runs = points.saturating_mul(replicates);
    (runs > MOST_RUNS).then(|| {
        format!(
            "makes {points} points and {runs} runs: at most {MOST_RUNS} are possible, take fewer values or replicates"
        )
    })
}

fn point(levels: impl Iterator<Item = Level>) -> Point {
    let (mut values, mut assignments) = (Vec::new(), Vec::new());
    for level in levels {
        values.push(level.value);
        assignments.extend(level.assignments);
    }
    Point { values, assignments }
}

/// All combinations; the last axis changes from point to point.
fn grid(axes: &[Axis]) -> Vec<Point> {
    let mut rows: Vec<Vec<&Level>> = vec![Vec::new()];
    for axis in axes {
        let Values::Levels(levels) = &axis.values else { continue };
        rows = rows.iter().flat_map(|row| levels.iter().map(|level| [&row[..], &[level]].concat())).collect();
    }
    rows.into_iter().map(|row| point(row.into_iter().cloned())).collect()
}

fn sampled(axes: &[Axis], design: &[Vec<f64>]) -> Result<Vec<Point>, Vec<Problem>> {
    let keys: Vec<Vec<Arc<str>>> =
        axes.iter().map(|axis| axis.keys.iter().map(|key| key.as_str().into()).collect()).collect();
    let mut points = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for place in design {
        let mut levels = Vec::new();
        for ((axis, keys), u) in axes.iter().zip(&keys).zip(place) {
            match axis.level_of(keys, *u) {
                Ok(level) => levels.push(level),
                Err(problem) if !problems.contains(&problem) => problems.push(problem),
                Err(_) => {}
            }
        }
        points.push(point(levels.into_iter()));
    }
    if problems.is_empty() { Ok(points) } else { Err(problems) }
}

impl Axis {
    /// The place on the axis at `u` of a design in the unit cube.
    fn level_of(&self, keys: &[Arc<str>], u: f64) -> Result<Level, Problem> {
        let at = |value, origin: &Origin| Level::of(keys, &Node { value, origin: origin.clone() });
        match &self.values {
            Values::Levels(levels) => {
                // A Latin hypercube may reach 1, with a probability of 2⁻⁵³.
                let index = ((u * levels.len() as f64) as usize).min(levels.len() - 1);
                Ok(levels[index].clone())
            }
            Values::Range { low, high, scale, whole: false, origin } => {
                Ok(at(Value::Number(between(*low, *high, *scale, u)), origin))
            }
            Values::Range { low, high, scale, whole: true, origin } => {
                let (first, last) = (libm::ceil(*low), libm::floor(*high));
                let number = libm::floor(between(first, last + 1.0, *scale, u)).min(last);
                Ok(at(Value::Integer(number as i64), origin))
            }
            Values::Law { law, whole, origin } => {
                let wrong =
                    |text| Problem { place: Some(origin.to_string()), key: format!("axis.{}.law", self.name), text };
                let number = law.quantile(u).map_err(wrong)?;
                let nearest = || libm::round(number).clamp(libm::ceil(law.min), libm::floor(law.max));
                Ok(at(if *whole { Value::Integer(nearest() as i64) } else { Value::Number(number) }, origin))
            }
            Values::Given => unreachable!("points of a list are not drawn"),
        }
    }
}

/// What lies at `u` between two ends, evenly or by equal factors.
fn between(low: f64, high: f64, scale: Scale, u: f64) -> f64 {
    match scale {
        Scale::Linear => low + (high - low) * u,
        // Rounding may lead beyond an end by the last digit.
        Scale::Log => (low * libm::pow(high / low, u)).clamp(low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AxisValue, Sweep};
    use serde_json::Value;
    use std::path::Path;

    const HEAD: &str = "version = 1\nname = \"test\"\nbase = \"martinique\"\n";

    fn sweep(body: &str) -> Sweep {
        Sweep::parse(&format!("{HEAD}{body}"), Path::new("test.toml")).expect(body)
    }

    /// The values of the first axis at these places of the unit cube.
    fn values_at(axis: &str, places: &[f64]) -> Vec<f64> {
        let text = format!("method = \"lhs\"\nn = 1\n[[axis]]\nname = \"x\"\nkey = \"place.altitude_m\"\n{axis}");
        let sweep = sweep(&text);
        let value = |u: &f64| match sweep.axes[0].level_of(&[], *u).expect(axis).value {
            AxisValue::Number(number) => number,
            other => panic!("{axis}: {other:?}"),
        };
        places.iter().map(value).collect()
    }

    fn numbers(list: &Value) -> Vec<f64> {
        list.as_array().expect("a list").iter().map(|value| value.as_f64().expect("a number")).collect()
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64], relative: f64, what: &str) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= relative * expected.abs(), "{what}: {found} for {expected}");
        }
    }

    #[test]
    fn laws_have_the_quantiles_of_scipy() {
        let text = include_str!("../../../tests/golden/sampling/laws.json");
        let golden: Vec<Value> = serde_json::from_str(text).expect("it is JSON");
        assert!(golden.len() >= 12);
        for case in golden {
            let axis = case["axis"].as_str().expect("a text");
            assert_near(&values_at(axis, &numbers(&case["u"])), &numbers(&case["values"]), 1e-12, axis);
        }
    }

    #[test]
    fn a_law_between_two_whole_numbers_has_values_there() {
        let values = values_at("law = { normal = [0.5, 0.1], min = 0.4, max = 0.6 }", &[0.0, 0.5, 1.0]);
        assert_near(&values, &[0.4, 0.5, 0.6], 1e-15, "from end to end");
    }

    #[test]
    fn whole_numbers_by_equal_factors_are_as_likely_as_their_part_of_the_range() {
        let text = "method = \"lhs\"\nn = 1000\n[[axis]]\nname = \"x\"\nkey = \"fleet.a.count\"\nrange = [1, 7]\n\
                    scale = \"log\"\nwhole = true\n";
        let points = sweep(text).points().expect("it is right");
        for whole in 1..=7_i64 {
            let count = points.iter().filter(|point| point.values[0] == AxisValue::Integer(whole)).count() as f64;
            let share = libm::log((whole + 1) as f64 / whole as f64) / libm::log(8.0);
            assert!((count - 1000.0 * share).abs() <= 1.0, "{whole}: {count}");
        }
    }

    #[test]
    fn laws_scale_salibs_points_as_it_does() {
        let text = include_str!("../../../tests/golden/sampling/salib.json");
        let golden: Value = serde_json::from_str(text).expect("it is JSON");
        let points = super::unit::sobol(32, 4, 0, false);
        assert_eq!(serde_json::json!(points), golden["points"]);
        let scaled: Vec<Vec<f64>> = golden["scaled"].as_array().expect("a list").iter().map(numbers).collect();
        let laws = [
            "range = [-2, 5]",
            "range = [0.1, 1000]\nscale = \"log\"",
            "law = { normal = [100, 20] }",
            "law = { log-normal = [10, 0.5] }",
        ];
        for (column, law) in laws.into_iter().enumerate() {
            let of = |points: &[Vec<f64>]| points.iter().map(|point| point[column]).collect::<Vec<_>>();
            assert_near(&values_at(law, &of(&points[1..])), &of(&scaled), 1e-12, law);
        }
    }

    #[test]
    fn whole_numbers_of_a_range_are_those_of_scipy() {
        let text = include_str!("../../../tests/golden/sampling/integers.json");
        let golden: Value = serde_json::from_str(text).expect("it is JSON");
        let sweep = sweep(
            "method = \"lhs\"\nn = 25\nseed = 5\n[[axis]]\nname = \"a\"\nkey = \"fleet.a.count\"\nrange = [-0.5, 10]\nwhole = true\n\
             [[axis]]\nname = \"b\"\nkey = \"fleet.b.count\"\nrange = [-3, 3.9]\nwhole = true\n",
        );
        let points: Vec<_> = sweep.points().expect("it is right").into_iter().map(|point| point.values).collect();
        assert_eq!(serde_json::json!(points), golden["points"]);
    }
}
