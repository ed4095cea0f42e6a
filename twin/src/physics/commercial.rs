//! A commercial site: base power day and night, activity during opening hours, air conditioning that follows the weather.

use crate::physics::climate::mean_air_c;
use crate::physics::expectation::{DayKind, Expected};
use agents::draw::Draws;
use rand::RngExt;
use scenarios::{CommercialKind, CommercialParameters};

/// Temperature at which air conditioning takes its share.
const REFERENCE_C: f64 = 27.0;
/// Instants per hour at which expectations are evaluated.
const INSTANTS: usize = 6;

/// What sites of a kind do where their parameters do not say. All are assumptions.
struct Habits {
    opens_h: f64,
    closes_h: f64,
    on_saturday: bool,
    on_sunday: bool,
    base_share: f64,
    cooling_share: f64,
    /// Activity at each full local hour, while open, relative to its largest; linear between.
    shape: [f64; 24],
}

const OFFICE: Habits = Habits {
    opens_h: 8.0,
    closes_h: 17.0,
    on_saturday: false,
    on_sunday: false,
    base_share: 0.2,
    cooling_share: 0.5,
    shape: [
        0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.75, 0.85, 0.95, 1.0, 1.0, 0.9, 0.85, 0.95, 0.95, 0.85, 0.75, 0.7, 0.7,
        0.7, 0.7, 0.7, 0.7,
    ],
};

const SHOP: Habits = Habits {
    opens_h: 8.5,
    closes_h: 19.0,
    on_saturday: true,
    on_sunday: false,
    base_share: 0.3,
    cooling_share: 0.4,
    shape: [
        0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.85, 0.9, 0.95, 1.0, 1.0, 0.95, 0.9, 0.9, 0.95, 1.0, 1.0, 0.9, 0.85,
        0.8, 0.8, 0.8,
    ],
};

const HOTEL: Habits = Habits {
    opens_h: 0.0,
    closes_h: 24.0,
    on_saturday: true,
    on_sunday: true,
    base_share: 0.35,
    cooling_share: 0.45,
    shape: [
        0.55, 0.5, 0.45, 0.45, 0.45, 0.55, 0.7, 0.8, 0.8, 0.7, 0.65, 0.65, 0.7, 0.7, 0.65, 0.65, 0.7, 0.8, 0.95, 1.0,
        1.0, 0.9, 0.75, 0.6,
    ],
};

const INDUSTRY: Habits = Habits {
    opens_h: 6.0,
    closes_h: 22.0,
    on_saturday: false,
    on_sunday: false,
    base_share: 0.25,
    cooling_share: 0.1,
    shape: [
        0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.85, 0.95, 1.0, 1.0, 1.0, 0.95, 0.9, 0.95, 1.0, 1.0, 0.95, 0.9, 0.85, 0.85,
        0.85, 0.8, 0.8, 0.8,
    ],
};

impl Habits {
    fn of(kind: CommercialKind) -> &'static Self {
        match kind {
            CommercialKind::Office => &OFFICE,
            CommercialKind::Shop => &SHOP,
            CommercialKind::Hotel => &HOTEL,
            CommercialKind::Industry => &INDUSTRY,
        }
    }
}

/// When a site is open.
#[derive(Clone, Copy, Debug)]
struct Opening {
    from_h: f64,
    /// After `from_h`; beyond 24 on the next day.
    until_h: f64,
    ramp_h: f64,
    on_saturday: bool,
    on_sunday: bool,
}

impl Opening {
    /// How open it is (0-1), `hours` after the midnight of local day `day`.
    fn at(&self, day: i64, hours: f64) -> f64 {
        // Ramps and nights reach into the neighbouring days.
        (-1..=1).map(|other| self.of_day(day + other, hours - 24.0 * other as f64)).sum()
    }

    fn of_day(&self, day: i64, hours: f64) -> f64 {
        let half_ramp_h = self.ramp_h / 2.0;
        if hours < self.from_h - half_ramp_h || hours > self.until_h + half_ramp_h {
            return 0.0;
        }
        let is_open = match DayKind::of(day) {
            DayKind::Weekday => true,
            DayKind::Saturday => self.on_saturday,
            DayKind::Sunday => self.on_sunday,
        };
        if !is_open {
            return 0.0;
        }
        self.risen(hours - self.from_h) - self.risen(hours - self.until_h)
    }

    /// From 0 to 1 around zero, smoothly (3x² − 2x³).
    fn risen(&self, hours: f64) -> f64 {
        if self.ramp_h <= 0.0 {
            return f64::from(u8::from(hours >= 0.0));
        }
        let x = (hours / self.ramp_h + 0.5).clamp(0.0, 1.0);
        x * x * (3.0 - 2.0 * x)
    }
}

/// A commercial site and the deviations of its present day.
#[derive(Clone, Debug)]
pub struct Commercial {
    /// Power while closed.
    base_kw: f64,
    /// Largest power beyond that, at the reference temperature.
    activity_kw: f64,
    shape: &'static [f64; 24],
    opening: Opening,
    cooling_share: f64,
    cooling_per_k: f64,
    spread: f64,
    draws: Draws,
    day: i64,
    /// Relative deviations of activity at the midnights that begin and end the day.
    deviation: [f64; 2],
}

