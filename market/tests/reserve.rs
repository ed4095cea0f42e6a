//! Reserve: worked examples, and what holds for every tender against an enumeration of all acceptances.

use market::reserve::*;
use market::time::{Span, Time};
use market::{AgentId, Energy, Money, OrderId, Price};
use proptest::prelude::*;

const WINDOW: Window = Window { start: Time(0), duration: Span::from_minutes(240) };
const QUARTER: Span = Span::from_minutes(15);

fn offer(id: u64, capacity: i64, minimum: i64, price: i64) -> ReserveOffer {
    ReserveOffer {
        id: OrderId(id),
        provider: AgentId(id as u32),
        direction: Direction::Up,
        capacity: Power(capacity),
        minimum: Power(minimum),
        capacity_price: CapacityPrice(price),
        activation_price: Price(100 * id as i64),
        zone: Zone(0),
        window: WINDOW,
        submitted_ms: 0,
        lottery: id,
    }
}

fn demand(capacity: i64) -> Demand {
    Demand {
        direction: Direction::Up,
        capacity: Power(capacity),
        surplus_allowed: Power(0),
        zone_minima: vec![],
        price_cap: None,
    }
}

fn up(demand: Demand, offers: &[ReserveOffer], pricing: Pricing) -> DirectionResult {
    bought(demand, offers, pricing).directions.remove(0)
}

fn bought(demand: Demand, offers: &[ReserveOffer], pricing: Pricing) -> Procurement {
    let tender = Tender::new(WINDOW, [demand], offers.iter().copied()).expect("the tender is sound");
    procure(&tender, &TenderRules { pricing, ..TenderRules::default() })
}

fn accepted(result: &DirectionResult) -> Vec<(u64, i64)> {
    result.awards.iter().map(|award| (award.offer.id.0, award.accepted.0)).collect()
}

#[test]
fn the_cheapest_capacity_is_bought_and_paid_as_bid_or_at_one_price() {
    let offers = [offer(1, 40, 0, 5), offer(2, 40, 0, 2), offer(3, 40, 0, 9)];
    let result = up(demand(60), &offers, Pricing::PayAsBid);
    assert_eq!(accepted(&result), [(2, 40), (1, 20)]);
    assert_eq!(result.payment(), Money(40 * 2 + 20 * 5));
    assert_eq!(up(demand(60), &offers, Pricing::Uniform).payment(), Money(60 * 5));
}

#[test]
fn an_indivisible_offer_that_does_not_fit_gives_way_to_dearer_ones_that_do() {
    // Greedy takes 1 and then misses 20 W, since 2 is all or nothing.
    let offers = [offer(1, 40, 40, 1), offer(2, 60, 60, 2), offer(3, 10, 0, 3)];
    let result = up(demand(60), &offers, Pricing::PayAsBid);
    assert_eq!(accepted(&result), [(2, 60)]);
    assert!(result.is_optimal());
    let with_surplus = Demand { surplus_allowed: Power(40), ..demand(60) };
    assert_eq!(accepted(&up(with_surplus, &offers, Pricing::PayAsBid)), [(2, 60)]);
}

#[test]
fn a_demand_beyond_the_offers_is_a_shortfall_and_no_error() {
    let result = up(demand(100), &[offer(1, 40, 0, 5)], Pricing::Uniform);
    assert_eq!(result.shortfall(), Power(60));
    assert_eq!(up(demand(0), &[offer(1, 40, 0, 5)], Pricing::Uniform).accepted(), Power(0));
}

#[test]
fn a_zone_gets_its_minimum_at_the_least_extra_cost() {
    let remote = ReserveOffer { zone: Zone(7), ..offer(3, 40, 0, 9) };
    let wanted = Demand { zone_minima: vec![(Zone(7), Power(10)), (Zone(8), Power(5))], ..demand(60) };
    let result = up(wanted, &[offer(1, 40, 0, 5), offer(2, 40, 0, 2), remote], Pricing::PayAsBid);
    assert_eq!(accepted(&result), [(2, 40), (1, 10), (3, 10)]);
    assert_eq!(result.zone_shortfalls, [(Zone(8), Power(5))]);
}

