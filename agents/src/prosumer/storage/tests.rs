//! What trading with storage promises.

use super::*;
use crate::mail::StorageStatus;
use crate::market_operator::Venues;
use crate::storage_trade::{Departure, StorageTerms};
use market::product::Product;
use proptest::prelude::*;

const QUARTER: Span = Span::from_minutes(15);
const EMS: ParticipantId = ParticipantId(1);
const DEVICE: ParticipantId = ParticipantId(2);
const TARIFF: RetailTariff = RetailTariff {
    peak: Price(270_000),
    off_peak: Price(270_000),
    off_peak_from: Span::ZERO,
    off_peak_until: Span::ZERO,
    feed_in: Price(100_000),
};

fn at(quarter: i64) -> Now {
    Now { time: Time(0) + QUARTER * quarter, calendar: Calendar::default() }
}

fn slot(quarter: i64) -> Slot {
    Slot { start: at(quarter).time, length: QUARTER }
}

fn battery(energy_kwh: f64) -> TradableStorage {
    let (charge_limit_kw, discharge_limit_kw) = (40.0, 40.0);
    let storage =
        StorageStatus { energy_kwh, min_kwh: 10.0, max_kwh: 90.0, charge_limit_kw, discharge_limit_kw, power_kw: 0.0 };
    let terms = StorageTerms { efficiency: 0.9, ..StorageTerms::default() };
    TradableStorage { device: DEVICE, storage, departure: None, terms }
}

/// The very next slots, and a day ahead of them at noon.
fn venues() -> Venues {
    let venue = |every, at, lead, contracts| Venue {
        product: Product { name: "test".into(), every, at, lead, delivery: QUARTER, contracts },
        trading: Trading::Auction { mechanism: "uniform-mid-truncated".parse().expect("it exists") },
        share: 1.0,
    };
    [venue(QUARTER, Span::ZERO, QUARTER, 1), venue(Span::DAY, Span::HOUR * 12, Span::HOUR * 12, 96)].into()
}

/// What a trader orders once its manager has told of `tradable`.
fn ordered(trader: &mut StorageTrader, quarter: i64, tradable: TradableStorage) -> Vec<StorageOrder> {
    trader.forget(at(quarter));
    trader.note_storage(at(quarter), EMS, tradable);
    trader.orders(at(quarter), &venues(), (TARIFF, QUARTER)).into_iter().map(|(_, order)| order).collect()
}

/// Lives through days: of each order the market fills a part, and the storage does what was awarded. Returns what it sold
/// less what it bought, in EUR, and what it holds at the end.
fn live(days: i64, energy_kwh: f64, mut fill: impl FnMut(i64, &StorageOrder) -> (i64, Price)) -> (f64, f64) {
    let (mut trader, mut stored, mut earned) = (StorageTrader::default(), energy_kwh, 0.0);
    let mut awarded: BTreeMap<Time, Energy> = BTreeMap::new();
    for quarter in 0..96 * days {
        for order in ordered(&mut trader, quarter, battery(stored)) {
            let (part, price) = fill(quarter, &order);
            assert!(part <= order.quantity.0);
            if part > 0 {
                let contract = (order.product, order.slot, order.side);
                let told = trader.take_award(contract, Some(DEVICE), Energy(part)).expect("its manager is known");
                assert_eq!((told.0, told.1), (EMS, DEVICE));
                awarded.insert(order.slot.start, told.2);
                let eur = (Energy(part) * price).as_eur();
                earned += if order.side == Side::Bid { -eur } else { eur };
            }
        }
        trader.note_price(slot(quarter + 1), Some(level(quarter + 1)));
        let net = awarded.get(&at(quarter).time).map_or(0.0, |energy| energy.as_kwh());
        assert!(net.abs() <= 10.0 + 1e-9, "{net} kWh in a quarter hour at 40 kW");
        stored += if net > 0.0 { net * 0.9 } else { net / 0.9 };
        assert!((10.0 - 1e-3..=90.0 + 1e-3).contains(&stored), "{stored} kWh at {quarter}");
    }
    (earned, stored)
}

/// A day of two price levels: cheap until noon, dear from noon on.
fn level(quarter: i64) -> Price {
    Price(if quarter.rem_euclid(96) < 48 { 120_000 } else { 250_000 })
}

#[test]
fn over_days_of_two_price_levels_it_buys_cheap_and_sells_dear() {
    let (mut cheapest_sold, mut dearest_bought) = (i64::MAX, i64::MIN);
    let (earned, stored) = live(4, 50.0, |_, order| {
        let price = level((order.slot.start - Time(0)).0 / QUARTER.0);
        let is_met = if order.side == Side::Bid { order.limit >= price } else { order.limit <= price };
        if is_met && order.side == Side::Bid {
            dearest_bought = dearest_bought.max(price.0);
        } else if is_met {
            cheapest_sold = cheapest_sold.min(price.0);
        }
        (if is_met { order.quantity.0 } else { 0 }, price)
    });
    assert_eq!((dearest_bought, cheapest_sold), (120_000, 250_000));
    // A full cycle a day buys 80 / 0.9 kWh and sells 72.
    assert!(earned > 3.0 * (72.0 * 0.25 - 88.9 * 0.12), "{earned} EUR, {stored} kWh left");
}

