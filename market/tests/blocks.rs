//! Coupling against a walk over every outcome, worked examples, the golden books, and a day of quarter hours.

use std::fs;
use std::path::Path;

use market::blocks::{
    BlockOrder, CoupledBook, CoupledBookError, Coupling, GroupId, PriceRange, Proof, Verdict, couple,
};
use market::{AgentId, Book, Energy, Money, Order, OrderId, Price, Side};
use proptest::prelude::*;

const NODES: u64 = 20_000;

fn order(id: u64, side: Side, quantity: i64, limit: i64) -> Order {
    Order {
        id: OrderId(id),
        agent: AgentId(0),
        side,
        quantity: Energy(quantity),
        limit: Price(limit),
        quality: 0,
        premium_bp: 0,
        submitted_ms: 0,
        lottery: id,
    }
}

fn bid(id: u64, quantity: i64, limit: i64) -> Order {
    order(id, Side::Bid, quantity, limit)
}

fn offer(id: u64, quantity: i64, limit: i64) -> Order {
    order(id, Side::Offer, quantity, limit)
}

fn block(id: u64, side: Side, profile: &[(usize, i64)], limit: i64) -> BlockOrder {
    let profile = profile.iter().map(|&(slot, energy)| (slot, Energy(energy)));
    BlockOrder::new(OrderId(id), AgentId(1), side, profile, Price(limit))
}

fn range(lowest: i64, highest: i64) -> PriceRange {
    PriceRange { lowest: Price(lowest), highest: Price(highest) }
}

fn book(slots: &[&[Order]], blocks: Vec<BlockOrder>) -> CoupledBook {
    let slots = slots.iter().map(|orders| Book::new(orders.iter().copied()).expect("tradable")).collect();
    CoupledBook::new(slots, blocks, range(-500, 4000)).expect("a sound book")
}

fn solved(slots: &[&[Order]], blocks: Vec<BlockOrder>) -> Coupling {
    let coupling = couple(&book(slots, blocks), NODES);
    assert_eq!(coupling.proof, Proof::Optimal);
    coupling
}

fn permilles(coupling: &Coupling) -> Vec<u16> {
    coupling.blocks.iter().map(|award| award.permille).collect()
}

fn prices(coupling: &Coupling) -> Vec<i64> {
    coupling.prices.iter().map(|price| price.0).collect()
}

#[test]
fn a_block_is_accepted_for_its_average_and_may_lose_in_one_slot() {
    // Bids for 10 Wh at 50 and at 20; the block sells 10 Wh in each slot at 30 on average. It is the only seller and
    // both bids are filled: prices from -500 to 50 and from -500 to 20, of which 50 and 20 give 35 on average. Worth:
    // 10 × 50 + 10 × 20 − 20 × 30 = 100.
    let coupling =
        solved(&[&[bid(1, 10, 50)], &[bid(2, 10, 20)]], vec![block(9, Side::Offer, &[(0, 10), (1, 10)], 30)]);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![1000], Money(100)));
    assert!(coupling.prices[0].0 + coupling.prices[1].0 >= 60, "{:?}", coupling.prices);
    assert_eq!(coupling.volumes, [Energy(10), Energy(10)]);
}

#[test]
fn a_block_that_would_add_welfare_but_lose_money_is_rejected_and_reported() {
    // The bid takes 11 Wh at 50. The simple offer has 10 Wh at 10 and 5 more at 40; the block has 10 at 20, all or
    // nothing. With the block: 10 + 1 Wh, the price is 10 (the first offer is marginal), the block would lose 100.
    // Welfare would be 11 × 50 − 10 × 20 − 1 × 10 = 340. Without: 11 × 50 − 10 × 10 − 1 × 40 = 410 at 40.
    // Here nothing is paradoxical to welfare, but the block would have gained at 40.
    let simple = [bid(1, 11, 50), offer(2, 10, 10), offer(3, 5, 40)];
    let coupling = solved(&[&simple], vec![block(9, Side::Offer, &[(0, 10)], 20)]);
    assert_eq!((prices(&coupling), coupling.welfare), (vec![40], Money(410)));
    assert_eq!(coupling.blocks[0].verdict, Verdict::ParadoxicallyRejected);

    // Two bids of 6 at 50 and 4 at 22, one offer of 4 at 45. With the block of 10 at 25: 6 × 50 + 4 × 22 − 10 × 25
    // = 138, more than 4 × (50 − 45) = 20 without it; but then the bid at 22 is filled, so the price is 22 at most and
    // the block loses 30. No price stands, so 20 it is, at 50, where the first bid is marginal.
    let simple = [bid(1, 6, 50), bid(2, 4, 22), offer(3, 4, 45)];
    let coupling = solved(&[&simple], vec![block(9, Side::Offer, &[(0, 10)], 25)]);
    assert_eq!((prices(&coupling), coupling.welfare), (vec![50], Money(20)));
    assert_eq!(coupling.blocks[0].verdict, Verdict::ParadoxicallyRejected);
}

