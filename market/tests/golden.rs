//! The golden books, cleared by every mechanism that has a golden file.
//!
//! The books are in units of 0.01 ct/kWh, a hundred times coarser than [`Price`]. They are cleared in
//! their own unit (a `Price(2500)` here stands for 25.00 ct/kWh): a mid price is rounded to the unit it
//! is formed in, so only then must every digit agree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use market::{AgentId, Book, Clearing, Energy, Order, OrderId, Price, Side, clear, mechanism};
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
    volume_wh: i64,
    price: Option<i64>,
    trades: Option<Vec<GoldenTrade>>,
    orders: Option<BTreeMap<String, i64>>,
}

#[derive(Deserialize)]
struct GoldenTrade {
    bid: String,
    offer: String,
    qty_wh: i64,
    price: i64,
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

fn compare(named: &Named, clearing: &Clearing, case: &GoldenCase) {
    let Expected { volume_wh, price, trades, orders } = &case.expected;
    assert_eq!(clearing.volume, Energy(*volume_wh), "volume of {}", case.book);
    assert_eq!(clearing.price, price.map(Price), "price of {}", case.book);
    if case.tie_ambiguous {
        return;
    }
    if let Some(trades) = trades {
        let expected =
            merged(trades.iter().map(|trade| ((trade.bid.clone(), trade.offer.clone()), trade.qty_wh, trade.price)));
        assert_eq!(named.pairs(clearing), expected, "trades of {}", case.book);
    }
    if let Some(orders) = orders {
        assert_eq!(&named.filled(clearing), orders, "quantities per order of {}", case.book);
    }
}

fn agrees_with_golden_file(mechanism_name: &str, file: &str) {
    let books: GoldenBooks = read("books.json");
    let books: BTreeMap<_, _> = books.books.iter().map(|book| (&book.name, book)).collect();
    let golden: GoldenMechanism = read(file);
    assert_eq!(golden.cases.len(), 31, "{file} covers every book");
    let mechanism = mechanism(mechanism_name).expect("the mechanism is registered");

    for case in &golden.cases {
        let named = Named::new(books[&case.book]);
        let book = Book::in_given_order(named.tradable()).expect("golden orders are tradable");
        let clearing = clear(&*mechanism, &book);
        compare(&named, &clearing, case);

        let book = Book::in_given_order(named.tradable().rev()).expect("golden orders are tradable");
        let backwards = clear(&*mechanism, &book);
        if named.has_ties() {
            assert_eq!(
                (backwards.volume, backwards.price),
                (clearing.volume, clearing.price),
                "{} read backwards",
                case.book
            );
        } else {
            assert_eq!(backwards, clearing, "{} read backwards", case.book);
        }
    }
}

#[test]
fn the_truncated_mid_price_agrees_with_lemlab() {
    agrees_with_golden_file("uniform-mid-truncated", "uniform_mid_truncated.json");
}

#[test]
fn the_rounded_mid_price_agrees_with_hamlet() {
    agrees_with_golden_file("uniform-mid-rounded", "uniform_mid_rounded.json");
}

#[test]
fn the_price_of_the_last_ask_agrees_with_assume() {
    agrees_with_golden_file("uniform-last-ask", "uniform_last_ask.json");
}

#[test]
fn the_price_of_the_last_bid_agrees_with_gsy_framework() {
    agrees_with_golden_file("uniform-last-bid", "uniform_last_bid.json");
}
