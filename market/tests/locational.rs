//! Areas within the limits of their boundaries: worked prices, the optimum of a linear program, and the uniform auction.

use std::collections::BTreeMap;

use market::areas::{
    Area, AreaError, AreaId, AreaTree, Capacity, Fee, LocationalClearing, Subsidies, clear_with_limits,
};
use market::optimise::{Column, ColumnId, Problem, Row, default_optimiser};
use market::{AgentId, Book, Energy, Money, Order, OrderId, Price, PriceRule, Side, Uniform, clear};
use proptest::prelude::*;

type Limits = BTreeMap<AreaId, Capacity>;
type Placed = Vec<(AreaId, Order)>;

fn area(id: u32, parent: Option<u32>, constant: i64) -> Area {
    Area { id: AreaId(id), parent: parent.map(AreaId), fee: Fee { constant: Price(constant), rate_bp: 0 } }
}

fn tree(areas: &[Area]) -> AreaTree {
    AreaTree::new(areas.iter().copied(), Subsidies::Refused).expect("a tree")
}

fn order(area: u32, id: u64, side: Side, quantity: i64, limit: i64) -> (AreaId, Order) {
    let order = Order {
        id: OrderId(id),
        agent: AgentId(100 + id as u32),
        side,
        quantity: Energy(quantity),
        limit: Price(limit),
        quality: 0,
        premium_bp: 0,
        submitted_ms: 0,
        lottery: id,
    };
    (AreaId(area), order)
}

fn capacity(import: Option<i64>, export: Option<i64>) -> Capacity {
    Capacity { import: import.map(Energy), export: export.map(Energy) }
}

/// An island (1) and a village (2) on it, behind a boundary with a fee.
fn village(fee: i64) -> AreaTree {
    tree(&[area(1, None, 0), area(2, Some(1), fee)])
}

fn behind(import: Option<i64>, export: Option<i64>) -> Limits {
    Limits::from([(AreaId(2), capacity(import, export))])
}

fn prices(clearing: &LocationalClearing) -> BTreeMap<u32, Option<i64>> {
    clearing.areas.areas.iter().map(|outcome| (outcome.area.0, outcome.price.map(|price| price.0))).collect()
}

fn net_export(clearing: &LocationalClearing, area: u32) -> i64 {
    clearing.exchanges.iter().find(|exchange| exchange.area == AreaId(area)).expect("an area").net_export.0
}

#[test]
fn a_full_line_parts_the_prices_and_collects_the_difference() {
    // 500 of 800 Wh leave the village. There the offer filled in part sets the price, on the island the bid.
    let orders = [order(2, 1, Side::Offer, 800, 100), order(1, 2, Side::Bid, 900, 300)];
    let clearing = clear_with_limits(&village(10), &behind(None, Some(500)), &orders).expect("sound orders");
    assert_eq!(prices(&clearing), [(1, Some(300)), (2, Some(100))].into());
    assert_eq!(net_export(&clearing, 2), 500);
    let trade = &clearing.areas.trades[0];
    assert_eq!((trade.trade.quantity, trade.trade.price, trade.buyer_pays), (Energy(500), Price(100), Price(300)));
    assert_eq!((trade.level_price, &trade.fees[..]), (Price(300), &[(AreaId(2), Price(200))][..]));
    assert_eq!(clearing.areas.fees(), Money(500 * 200));
    assert_eq!(clearing.exchanges[0].congestion_rent, Money(500 * 190));
}

#[test]
fn within_its_limits_the_price_is_that_around_it_less_or_plus_the_fee() {
    let roomy = behind(Some(900), Some(900));
    let out = [order(2, 1, Side::Offer, 800, 100), order(1, 2, Side::Bid, 500, 300)];
    let clearing = clear_with_limits(&village(10), &roomy, &out).expect("sound orders");
    assert_eq!(prices(&clearing), [(1, Some(110)), (2, Some(100))].into());
    let into = [order(1, 1, Side::Offer, 800, 100), order(2, 2, Side::Bid, 500, 300)];
    let clearing = clear_with_limits(&village(10), &roomy, &into).expect("sound orders");
    assert_eq!(prices(&clearing), [(1, Some(100)), (2, Some(110))].into());
    assert_eq!((net_export(&clearing, 2), clearing.exchanges[0].congestion_rent), (-500, Money::ZERO));
}