#[test]
fn offers_above_the_cap_are_left_out_and_named() {
    let capped = Demand { price_cap: Some(CapacityPrice(4)), ..demand(60) };
    let result = up(capped, &[offer(1, 40, 0, 5), offer(2, 40, 0, 2)], Pricing::Uniform);
    assert_eq!((accepted(&result), result.above_cap), (vec![(2, 40)], vec![OrderId(1)]));
}

#[test]
fn equal_prices_go_by_submission_then_lottery_and_never_by_id() {
    let early = ReserveOffer { submitted_ms: -1, ..offer(3, 10, 0, 5) };
    let lucky = ReserveOffer { lottery: 0, ..offer(2, 10, 0, 5) };
    let result = up(demand(15), &[offer(1, 10, 0, 5), lucky, early], Pricing::Uniform);
    assert_eq!(accepted(&result), [(3, 10), (2, 5)]);
}

#[test]
fn a_search_cut_short_says_how_far_from_the_best_it_may_be() {
    let offers: Vec<_> = (1..=20).map(|id| offer(id, 10 + id as i64, 10 + id as i64, id as i64)).collect();
    let tender = Tender::new(WINDOW, [demand(137)], offers).expect("the tender is sound");
    let rules = TenderRules { pricing: Pricing::PayAsBid, node_limit: 3 };
    let result = procure(&tender, &rules).directions.remove(0);
    assert!(!result.is_optimal() && result.bound < result.objective && result.nodes == 3);
}

#[test]
fn energy_is_called_by_activation_price_and_never_beyond_the_capacity() {
    let bought = bought(demand(3_000), &[offer(1, 1_000, 0, 5), offer(2, 4_000, 0, 1)], Pricing::Uniform);
    let need = |wh| SlotNeed { duration: QUARTER, up: Energy(wh), down: Energy(0) };
    let called = activate(&bought, &[need(100), need(700), need(800)], Pricing::Uniform).expect("needs are sound");
    // The third slot: 3 kW give 750 Wh in a quarter of an hour.
    let energies: Vec<Vec<(u64, i64, i64)>> = called
        .slots
        .iter()
        .map(|slot| slot.orders.iter().map(|o| (o.offer.0, o.energy.0, o.price.0)).collect())
        .collect();
    assert_eq!(energies, [vec![(2, 100, 200)], vec![(2, 700, 200)], vec![(2, 750, 200)]]);
    assert_eq!(called.slots[2].shortfall_up, Energy(50));
}

#[test]
fn equal_activation_prices_share_in_proportion_to_capacity() {
    let same = |id, watts| ReserveOffer { activation_price: Price(100), ..offer(id, watts, 0, 5) };
    let bought = bought(demand(4_000), &[same(1, 1_000), same(2, 3_000)], Pricing::Uniform);
    let need = SlotNeed { duration: QUARTER, up: Energy(401), down: Energy(0) };
    let called = activate(&bought, &[need], Pricing::PayAsBid).expect("the need is sound");
    let parts: Vec<i64> = called.slots[0].orders.iter().map(|order| order.energy.0).collect();
    assert_eq!(parts, [100, 301]);
}

#[test]
fn what_was_not_delivered_is_fined_and_the_worst_moment_counts_as_missing_capacity() {
    let bought = bought(demand(4_000), &[offer(1, 4_000, 0, 5)], Pricing::PayAsBid);
    let need = SlotNeed { duration: QUARTER, up: Energy(1_000), down: Energy(0) };
    let called = activate(&bought, &[need, need], Pricing::PayAsBid).expect("needs are sound");
    let report = |slot, wh| DeliveryReport { slot, offer: OrderId(1), delivered: Energy(wh) };
    let rules = DeliveryRules { tolerance_bp: 1_000, energy_fine: Price(300), capacity_fine: CapacityPrice(2) };
    let settled = settle_delivery(&bought, &called, &[report(0, 1_200), report(1, 500)], &rules).expect("sound");
    // Slot 0 is over-delivered and paid for what was called; slot 1 misses 500 Wh, of which 100 are tolerated.
    assert_eq!(settled.slots[0].payment, Money(1_000 * 100));
    assert_eq!((settled.slots[1].payment, settled.slots[1].fine), (Money(500 * 100), Money(400 * 300)));
    assert_eq!(settled.unavailable[&OrderId(1)], Power(1_600));
    assert_eq!(settled.operator_pays, Money(4_000 * 5 + 150_000 - 120_000 - 1_600 * 2));
    assert_eq!(
        settle_delivery(&bought, &called, &[report(2, 1)], &rules),
        Err(ReserveError::UnknownDelivery { slot: 2, offer: OrderId(1) })
    );
}

