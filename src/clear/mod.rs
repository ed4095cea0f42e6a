//! `cariflex clear`: books from files, cleared by one mechanism or by several side by side.
//!
//! | file | what it does |
//! |---|---|
//! | `source` | opens a file and tells by its content what it holds |
//! | `json`, `rows`, `columns` | books in JSON, CSV and Parquet |
//! | `cells`, `book` | an order's fields, and the book they make, the same whatever the encoding |
//! | `mechanisms` | what can be chosen |
//! | `problems`, `solve` | problems of the other forms of market, and how they are solved |
//! | `outcome`, `notes` | the figures of a clearing, and what its mechanism remarks |
//! | `people`, `table` | what is shown to people |
//! | `document`, `out` | what is written for machines |

mod book;
mod cells;
mod columns;
mod document;
mod error;
mod json;
mod mechanisms;
pub(crate) mod node;
mod notes;
mod out;
mod outcome;
mod people;
mod problems;
mod rows;
mod solve;
mod source;
pub(crate) mod table;

use crate::cli::print;
use crate::error::{Error, Outcome as Ended};
use crate::file_error::FileError;
use book::FileBook;
use clap::Args;
use document::Document;
use mechanisms::Chosen;
use out::OutFile;
use outcome::{Figures, Outcome};
use people::Page;
use scenarios::nearest;
use source::Source;
use std::io::{BufWriter, ErrorKind, Stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use error::ClearError;

/// What `cariflex clear` takes.
#[derive(Clone, Debug, Args)]
pub struct ClearArgs {
    /// Files of books as JSON, CSV or Parquet, folders of runs (their orders), or - for standard input.
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<PathBuf>,
    /// What clears them; several are compared. Repeatable.
    #[arg(long, value_name = "MECHANISM")]
    pub mechanism: Vec<String>,
    /// Clear this book alone: its name, or the first instant of its delivery slot.
    #[arg(long, value_name = "NAME")]
    pub book: Option<String>,
    /// Print one JSON document, exact to the last digit.
    #[arg(long)]
    pub json: bool,
    /// Write a file too: .json holds everything, .csv and .parquet hold the trades.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file of --out.
    #[arg(long, requires = "out")]
    pub force: bool,
    /// List the mechanisms: what each trades, and at which price.
    #[arg(long, conflicts_with_all = ["files", "mechanism", "book", "json", "out"])]
    pub list: bool,
}

/// Clears books as the options say.
///
/// # Errors
/// [`Error::Clear`]; its exit code tells what can not be used from what broke.
pub fn clear(args: &ClearArgs) -> Result<Ended, Error> {
    if args.list {
        return print(mechanisms::list().as_bytes());
    }
    if args.mechanism.is_empty() {
        return Err(ClearError::Mechanism("say what clears them (cariflex clear --list tells of each)".into()).into());
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let are_books = || {
        args.mechanism.first().is_some_and(|words| mechanisms::is_auction(words))
            && args.files.first().is_some_and(|path| source::holds_books(path))
    };
    if let Some(form) = args.mechanism.first().and_then(|words| problems::solved_by(words))
        && !are_books()
    {
        return solve::solve(args, form, &interrupted);
    }
    let mechanisms = mechanisms::choose(&args.mechanism)?;
    let mut session = Session::begin(args, &mechanisms)?;
    for path in &args.files {
        match source::open(path)? {
            Source::Books(books) => {
                for book in books {
                    if interrupted.load(Ordering::Relaxed) {
                        return Ok(Ended::Interrupted);
                    }
                    if session.book(&book?)? == Reader::Gone {
                        return Ok(Ended::Complete);
                    }
                }
            }
            Source::Problems(form, _) => {
                let file = source::shown(path);
                let problem = format!("{file} holds {}: choose {}", form.holds, form.names());
                return Err(ClearError::Mechanism(problem).into());
            }
        }
    }
    session.end()
}

/// Whether somebody still reads what is printed.
#[derive(PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

/// One call of the command: books go in, what comes of them goes where it was asked for.
struct Session<'a> {
    mechanisms: &'a [Chosen],
    wanted: Option<&'a str>,
    totals: Vec<Figures>,
    document: Option<Document<BufWriter<Stdout>>>,
    page: Page,
    out: Option<OutFile>,
    /// Names of books that were not asked for, for the hint.
    others: Vec<String>,
    cleared: u64,
}

impl<'a> Session<'a> {
    fn begin(args: &'a ClearArgs, mechanisms: &'a [Chosen]) -> Result<Self, Error> {
        let out =
            args.out.as_deref().map(|path| OutFile::create(path, args.force)).transpose().map_err(ClearError::from)?;
        let stdout = || BufWriter::new(std::io::stdout());
        Ok(Self {
            mechanisms,
            wanted: args.book.as_deref(),
            totals: vec![Figures::default(); mechanisms.len()],
            document: args.json.then(|| Document::new(stdout())),
            page: Page::default(),
            out,
            others: Vec::new(),
            cleared: 0,
        })
    }

    fn book(&mut self, book: &FileBook) -> Result<Reader, Error> {
        if self.wanted.is_some_and(|wanted| !book.name.is(wanted)) {
            self.others.push(book.name.to_string());
            return Ok(Reader::There);
        }
        self.cleared += 1;
        let outcomes: Vec<_> = self.mechanisms.iter().map(|chosen| Outcome::of(book, chosen)).collect();
        for (total, outcome) in self.totals.iter_mut().zip(&outcomes) {
            total.add(&outcome.figures);
        }
        if let Some(out) = &mut self.out {
            out.book(book, self.mechanisms, &outcomes).map_err(ClearError::from)?;
        }
        match &mut self.document {
            Some(document) => reader(document.book(book, self.mechanisms, &outcomes)),
            None => {
                self.page.book(book, &outcomes);
                Ok(Reader::There)
            }
        }
    }

    fn end(self) -> Result<Ended, Error> {
        if let (0, Some(wanted)) = (self.cleared, self.wanted) {
            let hint = match nearest(wanted, self.others.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => some_of(&self.others),
            };
            let problem = format!("there is no book `{wanted}`: {hint}");
            return Err(ClearError::from(FileError::Option { option: "--book", problem }).into());
        }
        if let Some(out) = self.out {
            out.finish(self.mechanisms, &self.totals).map_err(ClearError::from)?;
        }
        match self.document {
            Some(document) => reader(document.end(self.mechanisms, &self.totals)).map(|_| Ended::Complete),
            None => print(self.page.text(self.mechanisms, &self.totals).as_bytes()),
        }
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn reader<T>(printed: std::io::Result<T>) -> Result<Reader, Error> {
    match printed {
        Ok(_) => Ok(Reader::There),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error.into()),
    }
}

fn some_of(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let listed: Vec<_> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("there are {}{more}", listed.join(", "))
}
