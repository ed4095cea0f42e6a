//! Books in JSON: our own format, and that of the golden books.
//!
//! ```json
//! {"format": "cariflex-books", "version": 1, "books": [
//!   {"name": "evening", "slot": "2026-03-20T18:00:00-04:00",
//!    "bids":   [{"id": "b1", "agent": "house", "quantity_wh": 500, "limit_ueur_per_kwh": 250000}],
//!    "offers": [{"id": "o1", "agent": "roof", "quantity_wh": 800, "limit_ueur_per_kwh": 150000}]}]}
//! ```
//!
//! A file of one book may leave out `books` and write the book's fields beside `version`.

use super::book::{BookName, Collector, FileBook, Place};
use super::cells::{Cell, Field, GOLDEN_NAMES, JSON_NAMES, named};
use super::error::ClearError;
use super::node::Node;
use market::Side;
use scenarios::nearest;

/// The version of the format.
pub(crate) const VERSION: i64 = 1;

const BOOK_FIELDS: [&str; 5] = ["name", "slot", "area", "bids", "offers"];
const GOLDEN_BOOK_FIELDS: [&str; 4] = ["name", "tie_ambiguous", "bids", "offers"];

/// How a file is written.
struct Format {
    orders: &'static [(&'static str, Field)],
    book: &'static [&'static str],
    unit_ueur_per_kwh: i64,
}

/// The books of a document.
pub(crate) fn books(file: &str, document: &Node) -> Result<Vec<FileBook>, ClearError> {
    let fields = document.fields().ok_or_else(|| {
        ClearError::file(file, format!("is {}, not an object with `version` and `books`", document.kind()))
    })?;
    let (format, top) = match document.field("units") {
        Some(units) => (golden(file, units)?, &["units", "books"][..]),
        None => (ours(file, document)?, &["format", "version", "books"][..]),
    };
    let Some(list) = document.field("books") else {
        let known: Vec<_> = top.iter().chain(format.book).copied().collect();
        refuse_unknown(file, "", fields, &known)?;
        return Ok(vec![book(file, "", document, &format)?]);
    };
    refuse_unknown(file, "", fields, top)?;
    let list =
        list.list().ok_or_else(|| ClearError::place(file, "books", format!("is {}, not an array", list.kind())))?;
    if list.is_empty() {
        return Err(ClearError::place(file, "books", "is empty: give at least one book"));
    }
    let books = list.iter().enumerate().map(|(at, node)| {
        let path = format!("books[{at}]");
        let fields =
            node.fields().ok_or_else(|| ClearError::place(file, &path, format!("is {}, not a book", node.kind())))?;
        refuse_unknown(file, &path, fields, format.book)?;
        book(file, &path, node, &format)
    });
    let books: Vec<FileBook> = books.collect::<Result<_, _>>()?;
    let mut names: Vec<_> = books.iter().map(|book| &book.name).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => {
            let problem =
                format!("two books are called `{}`: give each a `name`, `slot` or `area` of its own", pair[0]);
            Err(ClearError::place(file, "books", problem))
        }
        None => Ok(books),
    }
}

/// The simple orders of one slot of a book with blocks, in our own format.
pub(crate) fn slot(file: &str, path: &str, node: &Node) -> Result<FileBook, ClearError> {
    let format = Format { orders: &JSON_NAMES, book: &BOOK_FIELDS, unit_ueur_per_kwh: 1 };
    let fields =
        node.fields().ok_or_else(|| ClearError::place(file, path, format!("is {}, not a slot", node.kind())))?;
    refuse_unknown(file, path, fields, format.book)?;
    book(file, path, node, &format)
}

fn ours(file: &str, document: &Node) -> Result<Format, ClearError> {
    match document.field("version") {
        Some(Node::Integer(VERSION)) => {}
        Some(Node::Integer(later)) if *later > VERSION => {
            let problem = format!("is {later}, and versions up to {VERSION} are known: use a later `cariflex`");
            return Err(ClearError::place(file, "version", problem));
        }
        Some(other) => {
            let problem = format!("is {}, not {VERSION}", other.kind());
            return Err(ClearError::place(file, "version", problem));
        }
        None => {
            let problem =
                "is missing: a file of books begins with \"version\": 1 (market/README.md describes the format)";
            return Err(ClearError::place(file, "version", problem));
        }
    }
    match document.field("format").map(Node::text) {
        None | Some(Some("cariflex-books")) => {
            Ok(Format { orders: &JSON_NAMES, book: &BOOK_FIELDS, unit_ueur_per_kwh: 1 })
        }
        Some(_) => Err(ClearError::place(file, "format", "is not \"cariflex-books\": is it a file of another kind?")),
    }
}

/// The format of the golden books says its units in words.
fn golden(file: &str, units: &Node) -> Result<Format, ClearError> {
    let word = |name: &str| {
        let text = units.field(name).and_then(Node::text).unwrap_or_default();
        text.split(',').next().unwrap_or_default().trim().to_owned()
    };
    let energy = word("qty");
    if energy != "Wh" {
        let problem = format!("is `{energy}`: only books in `Wh` are read");
        return Err(ClearError::place(file, "units.qty", problem));
    }
    let unit_ueur_per_kwh = match word("price").as_str() {
        "0.01 ct/kWh" => 100,
        "ct/kWh" => 10_000,
        "EUR/MWh" => 1000,
        "µEUR/kWh" | "µ€/kWh" => 1,
        other => {
            let problem = format!("is `{other}`: books are read in `0.01 ct/kWh`, `ct/kWh`, `EUR/MWh` or `µEUR/kWh`");
            return Err(ClearError::place(file, "units.price", problem));
        }
    };
    Ok(Format { orders: &GOLDEN_NAMES, book: &GOLDEN_BOOK_FIELDS, unit_ueur_per_kwh })
}

