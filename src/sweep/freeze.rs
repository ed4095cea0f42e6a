//! From a sweep file to a frozen sweep: every run is resolved and checked, and written down before the first one.

use super::files::Files;
use super::snapshot::{Source, copy_of, unchanged};
use super::{HOST, progress};
use crate::error::Error;
use crate::fork::Fork;
use crate::inputs::{self, ENGINE, Inputs, copy_name};
use agents::Time;
use results::sweep::{AxisInfo, CaseInfo, Cell, FrozenRun, Manifest, Parameter, Points, Store, figures, idle_patterns};
use results::{InputFile, Kpis, Level, ResultsError};
use scenarios::sweep::{AxisValue, Point, Sweep};
use scenarios::{Ahead, Assignment, Problem, Scenario, ScenarioError, nearest};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use twin::Snapshot;

/// A sweep that can be run.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) manifest: Manifest,
    pub(super) points: Points,
    base: Scenario,
    /// The snapshot that all runs go on from, shared by the workers.
    source: Option<Source>,
    files: Files,
}

impl Frozen {
    /// Resolves every run of a sweep on several threads; `source` is the snapshot that it goes on from, and `store` its
    /// place, which may hold copies already.
    ///
    /// # Errors
    /// [`Error::Points`] with everything that is wrong with any of them.
    pub(super) fn of(sweep: &Sweep, source: Option<Source>, store: &dyn Store, threads: usize) -> Result<Self, Error> {
        let points = sweep.points()?;
        let runs: Vec<(usize, usize)> =
            (0..points.len()).flat_map(|point| (0..sweep.seeds.len()).map(move |seed| (point, seed))).collect();
        // The snapshot's own scenario must be resolved too.
        let of_snapshot = source.iter().flat_map(|source| &source.beginning.kept.inputs);
        let draft = Draft {
            sweep,
            points: &points,
            source: source.as_ref(),
            store,
            files: Files::default(),
            inputs: Mutex::new(of_snapshot.map(|file| (file.path.clone(), file.clone())).collect()),
            figures: Mutex::default(),
        };
        let bar = progress::checking(runs.len());
        let checked = in_parallel(threads, runs.len(), |index| {
            bar.inc(1);
            draft.check(runs[index])
        });
        bar.finish_and_clear();
        let mut frozen = Vec::new();
        let mut failures = Vec::new();
        for ((point, _), checked) in runs.into_iter().zip(checked) {
            match checked {
                Ok(run) => frozen.push(run),
                Err(error) => failures.push((point, error)),
            }
        }
        if !failures.is_empty() {
            return Err(told(sweep, &points, failures));
        }
        let record = one_level(&frozen)?;
        let names = draft.figures.into_inner().unwrap_or_else(PoisonError::into_inner);
        check_names(sweep, &names)?;
        let points = Points {
            parameters: parameters(sweep, &points, &frozen),
            runs: frozen.into_iter().map(|checked| checked.run).collect(),
        };
        let snapshot = source.as_ref().zip(sweep.snapshot()).map(|(source, name)| source.info(name));
        let manifest = Manifest {
            id: String::new(),
            name: sweep.name.clone(),
            about: sweep.about.clone(),
            engine: ENGINE.into(),
            method: sweep.method.as_str().into(),
            points: points.runs.last().map_or(0, |run| run.point + 1),
            seeds: sweep.seeds.clone(),
            runs: points.runs.len() as u64,
            record,
            axes: axes(sweep),
            kpis: sweep.kpis.clone(),
            figures: figures(&sweep.kpis, &names),
            inputs: draft.inputs.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect(),
            snapshot,
            scenario: serde_json::to_value(sweep.base().to_written()).expect("the points have been resolved from it"),
        };
        Self::thawed(manifest.seal(&points), points, source)
    }

