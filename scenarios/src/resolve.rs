//! From what a person wrote to a plan: checks values and references, assigns dense ids, makes the cores.

use crate::communes::{Commune, communes};
use crate::error::ScenarioError;
use crate::file::Scenario;
use crate::plan::{CommuneLoad, LoadModel, Plan, PlannedParticipant, PlannedSite, Role, Vehicle, Weather};
use crate::{BatteryParameters, EvseParameters, PvParameters};
use crate::series::Measured;
use crate::values::{check_name, duration, price, within};
use agents::charge_point_operator::{ChargePointOperator, ChargingTariff};
use agents::draw::Draws;
use agents::dso::Dso;
use agents::ems::{Ems, ManagedBattery, ManagedChargePoint, Strategy};
use agents::market_operator::{MarketOperator, MarketRules};
use agents::retailer::{Account, Retailer};
use agents::{Calendar, ParticipantId, PortfolioId, SiteId, Span, Time};
use agents::{battery, evse, load, prosumer, pv};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

type Result<T, E = ScenarioError> = std::result::Result<T, E>;

/// The ids of the participants that are there once.
const RETAILER: &str = "retailer";
const MARKET_OPERATOR: &str = "market_operator";
const EMS: &str = "ems";
const DSO: &str = "dso";
const CHARGE_POINT_OPERATOR: &str = "charge_point_operator";

impl Scenario {
    /// Checks the scenario and makes its plan; `measured` series replace synthetic ones.
    ///
    /// # Errors
    /// [`ScenarioError`] with the key at fault and the remedy.
    pub fn resolve(&self, measured: Measured) -> Result<Plan> {
        let calendar = calendar(&self.place.zone)?;
        let rules = self.market_rules()?;
        let tick = duration("run.tick", &self.run.tick)?;
        let start =
            parse_start(&self.run.start, calendar).map_err(|problem| ScenarioError::value("run.start", problem))?;
        let end = start + duration("run.duration", &self.run.duration)?;
        check_window(start, end, tick, rules.slot)?;
        measured.check_cover(start, end)?;
        let draft = Draft::of(self)?;
        let participants = draft.participants(self, rules)?;
        Ok(Plan {
            name: self.name.clone(),
            seed: self.run.seed,
            start,
            end,
            tick,
            calendar,
            participants,
            sites: draft.sites,
            portfolios: draft.portfolios,
            weather: Weather {
                station: Commune::find("place.station", &self.place.station)?,
                altitude_m: within("place.altitude_m", self.place.altitude_m, -400.0, 9000.0)?,
            },
            measured,
        })
    }

    fn market_rules(&self) -> Result<MarketRules> {
        let slot = duration("market.slot", &self.market.slot)?;
        if Span::HOUR.0 % slot.0 != 0 || slot < Span::MINUTE {
            return Err(ScenarioError::value("market.slot", "must divide the hour and be at least 1m"));
        }
        let is_zero = |lead: &str| lead.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse() == Ok(0.0);
        let lead = match self.market.lead.as_deref() {
            None => slot,
            Some(lead) if is_zero(lead) => Span::ZERO,
            Some(lead) => duration("market.lead", lead)?,
        };
        if lead.0 % slot.0 != 0 {
            return Err(ScenarioError::value("market.lead", "must be a whole number of slots, or \"0m\""));
        }
        if market::mechanism(&self.market.mechanism).is_none() {
            let known = market::mechanism_names().join(", ");
            let problem = format!("there is no `{}`: choose one of {known}", self.market.mechanism);
            return Err(ScenarioError::value("market.mechanism", problem));
        }
        Ok(MarketRules { slot, lead })
    }
}

fn calendar(zone: &str) -> Result<Calendar> {
    let tz = TimeZone::get(zone)
        .map_err(|_| ScenarioError::value("place.zone", format!("`{zone}` is no IANA time zone")))?;
    match tz.to_fixed_offset() {
        Ok(offset) => Ok(Calendar { utc_offset: Span::from_s(offset.seconds().into()) }),
        // A zone's history may hold changes long past; what counts is that it has none from now on.
        Err(_) => {
            let probe = jiff::Timestamp::from_second(1_577_836_800).expect("2020-01-01 is a valid instant");
            match tz.following(probe).next() {
                None => Ok(Calendar { utc_offset: Span::from_s(tz.to_offset(probe).seconds().into()) }),
                Some(_) => Err(ScenarioError::value(
                    "place.zone",
                    format!("`{zone}` changes its clocks: only zones without daylight saving are supported"),
                )),
            }
        }
    }
}

