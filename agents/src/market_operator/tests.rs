//! The operator among its participants: gates, books, awards, records.

use super::*;
use crate::time::Calendar;
use market::product::Product;
use market::{Energy, OrderId, Price, Side};

const QUARTER: Span = Span::from_minutes(15);
const RETAILER: ParticipantId = ParticipantId(9);

fn venue(name: &str, every: Span, lead: Span, delivery: Span, contracts: u32) -> Venue {
    let product = Product { name: name.into(), every, at: Span::ZERO, lead, delivery, contracts };
    Venue {
        product,
        trading: Trading::Auction { mechanism: "uniform-mid-truncated".parse().expect("it exists") },
        share: 1.0,
    }
}

fn operator() -> MarketOperator {
    let venues = [
        venue("spot", QUARTER, QUARTER, QUARTER, 1),
        venue("day-ahead", Span::DAY, Span::HOUR * 12, QUARTER, 96),
        venue("base", Span::DAY, Span::HOUR * 12, Span::DAY, 1),
    ];
    MarketOperator::new(venues.into(), QUARTER, RETAILER, 1)
}

fn at(minutes: i64) -> Now {
    Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
}

fn slot(minutes: i64) -> Slot {
    Slot { start: at(minutes).time, length: QUARTER }
}

fn order(product: u8, from: u32, side: Side, (wh, limit): (i64, i64), slot: Slot) -> Mail {
    let order = Order {
        id: OrderId(0),
        agent: AgentId(0),
        side,
        quantity: Energy(wh),
        limit: Price(limit),
        quality: 0,
        premium_bp: 0,
        submitted_ms: 0,
        lottery: u64::from(from),
    };
    let message = Message::Order { product: ProductId(product), slot, order, act: None, storage: None };
    Mail { to: ParticipantId(0), from: ParticipantId(from), message }
}

fn awards(out: &Outbox) -> Vec<(u32, u8, Time, i64, i64)> {
    let award = |mail: &Mail| match mail.message {
        Message::Award { product, slot, energy, price, .. } => {
            Some((mail.to.0, product.0, slot.start, energy.0, price.0))
        }
        _ => None,
    };
    out.mail.iter().filter_map(award).collect()
}

#[test]
fn an_award_says_for_which_storage_it_is() {
    let (now, mut operator, mut out) = (at(15), operator(), Outbox::of(ParticipantId(0)));
    let of_storage = |mut mail: Mail, of: u32| {
        if let Message::Order { storage, .. } = &mut mail.message {
            *storage = Some(ParticipantId(of));
        }
        mail
    };
    let offer = |wh, limit| order(0, 1, Side::Offer, (wh, limit), slot(30));
    let bid = order(0, 2, Side::Bid, (500, 200), slot(30));
    let book = [offer(300, 100), of_storage(offer(200, 50), 7), of_storage(offer(200, 60), 8), bid];
    operator.step(now, &(), &book, &mut out);
    operator.step(now, &(), &[], &mut out);
    let award = |mail: &Mail| match mail.message {
        Message::Award { side: Side::Offer, storage, energy, .. } => Some((storage.map(|id| id.0), energy.0)),
        _ => None,
    };
    let told: Vec<_> = out.mail.iter().filter_map(award).collect();
    assert_eq!(told, [(None, 100), (Some(7), 200), (Some(8), 200)]);
    let positions = out.mail.iter().filter(|mail| matches!(mail.message, Message::Traded { .. }));
    assert_eq!(positions.count(), 2, "one per prosumer");
}

#[test]
fn the_book_is_cleared_when_quiet_and_both_sides_are_told() {
    let (now, mut operator, mut out) = (at(15), operator(), Outbox::of(ParticipantId(0)));
    operator.step(now, &(), &[], &mut out);
    assert_eq!(operator.next_wake(now), Wake::WhenQuiet(Stage::Clear));
    let inbox = [order(0, 1, Side::Bid, (500, 200_000), slot(30)), order(0, 2, Side::Offer, (800, 100_000), slot(30))];
    operator.step(now, &(), &inbox, &mut out);
    assert!(awards(&out).is_empty(), "mail may still be on its way");
    operator.step(now, &(), &[], &mut out);
    assert_eq!(operator.next_wake(now), Wake::At(at(30).time));
    let start = slot(30).start;
    assert_eq!(awards(&out), [(1, 0, start, 500, 150_000), (2, 0, start, 500, 150_000)]);
    assert_eq!(out.mail.iter().filter(|mail| mail.to == RETAILER).count(), 3, "two positions, and what they come to");
}