proptest! {
    #[test]
    fn whatever_is_awarded_it_can_deliver(
        energy in 10.0..90.0_f64, parts in prop::collection::vec((0..4_i64, 0..=100_i64), 50),
    ) {
        let mut turn = 0;
        live(3, energy, |_, order| {
            turn += 1;
            let (kind, percent) = parts[turn % parts.len()];
            // Nothing, all, or a part.
            let part = match kind { 0 => 0, 1 => order.quantity.0, _ => order.quantity.0 * percent / 100 };
            (part, order.limit)
        });
    }
}

#[test]
fn a_bid_and_an_offer_for_one_slot_never_meet() {
    let orders = ordered(&mut StorageTrader::default(), 1, battery(50.0));
    let limits = |side| orders.iter().filter(move |order| order.side == side).map(|order| order.limit);
    let (bid, offer) = (
        limits(Side::Bid).max().expect("both sides are ordered"),
        limits(Side::Offer).min().expect("both sides are ordered"),
    );
    assert!(bid < offer, "{bid} {offer}");
    assert!(limits(Side::Bid).is_sorted_by(|a, b| a > b), "each step fills the storage more");
    assert!(limits(Side::Offer).is_sorted_by(|a, b| a < b), "each step empties it more");
    assert!(TARIFF.feed_in <= bid && offer <= TARIFF.peak);
}

#[test]
fn without_a_spread_that_covers_losses_and_wear_nothing_is_traded() {
    let mut trader = StorageTrader::default();
    (0..96).for_each(|quarter| trader.note_price(slot(quarter), Some(Price(150_000 + 400 * quarter))));
    assert_eq!(ordered(&mut trader, 96, battery(50.0)), []);
    (0..96).for_each(|quarter| trader.note_price(slot(quarter), Some(Price(120_000 + 1500 * quarter))));
    assert_ne!(ordered(&mut trader, 96, battery(50.0)), []);
}

#[test]
fn what_a_vehicle_must_charge_is_bid_at_the_retailers_price_and_no_more_than_that() {
    let departure = Some(Departure { target_kwh: 90.0, ready: at(12).time, leaves: at(16).time });
    let vehicle = |energy_kwh| TradableStorage { departure, ..battery(energy_kwh) };
    let must = |quarter, energy_kwh| -> i64 {
        let orders = ordered(&mut StorageTrader::default(), quarter, vehicle(energy_kwh));
        let bids = orders.iter().filter(|order| order.side == Side::Bid);
        bids.filter(|order| order.limit == TARIFF.peak).map(|order| order.quantity.0).sum()
    };
    assert_eq!(must(1, 40.0), 0, "there is time");
    assert_eq!(must(4, 30.0), 6666, "54 kWh of 60 can still be stored in the six quarter hours after the next one");
    assert_eq!(must(9, 40.0), 10_000, "all that can be");
    assert_eq!(ordered(&mut StorageTrader::default(), 15, vehicle(40.0)), [], "it leaves");
}

#[test]
fn an_award_is_the_storages_or_that_of_the_rest_of_the_site_as_the_operator_says() {
    let mut trader = StorageTrader::default();
    let orders = ordered(&mut trader, 1, battery(50.0));
    let (product, slot, side) = (ProductId(0), slot(2), Side::Offer);
    trader.note_other(at(1), &StorageOrder { product, slot, side, quantity: Energy(700), limit: TARIFF.feed_in });
    assert_eq!(trader.take_award((product, slot, side), None, Energy(700)), None, "the rest of the site's");
    let sold = trader.take_award((product, slot, side), Some(DEVICE), Energy(300));
    assert_eq!(sold, Some((EMS, DEVICE, Energy(-300))));
    assert!(orders.iter().any(|order| order.side == Side::Offer));
    let bought = trader.take_award((product, slot, Side::Bid), Some(DEVICE), Energy(100));
    assert_eq!(bought, Some((EMS, DEVICE, Energy(-200))), "always the sum");
}

#[test]
fn with_a_storage_that_is_silent_nothing_new_is_traded() {
    let mut trader = StorageTrader::default();
    assert_ne!(ordered(&mut trader, 1, battery(50.0)), []);
    trader.forget(at(2));
    assert_eq!(trader.orders(at(2), &venues(), (TARIFF, QUARTER)), []);
}
