//! When an appliance is in use: sessions that begin within a window of the day, and starts that come by chance.
//!
//! Each can be drawn for a day, and each knows in closed form how many hours of use to expect in each hour of the day,
//! so that what is drawn and what is expected can not drift apart.

use rand::{Rng, RngExt};

/// Windows are at least this long, so that ends cut to whole minutes come out right on average.
const SHORTEST_WINDOW_H: f64 = 1.0 / 60.0;

/// From and until when something is in use, in hours after the midnight that begins its day; may end on a later day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Use {
    /// Its begin.
    pub from_h: f64,
    /// Its end.
    pub until_h: f64,
}

/// How long a use lasts: evenly distributed around its mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Length {
    mean_h: f32,
    /// Half the width of the distribution, relative to the mean.
    spread: f32,
}

/// A use that begins once a day within a window, evenly spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Session {
    from_h: f32,
    window_h: f32,
    length: Length,
}

/// Uses that begin by chance: a Poisson process whose rate is constant within each hour of the day.
#[derive(Clone, Copy, Debug)]
pub struct Starts {
    per_day: f32,
    /// Share of the day's starts that fall in each local hour; they sum to 1.
    shares: &'static [f64; 24],
    length: Length,
}

impl Length {
    /// A length of `mean_h` hours, give or take `spread` of it (between 0 and 1).
    pub fn new(mean_h: f64, spread: f64) -> Self {
        Self { mean_h: mean_h as f32, spread: spread as f32 }
    }

    fn draw(self, generator: &mut impl Rng) -> f64 {
        let [shortest, longest] = self.limits_h();
        shortest + (longest - shortest) * f64::from(generator.random::<f32>())
    }

    fn limits_h(self) -> [f64; 2] {
        let (mean_h, spread) = (f64::from(self.mean_h), f64::from(self.spread));
        [mean_h * (1.0 - spread), mean_h * (1.0 + spread)]
    }

    fn mean_h(self) -> f64 {
        f64::from(self.mean_h)
    }

    fn scaled(self, factor: f64) -> Self {
        Self { mean_h: (self.mean_h() * factor) as f32, ..self }
    }
}

impl Session {
    /// A session that begins at local time `from_h`, or up to `window_h` hours later, and is as long as `length`.
    pub fn new(from_h: f64, window_h: f64, length: Length) -> Self {
        Self { from_h: from_h as f32, window_h: window_h.max(SHORTEST_WINDOW_H) as f32, length }
    }

    /// The session of a day.
    pub fn draw(&self, generator: &mut impl Rng) -> Use {
        let from_h = f64::from(self.from_h) + f64::from(self.window_h) * f64::from(generator.random::<f32>());
        Use { from_h, until_h: from_h + self.length.draw(generator) }
    }

    /// Expected hours of use within local hour `hour`, the sessions of earlier days included.
    pub fn expected_h(&self, hour: usize) -> f64 {
        let (from_h, window_h) = (f64::from(self.from_h), f64::from(self.window_h));
        // A session ends at most three days after the midnight before it.
        (0..3).map(|day| expected_h(from_h, window_h, self.length, (hour + 24 * day) as f64)).sum()
    }

    /// The same session, its length multiplied by `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        Self { length: self.length.scaled(factor), ..*self }
    }

    /// Its mean length in hours.
    pub fn mean_h(&self) -> f64 {
        self.length.mean_h()
    }
}

impl Starts {
    /// On average `per_day` starts, distributed over the hours of the day by `shares`, each use as long as `length`.
    pub fn new(per_day: f64, shares: &'static [f64; 24], length: Length) -> Self {
        Self { per_day: per_day as f32, shares, length }
    }

    /// Calls `each` with every use that begins on a day whose starts are `factor` times as many as usual, in order.
    ///
    /// Steps of unit-rate exponential length are walked through the hours' rates (Lewis and Shedler 1979), so that any
    /// rate will do.
    pub fn draw(&self, factor: f64, generator: &mut impl Rng, mut each: impl FnMut(Use)) {
        let per_day = f64::from(self.per_day) * factor;
        let next = |generator: &mut _| -libm::log(1.0 - RngExt::random::<f64>(generator));
        let mut due = next(generator);
        for (hour, share) in self.shares.iter().enumerate() {
            let rate = per_day * share;
            while due < rate {
                let from_h = hour as f64 + due / rate;
                each(Use { from_h, until_h: from_h + self.length.draw(generator) });
                due += next(generator);
            }
            due -= rate;
        }
    }

    /// Expected hours of use within local hour `hour`, those that began on the evening before included.
    pub fn expected_h(&self, hour: usize) -> f64 {
        if self.per_day == 0.0 {
            return 0.0;
        }
        let [_, longest] = self.length.limits_h();
        let before = (longest as usize + 1).min(23);
        let begun = |back: usize| {
            let share = self.shares[(hour + 24 - back) % 24];
            if share == 0.0 { 0.0 } else { share * expected_h(0.0, 1.0, self.length, back as f64) }
        };
        f64::from(self.per_day) * (0..=before).map(begun).sum::<f64>()
    }

