//! The order book of one delivery slot: checked on the way in, sorted by merit.

use std::cmp::Ordering;
use std::sync::OnceLock;

use thiserror::Error;

use crate::{AgentId, Clearing, Energy, Order, OrderId, Price, Side};

/// The orders of one slot, every one tradable, in merit order.
///
/// Merit order is the order in which a market serves: bids from the highest limit down, offers from the
/// lowest up; then higher quality, earlier submission, lower lottery ticket. Should two orders still be
/// equal, which only a caller that drew the same ticket twice can bring about, the lower order id goes
/// first. It is a total order, so the sequence in which orders were handed over never shows.
#[derive(Debug, Clone, Default)]
pub struct Book {
    /// Bids, then offers, each in merit order.
    orders: Vec<Order>,
    first_offer: usize,
    /// Index into `orders` of each id, sorted by id. Made when an order is first looked up by its id: most
    /// clearings never need it.
    index_by_id: OnceLock<Vec<(OrderId, usize)>>,
}

/// Books are equal if their orders are.
impl PartialEq for Book {
    fn eq(&self, other: &Book) -> bool {
        self.orders == other.orders
    }
}

impl Eq for Book {}

/// Why a set of orders is no book.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BookError {
    /// An order for nothing, or for a negative amount.
    #[error(
        "order {order} of agent {agent} is for {quantity}; quantities are positive on both sides, \
         so leave the order out or turn it into one of the other side"
    )]
    QuantityNotPositive {
        /// The order refused.
        order: OrderId,
        /// Its agent.
        agent: AgentId,
        /// Its quantity.
        quantity: Energy,
    },
    /// Two orders with one id, be they on one side or on both.
    #[error(
        "order id {order} is used twice, by agents {} and {}; every order of a book needs an id of its own",
        agents.0, agents.1
    )]
    DuplicateOrder {
        /// The lowest id used twice.
        order: OrderId,
        /// The agents of the two orders, in merit order.
        agents: (AgentId, AgentId),
    },
    /// One side asks for more energy than can be added up. The bound, 9.2e18 Wh, also keeps every
    /// payment within [`Money`](crate::Money), whatever the price.
    #[error(
        "order {order} of agent {agent} over {quantity} takes the sum of the {side}s beyond 64 bits; \
         give its quantity in Wh, or split the book"
    )]
    TotalTooLarge {
        /// The order that does not fit any more.
        order: OrderId,
        /// Its agent.
        agent: AgentId,
        /// Its quantity.
        quantity: Energy,
        /// Its side.
        side: Side,
    },
    /// A bid whose limit and premium add up to more than a price can hold.
    #[error(
        "bid {order} of agent {agent} at {limit} with a premium of {premium_bp} basis points exceeds 64 bits; \
         lower its limit or its premium"
    )]
    PremiumTooLarge {
        /// The bid refused.
        order: OrderId,
        /// Its agent.
        agent: AgentId,
        /// Its limit.
        limit: Price,
        /// Its premium in basis points of the limit.
        premium_bp: u32,
    },
}

impl Book {
    /// Checks and sorts `orders`, in O(n log n).
    ///
    /// # Errors
    /// When a quantity is not positive, an id is used twice, or the sum of one side or a limit with its premium
    /// overflows. The whole set is then refused; the error names the order to take out.
    pub fn new(orders: impl IntoIterator<Item = Order>) -> Result<Book, BookError> {
        let mut orders: Vec<Order> = orders.into_iter().collect();
        refuse_untradable(&orders)?;
        refuse_duplicates(&orders)?;
        orders.sort_unstable_by(by_merit);
        Ok(Book::of_sorted(orders))
    }

    /// A book of orders that stand in merit order and have been checked.
    fn of_sorted(orders: Vec<Order>) -> Book {
        let first_offer = orders.partition_point(|order| order.side == Side::Bid);
        Book { orders, first_offer, index_by_id: OnceLock::new() }
    }

