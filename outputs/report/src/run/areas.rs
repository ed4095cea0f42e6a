//! The areas of the market side by side: one row of figures for each.

use results::read::RunHead;
use results::{MARKET_AREA_FIGURES, market_area_prefixes};
use serde_json::{Value, json};

use crate::rounded::significant;

/// One row per area, by name; null where the market has none, or too many for key figures of their own.
pub(crate) fn document(head: &RunHead) -> Value {
    let mut names: Vec<String> =
        head.scenario["area"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    let prefixes = market_area_prefixes(&names);
    if prefixes.is_empty() {
        return Value::Null;
    }
    let row = |(prefix, name): (&String, &String)| {
        let figure = |figure: &str| significant(head.kpis.get(&format!("{prefix}{figure}")).copied().flatten(), 6);
        json!({ "area": name, "figures": MARKET_AREA_FIGURES.map(|(name, ..)| figure(name)) })
    };
    json!({
        "columns": MARKET_AREA_FIGURES.map(|(_, label, unit)| json!({ "label": label, "unit": unit })),
        "rows": prefixes.iter().zip(&names).map(row).collect::<Vec<_>>(),
    })
}
