//! Promises of the sources: nothing on kernel paths that differs between runs or machines, and a tidy house.

use std::fs;
use std::path::{Path, PathBuf};

/// Most lines of a file: near this ask what the second idea is.
const MOST_LINES: usize = 600;

/// A file of Rust sources.
struct Source {
    /// From the root of the workspace, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// Whether it lies in one of these rooms or folders.
    fn is_in(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.strip_prefix(*folder).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether it belongs to tests, benchmarks or examples as a whole.
    fn is_test(&self) -> bool {
        self.path.split('/').any(|part| ["tests", "benches", "examples", "fuzz"].contains(&part))
    }

    /// Its lines with their numbers, up to the unit tests, which close a file.
    fn before_unit_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.take_while(|(_, line)| *line != "#[cfg(test)]")
    }

    /// Its lines with their numbers, without comments and unit tests.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.before_unit_tests().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// The lines of code that hold one of `words`.
    fn code_with(&self, words: &[impl AsRef<str>]) -> Vec<String> {
        let first = |line: &str| words.iter().map(AsRef::as_ref).find(|word| line.contains(word)).map(str::to_owned);
        let found = self.code().filter_map(|(number, line)| first(line).map(|word| (number, word)));
        found.map(|(number, word)| format!("{}:{number}: `{word}`", self.path)).collect()
    }
}

/// Every Rust file of the repository.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(root, &mut paths);
    paths.sort();
    let read = |path: &PathBuf| {
        let parts: Vec<_> = path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
        Source { path: parts.join("/"), text: fs::read_to_string(path).unwrap() }
    };
    let sources: Vec<_> = paths.iter().map(read).collect();
    for room in ["agents", "market", "scenarios", "twin", "outputs", "src", "tests"] {
        assert!(sources.iter().any(|source| source.is_in(&[room])), "no source of `{room}` was found");
    }
    sources
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            walk(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

/// What is wrong with the sources that `is_meant`; nothing, if the promise holds.
#[track_caller]
fn assert_none(is_meant: impl Fn(&Source) -> bool, wrong: impl Fn(&Source) -> Vec<String>) {
    let found: Vec<_> = sources().iter().filter(|source| is_meant(source)).flat_map(wrong).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn cores_markets_and_physics_know_no_clock_no_global_chance_no_files_and_no_sockets() {
    let unknown = [
        "Instant::now",
        "SystemTime",
        "thread_rng",
        "rand::rng(",
        "rand::random",
        "OsRng",
        "getrandom",
        "std::fs",
        "std::net",
        "std::env",
        "std::thread",
    ];
    let is_meant = |source: &Source| {
        source.is_in(&[
            "agents/src",
            "market/src",
            "twin/grid/src",
            "twin/island/src",
            "twin/src/physics",
            "twin/src/bodies",
            "outputs/ocpp/src",
        ])
    };
    assert_none(is_meant, |source| source.code_with(&unknown));
}

#[test]
fn nothing_on_kernel_paths_iterates_in_an_order_of_its_own() {
    let is_meant = |source: &Source| {
        source.is_in(&["agents/src", "market/src", "scenarios/src", "twin/src", "twin/grid/src", "twin/island/src"])
    };
    assert_none(is_meant, |source| source.code_with(&["HashMap", "HashSet", "RandomState"]));
}

#[test]
fn transcendental_functions_on_kernel_paths_come_from_libm() {
    let functions = [
        "sin", "cos", "tan", "sin_cos", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh",
        "atanh", "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "powi", "cbrt", "hypot",
        "gamma",
    ];
    // As a method, and as a path handed to an iterator.
    let mut words: Vec<_> = functions.iter().map(|function| format!(".{function}(")).collect();
    words.extend(functions.iter().flat_map(|function| ["(", ")", ","].map(|end| format!("f64::{function}{end}"))));
    let is_meant = |source: &Source| {
        source.is_in(&["agents/src", "market/src", "scenarios/src", "twin/src", "twin/grid/src", "twin/island/src"])
    };
    assert_none(is_meant, |source| source.code_with(&words));
}

#[test]
fn every_file_opens_with_a_paragraph_that_says_what_it_is() {
    assert_none(
        |_| true,
        |source| {
            let opens = source.text.starts_with("//! ");
            if opens { Vec::new() } else { vec![format!("{}: does not begin with `//!`", source.path)] }
        },
    );
}

#[test]
fn no_file_has_room_for_a_second_idea() {
    assert_none(
        |_| true,
        |source| {
            let lines = source.text.lines().count();
            if lines <= MOST_LINES { Vec::new() } else { vec![format!("{}: {lines} lines", source.path)] }
        },
    );
}

#[test]
fn unit_tests_close_their_file() {
    assert_none(
        |source| !source.is_test(),
        |source| {
            let of_tests = source.before_unit_tests().count();
            let after = source.text.lines().enumerate().skip(of_tests);
            let is_of_a_test_module = |line: &str| {
                line.is_empty()
                    || line.starts_with([' ', '}', '#'])
                    || line.starts_with("//")
                    || line.contains("mod ") && line.ends_with(['{', ';'])
            };
            let stray = after.filter(|(_, line)| !is_of_a_test_module(line));
            stray.map(|(index, _)| format!("{}:{}: code below the tests", source.path, index + 1)).collect()
        },
    );
}

#[test]
fn nothing_is_unwrapped_left_to_do_or_printed_for_a_debugger() {
    let words = [".unwrap()", concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    assert_none(|source| !source.is_test(), |source| source.code_with(&words));
    // Tests may unwrap.
    assert_none(|_| true, |source| source.code_with(&words[1..]));
}

#[test]
fn no_warning_is_allowed_without_a_reason() {
    let is_silent = |line: &str| {
        let line = line.trim_start();
        line.starts_with("#[allow(") || line.starts_with("#![allow(")
    };
    assert_none(
        |_| true,
        |source| {
            let lines = source.text.lines().enumerate();
            let allowed = lines.filter(|(_, line)| is_silent(line));
            allowed.map(|(index, _)| format!("{}:{}: expect it, with a reason", source.path, index + 1)).collect()
        },
    );
}
