//! Bilateral contracts: `[contract.NAME]`, who delivers what to whom, and what is paid for it.

use crate::document::{Reader, nearest};
use crate::error::{Problem, beginning};
use crate::faults::instant;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Parameters, choice, parameters};
use crate::plan::PlannedSite;
use crate::products::SPOT;
use crate::scenario::Scenario;
use crate::window::Window;
use agents::market_operator::Trading;
use agents::retailer::{Contract, ContractTerms, Party};
use agents::{SiteId, Span, Time};
use market::product::ProductId;
use market::settlement::contract::{AtNegativePrices, CfdForm};
use market::{Energy, Price};
use serde::Serialize;
use std::cell::RefCell;

/// The party that is no site.
const RETAILER: &str = "retailer";

choice!(AtNegativePrices { "paid" => AtNegativePrices::Paid, "suspended" => AtNegativePrices::Suspended });

/// What kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ContractKind {
    FixedQuantity,
    Swing,
    TwoWayCfd,
    OneWayCfd,
    FeedInTariff,
    MarketPremium,
    FixedPremium,
}

choice!(ContractKind {
    "fixed-quantity" => ContractKind::FixedQuantity,
    "swing" => ContractKind::Swing,
    "two-way-cfd" => ContractKind::TwoWayCfd,
    "one-way-cfd" => ContractKind::OneWayCfd,
    "feed-in-tariff" => ContractKind::FeedInTariff,
    "market-premium" => ContractKind::MarketPremium,
    "fixed-premium" => ContractKind::FixedPremium,
});

parameters! {
    /// A bilateral contract of a site with another one or with the retailer, settled in each slot against meters and clearing
    /// prices, in the order of names; what it pays is on the invoices. Under the first two kinds and a feed-in tariff energy
    /// is delivered, after the fact: what the one meter gave or the other took beyond what was traded. It counts as traded,
    /// so that neither pays for it twice. The others only pay.
    pub(crate) struct ContractSection in "contract" {
        /// A power purchase agreement over a fixed quantity, or over what the buyer takes within bounds (swing, take-or-pay);
        /// a contract for differences, two-way or one-way; a feed-in tariff; a premium on top of what the market pays: what
        /// the month's mean reference lacks to the strike (market-premium), or the strike itself (fixed-premium).
        kind: ContractKind, "word", Any, "";
        /// Who pays, and takes the energy: a site, or "retailer".
        buyer: String = RETAILER.into(), "site", Any, "";
        /// Who is paid, and gives the energy: a site, or "retailer".
        seller: String, "site", Any, "";
        /// The price agreed; of a premium see `kind`.
        strike_eur_per_mwh: f64, "EUR/MWh", Within(-1e5, 1e5), "";
        /// Mean power in each slot: of a fixed quantity, which needs it, or of a contract for differences over one; none
        /// given: over what the seller's meter feeds in.
        contracted_kw: Option<f64> = None, "kW", Within(0.0, 1e7), "";
        /// Mean power in each slot that a swing contract makes pay for in any case.
        minimum_kw: Option<f64> = None, "kW", Within(0.0, 1e7), "nothing";
        /// Mean power in each slot beyond which a swing contract costs the reference price.
        maximum_kw: Option<f64> = None, "kW", Within(0.0, 1e7), "no bound";
        /// The product whose clearing prices are the reference; a slot without one has that of the slot before, the first
        /// ones the contract's own price.
        reference: String = SPOT.into(), "product", Any, "";
        /// What becomes of a premium while the reference is negative.
        at_negative_prices: AtNegativePrices = AtNegativePrices::Paid, "word", Any, "suspended in Germany since 2023";
        /// First instant at which it holds, written like that of a fault; none given: from the beginning.
        from: Option<String> = None, "instant or duration", Any, "";
        /// First instant at which it holds no more; none given: for good.
        until: Option<String> = None, "instant or duration", Any, "";
    }
}

