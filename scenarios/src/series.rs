//! Measured series: checked rows of `time, quantity, value, unit` that replace synthetic inputs of a run.
//!
//! A value holds from its instant to the next one. Steps are regular within a quantity; holes, duplicates,
//! unknown units and numbers that are none are errors, never repaired in silence.

use crate::error::ScenarioError;
use agents::series::Series;
use agents::{Span, Time};
use serde::Serialize;
use std::path::{Path, PathBuf};

type Result<T, E = ScenarioError> = std::result::Result<T, E>;

/// A pyranometer shows a few W/m² below zero at night; what is lower is an error.
const NIGHT_OFFSET_W_PER_M2: f64 = -20.0;

/// One line of a series file.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Instant from which the value holds.
    pub time: Time,
    /// What it is, as written.
    pub quantity: String,
    /// The number, in `unit`.
    pub value: f64,
    /// Unit, as written.
    pub unit: String,
    /// 1-based line (CSV) or row (Parquet), for errors.
    pub line: u64,
}

/// Instant, value in the unit used inside, and line.
type Sample = (Time, f64, u64);

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Global horizontal irradiance, W/m².
    Irradiance,
    /// Air temperature, °C.
    Temperature,
    /// Wind speed, m/s.
    WindSpeed,
    /// Price of consumption, EUR/MWh.
    Price,
    /// The island's whole demand, kW.
    Load,
    /// Voltage of the network, p.u. of its rating.
    Voltage,
    /// Frequency of the network, Hz.
    Frequency,
}

impl Quantity {
    /// Every quantity.
    pub const ALL: [Self; 7] =
        [Self::Irradiance, Self::Temperature, Self::WindSpeed, Self::Price, Self::Load, Self::Voltage, Self::Frequency];

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Irradiance => "irradiance",
            Self::Temperature => "temperature",
            Self::WindSpeed => "wind_speed",
            Self::Price => "price",
            Self::Load => "load",
            Self::Voltage => "voltage",
            Self::Frequency => "frequency",
        }
    }

    /// Units that are understood, each with factor and offset to the one used inside.
    fn units(self) -> &'static [(&'static str, f64, f64)] {
        match self {
            Self::Irradiance => {
                &[("W/m2", 1.0, 0.0), ("W/m²", 1.0, 0.0), ("kW/m2", 1000.0, 0.0), ("kW/m²", 1000.0, 0.0)]
            }
            Self::Temperature => &[("°C", 1.0, 0.0), ("degC", 1.0, 0.0), ("C", 1.0, 0.0), ("K", 1.0, -273.15)],
            Self::WindSpeed => &[("m/s", 1.0, 0.0), ("km/h", 1.0 / 3.6, 0.0)],
            Self::Price => &[("EUR/MWh", 1.0, 0.0), ("EUR/kWh", 1000.0, 0.0), ("ct/kWh", 10.0, 0.0)],
            Self::Load => &[("kW", 1.0, 0.0), ("MW", 1000.0, 0.0), ("W", 1e-3, 0.0)],
            Self::Voltage => &[("p.u.", 1.0, 0.0), ("pu", 1.0, 0.0), ("%", 0.01, 0.0)],
            Self::Frequency => &[("Hz", 1.0, 0.0)],
        }
    }

    /// Values outside are impossible, most likely of another unit.
    fn plausible(self) -> (f64, f64) {
        match self {
            Self::Irradiance => (NIGHT_OFFSET_W_PER_M2, 2000.0),
            Self::Temperature => (-60.0, 60.0),
            Self::WindSpeed => (0.0, 120.0),
            Self::Price => (-100_000.0, 100_000.0),
            Self::Load => (0.0, 1e9),
            Self::Voltage => (0.0, 2.0),
            Self::Frequency => (40.0, 70.0),
        }
    }
}

/// The measured series of a run, in the units used inside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    series: Vec<(Quantity, Series, PathBuf)>,
    /// What was noticed and treated as documented, for the reader.
    pub notes: Vec<String>,
}

