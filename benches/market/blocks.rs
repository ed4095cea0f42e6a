//! Coupling: a day of quarter hours with 200 simple orders each, and up to 400 blocks over it.

use std::time::Instant;

use market::blocks::{BlockOrder, CoupledBook, GroupId, PriceRange, Proof, couple};
use market::{AgentId, Book, Energy, Order, OrderId, Price, Side};

const SLOTS: u64 = 96;
const SIMPLE: u64 = 200;
const NODE_LIMIT: u64 = 2_000;
const SEEDS: u64 = 5;

/// Xorshift (Marsaglia 2003).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as i64
    }
}

/// Demand with two peaks; blocks of three to twelve slots in a row, a quarter of them bids, a third divisible down to a
/// half, a fifth linked, two of seven in exclusive pairs.
fn day(blocks: u64, seed: u64) -> CoupledBook {
    let mut draw = Draw(0x9E37_79B9_7F4A_7C15 ^ seed);
    let slots = (0..SLOTS).map(|slot| {
        let peak = if (slot / 4) % 12 > 6 { 100_000 } else { 0 };
        let orders: Vec<Order> = (0..SIMPLE)
            .map(|index| {
                let side = if index % 2 == 0 { Side::Bid } else { Side::Offer };
                let limit = match side {
                    Side::Bid => 50_000 + peak + draw.below(150_000),
                    Side::Offer => 20_000 + draw.below(250_000),
                };
                Order {
                    id: OrderId(slot * SIMPLE + index),
                    agent: AgentId(index as u32),
                    side,
                    quantity: Energy(1_000 + draw.below(20_000)),
                    limit: Price(limit),
                    quality: 0,
                    premium_bp: 0,
                    submitted_ms: 0,
                    lottery: index,
                }
            })
            .collect();
        Book::new(orders).expect("the orders are tradable")
    });
    let slots = slots.collect();
    let first = SLOTS * SIMPLE;
    let blocks = (0..blocks).map(|index| {
        let length = 3 + draw.below(10);
        let start = draw.below(SLOTS as i64 - length + 1);
        let energy = Energy(1_000 * (5 + draw.below(60)));
        let side = if draw.below(4) == 0 { Side::Bid } else { Side::Offer };
        let profile = (start..start + length).map(|slot| (slot as usize, energy));
        let limit = Price(90_000 + draw.below(120_000));
        let block = BlockOrder::new(OrderId(first + index), AgentId(1_000), side, profile, limit);
        let minimum_permille = if draw.below(3) == 0 { 500 } else { 1000 };
        let parents = if index % 5 == 4 { vec![OrderId(first + index - 1)] } else { Vec::new() };
        let group = (index % 7 < 2).then_some(GroupId((index / 7) as u32));
        BlockOrder { minimum_permille, parents, group, ..block }
    });
    let blocks = blocks.collect();
    let prices = PriceRange { lowest: Price(-500_000), highest: Price(4_000_000) };
    CoupledBook::new(slots, blocks, prices).expect("the book is sound")
}

pub(crate) fn run() {
    println!("coupling {SLOTS} slots with {SIMPLE} simple orders each, at most {NODE_LIMIT} nodes in each search");
    println!("blocks  seed  accepted       ms   nodes  proof               gap EUR  of welfare EUR");
    for blocks in [0, 20, 40, 80, 200, 400] {
        for seed in 1..=SEEDS {
            let book = day(blocks, seed);
            let begun = Instant::now();
            let coupling = couple(&book, NODE_LIMIT);
            let taken_ms = begun.elapsed().as_secs_f64() * 1e3;
            let proof = match coupling.proof {
                Proof::Optimal => "optimal",
                Proof::OptimalUpToTies => "optimal up to ties",
                Proof::Bounded { .. } => "bounded",
            };
            println!(
                "{blocks:>6} {seed:>5} {:>9} {taken_ms:>8.1} {:>7}  {proof:<18} {:>8.4} {:>15.2}",
                coupling.blocks.iter().filter(|award| award.permille > 0).count(),
                coupling.nodes,
                coupling.gap().as_eur(),
                coupling.welfare.as_eur()
            );
        }
    }
}
