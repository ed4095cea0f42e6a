//! Promises of money: what one pays another receives, and every bill rests on a meter and on trades.

use crate::rig::{Interval, Outside, Run, busy, martinique, plan, sweep};
use agents::record::{ClearingRow, OrderRow, Record, SettlementRow, TradeRow};
use agents::{ParticipantId, SiteId, Slot};
use market::{Bill, Energy, Money, OrderId, Position, Side, Tariff, settle};
use scenarios::{Plan, Role};
use std::collections::BTreeMap;

fn runs() -> Vec<(Plan, Run)> {
    let scenarios = [martinique("7d", "15m", 12), busy("7d", "15m", 12), busy("12h", "60s", 12)];
    let run = |scenario| {
        let plan = plan(scenario);
        let run = sweep(&plan, Outside::Nothing);
        (plan, run)
    };
    scenarios.iter().map(run).collect()
}

fn trades(run: &Run) -> impl Iterator<Item = &TradeRow> {
    run.records().filter_map(|record| match record {
        Record::Trade(row) => Some(row),
        _ => None,
    })
}

fn settlements(run: &Run) -> Vec<&SettlementRow> {
    let rows = run.records().filter_map(|record| match record {
        Record::Settlement(row) => Some(row),
        _ => None,
    });
    rows.collect()
}

fn site_of_prosumer(plan: &Plan) -> BTreeMap<ParticipantId, SiteId> {
    let site = |(index, participant): (usize, &scenarios::PlannedParticipant)| match participant.role {
        Role::Prosumer(_, site) => Some((ParticipantId(index as u32), site)),
        _ => None,
    };
    plan.participants.iter().enumerate().filter_map(site).collect()
}

/// What each site bought, sold and paid in each slot, counted from the trades.
fn positions(plan: &Plan, run: &Run) -> BTreeMap<(Slot, SiteId), Position> {
    let site_of = site_of_prosumer(plan);
    let mut positions: BTreeMap<(Slot, SiteId), Position> = BTreeMap::new();
    for trade in trades(run) {
        let payment = trade.energy * trade.price;
        let buyer = positions.entry((trade.slot, site_of[&trade.buyer])).or_default();
        buyer.bought += trade.energy;
        buyer.paid += payment;
        let seller = positions.entry((trade.slot, site_of[&trade.seller])).or_default();
        seller.sold += trade.energy;
        seller.paid -= payment;
    }
    positions
}

#[test]
fn in_every_slot_what_buyers_pay_for_trades_sellers_receive() {
    for (_, run) in runs() {
        let mut traded: BTreeMap<Slot, Money> = BTreeMap::new();
        let mut moved = Money::ZERO;
        for row in settlements(&run) {
            *traded.entry(row.slot).or_default() += row.bill.position.paid;
            moved += row.bill.position.paid.max(Money::ZERO);
        }
        for (slot, sum) in &traded {
            assert_eq!(*sum, Money::ZERO, "slot of {}", slot.start);
        }
        assert!(moved > Money::ZERO && traded.len() > 20, "hardly any trade: {moved} in {} slots", traded.len());
    }
}

#[test]
fn every_site_is_billed_for_just_what_it_traded() {
    for (plan, run) in runs() {
        let mut positions = positions(&plan, &run);
        let rows = settlements(&run);
        let last = rows.iter().map(|row| row.slot).max().unwrap();
        for row in rows {
            let position = positions.remove(&(row.slot, row.site)).unwrap_or_default();
            assert_eq!(
                row.bill.position,
                position,
                "{} in the slot of {}",
                plan.sites[row.site.index()].name,
                row.slot.start
            );
        }
        let unbilled: Vec<_> = positions.keys().filter(|(slot, _)| *slot <= last).collect();
        assert!(unbilled.is_empty(), "traded and never billed: {unbilled:?}");
        assert!(last.end() == plan.end, "settled up to {}", last.end());
    }
}

/// Readings of a site's registers at the ends of the slots, from its rows.
fn metered(plan: &Plan, rows: &[Interval], row: &SettlementRow) -> (f64, f64, usize) {
    let first = ((row.slot.start - plan.start).0 / plan.tick.0) as usize;
    let intervals = (row.slot.length.0 / plan.tick.0) as usize;
    let (mut import_kwh, mut export_kwh) = (0.0, 0.0);
    for interval in &rows[first..first + intervals] {
        let reading = &interval.sites[row.site.index()];
        assert_eq!(reading.site, row.site);
        import_kwh += reading.import_kwh;
        export_kwh += reading.export_kwh;
    }
    (import_kwh, export_kwh, intervals)
}

