//! Solves the problems of files that hold another form of market than books of orders.

use super::error::ClearError;
use super::problems::{Form, Named, Solution};
use super::source::{self, Source};
use super::{ClearArgs, document};
use crate::cli::print;
use crate::error::{Error, Outcome as Ended};
use crate::file_error::FileError;
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Solves all problems of the files by all mechanisms that were chosen.
pub(super) fn solve(args: &ClearArgs, form: &Form, interrupted: &AtomicBool) -> Result<Ended, Error> {
    check(args, form)?;
    let (mut text, mut solved, mut others) = (String::new(), Vec::new(), Vec::new());
    for path in &args.files {
        let file = source::shown(path);
        for named in problems(path, &file, form)? {
            if args.book.as_ref().is_some_and(|wanted| *wanted != named.name) {
                others.push(named.name);
                continue;
            }
            let mut solutions = Vec::new();
            text += &format!("{} of {file}\n", named.name);
            for mechanism in &args.mechanism {
                if interrupted.load(Ordering::Relaxed) {
                    return Ok(Ended::Interrupted);
                }
                let solution = named.problem.solve(mechanism);
                let told = |problem| ClearError::place(&file, format!("`{}`", named.name), problem);
                let solution = solution.map_err(told)?;
                text += &shown(mechanism, &solution);
                let mut fields = solution.document;
                fields.insert("mechanism".into(), json!(mechanism));
                solutions.push(Value::Object(fields));
            }
            text.push('\n');
            solved.push(json!({"file": file, "problem": named.name, "solutions": solutions}));
        }
    }
    if solved.is_empty() {
        let wanted = args.book.as_deref().unwrap_or_default();
        let problem = format!("there is no problem `{wanted}`: {}", super::some_of(&others));
        return Err(ClearError::from(FileError::Option { option: "--book", problem }).into());
    }
    let whole = json!({
        "format": "cariflex-clearings",
        "version": document::VERSION,
        "mechanisms": args.mechanism,
        "problems": solved,
    });
    let whole = format!("{whole:#}\n");
    if let Some(out) = &args.out {
        write(out, &whole).map_err(ClearError::from)?;
    }
    print(if args.json { whole.as_bytes() } else { text.trim_end_matches('\n').as_bytes() })?;
    if args.json { Ok(Ended::Complete) } else { print(b"\n") }
}

/// Refuses what can not be done before anything is read.
fn check(args: &ClearArgs, form: &Form) -> Result<(), ClearError> {
    for (at, words) in args.mechanism.iter().enumerate() {
        if !form.mechanisms.iter().any(|solver| solver.name == words) {
            let problem = format!(
                "`{words}` does not solve {}, as `{}` does: choose {}",
                form.holds,
                args.mechanism[0],
                form.names()
            );
            return Err(ClearError::Mechanism(problem));
        }
        if args.mechanism[..at].contains(words) {
            return Err(ClearError::Mechanism(format!("`{words}` is given twice: leave one out")));
        }
    }
    match &args.out {
        Some(out) if out.extension().is_none_or(|end| end != "json") => {
            let problem =
                format!("`{}` does not end in .json: solutions of this form are written as JSON", out.display());
            Err(FileError::Option { option: "--out", problem }.into())
        }
        Some(out) if out.exists() && !args.force => Err(FileError::Exists { path: out.clone() }.into()),
        _ => Ok(()),
    }
}

fn problems(path: &Path, file: &str, form: &Form) -> Result<Vec<Named>, ClearError> {
    match source::open(path)? {
        Source::Problems(of, contents) if of.holds == form.holds => of.problems(file, &contents),
        Source::Problems(of, _) => {
            Err(ClearError::Mechanism(format!("{file} holds {}: choose {}", of.holds, of.names())))
        }
        Source::Books(_) => {
            let problem =
                format!("{file} holds books of orders: choose an auction (cariflex clear --list tells of each)");
            Err(ClearError::Mechanism(problem))
        }
    }
}

/// A solution for people.
fn shown(mechanism: &str, solution: &Solution) -> String {
    let mut text = format!("\n  {mechanism}\n");
    let wide = solution.facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &solution.facts {
        text += &format!("    {name:<wide$}  {value}\n");
    }
    for table in &solution.tables {
        text.push('\n');
        text += &table.text();
    }
    text
}

/// Writes a file to a temporary name and gives it its own.
fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let mut name: OsString = path.into();
    name.push(format!(".{}.partial", std::process::id()));
    let written = fs::write(&name, text).and_then(|()| fs::rename(&name, path));
    written.map_err(|source| {
        // It may not even be there.
        drop(fs::remove_file(&name));
        FileError::write(path)(source)
    })
}
