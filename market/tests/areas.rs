//! Areas within areas: worked trades, and conservation, individual rationality and welfare over random trees.

use std::collections::BTreeMap;

use market::areas::{
    Area, AreaError, AreaId, AreaTree, AreasClearing, Fee, PairFees, Subsidies, clear_areas, clear_with_pair_fees,
};
use market::settlement::{Account, Ledger, SlotAccount, Terms, settle_slot};
use market::time::Time;
use market::{AgentId, Book, Energy, Mechanism, Money, Order, OrderId, Price, PriceRule, Side, Trade, Uniform, clear};
use proptest::prelude::*;

const MID: Uniform = Uniform { rule: PriceRule::MID_TRUNCATED };

fn area(id: u32, parent: Option<u32>, constant: i64, rate_bp: u32) -> Area {
    Area { id: AreaId(id), parent: parent.map(AreaId), fee: Fee { constant: Price(constant), rate_bp } }
}

fn tree(areas: &[Area]) -> AreaTree {
    AreaTree::new(areas.iter().copied(), Subsidies::Refused).expect("a tree")
}

/// An order of agent 100 + id.
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

fn cleared(tree: &AreaTree, orders: &[(AreaId, Order)]) -> AreasClearing {
    clear_areas(tree, orders, |_| &MID).expect("sound orders")
}

/// An island (1) of two communes (2, 3), with houses 4 in 2 and 5 in 3. A house's boundary costs 10, a commune's
/// 20.
fn island() -> AreaTree {
    tree(&[
        area(1, None, 0, 0),
        area(2, Some(1), 20, 0),
        area(3, Some(1), 20, 0),
        area(4, Some(2), 10, 0),
        area(5, Some(3), 10, 0),
    ])
}

#[test]
fn a_trade_pays_every_boundary_on_both_paths_and_maps_back_to_both_sides() {
    // The bid of 300 arrives at the island with 300 − 30 = 270, the offer of 100 with 100 + 30 = 130. Mid: 200.
    // The seller receives 200 − 30 = 170, the buyer pays 200 + 30 = 230; 60 in fees: 10 + 20 + 20 + 10.
    let orders = [order(4, 1, Side::Bid, 500, 300), order(5, 2, Side::Offer, 400, 100)];
    let clearing = cleared(&island(), &orders);
    let trade = &clearing.trades[0];
    assert_eq!((trade.level, trade.buyer_area, trade.seller_area), (AreaId(1), AreaId(4), AreaId(5)));
    assert_eq!((trade.level_price, trade.buyer_pays, trade.seller_receives()), (Price(200), Price(230), Price(170)));
    let fees: Vec<_> = trade.fees.iter().map(|&(area, fee)| (area.0, fee.0)).collect();
    assert_eq!(fees, [(5, 10), (3, 20), (4, 10), (2, 20)]);
    assert_eq!(clearing.fees(), Money(400 * 60));
    assert_eq!(clearing.unmatched, [(OrderId(1), Energy(100))]);
}

#[test]
fn what_can_be_traded_at_home_is_and_pays_nothing() {
    // House 4 has 300 Wh of its own; the other 200 come from the other commune.
    let orders =
        [order(4, 1, Side::Bid, 500, 300), order(4, 2, Side::Offer, 300, 150), order(5, 3, Side::Offer, 400, 100)];
    let clearing = cleared(&island(), &orders);
    assert_eq!(clearing.trades[0].level, AreaId(4));
    assert_eq!((clearing.trades[0].buyer_pays, clearing.trades[0].fees.len()), (Price(225), 0));
    let of = |area| clearing.areas.iter().find(|outcome| outcome.area == AreaId(area)).expect("an area");
    assert_eq!((of(4).price, of(4).volume), (Some(Price(225)), Energy(300)));
    assert_eq!((of(1).price, of(1).volume), (Some(Price(200)), Energy(200)));
    assert_eq!((of(4).local_share(), of(4).self_sufficiency()), (Some(0.6), Some(0.6)));
    assert_eq!((of(2).local_share(), of(1).local_share()), (Some(0.6), Some(1.0)));
    assert_eq!((of(5).sold, of(5).bought, of(5).local_share()), (Energy(200), Energy::ZERO, None));
}