    /// The sweep of a place that was frozen before; none if there is none.
    ///
    /// # Errors
    /// If it can not be read, or was frozen for another engine.
    pub(super) fn read(store: &dyn Store) -> Result<Option<Self>, Error> {
        let Some(manifest) = Manifest::read(store)? else { return Ok(None) };
        if manifest.engine != ENGINE {
            let problem = format!(
                "it was frozen for {}, and this program is {ENGINE}: freeze it anew with `cariflex sweep FILE --out`",
                manifest.engine
            );
            return Err(ResultsError::NoSweep { place: store.place(), problem }.into());
        }
        let points = Points::read(store)?;
        if !manifest.fits(&points) {
            let problem =
                "its points are not those it was frozen with: freeze it anew with `cariflex sweep FILE --out`";
            return Err(ResultsError::NoSweep { place: store.place(), problem: problem.into() }.into());
        }
        let source = manifest.snapshot.as_ref().map(|snapshot| Source::frozen(snapshot, store)).transpose()?;
        Ok(Some(Self::thawed(manifest, points, source)?))
    }

    fn thawed(manifest: Manifest, points: Points, source: Option<Source>) -> Result<Self, Error> {
        let base = Scenario::from_written("the frozen scenario", &manifest.scenario)?;
        Ok(Self { manifest, points, base, source, files: Files::default() })
    }

    /// Writes it to a place, the manifest last.
    ///
    /// # Errors
    /// If that fails, or a data file has changed since it was read.
    pub(super) fn write(&self, store: &dyn Store) -> Result<(), Error> {
        for file in &self.manifest.inputs {
            let path = Path::new(&file.path);
            let of_snapshot = self.source.as_ref().and_then(|source| source.contents(path, store));
            let contents = unchanged(file, of_snapshot.unwrap_or_else(|| inputs::read(path))?)?;
            store.write(&format!("inputs/{}", copy_name(&file.path, &file.blake3)), &contents)?;
        }
        if let Some(source) = &self.source {
            source.write(store)?;
        }
        self.points.write(store)?;
        Ok(self.manifest.write(store)?)
    }

    /// Whether a place holds all that was frozen.
    pub(super) fn is_whole(&self, store: &dyn Store) -> Result<bool, Error> {
        let copies: BTreeSet<String> = store.list("inputs")?.into_iter().collect();
        let snapshot = self.manifest.snapshot.iter().map(|snapshot| copy_of(&snapshot.file));
        let data = self.manifest.inputs.iter().map(|file| copy_name(&file.path, &file.blake3));
        let has_copies = data.chain(snapshot).all(|copy| copies.contains(&copy));
        Ok(has_copies && Points::read(store).is_ok_and(|points| points == self.points))
    }

    /// What a run is made from, as it was frozen, and the state that it goes on from, if it does.
    ///
    /// # Errors
    /// If a copy of a data file is not there, or can not be read. That all is what it was is told by the run's id.
    pub(super) fn inputs(&self, run: &FrozenRun, store: &dyn Store) -> Result<(Inputs, Option<Snapshot>), Error> {
        let broken = |problem: String| ResultsError::NoSweep { place: store.place(), problem };
        let set: Vec<Assignment> =
            serde_json::from_str(&run.set).map_err(|error| broken(format!("run {}: {error}", run.run)))?;
        let mut scenario = self.base.clone();
        set.iter().try_for_each(|assignment| scenario.assign(assignment))?;
        scenario.set_seed(run.seed, "the seed of the run")?;
        if let Some(source) = &self.source {
            Ahead::again(&self.base, source.beginning.gone()).settle(&mut scenario)?;
        }
        let mut names = run.inputs.iter();
        let inputs = Inputs::of(scenario, |path| {
            // Files are asked for in the order in which they were frozen.
            let name = names.next().ok_or_else(|| broken(format!("run {} has too few files", run.run)))?;
            let copy = format!("inputs/{name}");
            self.files.get(name, path, || match store.read(&copy)? {
                Some(contents) => Ok(contents),
                None => Err(broken(format!("`{copy}` is missing")).into()),
            })
        })?;
        let Some(source) = &self.source else { return Ok((inputs, None)) };
        let Fork { inputs, state } = source.beginning.fork(inputs)?;
        Ok((inputs, Some(state)))
    }
}

