//! Mean power between two looks at a register of energy: the same whatever the length of a tick.

use crate::time::Time;
use market::Energy;
use serde::{Deserialize, Serialize};

/// When a register was last looked at, and what it showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastLook(Option<(Time, Energy)>);

impl LastLook {
    /// Looks at a register that shows `energy` at `time`; returns the mean power in kW since the last look, or none if this is
    /// the first one.
    pub fn mean_kw(&mut self, time: Time, energy: Energy) -> Option<f64> {
        let (then, before) = self.0.replace((time, energy))?;
        (then < time).then(|| (energy - before).as_kwh() / (time - then).hours())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    #[test]
    fn a_mean_is_that_since_the_last_look() {
        let (mut look, at) = (LastLook::default(), |minutes| Time(0) + Span::from_minutes(minutes));
        let means = [(0, 5), (15, 30), (30, 30), (30, 30), (60, -20)].map(|(m, wh)| look.mean_kw(at(m), Energy(wh)));
        assert_eq!(means, [None, Some(0.1), Some(0.0), None, Some(-0.1)]);
    }
}