#[test]
fn a_minimum_ratio_lets_a_block_be_cut_to_what_pays() {
    // As above, but 600 per mille will do: 6 Wh at 25 against the bid at 50. Welfare 6 × 25 = 150; the price lies
    // between 22 and 45.
    let simple = [bid(1, 6, 50), bid(2, 4, 22), offer(3, 4, 45)];
    let half = BlockOrder { minimum_permille: 600, ..block(9, Side::Offer, &[(0, 10)], 25) };
    let coupling = solved(&[&simple], vec![half]);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![600], Money(150)));
    assert_eq!(coupling.blocks[0].verdict, Verdict::PartlyAccepted);
    assert!((25..=45).contains(&coupling.prices[0].0));
}

#[test]
fn a_child_pays_for_its_parent_but_not_the_parent_for_its_child() {
    // The parent sells 10 Wh at 40 where the bid gives 30 (loses 100), its child 10 Wh at 10 where the bid gives 60
    // (gains up to 500). Together 400, and neither goes without the parent.
    let slots: [&[Order]; 2] = [&[bid(1, 10, 30)], &[bid(2, 10, 60)]];
    let parent = block(8, Side::Offer, &[(0, 10)], 40);
    let child = BlockOrder { parents: vec![OrderId(8)], ..block(9, Side::Offer, &[(1, 10)], 10) };
    let coupling = solved(&slots, vec![parent.clone(), child]);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![1000, 1000], Money(400)));
    assert!(coupling.blocks[0].surplus < Money::ZERO);

    // The other way round the child would lose 100 and the parent gain 500: the child stays out.
    let parent = block(8, Side::Offer, &[(1, 10)], 10);
    let child = BlockOrder { parents: vec![OrderId(8)], ..block(9, Side::Offer, &[(0, 10)], 40) };
    let coupling = solved(&slots, vec![parent, child]);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![1000, 0], Money(500)));
}

#[test]
fn a_child_is_accepted_as_far_as_its_parent() {
    // The parent can sell 6 of its 10 Wh with a gain (bid of 6 at 50, limit 20); its child, limit 0, would sell all 10
    // at 50, and has to stop at 600 per mille: 6 × 30 + 6 × 50 = 480. The parent alone at more loses nothing to
    // nobody: there is no bid for a seventh Wh.
    let parent = BlockOrder { minimum_permille: 1, ..block(8, Side::Offer, &[(0, 10)], 20) };
    let child = BlockOrder { minimum_permille: 1, parents: vec![OrderId(8)], ..block(9, Side::Offer, &[(1, 10)], 0) };
    let coupling = solved(&[&[bid(1, 6, 50)], &[bid(2, 10, 50)]], vec![parent, child]);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![600, 600], Money(480)));
}

#[test]
fn of_an_exclusive_group_one_is_accepted_or_parts_that_add_up_to_one() {
    // A flexible hour of 10 Wh at 5: bids give 20, 60 and 40. It goes where it is worth most: 10 × (60 − 5) = 550.
    let slots: [&[Order]; 3] = [&[bid(1, 10, 20)], &[bid(2, 10, 60)], &[bid(3, 10, 40)]];
    let hour = block(100, Side::Offer, &[(0, 10)], 5);
    let hours = hour.flexible(2, GroupId(1)).expect("few slots");
    let coupling = solved(&slots, hours);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![0, 1000, 0], Money(550)));

    // Divisible, and the bid at 60 takes 4 Wh only: 4 × 55 there, the other 6 Wh at 40: 6 × 35. In all 430.
    let slots: [&[Order]; 3] = [&[bid(1, 10, 20)], &[bid(2, 4, 60)], &[bid(3, 10, 40)]];
    let hours = BlockOrder { minimum_permille: 1, ..hour }.flexible(2, GroupId(1)).expect("few slots");
    let coupling = solved(&slots, hours);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![0, 400, 600], Money(430)));
}

