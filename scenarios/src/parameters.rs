//! Parameters: each is defined once, with its unit, default, limits and provenance, and everything follows from that:
//! how it is read from a scenario, what is refused, what `cariflex explain` says, and the generated reference.

use crate::distribution::Distribution;
use crate::document::{Drawn, Node, Reader, Value};
use crate::duration::{format_duration, parse_span};
use crate::error::brief;
use agents::Span;
use rand::RngExt;
use serde::Serialize;
use std::fmt;

/// Where a default comes from when there is no source for Martinique: it is there to be changed.
pub(crate) const ASSUMPTION: &str = "assumption";

/// A parameter of a scenario, as `cariflex explain` shows it.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its key within its section.
    pub key: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Unit of its value, or what it is when it is no number.
    pub unit: &'static str,
    /// The default as it would be written; none where one must be given.
    pub default: Option<String>,
    /// Smallest and largest value, for numbers.
    pub limits: Limits,
    /// The words it may be, where it is one of a few.
    pub words: &'static [&'static str],
    /// Source of the default, or that it is an assumption.
    pub source: &'static str,
}

/// Which numbers a parameter may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limits {
    /// Any finite one; or it is no number.
    Any,
    /// From the first to the second, both included.
    Within(f64, f64),
}

/// Parameters that can not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key at fault.
    pub key: String,
    /// What is wrong with it, and the remedy.
    pub text: String,
}

impl Conflict {
    pub(crate) fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key, self.text)
    }
}

/// A section of a scenario whose keys are parameters.
pub(crate) trait Parameters: Sized {
    /// Its name in files.
    const SECTION: &'static str;
    /// What it is about.
    const DOC: &'static str;

    /// Its parameters, in the order of their definition.
    fn catalogue() -> Vec<Parameter>;

    /// Reads a value for each parameter; problems are the reader's.
    fn read(reader: &mut Reader<'_>) -> Self;
}

/// A value that a parameter can have.
pub(crate) trait Setting: Sized + Clone + Serialize {
    /// What stands in for a value that could not be read, until the problem is told.
    fn placeholder() -> Self;

    /// Reads it; otherwise a sentence that says what is wrong and what to write.
    fn read(node: &Node, parameter: &Parameter, drawn: Option<Drawn<'_>>) -> Result<Self, String>;

    /// The words it may be, where it is one of a few.
    fn words() -> &'static [&'static str] {
        &[]
    }

    /// What is wrong with it, where it has limits and lies beyond them.
    fn beyond(&self, _: &Limits) -> Option<String> {
        None
    }

    /// The value as it would be written.
    fn written(&self) -> String;
}

impl Setting for f64 {
    fn placeholder() -> Self {
        1.0
    }

    fn read(node: &Node, parameter: &Parameter, drawn: Option<Drawn<'_>>) -> Result<Self, String> {
        match (&node.value, drawn) {
            (Value::Table(_), Some(drawn)) => {
                Distribution::read(node, &parameter.limits)?.draw(&drawn.draws(parameter.key))
            }
            (value, _) => value.number().ok_or_else(|| expected(node, "a number", parameter)),
        }
    }

