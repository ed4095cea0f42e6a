//! Promises of storage in the market: it pays, it does what was traded, and ticks of any length agree.

use crate::rig::{Outside, Run, martinique, plan, set, sweep};
use agents::record::{EventCode, Record, SettlementRow};
use agents::{Kind, ParticipantId, SiteId};
use market::{Energy, Money};
use scenarios::{Plan, Role};
use std::collections::BTreeSet;

const MARKET: &str = "ems.batteries={ rule = \"market\", wear_eur_per_mwh = 0 }";
/// Prices at which nobody ever acts.
const IDLE: &str = "ems.batteries={ rule = \"price-threshold\", charge_below_eur_per_mwh = -1e5, \
                    discharge_above_eur_per_mwh = 1e5 }";

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

fn batteries(plan: &Plan) -> BTreeSet<ParticipantId> {
    let all = plan.participants.iter().enumerate();
    all.filter(|(_, of)| of.role.kind() == Kind::Battery).map(|(index, _)| ParticipantId(index as u32)).collect()
}

/// What all batteries hold after the last interval.
fn stored_kwh(plan: &Plan, run: &Run) -> f64 {
    let batteries = batteries(plan);
    let last = &run.rows.last().unwrap().assets;
    last.iter().filter(|reading| batteries.contains(&reading.asset)).filter_map(|reading| reading.energy_kwh).sum()
}

fn cost(run: &Run) -> Money {
    settlements(run).map(|row| row.bill.total).fold(Money::ZERO, |sum, total| sum + total)
}

#[test]
fn batteries_in_the_market_pay_for_themselves_and_all_trades_balance() {
    let ((idle_plan, idle), (plan, run)) = (lived(&[IDLE], "7d", "15m"), lived(&[MARKET], "7d", "15m"));
    let missing_kwh = stored_kwh(&idle_plan, &idle) - stored_kwh(&plan, &run);
    let (before, after) = (cost(&idle).as_eur(), cost(&run).as_eur());
    // What was sold out of the first filling is not earned: it is counted at the dearest price there is.
    let earned = before - after - 0.27 * missing_kwh.max(0.0);
    assert!(earned > 0.0, "{before:.2} EUR idle, {after:.2} in the market, {missing_kwh:.0} kWh less in store");
    let traded = settlements(&run).fold(Money::ZERO, |sum, row| sum + row.bill.traded);
    let net = settlements(&run).fold(Energy(0), |sum, row| sum + row.bought - row.sold);
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
        let position = row.bought - row.sold;
        traded += position.0.abs();
        missed += (metered - position).0.abs();
    }
    assert!(traded > 1_000_000, "hardly anything was traded: {traded} Wh");
    assert!(missed * 10 < traded, "{missed} Wh of {traded} were not delivered");
}

#[test]
fn what_is_traded_does_not_depend_on_the_length_of_ticks() {
    let vehicles = "ems.vehicles=market";
    let trades = |tick| -> Vec<_> {
        let (_, run) = lived(&[MARKET, vehicles], "1d", tick);
        settlements(&run).map(|row| (row.slot, row.site, row.bought, row.sold, row.bill.total)).collect()
    };
    let (coarse, fine) = (trades("15m"), trades("5m"));
    let apart = coarse.iter().zip(&fine).find(|(one, other)| one != other);
    assert!(coarse.len() == fine.len() && apart.is_none(), "{apart:?}");
}
