//! How what was traded and metered is settled: `[settlement]`, `[community]`, and the rules of `market.compare`.

use crate::document::{Drawn, Node, Value};
use crate::error::{Problem, beginning};
use crate::names::Names;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, Parameter, Setting, choice, parameters};
use crate::products::mechanism_of;
use crate::scenario::Scenario;
use agents::Time;
use agents::retailer::{Alternative, Charges, Rule};
use market::community::{Coefficients, Leftover, PriceCurve, PricePoint, Residue, WHOLE_PPM};
use market::settlement::{Component, GridFee, Imbalance, Levies, Registers, Tax, Terms, Tolerance};
use market::{Energy, Money, Price};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// What the settlement itself is called among the rules it is compared with.
const SETTLED: &str = "settled";

/// Most rules to compare.
const MOST_RULES: usize = 32;

choice!(Registers { "separate" => Registers::Separate, "netted" => Registers::Netted });
choice!(Leftover { "fed-in" => Leftover::FedIn, "redistributed" => Leftover::Redistributed });
choice!(Residue { "shared" => Residue::Shared, "kept" => Residue::Kept });

/// What deviations from what was traded cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scheme {
    Retail,
    DualPrice,
    SinglePrice,
}

choice!(Scheme { "retail" => Scheme::Retail, "dual-price" => Scheme::DualPrice, "single-price" => Scheme::SinglePrice });

/// How energy is shared after the fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    None,
    ByConsumption,
    Equal,
    ExPostPrice,
}

choice!(Form {
    "none" => Form::None,
    "by-consumption" => Form::ByConsumption,
    "equal" => Form::Equal,
    "ex-post-price" => Form::ExPostPrice,
});

parameters! {
    /// How each slot is settled: what was metered against what was traded, and what is charged besides.
    pub(crate) struct SettlementSection in "settlement" {
        /// Whether import and export of one slot are billed each, or netted first.
        registers: Registers = Registers::Separate, "word", Any, "no net metering";
        /// What deviations from what was traded cost: the retailer's prices, a price each for shortage and surplus, or one
        /// price for both.
        imbalance: Scheme = Scheme::Retail, "word", Any, ASSUMPTION;
        /// Paid for energy short, at dual prices.
        shortage_eur_per_mwh: f64 = 320.0, "EUR/MWh", Within(-1e5, 1e5), "assumption: dearer than the retailer; 100 in lemlab";
        /// Received for energy too much, at dual prices; where negative, paid.
        surplus_eur_per_mwh: f64 = 50.0, "EUR/MWh", Within(-1e5, 1e5), "assumption: less than feed-in; -100 in lemlab, where both directions cost";
        /// Paid for energy short and received for energy too much, at a single price.
        imbalance_eur_per_mwh: f64 = 185.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// Energy of a slot that is no deviation yet; the retailer supplies or buys it.
        tolerance_kwh: f64 = 0.0, "kWh", Within(0.0, 1e9), "";
        /// The same as a share of what was bought and sold.
        tolerance_share: f64 = 0.0, "share", Within(0.0, 100.0), "";
        /// Levy on energy taken.
        levy_import_eur_per_mwh: f64 = 0.0, "EUR/MWh", Within(0.0, 1e5), "in the retailer's price";
        /// Levy on energy fed in.
        levy_export_eur_per_mwh: f64 = 0.0, "EUR/MWh", Within(0.0, 1e5), "";
        /// Grid fee on energy taken.
        grid_fee_import_eur_per_mwh: f64 = 0.0, "EUR/MWh", Within(0.0, 1e5), "in the retailer's price";
        /// Grid fee on energy fed in.
        grid_fee_export_eur_per_mwh: f64 = 0.0, "EUR/MWh", Within(0.0, 1e5), "";
        /// Grid fee on energy taken that was bought in the market; none given: the same as on all energy.
        local_grid_fee_import_eur_per_mwh: Option<f64> = None, "EUR/MWh", Within(0.0, 1e5), "HAMLET's blend of local and retail fees";
        /// Grid fee on energy fed in that was sold in the market; none given: the same as on all energy.
        local_grid_fee_export_eur_per_mwh: Option<f64> = None, "EUR/MWh", Within(0.0, 1e5), "HAMLET's blend of local and retail fees";
        /// Grid fee as a share of what is paid for energy taken, in place of the fees by energy.
        grid_fee_import_share: f64 = 0.0, "share", Within(0.0, 10.0), "";
        /// Grid fee as a share of what is received for energy given, in place of the fees by energy.
        grid_fee_export_share: f64 = 0.0, "share", Within(0.0, 10.0), "";
        /// Charged to every site for a month, before tax, whether or not anything flows. Each local day that begins in the run
        /// bears its part, in whole nano-euros so that the days of a month sum up to it.
        standing_charge_eur_per_month: f64 = 0.0, "EUR", Within(0.0, 1e6), "in the retailer's price";
        /// Tax on what a site pays, line by line of its monthly invoice, to a hundredth of a percent; what it receives is not
        /// taxed.
        tax_percent: f64 = 0.0, "%", Within(0.0, 100.0), "in the retailer's price; the VAT of Martinique is 8.5";
        /// The lines it is charged on: "energy" (traded), "community" (shared), "retail", "balancing", "grid-fee", "levy",
        /// "standing", "contract".
        tax_on: Taxed = Taxed::default(), "lines", Any, "VAT is due on charges and levies too";
        /// Tax on other lines, in place of that one.
        reduced_tax_percent: f64 = 0.0, "%", Within(0.0, 100.0), "assumption: none; the reduced VAT of Martinique is 2.1";
        /// The lines it is charged on.
        reduced_tax_on: Taxed = Taxed(Vec::new()), "lines", Any, ASSUMPTION;
        /// The tax of each line is rounded to the nearest multiple of this, halves away from zero.
        tax_unit_eur: f64 = 0.01, "EUR", Within(1e-9, 1.0), "invoices are in cents";
    }
}