    fn beyond(&self, limits: &Limits) -> Option<String> {
        limits.objection(*self)
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for u64 {
    fn placeholder() -> Self {
        1
    }

    fn read(node: &Node, parameter: &Parameter, drawn: Option<Drawn<'_>>) -> Result<Self, String> {
        if let (Value::Table(_), Some(drawn)) = (&node.value, drawn) {
            let drawn = Distribution::read(node, &parameter.limits)?.draw(&drawn.draws(parameter.key))?;
            return if drawn.fract() == 0.0 {
                Ok(drawn as u64)
            } else {
                Err(format!("can be {}: whole numbers only", brief(drawn)))
            };
        }
        match node.value {
            Value::Integer(number) => {
                u64::try_from(number).map_err(|_| format!("is {number}: write a whole number of at least 0"))
            }
            _ => Err(expected(node, "a whole number", parameter)),
        }
    }

    fn beyond(&self, limits: &Limits) -> Option<String> {
        limits.objection(*self as f64)
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Setting for bool {
    fn placeholder() -> Self {
        false
    }

    fn read(node: &Node, parameter: &Parameter, drawn: Option<Drawn<'_>>) -> Result<Self, String> {
        match (&node.value, drawn) {
            (Value::Flag(flag), _) => Ok(*flag),
            // Of a fleet: the share of members of which it is true.
            (Value::Table(table), Some(drawn)) if table.len() == 1 && table.contains_key("share") => {
                let share = table["share"].value.number().filter(|share| (0.0..=1.0).contains(share));
                let share = share.ok_or("has a share that is no number between 0 and 1")?;
                Ok(drawn.draws(parameter.key).at(0).random::<f64>() < share)
            }
            (_, None) => Err(expected(node, "true or false", parameter)),
            _ => Err(expected(node, "true, false, or of a fleet { share = 0.3 }", parameter)),
        }
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Setting for String {
    fn placeholder() -> Self {
        Self::new()
    }

    fn read(node: &Node, parameter: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(expected(node, "a text in quotes", parameter)),
        }
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for Span {
    fn placeholder() -> Self {
        Self::HOUR
    }

    fn read(node: &Node, parameter: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        match &node.value {
            Value::Text(text) => parse_span(text),
            _ => Err(expected(node, "a duration such as \"15m\"", parameter)),
        }
    }

    fn written(&self) -> String {
        format!("{:?}", format_duration(*self))
    }
}

impl<const N: usize> Setting for [f64; N]
where
    [f64; N]: Serialize,
{
    fn placeholder() -> Self {
        [1.0; N]
    }

    fn read(node: &Node, parameter: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        let Value::List(nodes) = &node.value else {
            return Err(expected(node, &format!("a list of {N} numbers"), parameter));
        };
        let numbers: Option<Vec<f64>> = nodes.iter().map(|node| node.value.number()).collect();
        let numbers = numbers.ok_or_else(|| "holds something that is no number".to_owned())?;
        let count = numbers.len();
        numbers.try_into().map_err(|_| format!("has {count} values: write {N}"))
    }

    fn beyond(&self, limits: &Limits) -> Option<String> {
        self.iter().enumerate().find_map(|(index, value)| {
            limits.objection(*value).map(|text| format!("value {} of the list {text}", index + 1))
        })
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

/// Optional values are left out, or written as such.
impl<T: Setting> Setting for Option<T> {
    fn placeholder() -> Self {
        None
    }

    fn read(node: &Node, parameter: &Parameter, drawn: Option<Drawn<'_>>) -> Result<Self, String> {
        T::read(node, parameter, drawn).map(Some)
    }

    fn words() -> &'static [&'static str] {
        T::words()
    }

    fn beyond(&self, limits: &Limits) -> Option<String> {
        self.as_ref().and_then(|value| value.beyond(limits))
    }

    fn written(&self) -> String {
        self.as_ref().map_or_else(|| "none".into(), T::written)
    }
}

/// That something else was expected.
pub(crate) fn expected(node: &Node, what: &str, parameter: &Parameter) -> String {
    let is = match node.value {
        Value::Number(number) => brief(number),
        Value::Integer(number) => number.to_string(),
        ref other => other.kind().into(),
    };
    let unit = if what.contains(parameter.unit) { String::new() } else { format!(" ({})", parameter.unit) };
    format!("is {is}: write {what}{unit}")
}

/// Implements [`Setting`] for an enumeration that is written as one of a few words.
macro_rules! choice {
    ($type:ty { $($word:literal => $variant:expr),+ $(,)? }) => {
        impl crate::parameters::Setting for $type {
            fn placeholder() -> Self {
                [$($variant),+][0].clone()
            }

            fn read(
                node: &crate::document::Node,
                parameter: &crate::parameters::Parameter,
                _: Option<crate::document::Drawn<'_>>,
            ) -> Result<Self, String> {
                let known = [$($word),+];
                let crate::document::Value::Text(text) = &node.value else {
                    return Err(crate::parameters::expected(node, &format!("one of {known:?}"), parameter));
                };
                match text.as_str() {
                    $($word => Ok($variant),)+
                    _ => Err(format!("is {text:?}: write one of {known:?}")),
                }
            }

            fn words() -> &'static [&'static str] {
                &[$($word),+]
            }

            fn written(&self) -> String {
                $(if *self == $variant { return format!("{:?}", $word); })+
                unreachable!("every choice has its word")
            }
        }
    };
}
pub(crate) use choice;

/// Defines a section: a struct with a field for each parameter, and its catalogue.
///
/// A field reads `name: type = default, "unit", limits, source;`. Without a default one must be written.
macro_rules! parameters {
    (
        $(#[doc = $about:literal])+
        $visibility:vis struct $name:ident in $section:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty $(= $default:expr)?, $unit:literal, $limits:expr, $source:expr;
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        $visibility struct $name {
            $(
                $(#[doc = $doc])+
                pub $field: $type,
            )*
        }

        impl crate::parameters::Parameters for $name {
            const SECTION: &'static str = $section;
            const DOC: &'static str = concat!($($about),+).trim_ascii();

            fn catalogue() -> Vec<crate::parameters::Parameter> {
                vec![$(
                    crate::parameters::Parameter {
                        key: stringify!($field),
                        doc: concat!($($doc),+).trim_ascii(),
                        unit: $unit,
                        default: {
                            let default: Option<$type> = crate::parameters::optional!($($default)?);
                            default.map(|default| crate::parameters::Setting::written(&default))
                        },
                        limits: $limits,
                        words: <$type as crate::parameters::Setting>::words(),
                        source: $source,
                    },
                )*]
            }

            fn read(reader: &mut crate::document::Reader<'_>) -> Self {
                Self {$(
                    $field: {
                        const PARAMETER: crate::parameters::Parameter = crate::parameters::Parameter {
                            key: stringify!($field),
                            doc: concat!($($doc),+).trim_ascii(),
                            unit: $unit,
                            default: None,
                            limits: $limits,
                            words: &[],
                            source: $source,
                        };
                        reader.value::<$type>(&PARAMETER, crate::parameters::optional!($($default)?))
                    },
                )*}
            }
        }
    };
}
pub(crate) use parameters;

/// `Some` of what is there, `None` of nothing.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}
pub(crate) use optional;

/// Reads the parameters of one asset from TOML, for tests and tools; what is left out takes its default.
///
/// # Errors
/// [`crate::ScenarioError::Problems`] naming line, key and remedy.
pub(crate) fn from_toml<P: Parameters>(text: &str) -> Result<P, crate::ScenarioError> {
    let node = Node::parse(text, std::path::Path::new(P::SECTION))?;
    let problems = std::cell::RefCell::default();
    let mut reader = Reader::new("", &node, None, &problems);
    let parameters = P::read(&mut reader);
    reader.finish();
    let problems = problems.into_inner();
    if problems.is_empty() { Ok(parameters) } else { Err(crate::ScenarioError::Problems(problems)) }
}
