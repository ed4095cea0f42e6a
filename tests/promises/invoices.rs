//! Promises of invoices: they are what was settled, with charges, contracts and taxes, whenever the run is cut.

use crate::rig::{Outside, Run, martinique, plan, set, sweep};
use agents::record::{InvoiceRow, Record, SettlementRow};
use agents::{SiteId, Time};
use market::Money;
use market::settlement::Component;
use scenarios::Plan;
use std::collections::BTreeMap;

/// Two days of March and two of April, with contracts of two forms.
fn run() -> (Plan, Run) {
    let mut scenario = martinique("4d", "15m", 5);
    for assignment in [
        "run.start=\"2026-03-30\"",
        "settlement.tax_percent=8.5",
        "settlement.standing_charge_eur_per_month=12.5",
        "settlement.levy_import_eur_per_mwh=20",
        "contract.ppa={ kind = \"swing\", buyer = \"evse_01\", seller = \"pv_01\", strike_eur_per_mwh = 160.0, maximum_kw = 2.0 }",
        "contract.cfd={ kind = \"two-way-cfd\", buyer = \"bat_01\", seller = \"pv_02\", strike_eur_per_mwh = 170.0 }",
    ] {
        set(&mut scenario, assignment);
    }
    let plan = plan(&scenario);
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

fn invoices(run: &Run) -> impl Iterator<Item = &InvoiceRow> {
    run.records().filter_map(|record| if let Record::Invoice(row) = record { Some(row.as_ref()) } else { None })
}

fn settlements(run: &Run) -> impl Iterator<Item = &SettlementRow> {
    run.records().filter_map(|record| if let Record::Settlement(row) = record { Some(row) } else { None })
}

#[test]
fn every_invoice_is_the_settlements_of_its_slots_with_charges_contracts_and_taxes() {
    let (plan, run) = run();
    let mut settled: BTreeMap<(Time, SiteId), Money> = BTreeMap::new();
    let midnight = plan.calendar.midnight(plan.calendar.day(plan.start) + 2);
    for row in settlements(&run) {
        let from = if row.slot.start < midnight { plan.start } else { midnight };
        *settled.entry((from, row.site)).or_default() += row.bill.total;
    }
    let (mut contracts, mut moved, mut taxes) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for row in invoices(&run) {
        let period = row.invoice.period;
        assert!(row.is_partial && (period.from, period.until) != (plan.start, plan.end), "{period:?}");
        let bills = settled.remove(&(period.from, row.site)).unwrap_or_default();
        let of = |component| -> Money {
            let lines = row.invoice.lines.iter().filter(|of| of.line.component == component);
            lines.map(|of| of.line.amount).sum()
        };
        let on_top = of(Component::Standing) + of(Component::Contract);
        assert_eq!(row.invoice.total(), bills + on_top + row.invoice.tax, "{row:?}");
        // 12.50 EUR × 2/31 and 2/30, in whole nano-euros.
        let standing = if period.from == plan.start { 806_451_613 } else { 833_333_333 };
        assert_eq!(of(Component::Standing), Money(standing));
        contracts += of(Component::Contract);
        moved += of(Component::Contract).max(Money::ZERO);
        taxes += row.invoice.tax;
    }
    assert!(settled.is_empty(), "settled and never invoiced: {settled:?}");
    assert_eq!(contracts, Money::ZERO, "what one site pays under a contract another receives");
    assert!(moved > Money::ZERO && taxes > Money::ZERO, "{moved} under contracts, {taxes} in taxes");
    assert_eq!(invoices(&run).count(), 2 * plan.sites.len(), "every site has two months");
}
