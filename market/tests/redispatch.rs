//! Redispatch: worked examples on a feeder, and a meshed triangle against an enumeration of changes.

use market::flexibility::redispatch::*;
use market::reserve::{Direction, Power};
use market::time::Span;
use market::{AgentId, Money, OrderId, Price};
use proptest::prelude::*;

fn bid(id: u64, node: u32, direction: Direction, quantity: i64, price: i64) -> RedispatchBid {
    RedispatchBid {
        id: OrderId(id),
        participant: AgentId(id as u32),
        node: NodeId(node),
        direction,
        quantity: Power(quantity),
        price: Price(price),
        submitted_ms: 0,
        lottery: id,
    }
}

fn radial(id: u32, parent: u32, child: u32, limit: i64) -> RadialBranch {
    RadialBranch { id: BranchId(id), parent: NodeId(parent), child: NodeId(child), limit: Power(limit) }
}

/// Root 0 feeds node 1 (limit 5 kW), which feeds node 2 (limit 3 kW); 4 kW are drawn at node 2 and 2 kW at node 1.
fn feeder(bids: Vec<RedispatchBid>, pricing: RedispatchPricing) -> RedispatchCase {
    let branches = vec![radial(1, 0, 1, 5_000), radial(2, 1, 2, 3_000)];
    let schedule = |node, power| Schedule { node: NodeId(node), power: Power(power) };
    let network = Network::Radial { root: NodeId(0), branches };
    let schedules = vec![schedule(2, 4_000), schedule(1, 2_000)];
    RedispatchCase { duration: Span::HOUR, network, schedules, bids, pricing }
}

#[test]
fn the_cheapest_change_that_removes_both_overloads_is_found() {
    use Direction::{Down, Up};
    // One kilowatt has to go behind each branch: the one at node 2 relieves both.
    let bids =
        vec![bid(1, 2, Up, 5_000, 300), bid(2, 2, Up, 600, 100), bid(3, 1, Up, 5_000, 50), bid(4, 0, Down, 9_000, 40)];
    let outcome = redispatch(&feeder(bids.clone(), RedispatchPricing::CostBased)).expect("it is solvable");
    let used: Vec<(u64, i64)> = outcome.adjustments.iter().map(|one| (one.bid.id.0, one.power.0)).collect();
    assert_eq!(used, [(2, 600), (1, 400), (4, 1_000)]);
    assert_eq!(outcome.payment, Money(600 * 100 + 400 * 300 - 1_000 * 40));
    assert_eq!(outcome.overload(), Power(0));
    assert_eq!((outcome.flows[0].before, outcome.flows[0].after), (Power(6_000), Power(5_000)));
    let market_based = redispatch(&feeder(bids, RedispatchPricing::MarketBased)).expect("it is solvable");
    assert_eq!(market_based.payment, Money(1_000 * 300 - 1_000 * 40));
}

#[test]
fn an_overload_that_can_not_be_removed_is_reduced_and_reported() {
    let bids = vec![bid(1, 2, Direction::Up, 300, 100), bid(2, 0, Direction::Down, 9_000, 40)];
    let outcome = redispatch(&feeder(bids, RedispatchPricing::CostBased)).expect("it is solvable");
    assert_eq!(outcome.overload(), Power(700 + 700));
    let nothing = redispatch(&feeder(vec![], RedispatchPricing::CostBased)).expect("it is solvable");
    assert_eq!((nothing.overload(), nothing.adjustments.len()), (Power(2_000), 0));
}

#[test]
fn a_network_without_overload_is_left_alone_even_where_a_swap_would_pay() {
    let bids = vec![bid(1, 2, Direction::Up, 9, 1), bid(2, 0, Direction::Down, 9, 100)];
    let case = RedispatchCase { schedules: vec![], ..feeder(bids, RedispatchPricing::CostBased) };
    assert!(redispatch(&case).expect("it is solvable").adjustments.is_empty());
}

#[test]
fn what_is_no_case_is_refused_by_name() {
    let refused = |case: &RedispatchCase| redispatch(case).expect_err("it is refused");
    let sound = feeder(vec![], RedispatchPricing::CostBased);
    let with_bid = |bid| RedispatchCase { bids: vec![bid], ..sound.clone() };
    assert!(matches!(refused(&with_bid(bid(1, 7, Direction::Up, 1, 1))), RedispatchError::UnknownNode { .. }));
    assert!(matches!(refused(&with_bid(bid(1, 1, Direction::Up, -1, 1))), RedispatchError::PowerOutOfRange { .. }));
    let tree = |branches| {
        let network = Network::Radial { root: NodeId(0), branches };
        RedispatchCase { schedules: vec![], network, ..sound.clone() }
    };
    let looped = tree(vec![radial(1, 1, 2, 1), radial(2, 2, 1, 1)]);
    assert!(matches!(refused(&looped), RedispatchError::NotATree { .. }));
    let twice = tree(vec![radial(1, 0, 1, 1), radial(2, 2, 1, 1)]);
    assert!(matches!(refused(&twice), RedispatchError::TwoParents { .. }));
    assert!(matches!(refused(&tree(vec![radial(1, 5, 1, 1)])), RedispatchError::NotATree { .. }));
}