impl Commercial {
    /// The site called `id` under `seed`, scaled to its mean power.
    pub fn new(parameters: &CommercialParameters, seed: u64, id: &str) -> Self {
        let habits = Habits::of(parameters.kind);
        let from_h = parameters.opens_h.unwrap_or(habits.opens_h);
        let until_h = parameters.closes_h.unwrap_or(habits.closes_h);
        let opening = Opening {
            from_h,
            until_h: if until_h > from_h { until_h } else { until_h + 24.0 },
            ramp_h: parameters.ramp_h,
            on_saturday: parameters.opens_on_saturday.unwrap_or(habits.on_saturday),
            on_sunday: parameters.opens_on_sunday.unwrap_or(habits.on_sunday),
        };
        let base_share = parameters.base_share.unwrap_or(habits.base_share);
        let unscaled = Self {
            base_kw: base_share,
            activity_kw: 1.0 - base_share,
            shape: &habits.shape,
            opening,
            cooling_share: parameters.air_conditioning_share.unwrap_or(habits.cooling_share),
            cooling_per_k: parameters.air_conditioning_per_k,
            spread: parameters.day_spread,
            draws: Draws::new(seed, id, "activity"),
            day: i64::MIN,
            deviation: [0.0; 2],
        };
        let natural = unscaled.expectation().mean_kw();
        if natural > 0.0 {
            let factor = parameters.mean_kw / natural;
            return Self { base_kw: unscaled.base_kw * factor, activity_kw: unscaled.activity_kw * factor, ..unscaled };
        }
        // Of a site that is open only when it is too cold for its air conditioning, all is base.
        Self { base_kw: parameters.mean_kw, activity_kw: 0.0, ..unscaled }
    }

    /// Power during minute `minute` (0-1439) of local day `day`, when the air has `air_c` degrees.
    pub fn power_kw(&mut self, day: i64, minute: u16, air_c: f64) -> f64 {
        if day != self.day {
            self.day = day;
            // Evenly spread, so that no deviation is too large; the width gives the standard deviation at midnight.
            self.deviation =
                [day, day + 1].map(|day| self.spread * 3_f64.sqrt() * (2.0 * self.draws.at(day).random::<f64>() - 1.0));
        }
        let hours = (f64::from(minute) + 0.5) / 60.0;
        let activity_kw = self.activity_kw * self.activity(day, hours);
        if activity_kw == 0.0 {
            return self.base_kw;
        }
        let deviation = self.deviation[0] + (self.deviation[1] - self.deviation[0]) * hours / 24.0;
        self.base_kw + activity_kw * self.warmth(air_c) * (1.0 + deviation)
    }

    /// What this site is expected to take.
    pub fn expectation(&self) -> CommercialExpectation {
        let mut activity = [[0.0; 24]; 3];
        // A week from Monday, 1970-01-05.
        for day in 4..11 {
            let kind = DayKind::of(day) as usize;
            for (hour, mean) in activity[kind].iter_mut().enumerate() {
                let instant = |index| hour as f64 + (index as f64 + 0.5) / INSTANTS as f64;
                let sum: f64 = (0..INSTANTS).map(|index| self.activity(day, instant(index))).sum();
                *mean += sum / INSTANTS as f64 / DayKind::ALL[kind].1;
            }
        }
        CommercialExpectation { site: self.clone(), activity }
    }

    /// Activity relative to its largest.
    fn activity(&self, day: i64, hours: f64) -> f64 {
        let open = self.opening.at(day, hours);
        if open == 0.0 {
            return 0.0;
        }
        let hour = hours as usize;
        let (here, next) = (self.shape[hour % 24], self.shape[(hour + 1) % 24]);
        open * (here + (next - here) * (hours - hour as f64))
    }

    /// What the temperature makes of activity.
    fn warmth(&self, air_c: f64) -> f64 {
        let cooling = (1.0 + self.cooling_per_k * (air_c - REFERENCE_C)).max(0.0);
        1.0 + self.cooling_share * (cooling - 1.0)
    }
}

/// What a commercial site is expected to take.
#[derive(Clone, Debug)]
pub struct CommercialExpectation {
    site: Commercial,
    /// Mean activity of each hour of each kind of day.
    activity: [[f64; 24]; 3],
}

impl CommercialExpectation {
    /// Expected mean power of the week under the mean climate.
    pub fn mean_kw(&self) -> f64 {
        let day = |kind| (0..24).map(|hour| self.expected_kw(hour, kind, mean_air_c(hour as f64 + 0.5))).sum::<f64>();
        DayKind::ALL.iter().map(|(kind, days)| days / 7.0 * day(*kind) / 24.0).sum()
    }
}

