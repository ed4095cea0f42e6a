//! What is traded when: the spot product of `[market]`, and what `[product.NAME]` adds to it.

use crate::document::{Node, Reader};
use crate::error::{Problem, beginning};
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Parameters, choice, parameters};
use crate::scenario::Scenario;
use crate::sections::MarketSection;
use agents::market_operator::{MarketRules, Trading, Venue};
use agents::prosumer::Bidding;
use agents::{Calendar, Span};
use market::auction::Specification;
use market::product::Product;
use std::cell::RefCell;

/// The name of the product of the very next slots.
pub(crate) const SPOT: &str = "spot";

/// The mechanism that is none: nothing is traded so.
pub(crate) const NO_MECHANISM: &str = "none";

/// Most products of a market: their ids are small, and so is what prosumers keep of each.
const MOST_PRODUCTS: usize = 64;

/// Most contracts of a gate: more would be a mistake in the units.
const MOST_CONTRACTS: u64 = 100_000;

choice!(Bidding {
    "reservation-price" => Bidding::ReservationPrice,
    "zero-intelligence" => Bidding::ZeroIntelligence,
    "ramp" => Bidding::Ramp,
    "truthful" => Bidding::Truthful,
    "external" => Bidding::External,
});

/// How a product is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) enum TradingForm {
    Auction,
    Continuous,
}

choice!(TradingForm { "auction" => TradingForm::Auction, "continuous" => TradingForm::Continuous });

parameters! {
    /// Something that is traded besides the very next slots: day-ahead, intraday, forwards. A gate closes each period; each is
    /// about some contracts, one after the other. What participants have traded before they do not trade again.
    pub(crate) struct ProductSection in "product" {
        /// Name of the clearing mechanism; none given: the market's.
        mechanism: Option<String> = None, "mechanism", Any, "";
        /// All at once at the gate, or continuously until it: a contract's own gate is where it is the first one.
        trading: TradingForm = TradingForm::Auction, "word", Any, "";
        /// From gate to gate: a whole number of slots.
        every: Span = Span::DAY, "duration", Any, "day-ahead auctions are daily";
        /// When in that period the gate is: since local midnight of Monday for whole days, since the full period (UTC) else.
        at: Span = Span::from_minutes(720), "duration", Any, "day-ahead coupling in Europe closes at 12:00";
        /// From the gate to the beginning of the first delivery: a whole number of slots.
        lead: Span = Span::from_minutes(720), "duration", Any, "the day ahead begins twelve hours after noon";
        /// Length of delivery of one contract: a whole number of slots, with equal energy in each.
        delivery: Option<Span> = None, "duration", Any, "the market's slot";
        /// How many contracts a gate is about.
        contracts: u64 = 96, "count", Any, "the quarter hours of a day";
        /// Share of the energy they expect that participants trade here; the rest they leave to later gates.
        share: f64 = 1.0, "share", Within(0.0, 1.0), ASSUMPTION;
    }
}

/// The venues of a scenario, the spot product first; problems are collected.
pub(crate) fn read(
    scenario: &Scenario,
    market: &MarketSection,
    (rules, calendar): (Option<MarketRules>, Option<Calendar>),
    problems: &RefCell<Vec<Problem>>,
) -> Vec<Venue> {
    let mut venues = Vec::new();
    let told = |text| problems.borrow_mut().push(scenario.root.problem("market.mechanism", text));
    let spot = (market.mechanism != NO_MECHANISM).then(|| mechanism_of(&market.mechanism).map_err(told).ok()).flatten();
    if let Some((mechanism, MarketRules { slot, lead })) = spot.clone().zip(rules) {
        let (every, at, delivery, contracts) = (slot, Span::ZERO, slot, 1);
        let product = Product { name: SPOT.into(), every, at, lead, delivery, contracts };
        venues.push(Venue { product, trading: Trading::Auction { mechanism }, share: 1.0 });
    }
    scenario.each_section("product", problems, |key, _: &Node, reader| {
        let name = key.rsplit('.').next().unwrap_or_default();
        let section = ProductSection::read(reader);
        if name == SPOT {
            reader.problem("every", format!("is of `{SPOT}`, which is the product of [market]: choose another name"));
        }
        if venues.len() == MOST_PRODUCTS {
            reader.problem("every", format!("is of one product too many: a market has at most {MOST_PRODUCTS}"));
        } else if let Some((rules, calendar)) = rules.zip(calendar) {
            venues.extend(section.venue(name, (&market.mechanism, spot.as_ref()), (rules, calendar), reader));
        }
    });
    venues
}

