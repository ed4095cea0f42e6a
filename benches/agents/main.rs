//! What participants think with, part by part.
//!
//! `cargo bench -p cariflex-agents --bench agents` runs all parts, `… -- schedule` those whose name contains the word;
//! `… -- year 2` takes two sites only.
//! Times are medians of many runs on one core. The figures in the documents come from here.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod forecast;
mod joint;
mod month;
#[path = "../common/parts.rs"]
mod parts;
mod schedule;
mod site;
mod year;

use parts::median_us;
use std::time::Duration;

/// What this thread has computed so far: on a busy machine the clock on the wall tells of others too.
fn computed() -> Duration {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = nanoseconds.and_then(|text| text.split_whitespace().next()?.parse().ok());
    Duration::from_nanos(nanoseconds.expect("Linux counts the time of threads"))
}

fn main() {
    let parts: [(&str, fn()); 5] = [
        ("forecast", forecast::run),
        ("schedule", schedule::run),
        ("joint", joint::run),
        ("year", year::run),
        ("month", month::run),
    ];
    parts::run(&parts);
}
