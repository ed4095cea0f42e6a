//! A benchmark in parts: which of them run, and how one is measured.

use std::time::Instant;

/// Runs `work` until it has been measured often enough, and gives the median in microseconds.
pub(crate) fn median_us<T>(mut work: impl FnMut() -> T) -> f64 {
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

/// Runs the parts whose name contains the word on the command line, all without one.
pub(crate) fn run(parts: &[(&str, fn())]) {
    // Cargo adds `--bench`.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let chosen: Vec<_> = parts.iter().filter(|(name, _)| name.contains(&filter)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = parts.iter().map(|(name, _)| *name).collect();
        println!("no part is named {filter:?}; there are {}", names.join(", "));
    }
    for (_, run) in chosen {
        run();
    }
}
