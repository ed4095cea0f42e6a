//! A community dispatched as one: the schedule of least cost, and what members pay at its prices.

use super::super::error::ClearError;
use super::super::table::{Entry, Table, figure};
use super::{Form, Named, Problem, Solution, Solver, object, ueur_per_kwh, with_sources};
use market::dispatch::{Community, Dispatch, Settlement, dispatch, settle};
use market::optimise::{BranchAndBound, InteriorPoint, Optimiser};
use serde_json::{Map, Value, json};

/// Communities.
pub(crate) const FORM: Form = Form {
    holds: "the dispatch of a community",
    mechanisms: &[Solver {
        name: "central-dispatch",
        rule: "one schedule of least cost for all members together, within the limits of the network",
        price: "per step and place: the dual of the balance, what one kWh more would cost",
    }],
    is: |document| document.field("prosumers").is_some() && document.field("contract_kwh").is_none(),
    read,
};

/// Fields that tell where a problem is from, and what others found.
const ASIDE: [&str; 5] = ["name", "kind", "format", "provenance", "expected"];

fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let name = object(file, contents, &[])?.get("name").and_then(Value::as_str).unwrap_or("community").to_owned();
    let fields = Value::Object(object(file, contents, &ASIDE)?);
    let community: Community = serde_json::from_value(fields)
        .map_err(|error| ClearError::place(file, format!("`{name}`"), format!("{error}: see market/README.md")))?;
    community.check().map_err(|error| ClearError::place(file, format!("`{name}`"), with_sources(&error)))?;
    Ok(vec![Named { name, problem: Box::new(community) }])
}

impl Problem for Community {
    fn solve(&self, _: &str) -> Result<Solution, String> {
        let optimiser: &dyn Optimiser =
            if self.exclusive_charging { &BranchAndBound::default() } else { &InteriorPoint::default() };
        let found = dispatch(self, optimiser).map_err(|error| with_sources(&error))?;
        let settlement = settle(self, &found);
        let neur = |eur: f64| (eur * 1e9).round() as i128;
        let facts = vec![
            (
                "cost",
                format!(
                    "{} EUR, {} of it wear of storages",
                    figure(neur(found.cost_eur), 9),
                    figure(neur(found.degradation_eur), 9)
                ),
            ),
            ("steps", format!("{} of {} h", self.steps, self.step_h)),
            ("paid to the grid", format!("{} EUR", figure(settlement.grid.0, 9))),
            ("left in the network", format!("{} EUR", figure(settlement.surplus.0, 9))),
        ];
        Ok(Solution { facts, tables: vec![members(self, &settlement)], document: document(self, &found, &settlement) })
    }
}

fn members(community: &Community, settlement: &Settlement) -> Table {
    let mut table = Table::new([("member", "", 0), ("buys", "kWh", 3), ("sells", "kWh", 3), ("pays", "EUR", 9)]);
    for (member, account) in settlement.members.iter().enumerate() {
        let numbers = [account.bought.0.into(), account.sold.0.into(), account.payment.0];
        let name = Entry::Words(community.member_name(member));
        table.row([name].into_iter().chain(numbers.map(|number| Entry::Number(Some(number)))));
    }
    table
}

fn document(community: &Community, found: &Dispatch, settlement: &Settlement) -> Map<String, Value> {
    let prices = |prices: &[f64]| prices.iter().map(|price| ueur_per_kwh(*price)).collect::<Vec<_>>();
    let members: Vec<_> = settlement
        .members
        .iter()
        .zip(&found.members)
        .enumerate()
        .map(|(member, (account, schedule))| {
            json!({
                "member": community.member_name(member),
                "bought_wh": account.bought.0,
                "sold_wh": account.sold.0,
                "payment_neur": account.payment.0,
                "net_kw": schedule.net_kw,
                "pv_kw": schedule.pv_kw,
                "storages": schedule.storages,
                "price_ueur_per_kwh": prices(&schedule.price_eur_per_kwh),
            })
        })
        .collect();
    let document = json!({
        "cost_eur": found.cost_eur,
        "grid_cost_eur": found.grid_cost_eur,
        "degradation_eur": found.degradation_eur,
        "gap_eur": found.gap_eur,
        "grid_payment_neur": settlement.grid.0,
        "surplus_neur": settlement.surplus.0,
        "import_kw": found.import_kw,
        "export_kw": found.export_kw,
        "price_ueur_per_kwh": prices(&found.price_eur_per_kwh),
        "members": members,
    });
    let Value::Object(document) = document else { unreachable!("it is written as an object") };
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_community_costs_what_the_reference_found() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/schedules/community/community_of_3.json");
        let contents = std::fs::read(path).expect("the golden case is kept");
        let node: crate::clear::node::Node = serde_json::from_slice(&contents).expect("it is JSON");
        assert!((FORM.is)(&node));
        let named = read("community_of_3.json", &contents).expect("it is a community").remove(0);
        let solution = named.problem.solve("central-dispatch").expect("it is feasible");
        let cost = solution.document["cost_eur"].as_f64().expect("a number");
        assert!((cost - 5.093_659_113_573_406).abs() < 1e-6, "{cost}");
    }
}
