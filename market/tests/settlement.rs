//! Settlement of whole slots and periods: worked bills, and conservation of money and energy over random ones.

use std::collections::BTreeSet;

use market::settlement::{
    Account, Component, Direction, GridFee, Imbalance, InvoiceSums, Ledger, Levies, Period, Registers, SettlementError,
    SlotAccount, SlotBill, StandingCharge, Tax, Terms, Tolerance, Traded, bill_slot_into, close_period, invoice,
    settle_slot,
};
use market::time::{Calendar, Span, Time};
use market::{AgentId, Energy, Money, OrderId, Price, Tariff, Trade, settle};
use proptest::prelude::*;

const SLOT: Time = Time(0);
const DAY: Period = Period { from: Time(0), until: Time(Span::DAY.0) };
const TARIFF: Tariff = Tariff { import: Price(200), export: Price(50) };

fn trade(buyer: u32, seller: u32, quantity: i64, price: i64) -> Trade {
    let (buyer, seller) = (AgentId(buyer), AgentId(seller));
    Trade { bid: OrderId(1), offer: OrderId(2), buyer, seller, quantity: Energy(quantity), price: Price(price) }
}

fn member(agent: u32) -> Account {
    Account::Participant(AgentId(agent))
}

fn terms() -> Terms {
    Terms { tariff: TARIFF, ..Terms::default() }
}

/// Settles agent 1's registers and agent 2, who delivers exactly what it sold, if anything.
fn bill(import: i64, export: i64, trades: &[Trade], terms: &Terms) -> (SlotBill, Ledger) {
    let sold: i64 = trades.iter().filter(|trade| trade.seller == AgentId(2)).map(|trade| trade.quantity.0).sum();
    let plain = Terms::default();
    let accounts = [
        SlotAccount { agent: AgentId(1), import: Energy(import), export: Energy(export), terms },
        SlotAccount { agent: AgentId(2), import: Energy(0), export: Energy(sold), terms: &plain },
    ];
    let mut ledger = Ledger::default();
    let bills = settle_slot(&mut ledger, SLOT, trades, &accounts).expect("sound readings");
    (bills[0], ledger)
}

#[test]
fn a_deviation_costs_both_ways_under_the_dual_prices_of_lemlab() {
    let terms = Terms { imbalance: Imbalance::COST_BOTH_WAYS, ..terms() };
    // Bought 1000, took 1300: 300 short × 100,000. Took 900: 100 too much × 100,000, also paid.
    let (short, ledger) = bill(1_300, 0, &[trade(1, 2, 1_000, 80)], &terms);
    assert_eq!((short.shortage, short.balancing, short.total), (Energy(300), Money(30_000_000), Money(30_080_000)));
    assert_eq!(ledger.balance(Account::Balancing), Money(30_000_000));
    let (long, _) = bill(900, 0, &[trade(1, 2, 1_000, 80)], &terms);
    assert_eq!((long.surplus, long.balancing, long.retail), (Energy(100), Money(10_000_000), Money::ZERO));
}

#[test]
fn a_single_price_is_paid_by_the_short_and_earned_by_the_long() {
    let terms = Terms { imbalance: Imbalance::SinglePrice { price: Price(70) }, ..terms() };
    assert_eq!(bill(100, 0, &[], &terms).0.balancing, Money(7_000));
    assert_eq!(bill(0, 100, &[], &terms).0.balancing, Money(-7_000));
}

#[test]
fn within_the_tolerance_the_retailer_supplies_and_only_beyond_it_is_imbalance() {
    // Traded 1000, 5 % are 50 Wh; 300 short: 50 × 200 from the retailer and 250 × 900 as imbalance.
    let imbalance = Imbalance::DualPrice { shortage: Price(900), surplus: Price(-900) };
    let share = Terms { imbalance, tolerance: Tolerance::ShareOfTraded(500), ..terms() };
    let (short, _) = bill(1_300, 0, &[trade(1, 2, 1_000, 80)], &share);
    assert_eq!((short.retail_import, short.shortage), (Energy(50), Energy(250)));
    assert_eq!((short.retail, short.balancing), (Money(10_000), Money(225_000)));
    // 40 too much within a band of 60: sold to the retailer at 50.
    let band = Terms { imbalance, tolerance: Tolerance::Energy(Energy(60)), ..terms() };
    let (long, _) = bill(960, 0, &[trade(1, 2, 1_000, 80)], &band);
    assert_eq!((long.retail_export, long.retail, long.balancing), (Energy(40), Money(-2_000), Money::ZERO));
}

