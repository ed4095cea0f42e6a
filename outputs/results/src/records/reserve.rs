//! The table of reserve: offers, what was held and called, and what was paid for it.

use std::sync::Arc;

use agents::record::ReserveRow;

use crate::columns::{Column, NameColumn, NumberColumn, TimeColumn, WordColumn};
use crate::error::ResultsError;
use crate::names::{Names, nano_euro};
use crate::schema::{RESERVE, Table};
use crate::table::Columns;

pub(super) struct ReserveColumns {
    names: Arc<Names>,
    time: TimeColumn,
    window_start: TimeColumn,
    window_end: TimeColumn,
    direction: WordColumn,
    provider: NameColumn,
    unit: NameColumn,
    /// Offered, accepted.
    powers_kw: [NumberColumn<f64>; 2],
    /// Of capacity, of energy.
    prices: [NumberColumn<i64>; 2],
    /// Called, delivered.
    energies_wh: [NumberColumn<i64>; 2],
    /// For capacity, for energy, the fines for both, all together.
    amounts_neur: [NumberColumn<i64>; 5],
}

impl ReserveColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            window_start: TimeColumn::default(),
            window_end: TimeColumn::default(),
            direction: WordColumn::default(),
            provider: NameColumn::new(&names.participants),
            unit: NameColumn::new(&names.participants),
            powers_kw: std::array::from_fn(|_| NumberColumn::default()),
            prices: std::array::from_fn(|_| NumberColumn::default()),
            energies_wh: std::array::from_fn(|_| NumberColumn::default()),
            amounts_neur: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

impl Columns for ReserveColumns {
    const TABLE: Table = RESERVE;
    type Row<'a> = ReserveRow;

    fn push(&mut self, row: &ReserveRow) -> Result<(), ResultsError> {
        let provider = self.names.participant(RESERVE.name, row.provider)?;
        let unit = self.names.participant(RESERVE.name, row.unit)?;
        let amounts = [
            ("capacity_payment_neur", row.capacity_payment),
            ("energy_payment_neur", row.energy_payment),
            ("energy_fine_neur", row.energy_fine),
            ("capacity_fine_neur", row.capacity_fine),
            ("total_neur", row.total()),
        ];
        let amounts = amounts.map(|(name, amount)| nano_euro(RESERVE.name, name, amount));
        self.time.push(row.time);
        self.window_start.push(row.window.start);
        self.window_end.push(row.window.end());
        self.direction.push(match row.direction {
            market::reserve::Direction::Up => "up",
            market::reserve::Direction::Down => "down",
        });
        self.provider.push(provider);
        self.unit.push(unit);
        for (column, power) in self.powers_kw.iter_mut().zip([row.offered, row.accepted]) {
            column.push(power.0 as f64 / 1000.0);
        }
        for (column, price) in self.prices.iter_mut().zip([row.capacity_price.0, row.activation_price.0]) {
            column.push(price);
        }
        for (column, energy) in self.energies_wh.iter_mut().zip([row.called, row.delivered]) {
            column.push(energy.0);
        }
        for (column, amount) in self.amounts_neur.iter_mut().zip(amounts) {
            column.push(amount?);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.window_start,
            &mut self.window_end,
            &mut self.direction,
            &mut self.provider,
            &mut self.unit,
        ];
        columns.extend(self.powers_kw.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.prices.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.energies_wh.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.amounts_neur.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}
