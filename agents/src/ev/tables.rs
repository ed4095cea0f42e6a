//! Charging sessions as quantiles: connection time and energy, and the hours of arrival.
//!
//! From the open data of ElaadNL (sessions at charge points in the Netherlands), in the tables bundled with the Python
//! package ev2gym 2.0.0: exceedance percentages turned into quantiles, quarter hours summed to hours. They are Dutch
//! behaviour, there to be recalibrated for Martinique. `tests/golden/ev` holds them as files.

use serde::{Deserialize, Serialize};

/// Where charging sessions take place, which decides the tables they are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPlace {
    /// At home.
    Private,
    /// At a public charge point.
    Public,
    /// At work.
    Workplace,
}

/// The tables of one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SessionTables {
    /// Quantiles of the connection time in hours, at [`QUANTILES_PCT`].
    pub connected_h: [f64; 23],
    /// Quantiles of the AC energy of a session in kWh, at [`QUANTILES_PCT`].
    pub energy_kwh: [f64; 23],
    /// Share of the arrivals in each local hour from Monday to Friday, in %; they sum to 100 but for rounding.
    pub weekday_arrivals_pct: [f64; 24],
    /// The same at weekends; none where the data have none.
    pub weekend_arrivals_pct: Option<[f64; 24]>,
}

impl SessionPlace {
    /// Its tables.
    pub fn tables(self) -> &'static SessionTables {
        match self {
            Self::Private => &PRIVATE,
            Self::Public => &PUBLIC,
            Self::Workplace => &WORKPLACE,
        }
    }
}

impl SessionTables {
    /// Share of the arrivals in each local hour, in %; at weekends those of weekdays where there are no others.
    pub fn arrivals_pct(&self, is_weekend: bool) -> &[f64; 24] {
        self.weekend_arrivals_pct.as_ref().filter(|_| is_weekend).unwrap_or(&self.weekday_arrivals_pct)
    }
}

/// The value below which the share `u` (in [0, 1]) of a distribution lies, linear between its quantiles.
pub fn quantile(values: &[f64; 23], u: f64) -> f64 {
    let pct = u * 100.0;
    let upper = QUANTILES_PCT.partition_point(|quantile| *quantile < pct).clamp(1, QUANTILES_PCT.len() - 1);
    let (from, to) = (QUANTILES_PCT[upper - 1], QUANTILES_PCT[upper]);
    values[upper - 1] + (values[upper] - values[upper - 1]) * (pct - from) / (to - from)
}

/// The local hour before which the share `u` (in [0, 1)) of the arrivals comes, when each hour has one of `shares`
/// (relative to their sum) and they come evenly within it.
pub fn arrival_h(shares: &[f64; 24], u: f64) -> f64 {
    let mut rest = u * shares.iter().sum::<f64>();
    for (hour, share) in shares.iter().enumerate() {
        if rest < *share {
            return hour as f64 + rest / share;
        }
        rest -= share;
    }
    // Rounding may leave a rest beyond the last hour.
    24.0 - 1e-6
}

/// The quantiles of the tables, in %.
pub const QUANTILES_PCT: [f64; 23] = [
    0.0, 1.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 80.0, 85.0,
    90.0, 95.0, 99.0, 100.0,
];

const PRIVATE: SessionTables = SessionTables {
    connected_h: [
        0.0, 0.5, 1.0, 1.5, 2.2, 3.1, 4.2, 6.5, 8.5, 9.5, 10.3, 11.0, 11.8, 12.5, 13.2, 13.8, 14.6, 15.7, 17.4, 20.3,
        29.3, 56.5, 72.0,
    ],
    energy_kwh: [
        0.0, 0.6, 1.8, 3.3, 5.0, 6.6, 8.2, 10.1, 12.3, 14.6, 17.1, 19.4, 22.1, 24.9, 28.2, 31.9, 35.8, 40.4, 45.6,
        51.4, 59.6, 73.4, 99.9,
    ],
    weekday_arrivals_pct: [
        2.128, 0.527, 0.207, 0.12, 0.113, 0.077, 0.175, 0.573, 1.384, 1.127, 1.133, 1.542, 2.177, 2.227, 2.677, 3.655,
        5.681, 12.149, 17.023, 11.544, 9.097, 8.933, 9.116, 6.618,
    ],
    weekend_arrivals_pct: Some([
        4.079, 2.025, 0.771, 0.321, 0.209, 0.13, 0.131, 0.374, 0.914, 1.694, 3.037, 4.801, 6.028, 6.166, 6.156, 6.898,
        8.761, 10.214, 7.873, 6.505, 6.765, 6.223, 5.782, 4.144,
    ]),
};