/// Lines of invoices that can be taxed, by their names.
const LINES: [(&str, Component); 8] = [
    ("energy", Component::Energy),
    ("community", Component::Community),
    ("retail", Component::Retail),
    ("balancing", Component::Balancing),
    ("grid-fee", Component::GridFee),
    ("levy", Component::Levy),
    ("standing", Component::Standing),
    ("contract", Component::Contract),
];

/// The lines of an invoice that bear a tax.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Taxed(Vec<Component>);

impl Default for Taxed {
    fn default() -> Self {
        Self(LINES.map(|(_, component)| component).to_vec())
    }
}

impl Setting for Taxed {
    fn placeholder() -> Self {
        Self::default()
    }

    fn read(node: &Node, _: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        let known = || LINES.map(|(name, _)| format!("{name:?}")).join(", ");
        let Value::List(nodes) = &node.value else {
            return Err(format!("is {}: write a list of {}", node.value.kind(), known()));
        };
        let line = |node: &Node| {
            let found = LINES.iter().find(|(name, _)| matches!(&node.value, Value::Text(text) if text == name));
            found.map(|(_, component)| *component).ok_or_else(|| match &node.value {
                Value::Text(text) => format!("holds {:?}, which is no line: known are {}", beginning(text), known()),
                other => format!("holds {}: write a list of {}", other.kind(), known()),
            })
        };
        nodes.iter().map(line).collect::<Result<_, _>>().map(Self)
    }

    fn written(&self) -> String {
        let name = |component: &Component| LINES.iter().find(|(_, known)| known == component).map(|(name, _)| *name);
        format!("{:?}", self.0.iter().filter_map(name).collect::<Vec<_>>())
    }
}

/// The local shares at which lemlab's curve of the community price has its points, and the prices there.
const CURVE: [(f64, f64); 7] =
    [(0.0, 80.0), (0.1, 74.0), (0.2, 68.0), (0.6, 44.0), (0.7, 38.0), (1.0, 20.0), (1.1, 20.0)];

parameters! {
    /// Energy shared after the fact among all sites that take part in the market, in place of trade.
    pub(crate) struct CommunitySection in "community" {
        /// How: not at all; by coefficients, in proportion to what each consumes in the slot or equal for all (collective
        /// self-consumption); or at one price found from the share of energy that stays local.
        sharing: Form = Form::None, "word", Any, "";
        /// Price of energy shared by coefficients.
        price_eur_per_mwh: f64 = 150.0, "EUR/MWh", Within(-1e5, 1e5), ASSUMPTION;
        /// What becomes of a share beyond its member's consumption.
        leftover: Leftover = Leftover::FedIn, "word", Any, "the French scheme";
        /// Where the difference goes, at an ex-post price, to what the retailer gets: to the members, or into the
        /// community's own account.
        residue: Residue = Residue::Shared, "word", Any, ASSUMPTION;
        /// Local shares at which the ex-post price is given; linear between.
        curve_shares: [f64; 7] = CURVE.map(|(share, _)| share), "share", Within(0.0, 10.0), "lemlab";
        /// The ex-post price at each of them.
        curve_eur_per_mwh: [f64; 7] = CURVE.map(|(_, price)| price), "EUR/MWh", Within(-1e5, 1e5), "lemlab";
    }
}