/// What is known while runs are checked.
struct Draft<'a> {
    sweep: &'a Sweep,
    points: &'a [Point],
    source: Option<&'a Source>,
    store: &'a dyn Store,
    files: Files,
    inputs: Mutex<BTreeMap<String, InputFile>>,
    /// Names of all key figures.
    figures: Mutex<BTreeSet<String>>,
}

/// A run that can be run.
struct Checked {
    run: FrozenRun,
    level: Level,
}

impl Draft<'_> {
    fn check(&self, (point, replicate): (usize, usize)) -> Result<Checked, Error> {
        let seed = self.sweep.seeds[replicate];
        let scenario = self.sweep.scenario(&self.points[point], seed)?;
        let inputs = Inputs::of(scenario, |path| {
            let name = path.display().to_string();
            let of_snapshot = || self.source.and_then(|source| source.contents(path, self.store));
            self.files.get(&name, path, || of_snapshot().unwrap_or_else(|| inputs::read(path)))
        })?;
        let copies = inputs.files.iter().map(|file| copy_name(&file.path, &file.blake3)).collect();
        let mut known = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(inputs.files.iter().map(|file| (file.path.clone(), file.clone())));
        drop(known);
        let (inputs, start) = self.going_on(inputs)?;
        let plan = &inputs.plan;
        let run = FrozenRun {
            run: inputs.id(HOST),
            point: point as u64,
            replicate: replicate as u64,
            seed,
            start,
            end: plan.end,
            tick: plan.tick,
            participants: plan.participants.len() as u64,
            inputs: copies,
            set: serde_json::to_string(&self.points[point].assignments).expect("the point has been resolved from them"),
        };
        // Names of figures depend on portfolios, not on seeds.
        if replicate == 0 {
            let names = Kpis::new(&plan.catalogue()).table().into_iter().map(|kpi| kpi.name);
            self.figures.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
        }
        Ok(Checked { run, level: inputs::level(plan.record) })
    }

    /// What a run is made from with the snapshot that it goes on from, if it does, and its first instant.
    fn going_on(&self, inputs: Inputs) -> Result<(Inputs, Time), Error> {
        let Some((source, name)) = self.source.zip(self.sweep.snapshot()) else {
            let start = inputs.plan.start;
            return Ok((inputs, start));
        };
        let fork = source.beginning.fork(inputs).and_then(|fork| fork.check().map(|()| fork));
        let fork = fork.map_err(|error| {
            let place = Some(name.place.clone());
            ScenarioError::from(Problem { place, key: "from".into(), text: format!("does not fit: {error}") })
        })?;
        let start = fork.time();
        Ok((fork.inputs, start))
    }
}

/// Calls `work` with every index below `count` on several threads; what it returns is in order.
fn in_parallel<T: Send>(threads: usize, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let mut all: Vec<(usize, T)> = thread::scope(|scope| {
        // Where the system gives fewer threads, those that there are do it all: this one at least.
        let others = (1..threads.min(count)).map_while(|_| thread::Builder::new().spawn_scoped(scope, worker).ok());
        let others: Vec<_> = others.collect();
        let mut done = worker();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, value)| value).collect()
}

/// Everything that is wrong with any of the runs, and with which point it is wrong first.
fn told(sweep: &Sweep, points: &[Point], failures: Vec<(usize, Error)>) -> Error {
    let affected: BTreeSet<usize> = failures.iter().map(|(point, _)| *point).collect();
    let first = affected.first().copied().unwrap_or_default();
    let values = sweep.axes.iter().zip(&points[first].values);
    let first = values.map(|(axis, value)| format!("{} = {value}", axis.name)).collect::<Vec<_>>().join(", ");
    let (mut problems, mut seen): (Vec<Problem>, BTreeSet<Problem>) = Default::default();
    for (_, error) in failures {
        match error {
            Error::Scenario(ScenarioError::Problems(of_run)) => {
                problems.extend(of_run.into_iter().filter(|problem| seen.insert(problem.clone())));
            }
            other => return other,
        }
    }
    let source = ScenarioError::Problems(problems);
    Error::Points { affected: affected.len(), of: points.len(), first, source }
}