const PUBLIC: SessionTables = SessionTables {
    connected_h: [
        0.0, 0.0, 0.3, 0.6, 1.0, 1.3, 1.7, 2.1, 2.5, 3.0, 3.6, 4.4, 5.5, 7.4, 8.9, 10.4, 12.1, 13.5, 14.9, 17.1, 21.7,
        44.9, 72.0,
    ],
    energy_kwh: [
        0.0, 0.0, 0.6, 1.6, 2.5, 3.4, 4.2, 4.9, 5.6, 6.2, 6.7, 7.2, 7.9, 8.6, 9.5, 11.3, 13.8, 17.2, 22.2, 29.0, 41.6,
        63.6, 99.8,
    ],
    weekday_arrivals_pct: [
        0.981, 0.451, 0.244, 0.164, 0.163, 0.216, 0.728, 3.231, 7.861, 7.718, 5.112, 4.656, 5.349, 5.348, 5.021, 5.124,
        5.659, 8.339, 10.905, 8.064, 5.052, 3.961, 3.368, 2.282,
    ],
    weekend_arrivals_pct: Some([
        2.036, 1.24, 0.642, 0.37, 0.281, 0.254, 0.294, 0.647, 1.733, 3.732, 5.659, 7.0, 7.881, 8.202, 8.463, 8.288,
        7.985, 8.016, 7.33, 5.765, 4.868, 3.927, 3.136, 2.249,
    ]),
};

const WORKPLACE: SessionTables = SessionTables {
    connected_h: [
        0.0, 0.0, 0.6, 1.2, 1.7, 2.0, 2.5, 2.9, 3.3, 3.8, 4.3, 4.9, 5.7, 6.5, 7.4, 8.0, 8.5, 8.8, 9.2, 9.8, 13.2, 46.4,
        72.0,
    ],
    energy_kwh: [
        0.0, 0.0, 1.4, 2.7, 3.8, 4.7, 5.4, 6.2, 6.8, 7.4, 8.2, 8.8, 9.5, 10.9, 12.6, 14.4, 16.7, 19.2, 22.3, 26.1,
        31.9, 48.2, 95.7,
    ],
    weekday_arrivals_pct: [
        0.03, 0.001, 0.001, 0.013, 0.128, 1.425, 4.326, 14.256, 26.659, 18.066, 7.732, 4.938, 5.398, 5.281, 3.988,
        3.044, 2.043, 1.016, 0.581, 0.505, 0.304, 0.143, 0.077, 0.044,
    ],
    weekend_arrivals_pct: None,
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn golden(name: &str) -> Vec<Vec<String>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/ev").join(name);
        let text = std::fs::read_to_string(path).expect("the golden file is there");
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn number(cell: &str) -> f64 {
        cell.parse().expect("a number")
    }

    fn place(name: &str) -> SessionPlace {
        match name {
            "private" => SessionPlace::Private,
            "public" => SessionPlace::Public,
            _ => SessionPlace::Workplace,
        }
    }

    #[test]
    fn the_tables_are_those_of_the_files() {
        let columns = [SessionPlace::Private, SessionPlace::Public, SessionPlace::Workplace].map(SessionPlace::tables);
        let rows = golden("session_quantiles.csv");
        assert_eq!(rows.len(), 2 * QUANTILES_PCT.len());
        for (index, row) in rows.iter().enumerate() {
            let at = index % QUANTILES_PCT.len();
            assert_eq!(number(&row[1]), QUANTILES_PCT[at]);
            for (cell, tables) in row[2..].iter().zip(columns) {
                let table = if row[0] == "connected_h" { tables.connected_h } else { tables.energy_kwh };
                assert_eq!(number(cell), table[at], "{row:?}");
            }
        }
        for (hour, row) in golden("arrival_hours.csv").iter().enumerate() {
            let weekday = columns.map(|tables| tables.arrivals_pct(false)[hour]);
            let weekend = columns.map(|tables| tables.arrivals_pct(true)[hour]);
            let cells: Vec<_> = row[1..].iter().map(|cell| number(cell)).collect();
            assert_eq!(cells, [weekday[0], weekday[1], weekday[2], weekend[0], weekend[1]], "{row:?}");
            assert_eq!(weekday[2], weekend[2], "the data have no weekend of workplaces");
        }
    }

    /// Against numpy, which reads the same files: see the script beside them.
    #[test]
    fn quantiles_and_hours_of_arrival_are_interpolated_as_numpy_does() {
        let rows = golden("inverse.csv");
        assert!(rows.len() > 50);
        for row in rows {
            let (tables, u) = (place(&row[0]).tables(), number(&row[1]));
            let hours = [false, true].map(|is_weekend| arrival_h(tables.arrivals_pct(is_weekend), u));
            let found = [quantile(&tables.connected_h, u), quantile(&tables.energy_kwh, u), hours[0], hours[1]];
            for (cell, found) in row[2..].iter().zip(found) {
                assert!((number(cell) - found).abs() < 1e-9, "{row:?}: {found}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_are_the_ends_of_the_tables() {
        for tables in [&PRIVATE, &PUBLIC, &WORKPLACE] {
            assert_eq!([0.0, 1.0].map(|u| quantile(&tables.connected_h, u)), [0.0, 72.0]);
            let first = tables.weekday_arrivals_pct.iter().position(|share| *share > 0.0).expect("someone arrives");
            assert_eq!(arrival_h(&tables.weekday_arrivals_pct, 0.0), first as f64);
            assert!((23.9..24.0).contains(&arrival_h(&tables.weekday_arrivals_pct, 1.0 - f64::EPSILON)));
        }
    }
}
