//! Settles a whole slot into the ledger: trades, what the retailer and the balancing account make of the rest,
//! levies and grid fees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charges::{Charge, FeeBase};
use super::ledger::net_energy;
use super::{
    Account, Component, Direction, Entry, Imbalance, InvoiceSums, Ledger, Position, SettlementError, Terms, try_settle,
};
use crate::time::Time;
use crate::{AgentId, Energy, Money, Trade};

/// The meter of one participant in one slot, and the terms under which it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotAccount<'a> {
    /// Whose meter.
    pub agent: AgentId,
    /// Counted on the import register.
    pub import: Energy,
    /// Counted on the export register.
    pub export: Energy,
    /// Prices and charges in force in this slot.
    pub terms: &'a Terms,
}

/// What one participant owes for one slot. Amounts are positive where it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct SlotBill {
    /// What was traded, and its payments.
    pub position: Position,
    /// Bought from the retailer at its tariff.
    pub retail_import: Energy,
    /// Sold to the retailer at its tariff.
    pub retail_export: Energy,
    /// Short, at the imbalance price.
    pub shortage: Energy,
    /// Too much, at the imbalance price.
    pub surplus: Energy,
    /// Paid to the retailer.
    pub retail: Money,
    /// Paid to the balancing account.
    pub balancing: Money,
    /// Paid to the state.
    pub levy: Money,
    /// Paid to the grid operator.
    pub grid_fee: Money,
    /// All of it, trades included.
    pub total: Money,
}

/// Trades of one account in one slot, with purchases and sales apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Traded {
    /// Energy bought.
    pub bought: Energy,
    /// Energy sold.
    pub sold: Energy,
    /// Paid for what was bought.
    pub paid: Money,
    /// Received for what was sold.
    pub received: Money,
}

impl Traded {
    /// Adds what `other` has traded.
    ///
    /// # Panics
    /// If a sum exceeds the integers.
    pub fn add(&mut self, other: &Traded) {
        self.bought += other.bought;
        self.sold += other.sold;
        self.paid += other.paid;
        self.received += other.received;
    }
}

/// Bills one account for the slot that begins at `slot`, as [`settle_slot`] does, without a ledger and without allocating:
/// for those who keep sums only.
///
/// # Errors
/// If a register is negative, or something exceeds the integers.
pub fn bill_slot(slot: Time, account: &SlotAccount<'_>, traded: &Traded) -> Result<SlotBill, SettlementError> {
    reckon(slot, account, traded).map(|(bill, _)| bill)
}

/// The same, which adds everything beyond the trades to `sums`, line by line as [`settle_slot`] would post it.
///
/// # Errors
/// As [`bill_slot`]; nothing is added then.
///
/// # Panics
/// If a sum exceeds the integers.
pub fn bill_slot_into(
    slot: Time,
    account: &SlotAccount<'_>,
    traded: &Traded,
    sums: &mut InvoiceSums,
) -> Result<SlotBill, SettlementError> {
    let (bill, postings) = reckon(slot, account, traded)?;
    for entry in postings.iter().flatten().flatten() {
        let pays = entry.payer == Account::Participant(account.agent);
        sums.add_entry(entry, if pays { Direction::Owed } else { Direction::Due });
    }
    Ok(bill)
}

