//! Books in Parquet: the table `orders` of a run, or columns of the same names from whoever wrote them.
//!
//! Rows of a book stand together, as in the tables of a run; one book is in memory at a time, whatever the length of
//! the file.

use super::book::{BookName, Collector, FileBook, Place};
use super::cells::{Cell, Field};
use super::error::ClearError;
use super::rows::{Heading, book_name, headings};
use agents::Time;
use results::read::{Batch, Batches, Holds, Names, Table};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

/// The books of a file, one after the other.
pub(crate) struct Books {
    file: String,
    columns: Vec<(Heading, Holds)>,
    batches: Batches,
    rows: u64,
    /// Products whose orders never stood in a book together.
    left_out: BTreeSet<String>,
    /// The book whose rows are being read.
    open: Option<(BookName, Collector)>,
    closed: BTreeSet<BookName>,
    ready: VecDeque<Result<FileBook, ClearError>>,
    is_over: bool,
}

impl Books {
    pub(crate) fn open(file: &str, path: &Path) -> Result<Self, ClearError> {
        let table = Table::open(path).map_err(ClearError::Columns)?;
        let heads = table.columns();
        let headings = headings(file, "its columns", heads.iter().map(|head| head.name.as_str()))?;
        let columns = headings.into_iter().zip(heads.iter().map(|head| head.holds));
        let columns: Vec<_> = columns.filter(|((field, _), _)| *field != Field::Ignored).collect();
        if table.rows() == 0 {
            return Err(ClearError::file(file, "has no rows: there is no order to clear"));
        }
        let names: Vec<_> = columns.iter().map(|((_, name), _)| name.as_str()).collect();
        let batches = table.batches(&names).map_err(ClearError::Columns)?;
        let (left_out, closed, ready) = (BTreeSet::new(), BTreeSet::new(), VecDeque::new());
        Ok(Self { file: file.into(), columns, batches, rows: 0, left_out, open: None, closed, ready, is_over: false })
    }

    /// The same but for the orders of these products.
    pub(crate) fn without(self, left_out: BTreeSet<String>) -> Self {
        Self { left_out, ..self }
    }

    /// Takes the rows of a batch; books that are whole become ready.
    fn take(&mut self, batch: &Batch) -> Result<(), ClearError> {
        let columns: Vec<_> =
            self.columns.iter().map(|(heading, holds)| Values::of(batch, heading, *holds)).collect::<Result<_, _>>()?;
        let headings: Vec<_> = self.columns.iter().map(|(heading, _)| heading.clone()).collect();
        let mut cells = Vec::with_capacity(headings.len());
        for row in 0..batch.rows() {
            let place = Place::Row(self.rows);
            self.rows += 1;
            cells.clear();
            cells.extend(
                headings.iter().zip(&columns).map(|((field, name), values)| (*field, name.as_str(), values.cell(row))),
            );
            let name = book_name(&cells).map_err(|problem| ClearError::place(&self.file, place, problem))?;
            if name.name.as_ref().is_some_and(|product| self.left_out.contains(product)) {
                continue;
            }
            self.turn_to(place, name)?;
            let (_, collector) = self.open.as_mut().expect("it was opened for this row if it was not yet");
            collector.add(place, None, &cells)?;
        }
        Ok(())
    }

    /// Opens the book of a row.
    fn turn_to(&mut self, place: Place, name: BookName) -> Result<(), ClearError> {
        if self.open.as_ref().is_some_and(|(open, _)| *open == name) {
            return Ok(());
        }
        self.close();
        if self.closed.contains(&name) {
            let problem = format!(
                "belongs to the book `{name}`, whose other rows stand apart: sort the file by book (columns `book`, \
                 `slot`, `area` or `slot_start`)"
            );
            return Err(ClearError::place(&self.file, place, problem));
        }
        let collector = Collector::new(&self.file, name.clone(), 1);
        self.open = Some((name, collector));
        Ok(())
    }

    fn close(&mut self) {
        if let Some((name, collector)) = self.open.take() {
            self.closed.insert(name);
            self.ready.push_back(collector.finish());
        }
    }
}

impl Iterator for Books {
    type Item = Result<FileBook, ClearError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.is_over {
            let taken = match self.batches.next() {
                Some(batch) => batch.map_err(ClearError::Columns).and_then(|batch| self.take(&batch)),
                None => {
                    self.close();
                    self.is_over = true;
                    Ok(())
                }
            };
            if let Err(error) = taken {
                self.is_over = true;
                self.ready.push_back(Err(error));
            }
        }
        self.ready.pop_front()
    }
}

/// A column of a batch.
enum Values<'a> {
    Times(Vec<Option<Time>>),
    Names(Names<'a>),
    Texts(Vec<Option<&'a str>>),
    Reals(Vec<Option<f64>>),
    Integers(Vec<Option<i64>>),
    Seeds(Vec<Option<u64>>),
    Other,
}

impl<'a> Values<'a> {
    fn of(batch: &'a Batch, (field, name): &Heading, holds: Holds) -> Result<Self, ClearError> {
        let values = match (holds, field) {
            (Holds::Times, _) => batch.times(name).map(Self::Times),
            // Of names, few differ; of orders, all.
            (Holds::Words, Field::Id) => batch.texts(name).map(Self::Texts),
            (Holds::Words, _) => batch.names(name).map(Self::Names),
            (Holds::Numbers, _) => batch.numbers(name).map(Self::Reals),
            (Holds::Integers, Field::Id) => batch.seeds(name).map(Self::Seeds),
            (Holds::Integers, _) => batch.integers(name).map(Self::Integers),
            (Holds::Booleans | Holds::Other, _) => Ok(Self::Other),
        };
        values.map_err(ClearError::Columns)
    }

    fn cell(&self, row: usize) -> Cell<'a> {
        let text = |text: &'a str| Cell::Text(text.into());
        match self {
            Self::Times(times) => times[row].map(Cell::Instant),
            Self::Names(names) => names.get(row).map(text),
            Self::Texts(texts) => texts[row].map(text),
            Self::Reals(numbers) => numbers[row].map(Cell::Real),
            Self::Integers(numbers) => numbers[row].map(Cell::Integer),
            Self::Seeds(numbers) => numbers[row].map(|number| Cell::Text(number.to_string().into())),
            Self::Other => Some(Cell::Other("of another type")),
        }
        .unwrap_or(Cell::Missing)
    }
}
