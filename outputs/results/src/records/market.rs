//! The tables of the market: orders, trades, clearings.

use std::sync::Arc;

use agents::record::{ClearingRow, OrderRow, TradeRow};
use market::Side;

use super::SlotColumns;
use crate::columns::{Column, NameColumn, NumberColumn, OptionalColumn, TimeColumn, WordColumn};
use crate::error::ResultsError;
use crate::names::{Names, nano_euro};
use crate::schema::{CLEARINGS, ORDERS, TRADES, Table};
use crate::table::Columns;

pub(super) struct OrderColumns {
    names: Arc<Names>,
    time: TimeColumn,
    product: NameColumn,
    slot: SlotColumns,
    order_id: NumberColumn<u64>,
    participant: NameColumn,
    side: WordColumn,
    energy_wh: NumberColumn<i64>,
    limit_ueur_per_kwh: NumberColumn<i64>,
    quality: NumberColumn<i64>,
    premium_percent: NumberColumn<f64>,
    filled_wh: NumberColumn<i64>,
}

impl OrderColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            product: NameColumn::new(&names.products),
            slot: SlotColumns::new(),
            order_id: NumberColumn::default(),
            participant: NameColumn::new(&names.participants),
            side: WordColumn::default(),
            energy_wh: NumberColumn::default(),
            limit_ueur_per_kwh: NumberColumn::default(),
            quality: NumberColumn::default(),
            premium_percent: NumberColumn::default(),
            filled_wh: NumberColumn::default(),
        }
    }
}

impl Columns for OrderColumns {
    const TABLE: Table = ORDERS;
    type Row<'a> = OrderRow;

    fn push(&mut self, row: &OrderRow) -> Result<(), ResultsError> {
        let participant = self.names.participant(ORDERS.name, row.participant)?;
        self.time.push(row.time);
        self.product.push(self.names.product(ORDERS.name, row.product)?);
        self.slot.push(row.slot);
        self.order_id.push(row.order.0);
        self.participant.push(participant);
        self.side.push(match row.side {
            Side::Bid => "bid",
            Side::Offer => "offer",
        });
        self.energy_wh.push(row.energy.0);
        self.limit_ueur_per_kwh.push(row.limit.0);
        self.quality.push(row.quality.into());
        self.premium_percent.push(f64::from(row.premium_bp) / 100.0);
        self.filled_wh.push(row.filled.0);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.product,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.order_id,
            &mut self.participant,
            &mut self.side,
            &mut self.energy_wh,
            &mut self.limit_ueur_per_kwh,
            &mut self.quality,
            &mut self.premium_percent,
            &mut self.filled_wh,
        ]
    }
}

pub(super) struct TradeColumns {
    names: Arc<Names>,
    time: TimeColumn,
    product: NameColumn,
    slot: SlotColumns,
    buyer: NameColumn,
    seller: NameColumn,
    energy_wh: NumberColumn<i64>,
    price_ueur_per_kwh: NumberColumn<i64>,
    fee_ueur_per_kwh: NumberColumn<i64>,
}

impl TradeColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            product: NameColumn::new(&names.products),
            slot: SlotColumns::new(),
            buyer: NameColumn::new(&names.participants),
            seller: NameColumn::new(&names.participants),
            energy_wh: NumberColumn::default(),
            price_ueur_per_kwh: NumberColumn::default(),
            fee_ueur_per_kwh: NumberColumn::default(),
        }
    }
}

impl Columns for TradeColumns {
    const TABLE: Table = TRADES;
    type Row<'a> = TradeRow;

    fn push(&mut self, row: &TradeRow) -> Result<(), ResultsError> {
        let buyer = self.names.participant(TRADES.name, row.buyer)?;
        let seller = self.names.participant(TRADES.name, row.seller)?;
        self.time.push(row.time);
        self.product.push(self.names.product(TRADES.name, row.product)?);
        self.slot.push(row.slot);
        self.buyer.push(buyer);
        self.seller.push(seller);
        self.energy_wh.push(row.energy.0);
        self.price_ueur_per_kwh.push(row.price.0);
        self.fee_ueur_per_kwh.push(row.fee.0);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        vec![
            &mut self.time,
            &mut self.product,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.buyer,
            &mut self.seller,
            &mut self.energy_wh,
            &mut self.price_ueur_per_kwh,
            &mut self.fee_ueur_per_kwh,
        ]
    }
}

pub(super) struct ClearingColumns {
    names: Arc<Names>,
    time: TimeColumn,
    product: NameColumn,
    slot: SlotColumns,
    price_ueur_per_kwh: OptionalColumn<i64>,
    /// Volume, demand, supply.
    energies_wh: [NumberColumn<i64>; 3],
    /// Value, welfare, fees.
    amounts_neur: [NumberColumn<i64>; 3],
}

impl ClearingColumns {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            time: TimeColumn::default(),
            product: NameColumn::new(&names.products),
            slot: SlotColumns::new(),
            price_ueur_per_kwh: OptionalColumn::default(),
            energies_wh: std::array::from_fn(|_| NumberColumn::default()),
            amounts_neur: std::array::from_fn(|_| NumberColumn::default()),
        }
    }
}

impl Columns for ClearingColumns {
    const TABLE: Table = CLEARINGS;
    type Row<'a> = ClearingRow;

    fn push(&mut self, row: &ClearingRow) -> Result<(), ResultsError> {
        self.time.push(row.time);
        self.product.push(self.names.product(CLEARINGS.name, row.product)?);
        self.slot.push(row.slot);
        self.price_ueur_per_kwh.push(row.price.map(|price| price.0));
        for (column, energy) in self.energies_wh.iter_mut().zip([row.volume, row.demand, row.supply]) {
            column.push(energy.0);
        }
        let amounts = [("value_neur", row.value), ("welfare_neur", row.welfare), ("fees_neur", row.fees)];
        for (column, (name, amount)) in self.amounts_neur.iter_mut().zip(amounts) {
            column.push(nano_euro(CLEARINGS.name, name, amount)?);
        }
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Column> {
        let mut columns: Vec<&mut dyn Column> = vec![
            &mut self.time,
            &mut self.product,
            &mut self.slot.start,
            &mut self.slot.end,
            &mut self.price_ueur_per_kwh,
        ];
        columns.extend(self.energies_wh.iter_mut().map(|column| column as &mut dyn Column));
        columns.extend(self.amounts_neur.iter_mut().map(|column| column as &mut dyn Column));
        columns
    }
}
