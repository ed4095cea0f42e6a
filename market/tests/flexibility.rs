//! The flexibility market: worked examples from request to settlement, and selection against an enumeration.

use std::collections::BTreeSet;

use market::flexibility::*;
use market::reserve::{Power, Pricing, Zone};
use market::time::{Span, Time};
use market::{AgentId, Money, Price};
use proptest::prelude::*;

const ISPS: Isps = Isps { count: 4, duration: Span::HOUR };
const PLACE: CongestionPoint = CongestionPoint(1);
const DAY: Time = Time(1_000_000);
const EURO: i128 = 1_000_000_000;

fn need(start: u16, min: Option<i64>, max: Option<i64>) -> IspRequest {
    IspRequest {
        disposition: Disposition::Requested,
        start,
        duration: 1,
        min_power: min.map(Power),
        max_power: max.map(Power),
    }
}

fn request(isps: Vec<IspRequest>) -> FlexRequest {
    FlexRequest {
        id: MessageId(100),
        congestion_point: PLACE,
        period: DAY,
        revision: 1,
        expires: Time(500),
        contract: None,
        zones: vec![],
        isps,
    }
}

fn option(reference: u32, price: i128, min: u8, powers: &[i64]) -> OfferOption {
    let isp = |(start, &power): (u16, &i64)| IspPower { start, duration: 1, power: Power(power) };
    OfferOption {
        reference: OptionReference(reference),
        price: Money(price),
        min_activation_factor: ActivationFactor(min),
        isps: (1..).zip(powers).map(isp).collect(),
    }
}

fn offer(id: u64, options: Vec<OfferOption>) -> FlexOffer {
    FlexOffer {
        id: MessageId(id),
        aggregator: AgentId(id as u32),
        request: MessageId(100),
        congestion_point: PLACE,
        period: DAY,
        expires: Time(1_000),
        contract: None,
        baseline: MessageId(1_000 + id),
        zone: Zone(0),
        options,
        lottery: id,
    }
}

fn rules(factor_step: u8) -> SelectionRules {
    SelectionRules { factor_step, ..SelectionRules::default() }
}

fn selected(request: &FlexRequest, offers: &[FlexOffer], rules: &SelectionRules) -> Selection {
    let offers: Vec<_> = offers.iter().map(|offer| (Time(0), offer)).collect();
    select(request, &offers, ISPS, rules, Time(600)).expect("the offers answer the request")
}

fn chosen(selection: &Selection) -> Vec<(u64, u32, u8)> {
    selection.selected.iter().map(|one| (one.offer.0, one.option.0, one.factor.0)).collect()
}

#[test]
fn the_cheapest_set_of_options_covers_the_request() {
    // 5 kW less in hour 2. Offer 1 alone costs 10 €, offers 2 and 3 together 9 €.
    let request = request(vec![need(2, None, Some(-5_000))]);
    let offers = [
        offer(1, vec![option(1, 10 * EURO, 100, &[0, -5_000])]),
        offer(2, vec![option(1, 4 * EURO, 100, &[0, -2_000]), option(2, 3 * EURO, 100, &[0, -1_000])]),
        offer(3, vec![option(1, 5 * EURO, 100, &[0, -3_000])]),
    ];
    let best = selected(&request, &offers, &rules(100));
    assert_eq!((chosen(&best), best.cost), (vec![(3, 1, 100), (2, 1, 100)], Money(9 * EURO)));
    assert_eq!((best.proof, best.payment()), (Proof::Optimal, Money(9 * EURO)));
    // At one price per kWh both get 2 €/kWh, that of offer 2.
    let uniform = SelectionRules { pricing: Pricing::Uniform, ..rules(100) };
    assert_eq!(selected(&request, &offers, &uniform).payment(), Money(10 * EURO));
}