#[test]
fn blocks_trade_with_each_other_where_no_simple_order_is() {
    // A seller of 5 + 5 Wh at 10 and a buyer of the same at 30: any prices with an average of 10 to 30 do.
    let profile = [(0, 5), (1, 5)];
    let blocks = vec![block(1, Side::Offer, &profile, 10), block(2, Side::Bid, &profile, 30)];
    let coupling = solved(&[&[], &[]], blocks);
    assert_eq!((permilles(&coupling), coupling.welfare), (vec![1000, 1000], Money(200)));
    let average = coupling.prices[0].0 + coupling.prices[1].0;
    assert!((20..=60).contains(&average), "{average}");
}

#[test]
fn among_equals_the_one_given_first_is_accepted() {
    let twin = |id| block(id, Side::Offer, &[(0, 10)], 10);
    let coupling = solved(&[&[bid(1, 10, 30)]], vec![twin(9), twin(8), twin(7)]);
    assert_eq!(permilles(&coupling), [1000, 0, 0]);
}

#[test]
fn a_search_that_ends_early_says_how_much_may_be_missing() {
    let (slots, blocks) = day(24, 20, 30, 3);
    let day = CoupledBook::new(slots, blocks, range(-500_000, 4_000_000)).expect("a sound book");
    let (cut, full) = (couple(&day, 1), couple(&day, NODES));
    let Proof::Bounded { welfare_at_most } = cut.proof else { panic!("one node can not be enough: {:?}", cut.proof) };
    assert!(cut.welfare <= full.welfare && full.welfare <= welfare_at_most);
    assert_eq!(cut.gap(), welfare_at_most - cut.welfare);
}

#[test]
fn bad_blocks_are_refused_by_name() {
    let slots = || vec![Book::new([bid(1, 1, 1)]).expect("tradable"), Book::default()];
    let refused =
        |blocks: Vec<BlockOrder>| CoupledBook::new(slots(), blocks, range(-500, 4000)).expect_err("the blocks are bad");
    let good = |id| block(id, Side::Offer, &[(0, 10)], 5);
    let (block_9, slot) = (OrderId(9), 0);
    let empty = block(9, Side::Bid, &[], 5);
    assert_eq!(refused(vec![empty]), CoupledBookError::EmptyProfile { block: block_9 });
    let outside = block(9, Side::Bid, &[(2, 5)], 5);
    assert_eq!(refused(vec![outside]), CoupledBookError::SlotOutOfRange { block: block_9, slot: 2, slots: 2 });
    for energy in [0, -5, i64::MIN] {
        let mixed = block(9, Side::Bid, &[(1, 5), (0, energy)], 5);
        let energy = Energy(energy);
        assert_eq!(refused(vec![mixed]), CoupledBookError::EnergyNotPositive { block: block_9, slot, energy });
    }
    let twice = block(9, Side::Bid, &[(0, 5), (0, 5)], 5);
    assert_eq!(refused(vec![twice]), CoupledBookError::SlotTwice { block: block_9, slot });
    for permille in [0, 1001] {
        let bad = BlockOrder { minimum_permille: permille, ..good(9) };
        assert_eq!(refused(vec![bad]), CoupledBookError::BadMinimum { block: block_9, permille });
    }
    let child = |id, parent| BlockOrder { parents: vec![OrderId(parent)], ..good(id) };
    let unknown = CoupledBookError::UnknownParent { block: block_9, parent: OrderId(1) };
    assert_eq!(refused(vec![child(9, 1)]), unknown);
    assert!(matches!(refused(vec![child(9, 9)]), CoupledBookError::Cycle { .. }));
    let cycle = refused(vec![child(7, 8), child(8, 9), child(9, 8), good(6)]);
    assert!(matches!(cycle, CoupledBookError::Cycle { block: OrderId(8 | 9) }));
    assert_eq!(refused(vec![good(1)]), CoupledBookError::DuplicateOrder { order: OrderId(1) });
    let expensive = block(9, Side::Offer, &[(0, 10)], 4001);
    assert!(matches!(refused(vec![expensive]), CoupledBookError::LimitOutOfRange { .. }));
    let huge = block(9, Side::Offer, &[(0, i64::MAX), (1, i64::MAX)], 5);
    assert_eq!(refused(vec![huge]), CoupledBookError::TotalTooLarge { order: block_9 });
    let no_range = CoupledBook::new(slots(), vec![], range(5, 4));
    assert!(matches!(no_range, Err(CoupledBookError::BadPriceRange { .. })));
}

