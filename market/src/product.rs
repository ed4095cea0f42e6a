//! What is traded when: a product's gates, and the contracts that each of them is about.
//!
//! A contract is a delivery [`Slot`]. The quantity of an order for it is what flows in each settlement slot of the
//! delivery, so a contract over a week is a band of equal energy in each of its quarter hours, and splitting it into
//! settlement slots never leaves a remainder.
//!
//! | product | every | at | lead | delivery | contracts |
//! |---|---|---|---|---|---|
//! | day-ahead, 96 quarter hours | 1 d | 12 h | 12 h | 15 min | 96 |
//! | two days ahead | 1 d | 12 h | 12 h | 15 min | 192 |
//! | intraday auctions of the coming six hours | 1 h | 0 | 1 h | 15 min | 24 |
//! | real time | 15 min | 0 | 15 min | 15 min | 1 |
//! | week ahead, base load by day | 7 d | 4 d 12 h | 2 d 12 h | 1 d | 7 |

use serde::{Deserialize, Serialize};

use crate::time::{Calendar, Slot, Span, Time};

/// 1970-01-05, a Monday, in days since 1970-01-01: periods of whole days are counted from it.
const MONDAY: i64 = 4;

/// Which of a market's products: its place in their list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProductId(pub u8);

/// Something that can be traded: which deliveries, and at which gates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name, unique in a market.
    pub name: String,
    /// From gate to gate; positive.
    pub every: Span,
    /// When in that period the gate is: since Monday's local midnight for whole days, since the full period (UTC) else.
    pub at: Span,
    /// From a gate to the beginning of the first delivery; not negative.
    pub lead: Span,
    /// Length of delivery of one contract; positive.
    pub delivery: Span,
    /// How many contracts, one after the other, a gate is about; at least one.
    pub contracts: u32,
}

impl Product {
    /// The first gate at or after `time`.
    pub fn gate_from(&self, time: Time, calendar: Calendar) -> Time {
        let Span(every) = self.every;
        let origin = if every % Span::DAY.0 == 0 { calendar.midnight(MONDAY) } else { Time(0) } + self.at;
        let periods = time.0.saturating_sub(origin.0).saturating_add(every - 1).div_euclid(every);
        origin + self.every * periods
    }

    /// The contracts that the gate at `gate` is about, first delivery first.
    pub fn contracts_at(&self, gate: Time) -> impl Iterator<Item = Slot> + use<> {
        let (first, length) = (gate + self.lead, self.delivery);
        (0..i64::from(self.contracts)).map(move |index| Slot { start: first + length * index, length })
    }

    /// Whether the gate at `gate` is about `contract`.
    pub fn is_about(&self, gate: Time, contract: Slot) -> bool {
        let offset = contract.start.0.saturating_sub((gate + self.lead).0);
        contract.length == self.delivery
            && contract.start.0.checked_add(contract.length.0).is_some()
            && offset >= 0
            && offset % self.delivery.0 == 0
            && offset / self.delivery.0 < i64::from(self.contracts)
    }

    /// The first gate at or after `time` that is about `contract`; none if there is none any more, or never was.
    pub fn gate_for(&self, contract: Slot, time: Time, calendar: Calendar) -> Option<Time> {
        // Earlier gates do not reach that far.
        let reach = self.lead + self.delivery * (i64::from(self.contracts) - 1);
        let gate = self.gate_from(time.max(contract.start - reach), calendar);
        self.is_about(gate, contract).then_some(gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARTINIQUE: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    const QUARTER: Span = Span::from_minutes(15);
    /// 2026-03-20, a Friday, 00:00 in Martinique.
    const FRIDAY: Time = Time(1_773_979_200_000);

    fn product(every: Span, at: Span, lead: Span, delivery: Span, contracts: u32) -> Product {
        Product { name: "test".into(), every, at, lead, delivery, contracts }
    }

    fn day_ahead() -> Product {
        product(Span::DAY, Span::HOUR * 12, Span::HOUR * 12, QUARTER, 96)
    }

    #[test]
    fn a_day_ahead_gate_is_at_local_noon_and_about_the_coming_local_day() {
        let gate = day_ahead().gate_from(FRIDAY, MARTINIQUE);
        assert_eq!(gate, FRIDAY + Span::HOUR * 12);
        assert_eq!(day_ahead().gate_from(gate, MARTINIQUE), gate, "a gate is its own");
        assert_eq!(day_ahead().gate_from(gate + Span(1), MARTINIQUE), gate + Span::DAY);
        let contracts: Vec<_> = day_ahead().contracts_at(gate).collect();
        assert_eq!(contracts.len(), 96);
        assert_eq!((contracts[0].start, contracts[95].end()), (FRIDAY + Span::DAY, FRIDAY + Span::DAY * 2));
    }

    #[test]
    fn a_weekly_gate_counts_from_monday() {
        let at = Span::DAY * 4 + Span::HOUR * 12;
        let week = product(Span::DAY * 7, at, Span::DAY * 2 + Span::HOUR * 12, Span::DAY, 7);
        let gate = week.gate_from(FRIDAY, MARTINIQUE);
        assert_eq!(gate, FRIDAY + Span::HOUR * 12);
        let monday = week.contracts_at(gate).next().expect("seven contracts");
        assert_eq!(monday.start, FRIDAY + Span::DAY * 3);
    }

    #[test]
    fn a_contract_waits_for_the_next_gate_that_is_about_it() {
        let auctions = product(Span::HOUR, Span::ZERO, Span::HOUR, QUARTER, 24);
        let contract = Slot { start: FRIDAY + Span::HOUR * 20, length: QUARTER };
        let gate = |time| auctions.gate_for(contract, time, MARTINIQUE);
        // 24 quarter hours from one hour after the gate: the gate of 14:00 is about 15:00 to 21:00.
        assert_eq!(gate(FRIDAY), Some(FRIDAY + Span::HOUR * 14));
        let later = FRIDAY + Span::HOUR * 16 + QUARTER;
        assert_eq!(gate(later), Some(FRIDAY + Span::HOUR * 17));
        assert_eq!(gate(FRIDAY + Span::HOUR * 19), Some(FRIDAY + Span::HOUR * 19));
        assert_eq!(gate(FRIDAY + Span::HOUR * 19 + Span(1)), None, "its last gate is over");
    }

    #[test]
    fn what_is_no_contract_of_a_product_has_no_gate() {
        let start = FRIDAY + Span::DAY;
        let gate = |start, length| day_ahead().gate_for(Slot { start, length }, FRIDAY, MARTINIQUE);
        assert_eq!(gate(start, QUARTER), Some(FRIDAY + Span::HOUR * 12));
        assert_eq!(gate(start, Span::HOUR), None, "another length");
        assert_eq!(gate(start + Span::MINUTE, QUARTER), None, "beside the grid");
        assert_eq!(gate(FRIDAY, QUARTER), None, "too late");
        assert_eq!(gate(Time::NEVER, QUARTER), None);
        assert_eq!(gate(Time(i64::MIN), QUARTER), None);
        let spot = product(QUARTER, Span::ZERO, QUARTER, QUARTER, 1);
        assert_eq!(spot.gate_for(Slot { start: Time::NEVER, length: QUARTER }, FRIDAY, MARTINIQUE), None);
    }
}
