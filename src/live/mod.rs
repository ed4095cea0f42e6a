//! `cariflex live`: a scenario as a live plant, on the wall clock, with its faces, surviving whatever ends its process.

mod archive;
pub mod args;
mod clock;
mod control;
pub(crate) mod desk;
mod error;
pub(crate) mod faces;
mod forks;
mod ground;
mod log;
pub mod place;
pub(crate) mod plant;
mod pulse;
pub mod replay;
mod retention;
mod view;

pub use desk::{Answered, Desk};
pub use error::LiveError;

use crate::cli::{ScenarioArgs, print};
use crate::error::{Error, Outcome};
use crate::inputs::{ENGINE, Inputs, Preset, scenario};
use crate::run::file_name;
use crate::snapshot::{INPUTS, KeptScenario};
use agents::{Span, Time};
use args::{LiveArgs, SnapshotArgs};
use faces::Connections;
use ground::Ground;
use place::{Head, Place};
use plant::{Plant, Rules, wall_clock};
use scenarios::parse_duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tracing::{info, warn};
use twin::{Anchor, Pace};
use view::View;

/// How long a live twin may take to answer a wish for a snapshot.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(60);
/// Market slots where the scenario does not say.
const USUAL_SLOT: Span = Span::from_minutes(15);

/// Runs a scenario live as the options say.
///
/// # Errors
/// [`Error`]; its exit code tells bad input from what broke.
pub fn live(args: &LiveArgs) -> Result<Outcome, Error> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        // Whoever asks twice does not want to wait for the good-byes.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })?;
    // Every connection is a file: shells leave a thousand. Where more can not be had, what there is must do.
    drop(rlimit::increase_nofile_limit(rlimit::INFINITY));
    let wall = wall_clock();
    let dir = place_dir(args)?;
    let before = if args.fresh { None } else { Head::read(&dir)? };
    let asked = asked_for(args, before.as_ref(), wall)?;
    let inputs = match &before {
        // Its data are those that it began with.
        Some(head) => head.kept.resolve(asked, &dir.join(INPUTS))?,
        None => Inputs::of_scenario(asked)?,
    };
    let connections = Connections::of(args, &inputs.plan, &dir)?;
    let plan = &inputs.plan;
    let view = (!args.no_view).then(|| View::on_terminal(plan.calendar)).flatten();
    // Dropped last: what the others say at their end is written, too.
    let _log = log::start(args.log_format, args.log_level, view.as_ref().map(View::lines))?;
    for note in &plan.measured.notes {
        info!("{note}");
    }
    if args.mirror.address.is_some() && args.speed != Pace::Clock(1.0) && args.anchor.is_none() {
        warn!(
            "readings of a field on the wall clock are late or early for a twin at another speed; --anchor ties two twins"
        );
    }
    let place = Place::claim(&dir, plan.calendar, args.fresh)?;
    info!(
        scenario = plan.name,
        participants = plan.participants.len(),
        tick_s = plan.tick.seconds(),
        place = %dir.display(),
        engine = ENGINE,
        "live"
    );
    let hash = inputs.lasting_hash();
    if let Some(head) = before.as_ref().filter(|head| head.scenario_hash != hash) {
        match difference(head, &inputs) {
            Some(difference) => return Err(LiveError::Other { path: dir, difference }.into()),
            // A later version has parameters that the one before did not have.
            None if head.engine != ENGINE => warn!("defaults of this version are not those the twin began with"),
            None => {
                let difference = "its data are not the same".into();
                return Err(LiveError::Other { path: dir, difference }.into());
            }
        }
    }
    let rules = Rules { catch_up: args.catch_up, snapshot_every: args.snapshot_every, retention: args.retention };
    let catalogue = Arc::new(plan.catalogue());
    // One that was ended in its first moment has a head and nothing else.
    let before = before.filter(|_| place.has_snapshots());
    let start = plan.start;
    let ground = Ground { inputs, catalogue, place, view, rules, threads: args.threads.into() };
    let plant = match before {
        None => ground.begin(hash, args.speed, first_anchor(args, start, wall))?,
        Some(head) => {
            if args.anchor.is_some() {
                warn!("--anchor is of no use here: the twin goes on with the clock that it has");
            }
            ground.go_on(head, args.speed, wall, &interrupted)?
        }
    };
    tell_apart(&plant, wall);
    let faces = connections.start(&plant.inputs, plant.place.dir(), &plant.catalogue)?;
    plant.live(faces, &interrupted)?;
    Ok(Outcome::Complete)
}

/// Says so where a twin on the wall clock is at another time than the wall.
fn tell_apart(plant: &Plant, wall: Time) {
    let Anchor { wall: anchored, twin } = plant.head.anchor;
    let ahead = (twin - anchored).seconds();
    if plant.head.pace == Pace::Clock(1.0) && ahead.abs() >= 1.0 && anchored <= wall {
        info!(ahead_s = ahead, "the twin's time passes with the wall clock, and is not the wall clock's");
    }
}

