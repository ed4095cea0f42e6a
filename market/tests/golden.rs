//! The golden books, cleared by every mechanism that has a golden file.
//!
//! The books are in units of 0.01 ct/kWh, a hundred times coarser than [`Price`]. They are cleared in
//! their own unit (a `Price(2500)` here stands for 25.00 ct/kWh): a mid price is rounded to the unit it
//! is formed in, so only then must every digit agree.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use market::{AgentId, Book, Clearing, Energy, Money, Note, Order, OrderId, Price, Side, Trade, clear, mechanism};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct GoldenBooks {
    books: Vec<GoldenBook>,
}

#[derive(Deserialize)]
struct GoldenBook {
    name: String,
    bids: Vec<GoldenOrder>,
    offers: Vec<GoldenOrder>,
}

#[derive(Deserialize)]
struct GoldenOrder {
    id: String,
    agent: String,
    qty_wh: i64,
    price: i64,
    quality: u8,
    #[serde(default)]
    premium_pct: u32,
}

#[derive(Deserialize)]
struct GoldenMechanism {
    cases: Vec<GoldenCase>,
}

#[derive(Deserialize)]
struct GoldenCase {
    book: String,
    tie_ambiguous: bool,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    volume_wh: Option<i64>,
    /// Missing where the mechanism has a price per pair, `null` where nothing cleared.
    #[serde(default, deserialize_with = "present")]
    price: Option<Option<i64>>,
    total_payment: Option<i128>,
    trades: Option<Vec<GoldenTrade>>,
    orders: Option<BTreeMap<String, i64>>,
    levels: Option<Vec<GoldenLevel>>,
    welfare: Option<i128>,
    volume_wh_min: Option<i64>,
    volume_wh_max: Option<i64>,
}

/// Tells `null` from a field that is not there.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct GoldenTrade {
    bid: String,
    offer: String,
    qty_wh: i64,
    price: Option<i64>,
    price_uniform: Option<i64>,
    price_discriminatory: Option<i64>,
}

#[derive(Deserialize)]
struct GoldenLevel {
    quality: u8,
    volume_wh: i64,
    price_uniform: Option<i64>,
}

/// Which of the prices of a golden trade the mechanism forms.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Price,
    Uniform,
    Discriminatory,
}

impl GoldenTrade {
    fn price(&self, column: Column) -> i64 {
        let price = match column {
            Column::Price => self.price,
            Column::Uniform => self.price_uniform,
            Column::Discriminatory => self.price_discriminatory,
        };
        price.expect("the file has the column")
    }
}

/// What was traded per pair of bid and offer: watt-hours and price.
type Pairs = BTreeMap<(String, String), (i64, i64)>;

fn read<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/market").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The orders of a golden book; order `n` is the `n`-th of the file and `names[n]` its name there.
struct Named {
    names: Vec<String>,
    orders: Vec<Order>,
}

impl Named {
    fn new(golden: &GoldenBook) -> Named {
        let bids = golden.bids.iter().map(|order| (Side::Bid, order));
        let offers = golden.offers.iter().map(|order| (Side::Offer, order));
        let mut agents = BTreeMap::new();
        let mut named = Named { names: Vec::new(), orders: Vec::new() };
        for (side, order) in bids.chain(offers) {
            let agent = agents.len() as u32;
            named.orders.push(Order {
                id: OrderId(named.names.len() as u64),
                agent: AgentId(*agents.entry(&order.agent).or_insert(agent)),
                side,
                quantity: Energy(order.qty_wh),
                limit: Price(order.price),
                quality: order.quality,
                premium_bp: 100 * order.premium_pct,
                submitted_ms: 0,
                lottery: 0,
            });
            named.names.push(order.id.clone());
        }
        named
    }

    /// The tradable orders. One golden book holds orders for nothing, which a [`Book`] refuses and the
    /// reference tools drop.
    fn tradable(&self) -> impl DoubleEndedIterator<Item = Order> {
        self.orders.iter().copied().filter(|order| order.quantity > Energy::ZERO)
    }

    fn name(&self, id: OrderId) -> String {
        self.names[id.0 as usize].clone()
    }

