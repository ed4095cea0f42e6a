//! From options to a plan: the scenario with its overrides, and the measured series.

use crate::cli::RunArgs;
use crate::error::Error;
use results::{InputFile, RunInfo};
use scenarios::{Measured, Plan, Scenario, ScenarioError, SeriesRow, parse_duration};
use std::fs;
use std::path::Path;

/// Everything a run is made from.
#[derive(Debug)]
pub struct Inputs {
    /// The scenario with the overrides of the command line.
    pub scenario: Scenario,
    /// What it resolves to.
    pub plan: Plan,
    /// The series files that were read, with their hashes.
    pub files: Vec<InputFile>,
}

impl Inputs {
    /// Loads, overrides and resolves.
    ///
    /// # Errors
    /// [`Error::Scenario`], [`Error::Option`] or [`Error::Results`], naming file, key or option and the remedy.
    pub fn load(args: &RunArgs) -> Result<Self, Error> {
        let mut scenario = Scenario::load(&args.scenario)?;
        override_run(&mut scenario, args)?;
        let mut measured = Measured::default();
        let mut files = Vec::new();
        for path in &args.series {
            let (rows, file) = read_series(path)?;
            measured.add(path, rows)?;
            files.push(file);
        }
        let plan = scenario.resolve(measured)?;
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
            level: args.record.into(),
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
        add(results::Level::from(args.record).as_str());
        hasher.finalize().to_hex()[..8].into()
    }
}

fn override_run(scenario: &mut Scenario, args: &RunArgs) -> Result<(), Error> {
    let run = &mut scenario.run;
    run.seed = args.seed.unwrap_or(run.seed);
    if let Some(start) = &args.start {
        run.start.clone_from(start);
    }
    for (option, given, value) in
        [("--duration", &args.duration, &mut run.duration), ("--tick", &args.tick, &mut run.tick)]
    {
        if let Some(given) = given {
            parse_duration(given).map_err(|problem| Error::Option { option, problem })?;
            value.clone_from(given);
        }
    }
    Ok(())
}

/// The rows of a series file, and what it was; a CSV is read once, so that it may come through a pipe.
fn read_series(path: &Path) -> Result<(Vec<SeriesRow>, InputFile), Error> {
    let name = path.display().to_string();
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        let row = |row: results::SeriesRow| SeriesRow {
            time: row.time,
            quantity: row.quantity,
            value: row.value,
            unit: row.unit,
            line: row.row + 1,
        };
        let rows = results::read_rows(path).map_err(Error::Series)?;
        Ok((rows.into_iter().map(row).collect(), InputFile::hash(name, path)?))
    } else {
        let contents = fs::read(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        let blake3 = blake3::hash(&contents).to_hex().to_string();
        Ok((scenarios::parse_csv(path, &contents)?, InputFile { path: name, blake3 }))
    }
}
