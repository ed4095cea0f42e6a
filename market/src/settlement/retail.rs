//! From trades and meters to a bill: what was traded is paid as traded, the rest goes through the
//! retailer.
//!
//! A meter has two registers, and a slot may move both: a cloud passes and a site that exported imports.
//! Without net metering each register is billed at its own tariff, so neither may hide the other. What
//! was bought therefore covers the import register, what was sold covers the export register, and only
//! what was traded beyond a register is left to net out:
//!
//! - import that was not bought, and energy that was sold but not delivered, is bought from the retailer;
//! - export that was not sold, and energy that was bought but not taken, is sold to the retailer;
//! - energy both bought in excess and sold in excess was merely passed on and owes the retailer nothing.
//!
//! While the meter runs one way within the slot, this is metered net − traded net at the price of its
//! sign. A retailer that does net within the slot is had by netting the two readings beforehand.
//!
//! In every case residual import − residual export = (metered import − metered export) − (bought − sold): each
//! kilowatt-hour is billed once.

use serde::{Deserialize, Serialize};

use super::SettlementError;
use crate::{AgentId, Energy, Money, Price, Trade};

/// What a retailer charges and pays in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Tariff {
    /// What the customer pays for energy taken from the grid.
    pub import: Price,
    /// What the customer receives for energy fed into the grid; where negative, it pays.
    pub export: Price,
}

/// What one agent has traded for one delivery slot, over any number of auctions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// Energy bought; never negative.
    pub bought: Energy,
    /// Energy sold; never negative.
    pub sold: Energy,
    /// Payments minus revenues: positive for a buyer, negative for a seller, at positive prices.
    pub paid: Money,
}

impl Position {
    /// Adds this agent's part of a trade: either leg, both if it traded with itself, nothing if the
    /// trade is between others.
    pub fn record(&mut self, agent: AgentId, trade: &Trade) {
        if trade.buyer == agent {
            self.bought += trade.quantity;
            self.paid += trade.payment();
        }
        if trade.seller == agent {
            self.sold += trade.quantity;
            self.paid -= trade.payment();
        }
    }

    /// Bought minus sold: positive for a net buyer.
    pub fn net(&self) -> Energy {
        self.bought - self.sold
    }
}

/// What one account owes for one slot. Amounts of money are positive when the account pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Bill {
    /// Paid on the market, as traded.
    pub traded: Money,
    /// Energy bought from the retailer; never negative.
    pub residual_import: Energy,
    /// Energy sold to the retailer; never negative.
    pub residual_export: Energy,
    /// Paid to the retailer: residual import at the import price minus residual export at the export
    /// price.
    pub residual: Money,
    /// `traded` plus `residual`.
    pub total: Money,
}

/// Settles one account for one slot: `position` against the two registers of its meter, the rest at
/// `tariff`. The module says which energy ends up at which price.
///
/// # Panics
/// If a reading, or an amount bought or sold, is negative, or they add up beyond the integers; [`try_settle`]
/// returns these as errors.
pub fn settle(metered_import: Energy, metered_export: Energy, position: &Position, tariff: &Tariff) -> Bill {
    try_settle(metered_import, metered_export, position, tariff).unwrap_or_else(|error| panic!("{error}"))
}

/// Like [`settle`], for readings and trades that come from outside.
///
/// # Errors
/// If a reading, or an amount bought or sold, is negative, or energy or money add up beyond the integers.
pub fn try_settle(
    import: Energy,
    export: Energy,
    position: &Position,
    tariff: &Tariff,
) -> Result<Bill, SettlementError> {
    let &Position { bought, sold, paid } = position;
    if import.min(export).min(bought).min(sold) < Energy::ZERO {
        return Err(SettlementError::Negative { import, export, bought, sold });
    }
    let too_large = SettlementError::AccountTooLarge { import, export, bought, sold };
    if import.0.checked_add(sold.0).is_none() || export.0.checked_add(bought.0).is_none() {
        return Err(too_large);
    }
    let (import_not_bought, bought_in_excess) = compare(import, bought);
    let (export_not_sold, sold_in_excess) = compare(export, sold);
    let passed_on = bought_in_excess.min(sold_in_excess);
    let residual_import = import_not_bought + sold_in_excess - passed_on;
    let residual_export = export_not_sold + bought_in_excess - passed_on;
    // Neither product reaches 2^126, so their difference fits; what was paid may be anything.
    let residual = residual_import * tariff.import - residual_export * tariff.export;
    let total = paid.0.checked_add(residual.0).map(Money).ok_or(too_large)?;
    Ok(Bill { traded: paid, residual_import, residual_export, residual, total })
}

