//! Promises of the markets: whatever is traded, by whatever rule, energy and money add up, and comparisons compare.

use crate::rig::{Outside, Run, bazaar, martinique, plan, set, sweep};
use agents::record::{AlternativeRow, ClearingRow, Record, SettlementRow, TradeRow};
use agents::{ParticipantId, SiteId, Slot, Span};
use market::product::ProductId;
use market::{Energy, Money};
use scenarios::{Plan, Role};
use std::collections::BTreeMap;

fn of<'r, T>(run: &'r Run, pick: impl Fn(&'r Record) -> Option<T> + 'r) -> impl Iterator<Item = T> + 'r {
    run.records().filter_map(pick)
}

fn trades(run: &Run) -> impl Iterator<Item = &TradeRow> {
    of(run, |record| if let Record::Trade(row) = record { Some(row) } else { None })
}

fn settlements(run: &Run) -> impl Iterator<Item = &SettlementRow> {
    of(run, |record| if let Record::Settlement(row) = record { Some(row) } else { None })
}

fn clearings(run: &Run) -> impl Iterator<Item = &ClearingRow> {
    of(run, |record| if let Record::Clearing(row) = record { Some(row) } else { None })
}

fn alternatives(run: &Run) -> impl Iterator<Item = &AlternativeRow> {
    of(run, |record| if let Record::Alternative(row) = record { Some(row.as_ref()) } else { None })
}

fn site_of(plan: &Plan, prosumer: ParticipantId) -> SiteId {
    match plan.participants[prosumer.index()].role {
        Role::Prosumer(_, site) => site,
        ref other => panic!("{:?} trades", other.kind()),
    }
}