/// A triangle of equal lines, one node as reference.
fn triangle(limits: [i64; 3], loads: [i64; 2], bids: Vec<RedispatchBid>) -> RedispatchCase {
    let factors = [[666_667, 333_333], [333_333, 666_667], [333_333, -333_333]];
    let branch = |(id, (limit, [one, two])): (u32, (i64, [i32; 2]))| Branch {
        id: BranchId(id),
        limit: Power(limit),
        factors_ppm: [(NodeId(1), one), (NodeId(2), two)].into(),
    };
    let branches = (1..).zip(limits.into_iter().zip(factors)).map(branch).collect();
    let schedules = (1..).zip(loads).map(|(node, load)| Schedule { node: NodeId(node), power: Power(load) }).collect();
    let network = Network::Factors { nodes: (0..3).map(NodeId).collect(), branches };
    RedispatchCase { duration: Span::HOUR, network, schedules, bids, pricing: RedispatchPricing::CostBased }
}

const GRID_W: i64 = 500;

/// Least overload (in millionths of a watt) and cost over all changes in steps of 500 W that keep the balance.
fn best_redispatch(case: &RedispatchCase) -> (i128, i128) {
    let Network::Factors { branches, .. } = &case.network else { unreachable!("it is a triangle") };
    let mut best = (i128::MAX, i128::MAX);
    let mut steps = vec![0_i64; case.bids.len()];
    loop {
        let rise = |bid: &RedispatchBid| if bid.direction == Direction::Up { GRID_W } else { -GRID_W };
        let moves: Vec<(&RedispatchBid, i64)> =
            case.bids.iter().zip(&steps).map(|(bid, steps)| (bid, steps * rise(bid))).collect();
        if moves.iter().map(|(_, w)| w).sum::<i64>() == 0 {
            let overload = |branch: &Branch| {
                let part = |node: NodeId, w: i64| i128::from(branch.factor_ppm(node)) * i128::from(w);
                let flow = case.schedules.iter().map(|planned| part(planned.node, planned.power.0)).sum::<i128>()
                    - moves.iter().map(|(bid, w)| part(bid.node, *w)).sum::<i128>();
                (flow.abs() - i128::from(branch.limit.0) * 1_000_000).max(0)
            };
            let cost = moves.iter().map(|(bid, w)| i128::from(*w) * i128::from(bid.price.0)).sum();
            best = best.min((branches.iter().map(overload).sum(), cost));
        }
        let room = |&place: &usize| steps[place] * GRID_W < case.bids[place].quantity.0;
        let Some(place) = (0..steps.len()).find(room) else { return best };
        steps[place] += 1;
        steps[..place].fill(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn redispatch_is_balanced_within_bids_and_no_worse_than_any_change_on_a_grid(
        limits in prop::array::uniform3(0_i64..4_000), loads in prop::array::uniform2(-6_000_i64..6_000),
        random in prop::collection::vec((0_u32..3, any::<bool>(), 1_i64..6, -300_i64..300), 0..5),
    ) {
        let mut bids = Vec::new();
        for (id, (node, up, steps, price)) in (1..).zip(random) {
            bids.push(bid(id, node, if up { Direction::Up } else { Direction::Down }, steps * GRID_W, price));
        }
        let case = triangle(limits, loads, bids);
        let outcome = redispatch(&case).expect("it is solvable");
        let moved = |one: &Adjustment| if one.bid.direction == Direction::Up { one.power.0 } else { -one.power.0 };
        prop_assert_eq!(outcome.adjustments.iter().map(moved).sum::<i64>(), 0);
        prop_assert!(outcome.adjustments.iter().all(|one| one.power <= one.bid.quantity));
        let (overload_uw, cost) = best_redispatch(&case);
        // Watts of rounding: one per bid and branch.
        let slack_w = 2 * (case.bids.len() as i128 + 3);
        let reached_w = i128::from(outcome.overload().0);
        prop_assert!(reached_w * 1_000_000 <= overload_uw + slack_w * 1_000_000, "{reached_w} W, best {overload_uw} µW");
        let congested = outcome.flows.iter().any(|flow| flow.before.0.abs() > flow.limit.0);
        if overload_uw == 0 && congested {
            prop_assert!(outcome.payment.0 <= cost + 900 * slack_w, "{} paid, best {cost}", outcome.payment);
        }
    }
}
