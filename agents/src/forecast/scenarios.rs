//! Scenarios: whole paths of what may come, each as probable as the others.

use crate::series::Series;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Paths through the slots from `start` on. What deviates in a member goes on as it did in a path of the past, so that sums
/// over several slots (what a battery has to bridge) vary as they do in reality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenarios {
    /// When they were issued (belief time).
    pub issued: Time,
    /// The first slot they are about.
    pub start: Time,
    /// The length of a slot.
    pub step: Span,
    /// The members, all of the same length, in the unit of the observations.
    pub members: Vec<Vec<f64>>,
}

impl Scenarios {
    /// A member as a series; none beyond the last one.
    pub fn series(&self, member: usize) -> Option<Series> {
        let values = self.members.get(member)?;
        Some(Series { start: self.start, step: self.step, values: values.as_slice().into() })
    }

    /// What the members say of the slot in which `time` falls; none outside.
    pub fn at(&self, time: Time) -> Option<Vec<f64>> {
        let index = usize::try_from((time - self.start).0.div_euclid(self.step.0)).ok()?;
        self.members.iter().map(|member| member.get(index).copied()).collect()
    }
}
