//! What holds for every book, tried on random ones: conservation, merit, and indifference to the order
//! in which things are handed over.

mod bilateral;
mod books;
#[path = "../common/mod.rs"]
mod common;
mod conservation;
mod extremes;
mod indifference;
mod rules;
mod settlement;