#[test]
fn factors_cut_an_option_down_to_what_is_needed() {
    let request = request(vec![need(1, None, Some(-3_000))]);
    let flexible = [offer(1, vec![option(1, 10 * EURO, 20, &[-5_000])])];
    let best = selected(&request, &flexible, &rules(10));
    assert_eq!((chosen(&best), best.cost), (vec![(1, 1, 60)], Money(6 * EURO)));
    let stiff = [offer(1, vec![option(1, 10 * EURO, 80, &[-5_000])])];
    assert_eq!(chosen(&selected(&request, &stiff, &rules(10))), [(1, 1, 80)]);
}

#[test]
fn what_would_overshoot_is_not_ordered_and_the_shortfall_is_told() {
    let request = request(vec![need(1, Some(-4_000), Some(-3_000))]);
    let best = selected(&request, &[offer(1, vec![option(1, EURO, 100, &[-5_000])])], &rules(100));
    assert!(best.selected.is_empty());
    assert_eq!(best.shortfall, [Power(3_000), Power(0), Power(0), Power(0)]);
}

#[test]
fn catching_up_needs_room_in_the_isp_where_it_happens() {
    let rebound = [offer(1, vec![option(1, EURO, 100, &[-3_000, 2_000])])];
    let mut asked = request(vec![need(1, None, Some(-3_000))]);
    assert!(selected(&asked, &rebound, &rules(100)).selected.is_empty());
    asked.isps.push(IspRequest {
        disposition: Disposition::Available,
        start: 2,
        duration: 1,
        min_power: Some(Power(0)),
        max_power: Some(Power(2_000)),
    });
    assert_eq!(selected(&asked, &rebound, &rules(100)).shortfall, [Power(0); 4]);
}

#[test]
fn options_above_the_cap_are_left_out() {
    let request = request(vec![need(1, None, Some(-3_000))]);
    let offers = [offer(1, vec![option(1, 3 * EURO, 100, &[-3_000]), option(2, 4 * EURO, 100, &[-3_001])])];
    let capped = SelectionRules { price_cap: Some(Price(1_000_000)), ..rules(100) };
    let best = selected(&request, &offers, &capped);
    assert_eq!(best.above_cap, [(MessageId(1), OptionReference(2))]);
    assert_eq!(chosen(&best), [(1, 1, 100)]);
}

#[test]
fn a_set_too_large_for_the_exact_search_is_covered_and_never_called_optimal() {
    let request = request(vec![need(1, None, Some(-40_000)), need(2, None, Some(-30_000))]);
    let build = |id: u64| {
        let watts = 1_000 + 371 * (id as i64 * 7 % 11);
        let price = i128::from(watts) * (900_000 + 13_000 * (i128::from(id) * 5 % 13));
        offer(id, vec![option(1, price, 30, &[-watts, -watts / 2]), option(2, price, 100, &[-watts / 3, -watts])])
    };
    let offers: Vec<FlexOffer> = (1..=24).map(build).collect();
    let cut_short = SelectionRules { node_limit: 500, program_nodes: 300, ..rules(10) };
    let best = selected(&request, &offers, &cut_short);
    let search_only = selected(&request, &offers, &SelectionRules { program_nodes: 0, ..cut_short });
    assert_eq!(search_only.proof, Proof::Unproven);
    assert_eq!(best.shortfall, [Power(0); 4]);
    assert_ne!(best.proof, Proof::Optimal);
    assert!(best.cost <= search_only.cost);
    if let Proof::WithinGap(gap) = best.proof {
        assert!(gap <= best.cost, "{gap} of {}", best.cost);
    }
}