impl Measured {
    /// Adds the rows of a file.
    ///
    /// # Errors
    /// [`ScenarioError`] naming file, line and remedy: unknown quantity or unit, impossible value, duplicate, disorder,
    /// irregular step, hole, or a quantity that another file has already given.
    pub fn add(&mut self, path: &Path, rows: Vec<SeriesRow>) -> Result<()> {
        if rows.is_empty() {
            return Err(ScenarioError::Series { path: path.into(), problem: "holds no values".into() });
        }
        let mut known: Vec<(Quantity, Vec<Sample>)> = Vec::new();
        for row in &rows {
            let (quantity, value) = convert(row).map_err(|problem| line_error(path, row.line, problem))?;
            let value = (row.time, value, row.line);
            match known.iter_mut().find(|(other, _)| *other == quantity) {
                Some((_, values)) => values.push(value),
                None => known.push((quantity, vec![value])),
            }
        }
        for (quantity, mut values) in known {
            if self.get(quantity).is_some() {
                let problem = format!("gives {}, which another --series file gives too: keep one", quantity.as_str());
                return Err(ScenarioError::Series { path: path.into(), problem });
            }
            if quantity == Quantity::Irradiance {
                self.lift_night_offset(path, &mut values);
            }
            let series = regular(path, quantity, &values)?;
            self.series.push((quantity, series, path.into()));
        }
        Ok(())
    }

    fn lift_night_offset(&mut self, path: &Path, values: &mut [Sample]) {
        let mut lifted = 0;
        for (_, value, _) in values.iter_mut().filter(|(_, value, _)| *value < 0.0) {
            *value = 0.0;
            lifted += 1;
        }
        if lifted > 0 {
            let path = path.display();
            self.notes
                .push(format!("{path}: {lifted} irradiance values between -20 and 0 W/m² (night offset) taken as 0"));
        }
    }

    /// The series of a quantity, if it was measured.
    pub fn get(&self, quantity: Quantity) -> Option<&Series> {
        self.series.iter().find(|(known, ..)| *known == quantity).map(|(_, series, _)| series)
    }

    /// Quantities that were measured.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> {
        self.series.iter().map(|(quantity, ..)| *quantity)
    }

    /// Checks that every series covers `[start, end)`.
    ///
    /// # Errors
    /// [`ScenarioError::NotCovered`] with the window that would fit.
    pub(crate) fn check_cover(&self, start: Time, end: Time) -> Result<()> {
        for (quantity, series, path) in &self.series {
            if series.start > start || series.end() < end {
                let (path, quantity) = (path.clone(), quantity.as_str());
                let (from, until) = (series.start, series.end());
                return Err(ScenarioError::NotCovered { path, quantity, from, until, start, end });
            }
        }
        Ok(())
    }
}

fn line_error(path: &Path, line: u64, problem: String) -> ScenarioError {
    ScenarioError::SeriesLine { path: path.into(), line, problem }
}

fn convert(row: &SeriesRow) -> Result<(Quantity, f64), String> {
    let quantity = Quantity::ALL.into_iter().find(|quantity| quantity.as_str() == row.quantity).ok_or_else(|| {
        let known = Quantity::ALL.map(Quantity::as_str).join(", ");
        format!("unknown quantity `{}`: use one of {known}", row.quantity)
    })?;
    let unit = quantity.units().iter().find(|(name, ..)| *name == row.unit);
    let (_, factor, offset) = unit.ok_or_else(|| {
        let known: Vec<_> = quantity.units().iter().map(|(name, ..)| *name).collect();
        format!("unit `{}` does not fit {}: use one of {}", row.unit, row.quantity, known.join(", "))
    })?;
    let value = row.value * factor + offset;
    let (low, high) = quantity.plausible();
    if !(low..=high).contains(&value) {
        let (unit, ..) = quantity.units()[0];
        return Err(format!(
            "{} of {value} {unit} is not possible ({low} to {high}): check value and unit",
            row.quantity
        ));
    }
    Ok((quantity, value))
}

/// Values on a regular grid; the step is the distance of the first two.
fn regular(path: &Path, quantity: Quantity, values: &[Sample]) -> Result<Series> {
    let [(start, ..), (second, ..), ..] = values else {
        let problem = format!("holds a single value of {}: a series needs at least two", quantity.as_str());
        return Err(ScenarioError::Series { path: path.into(), problem });
    };
    let step = *second - *start;
    for pair in values.windows(2) {
        let ((before, ..), (after, _, line)) = (pair[0], pair[1]);
        let distance = after - before;
        let name = quantity.as_str();
        if distance == Span::ZERO {
            return Err(line_error(path, line, format!("second value of {name} for {after}: remove one")));
        }
        if distance < Span::ZERO {
            return Err(line_error(path, line, format!("{name} goes back from {before} to {after}: sort by time")));
        }
        if distance > step && distance.0 % step.0 == 0 {
            return Err(ScenarioError::Gap {
                path: path.into(),
                line,
                quantity: name,
                from: before,
                gap: distance,
                step,
            });
        }
        if distance != step {
            let minutes = step.hours() * 60.0;
            let problem = format!("{name} leaves its step of {minutes} min at {after}: resample to a regular step");
            return Err(line_error(path, line, problem));
        }
    }
    Ok(Series { start: *start, step, values: values.iter().map(|(_, value, _)| *value).collect() })
}

