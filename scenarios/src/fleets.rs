//! Fleets: many assets of one kind, placed by population or at the sites of another fleet, each with its own draws.
//!
//! Member `n` of fleet `roofs` is `roofs_00000n`. Where it lies, whether it exists (a share of the sites of another
//! fleet) and every distributed parameter is drawn from (seed, its id, purpose): a larger share or count adds members
//! and changes none.

use crate::assets::{self, Asset, AssetKind, Belonging, Model, no_name};
use crate::communes::{Commune, communes};
use crate::distribution::{are_weights, pick};
use crate::document::{Drawn, Node, Reader, Table, Value, nearest};
use crate::error::Problem;
use crate::models::ev::EvParameters;
use crate::models::evse::EvseParameters;
use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Parameters, parameters};
use agents::draw::Draws;
use rand::RngExt;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Placed by the communes' populations.
const BY_POPULATION: &str = "by-population";

parameters! {
    /// Many assets of one kind. Besides these keys it takes those of its kind; a number may be a law, such as
    /// { uniform = [3, 9] }, of which each member draws its own. `commune` places a fleet with a count: "by-population"
    /// (the default), a commune, or weights such as { Ducos = 1, "Le Robert" = 2 }. Vehicles take `evse`, the table of
    /// their charge points.
    pub(crate) struct FleetSection in "fleet" {
        /// The kind of its members.
        of: AssetKind, "kind", Any, "";
        /// How many there are; left out for a fleet at the sites of another.
        count: Option<u64> = None, "whole number", Within(0.0, 2e6), "";
        /// The fleet at whose sites they are.
        at: Option<String> = None, "fleet", Any, "";
        /// Share of those sites that have one.
        share: f64 = 1.0, "share", Within(0.0, 1.0), "";
    }
}

/// A member's place: its number, site and commune.
#[derive(Clone, Debug)]
struct Member {
    number: u64,
    site: String,
    commune: usize,
}

/// What all members of a fleet are made from.
struct Fleet<'a> {
    name: &'a str,
    key: String,
    node: &'a Node,
    section: FleetSection,
    seed: u64,
}