#[test]
fn extreme_numbers_are_refused_or_exact_and_never_panic() {
    let asked = request(vec![need(1, None, Some(-POWER_LIMIT.0))]);
    let largest = [offer(1, vec![option(1, PRICE_LIMIT.0, 1, &[-POWER_LIMIT.0])])];
    for pricing in [Pricing::PayAsBid, Pricing::Uniform] {
        let best = selected(&asked, &largest, &SelectionRules { pricing, ..rules(1) });
        assert_eq!(best.payment(), PRICE_LIMIT);
    }
    let refused = |option| {
        let offer = offer(1, vec![option]);
        select(&asked, &[(Time(0), &offer)], ISPS, &rules(10), Time(600)).expect_err("it is refused")
    };
    assert!(matches!(refused(option(1, i128::MAX, 100, &[-1])), Rejection::PriceTooLarge { .. }));
    assert!(matches!(refused(option(1, i128::MIN, 100, &[-1])), Rejection::PriceTooLarge { .. }));
    assert!(matches!(refused(option(1, 1, 100, &[i64::MIN])), Rejection::PowerTooLarge { .. }));
    assert!(matches!(refused(option(1, 1, 0, &[-1])), Rejection::FactorOutOfRange { .. }));
    assert!(matches!(refused(option(1, 1, 100, &[1])), Rejection::WrongSign { .. }));
}

fn market_rules() -> FlexMarketRules {
    FlexMarketRules {
        isps: ISPS,
        congestion_points: BTreeSet::from([PLACE, CongestionPoint(2)]),
        selection: rules(10),
        deficiency_penalty: Penalty { price: Price(2_000_000), tolerance_bp: 0 },
        contracts: vec![FlexContract {
            id: ContractId(9),
            aggregator: AgentId(1),
            congestion_point: PLACE,
            reserved: vec![Power(-2_000); 4],
            availability_price: Price(10_000),
            availability_penalty: Price(50_000),
        }],
    }
}

fn prognosis(agent: u64) -> FlexMessage {
    FlexMessage::Prognosis(DPrognosis {
        id: MessageId(1_000 + agent),
        aggregator: AgentId(agent as u32),
        congestion_point: PLACE,
        period: DAY,
        revision: 1,
        powers: vec![Power(10_000); 4],
    })
}

/// A market with prognoses of agents 1 and 2 and a request for 4 kW less in hour 2.
fn open_market() -> FlexMarket {
    let mut market = FlexMarket::new(market_rules()).expect("the rules are sound");
    for message in [prognosis(1), prognosis(2), FlexMessage::Request(request(vec![need(2, None, Some(-4_000))]))] {
        market.handle(Time(100), message).expect("it is sound");
    }
    market
}

fn metering(id: u64, order: u64, hour_2: i64) -> FlexMessage {
    let mut powers = vec![Power(10_000); 4];
    powers[1] = Power(hour_2);
    FlexMessage::Metering(Metering { id: MessageId(id), order: MessageId(order), powers })
}

const AFTER: Time = Time(DAY.0 + 4 * 3_600_000);

#[test]
fn a_request_becomes_offers_orders_and_money() {
    let mut market = open_market();
    let cheap = offer(1, vec![option(1, 3 * EURO, 100, &[0, -3_000])]);
    let dear = offer(2, vec![option(1, 6 * EURO, 50, &[0, -2_000])]);
    market.handle(Time(200), FlexMessage::Offer(cheap)).expect("it is sound");
    market.handle(Time(201), FlexMessage::Offer(dear)).expect("it is sound");
    let decision = market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
    assert_eq!(chosen(&decision), [(1, 1, 100), (2, 1, 50)]);
    assert_eq!(market.offer_state(MessageId(1)), Some(OfferState::Ordered));
    let response =
        FlexOrderResponse { id: MessageId(400), aggregator: AgentId(1), order: MessageId(300), accepted: true };
    market.handle(Time(700), FlexMessage::OrderResponse(response)).expect("it is sound");
    let early = market.handle(Time(800), metering(500, 300, 7_000));
    assert!(matches!(early, Err(Rejection::TooEarly { .. })));
    // Agent 1 delivers all of 3 kW: 3 €. Agent 2 delivers 400 W of 1 kW: 40 % of 3 €, minus 600 Wh at 2 €/kWh.
    market.handle(AFTER, metering(501, 300, 7_000)).expect("it is sound");
    market.handle(AFTER, metering(502, 301, 9_600)).expect("it is sound");
    assert_eq!(market.accounts()[&AgentId(1)], Money(3 * EURO));
    assert_eq!(market.accounts()[&AgentId(2)], Money(0));
    assert_eq!(market.paid(), Money(3 * EURO));
    assert_eq!(market.order_state(MessageId(301)), Some(OrderState::Settled));
    let again = market.handle(AFTER, metering(503, 301, 9_600));
    assert!(matches!(again, Err(Rejection::OrderState { .. })));
    let kinds: Vec<bool> = market.trail().iter().map(|entry| entry.rejection.is_none()).collect();
    assert_eq!(kinds.len(), 3 + 2 + 3 + 1 + 1 + 4 + 1, "messages, decision, orders and settlements are in the trail");
    assert_eq!(kinds.iter().filter(|accepted| !**accepted).count(), 2);
}

