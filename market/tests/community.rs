//! Communities: coefficients and ex-post price with worked numbers, closed ledgers over random members, and
//! mechanisms side by side.

use market::community::indicators::{Indicators, Measured, welfare};
use market::community::{
    Coefficients, CommunityError, Leftover, LocalShare, Member, PriceCurve, PricePoint, Residue, Sharing, ex_post,
    share,
};
use market::settlement::{Account, Component, Ledger, SlotAccount, Terms, settle_slot};
use market::time::{Span, Time};
use market::{AgentId, Book, Energy, Money, Order, OrderId, Price, Side, Tariff, clear, mechanism};
use proptest::prelude::*;

const TARIFF: Tariff = Tariff { import: Price(200_000), export: Price(50_000) };
const LOCAL: Price = Price(120_000);

/// Members by import and export; the ticket falls with the place, so that the last one wins ties.
fn members(registers: &[(i64, i64)]) -> Vec<Member> {
    let member = |(at, &(import, export)): (usize, &(i64, i64))| Member {
        agent: AgentId(at as u32),
        import: Energy(import),
        export: Energy(export),
        lottery: (registers.len() - at) as u64,
    };
    registers.iter().enumerate().map(member).collect()
}

fn received(registers: &[(i64, i64)], coefficients: &Coefficients, leftover: Leftover) -> Vec<i64> {
    let sharing = share(&members(registers), coefficients, leftover, LOCAL).expect("sound members");
    sharing.received.iter().map(|energy| energy.0).collect()
}

#[test]
fn dynamic_shares_are_in_proportion_to_consumption() {
    // 100 Wh over 300 : 200 : 100 are 50, 33⅓, 16⅔; the watt-hour left goes to the larger remainder.
    let registers = [(300, 0), (200, 0), (100, 0), (0, 100)];
    assert_eq!(received(&registers, &Coefficients::DynamicByConsumption, Leftover::FedIn), [50, 33, 17, 0]);
    // More produced than consumed: everybody is served in full.
    let sunny = [(300, 0), (200, 0), (0, 900)];
    assert_eq!(received(&sunny, &Coefficients::DynamicByConsumption, Leftover::FedIn), [300, 200, 0]);
}

#[test]
fn the_last_watt_hour_goes_by_ticket_and_not_by_account() {
    // 1 Wh over two equal members: member 1 has the lower ticket.
    let registers = [(10, 0), (10, 0), (0, 1)];
    assert_eq!(received(&registers, &Coefficients::DynamicByConsumption, Leftover::FedIn), [0, 1, 0]);
}

#[test]
fn a_static_share_ends_at_the_members_consumption_and_the_rest_is_fed_in_or_shared_again() {
    // 1000 Wh at 50, 30, 20 %: 500, 300, 200; the first consumes only 100, so 400 are left.
    let registers = [(100, 0), (1_000, 0), (1_000, 0), (0, 1_000)];
    let fixed = Coefficients::Static(vec![500_000, 300_000, 200_000, 0]);
    assert_eq!(received(&registers, &fixed, Leftover::FedIn), [100, 300, 200, 0]);
    // Shared again at 30 : 20, that is 240 and 160.
    assert_eq!(received(&registers, &fixed, Leftover::Redistributed), [100, 540, 360, 0]);
    // Nobody else has a coefficient: the rest is fed in all the same.
    let alone = Coefficients::DynamicFull(vec![1_000_000, 0, 0, 0]);
    assert_eq!(received(&registers, &alone, Leftover::Redistributed), [100, 0, 0, 0]);
}

#[test]
fn without_production_consumption_or_coefficients_nothing_is_shared() {
    let keys = [Coefficients::None, Coefficients::DynamicByConsumption, Coefficients::Static(vec![400_000, 600_000])];
    for key in &keys {
        assert_eq!(received(&[(100, 0), (50, 0)], key, Leftover::Redistributed), [0, 0], "no production: {key:?}");
        assert_eq!(received(&[(0, 100), (0, 50)], key, Leftover::Redistributed), [0, 0], "no consumption: {key:?}");
    }
    assert_eq!(received(&[(100, 0), (0, 50)], &Coefficients::None, Leftover::FedIn), [0, 0]);
    assert_eq!(share(&[], &Coefficients::DynamicByConsumption, Leftover::FedIn, LOCAL), Ok(Sharing::default()));
}

