//! The continuous book: operations per second, and how long the slowest of them take, at two depths.

use std::time::Instant;

use market::continuous::{ContinuousBook, Event, LimitOrder, Operation, SelfTrade, TimeInForce};
use market::time::Time;
use market::{AgentId, Energy, OrderId, Price, Side};

const OPERATIONS: usize = 1_000_000;
/// Prices are multiples of 10 µ€/kWh, so levels are shared as they are where prices have a tick.
const TICK: i64 = 10;

/// Xorshift (Marsaglia 2003).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Operations that keep a book about as deep as it is, and the orders that may still rest.
struct Traffic {
    draw: Draw,
    next: u64,
    /// Orders placed, with their agents; some will have traded.
    placed: Vec<(OrderId, AgentId)>,
}

impl Traffic {
    /// An order some ticks away from the middle; `is_crossing` ones take what rests there.
    fn order(&mut self, is_crossing: bool) -> Operation {
        let (id, agent) = (OrderId(self.next), AgentId(self.draw.below(1_000) as u32));
        self.next += 1;
        let side = if self.draw.below(2) == 0 { Side::Bid } else { Side::Offer };
        let outward = if side == Side::Bid { -1 } else { 1 };
        let away = if is_crossing { -50 } else { self.draw.below(1_000) as i64 };
        let limit = Price(150_000 + TICK * outward * (away + 1));
        let quantity = Energy(if is_crossing { 2_000 } else { 100 + self.draw.below(2_000) as i64 });
        let time_in_force = if is_crossing { TimeInForce::ImmediateOrCancel } else { TimeInForce::GoodTillGate };
        if !is_crossing {
            self.placed.push((id, agent));
        }
        Operation::Place(LimitOrder { id, agent, side, quantity, limit, time_in_force })
    }

    /// 60 % place, 30 % cancel, 5 % replace and 5 % take what rests. Taking and cancelling remove less than is placed
    /// until about half of the cancels name an order that has gone; both kinds are measured.
    fn next(&mut self, book: &ContinuousBook, depth: usize) -> Operation {
        let kind = self.draw.below(100);
        let is_full = book.len() > depth;
        match kind {
            0..60 if !is_full => self.order(false),
            90..95 => self.order(true),
            95..100 => {
                let at = self.draw.below(self.placed.len() as u64) as usize;
                let (order, agent) = self.placed[at];
                let resting = book.order(order);
                let limit = Price(resting.map_or(150_000, |order| order.limit.0) + TICK * self.draw.below(2) as i64);
                let quantity = Energy(resting.map_or(1, |order| order.left.0 + order.traded.0));
                Operation::Replace { order, agent, limit, quantity }
            }
            _ => {
                let at = self.draw.below(self.placed.len() as u64) as usize;
                let (order, agent) = self.placed.swap_remove(at);
                Operation::Cancel { order, agent }
            }
        }
    }
}

fn measure(depth: usize) {
    let mut book = ContinuousBook::new(Time::NEVER, SelfTrade::Allow);
    let mut traffic = Traffic { draw: Draw(0x9E37_79B9_7F4A_7C15), next: 0, placed: Vec::new() };
    let mut events: Vec<Event> = Vec::new();
    while book.len() < depth {
        let operation = traffic.order(false);
        book.apply_into(operation, &mut events);
        events.clear();
    }
    let (mut times_ns, mut total_s, mut trades) = (Vec::with_capacity(OPERATIONS), 0.0, 0_usize);
    for _ in 0..OPERATIONS {
        let operation = traffic.next(&book, depth);
        let begun = Instant::now();
        book.apply_into(operation, &mut events);
        let taken = begun.elapsed();
        times_ns.push(taken.as_nanos() as u64);
        total_s += taken.as_secs_f64();
        trades += events.iter().filter(|event| matches!(event, Event::Traded { .. })).count();
        events.clear();
    }
    times_ns.sort_unstable();
    let at = |share: f64| times_ns[((OPERATIONS as f64 * share) as usize).min(OPERATIONS - 1)];
    println!(
        "{depth:>8} {:>8} {:>13.0} {trades:>8} {:>10} {:>7} {:>7} {:>9}",
        book.len(),
        OPERATIONS as f64 / total_s,
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

pub(crate) fn run() {
    println!("continuous book, {OPERATIONS} operations, each timed by itself (the clock's own cost is in it)");
    println!("   depth   at end  operations/s   trades  ns: median    99 %  99.9 %       max");
    measure(1_000);
    measure(100_000);
}
