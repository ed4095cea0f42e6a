//! Trades count as they are delivered, not as they are made: what is sold for next month is no part of this week's figures,
//! which would else not compare with what was metered and settled.

use std::collections::BTreeMap;

use agents::{Slot, Time};
use market::{Energy, Money};

/// What trades for one slot come to.
pub(super) trait Delivery: Clone + Default {
    /// Adds what other trades come to.
    fn add(&mut self, other: &Self);

    /// The part of it that is delivered evenly up to some instant.
    fn part(&self, part: Part) -> Self;
}

/// The part of a slot that is over, from none of it to all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    over_ms: i128,
    of_ms: i128,
}

/// What is delivered, and what is still to come.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries<T> {
    over: T,
    /// By the end and the start of its slot.
    coming: BTreeMap<(Time, Time), T>,
    reached: Option<Time>,
}

impl<T: Delivery> Deliveries<T> {
    /// Takes what was traded for a slot.
    pub(super) fn add(&mut self, slot: Slot, traded: &T) {
        self.coming.entry((slot.end(), slot.start)).or_default().add(traded);
    }

    /// All that is to be delivered until `time` is delivered.
    pub(super) fn reach(&mut self, time: Time) {
        self.reached = Some(time);
        while let Some(slot) = self.coming.first_entry().filter(|slot| slot.key().0 <= time) {
            self.over.add(&slot.remove());
        }
    }

    /// What is delivered so far, with the part that is of contracts in delivery.
    pub(super) fn so_far(&self) -> T {
        let mut sum = self.over.clone();
        let Some(reached) = self.reached else { return sum };
        for (&(end, start), traded) in &self.coming {
            if start < reached {
                let ms = |from: Time, to: Time| i128::from(to.0 - from.0);
                sum.add(&traded.part(Part { over_ms: ms(start, reached), of_ms: ms(start, end) }));
            }
        }
        sum
    }
}

impl Part {
    /// This part of an amount of energy, without its fraction of a unit.
    pub(super) fn of_energy(self, energy: Energy) -> Energy {
        let part = self.of(i128::from(energy.0));
        Energy(i64::try_from(part).expect("a part is not more than the whole"))
    }

    /// This part of an amount of money, without its fraction of a unit.
    pub(super) fn of_money(self, money: Money) -> Money {
        Money(self.of(money.0))
    }

    /// Whole slots first: the product of an amount and a length need not fit.
    fn of(self, amount: i128) -> i128 {
        amount / self.of_ms * self.over_ms + amount % self.of_ms * self.over_ms / self.of_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Span;

    impl Delivery for Money {
        fn add(&mut self, other: &Self) {
            *self += *other;
        }

        fn part(&self, part: Part) -> Self {
            part.of_money(*self)
        }
    }

    fn hours(from: i64, length: i64) -> Slot {
        Slot { start: Time(from * 3_600_000), length: Span::from_minutes(length * 60) }
    }

    #[test]
    fn what_is_delivered_counts_and_what_comes_later_does_not() {
        let mut trades = Deliveries::default();
        trades.add(hours(0, 24), &Money(24_000));
        trades.add(hours(1, 1), &Money(7));
        trades.add(hours(30, 1), &Money(1_000_000));
        assert_eq!(trades.so_far(), Money(0), "nothing has begun");
        let mut after = |hour: i64| {
            trades.reach(Time(hour * 3_600_000));
            trades.so_far()
        };
        assert_eq!(after(1), Money(1_000));
        assert_eq!(after(2), Money(2_007));
        assert_eq!(after(24), Money(24_007));
        assert_eq!(after(40), Money(1_024_007));
    }

    #[test]
    fn a_part_of_the_largest_amount_fits() {
        let half = Part { over_ms: 1_800_000, of_ms: 3_600_000 };
        assert_eq!(half.of_money(Money(i128::MAX)), Money(i128::MAX / 2));
        assert_eq!(half.of_money(Money(-5)), Money(-2));
        assert_eq!(half.of_energy(Energy(i64::MIN)), Energy(i64::MIN / 2));
    }
}
