//! Areas of the market: `[area.NAME]`, who is in them, and what crossing the grid between them costs.

mod limits;

use crate::communes::{Commune, communes};
use crate::document::{Drawn, Node, nearest};
use crate::error::{Problem, beginning};
use crate::names::Names;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Limits, Parameter, Setting, parameters};
use crate::plan::PlannedSite;
use crate::products::{NO_MECHANISM, mechanism_of};
use crate::scenario::Scenario;
use crate::sections::{MarketSection, RetailerSection};
use crate::settlement::basis_points;
use agents::market_operator::{AreaFees, Areas, Trading, Venue};
use agents::{ParticipantId, SiteId};
use market::Price;
use market::areas::{Area, AreaError, AreaId, AreaTree, Fee, PairFees, Subsidies};
use serde::Serialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Dearest fee between two areas, EUR/MWh.
const DEAREST: f64 = 1e5;

parameters! {
    /// An area of the market. Auctions clear the lowest areas first; what is left over crosses the boundary to the area around
    /// it and pays the fee there. With limits on boundaries all areas are cleared together. Or every area has a fee to every
    /// other one. Sites that are in none are in the root.
    pub(crate) struct AreaSection in "area" {
        /// The area around it; none for the root, of which there is one.
        parent: Option<String> = None, "area", Any, "";
        /// What crossing its boundary costs, in either direction; paid by the buyer.
        fee_eur_per_mwh: f64 = 0.0, "EUR/MWh", Within(0.0, 1e5), "";
        /// The same as a share of what the seller receives; both may be set, they add up.
        fee_share: f64 = 0.0, "share", Within(0.0, 10.0), "";
        /// Most that its boundary lets in, over all that is traded for a slot; none: no limit. Where any area has a limit, all
        /// areas are cleared together for the highest welfare less fees, and no mechanism is asked: each has the price that
        /// energy is worth there, which buyers pay and sellers receive; what lies between is the grid's, fees and congestion
        /// rent. Read in whole watts, and per slot in whole Wh, rounded down.
        import_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// Most that it lets out; none: no limit.
        export_limit_kw: Option<f64> = None, "kW", Within(0.0, 1e9), "";
        /// In place of boundaries: what energy costs that goes from here to each other area, { south = 12, centre = 5 }; the
        /// same in the other direction unless that area says otherwise. Bids and offers meet by what is left to gain after the
        /// fee, of which each side pays half; no mechanism is asked. The area that names nobody is that of all others.
        fee_to_eur_per_mwh: FeesTo = FeesTo::default(), "fees by area", Any, "";
        /// The communes whose sites are in it.
        communes: Names = Names::default(), "communes", Any, "";
        /// The portfolios whose sites are in it, wherever they lie.
        portfolios: Names = Names::default(), "portfolios", Any, "";
        /// Sites in it, whatever their commune and portfolio.
        sites: Names = Names::default(), "sites", Any, "";
    }
}

/// Fees to other areas, EUR/MWh.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct FeesTo(BTreeMap<String, f64>);

impl Setting for FeesTo {
    fn placeholder() -> Self {
        Self::default()
    }

    fn read(node: &Node, _: &Parameter, _: Option<Drawn<'_>>) -> Result<Self, String> {
        const HOW: &str = "write a table such as { south = 12, centre = 5 }";
        let Some(table) = node.table() else { return Err(format!("is {}: {HOW}", node.value.kind())) };
        let fee = |(name, node): (&String, &Node)| match node.value.number() {
            None => Err(format!("holds {} for `{name}`: {HOW}", node.value.kind())),
            Some(fee) => match Limits::Within(0.0, DEAREST).objection(fee) {
                None => Ok((name.clone(), fee)),
                Some(text) => Err(format!("of `{}` {text}", beginning(name))),
            },
        };
        table.iter().map(fee).collect::<Result<_, _>>().map(Self)
    }

    fn written(&self) -> String {
        let entries: Vec<_> = self.0.iter().map(|(name, fee)| format!("{name} = {fee:?}")).collect();
        if entries.is_empty() { "{}".into() } else { format!("{{ {} }}", entries.join(", ")) }
    }
}

/// The areas of a scenario, read but not yet compared with anything.
pub(crate) type Sections = BTreeMap<String, AreaSection>;