#[test]
fn coefficients_that_are_not_the_whole_are_refused() {
    let two = members(&[(100, 0), (0, 50)]);
    let refused = |ppm: &[u32]| {
        let key = Coefficients::Static(ppm.to_vec());
        share(&two, &key, Leftover::FedIn, LOCAL).expect_err("no key")
    };
    assert_eq!(refused(&[0, 0]), CommunityError::CoefficientsNotWhole { sum_ppm: 0 });
    assert_eq!(refused(&[500_000, 500_001]), CommunityError::CoefficientsNotWhole { sum_ppm: 1_000_001 });
    assert_eq!(refused(&[u32::MAX, u32::MAX]), CommunityError::CoefficientsNotWhole { sum_ppm: 8_589_934_590 });
    assert_eq!(refused(&[1_000_000]), CommunityError::CoefficientsMismatch { coefficients: 1, members: 2 });
}

#[test]
fn members_that_cannot_be_are_refused() {
    let key = Coefficients::DynamicByConsumption;
    let refused = |members: &[Member]| share(members, &key, Leftover::FedIn, LOCAL).expect_err("no community");
    assert!(matches!(refused(&members(&[(-1, 0)])), CommunityError::NegativeRegister { agent: AgentId(0), .. }));
    let huge = refused(&members(&[(i64::MAX, 0), (1, 0)]));
    assert_eq!(huge, CommunityError::TooLarge { agent: AgentId(1) });
    let one = members(&[(1, 0)])[0];
    assert_eq!(refused(&[one, one]), CommunityError::DuplicateMember { agent: AgentId(0) });
}

#[test]
fn what_is_shared_settles_at_the_local_price_and_the_rest_with_the_retailer() {
    // Member 1 produces 100 Wh; member 0 consumes 300 and gets them all: 100 × 120,000 + 200 × 200,000.
    let members = members(&[(300, 0), (0, 100)]);
    let sharing = share(&members, &Coefficients::DynamicByConsumption, Leftover::FedIn, LOCAL).expect("sound members");
    let mut ledger = Ledger::default();
    settle(&mut ledger, &members, &sharing);
    assert_eq!(ledger.balance(Account::Participant(AgentId(0))), Money(-52_000_000));
    assert_eq!(ledger.balance(Account::Participant(AgentId(1))), Money(12_000_000));
    assert_eq!(ledger.balance(Account::Retailer), Money(40_000_000));
}

fn settle(ledger: &mut Ledger, members: &[Member], sharing: &Sharing) {
    let terms = Terms { tariff: TARIFF, ..Terms::default() };
    let accounts: Vec<SlotAccount<'_>> = members
        .iter()
        .map(|member| SlotAccount { agent: member.agent, import: member.import, export: member.export, terms: &terms })
        .collect();
    settle_slot(ledger, Time(0), &sharing.trades, &accounts).expect("sound readings");
}

#[test]
fn the_community_price_falls_with_the_local_share() {
    let price = |local, total| {
        let share = LocalShare { local: Energy(local), total: Energy(total) };
        PriceCurve::default().price(share).expect("a mild curve").0
    };
    let at: Vec<i64> = [0, 10, 20, 60, 70, 100].map(|percent| price(percent, 100)).to_vec();
    assert_eq!(at, [80_000, 74_000, 68_000, 44_000, 38_000, 20_000]);
    // Half-way from 20 to 60 %: 56,000. A third: 68,000 − 24,000 × (⅓ − 0.2)/0.4 = 60,000.
    assert_eq!((price(40, 100), price(1, 3)), (56_000, 60_000));
    // 85 %: 38,000 − 18,000/2. 1/7: 74,000 − 6,000 × (1/7 − 0.1)/0.1 = 71,428.57.
    assert_eq!((price(85, 100), price(1, 7)), (29_000, 71_429));
}