    /// Like [`Book::new`], with the tie order being the order given: each order's place in `orders`
    /// becomes its lottery ticket. For books that come from a file, where no lottery was drawn.
    ///
    /// # Errors
    /// Those of [`Book::new`].
    pub fn in_given_order(orders: impl IntoIterator<Item = Order>) -> Result<Book, BookError> {
        Book::new((0..).zip(orders).map(|(lottery, order)| Order { lottery, ..order }))
    }

    /// The bids, best first: the highest limit leads.
    pub fn bids(&self) -> &[Order] {
        &self.orders[..self.first_offer]
    }

    /// The offers, best first: the lowest limit leads.
    pub fn offers(&self) -> &[Order] {
        &self.orders[self.first_offer..]
    }

    /// The order with this id, found in O(log n).
    pub fn order(&self, id: OrderId) -> Option<&Order> {
        self.index_of(id).map(|index| &self.orders[index])
    }

    /// How many orders there are, bids and offers together.
    pub fn len(&self) -> usize {
        self.orders.len()
    }

    /// Whether there is no order at all.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// The orders that `keep` accepts, in O(n).
    pub fn filtered(&self, keep: impl Fn(&Order) -> bool) -> Book {
        Book::of_sorted(self.orders.iter().copied().filter(keep).collect())
    }

    /// What `clearing` has left of every order, under the same ids; orders that were filled are gone. In O(n) if its
    /// trades come in merit order, else in O(n log n).
    ///
    /// # Panics
    /// If `clearing` is not one of this book.
    pub fn residual(&self, clearing: &Clearing) -> Book {
        self.with_quantities(clearing.left(self))
    }

    /// The same orders over other quantities, listed as in [`Book::all`] and none of them larger than before; an
    /// order over nothing is left out.
    pub(crate) fn with_quantities(&self, quantities: impl IntoIterator<Item = Energy>) -> Book {
        let orders = self.orders.iter().zip(quantities).filter(|(_, quantity)| *quantity > Energy::ZERO);
        Book::of_sorted(orders.map(|(order, quantity)| Order { quantity, ..*order }).collect())
    }

    /// Every bid at its limit with the premium, which is thereby spent; the merit of bids changes accordingly. In
    /// O(n log n).
    pub fn with_premiums(&self) -> Book {
        let raise = |order: &Order| {
            let limit = order.limit_with_premium().expect("a book refuses bids whose raised limit does not fit");
            Order { limit, premium_bp: 0, ..*order }
        };
        let mut orders: Vec<Order> = self.orders.iter().map(raise).collect();
        orders[..self.first_offer].sort_unstable_by(by_merit);
        Book::of_sorted(orders)
    }

    /// Where in [`Book::all`] an order stands.
    pub(crate) fn index_of(&self, id: OrderId) -> Option<usize> {
        let index = self.index_by_id.get_or_init(|| {
            let mut index: Vec<_> = self.orders.iter().enumerate().map(|(at, order)| (order.id, at)).collect();
            index.sort_unstable();
            index
        });
        let place = index.binary_search_by_key(&id, |&(id, _)| id).ok()?;
        Some(index[place].1)
    }

    /// Bids, then offers.
    pub(crate) fn all(&self) -> &[Order] {
        &self.orders
    }
}

/// Finds the orders that trades name. Trades mostly walk along the merit order, so the neighbourhood of the last
/// find is looked at first, and only then the whole book.
pub(crate) struct Locator<'book> {
    book: &'book Book,
    last_bid: usize,
    last_offer: usize,
}

impl<'book> Locator<'book> {
    pub(crate) fn new(book: &'book Book) -> Self {
        Locator { book, last_bid: 0, last_offer: book.first_offer }
    }

    /// Where in [`Book::all`] the order of this id stands, if the book has it on this side.
    pub(crate) fn find(&mut self, side: Side, id: OrderId) -> Option<usize> {
        let last = match side {
            Side::Bid => &mut self.last_bid,
            Side::Offer => &mut self.last_offer,
        };
        let orders = &self.book.orders;
        let near = [*last, *last + 1, last.wrapping_sub(1)];
        let found = near.into_iter().find(|&index| orders.get(index).is_some_and(|order| order.id == id));
        let index = found.or_else(|| self.book.index_of(id))?;
        *last = index;
        (orders[index].side == side).then_some(index)
    }
}