/// The areas of a plan.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlannedAreas {
    /// By the number of the area.
    pub(crate) names: Vec<String>,
    /// None of a scenario without areas.
    pub(crate) areas: Option<Arc<Areas>>,
}

/// Reads all areas; problems are collected.
pub(crate) fn read(scenario: &Scenario, problems: &RefCell<Vec<Problem>>) -> Sections {
    let mut sections = Sections::new();
    scenario.each_section("area", problems, |key, _: &Node, reader| {
        let name = key.strip_prefix("area.").unwrap_or(&key).to_owned();
        sections.insert(name, <AreaSection as crate::parameters::Parameters>::read(reader));
    });
    sections
}

/// Where all is that an area may name.
pub(crate) struct Inhabitants<'a> {
    /// By their ids.
    pub(crate) sites: &'a [PlannedSite],
    /// By their ids, sorted.
    pub(crate) portfolios: &'a [String],
    /// Who trades for which site.
    pub(crate) traders: Vec<(SiteId, ParticipantId)>,
}

/// Makes the areas of a plan; problems are collected.
pub(crate) fn resolve(
    scenario: &Scenario,
    sections: &Sections,
    (market, venues): (&MarketSection, &[Venue]),
    inhabitants: &Inhabitants<'_>,
    problems: &RefCell<Vec<Problem>>,
) -> PlannedAreas {
    if sections.is_empty() {
        return PlannedAreas::default();
    }
    let map = Map { scenario, sections, names: sections.keys().cloned().collect(), problems };
    map.check_venues(venues);
    let home_of_site = map.homes(inhabitants);
    let is_by_pairs = sections.values().any(|section| !section.fee_to_eur_per_mwh.0.is_empty());
    let is_limited = sections.values().any(AreaSection::is_limited);
    let fees = if is_by_pairs {
        map.check_pairs(market);
        map.pairs().map(AreaFees::Pairs)
    } else if is_limited {
        map.check_limits(market);
        map.tree().map(|tree| AreaFees::Limited { capacities: map.capacities(&tree, market.slot), tree })
    } else {
        map.tree().map(AreaFees::Nested)
    };
    let Some(fees) = fees else { return PlannedAreas::default() };
    let elsewhere = match &fees {
        AreaFees::Nested(tree) | AreaFees::Limited { tree, .. } => Some(tree.root()),
        AreaFees::Pairs(_) => map.elsewhere(),
    };
    let mut home = BTreeMap::new();
    for &(site, trader) in &inhabitants.traders {
        match home_of_site[site.index()].or(elsewhere) {
            Some(area) => {
                home.insert(trader, area);
            }
            None => {
                let site = &inhabitants.sites[site.index()].name;
                let text = format!(
                    "leaves the site `{site}`, which trades, without an area: name its commune, its portfolio or itself in one, \
                     or add an area that names nobody, which is that of all others"
                );
                problems.borrow_mut().push(scenario.root.problem("area", text));
                break;
            }
        }
    }
    let areas = Areas { fees, home, elsewhere: elsewhere.unwrap_or_default() };
    PlannedAreas { names: map.names, areas: Some(Arc::new(areas)) }
}

/// Checks the retailer behind auctions against its own tariff, and against what it can not stand behind.
pub(crate) fn check_backstop(
    scenario: &Scenario,
    sections: &Sections,
    (market, retailer): (&MarketSection, &RetailerSection),
    problems: &RefCell<Vec<Problem>>,
) {
    if !market.backstop {
        return;
    }
    let told = |text: &str| problems.borrow_mut().push(scenario.root.problem("market.backstop", text));
    // Less is refused anyway.
    if retailer.feed_in_eur_per_mwh == retailer.peak_eur_per_mwh.min(retailer.off_peak_eur_per_mwh) {
        told(
            "has the retailer trade with itself, as it buys and sells at one price: lower retailer.feed_in_eur_per_mwh",
        );
    }
    if sections.values().any(|section| !section.fee_to_eur_per_mwh.0.is_empty()) {
        told(
            "stands in no area, so that fees between pairs of areas (fee_to_eur_per_mwh) say nothing of it: leave one of the two \
             out, or nest the areas",
        );
    }
}

/// The areas by their numbers, which follow their names.
struct Map<'a> {
    scenario: &'a Scenario,
    sections: &'a Sections,
    names: Vec<String>,
    problems: &'a RefCell<Vec<Problem>>,
}

