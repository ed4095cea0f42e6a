//! Lists by name: what of two of them differs first, and a reader whose errors tell whose state is wrong.

use super::{SavedParticipant, SnapshotError};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

/// Checks that two sorted lists of names are the same; an error tells the first name that differs.
pub(super) fn check_same<'a>(
    what: &'static str,
    in_plan: impl Iterator<Item = &'a str>,
    in_snapshot: impl Iterator<Item = &'a String>,
) -> Result<(), SnapshotError> {
    let (mut in_plan, mut in_snapshot) = (in_plan.fuse(), in_snapshot.map(String::as_str).fuse());
    loop {
        let order = match (in_plan.next(), in_snapshot.next()) {
            (None, None) => return Ok(()),
            (Some(planned), Some(saved)) => (planned.cmp(saved), planned, saved),
            (Some(planned), None) => (Ordering::Less, planned, ""),
            (None, Some(saved)) => (Ordering::Greater, "", saved),
        };
        match order {
            (Ordering::Equal, ..) => {}
            (Ordering::Less, name, _) => return Err(SnapshotError::Missing { what, name: name.into() }),
            (Ordering::Greater, _, name) => return Err(SnapshotError::Extra { what, name: name.into() }),
        }
    }
}

/// Reads participants by id; an error tells whose state can not be read.
pub(super) fn participants<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, SavedParticipant>, D::Error> {
    deserializer.deserialize_map(Participants)
}

struct Participants;

impl<'de> Visitor<'de> for Participants {
    type Value = BTreeMap<String, SavedParticipant>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("participants by their ids")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut participants = BTreeMap::new();
        while let Some(id) = map.next_key::<String>()? {
            let saved = map.next_value().map_err(|error| A::Error::custom(format_args!("`{id}`: {error}")))?;
            participants.insert(id, saved);
        }
        Ok(participants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(in_plan: &[&str], in_snapshot: &[&str]) -> Option<String> {
        let saved: Vec<_> = in_snapshot.iter().map(ToString::to_string).collect();
        let found = check_same("site", in_plan.iter().copied(), saved.iter());
        found.err().map(|error| error.to_string())
    }

    #[test]
    fn the_first_name_that_differs_is_told() {
        assert_eq!(difference(&["a", "b"], &["a", "b"]), None);
        let more = |name| format!("the scenario has the site `{name}`, the snapshot does not");
        let fewer = |name| format!("the snapshot has the site `{name}`, the scenario does not");
        for (in_plan, in_snapshot, expected) in [
            (&["a", "b", "c"][..], &["a", "c"][..], more("b")),
            (&["a", "c"], &["a", "b", "c"], fewer("b")),
            (&["a", "b"], &["a"], more("b")),
            (&[], &["a"], fewer("a")),
        ] {
            let found = difference(in_plan, in_snapshot).expect("they differ");
            assert!(found.starts_with(&expected), "{found}");
        }
    }
}
