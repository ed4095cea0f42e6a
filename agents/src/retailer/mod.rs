//! A retailer: publishes its tariff, and settles each site's metered energy against what it traded.
//!
//! Where a community shares its energy after the fact, it does so before it settles. And it tells what everybody would have
//! paid under other rules, for the same meters and the same orders. Once a month it makes invoices.

mod billing;
mod comparison;
mod contract;
mod delivery;
mod rule;

pub use billing::Charges;
pub use comparison::{Alternative, AlternativeId, Cleared, Worth};
pub use contract::{Contract, ContractTerms, Party};
pub use delivery::ContractWorth;
pub use rule::Rule;

use crate::core::{Core, MeterReading, Outbox, Wake};
use crate::id::{Kind, ParticipantId, SiteId};
use crate::mail::{Mail, Message, RetailTariff};
use crate::record::{MarketPart, Record, SettlementRow};
use crate::time::{Every, Now, Slot, Span, Time};
use billing::{Billing, account_of};
use comparison::{Comparison, Metered};
use contract::Meters;
use delivery::Deliveries;
use market::Energy;
use market::community::Member;
use market::settlement::{Component, SlotAccount, SlotBill, Tariff, Terms, Traded, bill_slot};
use rule::member;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What traded so far, by beginning of the settlement slot, then by account.
type Positions = BTreeMap<Time, BTreeMap<usize, Traded>>;

/// The mind of a retailer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retailer {
    tariff: RetailTariff,
    slot: Span,
    /// What is charged besides, the tariff left open.
    terms: Terms,
    /// How what is metered is shared before it is settled.
    rule: Rule,
    accounts: Vec<Account>,
    /// Index of the account for which a prosumer trades.
    account_of: BTreeMap<ParticipantId, usize>,
    settlement: Every,
    publication: Every,
    /// Registers of the accounts' meters at the last settlement.
    registers: Option<Vec<(Energy, Energy)>>,
    positions: Positions,
    #[serde(default)]
    deliveries: Deliveries,
    comparison: Comparison,
    #[serde(default)]
    billing: Billing,
}

/// A site that the retailer supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The site.
    pub site: SiteId,
    /// Who trades for it, if anyone does.
    pub prosumer: Option<ParticipantId>,
    /// Its ticket in the lottery over last watt-hours, where energy is shared.
    pub ticket: u64,
}

/// By which prices and rules a retailer settles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    /// Its tariff.
    pub tariff: RetailTariff,
    /// Length of a settlement slot.
    pub slot: Span,
    /// What is charged besides; the tariff in it is replaced by that of the slot.
    pub terms: Terms,
    /// How what is metered is shared before it is settled; [`Rule::Market`] where what was traded stands alone.
    pub rule: Rule,
    /// What the settlement is compared with, the settlement itself first; empty where it is not.
    pub alternatives: Vec<Alternative>,
    /// What stands on invoices besides.
    pub charges: Charges,
    /// What its sites have agreed with each other and with it, in the order in which it is settled.
    pub contracts: Vec<Contract>,
}

/// What a retailer senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetailerSense {
    /// The meters of its accounts, in their order.
    pub meters: Vec<MeterReading>,
}

impl Retailer {
    /// A retailer of `accounts`, which are in the order of their sites.
    pub fn new(settling: Settling, accounts: Vec<Account>) -> Self {
        let Settling { tariff, slot, terms, rule, alternatives, charges, contracts } = settling;
        let (settlement, publication) = (Every::new(slot), Every::new(Span::DAY));
        let trades_for = |(index, account): (usize, &Account)| account.prosumer.map(|prosumer| (prosumer, index));
        let account_of = accounts.iter().enumerate().filter_map(trades_for).collect();
        Self {
            tariff,
            slot,
            terms,
            rule,
            accounts,
            account_of,
            settlement,
            publication,
            registers: None,
            positions: BTreeMap::new(),
            deliveries: Deliveries::default(),
            comparison: Comparison::new(alternatives),
            billing: Billing::new(charges, contracts),
        }
    }

