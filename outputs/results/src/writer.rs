//! The recorder of a run: interval by interval into tables and key figures, then the last word.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use agents::record::{Catalogue, IntervalRows, Recorder};
use agents::{ParticipantId, SiteId, Time};

use crate::error::ResultsError;
use crate::faults::FaultRow;
use crate::folder::{Existing, Folder};
use crate::hourly::{Hour, Hours};
use crate::intervals::{IntervalTables, Readings};
use crate::kpi_table;
use crate::kpis::Kpis;
use crate::names::Names;
use crate::participants;
use crate::records::RecordTables;
use crate::run::{Level, RunInfo, RunJson, Status, Summary};
use crate::schema::{ASSETS, FAULTS, KPIS, MIRROR, PARTICIPANTS, SITES};

/// Writes a run into a folder, interval by interval, in memory that does not grow with the run.
///
/// Call order: [`create`](Self::create) or [`overwrite`](Self::overwrite), then
/// [`record`](Recorder::record) for every interval in order of time, then [`finish`](Self::finish), also
/// after an error or Ctrl-C: only then are the files readable. A writer that is dropped instead leaves
/// `*.partial` files and a `run.json` that says `running`.
///
/// Files are not forced to the disk: a loss of power shortly after the end may take a run with it.
pub struct RunWriter {
    folder: Folder,
    info: RunInfo,
    catalogue: Catalogue,
    kpis: Kpis,
    /// None at level `kpis`.
    tables: Option<Tables>,
    /// First instant after the last interval.
    reached: Time,
}

struct Tables {
    /// None at level `full`.
    hours: Option<Hours>,
    intervals: IntervalTables,
    records: RecordTables,
    /// Rows of the table `participants`, which is written at the start.
    participants: u64,
}

impl RunWriter {
    /// Begins a run in `dir`, which is created if need be.
    ///
    /// A run in `dir` that is not complete is taken over: its tables are removed. Files by other names
    /// than those of tables and `run.json` are never touched.
    ///
    /// # Errors
    /// [`ResultsError::Complete`] if `dir` holds a complete run, [`ResultsError::Foreign`] if it holds a
    /// `run.json` or tables that are not known to be ours, [`ResultsError::Busy`] if another process
    /// writes there, [`ResultsError::Io`] or [`ResultsError::Parquet`] if a file can not be written.
    pub fn create(dir: &Path, info: RunInfo, catalogue: &Catalogue) -> Result<Self, ResultsError> {
        Self::begin(dir, Existing::Keep, info, catalogue)
    }

    /// Begins a run in `dir` and replaces whatever run is there, complete or not.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) except `Complete` and `Foreign`.
    pub fn overwrite(dir: &Path, info: RunInfo, catalogue: &Catalogue) -> Result<Self, ResultsError> {
        Self::begin(dir, Existing::Overwrite, info, catalogue)
    }

    fn begin(dir: &Path, existing: Existing, info: RunInfo, catalogue: &Catalogue) -> Result<Self, ResultsError> {
        let folder = Folder::claim(dir, existing, &RunJson::running(&info, catalogue))?;
        let tables = match info.level {
            Level::Kpis => None,
            Level::Hourly | Level::Full => Some(Tables::create(&folder, &info, catalogue)?),
        };
        let (kpis, reached) = (Kpis::new(catalogue), info.start);
        Ok(Self { folder, info, catalogue: catalogue.clone(), kpis, tables, reached })
    }

    /// The folder of the run.
    pub fn dir(&self) -> &Path {
        self.folder.dir()
    }

    /// The key figures so far.
    pub fn kpis(&self) -> &Kpis {
        &self.kpis
    }

    /// Closes all files, gives them their names and says in `run.json` how the run ended.
    ///
    /// # Errors
    /// If a file can not be written; `run.json` then says `failed` if that can be written.
    pub fn finish(mut self, status: Status) -> Result<Summary, ResultsError> {
        let mut summary = Summary {
            dir: self.folder.dir().to_owned(),
            status,
            start: self.info.start,
            reached: self.reached,
            tables: Vec::new(),
            kpis: self.kpis.table(),
        };
        let closed = self.close_tables(&mut summary);
        if closed.is_err() {
            summary.status = Status::Failed;
        }
        let told = self.folder.write_run_json(&RunJson::ended(&self.info, &self.catalogue, &summary));
        closed.and(told)?;
        self.folder.release()?;
        Ok(summary)
    }

