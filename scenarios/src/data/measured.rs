//! The measured data of a run, in the units used inside.

use super::quantity::Quantity;
use super::series::SeriesSection;
use super::table::DataTable;
use crate::document::{Node, Reader};
use crate::error::{Problem, ScenarioError};
use agents::ev::RecordedSession;
use agents::series::Series;
use agents::{Span, Time};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

/// How far from noon the middle of a day's light may lie: clouds of one afternoon move it by less.
const SUN_TOLERANCE_H: f64 = 2.0;

/// Measured series and sessions that replace synthetic ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    series: BTreeMap<(Quantity, Option<String>), Source>,
    sessions: BTreeMap<String, Vec<RecordedSession>>,
    /// What was noticed and treated as documented, for the reader.
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Source {
    series: Series,
    /// Where it was asked for, and the file.
    key: String,
    path: PathBuf,
}

impl Measured {
    /// Adds the series of a CSV with the columns `time`, `quantity`, `value` and `unit`, for tests and tools.
    ///
    /// # Errors
    /// [`ScenarioError`] naming line and remedy.
    pub fn add_csv(&mut self, contents: &str) -> Result<(), ScenarioError> {
        let path = Path::new("series.csv");
        let (table, node) =
            (DataTable::from_csv(path, contents.as_bytes())?, Node::parse("file = \"series.csv\"", path)?);
        let problems = RefCell::default();
        let section = SeriesSection::read_all(&mut Reader::new("series", &node, None, &problems));
        Ok(section.load(("series", &node), &table, self)?)
    }

    /// Adds a series of a quantity, of an asset where it is measured at one.
    ///
    /// # Errors
    /// [`Problem`] if it is there already.
    pub(super) fn add(
        &mut self,
        key: &str,
        path: PathBuf,
        (quantity, asset): (Quantity, Option<String>),
        series: Series,
    ) -> Result<(), Problem> {
        let what = (quantity, asset);
        if let Some(other) = self.series.get(&what) {
            let place = Some(path.display().to_string());
            let name = quantity.as_str();
            let text = format!("gives {name}, which {} ({}) gives too: keep one", other.key, other.path.display());
            return Err(Problem { place, key: key.into(), text });
        }
        self.series.insert(what, Source { series, key: key.into(), path });
        Ok(())
    }

    /// Adds a vehicle's sessions.
    ///
    /// # Errors
    /// A sentence if it has some already.
    pub(super) fn add_sessions(&mut self, vehicle: &str, sessions: Vec<RecordedSession>) -> Result<(), String> {
        match self.sessions.insert(vehicle.into(), sessions) {
            None => Ok(()),
            Some(_) => Err(format!("gives sessions of {vehicle}, which another file gives too: keep one")),
        }
    }

    /// The series of a quantity that holds for the whole island, if it was measured.
    pub fn get(&self, quantity: Quantity) -> Option<&Series> {
        self.series.get(&(quantity, None)).map(|source| &source.series)
    }

    /// The series of a quantity measured at one asset.
    pub fn of_asset(&self, quantity: Quantity, asset: &str) -> Option<&Series> {
        // A tuple of references can not be looked up; assets with series are few.
        let found = self.series.iter().find(|((known, of), _)| *known == quantity && of.as_deref() == Some(asset));
        found.map(|(_, source)| &source.series)
    }

    /// The recorded sessions of a vehicle.
    pub fn sessions_of(&self, vehicle: &str) -> Option<&[RecordedSession]> {
        self.sessions.get(vehicle).map(Vec::as_slice)
    }

    /// What was measured: quantities with the asset they are of, and vehicles with sessions.
    pub fn list(&self) -> impl Iterator<Item = (Quantity, Option<&str>)> {
        self.series.keys().map(|(quantity, asset)| (*quantity, asset.as_deref()))
    }

    /// Vehicles with recorded sessions.
    pub fn vehicles(&self) -> impl Iterator<Item = &str> {
        self.sessions.keys().map(String::as_str)
    }

    /// Notes an irradiance whose sun stands highest at another hour than the sun does at `lon_deg`: most often a time zone
    /// that was not told, or told wrongly.
    pub(crate) fn note_the_hour_of_the_sun(&mut self, lon_deg: f64) {
        let what = (Quantity::Irradiance, None);
        let Some(Source { series, key, path }) = self.series.get(&what) else { return };
        let day = Span::DAY.0 as f64;
        let (mut east, mut north) = (0.0, 0.0);
        for (index, value) in series.values.iter().enumerate() {
            let middle = series.start + Span(series.step.0 * index as i64 + series.step.0 / 2);
            let (sin, cos) = libm::sincos(TAU * middle.0.rem_euclid(Span::DAY.0) as f64 / day);
            east += value * sin;
            north += value * cos;
        }
        let solar_h = (libm::atan2(east, north) / TAU * 24.0 + lon_deg / 15.0).rem_euclid(24.0);
        let is_told = east != 0.0 || north != 0.0;
        if is_told && (solar_h - 12.0).abs() > SUN_TOLERANCE_H {
            self.notes.push(format!(
                "{}: its irradiance centres on {solar_h:.1} h of solar time, not on noon: are the offsets of its times, \
                 or {key}.zone, right?",
                path.display()
            ));
        }
    }

    /// Every series that does not cover `[start, end)`.
    pub(crate) fn check_cover(&self, start: Time, end: Time, problems: &mut Vec<Problem>) {
        for ((quantity, _), source) in &self.series {
            let (from, until) = (source.series.start, source.series.end());
            if from > start || until < end {
                let text = format!(
                    "gives {} from {from} to {until}, the run needs {start} to {end}: choose run.start and run.duration \
                     within the series",
                    quantity.as_str()
                );
                let place = Some(source.path.display().to_string());
                problems.push(Problem { place, key: source.key.clone(), text });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day of light from 6 h to 18 h by a clock that is `late_h` behind UTC.
    fn notes(late_h: f64) -> Vec<String> {
        let value = |hour: i64| (libm::sin(TAU * (hour as f64 - 5.5) / 24.0)).max(0.0) * 800.0;
        let series = Series {
            start: Time(0) + Span::from_hours(late_h),
            step: Span::HOUR,
            values: (0..24).map(value).collect(),
        };
        let mut measured = Measured::default();
        measured.add("series.sky", "sky.csv".into(), (Quantity::Irradiance, None), series).expect("the first");
        measured.note_the_hour_of_the_sun(-61.0);
        measured.notes
    }

    #[test]
    fn light_at_the_wrong_hour_is_noticed() {
        assert_eq!(notes(4.0), Vec::<String>::new());
        let [note] = &notes(0.0)[..] else { panic!("local times read as UTC are noticed") };
        assert!(note.contains("7.9 h of solar time") && note.contains("series.sky.zone"), "{note}");
    }
}