/// Reads the start of a run: a local date (its midnight), or an instant in RFC 3339 with its offset.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_start(text: &str, calendar: Calendar) -> std::result::Result<Time, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = date.since(epoch).map_err(|error| error.to_string())?.get_days();
        return Ok(calendar.midnight(days.into()));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(instant) => Ok(Time(instant.as_millisecond())),
        Err(_) => Err(format!(
            "`{text}` is neither a local date (2026-03-20) nor an instant with its offset (2026-03-20T06:00:00-04:00)"
        )),
    }
}

fn check_window(start: Time, end: Time, tick: Span, slot: Span) -> Result<()> {
    if tick < Span::from_s(1) {
        return Err(ScenarioError::value("run.tick", "must be at least 1s"));
    }
    if slot.0 % tick.0 != 0 {
        let problem = format!("must divide the market slot of {} min", slot.hours() * 60.0);
        return Err(ScenarioError::value("run.tick", problem));
    }
    if start != start.floor(slot) {
        let problem = format!("{start} is not on the market's grid of {} min", slot.hours() * 60.0);
        return Err(ScenarioError::value("run.start", problem));
    }
    if (end - start).0 % tick.0 != 0 {
        return Err(ScenarioError::value("run.duration", "must be a whole number of ticks"));
    }
    if end - start > Span::DAY * 366 * 50 {
        return Err(ScenarioError::value("run.duration", "must not exceed 50 years"));
    }
    // The sun's position is known well beyond, but a year out here is a slip of the pen.
    let years = [start, end].map(|time| Calendar::civil(time.0.div_euclid(Span::DAY.0)).0);
    if years.iter().any(|year| !(1900..2200).contains(year)) {
        return Err(ScenarioError::value("run.start", "the run must lie between the years 1900 and 2200"));
    }
    Ok(())
}

/// The names of a scenario in sorted order: what dense ids are made from.
struct Draft {
    ids: Vec<String>,
    sites: Vec<PlannedSite>,
    portfolios: Vec<String>,
    /// For each asset its site, for each prosumer the site it trades for.
    site_of: BTreeMap<String, SiteId>,
    prosumer_of: BTreeMap<SiteId, ParticipantId>,
}

