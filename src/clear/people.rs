//! What comes out, for people: a table of mechanisms side by side, the trades of a single book, a row per book where
//! there are many.

use super::book::FileBook;
use super::mechanisms::Chosen;
use super::notes::{self, Note};
use super::outcome::{Figures, Outcome, total_wh};
use super::table::{Entry, Table, figure};
use market::Side;

/// Rows that are shown of a long list: about a screenful.
const SCREENFUL: usize = 40;

/// Collects what is shown; memory is bounded by what fits on a screen.
#[derive(Default)]
pub(crate) struct Page {
    books: usize,
    bids: usize,
    offers: usize,
    demand_wh: i128,
    supply_wh: i128,
    left_out: usize,
    files: Vec<String>,
    /// Title and figures of the first books, under the first mechanism.
    rows: Vec<(String, Option<i64>, Figures)>,
    /// What the first book says, should it stay the only one.
    first: Option<First>,
}

struct First {
    title: String,
    prices: Vec<Option<i64>>,
    /// Remarks of each mechanism.
    notes: Vec<Vec<Note>>,
    trades: Table,
    trades_shown: usize,
}

impl Page {
    /// Takes what came of a book.
    pub(crate) fn book(&mut self, book: &FileBook, outcomes: &[Outcome]) {
        self.books += 1;
        self.bids += book.book.bids().len();
        self.offers += book.book.offers().len();
        self.demand_wh += i128::from(total_wh(book, Side::Bid));
        self.supply_wh += i128::from(total_wh(book, Side::Offer));
        self.left_out += book.left_out;
        if !self.files.contains(&book.file) {
            self.files.push(book.file.clone());
        }
        let Some(outcome) = outcomes.first() else { return };
        if self.rows.len() < SCREENFUL {
            let title =
                if self.files.len() > 1 { format!("{}: {}", book.file, book.name) } else { book.name.to_string() };
            self.rows.push((title, outcome.price_ueur_per_kwh, outcome.figures));
        }
        self.first = (self.books == 1).then(|| First {
            title: book.name.to_string(),
            prices: outcomes.iter().map(|outcome| outcome.price_ueur_per_kwh).collect(),
            notes: outcomes.iter().map(|outcome| notes::of(book, outcome)).collect(),
            trades: trades(book, outcome),
            trades_shown: outcome.clearing.trades.len().min(SCREENFUL),
        });
    }

    /// The whole page.
    pub(crate) fn text(&self, mechanisms: &[Chosen], totals: &[Figures]) -> String {
        let mut text = self.title();
        text.push_str("\n\n");
        match (&self.first, mechanisms, totals) {
            (Some(first), [only], [figures]) => {
                let prices = [(only.spec.as_str(), first.prices[0], *figures)];
                text.push_str(&figures_table("mechanism", &prices).text());
                text.push_str(&first.remarks(mechanisms));
                text.push('\n');
                text.push_str(&first.trades(figures));
            }
            (Some(first), ..) => {
                let rows: Vec<_> = rows_of(mechanisms, totals, |at| first.prices[at]);
                text.push_str(&figures_table("mechanism", &rows).text());
                text.push_str(&first.remarks(mechanisms));
            }
            (None, [only], [figures]) => {
                text.push_str(&format!("{}\n\n", only.spec));
                text.push_str(&self.books_table(*figures).text());
                text.push_str(&more(
                    self.books,
                    self.rows.len(),
                    "books",
                    "--json or --out FILE.json has them all, --book NAME shows one",
                ));
            }
            (None, ..) => {
                let rows: Vec<_> = rows_of(mechanisms, totals, |_| None);
                text.push_str(&figures_table("mechanism", &rows).text());
            }
        }
        if self.left_out > 0 {
            let orders = plural(self.left_out, "order");
            text.push_str(&format!("\n{orders} over 0 Wh left out\n"));
        }
        text
    }

    fn title(&self) -> String {
        let files = self.files.join(", ");
        let what = match &self.first {
            Some(first) => format!("{} of {files}", first.title),
            None => format!("{} of {files}", plural(self.books, "book")),
        };
        format!(
            "{what}: {} over {} kWh, {} over {} kWh",
            plural(self.bids, "bid"),
            figure(self.demand_wh, 3),
            plural(self.offers, "offer"),
            figure(self.supply_wh, 3)
        )
    }