    fn pairs(&self, clearing: &Clearing) -> Pairs {
        merged(clearing.trades.iter().map(|trade| {
            let pair = (self.name(trade.bid), self.name(trade.offer));
            (pair, trade.quantity.0, trade.price.0)
        }))
    }

    fn filled(&self, clearing: &Clearing) -> BTreeMap<String, i64> {
        let mut filled = BTreeMap::new();
        for trade in &clearing.trades {
            for order in [trade.bid, trade.offer] {
                *filled.entry(self.name(order)).or_default() += trade.quantity.0;
            }
        }
        filled
    }

    /// Whether which of two orders trades is left to the tie order.
    fn has_ties(&self) -> bool {
        let key = |order: &Order| (order.side, order.limit, order.quality);
        let mut keys: Vec<_> = self.tradable().map(|order| key(&order)).collect();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }
}

fn merged(trades: impl Iterator<Item = ((String, String), i64, i64)>) -> Pairs {
    let mut pairs = Pairs::new();
    for (pair, quantity_wh, price) in trades {
        let entry = pairs.entry(pair).or_insert((0, price));
        assert_eq!(entry.1, price, "one pair trades at one price");
        entry.0 += quantity_wh;
    }
    pairs
}

fn compare(named: &Named, clearing: &Clearing, case: &GoldenCase, column: Column) {
    let (Expected { volume_wh, price, total_payment, .. }, name) = (&case.expected, &case.book);
    assert_eq!(Some(clearing.volume.0), *volume_wh, "volume of {name}");
    if let Some(price) = price {
        assert_eq!(clearing.price, price.map(Price), "price of {name}");
    }
    if let Some(total_payment) = total_payment {
        let paid: Money = clearing.trades.iter().map(Trade::payment).sum();
        assert_eq!(paid.0, *total_payment, "payments of {name}");
    }
    if let Some(levels) = &case.expected.levels {
        compare_levels(clearing, levels, name, column);
    }
    if case.tie_ambiguous {
        return;
    }
    if let Some(trades) = &case.expected.trades {
        let pair = |trade: &GoldenTrade| (trade.bid.clone(), trade.offer.clone());
        let expected = merged(trades.iter().map(|trade| (pair(trade), trade.qty_wh, trade.price(column))));
        assert_eq!(named.pairs(clearing), expected, "trades of {name}");
    }
    if let Some(orders) = &case.expected.orders {
        assert_eq!(&named.filled(clearing), orders, "quantities per order of {name}");
    }
}

fn compare_levels(clearing: &Clearing, levels: &[GoldenLevel], name: &str, column: Column) {
    let noted = |note: &Note| match note {
        Note::Level { quality, price, volume } => (*quality, (volume.0, price.map(|price| price.0))),
        note => panic!("{name} has the note {note:?}"),
    };
    let noted: BTreeMap<u8, (i64, Option<i64>)> = clearing.notes.iter().map(noted).collect();
    for level in levels {
        // A level nobody bids for is not noted.
        let (volume_wh, price) = noted.get(&level.quality).copied().unwrap_or_default();
        assert_eq!(volume_wh, level.volume_wh, "volume of level {} of {name}", level.quality);
        let expected = if column == Column::Uniform { level.price_uniform } else { None };
        assert_eq!(price, expected, "price of level {} of {name}", level.quality);
    }
}

/// Every case of a file with its book, in the given order and read backwards.
fn for_each_case(file: &str, case_count: usize, check: impl Fn(&Named, &GoldenCase, [&Book; 2])) {
    let books: GoldenBooks = read("books.json");
    let books: BTreeMap<_, _> = books.books.iter().map(|book| (&book.name, book)).collect();
    let golden: GoldenMechanism = read(file);
    assert_eq!(golden.cases.len(), case_count, "{file} has its cases");
    for case in &golden.cases {
        let named = Named::new(books[&case.book]);
        let forwards = Book::in_given_order(named.tradable()).expect("golden orders are tradable");
        let backwards = Book::in_given_order(named.tradable().rev()).expect("golden orders are tradable");
        check(&named, case, [&forwards, &backwards]);
    }
}

