//! The coming slot, from two beliefs: the forecaster's, and that it goes on as the last slot was.
//!
//! Of two forecasts whose errors differ the best weighted mean is better than either (Bates and Granger, *The Combination of
//! Forecasts*, Operational Research Quarterly 20, 1969): the weights follow from the mean squares of their errors and the mean of
//! their product, here with older ones weighted less. What a charge point draws comes and goes in steps, of which the last reading
//! tells more than what is usual; what the sun gives does not.

use crate::time::Time;
use serde::{Deserialize, Serialize};

/// What is left of the weight of a slot after one more: about a week of quarter hours counts.
const FORGETTING: f64 = 0.998;

/// The errors of both beliefs so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Nowcast {
    pending: Option<Belief>,
    model: f64,
    last: f64,
    product: f64,
}

/// What was believed of a slot, kW.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Belief {
    slot: Time,
    model_kw: f64,
    last_kw: f64,
}

impl Nowcast {
    /// Holds what was believed of a slot against what came.
    pub(super) fn observe(&mut self, slot: Time, value_kw: f64) {
        let Some(belief) = self.pending.take().filter(|belief| belief.slot == slot && value_kw.is_finite()) else {
            return;
        };
        let (model, last) = (value_kw - belief.model_kw, value_kw - belief.last_kw);
        self.model = FORGETTING * self.model + model * model;
        self.last = FORGETTING * self.last + last * last;
        self.product = FORGETTING * self.product + model * last;
    }

    /// What to believe of `slot`, where the model expects one value and the last slot had the other.
    pub(super) fn blend(&mut self, slot: Time, model_kw: f64, last_kw: f64) -> f64 {
        self.pending = Some(Belief { slot, model_kw, last_kw });
        let share = self.share();
        share * model_kw + (1.0 - share) * last_kw
    }

    /// The weight of the model, in [0, 1]; all of it as long as nothing tells the two apart.
    fn share(&self) -> f64 {
        let apart = self.model + self.last - 2.0 * self.product;
        if apart > 1e-9 { ((self.last - self.product) / apart).clamp(0.0, 1.0) } else { 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean squared errors of the blend, the model and the last value, where a model knows what is usual and the series strays.
    fn squares(usual: impl Fn(i64) -> f64, strays: impl Fn(i64) -> f64) -> [f64; 3] {
        let mut nowcast = Nowcast::default();
        let (mut last, mut sums) = (0.0, [0.0; 3]);
        for index in 0..2000 {
            let value = usual(index) + strays(index);
            let blend = nowcast.blend(Time(index), usual(index), last);
            nowcast.observe(Time(index), value);
            for (sum, belief) in sums.iter_mut().zip([blend, usual(index), last]) {
                *sum += (value - belief) * (value - belief) / 2000.0;
            }
            last = value;
        }
        sums
    }

    #[test]
    fn the_blend_is_as_good_as_the_better_of_both_and_better_where_each_knows_something() {
        let wave = |index: i64| 10.0 * libm::sin(index as f64 / 4.0);
        // Steps that last for a while, of which the model knows nothing.
        let steps = |index: i64| if (index / 20) % 3 == 0 { 20.0 } else { 0.0 };
        let [blend, model, last] = squares(|_| 0.0, steps);
        assert!(blend < 1.05 * last && last < model / 2.0, "{blend}, {model}, {last}");
        let [blend, model, last] = squares(wave, |index| if index % 2 == 0 { 1.0 } else { -1.0 });
        assert!(blend < 1.05 * model && model < last / 2.0, "{blend}, {model}, {last}");
        let [blend, model, last] = squares(wave, |index| steps(index) / 4.0);
        assert!(blend < 0.8 * model.min(last), "{blend}, {model}, {last}");
    }

    #[test]
    fn a_belief_about_another_slot_teaches_nothing() {
        let mut nowcast = Nowcast::default();
        nowcast.blend(Time(0), 5.0, 1.0);
        nowcast.observe(Time(1), 1.0);
        assert_eq!(nowcast.blend(Time(2), 7.0, 1.0), 7.0);
    }
}