#[test]
fn simple_orders_alone_reach_the_golden_welfare() {
    let golden = |name: &str| -> serde_json::Value {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/market").join(name);
        let text = fs::read_to_string(path).expect("the golden file is there");
        serde_json::from_str(&text).expect("and it is JSON")
    };
    let (books, cases) = (golden("books.json"), golden("welfare_optimum.json"));
    let number = |value: &serde_json::Value, key: &str| value[key].as_i64().expect("a number");
    let cases = cases["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 31);
    for case in cases {
        let book = books["books"].as_array().expect("books").iter().find(|book| book["name"] == case["book"]);
        let book = book.expect("the book of the case exists");
        let side = |key: &str, side| {
            let orders = book[key].as_array().expect("orders").clone();
            orders.into_iter().map(move |order| (side, number(&order, "qty_wh"), number(&order, "price")))
        };
        let orders =
            side("bids", Side::Bid).chain(side("offers", Side::Offer)).filter(|&(_, quantity, _)| quantity > 0);
        let orders: Vec<Order> =
            (0..).zip(orders).map(|(id, (side, quantity, limit))| order(id, side, quantity, limit)).collect();
        let coupled =
            CoupledBook::new(vec![Book::new(orders).expect("tradable")], vec![], range(-1_000_000_000, 1_000_000_000))
                .expect("simple orders only");
        let coupling = couple(&coupled, NODES);
        let expected = &case["expected"];
        assert_eq!(coupling.welfare.0, i128::from(number(expected, "welfare")), "{}", case["book"]);
        assert_eq!(coupling.volumes[0].0, number(expected, "volume_wh_max"), "{}", case["book"]);
    }
}

/// Every outcome, one after the other: ratios, then prices, then whether all are content.
struct Everything<'a> {
    slots: &'a [Vec<Order>],
    blocks: &'a [BlockOrder],
    range: (i64, i64),
}

/// Welfare, energy of the accepted blocks, ratios.
type Rank = (i128, i64, Vec<i64>);