#[test]
fn where_no_order_is_cut_the_price_lies_half_way() {
    // At the export limit of just the offer: between 100 and what the island's price less the fee would be.
    let orders = [order(2, 1, Side::Offer, 500, 100), order(1, 2, Side::Bid, 500, 301)];
    let clearing = clear_with_limits(&village(0), &behind(None, Some(500)), &orders).expect("sound orders");
    assert_eq!(prices(&clearing), [(1, Some(200)), (2, Some(150))].into());
}

#[test]
fn a_closed_boundary_leaves_two_markets() {
    let orders = [
        order(2, 1, Side::Offer, 800, -100),
        order(2, 2, Side::Bid, 300, -20),
        order(1, 3, Side::Offer, 400, 50),
        order(1, 4, Side::Bid, 900, 60),
    ];
    let clearing = clear_with_limits(&village(5), &behind(Some(0), Some(0)), &orders).expect("sound orders");
    assert_eq!(prices(&clearing), [(1, Some(60)), (2, Some(-100))].into());
    assert_eq!((net_export(&clearing, 2), clearing.areas.fees()), (0, Money::ZERO));
    assert_eq!(clearing.areas.volume(), Energy(700));
}

#[test]
fn the_tightest_of_several_boundaries_counts_and_each_collects_its_own() {
    // House 3 in village 2 on island 1; the house may send 400, the village 300.
    let nested = tree(&[area(1, None, 0), area(2, Some(1), 20), area(3, Some(2), 10)]);
    let limits = [(AreaId(2), capacity(None, Some(300))), (AreaId(3), capacity(None, Some(400)))].into();
    let orders =
        [order(3, 1, Side::Offer, 1_000, 100), order(2, 2, Side::Bid, 50, 150), order(1, 3, Side::Bid, 1_000, 400)];
    let clearing = clear_with_limits(&nested, &limits, &orders).expect("sound orders");
    assert_eq!((net_export(&clearing, 3), net_export(&clearing, 2)), (350, 300));
    assert_eq!(prices(&clearing), [(1, Some(400)), (2, Some(110)), (3, Some(100))].into());
    let fees: Vec<i128> = clearing.areas.areas.iter().map(|outcome| outcome.fees.0).collect();
    assert_eq!(fees, [350 * 10, 300 * 290, 0], "house, village, island");
}

#[test]
fn equal_limits_trade_and_go_by_quality_then_submission_then_lottery() {
    let bid = |id, quality, submitted_ms, lottery| {
        let (area, order) = order(1, id, Side::Bid, 10, 100);
        (area, Order { quality, submitted_ms, lottery, ..order })
    };
    let orders =
        [bid(1, 0, 0, 1), bid(2, 0, 0, 0), bid(3, 0, -1, 9), bid(4, 1, 5, 9), order(2, 9, Side::Offer, 25, 100)];
    let clearing = clear_with_limits(&village(0), &behind(None, None), &orders).expect("sound orders");
    let left: Vec<_> = clearing.areas.unmatched.iter().map(|(id, left)| (id.0, left.0)).collect();
    assert_eq!(left, [(1, 10), (2, 5)]);
}

