//! A retailer: publishes its tariff, and settles each site's metered energy against what it traded.

use crate::core::{Core, MeterReading, Outbox, Wake};
use crate::id::{Kind, ParticipantId, SiteId};
use crate::mail::{Mail, Message, RetailTariff};
use crate::record::{Record, SettlementRow};
use crate::time::{Every, Now, Slot, Span, Time};
use market::{Energy, Position, Tariff, settle};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The mind of a retailer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retailer {
    tariff: RetailTariff,
    slot: Span,
    accounts: Vec<Account>,
    /// Index of the account for which a prosumer trades.
    account_of: BTreeMap<ParticipantId, usize>,
    settlement: Every,
    publication: Every,
    /// Registers of the accounts' meters at the last settlement.
    registers: Option<Vec<(Energy, Energy)>>,
    /// Positions by beginning of delivery, then by account.
    positions: BTreeMap<Time, BTreeMap<usize, Position>>,
}

/// A site that the retailer supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The site.
    pub site: SiteId,
    /// Who trades for it, if anyone does.
    pub prosumer: Option<ParticipantId>,
}

/// What a retailer senses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetailerSense {
    /// The meters of its accounts, in their order.
    pub meters: Vec<MeterReading>,
}

impl Retailer {
    /// A retailer of `accounts`, settling slots of length `slot`.
    pub fn new(tariff: RetailTariff, slot: Span, accounts: Vec<Account>) -> Self {
        let (settlement, publication) = (Every::new(slot), Every::new(Span::DAY));
        let trades_for = |(index, account): (usize, &Account)| account.prosumer.map(|prosumer| (prosumer, index));
        let account_of = accounts.iter().enumerate().filter_map(trades_for).collect();
        Self {
            tariff,
            slot,
            accounts,
            account_of,
            settlement,
            publication,
            registers: None,
            positions: BTreeMap::new(),
        }
    }

    /// The sites it reads, in the order in which [`RetailerSense`] shows their meters.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> {
        self.accounts.iter().map(|account| account.site)
    }

    /// Counts what a prosumer has traded, in each settlement slot of `contract`.
    fn note(&mut self, contract: Slot, prosumer: ParticipantId, traded: Position) {
        let Some(account) = self.account_of.get(&prosumer) else { return };
        let mut start = contract.start;
        while start < contract.end() {
            let position = self.positions.entry(start).or_default().entry(*account).or_default();
            position.bought += traded.bought;
            position.sold += traded.sold;
            position.paid += traded.paid;
            start += self.slot;
        }
    }

    /// Settles the slot that ends now, for all accounts that metered or traded anything.
    fn settle(&mut self, now: Now, sense: &RetailerSense, out: &mut Outbox) {
        let registers: Vec<_> = sense.meters.iter().map(|meter| (meter.imported, meter.exported)).collect();
        let before = self.registers.replace(registers);
        let slot = Slot { start: now.time - self.slot, length: self.slot };
        let positions = self.positions.remove(&slot.start).unwrap_or_default();
        let (Some(before), Some(after)) = (before, &self.registers) else {
            return;
        };
        let import = self.tariff.import(now.calendar.time_of_day(slot.start));
        let tariff = Tariff { import, export: self.tariff.feed_in };
        for (index, account) in self.accounts.iter().enumerate() {
            let metered_import = after[index].0 - before[index].0;
            let metered_export = after[index].1 - before[index].1;
            let position = positions.get(&index).copied().unwrap_or_default();
            if metered_import == Energy(0) && metered_export == Energy(0) && position == Position::default() {
                continue;
            }
            let bill = settle(metered_import, metered_export, &position, &tariff);
            let (bought, sold) = (position.bought, position.sold);
            let site = account.site;
            let row = SettlementRow { time: now.time, slot, site, metered_import, metered_export, bought, sold, bill };
            out.record(Record::Settlement(row));
        }
    }
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
            if let Message::Traded { slot, prosumer, bought, sold, paid } = mail.message {
                self.note(slot, prosumer, Position { bought, sold, paid });
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
        let account = Account { site: SiteId(0), prosumer: Some(ParticipantId(3)) };
        let mut retailer = Retailer::new(TARIFF, slot, vec![account]);
        let mut out = Outbox::of(ParticipantId(1));
        retailer.step(at(0), &meters(0, 0), &[], &mut out);
        assert_eq!(out.mail[0].message, Message::Tariff(TARIFF));
        let traded = Message::Traded {
            slot: Slot { start: at(0).time, length: slot },
            prosumer: ParticipantId(3),
            bought: Energy(400),
            sold: Energy(0),
            paid: Energy(400) * Price(150_000),
        };
        let mail = Mail { to: ParticipantId(1), from: ParticipantId(2), message: traded };
        retailer.step(at(0), &meters(0, 0), &[mail], &mut out);
        assert_eq!(rows(&out), [], "nothing has been delivered yet");
        retailer.step(at(15), &meters(1000, 0), &[], &mut out);
        let [row] = rows(&out)[..] else { panic!("one slot, one bill") };
        assert_eq!((row.metered_import, row.bought), (Energy(1000), Energy(400)));
        // 400 Wh at 0.15 EUR/kWh in the market, 600 Wh at the off-peak 0.20.
        assert_eq!(row.bill.total, Money(60_000_000 + 120_000_000));
    }

    #[test]
    fn a_site_that_neither_metered_nor_traded_has_no_bill() {
        let account = Account { site: SiteId(0), prosumer: None };
        let mut retailer = Retailer::new(TARIFF, Span::from_minutes(15), vec![account]);
        let mut out = Outbox::of(ParticipantId(1));
        for minutes in [0, 15, 30] {
            retailer.step(at(minutes), &meters(70, 0), &[], &mut out);
        }
        assert_eq!(rows(&out), []);
    }
}
