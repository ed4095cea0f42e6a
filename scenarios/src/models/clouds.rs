//! Parameters of the synthetic clouds: which class a day is of, what its shadows are like, how they drift.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What kind of day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayClass {
    /// Few clouds.
    Clear,
    /// Trade-wind cumulus: sun and shadow in turn.
    Scattered,
    /// Mostly covered.
    Overcast,
    /// Covered and raining.
    Rain,
}

choice!(DayClass {
    "clear" => DayClass::Clear,
    "scattered" => DayClass::Scattered,
    "overcast" => DayClass::Overcast,
    "rain" => DayClass::Rain,
});

impl DayClass {
    /// All classes, in the order of the entries of `clear_next_day` and its like.
    pub const ALL: [Self; 4] = [Self::Clear, Self::Scattered, Self::Overcast, Self::Rain];
}

parameters! {
    /// Synthetic clouds, where irradiance is not measured. No one-minute record of Martinique was at hand.
    pub struct CloudParameters in "clouds" {
        /// The class of all days; none: each day's is drawn, given the day before.
        day_class: Option<DayClass> = None, "word", Any, ASSUMPTION;
        /// After a clear day: probabilities of a clear, scattered, overcast, rainy one.
        clear_next_day: [f64; 4] = [0.50, 0.42, 0.05, 0.03], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Clear day: shapes alpha and beta of the Beta law of its cloud fraction, whole numbers.
        clear_cloud_fraction: [f64; 2] = [1.0, 14.0], "shape", Within(1.0, 64.0), ASSUMPTION;
        /// Clear day: least and largest clear-sky index in a shadow; each shadow has its own.
        clear_shadow_kc: [f64; 2] = [0.25, 0.60], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Clear day: mean length of a shadow.
        clear_shadow_mean_min: f64 = 4.0, "min", Within(0.25, 1440.0), ASSUMPTION;
        /// After a day of scattered clouds: probabilities of a clear, scattered, overcast, rainy one.
        scattered_next_day: [f64; 4] = [0.22, 0.62, 0.10, 0.06], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Scattered clouds: shapes alpha and beta of the Beta law of the cloud fraction, whole numbers.
        scattered_cloud_fraction: [f64; 2] = [4.0, 7.0], "shape", Within(1.0, 64.0), ASSUMPTION;
        /// Scattered clouds: least and largest clear-sky index in a shadow.
        scattered_shadow_kc: [f64; 2] = [0.25, 0.60], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Scattered clouds: mean length of a shadow.
        scattered_shadow_mean_min: f64 = 4.0, "min", Within(0.25, 1440.0), ASSUMPTION;
        /// After an overcast day: probabilities of a clear, scattered, overcast, rainy one.
        overcast_next_day: [f64; 4] = [0.12, 0.52, 0.23, 0.13], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Overcast day: shapes alpha and beta of the Beta law of the cloud fraction, whole numbers.
        overcast_cloud_fraction: [f64; 2] = [9.0, 2.0], "shape", Within(1.0, 64.0), ASSUMPTION;
        /// Overcast day: least and largest clear-sky index in a shadow.
        overcast_shadow_kc: [f64; 2] = [0.25, 0.60], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Overcast day: mean length of a shadow.
        overcast_shadow_mean_min: f64 = 20.0, "min", Within(0.25, 1440.0), ASSUMPTION;
        /// After a rainy day: probabilities of a clear, scattered, overcast, rainy one.
        rain_next_day: [f64; 4] = [0.10, 0.50, 0.22, 0.18], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Rainy day: shapes alpha and beta of the Beta law of the cloud fraction, whole numbers.
        rain_cloud_fraction: [f64; 2] = [11.0, 1.0], "shape", Within(1.0, 64.0), ASSUMPTION;
        /// Rainy day: least and largest clear-sky index in a shadow.
        rain_shadow_kc: [f64; 2] = [0.08, 0.35], "share", Within(0.0, 1.0), ASSUMPTION;
        /// Rainy day: mean length of a shadow.
        rain_shadow_mean_min: f64 = 30.0, "min", Within(0.25, 1440.0), ASSUMPTION;
        /// Standard deviation of the clear-sky index from minute to minute in full sun.
        sun_kc_deviation: f64 = 0.03, "share", Within(0.0, 0.25), ASSUMPTION;
        /// Probability that a bright cloud edge follows a shadow.
        edge_probability: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Least and largest clear-sky index at a bright edge.
        edge_kc: [f64; 2] = [1.05, 1.20], "share", Within(1.0, 1.6), ASSUMPTION;
        /// Least and largest length of a bright edge.
        edge_min: [f64; 2] = [1.0, 2.0], "min", Within(0.0, 60.0), ASSUMPTION;
        /// Cloud fraction that convection over relief adds at its peak.
        afternoon_cloud_rise: f64 = 0.12, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Local time of day of that peak.
        afternoon_peak_h: f64 = 14.5, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Time from the peak to no effect, either side; the rise is a parabola between.
        afternoon_half_width_h: f64 = 3.5, "h", Within(0.1, 24.0), ASSUMPTION;
        /// Direction the clouds come from, from north, clockwise.
        wind_from_deg: f64 = 67.5, "degrees", Within(0.0, 360.0), "trade winds from the east-north-east";
        /// Speed at which they drift.
        wind_speed_m_per_s: f64 = 8.0, "m/s", Within(3.0, 100.0), ASSUMPTION;
        /// Distance across the wind from which two places no longer see the same shadows.
        across_wind_km: f64 = 5.0, "km", Within(0.1, 1000.0), ASSUMPTION;
    }
}