impl Everything<'_> {
    fn best(&self) -> Rank {
        let mut best: Option<Rank> = None;
        self.ratios(&mut Vec::new(), &mut |ratios| {
            if let Some(welfare) = self.welfare(ratios) {
                let energy = |(block, ratio): (&BlockOrder, &i64)| {
                    block.profile.iter().map(|&(_, energy)| energy.0).sum::<i64>() * ratio / 1000
                };
                let energy = self.blocks.iter().zip(ratios).map(energy).sum();
                best = best.take().max(Some((welfare, energy, ratios.to_vec())));
            }
        });
        best.expect("no block at all is an outcome")
    }

    fn ratios(&self, chosen: &mut Vec<i64>, visit: &mut dyn FnMut(&[i64])) {
        let Some(block) = self.blocks.get(chosen.len()) else {
            if self.is_allowed(chosen) {
                visit(chosen);
            }
            return;
        };
        for ratio in 0..=1000 {
            let is_whole = block.profile.iter().all(|(_, energy)| energy.0 * ratio % 1000 == 0);
            if is_whole && (ratio == 0 || ratio >= i64::from(block.minimum_permille)) {
                chosen.push(ratio);
                self.ratios(chosen, visit);
                chosen.pop();
            }
        }
    }

    fn is_allowed(&self, ratios: &[i64]) -> bool {
        let ratio_of = |id| ratios[self.blocks.iter().position(|block| block.id == id).expect("a parent exists")];
        self.blocks.iter().zip(ratios).all(|(block, &ratio)| {
            let in_group = |other: &BlockOrder| block.group.is_some() && other.group == block.group;
            let group: i64 =
                self.blocks.iter().zip(ratios).filter(|(other, _)| in_group(other)).map(|(_, ratio)| ratio).sum();
            block.parents.iter().all(|&parent| ratio_of(parent) >= ratio) && group <= 1000
        })
    }

    /// Welfare of the outcome, if there are prices for it.
    fn welfare(&self, ratios: &[i64]) -> Option<i128> {
        let mut injected = vec![0_i64; self.slots.len()];
        let mut welfare = 0_i128;
        for (block, ratio) in self.blocks.iter().zip(ratios) {
            let sign = if block.side == Side::Offer { 1 } else { -1 };
            for &(slot, energy) in &block.profile {
                let energy = sign * energy.0 * ratio / 1000;
                injected[slot] += energy;
                welfare -= i128::from(energy * block.limit.0);
            }
        }
        let mut possible = Vec::new();
        for (orders, &injected) in self.slots.iter().zip(&injected) {
            let at = |price| self.slot_welfare(orders, injected, price).map(|welfare| (price, welfare));
            let prices: Vec<(i64, i128)> = (self.range.0..=self.range.1).filter_map(at).collect();
            welfare += prices.first()?.1;
            assert!(prices.iter().all(|&(_, welfare)| welfare == prices[0].1), "welfare does not depend on the price");
            possible.push(prices.into_iter().map(|(price, _)| price).collect::<Vec<_>>());
        }
        self.is_content(ratios, &possible, &mut Vec::new()).then_some(welfare)
    }

    /// What the simple orders are worth if this price can balance the slot.
    fn slot_welfare(&self, orders: &[Order], injected: i64, price: i64) -> Option<i128> {
        let (mut surplus_wh, mut slack_up, mut slack_down, mut worth) = (injected, 0, 0, 0_i128);
        for order in orders {
            let (quantity, limit) = (order.quantity.0, order.limit.0);
            match (order.side, limit.cmp(&price)) {
                (Side::Bid, std::cmp::Ordering::Greater) => {
                    surplus_wh -= quantity;
                    worth += i128::from(quantity * limit);
                }
                (Side::Offer, std::cmp::Ordering::Less) => {
                    surplus_wh += quantity;
                    worth -= i128::from(quantity * limit);
                }
                (Side::Bid, std::cmp::Ordering::Equal) => slack_down += quantity,
                (Side::Offer, std::cmp::Ordering::Equal) => slack_up += quantity,
                _ => {}
            }
        }
        // At the limit: what is too much goes to bids, what is missing comes from offers, both worth the price.
        (-slack_up <= surplus_wh && surplus_wh <= slack_down).then(|| worth + i128::from(surplus_wh * price))
    }

    fn is_content(&self, ratios: &[i64], possible: &[Vec<i64>], prices: &mut Vec<i64>) -> bool {
        let Some(next) = possible.get(prices.len()) else {
            let gain = |index: usize| {
                let block = &self.blocks[index];
                let sign = if block.side == Side::Offer { 1 } else { -1 };
                let of_slot = |&(slot, energy): &(usize, Energy)| sign * energy.0 * (prices[slot] - block.limit.0);
                block.profile.iter().map(of_slot).sum::<i64>() * ratios[index] / 1000
            };
            let is_below = |child: usize, ancestor: usize| self.is_below(child, ancestor);
            return (0..ratios.len())
                .filter(|&index| ratios[index] > 0)
                .all(|index| (0..ratios.len()).filter(|&member| is_below(member, index)).map(gain).sum::<i64>() >= 0);
        };
        next.iter().any(|&price| {
            prices.push(price);
            let is_content = self.is_content(ratios, possible, prices);
            prices.pop();
            is_content
        })
    }

    fn is_below(&self, block: usize, ancestor: usize) -> bool {
        let index_of = |id| self.blocks.iter().position(|block| block.id == id).expect("a parent exists");
        block == ancestor || self.blocks[block].parents.iter().any(|&parent| self.is_below(index_of(parent), ancestor))
    }
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Bid), Just(Side::Offer)]
}

fn small_slot(slot: u64) -> impl Strategy<Value = Vec<Order>> {
    let orders = prop::collection::vec((side(), 1_i64..7, -2_i64..6), 0..6);
    orders.prop_map(move |orders| {
        let orders = (100 * slot..).zip(orders);
        orders.map(|(id, (side, quantity, limit))| order(id, side, quantity, limit)).collect()
    })
}