#[test]
fn what_can_not_be_meant_is_refused_by_name() {
    let refused = |tree: &AreaTree, limits: Limits| clear_with_limits(tree, &limits, &[]).expect_err("it is refused");
    let at = |id, capacity| Limits::from([(AreaId(id), capacity)]);
    let one = capacity(Some(1), None);
    assert_eq!(refused(&village(0), at(9, one)), AreaError::UnknownLimit { area: AreaId(9) });
    assert_eq!(refused(&village(0), at(1, one)), AreaError::LimitAtRoot { area: AreaId(1) });
    let negative = refused(&village(0), at(2, capacity(None, Some(-1))));
    assert_eq!(negative, AreaError::NegativeLimit { area: AreaId(2), limit: Energy(-1) });
    let percent = Area { fee: Fee { constant: Price(0), rate_bp: 1 }, ..area(2, Some(1), 0) };
    assert!(matches!(refused(&tree(&[area(1, None, 0), percent]), at(2, one)), AreaError::PercentageWithLimits { .. }));
    let paid = AreaTree::new([area(1, None, 0), area(2, Some(1), -1)], Subsidies::Allowed).expect("a tree");
    assert!(matches!(refused(&paid, at(2, one)), AreaError::SubsidyWithLimits { constant: Price(-1), .. }));
    let stray = clear_with_limits(&village(0), &Limits::new(), &[order(9, 1, Side::Bid, 5, 5)]);
    assert_eq!(stray, Err(AreaError::UnknownArea { order: OrderId(1), area: AreaId(9) }));
    let empty = clear_with_limits(&village(0), &Limits::new(), &[]).expect("nothing is something");
    assert_eq!((empty.areas.volume(), empty.exchanges[1].value), (Energy::ZERO, None));
}

fn limit() -> impl Strategy<Value = Option<i64>> + Clone {
    prop_oneof![Just(None), Just(Some(0)), (1_i64..400).prop_map(Some), (1_i64..8_000).prop_map(Some)]
}

/// Random trees, in which the parent of each area is any before it, with fees, limits and orders.
fn markets(
    fee: impl Strategy<Value = i64> + Clone,
    limit: impl Strategy<Value = Option<i64>> + Clone,
) -> impl Strategy<Value = (Vec<Area>, Limits, Placed)> {
    let rest = prop::collection::vec((any::<prop::sample::Index>(), fee, limit.clone(), limit), 0..8);
    rest.prop_flat_map(|rest| {
        let (mut areas, mut limits) = (vec![area(0, None, 0)], Limits::new());
        for (id, (parent, fee, import, export)) in (1_u32..).zip(rest) {
            areas.push(area(id, Some(parent.index(id as usize) as u32), fee));
            limits.insert(AreaId(id), capacity(import, export));
        }
        let count = areas.len();
        (Just(areas), Just(limits), orders(count))
    })
}

fn orders(areas: usize) -> impl Strategy<Value = Placed> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Offer)];
    let price = prop_oneof![-30_i64..60, -300_i64..3_000, Just(7_i64)];
    let one = (0..areas as u32, side, 1_i64..2_000, price);
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let numbered = (0_u64..).zip(all);
        numbered.map(|(id, (area, side, quantity, limit))| order(area, id, side, quantity, limit)).collect()
    })
}

fn any_fee() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![Just(0_i64), 0_i64..20, 0_i64..800]
}

/// What the trades are worth to their sides, less the constant fees of the boundaries that are crossed; congestion rents
/// are part of it.
fn welfare(tree: &AreaTree, clearing: &LocationalClearing, orders: &Placed) -> i128 {
    let limit: BTreeMap<OrderId, i128> = orders.iter().map(|(_, order)| (order.id, order.limit.0.into())).collect();
    let trades = clearing.areas.trades.iter().map(|met| &met.trade);
    let gain: i128 = trades.map(|it| i128::from(it.quantity.0) * (limit[&it.bid] - limit[&it.offer])).sum();
    let fee = |(at, exchange): (usize, &market::areas::Exchange)| {
        i128::from(exchange.net_export.0.abs()) * i128::from(tree.areas()[at].fee.constant.0)
    };
    gain - clearing.exchanges.iter().enumerate().map(fee).sum::<i128>()
}