#[test]
fn an_order_after_gate_closure_is_refused_with_an_event() {
    let (now, mut operator, mut out) = (at(15), operator(), Outbox::of(ParticipantId(0)));
    let late = order(0, 1, Side::Bid, (500, 1), slot(15));
    operator.step(now, &(), &[late], &mut out);
    assert!(matches!(&out.records[..], [Record::Event(event)] if event.code == EventCode::OrderRefused));
    operator.step(now, &(), &[], &mut out);
    let cleared = order(0, 1, Side::Bid, (500, 1), slot(30));
    operator.step(now, &(), &[cleared], &mut out);
    assert!(matches!(out.records.last(), Some(Record::Event(event)) if event.detail.contains("gate closed")));
}

#[test]
fn orders_for_a_later_gate_wait_for_it_and_may_be_withdrawn() {
    let (mut operator, mut out) = (operator(), Outbox::of(ParticipantId(0)));
    let tomorrow = slot(24 * 60 + 12 * 60);
    let inbox = [
        order(1, 1, Side::Bid, (500, 200_000), tomorrow),
        order(1, 3, Side::Bid, (500, 300_000), tomorrow),
        order(1, 2, Side::Offer, (800, 100_000), tomorrow),
    ];
    operator.step(at(5), &(), &inbox, &mut out);
    let message = Message::CancelOrders { product: ProductId(1), slot: tomorrow, act: None };
    let withdrawn = Mail { to: ParticipantId(0), from: ParticipantId(3), message };
    operator.step(at(6), &(), &[withdrawn], &mut out);
    let gate = at(24 * 60);
    operator.step(gate, &(), &[], &mut out);
    operator.step(gate, &(), &[], &mut out);
    assert_eq!(awards(&out), [(1, 1, tomorrow.start, 500, 150_000), (2, 1, tomorrow.start, 500, 150_000)]);
}

#[test]
fn in_continuous_trading_orders_meet_as_they_come_at_the_price_of_the_one_that_rests() {
    let mut hours = venue("hours", Span::HOUR, Span::HOUR, Span::HOUR, 6);
    hours.trading = Trading::Continuous;
    let mut operator = MarketOperator::new([hours].into(), QUARTER, RETAILER, 1);
    let mut out = Outbox::of(ParticipantId(0));
    let hour = |hour: i64| Slot { start: at(60 * hour).time, length: Span::HOUR };
    operator.step(at(1), &(), &[order(0, 2, Side::Offer, (800, 100_000), hour(3))], &mut out);
    operator.step(at(20), &(), &[order(0, 1, Side::Bid, (500, 200_000), hour(3))], &mut out);
    let start = hour(3).start;
    assert_eq!(awards(&out), [(1, 0, start, 500, 100_000), (2, 0, start, 500, 100_000)]);
    assert_eq!(out.mail.iter().filter(|mail| mail.to == RETAILER).count(), 3, "two positions, and what they come to");
    operator.step(at(21), &(), &[order(0, 1, Side::Bid, (500, 200_000), hour(9))], &mut out);
    assert!(matches!(out.records.last(), Some(Record::Event(event)) if event.code == EventCode::OrderRefused));
    let mut out = Outbox::of(ParticipantId(0));
    operator.step(at(120), &(), &[], &mut out);
    let late = [order(0, 3, Side::Bid, (200, 150_000), hour(3))];
    operator.step(at(120), &(), &late, &mut out);
    assert_eq!(awards(&out).len(), 2, "the gate closes when the mail of its instant is read");
    operator.step(at(120), &(), &[], &mut out);
    let filled: Vec<_> = out
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Order(row) => Some((row.participant.0, row.energy.0, row.filled.0)),
            _ => None,
        })
        .collect();
    assert_eq!(filled, [(3, 800, 800), (2, 3200, 2800)], "of all four quarter hours");
    let closed = |record: &Record| match record {
        Record::Clearing(row) => Some((row.slot, row.volume, row.value)),
        _ => None,
    };
    let value = Energy(2800) * Price(100_000);
    assert_eq!(out.records.iter().find_map(closed), Some((hour(3), Energy(2800), value)));
    operator.step(at(121), &(), &[order(0, 1, Side::Bid, (500, 200_000), hour(3))], &mut out);
    assert!(matches!(out.records.last(), Some(Record::Event(event)) if event.detail.contains("gate closed")));
}