#[test]
fn a_market_written_down_and_read_again_goes_on_where_it_was() {
    let mut market = open_market();
    let standing = offer(1, vec![option(1, EURO, 10, &[0, -9_000])]);
    market.handle(Time(200), FlexMessage::Offer(standing)).expect("it is sound");
    let json = serde_json::to_string(&market).expect("it serialises");
    let mut restored: FlexMarket = serde_json::from_str(&json).expect("it deserialises");
    assert_eq!(restored, market);
    let decide = |market: &mut FlexMarket| market.decide(Time(600), MessageId(100), MessageId(300));
    assert_eq!(decide(&mut restored), decide(&mut market));
    assert_eq!(restored, market);
}

#[test]
fn one_deviation_is_never_paid_twice() {
    let mut market = open_market();
    for id in [1, 2] {
        let same_owner = FlexOffer {
            aggregator: AgentId(1),
            baseline: MessageId(1_001),
            ..offer(id, vec![option(1, 2 * EURO, 100, &[0, -2_000])])
        };
        market.handle(Time(200), FlexMessage::Offer(same_owner)).expect("it is sound");
    }
    market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
    // 3 kW less than the baseline: the first order is delivered in full, the second one by half.
    market.handle(AFTER, metering(500, 300, 7_000)).expect("it is sound");
    market.handle(AFTER, metering(501, 301, 7_000)).expect("it is sound");
    assert_eq!(market.paid(), Money(2 * EURO + EURO - 2 * EURO));
}

#[test]
fn a_refused_order_pays_the_whole_penalty() {
    let mut market = open_market();
    market.handle(Time(200), FlexMessage::Offer(offer(1, vec![option(1, EURO, 100, &[0, -4_000])]))).expect("sound");
    market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
    let refuse =
        FlexOrderResponse { id: MessageId(400), aggregator: AgentId(1), order: MessageId(300), accepted: false };
    market.handle(Time(700), FlexMessage::OrderResponse(refuse)).expect("it is sound");
    market.handle(AFTER, metering(500, 300, 6_000)).expect("it is sound");
    assert_eq!(market.paid(), Money(-8 * EURO));
}

