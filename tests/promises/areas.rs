//! Promises of areas and of the retailer behind auctions: what buyers pay is what sellers receive and what the grid collects,
//! and without fees and boundaries everything is as it was.

use crate::rig::{Interval, Outside, Run, id, plan, set, street, sweep};
use agents::record::{AreaRow, ClearingRow, OrderRow, Record, SettlementRow, TradeRow};
use agents::{ParticipantId, SiteId, Slot};
use market::product::ProductId;
use market::{Energy, Money, Side};
use scenarios::{Plan, Role};
use std::collections::BTreeMap;

/// A street that trades in three kinds of auctions, spread over all communes, with more assignments.
fn village(more: &[&str]) -> (Plan, Run) {
    let mut scenario = street("2d", "15m", 3);
    let own = [
        "fleet.homes.trades=true",
        "fleet.homes.bidding=zero-intelligence",
        "fleet.roofs.bidding=zero-intelligence",
        "fleet.cars.bidding=zero-intelligence",
        "fleet.walls.bidding=zero-intelligence",
        "pv.*.bidding=ramp",
        "market.compare=[\"pay-as-bid\", \"retailer-only\"]",
        "product.day-ahead.share=0.8",
        "product.base={ every = \"1d\", at = \"11h\", lead = \"13h\", delivery = \"1d\", contracts = 1, share = 0.3 }",
    ];
    own.iter().chain(more).for_each(|assignment| set(&mut scenario, assignment));
    let plan = plan(&scenario);
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

/// The island; in it the south, with the capital apart; and what belongs to the platform, wherever it is.
const NESTED: [&str; 7] = [
    "area.island={}",
    "area.south={ parent = \"island\", fee_eur_per_mwh = 11.5, fee_share = 0.0321 }",
    "area.south.communes=[\"Le Lamentin\", \"Ducos\", \"Le Diamant\", \"Rivière-Salée\", \"Les Trois-Îlets\", \"Le François\"]",
    "area.capital={ parent = \"south\", fee_share = 0.07 }",
    "area.capital.communes=[\"Fort-de-France\"]",
    "area.platform={ parent = \"island\", fee_eur_per_mwh = 5 }",
    "area.platform.portfolios=[\"cariflex\"]",
];

const PAIRS: [&str; 5] = [
    "area.elsewhere={}",
    "area.capital={ fee_to_eur_per_mwh = { elsewhere = 30, platform = 20 } }",
    "area.capital.communes=[\"Fort-de-France\", \"Le Lamentin\"]",
    "area.platform={ fee_to_eur_per_mwh = { elsewhere = 7, capital = 21 } }",
    "area.platform.portfolios=[\"cariflex\"]",
];

fn of<'r, T>(run: &'r Run, pick: impl Fn(&'r Record) -> Option<&'r T> + 'r) -> Vec<&'r T> {
    run.records().filter_map(pick).collect()
}

fn trades(run: &Run) -> Vec<&TradeRow> {
    of(run, |record| if let Record::Trade(row) = record { Some(row) } else { None })
}

fn clearings(run: &Run) -> Vec<&ClearingRow> {
    of(run, |record| if let Record::Clearing(row) = record { Some(row) } else { None })
}

fn areas(run: &Run) -> Vec<&AreaRow> {
    of(run, |record| if let Record::Area(row) = record { Some(&**row) } else { None })
}

fn settlements(run: &Run) -> Vec<&SettlementRow> {
    of(run, |record| if let Record::Settlement(row) = record { Some(row) } else { None })
}

fn site_of(plan: &Plan, participant: ParticipantId) -> Option<SiteId> {
    if let Role::Prosumer(_, site) = plan.participants[participant.index()].role { Some(site) } else { None }
}

fn check_that_money_is_conserved((plan, run): &(Plan, Run)) {
    let trades = trades(run);
    assert!(trades.iter().any(|trade| trade.fee.0 > 0), "nobody crossed a boundary");
    let mut fees: BTreeMap<(ProductId, Slot), Money> = BTreeMap::new();
    let mut traded: BTreeMap<(Slot, SiteId), (Energy, Energy, Money)> = BTreeMap::new();
    for trade in &trades {
        assert!(trade.fee.0 >= 0, "{trade:?}");
        *fees.entry((trade.product, trade.slot)).or_default() += trade.energy * trade.fee;
        let slots = trade.slot.length.0 / plan.slot.0;
        let energy = Energy(trade.energy.0 / slots);
        for index in 0..slots {
            let slot = Slot { start: trade.slot.start + plan.slot * index, length: plan.slot };
            if let Some(site) = site_of(plan, trade.buyer) {
                let buyer = traded.entry((slot, site)).or_default();
                (buyer.0, buyer.2) = (buyer.0 + energy, buyer.2 + energy * (trade.price + trade.fee));
            }
            if let Some(site) = site_of(plan, trade.seller) {
                let seller = traded.entry((slot, site)).or_default();
                (seller.1, seller.2) = (seller.1 + energy, seller.2 - energy * trade.price);
            }
        }
    }
    let mut collected: BTreeMap<(ProductId, Slot), (Money, Energy)> = BTreeMap::new();
    for row in areas(run) {
        let sum = collected.entry((row.product, row.slot)).or_default();
        (sum.0, sum.1) = (sum.0 + row.outcome.fees, sum.1 + row.outcome.volume);
        let outcome = &row.outcome;
        assert!(outcome.local <= outcome.bought.min(outcome.sold) && outcome.bought <= outcome.demand, "{row:?}");
    }
    for row in clearings(run) {
        let of_trades = fees.remove(&(row.product, row.slot)).unwrap_or_default();
        let (of_areas, met) = collected[&(row.product, row.slot)];
        assert_eq!((row.fees, row.fees), (of_trades, of_areas), "{row:?}");
        assert!(row.welfare >= Money::ZERO && met <= row.volume, "{row:?}");
    }
    for row in settlements(run) {
        let (bought, sold, paid) = traded.remove(&(row.slot, row.site)).unwrap_or_default();
        let position = row.bill.position;
        assert_eq!((position.bought, position.sold, position.paid), (bought, sold, paid), "{row:?}");
    }
}

#[test]
fn in_one_area_without_a_fee_everything_is_as_without_areas() {
    let without = village(&[]).1;
    let mut within = village(&["area.island={}"]).1;
    let intervals = within.rows.len();
    assert!(areas(&within).iter().any(|row| row.outcome.local > Energy::ZERO), "nobody traded");
    for interval in &mut within.rows {
        interval.records.retain(|record| !matches!(record, Record::Area(_)));
        for record in &mut interval.records {
            if let Record::Delivery(row) = record {
                row.areas.clear();
            }
        }
    }
    assert_eq!(intervals, without.rows.len());
    let differs = |(a, b): &(&Interval, &Interval)| a != b;
    let first = within.rows.iter().zip(&without.rows).find(differs).map(|(interval, _)| interval.start);
    assert_eq!(first, None, "the first interval that differs");
}

#[test]
fn buyers_pay_what_sellers_receive_and_the_boundaries_collect() {
    check_that_money_is_conserved(&village(&NESTED));
}

#[test]
fn with_the_retailer_behind_the_root_money_is_conserved_too() {
    // Only who bids the tariff itself reaches the retailer.
    let truthful = ["homes", "roofs", "cars", "walls"].map(|fleet| format!("fleet.{fleet}.bidding=truthful"));
    let more = truthful.iter().map(String::as_str).chain(["market.backstop=true"]);
    let backed: Vec<&str> = NESTED.into_iter().chain(more).collect();
    let (plan, run) = village(&backed);
    let retailer = id(&plan, "retailer");
    // Nobody bids more than the import price, so nobody reaches the retailer from within a boundary that costs something.
    let with_retailer = trades(&run).into_iter().filter(|trade| [trade.buyer, trade.seller].contains(&retailer));
    let fees: Vec<i64> = with_retailer.map(|trade| trade.fee.0).collect();
    assert!(fees.len() > 100 && fees.iter().all(|fee| *fee == 0), "{fees:?}");
    check_that_money_is_conserved(&(plan, run));
}

#[test]
fn fees_between_pairs_of_areas_are_conserved() {
    let pairs: Vec<&str> = PAIRS.into_iter().chain(["market.compare=[\"retailer-only\"]"]).collect();
    check_that_money_is_conserved(&village(&pairs));
}

#[test]
fn areas_have_prices_of_their_own() {
    let (_, run) = village(&NESTED);
    let mut prices: BTreeMap<(ProductId, Slot), Vec<i64>> = BTreeMap::new();
    for row in areas(&run) {
        prices.entry((row.product, row.slot)).or_default().extend(row.outcome.price.map(|price| price.0));
    }
    let differ = prices.values().filter(|prices| prices.windows(2).any(|pair| pair[0] != pair[1])).count();
    assert!(differ > 10, "prices differ in {differ} clearings");
}

#[test]
fn behind_an_auction_stands_the_retailer_at_the_tariff_of_the_slot() {
    let (plan, run) = village(&["market.backstop=true"]);
    let retailer = id(&plan, "retailer");
    let orders: Vec<&OrderRow> = of(&run, |record| if let Record::Order(row) = record { Some(row) } else { None });
    let spot: Vec<_> = orders.into_iter().filter(|order| order.product == ProductId(0)).collect();
    let mut tariff: BTreeMap<(Slot, bool), i64> = BTreeMap::new();
    for order in spot.iter().filter(|order| order.participant == retailer) {
        tariff.insert((order.slot, order.side == Side::Bid), order.limit.0);
    }
    let imports: std::collections::BTreeSet<i64> =
        tariff.iter().filter(|((_, is_bid), _)| !is_bid).map(|(_, price)| *price).collect();
    assert_eq!(imports.into_iter().collect::<Vec<_>>(), [207_000, 270_000], "off-peak and peak");
    let (mut bids, mut offers) = (0, 0);
    for order in spot.iter().filter(|order| order.participant != retailer) {
        let accepts = match order.side {
            Side::Bid => order.limit.0 >= tariff[&(order.slot, false)],
            Side::Offer => order.limit.0 <= tariff[&(order.slot, true)],
        };
        if accepts {
            assert_eq!(order.filled, order.energy, "{order:?}");
            *(if order.side == Side::Bid { &mut bids } else { &mut offers }) += 1;
        }
    }
    assert!(bids > 100 && offers > 0, "{bids} bids and {offers} offers accept the tariff");
    let awards = of(&run, |record| if let Record::Award(row) = record { Some(row) } else { None });
    assert!(awards.iter().all(|award| award.prosumer != retailer));
}