/// All members of all fleets; problems are collected, once per fleet.
pub(crate) fn read(root: &Node, seed: u64, problems: &RefCell<Vec<Problem>>) -> Vec<Asset> {
    let Some(node) = root.at("fleet") else { return Vec::new() };
    let Some(table) = node.table() else {
        problems.borrow_mut().push(Problem::at(node, "fleet", "must hold tables, one for each fleet: [fleet.homes]"));
        return Vec::new();
    };
    let mut waiting: Vec<Fleet<'_>> = table
        .iter()
        .filter_map(|(name, node)| {
            let key = format!("fleet.{name}");
            let section = FleetSection::read(&mut Reader::new(&key, node, None, problems));
            node.table().map(|_| Fleet { name, key, node, section, seed })
        })
        .collect();
    let mut sites: BTreeMap<&str, Vec<Member>> = BTreeMap::new();
    let mut assets = Vec::new();
    loop {
        let is_ready = |fleet: &Fleet<'_>| fleet.section.at.as_deref().is_none_or(|host| sites.contains_key(host));
        let (ready, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        waiting = rest;
        if ready.is_empty() {
            break;
        }
        for fleet in ready {
            let members = fleet.members(&sites, problems);
            fleet.make(&members, &mut assets, problems);
            sites.insert(fleet.name, members);
        }
    }
    for fleet in &waiting {
        // Its own keys are checked all the same.
        fleet.make(&[], &mut assets, problems);
        if let Some(text) = fleet.homeless(table, &waiting) {
            fleet.problem("at", text, problems);
        }
    }
    assets
}

impl Fleet<'_> {
    /// Why a fleet has no host; nothing where that is the fault of the fleet it is at.
    fn homeless(&self, all: &Table, waiting: &[Self]) -> Option<String> {
        let host = self.section.at.as_deref()?;
        if !all.contains_key(host) {
            let near = nearest(host, all.keys().map(String::as_str));
            let hint = near.map_or_else(|| ": name another fleet".into(), |near| format!(", did you mean `{near}`?"));
            return Some(format!("is `{host}`, but there is no [fleet.{host}]{hint}"));
        }
        let mut way = vec![self.name, host];
        while let Some(next) = waiting.iter().find(|fleet| Some(&fleet.name) == way.last()) {
            let next = next.section.at.as_deref()?;
            way.push(next);
            if next == self.name {
                return Some(format!("goes in a circle, {}: give one of them a `count`", way.join(" at ")));
            }
            if way[..way.len() - 1].contains(&next) {
                break;
            }
        }
        None
    }

    /// Whether it says what its members are.
    fn has_kind(&self) -> bool {
        matches!(self.node.at("of").map(|of| &of.value), Some(Value::Text(of)) if AssetKind::named(of).is_some())
    }

    fn id(&self, number: u64) -> String {
        format!("{}_{number:06}", self.name)
    }

    fn problem(&self, key: &str, text: impl Into<String>, problems: &RefCell<Vec<Problem>>) {
        let node = self.node.at(key).unwrap_or(self.node);
        problems.borrow_mut().push(Problem::at(node, &format!("{}.{key}", self.key), text));
    }

    /// Who its members are and where.
    fn members(&self, sites: &BTreeMap<&str, Vec<Member>>, problems: &RefCell<Vec<Problem>>) -> Vec<Member> {
        if let Some(text) =
            no_name(self.name).or((self.name.len() > 50).then(|| "is too long a name: use at most 50 letters".into()))
        {
            problems.borrow_mut().push(Problem::at(self.node, &self.key, text));
            return Vec::new();
        }
        match (&self.section.at, self.section.count) {
            (Some(host), None) => {
                if self.node.at("commune").is_some() {
                    self.problem("commune", "is that of the sites it is at: leave it out", problems);
                }
                let is_there = |member: &&Member| self.draw(member.number, "adoption") < self.section.share;
                sites[host.as_str()].iter().filter(is_there).cloned().collect()
            }
            (None, Some(count)) => {
                if self.node.at("share").is_some() {
                    self.problem("share", "is a share of the sites of another fleet: name it as `at`", problems);
                }
                let weights = self.weights(problems);
                let place = |number| Member {
                    number,
                    site: self.id(number),
                    commune: pick(&weights, self.draw(number, "commune")),
                };
                (1..=count).map(place).collect()
            }
            (Some(_), Some(_)) => {
                self.problem("count", "must be left out with `at`: `share` says how many there are", problems);
                Vec::new()
            }
            // One that could not be read is told of already.
            (None, None) if self.node.at("count").or(self.node.at("at")).is_some() => Vec::new(),
            (None, None) => {
                let text = "is missing: write how many members it has, or `at` for a fleet at the sites of another";
                self.problem("count", text, problems);
                Vec::new()
            }
        }
    }

    /// A uniform draw of a member, which need not exist.
    fn draw(&self, number: u64, purpose: &str) -> f64 {
        Draws::new(self.seed, &self.id(number), purpose).at(0).random()
    }

    /// The communes it may lie in, with their weights.
    fn weights(&self, problems: &RefCell<Vec<Problem>>) -> Vec<(usize, f64)> {
        let by_population = || communes().iter().enumerate().map(|(i, c)| (i, f64::from(c.population))).collect();
        let hint = "write \"by-population\", a commune, or weights such as { \"Le Lamentin\" = 2, Ducos = 1 }";
        let found: Result<Vec<_>, String> = match self.node.at("commune").map(|node| &node.value) {
            None => Ok(by_population()),
            Some(Value::Text(text)) if text == BY_POPULATION => Ok(by_population()),
            Some(Value::Text(name)) => Commune::find(name).map(|commune| vec![(commune, 1.0)]),
            Some(Value::Table(table)) => table
                .iter()
                .map(|(name, node)| {
                    let weight = node.value.number().filter(|weight| *weight >= 0.0 && weight.is_finite());
                    let weight = weight.ok_or_else(|| format!("gives {name} no weight of at least 0: {hint}"))?;
                    Ok((Commune::find(name)?, weight))
                })
                .collect(),
            Some(other) => Err(format!("is {}: {hint}", other.kind())),
        };
        let usable = found.and_then(|weights| match are_weights(weights.iter().map(|(_, weight)| *weight)) {
            true => Ok(weights),
            false => Err(format!("has no commune with a weight: {hint}")),
        });
        usable.unwrap_or_else(|text| {
            self.problem("commune", text, problems);
            vec![(0, 1.0)]
        })
    }

    /// Makes the members; stops at the first that has problems, which the others would repeat.
    fn make(&self, members: &[Member], assets: &mut Vec<Asset>, problems: &RefCell<Vec<Problem>>) {
        if !self.has_kind() {
            return;
        }
        let known = problems.borrow().len();
        // A fleet without members is checked all the same.
        let specimen = [Member { number: 1, site: self.id(1), commune: 0 }];
        let is_empty = members.is_empty();
        for member in if is_empty { &specimen } else { members } {
            let id = self.id(member.number);
            let made = self.member(&id, member, problems);
            if problems.borrow().len() > known {
                return;
            }
            if !is_empty {
                assets.extend(made);
            }
        }
    }

    /// A member; a vehicle comes with a charge point of its own.
    fn member(&self, id: &str, member: &Member, problems: &RefCell<Vec<Problem>>) -> Vec<Asset> {
        let drawn = Some(Drawn { seed: self.seed, id });
        let mut reader = Reader::new(&self.key, self.node, drawn, problems);
        FleetSection::read(&mut reader);
        reader.node("commune");
        let belonging = Belonging::read(&mut reader);
        if let Some(text) = belonging.portfolio.as_deref().and_then(no_name) {
            reader.problem("portfolio", text);
        }
        let asset = |id: &str, model: Model| Asset {
            id: id.into(),
            key: self.key.clone(),
            commune: member.commune,
            site: member.site.clone(),
            portfolio: belonging.portfolio.clone(),
            trades: belonging.trades(&model),
            bidding: belonging.bidding,
            wishes: belonging.wishes(),
            model,
        };
        let made = if self.section.of == AssetKind::Ev {
            let vehicle = EvParameters::read(&mut reader);
            let evse = format!("{id}_evse");
            let point = self.charge_point(&mut reader, &evse, problems);
            vec![asset(id, Model::Ev(vehicle, evse.clone())), asset(&evse, Model::Evse(point))]
        } else {
            vec![asset(id, assets::model(self.section.of, &mut reader))]
        };
        // A vehicle's charge point has been checked where it is written.
        assets::check(&made[0].model, &reader);
        reader.finish();
        made
    }

    fn charge_point(&self, reader: &mut Reader<'_>, id: &str, problems: &RefCell<Vec<Problem>>) -> EvseParameters {
        match reader.node("evse") {
            Some(node) => {
                let drawn = Some(Drawn { seed: self.seed, id });
                let mut inner = Reader::new(format!("{}.evse", self.key), node, drawn, problems);
                let point = EvseParameters::read(&mut inner);
                assets::check(&Model::Evse(point.clone()), &inner);
                inner.finish();
                point
            }
            None => {
                let text = "is missing: write the charge point of each vehicle, evse = { power_kw = 7.4, phases = 1 }";
                reader.problem("evse", text);
                EvseParameters::from_toml("power_kw = 7.4").expect("one parameter is required")
            }
        }
    }
}
