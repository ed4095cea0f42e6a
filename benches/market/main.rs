//! What the market engine costs, part by part.
//!
//! `cargo bench -p cariflex-market --bench market` runs all parts, `… -- auction` those whose name contains the word.
//! Times are medians of many runs on one core. The figures in the documents come from here.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

mod auction;
mod blocks;
mod continuous;
mod dispatch;
#[path = "../common/parts.rs"]
mod parts;
mod peers;

use parts::median_us;

fn main() {
    let parts: [(&str, fn()); 5] = [
        ("auction", auction::run),
        ("blocks", blocks::run),
        ("continuous", continuous::run),
        ("dispatch", dispatch::run),
        ("peers", peers::run),
    ];
    parts::run(&parts);
}