impl Expected for CommercialExpectation {
    fn expected_kw(&self, hour: usize, day: DayKind, air_c: f64) -> f64 {
        let site = &self.site;
        site.base_kw + site.activity_kw * self.activity[day as usize][hour] * site.warmth(air_c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A local day that was a Monday: 2024-10-07.
    const MONDAY: i64 = 20_003;

    fn site(text: &str) -> Commercial {
        let parameters = CommercialParameters::from_toml(&format!("mean_kw = 10\n{text}")).expect(text);
        Commercial::new(&parameters, 1, "site")
    }

    fn at(hour: u16, minute: u16) -> u16 {
        60 * hour + minute
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-4, "{found}, not {expected}");
    }

    #[test]
    fn opening_hours_by_hand() {
        let mut shop = site("opens_h = 8\ncloses_h = 18\nday_spread = 0\nair_conditioning_per_k = 0");
        let full_kw = shop.power_kw(MONDAY, at(11, 30), 27.0);
        let mut share = |day: i64, minute: u16| (shop.power_kw(day, minute, 27.0) / full_kw - 0.3) / 0.7;
        assert_close(share(MONDAY, at(7, 29)), 0.0);
        // The middle of this minute is 14.5 minutes before opening, x = 0.2583 of the ramp: 3x² − 2x³ = 0.1657; at 7:45:30
        // the shape is 75.83 % of the way from 0.80 to 0.85.
        assert_close(share(MONDAY, at(7, 45)), 0.1657 * 0.8379);
        assert_close(share(MONDAY, at(9, 59)), 0.949_58);
        // Half open at closing time, where the shape is 1.0 but for half a minute.
        assert!((share(MONDAY, at(17, 59)) + share(MONDAY, at(18, 0)) - 1.0).abs() < 2e-3);
        assert_close(share(MONDAY, at(18, 31)), 0.0);
        assert_close(share(MONDAY + 5, at(11, 30)), 1.0);
        assert_close(share(MONDAY + 6, at(11, 30)), 0.0);
    }

    #[test]
    fn air_conditioning_follows_the_temperature_by_hand() {
        let mut shop = site("day_spread = 0");
        let kw = [27.0, 30.0, 0.0].map(|air_c| shop.power_kw(MONDAY, at(11, 30), air_c));
        // 40 % of what is beyond the base, 8 % of that per kelvin: 70 % · 40 % · 24 % more, and none of it when it is cold.
        assert_close(kw[1] / kw[0], 1.0 + 0.7 * 0.4 * 0.24);
        assert_close(kw[2] / kw[0], 1.0 - 0.7 * 0.4);
        let closed = [20.0, 30.0].map(|air_c| shop.power_kw(MONDAY, at(3, 0), air_c));
        assert_eq!(closed[0], closed[1]);
    }

    #[test]
    fn the_year_has_the_mean_that_was_asked_for() {
        for text in [
            "kind = \"office\"",
            "kind = \"shop\"",
            "kind = \"hotel\"",
            "kind = \"industry\"",
            "opens_h = 20\ncloses_h = 4\nramp_h = 3",
            "kind = \"hotel\"\nbase_share = 0\nair_conditioning_share = 1\nair_conditioning_per_k = 1",
        ] {
            let mut site = site(&format!("{text}\nday_spread = 0.3"));
            let mut sum_kw = 0.0;
            for day in MONDAY..MONDAY + 364 {
                for minute in 0..at(24, 0) {
                    sum_kw += site.power_kw(day, minute, mean_air_c((f64::from(minute) + 0.5) / 60.0));
                }
            }
            let mean_kw = sum_kw / (364.0 * 1440.0);
            assert!((mean_kw / 10.0 - 1.0).abs() < 0.02, "{text}: {mean_kw}");
            assert_close(site.expectation().mean_kw(), 10.0);
        }
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began() {
        let mut bar = site("opens_h = 20\ncloses_h = 4\nday_spread = 0");
        let mut is_open = |day: i64, hour: u16| bar.power_kw(day, at(hour, 0), 27.0) > bar.base_kw;
        assert!(is_open(MONDAY + 5, 22) && is_open(MONDAY + 6, 3), "Saturday's night");
        assert!(!is_open(MONDAY + 6, 22) && !is_open(MONDAY + 7, 3), "Sunday's night");
        assert!(!is_open(MONDAY + 7, 12) && is_open(MONDAY + 7, 22));
    }

    #[test]
    fn nothing_jumps_but_what_has_no_ramp() {
        let jump = |text: &str| {
            let mut site = site(text);
            let mut largest: f64 = 0.0;
            let mut before_kw = site.power_kw(MONDAY, 0, 27.0);
            for minute in 0..14 * 1440 {
                let now_kw = site.power_kw(MONDAY + minute / 1440, (minute % 1440) as u16, 27.0);
                largest = largest.max((now_kw - before_kw).abs());
                before_kw = now_kw;
            }
            largest
        };
        assert!(jump("kind = \"hotel\"\nday_spread = 0.2") < 0.1);
        assert!(jump("kind = \"office\"\nday_spread = 0.2") < 1.0);
        assert!(jump("kind = \"office\"\nramp_h = 0") > 5.0);
    }
}