#[test]
fn what_is_withdrawn_and_ordered_anew_in_one_round_does_not_trade_twice() {
    let mut hours = venue("hours", Span::HOUR, Span::HOUR, Span::HOUR, 6);
    hours.trading = Trading::Continuous;
    let mut operator = MarketOperator::new([hours].into(), QUARTER, RETAILER, 1);
    let mut out = Outbox::of(ParticipantId(0));
    let contract = Slot { start: at(180).time, length: Span::HOUR };
    operator.step(at(1), &(), &[order(0, 2, Side::Offer, (800, 100_000), contract)], &mut out);
    let message = Message::CancelOrders { product: ProductId(0), slot: contract, act: None };
    let inbox = [
        order(0, 1, Side::Bid, (2000, 200_000), contract),
        Mail { to: ParticipantId(0), from: ParticipantId(2), message },
        order(0, 2, Side::Offer, (800, 90_000), contract),
    ];
    operator.step(at(2), &(), &inbox, &mut out);
    assert_eq!(awards(&out).iter().map(|award| award.3).collect::<Vec<_>>(), [800, 800]);
}

#[test]
fn a_band_over_a_day_is_recorded_with_the_energy_of_all_its_slots() {
    let (gate, mut operator, mut out) = (at(24 * 60), operator(), Outbox::of(ParticipantId(0)));
    let day = Slot { start: gate.time + Span::HOUR * 12, length: Span::DAY };
    operator.step(gate, &(), &[], &mut out);
    let inbox = [order(2, 1, Side::Bid, (500, 200_000), day), order(2, 2, Side::Offer, (500, 100_000), day)];
    operator.step(gate, &(), &inbox, &mut out);
    operator.step(gate, &(), &[], &mut out);
    assert_eq!(awards(&out)[0], (1, 2, day.start, 500, 150_000), "per settlement slot");
    let traded: Vec<_> = out
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Trade(row) => Some((row.product.0, row.energy)),
            _ => None,
        })
        .collect();
    assert_eq!(traded, [(2, Energy(500 * 96))]);
}

fn from_outside(product: u8, from: u32, side: Side, terms: (i64, i64), slot: Slot, number: u32) -> Mail {
    let mut mail = order(product, from, side, terms, slot);
    if let Message::Order { act, .. } = &mut mail.message {
        *act = Some(ActId { tick: at(1).time, number });
    }
    mail
}

fn failed(out: &Outbox) -> Vec<(u32, &str)> {
    let failed = |record| {
        if let &Record::ActFailed(act, ref reason) = record { Some((act.number, &**reason)) } else { None }
    };
    out.records.iter().filter_map(failed).collect()
}

#[test]
fn an_order_from_outside_that_is_refused_is_told_to_whoever_did_it() {
    let (now, mut operator, mut out) = (at(1), operator(), Outbox::of(ParticipantId(0)));
    let wrong = [
        from_outside(0, 1, Side::Bid, (500, 1), slot(0), 0),
        from_outside(0, 1, Side::Bid, (500, 1), Slot { start: at(31).time, length: QUARTER }, 1),
        from_outside(9, 1, Side::Bid, (500, 1), slot(30), 2),
        from_outside(0, 1, Side::Bid, (500, 1), slot(30), 3),
    ];
    operator.step(now, &(), &wrong, &mut out);
    let failed = failed(&out);
    assert_eq!(failed.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [0, 1, 2]);
    let gate = "its next gate, at 1970-01-01T00:15:00Z, is about deliveries of 900 s from 1970-01-01T00:30:00Z";
    assert!(failed[0].1.contains("gate closed") && failed[1].1.contains(gate), "{failed:?}");
}

