//! The assets of a scenario: written one by one, or sampled as fleets.

use crate::communes::{Commune, communes};
use crate::document::{Drawn, Node, Reader, Value};
use crate::error::{Problem, beginning};
use crate::fleets;
use crate::models::battery::BatteryParameters;
use crate::models::commercial::CommercialParameters;
use crate::models::ev::EvParameters;
use crate::models::evse::EvseParameters;
use crate::models::household::HouseholdParameters;
use crate::models::pv::PvParameters;
use crate::names::Names;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Conflict, Parameter, Parameters, choice, parameters};
use crate::wishes::Wishes;
use agents::Kind;
use agents::prosumer::Bidding;
use serde::Serialize;
use std::cell::RefCell;

/// The kinds of assets that a scenario lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AssetKind {
    Pv,
    Battery,
    Evse,
    Ev,
    Household,
    Commercial,
}

choice!(AssetKind {
    "pv" => AssetKind::Pv,
    "battery" => AssetKind::Battery,
    "evse" => AssetKind::Evse,
    "ev" => AssetKind::Ev,
    "household" => AssetKind::Household,
    "commercial" => AssetKind::Commercial,
});

impl AssetKind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Pv, Self::Battery, Self::Evse, Self::Ev, Self::Household, Self::Commercial];

    /// The kind of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.section() == name)
    }

    /// The section in which assets of this kind are listed.
    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::Pv => PvParameters::SECTION,
            Self::Battery => BatteryParameters::SECTION,
            Self::Evse => EvseParameters::SECTION,
            Self::Ev => EvParameters::SECTION,
            Self::Household => HouseholdParameters::SECTION,
            Self::Commercial => CommercialParameters::SECTION,
        }
    }

    /// What the section is about, and its parameters.
    pub(crate) fn catalogue(self) -> (&'static str, Vec<Parameter>) {
        match self {
            Self::Pv => (PvParameters::DOC, PvParameters::catalogue()),
            Self::Battery => (BatteryParameters::DOC, BatteryParameters::catalogue()),
            Self::Evse => (EvseParameters::DOC, EvseParameters::catalogue()),
            Self::Ev => (EvParameters::DOC, EvParameters::catalogue()),
            Self::Household => (HouseholdParameters::DOC, HouseholdParameters::catalogue()),
            Self::Commercial => (CommercialParameters::DOC, CommercialParameters::catalogue()),
        }
    }
}

/// What an asset is, with its own parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Model {
    Pv(PvParameters),
    Battery(BatteryParameters),
    Evse(EvseParameters),
    /// A vehicle and the id of the charge point it uses.
    Ev(EvParameters, String),
    Household(HouseholdParameters),
    Commercial(CommercialParameters),
}

impl Model {
    /// The kind of participant it makes.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Pv(_) => Kind::Pv,
            Self::Battery(_) => Kind::Battery,
            Self::Evse(_) => Kind::Evse,
            Self::Ev(..) => Kind::Ev,
            Self::Household(_) | Self::Commercial(_) => Kind::Load,
        }
    }
}

/// An asset of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asset {
    pub(crate) id: String,
    /// Dotted path of the table it was written in, for messages.
    pub(crate) key: String,
    /// Index into [`communes`].
    pub(crate) commune: usize,
    pub(crate) site: String,
    pub(crate) portfolio: Option<String>,
    /// Whether its site trades in the local market.
    pub(crate) trades: bool,
    /// How its site sets its limit prices, where it says so.
    pub(crate) bidding: Option<Bidding>,
    /// What its site wants in the market besides.
    pub(crate) wishes: Wishes,
    pub(crate) model: Model,
}

parameters! {
    /// Keys of every asset and fleet, besides those of its kind.
    pub(crate) struct Belonging in "asset" {
        /// The portfolio its site belongs to; none: the energy manager's. The energy manager commands only its own.
        portfolio: Option<String> = None, "name", Any, "";
        /// Whether its site trades in the local market; none given: with plants, batteries and charge points it does, with loads
        /// alone it does not. Sites of vehicles alone never do.
        trades: Option<bool> = None, "true or false", Any, "";
        /// How its site sets its limit prices; none given: as the market says.
        bidding: Option<Bidding> = None, "word", Any, "";
        /// Level of quality of what its site offers: 0 grey, 1 green or local, 2 green and local; none given: 0. Mechanisms of
        /// quality in market.mechanism go by it; with others, of offers at one price the better goes first.
        quality: Option<u64> = None, "level", Within(0.0, 2.0), "";
        /// The least level of quality that its site bids for; none given: as the market says.
        wanted_quality: Option<u64> = None, "level", Within(0.0, 2.0), "";
        /// What its site adds to the limits of its bids where the mechanism is one with `premium`, to a hundredth of a percent;
        /// none given: as the market says.
        premium_percent: Option<f64> = None, "%", Within(0.0, 1000.0), "";
        /// Sites, assets or fleets with which its site would rather trade, the most preferred first. Who is named and names it
        /// too is a partner where the mechanism is one with `preferred-partners`.
        partners: Option<Names> = None, "sites, assets or fleets", Any, "";
    }
}

impl Belonging {
    /// What the site of such an asset wants in the market.
    pub(crate) fn wishes(&self) -> Wishes {
        let Self { quality, wanted_quality, premium_percent, .. } = *self;
        Wishes { quality, wanted_quality, premium_percent, partners: self.partners.clone() }
    }

