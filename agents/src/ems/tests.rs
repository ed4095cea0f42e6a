//! What the energy manager promises.

use super::*;
use crate::reserve::{Call, HeldCapacity, ReserveMail, ReserveTerms};
use crate::storage_trade::StorageTerms;
use crate::time::{Calendar, Slot, Span};
use market::Price;
use market::reserve::{CapacityPrice, Direction, Power};

const BATTERY: ParticipantId = ParticipantId(1);
const EVSE: ParticipantId = ParticipantId(2);
const PROSUMER: ParticipantId = ParticipantId(3);
const DSO: ParticipantId = ParticipantId(4);
const RULES: MarketRules = MarketRules { slot: Span::from_minutes(15), lead: Span::from_minutes(15) };
const THRESHOLD: Strategy =
    Strategy::PriceThreshold { charge_below_eur_per_mwh: 150.0, discharge_above_eur_per_mwh: 250.0 };

fn at(minutes: i64) -> Now {
    Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
}

fn ems(strategy: Strategy) -> Ems {
    let battery = ManagedBattery { battery: BATTERY, prosumer: Some(PROSUMER), rated_kw: 50.0, ticket: 1 };
    let point = ManagedChargePoint { evse: EVSE, prosumer: None, rated_kw: 22.0 };
    Ems::new(PortfolioId(0), RULES, vec![battery], vec![point], (strategy, strategy))
}

fn status(energy_kwh: f64) -> StorageStatus {
    let (charge_limit_kw, discharge_limit_kw) = (20.0, 20.0);
    StorageStatus { energy_kwh, min_kwh: 5.0, max_kwh: 95.0, charge_limit_kw, discharge_limit_kw, power_kw: 0.0 }
}

fn needs(energy_kwh: f64, departure: Now) -> Message {
    let storage = StorageStatus { min_kwh: 0.0, max_kwh: 75.0, ..status(energy_kwh) };
    let (target_kwh, reserve_kwh, departure) = (60.0, 30.0, departure.time);
    Message::ChargingNeeds(ChargingNeeds { storage, target_kwh, reserve_kwh, departure })
}

fn price(eur_per_mwh: f64) -> Message {
    let consumption = Series { start: Time(0), step: Span::DAY, values: vec![eur_per_mwh].into() };
    Message::EnergyPrices { production: consumption.clone(), consumption }
}

/// One quarter hour: reports come in, quiet comes, the plan goes out.
fn plan(ems: &mut Ems, now: Now, meter_kw: f64, reports: Vec<(ParticipantId, Message)>) -> Outbox {
    let meter = MeterReading { power_kw: meter_kw, ..MeterReading::default() };
    let mut out = Outbox::of(ParticipantId(0));
    ems.step(now, &meter, &[], &mut out);
    assert_eq!(ems.next_wake(now), Wake::WhenQuiet(Stage::Plan));
    let inbox: Vec<_> =
        reports.into_iter().map(|(from, message)| Mail { to: ParticipantId(0), from, message }).collect();
    ems.step(now, &meter, &inbox, &mut out);
    ems.step(now, &meter, &[], &mut out);
    assert_eq!(ems.next_wake(now), Wake::At(now.time + RULES.slot));
    out
}

fn directives(out: &Outbox, to: ParticipantId) -> Vec<Directive> {
    let directive = |mail: &Mail| match &mail.message {
        Message::Command(command) if mail.to == to => Some(command.directive.clone()),
        _ => None,
    };
    out.mail.iter().filter_map(directive).collect()
}

fn hold(power_kw: f64) -> Directive {
    Directive::Setpoint(Value::Constant(power_kw))
}

#[test]
fn self_consumption_lets_batteries_follow_the_portfolio_and_announces_the_expected_energy() {
    let mut ems = ems(Strategy::SelfConsumption {});
    let out = plan(&mut ems, at(0), -8.0, vec![(BATTERY, Message::StorageStatus(status(50.0)))]);
    let follow = Directive::FollowMeter { meter: MeterId::Portfolio(PortfolioId(0)), share: 1.0 };
    assert_eq!(directives(&out, BATTERY), [follow]);
    let slot = Slot { start: at(15).time, length: RULES.slot };
    let planned = Message::PlannedChange { slot, energy: Energy(2000) };
    assert!(out.mail.iter().any(|mail| mail.to == PROSUMER && mail.message == planned), "{:?}", out.mail);
}

