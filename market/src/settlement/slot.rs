//! Settles a whole slot into the ledger: trades, what the retailer and the balancing account make of the rest, levies and
//! grid fees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::charges::{Charge, FeeBase};
use super::ledger::net_energy;
use super::{Account, Component, Entry, Ledger, Position, SettlementError, Terms, try_settle};
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

/// Settles the slot that begins at `slot`: posts its trades, and for every account what its meter shows beyond them,
/// levies and grid fees. Returns one bill per account, in the order given. O((trades + accounts) × log accounts).
///
/// Call it once per slot. It posts all or nothing, and checks that every account's market, retail and balancing energy
/// together are its metered energy.
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
        let own: Vec<Entry> = postings.into_iter().flatten().collect();
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

/// What is posted beyond the trades: four flows of energy, then grid fees and levies on either register.
type Postings = [Option<Entry>; 8];

/// The bill of an account, and what of it is not posted by its trades.
fn reckon(slot: Time, account: &SlotAccount<'_>, traded: &Traded) -> Result<(SlotBill, Postings), SettlementError> {
    let &SlotAccount { agent, import, export, terms } = account;
    let &Traded { bought, sold, paid, received } = traded;
    let too_large = |what| SettlementError::AmountTooLarge { what, agent, slot };
    if import.min(export) < Energy::ZERO {
        return Err(SettlementError::Negative { import, export, bought, sold });
    }
    let net_paid = paid.0.checked_sub(received.0).map(Money).ok_or(too_large("the net of the trades"))?;
    let position = Position { bought, sold, paid: net_paid };
    let (import, export) = terms.registers.counted(import, export);
    let residual = try_settle(import, export, &position, &terms.tariff)?;
    let both = bought.0.checked_add(sold.0).map(Energy).ok_or(too_large("the sum of the trades"))?;
    let band = terms.tolerance.band(both);

    let mut bill = SlotBill {
        position,
        retail_import: residual.residual_import.min(band),
        retail_export: residual.residual_export.min(band),
        ..SlotBill::default()
    };
    bill.shortage = residual.residual_import - bill.retail_import;
    bill.surplus = residual.residual_export - bill.retail_export;
    let (prices, counterparty, component) = terms.imbalance.prices(terms.tariff);
    let flows = [
        (Flow::Taken, Account::Retailer, Component::Retail, bill.retail_import, terms.tariff.import),
        (Flow::Given, Account::Retailer, Component::Retail, bill.retail_export, terms.tariff.export),
        (Flow::Taken, counterparty, component, bill.shortage, prices.import),
        (Flow::Given, counterparty, component, bill.surplus, prices.export),
    ];
    if component == Component::Retail {
        // Nothing tells the band from the rest when the retailer's prices hold for both.
        (bill.retail_import, bill.shortage) = (residual.residual_import, Energy::ZERO);
        (bill.retail_export, bill.surplus) = (residual.residual_export, Energy::ZERO);
    }

    let member = Account::Participant(agent);
    let mut postings = [None; 8];
    let (mut for_taken, mut for_given) = (paid, received);
    for (posting, (flow, counterparty, component, quantity, price)) in postings.iter_mut().zip(flows) {
        if quantity == Energy::ZERO {
            continue;
        }
        let (payer, payee, side) = match flow {
            Flow::Taken => (member, counterparty, &mut for_taken),
            Flow::Given => (counterparty, member, &mut for_given),
        };
        let entry = Entry::priced(slot, payer, payee, component, quantity, price);
        *side = side.0.checked_add(entry.amount.0).map(Money).ok_or(too_large("the payment for energy"))?;
        *posting = Some(entry);
    }
    let base = FeeBase { registers: (import, export), traded: (bought, sold), payments: (for_taken, for_given) };
    let fees = terms.grid_fee.charges(&base).ok_or(too_large("the grid fee"))?;
    let levies = [Charge::at(import, terms.levies.import), Charge::at(export, terms.levies.export)];
    let charges = [(Component::GridFee, Account::GridOperator, fees), (Component::Levy, Account::State, levies)];
    let charges =
        charges.into_iter().flat_map(|(component, payee, both)| both.map(|charge| (component, payee, charge)));
    for (posting, (component, payee, charge)) in postings[4..].iter_mut().zip(charges) {
        let Charge { quantity, price, amount } = charge;
        let due = Entry { slot, payer: member, payee, component, quantity, price, amount };
        *posting = (amount != Money::ZERO).then_some(due);
    }
    total_up(&mut bill, postings.iter().flatten(), member).ok_or(too_large("the bill"))?;
    Ok((bill, postings))
}

/// Which way energy flows, seen from the participant.
#[derive(Clone, Copy)]
enum Flow {
    Taken,
    Given,
}

/// Adds the entries up by component; `None` beyond the integers.
fn total_up<'e>(bill: &mut SlotBill, entries: impl Iterator<Item = &'e Entry>, member: Account) -> Option<()> {
    bill.total = bill.position.paid;
    for entry in entries {
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