impl Map<'_> {
    fn told(&self, key: impl Into<String>, text: impl Into<String>) {
        self.problems.borrow_mut().push(self.scenario.root.problem(key, text));
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|other| other.as_str().cmp(name)).ok()
    }

    /// What may be meant by the name of something that is not there.
    fn hint<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
        nearest(name, known).map_or_else(|| "correct or remove it".into(), |near| format!("did you mean `{near}`?"))
    }

    /// The number of an area that is named at `key`; if there is none, that is a problem.
    fn named(&self, key: &str, name: &str) -> Option<usize> {
        let found = self.number(name);
        if found.is_none() {
            let hint = Self::hint(name, self.names.iter().map(String::as_str));
            self.told(key, format!("names `{}`, which is no area: {hint}", beginning(name)));
        }
        found
    }

    /// Areas are about auctions.
    fn check_venues(&self, venues: &[Venue]) {
        for venue in venues.iter().filter(|venue| venue.trading == Trading::Continuous) {
            let key = format!("product.{}.trading", venue.product.name);
            self.told(
                key,
                "is continuous, but only auctions clear area by area: make it an auction, or leave [area] out",
            );
        }
    }

    /// Pairs of orders meet by their gain alone: what names a mechanism is none of theirs.
    fn check_pairs(&self, market: &MarketSection) {
        self.check_mechanisms(market, "fees between pairs of areas (fee_to_eur_per_mwh) match orders by themselves");
        for (name, section) in self.sections {
            let key = match section {
                AreaSection { parent: Some(_), .. } => "parent",
                AreaSection { fee_eur_per_mwh, .. } if *fee_eur_per_mwh != 0.0 => "fee_eur_per_mwh",
                AreaSection { fee_share, .. } if *fee_share != 0.0 => "fee_share",
                AreaSection { import_limit_kw: Some(_), .. } => "import_limit_kw",
                AreaSection { export_limit_kw: Some(_), .. } => "export_limit_kw",
                _ => continue,
            };
            let text = "is of areas within areas, but there are fees between pairs of areas (fee_to_eur_per_mwh) too: keep one of \
                        the two kinds";
            self.told(format!("area.{name}.{key}"), text);
        }
    }

    /// That no mechanism is written where none is asked; `why` that is.
    fn check_mechanisms(&self, market: &MarketSection, why: &str) {
        let root = &self.scenario.root;
        let is_traded = market.mechanism != NO_MECHANISM;
        if is_traded && root.at("market.mechanism").is_some() {
            self.told("market.mechanism", format!("is written, but {why}: leave it out"));
        }
        for name in root.at("product").and_then(Node::table).into_iter().flat_map(BTreeMap::keys) {
            let key = format!("product.{name}.mechanism");
            if is_traded && root.at(&key).is_some() {
                self.told(key, format!("is written, but {why}: leave it out"));
            }
        }
        if let Some(name) = market.compare.0.iter().find(|name| mechanism_of(name).is_ok()) {
            self.told("market.compare", format!("holds {name:?}, but {why}: leave mechanisms out"));
        }
    }

    fn tree(&self) -> Option<AreaTree> {
        let mut are_there = true;
        let mut areas = Vec::new();
        for (number, (name, section)) in self.sections.iter().enumerate() {
            let parent = section.parent.as_ref().map(|parent| self.named(&format!("area.{name}.parent"), parent));
            are_there &= parent != Some(None);
            let fee = Fee {
                constant: Price::from_eur_per_mwh(section.fee_eur_per_mwh),
                rate_bp: basis_points(section.fee_share),
            };
            areas.push(Area { id: id(number), parent: parent.flatten().map(id), fee });
        }
        if !are_there {
            return None;
        }
        let told = |error: AreaError| {
            let (at, key) = match error {
                AreaError::TwoRoots { second, .. } => (second, "parent"),
                AreaError::Cycle { area } => (area, "parent"),
                AreaError::FeeAtRoot { area } if self.section(area).fee_eur_per_mwh == 0.0 => (area, "fee_share"),
                AreaError::FeeAtRoot { area } | AreaError::NegativeFee { area, .. } => (area, "fee_eur_per_mwh"),
                _ => (AreaId::default(), "parent"),
            };
            let text = format!("makes no tree: {}", error.naming(|area| self.names[area.0 as usize].clone()));
            self.told(format!("area.{}.{key}", self.names[at.0 as usize]), text);
        };
        AreaTree::new(areas, Subsidies::Refused).map_err(told).ok()
    }

    fn section(&self, area: AreaId) -> &AreaSection {
        &self.sections[&self.names[area.0 as usize]]
    }

    fn pairs(&self) -> Option<PairFees> {
        let mut are_sound = true;
        for (name, section) in self.sections {
            for to in section.fee_to_eur_per_mwh.0.keys() {
                are_sound &= self.named(&format!("area.{name}.fee_to_eur_per_mwh"), to).is_some();
            }
        }
        let written = |from: &str, to: &str| self.sections[from].fee_to_eur_per_mwh.0.get(to).copied();
        let fee = |from: &String, to: &String| {
            let own = (from == to).then_some(0.0);
            let fee = written(from, to).or_else(|| written(to, from)).or(own);
            fee.map(Price::from_eur_per_mwh)
        };
        let mut rows = vec![Vec::new(); self.names.len()];
        for (from, row) in self.names.iter().zip(&mut rows) {
            for to in &self.names {
                row.push(fee(from, to).unwrap_or_default());
                if fee(from, to).is_none() && from < to {
                    let text = format!(
                        "says nothing of `{to}`, nor `{to}` of it: write what a MWh costs from one to the other"
                    );
                    self.told(format!("area.{from}.fee_to_eur_per_mwh"), text);
                    are_sound = false;
                }
            }
        }
        let told = |error: AreaError| self.told("area", error.to_string());
        are_sound.then(|| PairFees::new(rows).map_err(told).ok()).flatten()
    }

    /// The one area that names nobody.
    fn elsewhere(&self) -> Option<AreaId> {
        let is_empty = |section: &AreaSection| {
            [&section.communes, &section.portfolios, &section.sites].iter().all(|names| names.0.is_empty())
        };
        let mut empty = self.sections.iter().enumerate().filter(|(_, (_, section))| is_empty(section));
        let first = empty.next();
        if let (Some((_, (first, _))), Some((_, (second, _)))) = (first, empty.next()) {
            let text = format!("names nobody, nor does area.{first}: only one area can be that of all others");
            self.told(format!("area.{second}"), text);
        }
        first.map(|(number, _)| id(number))
    }

    /// The area of each site that is in one: as it is named itself, by its portfolio, or by its commune.
    fn homes(&self, of: &Inhabitants<'_>) -> Vec<Option<AreaId>> {
        let site = |name: &str| of.sites.binary_search_by(|site| site.name.as_str().cmp(name)).ok();
        let by_site = self.members(
            "sites",
            |section| &section.sites,
            |name| {
                site(name).ok_or_else(|| {
                    let hint = Self::hint(name, of.sites.iter().map(|site| site.name.as_str()));
                    format!("names `{}`, which is no site: {hint}", beginning(name))
                })
            },
        );
        let portfolio = |name: &str| of.portfolios.iter().position(|other| other == name);
        let by_portfolio = self.members(
            "portfolios",
            |section| &section.portfolios,
            |name| {
                portfolio(name).ok_or_else(|| {
                    let hint = Self::hint(name, of.portfolios.iter().map(String::as_str));
                    format!("names `{}`, which is no portfolio: {hint}", beginning(name))
                })
            },
        );
        let by_commune = self.members("communes", |section| &section.communes, Commune::find);
        debug_assert!(by_commune.keys().all(|commune| *commune < communes().len()));
        let home = |(place, site): (usize, &PlannedSite)| {
            let of_portfolio = || site.portfolio.and_then(|portfolio| by_portfolio.get(&portfolio.index()));
            by_site.get(&place).or_else(of_portfolio).or_else(|| by_commune.get(&site.commune)).copied()
        };
        of.sites.iter().enumerate().map(home).collect()
    }

    /// The area of each member of a kind, by the member's index.
    fn members(
        &self,
        key: &str,
        names: impl Fn(&AreaSection) -> &Names,
        find: impl Fn(&str) -> Result<usize, String>,
    ) -> BTreeMap<usize, AreaId> {
        let mut members: BTreeMap<usize, AreaId> = BTreeMap::new();
        for (number, (area, section)) in self.sections.iter().enumerate() {
            for name in &names(section).0 {
                let key = format!("area.{area}.{key}");
                match find(name) {
                    Err(text) => self.told(key, text),
                    Ok(member) => {
                        if let Some(other) = members.insert(member, id(number)) {
                            let other = &self.names[other.0 as usize];
                            self.told(
                                key,
                                format!("names `{name}`, as area.{other} does already: name it in one area, once"),
                            );
                        }
                    }
                }
            }
        }
        members
    }
}

