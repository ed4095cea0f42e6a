//! What a core keeps to forecast one series: its history, a model, and what the model has got wrong.

use super::errors::{Errors, Probe, STRIDE, bucket, leads, level_of};
use super::method::{Method, Model};
use super::{Bounds, Forecast, Grid, History, LEVELS, ObservationError, Quantiles, Scenarios, Score, Season};
use crate::series::Series;
use crate::time::{Calendar, Span, Time};
use serde::{Deserialize, Serialize};

/// What is to be forecast, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How.
    pub method: Method,
    /// The length of a slot; divides a day.
    pub step: Span,
    /// The calendar in which days and weekends are counted.
    pub calendar: Calendar,
    /// How many slots ahead at most; it tests itself that far.
    pub horizon: usize,
    /// Between which values the series can be.
    pub bounds: Bounds,
    /// How many error paths are kept for scenarios. Each takes four bytes per slot of the horizon.
    pub paths: usize,
}

impl Settings {
    /// Forecasts by `method` of `horizon` slots of length `step`, without bounds and with 32 error paths.
    pub fn new(method: Method, step: Span, calendar: Calendar, horizon: usize) -> Self {
        Self { method, step, calendar, horizon, bounds: Bounds::NONE, paths: 32 }
    }
}

/// Why nothing can be forecast with such settings.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SettingsError {
    /// The step.
    #[error("slots of {} s do not divide a day: choose a length that does", .0.seconds())]
    Step(Span),
    /// The horizon.
    #[error("a horizon of {0} slots: it must be from 1 to 100 000")]
    Horizon(usize),
    /// The bounds.
    #[error("the bounds {least:?} and {most:?} are not two numbers in order", least = .0.least, most = .0.most)]
    Bounds(Bounds),
    /// A weight.
    #[error("{name} is {value}: it must be above 0 and at most 1")]
    Weight {
        /// Which weight.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// The order of an autoregressive model.
    #[error("an autoregressive model of order {order}: it must be from 1 to {most}")]
    Order {
        /// What was given.
        order: usize,
        /// The largest one.
        most: usize,
    },
    /// The ridge of an autoregressive model.
    #[error("a ridge of {0}: it must be a number and not negative")]
    Ridge(f64),
    /// A mean of no days.
    #[error("the mean of no days: ask for 1 at least")]
    NoDays,
    /// A clear sky for another method.
    #[error("a clear sky was told to a forecaster that has no use for it: choose the method clear-sky")]
    NoSky,
    /// A clear sky with holes.
    #[error("the clear sky at {0} is not a number")]
    SkyNotANumber(Time),
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForecastError {
    /// Nothing is known.
    #[error("nothing was observed yet: there is nothing to forecast from")]
    NothingObserved,
    /// Something is known that could not be.
    #[error("a forecast issued at {now} knows the slot that ends at {end}: forecast before observing it")]
    Hindsight {
        /// When it was to be issued.
        now: Time,
        /// The end of the last slot told.
        end: Time,
    },
    /// Too far ahead.
    #[error("{steps} slots ahead: the forecaster was set up for {horizon} at most")]
    TooFar {
        /// How many were asked for.
        steps: usize,
        /// The horizon of the settings.
        horizon: usize,
    },
    /// The series of perfect foresight ends, or has a hole.
    #[error("perfect foresight has nothing for the slot {0}: hand in a longer series")]
    BeyondForesight(Time),
}

/// Learns a series slot by slot, and says what it expects of the coming ones.
///
/// Its state is some 50 kB for a horizon of two days of quarter hours; it can be copied and serialised at any time, and the
/// copy goes on as the original does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecaster {
    grid: Grid,
    horizon: usize,
    bounds: Bounds,
    history: History,
    model: Model,
    errors: Errors,
}

