//! What a market shows: products with their next gates, contracts, books, last clearings; and to each his own orders.
//!
//! Books of auctions are sealed until their gate. Energy is over whole contracts.

use super::desk::{Books, Desk};
use super::{MarketOperator, Trading};
use crate::id::ParticipantId;
use crate::record::ClearingRow;
use crate::time::{Now, Slot, Time};
use market::product::{Product, ProductId};
use market::{AgentId, Energy, Price, Side};

/// Most levels of a book that are shown on each side.
const MOST_LEVELS: usize = 20;

/// What a market shows at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct MarketView {
    /// The instant.
    pub time: Time,
    /// The products, by their ids.
    pub products: Vec<ProductView>,
}

/// What a market shows of a product.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductView {
    /// What is traded when.
    pub product: Product,
    /// How.
    pub trading: Trading,
    /// Its next gate.
    pub next_gate: Time,
    /// What is traded until that gate, first delivery first.
    pub contracts: Vec<ContractView>,
    /// What was cleared at its last gate.
    pub cleared: Vec<ClearingRow>,
}

/// What a market shows of a contract.
#[derive(Clone, Debug, PartialEq)]
pub struct ContractView {
    /// Its delivery slot.
    pub slot: Slot,
    /// Its book, in continuous trading.
    pub book: Option<BookView>,
}

/// What a market shows of a book: prices with the energy of all orders at them, the best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookView {
    /// What is asked for.
    pub bids: Vec<(Price, Energy)>,
    /// What is offered.
    pub offers: Vec<(Price, Energy)>,
    /// The price of the last trade.
    pub last_price: Option<Price>,
    /// What was traded so far.
    pub volume: Energy,
}

/// An order that waits for its gate, or rests in a book.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OpenOrder {
    /// What is traded.
    pub product: ProductId,
    /// The contract: its delivery slot.
    pub slot: Slot,
    /// Buys or sells.
    pub side: Side,
    /// Energy that was asked or offered.
    pub energy: Energy,
    /// How much of it was filled.
    pub filled: Energy,
    /// Limit price.
    pub limit: Price,
    /// When it was taken.
    pub time: Time,
    /// Whether it came from outside.
    pub is_outside: bool,
}

/// How a prosumer stands in its market.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TraderView {
    /// Its orders that may still trade.
    pub orders: Vec<OpenOrder>,
    /// Bought minus sold of each settlement slot to come in which it has traded.
    pub positions: Vec<(Slot, Energy)>,
}

impl MarketOperator {
    /// What the market shows at `now`, between two ticks.
    pub fn view(&self, now: Now) -> MarketView {
        let products = self.desks().zip(&self.cleared).map(|((books, desk), cleared)| {
            let next_gate = desk.venue.product.gate_from(self.earliest(now), now.calendar);
            let contracts = desk.venue.product.contracts_at(next_gate).map(|slot| ContractView {
                slot,
                book: match books {
                    Books::Auction(_) => None,
                    Books::Continuous(books) => Some(books.book(slot.start).map_or_else(BookView::default, |book| {
                        let (book, volume) = book;
                        let levels = |side| {
                            let level = |level: market::continuous::Level| (level.price, desk.whole(level.quantity));
                            book.levels(side).take(MOST_LEVELS).map(level).collect()
                        };
                        let (bids, offers) = (levels(Side::Bid), levels(Side::Offer));
                        BookView { bids, offers, last_price: book.last_price(), volume: desk.whole(volume) }
                    })),
                },
            });
            ProductView {
                product: desk.venue.product.clone(),
                trading: desk.venue.trading.clone(),
                next_gate,
                contracts: contracts.collect(),
                cleared: cleared.clone(),
            }
        });
        MarketView { time: now.time, products: products.collect() }
    }

    /// The orders of a participant that may still trade, by product and delivery.
    pub fn orders_of(&self, participant: ParticipantId) -> Vec<OpenOrder> {
        let mut open = Vec::new();
        for (books, desk) in self.desks() {
            match books {
                Books::Auction(auction) => {
                    let own = auction.waiting().filter(|(_, order, _)| order.agent == AgentId(participant.0));
                    open.extend(own.map(|(start, order, is_outside)| OpenOrder {
                        product: desk.product,
                        slot: Slot { start, length: desk.venue.product.delivery },
                        side: order.side,
                        energy: desk.whole(order.quantity),
                        filled: Energy::ZERO,
                        limit: order.limit,
                        time: Time(order.submitted_ms),
                        is_outside,
                    }));
                }
                Books::Continuous(continuous) => {
                    let own = continuous.resting().filter(|(row, _)| row.participant == participant);
                    open.extend(own.map(|(row, is_outside)| OpenOrder {
                        product: row.product,
                        slot: row.slot,
                        side: row.side,
                        energy: row.energy,
                        filled: row.filled,
                        limit: row.limit,
                        time: row.time,
                        is_outside,
                    }));
                }
            }
        }
        open
    }

    fn desks(&self) -> impl Iterator<Item = (&Books, Desk<'_>)> {
        let numbered = (0..).map(ProductId).zip(self.venues.iter().zip(&self.books));
        numbered.map(|(product, (venue, books))| (books, self.desk(product, venue)))
    }
}
