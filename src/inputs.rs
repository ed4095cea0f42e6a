//! From options to a plan: the scenario with its overrides, and the measured series.

use crate::cli::RunArgs;
use crate::error::Error;
use results::{InputFile, RunInfo};
use scenarios::{Measured, Plan, Scenario, SeriesRow, parse_duration};
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
            measured.add(path, read_series(path)?)?;
            files.push(InputFile::hash(path.display().to_string(), path)?);
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

fn read_series(path: &Path) -> Result<Vec<SeriesRow>, Error> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
        let row = |row: results::SeriesRow| SeriesRow {
            time: row.time,
            quantity: row.quantity,
            value: row.value,
            unit: row.unit,
            line: row.row + 1,
        };
        Ok(results::read_rows(path).map_err(Error::Series)?.into_iter().map(row).collect())
    } else {
        Ok(scenarios::read_csv(path)?)
    }
}