#[test]
fn as_few_batteries_as_do_it_at_half_their_rating_follow_the_fullest_or_emptiest_first() {
    let mut ems = ems(Strategy::SelfConsumption {});
    let more =
        [(7, 2), (8, 3)].map(|(id, ticket)| ManagedBattery { battery: ParticipantId(id), ticket, ..ems.batteries[0] });
    ems.batteries.extend(more);
    let reports = |ems: &mut Ems, meter_kw, minutes| {
        let told = [(BATTERY, 50.0), (ParticipantId(7), 40.0), (ParticipantId(8), 60.0)];
        let report = |(id, energy_kwh)| (id, Message::StorageStatus(status(energy_kwh)));
        let out = plan(ems, at(minutes), meter_kw, told.into_iter().map(report).collect());
        [BATTERY, ParticipantId(7), ParticipantId(8)].map(|id| match directives(&out, id)[0] {
            Directive::FollowMeter { share, .. } => share,
            _ => 0.0,
        })
    };
    assert_eq!(reports(&mut ems, -20.0, 0), [0.0, 1.0, 0.0], "20 kW too much for the emptiest");
    // The registers of this meter stand still: what follows is planned by a manager that begins.
    let begin = |ems: &mut Ems| (ems.looked, ems.turns) = Default::default();
    begin(&mut ems);
    assert_eq!(reports(&mut ems, 45.0, 15), [0.5, 0.0, 0.5], "45 kW missing for the two fullest");
    begin(&mut ems);
    assert_eq!(reports(&mut ems, 500.0, 30), [1.0 / 3.0; 3], "all for more than all can give");
    let full = StorageStatus { charge_limit_kw: 0.0, ..status(95.0) };
    begin(&mut ems);
    ems.statuses.retain(|id, _| *id == BATTERY);
    let out = plan(&mut ems, at(45), -20.0, vec![(BATTERY, Message::StorageStatus(full))]);
    let follows = matches!(directives(&out, BATTERY)[0], Directive::FollowMeter { share: 1.0, .. });
    assert!(follows, "a full one is there for a vehicle that comes");
}

#[test]
fn batteries_take_the_turns_that_their_sites_could_trade_on() {
    let mut ems = ems(Strategy::SelfConsumption {});
    let other = ParticipantId(7);
    ems.batteries.push(ManagedBattery { battery: other, prosumer: None, ticket: 2, ..ems.batteries[0] });
    let mut told = |energies: [f64; 2], minutes| {
        let reports = [BATTERY, other].into_iter().zip(energies.map(|kwh| Message::StorageStatus(status(kwh))));
        ems.looked = LastLook::default();
        let out = plan(&mut ems, at(minutes), -8.0, reports.collect());
        [BATTERY, other].map(|id| matches!(directives(&out, id)[0], Directive::FollowMeter { .. }))
    };
    assert_eq!(told([40.0, 50.0], 0), [true, false], "the emptier one");
    assert_eq!(
        told([60.0, 50.0], 15),
        [true, false],
        "whatever it holds by now: its site has bought what it will store"
    );
    assert_eq!(told([70.0, 50.0], 30), [false, true], "chosen a slot ago");
}

#[test]
fn price_thresholds_charge_when_cheap_and_discharge_when_dear() {
    for (eur_per_mwh, expected) in [(100.0, 20.0), (200.0, 0.0), (300.0, -20.0)] {
        let reports = vec![(BATTERY, Message::StorageStatus(status(50.0))), (BATTERY, price(eur_per_mwh))];
        let out = plan(&mut ems(THRESHOLD), at(0), 0.0, reports);
        assert_eq!(directives(&out, BATTERY), [hold(expected)], "at {eur_per_mwh} EUR/MWh");
    }
}

#[test]
fn a_vehicle_discharges_when_dear_but_charges_whatever_the_price_before_it_leaves() {
    let dear = |departure| vec![(EVSE, needs(50.0, departure)), (EVSE, price(300.0))];
    let out = plan(&mut ems(THRESHOLD), at(0), 0.0, dear(at(600)));
    assert_eq!(directives(&out, EVSE), [hold(-20.0)]);
    let out = plan(&mut ems(THRESHOLD), at(0), 0.0, dear(at(59)));
    assert_eq!(directives(&out, EVSE), [], "it charges by its own habit");
}

