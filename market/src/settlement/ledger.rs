//! A double-entry ledger: every amount leaves one account and reaches another, so all accounts sum to zero.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::SettlementError;
use crate::time::Time;
use crate::{AgentId, Energy, Money, Price, Trade};

/// Who pays or is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Account {
    /// A member of the market.
    Participant(AgentId),
    /// Supplies what was not bought, buys what was not sold.
    Retailer,
    /// Receives grid fees.
    GridOperator,
    /// Receives levies and taxes.
    State,
    /// The market or community itself: counterparty of pooled energy, keeper of residues.
    Market,
    /// Who settles imbalances that are not the retailer's.
    Balancing,
}

/// What an amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// Energy traded.
    Energy,
    /// Energy supplied or bought by the retailer.
    Retail,
    /// Energy beyond the trades, at an imbalance price.
    Balancing,
    /// Use of the grid.
    GridFee,
    /// A charge of the state per kilowatt-hour.
    Levy,
    /// A charge of the state on other amounts.
    Tax,
    /// A charge per day or month.
    Standing,
    /// A bilateral contract or support scheme.
    Contract,
    /// A correction, or a share of what pooling left over.
    Adjustment,
    /// Energy shared within a community after the fact.
    Community,
}

impl Component {
    /// Whether the quantity of such an entry flows from payee to payer; in all others it is merely the base of a
    /// charge.
    pub fn carries_energy(self) -> bool {
        matches!(self, Component::Energy | Component::Retail | Component::Balancing | Component::Community)
    }
}

/// One amount. Where energy flows, it flows from `payee` to `payer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Begin of the slot, or instant, that the amount is for.
    pub slot: Time,
    /// Who owes the amount: the buyer of energy.
    pub payer: Account,
    /// Who receives it. May be the payer, whose balance then stays as it is.
    pub payee: Account,
    /// What it is for.
    pub component: Component,
    /// Energy that flows or on which the charge is based; never negative.
    pub quantity: Energy,
    /// The price, where one price makes the whole amount; then `amount` is `quantity` × `price`.
    pub price: Option<Price>,
    /// What payer owes payee; where negative, the payee pays.
    pub amount: Money,
}

impl Entry {
    /// Energy at one price.
    pub fn priced(
        slot: Time,
        payer: Account,
        payee: Account,
        component: Component,
        quantity: Energy,
        price: Price,
    ) -> Entry {
        Entry { slot, payer, payee, component, quantity, price: Some(price), amount: quantity * price }
    }

    /// What the buyer of `trade` owes its seller.
    pub fn trade(slot: Time, trade: &Trade) -> Entry {
        let (buyer, seller) = (Account::Participant(trade.buyer), Account::Participant(trade.seller));
        Entry::priced(slot, buyer, seller, Component::Energy, trade.quantity, trade.price)
    }

    /// What `account` owes by this entry: negative where it receives, nothing where it is on both sides or on none.
    pub fn owed_by(&self, account: Account) -> Money {
        match (self.payer == account, self.payee == account) {
            (true, false) => self.amount,
            (false, true) => -self.amount,
            _ => Money::ZERO,
        }
    }
}

/// All entries in the sequence of posting, and the balance of every account.
///
/// Turnover and energy are bounded so that no sum over entries or accounts can overflow: the sizes of all amounts
/// add up to less than 2¹²⁶ n€, and all quantities to less than 2⁶³ Wh. An entry beyond is refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Entry>", into = "Vec<Entry>")]
pub struct Ledger {
    entries: Vec<Entry>,
    /// Received minus paid.
    balances: BTreeMap<Account, Money>,
    turnover: u128,
    energy: i64,
}

/// Every balance is at most the turnover, and every sum of balances at most twice that.
const MAXIMUM_TURNOVER: u128 = 1 << 126;

impl Ledger {
    /// Posts one entry, in O(log accounts).
    ///
    /// # Errors
    /// If its quantity is negative, its amount is not quantity × price, or the ledger cannot hold it.
    pub fn post(&mut self, entry: Entry) -> Result<(), SettlementError> {
        self.post_all(vec![entry])
    }

