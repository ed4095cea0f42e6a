//! What is wrong with a script is told with file, line, key and remedy: one problem for one mistake.
//!
//! Each case is a folder with `script.toml` and what it names. Its message must hold the parts listed, and the number of
//! problems must be that of the mistakes.

#[path = "../cases/mod.rs"]
mod cases;
mod conditions;
mod head;
mod steps;

use cases::{Case, check};
use scenarios::ScenarioError;
use scenarios::script::Script;
use std::path::Path;

/// Four lines; what a case adds begins in line 5.
const HEAD: &str = "version = 1\nname = \"wrong\"\nscenario = \"martinique-day\"\ntick = \"1m\"\n";
/// A right step of two lines.
const STEP: &str = "[[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", above = -60 }\n";

/// A script as it is.
fn whole(name: &'static str, text: &str, says: &'static [&'static str]) -> Case {
    Case::of("script.toml", name, text, says)
}

/// The head, lines that belong to it, and a right step.
fn head(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    whole(name, &format!("{HEAD}{lines}\n{STEP}"), says)
}

/// The head, a right step, and a step of these lines; the first of them is line 8.
fn step(name: &'static str, lines: &str, says: &'static [&'static str]) -> Case {
    whole(name, &format!("{HEAD}{STEP}[[step]]\n{lines}\n"), says)
}

/// The same of a step that expects this condition, in line 8.
fn condition(name: &'static str, keys: &str, says: &'static [&'static str]) -> Case {
    step(name, &format!("expect = {{ {keys} }}"), says)
}

fn read(path: &Path, sets: &[&str]) -> Result<(), ScenarioError> {
    let sets: Vec<String> = sets.iter().map(ToString::to_string).collect();
    Script::load(path, &sets, &mut |scenario| Ok(scenario.resolve(&[])?.catalogue())).map(|_| ())
}

#[test]
fn every_mistake_is_told_with_place_key_and_remedy() {
    let cases: Vec<Case> =
        [head::syntax_and_keys(), head::scenarios(), head::times(), steps::verbs(), steps::commands(), steps::acts()]
            .into_iter()
            .chain([conditions::subjects(), conditions::relations(), conditions::events()])
            .flatten()
            .collect();
    assert!(cases.len() >= 75, "{} cases", cases.len());
    check("script.toml", &cases, read);
}

#[test]
fn the_pieces_of_which_cases_are_made_are_right() {
    let read = |text: &str| {
        Script::parse(text, Path::new("right.toml"), &["run.seed=4".into()], &mut |scenario| {
            Ok(scenario.resolve(&[])?.catalogue())
        })
    };
    read(&format!("{HEAD}{STEP}")).expect("the head and a step");
    let more = "about = \"It is.\"\nstart = \"2026-03-20T10:00:00-04:00\"\ntimeout = \"2h\"\nset = [\"run.seed=3\"]\n";
    let steps = read(&format!("{HEAD}{more}{STEP}[[step]]\nat = \"1h\"\nset = \"bat_01\"\nwithdraw = true\n"));
    assert_eq!(steps.expect("the head and two steps").steps(), 2);
}
