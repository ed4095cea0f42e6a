//! Invoices without a ledger: what one participant owes over a period, summed by line as it comes about.
//!
//! A ledger keeps every entry; over a year of slots that is most of what would have to be kept. Sums are as exact, and as
//! many as an invoice has lines.

use serde::{Deserialize, Serialize};

use super::invoice::line;
use super::{Component, Direction, Entry, Invoice, InvoiceLine, Period, SettlementError, Tax};
use crate::{AgentId, Energy, Money};

/// Quantity and amount by line of an invoice to be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InvoiceSums(Vec<Sum>);

/// One line so far; sorted by component, then direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sum {
    component: Component,
    direction: Direction,
    quantity: Energy,
    amount: Money,
}

/// A line of an invoice, and the tax on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TaxedLine {
    /// The line before tax.
    pub line: InvoiceLine,
    /// What all taxes on it come to.
    pub tax: Money,
}

/// An invoice whose taxes stand beside the lines they are charged on, in place of a line of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxedInvoice {
    /// Over which slots.
    pub period: Period,
    /// By component, then direction. Lines without energy and money are left out.
    pub lines: Vec<TaxedLine>,
    /// Sum of all lines before tax.
    pub net: Money,
    /// Sum of all taxes.
    pub tax: Money,
}

impl TaxedInvoice {
    /// What is to be paid; negative where the participant receives.
    pub fn total(&self) -> Money {
        self.net + self.tax
    }
}

impl InvoiceSums {
    /// Whether nothing has been added.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds `amount` that the participant owes for `quantity` (not negative) to a line; negative where it receives.
    ///
    /// # Panics
    /// If a sum exceeds the integers.
    pub fn add(&mut self, component: Component, direction: Direction, quantity: Energy, amount: Money) {
        let place = self.0.binary_search_by_key(&(component, direction), |sum| (sum.component, sum.direction));
        match place {
            Ok(place) => {
                self.0[place].quantity += quantity;
                self.0[place].amount += amount;
            }
            Err(place) => self.0.insert(place, Sum { component, direction, quantity, amount }),
        }
    }

    /// What the participant owes by all lines.
    pub fn total(&self) -> Money {
        self.0.iter().map(|sum| sum.amount).sum()
    }

    /// What it owes by the lines of a component.
    pub fn total_of(&self, component: Component) -> Money {
        self.0.iter().filter(|sum| sum.component == component).map(|sum| sum.amount).sum()
    }

    /// Adds an entry on the side on which it pays, or on the other one.
    pub(super) fn add_entry(&mut self, entry: &Entry, direction: Direction) {
        let amount = if direction == Direction::Owed { entry.amount } else { -entry.amount };
        self.add(entry.component, direction, entry.quantity, amount);
    }

    /// The invoice over these sums, without taxes.
    pub fn invoice(&self, agent: AgentId, period: Period) -> Invoice {
        let lines: Vec<InvoiceLine> = self.lines().collect();
        Invoice { agent, period, total: lines.iter().map(|line| line.amount).sum(), lines }
    }

    /// The invoice over these sums with `taxes`: line by line and tax by tax what [`super::close_period`] charges.
    ///
    /// # Errors
    /// If a tax has no unit, or comes to more than the integers hold; `agent` is named then.
    pub fn close(&self, agent: AgentId, period: Period, taxes: &[Tax]) -> Result<TaxedInvoice, SettlementError> {
        let mut lines = Vec::with_capacity(self.0.len());
        for line in self.lines() {
            let of_line = taxes.iter().map(|tax| tax.on(&line, agent, period.from));
            let tax = of_line.sum::<Result<Money, SettlementError>>()?;
            lines.push(TaxedLine { line, tax });
        }
        let net = lines.iter().map(|line| line.line.amount).sum();
        let tax = lines.iter().map(|line| line.tax).sum();
        Ok(TaxedInvoice { period, lines, net, tax })
    }

    fn lines(&self) -> impl Iterator<Item = InvoiceLine> {
        let worth_printing = |sum: &&Sum| sum.quantity != Energy::ZERO || sum.amount != Money::ZERO;
        let sums = self.0.iter().filter(worth_printing);
        sums.map(|sum| line((sum.component, sum.direction), (sum.quantity, sum.amount)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;
    use std::collections::BTreeSet;

    const PERIOD: Period = Period { from: Time(0), until: Time(1) };

    #[test]
    fn each_line_bears_its_own_taxes_rounded_to_their_unit() {
        let mut sums = InvoiceSums::default();
        sums.add(Component::Retail, Direction::Owed, Energy(1_000), Money(123_456_789));
        sums.add(Component::Retail, Direction::Due, Energy(500), Money(-50_000_000));
        sums.add(Component::Retail, Direction::Owed, Energy(1_000), Money(123_456_789));
        sums.add(Component::Standing, Direction::Owed, Energy::ZERO, Money(12_500_000_000));
        let cent = Money(10_000_000);
        let tax = |rate_bp, component| Tax { rate_bp, components: BTreeSet::from([component]), unit: cent };
        let taxes = [tax(850, Component::Retail), tax(210, Component::Standing)];
        let closed = sums.close(AgentId(1), PERIOD, &taxes).expect("sound taxes");
        // 8.5 % of 246,913,578 n€ are 20,987,654.13: two cents. 2.1 % of 12.50 € are 26.25 cents: 26. Feed-in is not taxed.
        let lines: Vec<_> = closed.lines.iter().map(|line| (line.line.amount.0, line.tax.0)).collect();
        assert_eq!(lines, [(246_913_578, 20_000_000), (-50_000_000, 0), (12_500_000_000, 260_000_000)]);
        assert_eq!(closed.total(), Money(246_913_578 - 50_000_000 + 12_500_000_000 + 280_000_000));
        assert_eq!(closed.lines[0].line.mean_price.map(|price| price.0), Some(123_457), "µ€/kWh, to the nearest");
    }

    #[test]
    fn what_was_stored_comes_back() {
        let mut sums = InvoiceSums::default();
        sums.add(Component::Energy, Direction::Due, Energy(5), Money(-7));
        let json = serde_json::to_string(&sums).expect("sums serialise");
        assert_eq!(serde_json::from_str::<InvoiceSums>(&json).expect("and come back"), sums);
    }
}
