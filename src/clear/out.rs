//! The file of `--out`: written to a temporary name, and given its own when it is whole.

use super::book::FileBook;
use super::document::Document;
use super::mechanisms::Chosen;
use super::outcome::{Figures, Outcome};
use crate::file_error::FileError;
use results::books::{CLEARED_TRADES, ClearedTrade, ClearedTrades};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

/// A file being written.
pub(crate) struct OutFile {
    path: PathBuf,
    partial: Partial,
    writer: Writer,
}

enum Writer {
    Json(Document<BufWriter<File>>),
    Csv(Box<csv::Writer<File>>),
    Parquet(Box<ClearedTrades>),
}

/// The temporary file; it goes when this goes before its time.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // It is gone already where all went well.
        drop(fs::remove_file(&self.0));
    }
}

impl OutFile {
    /// Creates the file; what it holds is told by the end of its name.
    pub(crate) fn create(path: &Path, replace: bool) -> Result<Self, FileError> {
        if path.exists() && !replace {
            return Err(FileError::Exists { path: path.to_owned() });
        }
        let kind = path.extension().and_then(|end| end.to_str()).unwrap_or_default().to_ascii_lowercase();
        if !["json", "csv", "parquet"].contains(&kind.as_str()) {
            let problem = format!(
                "`{}` does not say what to write: end its name in .json (everything), .csv or .parquet (the trades)",
                path.display()
            );
            return Err(FileError::Option { option: "--out", problem });
        }
        let mut name: OsString = path.into();
        name.push(format!(".{}.partial", std::process::id()));
        let partial = Partial(name.into());
        let file = || File::create(&partial.0).map_err(FileError::write(path));
        let writer = match kind.as_str() {
            "json" => Writer::Json(Document::new(BufWriter::new(file()?))),
            "csv" => {
                let mut writer = Box::new(csv::Writer::from_writer(file()?));
                let header = CLEARED_TRADES.columns.iter().map(|column| column.name);
                writer.write_record(header).map_err(|error| FileError::write(path)(error.into()))?;
                Writer::Csv(writer)
            }
            _ => Writer::Parquet(Box::new(ClearedTrades::create(&partial.0).map_err(FileError::Out)?)),
        };
        Ok(Self { path: path.to_owned(), partial, writer })
    }

    /// Adds what came of a book.
    pub(crate) fn book(
        &mut self,
        book: &FileBook,
        mechanisms: &[Chosen],
        outcomes: &[Outcome],
    ) -> Result<(), FileError> {
        if let Writer::Json(document) = &mut self.writer {
            return document.book(book, mechanisms, outcomes).map_err(FileError::write(&self.path));
        }
        let name = book.name.to_string();
        for (chosen, outcome) in mechanisms.iter().zip(outcomes) {
            for (number, trade) in (0..).zip(&outcome.clearing.trades) {
                let named = book.named(trade);
                self.trade(&ClearedTrade {
                    file: &book.file,
                    book: &name,
                    slot_start: book.name.slot,
                    mechanism: &chosen.spec,
                    trade: number,
                    bid: named.bid,
                    offer: named.offer,
                    buyer: named.buyer,
                    seller: named.seller,
                    energy_wh: trade.quantity.0,
                    price_ueur_per_kwh: named.price_ueur_per_kwh,
                })?;
            }
        }
        Ok(())
    }

    fn trade(&mut self, row: &ClearedTrade<'_>) -> Result<(), FileError> {
        match &mut self.writer {
            Writer::Json(_) => Ok(()),
            Writer::Parquet(trades) => trades.push(row).map_err(FileError::Out),
            Writer::Csv(writer) => {
                let slot_start = row.slot_start.map(|time| time.to_string()).unwrap_or_default();
                let numbers = [row.trade.to_string(), row.energy_wh.to_string(), row.price_ueur_per_kwh.to_string()];
                let [trade, energy_wh, price] = numbers.each_ref().map(String::as_str);
                let record = [
                    row.file,
                    row.book,
                    &slot_start,
                    row.mechanism,
                    trade,
                    row.bid,
                    row.offer,
                    row.buyer,
                    row.seller,
                    energy_wh,
                    price,
                ];
                writer.write_record(record).map_err(|error| FileError::write(&self.path)(error.into()))
            }
        }
    }

    /// Writes the end and gives the file its name.
    pub(crate) fn finish(self, mechanisms: &[Chosen], totals: &[Figures]) -> Result<(), FileError> {
        let written: io::Result<()> = match self.writer {
            Writer::Json(document) => document.end(mechanisms, totals).map(drop),
            Writer::Csv(mut writer) => writer.flush(),
            Writer::Parquet(trades) => {
                trades.finish().map_err(FileError::Out)?;
                Ok(())
            }
        };
        written.and_then(|()| fs::rename(&self.partial.0, &self.path)).map_err(FileError::write(&self.path))
    }
}
