//! What `--mechanism` chooses from.

use super::error::ClearError;
use market::{Mechanism, mechanism, mechanism_names};
use scenarios::nearest;

/// A mechanism, by the words that chose it.
pub(crate) struct Chosen {
    /// The words.
    pub(crate) spec: String,
    /// What clears.
    pub(crate) mechanism: Box<dyn Mechanism + Send>,
}

/// The mechanisms of these words, each once.
pub(crate) fn choose(specs: &[String]) -> Result<Vec<Chosen>, ClearError> {
    for (at, spec) in specs.iter().enumerate() {
        if specs[..at].contains(spec) {
            return Err(ClearError::Mechanism(format!("`{spec}` is given twice: leave one out")));
        }
    }
    specs.iter().map(|spec| one(spec)).collect()
}

fn one(spec: &str) -> Result<Chosen, ClearError> {
    let mechanism = mechanism(spec).ok_or_else(|| {
        let names = mechanism_names();
        let hint = match nearest(spec, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are `{}`", names.join("`, `")),
        };
        ClearError::Mechanism(format!("`{spec}` is unknown: {hint} (`cariflex clear --list` tells of each)"))
    })?;
    Ok(Chosen { spec: spec.to_owned(), mechanism })
}

/// The mechanisms as a text for people.
pub(crate) fn list() -> String {
    let mut text = String::new();
    for name in mechanism_names() {
        text.push_str(&format!("{name}\n"));
    }
    text
}