    /// Whether the site of such an asset trades.
    pub(crate) fn trades(&self, model: &Model) -> bool {
        match model {
            Model::Pv(_) | Model::Battery(_) | Model::Evse(_) => self.trades.unwrap_or(true),
            Model::Household(_) | Model::Commercial(_) => self.trades.unwrap_or(false),
            Model::Ev(..) => false,
        }
    }
}

parameters! {
    /// Keys of every single asset.
    pub(crate) struct Place in "asset" {
        /// Commune it lies in: name or INSEE code.
        commune: String, "commune", Any, "";
        /// Its site; none: one of its own, of its name.
        site: Option<String> = None, "name", Any, "";
    }
}

/// All assets of a scenario, sorted by id; problems are collected.
pub(crate) fn read(root: &Node, seed: u64, problems: &RefCell<Vec<Problem>>) -> Vec<Asset> {
    let mut assets = Vec::new();
    for kind in AssetKind::ALL {
        let section = kind.section();
        let Some(node) = root.at(section) else { continue };
        let Some(table) = node.table() else {
            let text = format!("is {}: list assets by their ids, {section}_01 = {{ … }}", node.value.kind());
            problems.borrow_mut().push(Problem::at(node, section, text));
            continue;
        };
        assets.extend(table.iter().filter_map(|(id, node)| single(kind, id, node, seed, problems)));
    }
    assets.extend(fleets::read(root, seed, problems));
    assets.sort_by(|a, b| a.id.cmp(&b.id));
    for pair in assets.windows(2).filter(|pair| pair[0].id == pair[1].id) {
        let text = format!("is a second asset of the name of {}: ids must be unique, rename one", pair[0].key);
        problems.borrow_mut().push(root.problem(&pair[1].key, text));
    }
    assets.dedup_by(|second, first| second.id == first.id);
    assets
}

fn single(kind: AssetKind, id: &str, node: &Node, seed: u64, problems: &RefCell<Vec<Problem>>) -> Option<Asset> {
    let key = format!("{}.{id}", kind.section());
    if let Some(text) = no_name(id) {
        problems.borrow_mut().push(Problem::at(node, &key, text));
        return None;
    }
    let mut reader = Reader::new(&key, node, Some(Drawn { seed, id }), problems);
    let place = Place::read(&mut reader);
    let belonging = Belonging::read(&mut reader);
    let model = match kind {
        AssetKind::Ev => Model::Ev(EvParameters::read(&mut reader), charge_point(&mut reader)),
        other => model(other, &mut reader),
    };
    // A commune that could not be read is told of already, and one that is unknown must not conflict with its site's.
    let found = Commune::find(&place.commune);
    if let (Err(text), Some(Value::Text(_))) = (&found, node.at("commune").map(|node| &node.value)) {
        reader.problem("commune", text);
    }
    let site = place.site.filter(|_| found.is_ok()).unwrap_or_else(|| id.into());
    let commune = found.unwrap_or(0);
    for (key, name) in [("site", Some(&site)), ("portfolio", belonging.portfolio.as_ref())] {
        if let Some(text) = name.and_then(|name| no_name(name)) {
            reader.problem(key, text);
        }
    }
    check(&model, &reader);
    reader.finish();
    let (trades, bidding, wishes) = (belonging.trades(&model), belonging.bidding, belonging.wishes());
    Some(Asset { id: id.into(), key, commune, site, portfolio: belonging.portfolio, trades, bidding, wishes, model })
}

/// The model of an asset of any kind but vehicles, which need a charge point too.
pub(crate) fn model(kind: AssetKind, reader: &mut Reader<'_>) -> Model {
    match kind {
        AssetKind::Pv => Model::Pv(PvParameters::read(reader)),
        AssetKind::Battery => Model::Battery(BatteryParameters::read(reader)),
        AssetKind::Evse => Model::Evse(EvseParameters::read(reader)),
        AssetKind::Ev => Model::Ev(EvParameters::read(reader), String::new()),
        AssetKind::Household => Model::Household(HouseholdParameters::read(reader)),
        AssetKind::Commercial => Model::Commercial(CommercialParameters::read(reader)),
    }
}

/// Rules between the parameters of one asset.
pub(crate) fn check(model: &Model, reader: &Reader<'_>) {
    let outcome = match model {
        Model::Pv(pv) => pv.check(),
        Model::Battery(battery) => battery.check(),
        Model::Evse(point) => point.check(),
        Model::Ev(ev, _) => ev.check(),
        Model::Household(household) => household.check(),
        Model::Commercial(site) => site.check(),
    };
    if let Err(Conflict { key, text }) = outcome {
        reader.problem(&key, text);
    }
}

fn charge_point(reader: &mut Reader<'_>) -> String {
    match reader.node("evse").map(|node| &node.value) {
        Some(Value::Text(id)) => id.clone(),
        Some(other) => {
            reader.problem("evse", format!("is {}: write the id of a charge point of [evse]", other.kind()));
            String::new()
        }
        None => {
            reader.problem("evse", "is missing: write the id of the charge point it uses, one of [evse]");
            String::new()
        }
    }
}

/// What is wrong with a name, if it can not stand in files, topics and addresses.
pub(crate) fn no_name(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(fits);
    (!is_name).then(|| format!("{:?} can not be a name: use 1 to 64 letters, digits, `_` or `-`", beginning(name)))
}

impl Asset {
    /// The name of the commune it lies in.
    pub(crate) fn commune_name(&self) -> &'static str {
        &communes()[self.commune].name
    }
}
