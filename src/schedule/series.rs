//! What changes with time: one quantity, segments, or values at a resolution; read as pieces, and spread over the steps.

use super::reading::{At, Clock, Faults, Horizon};
use super::units::Measure;
use crate::clear::node::Node;
use agents::Time;
use market::dispatch::Profile;

/// A quantity over time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Series {
    /// Always the same.
    Constant(f64),
    /// One value from one instant until before another, in any order.
    Pieces(Vec<(Time, Time, f64)>),
}

impl Series {
    /// Reads `"20 kW"`, `[{"start": …, "end" or "duration": …, "value": "20 kW"}]`, or
    /// `{"start": …, "resolution" or "duration": …, "values": […], "unit": "kW"}`.
    pub(crate) fn read(at: &At<'_>, measure: Measure, horizon: &Horizon, faults: &mut Faults) -> Option<Self> {
        if let Some(segments) = at.elements() {
            if segments.is_empty() {
                faults.add(&at.path, "is empty: give at least one segment, or leave it out");
                return None;
            }
            let pieces: Vec<_> = segments.iter().map(|segment| Self::segment(segment, measure, faults)).collect();
            return pieces.into_iter().collect::<Option<_>>().map(Self::Pieces);
        }
        if at.node.field("values").is_some() {
            return Self::values(at, measure, horizon, faults);
        }
        measure.read(at, None, faults).map(Self::Constant)
    }

    /// Whether it is 0 throughout.
    pub(crate) fn is_zero(&self) -> bool {
        match self {
            Self::Constant(value) => *value == 0.0,
            Self::Pieces(pieces) => pieces.iter().all(|(_, _, value)| *value == 0.0),
        }
    }

    /// Like [`Self::read`], with no value below 0.
    pub(crate) fn read_size(at: &At<'_>, measure: Measure, horizon: &Horizon, faults: &mut Faults) -> Option<Self> {
        let series = Self::read(at, measure, horizon, faults)?;
        let negative = match &series {
            Self::Constant(value) => *value < 0.0,
            Self::Pieces(pieces) => pieces.iter().any(|(_, _, value)| *value < 0.0),
        };
        if negative {
            faults.add(&at.path, "is negative: give sizes, 0 or more; which way it flows is in the field's name");
            return None;
        }
        Some(series)
    }

    fn segment(at: &At<'_>, measure: Measure, faults: &mut Faults) -> Option<(Time, Time, f64)> {
        if at.node.fields().is_none() {
            let remedy = "give segments {\"start\", \"end\" or \"duration\", \"value\"}, or an object with `values`";
            faults.add(&at.path, format!("is {}: {remedy}", at.node.kind()));
            return None;
        }
        if at.node.field("sensor").is_some() {
            faults.add(&at.path, format!("refers to a sensor, and there are none here: {}", measure.inline()));
            return None;
        }
        at.only(&["start", "end", "duration", "value"], &[], faults);
        let window = window(at, faults);
        let value = at.required("value", "the quantity", faults);
        let value = value.and_then(|value| measure.read(&value, None, faults));
        let (from, until) = window?;
        Some((from, until, value?))
    }

    fn values(at: &At<'_>, measure: Measure, horizon: &Horizon, faults: &mut Faults) -> Option<Self> {
        at.only(&["start", "resolution", "duration", "values", "unit", "name"], &[], faults);
        let start = match at.field("start") {
            Some(start) => start.instant(faults)?,
            None => horizon.start,
        };
        let values = at.field("values")?.list("numbers", faults);
        let unit = at.required("unit", "the unit of the values", faults)?;
        let factor = measure.factor(unit.node.text().unwrap_or_default(), &unit.path, faults)?;
        let count = values.len() as i64;
        if count == 0 {
            faults.add(&at.path_of("values"), "is empty: give at least one number");
            return None;
        }
        let each = match (at.field("resolution"), at.field("duration")) {
            (Some(resolution), None) => resolution.span(faults)?.0,
            (None, Some(duration)) => duration.span(faults)?.0 / count,
            (None, None) if values.len() == horizon.steps => horizon.step.0,
            _ => {
                let remedy = "give either `resolution` (of one) or `duration` (of all)";
                faults.add(&at.path_of("values"), format!("are {count}, and how long each is valid is open: {remedy}"));
                return None;
            }
        };
        let mut pieces = Vec::with_capacity(values.len());
        for (index, value) in (0..).zip(&values).filter(|(_, value)| *value.node != Node::Null) {
            let from = Time(start.0 + index * each);
            let number = value.number(faults)?;
            pieces.push((from, Time(from.0 + each), measure.within(number * factor, &value.path, faults)?));
        }
        Some(Self::Pieces(pieces))
    }

