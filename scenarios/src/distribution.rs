//! Laws from which each participant of a fleet draws its own value of a parameter.

use crate::document::{Node, Table, Value};
use crate::error::brief;
use crate::parameters::Limits;
use agents::draw::Draws;
use rand::RngExt;
use rand_distr::StandardNormal;

/// Draws tried before a bounded law is given up.
const MOST_TRIES: usize = 1000;

/// A law, and the bounds within which it is cut off (drawn again, never moved to the bound).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Distribution {
    pub(crate) law: Law,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Law {
    /// Equally likely from the first to the second.
    Uniform([f64; 2]),
    /// Mean and standard deviation.
    Normal([f64; 2]),
    /// Median, and standard deviation of the logarithm.
    LogNormal([f64; 2]),
    /// One of the values, with weights.
    Choice(Vec<(f64, f64)>),
}

const HINT: &str = "write { uniform = [low, high] }, { normal = [mean, deviation] }, { log-normal = [median, log deviation] } \
                    or { choice = [a, b], weights = [1, 2] }, with `min` and `max` to cut it off";

impl Distribution {
    /// Reads a law from a table, and checks that it can give values within `limits`.
    pub(crate) fn read(node: &Node, limits: &Limits) -> Result<Self, String> {
        let table = node.table().ok_or_else(|| HINT.to_owned())?;
        let known = ["uniform", "normal", "log-normal", "choice", "weights", "min", "max"];
        if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("has the unknown key `{key}`: {HINT}"));
        }
        let law = law(table)?;
        let (low, high) = match *limits {
            Limits::Any => (f64::NEG_INFINITY, f64::INFINITY),
            Limits::Within(low, high) => (low, high),
        };
        let bound = |key: &str, default: f64| match table.get(key) {
            None => Ok(default),
            Some(node) => node.value.number().ok_or_else(|| format!("has a `{key}` that is no number")),
        };
        let (min, max) = (bound("min", low)?, bound("max", high)?);
        if !(low <= min && min <= max && max <= high) {
            let [min, max, low, high] = [min, max, low, high].map(brief);
            return Err(format!(
                "is cut off at {min} and {max}: bounds must lie between {low} and {high}, in this order"
            ));
        }
        let outside = |value: &f64| !(min..=max).contains(value);
        let wrong = match &law {
            Law::Uniform(bounds) => bounds.iter().copied().find(outside),
            Law::Choice(values) => values.iter().map(|(value, _)| *value).find(outside),
            Law::Normal(_) | Law::LogNormal(_) => None,
        };
        match wrong {
            Some(value) => Err(format!("can be {}: must lie between {} and {}", brief(value), brief(min), brief(max))),
            None => Ok(Self { law, min, max }),
        }
    }

    /// A participant's value.
    pub(crate) fn draw(&self, draws: &Draws) -> Result<f64, String> {
        let mut generator = draws.at(0);
        for _ in 0..MOST_TRIES {
            let value = match &self.law {
                Law::Uniform([low, high]) => low + (high - low) * generator.random::<f64>(),
                Law::Normal([mean, deviation]) => mean + deviation * generator.sample::<f64, _>(StandardNormal),
                Law::LogNormal([median, sigma]) => {
                    median * libm::exp(sigma * generator.sample::<f64, _>(StandardNormal))
                }
                Law::Choice(values) => pick(values, generator.random()),
            };
            if (self.min..=self.max).contains(&value) {
                return Ok(value);
            }
        }
        let (min, max) = (brief(self.min), brief(self.max));
        Err(format!("hardly ever lies between {min} and {max}: widen the bounds, or move the law"))
    }
}

fn law(table: &Table) -> Result<Law, String> {
    let laws: Vec<_> =
        ["uniform", "normal", "log-normal", "choice"].into_iter().filter(|law| table.contains_key(*law)).collect();
    let [name] = laws[..] else {
        return Err(format!("names {} laws: {HINT}", laws.len()));
    };
    if name != "choice" && table.contains_key("weights") {
        return Err("has weights, which only a choice can have: leave them out".into());
    }
    if name == "choice" {
        return choice(table);
    }
    let Ok([first, second]) = <[f64; 2]>::try_from(numbers(&table[name])?) else {
        return Err(format!("needs two numbers for `{name}`: {HINT}"));
    };
    match name {
        "uniform" if first <= second => Ok(Law::Uniform([first, second])),
        "uniform" => Err(format!("goes from {} down to {}: write the lower number first", brief(first), brief(second))),
        _ if second < 0.0 => Err(format!("has a deviation of {}: it must be at least 0", brief(second))),
        "normal" => Ok(Law::Normal([first, second])),
        _ if first <= 0.0 => Err(format!("has a median of {}: a log-normal law is of positive numbers", brief(first))),
        _ => Ok(Law::LogNormal([first, second])),
    }
}

