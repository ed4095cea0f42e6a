//! Reads a document place by place and goes on after what is wrong, so that everything is told at once.

use super::words;
use crate::clear::node::Node;
use agents::{Span, Time};
use jiff::tz::Offset;
use scenarios::nearest;
use std::fmt;

/// What is wrong with a document: one sentence each, beginning with the path.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<String>);

impl Faults {
    /// Notes what is wrong at a path, and the remedy.
    pub(crate) fn add(&mut self, path: &str, problem: impl fmt::Display) {
        let place = if path.is_empty() { "the document" } else { path };
        self.0.push(words::visible(&format!("{place}: {problem}")));
    }
}

/// A value and its path.
#[derive(Clone, Debug)]
pub(crate) struct At<'a> {
    /// The value.
    pub(crate) node: &'a Node,
    /// Where it is: `flex-model[0].soc-max`.
    pub(crate) path: String,
}

impl<'a> At<'a> {
    /// The whole document.
    pub(crate) fn top(node: &'a Node) -> Self {
        Self { node, path: String::new() }
    }

    /// A field; `null` is as good as none.
    pub(crate) fn field(&self, name: &str) -> Option<Self> {
        let node = self.node.field(name).filter(|node| **node != Node::Null)?;
        Some(Self { node, path: self.path_of(name) })
    }

    /// A field there must be; `what` says what to write.
    pub(crate) fn required(&self, name: &str, what: &str, faults: &mut Faults) -> Option<Self> {
        let field = self.field(name);
        if field.is_none() {
            faults.add(&self.path_of(name), format!("is missing: give {what}"));
        }
        field
    }

    /// The path of a field, whether it is there or not.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The elements of an array; none if it is no array.
    pub(crate) fn elements(&self) -> Option<Vec<Self>> {
        let list = self.node.list()?;
        let element = |(at, node)| Self { node, path: format!("{}[{at}]", self.path) };
        Some(list.iter().enumerate().map(element).collect())
    }

    /// The elements of an array that must be one; `what` says what is in it.
    pub(crate) fn list(&self, what: &str, faults: &mut Faults) -> Vec<Self> {
        self.elements().unwrap_or_else(|| {
            faults.add(&self.path, format!("is {}: give an array of {what}", self.node.kind()));
            Vec::new()
        })
    }

    /// Refuses every field that is not known. `instead` says of some what there is in their place.
    pub(crate) fn only(&self, known: &[&str], instead: &[(&str, &str)], faults: &mut Faults) {
        let Some(fields) = self.node.fields() else {
            faults.add(&self.path, format!("is {}: give an object with `{}`", self.node.kind(), known.join("`, `")));
            return;
        };
        for (name, _) in fields.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let problem = match instead.iter().find(|(other, _)| other == name) {
                Some((_, remedy)) => format!("is not supported: {remedy}"),
                None => match nearest(name, known.iter().copied()) {
                    Some(near) => format!("is unknown: did you mean `{near}`?"),
                    None => format!("is unknown: the fields here are `{}`", known.join("`, `")),
                },
            };
            faults.add(&self.path_of(name), problem);
        }
    }

    /// A finite number.
    pub(crate) fn number(&self, faults: &mut Faults) -> Option<f64> {
        let number = match self.node {
            Node::Integer(number) => Some(*number as f64),
            Node::Real(number) => Some(*number),
            _ => None,
        };
        if number.is_none() {
            faults.add(&self.path, format!("is {}: give a number", self.node.kind()));
        }
        number
    }

    /// Like [`Self::number`], 0 or more.
    pub(crate) fn size(&self, faults: &mut Faults) -> Option<f64> {
        let number = self.number(faults)?;
        if number < 0.0 {
            faults.add(&self.path, format!("is {number}: give a size, 0 or more, without a sign"));
            return None;
        }
        Some(number)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, faults: &mut Faults) -> Option<bool> {
        if let Node::Flag(flag) = self.node {
            return Some(*flag);
        }
        faults.add(&self.path, format!("is {}: give true or false", self.node.kind()));
        None
    }

    /// An instant, and the offset it is written with.
    pub(crate) fn instant_and_offset(&self, faults: &mut Faults) -> Option<(Time, Offset)> {
        let text = self.node.text().unwrap_or_default();
        let instant = text.parse::<jiff::Timestamp>().ok();
        let offset = jiff::fmt::temporal::Pieces::parse(text).ok().and_then(|pieces| pieces.to_numeric_offset());
        if instant.is_none() {
            let shown = self.node.text().map_or(self.node.kind().to_owned(), |text| format!("`{text}`"));
            let remedy = "give an instant with its offset, as \"2026-03-20T18:00:00-04:00\"";
            faults.add(&self.path, format!("is {shown}: {remedy}"));
        }
        Some((Time(instant?.as_millisecond()), offset.unwrap_or(Offset::UTC)))
    }

    /// An instant.
    pub(crate) fn instant(&self, faults: &mut Faults) -> Option<Time> {
        self.instant_and_offset(faults).map(|(time, _)| time)
    }

    /// A length of time above 0, ISO 8601.
    pub(crate) fn span(&self, faults: &mut Faults) -> Option<Span> {
        let days = jiff::SpanRelativeTo::days_are_24_hours();
        let span = self.node.text().and_then(|text| text.parse::<jiff::Span>().ok());
        let ms = span.and_then(|span| span.total((jiff::Unit::Millisecond, days)).ok());
        match ms.map(|ms| Span(ms as i64)).filter(|span| *span > Span::ZERO) {
            Some(span) => Some(span),
            None => {
                let shown = self.node.text().map_or(self.node.kind().to_owned(), |text| format!("`{text}`"));
                faults.add(&self.path, format!("is {shown}: give a length of time above 0, as \"PT15M\" or \"PT24H\""));
                None
            }
        }
    }
}