#[test]
fn net_metering_bills_the_difference_of_the_registers_only() {
    assert_eq!(bill(300, 200, &[], &terms()).0.total, Money(300 * 200 - 200 * 50));
    let netted = Terms { registers: Registers::Netted, ..terms() };
    assert_eq!(bill(300, 200, &[], &netted).0.total, Money(100 * 200));
}

#[test]
fn levies_and_constant_fees_are_due_on_both_registers() {
    // 1000 Wh × 180,000 to the state; 1000 × 40 + 500 × 10 to the grid operator.
    let terms = Terms {
        levies: Levies { import: Price(180_000), export: Price(0) },
        grid_fee: GridFee::Constant(Levies { import: Price(40), export: Price(10) }),
        ..terms()
    };
    let (bill, ledger) = bill(1_000, 500, &[], &terms);
    assert_eq!((bill.levy, bill.grid_fee), (Money(180_000_000), Money(45_000)));
    assert_eq!(ledger.balance(Account::State), Money(180_000_000));
    assert_eq!(ledger.balance(Account::GridOperator), Money(45_000));
}

#[test]
fn a_percentage_fee_counts_the_size_of_market_and_retail_payments_together() {
    // Taken: 600 × 100 + 400 × 200 = 140,000, of which 10 % are 14,000.
    let terms = Terms { grid_fee: GridFee::Percentage { import_bp: 1_000, export_bp: 0 }, ..terms() };
    assert_eq!(bill(1_000, 0, &[trade(1, 2, 600, 100)], &terms).0.grid_fee, Money(14_000));
    // At −100 for the trade: −60,000 + 80,000 = 20,000. At −200: |−120,000 + 80,000| = 40,000.
    assert_eq!(bill(1_000, 0, &[trade(1, 2, 600, -100)], &terms).0.grid_fee, Money(2_000));
    assert_eq!(bill(1_000, 0, &[trade(1, 2, 600, -200)], &terms).0.grid_fee, Money(4_000));
}

#[test]
fn the_blend_charges_the_market_fee_on_the_local_share_and_the_retail_fee_on_the_rest() {
    // Local share 600/1000: 600 × 30 + 400 × 80 = 50,000, as 1000 × (30 × 0.6 + 80 × 0.4).
    let market = Levies { import: Price(30), export: Price(3) };
    let retail = Levies { import: Price(80), export: Price(8) };
    let terms = Terms { grid_fee: GridFee::Blend { market, retail }, ..terms() };
    assert_eq!(bill(1_000, 0, &[trade(1, 2, 600, 100)], &terms).0.grid_fee, Money(50_000));
    // What was bought in excess is no local import: 500 × 30.
    assert_eq!(bill(500, 0, &[trade(1, 2, 600, 100)], &terms).0.grid_fee, Money(15_000));
    assert_eq!(bill(0, 100, &[], &terms).0.grid_fee, Money(800));
}

#[test]
fn vat_is_charged_once_per_line_and_a_period_closes_once() {
    let (_, mut ledger) = bill(1_000, 500, &[], &terms());
    // 8.5 % of the 200,000 n€ taken; what is fed in is not taxed.
    let components = BTreeSet::from([Component::Energy, Component::Retail, Component::GridFee]);
    let tax = Tax { rate_bp: 850, components, unit: Money(1) };
    let closed = close_period(&mut ledger, &[AgentId(1)], DAY, std::slice::from_ref(&tax)).expect("a period");
    let line = |component, direction| {
        let found = closed[0].lines.iter().find(|line| line.component == component && line.direction == direction);
        found.map(|line| (line.quantity.0, line.mean_price.map(|price| price.0), line.amount.0))
    };
    assert_eq!(line(Component::Retail, Direction::Owed), Some((1_000, Some(200), 200_000)));
    assert_eq!(line(Component::Retail, Direction::Due), Some((500, Some(50), -25_000)));
    assert_eq!(line(Component::Tax, Direction::Owed), Some((0, None, 17_000)));
    assert_eq!(closed[0].total, Money(192_000));
    assert_eq!(ledger.balance(member(1)), Money(-192_000));
    let again = close_period(&mut ledger, &[AgentId(1)], DAY, &[tax]).expect_err("closed already");
    assert!(matches!(again, SettlementError::AlreadyTaxed { agent: AgentId(1), .. }));
    let json = serde_json::to_string(&closed).expect("invoices serialise");
    assert_eq!(serde_json::from_str::<Vec<market::settlement::Invoice>>(&json).expect("and come back"), closed);
}

