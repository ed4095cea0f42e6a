//! What participants think with, part by part.
//!
//! `cargo bench -p cariflex-agents --bench agents` runs all parts, `… -- schedule` those whose name contains the word;
//! `… -- year 2` takes two sites only.
//! Times are medians of many runs on one core. The figures in the documents come from here.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod forecast;
mod joint;
mod month;
mod schedule;
mod site;
mod year;

use std::time::{Duration, Instant};

/// Runs `work` until it has been measured often enough, and gives the median in microseconds.
fn median_us<T>(mut work: impl FnMut() -> T) -> f64 {
    const LEAST_RUNS: usize = 5;
    const ENOUGH_S: f64 = 0.3;
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < LEAST_RUNS || begun.elapsed().as_secs_f64() < ENOUGH_S {
        let start = Instant::now();
        std::hint::black_box(work());
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

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
    // Cargo adds `--bench`.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let chosen = parts.iter().filter(|(name, _)| name.contains(&filter)).collect::<Vec<_>>();
    if chosen.is_empty() {
        println!("no part is named {filter:?}; there are {}", parts.map(|(name, _)| name).join(", "));
    }
    for (_, run) in chosen {
        run();
    }
}