#[test]
fn a_curve_needs_points_that_ascend() {
    let point = |share_bp, price| PricePoint { share_bp, price: Price(price) };
    assert_eq!(PriceCurve::new(vec![]), Err(CommunityError::NoPoints));
    let disordered = PriceCurve::new(vec![point(5, 1), point(5, 2)]);
    assert_eq!(disordered, Err(CommunityError::PointsOutOfOrder { place: 1, share_bp: 5 }));
    let flat = PriceCurve::new(vec![point(5_000, 7)]).expect("one point");
    let share = |local| LocalShare { local: Energy(local), total: Energy(10) };
    assert_eq!((flat.price(share(0)), flat.price(share(10))), (Ok(Price(7)), Ok(Price(7))));
    let read = serde_json::from_str::<PriceCurve>(r#"[{"share_bp":9,"price":1},{"share_bp":3,"price":1}]"#);
    assert!(read.expect_err("disordered").to_string().contains("point 1 of the price curve"));
}

#[test]
fn a_member_with_both_registers_is_billed_for_both_and_the_retailer_for_the_net() {
    // Imports 300 + 100, exports 200: inflow 200 of 400 in all, half is local: 50,000 µ€/kWh.
    let members = members(&[(300, 200), (100, 0)]);
    let slot = ex_post(&members, &PriceCurve::default(), TARIFF, Residue::Kept).expect("sound members");
    assert_eq!((slot.price, slot.inflow, slot.outflow), (Some(Price(50_000)), Energy(200), Energy::ZERO));
    let first = slot.bills[0];
    assert_eq!((first.import_cost, first.export_revenue), (Money(15_000_000), Money(10_000_000)));
    // Members pay 200 × 50,000, the retailer gets 200 × 200,000: 30,000,000 n€ short.
    assert_eq!(slot.residue, Money(-30_000_000));
    let mut ledger = Ledger::default();
    ledger.post_all(slot.entries(Time(0))).expect("sound entries");
    assert_eq!(ledger.balance(Account::Market), Money(-30_000_000));
    assert_eq!(ledger.balance(Account::Retailer), Money(40_000_000));
}

#[test]
fn a_shared_residue_is_paid_by_throughput_and_the_ledger_closes() {
    // 30,000,000 n€ over throughputs of 500 and 100: 25,000,000 and 5,000,000.
    let members = members(&[(300, 200), (100, 0)]);
    let slot = ex_post(&members, &PriceCurve::default(), TARIFF, Residue::Shared).expect("sound members");
    let adjustments: Vec<i128> = slot.bills.iter().map(|bill| bill.adjustment.0).collect();
    assert_eq!(adjustments, [25_000_000, 5_000_000]);
    let mut ledger = Ledger::default();
    ledger.post_all(slot.entries(Time(0))).expect("sound entries");
    assert_eq!(ledger.balance(Account::Market), Money::ZERO);
    assert_eq!(ledger.entries().iter().filter(|entry| entry.component == Component::Adjustment).count(), 2);
}

#[test]
fn a_slot_in_which_nothing_flows_has_no_price() {
    for none in [&[][..], &[(0, 0), (0, 0)][..]] {
        let slot = ex_post(&members(none), &PriceCurve::default(), TARIFF, Residue::Shared).expect("sound members");
        assert_eq!((slot.share, slot.price, slot.residue), (None, None, Money::ZERO));
        assert!(slot.entries(Time(0)).is_empty());
    }
    // Only consumption: nothing is local. Only production: everything is.
    let price = |registers: &[(i64, i64)]| {
        ex_post(&members(registers), &PriceCurve::default(), TARIFF, Residue::Kept).expect("sound members").price
    };
    assert_eq!((price(&[(500, 0)]), price(&[(0, 500)])), (Some(Price(80_000)), Some(Price(20_000))));
}

#[test]
fn mechanisms_compare_side_by_side() {
    // One consumer of 400 Wh, one producer of 300 Wh. With the retailer alone: 80 and −15 m€. With sharing at
    // 120,000: 300 × 120,000 + 100 × 200,000 = 56 m€ and −36 m€, so they save 24 and 21.
    let members = members(&[(400, 0), (0, 300)]);
    let paid = |sharing: &Sharing| {
        let mut ledger = Ledger::default();
        settle(&mut ledger, &members, sharing);
        members.iter().map(|member| -ledger.balance(Account::Participant(member.agent))).collect::<Vec<Money>>()
    };
    let key = |key| share(&members, &key, Leftover::FedIn, LOCAL).expect("sound members");
    let (alone, shared) = (key(Coefficients::None), key(Coefficients::DynamicByConsumption));
    let baseline = paid(&alone);
    let row = |sharing: &Sharing, residual| {
        let measured = Measured {
            welfare: Money::ZERO,
            traded_locally: sharing.volume(),
            consumption: Energy(400),
            production: Energy(300),
            residuals: &[residual],
            slot: Span::from_minutes(15),
            retailer_only: &baseline,
            paid: &paid(sharing),
        };
        Indicators::of(&measured).expect("sound figures")
    };
    let (before, after) = (row(&alone, (Energy(400), Energy(300))), row(&shared, (Energy(100), Energy(0))));
    assert_eq!((before.savings, before.jain, before.gini), (Money::ZERO, None, None));
    assert_eq!(
        (before.local_share, before.self_sufficiency, before.self_consumption),
        (Some(0.0), Some(0.0), Some(0.0))
    );
    assert_eq!(after.savings, Money(45_000_000));
    assert_eq!(
        (after.local_share, after.self_sufficiency, after.self_consumption),
        (Some(0.75), Some(0.75), Some(1.0))
    );
    assert_eq!((after.peaks.import_kw, before.peaks.import_kw, before.peaks.export_kw), (0.4, 1.6, 1.2));
    // 45² / (2 × (24² + 21²)) and 2 × 3 / (2 × 2 × 45).
    assert!((after.jain.expect("savings") - 2_025.0 / 2_034.0).abs() < 1e-12);
    assert!((after.gini.expect("savings") - 1.0 / 30.0).abs() < 1e-12);
}

#[test]
fn welfare_is_the_gain_that_the_limits_reveal() {
    let order = |id, side, quantity, limit| Order {
        id: OrderId(id),
        agent: AgentId(id as u32),
        side,
        quantity: Energy(quantity),
        limit: Price(limit),
        quality: 0,
        premium_bp: 0,
        submitted_ms: 0,
        lottery: id,
    };
    let book = Book::new([order(1, Side::Bid, 10, 300), order(2, Side::Offer, 6, 100)]).expect("a book");
    let uniform = mechanism("uniform-last-ask").expect("a mechanism of that name");
    let trades = clear(&*uniform, &book).trades;
    assert_eq!(welfare(&book, &trades), Ok(Money(6 * 200)));
    assert_eq!(welfare(&book, &[]), Ok(Money::ZERO));
    assert!(matches!(welfare(&Book::default(), &trades), Err(CommunityError::ForeignTrade { .. })));
}

fn registers() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let register = || prop_oneof![Just(0_i64), 0_i64..10, 0_i64..100_000];
    prop::collection::vec((register(), register()), 1..12)
}