/// An amount in euro, to the nearest nano-euro.
fn nano_euro(eur: f64) -> Money {
    Money((eur * 1e9).round() as i128)
}

/// A share in hundredths of a percent.
pub(crate) fn basis_points(share: f64) -> u32 {
    (share * 10_000.0).round() as u32
}

impl SettlementSection {
    /// What can not go together.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub(crate) fn check(&self) -> Result<(), Conflict> {
        let by_energy = [
            self.grid_fee_import_eur_per_mwh,
            self.grid_fee_export_eur_per_mwh,
            self.local_grid_fee_import_eur_per_mwh.unwrap_or_default(),
            self.local_grid_fee_export_eur_per_mwh.unwrap_or_default(),
        ];
        if self.is_by_share() && by_energy.iter().any(|fee| *fee != 0.0) {
            let text = "is a fee by payment, but there are fees by energy too: keep one of the two kinds";
            let key = if self.grid_fee_import_share > 0.0 { "grid_fee_import_share" } else { "grid_fee_export_share" };
            return Err(Conflict::new(key, text));
        }
        if self.tolerance_kwh > 0.0 && self.tolerance_share > 0.0 {
            return Err(Conflict::new("tolerance_share", "is set beside tolerance_kwh: keep one of the two"));
        }
        for (key, percent) in [("tax_percent", self.tax_percent), ("reduced_tax_percent", self.reduced_tax_percent)] {
            let hundredths = percent * 100.0;
            if (hundredths - hundredths.round()).abs() > 1e-6 {
                return Err(Conflict::new(key, "is finer than a hundredth of a percent: round it"));
            }
        }
        if self.reduced_tax_percent > 0.0 && self.reduced_tax_on.0.is_empty() {
            return Err(Conflict::new("reduced_tax_on", "is empty: name the lines that bear reduced_tax_percent"));
        }
        Ok(())
    }

    /// What stands on invoices besides the bills of slots, until supply ends at `end`.
    pub(crate) fn charges(&self, end: Option<Time>) -> Charges {
        let reduced: BTreeSet<Component> = self.reduced_tax_on.0.iter().copied().collect();
        let full = self.tax_on.0.iter().copied().filter(|component| !reduced.contains(component)).collect();
        let tax = |percent: f64, components| Tax {
            rate_bp: basis_points(percent / 100.0),
            components,
            unit: nano_euro(self.tax_unit_eur),
        };
        let mut taxes = vec![tax(self.tax_percent, full), tax(self.reduced_tax_percent, reduced)];
        taxes.retain(|tax| tax.rate_bp > 0);
        Charges { taxes, standing_per_month: nano_euro(self.standing_charge_eur_per_month), end }
    }

    fn is_by_share(&self) -> bool {
        self.grid_fee_import_share > 0.0 || self.grid_fee_export_share > 0.0
    }

    /// The terms, without a tariff.
    pub(crate) fn terms(&self) -> Terms {
        let price = Price::from_eur_per_mwh;
        let imbalance = match self.imbalance {
            Scheme::Retail => Imbalance::Retail,
            Scheme::DualPrice => Imbalance::DualPrice {
                shortage: price(self.shortage_eur_per_mwh),
                surplus: price(self.surplus_eur_per_mwh),
            },
            Scheme::SinglePrice => Imbalance::SinglePrice { price: price(self.imbalance_eur_per_mwh) },
        };
        let tolerance = match (self.tolerance_kwh, self.tolerance_share) {
            (kwh, _) if kwh > 0.0 => Tolerance::Energy(Energy::from_kwh(kwh)),
            (_, share) if share > 0.0 => Tolerance::ShareOfTraded(basis_points(share)),
            _ => Tolerance::None,
        };
        let both = |import, export| Levies { import: price(import), export: price(export) };
        let [import, export] = [self.grid_fee_import_eur_per_mwh, self.grid_fee_export_eur_per_mwh];
        let market = both(
            self.local_grid_fee_import_eur_per_mwh.unwrap_or(import),
            self.local_grid_fee_export_eur_per_mwh.unwrap_or(export),
        );
        let retail = both(import, export);
        let grid_fee = match () {
            () if self.is_by_share() => GridFee::Percentage {
                import_bp: basis_points(self.grid_fee_import_share),
                export_bp: basis_points(self.grid_fee_export_share),
            },
            () if market != retail => GridFee::Blend { market, retail },
            () if retail == Levies::default() => GridFee::None,
            () => GridFee::Constant(retail),
        };
        let levies = both(self.levy_import_eur_per_mwh, self.levy_export_eur_per_mwh);
        Terms { registers: self.registers, tariff: Default::default(), imbalance, tolerance, levies, grid_fee }
    }
}