#[test]
fn a_vehicle_below_its_reserve_gives_nothing() {
    let reports = vec![(EVSE, needs(29.0, at(1200))), (EVSE, price(300.0))];
    assert_eq!(directives(&plan(&mut ems(THRESHOLD), at(0), 0.0, reports), EVSE), [hold(0.0)]);
}

#[test]
fn load_control_caps_charging_at_the_share_of_the_rating() {
    let control = Message::LoadControl { percent: 50.0, start: at(0).time, end: at(240).time };
    let mut ems = ems(Strategy::SelfConsumption {});
    let out = plan(&mut ems, at(0), 0.0, vec![(EVSE, needs(50.0, at(600))), (EVSE, control)]);
    assert_eq!(directives(&out, EVSE), [Directive::ImportLimit(Value::Constant(11.0))]);
    let out = plan(&mut ems, at(240), 0.0, vec![(EVSE, needs(50.0, at(600)))]);
    assert_eq!(directives(&out, EVSE), [], "the request is over");
}

#[test]
fn while_support_is_wanted_a_vehicle_at_its_reserve_takes_nothing_unless_it_must() {
    let request = Message::DemandResponse { level: 1, start: at(0).time, end: at(240).time };
    let asked = |departure| vec![(EVSE, needs(30.0, departure)), (EVSE, request.clone())];
    let out = plan(&mut ems(Strategy::SelfConsumption {}), at(0), 0.0, asked(at(1200)));
    assert_eq!(directives(&out, EVSE), [hold(0.0)]);
    let out = plan(&mut ems(Strategy::SelfConsumption {}), at(0), 0.0, asked(at(90)));
    assert_eq!(directives(&out, EVSE), [], "it leaves soon");
}

#[test]
fn a_site_with_several_devices_gets_one_announcement() {
    let mut ems = ems(THRESHOLD);
    ems.charge_points[0].prosumer = Some(PROSUMER);
    let reports =
        vec![(BATTERY, Message::StorageStatus(status(50.0))), (EVSE, needs(50.0, at(600))), (EVSE, price(300.0))];
    let out = plan(&mut ems, at(0), 0.0, reports);
    let announced: Vec<_> = out.mail.iter().filter(|mail| mail.to == PROSUMER).map(|mail| &mail.message).collect();
    let slot = Slot { start: at(15).time, length: RULES.slot };
    assert_eq!(announced, [&Message::PlannedChange { slot, energy: Energy(-10_000) }]);
}

#[test]
fn demand_response_discharges_with_the_dsos_priority() {
    let request = Message::DemandResponse { level: 1, start: at(0).time, end: at(60).time };
    let reports = vec![(BATTERY, Message::StorageStatus(status(50.0))), (BATTERY, request)];
    let out = plan(&mut ems(Strategy::SelfConsumption {}), at(0), 0.0, reports);
    assert_eq!(directives(&out, BATTERY), [hold(-20.0)]);
    let priority = |mail: &Mail| matches!(&mail.message, Message::Command(c) if c.priority == Priority::DsoEmergency);
    assert!(out.mail.iter().any(priority));
}

/// A plan of a manager that leaves its storage to the market, and what it told the prosumer of it.
fn traded(ems: &mut Ems, minutes: i64, reports: Vec<(ParticipantId, Message)>) -> (Outbox, Vec<Message>) {
    let out = plan(ems, at(minutes), 0.0, reports);
    let told = out.mail.iter().filter(|mail| mail.to == PROSUMER).map(|mail| mail.message.clone()).collect();
    (out, told)
}

fn awarded(device: ParticipantId, minutes: i64, wh: i64) -> (ParticipantId, Message) {
    let slot = Slot { start: at(minutes).time, length: RULES.slot };
    (PROSUMER, Message::Awarded { device, slot, energy: Energy(wh) })
}

