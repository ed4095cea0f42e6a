//! What comes out, for machines: one JSON document, written book by book.
//!
//! `market/README.md` describes the fields. Numbers are integers in the unit that ends their names, except
//! `welfare_share`, which is rounded to six decimals.

use super::book::FileBook;
use super::mechanisms::Chosen;
use super::notes::{self, Note};
use super::outcome::{Figures, Outcome, total_wh};
use market::{Side, Trade};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use std::io::{self, Write};

/// The version of the document.
pub(crate) const VERSION: u32 = 1;

/// Writes the document as books come.
pub(crate) struct Document<W> {
    to: W,
    books: u64,
}

#[derive(Serialize)]
struct BookOut<'a> {
    file: &'a str,
    book: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    slot_start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<&'a str>,
    bids: usize,
    offers: usize,
    left_out: usize,
    demand_wh: i64,
    supply_wh: i64,
    optimum_neur: i128,
    clearings: Vec<ClearingOut<'a>>,
}

#[derive(Serialize)]
struct ClearingOut<'a> {
    mechanism: &'a str,
    price_ueur_per_kwh: Option<i64>,
    #[serde(flatten)]
    figures: FiguresOut,
    notes: Vec<Note>,
    #[serde(rename = "trades")]
    list: Trades<'a>,
}

#[derive(Serialize)]
struct TotalOut<'a> {
    mechanism: &'a str,
    books: u64,
    trades: u64,
    optimum_neur: i128,
    #[serde(flatten)]
    figures: FiguresOut,
}

#[derive(Serialize)]
struct FiguresOut {
    mean_price_ueur_per_kwh: Option<i128>,
    volume_wh: i128,
    payment_neur: i128,
    buyers_surplus_neur: i128,
    sellers_surplus_neur: i128,
    welfare_neur: i128,
    welfare_share: Option<f64>,
}

impl From<&Figures> for FiguresOut {
    fn from(figures: &Figures) -> Self {
        Self {
            mean_price_ueur_per_kwh: figures.mean_price_ueur_per_kwh(),
            volume_wh: figures.volume_wh,
            payment_neur: figures.payment_neur,
            buyers_surplus_neur: figures.buyers_surplus_neur,
            sellers_surplus_neur: figures.sellers_surplus_neur,
            welfare_neur: figures.welfare_neur(),
            welfare_share: figures.welfare_share_ppm().map(|ppm| ppm as f64 / 1e6),
        }
    }
}

#[derive(Serialize)]
struct TradeOut<'a> {
    bid: &'a str,
    offer: &'a str,
    buyer: &'a str,
    seller: &'a str,
    energy_wh: i64,
    price_ueur_per_kwh: i64,
    payment_neur: i128,
}

/// Trades that become text one by one.
struct Trades<'a> {
    book: &'a FileBook,
    trades: &'a [Trade],
}

impl Serialize for Trades<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.trades.len()))?;
        for trade in self.trades {
            let named = self.book.named(trade);
            list.serialize_element(&TradeOut {
                bid: named.bid,
                offer: named.offer,
                buyer: named.buyer,
                seller: named.seller,
                energy_wh: trade.quantity.0,
                price_ueur_per_kwh: named.price_ueur_per_kwh,
                payment_neur: i128::from(trade.quantity.0) * i128::from(named.price_ueur_per_kwh),
            })?;
        }
        list.end()
    }
}

impl<W: Write> Document<W> {
    /// A document of which nothing is written yet: an error in the first book leaves nothing half said.
    pub(crate) fn new(to: W) -> Self {
        Self { to, books: 0 }
    }

    fn begin(&mut self, mechanisms: &[Chosen]) -> io::Result<()> {
        let specs: Vec<_> = mechanisms.iter().map(|chosen| chosen.spec.as_str()).collect();
        write!(self.to, "{{\"format\":\"cariflex-clearings\",\"version\":{VERSION},\"mechanisms\":")?;
        serde_json::to_writer(&mut self.to, &specs)?;
        write!(self.to, ",\"books\":[")
    }

    /// Adds a book.
    pub(crate) fn book(&mut self, book: &FileBook, mechanisms: &[Chosen], outcomes: &[Outcome]) -> io::Result<()> {
        let clearings = mechanisms.iter().zip(outcomes).map(|(chosen, outcome)| ClearingOut {
            mechanism: &chosen.spec,
            price_ueur_per_kwh: outcome.price_ueur_per_kwh,
            figures: (&outcome.figures).into(),
            notes: notes::of(book, outcome),
            list: Trades { book, trades: &outcome.clearing.trades },
        });
        let out = BookOut {
            file: &book.file,
            book: book.name.to_string(),
            slot_start: book.name.slot.map(|slot| slot.to_string()),
            area: book.name.area.as_deref(),
            bids: book.book.bids().len(),
            offers: book.book.offers().len(),
            left_out: book.left_out,
            demand_wh: total_wh(book, Side::Bid),
            supply_wh: total_wh(book, Side::Offer),
            optimum_neur: outcomes.first().map_or(0, |outcome| outcome.figures.optimum_neur),
            clearings: clearings.collect(),
        };
        if self.books == 0 {
            self.begin(mechanisms)?;
        }
        self.to.write_all(if self.books == 0 { b"\n" } else { b",\n" })?;
        self.books += 1;
        serde_json::to_writer(&mut self.to, &out)?;
        Ok(())
    }

    /// Ends the document with the totals over all books.
    pub(crate) fn end(mut self, mechanisms: &[Chosen], totals: &[Figures]) -> io::Result<W> {
        if self.books == 0 {
            self.begin(mechanisms)?;
        }
        let totals: Vec<_> = mechanisms
            .iter()
            .zip(totals)
            .map(|(chosen, figures)| TotalOut {
                mechanism: &chosen.spec,
                books: self.books,
                trades: figures.trades,
                optimum_neur: figures.optimum_neur,
                figures: figures.into(),
            })
            .collect();
        write!(self.to, "\n],\"totals\":")?;
        serde_json::to_writer(&mut self.to, &totals)?;
        self.to.write_all(b"}\n")?;
        self.to.flush()?;
        Ok(self.to)
    }
}