#[test]
fn every_rule_of_the_protocol_has_its_refusal() {
    let mut market = open_market();
    let sound = offer(1, vec![option(1, EURO, 100, &[0, -4_000])]);
    let mut refused =
        |offer: FlexOffer| market.handle(Time(200), FlexMessage::Offer(offer)).expect_err("it is refused");
    let elsewhere = FlexOffer { congestion_point: CongestionPoint(2), ..sound.clone() };
    assert_eq!(refused(elsewhere), Rejection::WrongCongestionPoint { congestion_point: 2, expected: 1 });
    assert!(matches!(refused(FlexOffer { expires: Time(200), ..sound.clone() }), Rejection::Expired { .. }));
    assert!(matches!(refused(FlexOffer { expires: AFTER, ..sound.clone() }), Rejection::ExpiresAfterDelivery { .. }));
    assert!(matches!(refused(FlexOffer { period: Time(0), ..sound.clone() }), Rejection::WrongPeriod { .. }));
    assert!(matches!(refused(FlexOffer { request: MessageId(7), ..sound.clone() }), Rejection::UnknownRequest { .. }));
    assert_eq!(refused(FlexOffer { contract: Some(ContractId(9)), ..sound.clone() }), Rejection::WrongContract);
    let of_another = FlexOffer { baseline: MessageId(1_002), ..sound.clone() };
    assert!(matches!(refused(of_another), Rejection::UnknownBaseline { .. }));
    let used = FlexOffer { id: MessageId(100), ..sound.clone() };
    assert_eq!(refused(used), Rejection::DuplicateMessage { id: MessageId(100) });
    assert_eq!(refused(FlexOffer { options: vec![], ..sound.clone() }), Rejection::NoOption);
    let twice = FlexOffer { options: vec![sound.options[0].clone(), sound.options[0].clone()], ..sound.clone() };
    assert_eq!(refused(twice), Rejection::DuplicateOption { option: OptionReference(1) });
    let outside = FlexOffer { options: vec![option(1, EURO, 100, &[0, -1, 0, 0, -1])], ..sound.clone() };
    assert!(matches!(refused(outside), Rejection::IspOutOfRange { .. }));
    market.handle(Time(200), FlexMessage::Offer(sound)).expect("it is sound");
    let stale = FlexRequest { id: MessageId(101), ..request(vec![need(2, None, Some(-1))]) };
    let refusal = market.handle(Time(300), FlexMessage::Request(stale.clone())).expect_err("it is refused");
    assert_eq!(refusal, Rejection::StaleRevision { revision: 1, latest: 1 });
    let newer = FlexRequest { id: MessageId(102), revision: 2, ..stale };
    market.handle(Time(300), FlexMessage::Request(newer)).expect("it is sound");
    assert_eq!(market.offer_state(MessageId(1)), Some(OfferState::Declined));
    let closed = market.decide(Time(600), MessageId(100), MessageId(300)).expect_err("it is refused");
    assert_eq!(closed, Rejection::RequestClosed { request: MessageId(100) });
    let back = market.handle(Time(599), prognosis(3)).expect_err("it is refused");
    assert!(matches!(back, Rejection::ClockBackwards { .. }));
}

#[test]
fn offers_from_outside_the_zones_of_a_request_are_refused() {
    let mut market = FlexMarket::new(market_rules()).expect("the rules are sound");
    let local = FlexRequest { zones: vec![Zone(3)], ..request(vec![need(2, None, Some(-4_000))]) };
    for message in [prognosis(1), FlexMessage::Request(local)] {
        market.handle(Time(100), message).expect("it is sound");
    }
    let remote = offer(1, vec![option(1, EURO, 100, &[0, -4_000])]);
    let refusal = market.handle(Time(200), FlexMessage::Offer(remote.clone())).expect_err("it is refused");
    assert_eq!(refusal, Rejection::OutsideZones { zone: 0 });
    market.handle(Time(200), FlexMessage::Offer(FlexOffer { zone: Zone(3), ..remote })).expect("it is inside");
}

#[test]
fn a_revoked_offer_is_not_ordered() {
    let mut market = open_market();
    market.handle(Time(200), FlexMessage::Offer(offer(1, vec![option(1, EURO, 100, &[0, -4_000])]))).expect("sound");
    let revoke = |id, agent| {
        let (id, aggregator) = (MessageId(id), AgentId(agent));
        FlexMessage::Revocation(FlexOfferRevocation { id, aggregator, offer: MessageId(1) })
    };
    assert!(matches!(market.handle(Time(250), revoke(400, 2)), Err(Rejection::UnknownOffer { .. })));
    market.handle(Time(250), revoke(401, 1)).expect("it is sound");
    let decision = market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
    assert!(decision.selected.is_empty());
    assert_eq!(market.request_state(MessageId(100)), Some(RequestState::Decided));
}

