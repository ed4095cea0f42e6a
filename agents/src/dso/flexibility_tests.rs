//! What the DSO's flexibility desk promises.

use super::*;
use crate::record::Record;
use crate::time::Calendar;
use market::flexibility::{ActivationFactor, DPrognosis, FlexOffer, IspPower, OfferOption, OptionReference};
use market::reserve::Zone;
use market::{AgentId, Money, Price};

const DSO: ParticipantId = ParticipantId(1);
const EMS: ParticipantId = ParticipantId(2);

fn desk() -> FlexDesk {
    let slot = Span::from_minutes(15);
    FlexDesk::new(FlexTerms {
        congestion_point: "feeder".into(),
        meters: vec![MeterId::Island],
        import_limit_kw: Some(100.0),
        export_limit_kw: None,
        margin_kw: 5.0,
        gates: Product { name: "x".into(), every: slot, at: Span(0), lead: slot, delivery: slot, contracts: 2 },
        answer: slot,
        aggregators: vec![Aggregator { participant: EMS, connections: vec![] }],
        selection: SelectionRules { factor_step: 1, ..SelectionRules::default() },
        penalty: Penalty { price: Price(300_000), tolerance_bp: 0 },
    })
}

fn at(minutes: i64) -> Now {
    Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
}

/// Quarter hours of these loads one after the other, of which the aggregator takes 8 kW less from the fourth on.
fn sense(imported_kwh: f64, of_aggregator_kwh: f64) -> FlexSense {
    let meter = |kwh: f64| MeterReading {
        imported: Energy::from_kwh(kwh.max(0.0)),
        exported: Energy::from_kwh((-kwh).max(0.0)),
        power_kw: 0.0,
    };
    FlexSense { congestion_point: meter(imported_kwh), aggregators: vec![meter(of_aggregator_kwh)] }
}

fn requests(out: &Outbox) -> Vec<&FlexRequest> {
    let request = |mail: &'_ Mail| match &mail.message {
        Message::Flexibility(message) => matches!(&**message, FlexMessage::Request(_)),
        _ => false,
    };
    let of = out.mail.iter().filter(|mail| request(mail));
    of.filter_map(|mail| match &mail.message {
        Message::Flexibility(message) => match &**message {
            FlexMessage::Request(request) => Some(request),
            _ => None,
        },
        _ => None,
    })
    .collect()
}

fn mail(message: FlexMessage) -> Mail {
    Mail { to: DSO, from: EMS, message: Message::Flexibility(Box::new(message)) }
}

/// A prognosis of nothing and an offer of `power_w` in both ISPs.
fn answer(request: &FlexRequest, power_w: i64) -> Vec<Mail> {
    let (aggregator, congestion_point, period) = (AgentId(EMS.0), request.congestion_point, request.period);
    let isps: Vec<IspPower> =
        request.isps.iter().map(|isp| IspPower { start: isp.start, duration: 1, power: Power(power_w) }).collect();
    let prognosis = DPrognosis {
        id: MessageId(1 << 33),
        aggregator,
        congestion_point,
        period,
        revision: 1,
        powers: vec![Power(0); 96],
    };
    let offer = FlexOffer {
        id: MessageId((1 << 33) + 1),
        aggregator,
        request: request.id,
        congestion_point,
        period,
        expires: start_of(period, isps[0].start, Span::from_minutes(15)),
        contract: None,
        baseline: prognosis.id,
        zone: Zone(0),
        options: vec![OfferOption {
            reference: OptionReference(1),
            price: Money(1_000_000_000),
            min_activation_factor: ActivationFactor(1),
            isps,
        }],
        lottery: 0,
    };
    vec![mail(FlexMessage::Prognosis(prognosis)), mail(FlexMessage::Offer(offer))]
}