/// The level at which all runs are recorded.
fn one_level(runs: &[Checked]) -> Result<Level, Error> {
    let levels: BTreeSet<Level> = runs.iter().map(|run| run.level).collect();
    let words: Vec<_> = levels.iter().map(|level| level.as_str()).collect();
    match levels.first() {
        Some(level) if levels.len() == 1 => Ok(*level),
        _ => {
            let problem = format!("records {}: let all points record the same", words.join(" and "));
            Err(ScenarioError::Problems(vec![Problem { place: None, key: "run.record".into(), text: problem }]).into())
        }
    }
}

/// Every pattern of key figures must match one, and no axis may be called like one.
fn check_names(sweep: &Sweep, names: &BTreeSet<String>) -> Result<(), Error> {
    let like_a_figure = sweep.axes.iter().filter(|axis| names.contains(&axis.name)).map(|axis| {
        let text = "is the name of a key figure: call the axis something else";
        Problem { place: None, key: format!("axis.{}", axis.name), text: text.into() }
    });
    let problems: Vec<Problem> = idle_patterns(&sweep.kpis, names)
        .into_iter()
        .map(|pattern| {
            let hint = match nearest(pattern, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "outputs/results/TABLES.md lists them".into(),
            };
            Problem {
                place: None,
                key: "kpis".into(),
                text: format!("asks for `{pattern}`, which no key figure is: {hint}"),
            }
        })
        .chain(like_a_figure)
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(ScenarioError::Problems(problems).into()) }
}

fn axes(sweep: &Sweep) -> Vec<AxisInfo> {
    let set = |assignment: &Assignment| {
        let pair = serde_json::to_value(assignment).and_then(serde_json::from_value);
        pair.expect("the points have been resolved from it")
    };
    let case =
        |(name, assignments): (String, &[Assignment])| CaseInfo { name, set: assignments.iter().map(set).collect() };
    let info = |axis: &scenarios::sweep::Axis| AxisInfo {
        name: axis.name.clone(),
        keys: axis.keys.iter().map(ToString::to_string).collect(),
        unit: axis.unit.clone(),
        description: axis.description.clone(),
        cases: axis.cases().into_iter().map(case).collect(),
    };
    sweep.axes.iter().map(info).collect()
}

fn parameters(sweep: &Sweep, points: &[Point], runs: &[Checked]) -> Vec<Parameter> {
    let cell = |value: &AxisValue| match value {
        AxisValue::Flag(flag) => Cell::Flag(*flag),
        AxisValue::Integer(number) => Cell::Integer(*number),
        AxisValue::Number(number) => Cell::Number(*number),
        AxisValue::Text(text) => Cell::Text(text.clone()),
    };
    let parameter = |(index, axis): (usize, AxisInfo)| Parameter {
        name: axis.name,
        keys: axis.keys,
        unit: axis.unit,
        description: axis.description,
        values: runs.iter().map(|checked| cell(&points[checked.run.point as usize].values[index])).collect(),
    };
    axes(sweep).into_iter().enumerate().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use results::schema::{POINTS, RUNS, SWEEP_KPIS};

    #[test]
    fn no_axis_may_be_called_like_a_column_that_is_always_there() {
        for column in [POINTS, RUNS, SWEEP_KPIS].iter().flat_map(|table| table.columns) {
            let text = format!(
                "version = 1\nname = \"s\"\nbase = \"martinique\"\nmethod = \"grid\"\n\
                 [[axis]]\nname = \"{}\"\nkey = \"dso.price_eur_per_mwh\"\nvalues = [1]\n",
                column.name
            );
            let error = Sweep::parse(&text, Path::new("s.toml")).expect_err(column.name).to_string();
            assert!(error.contains(column.name), "{error}");
        }
    }
}