    /// The sites it reads, in the order in which [`RetailerSense`] shows their meters.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> {
        self.accounts.iter().map(|account| account.site)
    }

    /// Settles the slot that ends now, for all accounts that metered or traded anything.
    fn settle(&mut self, now: Now, sense: &RetailerSense, out: &mut Outbox) {
        let registers: Vec<_> = sense.meters.iter().map(|meter| (meter.imported, meter.exported)).collect();
        let before = self.registers.replace(registers);
        let slot = Slot { start: now.time - self.slot, length: self.slot };
        let mut positions = self.positions.remove(&slot.start).unwrap_or_default();
        let delivered = self.deliveries.settle(now, slot);
        let (Some(before), Some(after)) = (before, &self.registers) else {
            return;
        };
        let worth = delivered.as_ref().map(|row| row.worth).unwrap_or_default();
        out.records.extend(delivered.map(|row| Record::Delivery(Box::new(row))));
        let import = self.tariff.import(now.calendar.time_of_day(slot.start));
        let terms = Terms { tariff: Tariff { import, export: self.tariff.feed_in }, ..self.terms };
        let metered = |index: usize| (after[index].0 - before[index].0, after[index].1 - before[index].1);
        let (alone, mut traders) = (Rule::alone(&terms), terms);
        if self.rule != Rule::Market || self.comparison.is_asked() {
            let members = self.members(metered);
            let shared = self.rule.share(&members, terms.tariff);
            for (member, traded) in members.iter().zip(shared.iter().flat_map(|shared| &shared.traded)) {
                positions.entry(member.agent.0 as usize).or_default().add(traded);
            }
            let shared = shared.as_ref();
            let local = shared.map_or(Energy::ZERO, |shared| shared.local);
            traders = self.rule.terms(&terms, &members, local);
            let metered = Metered { slot, members: &members, terms: &terms, positions: &positions, worth, shared };
            self.comparison.settle(now, &metered, |index| self.accounts[index].site, out);
        }
        let component = if self.rule == Rule::Market { Component::Energy } else { Component::Community };
        self.billing.begin(now, slot, &self.accounts, out);
        self.billing.take_trades(component, &positions);
        let account = |site| account_of(&self.accounts, site);
        let in_market = if self.billing.has_contracts() { positions.clone() } else { BTreeMap::new() };
        self.billing.settle_contracts(
            &Meters { slot, registers: &metered, account: &account, netting: terms.registers },
            &mut positions,
        );
        for (index, account) in self.accounts.iter().enumerate() {
            let (metered_import, metered_export) = metered(index);
            let traded = positions.get(&index).copied().unwrap_or_default();
            if metered_import == Energy(0) && metered_export == Energy(0) && traded == Traded::default() {
                continue;
            }
            let bill =
                |terms: &Terms, traded: &Traded| bill(slot, index, (metered_import, metered_export), terms, traded);
            // Only who trades can deviate from what was traded.
            let own = if account.prosumer.is_some() { &traders } else { &alone };
            let agent = market::AgentId(index as u32);
            let of_slot = SlotAccount { agent, import: metered_import, export: metered_export, terms: own };
            let settled = self.billing.bill(slot, &of_slot, &traded);
            // The same bill, in most slots of most sites.
            let is_alone = *own == alone && traded == Traded::default();
            let without_trade = if is_alone { settled.total } else { bill(&alone, &Traded::default()).total };
            let market = match in_market.get(&index).copied().unwrap_or_default() {
                of if !self.billing.has_contracts() || of == traded => MarketPart::of(&settled, &traded),
                of => MarketPart::of(&bill(own, &of), &of),
            };
            out.record(Record::Settlement(SettlementRow {
                time: now.time,
                slot,
                site: account.site,
                metered_import,
                metered_export,
                trades: account.prosumer.is_some(),
                bill: settled,
                market,
                alone: without_trade,
            }));
        }
        self.billing.end(now, &self.accounts, out);
    }

    /// The accounts that take part in the market, as members of a community.
    fn members(&self, metered: impl Fn(usize) -> (Energy, Energy)) -> Vec<Member> {
        let taking_part = self.accounts.iter().enumerate().filter(|(_, account)| account.prosumer.is_some());
        taking_part.map(|(index, account)| member(index, metered(index), account.ticket)).collect()
    }
}

/// Counts what somebody has traded, in each settlement slot of `contract`.
fn note(positions: &mut Positions, slot: Span, contract: Slot, account: usize, traded: &Traded) {
    let mut start = contract.start;
    while start < contract.end() {
        positions.entry(start).or_default().entry(account).or_default().add(traded);
        start += slot;
    }
}

/// The bill of the account at place `index`.
fn bill(slot: Slot, index: usize, (import, export): (Energy, Energy), terms: &Terms, traded: &Traded) -> SlotBill {
    let account = SlotAccount { agent: market::AgentId(index as u32), import, export, terms };
    bill_slot(slot.start, &account, traded)
        .expect("meters count up, and limits of orders and tariffs bound what is paid")
}

