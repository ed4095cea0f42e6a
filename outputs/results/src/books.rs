//! Trades of books that were cleared on their own, outside any run, as one Parquet file.
//!
//! [`Table`](crate::read::Table) reads the books themselves, whoever wrote them.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agents::Time;
use arrow_array::builder::{
    Int64Builder, StringBuilder, StringDictionaryBuilder, TimestampMillisecondBuilder, UInt64Builder,
};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;

use crate::error::ResultsError;
use crate::schema::{Column, ColumnType, Table};
use crate::table::{BATCH_ROWS, ROW_GROUP_ROWS, metadata, properties};

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
        column("book", ColumnType::Name, "", "The book's name within the file"),
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
pub struct ClearedTrades {
    path: PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
    names: [StringDictionaryBuilder<Int32Type>; 5],
    orders: [StringBuilder; 2],
    slot_start: TimestampMillisecondBuilder,
    trade: UInt64Builder,
    numbers: [Int64Builder; 2],
    waiting_rows: usize,
}

impl ClearedTrades {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can not be written. So do the others.
    pub fn create(path: &Path) -> Result<Self, ResultsError> {
        let file = File::create(path).map_err(ResultsError::io("create", path))?;
        let properties =
            properties(metadata(&CLEARED_TRADES, None)).set_max_row_group_row_count(Some(ROW_GROUP_ROWS)).build();
        let writer = ArrowWriter::try_new(BufWriter::new(file), CLEARED_TRADES.arrow_schema(), Some(properties))
            .map_err(ResultsError::writing(path))?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            names: Default::default(),
            orders: Default::default(),
            slot_start: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            trade: UInt64Builder::new(),
            numbers: Default::default(),
            waiting_rows: 0,
        })
    }

    /// Appends a row.
    pub fn push(&mut self, row: &ClearedTrade<'_>) -> Result<(), ResultsError> {
        let names = [row.file, row.book, row.mechanism, row.buyer, row.seller];
        self.names.iter_mut().zip(names).for_each(|(column, name)| column.append_value(name));
        self.orders.iter_mut().zip([row.bid, row.offer]).for_each(|(column, order)| column.append_value(order));
        self.slot_start.append_option(row.slot_start.map(|time| time.0));
        self.trade.append_value(row.trade);
        let numbers = [row.energy_wh, row.price_ueur_per_kwh];
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.append_value(number));
        self.waiting_rows += 1;
        if self.waiting_rows == BATCH_ROWS { self.write() } else { Ok(()) }
    }

    /// Writes what is left and the footer.
    pub fn finish(mut self) -> Result<(), ResultsError> {
        self.write()?;
        self.writer.close().map(drop).map_err(ResultsError::writing(&self.path))
    }

    fn write(&mut self) -> Result<(), ResultsError> {
        self.waiting_rows = 0;
        let [file, book, mechanism, buyer, seller] = self.names.each_mut().map(|column| Arc::new(column.finish()));
        let [bid, offer] = self.orders.each_mut().map(|column| Arc::new(column.finish()));
        let [energy, price] = self.numbers.each_mut().map(|column| Arc::new(column.finish()));
        let (slot_start, trade) = (Arc::new(self.slot_start.finish()), Arc::new(self.trade.finish()));
        let columns: Vec<ArrayRef> =
            vec![file, book, slot_start, mechanism, trade, bid, offer, buyer, seller, energy, price];
        RecordBatch::try_new(CLEARED_TRADES.arrow_schema(), columns)
            .map_err(Into::into)
            .and_then(|batch| self.writer.write(&batch))
            .map_err(ResultsError::writing(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

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
