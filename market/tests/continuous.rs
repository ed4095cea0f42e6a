//! The continuous book against a model that is too simple to be wrong, and its rules one by one.

use market::continuous::{
    BookState, Cancellation, ContinuousBook, Event, LimitOrder, Operation, Rejection, Resting, SelfTrade, TimeInForce,
};
use market::time::Time;
use market::{AgentId, Energy, OrderId, Price, Side, Trade};
use proptest::prelude::*;

const GATE: Time = Time(50);

/// Resting orders in the order in which they came; every question is a walk over all of them.
struct Model {
    self_trade: SelfTrade,
    now: Option<Time>,
    is_closed: bool,
    orders: Vec<Resting>,
    used: Vec<OrderId>,
}

impl Model {
    fn total(&self, side: Side) -> i128 {
        self.orders.iter().filter(|order| order.side == side).map(|order| i128::from(order.left.0)).sum()
    }

    /// Which resting order an incoming one meets next; `skip` are passed over.
    fn next(&self, side: Side, limit: Price, skip: &[OrderId]) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (index, order) in self.orders.iter().enumerate() {
            let crosses = match side {
                Side::Bid => order.side == Side::Offer && order.limit <= limit,
                Side::Offer => order.side == Side::Bid && order.limit >= limit,
            };
            let is_better = |than: &Resting| match side {
                Side::Bid => order.limit < than.limit,
                Side::Offer => order.limit > than.limit,
            };
            if crosses && !skip.contains(&order.id) && best.is_none_or(|best| is_better(&self.orders[best])) {
                best = Some(index);
            }
        }
        best
    }

    /// What would trade at once, and the orders met.
    fn would_trade(&self, order: &LimitOrder) -> Energy {
        let (mut found, mut met) = (Energy::ZERO, Vec::new());
        while found < order.quantity {
            let Some(index) = self.next(order.side, order.limit, &met) else { break };
            let resting = &self.orders[index];
            let is_own = resting.agent == order.agent;
            if is_own && self.self_trade == SelfTrade::CancelIncoming {
                break;
            }
            if !(is_own && self.self_trade == SelfTrade::CancelResting) {
                let more = found.0.checked_add(resting.left.0).expect("one side fits 64 bits");
                found = Energy(more);
            }
            met.push(resting.id);
        }
        found
    }

    fn enter(&mut self, mut order: Resting, rests: bool, events: &mut Vec<Event>) {
        while order.left > Energy::ZERO {
            let Some(index) = self.next(order.side, order.limit, &[]) else { break };
            let resting = self.orders[index];
            let reason = Cancellation::SelfTrade;
            if resting.agent == order.agent && self.self_trade == SelfTrade::CancelResting {
                self.orders.remove(index);
                events.push(Event::Cancelled { order: resting.id, left: resting.left, reason });
                continue;
            }
            if resting.agent == order.agent && self.self_trade == SelfTrade::CancelIncoming {
                events.push(Event::Cancelled { order: order.id, left: order.left, reason });
                return;
            }
            let quantity = resting.left.min(order.left);
            let (bid, offer) = if order.side == Side::Bid { (order, resting) } else { (resting, order) };
            let trade = Trade {
                bid: bid.id,
                offer: offer.id,
                buyer: bid.agent,
                seller: offer.agent,
                quantity,
                price: resting.limit,
            };
            events.push(Event::Traded { trade, incoming: order.side });
            order.left -= quantity;
            order.traded += quantity;
            self.orders[index].left -= quantity;
            self.orders[index].traded += quantity;
            self.orders.retain(|order| order.left > Energy::ZERO);
        }
        if order.left > Energy::ZERO && rests {
            self.orders.push(order);
        } else if order.left > Energy::ZERO {
            events.push(Event::Cancelled { order: order.id, left: order.left, reason: Cancellation::Unfilled });
        }
    }

    fn place(&mut self, order: &LimitOrder, events: &mut Vec<Event>) -> Result<(), Rejection> {
        let &LimitOrder { id, agent, side, quantity, limit, time_in_force } = order;
        if self.is_closed {
            return Err(Rejection::GateClosed);
        }
        if quantity.0 < 1 {
            return Err(Rejection::QuantityNotPositive { quantity });
        }
        if self.used.contains(&id) {
            return Err(Rejection::DuplicateId);
        }
        if self.total(side) + i128::from(quantity.0) > i128::from(i64::MAX) {
            return Err(Rejection::TotalTooLarge { quantity, side });
        }
        let mut until = None;
        if let TimeInForce::GoodTillTime(end) = time_in_force {
            if let Some(now) = self.now.filter(|&now| end <= now) {
                return Err(Rejection::AlreadyExpired { until: end, now });
            }
            until = Some(end);
        }
        let available = self.would_trade(order);
        if time_in_force == TimeInForce::FillOrKill && available < quantity {
            return Err(Rejection::WouldNotFill { available });
        }
        self.used.push(id);
        events.push(Event::Accepted { order: id });
        let rests = matches!(time_in_force, TimeInForce::GoodTillGate | TimeInForce::GoodTillTime(_));
        let order = Resting { id, agent, side, limit, left: quantity, traded: Energy::ZERO, until, sequence: 0 };
        self.enter(order, rests, events);
        Ok(())
    }

    fn owned(&self, id: OrderId, agent: AgentId) -> Result<usize, Rejection> {
        let index = self.orders.iter().position(|order| order.id == id).ok_or(Rejection::UnknownOrder)?;
        let owner = self.orders[index].agent;
        if owner == agent { Ok(index) } else { Err(Rejection::NotTheOwner { owner }) }
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        self.is_closed = true;
        let mut orders = std::mem::take(&mut self.orders);
        // The sort is stable, so time breaks ties.
        orders.sort_by_key(|order| match order.side {
            Side::Bid => (0, -i128::from(order.limit.0)),
            Side::Offer => (1, i128::from(order.limit.0)),
        });
        let reason = Cancellation::GateClosed;
        events.extend(orders.iter().map(|order| Event::Cancelled { order: order.id, left: order.left, reason }));
    }

    fn apply(&mut self, operation: Operation) -> Vec<Event> {
        let mut events = Vec::new();
        let (subject, outcome) = match operation {
            Operation::Place(order) => (Some(order.id), self.place(&order, &mut events)),
            Operation::Cancel { order, agent } => (Some(order), self.cancel(order, agent, &mut events)),
            Operation::Replace { order, agent, limit, quantity } => {
                (Some(order), self.replace(order, agent, limit, quantity, &mut events))
            }
            Operation::Advance { now } => (None, self.advance(now, &mut events)),
            Operation::CloseGate if self.is_closed => (None, Err(Rejection::GateClosed)),
            Operation::CloseGate => {
                self.close(&mut events);
                (None, Ok(()))
            }
        };
        if let Err(reason) = outcome {
            events.push(Event::Rejected { order: subject, reason });
        }
        events
    }

    fn cancel(&mut self, order: OrderId, agent: AgentId, events: &mut Vec<Event>) -> Result<(), Rejection> {
        if self.is_closed {
            return Err(Rejection::GateClosed);
        }
        let index = self.owned(order, agent)?;
        let left = self.orders.remove(index).left;
        events.push(Event::Cancelled { order, left, reason: Cancellation::ByOwner });
        Ok(())
    }

    fn replace(
        &mut self,
        order: OrderId,
        agent: AgentId,
        limit: Price,
        quantity: Energy,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        if self.is_closed {
            return Err(Rejection::GateClosed);
        }
        let index = self.owned(order, agent)?;
        if quantity.0 < 1 {
            return Err(Rejection::QuantityNotPositive { quantity });
        }
        let present = self.orders[index];
        if quantity <= present.traded {
            return Err(Rejection::AlreadyTraded { traded: present.traded });
        }
        let left = quantity - present.traded;
        if limit == present.limit && left <= present.left {
            self.orders[index].left = left;
            events.push(Event::Reduced { order, left });
            return Ok(());
        }
        let side = present.side;
        if self.total(side) - i128::from(present.left.0) + i128::from(left.0) > i128::from(i64::MAX) {
            return Err(Rejection::TotalTooLarge { quantity: left, side });
        }
        self.orders.remove(index);
        events.push(Event::Replaced { order, limit, left });
        self.enter(Resting { limit, left, ..present }, true, events);
        Ok(())
    }

    fn advance(&mut self, now: Time, events: &mut Vec<Event>) -> Result<(), Rejection> {
        if let Some(earlier) = self.now.filter(|&earlier| now < earlier) {
            return Err(Rejection::TimeRunsBack { now: earlier });
        }
        self.now = Some(now);
        let is_over = |order: &Resting| order.until.is_some_and(|until| until <= now && until <= GATE);
        let mut over: Vec<Resting> = self.orders.iter().copied().filter(is_over).collect();
        self.orders.retain(|order| !is_over(order));
        over.sort_by_key(|order| order.until);
        events.extend(over.iter().map(|order| Event::Expired { order: order.id, left: order.left }));
        if now >= GATE && !self.is_closed {
            self.close(events);
        }
        Ok(())
    }

    /// One side in the order in which it would trade.
    fn side(&self, side: Side) -> Vec<Resting> {
        let mut orders: Vec<Resting> = self.orders.iter().copied().filter(|order| order.side == side).collect();
        orders.sort_by_key(|order| match side {
            Side::Bid => -i128::from(order.limit.0),
            Side::Offer => i128::from(order.limit.0),
        });
        orders
    }
}

