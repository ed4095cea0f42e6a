//! Invoices: what every site's slots come to over a local month, with standing charges, contracts and taxes.
//!
//! Only sums are kept. What the lines of slots come to is held against the sum of the bills of these slots, always.

use super::Account;
use super::contract::{Contract, Contracts, Meters};
use crate::core::Outbox;
use crate::id::SiteId;
use crate::mail::Message;
use crate::record::{InvoiceRow, Record};
use crate::time::{Calendar, Now, Slot, Span, Time};
use market::settlement::{
    Component, Direction, InvoiceSums, Period, SlotAccount, SlotBill, StandingCharge, Tax, Traded, bill_slot_into,
};
use market::{AgentId, Energy, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands on invoices besides the bills of slots, and until when there are invoices.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Charges {
    /// Taxes, each on its lines.
    pub taxes: Vec<Tax>,
    /// Charged to every site for each month, by day.
    pub standing_per_month: Money,
    /// When supply ends, and with it the month that is open then; none: it goes on.
    pub end: Option<Time>,
}

/// The invoices that are open.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Billing {
    charges: Charges,
    contracts: Contracts,
    /// The slots that the open month holds so far: beginning of the first, and the last.
    open: Option<(Time, Slot)>,
    /// By account.
    sums: Vec<InvoiceSums>,
    /// By account: the bills of its slots.
    settled: Vec<Money>,
}

impl Billing {
    pub(super) fn new(charges: Charges, contracts: Vec<Contract>) -> Self {
        Self { charges, contracts: Contracts::new(contracts), ..Self::default() }
    }

    /// Learns clearing prices that contracts refer to; `slot` is the length of a settlement slot.
    pub(super) fn hear(&mut self, message: &Message, slot: Span) {
        if let Message::Cleared { product, slot: delivery, price: Some(price) } = message {
            self.contracts.learn(*product, *delivery, *price, slot);
        }
    }

    /// Opens a slot: the month before is over if it lies in another one.
    pub(super) fn begin(&mut self, now: Now, slot: Slot, accounts: &[Account], out: &mut Outbox) {
        if self.open.is_some_and(|(_, last)| month(now.calendar, last.start) != month(now.calendar, slot.start)) {
            self.close(now, accounts, out);
        }
        let first = self.open.map_or(slot.start, |(first, _)| first);
        self.open = Some((first, slot));
        self.sums.resize(accounts.len(), InvoiceSums::default());
        self.settled.resize(accounts.len(), Money::ZERO);
    }

    /// Takes what was traded for the slot: in the market, or shared after the fact.
    pub(super) fn take_trades(&mut self, component: Component, positions: &BTreeMap<usize, Traded>) {
        for (account, traded) in positions {
            let Some(sums) = self.sums.get_mut(*account) else { continue };
            for (direction, quantity, amount) in
                [(Direction::Owed, traded.bought, traded.paid), (Direction::Due, traded.sold, -traded.received)]
            {
                if quantity != Energy::ZERO || amount != Money::ZERO {
                    sums.add(component, direction, quantity, amount);
                }
            }
        }
    }

    /// Whether there are contracts at all.
    pub(super) fn has_contracts(&self) -> bool {
        !self.contracts.is_empty()
    }

    /// Settles the contracts of the slot; what they deliver is among the positions then.
    pub(super) fn settle_contracts(&mut self, meters: &Meters<'_>, positions: &mut BTreeMap<usize, Traded>) {
        self.contracts.settle(meters, positions, &mut self.sums).expect(IN_BOUNDS);
    }

    /// The bill of an account for a slot, which is on its invoice from now on.
    pub(super) fn bill(&mut self, slot: Slot, account: &SlotAccount<'_>, traded: &Traded) -> SlotBill {
        let index = account.agent.0 as usize;
        let bill = bill_slot_into(slot.start, account, traded, &mut self.sums[index]).expect(IN_BOUNDS);
        self.settled[index] += bill.total;
        bill
    }

    /// Ends a slot: if supply ends with it, so does the month.
    pub(super) fn end(&mut self, now: Now, accounts: &[Account], out: &mut Outbox) {
        if self.charges.end == Some(now.time) {
            self.close(now, accounts, out);
        }
    }