impl Core for Retailer {
    const KIND: Kind = Kind::Retailer;
    type Sense = RetailerSense;
    type Intent = ();

    fn step(&mut self, now: Now, sense: &RetailerSense, inbox: &[Mail], out: &mut Outbox) {
        if self.publication.is_due(now.time) {
            for prosumer in self.accounts.iter().filter_map(|account| account.prosumer) {
                out.send(prosumer, Message::Tariff(self.tariff));
            }
        }
        for mail in inbox {
            match &mail.message {
                Message::Traded { slot, prosumer, traded } => {
                    if let Some(account) = self.account_of.get(prosumer) {
                        note(&mut self.positions, self.slot, *slot, *account, traded);
                    }
                }
                Message::Worth(traded) => self.deliveries.take(traded, self.slot),
                Message::WouldHaveCleared(cleared) => self.comparison.take(cleared, self.slot, &self.account_of),
                message => self.billing.hear(message, self.slot),
            }
        }
        if self.settlement.is_due(now.time) {
            self.settle(now, sense, out);
        }
    }

    fn next_wake(&self, _: Now) -> Wake {
        Wake::At(self.settlement.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;
    use market::{Money, Price};

    const TARIFF: RetailTariff = RetailTariff {
        peak: Price(300_000),
        off_peak: Price(200_000),
        off_peak_from: Span::ZERO,
        off_peak_until: Span::HOUR,
        feed_in: Price(100_000),
    };

    fn settling(rule: Rule) -> Settling {
        let slot = Span::from_minutes(15);
        let (alternatives, contracts, charges) = Default::default();
        Settling { tariff: TARIFF, slot, terms: Terms::default(), rule, alternatives, charges, contracts }
    }

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn meters(imported_wh: i64, exported_wh: i64) -> RetailerSense {
        let (imported, exported) = (Energy(imported_wh), Energy(exported_wh));
        RetailerSense { meters: vec![MeterReading { power_kw: 0.0, imported, exported }] }
    }

    fn rows(out: &Outbox) -> Vec<SettlementRow> {
        let settlement = |record: &Record| match record {
            Record::Settlement(row) => Some(*row),
            _ => None,
        };
        out.records.iter().filter_map(settlement).collect()
    }

    #[test]
    fn a_slot_is_billed_for_what_the_meter_saw_beyond_what_was_traded() {
        let slot = Span::from_minutes(15);
        let account = Account { site: SiteId(0), prosumer: Some(ParticipantId(3)), ticket: 1 };
        let mut retailer = Retailer::new(settling(Rule::Market), vec![account]);
        let mut out = Outbox::of(ParticipantId(1));
        retailer.step(at(0), &meters(0, 0), &[], &mut out);
        assert_eq!(out.mail[0].message, Message::Tariff(TARIFF));
        let traded = Message::Traded {
            slot: Slot { start: at(0).time, length: slot },
            prosumer: ParticipantId(3),
            traded: Traded { bought: Energy(400), paid: Energy(400) * Price(150_000), ..Traded::default() },
        };
        let mail = Mail { to: ParticipantId(1), from: ParticipantId(2), message: traded };
        retailer.step(at(0), &meters(0, 0), &[mail], &mut out);
        assert_eq!(rows(&out), [], "nothing has been delivered yet");
        retailer.step(at(15), &meters(1000, 0), &[], &mut out);
        let [row] = rows(&out)[..] else { panic!("one slot, one bill") };
        assert_eq!((row.metered_import, row.bill.position.bought), (Energy(1000), Energy(400)));
        // 400 Wh at 0.15 EUR/kWh in the market, 600 Wh at the off-peak 0.20.
        assert_eq!(row.bill.total, Money(60_000_000 + 120_000_000));
        assert_eq!(row.alone, Money(200_000_000), "without the market");
    }

    #[test]
    fn a_site_that_neither_metered_nor_traded_has_no_bill() {
        let account = Account { site: SiteId(0), prosumer: None, ticket: 1 };
        let mut retailer = Retailer::new(settling(Rule::Market), vec![account]);
        let mut out = Outbox::of(ParticipantId(1));
        for minutes in [0, 15, 30] {
            retailer.step(at(minutes), &meters(70, 0), &[], &mut out);
        }
        assert_eq!(rows(&out), []);
    }
}
