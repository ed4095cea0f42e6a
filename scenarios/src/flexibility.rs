//! The DSO's flexibility market: `[flexibility]`.

use crate::communes::Commune;
use crate::document::nearest;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use crate::plan::PlannedSite;
use agents::dso::{Aggregator, FlexTerms};
use agents::{MeterId, PortfolioId, SiteId, Span};
use market::Price;
use market::flexibility::{Penalty, SelectionRules};
use market::product::Product;
use market::reserve::Pricing;
use serde::Serialize;

/// The island, among congestion points.
const ISLAND: &str = "island";

/// Orders are for whole hundredths of an option, so that a need is covered closely.
const FACTOR_STEP: u8 = 1;

/// Most ISPs one gate may be about.
const MOST_ISPS: i64 = 1440;

/// What flexibility is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Payment {
    AsBid,
    Uniform,
}

choice!(Payment { "as-bid" => Payment::AsBid, "uniform" => Payment::Uniform });

parameters! {
    /// The DSO's flexibility market (in the words of UFTP): where its forecast of a congestion point exceeds a limit, it asks
    /// energy managers for flexibility before each gate, orders by merit at the gate, and settles each day against meters
    /// and D-prognoses. Off without a congestion point.
    pub(crate) struct FlexibilitySection in "flexibility" {
        /// Whose meters are added up: "island", a portfolio, or a commune; none: no flexibility market.
        congestion_point: Option<String> = None, "name", Any, "";
        /// Most that it may take; none: no limit.
        import_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// Most that it may give, positive; none: no limit.
        export_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// Asked for beyond what the forecast exceeds a limit by.
        margin_kw: f64 = 0.0, "kW", Within(0.0, 1e9), ASSUMPTION;
        /// From gate to gate: "15m" for a rolling intraday market, "1d" for one a day ahead.
        every: Span = Span::from_minutes(15), "duration", Any, ASSUMPTION;
        /// When in that period the gate is: since local midnight for whole days, since the full period else.
        at: Span = Span::ZERO, "duration", Any, "";
        /// From a request to its gate; none given: one slot.
        answer: Option<Span> = None, "duration", Any, ASSUMPTION;
        /// From a gate to the beginning of the first ISP it is about, at least one slot; none given: one slot.
        lead: Option<Span> = None, "duration", Any, ASSUMPTION;
        /// How long the ISPs are that a gate is about, together; an ISP is as long as a slot of the market.
        horizon: Span = Span::HOUR, "duration", Any, ASSUMPTION;
        /// What is paid: what each asked, or to all the highest price per energy taken.
        payment: Payment = Payment::AsBid, "word", Any, ASSUMPTION;
        /// Most that is paid for energy that was asked for; dearer offers are left out. None: no cap.
        price_cap_eur_per_mwh: Option<f64> = None, "EUR/MWh", Within(0.0, 1e6), "";
        /// Fine for energy that was ordered and not delivered.
        penalty_eur_per_mwh: f64 = 300.0, "EUR/MWh", Within(0.0, 1e6), ASSUMPTION;
        /// Share of what was ordered that may be missing in an ISP without a fine.
        tolerance_share: f64 = 0.1, "share", Within(0.0, 1.0), ASSUMPTION;
        /// What the energy manager asks for energy of batteries: wear, and what else it could have been used for.
        battery_eur_per_mwh: f64 = 150.0, "EUR/MWh", Within(0.0, 1e6), ASSUMPTION;
        /// What it asks for energy that vehicles take later.
        vehicle_eur_per_mwh: f64 = 80.0, "EUR/MWh", Within(0.0, 1e6), ASSUMPTION;
    }
}

/// Where a congestion point is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) meters: Vec<MeterId>,
    /// The sites behind it.
    pub(crate) sites: Vec<SiteId>,
}

impl Place {
    /// The congestion point of this name.
    ///
    /// # Errors
    /// A sentence that says which names there are.
    pub(crate) fn find(name: &str, sites: &[PlannedSite], portfolios: &[String]) -> Result<Self, String> {
        let behind = |is: &dyn Fn(&PlannedSite) -> bool| -> Vec<SiteId> {
            (0..).zip(sites).filter(|(_, site)| is(site)).map(|(index, _)| SiteId(index)).collect()
        };
        if name == ISLAND {
            return Ok(Self { meters: vec![MeterId::Island], sites: behind(&|_| true) });
        }
        if let Some(index) = portfolios.iter().position(|portfolio| portfolio == name) {
            let portfolio = PortfolioId(index as u32);
            return Ok(Self {
                meters: vec![MeterId::Portfolio(portfolio)],
                sites: behind(&|site| site.portfolio == Some(portfolio)),
            });
        }
        if let Ok(commune) = Commune::find(name) {
            let sites = behind(&|site| site.commune == commune);
            return Ok(Self { meters: sites.iter().copied().map(MeterId::Site).collect(), sites });
        }
        let known = portfolios.iter().map(String::as_str).chain([ISLAND]);
        let hint = match nearest(name, known) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("write \"island\", a commune, or one of the portfolios {}", portfolios.join(", ")),
        };
        Err(format!("is {name:?}, which is neither the island nor a portfolio or commune: {hint}"))
    }
}

