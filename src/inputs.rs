//! From options to a plan: the scenario with its overrides, and the measured data it asks for.

use crate::cli::ScenarioArgs;
use crate::error::Error;
use results::{DataCell, InputFile, Level, RunInfo};
use scenarios::{Cell, DataTable, Plan, Recording, Scenario, ScenarioError};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Version of the program, and the fingerprint of the sources that decide the rows of a run.
pub const ENGINE: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("CARIFLEX_ENGINE"));

/// Everything a run is made from.
#[derive(Debug)]
pub struct Inputs {
    /// The scenario with the overrides of the command line.
    pub scenario: Scenario,
    /// What it resolves to.
    pub plan: Plan,
    /// The data files that were read, with their hashes.
    pub files: Vec<InputFile>,
}

/// The level at which a plan is recorded.
pub fn level(record: Recording) -> Level {
    match record {
        Recording::Kpis => Level::Kpis,
        Recording::Hourly => Level::Hourly,
        Recording::Full => Level::Full,
    }
}

/// A table of measured data, and what file it was.
pub type DataAndFile = (Arc<DataTable>, InputFile);

impl Inputs {
    /// Loads, overrides and resolves.
    ///
    /// # Errors
    /// [`Error::Scenario`] or [`Error::Results`], naming file, line, key and the remedy.
    pub fn load(args: &ScenarioArgs) -> Result<Self, Error> {
        Self::of_scenario(scenario(args, &[])?)
    }

    /// Resolves a scenario with the data files that it names.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of_scenario(scenario: Scenario) -> Result<Self, Error> {
        Self::of(scenario, |path| read_table(path, &read(path)?))
    }

    /// Resolves a scenario with the data it asks for, which `load` gets.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn of(scenario: Scenario, mut load: impl FnMut(&Path) -> Result<DataAndFile, Error>) -> Result<Self, Error> {
        let (mut tables, mut files, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for data in scenario.data_files()? {
            match load(&data.path) {
                Ok((table, file)) => {
                    tables.push(table);
                    files.push(file);
                }
                // Those of a row name the file and its line themselves.
                Err(Error::Scenario(ScenarioError::Problems(of_rows))) => problems.extend(of_rows),
                Err(error) => problems.push(data.problem(&error)),
            }
        }
        if !problems.is_empty() {
            // What else is wrong with the scenario is told with them.
            if let Err(ScenarioError::Problems(others)) = scenario.resolve(&[]) {
                problems.extend(others);
            }
            return Err(ScenarioError::Problems(problems).into());
        }
        let plan = scenario.resolve(&tables)?;
        Ok(Self { scenario, plan, files })
    }

    /// What `run.json` shall say of the run of this id on this host.
    pub fn info(&self, id: String, host: &str) -> RunInfo {
        let plan = &self.plan;
        RunInfo {
            id,
            name: plan.name.clone(),
            seed: plan.seed,
            start: plan.start,
            end: plan.end,
            tick: plan.tick,
            level: level(plan.record),
            host: host.into(),
            scenario: serde_json::to_value(&self.scenario).expect("a scenario is plain data"),
            inputs: self.files.clone(),
            engine: ENGINE.into(),
        }
    }

    /// The run's id on this host: a hash of the scenario as resolved, the contents of its data, the engine's sources,
    /// and what decides which files there are.
    pub fn id(&self, host: &str) -> String {
        self.hash(&[env!("CARIFLEX_ENGINE"), host])
    }

    /// A hash of all that decides the rows of a run that goes on: the scenario as resolved, but for its length, for what is
    /// kept of it and for what it says of faces, and the contents of its data.
    pub fn lasting_hash(&self) -> String {
        let mut scenario = serde_json::to_value(&self.scenario).expect("a scenario is plain data");
        if let Some(sections) = scenario.as_object_mut() {
            sections.remove("mqtt");
            if let Some(run) = sections.get_mut("run").and_then(|run| run.as_object_mut()) {
                run.retain(|key, _| !["duration", "record"].contains(&key.as_str()));
            }
        }
        self.hash_of(&scenario.to_string(), &[])
    }

    fn hash(&self, more: &[&str]) -> String {
        self.hash_of(&serde_json::to_string(&self.scenario).expect("a scenario is plain data"), more)
    }

    fn hash_of(&self, scenario: &str, more: &[&str]) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(scenario);
        self.files.iter().for_each(|file| add(&file.blake3));
        more.iter().for_each(|part| add(part));
        hasher.finalize().to_hex()[..16].into()
    }
}