    /// Makes the invoices of all accounts that have anything on them.
    ///
    /// # Panics
    /// If the lines of an invoice are not the bills of its slots: a defect.
    fn close(&mut self, now: Now, accounts: &[Account], out: &mut Outbox) {
        let Some((first, last)) = self.open.take() else { return };
        let (calendar, period) = (now.calendar, Period { from: first, until: last.end() });
        let before = first - last.length;
        let is_partial = [before, last.end()].map(|beyond| month(calendar, beyond)).contains(&month(calendar, first));
        let standing = StandingCharge::PerMonthByDay(self.charges.standing_per_month);
        let standing = standing.over(period, calendar).expect("a month is no century, and has slots");
        let account = |site| account_of(accounts, site);
        for (sums, settled) in self.sums.iter().zip(&self.settled) {
            let of_slots = sums.total() - sums.total_of(Component::Contract);
            assert_eq!(of_slots, *settled, "the lines of an invoice are the bills of its slots");
        }
        self.contracts.close(&account, &mut self.sums).expect(IN_BOUNDS);
        for (index, account) in accounts.iter().enumerate() {
            let (mut sums, settled) = (std::mem::take(&mut self.sums[index]), std::mem::take(&mut self.settled[index]));
            if standing != Money::ZERO {
                sums.add(Component::Standing, Direction::Owed, Energy::ZERO, standing);
            }
            let contracts = sums.total_of(Component::Contract);
            let invoice = sums.close(AgentId(index as u32), period, &self.charges.taxes).expect(IN_BOUNDS);
            let parts = settled + standing + contracts + invoice.tax;
            assert_eq!(invoice.total(), parts, "an invoice is bills, standing charges, contracts and taxes");
            if !invoice.lines.is_empty() {
                let month = month(calendar, first);
                let row = InvoiceRow { time: now.time, site: account.site, month, is_partial, invoice };
                out.record(Record::Invoice(Box::new(row)));
            }
        }
    }
}

const IN_BOUNDS: &str = "meters count up, and limits of orders, tariffs and taxes bound what is paid";

/// The account of a site; accounts are in the order of their sites.
pub(super) fn account_of(accounts: &[Account], site: SiteId) -> Option<usize> {
    accounts.binary_search_by_key(&site, |account| account.site).ok()
}