fn choice(table: &Table) -> Result<Law, String> {
    let values = numbers(&table["choice"])?;
    let weights = table.get("weights").map_or_else(|| Ok(vec![1.0; values.len()]), numbers)?;
    if values.is_empty() || values.len() != weights.len() {
        return Err(format!("offers {} values with {} weights: give each value one", values.len(), weights.len()));
    }
    if !are_weights(weights.iter().copied()) {
        return Err("has weights that are negative, all zero, or too large: write positive ones".into());
    }
    Ok(Law::Choice(values.into_iter().zip(weights).collect()))
}

fn numbers(node: &Node) -> Result<Vec<f64>, String> {
    let Value::List(nodes) = &node.value else {
        return Err(format!("needs a list of numbers: {HINT}"));
    };
    let number = |node: &Node| node.value.number().filter(|number| number.is_finite());
    nodes.iter().map(|node| number(node).ok_or_else(|| "holds something that is no number".to_owned())).collect()
}

/// Whether something can be drawn by these weights.
pub(crate) fn are_weights(weights: impl Iterator<Item = f64> + Clone) -> bool {
    let sum: f64 = weights.clone().sum();
    weights.into_iter().all(|weight| weight >= 0.0) && sum > 0.0 && sum.is_finite()
}

/// The value at `uniform`, in [0, 1), of the weighted list.
pub(crate) fn pick<T: Copy>(values: &[(T, f64)], uniform: f64) -> T {
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    let mut rest = uniform * total;
    for (value, weight) in values {
        rest -= weight;
        if rest < 0.0 {
            return *value;
        }
    }
    // Rounding may leave a rest; the last value with a weight is meant.
    values.iter().rev().find(|(_, weight)| *weight > 0.0).expect("weights are not all zero").0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn law(text: &str, limits: Limits) -> Result<Distribution, String> {
        let tree = Node::parse(&format!("x = {text}"), Path::new("test.toml")).expect("valid TOML");
        Distribution::read(tree.at("x").expect("written"), &limits)
    }

    fn sample(text: &str) -> Vec<f64> {
        let law = law(text, Limits::Any).expect(text);
        (0..4000)
            .map(|n| law.draw(&Draws::new(1, &format!("pv_{n}"), "parameter x")).expect("bounds are wide"))
            .collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn laws_have_the_moments_they_promise() {
        assert!((mean(&sample("{ uniform = [2, 6] }")) - 4.0).abs() < 0.06);
        assert!((mean(&sample("{ normal = [5, 1] }")) - 5.0).abs() < 0.06);
        assert!((mean(&sample("{ choice = [3, 9], weights = [2, 1] }")) - 5.0).abs() < 0.15);
        let mut values = sample("{ log-normal = [10, 0.5] }");
        values.sort_by(f64::total_cmp);
        assert!((values[2000] - 10.0).abs() < 0.4);
        assert!(sample("{ normal = [5, 3], min = 4, max = 5 }").iter().all(|value| (4.0..=5.0).contains(value)));
    }

    #[test]
    fn what_is_no_law_is_refused() {
        let within = Limits::Within(0.0, 10.0);
        for (text, says) in [
            ("{ }", "0 laws"),
            ("{ uniform = [1, 2], normal = [1, 2] }", "2 laws"),
            ("{ uniform = [2, 1] }", "lower number first"),
            ("{ uniform = [1, 20] }", "can be 20"),
            ("{ normal = [5, -1] }", "at least 0"),
            ("{ log-normal = [0, 1] }", "positive"),
            ("{ choice = [1, 2], weights = [1] }", "2 values with 1 weights"),
            ("{ choice = [1], weights = [0] }", "all zero"),
            ("{ normal = [5, 1], min = -1 }", "cut off at -1"),
            ("{ normal = [5, \"a\"] }", "no number"),
            ("{ gauss = [5, 1] }", "unknown key `gauss`"),
        ] {
            let error = law(text, within).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
        let hopeless = law("{ normal = [-100, 1] }", within).expect("it can be tried");
        assert!(hopeless.draw(&Draws::new(1, "pv", "x")).expect_err("nothing lies within").contains("hardly ever"));
    }
}
