//! Problems of the other forms of market: a file tells by its content which it holds, and each form has its solvers.
//!
//! A further form is one more file, and one more entry of [`FORMS`].

mod areas;
mod blocks;
mod dispatch;
mod exchange;
mod negotiation;
mod reserve;

use super::error::ClearError;
use super::node::Node;
use super::table::Table;
use market::Money;
use serde_json::Value;

/// A form of market.
pub(crate) struct Form {
    /// What its files hold, for messages.
    pub(crate) holds: &'static str,
    /// What solves it.
    pub(crate) mechanisms: &'static [Solver],
    /// Whether a document is one.
    is: fn(&Node) -> bool,
    /// Reads the problems of a document.
    read: fn(&str, &[u8]) -> Result<Vec<Named>, ClearError>,
}

/// A mechanism of a form.
pub(crate) struct Solver {
    /// The word that chooses it.
    pub(crate) name: &'static str,
    /// What it decides.
    pub(crate) rule: &'static str,
    /// How prices are formed.
    pub(crate) price: &'static str,
}

/// All forms besides books of orders.
pub(crate) const FORMS: [&Form; 6] =
    [&areas::FORM, &blocks::FORM, &dispatch::FORM, &negotiation::FORM, &exchange::FORM, &reserve::FORM];

/// Nano-euro in JSON: a number, or beyond 64 bits its digits as a text.
fn neur(Money(amount): Money) -> Value {
    i64::try_from(amount).map_or_else(|_| Value::from(amount.to_string()), Value::from)
}

/// A problem and its name.
pub(crate) struct Named {
    /// The name the file gives it.
    pub(crate) name: String,
    /// What is to be solved.
    pub(crate) problem: Box<dyn Problem>,
}

/// What is to be solved.
pub(crate) trait Problem {
    /// Solves it by one of the form's mechanisms.
    ///
    /// # Errors
    /// What keeps it from being solved, and the remedy.
    fn solve(&self, mechanism: &str) -> Result<Solution, String>;
}

/// A solution.
pub(crate) struct Solution {
    /// Facts for people: name and value.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// Tables for people.
    pub(crate) tables: Vec<Table>,
    /// Everything, for machines.
    pub(crate) document: serde_json::Map<String, Value>,
}

/// The form of a document; none if it is a book of orders, or nothing we know.
pub(crate) fn form_of(document: &Node) -> Option<&'static Form> {
    FORMS.into_iter().find(|form| (form.is)(document))
}

/// The form these words solve.
pub(crate) fn solved_by(words: &str) -> Option<&'static Form> {
    FORMS.into_iter().find(|form| form.mechanisms.iter().any(|solver| solver.name == words))
}

impl Form {
    /// Reads the problems of a file.
    pub(crate) fn problems(&self, file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
        (self.read)(file, contents)
    }

    /// The words that choose its mechanisms.
    pub(crate) fn names(&self) -> String {
        self.mechanisms.iter().map(|solver| format!("`{}`", solver.name)).collect::<Vec<_>>().join(", ")
    }
}

/// A number of another unit in the unit of the files, rounded to the nearest.
fn ueur_per_kwh(eur_per_kwh: f64) -> i64 {
    (eur_per_kwh * 1e6).round() as i64
}

/// An error with what is behind it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

/// The fields of an object, without those that only tell where it is from.
fn object(file: &str, contents: &[u8], aside: &[&str]) -> Result<serde_json::Map<String, Value>, ClearError> {
    match serde_json::from_slice(contents) {
        Ok(Value::Object(fields)) => {
            Ok(fields.into_iter().filter(|(name, _)| !aside.contains(&name.as_str())).collect())
        }
        Ok(_) => Err(ClearError::file(file, "is no object")),
        Err(error) => Err(ClearError::file(file, error.to_string())),
    }
}
