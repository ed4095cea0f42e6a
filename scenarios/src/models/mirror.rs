//! Parameters of mirrored assets: how long a reading holds, which ones are refused, and when field and model have parted.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, parameters};
use agents::Span;

parameters! {
    /// How assets are mirrored whose readings come from the field. Nothing is mirrored without readings.
    pub struct MirrorParameters in "mirror" {
        /// First level or levels of the field's topics.
        root: String = "cariflex".into(), "topic", Any, "the platform's topics";
        /// How long a reading holds when no other one comes; then the asset's own model carries on.
        hold: Span = Span::from_s(90), "duration", Any, "assumption: three times the 30 s after which the platform's devices publish again";
        /// How far a reading may lie in the future of the tick that takes it.
        ahead: Span = Span::from_s(5), "duration", Any, ASSUMPTION;
        /// A power of more than this, relative to the asset's rating, is no power of this asset.
        wild_above: f64 = 1.5, "factor", Within(1.0, 1000.0), ASSUMPTION;
        /// How long means are over which field and model are compared.
        diverged_for: Span = Span::from_minutes(5), "duration", Any, ASSUMPTION;
        /// Mean difference of power, relative to the asset's rating, above which field and model have parted; they agree
        /// again below half of it.
        diverged_above: f64 = 0.2, "share", Within(0.0, 1000.0), ASSUMPTION;
        /// Energy that readings corrected over the same time, relative to the capacity, above which field and model have
        /// parted; they agree again below half of it.
        energy_diverged_above: f64 = 0.05, "share", Within(0.0, 1000.0), ASSUMPTION;
    }
}

impl MirrorParameters {
    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        for (key, span) in [("hold", self.hold), ("diverged_for", self.diverged_for)] {
            if span <= Span::ZERO {
                return Err(Conflict::new(key, "must be longer than nothing"));
            }
        }
        Ok(())
    }
}