fn by_merit(a: &Order, b: &Order) -> Ordering {
    let better_limit = || match a.side {
        Side::Bid => b.limit.cmp(&a.limit),
        Side::Offer => a.limit.cmp(&b.limit),
    };
    a.side
        .cmp(&b.side)
        .then_with(better_limit)
        .then_with(|| b.quality.cmp(&a.quality))
        .then_with(|| a.submitted_ms.cmp(&b.submitted_ms))
        .then_with(|| a.lottery.cmp(&b.lottery))
        .then_with(|| a.id.cmp(&b.id))
}

fn refuse_untradable(orders: &[Order]) -> Result<(), BookError> {
    let (mut bids_wh, mut offers_wh) = (0_i64, 0_i64);
    for whole @ &Order { id: order, agent, side, quantity, limit, premium_bp, .. } in orders {
        if quantity <= Energy::ZERO {
            return Err(BookError::QuantityNotPositive { order, agent, quantity });
        }
        let total_wh = match side {
            Side::Bid => &mut bids_wh,
            Side::Offer => &mut offers_wh,
        };
        *total_wh =
            total_wh.checked_add(quantity.0).ok_or(BookError::TotalTooLarge { order, agent, quantity, side })?;
        if whole.limit_with_premium().is_none() {
            return Err(BookError::PremiumTooLarge { order, agent, limit, premium_bp });
        }
    }
    Ok(())
}