#[test]
fn standing_charges_fall_due_at_local_midnight() {
    // 2026-03-30T00:00 to 2026-04-02T00:00 in Martinique, UTC−4: three days and one first of a month.
    let calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    let from = Time(1_773_979_200_000 + 10 * Span::DAY.0);
    let period = Period { from, until: from + Span::DAY * 3 };
    let mut ledger = Ledger::default();
    let mut charge = |charge: StandingCharge| {
        charge.post(&mut ledger, AgentId(1), Account::Retailer, period, calendar).expect("a period");
        ledger.balance(Account::Retailer)
    };
    assert_eq!(charge(StandingCharge::PerDay(Money(10))), Money(30));
    assert_eq!(charge(StandingCharge::PerMonth(Money(500))), Money(530));
    // March has 31 days: by its 29th 946, by the 30th 29/31, by the 31st all of the 1,000; April's first of 30 makes 33.
    assert_eq!(charge(StandingCharge::PerMonthByDay(Money(1_000))), Money(530 + 33 + 32 + 33));
    let forever = Period { from, until: Time::NEVER };
    let refused = StandingCharge::PerDay(Money(1)).post(&mut ledger, AgentId(1), Account::State, forever, calendar);
    assert!(matches!(refused, Err(SettlementError::PeriodTooLong { .. })));
    let empty = Period { from, until: from };
    assert!(matches!(invoice(&ledger, AgentId(1), empty), Err(SettlementError::EmptyPeriod { .. })));
}

#[test]
fn what_cannot_be_settled_is_refused_and_nothing_is_posted() {
    let terms = terms();
    let account = |agent, import, export| SlotAccount {
        agent: AgentId(agent),
        import: Energy(import),
        export: Energy(export),
        terms: &terms,
    };
    let refused = |trades: &[Trade], accounts: &[SlotAccount<'_>]| {
        let mut ledger = Ledger::default();
        let error = settle_slot(&mut ledger, SLOT, trades, accounts).expect_err("refused");
        assert_eq!(ledger, Ledger::default());
        error
    };
    let stranger = refused(&[trade(1, 9, 5, 5)], &[account(1, 5, 0)]);
    assert_eq!(stranger, SettlementError::UnknownAgent { agent: AgentId(9), slot: SLOT });
    assert!(stranger.to_string().contains("agent 9 trades in the slot at 1970-01-01T00:00:00Z but has no meter"));
    let twice = refused(&[], &[account(1, 5, 0), account(1, 5, 0)]);
    assert_eq!(twice, SettlementError::DuplicateAccount { agent: AgentId(1), slot: SLOT });
    assert!(matches!(refused(&[], &[account(1, -5, 0)]), SettlementError::Negative { .. }));
    assert!(matches!(refused(&[trade(1, 1, 0, 5)], &[account(1, 5, 0)]), SettlementError::TradeNotPositive { .. }));
    let much = refused(&[trade(1, 1, i64::MAX, 5)], &[account(1, i64::MAX, i64::MAX)]);
    assert!(matches!(much, SettlementError::AccountTooLarge { .. }), "{much}");
}

fn price() -> impl Strategy<Value = i64> {
    prop_oneof![-300_i64..300, -300_000_i64..300_000]
}

