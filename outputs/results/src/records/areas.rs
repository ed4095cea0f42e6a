//! The table of areas: what each clearing came to in each of them.

use std::sync::Arc;

use agents::record::AreaRow;

use super::SlotColumns;
use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TimeColumn};
use crate::error::ResultsError;
use crate::names::{Names, nano_euro};
use crate::schema::{AREAS, Table};
use crate::table::Columns;

pub(super) struct AreaColumns {
    names: Arc<Names>,
    time: TimeColumn,
    product: NameColumn,
    slot: SlotColumns,
    area: NameColumn,
    price_ueur_per_kwh: OptionalColumn<i64>,
    /// Volume, demand, bought, sold, local.
    energies_wh: [NumberColumn<i64>; 5],
    fees_neur: NumberColumn<i64>,
    local_share: OptionalColumn<f64>,
}

impl AreaColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            product: NameColumn::new(&names.products),
            slot: SlotColumns::new(),
            area: NameColumn::new(&names.areas),
            price_ueur_per_kwh: OptionalColumn::default(),
            energies_wh: std::array::from_fn(|_| NumberColumn::default()),
            fees_neur: NumberColumn::default(),
            local_share: OptionalColumn::default(),
        }
    }
}

impl Columns for AreaColumns {
    const TABLE: Table = AREAS;
    type Row<'a> = AreaRow;

    fn push(&mut self, row: &AreaRow) -> Result<(), ResultsError> {
        let (product, area) = (self.names.product(AREAS.name, row.product)?, row.outcome);
        let fees_neur = nano_euro(AREAS.name, "fees_neur", area.fees)?;
        self.area.push(self.names.area(AREAS.name, area.area)?);
        self.time.push(row.time);
        self.product.push(product);
        self.slot.push(row.slot);
        self.price_ueur_per_kwh.push(area.price.map(|price| price.0));
        let energies = [area.volume, area.demand, area.bought, area.sold, area.local];
        for (column, energy) in self.energies_wh.iter_mut().zip(energies) {
            column.push(energy.0);
        }
        self.fees_neur.push(fees_neur);
        self.local_share.push(area.local_share());
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.product,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.area,
            &mut self.price_ueur_per_kwh,
        ];
        columns.extend(self.energies_wh.iter_mut().map(|column| column as &mut dyn Column));
        columns.push(&mut self.fees_neur);
        columns.push(&mut self.local_share);
        columns
    }
}