#[test]
fn orders_from_outside_and_those_of_the_prosumer_itself_are_withdrawn_apart() {
    for product in [0, 1] {
        let mut hours = venue("hours", Span::HOUR, Span::HOUR, Span::HOUR, 6);
        hours.trading = Trading::Continuous;
        let auctions = venue("auctions", Span::HOUR, Span::HOUR, Span::HOUR, 6);
        let mut operator = MarketOperator::new([hours, auctions].into(), QUARTER, RETAILER, 1);
        let mut out = Outbox::of(ParticipantId(0));
        let contract = Slot { start: at(180).time, length: Span::HOUR };
        let orders = [
            order(product, 1, Side::Bid, (500, 100_000), contract),
            from_outside(product, 1, Side::Bid, (300, 90_000), contract, 0),
        ];
        operator.step(at(1), &(), &orders, &mut out);
        let of = |operator: &MarketOperator| {
            operator
                .orders_of(ParticipantId(1))
                .iter()
                .map(|order| (order.energy.0, order.is_outside))
                .collect::<Vec<_>>()
        };
        assert_eq!(of(&operator), [(2000, false), (1200, true)], "over the whole contract");
        let cancel = |act| Mail {
            to: ParticipantId(0),
            from: ParticipantId(1),
            message: Message::CancelOrders { product: ProductId(product), slot: contract, act },
        };
        operator.step(at(2), &(), &[cancel(None)], &mut out);
        assert_eq!(of(&operator), [(1200, true)]);
        let act = ActId { tick: at(3).time, number: 7 };
        operator.step(at(3), &(), &[cancel(Some(act))], &mut out);
        assert!(of(&operator).is_empty() && failed(&out).is_empty());
        operator.step(at(4), &(), &[cancel(Some(act))], &mut out);
        assert!(matches!(failed(&out)[..], [(7, reason)] if reason.starts_with("no order from outside waits")));
    }
}

#[test]
fn a_market_shows_its_gates_books_and_last_clearings() {
    let mut hours = venue("hours", Span::HOUR, Span::HOUR, Span::HOUR, 6);
    hours.trading = Trading::Continuous;
    let spot = venue("spot", QUARTER, QUARTER, QUARTER, 1);
    let mut operator = MarketOperator::new([spot, hours].into(), QUARTER, RETAILER, 1);
    let mut out = Outbox::of(ParticipantId(0));
    let hour = Slot { start: at(180).time, length: Span::HOUR };
    let orders = [
        order(0, 1, Side::Bid, (500, 200_000), slot(30)),
        order(1, 1, Side::Bid, (500, 80_000), hour),
        order(0, 2, Side::Offer, (800, 100_000), slot(30)),
        order(1, 2, Side::Offer, (800, 100_000), hour),
    ];
    operator.step(at(1), &(), &orders, &mut out);
    operator.step(at(15), &(), &[], &mut out);
    operator.step(at(15), &(), &[], &mut out);
    let view = operator.view(at(15));
    let [spot, hours] = &view.products[..] else { panic!("two products") };
    assert_eq!((spot.next_gate, spot.contracts[0].slot), (at(30).time, slot(45)));
    assert_eq!((spot.cleared[0].price, spot.cleared[0].volume), (Some(Price(150_000)), Energy(500)));
    assert!(spot.contracts[0].book.is_none(), "auctions are sealed");
    assert_eq!((hours.next_gate, hours.contracts.len()), (at(60).time, 6));
    let book = hours.contracts[1].book.clone().expect("continuous");
    assert_eq!(book.bids, [(Price(80_000), Energy(2000))]);
    assert_eq!((book.offers, book.last_price), (vec![(Price(100_000), Energy(3200))], None));
}

#[test]
fn whoever_learns_from_prices_is_told_them_also_that_there_is_none() {
    let mut operator = operator().with_audience(vec![ParticipantId(5)]);
    let told = |out: &Outbox| -> Vec<_> {
        let cleared = |mail: &Mail| match mail.message {
            Message::Cleared { slot, price, .. } => Some((mail.to.0, slot, price)),
            _ => None,
        };
        out.mail.iter().filter_map(cleared).collect()
    };
    for (minutes, limit, expected) in [(15, 200_000, Some(Price(150_000))), (30, 90_000, None)] {
        let (now, mut out) = (at(minutes), Outbox::of(ParticipantId(0)));
        let slot = slot(minutes + 15);
        operator.step(now, &(), &[], &mut out);
        let inbox = [order(0, 1, Side::Bid, (500, limit), slot), order(0, 2, Side::Offer, (800, 100_000), slot)];
        operator.step(now, &(), &inbox, &mut out);
        operator.step(now, &(), &[], &mut out);
        assert_eq!(told(&out), [(5, slot, expected)]);
    }
}