/// The steps of a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Horizon {
    /// When the first begins.
    pub(crate) start: Time,
    /// How long each is.
    pub(crate) step: Span,
    /// How many there are.
    pub(crate) steps: usize,
}

/// Most steps of a problem: a year of quarters of an hour, and then some.
const MOST_STEPS: i64 = 40_000;

impl Horizon {
    /// The steps that a duration holds.
    pub(crate) fn new(start: Time, step: Span, duration: Span, path: &str, faults: &mut Faults) -> Option<Self> {
        let steps = duration.0 / step.0;
        if duration.0 % step.0 != 0 || steps == 0 {
            let lengths = format!("{} min in steps of {} min", duration.0 as f64 / 6e4, step.0 as f64 / 6e4);
            faults.add(path, format!("is {lengths}: give a whole number of steps"));
            return None;
        }
        if steps > MOST_STEPS {
            faults.add(path, format!("holds {steps} steps: give at most {MOST_STEPS}, or longer ones"));
            return None;
        }
        Some(Self { start, step, steps: steps as usize })
    }

    /// When a step begins; the end for the number of steps.
    pub(crate) fn begin_of(&self, step: usize) -> Time {
        self.start + self.step * step as i64
    }

    /// The end of the last step.
    pub(crate) fn end(&self) -> Time {
        self.begin_of(self.steps)
    }
}

/// How instants of a problem are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Clock {
    /// In the time of this offset.
    Local(Offset),
    /// As hours after the start, which the problem does not tell.
    FromStart(Time),
}

impl Clock {
    /// An instant, for people.
    pub(crate) fn shown(self, time: Time) -> String {
        match self {
            Self::Local(offset) => match jiff::Timestamp::from_millisecond(time.0) {
                Ok(instant) => offset.to_datetime(instant).strftime("%Y-%m-%d %H:%M").to_string(),
                Err(_) => time.to_string(),
            },
            Self::FromStart(start) => {
                let minutes = (time - start).0 / 60_000;
                format!("{}:{:02} h after the start", minutes / 60, minutes % 60)
            }
        }
    }

    /// An instant under an axis: hour and minute.
    pub(crate) fn short(self, time: Time) -> String {
        match self {
            Self::Local(_) => self.shown(time).chars().skip(11).collect(),
            Self::FromStart(start) => format!("{} h", (time - start).hours()),
        }
    }
}
