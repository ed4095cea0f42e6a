//! Opens a file and finds out by its content what its problems are written in.

use super::reading::{At, Clock, Faults};
use super::{flexmeasures, golden, linear};
use crate::clear::node::Node;
use crate::file_error::FileError;
use agents::schedule::Problem;
use jiff::tz::Offset;
use std::fs;
use std::io::Read;
use std::path::Path;

/// What a problem is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// FlexMeasures' flex-model and flex-context.
    FlexMeasures,
    /// A golden case of the storage scheduler.
    Golden,
    /// A golden case of one prosumer.
    Prosumer,
    /// A golden case of a community behind one connection.
    Community,
    /// The scheduler's own `Problem`.
    Own,
}

impl Form {
    /// Its name in results.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FlexMeasures => "flexmeasures",
            Self::Golden => "golden-storage",
            Self::Prosumer => "golden-tou",
            Self::Community => "golden-community",
            Self::Own => "cariflex",
        }
    }
}

/// A problem that makes sense, and where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// The name the file gives it.
    pub(crate) name: String,
    /// What it is written in.
    pub(crate) form: Form,
    /// How its instants are shown.
    pub(crate) clock: Clock,
    /// What is to be scheduled.
    pub(crate) problem: Problem,
    /// What was read and changes nothing.
    pub(crate) notes: Vec<String>,
}

/// The name a file goes by in messages and results.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".into() } else { path.display().to_string() }
}

/// The problems of a file: one document, or one after the other, as in JSON lines.
///
/// # Errors
/// A file that can not be read. What is wrong in it goes to `reasons`.
pub(crate) fn problems(path: &Path, reasons: &mut Vec<String>) -> Result<Vec<Named>, FileError> {
    let contents = if path == Path::new("-") {
        let mut contents = Vec::new();
        std::io::stdin().lock().read_to_end(&mut contents).map_err(FileError::read(path))?;
        contents
    } else {
        fs::read(path).map_err(FileError::read(path))?
    };
    Ok(read(&shown(path), &contents, reasons))
}

fn read(file: &str, contents: &[u8], reasons: &mut Vec<String>) -> Vec<Named> {
    let contents = contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents);
    let mut documents = serde_json::Deserializer::from_slice(contents).into_iter::<Node>();
    let mut nodes = Vec::new();
    loop {
        let from = documents.byte_offset();
        match documents.next() {
            None => break,
            Some(Ok(node)) => nodes.push((node, from, documents.byte_offset())),
            Some(Err(error)) => {
                reasons.push(format!("{file}: {error}: is it whole, and is it JSON?"));
                return Vec::new();
            }
        }
    }
    if nodes.is_empty() {
        reasons.push(format!("{file}: is empty: give a problem as JSON (see scenarios/SCHEDULES.md)"));
    }
    let is_one = nodes.len() == 1;
    let mut problems = Vec::new();
    for (index, (node, from, until)) in nodes.iter().enumerate() {
        let otherwise = if is_one { stem(file) } else { format!("problem {}", index + 1) };
        let mut faults = Faults::default();
        let named = named(node, &contents[*from..*until], &otherwise, &mut faults);
        let place = if is_one { file.to_owned() } else { format!("{file}: problem {}", index + 1) };
        reasons.extend(faults.0.iter().map(|fault| format!("{place}: {fault}")));
        problems.extend(named.filter(|_| faults.0.is_empty()));
    }
    problems
}