/// The folder of the live twin.
fn place_dir(args: &LiveArgs) -> Result<PathBuf, Error> {
    match &args.place {
        Some(dir) => Ok(dir.clone()),
        None => {
            let scenario = scenario(&args.scenario, &[])?;
            Ok(Path::new("live").join(file_name(scenario.text_at("name").unwrap_or(&args.scenario.scenario))))
        }
    }
}

/// The scenario as the options have it: ticks of a second, from the present market slot on (or from where the live twin
/// of `before` began), without end.
fn asked_for(args: &LiveArgs, before: Option<&Head>, wall: Time) -> Result<scenarios::Scenario, Error> {
    let ScenarioArgs { start, duration, .. } = &args.scenario;
    let start = match (start, before) {
        (Some(_), _) => None,
        (None, Some(head)) => head.kept.scenario("live.json")?.text_at("run.start").map(str::to_owned),
        (None, None) => {
            let scenario = scenario(&args.scenario, &[])?;
            let slot = scenario.text_at("market.slot").and_then(|text| parse_duration(text).ok());
            // One that makes no sense is told of when the scenario is resolved.
            let slot = slot.filter(|slot| *slot > Span::ZERO).unwrap_or(USUAL_SLOT);
            Some(wall.floor(slot).to_string())
        }
    };
    let mut presets = vec![Preset::new("live", "run.tick=1s")];
    if let Some(start) = start {
        presets.push(Preset::new("live", &format!("run.start={start}")));
    }
    if args.mirror.address.is_some() {
        // What the twin says shall not be taken for what the field says, whichever broker it says it to.
        presets.push(Preset::new("live --mirror", "mqtt.root=twin"));
    }
    if duration.is_none() {
        // The longest there is: somebody will stop it.
        presets.push(Preset::new("live without --duration", "run.duration=18250d"));
    }
    scenario(&args.scenario, &presets)
}

/// Where twin time is tied to the wall clock at first: it is the wall clock, unless something else was asked for.
fn first_anchor(args: &LiveArgs, start: Time, wall: Time) -> Anchor {
    let is_now = args.scenario.start.is_none() && args.speed == Pace::Clock(1.0);
    let now = if is_now { start } else { wall };
    Anchor { wall: args.anchor.unwrap_or(now), twin: start }
}

/// In what the scenario asked for differs from that of a live twin, as both were written.
fn difference(head: &Head, inputs: &Inputs) -> Option<String> {
    if head.name != inputs.plan.name {
        return Some(format!("its scenario is {}", head.name));
    }
    let now = KeptScenario::of(inputs);
    let differing = differences("", &head.kept.scenario, &now.scenario);
    match differing
        .iter()
        .find(|key| !key.starts_with("mqtt") && !["run.duration", "run.record"].contains(&key.as_str()))
    {
        Some(key) => Some(format!("{key} is not the same")),
        None if head.kept.inputs != now.inputs => Some("its data are not the same".into()),
        None => None,
    }
}

/// The dotted keys of the values in which two scenarios differ as they were written.
fn differences(key: &str, before: &serde_json::Value, now: &serde_json::Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let table = |value: &serde_json::Value| value.is_object() || value.is_null();
    match (before, now) {
        _ if before == now => Vec::new(),
        (before, now) if table(before) && table(now) => {
            let (before, now) = (before.as_object().unwrap_or(&empty), now.as_object().unwrap_or(&empty));
            let keys: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
            let null = serde_json::Value::Null;
            let of = |name: &String| {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                differences(&key, before.get(name).unwrap_or(&null), now.get(name).unwrap_or(&null))
            };
            keys.into_iter().flat_map(of).collect()
        }
        _ => vec![key.to_owned()],
    }
}

/// Asks a live twin for a snapshot, and names its file.
///
/// # Errors
/// [`LiveError::Missing`] or [`LiveError::NoAnswer`].
pub fn snapshot(args: &SnapshotArgs) -> Result<Outcome, Error> {
    let dir = &args.place;
    if Head::read(dir)?.is_none() {
        return Err(LiveError::Missing(dir.clone()).into());
    }
    if !place::is_running(dir) {
        return Err(LiveError::NoAnswer(dir.clone()).into());
    }
    place::want_snapshot(dir)?;
    let asked = Instant::now();
    while place::is_snapshot_outstanding(dir) {
        if asked.elapsed() > SNAPSHOT_PATIENCE || !place::is_running(dir) {
            place::take_back_snapshot(dir);
            return Err(LiveError::NoAnswer(dir.clone()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let latest = place::snapshots(dir)?.pop().ok_or_else(|| LiveError::NoSnapshot(dir.clone()))?;
    print(format!("{}\n", place::snapshot_path(dir, latest).display()).as_bytes())
}