#[test]
fn what_is_no_tender_is_refused_by_name() {
    let refused = |demand: Demand, offers: &[ReserveOffer]| {
        Tender::new(WINDOW, [demand], offers.to_vec()).expect_err("it is refused")
    };
    let (offer_id, capacity) = (OrderId(1), Power(0));
    assert_eq!(
        refused(demand(1), &[offer(1, 0, 0, 1)]),
        ReserveError::CapacityNotPositive { offer: offer_id, capacity }
    );
    assert_eq!(
        refused(demand(1), &[offer(1, 5, 6, 1)]),
        ReserveError::MinimumOutOfRange { offer: offer_id, minimum: Power(6), capacity: Power(5) }
    );
    assert_eq!(
        refused(demand(1), &[offer(1, 5, 0, 1), offer(1, 5, 0, 1)]),
        ReserveError::DuplicateOffer { offer: offer_id }
    );
    let huge = [offer(1, i64::MAX, 0, 1), offer(2, 1, 0, 1)];
    assert!(matches!(refused(demand(1), &huge), ReserveError::TotalTooLarge { .. }));
    assert!(matches!(refused(demand(-1), &[]), ReserveError::NegativeDemand { .. }));
    let zones = Demand { zone_minima: vec![(Zone(1), Power(2))], ..demand(1) };
    assert!(matches!(refused(zones, &[]), ReserveError::ZonesBeyondDemand { .. }));
}

#[test]
fn extreme_integers_are_paid_exactly() {
    for price in [i64::MIN, i64::MAX] {
        let result = up(demand(i64::MAX), &[offer(1, i64::MAX, i64::MAX, price)], Pricing::Uniform);
        assert_eq!(result.payment(), Money(i128::from(i64::MAX) * i128::from(price)));
    }
}

#[test]
fn money_beyond_the_integer_is_refused_and_does_not_panic() {
    let dear = ReserveOffer { activation_price: Price(i64::MIN), ..offer(1, i64::MAX, 0, i64::MAX) };
    let bought = bought(demand(i64::MAX), &[dear], Pricing::Uniform);
    let need = SlotNeed { duration: Span::HOUR, up: Energy(i64::MAX), down: Energy(0) };
    assert_eq!(activate(&bought, &[need; 3], Pricing::Uniform), Err(ReserveError::MoneyTooLarge));
    let called = activate(&bought, &[need], Pricing::Uniform).expect("one slot fits");
    let rules = DeliveryRules { tolerance_bp: 0, energy_fine: Price(i64::MAX), capacity_fine: CapacityPrice(i64::MAX) };
    assert_eq!(settle_delivery(&bought, &called, &[], &rules), Err(ReserveError::MoneyTooLarge));
}

fn random_offers() -> impl Strategy<Value = Vec<ReserveOffer>> {
    let one = (1_i64..6, 0_i64..6, -3_i64..5, 0_u32..3, 0_i64..2, 0_u64..1_000_000);
    prop::collection::vec(one, 0..6).prop_map(|all| {
        let build = |(id, (capacity, minimum, price, zone, submitted_ms, lottery))| ReserveOffer {
            zone: Zone(zone),
            submitted_ms,
            lottery,
            activation_price: Price(price),
            ..offer(id, capacity, i64::min(minimum, capacity), price)
        };
        (1..).zip(all).map(build).collect()
    })
}

