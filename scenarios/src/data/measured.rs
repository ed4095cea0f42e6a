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
    sessions: BTreeMap<String, (Vec<RecordedSession>, Named)>,
    /// What was noticed and treated as documented, for the reader.
    pub notes: Vec<String>,
}

/// Where a series or a vehicle's sessions were named: for messages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Named {
    /// File and line.
    pub(crate) place: String,
    /// Dotted path of the section.
    pub(crate) key: String,
}

impl Named {
    pub(crate) fn problem(&self, text: String) -> Problem {
        Problem { place: Some(self.place.clone()), key: self.key.clone(), text }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Source {
    series: Series,
    named: Named,
    path: PathBuf,
}

/// A quantity with the asset it is measured at.
fn words(quantity: Quantity, asset: Option<&str>) -> String {
    asset.map_or_else(|| quantity.as_str().into(), |asset| format!("{} of `{asset}`", quantity.as_str()))
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
        section.load(("series", &node), &table, self, &problems)?;
        crate::scenario::told(problems.into_inner())
    }

    /// Adds a series of a quantity, of an asset where it is measured at one.
    ///
    /// # Errors
    /// [`Problem`] if it is there already.
    pub(super) fn add(
        &mut self,
        named: Named,
        path: PathBuf,
        (quantity, asset): (Quantity, Option<String>),
        series: Series,
    ) -> Result<(), Problem> {
        let what = (quantity, asset);
        if let Some(other) = self.series.get(&what) {
            let name = words(quantity, what.1.as_deref());
            let (key, other) = (&other.named.key, other.path.display());
            return Err(named.problem(format!("gives {name}, which {key} ({other}) gives too: keep one")));
        }
        self.series.insert(what, Source { series, named, path });
        Ok(())
    }

    /// Adds a vehicle's sessions.
    ///
    /// # Errors
    /// [`Problem`] if it has some already.
    pub(super) fn add_sessions(
        &mut self,
        named: Named,
        vehicle: &str,
        sessions: Vec<RecordedSession>,
    ) -> Result<(), Problem> {
        if let Some((_, other)) = self.sessions.get(vehicle) {
            let text = format!("gives sessions of `{vehicle}`, which {} gives too: keep one", other.key);
            return Err(named.problem(text));
        }
        self.sessions.insert(vehicle.into(), (sessions, named));
        Ok(())
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
        self.sessions.get(vehicle).map(|(sessions, _)| &sessions[..])
    }

    /// What was measured: quantities with the asset they are of, and where they were named.
    pub(crate) fn list(&self) -> impl Iterator<Item = (Quantity, Option<&str>, &Named)> {
        self.series.iter().map(|((quantity, asset), source)| (*quantity, asset.as_deref(), &source.named))
    }

    /// Vehicles with recorded sessions, and where they were named.
    pub(crate) fn vehicles(&self) -> impl Iterator<Item = (&str, &Named)> {
        self.sessions.iter().map(|(vehicle, (_, named))| (vehicle.as_str(), named))
    }

    /// Notes an irradiance whose sun stands highest at another hour than the sun does at `lon_deg`: most often a time zone
    /// that was not told, or told wrongly.
    pub(crate) fn note_the_hour_of_the_sun(&mut self, lon_deg: f64) {
        let what = (Quantity::Irradiance, None);
        let Some(Source { series, named, path }) = self.series.get(&what) else { return };
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
                 or {}.zone, right?",
                path.display(),
                named.key
            ));
        }
    }

    /// Every series that does not cover `[start, end)`, every vehicle without a session in it, and a note on sessions beyond.
    pub(crate) fn check_cover(&mut self, start: Time, end: Time, problems: &mut Vec<Problem>) {
        for (vehicle, (sessions, named)) in &self.sessions {
            let beyond = sessions.iter().filter(|session| session.plug_out <= start || session.plug_in >= end).count();
            if beyond == sessions.len() {
                let text = format!(
                    "gives no session of {vehicle} between {start} and {end}: choose run.start and run.duration among them"
                );
                problems.push(named.problem(text));
            } else if beyond > 0 {
                self.notes
                    .push(format!("{beyond} recorded sessions of {vehicle} lie outside the run and are left out"));
            }
        }
        for ((quantity, asset), source) in &self.series {
            let (from, until) = (source.series.start, source.series.end());
            if from > start || until < end {
                let text = format!(
                    "gives {} from {from} to {until} ({}), the run needs {start} to {end}: choose run.start and \
                     run.duration within the series",
                    words(*quantity, asset.as_deref()),
                    source.path.display()
                );
                problems.push(source.named.problem(text));
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
        let named = Named { place: "sky.toml, line 1".into(), key: "series.sky".into() };
        measured.add(named, "sky.csv".into(), (Quantity::Irradiance, None), series).expect("the first");
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