impl Forecaster {
    /// A forecaster that knows nothing yet.
    ///
    /// # Errors
    /// Settings that make no sense are refused.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        let Settings { method, step, calendar, horizon, bounds, paths } = settings;
        let grid = Grid { step, calendar };
        if !grid.divides_a_day() {
            return Err(SettingsError::Step(step));
        }
        if !(1..=100_000).contains(&horizon) {
            return Err(SettingsError::Horizon(horizon));
        }
        if !bounds.are_sound() {
            return Err(SettingsError::Bounds(bounds));
        }
        method.check()?;
        let days = method.days(horizon.div_ceil(grid.slots_per_day()));
        let history = History::new(grid, days);
        let errors = Errors::new(grid, horizon, paths);
        Ok(Self { grid, horizon, bounds, history, model: Model::new(method, grid, bounds), errors })
    }

    /// Whether what was learned is about such slots, so far ahead. It is not where somebody has changed slot or horizon of what
    /// was saved: then a new forecaster has to begin.
    pub fn is_sound(&self) -> bool {
        self.history.grid() == self.grid && self.errors.fit(self.grid, self.horizon)
    }

    /// Takes what was read of a slot that is over: the mean from `slot` on. Slots that are left out are gaps.
    ///
    /// # Errors
    /// What is no number, lies off the grid or comes late is not taken, and changes nothing.
    pub fn observe(&mut self, slot: Time, value: f64) -> Result<(), ObservationError> {
        self.history.check(slot, value)?;
        let gap = self.history.end().map_or(0, |end| self.grid.slots(end, slot));
        // After a gap that long no model remembers anything from before but what is usual.
        self.model.miss(gap.min(28 * self.grid.slots_per_day() as i64));
        self.errors.judge(self.grid, slot, value);
        self.model.observe(self.grid, slot, value);
        self.history.push(slot, value)?;
        let end = slot + self.grid.step;
        if self.grid.number(end) % STRIDE == 0 {
            self.note(end, value);
        }
        Ok(())
    }

    /// Learns from a series of the past, for instance of another run or of a file; what is no number in it is a gap.
    ///
    /// # Errors
    /// A series on another grid, or that begins before what is known already, is not taken.
    pub fn train(&mut self, series: &Series) -> Result<(), ObservationError> {
        if series.step != self.grid.step {
            return Err(ObservationError::OtherStep { series: series.step, step: self.grid.step });
        }
        let slots = series.values.iter().zip(0..).map(|(value, index)| (series.start + series.step * index, *value));
        slots.filter(|(_, value)| value.is_finite()).try_for_each(|(slot, value)| self.observe(slot, value))
    }

    /// Tells what the site would give without clouds, in the unit and with the sign of the observations; from now on, instead of
    /// what was told before. Where it says nothing, what was learned holds.
    ///
    /// # Errors
    /// Only the method [`Method::ClearSky`] has a use for it, and it must be numbers.
    pub fn tell_clear_sky(&mut self, sky: Series) -> Result<(), SettingsError> {
        let Model::ClearSky(model) = &mut self.model else { return Err(SettingsError::NoSky) };
        if sky.step.0 <= 0 {
            return Err(SettingsError::Step(sky.step));
        }
        if let Some(index) = sky.values.iter().position(|value| !value.is_finite()) {
            return Err(SettingsError::SkyNotANumber(sky.start + sky.step * index as i64));
        }
        model.tell(sky);
        Ok(())
    }

    /// What is believed at `now` of the `steps` slots from the one on in which `now` falls.
    ///
    /// Where the last slot told is some time ago, lead times are counted from `now` all the same.
    ///
    /// # Errors
    /// If nothing was observed yet, if what was observed was not over at `now`, beyond the horizon, or beyond what perfect
    /// foresight was given.
    pub fn forecast(&self, now: Time, steps: usize) -> Result<Forecast, ForecastError> {
        let (start, expected) = self.expect(now, steps)?;
        let half_range = self.half_range();
        let fan = |(index, expected): (usize, &f64)| self.fan(start, index, *expected, half_range);
        let quantiles = expected.iter().enumerate().map(fan).collect();
        Ok(Forecast { issued: now, start, step: self.grid.step, expected, quantiles })
    }

    /// `count` equally probable paths through the same slots.
    ///
    /// Their deviations from what is expected are those of the past from forecasts issued at the nearest time of day. As long as
    /// there are fewer such paths than asked for, members follow the quantiles of the fan in parallel instead.
    ///
    /// # Errors
    /// As [`Self::forecast`].
    pub fn scenarios(&self, now: Time, steps: usize, count: usize) -> Result<Scenarios, ForecastError> {
        let (start, expected) = self.expect(now, steps)?;
        let analogs = self.errors.analogs(self.grid, start, count);
        let half_range = self.half_range();
        let value = |member: usize, index: usize| {
            if analogs.len() == count {
                self.possible(start, index, expected[index] + analogs[member][index])
            } else {
                self.fan(start, index, expected[index], half_range).at(level_of(member, count))
            }
        };
        let members = (0..count).map(|member| (0..steps).map(|index| value(member, index)).collect()).collect();
        Ok(Scenarios { issued: now, start, step: self.grid.step, members })
    }

    /// How good it was so far, by lead time: of 1, 2, 3 to 4, 5 to 8, … slots ahead, up to the horizon.
    pub fn scores(&self) -> &[Score] {
        self.errors.scores()
    }

    /// How good it was so far, so many slots ahead (1 is the coming one); none beyond the horizon.
    pub fn score(&self, lead: usize) -> Option<&Score> {
        self.errors.scores().get(bucket(lead))
    }

    /// The scores with the first and the last lead time each is about, in slots; the last one ends at the horizon.
    pub fn scores_by_lead(&self) -> impl Iterator<Item = ((usize, usize), &Score)> {
        let lead = |place: usize| {
            let (after, until) = leads(place);
            (after + 1, until.min(self.horizon))
        };
        self.errors.scores().iter().enumerate().map(move |(place, score)| (lead(place), score))
    }

    /// What was observed.
    pub fn history(&self) -> &History {
        &self.history
    }

    fn expect(&self, now: Time, steps: usize) -> Result<(Time, Vec<f64>), ForecastError> {
        let (end, last) = self.history.end().zip(self.history.last()).ok_or(ForecastError::NothingObserved)?;
        if now < end {
            return Err(ForecastError::Hindsight { now, end });
        }
        if steps > self.horizon {
            return Err(ForecastError::TooFar { steps, horizon: self.horizon });
        }
        let start = now.floor(self.grid.step);
        let mut expected = vec![0.0; steps];
        self.model.expect(&self.history, start, last, &mut expected);
        if let Model::Perfect(series) = &self.model {
            let slot = |index: usize| start + self.grid.step * index as i64;
            let is_known = |index: &usize| self.grid.mean(series, slot(*index)).is_some_and(f64::is_finite);
            if let Some(index) = (0..steps).find(|index| !is_known(index)) {
                return Err(ForecastError::BeyondForesight(slot(index)));
            }
        }
        expected.iter_mut().enumerate().for_each(|(index, value)| *value = self.possible(start, index, *value));
        Ok((start, expected))
    }

    /// Notes what it believes of the whole horizon, to be held against what comes.
    fn note(&mut self, start: Time, last: f64) {
        // Foresight that does not reach so far is not tested.
        let Ok((_, expected)) = self.expect(start, self.horizon) else { return };
        self.errors.refresh();
        let half_range = self.half_range();
        let probe = |lead: usize| Probe {
            lead,
            expected: expected[lead - 1],
            quantiles: self.fan(start, lead - 1, expected[lead - 1], half_range),
            day_before: Season::DayBefore.at(&self.history, start + self.grid.step * (lead as i64 - 1)),
        };
        let probes = self.errors.probed(self.grid, start).map(probe).collect();
        self.errors.note(start, last, &expected, probes);
    }

    fn fan(&self, start: Time, index: usize, expected: f64, half_range: f64) -> Quantiles {
        let slot_of_day = self.grid.slot_of_day(start + self.grid.step * index as i64);
        let mut fan = self.errors.fan(expected, index + 1, slot_of_day, half_range);
        for value in &mut fan.0 {
            *value = self.possible(start, index, *value);
        }
        debug_assert!((1..LEVELS.len()).all(|level| fan.0[level - 1] <= fan.0[level]));
        fan
    }

    /// The nearest value that is possible in a slot.
    fn possible(&self, start: Time, index: usize, value: f64) -> f64 {
        let slot = start + self.grid.step * index as i64;
        if self.model.is_dark(self.grid, slot) { 0.0 } else { self.bounds.clip(value) }
    }

    fn half_range(&self) -> f64 {
        if matches!(self.model, Model::Perfect(_)) { 0.0 } else { self.history.half_range() }
    }
}