/// How far the register is above the trades, and the trades above the register.
fn compare(metered: Energy, traded: Energy) -> (Energy, Energy) {
    let covered = metered.min(traded);
    (metered - covered, traded - covered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OrderId;

    const TARIFF: Tariff = Tariff { import: Price(200), export: Price(50) };

    fn position(bought: i64, sold: i64, paid: i128) -> Position {
        Position { bought: Energy(bought), sold: Energy(sold), paid: Money(paid) }
    }

    /// Residual import, residual export and total, of readings and trades.
    fn bill(import: i64, export: i64, bought: i64, sold: i64) -> (i64, i64, i128) {
        let bill = settle(Energy(import), Energy(export), &position(bought, sold, 0), &TARIFF);
        assert_eq!(bill.total, bill.traded + bill.residual);
        (bill.residual_import.0, bill.residual_export.0, bill.total.0)
    }

    #[test]
    fn without_trades_each_register_is_billed_at_its_own_price() {
        assert_eq!(bill(300, 0, 0, 0), (300, 0, 60_000));
        assert_eq!(bill(0, 200, 0, 0), (0, 200, -10_000));
        assert_eq!(bill(300, 200, 0, 0), (300, 200, 50_000));
    }

    #[test]
    fn trades_that_match_the_registers_leave_nothing_to_the_retailer() {
        assert_eq!(bill(300, 0, 300, 0), (0, 0, 0));
        assert_eq!(bill(0, 200, 0, 200), (0, 0, 0));
        assert_eq!(bill(300, 200, 300, 200), (0, 0, 0));
    }

    #[test]
    fn a_meter_that_ran_one_way_is_billed_for_its_net_deviation() {
        assert_eq!(bill(300, 0, 100, 0), (200, 0, 40_000));
        assert_eq!(bill(300, 0, 500, 0), (0, 200, -10_000));
        assert_eq!(bill(300, 0, 0, 100), (400, 0, 80_000));
        assert_eq!(bill(0, 200, 0, 250), (50, 0, 10_000));
        assert_eq!(bill(0, 200, 100, 0), (0, 300, -15_000));
        assert_eq!(bill(300, 0, 500, 100), (0, 100, -5_000));
    }

    #[test]
    fn energy_bought_and_sold_on_owes_the_retailer_nothing() {
        assert_eq!(bill(0, 0, 100, 100), (0, 0, 0));
    }

    #[test]
    fn an_exporting_register_does_not_hide_the_importing_one() {
        assert_eq!(bill(300, 200, 100, 0), (200, 200, 30_000));
        assert_eq!(bill(300, 200, 500, 0), (0, 400, -20_000));
        assert_eq!(bill(300, 200, 0, 250), (350, 0, 70_000));
    }

    #[test]
    fn the_bill_adds_the_market_and_the_retailer() {
        let bill = settle(Energy(300), Energy(0), &position(100, 0, 12_000), &TARIFF);
        assert_eq!((bill.traded, bill.residual), (Money(12_000), Money(40_000)));
        assert_eq!(bill.total, Money(52_000));
    }

    #[test]
    fn a_negative_export_price_is_paid_by_the_exporter() {
        let tariff = Tariff { export: Price(-50), ..TARIFF };
        let bill = settle(Energy(0), Energy(200), &Position::default(), &tariff);
        assert_eq!(bill.total, Money(10_000));
    }

    #[test]
    fn a_position_adds_up_the_agents_own_legs_only() {
        let trade = |buyer, seller| Trade {
            bid: OrderId(1),
            offer: OrderId(2),
            buyer: AgentId(buyer),
            seller: AgentId(seller),
            quantity: Energy(10),
            price: Price(7),
        };
        let after = |trades: &[Trade]| {
            let mut position = Position::default();
            trades.iter().for_each(|trade| position.record(AgentId(1), trade));
            position
        };
        assert_eq!(after(&[trade(1, 2)]), position(10, 0, 70));
        assert_eq!(after(&[trade(2, 1), trade(3, 1)]), position(0, 20, -140));
        assert_eq!(after(&[trade(1, 1)]), position(10, 10, 0));
        assert_eq!(after(&[trade(2, 3)]), Position::default());
        assert_eq!(after(&[trade(1, 2), trade(2, 1), trade(1, 3)]).net(), Energy(10));
    }

    #[test]
    #[should_panic(expected = "none of these may be negative")]
    fn a_register_that_counts_backwards_is_a_bug() {
        settle(Energy(0), Energy(-1), &Position::default(), &TARIFF);
    }

    #[test]
    fn readings_beyond_the_integers_are_refused() {
        let refused = |import, export, bought, sold, paid| {
            let position = position(bought, sold, paid);
            let error = try_settle(Energy(import), Energy(export), &position, &TARIFF).expect_err("too large");
            assert!(matches!(error, SettlementError::AccountTooLarge { .. }), "{error}");
        };
        refused(i64::MAX, 0, 0, 1, 0);
        refused(0, i64::MAX, i64::MAX, 0, 0);
        refused(1, 0, 0, 0, i128::MAX);
        assert!(try_settle(Energy(i64::MAX), Energy(i64::MAX), &Position::default(), &TARIFF).is_ok());
    }
}
