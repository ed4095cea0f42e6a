//! The market side by side with the rules it is compared with: one row of figures for each.

use results::read::RunHead;
use results::{COMMUNITY_FIGURES, compared_prefixes};
use serde_json::{Value, json};

use crate::rounded::significant;

/// One row per rule, what was settled first; null where nothing is compared.
pub(crate) fn document(head: &RunHead) -> Value {
    let rules = head.scenario["market"]["compare"].as_array().into_iter().flatten();
    let rules: Vec<String> = rules.filter_map(|rule| rule.as_str().map(str::to_owned)).collect();
    if rules.is_empty() {
        return Value::Null;
    }
    let names: Vec<String> = std::iter::once("settled".to_owned()).chain(rules).collect();
    let prefixes = compared_prefixes(&names);
    let of_settlement = ("market_".to_owned(), in_force(head));
    let rows = std::iter::once(of_settlement).chain(prefixes.into_iter().zip(names).skip(1));
    let row = |(prefix, name): (String, String)| {
        let figure = |figure: &str| significant(head.kpis.get(&format!("{prefix}{figure}")).copied().flatten(), 6);
        json!({ "rule": name, "figures": COMMUNITY_FIGURES.map(|(name, ..)| figure(name)) })
    };
    json!({
        "columns": COMMUNITY_FIGURES.map(|(_, label, unit)| json!({ "label": label, "unit": unit })),
        "rows": rows.map(row).collect::<Vec<_>>(),
    })
}

/// What the settlement rests on.
fn in_force(head: &RunHead) -> String {
    let text = |section: &str, key: &str| head.scenario[section][key].as_str().unwrap_or_default().to_owned();
    match text("community", "sharing").as_str() {
        "" | "none" => format!("settled: {}", text("market", "mechanism")),
        sharing => format!("settled: sharing {sharing}"),
    }
}
