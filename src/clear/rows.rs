//! Books in CSV: a header, then a row per order, in any order of books.

use super::book::{BookName, Collector, FileBook, Place};
use super::cells::{Cell, Field, column};
use super::error::ClearError;
use std::collections::BTreeMap;

/// A column of a table: what it is, and what it is called.
pub(crate) type Heading = (Field, String);

/// The books of a text, in the order in which they are met.
pub(crate) fn books(file: &str, text: &[u8]) -> Result<Vec<FileBook>, ClearError> {
    // Spreadsheets like to begin with a byte order mark.
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().from_reader(text);
    let names = reader.headers().map_err(|error| unreadable(file, &error))?.clone();
    let headings = headings(file, "line 1", names.iter().map(str::trim))?;
    let mut places: BTreeMap<BookName, usize> = BTreeMap::new();
    let mut collectors: Vec<Collector> = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| unreadable(file, &error))? {
        let place = Place::Line(record.position().map_or(0, csv::Position::line));
        let cells: Vec<_> = headings
            .iter()
            .zip(&record)
            .map(|((field, name), text)| (*field, name.as_str(), of_text(*field, text)))
            .collect();
        let name = book_name(&cells).map_err(|problem| ClearError::place(file, place, problem))?;
        let at = *places.entry(name).or_insert_with_key(|name| {
            collectors.push(Collector::new(file, name.clone(), 1));
            collectors.len() - 1
        });
        collectors[at].add(place, None, &cells)?;
    }
    if collectors.is_empty() {
        return Err(ClearError::file(file, "has a header and no order: add a row per order"));
    }
    collectors.into_iter().map(Collector::finish).collect()
}

/// Names stay as they are written, also where they look like numbers (`007`).
fn of_text(field: Field, text: &str) -> Cell<'_> {
    match field {
        Field::Id | Field::Agent | Field::Side | Field::Book | Field::Slot | Field::Area | Field::Submitted => {
            let text = text.trim();
            if text.is_empty() { Cell::Missing } else { Cell::Text(text.into()) }
        }
        Field::Ignored => Cell::Missing,
        _ => Cell::of_text(text),
    }
}

/// What the columns of a table are; each field once, and those that an order needs.
pub(crate) fn headings<'a>(
    file: &str,
    place: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<Heading>, ClearError> {
    let mut headings: Vec<Heading> = Vec::new();
    for name in names {
        let field = column(name).map_err(|problem| ClearError::place(file, place, problem))?;
        if let Some((_, other)) = headings.iter().find(|(of, _)| *of == field && field != Field::Ignored) {
            let problem = format!("the columns `{other}` and `{name}` say the same: leave one out");
            return Err(ClearError::place(file, place, problem));
        }
        headings.push((field, name.to_owned()));
    }
    let has = |field| headings.iter().any(|(of, _)| *of == field);
    for (field, name) in
        [(Field::Id, "id"), (Field::Agent, "agent"), (Field::Side, "side"), (Field::Quantity, "quantity_wh")]
    {
        if !has(field) {
            let problem = format!(
                "there is no column `{name}`: a row is an order, with its `id`, `agent`, `side`, \
                `quantity_wh` and `limit_ueur_per_kwh` or `limit_eur_per_mwh`"
            );
            return Err(ClearError::place(file, place, problem));
        }
    }
    if !has(Field::LimitUeur) && !has(Field::LimitEur) {
        let problem = "there is no column `limit_ueur_per_kwh`, and no `limit_eur_per_mwh`: give one of them";
        return Err(ClearError::place(file, place, problem));
    }
    Ok(headings)
}

/// The book a row belongs to.
pub(crate) fn book_name(cells: &[(Field, &str, Cell<'_>)]) -> Result<BookName, String> {
    let mut book = BookName::default();
    for (field, name, cell) in cells.iter().filter(|(.., cell)| *cell != Cell::Missing) {
        let told = |problem| format!("{name}: {problem}");
        match field {
            Field::Book => book.name = Some(cell.name().map_err(told)?),
            Field::Area => book.area = Some(cell.name().map_err(told)?),
            Field::Slot => book.slot = Some(cell.instant().map_err(told)?),
            _ => {}
        }
    }
    Ok(book)
}

fn unreadable(file: &str, error: &csv::Error) -> ClearError {
    ClearError::file(file, format!("{error}; write it as CSV in UTF-8 with commas, one row per order"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<FileBook>, String> {
        books("b.csv", text.as_bytes()).map_err(|error| error.to_string())
    }

    const HEADER: &str = "book,side,id,agent,quantity_wh,limit_eur_per_mwh";

    #[test]
    fn rows_of_a_book_need_not_stand_together_and_names_stay_as_written() {
        let text = format!("\u{feff}{HEADER}\nx,bid,1,007,5,10\ny,bid,1,a,6,20\nx,offer,2,b,7,-0.5\n");
        let books = read(&text).expect("two books");
        assert_eq!(books.iter().map(|book| book.name.to_string()).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(books[0].book.len(), 2);
        assert_eq!(books[0].agents, ["007", "b"]);
        assert_eq!(books[0].book.offers()[0].limit, market::Price(-500));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (rows, told) in [
            ("x,bid,b1,a,5,10\nx,buy,b2,a,5,10", "line 3 (`b2`), side: is `buy`: write `bid`"),
            ("x,bid,b1,a,five,10", "line 2 (`b1`), quantity_wh: is `five`"),
            ("x,bid,b1,a,5,NaN", "limit_eur_per_mwh: is NaN: write a number"),
            ("x,bid,b1,a,5,1e300", "limit_eur_per_mwh: is 1"),
            ("x,bid,b1,a,99999999999999999999,1", "write whole watt-hours within 64 bits"),
            ("x,bid,b1,a,5", "line: 2"),
            ("", "has a header and no order"),
        ] {
            let error = read(&format!("{HEADER}\n{rows}\n")).expect_err(rows);
            assert!(error.starts_with("b.csv: ") && error.contains(told), "{error}");
        }
        assert!(read("id,agent,side,quantity_wh\n").expect_err("no limit").contains("no column `limit_ueur_per_kwh`"));
        assert!(read("id,id\n").expect_err("twice").contains("say the same"));
        assert!(read("id;agent\n").expect_err("semicolons").contains("unknown"));
    }
}
