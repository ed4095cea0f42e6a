//! What was traded since the start of a script, of the deliveries that its conditions ask for.

use crate::duration::format_duration;
use agents::record::{IntervalRows, Record, TradeRow};
use agents::{ParticipantId, Span, Time};
use market::Energy;
use market::product::ProductId;
use std::fmt;

/// Which trades.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::script) struct Traded {
    /// Whose, and under which name; none: everybody's.
    pub(super) prosumer: Option<(ParticipantId, String)>,
    /// Of which product; none: of all.
    pub(super) product: Option<(ProductId, String)>,
    /// When delivery begins, since the start of the script.
    pub(super) delivery: Span,
}

/// What can be looked at of trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::script) enum TradedQuantity {
    /// Bought less sold, over whole contracts.
    Position,
    /// That of the last trade.
    Price,
    /// All that was traded.
    Volume,
}

impl TradedQuantity {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Position => "position_kwh",
            Self::Price => "price_eur_per_mwh",
            Self::Volume => "volume_kwh",
        }
    }
}

/// What was traded by now.
#[derive(Debug)]
pub(in crate::script) struct Trades {
    start: Time,
    /// Beginnings of the deliveries that are asked for.
    deliveries: Vec<Time>,
    rows: Vec<TradeRow>,
}

impl Trades {
    /// None yet, of a script that begins at `start` and asks for these deliveries.
    pub(in crate::script) fn new(start: Time, deliveries: impl IntoIterator<Item = Span>) -> Self {
        Self { start, deliveries: deliveries.into_iter().map(|span| start + span).collect(), rows: Vec::new() }
    }

    /// Takes the trades of an interval.
    pub(in crate::script) fn take(&mut self, rows: &IntervalRows<'_>) {
        if self.deliveries.is_empty() {
            return;
        }
        let asked = |record: &Record| match record {
            Record::Trade(row) if self.deliveries.contains(&row.slot.start) => Some(*row),
            _ => None,
        };
        let found: Vec<TradeRow> = rows.records.iter().filter_map(asked).collect();
        self.rows.extend(found);
    }

    /// What is looked at; none where there is no such trade and the quantity needs one.
    pub(super) fn look(&self, traded: &Traded, what: TradedQuantity) -> Option<f64> {
        let delivery = self.start + traded.delivery;
        let is_it = |row: &&TradeRow| {
            row.slot.start == delivery && traded.product.as_ref().is_none_or(|(product, _)| *product == row.product)
        };
        let mut found = self.rows.iter().filter(is_it);
        match (what, &traded.prosumer) {
            (TradedQuantity::Price, _) => found.next_back().map(|row| row.price.as_eur_per_mwh()),
            (TradedQuantity::Volume, _) | (_, None) => Some(found.map(|row| row.energy).sum::<Energy>().as_kwh()),
            (TradedQuantity::Position, Some((prosumer, _))) => {
                let bought = |row: &TradeRow| if row.buyer == *prosumer { row.energy } else { Energy::ZERO };
                let sold = |row: &TradeRow| if row.seller == *prosumer { row.energy } else { Energy::ZERO };
                Some(found.map(|row| bought(row) - sold(row)).sum::<Energy>().as_kwh())
            }
        }
    }
}

impl fmt::Display for Traded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [self.prosumer.as_ref().map(|(_, name)| name), self.product.as_ref().map(|(_, name)| name)];
        for name in names.into_iter().flatten() {
            write!(f, "{name} ")?;
        }
        write!(f, "from {}", format_duration(self.delivery))
    }
}