    /// The mean over each step; every instant must be covered once.
    pub(crate) fn mean(&self, at: &str, horizon: &Horizon, clock: Clock, faults: &mut Faults) -> Option<Vec<f64>> {
        let pieces = match self {
            Self::Constant(value) => return Some(vec![*value; horizon.steps]),
            Self::Pieces(pieces) => sorted(pieces),
        };
        if let Some(pair) = pieces.windows(2).find(|pair| pair[1].0 < pair[0].1) {
            faults.add(at, format!("speaks twice for {}: leave one out", clock.shown(pair[1].0)));
            return None;
        }
        let (mut means, mut first) = (Vec::with_capacity(horizon.steps), 0);
        for step in 0..horizon.steps {
            let (from, until) = (horizon.begin_of(step), horizon.begin_of(step + 1));
            while pieces.get(first).is_some_and(|piece| piece.1 <= from) {
                first += 1;
            }
            let (mut covered, mut sum) = (0, 0.0);
            let parts: Vec<_> = pieces[first..].iter().take_while(|piece| piece.0 < until).collect();
            for piece in &parts {
                let ms = piece.1.min(until).0 - piece.0.max(from).0;
                covered += ms;
                sum += ms as f64 * piece.2;
            }
            if covered != horizon.step.0 {
                let (end, shown) = (clock.shown(horizon.end()), clock.shown(from));
                faults.add(at, format!("says nothing for the step at {shown}: give values up to {end}"));
                return None;
            }
            // What does not change within the step stays what it is, to the last digit.
            means.push(if let [piece] = parts[..] { piece.2 } else { sum / horizon.step.0 as f64 });
        }
        Some(means)
    }

    /// The least during each step; `otherwise` where nothing is said, and never more than that.
    pub(crate) fn least(&self, otherwise: &[f64], horizon: &Horizon) -> Vec<f64> {
        let mut least = otherwise.to_vec();
        match self {
            Self::Constant(value) => least.iter_mut().for_each(|least| *least = least.min(*value)),
            Self::Pieces(pieces) => {
                for (from, until, value) in pieces {
                    let step_of = |time: Time| (time - horizon.start).0.div_euclid(horizon.step.0);
                    let first = step_of(*from).max(0);
                    let last = step_of(Time(until.0 - 1)).min(horizon.steps as i64 - 1);
                    (first..=last).for_each(|step| least[step as usize] = least[step as usize].min(*value));
                }
            }
        }
        least
    }
}

/// `start` with `end` or `duration`, as a window that is not empty.
pub(crate) fn window(at: &At<'_>, faults: &mut Faults) -> Option<(Time, Time)> {
    let from = at.required("start", "the first instant", faults).and_then(|start| start.instant(faults));
    let until = match (at.field("end"), at.field("duration")) {
        (Some(end), None) => end.instant(faults),
        (None, Some(duration)) => duration.span(faults).zip(from).map(|(span, from)| from + span),
        (Some(_), Some(_)) => {
            faults.add(&at.path, "has an `end` and a `duration`: leave one out");
            None
        }
        (None, None) => {
            faults.add(&at.path, "has neither `end` nor `duration`: give one");
            None
        }
    };
    let (from, until) = from.zip(until)?;
    if until <= from {
        faults.add(&at.path_of("end"), "is not after `start`: swap them");
        return None;
    }
    Some((from, until))
}

/// One number for all, or one per step.
pub(crate) fn profile(values: Vec<f64>) -> Profile {
    match values.first() {
        Some(first) if values.iter().all(|value| value == first) => Profile::Constant(*first),
        _ => Profile::Steps(values),
    }
}