/// The week holds a gate of every product: it begins on a Friday, whose noon is the gate of the week ahead.
fn fair() -> (Plan, Run) {
    let plan = plan(&bazaar("5d", "15m", 3));
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

#[test]
fn every_product_trades_and_what_is_traded_is_settled_slot_by_slot() {
    let (plan, run) = fair();
    let mut by_product: BTreeMap<ProductId, usize> = BTreeMap::new();
    let mut traded: BTreeMap<(Slot, SiteId), (Energy, Energy, Money)> = BTreeMap::new();
    for trade in trades(&run) {
        *by_product.entry(trade.product).or_default() += 1;
        let slots = trade.slot.length.0 / plan.slot.0;
        assert_eq!(trade.energy.0 % slots, 0, "equal energy in each slot: {trade:?}");
        let energy = Energy(trade.energy.0 / slots);
        for index in 0..slots {
            let slot = Slot { start: trade.slot.start + plan.slot * index, length: plan.slot };
            let buyer = traded.entry((slot, site_of(&plan, trade.buyer))).or_default();
            (buyer.0, buyer.2) = (buyer.0 + energy, buyer.2 + energy * trade.price);
            let seller = traded.entry((slot, site_of(&plan, trade.seller))).or_default();
            (seller.1, seller.2) = (seller.1 + energy, seller.2 - energy * trade.price);
        }
    }
    let names: Vec<_> = plan.venues.iter().map(|venue| venue.product.name.as_str()).collect();
    assert_eq!(names, ["spot", "base", "day-ahead", "intraday"]);
    assert!(names.len() == by_product.len(), "a product without any trade: {by_product:?}");
    for row in settlements(&run) {
        let (bought, sold, paid) = traded.remove(&(row.slot, row.site)).unwrap_or_default();
        let position = row.bill.position;
        assert_eq!((position.bought, position.sold, position.paid), (bought, sold, paid), "{row:?}");
        let bill = &row.bill;
        assert_eq!(bill.total, paid + bill.retail + bill.balancing + bill.grid_fee + bill.levy, "{row:?}");
        let net = |taken: Energy, given: Energy| taken - given;
        let supplied = net(bill.retail_import + bill.shortage, bill.retail_export + bill.surplus);
        assert_eq!(net(row.metered_import, row.metered_export), net(bought, sold) + supplied, "{row:?}");
    }
    let left: Vec<_> = traded.keys().filter(|(slot, _)| slot.end() <= plan.end).collect();
    assert!(left.is_empty(), "traded and never settled: {left:?}");
}

#[test]
fn clearings_add_up_what_was_traded_and_every_contract_is_cleared_once_a_gate() {
    let (plan, run) = fair();
    let mut sums: BTreeMap<(ProductId, Slot), (Energy, Money)> = BTreeMap::new();
    for trade in trades(&run) {
        let sum = sums.entry((trade.product, trade.slot)).or_default();
        (sum.0, sum.1) = (sum.0 + trade.energy, sum.1 + trade.energy * trade.price);
    }
    let mut count: BTreeMap<ProductId, usize> = BTreeMap::new();
    for row in clearings(&run) {
        let (volume, value) = sums.remove(&(row.product, row.slot)).unwrap_or_default();
        assert_eq!((row.volume, row.value), (volume, value), "{row:?}");
        assert!(row.welfare >= Money::ZERO && row.volume <= row.demand.min(row.supply), "{row:?}");
        *count.entry(row.product).or_default() += 1;
    }
    // Contracts of continuous trading whose gate is after the end of the run.
    assert!(sums.keys().all(|(product, slot)| product.0 == 3 && slot.start > plan.end), "{sums:?}");
    // Five days of quarter hours, one gate of seven days, five noons of 96 quarter hours, five days of quarter hours.
    let expected = [(0, 480), (1, 7), (2, 480), (3, 480)];
    for (product, least) in expected {
        let found = count[&ProductId(product)];
        assert!(
            (least..=least + 1).contains(&found),
            "{found} clearings of {}",
            plan.venues[product as usize].product.name
        );
    }
}

#[test]
fn what_is_compared_is_compared_on_the_same_meters_and_the_settlement_is_one_of_it() {
    let (plan, run) = fair();
    let mut settled: BTreeMap<Slot, BTreeMap<SiteId, (Money, Money)>> = BTreeMap::new();
    for row in settlements(&run).filter(|row| row.trades) {
        settled.entry(row.slot).or_default().insert(row.site, (row.bill.total, row.alone));
    }
    assert_eq!(plan.alternatives[..3], ["settled", "uniform-mid-truncated", "retailer-only"]);
    let mut differs = vec![false; plan.alternatives.len()];
    let mut meters: BTreeMap<Slot, (Energy, Energy)> = BTreeMap::new();
    for row in alternatives(&run) {
        assert_eq!(*meters.entry(row.slot).or_insert((row.import, row.export)), (row.import, row.export));
        assert!(Energy::ZERO <= row.local && row.local <= row.import.min(row.export), "{row:?}");
        for (site, bill) in &row.bills {
            let (total, alone) = settled.get(&row.slot).and_then(|of| of.get(site)).copied().unwrap_or_default();
            match row.alternative.0 {
                0 => assert_eq!(*bill, total, "{row:?}"),
                2 => assert_eq!(*bill, alone, "{row:?}"),
                other => differs[usize::from(other)] |= *bill != total,
            }
        }
        assert_eq!(
            row.worth.welfare.is_some_and(|welfare| welfare > Money::ZERO),
            row.worth.volume > Energy::ZERO && row.alternative.0 < 2
        );
    }
    assert_eq!(differs, [false, true, false, true, true], "alternatives that make no difference compare nothing");
}

/// A day in which the community shares its energy after the fact.
fn sharing(form: &str) -> (Plan, Run) {
    let mut scenario = martinique("2d", "15m", 4);
    for assignment in
        ["market.mechanism=none", &format!("community.sharing={form}"), "market.compare=[\"retailer-only\"]"]
    {
        set(&mut scenario, assignment);
    }
    let plan = plan(&scenario);
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

#[test]
fn energy_shared_after_the_fact_is_paid_by_one_member_to_another() {
    for form in ["by-consumption", "equal"] {
        let (_, run) = sharing(form);
        let mut shared: BTreeMap<Slot, (Energy, Energy, Money)> = BTreeMap::new();
        for row in settlements(&run) {
            let sum = shared.entry(row.slot).or_default();
            let position = row.bill.position;
            *sum = (sum.0 + position.bought, sum.1 + position.sold, sum.2 + position.paid);
            assert!(position.bought <= row.metered_import && position.sold <= row.metered_export, "{form}: {row:?}");
            assert!(row.trades || (position.bought, position.sold) == (Energy::ZERO, Energy::ZERO), "{form}: {row:?}");
        }
        assert!(shared.values().all(|(bought, sold, paid)| bought == sold && *paid == Money::ZERO), "{form}");
        assert!(shared.values().any(|(bought, ..)| *bought > Energy::ZERO), "{form}: nothing was ever shared");
        assert_eq!(trades(&run).count() + clearings(&run).count(), 0, "{form}: nobody trades");
    }
}

#[test]
fn under_an_ex_post_price_the_members_together_pay_what_the_retailer_gets() {
    let (_, run) = sharing("ex-post-price");
    let euro = market::Price::from_eur_per_mwh;
    let mut sums: BTreeMap<Slot, (Energy, Energy, Money)> = BTreeMap::new();
    for row in settlements(&run).filter(|row| row.trades) {
        let sum = sums.entry(row.slot).or_default();
        *sum = (sum.0 + row.metered_import, sum.1 + row.metered_export, sum.2 + row.bill.total);
    }
    for (slot, (import, export, paid)) in sums {
        let hour = (slot.start + Span::from_minutes(-240)).0.rem_euclid(Span::DAY.0) / Span::HOUR.0;
        let retail = euro(if (6..22).contains(&hour) { 270.0 } else { 207.0 });
        let local = import.min(export);
        assert_eq!(paid, (import - local) * retail - (export - local) * euro(100.0), "slot of {}", slot.start);
    }
}

#[test]
fn ticks_of_any_length_trade_the_same_day_ahead() {
    let traded = |tick: &str| {
        let mut scenario = martinique("2d", tick, 5);
        set(&mut scenario, "market.mechanism=none");
        set(&mut scenario, "product.day-ahead.mechanism=uniform-mid-truncated");
        let run = sweep(&plan(&scenario), Outside::Nothing);
        let volume: Energy = clearings(&run).map(|row| row.volume).sum();
        (clearings(&run).count(), volume.as_kwh())
    };
    let (count, volume_kwh) = traded("15m");
    let (same, nearly_kwh) = traded("60s");
    assert_eq!((count, same), (2 * 96, 2 * 96));
    assert!(volume_kwh > 10.0 && (volume_kwh - nearly_kwh).abs() < 0.1 * volume_kwh, "{volume_kwh} {nearly_kwh}");
}