fn refuse_unknown(file: &str, path: &str, fields: &[(String, Node)], known: &[&str]) -> Result<(), ClearError> {
    let Some((unknown, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) else { return Ok(()) };
    let hint = match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the fields here are `{}`", known.join("`, `")),
    };
    let place = if path.is_empty() { "the document" } else { path };
    Err(ClearError::place(file, place, format!("the field `{unknown}` is unknown: {hint}")))
}

fn book(file: &str, path: &str, node: &Node, format: &Format) -> Result<FileBook, ClearError> {
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let text = |field: &str| match node.field(field) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Text(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(other) => Err(ClearError::place(file, at(field), format!("is {}: write a name", other.kind()))),
    };
    let slot = match node.field("slot") {
        None | Some(Node::Null) => None,
        Some(slot) => Some(cell(slot).instant().map_err(|problem| ClearError::place(file, at("slot"), problem))?),
    };
    let name = BookName { name: text("name")?, slot, area: text("area")? };
    let mut collector = Collector::new(file, name.clone(), format.unit_ueur_per_kwh);
    for (field, side) in [("bids", Side::Bid), ("offers", Side::Offer)] {
        let orders = node.field(field).ok_or_else(|| {
            ClearError::place(file, at(field), "is missing: write [] where there are no orders of that side")
        })?;
        let orders = orders
            .list()
            .ok_or_else(|| ClearError::place(file, at(field), format!("is {}, not an array", orders.kind())))?;
        for (index, order) in orders.iter().enumerate() {
            let place = Place::Element(side, index);
            let in_book = |problem| ClearError::place(file, format!("book `{name}`, {place}"), problem);
            let fields = order.fields().ok_or_else(|| in_book(format!("is {}, not an order", order.kind())))?;
            let cells =
                fields.iter().map(|(name, value)| Ok((named(name, format.orders)?, name.as_str(), cell(value))));
            let cells = cells.collect::<Result<Vec<_>, String>>().map_err(in_book)?;
            collector.add(place, Some(side), &cells)?;
        }
    }
    collector.finish()
}

fn cell(node: &Node) -> Cell<'_> {
    match node {
        Node::Null => Cell::Missing,
        Node::Integer(number) => Cell::Integer(*number),
        Node::Real(number) => Cell::Real(*number),
        Node::Text(text) => Cell::Text(text.as_str().into()),
        other => Cell::Other(other.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<FileBook>, String> {
        let document = serde_json::from_str(text).expect("it is JSON");
        books("b.json", &document).map_err(|error| error.to_string())
    }

    const ORDER: &str = r#"{"id": "b1", "agent": "a", "quantity_wh": 5, "limit_eur_per_mwh": 0.1}"#;

    #[test]
    fn one_book_needs_no_list() {
        let one = read(&format!(r#"{{"version": 1, "name": "x", "bids": [{ORDER}], "offers": []}}"#)).expect("a book");
        assert_eq!(one[0].name.to_string(), "x");
        assert_eq!(one[0].book.bids()[0].limit, market::Price(100));
        let many = read(&format!(r#"{{"version": 1, "books": [{{"bids": [{ORDER}], "offers": []}}]}}"#));
        assert_eq!(many.expect("a book")[0].book, one[0].book);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_path() {
        let with = |order: &str| read(&format!(r#"{{"version": 1, "books": [{{"bids": [{order}], "offers": []}}]}}"#));
        for (order, told) in [
            (r#"{"id": "b1", "agnet": "a"}"#, "bids[0]: the field `agnet` is unknown: did you mean `agent`?"),
            (r#"{"id": "b1", "agent": "a", "quantity_kwh": 1}"#, "whole watt-hours"),
            (r#"{"id": "b1", "agent": "a", "quantity_wh": 1.5}"#, "bids[0] (`b1`), quantity_wh: is 1.5: write whole"),
            (r#"{"agent": "a", "quantity_wh": 1}"#, "bids[0], id: is missing"),
            (r#"7"#, "bids[0]: is a number, not an order"),
        ] {
            let error = with(order).expect_err(order);
            assert!(error.starts_with("b.json: ") && error.contains(told), "{error}");
        }
        let mixed = format!(r#"{ORDER}, {{"id": "b2", "agent": "a", "quantity_wh": 5, "limit_ueur_per_kwh": 1}}"#);
        assert!(with(&mixed).expect_err("mixed").contains("use one unit in a book"));
    }

    #[test]
    fn the_document_itself_is_checked() {
        for (text, told) in [
            (r#"[]"#, "is an array, not an object"),
            (r#"{"books": []}"#, "version: is missing"),
            (r#"{"version": 2, "books": []}"#, "use a later `cariflex`"),
            (r#"{"version": 1, "books": []}"#, "books: is empty"),
            (r#"{"version": 1, "boks": []}"#, "did you mean `books`?"),
            (r#"{"version": 1, "bids": []}"#, "offers: is missing"),
            (r#"{"units": {"qty": "kWh", "price": "0.01 ct/kWh"}, "books": []}"#, "units.qty: is `kWh`"),
            (r#"{"units": {"qty": "Wh", "price": "EUR/GWh"}, "books": []}"#, "units.price: is `EUR/GWh`"),
            (r#"{"version": 1, "books": [{"bids": [], "offers": []}, {"bids": [], "offers": []}]}"#, "two books"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }
}
