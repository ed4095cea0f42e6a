//! What a prosumer expects its meter to show, from what it has shown.

use crate::core::MeterReading;
use crate::time::{Now, Slot, Span, Time};
use market::Energy;
use serde::{Deserialize, Serialize};

/// How far ahead the last slot tells more than the same slot of the day before.
const NEAR: Span = Span::HOUR;

/// The net energy of past slots, import positive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Expectation {
    slot: Span,
    /// When the registers were read last, and what they showed.
    read: Option<(Time, Energy, Energy)>,
    last: Option<Energy>,
    /// The latest known net energy of each slot of a day (UTC); empty where nobody asks for more than the coming slots.
    day: Vec<Option<Energy>>,
}

impl Expectation {
    /// Expects slots of length `slot`; beyond the near future only if `looks_ahead`.
    pub(super) fn new(slot: Span, looks_ahead: bool) -> Self {
        let slots = if looks_ahead { Span::DAY.0 / slot.0 } else { 0 };
        Self { slot, read: None, last: None, day: vec![None; slots as usize] }
    }

    /// Reads the meter at the end of a slot; once per instant is enough, and no more than once counts.
    pub(super) fn read(&mut self, now: Now, meter: &MeterReading) {
        let (imported, exported) = (meter.imported, meter.exported);
        match self.read {
            Some((time, ..)) if time == now.time => return,
            Some((_, before_in, before_out)) => {
                let net = (imported - before_in) - (exported - before_out);
                self.last = Some(net);
                let index = self.index(now.time - self.slot);
                if let Some(known) = self.day.get_mut(index) {
                    *known = Some(net);
                }
            }
            None => {}
        }
        self.read = Some((now.time, imported, exported));
    }

    /// Of the slot that ends now, leaves out `energy`, which is nothing to go by.
    pub(super) fn exclude(&mut self, now: Now, energy: Energy) {
        let index = self.index(now.time - self.slot);
        if self.read.is_none_or(|(time, ..)| time != now.time) {
            return;
        }
        for known in self.last.iter_mut().chain(self.day.get_mut(index).into_iter().flatten()) {
            *known -= energy;
        }
    }

    /// The net energy of the slot that has just ended.
    pub(super) fn last(&self) -> Option<Energy> {
        self.last
    }

    /// The mean net energy expected in each settlement slot of `contract`: near ones are as the last slot was, later ones as
    /// on the day before. None as long as nothing is known of them.
    pub(super) fn of(&self, now: Now, contract: Slot) -> Option<Energy> {
        if contract.start <= now.time + NEAR && contract.length == self.slot {
            return self.last;
        }
        let count = contract.length.0 / self.slot.0;
        // A day holds all there is to know, however long the contract.
        let slots = (0..count.min(self.day.len() as i64)).map(|index| contract.start + self.slot * index);
        let known: Vec<Energy> = slots.filter_map(|start| *self.day.get(self.index(start))?).collect();
        let sum: Energy = known.iter().copied().sum();
        (!known.is_empty()).then(|| Energy(sum.0 / known.len() as i64))
    }

    fn index(&self, start: Time) -> usize {
        (start.0.rem_euclid(Span::DAY.0) / self.slot.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const QUARTER: Span = Span::from_minutes(15);

    fn at(quarter: i64) -> Now {
        Now { time: Time(0) + QUARTER * quarter, calendar: Calendar::default() }
    }

    fn contract(quarter: i64, length: Span) -> Slot {
        Slot { start: at(quarter).time, length }
    }

    /// After a day in which quarter hour `q` took `q` Wh.
    fn after_a_day() -> Expectation {
        let mut expectation = Expectation::new(QUARTER, true);
        let mut imported = 0;
        for quarter in 0..=96 {
            let meter = MeterReading { power_kw: 0.0, imported: Energy(imported), exported: Energy(0) };
            expectation.read(at(quarter), &meter);
            expectation.read(at(quarter), &meter);
            imported += quarter;
        }
        expectation
    }

    #[test]
    fn near_slots_are_as_the_last_one_was_and_later_ones_as_the_day_before() {
        let expectation = after_a_day();
        assert_eq!(expectation.last(), Some(Energy(95)));
        assert_eq!(expectation.of(at(96), contract(98, QUARTER)), Some(Energy(95)));
        assert_eq!(expectation.of(at(96), contract(96 + 40, QUARTER)), Some(Energy(40)));
        assert_eq!(expectation.of(at(96), contract(96 * 9 + 7, QUARTER)), Some(Energy(7)), "the same slot of any day");
    }

    #[test]
    fn a_long_contract_is_expected_to_take_the_mean_of_its_slots() {
        let expectation = after_a_day();
        assert_eq!(expectation.of(at(96), contract(104, Span::HOUR)), Some(Energy(9)));
        assert_eq!(expectation.of(at(96), contract(96 * 4, Span::DAY * 7)), Some(Energy(47)));
    }

    #[test]
    fn nothing_is_expected_of_what_nothing_is_known_of() {
        let mut expectation = Expectation::new(QUARTER, true);
        assert_eq!(expectation.of(at(0), contract(50, QUARTER)), None);
        expectation.read(at(0), &MeterReading::default());
        assert_eq!(expectation.of(at(0), contract(1, QUARTER)), None);
        assert_eq!(Expectation::new(QUARTER, false).of(at(0), contract(50, QUARTER)), None);
    }
}
