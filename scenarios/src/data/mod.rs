//! Measured data: tables from CSV or Parquet, and what is made of them: series and charging sessions.

mod instant;
mod measured;
mod quantity;
mod series;
mod sessions;
mod table;

pub use measured::Measured;
pub use quantity::Quantity;
pub use table::{Cell, DataTable};

pub(crate) use series::SeriesSection;
pub(crate) use sessions::SessionsSection;