#[test]
fn a_percentage_is_of_what_the_seller_receives() {
    // 10 % at the seller's house, 5 % at the buyer's. The offer of 1000 arrives with 1100, the bid of 2100 with
    // 2000. Level price (1100 + 2000)/2 = 1550: the seller receives s with s + ⌊s/10⌋ ≤ 1550, that is 1409 + 140
    // = 1549, hence the leftover unit stays with the grid; the buyer pays 1550 + ⌊1409 × 5 %⌋ = 1620.
    let tree = tree(&[area(1, None, 0, 0), area(2, Some(1), 0, 500), area(3, Some(1), 0, 1_000)]);
    let clearing = cleared(&tree, &[order(2, 1, Side::Bid, 10, 2_100), order(3, 2, Side::Offer, 10, 1_000)]);
    let trade = &clearing.trades[0];
    assert_eq!(
        (trade.level_price, trade.seller_receives(), trade.buyer_pays),
        (Price(1_550), Price(1_409), Price(1_620))
    );
    assert_eq!(trade.fees, [(AreaId(3), Price(141)), (AreaId(2), Price(70))]);
}

#[test]
fn a_subsidy_on_the_sellers_path_never_takes_the_buyer_beyond_its_limit() {
    // The bid of 1100 less 10 % arrives with 1000 and sets the price; the seller receives 1000 + 500. A fee of 10 % on
    // that would make 1150, so it is charged on the level's 1000.
    let areas = [area(1, None, 0, 0), area(2, Some(1), 0, 1_000), area(3, Some(1), -500, 0)];
    let tree = AreaTree::new(areas, Subsidies::Allowed).expect("a tree");
    let orders = [order(2, 1, Side::Bid, 10, 1_100), order(3, 2, Side::Offer, 10, 1_000)];
    let last_bid = Uniform { rule: PriceRule::LAST_BID };
    let clearing = clear_areas(&tree, &orders, |_| &last_bid).expect("sound orders");
    let trade = &clearing.trades[0];
    assert_eq!(
        (trade.level_price, trade.seller_receives(), trade.buyer_pays),
        (Price(1_000), Price(1_500), Price(1_100))
    );
    assert_eq!(clearing.fees(), Money(10 * -400));
}

#[test]
fn a_high_fee_prevents_trade_across_areas_only() {
    let walls = tree(&[area(1, None, 0, 0), area(2, Some(1), 0, 0), area(3, Some(1), 1_000_000, 0)]);
    let orders = [order(2, 1, Side::Bid, 10, 300), order(3, 2, Side::Offer, 10, 100), order(3, 3, Side::Bid, 4, 200)];
    let clearing = cleared(&walls, &orders);
    assert_eq!((clearing.volume(), clearing.trades.len()), (Energy(4), 1));
    assert_eq!(clearing.trades[0].level, AreaId(3));
}

#[test]
fn the_retailer_at_the_root_serves_who_is_left_over() {
    let retailer = [order(1, 90, Side::Bid, 1_000_000, 50), order(1, 91, Side::Offer, 1_000_000, 250)];
    let homes = [order(4, 1, Side::Bid, 500, 400), order(5, 2, Side::Offer, 300, 0)];
    let orders: Vec<_> = homes.into_iter().chain(retailer).collect();
    let clearing = cleared(&island(), &orders);
    let from_retailer = clearing.trades.iter().filter(|trade| trade.trade.offer == OrderId(91));
    assert_eq!(from_retailer.map(|trade| trade.trade.quantity).sum::<Energy>(), Energy(200));
    assert!(clearing.unmatched.iter().all(|&(order, _)| order.0 >= 90));
}

#[test]
fn every_area_has_a_mechanism_of_its_own() {
    let (ask, bid) = (Uniform { rule: PriceRule::LAST_ASK }, Uniform { rule: PriceRule::LAST_BID });
    let mechanism_of = |area| if area == AreaId(4) { &ask as &dyn Mechanism } else { &bid };
    let orders = [
        order(4, 1, Side::Bid, 5, 300),
        order(4, 2, Side::Offer, 5, 100),
        order(5, 3, Side::Bid, 5, 300),
        order(5, 4, Side::Offer, 5, 100),
    ];
    let clearing = clear_areas(&island(), &orders, mechanism_of).expect("sound orders");
    let prices: Vec<i64> = clearing.trades.iter().map(|trade| trade.buyer_pays.0).collect();
    assert_eq!(prices, [100, 300]);
}