fn levies() -> impl Strategy<Value = Levies> {
    (price(), price()).prop_map(|(import, export)| Levies { import: Price(import), export: Price(export) })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let imbalance = prop_oneof![
        Just(Imbalance::Retail),
        Just(Imbalance::COST_BOTH_WAYS),
        price().prop_map(|price| Imbalance::SinglePrice { price: Price(price) }),
    ];
    let tolerance = prop_oneof![
        Just(Tolerance::None),
        (0_i64..500).prop_map(|band| Tolerance::Energy(Energy(band))),
        (0_u32..20_000).prop_map(Tolerance::ShareOfTraded),
    ];
    let grid_fee = prop_oneof![
        Just(GridFee::None),
        levies().prop_map(GridFee::Constant),
        (0_u32..5_000, 0_u32..5_000).prop_map(|(import_bp, export_bp)| GridFee::Percentage { import_bp, export_bp }),
        (levies(), levies()).prop_map(|(market, retail)| GridFee::Blend { market, retail }),
    ];
    let registers = prop_oneof![Just(Registers::Separate), Just(Registers::Netted)];
    (registers, levies(), imbalance, tolerance, levies(), grid_fee).prop_map(
        |(registers, prices, imbalance, tolerance, levies, grid_fee)| {
            let tariff = Tariff { import: prices.import, export: prices.export };
            Terms { registers, tariff, imbalance, tolerance, levies, grid_fee }
        },
    )
}

/// Registers and terms of five agents, and trades among them.
fn slot() -> impl Strategy<Value = (Vec<(i64, i64, Terms)>, Vec<Trade>)> {
    let meter = (0_i64..3_000, prop_oneof![Just(0_i64), 0_i64..3_000], any_terms())
        .prop_map(|(import, export, terms)| (import, export, terms));
    let trades = (0_u32..5, 0_u32..5, 1_i64..2_000, price())
        .prop_map(|(buyer, seller, quantity, price)| trade(buyer, seller, quantity, price));
    (prop::collection::vec(meter, 5), prop::collection::vec(trades, 0..12))
}

fn accounts(meters: &[(i64, i64, Terms)]) -> Vec<SlotAccount<'_>> {
    let mut accounts = Vec::new();
    for (agent, (import, export, terms)) in (0..).zip(meters) {
        accounts.push(SlotAccount { agent: AgentId(agent), import: Energy(*import), export: Energy(*export), terms });
    }
    accounts
}