/// Two quarter hours of 110 kW, then the request that follows.
fn asked(desk: &mut FlexDesk, out: &mut Outbox) -> FlexRequest {
    desk.step(at(0), &sense(0.0, 0.0), &[], out);
    desk.step(at(15), &sense(27.5, 0.0), &[], out);
    requests(out).first().copied().expect("the limit is exceeded").clone()
}

#[test]
fn where_the_forecast_exceeds_the_limit_the_excess_and_a_margin_are_asked_for() {
    let (mut desk, mut out) = (desk(), Outbox::of(DSO));
    let request = asked(&mut desk, &mut out);
    let needs: Vec<_> = request.isps.iter().map(|isp| (isp.start, isp.max_power)).collect();
    assert_eq!(needs, [(4, Some(Power(-15_000))), (5, Some(Power(-15_000)))]);
    assert_eq!(request.expires, at(30).time);
}

#[test]
fn below_the_limit_nothing_is_asked_for() {
    let (mut desk, mut out) = (desk(), Outbox::of(DSO));
    (0..8).for_each(|quarter| desk.step(at(15 * quarter), &sense(24.9 * quarter as f64, 0.0), &[], &mut out));
    assert!(out.mail.is_empty() && out.records.is_empty(), "{out:?}");
}

#[test]
fn at_the_gate_offers_are_ordered_and_the_shortfall_is_told() {
    let (mut desk, mut out) = (desk(), Outbox::of(DSO));
    let request = asked(&mut desk, &mut out);
    desk.step(at(15), &sense(27.5, 0.0), &answer(&request, -8_000), &mut out);
    out.mail.clear();
    desk.step(at(30), &sense(55.0, 0.0), &[], &mut out);
    let ordered = out.mail.iter().find_map(|mail| match &mail.message {
        Message::Flexibility(message) => match &**message {
            FlexMessage::Order(order) => Some(order.clone()),
            _ => None,
        },
        _ => None,
    });
    let ordered = ordered.expect("an offer stands");
    assert!(ordered.isps.iter().all(|isp| isp.power == Power(-8_000)), "{ordered:?}");
    let told = |code| out.records.iter().any(|record| matches!(record, Record::Event(event) if event.code == code));
    assert!(told(EventCode::FlexibilityShort) && told(EventCode::FlexibilityOrdered), "{:?}", out.records);
    // What is still missing is asked for once more; what was ordered is not.
    let again = requests(&out);
    assert_eq!(again[0].isps[0].max_power, Some(Power(-7_000)), "{again:?}");
}

#[test]
fn a_day_is_settled_against_the_meters_and_what_is_missing_is_fined() {
    let (mut desk, mut out) = (desk(), Outbox::of(DSO));
    let request = asked(&mut desk, &mut out);
    desk.step(at(15), &sense(27.5, 0.0), &answer(&request, -8_000), &mut out);
    // 110 kW until 0:45, then 102 kW for a quarter hour, of which the aggregator delivers 8 kW, and nothing after that.
    desk.step(at(30), &sense(55.0, 0.0), &[], &mut out);
    desk.step(at(45), &sense(82.5, 0.0), &[], &mut out);
    desk.step(at(60), &sense(108.0, -2.0), &[], &mut out);
    desk.step(at(75), &sense(135.5, -2.0), &[], &mut out);
    desk.step(at(24 * 60), &sense(135.5, -2.0), &[], &mut out);
    let rows: Vec<_> = out
        .records
        .iter()
        .filter_map(|record| if let Record::Flexibility(row) = record { Some(row) } else { None })
        .collect();
    let of = |minutes| rows.iter().find(|row| row.slot.start == at(minutes).time).expect("it was asked for");
    let (met, missed) = (of(45), of(60));
    assert_eq!((met.delivered, met.payment, met.penalty), (Power(-8_000), Money(500_000_000), Money(0)));
    assert_eq!((met.load, met.load_before), (Power(102_000), Power(110_000)));
    assert_eq!((missed.delivered, missed.payment, missed.penalty), (Power(0), Money(0), Money(2_000 * 300_000)));
}