#[test]
fn orders_that_do_not_fit_the_tree_or_the_integers_are_refused_by_name() {
    let unknown = clear_areas(&island(), &[order(9, 1, Side::Bid, 5, 5)], |_| &MID).expect_err("no area 9");
    assert_eq!(unknown, AreaError::UnknownArea { order: OrderId(1), area: AreaId(9) });
    assert_eq!(unknown.to_string(), "order 1 is in area 9, which is not there; add the area or move the order");
    let twice = [order(4, 1, Side::Bid, 5, 5), order(5, 1, Side::Bid, 5, 5)];
    assert!(matches!(clear_areas(&island(), &twice, |_| &MID), Err(AreaError::Book(_))));
    let beyond = clear_areas(&island(), &[order(4, 1, Side::Offer, 5, i64::MAX)], |_| &MID).expect_err("too dear");
    assert_eq!(beyond, AreaError::PriceTooLarge { order: OrderId(1), area: AreaId(2) });
    let nobody = cleared(&island(), &[]);
    assert_eq!((nobody.volume(), nobody.areas.len()), (Energy::ZERO, 5));
}

#[test]
fn trades_of_areas_settle_with_their_fees() {
    let orders = [order(4, 1, Side::Bid, 500, 300), order(5, 2, Side::Offer, 400, 100)];
    let clearing = cleared(&island(), &orders);
    let terms = Terms::default();
    let trades: Vec<Trade> = clearing.trades.iter().map(|trade| trade.trade).collect();
    let account = |agent, import, export| SlotAccount { agent: AgentId(agent), import, export, terms: &terms };
    let accounts = [account(101, Energy(400), Energy(0)), account(102, Energy(0), Energy(400))];
    let mut ledger = Ledger::default();
    settle_slot(&mut ledger, Time(0), &trades, &accounts).expect("sound readings");
    ledger.post_all(clearing.trades.iter().map(|trade| trade.fee_entry(Time(0))).collect()).expect("sound fees");
    assert_eq!(ledger.balance(Account::Participant(AgentId(101))), Money(-400 * 230));
    assert_eq!(ledger.balance(Account::Participant(AgentId(102))), Money(400 * 170));
    assert_eq!(ledger.balance(Account::GridOperator), clearing.fees());
}

#[test]
fn each_side_of_a_pair_pays_half_the_fee() {
    // Fee 31 from place 1 to 0: the seller pays 15, the buyer 16. Limits after fees: 200 − 16 = 184 and 100 + 15
    // = 115; half-way 149; the seller receives 134 and the buyer pays 165.
    let fees = PairFees::new(vec![vec![Price(0), Price(7)], vec![Price(31), Price(0)]]).expect("a square matrix");
    let orders = [(0, order(0, 1, Side::Bid, 10, 200).1), (1, order(0, 2, Side::Offer, 8, 100).1)];
    let trades = clear_with_pair_fees(&orders, &fees).expect("sound orders");
    assert_eq!(trades.len(), 1);
    let trade = trades[0];
    assert_eq!((trade.trade.quantity, trade.trade.price, trade.buyer_pays), (Energy(8), Price(134), Price(165)));
    assert_eq!(trade.fee, Price(31));
    let far = PairFees::new(vec![vec![Price(0), Price(0)], vec![Price(101), Price(0)]]).expect("a square matrix");
    assert_eq!(clear_with_pair_fees(&orders, &far), Ok(vec![]));
}

#[test]
fn a_matrix_that_fits_nothing_is_refused() {
    let ragged = PairFees::new(vec![vec![Price(0)], vec![Price(0), Price(0)]]);
    assert!(matches!(ragged, Err(AreaError::NotSquare { places: 2, row: 0, columns: 1 })));
    let negative = PairFees::new(vec![vec![Price(-1)]]);
    assert_eq!(negative, Err(AreaError::NegativePairFee { from: 0, to: 0, fee: Price(-1) }));
    let one = PairFees::new(vec![vec![Price(0)]]).expect("a square matrix");
    let stray = clear_with_pair_fees(&[(3, order(0, 1, Side::Bid, 10, 200).1)], &one);
    assert_eq!(stray, Err(AreaError::UnknownPlace { order: OrderId(1), place: 3, places: 1 }));
}