/// Reads the contents of a CSV file with the columns `time`, `quantity`, `value` and `unit` in any order.
///
/// `time` is RFC 3339 with its offset (`2026-03-20T06:00:00-04:00`), `value` a number with a decimal point; `path` is named in errors.
///
/// # Errors
/// [`ScenarioError`] naming file, line and remedy.
pub fn parse_csv(path: &Path, contents: &[u8]) -> Result<Vec<SeriesRow>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(contents);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        line_error(path, line, format!("not readable as CSV: {error}"))
    };
    let headers = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| {
        headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name).ok_or_else(|| {
            let problem = format!("no column `{name}`: the columns are time, quantity, value, unit (comma-separated)");
            line_error(path, 1, problem)
        })
    };
    let columns = [column("time")?, column("quantity")?, column("value")?, column("unit")?];
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(row(&record, columns, line).map_err(|problem| line_error(path, line, problem))?);
    }
    Ok(rows)
}

fn row(record: &csv::StringRecord, columns: [usize; 4], line: u64) -> Result<SeriesRow, String> {
    let [time, quantity, value, unit] = columns.map(|column| record.get(column).unwrap_or_default());
    let instant: jiff::Timestamp = time.parse().map_err(|_| {
        format!("`{time}` is no instant with an offset: write RFC 3339, for instance 2026-03-20T06:00:00-04:00")
    })?;
    let number: f64 = value.parse().map_err(|_| format!("`{value}` is not a number: use a decimal point"))?;
    if !number.is_finite() {
        return Err(format!("`{value}` is not a finite number: fill or remove it"));
    }
    let (quantity, unit) = (quantity.into(), unit.into());
    Ok(SeriesRow { time: Time(instant.as_millisecond()), quantity, value: number, unit, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(quantity: &str, unit: &str, values: &[(i64, f64)]) -> Vec<SeriesRow> {
        let row = |(index, (minute, value)): (usize, &(i64, f64))| SeriesRow {
            time: Time(0) + Span::from_minutes(*minute),
            quantity: quantity.into(),
            value: *value,
            unit: unit.into(),
            line: index as u64 + 2,
        };
        values.iter().enumerate().map(row).collect()
    }

    fn add(rows: Vec<SeriesRow>) -> Result<Measured> {
        let mut measured = Measured::default();
        measured.add(Path::new("data.csv"), rows).map(|()| measured)
    }

    #[test]
    fn units_are_converted_to_those_used_inside() {
        let measured = add(rows("price", "ct/kWh", &[(0, 25.0), (60, 30.0)])).expect("valid");
        let series = measured.get(Quantity::Price).expect("present");
        assert_eq!((series.at(Time(0)), series.step), (Some(250.0), Span::HOUR));
    }

    #[test]
    fn a_night_offset_is_lifted_and_said() {
        let measured = add(rows("irradiance", "W/m2", &[(0, -2.0), (1, 5.0)])).expect("valid");
        assert_eq!(measured.get(Quantity::Irradiance).and_then(|series| series.at(Time(0))), Some(0.0));
        assert!(measured.notes[0].contains("1 irradiance value"), "{:?}", measured.notes);
    }

    #[test]
    fn what_is_wrong_with_a_series_is_said_with_its_line() {
        let cases: [(&str, Vec<SeriesRow>); 8] = [
            ("unknown quantity", rows("sun", "W/m2", &[(0, 1.0), (1, 1.0)])),
            ("unit `EUR` does not fit", rows("price", "EUR", &[(0, 1.0), (1, 1.0)])),
            ("not possible", rows("irradiance", "kW/m2", &[(0, 800.0), (1, 1.0)])),
            ("second value", rows("load", "MW", &[(0, 1.0), (0, 1.0)])),
            ("goes back", rows("load", "MW", &[(0, 1.0), (1, 1.0), (0, 1.0)])),
            ("gap of", rows("load", "MW", &[(0, 1.0), (1, 1.0), (4, 1.0)])),
            ("resample", rows("load", "MW", &[(0, 1.0), (2, 1.0), (5, 1.0)])),
            ("at least two", rows("load", "MW", &[(0, 1.0)])),
        ];
        for (expected, rows) in cases {
            let error = add(rows).expect_err(expected).to_string();
            assert!(error.contains(expected) && error.contains("data.csv"), "{error}");
        }
    }
}