impl FlexibilitySection {
    /// What can not go together, with slots of this length in a zone at this distance from UTC.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub(crate) fn check(&self, slot: Span, utc_offset: Span) -> Result<(), Conflict> {
        if self.congestion_point.is_none() {
            return Ok(());
        }
        let wrong = |key, text: String| Err(Conflict::new(key, text));
        let is_whole = |span: Span| span.0 % slot.0 == 0;
        let (answer, lead) = (self.answer.unwrap_or(slot), self.lead.unwrap_or(slot));
        if self.import_limit_kw.is_none() && self.export_limit_kw.is_none() {
            return wrong("import_limit_kw", "is missing, and export_limit_kw too: give one of the two".into());
        }
        for (key, span) in [("every", self.every), ("answer", answer), ("lead", lead), ("horizon", self.horizon)] {
            if span <= Span::ZERO || !is_whole(span) {
                return wrong(key, "must be a whole number of the market's slots, at least one".into());
            }
        }
        if self.at < Span::ZERO || self.every <= self.at || !is_whole(self.at) {
            return wrong("at", "must be a whole number of the market's slots, less than `every`".into());
        }
        if self.every < answer {
            return wrong("answer", "must not be longer than `every`: a later request would replace it".into());
        }
        if self.horizon.0 / slot.0 > MOST_ISPS {
            return wrong("horizon", format!("must be at most {MOST_ISPS} slots"));
        }
        if !is_whole(utc_offset) {
            let text = "needs days that begin with a slot: choose shorter slots (market.slot) for this time zone";
            return wrong("congestion_point", text.into());
        }
        Ok(())
    }

    /// The terms on which the DSO buys flexibility at `place` of `aggregators`.
    pub(crate) fn terms(&self, place: &Place, slot: Span, aggregators: Vec<Aggregator>) -> FlexTerms {
        FlexTerms {
            congestion_point: self.congestion_point.clone().unwrap_or_default(),
            meters: place.meters.clone(),
            import_limit_kw: self.import_limit_kw,
            export_limit_kw: self.export_limit_kw,
            margin_kw: self.margin_kw,
            gates: Product {
                name: "flexibility".into(),
                every: self.every,
                at: self.at,
                lead: self.lead.unwrap_or(slot),
                delivery: slot,
                contracts: (self.horizon.0 / slot.0) as u32,
            },
            answer: self.answer.unwrap_or(slot),
            aggregators,
            selection: SelectionRules {
                pricing: match self.payment {
                    Payment::AsBid => Pricing::PayAsBid,
                    Payment::Uniform => Pricing::Uniform,
                },
                price_cap: self.price_cap_eur_per_mwh.map(Price::from_eur_per_mwh),
                factor_step: FACTOR_STEP,
                ..SelectionRules::default()
            },
            penalty: Penalty {
                price: Price::from_eur_per_mwh(self.penalty_eur_per_mwh),
                tolerance_bp: (self.tolerance_share * 10_000.0).round() as u32,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::Scenario;

    fn problems(assignments: &[&str]) -> String {
        let mut scenario = Scenario::load("martinique").expect("it is built in");
        for assignment in assignments {
            scenario.set(&format!("flexibility.{assignment}")).expect("it is an assignment");
        }
        scenario.resolve(&[]).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn a_market_without_limit_place_or_time_is_refused_with_the_remedy() {
        for (assignments, told) in [
            (&["congestion_point=cariflex"][..], "flexibility.import_limit_kw is missing"),
            (&["congestion_point=Lamantin", "import_limit_kw=1"], "neither the island nor a portfolio or commune"),
            (&["congestion_point=island", "import_limit_kw=1", "every=15m", "answer=30m"], "must not be longer than"),
            (&["congestion_point=island", "import_limit_kw=1", "lead=20m"], "whole number of the market's slots"),
            (&["congestion_point=communes", "import_limit_kw=1"], "has no battery or charge point"),
        ] {
            let problems = problems(assignments);
            assert!(problems.contains(told), "{assignments:?}: {problems}");
        }
        for place in ["island", "cariflex", "Saint-Joseph"] {
            let congestion_point = format!("congestion_point={place}");
            assert_eq!(problems(&[&congestion_point, "export_limit_kw=1"]), "", "{place}");
        }
    }
}
