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
    pub(super) fn is_empty(&self) -> bool {
        self.contracts.is_empty()
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const SLOT: Slot = Slot { start: Time(0), length: Span::from_minutes(15) };
    const SPOT: ProductId = ProductId(0);

    fn contract(terms: ContractTerms) -> Contract {
        let (buyer, seller) = (Party::Site(SiteId(0)), Party::Site(SiteId(1)));
        Contract { buyer, seller, from: None, until: None, reference: Some(SPOT), terms }
    }

    /// What the first site owes, the second owes, and what each has bought and sold, where the first took 600 Wh, the second
    /// gave 1,000 Wh, and the product was cleared at `reference`.
    fn settled(contracts: Contracts, reference: Option<i64>) -> ([i128; 2], [(i64, i64); 2]) {
        let mut contracts = contracts;
        if let Some(price) = reference {
            contracts.learn(SPOT, SLOT, Price(price), SLOT.length);
        }
        let registers = |account| [(Energy(600), Energy::ZERO), (Energy::ZERO, Energy(1000))][account];
        let account = |site: SiteId| Some(site.index());
        let meters = Meters { slot: SLOT, registers: &registers, netting: Registers::Separate, account: &account };
        let (mut positions, mut sums) = (BTreeMap::new(), vec![InvoiceSums::default(); 2]);
        contracts.settle(&meters, &mut positions, &mut sums).expect("small numbers");
        contracts.close(&account, &mut sums).expect("small numbers");
        let of = |account| positions.get(&account).map_or((0, 0), |of: &Traded| (of.bought.0, of.sold.0));
        ([0, 1].map(|account| sums[account].total().0), [of(0), of(1)])
    }

    fn one(terms: ContractTerms, reference: Option<i64>) -> ([i128; 2], [(i64, i64); 2]) {
        settled(Contracts::new(vec![contract(terms)]), reference)
    }

    #[test]
    fn a_two_way_contract_for_differences_pays_both_ways_and_a_one_way_contract_only_one() {
        let on = |form, quantity| ContractTerms::Differences { form, quantity, strike: Price(150_000) };
        let nothing_moves = [(0, 0), (0, 0)];
        // 1,000 Wh fed in at 0.15 − 0.12, and at 0.15 − 0.20 EUR/kWh.
        let two_way = on(CfdForm::TwoWay, None);
        assert_eq!(one(two_way, Some(120_000)), ([30_000_000, -30_000_000], nothing_moves));
        assert_eq!(one(two_way, Some(200_000)), ([-50_000_000, 50_000_000], nothing_moves));
        assert_eq!(one(two_way, None).0, [0, 0], "without a price yet, the strike is the reference");
        assert_eq!(one(on(CfdForm::OneWay, None), Some(200_000)).0, [0, 0]);
        assert_eq!(one(on(CfdForm::TwoWay, Some(Energy(100))), Some(120_000)).0, [3_000_000, -3_000_000]);
    }

    #[test]
    fn a_swing_contract_delivers_what_is_taken_and_is_paid_within_its_limits() {
        let within = |minimum, maximum| ContractTerms::Swing {
            minimum: Energy(minimum),
            maximum: Energy(maximum),
            strike: Price(100_000),
        };
        let delivered = [(600, 0), (0, 600)];
        assert_eq!(one(within(0, 800), Some(300_000)), ([60_000_000, -60_000_000], delivered));
        // Take or pay: 700 Wh. Beyond 500 Wh, 100 Wh at the reference.
        assert_eq!(one(within(700, 800), Some(300_000)), ([70_000_000, -70_000_000], delivered));
        assert_eq!(one(within(0, 500), Some(300_000)), ([80_000_000, -80_000_000], delivered));
    }

    #[test]
    fn a_fixed_quantity_is_paid_as_contracted_and_all_that_is_fed_in_is_delivered() {
        let fixed = |wh| ContractTerms::FixedQuantity { quantity: Energy(wh), strike: Price(100_000) };
        let delivered = [(1000, 0), (0, 1000)];
        // 800 Wh at 0.10 and 200 Wh at 0.30; 1,200 Wh at 0.10 less 200 Wh at 0.30.
        assert_eq!(one(fixed(800), Some(300_000)), ([140_000_000, -140_000_000], delivered));
        assert_eq!(one(fixed(1200), Some(300_000)), ([60_000_000, -60_000_000], delivered));
        let by_retailer = Contract { seller: Party::Retailer, ..contract(fixed(800)) };
        assert_eq!(
            settled(Contracts::new(vec![by_retailer]), Some(300_000)),
            ([80_000_000, 0], [(800, 0), (0, 0)]),
            "a retailer delivers just that"
        );
    }

    #[test]
    fn of_what_a_site_feeds_in_a_later_contract_has_what_an_earlier_one_leaves() {
        let tariff = ContractTerms::FeedInTariff { tariff: Price(200_000) };
        let swing = ContractTerms::Swing { minimum: Energy::ZERO, maximum: Energy(i64::MAX), strike: Price(100_000) };
        let purchaser = Contract { buyer: Party::Retailer, ..contract(tariff) };
        let contracts = Contracts::new(vec![contract(swing), purchaser]);
        // 600 Wh to the neighbour at 0.10, 400 Wh to the retailer at 0.20.
        assert_eq!(settled(contracts, None), ([60_000_000, -60_000_000 - 80_000_000], [(600, 0), (0, 1000)]));
    }

    #[test]
    fn premiums_come_on_top_and_the_sliding_one_waits_for_the_mean() {
        let suspended = AtNegativePrices::Suspended;
        let sliding = ContractTerms::MarketPremium { applicable: Price(150_000), at_negative: suspended };
        assert_eq!(one(sliding, Some(120_000)).0, [30_000_000, -30_000_000]);
        assert_eq!(one(sliding, Some(-1)).0, [0, 0], "suspended");
        let fixed = ContractTerms::FixedPremium { premium: Price(10_000), at_negative: suspended };
        assert_eq!(one(fixed, Some(120_000)).0, [10_000_000, -10_000_000]);
        assert_eq!(one(fixed, Some(-1)).0, [0, 0]);
    }

    #[test]
    fn the_mean_of_a_sliding_premium_is_that_of_all_its_slots() {
        let sliding = ContractTerms::MarketPremium { applicable: Price(150_000), at_negative: AtNegativePrices::Paid };
        let mut contracts = Contracts::new(vec![contract(sliding)]);
        let hour = Slot { start: Time(0), length: Span::HOUR };
        contracts.learn(SPOT, hour, Price(100_000), SLOT.length);
        contracts.learn(SPOT, Slot { start: Time(0) + Span::HOUR, ..SLOT }, Price(50_000), SLOT.length);
        let account = |site: SiteId| Some(site.index());
        let mut sums = vec![InvoiceSums::default(); 2];
        for index in 0..5 {
            let slot = Slot { start: Time(0) + SLOT.length * index, ..SLOT };
            let registers = |account: usize| (Energy::ZERO, Energy(if account == 1 && index == 4 { 1000 } else { 0 }));
            let meters = Meters { slot, registers: &registers, netting: Registers::Separate, account: &account };
            contracts.settle(&meters, &mut BTreeMap::new(), &mut sums).expect("small numbers");
        }
        contracts.close(&account, &mut sums).expect("small numbers");
        // (4 × 0.10 + 0.05) / 5 = 0.09 EUR/kWh, which 1,000 Wh lack 0.06 EUR to 0.15.
        assert_eq!(sums[1].total(), Money(-60_000_000));
        assert_eq!(contracts.references[0].ahead.len(), 0, "no price is kept for what is over");
    }

    #[test]
    fn a_contract_holds_from_its_beginning_until_its_end() {
        let until = |until| Contract { until, ..contract(ContractTerms::FeedInTariff { tariff: Price(1000) }) };
        assert_eq!(settled(Contracts::new(vec![until(Some(SLOT.start))]), None).0, [0, 0]);
        assert_eq!(settled(Contracts::new(vec![until(Some(SLOT.end()))]), None).0, [1_000_000, -1_000_000]);
        let later = Contract { from: Some(SLOT.end()), ..until(None) };
        assert_eq!(settled(Contracts::new(vec![later]), None).0, [0, 0]);
    }
}
