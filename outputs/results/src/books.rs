//! Trades of books that were cleared on their own, outside any run, as one Parquet file.
//!
//! [`Table`](crate::read::Table) reads the books themselves, whoever wrote them.

use std::path::Path;

use agents::Time;

use crate::columns::{Column as Filled, NumberColumn, OptionalTimeColumn, TextColumn, WordColumn};
use crate::error::ResultsError;
use crate::schema::{Column, ColumnType, Table};
use crate::table::{Columns, TableWriter};

const fn column(name: &'static str, ty: ColumnType, unit: &'static str, description: &'static str) -> Column {
    Column { name, ty, nullable: false, unit, sign: "", description }
}

/// The table of trades that `cariflex clear --out` leaves: each row has all it needs to be understood alone.
pub const CLEARED_TRADES: Table = Table {
    name: "cleared_trades",
    rows: "One row per trade, by book, then by mechanism, then in the order in which the mechanism made them.",
    hourly: "Not part of a run.",
    columns: &[
        column("file", ColumnType::Name, "", "The file the book came from"),
        column(
            "book",
            ColumnType::Name,
            "",
            "The book's name within the file, with its slot and area where it has them",
        ),
        Column {
            nullable: true,
            ..column(
                "slot_start",
                ColumnType::Time,
                "",
                "First instant of the delivery slot; null where the book has none",
            )
        },
        column("mechanism", ColumnType::Name, "", "What cleared the book"),
        column("trade", ColumnType::Number, "", "The trade's number within book and mechanism, from 0"),
        column("bid", ColumnType::Text, "", "The buying order"),
        column("offer", ColumnType::Text, "", "The selling order"),
        column("buyer", ColumnType::Name, "", "Who buys"),
        column("seller", ColumnType::Name, "", "Who sells"),
        column("energy_wh", ColumnType::Integer, "Wh", "Energy traded"),
        Column {
            sign: "− the seller pays",
            ..column("price_ueur_per_kwh", ColumnType::Integer, "µEUR/kWh", "Price of this trade")
        },
    ],
};

/// A row of [`CLEARED_TRADES`].
#[derive(Clone, Copy, Debug)]
pub struct ClearedTrade<'a> {
    /// The file the book came from.
    pub file: &'a str,
    /// The book.
    pub book: &'a str,
    /// Its delivery slot.
    pub slot_start: Option<Time>,
    /// What cleared it.
    pub mechanism: &'a str,
    /// Number within book and mechanism.
    pub trade: u64,
    /// The buying order.
    pub bid: &'a str,
    /// The selling order.
    pub offer: &'a str,
    /// Who buys.
    pub buyer: &'a str,
    /// Who sells.
    pub seller: &'a str,
    /// Watt-hours.
    pub energy_wh: i64,
    /// Micro-euro per kilowatt-hour.
    pub price_ueur_per_kwh: i64,
}

/// Writes [`CLEARED_TRADES`] row by row, in bounded memory. The caller gives the file its last name.
pub struct ClearedTrades(TableWriter<TradeColumns>);

impl ClearedTrades {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can not be written. So do the others.
    pub fn create(path: &Path) -> Result<Self, ResultsError> {
        TableWriter::create(TradeColumns::default(), path.to_owned(), None).map(Self)
    }

    /// Appends a row.
    pub fn push(&mut self, row: &ClearedTrade<'_>) -> Result<(), ResultsError> {
        self.0.push(row)
    }

    /// Writes what is left and the footer.
    pub fn finish(self) -> Result<(), ResultsError> {
        self.0.close().map(drop)
    }
}

#[derive(Default)]
struct TradeColumns {
    file: WordColumn,
    book: WordColumn,
    slot_start: OptionalTimeColumn,
    mechanism: WordColumn,
    trade: NumberColumn<u64>,
    bid: TextColumn,
    offer: TextColumn,
    buyer: WordColumn,
    seller: WordColumn,
    energy_wh: NumberColumn<i64>,
    price_ueur_per_kwh: NumberColumn<i64>,
}

impl Columns for TradeColumns {
    const TABLE: Table = CLEARED_TRADES;
    type Row<'a> = ClearedTrade<'a>;

    fn push(&mut self, row: &ClearedTrade<'_>) -> Result<(), ResultsError> {
        self.file.push(row.file);
        self.book.push(row.book);
        self.slot_start.push(row.slot_start);
        self.mechanism.push(row.mechanism);
        self.trade.push(row.trade);
        self.bid.push(row.bid);
        self.offer.push(row.offer);
        self.buyer.push(row.buyer);
        self.seller.push(row.seller);
        self.energy_wh.push(row.energy_wh);
        self.price_ueur_per_kwh.push(row.price_ueur_per_kwh);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Filled> {
        let Self { file, book, slot_start, mechanism, trade, bid, offer, buyer, seller, energy_wh, price_ueur_per_kwh } =
            self;
        vec![file, book, slot_start, mechanism, trade, bid, offer, buyer, seller, energy_wh, price_ueur_per_kwh]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use crate::table::BATCH_ROWS;

    #[test]
    fn trades_come_back_as_they_were_written_over_many_batches() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("trades.parquet");
        let mut trades = ClearedTrades::create(&path).expect("a file");
        let rows = BATCH_ROWS as u64 + 7;
        for trade in 0..rows {
            let bid = format!("b{trade}");
            let slot_start = (trade % 2 == 0).then_some(Time(900_000));
            let row = ClearedTrade {
                file: "f",
                book: "évening",
                slot_start,
                mechanism: "pay-as-bid",
                trade,
                bid: &bid,
                offer: "o1",
                buyer: "a",
                seller: "b",
                energy_wh: 1,
                price_ueur_per_kwh: -(trade as i64),
            };
            trades.push(&row).expect("a row");
        }
        trades.finish().expect("a whole file");
        let table = read::Table::open(&path).expect("a table");
        assert_eq!(table.rows(), rows);
        let names: Vec<_> = table.columns().iter().map(|column| column.name.clone()).collect();
        assert_eq!(names, CLEARED_TRADES.columns.iter().map(|column| column.name).collect::<Vec<_>>());
        let mut row = 0_i64;
        for batch in table.batches(&["bid", "slot_start", "price_ueur_per_kwh"]).expect("columns") {
            let batch = batch.expect("rows");
            let (bids, slots) = (batch.texts("bid").expect("text"), batch.times("slot_start").expect("times"));
            for (index, price) in batch.integers("price_ueur_per_kwh").expect("integers").into_iter().enumerate() {
                assert_eq!((bids[index], price), (Some(format!("b{row}").as_str()), Some(-row)));
                assert_eq!(slots[index], (row % 2 == 0).then_some(Time(900_000)));
                row += 1;
            }
        }
        assert_eq!(row as u64, rows);
    }
}
