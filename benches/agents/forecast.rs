//! What a forecaster costs per series and slot: learning one value, a forecast of one and of two days, scenarios, a copy.

use agents::forecast::{AutoRegressive, Bounds, Forecaster, Method, Season, Settings};
use agents::series::Series;
use agents::{Calendar, Span, Time};
use std::hint::black_box;
use std::time::Instant;

const QUARTER: Span = Span::from_minutes(15);
const DAY: usize = 96;
/// Days learned before anything is measured, and over which it is.
const DAYS: usize = 60;

/// A plant of 5 kW whose light changes from slot to slot; production negative.
fn power_kw(index: usize) -> f64 {
    let hour = (index % DAY) as f64 / 4.0;
    let light = libm::sin((hour - 6.0) / 12.0 * std::f64::consts::PI).max(0.0);
    let cloud = (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
    -5.0 * light * (1.0 - cloud as f64 / 512.0)
}

fn slot(index: usize) -> Time {
    Time(0) + QUARTER * index as i64
}

pub(super) fn run() {
    println!("forecast, in µs per series and slot after {DAYS} days of quarter hours, horizon two days");
    println!(
        "{:>22} {:>9} {:>9} {:>9} {:>14} {:>7} {:>9}",
        "", "learn", "96 slots", "192 slots", "20 scenarios", "copy", "JSON, kB"
    );
    let perfect = Series { start: Time(0), step: QUARTER, values: (0..DAY * (2 * DAYS + 3)).map(power_kw).collect() };
    for (name, method) in [
        ("persistence", Method::Persistence),
        ("day before", Method::SeasonalNaive(Season::DayBefore)),
        ("week before", Method::SeasonalNaive(Season::WeekBefore)),
        ("four same days", Method::SeasonalNaive(Season::SameDays(4))),
        ("smoothed profile", Method::Smoothed { smoothing: 0.1 }),
        ("autoregressive, 2 lags", Method::AutoRegressive(AutoRegressive::default())),
        ("autoregressive, 8 lags", Method::AutoRegressive(AutoRegressive { order: 8, ..AutoRegressive::default() })),
        ("clear sky", Method::ClearSky),
        ("perfect", Method::Perfect(perfect)),
    ] {
        let bounds = Bounds::production(5.0);
        let settings = Settings { bounds, ..Settings::new(method, QUARTER, Calendar::default(), 2 * DAY) };
        let mut forecaster = Forecaster::new(settings).expect("the settings are sound");
        let learn = |forecaster: &mut Forecaster, from: usize, until: usize| {
            for index in from..until {
                forecaster.observe(slot(index), power_kw(index)).expect("slots come in order");
            }
        };
        learn(&mut forecaster, 0, DAYS * DAY);
        let start = Instant::now();
        learn(&mut forecaster, DAYS * DAY, 2 * DAYS * DAY);
        let learning_us = start.elapsed().as_secs_f64() * 1e6 / (DAYS * DAY) as f64;
        let now = slot(2 * DAYS * DAY);
        let day_us = median_us(|| forecaster.forecast(now, DAY));
        let two_days_us = median_us(|| forecaster.forecast(now, 2 * DAY));
        let scenarios_us = median_us(|| forecaster.scenarios(now, DAY, 20));
        let copy_us = median_us(|| forecaster.clone());
        let kb = serde_json::to_string(&forecaster).expect("it can be written").len() as f64 / 1e3;
        println!(
            "{name:>22} {learning_us:>9.2} {day_us:>9.2} {two_days_us:>9.2} {scenarios_us:>14.1} {copy_us:>7.2} {kb:>9.0}"
        );
    }
}

fn median_us<T>(mut work: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..2000)
        .map(|_| {
            let start = Instant::now();
            black_box(work());
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
