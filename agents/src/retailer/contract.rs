//! Bilateral contracts of sites with each other and with their retailer, settled slot by slot against meters and clearing
//! prices. What they pay says [`market::settlement::contract`]; here is what is delivered, and which price is the reference.

use crate::id::SiteId;
use crate::time::{Slot, Span, Time};
use market::product::ProductId;
use market::settlement::contract::{
    AtNegativePrices, CfdForm, contract_for_differences, feed_in_tariff, fixed_premium, fixed_quantity_ppa,
    market_premium, swing_ppa,
};
use market::settlement::{Component, Direction, InvoiceSums, Registers, SettlementError, Traded};
use market::{Energy, Money, Price};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who is party to a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Party {
    /// The retailer itself, who has no meter: it delivers and takes whatever is contracted.
    Retailer,
    /// A site.
    Site(SiteId),
}

/// What two parties have agreed. Where energy is delivered, it counts as traded before the rest is settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contract {
    /// Who takes the energy, and pays.
    pub buyer: Party,
    /// Who gives the energy, and is paid.
    pub seller: Party,
    /// First slot it holds for: the first one that begins at this instant or later.
    pub from: Option<Time>,
    /// It holds for slots that begin before this instant.
    pub until: Option<Time>,
    /// Whose clearing prices are the reference; none where no price is looked at.
    pub reference: Option<ProductId>,
    /// What is paid.
    pub terms: ContractTerms,
}

/// What a contract pays; energies are those of one settlement slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContractTerms {
    /// All that the seller feeds in and has not traded is delivered; what differs from the quantity is paid at the reference.
    /// A retailer who sells delivers just the quantity.
    FixedQuantity {
        /// What is contracted.
        quantity: Energy,
        /// Its price.
        strike: Price,
    },
    /// All that the buyer takes and has not traded is delivered.
    Swing {
        /// Paid for in any case.
        minimum: Energy,
        /// Beyond it, the reference is paid.
        maximum: Energy,
        /// The price within.
        strike: Price,
    },
    /// Paid on a quantity, and nothing is delivered.
    Differences {
        /// Who makes up for the difference.
        form: CfdForm,
        /// On how much; none: on all that the seller's meter feeds in.
        quantity: Option<Energy>,
        /// The price agreed.
        strike: Price,
    },
    /// All that the seller feeds in and has not traded is delivered.
    FeedInTariff {
        /// Its price.
        tariff: Price,
    },
    /// On all that the seller's meter feeds in: what the mean reference of the invoice's period lacks to a price.
    MarketPremium {
        /// That price.
        applicable: Price,
        /// What becomes of slots with a negative reference.
        at_negative: AtNegativePrices,
    },
    /// On all that the seller's meter feeds in.
    FixedPremium {
        /// How much of it.
        premium: Price,
        /// What becomes of slots with a negative reference.
        at_negative: AtNegativePrices,
    },
}

impl ContractTerms {
    /// Whether energy changes hands under it.
    pub fn delivers(&self) -> bool {
        matches!(self, Self::FixedQuantity { .. } | Self::Swing { .. } | Self::FeedInTariff { .. })
    }
}

/// The contracts, the prices they refer to, and what waits for the end of the period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Contracts {
    contracts: Vec<Contract>,
    references: Vec<Reference>,
    /// By contract.
    accrued: Vec<Accrued>,
}

/// Clearing prices of a product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Reference {
    product: ProductId,
    /// By beginning of the settlement slot, of slots to come.
    ahead: BTreeMap<Time, Price>,
    /// That of the slot settled last.
    last: Option<Price>,
}

/// What a premium is paid on at the end of the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Accrued {
    quantity: Energy,
    /// Sum of the reference prices, in µ€/kWh, and of how many slots.
    prices: i64,
    slots: i64,
}

/// What contracts are settled against: the meters of a slot, import first, by account.
pub(super) struct Meters<'a> {
    pub(super) slot: Slot,
    pub(super) registers: &'a dyn Fn(usize) -> (Energy, Energy),
    /// Whether the two registers count each, or netted.
    pub(super) netting: Registers,
    /// The account of a site.
    pub(super) account: &'a dyn Fn(SiteId) -> Option<usize>,
}

impl Meters<'_> {
    fn account_of(&self, party: Party) -> Option<usize> {
        match party {
            Party::Retailer => None,
            Party::Site(site) => (self.account)(site),
        }
    }

    /// What the meter of a site has taken and given; nothing of a retailer.
    fn metered(&self, party: Party) -> (Energy, Energy) {
        let (import, export) =
            self.account_of(party).map_or_else(Default::default, |account| (self.registers)(account));
        self.netting.counted(import, export)
    }
}

impl Contracts {
    pub(super) fn new(contracts: Vec<Contract>) -> Self {
        let mut references: Vec<Reference> = Vec::new();
        for product in contracts.iter().filter_map(|contract| contract.reference) {
            if references.iter().all(|known| known.product != product) {
                references.push(Reference { product, ..Reference::default() });
            }
        }
        let accrued = vec![Accrued::default(); contracts.len()];
        Self { contracts, references, accrued }
    }

    /// Learns what a product was cleared at for a delivery, in settlement slots of length `slot`.
    pub(super) fn learn(&mut self, product: ProductId, delivery: Slot, price: Price, slot: Span) {
        for known in self.references.iter_mut().filter(|known| known.product == product) {
            let mut start = delivery.start;
            while start < delivery.end() {
                known.ahead.insert(start, price);
                start += slot;
            }
        }
    }