fn random_demand() -> impl Strategy<Value = Demand> {
    (0_i64..15, 0_i64..3, 0_i64..4, 0_i64..4).prop_map(|(capacity, surplus, first, second)| {
        let (first, second) = (first.min(capacity), second.min(capacity - first.min(capacity)));
        let zone_minima = vec![(Zone(1), Power(first)), (Zone(2), Power(second))];
        Demand { surplus_allowed: Power(surplus), zone_minima, ..demand(capacity) }
    })
}

/// The best objective over every acceptance of every offer.
fn best_by_enumeration(demand: &Demand, offers: &[ReserveOffer]) -> Objective {
    fn walk(demand: &Demand, offers: &[ReserveOffer], chosen: &mut Vec<i64>, best: &mut Option<Objective>) {
        let Some(next) = offers.get(chosen.len()) else {
            let total: i64 = chosen.iter().sum();
            if total > demand.capacity.0 + demand.surplus_allowed.0 {
                return;
            }
            let in_zone =
                |zone| -> i64 { offers.iter().zip(&*chosen).filter(|(o, _)| o.zone == zone).map(|(_, w)| w).sum() };
            let objective = Objective {
                shortfall_w: (demand.capacity.0 - total).max(0),
                zone_shortfall_w: demand.zone_minima.iter().map(|&(z, min)| (min.0 - in_zone(z)).max(0)).sum(),
                cost: offers.iter().zip(&*chosen).map(|(o, &w)| Power(w).held_at(o.capacity_price)).sum(),
            };
            *best = Some(best.map_or(objective, |best| best.min(objective)));
            return;
        };
        for w in (0..=next.capacity.0).filter(|&w| w == 0 || w >= next.minimum.0) {
            chosen.push(w);
            walk(demand, offers, chosen, best);
            chosen.pop();
        }
    }
    let mut best = None;
    walk(demand, offers, &mut Vec::new(), &mut best);
    best.expect("accepting nothing is always possible")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_acceptance_is_better(offers in random_offers(), demand in random_demand()) {
        let result = up(demand.clone(), &offers, Pricing::PayAsBid);
        prop_assert_eq!(result.objective, best_by_enumeration(&demand, &offers));
        prop_assert!(result.is_optimal());
        prop_assert_eq!(result.payment(), result.objective.cost);
    }

    #[test]
    fn the_sequence_of_offers_never_shows(offers in random_offers(), demand in random_demand()) {
        let mut reversed = offers.clone();
        reversed.reverse();
        prop_assert_eq!(up(demand.clone(), &offers, Pricing::Uniform), up(demand, &reversed, Pricing::Uniform));
    }

    #[test]
    fn energy_and_money_are_conserved_from_tender_to_settlement(
        offers in random_offers(), demand in random_demand(), need_wh in 0_i64..30, delivered in -3_i64..8,
    ) {
        let bought = bought(demand, &offers, Pricing::Uniform);
        let need = SlotNeed { duration: Span::HOUR, up: Energy(need_wh), down: Energy(1) };
        let called = activate(&bought, &[need], Pricing::Uniform).expect("the need is sound");
        let slot = &called.slots[0];
        let total: i64 = slot.orders.iter().map(|order| order.energy.0).sum();
        prop_assert_eq!(total, need_wh.min(bought.directions[0].accepted().0));
        prop_assert_eq!(slot.shortfall_down, Energy(1));
        let reports: Vec<_> = slot.orders.iter()
            .map(|order| DeliveryReport { slot: 0, offer: order.offer, delivered: Energy(delivered) }).collect();
        let rules = DeliveryRules { tolerance_bp: 2_000, energy_fine: Price(7), capacity_fine: CapacityPrice(3) };
        let settled = settle_delivery(&bought, &called, &reports, &rules).expect("reports are sound");
        let received: Money = settled.accounts.values().map(ProviderAccount::net).sum();
        prop_assert_eq!(settled.operator_pays, received);
    }
}