fn small_block(index: u64, slots: usize) -> impl Strategy<Value = BlockOrder> {
    let energies = prop::collection::vec(prop::sample::select(vec![0_i64, 0, 1, 2, 2, 3, 4, 4, 8]), slots);
    let parents = prop::collection::vec(0..index.max(1), 0..2);
    let minimum = prop::sample::select(vec![1000_u16, 1000, 1, 300, 500]);
    (side(), energies, -2_i64..6, minimum, parents, prop::option::weighted(0.3, 0_u32..2)).prop_map(
        move |(side, energies, limit, minimum_permille, parents, group)| {
            let mut profile: Vec<(usize, i64)> = energies.into_iter().enumerate().filter(|&(_, wh)| wh > 0).collect();
            if profile.is_empty() {
                profile.push((0, 2));
            }
            let parents = if index % 2 == 0 { vec![] } else { parents };
            let parents = parents.into_iter().map(|parent| OrderId(1000 + parent)).collect();
            let group = group.map(GroupId);
            BlockOrder { minimum_permille, parents, group, ..block(1000 + index, side, &profile, limit) }
        },
    )
}

fn small_case() -> impl Strategy<Value = (Vec<Vec<Order>>, Vec<BlockOrder>)> {
    (1_usize..4, 0_u64..6).prop_flat_map(|(slots, blocks)| {
        let simple: Vec<_> = (0..slots as u64).map(small_slot).collect();
        let blocks: Vec<_> = (0..blocks).map(|index| small_block(index, slots)).collect();
        (simple, blocks)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_outcome_is_better_than_the_one_found((slots, blocks) in small_case()) {
        let limits = (-3, 6);
        let books = slots.iter().map(|orders| Book::new(orders.iter().copied()).expect("tradable")).collect();
        let book = CoupledBook::new(books, blocks.clone(), range(limits.0, limits.1)).expect("a sound book");
        let coupling = couple(&book, NODES);
        prop_assert_eq!(coupling.check(&book), Ok(()));
        let (welfare, _, ratios) = Everything { slots: &slots, blocks: &blocks, range: limits }.best();
        prop_assert_eq!(coupling.proof, Proof::Optimal);
        prop_assert_eq!(coupling.welfare, Money(welfare));
        let found: Vec<i64> = permilles(&coupling).into_iter().map(i64::from).collect();
        prop_assert_eq!(found, ratios);
    }
}

/// A day like those of an island: demand with two peaks, supply in steps, blocks of three to twelve slots in a row.
fn day(slots: usize, simple: u64, blocks: u64, seed: u64) -> (Vec<Book>, Vec<BlockOrder>) {
    // Splitmix64 (Steele, Lea and Flood 2014).
    let mut state = seed;
    let mut draw = move |below: i64| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as i64
    };
    let mut books = Vec::new();
    for slot in 0..slots {
        let peak = if (slot * 24 / slots) % 12 > 6 { 100_000 } else { 0 };
        let orders = (0..simple).map(|index| {
            let id = slot as u64 * simple + index;
            let quantity = 1_000 + draw(20_000);
            match index % 2 {
                0 => bid(id, quantity, 50_000 + peak + draw(150_000)),
                _ => offer(id, quantity, 20_000 + draw(250_000)),
            }
        });
        books.push(Book::new(orders.collect::<Vec<_>>()).expect("tradable"));
    }
    let blocks = (0..blocks).map(|index| {
        let length = 3 + draw(10) as usize;
        let start = draw((slots - length) as i64 + 1) as usize;
        let energy = 1_000 * (5 + draw(60));
        let side = if draw(4) == 0 { Side::Bid } else { Side::Offer };
        let profile: Vec<(usize, i64)> = (start..start + length).map(|slot| (slot, energy)).collect();
        let limit = 90_000 + draw(120_000);
        let minimum_permille = if draw(3) == 0 { 500 } else { 1000 };
        let parents = if index % 5 == 4 { vec![OrderId(1_000_000 + index - 1)] } else { vec![] };
        let group = (index % 7 < 2).then_some(GroupId((index / 7) as u32));
        BlockOrder { minimum_permille, parents, group, ..block(1_000_000 + index, side, &profile, limit) }
    });
    let blocks = blocks.collect();
    (books, blocks)
}

#[test]
fn a_day_of_quarter_hours_with_forty_blocks_is_solved_to_the_end() {
    let (slots, blocks) = day(96, 200, 40, 1);
    let day = CoupledBook::new(slots, blocks, range(-500_000, 4_000_000)).expect("a sound book");
    let coupling = couple(&day, NODES);
    assert_eq!(coupling.proof, Proof::Optimal, "{} nodes, gap {}", coupling.nodes, coupling.gap());
    assert!(coupling.blocks.iter().any(|award| award.permille > 0));
}