#[test]
fn the_setpoint_of_a_slot_is_what_was_traded_for_it_and_nothing_without_trade() {
    let mut ems = ems(Strategy::Market(StorageTerms::default()));
    let report = || (BATTERY, Message::StorageStatus(status(50.0)));
    let (out, told) = traded(&mut ems, 0, vec![report(), awarded(BATTERY, 15, -2500)]);
    assert_eq!(directives(&out, BATTERY), [hold(0.0)]);
    let [Message::Tradable(tradable), Message::PlannedChange { energy: Energy(0), .. }] = &told[..] else {
        panic!("the storage first, then a change without it: {told:?}")
    };
    let bounds_kwh = [tradable.storage.min_kwh, tradable.storage.max_kwh];
    assert_eq!(bounds_kwh.map(|kwh| (kwh * 1000.0).round()), [10_400.0, 89_600.0]);
    let (out, told) = traded(&mut ems, 15, vec![awarded(BATTERY, 30, 1000), awarded(BATTERY, 30, 1500)]);
    assert_eq!(directives(&out, BATTERY), [hold(-10.0)]);
    assert!(matches!(told[..], [Message::PlannedChange { .. }]), "a silent storage is not traded: {told:?}");
    assert_eq!(directives(&traded(&mut ems, 30, vec![report()]).0, BATTERY), [hold(6.0)], "the last sum counts");
    assert_eq!(directives(&traded(&mut ems, 45, vec![report()]).0, BATTERY), [hold(0.0)]);
}

#[test]
fn an_award_for_the_slot_under_way_is_commanded_at_once() {
    let mut ems = ems(Strategy::Market(StorageTerms::default()));
    plan(&mut ems, at(0), 0.0, vec![(BATTERY, Message::StorageStatus(status(50.0)))]);
    let (from, message) = awarded(BATTERY, 0, 2000);
    let mut out = Outbox::of(ParticipantId(0));
    ems.step(at(0), &MeterReading::default(), &[Mail { to: ParticipantId(0), from, message }], &mut out);
    assert_eq!(directives(&out, BATTERY), [hold(8.0)]);
}

#[test]
fn a_vehicle_in_the_market_does_what_was_traded_until_it_must_charge() {
    let mut ems = ems(Strategy::Market(StorageTerms::default()));
    ems.charge_points[0].prosumer = Some(PROSUMER);
    let reports = vec![(EVSE, needs(50.0, at(600))), awarded(EVSE, 0, -1000)];
    let (out, told) = traded(&mut ems, 0, reports);
    assert_eq!(directives(&out, EVSE), [hold(-4.0)]);
    let [Message::Tradable(tradable), _] = &told[..] else { panic!("{told:?}") };
    let departure = tradable.departure.expect("it will leave");
    assert_eq!((departure.target_kwh, departure.leaves), (60.0, at(600).time));
    assert_eq!((tradable.storage.min_kwh, departure.ready), (30.0, at(540).time));
    let (out, _) = traded(&mut ems, 15, vec![(EVSE, needs(50.0, at(74))), awarded(EVSE, 15, -1000)]);
    assert_eq!(directives(&out, EVSE), [], "it charges by its own habit");
}

/// A manager that offers reserve on simple terms, with one window of 4 h held both ways from midnight on.
fn holding(strategy: Strategy, up_w: i64, down_w: i64) -> Ems {
    let terms = ReserveTerms {
        capacity_eur_per_mw_h: 10.0,
        capacity_spread: 0.0,
        activation_price: Price(200_000),
        power_share: 0.5,
        efficiency: 1.0,
        margin: 0.0,
    };
    let window = Slot { start: at(0).time, length: Span::HOUR * 4 };
    let held = |direction, watts| HeldCapacity { unit: BATTERY, window, direction, power: Power(watts) };
    let mut ems = ems(strategy).with_reserve(terms);
    let held = ReserveMail::Held(vec![held(Direction::Up, up_w), held(Direction::Down, down_w)]);
    ems.reserve.take(DSO, &held);
    ems
}

fn reserve_mail(out: &Outbox) -> Vec<&ReserveMail> {
    let mut found = Vec::new();
    for mail in &out.mail {
        if let (DSO, Message::Reserve(reserve)) = (mail.to, &mail.message) {
            found.push(reserve.as_ref());
        }
    }
    found
}

#[test]
fn a_battery_that_holds_reserve_leaves_power_and_energy_to_it() {
    let charge = |energy_kwh| {
        let reports = vec![(BATTERY, Message::StorageStatus(status(energy_kwh))), (BATTERY, price(100.0))];
        directives(&plan(&mut holding(THRESHOLD, 10_000, 5_000), at(0), 0.0, reports), BATTERY)
    };
    assert_eq!(charge(50.0), [hold(15.0)], "5 of 20 kW are held");
    assert_eq!(charge(74.0), [hold(4.0)], "5 kW for 4 h need 20 kWh below 95: one kWh is left for a quarter hour");
    assert_eq!(charge(80.0), [hold(-10.0)], "too full: it makes room, with the power that is not held");
    assert_eq!(charge(44.0), [hold(15.0)], "10 kW for 4 h need 40 kWh above 5: it charges as it would");
}

