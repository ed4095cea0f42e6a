//! What a folder of results promises, from outside. One binary, because linking Parquet is slow.

mod common;
mod cost;
mod kpi_values;
mod run_folder;
mod series;
mod tables;
