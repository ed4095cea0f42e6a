//! Numbers as files keep them: JSON knows no NaN and no infinity, so what is not finite is written as nothing.
//!
//! It is read back as NaN and refused for the same reason: a journal can hold what somebody wrongly sent.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes a number, or nothing where it is none.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    finite(*number).serialize(serializer)
}

/// Reads a number, NaN where there is none.
///
/// # Errors
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Option::deserialize(deserializer).map(or_nan)
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn or_nan(number: Option<f64>) -> f64 {
    number.unwrap_or(f64::NAN)
}

/// The same for a list.
pub(crate) mod numbers {
    use super::{finite, or_nan};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::sync::Arc;

    pub(crate) fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().map(|number| finite(*number)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[f64]>, D::Error> {
        let numbers: Vec<Option<f64>> = Vec::deserialize(deserializer)?;
        Ok(numbers.into_iter().map(or_nan).collect())
    }
}
