//! From options to a plan: the scenario with its overrides, and the measured data it asks for.

use crate::cli::{RunArgs, ScenarioArgs};
use crate::error::Error;
use results::{DataCell, InputFile, Level, RunInfo};
use scenarios::{Cell, DataTable, Plan, Recording, Scenario, ScenarioError};
use std::fs;
use std::path::Path;

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

impl Inputs {
    /// Loads, overrides and resolves.
    ///
    /// # Errors
    /// [`Error::Scenario`] or [`Error::Results`], naming file, line, key and the remedy.
    pub fn load(args: &ScenarioArgs) -> Result<Self, Error> {
        let scenario = scenario(args)?;
        let (mut tables, mut files, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for data in scenario.data_files()? {
            match read_table(&data.path) {
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

    /// What `run.json` shall say of the run.
    pub fn info(&self, args: &RunArgs) -> RunInfo {
        let plan = &self.plan;
        RunInfo {
            name: plan.name.clone(),
            seed: plan.seed,
            start: plan.start,
            end: plan.end,
            tick: plan.tick,
            level: level(plan.record),
            host: args.host.as_str().into(),
            scenario: serde_json::to_value(&self.scenario).expect("a scenario is plain data"),
            inputs: self.files.clone(),
            engine: concat!(env!("CARGO_PKG_VERSION"), "+", env!("CARIFLEX_ENGINE")).into(),
        }
    }

    /// The run's id: a hash of the scenario as resolved, the contents of the series, the engine's sources, and what
    /// decides which files there are.
    pub fn id(&self, args: &RunArgs) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(&serde_json::to_string(&self.scenario).expect("a scenario is plain data"));
        for file in &self.files {
            add(&file.blake3);
        }
        add(env!("CARIFLEX_ENGINE"));
        add(args.host.as_str());
        hasher.finalize().to_hex()[..8].into()
    }
}

/// The scenario with the assignments of the command line.
///
/// # Errors
/// [`Error::Scenario`] naming file and line, or the assignment at fault.
pub fn scenario(args: &ScenarioArgs) -> Result<Scenario, Error> {
    let mut scenario = Scenario::load(&args.scenario)?;
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
    Ok(scenario)
}

/// A table of measured data, and what file it was; a CSV is read once, so that it may come through a pipe.
fn read_table(path: &Path) -> Result<(DataTable, InputFile), Error> {
    let name = path.display().to_string();
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        let cell = |cell| match cell {
            DataCell::Missing => Cell::Missing,
            DataCell::Text(text) => Cell::Text(text),
            DataCell::Number(number) => Cell::Number(number),
            DataCell::Instant(time) => Cell::Instant(time),
        };
        let data = results::read_data(path).map_err(Error::Series)?;
        let rows = data.rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
        Ok((DataTable::of_rows(path, data.columns, rows), InputFile::hash(name, path)?))
    } else {
        let contents = fs::read(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        let blake3 = blake3::hash(&contents).to_hex().to_string();
        Ok((DataTable::from_csv(path, &contents)?, InputFile { path: name, blake3 }))
    }
}
