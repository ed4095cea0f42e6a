//! The reference climate to which consumption is scaled: the mean day of the default `[weather]`. A scenario with a hotter
//! one consumes more; it is not scaled anew.

use std::f64::consts::PI;

/// Air temperature of the mean day `hours` after local midnight: 27 °C ± 3 K with its peak at 15 h (assumption).
pub fn mean_air_c(hours: f64) -> f64 {
    27.0 + 3.0 * libm::sin((hours - 9.0) * PI / 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_day_peaks_at_three_in_the_afternoon() {
        assert_eq!([3.0, 9.0, 15.0].map(mean_air_c), [24.0, 27.0, 30.0]);
    }
}