    fn books_table(&self, totals: Figures) -> Table {
        let mut rows: Vec<(&str, Option<i64>, Figures)> =
            self.rows.iter().map(|(title, price, figures)| (title.as_str(), *price, *figures)).collect();
        rows.push(("total", None, totals));
        let mut table = figures_table("book", &rows);
        table.line_before_last();
        table
    }
}

fn rows_of<'a>(
    mechanisms: &'a [Chosen],
    totals: &[Figures],
    price: impl Fn(usize) -> Option<i64>,
) -> Vec<(&'a str, Option<i64>, Figures)> {
    let rows = mechanisms.iter().zip(totals).enumerate();
    rows.map(|(at, (chosen, figures))| (chosen.spec.as_str(), price(at), *figures)).collect()
}

impl First {
    fn trades(&self, figures: &Figures) -> String {
        if figures.trades == 0 {
            return "  nothing is traded\n".into();
        }
        let mut text = self.trades.text();
        let rest = more(figures.trades as usize, self.trades_shown, "trades", "--json or --out FILE.csv has them all");
        text.push_str(&rest);
        text
    }

    /// What the mechanisms remark, each under its name where there are several.
    fn remarks(&self, mechanisms: &[Chosen]) -> String {
        let mut text = String::new();
        for (chosen, notes) in mechanisms.iter().zip(&self.notes).filter(|(_, notes)| !notes.is_empty()) {
            let indent = if mechanisms.len() > 1 {
                text.push_str(&format!("\n  {}\n", chosen.spec));
                "    "
            } else {
                text.push('\n');
                "  "
            };
            notes.iter().for_each(|note| text.push_str(&format!("{indent}{note}\n")));
        }
        text
    }
}

/// One row of figures per name. Where trades differ in price, lowest and highest are shown beside the mean.
fn figures_table(first: &'static str, rows: &[(&str, Option<i64>, Figures)]) -> Table {
    let has_range = rows.iter().any(|(_, price, figures)| price.is_none() && figures.trades > 0);
    let price = if has_range { "mean price" } else { "price" };
    let range = [("lowest", "EUR/MWh", 3), ("highest", "EUR/MWh", 3)];
    let mut headings = vec![(first, "", 0), (price, "EUR/MWh", 3)];
    headings.extend(range.into_iter().filter(|_| has_range));
    headings.extend([
        ("volume", "kWh", 3),
        ("trades", "", 0),
        ("buyers gain", "EUR", 9),
        ("sellers gain", "EUR", 9),
        ("welfare", "EUR", 9),
        ("of optimum", "%", 1),
    ]);
    let mut table = Table::new(headings);
    for (name, _, figures) in rows {
        let number = |number: i128| Entry::Number(Some(number));
        let (low, high) = figures.prices_ueur_per_kwh.unzip();
        let mut row = vec![Entry::Words((*name).to_owned()), Entry::Number(figures.mean_price_ueur_per_kwh())];
        row.extend([low, high].into_iter().filter(|_| has_range).map(|price| Entry::Number(price.map(i128::from))));
        row.extend([
            number(figures.volume_wh),
            number(figures.trades.into()),
            number(figures.buyers_surplus_neur),
            number(figures.sellers_surplus_neur),
            number(figures.welfare_neur()),
            Entry::Number(figures.welfare_share_ppm().map(|ppm| (ppm + 500 * ppm.signum()) / 1000)),
        ]);
        table.row(row);
    }
    table
}

/// The first trades of a book.
fn trades(book: &FileBook, outcome: &Outcome) -> Table {
    let mut table = Table::new([
        ("bid", "", 0),
        ("offer", "", 0),
        ("buyer", "", 0),
        ("seller", "", 0),
        ("energy", "kWh", 3),
        ("price", "EUR/MWh", 3),
        ("payment", "EUR", 9),
    ]);
    for trade in outcome.clearing.trades.iter().take(SCREENFUL) {
        let named = book.named(trade);
        let price: i128 = named.price_ueur_per_kwh.into();
        let numbers = [i128::from(trade.quantity.0), price, i128::from(trade.quantity.0) * price];
        let words = [named.bid, named.offer, named.buyer, named.seller].map(|name| Entry::Words(name.to_owned()));
        table.row(words.into_iter().chain(numbers.map(|number| Entry::Number(Some(number)))));
    }
    table
}

fn more(all: usize, shown: usize, what: &str, where_else: &str) -> String {
    if all > shown { format!("  … and {} more {what}: {where_else}\n", all - shown) } else { String::new() }
}

fn plural(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{} {what}{s}", figure(count as i128, 0))
}