proptest! {
    #[test]
    fn no_money_appears_and_every_watt_hour_is_accounted_for((meters, trades) in slot()) {
        let accounts = accounts(&meters);
        let mut ledger = Ledger::default();
        let bills = settle_slot(&mut ledger, SLOT, &trades, &accounts).expect("sound readings");
        ledger.audit();
        prop_assert_eq!(ledger.balances().map(|(_, balance)| balance).sum::<Money>(), Money::ZERO);
        for (account, bill) in accounts.iter().zip(&bills) {
            let own = Account::Participant(account.agent);
            prop_assert_eq!(ledger.balance(own), -bill.total);
            prop_assert_eq!(ledger.net_energy(own, SLOT), account.import - account.export);
            let parts = bill.position.paid + bill.retail + bill.balancing + bill.levy + bill.grid_fee;
            prop_assert_eq!(parts, bill.total);
        }
        let energy: Energy = ledger.balances().map(|(account, _)| ledger.net_energy(account, SLOT)).sum();
        prop_assert_eq!(energy, Energy::ZERO);
    }

    #[test]
    fn invoices_are_the_ledger_to_the_nano_euro(
        slots in prop::collection::vec(slot(), 1..4),
        rate_bp in 0_u32..3_000,
        unit in prop_oneof![Just(1), Just(1_000)],
    ) {
        let mut ledger = Ledger::default();
        let mut sums = vec![InvoiceSums::default(); 5];
        for (index, (meters, trades)) in slots.iter().enumerate() {
            let start = SLOT + Span::from_minutes(15) * index as i64;
            let accounts = accounts(meters);
            settle_slot(&mut ledger, start, trades, &accounts).expect("sound readings");
            let mut traded = vec![Traded::default(); 5];
            for trade in trades {
                let (quantity, payment) = (trade.quantity, trade.payment());
                let [buyer, seller] = [trade.buyer, trade.seller].map(|agent| agent.0 as usize);
                traded[buyer].add(&Traded { bought: quantity, paid: payment, ..Traded::default() });
                traded[seller].add(&Traded { sold: quantity, received: payment, ..Traded::default() });
                sums[buyer].add(Component::Energy, Direction::Owed, quantity, payment);
                sums[seller].add(Component::Energy, Direction::Due, quantity, -payment);
            }
            for account in &accounts {
                let agent = account.agent.0 as usize;
                bill_slot_into(start, account, &traded[agent], &mut sums[agent]).expect("sound readings");
            }
        }
        let components = BTreeSet::from([Component::Energy, Component::Retail, Component::Levy]);
        let tax = Tax { rate_bp, components, unit: Money(unit) };
        let agents: Vec<AgentId> = (0..5).map(AgentId).collect();
        let summed: Vec<_> = agents
            .iter()
            .map(|agent| sums[agent.0 as usize].close(*agent, DAY, std::slice::from_ref(&tax)).expect("a period"))
            .collect();
        let invoices = close_period(&mut ledger, &agents, DAY, &[tax]).expect("a period");
        for (invoice, summed) in invoices.iter().zip(&summed) {
            prop_assert_eq!(invoice.total, -ledger.balance(Account::Participant(invoice.agent)));
            // Without a ledger, the same invoice.
            prop_assert_eq!(invoice.total, summed.total());
            let before_tax = invoice.lines.iter().filter(|line| line.component != Component::Tax).copied();
            let lines: Vec<_> = summed.lines.iter().map(|line| line.line).collect();
            prop_assert_eq!(before_tax.collect::<Vec<_>>(), lines);
            for line in invoice.lines.iter().filter(|line| line.component == Component::Tax) {
                prop_assert_eq!(line.amount.0 % unit, 0);
            }
        }
        let institutions = ledger.balances().filter(|(account, _)| !matches!(account, Account::Participant(_)));
        let received: Money = institutions.map(|(_, balance)| balance).sum();
        prop_assert_eq!(invoices.iter().map(|invoice| invoice.total).sum::<Money>(), received);
    }

    #[test]
    fn without_charges_a_slot_settles_as_the_plain_bill((meters, trades) in slot()) {
        let plain: Vec<_> = meters.iter().map(|&(import, export, terms)| {
            (import, export, Terms { tariff: terms.tariff, ..Terms::default() })
        }).collect();
        let accounts = accounts(&plain);
        let bills = settle_slot(&mut Ledger::default(), SLOT, &trades, &accounts).expect("sound readings");
        for (account, bill) in accounts.iter().zip(bills) {
            let expected = settle(account.import, account.export, &bill.position, &account.terms.tariff);
            prop_assert_eq!((bill.total, bill.retail), (expected.total, expected.residual));
            prop_assert_eq!(bill.retail_import, expected.residual_import);
        }
    }

    #[test]
    fn extreme_integers_are_settled_or_refused_and_never_panic(
        registers in prop::collection::vec((extreme(), extreme()), 2),
        (quantity, trade_price) in (extreme(), extreme()),
        prices in prop::collection::vec(extreme(), 6),
        percentage in any::<bool>(),
        rate_bp in prop_oneof![Just(u32::MAX), Just(1_u32)],
    ) {
        let both = |at: usize| Levies { import: Price(prices[at]), export: Price(prices[at + 1]) };
        let grid_fee = if percentage {
            GridFee::Percentage { import_bp: rate_bp, export_bp: rate_bp }
        } else {
            GridFee::Blend { market: both(2), retail: both(4) }
        };
        let tariff = Tariff { import: Price(prices[0]), export: Price(prices[1]) };
        let imbalance = Imbalance::DualPrice { shortage: Price(prices[2]), surplus: Price(prices[3]) };
        let tolerance = Tolerance::ShareOfTraded(rate_bp);
        let terms = Terms { tariff, imbalance, tolerance, grid_fee, levies: both(4), registers: Registers::Separate };
        let meters: Vec<_> = registers.into_iter().map(|(import, export)| (import, export, terms)).collect();
        let mut ledger = Ledger::default();
        let settled = settle_slot(&mut ledger, SLOT, &[trade(0, 1, quantity, trade_price)], &accounts(&meters));
        if settled.is_ok() {
            let tax = Tax { rate_bp, components: BTreeSet::from([Component::Energy]), unit: Money(1) };
            let _ = close_period(&mut ledger, &[AgentId(0), AgentId(1)], DAY, &[tax]);
        } else {
            prop_assert_eq!(&ledger, &Ledger::default());
        }
    }
}

fn extreme() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(i64::MAX),
        Just(i64::MIN),
        Just(i64::MAX / 2),
        Just(i64::MAX / 8),
        Just(0_i64),
        Just(1_i64),
        0_i64..1_000_000,
    ]
}