#[test]
fn a_follower_that_holds_reserve_follows_within_limits() {
    let reports = vec![(BATTERY, Message::StorageStatus(status(50.0)))];
    let out = plan(&mut holding(Strategy::SelfConsumption {}, 10_000, 5_000), at(0), 8.0, reports);
    let follow = Directive::FollowMeter { meter: MeterId::Portfolio(PortfolioId(0)), share: 1.0 };
    let limits = [Directive::ImportLimit(Value::Constant(15.0)), Directive::ExportLimit(Value::Constant(10.0))];
    assert_eq!(directives(&out, BATTERY), [vec![follow], limits.into()].concat());
}

#[test]
fn what_is_called_comes_on_top_of_the_plan_that_is_told_and_is_measured_after_it() {
    let mut ems = holding(Strategy::SelfConsumption {}, 10_000, 5_000);
    let slot = Slot { start: at(0).time, length: RULES.slot };
    let calls = vec![Call { unit: BATTERY, direction: Direction::Up, energy: Energy(2000) }];
    let called = Message::Reserve(Box::new(ReserveMail::Called { slot, calls }));
    let out = plan(&mut ems, at(0), 4.0, vec![(BATTERY, Message::StorageStatus(status(50.0))), (DSO, called)]);
    assert_eq!(directives(&out, BATTERY), [hold(-12.0)], "4 kW for the portfolio, 8 kW for the operator");
    let flow = |wh| vec![Flow { unit: BATTERY, energy: Energy(wh) }];
    assert_eq!(reserve_mail(&out), [&ReserveMail::Planned { slot, flows: flow(-1000) }]);
    let after = StorageStatus { power_kw: -11.6, ..status(47.0) };
    let out = plan(&mut ems, at(15), 0.0, vec![(BATTERY, Message::StorageStatus(after))]);
    assert_eq!(reserve_mail(&out), [&ReserveMail::Measured { slot, flows: flow(-2900) }]);
}

#[test]
fn a_tender_is_answered_with_what_lasts_all_through_the_window_in_every_other_one() {
    let mut ems = holding(Strategy::SelfConsumption {}, 0, 0);
    let window = |hours: i64| Slot { start: at(60 * hours).time, length: Span::HOUR * 4 };
    let windows = vec![window(24), window(28), window(32)];
    let tender = ReserveMail::Tender { windows, directions: vec![Direction::Up, Direction::Down] };
    let reports = vec![(BATTERY, Message::StorageStatus(status(50.0))), (DSO, Message::Reserve(Box::new(tender)))];
    let out = plan(&mut ems, at(0), 0.0, reports);
    let [ReserveMail::Offers(offers)] = reserve_mail(&out)[..] else { panic!("{:?}", out.mail) };
    let told: Vec<_> = offers.iter().map(|offer| (offer.window, offer.direction, offer.capacity.0)).collect();
    // 90 kWh usable, half for either direction, for 4 h.
    let both = |hours| [Direction::Up, Direction::Down].map(|direction| (window(hours), direction, 11_250));
    assert_eq!(told, [both(24), both(32)].concat());
    assert_eq!(offers[0].capacity_price, CapacityPrice(40_000), "10 EUR/MW for each of 4 h");
}

fn flexible(devices: &[ParticipantId]) -> FlexibleStorage {
    let devices = devices.iter().copied().collect();
    FlexibleStorage { devices, battery: market::Price(150_000), vehicle: market::Price(80_000), ticket: 1 }
}

/// A request to take less by `need_w` in the `count` ISPs from the third of the day on.
fn request(need_w: i64, count: u16) -> Message {
    use market::flexibility::{CongestionPoint, Disposition, FlexMessage, FlexRequest, IspRequest, MessageId};
    let max_power = Some(market::reserve::Power(need_w));
    let disposition = Disposition::Requested;
    let isps = vec![IspRequest { disposition, start: 3, duration: count, min_power: None, max_power }];
    let (id, congestion_point, period) = (MessageId(7), CongestionPoint(0), Time(0));
    let expires = at(15).time;
    let (contract, zones) = (None, vec![]);
    Message::Flexibility(Box::new(FlexMessage::Request(FlexRequest {
        id,
        congestion_point,
        period,
        revision: 1,
        expires,
        contract,
        zones,
        isps,
    })))
}