/// Coefficients for so many members that sum to the whole.
fn key(members: usize) -> impl Strategy<Value = Coefficients> {
    let cuts = prop::collection::vec(0_u32..=1_000_000, members - 1);
    let parts = cuts.prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.push(1_000_000);
        let mut before = 0;
        let part = |cut: u32| cut - std::mem::replace(&mut before, cut);
        cuts.into_iter().map(part).collect::<Vec<u32>>()
    });
    prop_oneof![
        Just(Coefficients::None),
        Just(Coefficients::DynamicByConsumption),
        parts.clone().prop_map(Coefficients::Static),
        parts.prop_map(Coefficients::DynamicFull),
    ]
}

fn communities() -> impl Strategy<Value = (Vec<(i64, i64)>, Coefficients)> {
    registers().prop_flat_map(|registers| {
        let key = key(registers.len());
        (Just(registers), key)
    })
}

proptest! {
    #[test]
    fn nobody_receives_more_than_it_consumes_or_gives_more_than_it_produces(
        (registers, key) in communities(), again in any::<bool>(),
    ) {
        let members = members(&registers);
        let leftover = if again { Leftover::Redistributed } else { Leftover::FedIn };
        let sharing = share(&members, &key, leftover, LOCAL).expect("sound members");
        for (at, member) in members.iter().enumerate() {
            prop_assert!(sharing.received[at] >= Energy::ZERO && sharing.received[at] <= member.import);
            prop_assert!(sharing.given[at] >= Energy::ZERO && sharing.given[at] <= member.export);
            let bought = sharing.trades.iter().filter(|trade| trade.buyer == member.agent);
            prop_assert_eq!(bought.map(|trade| trade.quantity).sum::<Energy>(), sharing.received[at]);
            let sold = sharing.trades.iter().filter(|trade| trade.seller == member.agent);
            prop_assert_eq!(sold.map(|trade| trade.quantity).sum::<Energy>(), sharing.given[at]);
        }
        prop_assert_eq!(sharing.given.iter().copied().sum::<Energy>(), sharing.volume());
        let mut ledger = Ledger::default();
        settle(&mut ledger, &members, &sharing);
        for member in &members {
            let net = ledger.net_energy(Account::Participant(member.agent), Time(0));
            prop_assert_eq!(net, member.import - member.export);
        }
    }

    #[test]
    fn the_default_key_shares_all_that_can_be_shared((registers, _) in communities()) {
        let (consumed, produced) = registers.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let all = received(&registers, &Coefficients::DynamicByConsumption, Leftover::FedIn);
        prop_assert_eq!(all.iter().sum::<i64>(), consumed.min(produced));
    }

    #[test]
    fn sharing_again_never_takes_from_anyone_by_more_than_a_watt_hour((registers, key) in communities()) {
        let once = received(&registers, &key, Leftover::FedIn);
        let again = received(&registers, &key, Leftover::Redistributed);
        for (once, again) in once.iter().zip(&again) {
            prop_assert!(again + 1 >= *once);
        }
        prop_assert!(again.iter().sum::<i64>() >= once.iter().sum::<i64>());
    }

    #[test]
    fn sharing_between_the_retailers_prices_never_costs_anybody((registers, key) in communities()) {
        let members = members(&registers);
        let balances = |key: &Coefficients| {
            let mut ledger = Ledger::default();
            settle(&mut ledger, &members, &share(&members, key, Leftover::FedIn, LOCAL).expect("sound members"));
            members.iter().map(|member| ledger.balance(Account::Participant(member.agent))).collect::<Vec<Money>>()
        };
        for (alone, together) in balances(&Coefficients::None).into_iter().zip(balances(&key)) {
            prop_assert!(together >= alone);
        }
    }

    #[test]
    fn an_ex_post_slot_closes_with_every_residue(
        registers in registers(), import in -300_000_i64..300_000, export in -300_000_i64..300_000,
    ) {
        let members = members(&registers);
        let tariff = Tariff { import: Price(import), export: Price(export) };
        for residue in [Residue::Kept, Residue::Shared] {
            let slot = ex_post(&members, &PriceCurve::default(), tariff, residue).expect("sound members");
            let mut ledger = Ledger::default();
            ledger.post_all(slot.entries(Time(0))).expect("sound entries");
            for (member, bill) in members.iter().zip(&slot.bills) {
                let own = Account::Participant(member.agent);
                prop_assert_eq!(ledger.balance(own), -bill.total);
                prop_assert_eq!(ledger.net_energy(own, Time(0)), member.import - member.export);
            }
            prop_assert_eq!(ledger.net_energy(Account::Market, Time(0)), Energy::ZERO);
            let kept = if residue == Residue::Kept { slot.residue } else { Money::ZERO };
            prop_assert_eq!(ledger.balance(Account::Market), kept);
            if let Some(price) = slot.price {
                prop_assert!((20_000..=80_000).contains(&price.0));
            }
        }
    }

    #[test]
    fn extreme_registers_and_prices_are_billed_or_refused_and_never_panic(
        registers in prop::collection::vec((extreme(), extreme()), 1..4), prices in prop::collection::vec(extreme(), 4),
        shared in any::<bool>(),
    ) {
        let members = members(&registers);
        let point = |(share_bp, price)| PricePoint { share_bp, price: Price(price) };
        let points = [(0, prices[0]), (10_000, prices[1])].map(point);
        let curve = PriceCurve::new(points.to_vec()).expect("two points");
        let tariff = Tariff { import: Price(prices[2]), export: Price(prices[3]) };
        let residue = if shared { Residue::Shared } else { Residue::Kept };
        if let Ok(slot) = ex_post(&members, &curve, tariff, residue) {
            let _ = Ledger::default().post_all(slot.entries(Time(0)));
        }
        let _ = share(&members, &Coefficients::DynamicByConsumption, Leftover::FedIn, Price(prices[0]));
    }
}

fn extreme() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX / 3), Just(0_i64), Just(1_i64), 0_i64..1_000]
}