    /// Posts all entries, or none if one of them is refused; then checks that all accounts sum to zero.
    /// O(entries posted × log accounts + accounts).
    ///
    /// # Errors
    /// Those of [`Ledger::post`], for the first entry refused.
    ///
    /// # Panics
    /// If money was created or lost: a defect of this module, whatever was posted.
    pub fn post_all(&mut self, entries: Vec<Entry>) -> Result<(), SettlementError> {
        let (mut turnover, mut energy) = (self.turnover, self.energy);
        for entry in &entries {
            check(entry)?;
            let &Entry { slot, payer, payee, component, quantity, amount, .. } = entry;
            let too_large = SettlementError::LedgerTooLarge { component, slot, payer, payee };
            let grown = turnover.checked_add(amount.0.unsigned_abs()).filter(|&sum| sum < MAXIMUM_TURNOVER);
            turnover = grown.ok_or(too_large.clone())?;
            energy = energy.checked_add(quantity.0).ok_or(too_large)?;
        }
        (self.turnover, self.energy) = (turnover, energy);
        for entry in &entries {
            *self.balances.entry(entry.payer).or_default() -= entry.amount;
            *self.balances.entry(entry.payee).or_default() += entry.amount;
        }
        self.entries.extend(entries);
        let sum: Money = self.balances.values().copied().sum();
        assert_eq!(sum, Money::ZERO, "the accounts of a ledger sum to zero");
        Ok(())
    }

    /// Every entry, in the sequence of posting.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What `account` has received minus what it has paid.
    pub fn balance(&self, account: Account) -> Money {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    /// Every account that was ever part of an entry, with its balance, in the order of accounts.
    pub fn balances(&self) -> impl Iterator<Item = (Account, Money)> + '_ {
        self.balances.iter().map(|(&account, &balance)| (account, balance))
    }

    /// Energy that `account` took minus energy it gave in the slot that begins at `slot`: its metered import
    /// minus export once the slot is settled. O(entries).
    pub fn net_energy(&self, account: Account, slot: Time) -> Energy {
        net_energy(&self.entries, account, slot)
    }

    /// Forms the balances anew from the entries and compares. O(entries × log accounts).
    ///
    /// # Panics
    /// If they differ: a defect of this module.
    pub fn audit(&self) {
        let mut balances: BTreeMap<Account, Money> = BTreeMap::new();
        for entry in &self.entries {
            *balances.entry(entry.payer).or_default() -= entry.amount;
            *balances.entry(entry.payee).or_default() += entry.amount;
        }
        assert_eq!(balances, self.balances, "the balances of a ledger follow from its entries");
    }
}

/// Taken minus given by `account` in `slot`.
pub(super) fn net_energy(entries: &[Entry], account: Account, slot: Time) -> Energy {
    let of_slot = entries.iter().filter(|entry| entry.slot == slot && entry.component.carries_energy());
    of_slot.fold(Energy::ZERO, |net, entry| {
        let taken = if entry.payer == account { entry.quantity } else { Energy::ZERO };
        let given = if entry.payee == account { entry.quantity } else { Energy::ZERO };
        net + taken - given
    })
}

fn check(entry: &Entry) -> Result<(), SettlementError> {
    let &Entry { slot, component, quantity, price, amount, .. } = entry;
    if quantity < Energy::ZERO {
        return Err(SettlementError::NegativeQuantity { component, slot, quantity });
    }
    match price.map(|price| (price, quantity * price)) {
        Some((price, product)) if product != amount => {
            Err(SettlementError::AmountMismatch { component, slot, amount, quantity, price, product })
        }
        _ => Ok(()),
    }
}

/// A ledger that was stored is checked entry by entry when it comes back.
impl TryFrom<Vec<Entry>> for Ledger {
    type Error = SettlementError;

    fn try_from(entries: Vec<Entry>) -> Result<Ledger, SettlementError> {
        let mut ledger = Ledger::default();
        ledger.post_all(entries)?;
        Ok(ledger)
    }
}