fn id(number: usize) -> AreaId {
    AreaId(number as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::from_toml;
    use agents::PortfolioId;
    use std::path::Path;

    /// The areas of three sites that trade: `home`, `roof` and `shop` in Ducos, Ducos and Le Robert, the last two of one
    /// portfolio.
    pub(super) fn planned(text: &str) -> PlannedAreas {
        let head = "version = 2\nname = \"x\"\n[run]\nstart = \"2026-03-20\"\nduration = \"1d\"\n";
        let scenario = Scenario::parse(&format!("{head}{text}"), Path::new("x.toml")).expect("it is TOML");
        let commune = |name| Commune::find(name).expect("there is one");
        let site = |name: &str, of, portfolio| PlannedSite { name: name.into(), commune: commune(of), portfolio };
        let sites = [
            site("home", "Ducos", None),
            site("roof", "Ducos", Some(PortfolioId(0))),
            site("shop", "Le Robert", Some(PortfolioId(0))),
        ];
        let traders = (0..3).map(|index| (SiteId(index), ParticipantId(10 + index))).collect();
        let inhabitants = Inhabitants { sites: &sites, portfolios: &["street".into()], traders };
        let problems = RefCell::default();
        let market = from_toml::<MarketSection>("").expect("all has a default");
        let planned = resolve(&scenario, &read(&scenario, &problems), (&market, &[]), &inhabitants, &problems);
        assert_eq!(problems.into_inner(), []);
        planned
    }

    pub(super) fn homes(planned: &PlannedAreas) -> Vec<&str> {
        let areas = planned.areas.as_ref().expect("there are areas");
        areas.home.values().map(|area| planned.names[area.0 as usize].as_str()).collect()
    }

    #[test]
    fn a_site_wins_over_its_portfolio_and_that_over_its_commune_and_the_rest_is_in_the_root() {
        let head = "[area.island]\n[area.a]\nparent = \"island\"\ncommunes = [\"Ducos\"]\n";
        assert_eq!(homes(&planned(head)), ["a", "a", "island"]);
        let by_portfolio = format!("{head}[area.b]\nparent = \"a\"\nportfolios = [\"street\"]\n");
        assert_eq!(homes(&planned(&by_portfolio)), ["a", "b", "b"]);
        let by_site = format!("{by_portfolio}[area.c]\nparent = \"b\"\nsites = [\"shop\"]\nfee_share = 0.1\n");
        let planned = planned(&by_site);
        assert_eq!(homes(&planned), ["a", "b", "c"]);
        let AreaFees::Nested(tree) = &planned.areas.expect("there are areas").fees else { panic!("they are nested") };
        assert_eq!(planned.names[tree.root().0 as usize], "island");
        assert_eq!(tree.areas()[0].fee, Fee { constant: Price::ZERO, rate_bp: 1000 }, "of the innermost");
    }

    #[test]
    fn a_fee_between_two_areas_holds_in_both_directions_unless_both_say_theirs() {
        let of = |south: &str| {
            let text = format!(
                "[area.north]\ncommunes = [\"Ducos\"]\nfee_to_eur_per_mwh = {{ south = 12 }}\n[area.south]\n{south}\n"
            );
            let planned = planned(&text);
            assert_eq!(homes(&planned), ["north", "north", "south"]);
            let AreaFees::Pairs(fees) = planned.areas.expect("there are areas").fees.clone() else { panic!("pairs") };
            [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(from, to)| fees.fee(from, to).expect("it is there").0)
        };
        assert_eq!(of(""), [0, 12_000, 12_000, 0]);
        assert_eq!(of("fee_to_eur_per_mwh = { north = 7, south = 1 }"), [0, 12_000, 7_000, 1_000]);
    }
}
