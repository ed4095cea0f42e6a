//! Schedules problems with one storage: one JSON document per line in, one per line out.
//!
//! `cargo run -p cariflex-agents --example schedule_one_storage < problems.jsonl > schedules.jsonl`

#![expect(clippy::print_stdout, reason = "a filter writes its output")]

use agents::schedule::{Problem, check, schedule_one_storage};
use std::io::BufRead;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let problem: Problem = serde_json::from_str(&line?)?;
        let answer = match schedule_one_storage(&problem) {
            Ok(found) => serde_json::json!({
                "schedule": found.schedule,
                "least_cost_eur": found.least_cost_eur,
                "convex": found.convex,
                "cost_eur": found.schedule.cost.total_eur(),
                "mistakes": check(&problem, &found.schedule).mistakes().map(ToString::to_string).collect::<Vec<_>>(),
            }),
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}