/// Settles the slot that begins at `slot`: posts its trades, and for every account what its meter shows beyond
/// them, levies and grid fees. Returns one bill per account, in the order given. O((trades + accounts) × log
/// accounts).
///
/// Call it once per slot. It posts all or nothing, and checks that every account's market, retail and balancing
/// energy together are its metered energy.
///
/// # Errors
/// If a trade is not positive or by somebody without a meter, an agent has two meters, a register is negative, or
/// something exceeds the integers.
///
/// # Panics
/// If energy was created or lost: a defect of this module, whatever the readings.
pub fn settle_slot(
    ledger: &mut Ledger,
    slot: Time,
    trades: &[Trade],
    accounts: &[SlotAccount<'_>],
) -> Result<Vec<SlotBill>, SettlementError> {
    let mut traded = gather(slot, trades, accounts)?;
    let mut entries: Vec<Entry> = trades.iter().map(|trade| Entry::trade(slot, trade)).collect();
    let mut bills = Vec::with_capacity(accounts.len());
    for account in accounts {
        let traded = traded.remove(&account.agent).unwrap_or_default();
        let (bill, postings) = reckon(slot, account, &traded)?;
        let own: Vec<Entry> = postings.into_iter().flatten().flatten().collect();
        let (import, export) = account.terms.registers.counted(account.import, account.export);
        let beyond_trades = net_energy(&own, Account::Participant(account.agent), slot);
        let net = traded.bought - traded.sold + beyond_trades;
        assert_eq!(net, import - export, "agent {}: trades and residuals are what was metered", account.agent);
        entries.extend(own);
        bills.push(bill);
    }
    ledger.post_all(entries)?;
    Ok(bills)
}

fn gather(
    slot: Time,
    trades: &[Trade],
    accounts: &[SlotAccount<'_>],
) -> Result<BTreeMap<AgentId, Traded>, SettlementError> {
    let mut traded: BTreeMap<AgentId, Traded> = BTreeMap::new();
    for account in accounts {
        if traded.insert(account.agent, Traded::default()).is_some() {
            return Err(SettlementError::DuplicateAccount { agent: account.agent, slot });
        }
    }
    for trade in trades {
        let &Trade { bid, offer, buyer, seller, quantity, .. } = trade;
        if quantity <= Energy::ZERO {
            return Err(SettlementError::TradeNotPositive { bid, offer, quantity });
        }
        let payment = trade.payment();
        let mut leg = |agent, sum: fn(&mut Traded) -> (&mut Energy, &mut Money)| {
            let account = traded.get_mut(&agent).ok_or(SettlementError::UnknownAgent { agent, slot })?;
            let (energy, money) = sum(account);
            let too_large = SettlementError::AmountTooLarge { what: "the sum of the trades", agent, slot };
            *energy = energy.0.checked_add(quantity.0).map(Energy).ok_or(too_large.clone())?;
            *money = money.0.checked_add(payment.0).map(Money).ok_or(too_large)?;
            Ok(())
        };
        leg(buyer, |traded| (&mut traded.bought, &mut traded.paid))?;
        leg(seller, |traded| (&mut traded.sold, &mut traded.received))?;
    }
    Ok(traded)
}

/// What may be posted of one kind: both flows from and to two accounts, or both charges of two payees.
type Four = [Option<Entry>; 4];

/// What is posted beyond the trades: energy, then charges.
type Postings = [Four; 2];

/// The bill of an account, and what of it is posted beyond its trades.
fn reckon(slot: Time, account: &SlotAccount<'_>, traded: &Traded) -> Result<(SlotBill, Postings), SettlementError> {
    let &SlotAccount { agent, import, export, terms } = account;
    let &Traded { bought, sold, paid, received } = traded;
    let too_large = |what| SettlementError::AmountTooLarge { what, agent, slot };
    if import.min(export) < Energy::ZERO {
        return Err(SettlementError::Negative { import, export, bought, sold });
    }
    let net_paid = paid.0.checked_sub(received.0).map(Money).ok_or(too_large("the net of the trades"))?;
    let position = Position { bought, sold, paid: net_paid };
    let registers = terms.registers.counted(import, export);
    let residual = try_settle(registers.0, registers.1, &position, &terms.tariff)?;
    let both = bought.0.checked_add(sold.0).map(Energy).ok_or(too_large("the sum of the trades"))?;
    // Nothing tells the band from the rest where the retailer's prices hold for both.
    let band = if terms.imbalance == Imbalance::Retail { Energy(i64::MAX) } else { terms.tolerance.band(both) };
    let retail_import = residual.residual_import.min(band);
    let retail_export = residual.residual_export.min(band);
    let mut bill = SlotBill {
        position,
        retail_import,
        retail_export,
        shortage: residual.residual_import - retail_import,
        surplus: residual.residual_export - retail_export,
        ..SlotBill::default()
    };
    let energy = energy_entries(slot, account, &bill);
    let payments = payments(traded, account.agent, &energy).ok_or(too_large("the payment for energy"))?;
    let base = FeeBase { registers, traded: (bought, sold), payments };
    let charges = charge_entries(slot, account, &base).ok_or(too_large("the grid fee"))?;
    let postings = [energy, charges];
    total_up(&mut bill, &postings, Account::Participant(agent)).ok_or(too_large("the bill"))?;
    Ok((bill, postings))
}

/// What retailer and balancing account supply and take.
fn energy_entries(slot: Time, account: &SlotAccount<'_>, bill: &SlotBill) -> Four {
    let member = Account::Participant(account.agent);
    let tariff = account.terms.tariff;
    let imbalance = account.terms.imbalance.prices(tariff);
    let (retailer, balancing) = (Account::Retailer, Account::Balancing);
    let flows = [
        (member, retailer, Component::Retail, bill.retail_import, tariff.import),
        (retailer, member, Component::Retail, bill.retail_export, tariff.export),
        (member, balancing, Component::Balancing, bill.shortage, imbalance.import),
        (balancing, member, Component::Balancing, bill.surplus, imbalance.export),
    ];
    flows.map(|(payer, payee, component, quantity, price)| {
        (quantity > Energy::ZERO).then(|| Entry::priced(slot, payer, payee, component, quantity, price))
    })
}

/// What is paid for all energy taken and received for all energy given; `None` beyond the integers.
fn payments(traded: &Traded, agent: AgentId, entries: &Four) -> Option<(Money, Money)> {
    let (mut for_taken, mut for_given) = (traded.paid.0, traded.received.0);
    for entry in entries.iter().flatten() {
        let side = if entry.payer == Account::Participant(agent) { &mut for_taken } else { &mut for_given };
        *side = side.checked_add(entry.amount.0)?;
    }
    Some((Money(for_taken), Money(for_given)))
}

/// Grid fees and levies; `None` beyond the integers.
fn charge_entries(slot: Time, account: &SlotAccount<'_>, base: &FeeBase) -> Option<Four> {
    let Terms { grid_fee, levies, .. } = account.terms;
    let (import, export) = base.registers;
    let [fee_in, fee_out] = grid_fee.charges(base)?;
    let charges = [
        (Component::GridFee, Account::GridOperator, fee_in),
        (Component::GridFee, Account::GridOperator, fee_out),
        (Component::Levy, Account::State, Charge::at(import, levies.import)),
        (Component::Levy, Account::State, Charge::at(export, levies.export)),
    ];
    let payer = Account::Participant(account.agent);
    Some(charges.map(|(component, payee, Charge { quantity, price, amount })| {
        let entry = Entry { slot, payer, payee, component, quantity, price, amount };
        (amount != Money::ZERO).then_some(entry)
    }))
}

/// Adds the entries up by component; `None` beyond the integers.
fn total_up(bill: &mut SlotBill, postings: &Postings, member: Account) -> Option<()> {
    bill.total = bill.position.paid;
    for entry in postings.iter().flatten().flatten() {
        let owed = entry.owed_by(member);
        let part = match entry.component {
            Component::Retail => &mut bill.retail,
            Component::Balancing => &mut bill.balancing,
            Component::Levy => &mut bill.levy,
            _ => &mut bill.grid_fee,
        };
        *part = Money(part.0.checked_add(owed.0)?);
        bill.total = Money(bill.total.0.checked_add(owed.0)?);
    }
    Some(())
}