#[test]
fn a_contract_is_settled_from_its_requests_and_offers() {
    let mut market = FlexMarket::new(market_rules()).expect("the rules are sound");
    market.handle(Time(100), prognosis(1)).expect("it is sound");
    let update = FlexReservationUpdate {
        id: MessageId(50),
        contract: ContractId(9),
        period: DAY,
        isps: vec![IspPower { start: 1, duration: 2, power: Power(-2_000) }],
    };
    let beyond = FlexReservationUpdate {
        id: MessageId(51),
        isps: vec![IspPower { start: 1, duration: 1, power: Power(-2_001) }],
        ..update.clone()
    };
    market.handle(Time(100), FlexMessage::Reservation(update)).expect("it is sound");
    let refused = market.handle(Time(100), FlexMessage::Reservation(beyond));
    assert!(matches!(refused, Err(Rejection::BeyondContract { .. })));
    let under_contract = FlexRequest { contract: Some(ContractId(9)), ..request(vec![need(2, None, Some(-2_000))]) };
    market.handle(Time(100), FlexMessage::Request(under_contract)).expect("it is sound");
    let foreign = FlexOffer { contract: Some(ContractId(9)), ..offer(2, vec![option(1, EURO, 100, &[0, -500])]) };
    assert!(matches!(market.handle(Time(150), FlexMessage::Offer(foreign)), Err(Rejection::UnknownContract { .. })));
    let little = FlexOffer { contract: Some(ContractId(9)), ..offer(1, vec![option(1, EURO, 100, &[0, -500])]) };
    market.handle(Time(150), FlexMessage::Offer(little)).expect("it is sound");
    market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
    let settled = market.settle_contract_day(AFTER, ContractId(9), DAY).expect("the day is over");
    // 2 kW held for two hours, and 1.5 kW requested in hour 2 were not offered.
    assert_eq!((settled.price, settled.penalty), (Money(4_000 * 10_000), Money(1_500 * 50_000)));
    assert_eq!(settled.isps[1].ordered_power, Power(500));
    let again = market.settle_contract_day(AFTER, ContractId(9), DAY);
    assert!(matches!(again, Err(Rejection::ContractDay { .. })));
    assert_eq!(market.paid(), settled.net_settlement);
}

fn random_offers() -> impl Strategy<Value = Vec<FlexOffer>> {
    let one_option = (-20_i128..60, prop::sample::select(vec![1_u8, 50, 100]), -7_i64..0, -7_i64..3, -3_i64..4);
    let one = (prop::collection::vec(one_option, 1..3), 0_u64..1_000_000);
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let mut offers = Vec::new();
        for (id, (options, lottery)) in (1..).zip(all) {
            let options = (1..).zip(options).map(|(reference, (price, min, first, second, third))| {
                option(reference, price, min, &[first, second, third])
            });
            offers.push(FlexOffer { lottery, ..offer(id, options.collect()) });
        }
        offers
    })
}

fn random_request() -> impl Strategy<Value = FlexRequest> {
    (1_i64..12, 0_i64..4, 1_i64..12, 0_i64..3).prop_map(|(first, beyond, second, room)| {
        let (min_power, max_power) = (Some(Power(-room)), Some(Power(room)));
        let available = IspRequest { disposition: Disposition::Available, start: 3, duration: 1, min_power, max_power };
        request(vec![need(1, Some(-first - beyond), Some(-first)), need(2, None, Some(-second)), available])
    })
}

/// Shortfall and cost; least first.
type Reached = (i64, i128);