/// The clouds of one class of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DayClassParameters {
    /// Probabilities that the next day is clear, scattered, overcast, rainy; they sum to 1.
    pub next_day: [f64; 4],
    /// Shapes of the Beta law of the day's cloud fraction, whole numbers from 1 on.
    pub cloud_fraction: [f64; 2],
    /// Least and largest clear-sky index in a shadow.
    pub shadow_kc: [f64; 2],
    /// Mean length of a shadow, min.
    pub shadow_mean_min: f64,
}

impl CloudParameters {
    /// Largest `alpha + beta` of a cloud-fraction law: a day draws that many numbers less one.
    pub const MAX_SHAPES: f64 = 65.0;

    /// The parameters of a class.
    pub fn of(&self, class: DayClass) -> DayClassParameters {
        let (next_day, cloud_fraction, shadow_kc, shadow_mean_min) = match class {
            DayClass::Clear => {
                (self.clear_next_day, self.clear_cloud_fraction, self.clear_shadow_kc, self.clear_shadow_mean_min)
            }
            DayClass::Scattered => (
                self.scattered_next_day,
                self.scattered_cloud_fraction,
                self.scattered_shadow_kc,
                self.scattered_shadow_mean_min,
            ),
            DayClass::Overcast => (
                self.overcast_next_day,
                self.overcast_cloud_fraction,
                self.overcast_shadow_kc,
                self.overcast_shadow_mean_min,
            ),
            DayClass::Rain => {
                (self.rain_next_day, self.rain_cloud_fraction, self.rain_shadow_kc, self.rain_shadow_mean_min)
            }
        };
        DayClassParameters { next_day, cloud_fraction, shadow_kc, shadow_mean_min }
    }

    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        for (class, word) in DayClass::ALL.into_iter().zip(["clear", "scattered", "overcast", "rain"]) {
            let DayClassParameters { next_day, cloud_fraction, shadow_kc, .. } = self.of(class);
            let sum: f64 = next_day.iter().sum();
            if (sum - 1.0).abs() > 1e-9 {
                let text = format!("sums to {sum}: the four probabilities must sum to 1");
                return Err(Conflict::new(format!("{word}_next_day"), text));
            }
            let is_whole = cloud_fraction.iter().all(|shape| shape.fract() == 0.0);
            if !is_whole || cloud_fraction.iter().sum::<f64>() > Self::MAX_SHAPES {
                let most = Self::MAX_SHAPES;
                let text = format!("must be two whole numbers that sum to at most {most}");
                return Err(Conflict::new(format!("{word}_cloud_fraction"), text));
            }
            check_range(&format!("{word}_shadow_kc"), shadow_kc)?;
        }
        check_range("edge_kc", self.edge_kc)?;
        check_range("edge_min", self.edge_min)?;
        if self.day_class.is_none() && !self.pasts_merge() {
            let text = "and the other lists never lead to a common class, so that a day would depend on all days before \
                        it: let each class be followed by a common one, or set day_class";
            return Err(Conflict::new("clear_next_day", text));
        }
        Ok(())
    }

    /// Whether all four pasts of a day can lead to one present, when every class uses the same draw: otherwise a class
    /// could not be told from the draws of the days before. Follows sets of classes through all draws that differ.
    fn pasts_merge(&self) -> bool {
        let rows = DayClass::ALL.map(|class| {
            let mut sum = 0.0;
            self.of(class).next_day.map(|probability| {
                sum += probability;
                sum
            })
        });
        let next = |class: usize, draw: f64| rows[class].iter().position(|sum| draw < *sum).unwrap_or(3);
        let draws: Vec<f64> = rows.iter().flatten().copied().chain([0.0]).filter(|draw| *draw < 1.0 - 1e-9).collect();
        let mut known = BTreeSet::new();
        let mut open = vec![BTreeSet::from([0, 1, 2, 3])];
        while let Some(classes) = open.pop() {
            if classes.len() == 1 {
                return true;
            }
            if known.insert(classes.clone()) {
                open.extend(draws.iter().map(|draw| classes.iter().map(|class| next(*class, *draw)).collect()));
            }
        }
        false
    }
}

