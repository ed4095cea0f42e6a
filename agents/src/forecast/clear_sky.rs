//! PV by its clear-sky index: what it gives relative to what it would give without clouds.
//!
//! The clear sky is handed in, or learned as the envelope of each slot of the day: the most it has given lately. The index
//! deviates from its mean as a first-order autoregression, whose correlation from slot to slot is learned in daylight: after a
//! cloud the index goes back to its mean as fast as it usually does (the "smart persistence" of the literature on solar
//! forecasts). Where the clear sky gives nothing, nothing is expected.

use super::{Bounds, Grid, History};
use crate::series::Series;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Share of the largest clear-sky power below which an index says more of the horizon's hills than of clouds.
const DAYLIGHT: f64 = 0.05;
/// What an envelope loses on a day on which it is not reached: the sun's path and dust change slowly.
const FADING: f64 = 0.02;
/// The weight of a day in the mean index, and what a day of forgetting leaves of the correlation.
const DAY_WEIGHT: f64 = 0.1;
/// The correlation from hour to hour as long as it is not known.
const HOURLY_CORRELATION: f64 = 0.7;
/// The largest correlation from slot to slot.
const MOST_CORRELATION: f64 = 0.999;

/// The state of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ClearSky {
    bounds: Bounds,
    /// The clear sky that was told.
    sky: Option<Series>,
    /// What each slot of the day gives at most, with its sign; none as long as it was not seen.
    envelope: Vec<Option<f64>>,
    /// The largest magnitude of the sky that was told.
    sky_peak: f64,
    /// How many indices were seen, and their smoothed mean.
    count: u64,
    mean: f64,
    /// The last deviation from the mean, and its slot.
    deviation: Option<(Time, f64)>,
    /// Sums of deviation · deviation before, and of the square of the latter.
    products: [f64; 2],
}

impl ClearSky {
    pub(super) fn new(grid: Grid, bounds: Bounds) -> Self {
        Self {
            bounds,
            sky: None,
            envelope: vec![None; grid.slots_per_day()],
            sky_peak: 0.0,
            count: 0,
            mean: 1.0,
            deviation: None,
            products: [0.0; 2],
        }
    }

    /// What would be given without clouds, from now on.
    pub(super) fn tell(&mut self, sky: Series) {
        self.sky_peak = magnitude(sky.values.iter().copied()).max(self.sky_peak);
        self.sky = Some(sky);
    }

    pub(super) fn observe(&mut self, grid: Grid, slot: Time, value: f64) {
        // A standby consumption at night is none of the sun's doing.
        let value = self.bounds.clip(value);
        let envelope = &mut self.envelope[grid.slot_of_day(slot)];
        let faded = envelope.unwrap_or(0.0) * (1.0 - FADING);
        *envelope = Some(if value.abs() >= faded.abs() { value } else { faded });
        let Some(clear) = self.clear(grid, slot).filter(|clear| self.is_daylight(*clear)) else { return };
        let index = (value / clear).max(0.0);
        self.count += 1;
        // Half the day is daylight.
        let weight = 2.0 * DAY_WEIGHT / grid.slots_per_day() as f64;
        self.mean += weight.max(1.0 / self.count as f64) * (index - self.mean);
        let deviation = index - self.mean;
        if let Some((_, before)) = self.deviation.filter(|(last, _)| *last + grid.step == slot) {
            let [cross, square] = self.products;
            self.products = [(1.0 - weight) * cross + deviation * before, (1.0 - weight) * square + before * before];
        }
        self.deviation = Some((slot, deviation));
    }

    pub(super) fn expect(&self, history: &History, start: Time, last: f64, into: &mut [f64]) {
        let grid = history.grid();
        let correlation = self.correlation(grid);
        let mut deviation = self
            .deviation
            .map_or(0.0, |(seen, deviation)| deviation * libm::pow(correlation, grid.slots(seen, start) as f64));
        let mut slot = start;
        for value in into {
            *value = self.clear(grid, slot).map_or(last, |clear| clear * (self.mean + deviation).max(0.0));
            deviation *= correlation;
            slot += grid.step;
        }
    }

    /// Whether nothing can come in a slot, whatever the clouds do.
    pub(super) fn is_dark(&self, grid: Grid, slot: Time) -> bool {
        self.clear(grid, slot) == Some(0.0)
    }