impl From<Ledger> for Vec<Entry> {
    fn from(ledger: Ledger) -> Vec<Entry> {
        ledger.entries
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::Participant(agent) => write!(f, "agent {agent}"),
            Account::Retailer => f.write_str("the retailer"),
            Account::GridOperator => f.write_str("the grid operator"),
            Account::State => f.write_str("the state"),
            Account::Market => f.write_str("the market"),
            Account::Balancing => f.write_str("the balancing account"),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Component::Energy => "energy",
            Component::Retail => "retail",
            Component::Balancing => "balancing",
            Component::GridFee => "grid fee",
            Component::Levy => "levy",
            Component::Tax => "tax",
            Component::Standing => "standing charge",
            Component::Contract => "contract",
            Component::Adjustment => "adjustment",
            Component::Community => "community",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Account = Account::Participant(AgentId(1));
    const B: Account = Account::Participant(AgentId(2));

    fn entry(quantity: i64, price: i64) -> Entry {
        Entry::priced(Time(0), A, B, Component::Energy, Energy(quantity), Price(price))
    }

    #[test]
    fn what_one_account_pays_another_receives() {
        let mut ledger = Ledger::default();
        ledger.post_all(vec![entry(10, 7), entry(5, -2)]).expect("two sound entries");
        assert_eq!((ledger.balance(A), ledger.balance(B)), (Money(-60), Money(60)));
        assert_eq!((ledger.net_energy(A, Time(0)), ledger.net_energy(B, Time(0))), (Energy(15), Energy(-15)));
        assert_eq!(ledger.balance(Account::State), Money::ZERO);
        ledger.audit();
    }

    #[test]
    fn a_payment_to_oneself_moves_nothing() {
        let mut ledger = Ledger::default();
        ledger.post(Entry { payee: A, ..entry(10, 7) }).expect("a sound entry");
        assert_eq!((ledger.balance(A), ledger.net_energy(A, Time(0))), (Money::ZERO, Energy::ZERO));
    }

    #[test]
    fn an_entry_that_contradicts_itself_is_refused_with_all_that_came_along() {
        let mut ledger = Ledger::default();
        let wrong = Entry { amount: Money(71), ..entry(10, 7) };
        assert!(matches!(ledger.post_all(vec![entry(1, 1), wrong]), Err(SettlementError::AmountMismatch { .. })));
        assert!(matches!(ledger.post(entry(-1, 7)), Err(SettlementError::NegativeQuantity { .. })));
        assert_eq!(ledger, Ledger::default());
    }

    #[test]
    fn extreme_amounts_are_refused_before_anything_overflows() {
        let mut ledger = Ledger::default();
        let fortune = Entry { price: None, amount: Money((1 << 126) - 1), quantity: Energy::ZERO, ..entry(0, 0) };
        ledger.post(fortune).expect("just below the bound");
        assert!(matches!(ledger.post(entry(1, 1)), Err(SettlementError::LedgerTooLarge { .. })));
        let lowest = Entry { amount: Money(i128::MIN), ..fortune };
        assert!(matches!(Ledger::default().post(lowest), Err(SettlementError::LedgerTooLarge { .. })));
        let much = vec![entry(i64::MAX, 0), entry(1, 0)];
        assert!(matches!(Ledger::default().post_all(much), Err(SettlementError::LedgerTooLarge { .. })));
    }

    #[test]
    fn a_stored_ledger_comes_back_and_a_forged_one_does_not() {
        let mut ledger = Ledger::default();
        ledger.post(entry(10, 7)).expect("a sound entry");
        let json = serde_json::to_string(&ledger).expect("a ledger serialises");
        assert_eq!(serde_json::from_str::<Ledger>(&json).expect("it comes back"), ledger);
        let forged = json.replace("\"amount\":70", "\"amount\":700");
        let error = serde_json::from_str::<Ledger>(&forged).expect_err("forged").to_string();
        assert!(error.contains("10 Wh at 7 µ€/kWh make 70 n€"), "{error}");
    }
}