/// Tries every option and every factor of every offer, in arithmetic of its own.
fn enumerate(request: &FlexRequest, offers: &[FlexOffer], step: usize, total: [i64; 4], cost: i128) -> Option<Reached> {
    let Some((next, rest)) = offers.split_first() else {
        let [first, second, third] = [0, 1, 2].map(|isp| request.isps[isp]);
        let least = |isp: IspRequest| isp.min_power.expect("it is given").0;
        let most = |isp: IspRequest| isp.max_power.expect("it is given").0;
        let fits = total[0] >= least(first) && total[2] >= least(third) && total[2] <= most(third);
        let shortfall = (total[0] - most(first)).max(0) + (total[1] - most(second)).max(0);
        return fits.then_some((shortfall, cost));
    };
    let mut best = enumerate(request, rest, step, total, cost);
    for option in &next.options {
        for factor in (step..=100).step_by(step).filter(|&f| f >= usize::from(option.min_activation_factor.0)) {
            let mut moved = total;
            for isp in &option.isps {
                let exact = isp.power.0 as f64 * factor as f64 / 100.0;
                moved[usize::from(isp.start) - 1] += (exact.abs().ceil() * exact.signum()) as i64;
            }
            let price = (option.price.0 as f64 * factor as f64 / 100.0).ceil() as i128;
            let reached = enumerate(request, rest, step, moved, cost + price);
            best = [best, reached].into_iter().flatten().min();
        }
    }
    best
}

fn shortfall(selection: &Selection) -> i64 {
    selection.shortfall.iter().map(|power| power.0).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_selection_is_better(offers in random_offers(), request in random_request()) {
        let best = selected(&request, &offers, &rules(50));
        prop_assert_eq!(Some((shortfall(&best), best.cost.0)), enumerate(&request, &offers, 50, [0; 4], 0));
        prop_assert_eq!(best.proof, Proof::Optimal);
        prop_assert_eq!(best.payment(), best.cost);
    }

    #[test]
    fn a_program_reaches_what_the_search_does_within_its_gap(offers in random_offers(), request in random_request()) {
        let exact = selected(&request, &offers, &rules(100));
        let program = selected(&request, &offers, &SelectionRules { node_limit: 1, ..rules(100) });
        prop_assert!(shortfall(&exact) <= shortfall(&program));
        if let (Proof::WithinGap(gap), true) = (program.proof, shortfall(&exact) == shortfall(&program)) {
            prop_assert!(program.cost.0 - gap.0 - 1 <= exact.cost.0);
        }
    }

    #[test]
    fn the_sequence_of_offers_never_shows(offers in random_offers(), request in random_request()) {
        let mut reversed = offers.clone();
        reversed.reverse();
        let uniform = SelectionRules { pricing: Pricing::Uniform, ..rules(50) };
        prop_assert_eq!(selected(&request, &offers, &uniform), selected(&request, &reversed, &uniform));
    }

    #[test]
    fn money_is_conserved_whatever_the_meters_say(
        offers in random_offers(), request in random_request(),
        metered in prop::collection::vec(-(1_i64 << 40)..=1 << 40, 4), order in 0_u64..4,
    ) {
        let mut market = FlexMarket::new(market_rules()).expect("the rules are sound");
        market.handle(Time(100), FlexMessage::Request(request)).expect("it is sound");
        for offer in &offers {
            market.handle(Time(100), prognosis(offer.id.0)).expect("it is sound");
        }
        for offer in offers {
            market.handle(Time(200), FlexMessage::Offer(offer)).expect("it is sound");
        }
        market.decide(Time(600), MessageId(100), MessageId(300)).expect("it is open");
        let powers = metered.into_iter().map(Power).collect();
        let metering = Metering { id: MessageId(9_000), order: MessageId(300 + order), powers };
        let placed = market.order_placed(metering.order).map(|order| order.price);
        let result = market.handle(AFTER, FlexMessage::Metering(metering));
        prop_assert_eq!(result.is_ok(), placed.is_some());
        prop_assert_eq!(market.accounts().values().copied().sum::<Money>(), market.paid());
        prop_assert!(market.paid() <= placed.unwrap_or_default().max(Money(0)));
    }
}