fn quantity() -> impl Strategy<Value = Energy> {
    let extreme = prop::sample::select(vec![i64::MIN, -1, 0, i64::MAX / 2, i64::MAX - 1, i64::MAX]);
    prop_oneof![30 => 1_i64..20, 1 => extreme].prop_map(Energy)
}

fn limit() -> impl Strategy<Value = Price> {
    let extreme = prop::sample::select(vec![i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX]);
    prop_oneof![20 => -3_i64..4, 1 => extreme].prop_map(Price)
}

fn operation() -> impl Strategy<Value = Operation> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Offer)];
    let time_in_force = prop_oneof![
        6 => Just(TimeInForce::GoodTillGate),
        2 => (0_i64..60).prop_map(|end| TimeInForce::GoodTillTime(Time(end))),
        1 => Just(TimeInForce::ImmediateOrCancel),
        2 => Just(TimeInForce::FillOrKill),
    ];
    let id = || (0_u64..60).prop_map(OrderId);
    let agent = || (0_u32..3).prop_map(AgentId);
    let place = (id(), agent(), side, quantity(), limit(), time_in_force).prop_map(
        |(id, agent, side, quantity, limit, time_in_force)| {
            Operation::Place(LimitOrder { id, agent, side, quantity, limit, time_in_force })
        },
    );
    prop_oneof![
        400 => place,
        120 => (id(), agent()).prop_map(|(order, agent)| Operation::Cancel { order, agent }),
        200 => (id(), agent(), limit(), quantity())
            .prop_map(|(order, agent, limit, quantity)| Operation::Replace { order, agent, limit, quantity }),
        20 => (-1_i64..55).prop_map(|now| Operation::Advance { now: Time(now) }),
        1 => Just(Operation::CloseGate),
    ]
}

