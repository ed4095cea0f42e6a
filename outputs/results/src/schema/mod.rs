//! The tables as data: columns, types, units, signs, meaning.
//!
//! Arrow schemas, the metadata of files and fields, and `TABLES.md` are all made from [`TABLES`] and
//! from the definitions of the key figures beside the code that computes them.

mod markdown;
mod market;
mod plans;
mod sweep;
mod tables;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

pub use markdown::markdown;
pub use market::{AREAS, CLEARINGS, COMPARED_BILLS, COMPARISONS, INVOICES, ORDERS, SETTLEMENTS, TRADES};
pub use plans::{FORECAST_SCORES, FORECASTS, PLAN_DAYS, PLAN_SLOTS, PLANS, SCHEDULES};
pub use sweep::{PARTS, POINTS, RUNS, SWEEP_KPIS};
pub use tables::{
    ASSETS, EVENTS, FAULTS, FLEXIBILITY, KPIS, MIRROR, PARTICIPANTS, RESERVE, SESSIONS, SIGNALS, SITES, STORAGE_HEALTH,
    SUPPLY, TABLES,
};

/// Version of tables and `run.json`; grows when a reader has to know of a change.
pub const VERSION: u32 = 2;

/// The convention of signs, as repeated in files.
pub const SIGN_CONVENTION: &str = "power and energy: consumption and import positive, production and export negative, \
    unless the column is named for one direction; money: what is paid is positive, what is received negative";

/// The convention of units, as repeated in files.
pub const UNIT_CONVENTION: &str =
    "the unit is the last word of a column's name and the field's metadata `unit`; instants are UTC in milliseconds";

/// A table of the results: one Parquet file.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name; the file is `<name>.parquet`.
    pub name: &'static str,
    /// What one row is, and in what order rows come.
    pub rows: &'static str,
    /// What becomes of it at the recording level `hourly`; all but `kpis` are absent at level `kpis`.
    pub hourly: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name, unit last.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
    /// Whether it may be null; the description says when.
    pub nullable: bool,
    /// Its unit; empty where there is none.
    pub unit: &'static str,
    /// What its sign means; empty where it is never negative or has none.
    pub sign: &'static str,
    /// What it says.
    pub description: &'static str,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// An instant: timestamp in ms, UTC.
    Time,
    /// A word of a closed list or a name: string, dictionary-encoded.
    Name,
    /// Free text: string.
    Text,
    /// A measured quantity: double.
    Real,
    /// An exact quantity: 64-bit integer.
    Integer,
    /// A number that counts or seeds: unsigned 64-bit integer.
    Number,
    /// True or false: boolean.
    Flag,
}

impl ColumnType {
    /// The Arrow type.
    pub fn arrow(self) -> DataType {
        match self {
            Self::Time => DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
            Self::Name => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            Self::Text => DataType::Utf8,
            Self::Real => DataType::Float64,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::UInt64,
            Self::Flag => DataType::Boolean,
        }
    }

    /// The words of the documentation.
    fn words(self) -> &'static str {
        match self {
            Self::Time => "timestamp (ms, UTC)",
            Self::Name => "string (dictionary)",
            Self::Text => "string",
            Self::Real => "double",
            Self::Integer => "int64",
            Self::Number => "uint64",
            Self::Flag => "boolean",
        }
    }
}

impl Table {
    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.parquet", self.name)
    }

    /// Its Arrow fields.
    pub(crate) fn fields(&self) -> Vec<Field> {
        self.columns.iter().map(Column::field).collect()
    }

    /// Its Arrow schema; fields carry `unit`, `sign` and `description` as metadata.
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.fields()))
    }
}

impl Column {
    /// Its Arrow field.
    pub fn field(&self) -> Field {
        field(
            self.name,
            self.ty,
            self.nullable,
            &[("unit", self.unit), ("sign", self.sign), ("description", self.description)],
        )
    }
}

/// An Arrow field with those of the given metadata that are not empty.
pub(crate) fn field(name: &str, ty: ColumnType, nullable: bool, metadata: &[(&str, &str)]) -> Field {
    let metadata: HashMap<_, _> = metadata
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    Field::new(name, ty.arrow(), nullable).with_metadata(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_in_their_unit() {
        for table in TABLES {
            for column in table.columns {
                let word = match column.unit {
                    "" => continue,
                    "W" => "_w",
                    "kW" => "_kw",
                    "kWh" => "_kwh",
                    "kvar" => "_kvar",
                    "kg" => "_kg",
                    "Wh" => "_wh",
                    "s" => "_s",
                    "°C" => "_c",
                    "µEUR/kWh" => "_ueur_per_kwh",
                    "µEUR/kW" => "_ueur_per_kw",
                    "nEUR" => "_neur",
                    "%" => "_percent",
                    "EUR" => "_eur",
                    "min" => "_min",
                    "share" => "_share",
                    "as the column `unit` says" => "value",
                    other => panic!("{}.{}: no word for the unit {other}", table.name, column.name),
                };
                assert!(column.name.ends_with(word), "{}.{} is in {}", table.name, column.name, column.unit);
            }
        }
    }

    #[test]
    fn tables_and_columns_are_told_apart_by_name() {
        let mut names: Vec<_> = TABLES.iter().map(|table| table.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLES.len());
        for table in TABLES {
            let mut names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
    }
}
