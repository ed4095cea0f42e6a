//! What is wrong with a sweep file is told with file, line, key and remedy: one problem for one mistake.
//!
//! Each case is a folder with `sweep.toml` and what it names. Its message must hold the parts listed, and the number of
//! problems must be that of the mistakes.

mod axes;
#[path = "../cases/mod.rs"]
mod cases;
mod head;
mod points;

use agents::Span;
use cases::{Case, check};
use scenarios::sweep::Sweep;
use scenarios::{Scenario, ScenarioError};
use std::fs;
use std::path::Path;

/// Four lines; what a case adds begins in line 5.
const HEAD: &str = "version = 1\nname = \"wrong\"\nbase = \"martinique-day\"\nmethod = \"grid\"\n";
/// A right axis of four lines.
const AXIS: &str = "[[axis]]\nname = \"tilt\"\nkey = \"pv.*.tilt_deg\"\nvalues = [10, 20]\n";

/// A sweep file as it is.
fn whole(name: &'static str, text: &str, says: &'static [&'static str]) -> Case {
    Case::of("sweep.toml", name, text, says)
}

/// The head, lines that belong to it, and a right axis.
fn head(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    whole(name, &format!("{HEAD}{lines}\n{AXIS}"), says)
}

/// The head, and an axis `x` of these lines; the first of them is line 7.
fn axis(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    whole(name, &format!("{HEAD}[[axis]]\nname = \"x\"\n{lines}\n"), says)
}

/// The same, of a design of eight points.
fn sampled(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    axis(name, lines, says).replacing("\"grid\"", "\"lhs\"\nn = 8")
}

/// The head of a list, with an axis `tilt`, an axis `mode` of the cases flat and steep, and these lines from line 13 on.
fn list(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    let axes = "[[axis]]\nname = \"tilt\"\nkey = \"pv.*.tilt_deg\"\n[[axis]]\nname = \"mode\"\n\
                cases.flat = { \"pv.*.albedo\" = 0.1 }\ncases.steep = { \"pv.*.albedo\" = 0.3 }\n";
    whole(name, &format!("{HEAD}\n{axes}{lines}"), says).replacing("\"grid\"", "\"list\"")
}

/// A list whose points are in a CSV.
fn csv(name: &'static str, csv: &str, says: &'static [&'static str]) -> Case {
    list(name, "", says).replacing("\"list\"", "\"list\"\npoints = \"design.csv\"").with("design.csv", csv)
}

/// A snapshot is a scenario of six hours ago, or none.
fn open(path: &Path) -> Result<(Scenario, Span), String> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some("snapshot.json") => Ok((Scenario::load("martinique-day").expect("it is built in"), Span::HOUR * 6)),
        _ => Err("there is no live twin here".into()),
    }
}

fn resolve_all(path: &Path, sets: &[&str]) -> Result<(), ScenarioError> {
    let mut sweep = Sweep::load_with(path, &mut open)?;
    sets.iter().try_for_each(|assignment| sweep.set(assignment))?;
    for point in sweep.points()? {
        for seed in &sweep.seeds {
            let scenario = sweep.scenario(&point, *seed)?;
            // Cases name no data that is there.
            assert_eq!(scenario.data_files()?.len(), 0);
            scenario.resolve(&[])?;
        }
    }
    Ok(())
}

#[test]
fn every_mistake_is_told_with_place_key_and_remedy() {
    let cases: Vec<Case> = [
        head::syntax_and_keys(),
        head::seeds_and_key_figures(),
        head::base_and_set(),
        head::from(),
        axes::axes(),
        axes::ranges(),
        axes::laws(),
    ]
    .into_iter()
    .chain([axes::cases(), axes::found_by_resolving(), points::tables(), points::files(), points::too_many()])
    .flatten()
    .collect();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    check("sweep.toml", &cases, resolve_all);
}

#[test]
fn the_pieces_of_which_cases_are_made_are_right() {
    for (name, text) in [
        ("head", format!("{HEAD}{AXIS}")),
        ("from", format!("{HEAD}{AXIS}").replace("base = \"martinique-day\"", "from = \"snapshot.json\"")),
        ("two", format!("{HEAD}[[axis]]\nname = \"x\"\nkey = \"pv.*.albedo\"\nrange = [0, 1]\nsteps = 2\n{AXIS}")),
    ] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("right-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join("sweep.toml"), text).expect("the folder can be written to");
        resolve_all(&folder.join("sweep.toml"), &["run.duration=1h"]).expect(name);
        fs::remove_dir_all(&folder).expect("the folder was made");
    }
}