impl CommunitySection {
    /// What can not go together.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub(crate) fn check(&self) -> Result<(), Conflict> {
        self.curve().map(drop).map_err(|error| Conflict::new("curve_shares", format!("make no curve: {error}")))
    }

    fn curve(&self) -> Result<PriceCurve, market::community::CommunityError> {
        let points = self
            .curve_shares
            .iter()
            .zip(self.curve_eur_per_mwh)
            .map(|(share, price)| PricePoint { share_bp: basis_points(*share), price: Price::from_eur_per_mwh(price) });
        PriceCurve::new(points.collect())
    }

    /// The rule among `members` members.
    pub(crate) fn rule(&self, form: Form, members: usize) -> Rule {
        let sharing = |coefficients| Rule::Sharing {
            coefficients,
            leftover: self.leftover,
            price: Price::from_eur_per_mwh(self.price_eur_per_mwh),
        };
        match form {
            Form::None => Rule::Market,
            Form::ByConsumption => sharing(Coefficients::DynamicByConsumption),
            Form::Equal => sharing(equal(members)),
            Form::ExPostPrice => {
                let curve = self.curve().unwrap_or_default();
                Rule::ExPostPrice { curve, residue: self.residue }
            }
        }
    }
}

/// Equal coefficients; what does not divide goes to the first ones, a millionth each.
fn equal(members: usize) -> Coefficients {
    if members == 0 {
        return Coefficients::None;
    }
    let (each, rest) = (WHOLE_PPM as usize / members, WHOLE_PPM as usize % members);
    Coefficients::Static((0..members).map(|place| (each + usize::from(place < rest)) as u32).collect())
}

/// The rules by their names in `market.compare`, the settlement itself first; empty where nothing is compared. Problems are
/// collected.
pub(crate) fn alternatives(
    scenario: &Scenario,
    Names(names): &Names,
    community: &CommunitySection,
    (settled, members): (&Rule, usize),
    problems: &RefCell<Vec<Problem>>,
) -> Vec<Alternative> {
    let told = |text: String| problems.borrow_mut().push(scenario.root.problem("market.compare", text));
    if names.is_empty() {
        return Vec::new();
    }
    if names.len() > MOST_RULES {
        told(format!("has {} rules, at most {MOST_RULES} can be compared", names.len()));
        return Vec::new();
    }
    if *settled != Rule::Market
        && let Some(name) = names.iter().find(|name| mechanism_of(name).is_ok())
    {
        told(format!("holds {name:?}, but nobody orders where energy is shared after the fact: leave mechanisms out"));
    }
    let mut alternatives = vec![Alternative { name: SETTLED.into(), rule: settled.clone() }];
    for name in names {
        let rule = match name.as_str() {
            "retailer-only" => Ok(Rule::RetailerOnly),
            "sharing-by-consumption" => Ok(community.rule(Form::ByConsumption, members)),
            "sharing-equal" => Ok(community.rule(Form::Equal, members)),
            "ex-post-price" => Ok(community.rule(Form::ExPostPrice, members)),
            text => mechanism_of(text).map(Rule::Auction).map_err(|text| {
                format!("{text}, or of retailer-only, sharing-by-consumption, sharing-equal, ex-post-price")
            }),
        };
        match rule {
            _ if alternatives.iter().any(|known| known.name == *name) => {
                told(format!("names {:?} twice, or takes the name of what is settled", beginning(name)));
            }
            Ok(rule) => alternatives.push(Alternative { name: name.clone(), rule }),
            Err(text) => told(format!("holds a rule that {text}")),
        }
    }
    alternatives
}
