//! The clouds of a run: one class and cloud fraction a day for the whole island, and bands of clouds that drift over it
//! with the wind.
//!
//! Within a band, shadows pass one place after another. Bands beside one another have shadows of their own, and where
//! their edges lie is drawn anew for each day: the chance of two places to share a band, and with it the correlation
//! of their minutes, falls linearly with their distance across the wind, to nothing beyond the width of a band.

use super::Step;
use crate::physics::clouds::{CloudDay, CloudModel};
use agents::Calendar;
use agents::Span;
use agents::draw::Draws;
use rand::RngExt;
use scenarios::{CloudParameters, DayClass};

/// The clouds of a run.
#[derive(Debug)]
pub(super) struct CloudCover {
    model: CloudModel,
    seed: u64,
    class: Draws,
    fraction: Draws,
    edges: Draws,
    day: Option<Day>,
}

/// Where a place lies in the field of clouds, seen from its origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Offset {
    /// How much later clouds pass it, min.
    delay_min: i32,
    /// How far it lies across the wind, in widths of a band.
    bands_across: f64,
}

/// The clouds of a local day.
#[derive(Debug)]
struct Day {
    number: i64,
    class: DayClass,
    cloud_fraction: f64,
    /// Where the edges of bands lie, in widths of a band.
    edge: f64,
    /// The bands met so far, by their number.
    bands: Vec<(i64, CloudDay)>,
}

impl CloudCover {
    pub(super) fn new(seed: u64, parameters: &CloudParameters) -> Self {
        let draws = |purpose| Draws::new(seed, "weather", purpose);
        let (class, fraction, edges) = (draws("day class"), draws("cloud fraction"), draws("edges of cloud bands"));
        Self { model: CloudModel::new(parameters), seed, class, fraction, edges, day: None }
    }

    /// Where a place lies that is `east_m` and `north_m` from the origin.
    pub(super) fn offset(&self, east_m: f64, north_m: f64) -> Offset {
        Offset {
            delay_min: self.model.delay_min(east_m, north_m).round() as i32,
            bands_across: self.model.bands_across(east_m, north_m),
        }
    }

    /// The clear-sky index of a place in the minute of a step.
    pub(super) fn kc(&mut self, calendar: Calendar, step: &Step, offset: Offset) -> f64 {
        let minute = (calendar.time_of_day(step.start).0 / Span::MINUTE.0) as usize;
        self.kc_at(calendar.day(step.start), minute, offset)
    }

    fn kc_at(&mut self, number: i64, minute: usize, offset: Offset) -> f64 {
        if self.day.as_ref().is_none_or(|day| day.number != number) {
            self.day = Some(self.draw_day(number));
        }
        let day = self.day.as_mut().expect("just set");
        let band = (offset.bands_across + day.edge).floor() as i64;
        let known = day.bands.iter().position(|(known, _)| *known == band);
        let index = known.unwrap_or_else(|| {
            let mut draw = Draws::new(self.seed, "weather", &format!("clouds of band {band}")).at(number);
            day.bands.push((band, CloudDay::generate(&self.model, day.class, day.cloud_fraction, &mut draw)));
            day.bands.len() - 1
        });
        day.bands[index].1.kc_at(minute, offset.delay_min)
    }

    fn draw_day(&self, number: i64) -> Day {
        let class = self.model.day_class(|day| self.class.at(day).random(), number);
        Day {
            number,
            class,
            cloud_fraction: self.model.day_cloud_fraction(class, &mut self.fraction.at(number)),
            edge: self.edges.at(number).random(),
            bands: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the clouds come from by default: east-north-east.
    const UPWIND_DEG: f64 = 67.5;

    fn cover() -> CloudCover {
        CloudCover::new(3, &CloudParameters::from_toml("day_class = \"scattered\"").expect("readable"))
    }

    /// The offset of a place this far down the wind and, to the right of it, across.
    fn place(cover: &CloudCover, down_m: f64, across_m: f64) -> Offset {
        let (east, north) = libm::sincos(UPWIND_DEG.to_radians());
        cover.offset(-down_m * east + across_m * north, -down_m * north - across_m * east)
    }

    /// The daylight minutes of a number of days at a place, `later_min` after those at the origin.
    fn minutes(cover: &mut CloudCover, offset: Offset, later_min: usize) -> Vec<f64> {
        let minutes = (0..200).flat_map(|day| (420..960).map(move |minute| (day, minute + later_min)));
        minutes.map(|(day, minute)| cover.kc_at(day, minute, offset)).collect()
    }

    fn correlation(a: &[f64], b: &[f64]) -> f64 {
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let covariance = |x: &[f64], y: &[f64]| {
            let (mx, my) = (mean(x), mean(y));
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
        };
        covariance(a, b) / (covariance(a, a) * covariance(b, b)).sqrt()
    }

    #[test]
    fn a_place_downwind_sees_the_same_shadows_with_the_delay_of_the_wind() {
        let mut cover = cover();
        // 9.6 km at 8 m/s are 20 minutes.
        let (here, there) = (place(&cover, 0.0, 0.0), place(&cover, 9600.0, 0.0));
        assert_eq!((here.delay_min, there.delay_min), (0, 20));
        let at_origin = minutes(&mut cover, here, 0);
        assert_eq!(at_origin, minutes(&mut cover, there, 20));
        let at_once = correlation(&at_origin, &minutes(&mut cover, there, 0));
        assert!(at_once < 0.3, "without the delay they have little in common: {at_once}");
    }

    #[test]
    fn correlation_falls_with_the_distance_across_the_wind() {
        let mut cover = cover();
        let here = place(&cover, 0.0, 0.0);
        let at_origin = minutes(&mut cover, here, 0);
        let at = |cover: &mut CloudCover, across_m: f64| {
            let there = place(cover, 0.0, across_m);
            correlation(&at_origin, &minutes(cover, there, 0))
        };
        let found = [0.0, 1250.0, 2500.0, 3750.0, 5001.0, 20_000.0, -2500.0].map(|across_m| at(&mut cover, across_m));
        assert_eq!(found[0], 1.0);
        // What remains far away is the day's common cloud fraction, with its rise in the afternoon.
        let common = found[5];
        assert!((0.0..0.2).contains(&common) && (found[4] - common).abs() < 0.1, "{found:?}");
        for (index, share) in [(1, 0.75), (2, 0.5), (3, 0.25), (6, 0.5)] {
            let expected = common + (1.0 - common) * share;
            assert!((found[index] - expected).abs() < 0.1, "{found:?}: {expected} expected at {index}");
        }
    }

    #[test]
    fn what_a_place_sees_does_not_depend_on_which_others_are_asked_for() {
        let (mut alone, mut among) = (cover(), cover());
        let (here, there) = (place(&alone, 0.0, 0.0), place(&alone, 0.0, 30_000.0));
        for day in [5, 4, 6] {
            among.kc_at(day, 700, there);
            assert_eq!(alone.kc_at(day, 700, here), among.kc_at(day, 700, here));
        }
    }
}
