//! Why something cannot be settled.

use thiserror::Error;

use super::{Account, Component};
use crate::time::Time;
use crate::{AgentId, Energy, Money, OrderId, Price};

/// Input that cannot be settled. Nothing has been posted when one of these is returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the values in the message of each case")]
pub enum SettlementError {
    /// A register or a traded amount below zero.
    #[error(
        "import of {import}, export of {export}, {bought} bought, {sold} sold: none of these may be negative; \
         give both registers as positive counts"
    )]
    Negative { import: Energy, export: Energy, bought: Energy, sold: Energy },
    /// Readings and trades of one account do not add up within 64 bits.
    #[error(
        "import of {import}, export of {export}, {bought} bought, {sold} sold add up beyond the integers; \
         check their unit, which is Wh"
    )]
    AccountTooLarge { import: Energy, export: Energy, bought: Energy, sold: Energy },
    /// A trade for nothing, or one that flows backwards.
    #[error("bid {bid} and offer {offer} trade {quantity}; leave trades out that are not positive")]
    TradeNotPositive { bid: OrderId, offer: OrderId, quantity: Energy },
    /// A trade by somebody without a meter in the slot.
    #[error("agent {agent} trades in the slot at {slot} but has no meter there; add its registers, if only zeros")]
    UnknownAgent { agent: AgentId, slot: Time },
    /// Two meters for one account.
    #[error("agent {agent} has two meters in the slot at {slot}; add their registers up first")]
    DuplicateAccount { agent: AgentId, slot: Time },
    /// An entry whose quantity is negative.
    #[error("an entry of {component} at {slot} is for {quantity}; swap payer and payee and give it positive")]
    NegativeQuantity { component: Component, slot: Time, quantity: Energy },
    /// An entry that contradicts itself.
    #[error("an entry of {component} at {slot} says {amount}, but {quantity} at {price} make {product}")]
    AmountMismatch { component: Component, slot: Time, amount: Money, quantity: Energy, price: Price, product: Money },
    /// The turnover no longer fits.
    #[error(
        "an entry of {component} at {slot} between {payer} and {payee} takes the turnover beyond the integers; \
         check its price and quantity, or begin a new ledger"
    )]
    LedgerTooLarge { component: Component, slot: Time, payer: Account, payee: Account },
    /// A percentage, or a sum of amounts, that does not fit.
    #[error("{what} of agent {agent} in the slot at {slot} is beyond the integers; check its price and rate")]
    AmountTooLarge { what: &'static str, agent: AgentId, slot: Time },
    /// A period that ends before it begins.
    #[error("the period from {from} until {until} is empty; it must end after it begins")]
    EmptyPeriod { from: Time, until: Time },
    /// More days than can sensibly be charged one by one.
    #[error("the period from {} ms until {} ms is longer than a century; charge shorter periods", from.0, until.0)]
    PeriodTooLong { from: Time, until: Time },
    /// Taxes were charged already.
    #[error("agent {agent} has been charged taxes at {slot} already; close each period once")]
    AlreadyTaxed { agent: AgentId, slot: Time },
    /// A tax rounded to nothing or less.
    #[error("the tax is rounded to multiples of {unit}; the multiple must be positive, 1 n€ being the finest")]
    TaxUnit { unit: Money },
    /// A contract over a negative amount, or one whose bounds are swapped.
    #[error("a contract over {quantity} within {minimum} and {maximum}; give amounts from zero up, minimum first")]
    ContractQuantity { quantity: Energy, minimum: Energy, maximum: Energy },
    /// A contract's payment that does not fit.
    #[error("a contract over {quantity} against a price of {price} pays more than the integers hold; check both")]
    ContractTooLarge { quantity: Energy, price: Price },
    /// Shares of nothing.
    #[error("{total} cannot be shared out over weights that sum to zero; give at least one a positive weight")]
    NoWeight { total: i128 },
    /// A negative total or weight, or numbers too large to multiply.
    #[error(
        "{total} cannot be shared out by weight {weight}; both must be from zero up and their product fit 128 bits"
    )]
    BadWeight { total: i128, weight: i128 },
    /// Weights and tickets of different length.
    #[error("there are {weights} weights and {tickets} lottery tickets; give each weight its ticket")]
    TicketsMismatch { weights: usize, tickets: usize },
}
