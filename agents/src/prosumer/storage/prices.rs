//! What a prosumer remembers of clearing prices, and the levels it learns from them.

use crate::mail::RetailTariff;
use crate::time::{Calendar, Slot, Span, Time};
use market::Price;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What slots were traded at, as it was published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Prices(BTreeMap<Time, Option<Price>>);

/// The two prices of a slot: what it paid to give there, and what it cost to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth {
    pub(super) giving: Price,
    pub(super) taking: Price,
}

/// How slots are priced in which nothing was traded.
pub(super) type Retail = (RetailTariff, Calendar);

impl Prices {
    /// A gate has closed for a slot; what it tells later counts, but not that nobody traded any more.
    pub(super) fn note(&mut self, slot: Slot, price: Option<Price>) {
        let known = self.0.entry(slot.start).or_default();
        *known = price.or(*known);
    }

    /// Forgets slots that began before `oldest`.
    pub(super) fn forget(&mut self, oldest: Time) {
        if self.0.first_key_value().is_some_and(|(start, _)| *start < oldest) {
            self.0 = self.0.split_off(&oldest);
        }
    }

    /// What a slot was worth: where nothing was traded, who wanted energy took it from the retailer, and who had some gave it
    /// there.
    fn worth(start: Time, price: Option<Price>, (tariff, calendar): &Retail) -> Worth {
        let import = tariff.import(calendar.time_of_day(start));
        Worth { giving: price.unwrap_or(import), taking: price.unwrap_or(tariff.feed_in) }
    }

    /// What a slot is expected to be worth: as on the last day that is known.
    pub(super) fn expected(&self, start: Time, retail: &Retail) -> Worth {
        let oldest = self.0.first_key_value().map_or(start, |(oldest, _)| *oldest);
        let days = (0..).map(|days| start - Span::DAY * days).take_while(|day| *day >= oldest);
        let known = days.filter_map(|day| self.0.get(&day)).next().copied().flatten();
        Self::worth(start, known, retail)
    }

    /// Low and high level in EUR/MWh: quantiles of all that is remembered; the retailer's prices as long as that is nothing.
    pub(super) fn levels(&self, quantile: f64, retail: &Retail) -> (f64, f64) {
        let (tariff, _) = retail;
        if self.0.is_empty() {
            return (tariff.feed_in.as_eur_per_mwh(), tariff.peak.max(tariff.off_peak).as_eur_per_mwh());
        }
        let worth: Vec<Worth> = self.0.iter().map(|(start, price)| Self::worth(*start, *price, retail)).collect();
        let mut taking: Vec<Price> = worth.iter().map(|worth| worth.taking).collect();
        let mut giving: Vec<Price> = worth.iter().map(|worth| worth.giving).collect();
        let rank = (quantile * (worth.len() - 1) as f64).round() as usize;
        let (_, low, _) = taking.select_nth_unstable(rank);
        let (_, high, _) = giving.select_nth_unstable(worth.len() - 1 - rank);
        (low.as_eur_per_mwh(), high.as_eur_per_mwh())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARIFF: RetailTariff = RetailTariff {
        peak: Price(270_000),
        off_peak: Price(200_000),
        off_peak_from: Span::ZERO,
        off_peak_until: Span::ZERO,
        feed_in: Price(100_000),
    };
    const RETAIL: Retail = (TARIFF, Calendar { utc_offset: Span::ZERO });

    fn slot(quarter: i64) -> Slot {
        let length = Span::from_minutes(15);
        Slot { start: Time(0) + length * quarter, length }
    }

    #[test]
    fn levels_are_the_retailers_prices_until_the_market_has_others() {
        let mut prices = Prices::default();
        assert_eq!(prices.levels(0.1, &RETAIL), (100.0, 270.0));
        (0..20).for_each(|quarter| prices.note(slot(quarter), None));
        assert_eq!(prices.levels(0.1, &RETAIL), (100.0, 270.0), "nobody traded");
        (0..20).for_each(|quarter| prices.note(slot(quarter), Some(Price(150_000 + 1000 * quarter))));
        assert_eq!(prices.levels(0.1, &RETAIL), (152.0, 167.0));
        prices.forget(slot(10).start);
        assert_eq!(prices.levels(0.0, &RETAIL), (160.0, 169.0));
    }

    #[test]
    fn a_slot_is_expected_to_be_worth_what_it_was_on_the_last_day_that_is_known() {
        let mut prices = Prices::default();
        let retail = Worth { giving: Price(270_000), taking: Price(100_000) };
        assert_eq!(prices.expected(slot(96 * 3 + 5).start, &RETAIL), retail);
        prices.note(slot(5), Some(Price(111_000)));
        prices.note(slot(96 + 5), Some(Price(122_000)));
        let worth = |price| Worth { giving: Price(price), taking: Price(price) };
        assert_eq!(prices.expected(slot(96 * 3 + 5).start, &RETAIL), worth(122_000));
        prices.note(slot(96 * 3 + 5), Some(Price(133_000)));
        assert_eq!(prices.expected(slot(96 * 3 + 5).start, &RETAIL), worth(133_000), "the day ahead has told");
    }
}
