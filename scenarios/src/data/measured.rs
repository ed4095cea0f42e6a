//! The measured data of a run, in the units used inside.

use super::quantity::Quantity;
use super::sessions::RecordedSession;
use crate::error::Problem;
use agents::Time;
use agents::series::Series;
use std::collections::BTreeMap;
use std::path::PathBuf;

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

    /// Every series that does not cover `[start, end)`.
    pub(crate) fn check_cover(&self, start: Time, end: Time, problems: &mut Vec<Problem>) {
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