impl ProductSection {
    fn venue(
        self,
        name: &str,
        (market_mechanism, spot): (&str, Option<&Specification>),
        (MarketRules { slot, .. }, calendar): (MarketRules, Calendar),
        reader: &Reader<'_>,
    ) -> Option<Venue> {
        let delivery = self.delivery.unwrap_or(slot);
        let minutes = slot.hours() * 60.0;
        let grid = |span: Span, least: Span| span >= least && span.0 % slot.0 == 0;
        let spans = [
            ("every", self.every, slot),
            ("at", self.at, Span::ZERO),
            ("lead", self.lead, Span::ZERO),
            ("delivery", delivery, slot),
        ];
        let mut is_sound = true;
        let mut wrong = |key: &str, text: String| {
            reader.problem(key, text);
            is_sound = false;
        };
        for (key, span, least) in spans {
            if !grid(span, least) {
                wrong(key, format!("must be a whole number of slots of {minutes} min"));
            }
        }
        if self.at >= self.every {
            wrong("at", "must be less than `every`: it says when in the period the gate is".into());
        }
        if calendar.utc_offset.0 % slot.0 != 0 {
            wrong(
                "every",
                format!(
                    "counts local days, which do not begin on slots of {minutes} min here: choose a shorter market.slot"
                ),
            );
        }
        if !(1..=MOST_CONTRACTS).contains(&self.contracts) {
            wrong("contracts", format!("must be 1 to {MOST_CONTRACTS}"));
        }
        let trading = match (self.trading, self.mechanism.as_deref()) {
            (TradingForm::Auction, None) => spot.cloned().map(|mechanism| Trading::Auction { mechanism }),
            (TradingForm::Auction, Some(NO_MECHANISM)) => {
                wrong("mechanism", format!("is \"{NO_MECHANISM}\": name one, or leave the product out"));
                None
            }
            (TradingForm::Auction, Some(text)) => match mechanism_of(text) {
                Ok(mechanism) => Some(Trading::Auction { mechanism }),
                Err(text) => {
                    wrong("mechanism", text);
                    None
                }
            },
            (TradingForm::Continuous, mechanism) => {
                if mechanism.is_some() {
                    wrong(
                        "mechanism",
                        "is for auctions, but this product is traded continuously: drop one of the two".into(),
                    );
                }
                if self.every != delivery || self.at != Span::ZERO {
                    let text = "must be the length of delivery, and `at` \"0m\": traded continuously, each contract has a gate";
                    wrong("every", text.into());
                }
                Some(Trading::Continuous)
            }
        };
        // Where the market's own can not be read, that is told already.
        if trading.is_none() && self.mechanism.is_none() && market_mechanism == NO_MECHANISM {
            wrong("mechanism", "is missing, and [market] has none either: name one".into());
        }
        let slots = i128::from(self.contracts) * i128::from(delivery.0.max(0) / slot.0);
        if self.contracts <= MOST_CONTRACTS && slots > i128::from(MOST_CONTRACTS) {
            wrong(
                "contracts",
                format!("reach over {slots} slots, each of them kept for every trader: {MOST_CONTRACTS} at most"),
            );
        }
        let contracts = u32::try_from(self.contracts).unwrap_or_default();
        let (every, at, lead) = (self.every, self.at, self.lead);
        let product = Product { name: name.into(), every, at, lead, delivery, contracts };
        trading.filter(|_| is_sound).map(|trading| Venue { product, trading, share: self.share })
    }
}

/// The mechanism of this specification.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub(crate) fn mechanism_of(text: &str) -> Result<Specification, String> {
    text.parse().map_err(|error| format!("is {:?}: {error}, or \"{NO_MECHANISM}\"", beginning(text)))
}