fn sorted(pieces: &[(Time, Time, f64)]) -> Vec<(Time, Time, f64)> {
    let mut pieces = pieces.to_vec();
    pieces.sort_by_key(|piece| piece.0);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Span;

    const HORIZON: Horizon = Horizon { start: Time(0), step: Span::from_minutes(30), steps: 4 };

    fn read(json: &str) -> Result<Vec<f64>, String> {
        let (node, mut faults): (Node, _) = (serde_json::from_str(json).expect("it is JSON"), Faults::default());
        let at = At { node: &node, path: "x".into() };
        let series = Series::read(&at, Measure::Power, &HORIZON, &mut faults);
        let mean = series.and_then(|series| series.mean("x", &HORIZON, Clock::FromStart(Time(0)), &mut faults));
        mean.ok_or_else(|| faults.0.join("; "))
    }

    #[test]
    fn values_are_averaged_where_they_are_finer_and_repeated_where_they_are_coarser() {
        assert_eq!(read("\"2 kW\""), Ok(vec![2.0; 4]));
        assert_eq!(read(r#"{"resolution": "PT1H", "values": [1, 0.1], "unit": "kW"}"#), Ok(vec![1.0, 1.0, 0.1, 0.1]));
        let fine = r#"{"duration": "PT2H", "values": [0, 2, 4, 6, 8, 10, 12, 14], "unit": "MW"}"#;
        assert_eq!(read(fine), Ok(vec![1e3, 5e3, 9e3, 13e3]));
        assert_eq!(read(r#"{"values": [4, 3, 2, 1], "unit": "kW"}"#), Ok(vec![4.0, 3.0, 2.0, 1.0]));
        let segments = r#"[{"start": "1970-01-01T01:00:00Z", "duration": "PT1H", "value": "2 kW"},
            {"start": "1969-12-31T23:00:00Z", "end": "1970-01-01T01:00:00Z", "value": "1 kW"}]"#;
        assert_eq!(read(segments), Ok(vec![1.0, 1.0, 2.0, 2.0]));
    }

    #[test]
    fn gaps_and_overlaps_are_refused_with_the_instant() {
        for (json, told) in [
            (r#"{"resolution": "PT1H", "values": [1], "unit": "kW"}"#, "nothing for the step at 1:00 h"),
            (r#"{"resolution": "PT1H", "values": [1, null], "unit": "kW"}"#, "nothing for the step at 1:00 h"),
            (
                r#"[{"start": "1970-01-01T00:00:00Z", "duration": "PT90M", "value": "2 kW"},
                    {"start": "1970-01-01T01:00:00Z", "duration": "PT1H", "value": "2 kW"}]"#,
                "speaks twice for 1:00 h",
            ),
            (r#"{"values": [4, 3], "unit": "kW"}"#, "x.values: are 2, and how long each is valid is open"),
            (r#"{"resolution": "PT1H", "values": [1, "2"], "unit": "kW"}"#, "x.values[1]: is a string"),
            (r#"{"resolution": "PT1H", "values": [1, 2]}"#, "x.unit: is missing"),
            (r#"[{"start": "1970-01-01", "duration": "PT1H", "value": "2 kW"}]"#, "x[0].start: is `1970-01-01`"),
            (r#"[{"start": "1970-01-01T00:00:00Z", "value": "2 kW"}]"#, "x[0]: has neither `end` nor `duration`"),
            (r#"[3]"#, "x[0]: is a number: give segments"),
        ] {
            let error = read(json).expect_err(json);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn a_limit_holds_in_every_step_it_touches_and_never_exceeds_the_wider_one() {
        let limit = Series::Pieces(vec![(Time(40 * 60_000), Time(70 * 60_000), 3.0), (Time(0), Time(1), 99.0)]);
        assert_eq!(limit.least(&[10.0; 4], &HORIZON), vec![10.0, 3.0, 3.0, 10.0]);
        assert_eq!(Series::Constant(2.0).least(&[1.0, 5.0, 5.0, 5.0], &HORIZON), vec![1.0, 2.0, 2.0, 2.0]);
    }
}
