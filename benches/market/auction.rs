//! Call auctions: one book of 1,000 bids and 1,000 offers under every mechanism, and how the time grows with the book.

use market::auction::{Preferences, mechanism_with};
use market::{AgentId, Book, BoxedMechanism, Energy, Order, OrderId, Price, Side, clear, mechanism_names};

use crate::median_us;

/// What is measured besides the mechanisms that are a single name.
const COMBINED: [&str; 10] = [
    "uniform k=0.25 rounding=half-up",
    "discriminatory k=0.3",
    "premium uniform-mid-truncated",
    "quality-high-to-low uniform-mid-rounded",
    "quality-low-to-high uniform-mid-rounded",
    "quality-separate uniform-mid-rounded",
    "quality-coverage uniform-mid-rounded",
    "quality-coverage rounds=10 uniform-mid-rounded",
    "preferred-partners k=0.5 uniform-mid-rounded",
    "premium quality-separate uniform-mid-rounded then pay-as-bid",
];

/// What is measured on books of every size.
const GROWING: [&str; 7] = [
    "uniform-mid-rounded",
    "discriminatory k=0.3",
    "max-volume-pay-as-bid",
    "posted-offers",
    "premium quality-separate uniform-mid-rounded",
    "quality-coverage uniform-mid-rounded",
    "preferred-partners k=0.5 uniform-mid-rounded",
];

/// As many bids as offers of `count / 4` agents, in the sequence of their arrival, as a market operator hands them over.
fn orders(count: u64) -> Vec<Order> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let order = |id: u64| Order {
        id: OrderId(id),
        agent: AgentId((draw() % (count / 4).max(2)) as u32),
        side: if id.is_multiple_of(2) { Side::Bid } else { Side::Offer },
        quantity: Energy(1 + (draw() % 5_000) as i64),
        limit: Price((draw() % 300_000) as i64),
        quality: (draw() % 3) as u8,
        premium_bp: 500,
        submitted_ms: id as i64,
        lottery: draw(),
    };
    (0..count).map(order).collect()
}

/// Every agent names its neighbours, and is named by them.
fn built(specification: &str, agents: u32) -> BoxedMechanism {
    let neighbours = (1..agents).flat_map(|agent| {
        let (one, other) = (AgentId(agent - 1), AgentId(agent));
        [(one, other), (other, one)]
    });
    mechanism_with(specification, &Preferences::new(neighbours)).expect("a mechanism")
}

pub(crate) fn run() {
    every_mechanism(2_000);
    println!();
    collapse();
    println!();
    growth();
}

fn every_mechanism(count: u64) {
    let orders = orders(count);
    let book = || Book::new(orders.iter().copied()).expect("all orders are tradable");
    println!("call auctions of {} bids and {} offers, µs, median", count / 2, count / 2);
    println!("{:<62}  trades  sort  clear  check    all", "mechanism");
    let sorted = book();
    let sorting_us = median_us(book);
    for specification in mechanism_names().into_iter().chain(COMBINED) {
        let mechanism = built(specification, count as u32 / 4);
        let clearing = mechanism.clear(&sorted);
        let promises = mechanism.promises();
        println!(
            "{specification:<62}  {:>6}  {sorting_us:>4.0}  {:>5.0}  {:>5.0}  {:>5.0}",
            clearing.trades.len(),
            median_us(|| mechanism.clear(&sorted)),
            median_us(|| clearing.check_promises(&sorted, &promises).expect("the rules are kept")),
            median_us(|| clear(&*mechanism, &book())),
        );
    }
}

fn growth() {
    const COUNTS: [u64; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];
    println!("sort, clear and check by number of orders, ms, median");
    print!("{:<52}", "mechanism");
    COUNTS.iter().for_each(|count| print!("  {count:>8}"));
    println!("  {:>12}", "ns per order");
    for specification in GROWING {
        print!("{specification:<52}");
        let mut last_ms = 0.0;
        for count in COUNTS {
            let orders = orders(count);
            let book = || Book::new(orders.iter().copied()).expect("all orders are tradable");
            let mechanism = built(specification, (count / 4).max(2) as u32);
            last_ms = median_us(|| clear(&*mechanism, &book())) / 1e3;
            print!("  {last_ms:>8.3}");
        }
        println!("  {:>12.0}", last_ms * 1e6 / COUNTS[4] as f64);
    }
}

/// Green bids only, and some cheap grey supply: every round cuts as much as is grey, until the rounds are used up.
fn collapse() {
    let collapsing = |order: Order| match order.side {
        Side::Bid => Order { quality: 1, ..order },
        Side::Offer if order.id.0 == 1 => Order { quality: 0, quantity: Energy(1), limit: Price(0), ..order },
        Side::Offer => Order { quality: 1, ..order },
    };
    let book = Book::new(orders(2_000).into_iter().map(collapsing)).expect("all orders are tradable");
    let mechanism = built("quality-coverage uniform-mid-rounded", 2);
    let time_us = median_us(|| clear(&*mechanism, &book));
    println!("quality-coverage where all of its 100 rounds are used up, 1,000 bids and 1,000 offers: {time_us:.0} µs");
    println!("{:?}", clear(&*mechanism, &book).notes);
}
