//! What a folder of results promises, from outside. One binary, because linking Parquet is slow.

mod common;
mod kpi_values;
mod run_folder;
mod series;
mod sweep;
mod tables;
