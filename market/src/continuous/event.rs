//! What goes into a continuous book and what comes out of it: orders, operations and events.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::Time;
use crate::{AgentId, Energy, OrderId, Price, Side, Trade};

/// How long an order may wait for a counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeInForce {
    /// Rests until the gate closes.
    GoodTillGate,
    /// Rests until this instant, at which it no longer trades, or until the gate closes.
    GoodTillTime(Time),
    /// Trades what it can at once; the rest is cancelled.
    ImmediateOrCancel,
    /// Trades in full at once, or is rejected and nothing happens.
    FillOrKill,
}

/// What happens when an incoming order meets a resting one of the same agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelfTrade {
    /// They trade, as in the call auctions: no money moves.
    #[default]
    Allow,
    /// The resting order is cancelled and the incoming one goes on.
    CancelResting,
    /// What is left of the incoming order is cancelled; what it has traded until then stands.
    CancelIncoming,
}

/// A limit order for the slot of the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LimitOrder {
    /// Unique over the life of the book.
    pub id: OrderId,
    /// Who pays or is paid, and who alone may cancel or replace the order.
    pub agent: AgentId,
    /// Buy or sell.
    pub side: Side,
    /// Watt-hours to trade at most; positive on both sides.
    pub quantity: Energy,
    /// The most a bid pays, the least an offer takes. May be negative.
    pub limit: Price,
    /// How long the order may wait.
    pub time_in_force: TimeInForce,
}

/// One thing that is done to a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// A new order comes in.
    Place(LimitOrder),
    /// The owner takes what is left of its order out.
    Cancel {
        /// A resting order.
        order: OrderId,
        /// Its owner.
        agent: AgentId,
    },
    /// The owner changes limit, quantity or both.
    Replace {
        /// A resting order.
        order: OrderId,
        /// Its owner.
        agent: AgentId,
        /// The new limit.
        limit: Price,
        /// The new quantity over the whole life of the order, **including** what has traded already. So a trade that
        /// happens while the replacement is on its way never makes the agent trade more than it wanted.
        quantity: Energy,
    },
    /// Time goes on: orders expire, and the gate closes once its instant is reached.
    Advance {
        /// The present instant; never before that of an earlier operation.
        now: Time,
    },
    /// The gate closes before its time. Every order that rests is cancelled.
    CloseGate,
}

/// Something that happened in a book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// An order passed every check. What it trades at once follows; what is left then rests, or is cancelled.
    Accepted {
        /// The order.
        order: OrderId,
    },
    /// Two orders traded, at the limit of the one that rested.
    Traded {
        /// Who, how much, at which price.
        trade: Trade,
        /// The side of the order that came in; the other one rested.
        incoming: Side,
    },
    /// An order was made smaller, or replaced by the same, and kept its place.
    Reduced {
        /// The order.
        order: OrderId,
        /// What it may still trade.
        left: Energy,
    },
    /// An order was changed and has lost its place. What it trades at once follows.
    Replaced {
        /// The order.
        order: OrderId,
        /// Its new limit.
        limit: Price,
        /// What it may still trade.
        left: Energy,
    },
    /// What was left of an order was taken out.
    Cancelled {
        /// The order.
        order: OrderId,
        /// What it will not trade any more.
        left: Energy,
        /// Why.
        reason: Cancellation,
    },
    /// The time of an order has come.
    Expired {
        /// The order.
        order: OrderId,
        /// What it will not trade any more.
        left: Energy,
    },
    /// An operation was refused and nothing has changed.
    Rejected {
        /// The order it is about; `None` when it is about the whole book.
        order: Option<OrderId>,
        /// Why.
        reason: Rejection,
    },
}

/// Why an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cancellation {
    /// Its owner wanted so.
    ByOwner,
    /// The gate closed.
    GateClosed,
    /// Immediate or cancel, and this is the rest.
    Unfilled,
    /// It met an order of its own agent, which [`SelfTrade`] does not allow here.
    SelfTrade,
}

/// Why an operation was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum Rejection {
    /// An order for nothing, or for a negative amount.
    #[error(
        "the quantity is {quantity}; quantities are positive on both sides, so turn the order into one of the other side"
    )]
    QuantityNotPositive { quantity: Energy },
    /// The id belongs to an order that was accepted before, be it gone or not.
    #[error("the id is used already; give each order of the book an id of its own, or replace the order")]
    DuplicateId,
    /// No order with this id rests in the book.
    #[error("no order of this id rests in the book; it has traded, expired or been cancelled, or never existed")]
    UnknownOrder,
    /// The order belongs to somebody else.
    #[error("the order belongs to agent {owner}; only its owner may change it")]
    NotTheOwner { owner: AgentId },
    /// Trading has ended for this slot.
    #[error("the gate is closed; trade a later slot")]
    GateClosed,
    /// The sum of the orders of one side would go beyond 64 bits.
    #[error("{quantity} take the sum of the resting {side}s beyond 64 bits; give the quantity in Wh")]
    TotalTooLarge { quantity: Energy, side: Side },
    /// A fill-or-kill order that found too little.
    #[error("only {available} are to be had within the limit; ask for less, or accept a part")]
    WouldNotFill { available: Energy },
    /// A replacement that is not larger than what has traded.
    #[error("{traded} have traded already; cancel the order, or replace it by more than that")]
    AlreadyTraded { traded: Energy },
    /// An order whose time has come before it is placed.
    #[error("the order is good till {until} and it is {now}; give it a later end")]
    AlreadyExpired { until: Time, now: Time },
    /// Time was handed in that lies before the present one.
    #[error("it is {now} already; hand in the operations in the order of time")]
    TimeRunsBack { now: Time },
}