    /// The same starts, their number multiplied by `factor`.
    pub fn scaled(&self, factor: f64) -> Self {
        Self { per_day: (f64::from(self.per_day) * factor) as f32, ..*self }
    }
}

/// Expected hours within the hour after `hour` of a use that begins in `[from_h, from_h + window_h)`, evenly spread, and
/// is as long as `length`.
///
/// It is in use at `t` with probability F(t) − E\[F(t − length)\], F the distribution of its begin. Integrated over the
/// hour and over lengths these are differences of x²/2 and x³/6.
fn expected_h(from_h: f64, window_h: f64, length: Length, hour: f64) -> f64 {
    let [shortest, longest] = length.limits_h();
    if longest <= 0.0 || hour + 1.0 <= from_h || hour >= from_h + window_h + longest {
        return 0.0;
    }
    let square = |x: f64| x.max(0.0) * x.max(0.0) / 2.0;
    let cube = |x: f64| square(x) * x.max(0.0) / 3.0;
    let in_use = |until: f64| {
        let (since, since_last) = (until - from_h, until - from_h - window_h);
        let begun = square(since) - square(since_last);
        let ended = (cube(since - shortest) - cube(since - longest))
            - (cube(since_last - shortest) - cube(since_last - longest));
        (begun - ended / (longest - shortest)) / window_h
    };
    (in_use(hour + 1.0) - in_use(hour)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::draw::Draws;

    static EVENING: [f64; 24] = {
        let mut shares = [0.0; 24];
        shares[19] = 0.75;
        shares[23] = 0.25;
        shares
    };

    /// Hours of use in each hour of the day, from uses on many days.
    fn counted(days: i64, mut draw: impl FnMut(i64, &mut dyn FnMut(Use))) -> [f64; 24] {
        let mut hours = [0.0; 24];
        for day in 0..days {
            draw(day, &mut |found: Use| {
                for hour in 0..72 {
                    let overlap = found.until_h.min(f64::from(hour) + 1.0) - found.from_h.max(f64::from(hour));
                    hours[hour as usize % 24] += overlap.max(0.0) / days as f64;
                }
            });
        }
        hours
    }

    #[test]
    fn a_session_by_hand() {
        // Begins between 18:00 and 19:00, lasts 90 min ± 30 min: within the hour of 18 it is in use for half an hour on
        // average, after 21:00 never.
        let session = Session::new(18.0, 1.0, Length::new(1.5, 1.0 / 3.0));
        assert!((session.expected_h(18) - 0.5).abs() < 1e-6);
        assert!(session.expected_h(17) == 0.0 && session.expected_h(21) < 1e-6);
        let total: f64 = (0..24).map(|hour| session.expected_h(hour)).sum();
        assert!((total - 1.5).abs() < 1e-6, "{total}");
    }

    #[test]
    fn sessions_drawn_last_as_long_as_expected_in_every_hour() {
        let draws = Draws::new(1, "house", "test");
        for session in [
            Session::new(21.0, 2.5, Length::new(9.0, 0.2)),
            Session::new(24.0, 12.0, Length::new(20.0, 0.2)),
            Session::new(6.0, 0.0, Length::new(0.05, 0.5)),
        ] {
            let found = counted(4000, |day, each| each(session.draw(&mut draws.at(day))));
            for (hour, found) in found.into_iter().enumerate() {
                let expected = session.expected_h(hour);
                assert!((found - expected).abs() < 0.03, "{session:?}, hour {hour}: {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn starts_drawn_are_as_many_and_as_long_as_expected_in_every_hour() {
        let draws = Draws::new(2, "house", "test");
        for (per_day, length) in
            [(0.5, Length::new(1.0, 0.5)), (2000.0, Length::new(0.02, 0.5)), (3.0, Length::new(8.0, 0.5))]
        {
            let starts = Starts::new(per_day, &EVENING, length);
            let (mut count, days) = (0, 2000);
            let found = counted(days, |day, each| {
                starts.draw(1.0, &mut draws.at(day), |found| {
                    count += 1;
                    each(found);
                });
            });
            let error = (f64::from(count) / days as f64 - per_day) / libm::sqrt(per_day / days as f64);
            assert!(error.abs() < 4.0, "{starts:?}: {count} starts are off by {error} standard errors");
            for (hour, found) in found.into_iter().enumerate() {
                let expected = starts.expected_h(hour);
                assert!((found - expected).abs() < 0.03 + 0.05 * expected, "hour {hour}: {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn starts_without_a_rate_never_come() {
        let starts = Starts::new(0.0, &EVENING, Length::new(1.0, 0.5));
        starts.draw(1.0, &mut Draws::new(3, "house", "test").at(0), |found| panic!("{found:?}"));
        assert_eq!(starts.expected_h(19), 0.0);
    }
}
