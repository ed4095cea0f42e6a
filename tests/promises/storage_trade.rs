//! Promises of storage in the market: all trades balance, and it does what was traded.

use crate::rig::{Outside, Run, martinique, plan, set, sweep};
use agents::SiteId;
use agents::record::{EventCode, Record, SettlementRow};
use market::{Energy, Money};
use scenarios::{Plan, Role};
use std::collections::BTreeSet;

const MARKET: &str = "ems.batteries={ rule = \"market\", wear_eur_per_mwh = 0 }";

fn lived(rules: &[&str], duration: &str, tick: &str) -> (Plan, Run) {
    let mut scenario = martinique(duration, tick, 12);
    // What batteries give at the DSO's request is not what they trade.
    set(&mut scenario, "dso.demand_response_above_mw=1e6");
    rules.iter().for_each(|rule| set(&mut scenario, rule));
    let plan = plan(&scenario);
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

fn settlements(run: &Run) -> impl Iterator<Item = &SettlementRow> {
    run.records().filter_map(|record| match record {
        Record::Settlement(row) => Some(row),
        _ => None,
    })
}

#[test]
fn with_batteries_in_the_market_all_trades_balance_and_no_order_is_refused() {
    let (_, run) = lived(&[MARKET], "7d", "15m");
    let traded = settlements(&run).fold(Money::ZERO, |sum, row| sum + row.bill.position.paid);
    let net = settlements(&run).fold(Energy(0), |sum, row| sum + row.bill.position.net());
    assert_eq!((traded, net), (Money::ZERO, Energy(0)));
    assert!(run.events(EventCode::OrderRefused).is_empty());
}

#[test]
fn a_battery_does_what_was_traded_for_its_site() {
    let (plan, run) = lived(&[MARKET], "7d", "15m");
    let of_batteries = plan.participants.iter().filter(|of| matches!(of.role, Role::Battery(..)));
    let sites: BTreeSet<SiteId> = of_batteries.filter_map(|battery| battery.site).collect();
    let (mut traded, mut missed) = (0, 0);
    for row in settlements(&run).filter(|row| sites.contains(&row.site)) {
        let metered = row.metered_import - row.metered_export;
        let position = row.bill.position.net();
        traded += position.0.abs();
        missed += (metered - position).0.abs();
    }
    assert!(traded > 500_000, "hardly anything was traded: {traded} Wh");
    assert!(missed * 10 < traded, "{missed} Wh of {traded} were not delivered");
}