/// An assignment that a command makes before those of the command line.
#[derive(Clone, Debug)]
pub struct Preset {
    /// Who makes it, as messages show it.
    option: String,
    assignment: String,
}

impl Preset {
    /// `assignment`, made by `option`.
    pub fn new(option: &str, assignment: &str) -> Self {
        Self { option: option.into(), assignment: assignment.into() }
    }
}

/// The scenario with these presets and then the assignments of the command line.
///
/// # Errors
/// [`Error::Scenario`] naming file and line, or the assignment at fault.
pub fn scenario(args: &ScenarioArgs, presets: &[Preset]) -> Result<Scenario, Error> {
    let mut scenario = Scenario::load(&args.scenario)?;
    change(&mut scenario, args, presets)?;
    Ok(scenario)
}

/// Makes these presets and then the assignments of the command line in a scenario.
///
/// # Errors
/// As [`scenario`].
pub fn change(scenario: &mut Scenario, args: &ScenarioArgs, presets: &[Preset]) -> Result<(), Error> {
    for Preset { option, assignment } in presets {
        scenario.set_by(option, assignment)?;
    }
    for path in &args.series {
        scenario.add_series(path);
    }
    let short = [
        ("start", args.start.clone()),
        ("duration", args.duration.clone()),
        ("tick", args.tick.clone()),
        ("seed", args.seed.map(|seed| seed.to_string())),
        ("record", args.record.map(|record| level(record.into()).as_str().to_owned())),
    ];
    for (key, value) in short {
        if let Some(value) = value {
            scenario.set_by(&format!("--{key} {value}"), &format!("run.{key}={value}"))?;
        }
    }
    for assignment in &args.set {
        scenario.set(assignment)?;
    }
    Ok(())
}

/// The contents of a file, read once, so that it may come through a pipe.
///
/// # Errors
/// [`ScenarioError::Read`] naming the file.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    Ok(fs::read(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?)
}

/// Makes a table of the contents of a file, CSV or Parquet by the extension of its path.
///
/// # Errors
/// [`Error::Scenario`] or [`Error::Series`] naming the file, and the line where there is one.
pub fn read_table(path: &Path, contents: &[u8]) -> Result<DataAndFile, Error> {
    let file = InputFile::of(path.display().to_string(), contents);
    let is_parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let table = if is_parquet { parquet_table(path, contents)? } else { DataTable::from_csv(path, contents)? };
    Ok((Arc::new(table), file))
}

fn parquet_table(path: &Path, contents: &[u8]) -> Result<DataTable, Error> {
    let cell = |cell| match cell {
        DataCell::Missing => Cell::Missing,
        DataCell::Text(text) => Cell::Text(text),
        DataCell::Number(number) => Cell::Number(number),
        DataCell::Instant(time) => Cell::Instant(time),
    };
    let data = results::read_data(path, contents.to_vec()).map_err(Error::Series)?;
    let rows = data.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    Ok(DataTable::of_rows(path, data.columns, rows))
}

/// What the copy of a file is called: its hash, and the extension by which it is read.
pub(crate) fn copy_name(path: &str, blake3: &str) -> String {
    let extension = Path::new(path).extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let extension = if extension == "parquet" { "parquet" } else { "csv" };
    format!("{}.{extension}", &blake3[..16])
}