/// Random trees: the parent of area i is any area before it.
fn trees(fee: impl Strategy<Value = (i64, u32)> + Clone) -> impl Strategy<Value = Vec<Area>> {
    prop::collection::vec((any::<prop::sample::Index>(), fee), 0..8).prop_map(|rest| {
        let mut areas = vec![area(0, None, 0, 0)];
        for (id, (parent, (constant, rate_bp))) in (1_u32..).zip(rest) {
            areas.push(area(id, Some(parent.index(id as usize) as u32), constant, rate_bp));
        }
        areas
    })
}

fn orders(areas: usize) -> impl Strategy<Value = Vec<(AreaId, Order)>> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Offer)];
    let limit = prop_oneof![-30_i64..60, -3_000_i64..300_000];
    let one = (0..areas as u32, side, 1_i64..5_000, limit, 0_u64..3);
    prop::collection::vec(one, 0..40).prop_map(|all| {
        let number = |(id, (area, side, quantity, limit, lottery)): (u64, (u32, Side, i64, i64, u64))| {
            let (area, one) = order(area, id, side, quantity, limit);
            (area, Order { lottery, ..one })
        };
        (0..).zip(all).map(number).collect()
    })
}

fn markets(fee: impl Strategy<Value = (i64, u32)> + Clone) -> impl Strategy<Value = (Vec<Area>, Vec<(AreaId, Order)>)> {
    trees(fee).prop_flat_map(|areas| {
        let orders = orders(areas.len());
        (Just(areas), orders)
    })
}

fn any_fee() -> impl Strategy<Value = (i64, u32)> + Clone {
    (prop_oneof![Just(0_i64), 0_i64..50, -20_i64..5_000], prop_oneof![Just(0_u32), 0_u32..3_000, 0_u32..30_000])
}

fn welfare<'a>(book: &Book, trades: impl Iterator<Item = &'a Trade>) -> Money {
    let limit = |id| book.order(id).expect("trades name orders of the book").limit;
    trades.map(|trade| trade.quantity * limit(trade.bid) - trade.quantity * limit(trade.offer)).sum()
}

