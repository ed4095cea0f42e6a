//! The terms of an account: registers, tariff, imbalance, levies, grid fees and standing charges, all of them data.

use serde::{Deserialize, Serialize};

use super::{
    Account, Component, Entry, Imbalance, Ledger, Period, SettlementError, Tariff, Tolerance, basis_points_of,
};
use crate::time::{Calendar, Time};
use crate::{AgentId, Energy, Money};

/// Under which terms an account is settled in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// Whether the two registers are billed apart or netted first.
    pub registers: Registers,
    /// The retailer's prices.
    pub tariff: Tariff,
    /// What deviations from the trades cost.
    pub imbalance: Imbalance,
    /// Which deviations are not counted.
    pub tolerance: Tolerance,
    /// Levies on metered energy.
    pub levies: Levies,
    /// Fees for the use of the grid.
    pub grid_fee: GridFee,
}

/// What becomes of a slot in which both registers moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registers {
    /// Import and export are billed each.
    #[default]
    Separate,
    /// Net metering: the smaller register is taken off both, and off the base of levies and fees with it.
    Netted,
}

impl Registers {
    /// The registers that count, import first.
    pub fn counted(self, import: Energy, export: Energy) -> (Energy, Energy) {
        match self {
            Registers::Separate => (import, export),
            Registers::Netted => (import - import.min(export), export - import.min(export)),
        }
    }
}

/// What the state takes per metered kilowatt-hour. Both are charges: positive when the account pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Levies {
    /// On energy taken; 0.18 EUR/kWh in lemlab.
    pub import: crate::Price,
    /// On energy fed in; nothing in lemlab.
    pub export: crate::Price,
}

/// What the grid operator charges on metered energy. The rates are charges: positive when the account pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum GridFee {
    /// Nothing.
    #[default]
    None,
    /// So much per kilowatt-hour of each register.
    Constant(Levies),
    /// A share, in basis points, of what the account pays for the energy it takes, and of what it receives for
    /// the energy it gives, market and retailer together. At negative prices the size of the payment counts, so a
    /// fee never becomes a gift. Each of the two is rounded to the nano-euro, halves up.
    Percentage {
        /// Of the payments for energy taken.
        import_bp: u32,
        /// Of the revenues for energy given.
        export_bp: u32,
    },
    /// HAMLET's blend: market fee × local share + retail fee × (1 − local share), on each register. The local
    /// share of a register is the part of it that was traded; times the register that is a whole number of
    /// watt-hours, so the blend is exact.
    Blend {
        /// For energy traded in the local market.
        market: Levies,
        /// For energy from and to the retailer.
        retail: Levies,
    },
}

/// What the account's energy amounts to in a slot, as far as grid fees care.
#[derive(Debug, Clone, Copy)]
pub(super) struct FeeBase {
    /// Registers that count, import first.
    pub registers: (Energy, Energy),
    /// Bought and sold.
    pub traded: (Energy, Energy),
    /// Paid for energy taken, received for energy given.
    pub payments: (Money, Money),
}

impl GridFee {
    /// The charges on import and on export; `None` beyond the integers.
    pub(super) fn charges(&self, base: &FeeBase) -> Option<[Charge; 2]> {
        let (import, export) = base.registers;
        match *self {
            GridFee::None => Some([Charge::default(); 2]),
            GridFee::Constant(fee) => Some([Charge::at(import, fee.import), Charge::at(export, fee.export)]),
            GridFee::Percentage { import_bp, export_bp } => {
                let of = |quantity, Money(payment): Money, rate_bp| {
                    let amount = basis_points_of(Money(payment.checked_abs()?), rate_bp, Money(1))?;
                    Some(Charge { quantity, price: None, amount })
                };
                Some([of(import, base.payments.0, import_bp)?, of(export, base.payments.1, export_bp)?])
            }
            GridFee::Blend { market, retail } => {
                let blend = |register: Energy, traded: Energy, market, retail| {
                    let local = register.min(traded);
                    let amount = (local * market).0.checked_add(((register - local) * retail).0)?;
                    Some(Charge { quantity: register, price: None, amount: Money(amount) })
                };
                Some([
                    blend(import, base.traded.0, market.import, retail.import)?,
                    blend(export, base.traded.1, market.export, retail.export)?,
                ])
            }
        }
    }
}

/// One charge: quantity × price where there is one price.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Charge {
    pub quantity: Energy,
    pub price: Option<crate::Price>,
    pub amount: Money,
}

impl Charge {
    pub(super) fn at(quantity: Energy, price: crate::Price) -> Charge {
        Charge { quantity, price: Some(price), amount: quantity * price }
    }
}

/// A charge for being connected, however much flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StandingCharge {
    /// For each local day that begins within the period.
    PerDay(Money),
    /// For each local month that begins within the period.
    PerMonth(Money),
    /// For each local day that begins within the period, its part of the month's charge: by day the whole nano-euros of
    /// days so far × charge / days of the month, less those of the day before. A whole month comes to the charge exactly,
    /// and a period to the same in one piece as in several.
    PerMonthByDay(Money),
}

impl StandingCharge {
    /// Charges `agent` over `period` in favour of `payee`, each charge at its local midnight. Posts all or nothing.
    ///
    /// # Errors
    /// If the period is empty or longer than a century, or the ledger cannot hold the amounts.
    pub fn post(
        self,
        ledger: &mut Ledger,
        agent: AgentId,
        payee: Account,
        period: Period,
        calendar: Calendar,
    ) -> Result<(), SettlementError> {
        let entries = self.due(period.checked()?.within_reach()?, calendar).map(|(slot, amount)| Entry {
            slot,
            payer: Account::Participant(agent),
            payee,
            component: Component::Standing,
            quantity: Energy::ZERO,
            price: None,
            amount,
        });
        ledger.post_all(entries.collect())
    }
    /// What it comes to over `period`, charged midnight by midnight.
    ///
    /// # Errors
    /// If the period is empty or longer than a century.
    pub fn over(self, period: Period, calendar: Calendar) -> Result<Money, SettlementError> {
        Ok(self.due(period.checked()?.within_reach()?, calendar).map(|(_, amount)| amount).sum())
    }

    /// The local midnights at which something falls due, and what.
    fn due(self, period: Period, calendar: Calendar) -> impl Iterator<Item = (Time, Money)> {
        let first = calendar.day(period.from);
        let days = (first..).map(move |day| (day, calendar.midnight(day)));
        let within =
            days.take_while(move |&(_, start)| start < period.until).filter(move |&(_, start)| start >= period.from);
        within.filter_map(move |(day, start)| {
            let (.., of_month) = Calendar::civil(day);
            let amount = match self {
                StandingCharge::PerDay(amount) => amount,
                StandingCharge::PerMonth(amount) if of_month == 1 => amount,
                StandingCharge::PerMonth(_) => return None,
                StandingCharge::PerMonthByDay(Money(charge)) => {
                    let (so_far, days) = (i128::from(of_month), i128::from(days_of_month(day)));
                    let until = |count: i128| charge / days * count + (charge % days * count).div_euclid(days);
                    Money(until(so_far) - until(so_far - 1))
                }
            };
            Some((start, amount))
        })
    }
}

/// How many days the month of local day `day` has.
fn days_of_month(day: i64) -> u32 {
    let (.., of_month) = Calendar::civil(day);
    let first = day - i64::from(of_month) + 1;
    // No month has fewer than 28 days, and the day after its last is a first.
    let next = (first + 28..).find(|&day| Calendar::civil(day).2 == 1).expect("another month begins");
    (next - first) as u32
}
