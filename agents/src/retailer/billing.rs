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