fn stem(file: &str) -> String {
    Path::new(file).file_stem().map_or(file.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn named(node: &Node, text: &[u8], otherwise: &str, faults: &mut Faults) -> Option<Named> {
    let at = At::top(node);
    if node.fields().is_none() {
        faults.add("", format!("is {}: give a problem, which is an object", node.kind()));
        return None;
    }
    if let Some(path) = node.twice() {
        faults.add(&path, "is there twice: leave one out");
        return None;
    }
    let named = if flexmeasures::is(&at) {
        flexmeasures::read(&at, otherwise, faults)
    } else if golden::is(&at) {
        golden::read(&at, otherwise, faults)
    } else if linear::is(&at) {
        linear::read(&at, otherwise, faults)
    } else if node.field("prices").is_some() && node.field("step").is_some() {
        own(text, otherwise, faults)
    } else {
        let remedy = "give `flex-model` and `flex-context`, as FlexMeasures takes them (scenarios/SCHEDULES.md describes \
                      these and the other fields)";
        faults.add("", format!("is no problem we know: {remedy}"));
        None
    }?;
    if let Err(error) = named.problem.check() {
        // What the fields themselves could not tell.
        error.reasons.iter().for_each(|reason| faults.add("the problem", reason));
        return None;
    }
    Some(named)
}

/// The scheduler's own form, of which every field is documented there.
fn own(text: &[u8], otherwise: &str, faults: &mut Faults) -> Option<Named> {
    match serde_json::from_slice::<Problem>(text) {
        Ok(problem) => {
            let (name, clock) = (otherwise.to_owned(), Clock::Local(Offset::UTC));
            Some(Named { name, form: Form::Own, clock, problem, notes: Vec::new() })
        }
        Err(error) => {
            faults.add("", format!("{error} (scenarios/SCHEDULES.md describes the fields)"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::schedule::{Device, Exclusion};

    fn all(text: &str) -> (Vec<Named>, Vec<String>) {
        let mut reasons = Vec::new();
        let problems = read("folder/p.json", text.as_bytes(), &mut reasons);
        (problems, reasons)
    }

    #[test]
    fn every_golden_case_is_recognised_by_its_content() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedules");
        for (folder, form, cases) in
            [("storage", Form::Golden, 14), ("tou", Form::Prosumer, 8), ("community", Form::Community, 2)]
        {
            let (mut reasons, mut read) = (Vec::new(), 0);
            for entry in fs::read_dir(root.join(folder)).expect("a folder") {
                let path = entry.expect("a file").path();
                let problems = problems(&path, &mut reasons).expect("a file");
                assert_eq!((problems.len(), problems[0].form), (1, form), "{reasons:?}");
                assert_eq!(Some(problems[0].name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
                read += 1;
            }
            assert_eq!((read, reasons.len()), (cases, 0), "{reasons:?}");
        }
    }

    #[test]
    fn a_community_is_one_connection_with_all_devices() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/schedules/community/community_of_3.json");
        let problem = problems(&root, &mut Vec::new()).expect("a file").remove(0).problem;
        let names: Vec<_> = problem.devices.iter().map(Device::name).collect();
        assert_eq!(names, ["member 1 storage", "member 1 pv", "member 2 storage", "member 3 pv"]);
        assert_eq!((problem.rules.storage, problem.rules.site), (Exclusion::Free, Exclusion::Free));
        // 0.729 + 0.681 + 0.69 at the first step.
        assert!((problem.inflexible_kw.at(0) - 2.1).abs() < 1e-9);
    }

    #[test]
    fn lines_are_problems_of_their_own_and_their_faults_are_told_by_number() {
        let line = r#"{"start":0,"step":900000,"steps":1,"prices":{"import_eur_per_kwh":1,"export_eur_per_kwh":1},"devices":[]}"#;
        let (problems, reasons) = all(&format!("{line}\n{line}\n"));
        assert_eq!((problems.len(), reasons.len()), (2, 0), "{reasons:?}");
        assert_eq!(problems[1].name, "problem 2");
        let wrong = line.replace(r#""steps":1"#, r#""steps":0"#);
        let (problems, reasons) = all(&format!("{wrong}\n{line}\n7\n{{}}\n"));
        assert_eq!(problems.len(), 1);
        assert_eq!(reasons.len(), 3);
        assert_eq!(reasons[0], "folder/p.json: problem 1: the problem: steps is 0; give at least 1");
        assert_eq!(
            reasons[1],
            "folder/p.json: problem 3: the document: is a number: give a problem, which is an object"
        );
        assert!(reasons[2].starts_with("folder/p.json: problem 4: the document: is no problem we know"));
    }

    #[test]
    fn what_is_no_json_is_told() {
        assert!(all("").1[0].contains("is empty"));
        assert!(all("{").1[0].contains("is it whole"));
        assert!(all(r#"{"flex-model": 1, "flex-model": 2}"#).1[0].contains("flex-model: is there twice"));
    }
}
