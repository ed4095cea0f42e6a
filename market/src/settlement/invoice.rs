//! Invoices: the ledger of one participant over a period, by component, with taxes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Account, Component, Entry, InvoiceSums, Ledger, SettlementError, basis_points_of};
use crate::time::{Span, Time};
use crate::{AgentId, Energy, Money, Price};

/// The slots that begin in `[from, until)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// First instant.
    pub from: Time,
    /// First instant after it.
    pub until: Time,
}

impl Period {
    pub(super) fn checked(self) -> Result<Period, SettlementError> {
        let Period { from, until } = self;
        if from < until { Ok(self) } else { Err(SettlementError::EmptyPeriod { from, until }) }
    }

    /// Refuses periods with so many days that charging each would not end, and instants without a calendar day.
    pub(super) fn within_reach(self) -> Result<Period, SettlementError> {
        const CENTURY_MS: i64 = 36_525 * Span::DAY.0;
        let Period { from, until } = self;
        let near = from.0.unsigned_abs() < 1 << 60 && until.0.unsigned_abs() < 1 << 60;
        if near && until.0 - from.0 <= CENTURY_MS {
            return Ok(self);
        }
        Err(SettlementError::PeriodTooLong { from, until })
    }

    pub(super) fn contains(self, slot: Time) -> bool {
        (self.from..self.until).contains(&slot)
    }
}

/// A tax such as VAT. It is charged once per invoice line, on what the participant pays for `components`; what it
/// receives is not taxed, as for small producers, who are no taxpayers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// Hundredths of a percent of the line; 850 is the VAT rate of Martinique.
    pub rate_bp: u32,
    /// The lines it applies to. A tax on [`Component::Tax`] is never charged.
    pub components: BTreeSet<Component>,
    /// Each line's tax is rounded to the nearest multiple of this, halves away from zero: 1 n€, or 10,000,000 for
    /// cents.
    pub unit: Money,
}

/// On which side of its entries the participant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// It takes the energy, or owes the charge.
    Owed,
    /// It gives the energy, or is credited.
    Due,
}

/// One line of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// What for.
    pub component: Component,
    /// Taken or given.
    pub direction: Direction,
    /// Energy, or base of the charge; never negative.
    pub quantity: Energy,
    /// `amount` per kilowatt-hour, seen as the price of its direction, to the nearest µ€/kWh, halves away from
    /// zero. For reading only; `None` without energy, or where it exceeds 64 bits.
    pub mean_price: Option<Price>,
    /// What the participant owes; negative where it receives.
    pub amount: Money,
}

/// What one participant owes for a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Whose.
    pub agent: AgentId,
    /// Over which slots.
    pub period: Period,
    /// By component, then direction. Lines without energy and money are left out.
    pub lines: Vec<InvoiceLine>,
    /// The sum of the lines: exactly by how much the period has lowered the participant's balance.
    pub total: Money,
}

/// The invoice of `agent` over `period` as the ledger stands. Entries in which the agent pays itself appear on both
/// sides. O(entries).
///
/// # Errors
/// If the period is empty.
pub fn invoice(ledger: &Ledger, agent: AgentId, period: Period) -> Result<Invoice, SettlementError> {
    let mut invoices = invoices(ledger, &[agent], period)?;
    Ok(invoices.pop().expect("one agent has one invoice"))
}

/// Charges taxes to `agents` over `period`, posts them at its last instant, and writes the invoices, in the
/// order of `agents`. Posts all or nothing. O(entries × log agents).
///
/// # Errors
/// If the period is empty or closed already, a tax has no unit, or an amount exceeds the integers.
///
/// # Panics
/// If invoices and ledger differ: a defect of this module.
pub fn close_period(
    ledger: &mut Ledger,
    agents: &[AgentId],
    period: Period,
    taxes: &[Tax],
) -> Result<Vec<Invoice>, SettlementError> {
    let mut entries = Vec::new();
    let slot = period.checked()?.until - Span(1);
    for invoice in invoices(ledger, agents, period)? {
        let agent = invoice.agent;
        if invoice.lines.iter().any(|line| line.component == Component::Tax) {
            return Err(SettlementError::AlreadyTaxed { agent, slot });
        }
        for tax in taxes {
            for line in &invoice.lines {
                entries.push(tax.entry(line, agent, slot)?);
            }
        }
    }
    entries.retain(|entry| entry.amount != Money::ZERO);
    ledger.post_all(entries)?;
    ledger.audit();
    let invoices = invoices(ledger, agents, period)?;
    for invoice in &invoices {
        assert_eq!(invoice.total, owed(ledger, invoice.agent, period), "an invoice is what the ledger says");
    }
    Ok(invoices)
}

impl Tax {
    fn applies_to(&self, line: &InvoiceLine) -> bool {
        let taxable = line.component != Component::Tax && line.direction == Direction::Owed;
        taxable && self.components.contains(&line.component)
    }

    /// What it comes to on a line of `agent`; nothing where it does not apply.
    pub(super) fn on(&self, line: &InvoiceLine, agent: AgentId, slot: Time) -> Result<Money, SettlementError> {
        if self.unit <= Money::ZERO {
            return Err(SettlementError::TaxUnit { unit: self.unit });
        }
        if !self.applies_to(line) {
            return Ok(Money::ZERO);
        }
        let too_large = SettlementError::AmountTooLarge { what: "the tax", agent, slot };
        basis_points_of(line.amount, self.rate_bp, self.unit).ok_or(too_large)
    }

    fn entry(&self, line: &InvoiceLine, agent: AgentId, slot: Time) -> Result<Entry, SettlementError> {
        let amount = self.on(line, agent, slot)?;
        Ok(Entry {
            slot,
            payer: Account::Participant(agent),
            payee: Account::State,
            component: Component::Tax,
            quantity: Energy::ZERO,
            price: None,
            amount,
        })
    }
}

fn invoices(ledger: &Ledger, agents: &[AgentId], period: Period) -> Result<Vec<Invoice>, SettlementError> {
    let period = period.checked()?;
    let mut sums: BTreeMap<AgentId, InvoiceSums> =
        agents.iter().map(|&agent| (agent, InvoiceSums::default())).collect();
    for entry in ledger.entries().iter().filter(|entry| period.contains(entry.slot)) {
        // The ledger bounds the sum of all amounts and quantities, so these sums fit.
        for (account, direction) in [(entry.payer, Direction::Owed), (entry.payee, Direction::Due)] {
            let Account::Participant(agent) = account else { continue };
            if let Some(sums) = sums.get_mut(&agent) {
                sums.add_entry(entry, direction);
            }
        }
    }
    Ok(agents.iter().map(|&agent| sums[&agent].invoice(agent, period)).collect())
}

/// The line over these sums.
pub(super) fn line((component, direction): (Component, Direction), (quantity, amount): (Energy, Money)) -> InvoiceLine {
    let payment = if direction == Direction::Owed { amount.0 } else { -amount.0 };
    let mean = |energy: i128| {
        let half = energy / 2 * payment.signum();
        Price(i64::try_from((payment + half) / energy).ok()?).into()
    };
    let mean_price = if quantity == Energy::ZERO { None } else { mean(i128::from(quantity.0)) };
    InvoiceLine { component, direction, quantity, mean_price, amount }
}

/// By how much the period lowers the balance of `agent`, straight from the entries.
fn owed(ledger: &Ledger, agent: AgentId, period: Period) -> Money {
    let of_period = ledger.entries().iter().filter(|entry| period.contains(entry.slot));
    of_period.map(|entry| entry.owed_by(Account::Participant(agent))).sum()
}