/// The contracts of a scenario, in the order of their names; problems are collected.
pub(crate) fn read(
    scenario: &Scenario,
    window: Option<&Window>,
    sites: &[PlannedSite],
    problems: &RefCell<Vec<Problem>>,
) -> Vec<Contract> {
    let mut contracts = Vec::new();
    scenario.each_section("contract", problems, |_, _, reader| {
        let before = problems.borrow().len();
        let section = ContractSection::read(reader);
        if let Some(window) = window
            && problems.borrow().len() == before
        {
            contracts.extend(section.contract(window, sites, reader));
        }
    });
    contracts
}

impl ContractSection {
    /// The contract; none where something is wrong with it, which is told then.
    fn contract(self, window: &Window, sites: &[PlannedSite], reader: &Reader<'_>) -> Option<Contract> {
        let mut is_sound = true;
        let mut wrong = |key: &str, text: String| {
            reader.problem(key, text);
            is_sound = false;
        };
        let mut told = |key: &'static str, party: Result<Party, String>| party.map_err(|text| wrong(key, text)).ok();
        let [buyer, seller] =
            [("buyer", &self.buyer), ("seller", &self.seller)].map(|(key, name)| told(key, party(name, sites)));
        let mut times = [None, None];
        for ((key, text), time) in [("from", &self.from), ("until", &self.until)].into_iter().zip(&mut times) {
            if let Some(text) = text {
                *time = instant(text, window).map_err(|text| wrong(key, text)).ok();
            }
        }
        let [from, until] = times;
        if let Some((key, text)) = times_objection(from, until, window) {
            wrong(key, text);
        }
        for (key, text) in self.objections() {
            wrong(key, text);
        }
        if seller.is_some() && buyer == seller {
            wrong("buyer", format!("is the seller too, `{}`: a contract has two parties", self.seller));
        }
        let terms = self.terms(window.rules.slot);
        let reference = if self.looks_at_prices() {
            product(&self.reference, window).map_err(|text| wrong("reference", text)).ok()
        } else {
            None
        };
        let (Some(buyer), Some(seller), true) = (buyer, seller, is_sound) else { return None };
        Some(Contract { buyer, seller, from, until, reference, terms })
    }

    /// Keys that are missing for the kind, or say nothing to it.
    fn objections(&self) -> Vec<(&'static str, String)> {
        use ContractKind::{FeedInTariff, FixedPremium, FixedQuantity, MarketPremium, OneWayCfd, Swing, TwoWayCfd};
        let mut found = Vec::new();
        let mut object = |is_wrong: bool, key, text: &str| {
            if is_wrong {
                found.push((key, text.to_owned()));
            }
        };
        let contracted = self.contracted_kw.is_some();
        let is_cfd = matches!(self.kind, TwoWayCfd | OneWayCfd);
        object(
            self.kind == FixedQuantity && !contracted,
            "contracted_kw",
            "is missing: write the quantity, contracted_kw = …",
        );
        let has_quantity = is_cfd || self.kind == FixedQuantity;
        object(
            contracted && !has_quantity,
            "contracted_kw",
            "is for fixed-quantity and contracts for differences: leave it out",
        );
        for (key, bound) in [("minimum_kw", self.minimum_kw), ("maximum_kw", self.maximum_kw)] {
            object(bound.is_some() && self.kind != Swing, key, "is for swing contracts: leave it out");
        }
        let is_swapped = self.minimum_kw.zip(self.maximum_kw).is_some_and(|(minimum, maximum)| minimum > maximum);
        object(is_swapped, "minimum_kw", "is above maximum_kw: swap them");
        let by_sellers_meter = match self.kind {
            FeedInTariff | MarketPremium | FixedPremium => true,
            TwoWayCfd | OneWayCfd => !contracted,
            FixedQuantity | Swing => false,
        };
        let text = "is the retailer, but what is paid for is what the seller's meter feeds in: name a site";
        object(by_sellers_meter && self.seller == RETAILER, "seller", text);
        let text = "is the retailer, but what is paid for is what the buyer's meter takes: name a site";
        object(self.kind == Swing && self.buyer == RETAILER, "buyer", text);
        let is_premium = matches!(self.kind, MarketPremium | FixedPremium);
        let suspends = self.at_negative_prices == AtNegativePrices::Suspended;
        object(suspends && !is_premium, "at_negative_prices", "is for premiums: leave it out");
        found
    }