#[test]
fn every_bill_rests_on_what_the_meter_counted() {
    for (plan, run) in runs() {
        let mut totals: BTreeMap<SiteId, [Energy; 2]> = BTreeMap::new();
        for row in settlements(&run) {
            let (import_kwh, export_kwh, intervals) = metered(&plan, &run.rows, row);
            // Differences of rounded registers against sums of rounded rows.
            let tolerance_kwh = 0.5e-3 * (2.0 + intervals as f64) + 1e-9;
            assert!((row.metered_import.as_kwh() - import_kwh).abs() <= tolerance_kwh, "{row:?}: {import_kwh}");
            assert!((row.metered_export.as_kwh() - export_kwh).abs() <= tolerance_kwh, "{row:?}: {export_kwh}");
            let total = totals.entry(row.site).or_default();
            total[0] += row.metered_import;
            total[1] += row.metered_export;
        }
        // Over the run nothing is rounded away: the bills' registers join without a gap.
        for (index, site) in plan.sites.iter().enumerate() {
            let [import, export] = totals.get(&SiteId(index as u32)).copied().unwrap_or_default();
            let rows = run.rows.iter().map(|rows| rows.sites[index]);
            let (sum_import, sum_export) =
                rows.fold((0.0, 0.0), |(import, export), row| (import + row.import_kwh, export + row.export_kwh));
            // A row is rounded to the watt-hour; where power is constant, in standby, always to the same side.
            let tolerance_kwh = 0.5e-3 * (1.0 + run.rows.len() as f64);
            assert!((import.as_kwh() - sum_import).abs() <= tolerance_kwh, "{}: {import} {sum_import}", site.name);
            assert!((export.as_kwh() - sum_export).abs() <= tolerance_kwh, "{}: {export} {sum_export}", site.name);
        }
    }
}

#[test]
fn every_bill_can_be_recomputed_from_its_own_row_and_the_tariff() {
    for (plan, run) in runs() {
        // The default tariff: 207 EUR/MWh from 22 h to 6 h, 270 otherwise, 100 for exports.
        let euro = market::Price::from_eur_per_mwh;
        for row in settlements(&run) {
            let hour = plan.calendar.time_of_day(row.slot.start).hours();
            let import = euro(if (6.0..22.0).contains(&hour) { 270.0 } else { 207.0 });
            let tariff = Tariff { import, export: euro(100.0) };
            let bill = settle(row.metered_import, row.metered_export, &row.bill.position, &tariff);
            let Bill { residual_import, residual_export, residual, total, .. } = bill;
            let billed = (row.bill.retail_import, row.bill.retail_export, row.bill.retail, row.bill.total);
            assert_eq!(billed, (residual_import, residual_export, residual, total), "{row:?}");
            assert_eq!(total, row.bill.position.paid + row.bill.retail);
            let alone = settle(row.metered_import, row.metered_export, &Position::default(), &tariff);
            assert_eq!(row.alone, alone.total, "{row:?}");
        }
    }
}

#[derive(Default)]
struct Auction<'a> {
    orders: BTreeMap<OrderId, &'a OrderRow>,
    trades: Vec<&'a TradeRow>,
    clearing: Option<&'a ClearingRow>,
}

fn auctions(run: &Run) -> BTreeMap<Slot, Auction<'_>> {
    let mut auctions: BTreeMap<Slot, Auction<'_>> = BTreeMap::new();
    for record in run.records() {
        match record {
            Record::Order(row) => {
                let twin = auctions.entry(row.slot).or_default().orders.insert(row.order, row);
                assert!(twin.is_none(), "order numbers are unique within a slot: {row:?}");
            }
            Record::Trade(row) => auctions.entry(row.slot).or_default().trades.push(row),
            Record::Clearing(row) => {
                let twin = auctions.entry(row.slot).or_default().clearing.replace(row);
                assert!(twin.is_none(), "a slot is cleared once: {row:?}");
            }
            _ => {}
        }
    }
    auctions
}

#[test]
fn orders_trades_and_clearings_of_a_slot_agree() {
    for (_, run) in runs() {
        for (slot, Auction { orders, trades, clearing }) in auctions(&run) {
            let what = format!("slot of {}", slot.start);
            let clearing = clearing.unwrap_or_else(|| panic!("{what}: orders, but no clearing"));
            let sum = |side, of: fn(&OrderRow) -> Energy| -> Energy {
                orders.values().filter(|order| order.side == side).map(|order| of(order)).sum()
            };
            let volume: Energy = trades.iter().map(|trade| trade.energy).sum();
            assert_eq!(clearing.volume, volume, "{what}");
            assert_eq!((sum(Side::Bid, |o| o.filled), sum(Side::Offer, |o| o.filled)), (volume, volume), "{what}");
            let (demand, supply) = (sum(Side::Bid, |o| o.energy), sum(Side::Offer, |o| o.energy));
            assert_eq!((clearing.demand, clearing.supply), (demand, supply), "{what}");
            for order in orders.values() {
                assert!(Energy::ZERO <= order.filled && order.filled <= order.energy, "{what}: {order:?}");
                assert!(order.time <= slot.start, "{what}: taken after the gate: {order:?}");
                if let Some(price) = clearing.price.filter(|_| order.filled > Energy::ZERO) {
                    let is_kept = if order.side == Side::Bid { price <= order.limit } else { price >= order.limit };
                    assert!(is_kept, "{what}: filled beyond its limit: {order:?} at {price}");
                }
            }
        }
    }
}
