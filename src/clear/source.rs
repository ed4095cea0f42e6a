//! Opens a file and finds out by its content what it holds.

use super::book::FileBook;
use super::error::ClearError;
use super::node::Node;
use super::problems::{self, Form};
use super::{columns, json, rows};
use crate::file_error::FileError;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Books, one after the other.
pub(crate) type Books = Box<dyn Iterator<Item = Result<FileBook, ClearError>>>;

/// What a file holds.
pub(crate) enum Source {
    /// Books of orders.
    Books(Books),
    /// Problems of another form of market, as they were written.
    Problems(&'static Form, Vec<u8>),
}

/// The name of standard input.
const STDIN: &str = "-";

/// The name a file goes by in messages and results.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".into() } else { path.display().to_string() }
}

/// Opens a file, the folder of a run, or standard input (`-`).
pub(crate) fn open(path: &Path) -> Result<Source, ClearError> {
    let file = shown(path);
    if path == Path::new(STDIN) {
        let mut contents = Vec::new();
        std::io::stdin().lock().read_to_end(&mut contents).map_err(FileError::read(path))?;
        if contents.starts_with(PARQUET) {
            return Err(ClearError::file(&file, "is Parquet, which can only be read from a file: give its name"));
        }
        return text(&file, &contents);
    }
    if path.is_dir() {
        return books_of_run(&file, path);
    }
    if is_parquet(path)? {
        return Ok(Source::Books(Box::new(columns::Books::open(&file, path)?)));
    }
    text(&file, &fs::read(path).map_err(FileError::read(path))?)
}

/// Whether a file holds books. Standard input, which can be read once only, and what can not be read count as no books.
pub(crate) fn holds_books(path: &Path) -> bool {
    path != Path::new(STDIN) && matches!(open(path), Ok(Source::Books(_)))
}

/// How every Parquet file begins.
const PARQUET: &[u8] = b"PAR1";

fn is_parquet(path: &Path) -> Result<bool, ClearError> {
    let mut start = Vec::new();
    let file = File::open(path).map_err(FileError::read(path))?;
    file.take(PARQUET.len() as u64).read_to_end(&mut start).map_err(FileError::read(path))?;
    Ok(start == PARQUET)
}

/// The books of a run, from its folder. What met continuously never stood in a book, and is left out.
fn books_of_run(file: &str, dir: &Path) -> Result<Source, ClearError> {
    let refused = |problem: &str| Err(ClearError::file(file, problem));
    let path = dir.join(results::schema::ORDERS.file_name());
    let run = fs::read(dir.join("run.json")).ok();
    let run = run.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok()).unwrap_or_default();
    let section = |name: &str| run["scenario"][name].as_object().into_iter().flatten();
    if section("area").next().is_some() {
        return refused(
            "holds a run whose market has areas, and orders do not say in which they are: run the scenario without \
             [area.NAME], or write its books with their areas (market/README.md)",
        );
    }
    if !path.is_file() {
        return refused(match run["status"].as_str() {
            None => "is a folder without orders.parquet: give a file of books, or the folder of a run",
            Some("running") => "holds a run that has not ended, or was killed: its orders are not whole; run it again",
            Some(_) => "holds a run that kept no orders: run the scenario again with --record hourly or --record full",
        });
    }
    let continuous: BTreeSet<String> = section("product")
        .filter(|(_, product)| product["trading"] == "continuous")
        .map(|(name, _)| name.clone())
        .collect();
    if !continuous.is_empty() {
        let names = continuous.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        // A remark that can not be shown changes nothing of what is cleared.
        let _ = writeln!(io::stderr(), "{file}: orders of {names} are left out: they met one by one, and in no book");
    }
    Ok(Source::Books(Box::new(columns::Books::open(&shown(&path), &path)?.without(continuous))))
}

fn text(file: &str, contents: &[u8]) -> Result<Source, ClearError> {
    let mark = b"\xef\xbb\xbf";
    let contents = contents.strip_prefix(mark).unwrap_or(contents);
    match contents.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Err(ClearError::file(file, "is empty: it holds books as JSON, CSV or Parquet (see market/README.md)")),
        Some(b'{' | b'[') => document(file, contents),
        Some(_) => Ok(Source::Books(Box::new(rows::books(file, contents)?.into_iter().map(Ok)))),
    }
}

fn document(file: &str, contents: &[u8]) -> Result<Source, ClearError> {
    let document: Node = serde_json::from_slice(contents)
        .map_err(|error| ClearError::file(file, format!("{error}: is it whole, and is it JSON?")))?;
    if let Some(path) = document.twice() {
        return Err(ClearError::place(file, path, "is there twice: leave one out"));
    }
    if let Some(form) = problems::form_of(&document) {
        return Ok(Source::Problems(form, contents.to_owned()));
    }
    Ok(Source::Books(Box::new(json::books(file, &document)?.into_iter().map(Ok))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_areas_is_not_cleared_as_one_book() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("run.json"), r#"{"scenario": {"area": {"north": {}}}}"#).expect("written");
        let refused = |dir: &Path| open(dir).err().expect("there are no orders").to_string();
        assert!(refused(dir.path()).contains("run the scenario without [area.NAME]"));
        let run = |status| format!(r#"{{"status": "{status}", "scenario": {{"area": {{}}}}}}"#);
        fs::write(dir.path().join("run.json"), run("complete")).expect("written");
        assert!(refused(dir.path()).contains("kept no orders"));
        fs::write(dir.path().join("run.json"), run("running")).expect("written");
        assert!(refused(dir.path()).contains("has not ended, or was killed"));
    }

    #[test]
    fn what_a_file_holds_tells_which_negotiation_is_meant() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(holds_books(&root.join("examples/books/evening.json")));
        assert!(!holds_books(&root.join("tests/golden/market/p2p_price_adjusting_negotiation.json")));
        assert!(!holds_books(&root.join("examples/books/exchange.json")) && !holds_books(Path::new(STDIN)));
    }
}