    fn looks_at_prices(&self) -> bool {
        match self.kind {
            ContractKind::FeedInTariff => false,
            ContractKind::FixedPremium => self.at_negative_prices == AtNegativePrices::Suspended,
            ContractKind::Swing => self.maximum_kw.is_some(),
            _ => true,
        }
    }

    fn terms(&self, slot: Span) -> ContractTerms {
        let strike = Price::from_eur_per_mwh(self.strike_eur_per_mwh);
        let energy = |kw: f64| Energy::from_kwh(kw * slot.hours());
        let quantity = self.contracted_kw.map(energy);
        let at_negative = self.at_negative_prices;
        match self.kind {
            ContractKind::FixedQuantity => {
                ContractTerms::FixedQuantity { quantity: quantity.unwrap_or_default(), strike }
            }
            ContractKind::Swing => ContractTerms::Swing {
                minimum: self.minimum_kw.map(energy).unwrap_or_default(),
                maximum: self.maximum_kw.map_or(Energy(i64::MAX), energy),
                strike,
            },
            ContractKind::TwoWayCfd => ContractTerms::Differences { form: CfdForm::TwoWay, quantity, strike },
            ContractKind::OneWayCfd => ContractTerms::Differences { form: CfdForm::OneWay, quantity, strike },
            ContractKind::FeedInTariff => ContractTerms::FeedInTariff { tariff: strike },
            ContractKind::MarketPremium => ContractTerms::MarketPremium { applicable: strike, at_negative },
            ContractKind::FixedPremium => ContractTerms::FixedPremium { premium: strike, at_negative },
        }
    }
}

fn party(name: &str, sites: &[PlannedSite]) -> Result<Party, String> {
    if name == RETAILER {
        return Ok(Party::Retailer);
    }
    let found = sites.binary_search_by(|site| site.name.as_str().cmp(name));
    found.map(|index| Party::Site(SiteId(index as u32))).map_err(|_| {
        let names = sites.iter().map(|site| site.name.as_str()).chain([RETAILER]);
        let hint = nearest(name, names)
            .map_or("name a site, or \"retailer\"".into(), |near| format!("did you mean `{near}`?"));
        format!("is `{}`, which is no site of this scenario: {hint}", beginning(name))
    })
}

/// The product of this name, whose auctions make prices.
fn product(name: &str, window: &Window) -> Result<ProductId, String> {
    let place = window.venues.iter().position(|venue| venue.product.name == name).ok_or_else(|| {
        let known: Vec<_> = window.venues.iter().map(|venue| venue.product.name.as_str()).collect();
        let hint = if known.is_empty() { "trade one".to_owned() } else { format!("known are {}", known.join(", ")) };
        format!("is `{}`, which is not traded here: {hint}", beginning(name))
    })?;
    if matches!(window.venues[place].trading, Trading::Continuous) {
        return Err(format!(
            "is `{name}`, which is traded continuously and has no one price: name a product with auctions"
        ));
    }
    Ok(ProductId(place as u8))
}

fn times_objection(from: Option<Time>, until: Option<Time>, window: &Window) -> Option<(&'static str, String)> {
    if let Some(from) = from
        && from >= window.end
    {
        let text = format!("is {from}, and the run ends at {}: let it begin before, or run for longer", window.end);
        return Some(("from", text));
    }
    let until = until?;
    if until <= from.unwrap_or(window.start) {
        return Some(("until", format!("is {until}, not after the beginning: let it end later, or leave it out")));
    }
    None
}

/// What can not go with energy that is delivered under contracts.
pub(crate) fn check_comparison(scenario: &Scenario, contracts: &[Contract], problems: &RefCell<Vec<Problem>>) {
    if contracts.iter().any(|contract| contract.terms.delivers()) {
        let text = "compares rules that know nothing of energy delivered under [contract]: leave one of the two out";
        problems.borrow_mut().push(scenario.root.problem("market.compare", text));
    }
}
