//! What participants think with, part by part.
//!
//! `cargo bench -p cariflex-agents --bench agents` runs all parts, `… -- forecast` those whose name contains the word. Times
//! are medians on one core. The figures in the documents come from here.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod forecast;

fn main() {
    let parts: [(&str, fn()); 1] = [("forecast", forecast::run)];
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