/// The same by a linear program: how much of each order, how much out of and into each area.
fn optimum(areas: &[Area], limits: &Limits, orders: &Placed) -> f64 {
    let mut problem = Problem::default();
    let mut balances: Vec<Vec<(ColumnId, f64)>> = vec![Vec::new(); areas.len()];
    for (home, order) in orders {
        let sign = if order.side == Side::Offer { 1.0 } else { -1.0 };
        let column = Column::between(0.0, order.quantity.0 as f64).cost(sign * order.limit.0 as f64);
        balances[home.0 as usize].push((problem.column(column), sign));
    }
    for area in areas {
        let Some(parent) = area.parent else { continue };
        let Capacity { import, export } = limits.get(&area.id).copied().unwrap_or_default();
        for (limit, sign) in [(export, -1.0), (import, 1.0)] {
            let most = limit.map_or(1e5, |limit| limit.0 as f64);
            let flow = problem.column(Column::between(0.0, most).cost(area.fee.constant.0 as f64));
            balances[area.id.0 as usize].push((flow, sign));
            balances[parent.0 as usize].push((flow, -sign));
        }
    }
    for balance in balances.into_iter().filter(|balance| !balance.is_empty()) {
        problem.row(Row::equal(0.0).with_all(balance));
    }
    if problem.column_count() == 0 {
        return 0.0;
    }
    -default_optimiser(&problem).solve(&problem).expect("nothing at all is feasible").objective
}