/// Year and month of the local day in which an instant falls.
fn month(calendar: Calendar, time: Time) -> (i64, u32) {
    let (year, month, _) = Calendar::civil(calendar.day(time));
    (year, month)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::{Core, MeterReading};
    use crate::draw::{Draws, lot};
    use crate::id::ParticipantId;
    use crate::mail::{Mail, RetailTariff};
    use crate::retailer::{ContractTerms, Party, Retailer, RetailerSense, Rule, Settling};
    use market::Price;
    use market::settlement::contract::CfdForm;
    use market::settlement::{GridFee, Imbalance, Levies, TaxedInvoice, Terms};

    const QUARTER: Span = Span::from_minutes(15);
    /// Local midnight of 30 March 2026 in Martinique: 04:00 UTC.
    const START: Time = Time(1_774_843_200_000);

    fn at(quarters: i64) -> Now {
        Now { time: START + QUARTER * quarters, calendar: Calendar { utc_offset: Span::from_s(-4 * 3600) } }
    }

    fn settling(charges: Charges, contracts: Vec<Contract>) -> Settling {
        let tariff = RetailTariff {
            peak: Price(270_000),
            off_peak: Price(207_000),
            off_peak_from: Span::HOUR * 22,
            off_peak_until: Span::HOUR * 6,
            feed_in: Price(100_000),
        };
        let alternatives = Vec::new();
        let terms = Terms::default();
        Settling { tariff, slot: QUARTER, terms, rule: Rule::Market, alternatives, charges, contracts }
    }

    fn accounts(count: u32) -> Vec<Account> {
        let account = |site| Account { site: SiteId(site), prosumer: Some(ParticipantId(10 + site)), ticket: 1 };
        (0..count).map(account).collect()
    }

    fn sense(registers: &[(i64, i64)]) -> RetailerSense {
        let meter = |&(imported, exported): &(i64, i64)| MeterReading {
            power_kw: 0.0,
            imported: Energy(imported),
            exported: Energy(exported),
        };
        RetailerSense { meters: registers.iter().map(meter).collect() }
    }

    fn invoices(out: &Outbox) -> Vec<&InvoiceRow> {
        let invoices = out.records.iter().filter_map(|record| match record {
            Record::Invoice(row) => Some(row.as_ref()),
            _ => None,
        });
        invoices.collect()
    }

    fn vat() -> Tax {
        let components = [Component::Retail, Component::Standing].into();
        Tax { rate_bp: 850, components, unit: Money(10_000_000) }
    }

    /// Four days of 250 Wh per quarter hour taken, from the 30th of March on.
    fn four_days(end: Option<Time>) -> Outbox {
        let charges = Charges { taxes: vec![vat()], standing_per_month: Money(31_000_000_000), end };
        let mut retailer = Retailer::new(settling(charges, Vec::new()), accounts(1));
        let mut out = Outbox::of(ParticipantId(1));
        for quarter in 0..=4 * 96 {
            retailer.step(at(quarter), &sense(&[(250 * quarter, 0)]), &[], &mut out);
        }
        out
    }

    #[test]
    fn an_invoice_ends_with_the_local_month_and_bears_its_days_and_its_tax() {
        let out = four_days(None);
        let [row] = invoices(&out)[..] else { panic!("one month is over") };
        assert_eq!((row.month, row.is_partial), ((2026, 3), true), "the run began on the 30th");
        assert_eq!(row.invoice.period, Period { from: START, until: START + Span::DAY * 2 });
        assert_eq!(row.time, at(2 * 96 + 1).time, "told with the first slot of April");
        // Two days: 8 h off-peak and 16 h peak, at 1 kWh an hour: 2 × (8 × 0.207 + 16 × 0.27) = 11.952 EUR; 31 EUR × 2/31.
        // 8.5 % of 11.952 are 1.01592, of 2 are 0.17.
        let lines: Vec<_> = row.invoice.lines.iter().map(|of| (of.line.amount.0, of.tax.0)).collect();
        assert_eq!(lines, [(11_952_000_000, 1_020_000_000), (2_000_000_000, 170_000_000)]);
        assert_eq!(row.invoice.total(), Money(15_142_000_000));
    }

    #[test]
    fn what_is_open_when_supply_ends_is_a_partial_invoice() {
        let out = four_days(Some(at(4 * 96).time));
        let [march, april] = invoices(&out)[..] else { panic!("a month, and what is open") };
        assert_eq!((april.month, april.is_partial, april.time), ((2026, 4), true, at(4 * 96).time));
        assert_eq!(april.invoice.period.from, march.invoice.period.until);
        // 31 EUR × 2/30, by days rounded down to n€.
        let standing = april.invoice.lines.last().expect("a standing charge").line;
        assert_eq!((standing.component, standing.amount), (Component::Standing, Money(2_066_666_666)));
    }

    #[test]
    fn a_whole_month_is_not_partial_and_pays_its_charge_exactly() {
        let charges = Charges { standing_per_month: Money(1_000_000_007), ..Charges::default() };
        let mut retailer = Retailer::new(settling(charges, Vec::new()), accounts(1));
        let mut out = Outbox::of(ParticipantId(1));
        for quarter in 0..=(2 + 30) * 96 + 1 {
            retailer.step(at(quarter), &sense(&[(quarter, 0)]), &[], &mut out);
        }
        let [_, april] = invoices(&out)[..] else { panic!("two months are over") };
        assert_eq!((april.month, april.is_partial), ((2026, 4), false));
        assert_eq!(april.invoice.lines.last().map(|of| of.line.amount), Some(Money(1_000_000_007)));
    }

    #[test]
    fn a_retailer_that_is_saved_and_restored_makes_the_same_invoices() {
        let charges = Charges { taxes: vec![vat()], standing_per_month: Money(7), end: Some(at(300).time) };
        let contract = Contract {
            buyer: Party::Retailer,
            seller: Party::Site(SiteId(0)),
            from: None,
            until: None,
            reference: None,
            terms: ContractTerms::FeedInTariff { tariff: Price(1000) },
        };
        let mut retailer = Retailer::new(settling(charges, vec![contract]), accounts(1));
        let (mut out, mut restored_out) = (Outbox::of(ParticipantId(1)), Outbox::of(ParticipantId(1)));
        let mut restored = retailer.clone();
        for quarter in 0..=300 {
            let sense = sense(&[(3 * quarter, 2 * quarter)]);
            retailer.step(at(quarter), &sense, &[], &mut out);
            restored.step(at(quarter), &sense, &[], &mut restored_out);
            if quarter % 50 == 0 {
                let json = serde_json::to_string(&restored).expect("a core serialises");
                restored = serde_json::from_str(&json).expect("and comes back");
            }
        }
        assert_eq!((invoices(&out).len(), invoices(&out)), (2, invoices(&restored_out)));
        let mut old = serde_json::to_value(&retailer).expect("a core serialises");
        old.as_object_mut().expect("an object").remove("billing").expect("it is there");
        serde_json::from_value::<Retailer>(old).expect("a snapshot from before invoices comes back");
    }

    /// The invoices of a run by chance, and by how much its settlements, site by site, differ from them.
    fn by_chance(seed: u64) -> (Vec<TaxedInvoice>, Vec<Money>) {
        let ticket = Draws::new(seed, "retailer", "invoices").ticket();
        let mut index = 0;
        let mut draw = |most: i64| {
            index += 1;
            (lot(ticket, index) % most as u64) as i64
        };
        const SITES: usize = 4;
        let site = |site| Party::Site(SiteId(site));
        let contract = |buyer, seller, terms| {
            let reference = Some(market::product::ProductId(0));
            Contract { buyer, seller, from: None, until: None, reference, terms }
        };
        let strike = Price(draw(300_000));
        let contracts = vec![
            contract(site(0), site(1), ContractTerms::FixedQuantity { quantity: Energy(draw(500)), strike }),
            contract(site(2), site(3), ContractTerms::Differences { form: CfdForm::TwoWay, quantity: None, strike }),
            contract(site(3), site(0), ContractTerms::Swing { minimum: Energy(50), maximum: Energy(300), strike }),
        ];
        let components = [Component::Energy, Component::Retail, Component::Contract, Component::Levy].into();
        let tax = Tax { rate_bp: draw(3000) as u32, components, unit: Money(1 + i128::from(draw(1000))) };
        let charges = Charges { taxes: vec![tax], standing_per_month: Money(1_234_567), end: Some(at(300).time) };
        let mut settling = settling(charges, contracts);
        settling.terms.imbalance = Imbalance::DualPrice { shortage: Price(320_000), surplus: Price(-5_000) };
        settling.terms.levies = Levies { import: Price(20_000), export: Price(1_000) };
        settling.terms.grid_fee = GridFee::Percentage { import_bp: 777, export_bp: 33 };
        let mut retailer = Retailer::new(settling, accounts(SITES as u32));
        let (mut out, mut registers) = (Outbox::of(ParticipantId(1)), [(0, 0); SITES]);
        for quarter in 0..=300 {
            for register in &mut registers {
                *register = (register.0 + draw(1000), register.1 + draw(1000));
            }
            let slot = Slot { start: at(quarter).time, length: QUARTER };
            let [buyer, seller] = [draw(SITES as i64), draw(SITES as i64)].map(|site| ParticipantId(10 + site as u32));
            let (energy, price) = (Energy(draw(400)), Price(draw(400_000) - 100_000));
            let legs = [
                (buyer, Traded { bought: energy, paid: energy * price, ..Traded::default() }),
                (seller, Traded { sold: energy, received: energy * price, ..Traded::default() }),
            ];
            let mut messages = legs.map(|(prosumer, traded)| Message::Traded { slot, prosumer, traded }).to_vec();
            messages.push(Message::Cleared { product: market::product::ProductId(0), slot, price: Some(price) });
            let mail = |message| Mail { to: ParticipantId(1), from: ParticipantId(2), message };
            let inbox: Vec<Mail> = messages.into_iter().map(mail).collect();
            retailer.step(at(quarter), &sense(&registers), &inbox, &mut out);
        }
        let mut settled = vec![Money::ZERO; SITES];
        for record in &out.records {
            if let Record::Settlement(row) = record {
                settled[row.site.index()] += row.bill.total;
            }
        }
        for row in invoices(&out) {
            settled[row.site.index()] -= row.invoice.total();
        }
        (invoices(&out).into_iter().map(|row| row.invoice.clone()).collect(), settled)
    }

    #[test]
    fn invoices_are_settlements_and_what_comes_on_top_to_the_last_unit() {
        for seed in 0..40 {
            let (invoices, mut left) = by_chance(seed);
            assert_eq!(invoices.len(), 8, "seed {seed}: four sites, two months");
            let mut contracts = Money::ZERO;
            for (index, invoice) in invoices.iter().enumerate() {
                for of in &invoice.lines {
                    let on_top = matches!(of.line.component, Component::Standing | Component::Contract);
                    left[index % 4] += of.tax + if on_top { of.line.amount } else { Money::ZERO };
                    contracts += if of.line.component == Component::Contract { of.line.amount } else { Money::ZERO };
                }
            }
            assert_eq!(left, [Money::ZERO; 4], "seed {seed}");
            assert_eq!(contracts, Money::ZERO, "seed {seed}: what one site pays another receives");
        }
    }
}