fn check_range(key: &str, [least, largest]: [f64; 2]) -> Result<(), Conflict> {
    if least > largest {
        return Err(Conflict::new(key, format!("is [{least}, {largest}]: write the smaller number first")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Conflict> {
        CloudParameters::from_toml(text).expect("readable").check()
    }

    #[test]
    fn the_defaults_keep_their_own_rules() {
        assert_eq!(check(""), Ok(()));
        let rainy = CloudParameters::from_toml("day_class = \"rain\"").expect("readable");
        assert_eq!(rainy.day_class, Some(DayClass::Rain));
    }

    #[test]
    fn what_does_not_fit_together_is_said_with_the_remedy() {
        for (text, expected) in [
            ("overcast_next_day = [0.5, 0.5, 0.5, 0.0]", "overcast_next_day sums to 1.5"),
            ("rain_cloud_fraction = [1.5, 2.0]", "rain_cloud_fraction must be two whole numbers"),
            ("clear_cloud_fraction = [64, 2]", "at most 65"),
            ("scattered_shadow_kc = [0.6, 0.2]", "scattered_shadow_kc is [0.6, 0.2]"),
            ("edge_kc = [1.3, 1.1]", "edge_kc"),
        ] {
            let problem = check(text).expect_err(expected).to_string();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn classes_that_never_follow_one_another_from_a_common_past_are_refused() {
        let each_its_own = "clear_next_day = [1, 0, 0, 0]\nscattered_next_day = [0, 1, 0, 0]\n\
                            overcast_next_day = [0, 0, 1, 0]\nrain_next_day = [0, 0, 0, 1]";
        assert!(check(each_its_own).is_err_and(|problem| problem.text.contains("never lead to a common class")));
        assert_eq!(check(&format!("{each_its_own}\nday_class = \"clear\"")), Ok(()));
        let always_rain_in_the_end = each_its_own.replace("[1, 0, 0, 0]", "[0.9, 0, 0, 0.1]");
        assert!(check(&always_rain_in_the_end).is_err(), "scattered and overcast never end");
        let all_may_rain = "clear_next_day = [0.9, 0, 0, 0.1]\nscattered_next_day = [0, 0.9, 0, 0.1]\n\
                            overcast_next_day = [0, 0, 0.9, 0.1]\nrain_next_day = [0, 0, 0, 1]";
        assert_eq!(check(all_may_rain), Ok(()));
    }
}