#[test]
fn behind_each_auction_stands_the_retailer_at_the_tariff_of_the_contract() {
    let tariff = RetailTariff {
        peak: Price(270_000),
        off_peak: Price(207_000),
        off_peak_from: Span::HOUR * 22,
        off_peak_until: Span::HOUR * 6,
        feed_in: Price(100_000),
    };
    let (gate, mut out) = (at(24 * 60), Outbox::of(ParticipantId(0)));
    let mut operator = operator().with_backstop(Some(tariff));
    let day = Slot { start: gate.time + Span::HOUR * 12, length: Span::DAY };
    let tomorrow = Slot { start: day.start, length: QUARTER };
    operator.step(gate, &(), &[], &mut out);
    let inbox = [
        order(1, 1, Side::Bid, (500, 270_000), tomorrow),
        order(1, 2, Side::Offer, (200, 90_000), tomorrow),
        order(2, 1, Side::Bid, (300, 270_000), day),
    ];
    operator.step(gate, &(), &inbox, &mut out);
    operator.step(gate, &(), &[], &mut out);
    let limit = |product: u8, slot: Slot, side| {
        let of = |record: &Record| match record {
            Record::Order(row) if (row.product.0, row.slot, row.side) == (product, slot, side) => Some(*row),
            _ => None,
        };
        let own = |row: &crate::record::OrderRow| row.participant == RETAILER;
        out.records.iter().filter_map(of).find(own).map(|row| (row.limit.0, row.energy.0, row.time))
    };
    assert_eq!(limit(1, tomorrow, Side::Offer), Some((270_000, 500, gate.time)), "at noon it is peak");
    assert_eq!(limit(1, tomorrow, Side::Bid), Some((100_000, 200, gate.time)));
    // Eight hours of a day are off-peak: (8 × 207 + 16 × 270) / 24.
    assert_eq!(limit(2, day, Side::Offer), Some((249_000, 300 * 96, gate.time)));
    assert_eq!(limit(2, day, Side::Bid), None, "nobody offers");
    let filled: i64 = awards(&out).iter().filter(|award| award.0 == 1).map(|award| award.3).sum();
    assert_eq!(filled, 500 + 300, "200 from the neighbour, the rest from the retailer");
    assert!(awards(&out).iter().all(|award| award.0 != RETAILER.0));
}

#[test]
fn all_products_together_never_take_a_boundary_beyond_its_limit() {
    use market::areas::{Area, AreaId, AreaTree, Capacity, Fee, Subsidies};
    let area = |id, parent| Area { id: AreaId(id), parent, fee: Fee::default() };
    let tree = AreaTree::new([area(0, None), area(1, Some(AreaId(0)))], Subsidies::Refused).expect("a tree");
    let limit = Capacity { import: Some(Energy::ZERO), export: Some(Energy(500)) };
    let fees = AreaFees::Limited { tree, capacities: [(AreaId(1), limit)].into() };
    let areas = Areas { fees, home: [(ParticipantId(2), AreaId(1))].into(), elsewhere: AreaId(0) };
    let mut operator = operator().within(Some(Arc::new(areas)));
    // A quarter hour of the day after is traded a day ahead, within a band over that day, and at last by itself.
    let gate = at(24 * 60);
    let noon = slot(36 * 60);
    let day = Slot { start: noon.start, length: Span::DAY };
    let mut sold = |gate: Now, books: &[(u8, i64, Slot)]| -> Vec<i64> {
        let mut out = Outbox::of(ParticipantId(0));
        operator.step(gate, &(), &[], &mut out);
        for &(product, wh, slot) in books {
            let book = [order(product, 1, Side::Bid, (wh, 200), slot), order(product, 2, Side::Offer, (wh, 100), slot)];
            operator.step(gate, &(), &book, &mut out);
        }
        operator.step(gate, &(), &[], &mut out);
        // What was traded survives a snapshot.
        let kept = serde_json::to_string(&operator).expect("it is plain");
        operator = serde_json::from_str(&kept).expect("it is what was written");
        awards(&out).iter().filter(|award| award.0 == 2).map(|award| award.3).collect()
    };
    assert_eq!(sold(gate, &[(1, 300, noon), (2, 150, day)]), [300, 150]);
    let spot = at(36 * 60 - 15);
    assert_eq!(sold(spot, &[(0, 800, noon)]), [50], "what the two have left");
    assert_eq!(sold(at(36 * 60), &[(0, 800, slot(36 * 60 + 15))]), [350], "and of the next slot");
    sold(at(60 * 60), &[]);
    assert!(operator.exchanged.is_empty(), "all of it is delivered");
}