fn refuse_duplicates(orders: &[Order]) -> Result<(), BookError> {
    // The usual numbering, in the sequence of arrival.
    if orders.is_sorted_by(|a, b| a.id < b.id) {
        return Ok(());
    }
    let mut ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
    ids.sort_unstable();
    let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) else { return Ok(()) };
    let mut rivals: Vec<Order> = orders.iter().copied().filter(|order| order.id == twice[0]).collect();
    rivals.sort_unstable_by(by_merit);
    Err(BookError::DuplicateOrder { order: twice[0], agents: (rivals[0].agent, rivals[1].agent) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: u64, side: Side, quantity: i64, limit: i64) -> Order {
        Order {
            id: OrderId(id),
            agent: AgentId(100 + id as u32),
            side,
            quantity: Energy(quantity),
            limit: Price(limit),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: 0,
        }
    }

    fn ids(orders: &[Order]) -> Vec<u64> {
        orders.iter().map(|order| order.id.0).collect()
    }

    #[test]
    fn bids_descend_and_offers_ascend_through_zero() {
        let limits = [(1, -5), (2, 20), (3, 0), (4, 7)];
        let bids = limits.map(|(id, limit)| order(id, Side::Bid, 1, limit));
        let offers = limits.map(|(id, limit)| order(10 + id, Side::Offer, 1, limit));
        let book = Book::new(bids.into_iter().chain(offers)).expect("all orders are tradable");
        assert_eq!(ids(book.bids()), [2, 4, 3, 1]);
        assert_eq!(ids(book.offers()), [11, 13, 14, 12]);
        assert_eq!(book.len(), 8);
        assert_eq!(book.order(OrderId(13)).map(|order| order.limit), Some(Price(0)));
        assert_eq!(book.order(OrderId(5)), None);
    }

    #[test]
    fn equal_prices_are_served_by_quality_then_time_then_ticket_then_id() {
        for side in [Side::Bid, Side::Offer] {
            let tied = order(0, side, 1, 10);
            let book = Book::new([
                Order { id: OrderId(1), lottery: 9, ..tied },
                Order { id: OrderId(2), lottery: 9, ..tied },
                Order { id: OrderId(3), lottery: 8, ..tied },
                Order { id: OrderId(4), submitted_ms: -1, lottery: 99, ..tied },
                Order { id: OrderId(5), quality: 1, submitted_ms: 5, lottery: 99, ..tied },
            ])
            .expect("all orders are tradable");
            let served = if side == Side::Bid { book.bids() } else { book.offers() };
            assert_eq!(ids(served), [5, 4, 3, 1, 2]);
        }
    }

    #[test]
    fn orders_of_a_file_keep_the_given_order_within_a_tie() {
        let given = [7, 3, 9, 1].map(|id| order(id, Side::Bid, 1, 10));
        let book = Book::in_given_order(given).expect("all orders are tradable");
        assert_eq!(ids(book.bids()), [7, 3, 9, 1]);
    }

    #[test]
    fn a_quantity_that_is_not_positive_is_refused_by_name() {
        for quantity in [0, -5] {
            let refused = Book::new([order(1, Side::Bid, 5, 10), order(2, Side::Offer, quantity, 10)])
                .expect_err("nothing cannot be sold");
            let (order, agent) = (OrderId(2), AgentId(102));
            let quantity = Energy(quantity);
            assert_eq!(refused, BookError::QuantityNotPositive { order, agent, quantity });
            assert!(refused.to_string().contains(&format!("order 2 of agent 102 is for {quantity}")));
        }
    }

    #[test]
    fn an_id_used_twice_is_refused_even_across_the_sides() {
        let refused =
            Book::new([order(4, Side::Offer, 5, 10), order(3, Side::Offer, 5, 10), order(4, Side::Bid, 5, 10)])
                .expect_err("order 4 is there twice");
        let agents = (AgentId(104), AgentId(104));
        assert_eq!(refused, BookError::DuplicateOrder { order: OrderId(4), agents });
        assert!(refused.to_string().contains("order id 4 is used twice"));
    }

    #[test]
    fn each_side_may_add_up_to_the_largest_integer_and_no_further() {
        let full =
            [order(1, Side::Bid, i64::MAX, 10), order(2, Side::Offer, i64::MAX - 1, 10), order(3, Side::Offer, 1, 10)];
        assert!(Book::new(full).is_ok());
        let refused =
            Book::new(full.into_iter().chain([order(4, Side::Offer, 1, 10)])).expect_err("the offers overflow");
        assert!(matches!(refused, BookError::TotalTooLarge { order: OrderId(4), side: Side::Offer, .. }));
    }

    #[test]
    fn a_bid_whose_limit_overflows_with_its_premium_is_refused_by_name() {
        let extreme = order(1, Side::Bid, 5, i64::MAX);
        assert!(Book::new([extreme]).is_ok());
        let refused = Book::new([Order { premium_bp: 1, ..extreme }]).expect_err("the raised limit does not fit");
        assert!(matches!(refused, BookError::PremiumTooLarge { order: OrderId(1), premium_bp: 1, .. }));
        assert!(Book::new([Order { premium_bp: 1, side: Side::Offer, ..extreme }]).is_ok());
    }

    #[test]
    fn a_premium_may_change_who_comes_first_and_is_then_spent() {
        let generous = Order { premium_bp: 2_000, ..order(1, Side::Bid, 1, 10) };
        let book = Book::new([generous, order(2, Side::Bid, 1, 11)]).expect("all orders are tradable");
        assert_eq!(ids(book.bids()), [2, 1]);
        let raised = book.with_premiums();
        assert_eq!(ids(raised.bids()), [1, 2]);
        assert_eq!((raised.bids()[0].limit, raised.bids()[0].premium_bp), (Price(12), 0));
        assert_eq!(raised.with_premiums(), raised);
    }

    #[test]
    fn orders_are_found_wherever_the_last_one_was() {
        let orders =
            (1..40).map(|id| order(id, if id % 2 == 0 { Side::Bid } else { Side::Offer }, 1, (id * 7 % 11) as i64));
        let book = Book::new(orders).expect("all orders are tradable");
        let mut locator = Locator::new(&book);
        for id in (1..40).chain((1..40).rev()).map(OrderId) {
            let side = book.order(id).expect("the book has it").side;
            let other = if side == Side::Bid { Side::Offer } else { Side::Bid };
            assert_eq!(locator.find(side, id), book.index_of(id));
            assert_eq!(locator.find(other, id), None);
        }
        assert_eq!(locator.find(Side::Bid, OrderId(99)), None);
    }

    #[test]
    fn a_book_may_be_empty() {
        let book = Book::new([]).expect("no order, nothing to refuse");
        assert!(book.is_empty() && book.bids().is_empty() && book.offers().is_empty());
    }
}
