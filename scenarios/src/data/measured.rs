//! The measured data of a run, in the units used inside.

use super::quantity::Quantity;
use super::sessions::RecordedSession;
use crate::error::Problem;
use agents::series::Series;
use agents::Time;
use std::collections::BTreeMap;
use std::path::PathBuf;

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