fn offers(out: &Outbox) -> Vec<market::flexibility::FlexOffer> {
    let offer = |mail: &Mail| match &mail.message {
        Message::Flexibility(message) => match &**message {
            market::flexibility::FlexMessage::Offer(offer) => Some(offer.clone()),
            _ => None,
        },
        _ => None,
    };
    out.mail.iter().filter_map(offer).collect()
}

fn order_of(offer: &market::flexibility::FlexOffer, percent: u8) -> Message {
    use market::flexibility::{ActivationFactor, FlexMessage, FlexOrder, MessageId};
    let option = &offer.options[0];
    Message::Flexibility(Box::new(FlexMessage::Order(FlexOrder {
        id: MessageId(9),
        aggregator: offer.aggregator,
        offer: offer.id,
        option: option.reference,
        activation_factor: ActivationFactor(percent),
        price: option.price,
        congestion_point: offer.congestion_point,
        period: offer.period,
        baseline: offer.baseline,
        isps: option.isps.clone(),
    })))
}

const RESTING: Strategy =
    Strategy::PriceThreshold { charge_below_eur_per_mwh: -1000.0, discharge_above_eur_per_mwh: 1000.0 };

#[test]
fn a_battery_offers_its_energy_once_over_all_isps_and_never_more_than_its_power() {
    for (energy_kwh, count, most_wh) in [(50.0, 1, 5_000), (16.0, 8, 5_264), (5.0, 8, 0)] {
        let mut ems = ems(RESTING).with_flexibility(flexible(&[BATTERY]));
        let reports = vec![
            (BATTERY, Message::StorageStatus(status(energy_kwh))),
            (BATTERY, price(200.0)),
            (DSO, request(-30_000, count)),
        ];
        let offered = offers(&plan(&mut ems, at(0), 0.0, reports));
        let energy_wh: i64 = offered.iter().flat_map(|offer| &offer.options[0].isps).map(|isp| -isp.power.0 / 4).sum();
        assert!((energy_wh - most_wh).abs() <= 8, "{energy_kwh} kWh over {count} ISPs: {energy_wh} Wh");
    }
}

#[test]
fn what_was_ordered_is_held_with_the_dsos_priority_in_its_isps_and_in_no_other() {
    let mut ems = ems(RESTING).with_flexibility(flexible(&[BATTERY]));
    let report = || (BATTERY, Message::StorageStatus(status(50.0)));
    let out = plan(&mut ems, at(0), 0.0, vec![report(), (BATTERY, price(200.0)), (DSO, request(-10_000, 1))]);
    let order = order_of(&offers(&out)[0], 50);
    let out = plan(&mut ems, at(15), 0.0, vec![report(), (DSO, order)]);
    assert_eq!(directives(&out, BATTERY), [hold(0.0)]);
    let out = plan(&mut ems, at(30), 0.0, vec![report()]);
    assert_eq!(directives(&out, BATTERY), [hold(-5.0)]);
    let priority = |mail: &Mail| matches!(&mail.message, Message::Command(c) if c.priority == Priority::DsoEmergency);
    assert!(out.mail.iter().any(priority));
    assert_eq!(directives(&plan(&mut ems, at(45), 0.0, vec![report()]), BATTERY), [hold(0.0)]);
}

#[test]
fn a_vehicle_offers_to_charge_later_only_if_it_can_catch_up() {
    for (departure, is_offered) in [(at(600), true), (at(120), false)] {
        let mut ems = ems(Strategy::SelfConsumption {}).with_flexibility(flexible(&[EVSE]));
        let reports = vec![(EVSE, needs(35.0, departure)), (DSO, request(-10_000, 1))];
        let offered = offers(&plan(&mut ems, at(0), 0.0, reports));
        let powers: Vec<_> = offered.iter().flat_map(|offer| &offer.options[0].isps).map(|isp| isp.power.0).collect();
        assert_eq!(powers, if is_offered { vec![-10_000] } else { vec![] }, "leaves at {departure:?}");
    }
}
