//! The table of the flexibility market.

use std::sync::Arc;

use agents::record::FlexibilityRow;

use super::SlotColumns;
use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TextColumn, TimeColumn};
use crate::error::ResultsError;
use crate::names::{Names, nano_euro};
use crate::schema::{FLEXIBILITY, Table};
use crate::table::Columns;

pub(super) struct FlexibilityColumns {
    names: Arc<Names>,
    time: TimeColumn,
    slot: SlotColumns,
    congestion_point: TextColumn,
    aggregator: NameColumn,
    /// Load and excess before and after, then requested, offered, ordered.
    powers_w: [NumberColumn<i64>; 7],
    baseline_w: OptionalColumn<i64>,
    /// Metered, delivered.
    deliveries_w: [NumberColumn<i64>; 2],
    /// Price, payment, penalty.
    amounts_neur: [NumberColumn<i64>; 3],
}

impl FlexibilityColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            slot: SlotColumns::new(),
            congestion_point: TextColumn::default(),
            aggregator: NameColumn::new(&names.participants),
            powers_w: std::array::from_fn(|_| NumberColumn::default()),
            baseline_w: OptionalColumn::default(),
            deliveries_w: std::array::from_fn(|_| NumberColumn::default()),
            amounts_neur: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

impl Columns for FlexibilityColumns {
    const TABLE: Table = FLEXIBILITY;
    type Row<'a> = FlexibilityRow;

    fn push(&mut self, row: &FlexibilityRow) -> Result<(), ResultsError> {
        let aggregator = self.names.participant(FLEXIBILITY.name, row.aggregator)?;
        let amount = |name, amount| nano_euro(FLEXIBILITY.name, name, amount);
        let amounts = [
            amount("price_neur", row.price)?,
            amount("payment_neur", row.payment)?,
            amount("penalty_neur", row.penalty)?,
        ];
        self.time.push(row.time);
        self.slot.push(row.slot);
        self.congestion_point.push(&row.congestion_point);
        self.aggregator.push(aggregator);
        let powers =
            [row.load_before, row.load, row.excess_before, row.excess, row.requested, row.offered, row.ordered];
        for (column, power) in self.powers_w.iter_mut().zip(powers) {
            column.push(power.0);
        }
        self.baseline_w.push(row.baseline.map(|power| power.0));
        for (column, power) in self.deliveries_w.iter_mut().zip([row.metered, row.delivered]) {
            column.push(power.0);
        }
        for (column, amount) in self.amounts_neur.iter_mut().zip(amounts) {
            column.push(amount);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.congestion_point,
            &mut self.aggregator,
        ];
        columns.extend(self.powers_w.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.baseline_w);
        columns.extend(self.deliveries_w.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.amounts_neur.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}