impl Draft {
    fn of(scenario: &Scenario) -> Result<Self> {
        let assets = scenario.assets();
        check_name("name", &scenario.name)?;
        for asset in &assets {
            check_name("id", &asset.id)?;
            check_name(&format!("{}.site", asset.id), &asset.site)?;
            check_name("portfolio", &asset.portfolio)?;
            if asset.portfolio == "island" {
                return Err(ScenarioError::value("portfolio", "`island` stands for all sites: choose another name"));
            }
        }
        let mut portfolios = vec![scenario.ems.portfolio.clone()];
        portfolios.extend(scenario.loads.iter().map(|loads| loads.portfolio.clone()));
        portfolios.sort();
        portfolios.dedup();
        let sites = sites(&assets, &portfolios)?;
        let site_id = |name: &str| SiteId(sites.partition_point(|site| site.name.as_str() < name) as u32);
        let site_of: BTreeMap<_, _> = assets.iter().map(|asset| (asset.id.clone(), site_id(&asset.site))).collect();
        let mut trading: Vec<SiteId> =
            assets.iter().filter(|asset| asset.trades).map(|asset| site_of[&asset.id]).collect();
        trading.sort();
        trading.dedup();
        let prosumer_id = |site: &SiteId| format!("prosumer_{}", sites[site.index()].name);
        let mut ids: Vec<String> = assets.into_iter().map(|asset| asset.id).collect();
        ids.extend(trading.iter().map(prosumer_id));
        ids.extend([RETAILER, MARKET_OPERATOR, EMS, DSO, CHARGE_POINT_OPERATOR].map(String::from));
        ids.sort();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ScenarioError::DuplicateId { id: pair[0].clone() });
        }
        let rank = |id: String| ParticipantId(ids.partition_point(|other| *other < id) as u32);
        let prosumer_of = trading.into_iter().map(|site| (site, rank(prosumer_id(&site)))).collect();
        Ok(Self { ids, sites, portfolios, site_of, prosumer_of })
    }

    fn find(&self, id: &str) -> Option<ParticipantId> {
        self.ids.binary_search_by(|other| other.as_str().cmp(id)).ok().map(|rank| ParticipantId(rank as u32))
    }

    /// The dense id of a participant that [`Draft::of`] has put in the list.
    fn id(&self, id: &str) -> ParticipantId {
        self.find(id).expect("every id of the scenario is in the draft")
    }

    fn portfolio(&self, name: &str) -> PortfolioId {
        PortfolioId(self.portfolios.partition_point(|other| other.as_str() < name) as u32)
    }

    fn prosumer(&self, asset: &str) -> Option<ParticipantId> {
        self.prosumer_of.get(&self.site_of[asset]).copied()
    }

    fn participants(&self, scenario: &Scenario, rules: MarketRules) -> Result<Vec<PlannedParticipant>> {
        let mut roles = self.asset_roles(scenario, rules)?;
        self.add_loads(scenario, &mut roles)?;
        self.add_institutions(scenario, rules, &mut roles)?;
        let planned = |(id, role)| PlannedParticipant { site: self.site_of.get(&id).copied(), id, role };
        let participants: Vec<_> = roles.into_iter().map(planned).collect();
        debug_assert!(participants.iter().map(|participant| &participant.id).eq(&self.ids));
        Ok(participants)
    }

    fn asset_roles(&self, scenario: &Scenario, rules: MarketRules) -> Result<BTreeMap<String, Role>> {
        let (ems, operator) = (self.id(EMS), self.id(CHARGE_POINT_OPERATOR));
        let mut roles = BTreeMap::new();
        for entry in &scenario.pv {
            let text = format!("peak_kw = {}\ntilt_deg = {}\nazimuth_deg = {}", entry.peak_kw, entry.tilt_deg, entry.azimuth_deg);
            let plant = PvParameters::from_toml(&text)?;
            roles.insert(entry.id.clone(), Role::Pv(pv::Pv::default(), plant));
        }
        for entry in &scenario.battery {
            roles.insert(entry.id.clone(), Role::Battery(battery::Battery::new(ems, rules.slot), BatteryParameters::from_toml(&format!("capacity_kwh = {}\npower_kw = {}\nmin_soc = {}\nmax_soc = {}\ninitial_soc = {}", entry.capacity_kwh, entry.power_kw, entry.min_soc, entry.max_soc, entry.initial_soc))?));
        }
        let mut users: BTreeMap<&str, &str> = BTreeMap::new();
        for entry in &scenario.evse {
            let point = EvseParameters::from_toml(&format!("power_kw = {}", entry.power_kw))?;
            roles.insert(entry.id.clone(), Role::Evse(evse::Evse::new(Some(operator), Some(ems)), point));
        }
        for entry in &scenario.ev {
            let key = format!("{}.evse", entry.id);
            let Some((_, evse)) = scenario.evse.iter().find(|evse| evse.id == entry.evse).map(|e| (e, self.id(&e.id)))
            else {
                return Err(ScenarioError::Dangling {
                    key,
                    id: entry.evse.clone(),
                    expected: "charge point ([[evse]])",
                });
            };
            if let Some(other) = users.insert(&entry.evse, &entry.id) {
                let problem =
                    format!("`{}` is already used by {other}: give each vehicle a charge point of its own", entry.evse);
                return Err(ScenarioError::value(key, problem));
            }
            let parameters = entry.parameters()?;
            let core = parameters.core(evse, scenario.run.seed, &entry.id, rules.slot);
            let vehicle = Vehicle { parameters, evse };
            roles.insert(entry.id.clone(), Role::Ev(core, vehicle));
        }
        Ok(roles)
    }

    fn add_loads(&self, scenario: &Scenario, roles: &mut BTreeMap<String, Role>) -> Result<()> {
        let Some(loads) = &scenario.loads else { return Ok(()) };
        let mean_mw = within("loads.mean_mw", loads.mean_mw, 0.0, 1e6)?;
        for (hour, factor) in loads.shape.iter().enumerate() {
            within(format!("loads.shape[{hour}]"), *factor, 0.0, 100.0)?;
        }
        let (per_kelvin, spread) =
            (within("loads.per_kelvin", loads.per_kelvin, -0.2, 0.2)?, within("loads.spread", loads.spread, 0.0, 0.3)?);
        let reference_c = within("loads.reference_c", loads.reference_c, -60.0, 60.0)?;
        let population: u32 = communes().iter().map(|commune| commune.population).sum();
        for commune in communes() {
            let share = f64::from(commune.population) / f64::from(population);
            let mean_kw = mean_mw * 1000.0 * share;
            let body = CommuneLoad { mean_kw, share, shape: loads.shape, per_kelvin, reference_c, spread };
            roles.insert(load_id(commune), Role::Load(load::Load::default(), LoadModel::Commune(body)));
        }
        Ok(())
    }

    fn add_institutions(
        &self,
        scenario: &Scenario,
        rules: MarketRules,
        roles: &mut BTreeMap<String, Role>,
    ) -> Result<()> {
        let seed = scenario.run.seed;
        let managed: Vec<SiteId> = scenario
            .battery
            .iter()
            .map(|entry| &entry.id)
            .chain(scenario.evse.iter().map(|entry| &entry.id))
            .map(|id| self.site_of[id])
            .collect();
        for (site, prosumer) in &self.prosumer_of {
            let id = &self.ids[prosumer.index()];
            let draws = Draws::new(seed, id, "reservation price");
            let core = prosumer::Prosumer::new(self.id(MARKET_OPERATOR), rules, managed.contains(site), draws);
            roles.insert(id.clone(), Role::Prosumer(core, *site));
        }
        let account = |index: usize| {
            let site = SiteId(index as u32);
            Account { site, prosumer: self.prosumer_of.get(&site).copied() }
        };
        let accounts = (0..self.sites.len()).map(account).collect();
        let retailer = Retailer::new(scenario.retail_tariff()?, rules.slot, accounts);
        roles.insert(RETAILER.into(), Role::Retailer(retailer));
        let ticket = Draws::new(seed, MARKET_OPERATOR, "lottery").ticket();
        let operator = MarketOperator::new(&scenario.market.mechanism, rules, self.id(RETAILER), ticket);
        roles.insert(MARKET_OPERATOR.into(), Role::MarketOperator(operator));
        let portfolio = self.portfolio(&scenario.ems.portfolio);
        roles.insert(EMS.into(), Role::Ems(self.ems(scenario, portfolio, rules)?, portfolio));
        let dso = Dso::new(scenario.dso_policy()?, vec![self.id(EMS)], Draws::new(seed, DSO, "price"));
        roles.insert(DSO.into(), Role::Dso(Box::new(dso)));
        let contracts = scenario.ev.iter().map(|entry| self.id(&entry.id));
        let tariff = ChargingTariff {
            delivered: price(
                "charge_point_operator.delivered_eur_per_mwh",
                scenario.charge_point_operator.delivered_eur_per_mwh,
            )?,
            returned: price(
                "charge_point_operator.returned_eur_per_mwh",
                scenario.charge_point_operator.returned_eur_per_mwh,
            )?,
        };
        let operator = ChargePointOperator::new(contracts, tariff);
        roles.insert(CHARGE_POINT_OPERATOR.into(), Role::ChargePointOperator(operator));
        Ok(())
    }

    fn ems(&self, scenario: &Scenario, portfolio: PortfolioId, rules: MarketRules) -> Result<Ems> {
        let mut batteries: Vec<_> = scenario
            .battery
            .iter()
            .map(|entry| ManagedBattery {
                battery: self.id(&entry.id),
                prosumer: self.prosumer(&entry.id),
                rated_kw: entry.power_kw,
            })
            .collect();
        batteries.sort_by_key(|managed| managed.battery);
        let mut charge_points: Vec<_> = scenario
            .evse
            .iter()
            .map(|entry| ManagedChargePoint {
                evse: self.id(&entry.id),
                prosumer: self.prosumer(&entry.id),
                rated_kw: entry.power_kw,
            })
            .collect();
        charge_points.sort_by_key(|managed| managed.evse);
        for (key, strategy) in [("ems.batteries", scenario.ems.batteries), ("ems.vehicles", scenario.ems.vehicles)] {
            if let Strategy::PriceThreshold { charge_below_eur_per_mwh: low, discharge_above_eur_per_mwh: high } =
                strategy
                && !(low < high && low.is_finite() && high.is_finite())
            {
                return Err(ScenarioError::value(
                    key,
                    "charge_below_eur_per_mwh must be less than discharge_above_eur_per_mwh",
                ));
            }
        }
        let strategies = (scenario.ems.batteries, scenario.ems.vehicles);
        Ok(Ems::new(portfolio, rules, batteries, charge_points, strategies))
    }
}

