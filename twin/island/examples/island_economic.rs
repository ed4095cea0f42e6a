//! Economic dispatch of Martinique's units: a JSON object per line on standard input, one per line on standard output. The
//! counterpart tests solve the same problems as linear programs.
//!
//! ```json
//! {"online": [{"name": "bellefontaine_diesel", "lowest_mw": 7.3, "highest_mw": 18.3}], "residual_mw": 12.0, "reserve_mw": 4.0}
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]

use island::Fleet;
use island::dispatch::economic::{Kind, Merit, Online};
use serde::Deserialize;
use std::error::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Running {
    name: String,
    lowest_mw: f64,
    highest_mw: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    online: Vec<Running>,
    residual_mw: f64,
    reserve_mw: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let fleet = Fleet::martinique();
    let (names, kinds): (Vec<&str>, Vec<Kind>) =
        fleet.groups().iter().filter_map(|group| Some((group.name.as_str(), Kind::of(group)?))).unzip();
    let merit = Merit::new(kinds);
    for line in std::io::stdin().lines() {
        let task: Task = serde_json::from_str(&line?)?;
        let mut online = Vec::new();
        for unit in &task.online {
            let kind =
                names.iter().position(|name| *name == unit.name).ok_or("a name that no dispatchable group has")?;
            let (lowest_mw, highest_mw) = (unit.lowest_mw, unit.highest_mw);
            online.push(Online { kind, lowest_mw, highest_mw, leaving: false });
        }
        if !online.is_sorted_by_key(|unit| unit.kind) {
            return Err("name units in the order of the fleet".into());
        }
        let mut power_mw = Vec::new();
        let found = merit.dispatch(&online, task.residual_mw, task.reserve_mw, &mut power_mw);
        let cost = |(unit, power): (&Online, &f64)| merit.kinds()[unit.kind].curve.at(*power).0;
        println!(
            "{}",
            serde_json::json!({
                "power_mw": power_mw,
                "cost_eur_per_h": online.iter().zip(&power_mw).map(cost).sum::<f64>(),
                "price_eur_per_mwh": found.price_eur_per_mwh,
                "reserve_mw": found.reserve_mw,
                "short_mw": found.short_mw,
                "excess_mw": found.excess_mw,
            })
        );
    }
    Ok(())
}