fn self_trade() -> impl Strategy<Value = SelfTrade> {
    prop::sample::select(vec![SelfTrade::Allow, SelfTrade::CancelResting, SelfTrade::CancelIncoming])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_book_does_what_a_walk_over_a_list_would(
        policy in self_trade(), operations in prop::collection::vec(operation(), 1..300),
    ) {
        let mut book = ContinuousBook::new(GATE, policy);
        let mut model =
            Model { self_trade: policy, now: None, is_closed: false, orders: Vec::new(), used: Vec::new() };
        for operation in operations {
            prop_assert_eq!(book.apply(operation), model.apply(operation), "after {:?}", operation);
            for side in [Side::Bid, Side::Offer] {
                let seen: Vec<Resting> = book.orders(side).map(|order| Resting { sequence: 0, ..*order }).collect();
                prop_assert_eq!(&seen, &model.side(side));
                prop_assert_eq!(i128::from(book.depth(side).0), model.total(side));
                let of_levels: i128 = book.levels(side).map(|level| i128::from(level.quantity.0)).sum();
                prop_assert_eq!(of_levels, model.total(side));
            }
        }
    }

    #[test]
    fn a_book_restored_half_way_goes_on_alike(
        policy in self_trade(),
        before in prop::collection::vec(operation(), 1..150),
        after in prop::collection::vec(operation(), 1..100),
    ) {
        let mut book = ContinuousBook::new(GATE, policy);
        for operation in before {
            book.apply(operation);
        }
        let json = serde_json::to_string(&book).expect("a book serialises");
        let mut restored: ContinuousBook = serde_json::from_str(&json).expect("what was written can be read");
        prop_assert_eq!(&restored, &book);
        for operation in after {
            prop_assert_eq!(restored.apply(operation), book.apply(operation));
        }
        prop_assert_eq!(serde_json::to_string(&restored).expect("serialises"), serde_json::to_string(&book).expect("serialises"));
    }
}

