//! Why a community cannot be served.

use thiserror::Error;

use crate::settlement::SettlementError;
use crate::{AgentId, Energy, Price};

/// Members, coefficients or prices that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the values in the message of each case")]
pub enum CommunityError {
    /// A register that counts backwards.
    #[error("member {agent} imports {import} and exports {export}; give both registers as positive counts")]
    NegativeRegister { agent: AgentId, import: Energy, export: Energy },
    /// One account twice.
    #[error("member {agent} is there twice; add its registers up first")]
    DuplicateMember { agent: AgentId },
    /// Registers or payments that do not fit.
    #[error("with member {agent} the community's energy or money is beyond the integers; check registers and prices")]
    TooLarge { agent: AgentId },
    /// Coefficients and members of different number.
    #[error("there are {coefficients} coefficients for {members} members; give each member one, if only zero")]
    CoefficientsMismatch { coefficients: usize, members: usize },
    /// Coefficients that are not the whole.
    #[error("the coefficients sum to {sum_ppm} ppm; they must sum to 1,000,000 ppm, so raise or lower one of them")]
    CoefficientsNotWhole { sum_ppm: u64 },
    /// A curve without points.
    #[error("the price curve has no points; give at least one")]
    NoPoints,
    /// Points out of order.
    #[error(
        "point {place} of the price curve, at a local share of {share_bp} bp, is not beyond the one before it; sort them"
    )]
    PointsOutOfOrder { place: usize, share_bp: u32 },
    /// Points so far apart that they cannot be interpolated.
    #[error("the price curve cannot be interpolated next to {price}: its prices or the energy are beyond the integers")]
    CurveTooSteep { price: Price },
    /// A retailer that would trade with itself.
    #[error(
        "the retailer buys at {feed_in} and sells at {retail}; a backstop must not buy above the price it sells at"
    )]
    BackstopCrossed { feed_in: Price, retail: Price },
    /// An amount of a backstop that does not fit.
    #[error("the orders add up to more than 64 bits together with their backstop; split the book")]
    BackstopTooLarge,
    /// A list of baseline payments that does not match.
    #[error("there are {baseline} payments of the baseline and {actual} actual ones; give one of each per participant")]
    BaselineMismatch { baseline: usize, actual: usize },
    /// Money that cannot be added up.
    #[error("the amounts of participant {place} are beyond the integers; check prices and energy")]
    AmountTooLarge { place: usize },
    /// A trade of an order that the book does not hold.
    #[error("bid {bid} and offer {offer} trade, but one is not in the book; pass the book they were cleared from")]
    ForeignTrade { bid: crate::OrderId, offer: crate::OrderId },
    /// A slot without length.
    #[error("a slot of {length_ms} ms has no power; its length must be positive")]
    EmptySlot { length_ms: i64 },
    /// What the settlement refuses.
    #[error(transparent)]
    Settlement(#[from] SettlementError),
}