/// What the draft needs to know of an asset.
struct AssetName {
    id: String,
    commune: String,
    site: String,
    portfolio: String,
    /// Whether its site trades in the local market.
    trades: bool,
}

fn load_id(commune: &Commune) -> String {
    format!("load_{}", commune.code)
}

fn sites(assets: &[AssetName], portfolios: &[String]) -> Result<Vec<PlannedSite>> {
    let mut sites: BTreeMap<&str, PlannedSite> = BTreeMap::new();
    for asset in assets {
        let commune = Commune::find(&asset.id, &asset.commune)?;
        let rank = portfolios.partition_point(|portfolio| *portfolio < asset.portfolio);
        let planned = PlannedSite { name: asset.site.clone(), commune, portfolio: Some(PortfolioId(rank as u32)) };
        let known = sites.entry(&asset.site).or_insert_with(|| planned.clone());
        if *known != planned {
            let (here, there) = (&asset.commune, &communes()[known.commune].name);
            let problem = format!("site `{}` lies in {there} for another asset, in {here} for this one", asset.site);
            return Err(ScenarioError::value(format!("{}.site", asset.id), problem));
        }
    }
    Ok(sites.into_values().collect())
}

impl Scenario {
    fn assets(&self) -> Vec<AssetName> {
        let asset = |id: &String, commune: &String, site: &Option<String>, trades| AssetName {
            id: id.clone(),
            commune: commune.clone(),
            site: site.clone().unwrap_or_else(|| id.clone()),
            portfolio: self.ems.portfolio.clone(),
            trades,
        };
        let mut assets: Vec<_> = self.pv.iter().map(|e| asset(&e.id, &e.commune, &e.site, true)).collect();
        assets.extend(self.battery.iter().map(|e| asset(&e.id, &e.commune, &e.site, true)));
        assets.extend(self.evse.iter().map(|e| asset(&e.id, &e.commune, &e.site, true)));
        assets.extend(self.ev.iter().map(|e| asset(&e.id, &e.commune, &e.site, false)));
        if let Some(loads) = &self.loads {
            assets.extend(communes().iter().map(|commune| AssetName {
                id: load_id(commune),
                commune: commune.name.clone(),
                site: load_id(commune),
                portfolio: loads.portfolio.clone(),
                trades: false,
            }));
        }
        assets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Kind;
    use std::path::Path;

    const HEAD: &str = "version = 1\nname = \"test\"\n[run]\nstart = \"2026-03-20\"\nduration = \"1d\"\n";

    fn resolve(text: &str) -> Result<Plan> {
        Scenario::parse(text, Path::new("test.toml"))?.resolve(Measured::default())
    }

    #[test]
    fn martinique_has_the_platforms_40_assets_and_34_communes() {
        let plan = Scenario::load("martinique").and_then(|scenario| scenario.resolve(Measured::default()));
        let plan = plan.expect("the built-in scenario is valid");
        let count = |kind| plan.participants.iter().filter(|participant| participant.role.kind() == kind).count();
        let counts = [Kind::Pv, Kind::Battery, Kind::Evse, Kind::Ev, Kind::Load, Kind::Prosumer].map(count);
        assert_eq!(counts, [10, 10, 10, 10, 34, 30]);
        assert_eq!((plan.sites.len(), plan.participants.len()), (74, 109));
        assert_eq!(plan.portfolios, ["cariflex", "communes"]);
        let five_of_each = |kw| {
            let rated = |participant: &&PlannedParticipant| matches!(&participant.role, Role::Evse(_, point) if point.power_kw == kw);
            plan.participants.iter().filter(rated).count()
        };
        assert_eq!((five_of_each(22.0), five_of_each(11.0)), (5, 5));
        let mean_kw = |participant: &PlannedParticipant| match &participant.role {
            Role::Load(_, LoadModel::Commune(load)) => load.mean_kw,
            _ => 0.0,
        };
        let island_kw: f64 = plan.participants.iter().map(mean_kw).sum();
        assert!((island_kw - 169_000.0).abs() < 1e-6);
    }

    #[test]
    fn an_almost_empty_scenario_resolves() {
        let plan = resolve(HEAD).expect("all sections have defaults");
        assert_eq!(plan.ticks(), 96);
        assert_eq!(plan.start.to_string(), "2026-03-20T04:00:00Z");
    }

    #[test]
    fn dense_ids_are_ranks_of_string_ids_whatever_the_order_in_the_file() {
        let mut scenario = Scenario::load("martinique").expect("built in");
        let ids = |scenario: &Scenario| {
            let plan = scenario.resolve(Measured::default()).expect("valid");
            plan.participants.into_iter().map(|participant| participant.id).collect::<Vec<_>>()
        };
        let before = ids(&scenario);
        scenario.pv.reverse();
        scenario.ev.reverse();
        assert_eq!(ids(&scenario), before);
        assert!(before.is_sorted());
    }

    #[test]
    fn several_assets_may_share_a_site() {
        let assets = "[[pv]]\nid = \"roof\"\ncommune = \"Ducos\"\nsite = \"home\"\npeak_kw = 5.0\n\
                      [[battery]]\nid = \"cellar\"\ncommune = \"Ducos\"\nsite = \"home\"\ncapacity_kwh = 10.0\npower_kw = 5.0\n";
        let plan = resolve(&(HEAD.to_owned() + assets)).expect("valid");
        assert_eq!(plan.sites.len(), 1);
        assert!(plan.participant("prosumer_home").is_some());
    }

    #[test]
    fn every_wrong_scenario_names_the_place_and_the_remedy() {
        let pv = "[[pv]]\nid = \"pv_01\"\ncommune = \"Ducos\"\npeak_kw = 5.0\n";
        let evse = "[[evse]]\nid = \"cp\"\ncommune = \"Ducos\"\npower_kw = 22.0\n";
        let ev = |id: &str, evse: &str| {
            format!(
                "[[ev]]\nid = \"{id}\"\ncommune = \"Ducos\"\nevse = \"{evse}\"\ncapacity_kwh = 75.0\npower_kw = 22.0\n"
            )
        };
        let head = |from: &str, to: &str| HEAD.replace(from, to);
        let with = |text: &str| HEAD.to_owned() + text;
        let cases: Vec<(String, &[&str])> = vec![
            ("name = 3".into(), &["test.toml", "line 1"]),
            (with("colour = \"red\"\n"), &["test.toml", "unknown field `colour`", "line 6"]),
            (with("[weather]\nclouds = 3\n"), &["unknown field `weather`"]),
            (head("version = 1", "version = 2"), &["version", "reads version 1"]),
            (head("2026-03-20", "20/03/2026"), &["run.start", "2026-03-20T06:00:00-04:00"]),
            (head("2026-03-20", "2026-02-30"), &["run.start"]),
            (head("2026-03-20", "2026-03-20T06:00:00"), &["run.start", "offset"]),
            (head("2026-03-20", "2026-03-20T06:07:00-04:00"), &["run.start", "grid"]),
            (head("\"1d\"", "\"1 day\""), &["run.duration", "for instance"]),
            (head("\"1d\"", "\"1d\"\ntick = \"7m\""), &["run.tick", "divide the market slot of 15 min"]),
            (head("\"1d\"", "\"1d\"\ntick = \"100ms\""), &["run.tick", "at least 1s"]),
            (head("\"1d\"", "\"7m\""), &["run.duration", "whole number of ticks"]),
            (head("\"1d\"", "\"100000d\""), &["run.duration", "50 years"]),
            (head("2026-03-20", "9000-01-01"), &["run.start", "1900 and 2200"]),
            (head("\"test\"", "\"../x\""), &["name", "letters"]),
            (
                with("[ems]\nportfolio = \"island\"\n[[pv]]\nid = \"a\"\ncommune = \"Ducos\"\npeak_kw = 1.0\n"),
                &["`island`"],
            ),
            (with(&pv.replace("pv_01", "pv\\u001b[31m")), &["id", "letters"]),
            (
                with("[ems]\nbatteries = { rule = \"self-consumption\", charge_below_eur_per_mwh = 1.0 }\n"),
                &["test.toml", "charge_below_eur_per_mwh"],
            ),
            (with(&(evse.to_owned() + &ev("a", "cp") + "away_h = 20.0\n")), &["a.away_h", "23:30"]),
            (with("[place]\nzone = \"Europe/Paris\"\n"), &["place.zone", "daylight saving"]),
            (with("[place]\nzone = \"America/Fort-de-France\"\n"), &["place.zone", "IANA"]),
            (with("[place]\nstation = \"Paris\"\n"), &["place.station", "communes.csv"]),
            (with("[market]\nmechanism = \"auction\"\n"), &["market.mechanism", "uniform-mid-truncated"]),
            (with("[market]\nslot = \"7m\"\n"), &["market.slot", "divide the hour"]),
            (with("[market]\nlead = \"20m\"\n"), &["market.lead", "slots"]),
            (with("[retailer]\nfeed_in_eur_per_mwh = 900.0\n"), &["retailer.feed_in", "exceed"]),
            (with("[retailer]\npeak_eur_per_mwh = nan\n"), &["retailer.peak", "between"]),
            (with("[dso]\nload_control_percent = 120.0\n"), &["dso.load_control_percent", "between 0 and 100"]),
            (with("[loads]\nmean_mw = -1.0\n"), &["loads.mean_mw", "between"]),
            (with("[loads]\nshape = [1.0, 2.0]\n"), &["test.toml", "24"]),
            (
                with(
                    "[ems.batteries]\nrule = \"price-threshold\"\ncharge_below_eur_per_mwh = 9.0\ndischarge_above_eur_per_mwh = 3.0\n",
                ),
                &["ems.batteries", "less than"],
            ),
            (with("[ems]\nbatteries = { rule = \"magic\" }\n"), &["test.toml", "self-consumption"]),
            (with(&pv.replace("5.0", "-5.0")), &["pv_01.peak_kw", "between"]),
            (with(&pv.replace("Ducos", "Dukos")), &["pv_01.commune", "communes.csv"]),
            (with(&pv.replace("Ducos", "francois")), &["Le François"]),
            (with(&(pv.to_owned() + pv)), &["`pv_01`", "unique"]),
            (with(&pv.replace("pv_01", "retailer")), &["`retailer`", "unique"]),
            (with(&pv.replace("peak_kw", "kwp")), &["unknown field `kwp`"]),
            (with(&ev("ev_01", "cp_9")), &["ev_01.evse", "cp_9"]),
            (with(&(evse.to_owned() + &ev("a", "cp") + &ev("b", "cp"))), &["b.evse", "already used by a"]),
            (with(&(evse.to_owned() + &ev("a", "cp") + "initial_soc = 1.5\n")), &["a.initial_soc", "between 0 and 1"]),
            (
                with(
                    &(pv.to_owned()
                        + "site = \"s\"\n"
                        + &pv.replace("pv_01", "pv_02").replace("Ducos", "Le Marin")
                        + "site = \"s\"\n"),
                ),
                &["pv_02.site", "Ducos", "Le Marin"],
            ),
        ];
        for (text, expected) in cases {
            let error = resolve(&text).expect_err(&text).to_string();
            for part in expected {
                assert!(error.contains(part), "expected `{part}` in:\n{error}\nfor:\n{text}");
            }
        }
    }
}