fn order(id: u64, agent: u32, side: Side, quantity: i64, limit: i64, time_in_force: TimeInForce) -> Operation {
    let (id, agent, quantity, limit) = (OrderId(id), AgentId(agent), Energy(quantity), Price(limit));
    Operation::Place(LimitOrder { id, agent, side, quantity, limit, time_in_force })
}

fn rest(id: u64, side: Side, quantity: i64, limit: i64) -> Operation {
    order(id, id as u32, side, quantity, limit, TimeInForce::GoodTillGate)
}

fn replace(id: u64, limit: i64, quantity: i64) -> Operation {
    let (limit, quantity) = (Price(limit), Energy(quantity));
    Operation::Replace { order: OrderId(id), agent: AgentId(id as u32), limit, quantity }
}

fn book_of(operations: &[Operation]) -> ContinuousBook {
    let mut book = ContinuousBook::new(GATE, SelfTrade::Allow);
    for &operation in operations {
        let events = book.apply(operation);
        assert!(!events.iter().any(|event| matches!(event, Event::Rejected { .. })), "{events:?}");
    }
    book
}

/// Resting order, quantity and price of each trade.
fn trades(events: &[Event]) -> Vec<(u64, i64, i64)> {
    let trade = |event: &Event| match *event {
        Event::Traded { trade, incoming: Side::Bid } => Some((trade.offer.0, trade.quantity.0, trade.price.0)),
        Event::Traded { trade, incoming: Side::Offer } => Some((trade.bid.0, trade.quantity.0, trade.price.0)),
        _ => None,
    };
    events.iter().filter_map(trade).collect()
}

#[test]
fn the_best_price_goes_first_then_who_came_first_at_the_price_that_rested() {
    let (offer, bid) = (Side::Offer, Side::Bid);
    let mut book = book_of(&[rest(1, offer, 5, 30), rest(2, offer, 5, -20), rest(3, offer, 5, -20)]);
    assert_eq!(trades(&book.apply(rest(4, bid, 12, 40))), [(2, 5, -20), (3, 5, -20), (1, 2, 30)]);
    assert_eq!(book.best_offer().map(|level| (level.price.0, level.quantity.0, level.orders)), Some((30, 3, 1)));
    assert_eq!((book.best_bid(), book.last_price()), (None, Some(Price(30))));
}

#[test]
fn less_keeps_the_place_and_more_or_another_limit_loses_it() {
    let offers = [rest(1, Side::Offer, 5, 10), rest(2, Side::Offer, 5, 10)];
    let first_after = |change| {
        let mut book = book_of(&offers);
        book.apply(change);
        trades(&book.apply(rest(9, Side::Bid, 1, 10)))[0].0
    };
    assert_eq!(first_after(replace(1, 10, 4)), 1);
    assert_eq!(first_after(replace(1, 10, 5)), 1);
    assert_eq!(first_after(replace(1, 10, 6)), 2);
    assert_eq!(first_after(replace(1, 11, 5)), 2);
    assert_eq!(first_after(replace(2, 9, 5)), 2);
}

#[test]
fn a_replacement_counts_what_has_traded_on_the_way() {
    let mut book = book_of(&[rest(1, Side::Offer, 10, 10), rest(2, Side::Bid, 6, 10)]);
    assert_eq!(book.apply(replace(1, 10, 8)), [Event::Reduced { order: OrderId(1), left: Energy(2) }]);
    let reason = Rejection::AlreadyTraded { traded: Energy(6) };
    assert_eq!(book.apply(replace(1, 10, 6)), [Event::Rejected { order: Some(OrderId(1)), reason }]);
}