proptest! {
    #[test]
    fn welfare_is_that_of_the_linear_program((areas, limits, orders) in markets(any_fee(), limit())) {
        let tree = tree(&areas);
        let clearing = clear_with_limits(&tree, &limits, &orders).expect("sound orders");
        let (own, best) = (welfare(&tree, &clearing, &orders) as f64, optimum(&areas, &limits, &orders));
        prop_assert!((own - best).abs() <= 1e-5 * (1.0 + best.abs()), "{own} is not {best}");
    }

    #[test]
    fn prices_are_duals_limits_hold_and_nothing_is_lost((areas, limits, orders) in markets(any_fee(), limit())) {
        let tree = tree(&areas);
        let clearing = clear_with_limits(&tree, &limits, &orders).expect("sound orders");
        prop_assert_eq!(clearing.areas.check(&tree, &orders), Ok(()));
        let value: BTreeMap<AreaId, Option<Price>> = clearing.exchanges.iter().map(|it| (it.area, it.value)).collect();
        let left: BTreeMap<OrderId, Energy> = clearing.areas.unmatched.iter().copied().collect();
        for (area, order) in &orders {
            let price = value[area].expect("an area with orders has a price");
            let left = left.get(&order.id).copied().unwrap_or_default();
            let gains = if order.side == Side::Bid { order.limit.cmp(&price) } else { price.cmp(&order.limit) };
            prop_assert!(left == order.quantity || gains.is_ge(), "an accepted order loses");
            prop_assert!(left == Energy::ZERO || gains.is_le(), "an order left over would gain");
        }
        let (mut paid, mut received) = (Money::ZERO, Money::ZERO);
        for met in &clearing.areas.trades {
            prop_assert_eq!((Some(met.buyer_pays), Some(met.trade.price)), (value[&met.buyer_area], value[&met.seller_area]));
            prop_assert!(met.buyer_pays >= met.trade.price);
            paid += met.trade.quantity * met.buyer_pays;
            received += met.trade.payment();
        }
        prop_assert_eq!(paid - received, clearing.areas.fees());
        for exchange in &clearing.exchanges {
            let Capacity { import, export } = limits.get(&exchange.area).copied().unwrap_or_default();
            prop_assert!(export.is_none_or(|most| exchange.net_export <= most));
            prop_assert!(import.is_none_or(|most| -exchange.net_export <= most));
            prop_assert!(exchange.congestion_rent >= Money::ZERO);
        }
    }

    #[test]
    fn without_limits_and_fees_it_is_the_uniform_auction((areas, limits, orders) in markets(Just(0), Just(None))) {
        let tree = tree(&areas);
        let clearing = clear_with_limits(&tree, &limits, &orders).expect("sound orders");
        let book = Book::new(orders.iter().map(|&(_, order)| order)).expect("sound orders");
        let flat = |rule| clear(&Uniform { rule }, &book);
        let [ask, bid] = [PriceRule::LAST_ASK, PriceRule::LAST_BID].map(flat);
        prop_assert_eq!(clearing.areas.volume(), ask.volume);
        let limit = |id| book.order(id).expect("trades name orders").limit;
        let worth: Money = ask.trades.iter().map(|it| it.quantity * (limit(it.bid) - limit(it.offer))).sum();
        prop_assert_eq!(welfare(&tree, &clearing, &orders), worth.0);
        // One price everywhere, between the last ask and the last bid: the uniform price for some k.
        for price in clearing.areas.areas.iter().filter_map(|outcome| outcome.price) {
            prop_assert!(ask.price <= Some(price) && Some(price) <= bid.price);
            prop_assert_eq!(Some(price), clearing.exchanges.last().expect("a root").value);
        }
        // The same orders trade as much, ties included.
        let filled = |trades: &[market::Trade]| {
            let mut filled = BTreeMap::<OrderId, Energy>::new();
            for trade in trades {
                for id in [trade.bid, trade.offer] {
                    *filled.entry(id).or_default() += trade.quantity;
                }
            }
            filled
        };
        let trades: Vec<_> = clearing.areas.trades.iter().map(|met| met.trade).collect();
        prop_assert_eq!(filled(&trades), filled(&ask.trades));
    }

    #[test]
    fn the_sequence_of_orders_and_areas_never_shows(
        (areas, limits, (orders, shuffled)) in markets(any_fee(), limit()).prop_flat_map(|(areas, limits, orders)| {
            (Just(areas), Just(limits), (Just(orders.clone()), Just(orders).prop_shuffle()))
        }),
    ) {
        let backwards: Vec<Area> = areas.iter().rev().copied().collect();
        let one = clear_with_limits(&tree(&areas), &limits, &orders).expect("sound orders");
        let other = clear_with_limits(&tree(&backwards), &limits, &shuffled).expect("sound orders");
        prop_assert_eq!((one.areas.trades, one.areas.areas), (other.areas.trades, other.areas.areas));
        prop_assert_eq!(one.exchanges, other.exchanges);
    }

    #[test]
    fn extreme_integers_are_cleared_or_refused_and_never_panic(
        prices in prop::collection::vec(extreme(), 4), fees in prop::collection::vec(extreme(), 2),
        exports in prop::collection::vec(extreme(), 2), quantity in prop_oneof![Just(i64::MAX / 2), Just(1_i64)],
    ) {
        let child = |id, at: usize| area(id, Some(1), fees[at].max(0));
        let tree = tree(&[area(1, None, 0), child(2, 0), child(3, 1)]);
        let most = |at: usize| capacity(Some(exports[at].max(0)), Some(exports[1 - at].max(0)));
        let limits = Limits::from([(AreaId(2), most(0)), (AreaId(3), most(1))]);
        let orders = [
            order(2, 1, Side::Bid, quantity, prices[0]),
            order(3, 2, Side::Offer, quantity, prices[1]),
            order(2, 3, Side::Offer, quantity, prices[2]),
            order(1, 4, Side::Bid, quantity, prices[3]),
        ];
        let refused = clear_with_limits(&tree, &limits, &orders).err();
        let is_known = |error: &AreaError| matches!(error, AreaError::PriceTooLarge { .. } | AreaError::FeesTooLarge { .. });
        prop_assert!(refused.as_ref().is_none_or(is_known), "{refused:?}");
    }
}

fn extreme() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1), Just(i64::MIN / 2), Just(0_i64), Just(1_i64)]
}

#[test]
fn the_random_markets_do_meet_their_limits() {
    // Were they too wide, or all closed, every property above would hold for nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = markets(any_fee(), limit());
    let (mut congested, mut free) = (0, 0);
    for _ in 0..200 {
        let value = strategy.new_tree(&mut runner).expect("the strategy yields markets");
        let (areas, limits, orders) = prop::strategy::ValueTree::current(&value);
        let clearing = clear_with_limits(&tree(&areas), &limits, &orders).expect("sound orders");
        let rents = clearing.exchanges.iter().filter(|exchange| exchange.congestion_rent > Money::ZERO).count();
        congested += rents;
        free += clearing.exchanges.iter().filter(|exchange| exchange.net_export != Energy::ZERO).count() - rents;
    }
    assert!(congested > 50 && free > 50, "{congested} boundaries with rent and {free} without");
}