    /// Settles a slot: what is delivered counts as traded, and payments become lines of invoices.
    ///
    /// # Errors
    /// If a payment exceeds the integers.
    pub(super) fn settle(
        &mut self,
        meters: &Meters<'_>,
        positions: &mut BTreeMap<usize, Traded>,
        sums: &mut [InvoiceSums],
    ) -> Result<(), SettlementError> {
        let start = meters.slot.start;
        for reference in &mut self.references {
            let later = reference.ahead.split_off(&(start + meters.slot.length));
            let past = std::mem::replace(&mut reference.ahead, later);
            reference.last = past.last_key_value().map(|(_, price)| *price).or(reference.last);
        }
        for (contract, accrued) in self.contracts.iter().zip(&mut self.accrued) {
            if contract.holds_at(start) {
                let product = |product| self.references.iter().find(|known| known.product == product);
                let reference = contract.reference.and_then(product).and_then(|known| known.last);
                contract.settle(meters, reference, positions, accrued, sums)?;
            }
        }
        Ok(())
    }

    /// Pays what waits for the end of the period.
    ///
    /// # Errors
    /// If a payment exceeds the integers.
    pub(super) fn close(
        &mut self,
        account: &dyn Fn(SiteId) -> Option<usize>,
        sums: &mut [InvoiceSums],
    ) -> Result<(), SettlementError> {
        for (contract, accrued) in self.contracts.iter().zip(&mut self.accrued) {
            let Accrued { quantity, prices, slots } = std::mem::take(accrued);
            let ContractTerms::MarketPremium { applicable, .. } = contract.terms else { continue };
            // To the nearest µ€/kWh, halves up. Without a price nothing is known to be lacking.
            let mean = if slots == 0 { applicable } else { Price((2 * prices + slots).div_euclid(2 * slots)) };
            // Slots of suspension were never accrued.
            let amount = market_premium(quantity, applicable, mean, Price::ZERO, AtNegativePrices::Paid)?;
            contract.pay(account, quantity, amount, sums);
        }
        Ok(())
    }
}

impl Contract {
    fn holds_at(&self, start: Time) -> bool {
        self.from.is_none_or(|from| from <= start) && self.until.is_none_or(|until| start < until)
    }

    /// Settles one slot; without a reference price yet, the contract's own stands for it.
    fn settle(
        &self,
        meters: &Meters<'_>,
        reference: Option<Price>,
        positions: &mut BTreeMap<usize, Traded>,
        accrued: &mut Accrued,
        sums: &mut [InvoiceSums],
    ) -> Result<(), SettlementError> {
        let traded = |party| {
            let account = meters.account_of(party);
            account.and_then(|account| positions.get(&account)).copied().unwrap_or_default()
        };
        let fed_in = meters.metered(self.seller).1;
        let to_give = (fed_in - traded(self.seller).sold).max(Energy::ZERO);
        let to_take = (meters.metered(self.buyer).0 - traded(self.buyer).bought).max(Energy::ZERO);
        let at = |own: Price| reference.unwrap_or(own);
        let is_suspended = |at_negative| {
            at_negative == AtNegativePrices::Suspended && reference.is_some_and(|reference| reference < Price::ZERO)
        };
        let (quantity, amount) = match self.terms {
            ContractTerms::FixedQuantity { quantity, strike } => {
                let delivered = if self.seller == Party::Retailer { quantity } else { to_give };
                (delivered, fixed_quantity_ppa(quantity, delivered, strike, at(strike))?)
            }
            ContractTerms::Swing { minimum, maximum, strike } => {
                (to_take, swing_ppa(to_take, minimum, maximum, strike, at(strike))?)
            }
            ContractTerms::FeedInTariff { tariff } => (to_give, feed_in_tariff(to_give, tariff)?),
            ContractTerms::Differences { form, quantity, strike } => {
                let quantity = quantity.unwrap_or(fed_in);
                (quantity, contract_for_differences(form, quantity, strike, at(strike))?)
            }
            ContractTerms::FixedPremium { premium, at_negative } => {
                (fed_in, fixed_premium(fed_in, premium, at(Price::ZERO), at_negative)?)
            }
            ContractTerms::MarketPremium { at_negative, .. } => {
                if !is_suspended(at_negative) {
                    accrued.quantity += fed_in;
                }
                if let Some(Price(price)) = reference {
                    accrued.prices += price;
                    accrued.slots += 1;
                }
                return Ok(());
            }
        };
        if self.terms.delivers() && quantity > Energy::ZERO {
            if let Some(buyer) = meters.account_of(self.buyer) {
                positions.entry(buyer).or_default().bought += quantity;
            }
            if let Some(seller) = meters.account_of(self.seller) {
                positions.entry(seller).or_default().sold += quantity;
            }
        }
        self.pay(meters.account, quantity, amount, sums);
        Ok(())
    }

    /// Adds what the buyer owes the seller to both invoices. Who pays owes; where energy flows, that is the buyer always.
    fn pay(
        &self,
        account: &dyn Fn(SiteId) -> Option<usize>,
        quantity: Energy,
        amount: Money,
        sums: &mut [InvoiceSums],
    ) {
        let is_turned = !self.terms.delivers() && amount < Money::ZERO;
        let (payer, payee, amount) =
            if is_turned { (self.seller, self.buyer, -amount) } else { (self.buyer, self.seller, amount) };
        for (party, direction, amount) in [(payer, Direction::Owed, amount), (payee, Direction::Due, -amount)] {
            let Party::Site(site) = party else { continue };
            if let Some(sums) = account(site).and_then(|account| sums.get_mut(account)) {
                sums.add(Component::Contract, direction, quantity, amount);
            }
        }
    }
}
