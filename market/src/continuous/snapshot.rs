//! A continuous book as plain data, and the way back.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ContinuousBook;
use super::event::SelfTrade;
use super::ids::UsedIds;
use super::view::Resting;
use crate::time::Time;
use crate::{Energy, OrderId, Price, Side};

/// All there is to know about a [`ContinuousBook`]: equal states trade equally ever after.
///
/// Orders stand in the order in which they would trade, bids first, so a book has one state only, whatever its
/// memory looked like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BookState {
    /// When trading ends.
    pub gate: Time,
    /// What happens when an agent meets itself.
    pub self_trade: SelfTrade,
    /// The latest instant handed in.
    pub now: Option<Time>,
    /// Whether trading has ended.
    pub is_closed: bool,
    /// The price of the last trade.
    pub last_price: Option<Price>,
    /// The place in time of the next order that rests.
    pub next_sequence: u64,
    /// Bids, then offers.
    pub orders: Vec<Resting>,
    /// Ids ever used, as ranges with both ends, ascending.
    pub used_ids: Vec<(OrderId, OrderId)>,
}

/// Why a state is not that of any book.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum StateError {
    /// An order out of place, or two in one.
    #[error("order {order} does not follow order {before} in price-time priority; restore a state as it was written")]
    NotInPriority { before: OrderId, order: OrderId },
    /// An order that can not rest.
    #[error(
        "order {order} rests with {left} left and {traded} traded; the first is positive, the second not negative, and both fit 64 bits together"
    )]
    BadQuantity { order: OrderId, left: Energy, traded: Energy },
    /// An order that is not among the used ids, that came after the next one, or whose time is over.
    #[error(
        "order {order} can not rest in this state: its id, its sequence number or its expiry does not fit the rest"
    )]
    Inconsistent { order: OrderId },
    /// Used ids that are no ascending ranges.
    #[error("the used ids are not ascending ranges with gaps between them; restore a state as it was written")]
    UsedIds,
    /// A bid that reaches an offer.
    #[error("bid {bid} and offer {offer} would have traded, so they can not rest together")]
    Crossed { bid: OrderId, offer: OrderId },
    /// A closed book that holds orders.
    #[error("order {order} rests though the gate is closed; closing cancels every order")]
    RestsAfterGate { order: OrderId },
    /// An id used by two resting orders.
    #[error("two orders with the id {order} rest; ids are unique")]
    DuplicateId { order: OrderId },
    /// One side adds up to more than 64 bits.
    #[error("the {side}s up to order {order} add up to more than 64 bits")]
    TotalTooLarge { side: Side, order: OrderId },
}

impl From<&ContinuousBook> for BookState {
    fn from(book: &ContinuousBook) -> BookState {
        BookState {
            gate: book.gate,
            self_trade: book.self_trade,
            now: book.now,
            is_closed: book.is_closed,
            last_price: book.last_price,
            next_sequence: book.next_sequence,
            orders: book.orders(Side::Bid).chain(book.orders(Side::Offer)).copied().collect(),
            used_ids: book.used_ids.ranges().collect(),
        }
    }
}

impl From<ContinuousBook> for BookState {
    fn from(book: ContinuousBook) -> BookState {
        BookState::from(&book)
    }
}

impl TryFrom<BookState> for ContinuousBook {
    type Error = StateError;

    fn try_from(state: BookState) -> Result<ContinuousBook, StateError> {
        let mut book = ContinuousBook::new(state.gate, state.self_trade);
        book.used_ids = UsedIds::from_ranges(&state.used_ids).ok_or(StateError::UsedIds)?;
        refuse_disorder(&state.orders)?;
        for &order in &state.orders {
            refuse_misfit(&book, &state, &order)?;
            book.rest(order);
        }
        (book.now, book.is_closed, book.last_price) = (state.now, state.is_closed, state.last_price);
        book.next_sequence = state.next_sequence;
        if let (Some(bid), Some(offer)) = (book.orders(Side::Bid).next(), book.orders(Side::Offer).next())
            && bid.limit >= offer.limit
        {
            return Err(StateError::Crossed { bid: bid.id, offer: offer.id });
        }
        Ok(book)
    }
}

fn refuse_disorder(orders: &[Resting]) -> Result<(), StateError> {
    let priority = |order: &Resting| (order.side, super::book::rank(order.side, order.limit), order.sequence);
    match orders.windows(2).find(|pair| priority(&pair[0]) >= priority(&pair[1])) {
        Some(pair) => Err(StateError::NotInPriority { before: pair[0].id, order: pair[1].id }),
        None => Ok(()),
    }
}

fn refuse_misfit(book: &ContinuousBook, state: &BookState, order: &Resting) -> Result<(), StateError> {
    let &Resting { id, side, left, traded, until, sequence, .. } = order;
    if state.is_closed {
        return Err(StateError::RestsAfterGate { order: id });
    }
    if left <= Energy::ZERO || traded < Energy::ZERO || left.0.checked_add(traded.0).is_none() {
        return Err(StateError::BadQuantity { order: id, left, traded });
    }
    if book.order(id).is_some() {
        return Err(StateError::DuplicateId { order: id });
    }
    let is_over = until.zip(state.now).is_some_and(|(until, now)| until <= now);
    if is_over || sequence >= state.next_sequence || !book.used_ids.contains(id) {
        return Err(StateError::Inconsistent { order: id });
    }
    match book.side(side).left.0.checked_add(left.0) {
        Some(_) => Ok(()),
        None => Err(StateError::TotalTooLarge { side, order: id }),
    }
}
