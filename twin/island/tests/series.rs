//! Series of price and CO2 over days of demand.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::series::{self, Course};
use island::{Fleet, Rules};

/// Two days at 15 minutes: demand, and wind, PV and PV with storage.
fn days() -> (Vec<f64>, Vec<f64>) {
    let (mut demand, mut available) = (Vec::new(), Vec::new());
    for step in 0..192 {
        let hour = f64::from(step % 96) / 4.0;
        let evening = libm::exp(-(hour - 19.5) * (hour - 19.5) / 6.0);
        demand.push(150.0 + 15.0 * libm::sin(std::f64::consts::PI * (hour - 8.0) / 12.0) + 55.0 * evening);
        let sun = libm::sin(std::f64::consts::PI * (hour - 6.0) / 12.0).max(0.0);
        available.extend([4.0, 60.0 * sun, 6.0 * sun]);
    }
    (demand, available)
}

fn run(foresight: usize) -> series::Series {
    let (demand, available) = days();
    let course = Course { demand_mw: &demand, available_mw: &available, dt_s: 900.0, foresight };
    series::dispatch(&Fleet::martinique(), Rules::default(), &course, |_, _| {}).unwrap()
}

#[test]
fn the_sun_lowers_co2_and_the_evening_peak_raises_the_price() {
    let series = run(0);
    assert_eq!(series.price_eur_per_mwh.len(), 192);
    let mean = |column: &[f64], hours: std::ops::Range<usize>| {
        column[hours.start * 4..hours.end * 4].iter().sum::<f64>() / (hours.len() * 4) as f64
    };
    assert!(mean(&series.co2_g_per_kwh, 11..14) < 0.8 * mean(&series.co2_g_per_kwh, 0..5));
    assert!(mean(&series.price_eur_per_mwh, 18..21) >= mean(&series.price_eur_per_mwh, 11..14));
    assert_eq!(series.unserved_mw.iter().sum::<f64>(), 0.0);
    let (demand, _) = days();
    assert!((series.total.energy_mwh - demand.iter().sum::<f64>() / 4.0).abs() < 1e-6);
}

#[test]
fn foresight_never_makes_reserve_scarcer() {
    let (blind, seeing) = (run(0), run(8));
    assert!(seeing.total.short_of_reserve <= blind.total.short_of_reserve);
    assert!((seeing.total.energy_mwh - blind.total.energy_mwh).abs() < 1e-6);
    assert_ne!(seeing, blind, "what is seen is used");
}

#[test]
fn parts_of_different_lengths_are_refused() {
    let course = Course { demand_mw: &[100.0; 4], available_mw: &[0.0; 4], dt_s: 900.0, foresight: 0 };
    let error = series::dispatch(&Fleet::martinique(), Rules::default(), &course, |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("give 3 by step"), "{error}");
}