    fn clear(&self, grid: Grid, slot: Time) -> Option<f64> {
        let told = self.sky.as_ref().and_then(|sky| grid.mean(sky, slot));
        told.or_else(|| self.envelope[grid.slot_of_day(slot)])
    }

    fn is_daylight(&self, clear: f64) -> bool {
        let peak = if self.sky.is_some() { self.sky_peak } else { magnitude(self.envelope.iter().copied().flatten()) };
        clear.abs() > DAYLIGHT * peak
    }

    /// From slot to slot.
    fn correlation(&self, grid: Grid) -> f64 {
        let [cross, square] = self.products;
        if square > 0.0 {
            (cross / square).clamp(0.0, MOST_CORRELATION)
        } else {
            libm::pow(HOURLY_CORRELATION, grid.step.hours())
        }
    }
}

fn magnitude(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |largest, value| value.abs().max(largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Span};

    const GRID: Grid = Grid { step: Span::HOUR, calendar: Calendar { utc_offset: Span::from_s(-4 * 3600) } };

    /// Light from six to eighteen local time, production negative.
    fn clear_kw(hour: i64) -> f64 {
        let local = (hour - 4).rem_euclid(24);
        if (6..18).contains(&local) { -4.0 } else { 0.0 }
    }

    /// A plant whose index in hour `h` is `index(h)`, with 10 W of standby, after `hours`; and its history.
    fn after(hours: i64, index: impl Fn(i64) -> f64, sky: Option<Series>) -> (ClearSky, History) {
        let mut model = ClearSky::new(GRID, Bounds::production(5.0));
        sky.into_iter().for_each(|sky| model.tell(sky));
        let mut history = History::new(GRID, 10);
        for hour in 0..hours {
            let (slot, value) = (Time(0) + Span::HOUR * hour, clear_kw(hour) * index(hour) + 0.01);
            model.observe(GRID, slot, value);
            history.push(slot, value).expect("in order");
        }
        (model, history)
    }

    fn expected(model: &ClearSky, history: &History, count: usize) -> Vec<f64> {
        let mut values = vec![f64::NAN; count];
        model.expect(history, history.end().expect("observed"), history.last().expect("observed"), &mut values);
        values
    }

    #[test]
    fn the_learned_night_is_exactly_dark_and_the_day_as_the_envelope() {
        let (model, history) = after(5 * 24, |_| 1.0, None);
        for (hour, value) in (5 * 24..).zip(expected(&model, &history, 48)) {
            let slot = Time(0) + Span::HOUR * hour;
            assert_eq!(model.is_dark(GRID, slot), clear_kw(hour) == 0.0, "{hour}");
            if clear_kw(hour) == 0.0 {
                assert_eq!(value, 0.0, "{hour}");
            } else {
                assert!((value + 3.99).abs() < 1e-9, "{hour}: {value}");
            }
        }
    }

    #[test]
    fn a_sky_that_is_told_holds_from_the_first_day_and_where_it_is_dark_nothing_is_expected() {
        let sky = Series { start: Time(0), step: Span::HOUR, values: (0..72).map(clear_kw).collect() };
        // Until local noon of the first day, under half the light.
        let (model, history) = after(16, |_| 0.5, Some(sky));
        for (hour, value) in (16..).zip(expected(&model, &history, 24)) {
            assert!((value - clear_kw(hour) * 0.5).abs() < 0.02, "{hour}: {value}");
            assert_eq!(clear_kw(hour) == 0.0, value == 0.0, "{hour}");
        }
    }

    #[test]
    fn after_a_cloud_the_index_goes_back_to_its_mean_as_it_usually_does() {
        let sky = Series { start: Time(0), step: Span::HOUR, values: (0..24 * 40).map(clear_kw).collect() };
        // Spells of three hours above and below the mean.
        let index = |hour: i64| if hour / 3 % 2 == 0 { 1.0 } else { 0.4 };
        let (model, history) = after(24 * 30 + 16, index, Some(sky));
        let correlation = model.correlation(GRID);
        assert!((0.1..0.6).contains(&correlation), "two hours of three are as the hour before: {correlation}");
        let deviations: Vec<_> = expected(&model, &history, 4).iter().map(|value| value / -4.0 - model.mean).collect();
        for pair in deviations.windows(2) {
            assert!((pair[1] / pair[0] - correlation).abs() < 1e-9, "{deviations:?}");
        }
    }
}
