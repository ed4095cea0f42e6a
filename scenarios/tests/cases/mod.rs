//! Cases of what is wrong with a file: each is a folder, and its message is what a user reads.

use scenarios::ScenarioError;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A file with mistakes in it, and what it names.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The file itself first, unless it is missing.
    pub(crate) files: Vec<(&'static str, Vec<u8>)>,
    /// Assignments of the command line.
    pub(crate) sets: Vec<&'static str>,
    pub(crate) problems: usize,
    pub(crate) says: &'static [&'static str],
}

impl Case {
    /// A case of one file with one mistake.
    pub(crate) fn of(file: &'static str, name: &'static str, text: &str, says: &'static [&'static str]) -> Self {
        Self { name, files: vec![(file, text.into())], sets: Vec::new(), problems: 1, says }
    }

    pub(crate) fn with(mut self, name: &'static str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.push((name, contents.into()));
        self
    }

    /// The file with one text in place of another, wherever it stands.
    pub(crate) fn replacing(mut self, old: &str, new: &str) -> Self {
        let text = String::from_utf8(self.files[0].1.clone()).expect("the case is text");
        assert!(text.contains(old), "{}", self.name);
        self.files[0].1 = text.replace(old, new).into();
        self
    }

    pub(crate) fn problems(self, problems: usize) -> Self {
        Self { problems, ..self }
    }

    /// Uses the file as the program does; returns the message and the number of problems in it.
    fn message(&self, file: &Path, used: fn(&Path, &[&str]) -> Result<(), ScenarioError>) -> (String, usize) {
        let folder = file.parent().expect("it lies in a folder");
        // Left behind by an earlier run of the tests, if at all.
        drop(fs::remove_dir_all(folder));
        fs::create_dir_all(folder).expect("the folder can be made");
        for (name, contents) in &self.files {
            fs::write(folder.join(name), contents).expect("the folder can be written to");
        }
        let Err(error) = used(file, &self.sets) else {
            return (format!("{} is taken for right", self.name), 0);
        };
        let problems = if let ScenarioError::Problems(problems) = &error { problems.len() } else { 1 };
        (error.to_string().replace(&format!("{}/", folder.display()), ""), problems)
    }
}

/// Every case of what is wrong with `file` must be told with what it says, in words of its own that a person reads.
pub(crate) fn check(file: &str, cases: &[Case], used: fn(&Path, &[&str]) -> Result<(), ScenarioError>) {
    let mut failures = Vec::new();
    let mut messages: BTreeMap<String, &str> = BTreeMap::new();
    for (number, case) in cases.iter().enumerate() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{file}-{}-{number}", std::process::id()));
        let (message, problems) = case.message(&folder.join(file), used);
        fs::remove_dir_all(&folder).expect("the folder was made");
        let missing: Vec<_> = case.says.iter().filter(|part| !message.contains(**part)).collect();
        if !missing.is_empty() || problems != case.problems {
            failures.push(format!("{}: {problems} problems, without {missing:?}:\n       {message}", case.name));
        }
        if message.chars().count() > 700 || message.chars().any(|c| c.is_control() && c != '\n') {
            failures.push(format!("{}: no person reads {message:?}", case.name));
        }
        if let Some(other) = messages.insert(message, case.name) {
            failures.push(format!("{} and {other} are told in the same words", case.name));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