    /// Closes and names the tables, and enters those that have their names in the summary.
    fn close_tables(&mut self, summary: &mut Summary) -> Result<(), ResultsError> {
        let rows = self.tables.take().map(Tables::close).transpose()?.unwrap_or_default();
        kpi_table::write(&self.folder.partial(&KPIS), &self.info, self.reached, &summary.kpis)?;
        let tables = IntervalTables::TABLES.into_iter().chain(RecordTables::TABLES).chain([PARTICIPANTS]).zip(rows);
        for (table, rows) in tables.chain([(KPIS, 1)]) {
            self.folder.publish(&table)?;
            summary.tables.push((table.name, rows));
        }
        Ok(())
    }

    fn take(&mut self, rows: &IntervalRows<'_>) -> Result<(), ResultsError> {
        self.check_ids(rows)?;
        if let Some(tables) = &mut self.tables {
            tables.push(rows)?;
        }
        self.kpis.add(rows);
        self.reached = rows.start + rows.length;
        Ok(())
    }

    /// Everything behind this may use ids of readings as indices.
    fn check_ids(&self, rows: &IntervalRows<'_>) -> Result<(), ResultsError> {
        let unknown_asset = |id: ParticipantId| id.index() >= self.catalogue.participants.len();
        let unknown_site = |id: SiteId| id.index() >= self.catalogue.sites.len();
        if let Some(reading) = rows.assets.iter().find(|reading| unknown_asset(reading.asset)) {
            return Err(ResultsError::UnknownId { table: ASSETS.name, what: "asset", id: reading.asset.0 });
        }
        if let Some(reading) = rows.mirror.iter().find(|reading| unknown_asset(reading.asset)) {
            return Err(ResultsError::UnknownId { table: MIRROR.name, what: "asset", id: reading.asset.0 });
        }
        let has_reading = |id: ParticipantId| rows.assets.binary_search_by_key(&id, |reading| reading.asset).is_ok();
        if let Some(reading) = rows.faults.iter().find(|reading| !has_reading(reading.asset)) {
            return Err(ResultsError::UnknownId {
                table: FAULTS.name,
                what: "asset with a reading",
                id: reading.asset.0,
            });
        }
        if let Some(reading) = rows.sites.iter().find(|reading| unknown_site(reading.site)) {
            return Err(ResultsError::UnknownId { table: SITES.name, what: "site", id: reading.site.0 });
        }
        Ok(())
    }
}

impl Recorder for RunWriter {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.take(rows)?)
    }
}

impl Tables {
    fn create(folder: &Folder, info: &RunInfo, catalogue: &Catalogue) -> Result<Self, ResultsError> {
        let names = Arc::new(Names::new(catalogue));
        Ok(Self {
            hours: (info.level == Level::Hourly).then(|| Hours::new(catalogue)),
            intervals: IntervalTables::create(folder, info, &names)?,
            records: RecordTables::create(folder, info, &names)?,
            participants: participants::write(folder, info, catalogue, &names)?,
        })
    }

    fn push(&mut self, rows: &IntervalRows<'_>) -> Result<(), ResultsError> {
        match &mut self.hours {
            None => {
                let faults = rows.faults.iter().filter_map(|reading| FaultRow::of(reading, rows.assets)).collect();
                let IntervalRows { start, assets, sites, signals, supply, mirror, .. } = *rows;
                self.intervals.push(Readings { start, assets, sites, signals, supply, mirror, faults })?;
            }
            Some(hours) => {
                let finished = hours.add(rows);
                self.push_hour(finished)?;
            }
        }
        rows.records.iter().try_for_each(|record| self.records.push(record))
    }

    fn push_hour(&mut self, hour: Option<Hour>) -> Result<(), ResultsError> {
        match hour {
            Some(mut hour) => self.intervals.push(hour.readings()),
            None => Ok(()),
        }
    }

    /// Closes the files; returns the numbers of rows: intervals, records, participants.
    fn close(mut self) -> Result<Vec<u64>, ResultsError> {
        let last = self.hours.as_mut().and_then(Hours::finish);
        self.push_hour(last)?;
        let mut rows = self.intervals.close()?;
        rows.extend(self.records.close()?);
        rows.push(self.participants);
        Ok(rows)
    }
}