fn agrees_with_golden_file(specification: &str, file: &str, case_count: usize, column: Column) {
    let mechanism = mechanism(specification).expect("a mechanism");
    for_each_case(file, case_count, |named, case, [forwards, backwards]| {
        let clearing = clear(&*mechanism, forwards);
        compare(named, &clearing, case, column);
        let reversed = clear(&*mechanism, backwards);
        if named.has_ties() {
            let (volume, price) = (clearing.volume, clearing.price);
            assert_eq!((reversed.volume, reversed.price), (volume, price), "{} read backwards", case.book);
            if case.tie_ambiguous {
                compare(named, &reversed, case, column);
            }
        } else {
            assert_eq!(reversed, clearing, "{} read backwards", case.book);
        }
    });
}

#[test]
fn the_truncated_mid_price_agrees_with_lemlab() {
    agrees_with_golden_file("uniform-mid-truncated", "uniform_mid_truncated.json", 31, Column::Price);
}

#[test]
fn the_rounded_mid_price_agrees_with_hamlet() {
    agrees_with_golden_file("uniform-mid-rounded", "uniform_mid_rounded.json", 31, Column::Price);
}

#[test]
fn the_price_of_the_last_ask_agrees_with_assume() {
    agrees_with_golden_file("uniform-last-ask", "uniform_last_ask.json", 31, Column::Price);
}

#[test]
fn the_price_of_the_last_bid_agrees_with_gsy_framework() {
    agrees_with_golden_file("uniform-last-bid", "uniform_last_bid.json", 31, Column::Price);
}

#[test]
fn the_middle_of_every_pair_agrees_with_lemlab() {
    agrees_with_golden_file("discriminatory k=0.5", "discriminatory_half.json", 31, Column::Price);
}

#[test]
fn paying_the_ask_agrees_with_assume() {
    agrees_with_golden_file("pay-as-ask", "pay_as_ask.json", 31, Column::Price);
}

#[test]
fn paying_the_bid_agrees_with_the_slices_of_lemlab() {
    agrees_with_golden_file("pay-as-bid", "pay_as_bid.json", 31, Column::Price);
}

#[test]
fn the_largest_volume_agrees_with_gsy_framework() {
    agrees_with_golden_file("max-volume-pay-as-bid", "max_volume_pay_as_bid.json", 31, Column::Price);
}

#[test]
fn the_mid_price_with_premiums_agrees_with_lemlab() {
    let file = "uniform_mid_truncated_with_premium.json";
    agrees_with_golden_file("premium uniform-mid-truncated", file, 29, Column::Price);
}

#[test]
fn the_auctions_by_quality_agree_with_lemlab() {
    for (mode, file, case_count) in [
        ("quality-high-to-low", "quality_priority_high_to_low.json", 24),
        ("quality-low-to-high", "quality_priority_low_to_high.json", 22),
        ("quality-separate", "quality_separate.json", 29),
    ] {
        agrees_with_golden_file(&format!("{mode} uniform-mid-truncated"), file, case_count, Column::Uniform);
        agrees_with_golden_file(&format!("{mode} discriminatory k=0.5"), file, case_count, Column::Discriminatory);
    }
}

#[test]
fn the_crossing_volume_has_the_welfare_of_the_optimum() {
    for specification in ["uniform-mid-truncated", "pay-as-ask", "discriminatory k=0.3"] {
        let mechanism = mechanism(specification).expect("a mechanism");
        for_each_case("welfare_optimum.json", 31, |_, case, books| {
            let Expected { welfare, volume_wh_min, volume_wh_max, .. } = case.expected;
            for book in books {
                let clearing = clear(&*mechanism, book);
                assert_eq!(Some(clearing.welfare(book).0), welfare, "welfare of {}", case.book);
                let bounds = volume_wh_min.expect("a bound")..=volume_wh_max.expect("a bound");
                assert!(bounds.contains(&clearing.volume.0), "volume of {}", case.book);
            }
        });
    }
}

#[test]
fn no_mechanism_breaks_its_promises_on_any_golden_book() {
    for specification in common::SPECIFICATIONS {
        let mechanism = common::built(specification);
        for_each_case("uniform_last_ask.json", 31, |_, _, books| {
            for book in books {
                clear(&*mechanism, book);
            }
        });
    }
}