#[test]
fn fill_or_kill_does_all_or_nothing() {
    let mut book = book_of(&[rest(1, Side::Offer, 5, 10), rest(2, Side::Offer, 5, 12)]);
    let kill = |quantity| order(7, 7, Side::Bid, quantity, 11, TimeInForce::FillOrKill);
    let reason = Rejection::WouldNotFill { available: Energy(5) };
    assert_eq!(book.apply(kill(6)), [Event::Rejected { order: Some(OrderId(7)), reason }]);
    assert_eq!(book.depth(Side::Offer), Energy(10));
    assert_eq!(trades(&book.apply(kill(5))), [(1, 5, 10)], "a rejected order's id may be used again");
}

#[test]
fn an_order_expires_at_its_instant_and_the_gate_takes_the_rest() {
    let until = |id, end| order(id, 1, Side::Offer, 5, 10, TimeInForce::GoodTillTime(Time(end)));
    let mut book = book_of(&[until(1, 20), until(2, 10), rest(3, Side::Bid, 5, 1), until(4, 60)]);
    let expired = |id| Event::Expired { order: OrderId(id), left: Energy(5) };
    assert_eq!(book.apply(Operation::Advance { now: Time(9) }), []);
    assert_eq!(book.apply(Operation::Advance { now: Time(20) }), [expired(2), expired(1)]);
    let cancelled = |id| Event::Cancelled { order: OrderId(id), left: Energy(5), reason: Cancellation::GateClosed };
    assert_eq!(book.apply(Operation::Advance { now: GATE }), [cancelled(3), cancelled(4)]);
    assert!(book.is_closed() && book.is_empty());
    let refused = [Event::Rejected { order: Some(OrderId(9)), reason: Rejection::GateClosed }];
    assert_eq!(book.apply(rest(9, Side::Bid, 1, 1)), refused);
    assert_eq!(book.apply(Operation::Advance { now: Time(70) }), []);
}

#[test]
fn only_its_owner_changes_an_order() {
    let mut book = book_of(&[rest(1, Side::Offer, 5, 10)]);
    let rejected = |reason| vec![Event::Rejected { order: Some(OrderId(1)), reason }];
    let theft = Operation::Cancel { order: OrderId(1), agent: AgentId(2) };
    assert_eq!(book.apply(theft), rejected(Rejection::NotTheOwner { owner: AgentId(1) }));
    let cancel = Operation::Cancel { order: OrderId(1), agent: AgentId(1) };
    let reason = Cancellation::ByOwner;
    assert_eq!(book.apply(cancel), [Event::Cancelled { order: OrderId(1), left: Energy(5), reason }]);
    assert_eq!(book.apply(cancel), rejected(Rejection::UnknownOrder));
    assert_eq!(book.apply(rest(1, Side::Offer, 5, 10)), rejected(Rejection::DuplicateId));
}

#[test]
fn a_state_that_no_book_can_have_is_refused() {
    let book = book_of(&[rest(1, Side::Bid, 5, 10), rest(2, Side::Bid, 5, 9), rest(3, Side::Offer, 5, 11)]);
    let spoilt = |change: &dyn Fn(&mut BookState)| {
        let mut state = BookState::from(&book);
        change(&mut state);
        ContinuousBook::try_from(state).err().map(|error| error.to_string())
    };
    assert_eq!(spoilt(&|_| ()), None);
    let says = |change: &dyn Fn(&mut BookState), words: &str| {
        let error = spoilt(change).expect("a spoilt state is refused");
        assert!(error.contains(words), "{error}");
    };
    says(&|state| state.orders.swap(0, 1), "does not follow");
    says(&|state| state.orders[2].limit = Price(10), "would have traded");
    says(&|state| state.orders[0].left = Energy(0), "rests with 0 Wh");
    says(&|state| state.used_ids.clear(), "does not fit the rest");
    says(&|state| state.next_sequence = 1, "does not fit the rest");
    says(&|state| state.is_closed = true, "the gate is closed");
}
