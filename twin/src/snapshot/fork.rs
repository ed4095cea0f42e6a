//! Forks: a snapshot of one plan brought onto another, in which some parameters differ.
//!
//! Cores hold parameters and state together. What a core was at the start of the original plan, what it is at the start
//! of the changed one, and what was saved are merged: where nothing has come about, the changed plan holds; everything
//! else stays as saved.

use super::{SavedParticipant, Snapshot, SnapshotError};
use crate::cores::AnyCore;
use crate::world::BodyState;
use agents::ParticipantId;
use scenarios::{Plan, PlannedParticipant, Role};
use serde_json::{Map, Value};

impl Snapshot {
    /// The snapshot of a run of `original` as one from which a run of `changed` goes on.
    ///
    /// The same participants, sites and portfolios take part in both; anything else may differ: parameters of assets and
    /// of those who manage them, tariffs, the weather, the tick, the end. Stored energy, wear, sessions, orders and
    /// requests stay as they are, and so do faults; of those of the scenario, the changed plan's hold, but for what
    /// somebody has cleared. A changed storage has its new limits at once, with the state of health it had. Where the
    /// length of a slot changes, or a supply is added, supply begins with the next slot.
    ///
    /// # Errors
    /// [`SnapshotError`] if one of the plans has other participants, or what was saved does not fit into the changed one.
    pub fn onto(&self, original: &Plan, changed: &Plan) -> Result<Self, SnapshotError> {
        self.check(original)?;
        self.check(changed)?;
        let mut forked = self.clone();
        if original.slot != changed.slot {
            forked.supply = None;
        }
        let plans = original.participants.iter().zip(&changed.participants);
        for (index, (saved, (original, new))) in forked.participants.values_mut().zip(plans).enumerate() {
            saved.move_to(original, new)?;
            if let Some(faults) = &mut saved.faults {
                faults.move_to(self.time, ParticipantId(index as u32), &changed.faults);
            }
            // Nobody brings readings of the field into a fork: it goes on from where reality left it.
            saved.mirror = None;
        }
        Ok(forked)
    }
}

impl SavedParticipant {
    fn move_to(&mut self, original: &PlannedParticipant, changed: &PlannedParticipant) -> Result<(), SnapshotError> {
        let (before, after) = (AnyCore::of(&original.role), AnyCore::of(&changed.role));
        if before != after {
            let value = |core: &AnyCore| serde_json::to_value(core);
            let merged = value(&before)
                .and_then(|before| serde_json::from_value(merge(&before, &value(&after)?, value(&self.core)?)));
            self.core = merged.map_err(|source| SnapshotError::Core { id: changed.id.clone(), source })?;
        }
        match (&mut self.body, &original.role, &changed.role) {
            (Some(BodyState::Battery(body)), Role::Battery(_, original), Role::Battery(_, changed)) => {
                body.unit.move_to(&original.into(), &changed.into());
            }
            (Some(BodyState::Ev(body)), Role::Ev(_, original), Role::Ev(_, changed)) => {
                body.move_to(&original.parameters, &changed.parameters);
            }
            _ => {}
        }
        Ok(())
    }
}

/// What becomes of `saved`, which was `before` at the start of the original plan and would be `after` at that of the
/// changed one.
fn merge(before: &Value, after: &Value, saved: Value) -> Value {
    if before == after {
        return saved;
    }
    if *before == saved {
        return after.clone();
    }
    match (before, after, saved) {
        (Value::Object(before), Value::Object(after), Value::Object(saved)) if before.keys().eq(after.keys()) => {
            Value::Object(merge_objects(before, after, saved))
        }
        (Value::Array(before), Value::Array(after), Value::Array(saved))
            if before.len() == after.len() && before.len() == saved.len() =>
        {
            let pairs = before.iter().zip(after);
            Value::Array(pairs.zip(saved).map(|((before, after), saved)| merge(before, after, saved)).collect())
        }
        (_, _, saved) => saved,
    }
}

/// Merges what both plans have; the rest has come about.
fn merge_objects(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    saved: Map<String, Value>,
) -> Map<String, Value> {
    let merged = saved.into_iter().map(|(key, saved)| match (before.get(&key), after.get(&key)) {
        (Some(before), Some(after)) => {
            let merged = merge(before, after, saved);
            (key, merged)
        }
        _ => (key, saved),
    });
    merged.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn where_nothing_has_come_about_the_changed_plan_holds_and_everything_else_stays() {
        for (before, after, saved, expected) in [
            (json!(1), json!(2), json!(1), json!(2)),
            (json!(1), json!(2), json!(3), json!(3)),
            (json!(1), json!(1), json!(3), json!(3)),
            (
                json!({"price": 1, "book": [], "last": null}),
                json!({"price": 2, "book": [], "last": null}),
                json!({"price": 1, "book": [7], "last": 5}),
                json!({"price": 2, "book": [7], "last": 5}),
            ),
            (
                json!([{"rate": 1, "sum": 0}, {"rate": 1, "sum": 0}]),
                json!([{"rate": 2, "sum": 0}, {"rate": 3, "sum": 0}]),
                json!([{"rate": 1, "sum": 9}, {"rate": 1, "sum": 8}]),
                json!([{"rate": 2, "sum": 9}, {"rate": 3, "sum": 8}]),
            ),
            // Of another length, something has come about in the list as a whole.
            (json!([1, 2]), json!([3, 4]), json!([1, 2, 5]), json!([1, 2, 5])),
            // Another rule, of which nothing has come about.
            (
                json!({"rule": "a"}),
                json!({"rule": "b", "below": 1}),
                json!({"rule": "a"}),
                json!({"rule": "b", "below": 1}),
            ),
            // Of two kinds of driver, the one that has driven stays whole.
            (json!({"a": {"n": 0}}), json!({"b": {"n": 0}}), json!({"a": {"n": 1}}), json!({"a": {"n": 1}})),
            // Keys that have come about stay.
            (json!({"r": 1}), json!({"r": 2}), json!({"r": 1, "s": 3}), json!({"r": 2, "s": 3})),
        ] {
            assert_eq!(merge(&before, &after, saved.clone()), expected, "{before} {after} {saved}");
        }
    }
}