proptest! {
    #[test]
    fn energy_and_money_are_conserved_and_nobody_trades_beyond_its_limit(
        (areas, orders) in markets(any_fee()), rule in prop::sample::select(Uniform::NAMED.map(|(_, rule)| rule).to_vec()),
    ) {
        let tree = AreaTree::new(areas, Subsidies::Allowed).expect("a tree");
        let uniform = Uniform { rule };
        let clearing = clear_areas(&tree, &orders, |_| &uniform).expect("sound orders");
        prop_assert_eq!(clearing.check(&tree, &orders), Ok(()));
        let by_id: BTreeMap<OrderId, Order> = orders.iter().map(|&(_, order)| (order.id, order)).collect();
        let (mut paid, mut received) = (Money::ZERO, Money::ZERO);
        for trade in &clearing.trades {
            prop_assert!(trade.buyer_pays <= by_id[&trade.trade.bid].limit);
            prop_assert!(trade.seller_receives() >= by_id[&trade.trade.offer].limit);
            paid += trade.trade.quantity * trade.buyer_pays;
            received += trade.trade.quantity * trade.seller_receives();
        }
        prop_assert_eq!(paid - received, clearing.fees());
        let left: Energy = clearing.unmatched.iter().map(|&(_, left)| left).sum();
        let asked: Energy = by_id.values().map(|order| order.quantity).sum();
        prop_assert_eq!(clearing.volume() + clearing.volume() + left, asked);
        let root = clearing.areas.last().expect("a root");
        prop_assert_eq!([root.bought, root.sold, root.local], [clearing.volume(); 3]);
        for area in &clearing.areas {
            prop_assert!(area.local <= area.bought.min(area.sold) && area.bought <= area.demand);
        }
    }

    #[test]
    fn without_fees_and_areas_the_outcome_is_the_flat_books(orders in orders(1)) {
        let clearing = cleared(&tree(&[area(0, None, 0, 0)]), &orders);
        let book = Book::new(orders.iter().map(|&(_, order)| order)).expect("sound orders");
        let flat = clear(&MID, &book);
        let trades: Vec<Trade> = clearing.trades.iter().map(|trade| trade.trade).collect();
        prop_assert_eq!(&trades, &flat.trades);
        prop_assert_eq!(clearing.areas[0].price, flat.price);
    }

    #[test]
    fn orders_that_all_sit_at_one_level_of_a_free_tree_reach_the_flat_books_welfare(
        (areas, orders) in markets(Just((0, 0))), pick in any::<prop::sample::Index>(),
    ) {
        let home = areas[pick.index(areas.len())].id;
        let orders: Vec<_> = orders.into_iter().map(|(_, order)| (home, order)).collect();
        let clearing = cleared(&tree(&areas), &orders);
        let book = Book::new(orders.iter().map(|&(_, order)| order)).expect("sound orders");
        let flat = clear(&MID, &book);
        let nested = welfare(&book, clearing.trades.iter().map(|trade| &trade.trade));
        prop_assert_eq!(nested, welfare(&book, flat.trades.iter()));
    }

    #[test]
    fn levels_never_gain_over_the_flat_book_and_no_free_pair_is_left_over(
        (areas, orders) in markets(Just((0, 0))),
    ) {
        let clearing = cleared(&tree(&areas), &orders);
        let book = Book::new(orders.iter().map(|&(_, order)| order)).expect("sound orders");
        let nested = welfare(&book, clearing.trades.iter().map(|trade| &trade.trade));
        prop_assert!(nested <= welfare(&book, clear(&MID, &book).trades.iter()));
        let left: Vec<&Order> = clearing.unmatched.iter().filter_map(|&(id, _)| book.order(id)).collect();
        let best_bid = left.iter().filter(|order| order.side == Side::Bid).map(|order| order.limit).max();
        let best_offer = left.iter().filter(|order| order.side == Side::Offer).map(|order| order.limit).min();
        prop_assert!(best_bid.zip(best_offer).is_none_or(|(bid, offer)| bid < offer));
    }

    #[test]
    fn a_fee_above_every_gain_keeps_all_trade_at_home((areas, orders) in markets(Just((400_000, 0)))) {
        let clearing = cleared(&tree(&areas), &orders);
        for trade in &clearing.trades {
            prop_assert_eq!((trade.buyer_area, trade.seller_area), (trade.level, trade.level));
        }
        prop_assert_eq!(clearing.fees(), Money::ZERO);
    }

    #[test]
    fn the_sequence_of_orders_and_areas_never_shows(
        (areas, (orders, shuffled)) in markets(any_fee()).prop_flat_map(|(areas, orders)| {
            // A ticket of its own for every order: which of two equal orders comes first is then decided.
            let ticket = |(area, order): (AreaId, Order)| (area, Order { lottery: order.id.0, ..order });
            let orders: Vec<_> = orders.into_iter().map(ticket).collect();
            (Just(areas), (Just(orders.clone()), Just(orders).prop_shuffle()))
        }),
    ) {
        let forwards = AreaTree::new(areas.iter().copied(), Subsidies::Allowed).expect("a tree");
        let backwards = AreaTree::new(areas.into_iter().rev(), Subsidies::Allowed).expect("a tree");
        let (one, other) = (cleared(&forwards, &orders), cleared(&backwards, &shuffled));
        prop_assert_eq!((one.trades, one.areas), (other.trades, other.areas));
    }

    #[test]
    fn pairs_trade_within_their_limits_and_share_the_fee(
        orders in orders(4), fees in prop::collection::vec(0_i64..200, 16),
    ) {
        let rows = fees.chunks(4).map(|row| row.iter().copied().map(Price).collect()).collect();
        let fees = PairFees::new(rows).expect("a square matrix");
        let placed: Vec<(usize, Order)> = orders.iter().map(|&(area, order)| (area.0 as usize, order)).collect();
        let by_id = placed.iter().map(|&(place, order)| (order.id, (place, order)));
        let mut left: BTreeMap<OrderId, (usize, Order)> = by_id.collect();
        for pair in clear_with_pair_fees(&placed, &fees).expect("sound orders") {
            let (to, bid) = left[&pair.trade.bid];
            let (from, offer) = left[&pair.trade.offer];
            prop_assert!(pair.buyer_pays <= bid.limit && pair.trade.price >= offer.limit);
            prop_assert_eq!(pair.buyer_pays - pair.trade.price, pair.fee);
            prop_assert_eq!(Some(pair.fee), fees.fee(from, to));
            for id in [pair.trade.bid, pair.trade.offer] {
                left.get_mut(&id).expect("an order").1.quantity -= pair.trade.quantity;
            }
        }
        prop_assert!(left.values().all(|(_, order)| order.quantity >= Energy::ZERO));
        let open = |side| left.values().filter(move |(_, order)| order.side == side && order.quantity > Energy::ZERO);
        for (to, bid) in open(Side::Bid) {
            for (from, offer) in open(Side::Offer) {
                prop_assert!(bid.limit < offer.limit + fees.fee(*from, *to).expect("a fee"));
            }
        }
    }

    #[test]
    fn of_all_pairs_the_one_with_the_widest_gain_trades_first(
        orders in orders(3), fees in prop::collection::vec(0_i64..20, 9),
    ) {
        let rows = fees.chunks(3).map(|row| row.iter().copied().map(Price).collect()).collect();
        let fees = PairFees::new(rows).expect("a square matrix");
        let placed: Vec<(usize, Order)> = orders.iter().map(|&(area, order)| (area.0 as usize, order)).collect();
        let place: BTreeMap<OrderId, usize> = placed.iter().map(|(place, order)| (order.id, *place)).collect();
        let book = Book::new(placed.iter().map(|(_, order)| *order)).expect("sound orders");
        let mut pairs = Vec::new();
        for (b, bid) in book.bids().iter().enumerate() {
            for (o, offer) in book.offers().iter().enumerate() {
                let fee = fees.fee(place[&offer.id], place[&bid.id]).expect("a fee");
                pairs.push((-(bid.limit.0 - offer.limit.0 - fee.0), b, o));
            }
        }
        pairs.sort_unstable();
        let mut left: BTreeMap<OrderId, Energy> = placed.iter().map(|(_, order)| (order.id, order.quantity)).collect();
        let mut expected = Vec::new();
        for (_, b, o) in pairs.into_iter().filter(|(loss, ..)| *loss <= 0) {
            let (bid, offer) = (book.bids()[b].id, book.offers()[o].id);
            let quantity = left[&bid].min(left[&offer]);
            if quantity > Energy::ZERO {
                for id in [bid, offer] {
                    *left.get_mut(&id).expect("an order") -= quantity;
                }
                expected.push((bid, offer, quantity));
            }
        }
        let found = clear_with_pair_fees(&placed, &fees).expect("sound orders");
        let found: Vec<_> = found.iter().map(|of| (of.trade.bid, of.trade.offer, of.trade.quantity)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn extreme_limits_and_fees_are_cleared_or_refused_and_never_panic(
        limits in prop::collection::vec(extreme(), 2), constants in prop::collection::vec(extreme(), 2),
        quantity in prop_oneof![Just(i64::MAX), Just(1_i64)], rate_bp in prop_oneof![Just(0), Just(u32::MAX)],
    ) {
        let child = |id, at: usize| area(id, Some(1), constants[at], rate_bp);
        let areas = [area(1, None, 0, 0), child(2, 0), child(3, 1)];
        let tree = AreaTree::new(areas, Subsidies::Allowed).expect("a tree");
        let orders = [order(2, 1, Side::Bid, quantity, limits[0]), order(3, 2, Side::Offer, quantity, limits[1])];
        let _ = clear_areas(&tree, &orders, |_| &MID);
        let fees = PairFees::new(vec![vec![Price(constants[0].max(0))]]).expect("a square matrix");
        let placed = orders.map(|(_, order)| (0, order));
        let _ = clear_with_pair_fees(&placed, &fees);
    }
}

fn extreme() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 1), Just(i64::MIN / 2), Just(0_i64), Just(1_i64)]
}

#[test]
fn the_random_trees_do_trade_across_areas() {
    // Were they too thin to cross, every property above would hold for nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = markets(any_fee());
    let mut across = 0;
    for _ in 0..200 {
        let value = strategy.new_tree(&mut runner).expect("the strategy yields markets");
        let (areas, orders) = prop::strategy::ValueTree::current(&value);
        let tree = AreaTree::new(areas, Subsidies::Allowed).expect("a tree");
        across += cleared(&tree, &orders).trades.iter().filter(|trade| !trade.fees.is_empty()).count();
    }
    assert!(across > 200, "{across} trades of 200 random trees paid a fee");
}
