//! From what a person wrote to a plan: checks references, assigns dense ids, makes the cores.

mod institutions;
mod measured;
mod partners;

use crate::areas::{self, Inhabitants, PlannedAreas};
use crate::assets::{self, Asset, Model, no_name};
use crate::communes::{Commune, communes};
use crate::contracts;
use crate::data::{DataTable, Measured};
use crate::document::{Node, Reader, Value, nearest};
use crate::error::{MOST_TOLD, Problem, ScenarioError, beginning};
use crate::faults::{self, FaultOf};
use crate::flexibility::{FlexibilitySection, Place};
use crate::models::battery::BatteryHabit;
use crate::models::clouds::CloudParameters;
use crate::models::ev::DriverModel;
use crate::models::mirror::MirrorParameters;
use crate::models::mqtt::MqttParameters;
use crate::models::supply::SupplyParameters;
use crate::models::weather::WeatherParameters;
use crate::parameters::Parameters;
use crate::plan::{
    CommuneLoad, LoadModel, Plan, PlannedFault, PlannedParticipant, PlannedSite, Role, Vehicle, Weather,
};
use crate::products;
use crate::reserve::ReserveSection;
use crate::scenario::{HeadSection, Scenario, told};
use crate::schedule::ScheduleSection;
use crate::sections::{
    ChargePointOperatorSection, DemandSection, DsoSection, EmsSection, MarketSection, PlaceSection, RetailerSection,
    RunSection,
};
use crate::settlement::{self, CommunitySection, SettlementSection};
use crate::window;
use crate::wishes::Wishes;
use agents::command::Mode;
use agents::draw::Draws;
use agents::market_operator::{MarketRules, Venues};
use agents::prosumer::Bidding;
use agents::retailer::{Alternative, Contract};
use agents::{Calendar, Kind, MeterId, ParticipantId, PortfolioId, SiteId, Span, Time};
use agents::{battery, evse, load, prosumer, pv};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The ids of the participants that are there once.
const RETAILER: &str = "retailer";
const MARKET_OPERATOR: &str = "market_operator";
const EMS: &str = "ems";
const DSO: &str = "dso";
const CHARGE_POINT_OPERATOR: &str = "charge_point_operator";
const INSTITUTIONS: [&str; 5] = [RETAILER, MARKET_OPERATOR, EMS, DSO, CHARGE_POINT_OPERATOR];

/// What stands in for the market's rules while problems are collected.
const NO_RULES: MarketRules = MarketRules { slot: Span::HOUR, lead: Span::HOUR };

/// All sections of a scenario, read.
pub(crate) struct Sections {
    pub(crate) head: HeadSection,
    pub(crate) run: RunSection,
    pub(crate) place: PlaceSection,
    pub(crate) weather: WeatherParameters,
    pub(crate) clouds: CloudParameters,
    pub(crate) demand: Option<DemandSection>,
    pub(crate) supply: Option<SupplyParameters>,
    pub(crate) mirror: MirrorParameters,
    pub(crate) mqtt: MqttParameters,
    pub(crate) market: MarketSection,
    pub(crate) settlement: SettlementSection,
    pub(crate) community: CommunitySection,
    pub(crate) retailer: RetailerSection,
    pub(crate) dso: DsoSection,
    pub(crate) reserve: ReserveSection,
    pub(crate) flexibility: FlexibilitySection,
    pub(crate) ems: EmsSection,
    pub(crate) schedule: ScheduleSection,
    pub(crate) charge_point_operator: ChargePointOperatorSection,
}

impl Scenario {
    /// Checks the scenario and makes its plan; `tables` are those of [`Scenario::data_files`], in their order.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`]: everything that is wrong, each with file, line, key and remedy.
    pub fn resolve(&self, tables: &[Arc<DataTable>]) -> Result<Plan, ScenarioError> {
        let problems = RefCell::default();
        self.check_sections(&problems);
        let sections = self.read_sections(&problems);
        let before_assets = problems.borrow().len();
        let assets = assets::read(&self.root, sections.run.seed, &problems);
        let assets_are_sound = problems.borrow().len() == before_assets;
        let mut measured = self.measured(tables, &problems);
        let window = window::read(self, &sections, &problems);
        if let Some(window) = &window {
            measured.check_cover(window.start, window.end, &mut problems.borrow_mut());
        }
        let areas = areas::read(self, &problems);
        let read_faults = self.faults(window.as_ref(), &problems);
        let rules = match &window {
            Some(window) => (window.rules, Arc::clone(&window.venues)),
            None => (NO_RULES, Venues::default()),
        };
        let between = RefCell::default();
        let mut draft = Draft::of(self, &sections, &assets, (rules, &areas), &between);
        draft.end = window.as_ref().map(|window| window.end);
        if assets_are_sound {
            draft.contracts = contracts::read(self, window.as_ref(), &draft.sites, &problems);
            if !draft.alternatives.is_empty() {
                contracts::check_comparison(self, &draft.contracts, &problems);
            }
        }
        let mut faults = Vec::new();
        if assets_are_sound {
            self.check_measured(&draft, &assets, &measured, &between);
            if !read_faults.is_empty() {
                faults = faults::of_devices(self, &read_faults, &draft.devices(), &between);
            }
        }
        // Of an asset with a wrong key, what it has to do with others can not be said.
        let of_one = problems.take();
        let tables: BTreeSet<&str> = of_one.iter().map(|problem| table_of(&problem.key)).collect();
        let between = between.into_inner().into_iter().filter(|problem| !tables.contains(table_of(&problem.key)));
        told(of_one.iter().cloned().chain(between).collect())?;
        let window = window.expect("a window without problems is there");
        measured::note_the_undeliverable(&assets, &mut measured);
        measured.note_the_hour_of_the_sun(communes()[window.station].lon_deg);
        let faults = faults.into_iter().map(|fault| draft.planned_fault(fault)).collect();
        Ok(Plan {
            name: sections.head.name.clone(),
            seed: sections.run.seed,
            start: window.start,
            end: window.end,
            tick: sections.run.tick,
            slot: window.rules.slot,
            venues: window.venues,
            areas: draft.areas.names.clone(),
            record: sections.run.record,
            calendar: window.calendar,
            participants: draft.participants(&measured, window.calendar),
            sites: draft.sites,
            portfolios: draft.portfolios,
            alternatives: draft.alternatives.iter().map(|alternative| alternative.name.clone()).collect(),
            weather: Weather {
                station: window.station,
                altitude_m: sections.place.altitude_m,
                air: sections.weather,
                clouds: sections.clouds,
            },
            supply: sections.supply,
            mirror: sections.mirror,
            faults,
            mqtt: sections.mqtt,
            measured,
        })
    }

    fn read_sections(&self, problems: &RefCell<Vec<Problem>>) -> Sections {
        let demand = self.root.at("demand").is_some().then(|| self.section("demand", problems));
        let supply = self.root.at("supply").is_some().then(|| self.section("supply", problems));
        Sections {
            head: HeadSection::read(&mut Reader::new("", &self.root, None, problems)),
            run: self.section("run", problems),
            place: self.section("place", problems),
            weather: self.section("weather", problems),
            clouds: self.section("clouds", problems),
            demand,
            supply,
            mirror: self.section("mirror", problems),
            market: self.section("market", problems),
            settlement: self.section("settlement", problems),
            community: self.section("community", problems),
            retailer: self.section("retailer", problems),
            dso: self.section("dso", problems),
            reserve: self.section("reserve", problems),
            flexibility: self.section("flexibility", problems),
            ems: self.section("ems", problems),
            schedule: self.section("schedule", problems),
            charge_point_operator: self.section("charge_point_operator", problems),
            mqtt: self.section("mqtt", problems),
        }
    }

    /// A section that is there once; one that is left out has its defaults.
    fn section<P: Parameters>(&self, name: &str, problems: &RefCell<Vec<Problem>>) -> P {
        let absent = Node { value: Value::Table(BTreeMap::new()), origin: self.root.origin.clone() };
        let node = self.root.at(name).unwrap_or(&absent);
        let mut reader = Reader::new(name, node, None, problems);
        let section = P::read(&mut reader);
        reader.finish();
        section
    }
}

/// The names of a scenario in sorted order: what dense ids are made from.
struct Draft<'a> {
    sections: &'a Sections,
    assets: &'a [Asset],
    rules: MarketRules,
    venues: Venues,
    /// Every participant's id, sorted.
    ids: Vec<String>,
    sites: Vec<PlannedSite>,
    portfolios: Vec<String>,
    /// The communes' loads: id and commune.
    loads: Vec<(String, usize)>,
    /// Who trades for a site.
    prosumer_of: BTreeMap<SiteId, Trader>,
    /// Prosumers, each with those that it would rather trade with.
    partners: Vec<(ParticipantId, Vec<ParticipantId>)>,
    /// What the settlement is compared with.
    alternatives: Vec<Alternative>,
    /// What sites have agreed with each other and with the retailer.
    contracts: Vec<Contract>,
    /// When the run is over.
    end: Option<Time>,
    /// The areas of the market.
    areas: PlannedAreas,
    /// Where flexibility is traded, and which storage is offered.
    congestion_point: Option<(Place, BTreeSet<ParticipantId>)>,
}

/// Who trades for a site.
struct Trader {
    id: String,
    /// How it sets its limit prices, where an asset of the site says so.
    bidding: Option<Bidding>,
    /// What the assets of the site say that it wants.
    wishes: Wishes,
}

impl Trader {
    fn of(site: &str) -> Self {
        Self { id: format!("prosumer_{site}"), bidding: None, wishes: Wishes::default() }
    }
}

impl<'a> Draft<'a> {
    fn of(
        scenario: &Scenario,
        sections: &'a Sections,
        assets: &'a [Asset],
        ((rules, venues), areas): ((MarketRules, Venues), &areas::Sections),
        problems: &RefCell<Vec<Problem>>,
    ) -> Self {
        let loads = match &sections.demand {
            Some(_) => communes().iter().enumerate().map(|(index, commune)| (load_id(commune), index)).collect(),
            None => Vec::new(),
        };
        let mut draft = Self {
            sections,
            assets,
            rules,
            venues,
            ids: Vec::new(),
            sites: Vec::new(),
            portfolios: Vec::new(),
            loads,
            prosumer_of: BTreeMap::new(),
            partners: Vec::new(),
            alternatives: Vec::new(),
            contracts: Vec::new(),
            end: None,
            areas: PlannedAreas::default(),
            congestion_point: None,
        };
        draft.name_portfolios(scenario, problems);
        draft.place_sites(scenario, problems);
        draft.name_participants(scenario, problems);
        draft.partners = draft.partners(scenario, problems);
        draft.check_charge_points(scenario, problems);
        draft.check_explicit_loads(scenario, problems);
        draft.congestion_point = draft.find_congestion_point(scenario, problems);
        let (rule, members) = (draft.rule(), draft.prosumer_of.len());
        let Sections { market, community, .. } = sections;
        draft.alternatives = settlement::alternatives(scenario, &market.compare, community, (&rule, members), problems);
        areas::check_backstop(scenario, areas, (market, &sections.retailer), problems);
        let traders = draft.prosumer_of.iter().map(|(site, trader)| (*site, draft.id(&trader.id))).collect();
        let inhabitants = Inhabitants { sites: &draft.sites, portfolios: &draft.portfolios, traders };
        draft.areas = areas::resolve(scenario, areas, (market, &draft.venues), &inhabitants, problems);
        draft
    }

    fn portfolio_of(&self, asset: &Asset) -> PortfolioId {
        self.portfolio(asset.portfolio.as_ref().unwrap_or(&self.sections.ems.portfolio))
    }

    fn portfolio(&self, name: &str) -> PortfolioId {
        PortfolioId(self.portfolios.partition_point(|other| other.as_str() < name) as u32)
    }

    fn name_portfolios(&mut self, scenario: &Scenario, problems: &RefCell<Vec<Problem>>) {
        let mut names = BTreeSet::from([self.sections.ems.portfolio.clone()]);
        names.extend(self.sections.demand.iter().map(|demand| demand.portfolio.clone()));
        names.extend(self.assets.iter().filter_map(|asset| asset.portfolio.clone()));
        for name in &names {
            let text = no_name(name)
                .or((name == "island").then(|| "is `island`, which stands for all sites: choose another name".into()));
            if let Some(text) = text {
                let asset = self.assets.iter().find(|asset| asset.portfolio.as_ref() == Some(name));
                let key = match asset {
                    Some(asset) => format!("{}.portfolio", asset.key),
                    None if *name == self.sections.ems.portfolio => "ems.portfolio".into(),
                    None => "demand.portfolio".into(),
                };
                problems.borrow_mut().push(scenario.root.problem(key, text));
            }
        }
        self.portfolios = names.into_iter().collect();
    }

    fn place_sites(&mut self, scenario: &Scenario, problems: &RefCell<Vec<Problem>>) {
        let mut sites: BTreeMap<&str, (PlannedSite, &str)> = BTreeMap::new();
        // Members of a fleet repeat one another.
        let mut told_of: BTreeSet<&str> = BTreeSet::new();
        for asset in self.assets {
            let portfolio = Some(self.portfolio_of(asset));
            let planned = PlannedSite { name: asset.site.clone(), commune: asset.commune, portfolio };
            let (known, other) = sites.entry(&asset.site).or_insert_with(|| (planned.clone(), &asset.key));
            if *known == planned || !told_of.insert(&asset.key) {
                continue;
            }
            let site = &asset.site;
            let (key, text) = if known.commune == planned.commune {
                let name = |id: Option<PortfolioId>| id.map_or("none", |id| self.portfolios[id.index()].as_str());
                let (here, there) = (name(portfolio), name(known.portfolio));
                let text =
                    format!("is `{here}`, but its site `{site}` belongs to `{there}` for {other}: make them agree");
                ("portfolio", text)
            } else {
                let (here, there) = (asset.commune_name(), &communes()[known.commune].name);
                let text = format!("is {here}, but its site `{site}` lies in {there} for {other}: make them agree");
                ("commune", text)
            };
            problems.borrow_mut().push(scenario.root.problem(format!("{}.{key}", asset.key), text));
        }
        let mut sites: Vec<PlannedSite> = sites.into_values().map(|(site, _)| site).collect();
        if let Some(demand) = &self.sections.demand {
            let portfolio = Some(self.portfolio(&demand.portfolio));
            sites.extend(self.loads.iter().map(|(id, commune)| PlannedSite {
                name: id.clone(),
                commune: *commune,
                portfolio,
            }));
        }
        sites.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = sites.windows(2).find(|pair| pair[0].name == pair[1].name) {
            let text = format!("needs the site `{}` for a commune's load: rename the asset's", pair[0].name);
            problems.borrow_mut().push(scenario.root.problem("demand", text));
        }
        self.sites = sites;
    }

    fn site(&self, name: &str) -> SiteId {
        SiteId(self.sites.partition_point(|site| site.name.as_str() < name) as u32)
    }

    fn name_participants(&mut self, scenario: &Scenario, problems: &RefCell<Vec<Problem>>) {
        let mut prosumer_of: BTreeMap<SiteId, Trader> = BTreeMap::new();
        for asset in self.assets.iter().filter(|asset| asset.trades) {
            let site = self.site(&asset.site);
            let trader = prosumer_of.entry(site).or_insert_with(|| Trader::of(&self.sites[site.index()].name));
            let differs = |key: &str| {
                let text = format!("differs from that of another asset of its site `{}`: make them agree", asset.site);
                problems.borrow_mut().push(scenario.root.problem(format!("{}.{key}", asset.key), text));
            };
            trader.wishes.join(&asset.wishes).into_iter().for_each(differs);
            match (trader.bidding, asset.bidding) {
                (Some(known), Some(other)) if known != other => differs("bidding"),
                (known, other) => trader.bidding = known.or(other),
            }
        }
        let mut ids: Vec<String> = self.assets.iter().map(|asset| asset.id.clone()).collect();
        ids.extend(self.loads.iter().map(|(id, _)| id.clone()));
        ids.extend(prosumer_of.values().map(|trader| trader.id.clone()));
        ids.extend(INSTITUTIONS.map(String::from));
        ids.sort();
        for pair in ids.windows(2).filter(|pair| pair[0] == pair[1]) {
            let key = self.assets.iter().find(|asset| asset.id == pair[0]).map_or("demand", |asset| &asset.key);
            let text = format!("has the name of another participant, `{}`: rename it", pair[0]);
            problems.borrow_mut().push(scenario.root.problem(key, text));
        }
        (self.ids, self.prosumer_of) = (ids, prosumer_of);
    }

    /// Every vehicle has a charge point, and no charge point two vehicles.
    fn check_charge_points(&self, scenario: &Scenario, problems: &RefCell<Vec<Problem>>) {
        let mut users: BTreeMap<&str, &str> = BTreeMap::new();
        for asset in self.assets {
            let Model::Ev(_, evse) = &asset.model else { continue };
            let wrong = |text| problems.borrow_mut().push(scenario.root.problem(format!("{}.evse", asset.key), text));
            if !matches!(model_of(self.assets, evse), Some(Model::Evse(_))) {
                let known = self.assets.iter().filter(|asset| matches!(asset.model, Model::Evse(_)));
                let hint = did_you_mean(evse, known.map(|asset| asset.id.as_str()), "add it there", problems);
                wrong(format!("is `{}`, which is no charge point of [evse]: {hint}", beginning(evse)));
            } else if let Some(other) = users.insert(evse, &asset.id) {
                wrong(format!("is `{evse}`, which {other} uses already: give each vehicle a charge point of its own"));
            }
        }
    }

    /// Households and commercial sites are part of their commune's demand, and can not be more than it.
    fn check_explicit_loads(&self, scenario: &Scenario, problems: &RefCell<Vec<Problem>>) {
        let Some(demand) = &self.sections.demand else { return };
        let mut explicit_kw = vec![0.0; communes().len()];
        for asset in self.assets {
            explicit_kw[asset.commune] += match &asset.model {
                Model::Household(household) => household.daily_kwh / 24.0,
                Model::Commercial(site) => site.mean_kw,
                _ => 0.0,
            };
        }
        for (commune, explicit_kw) in communes().iter().zip(explicit_kw) {
            let demand_kw = demand.mean_mw * 1000.0 * share_of(commune);
            if explicit_kw > demand_kw {
                let text = format!(
                    "leaves {} {demand_kw:.0} kW on average, but its households and commercial sites take \
                     {explicit_kw:.0} kW: raise it, or have fewer of them there",
                    commune.name
                );
                problems.borrow_mut().push(scenario.root.problem("demand.mean_mw", text));
            }
        }
    }

    /// The dense id of a participant that is in the list.
    fn id(&self, id: &str) -> ParticipantId {
        let rank = self.ids.binary_search_by(|other| other.as_str().cmp(id));
        ParticipantId(rank.expect("every id of the scenario is in the draft") as u32)
    }

    /// What each asset is, by id.
    fn devices(&self) -> BTreeMap<&str, Kind> {
        let assets = self.assets.iter().map(|asset| (asset.id.as_str(), asset.model.kind()));
        assets.chain(self.loads.iter().map(|(id, _)| (id.as_str(), Kind::Load))).collect()
    }

    fn planned_fault(&self, of: FaultOf) -> PlannedFault {
        let FaultOf { name, asset, fault, from, until } = of;
        PlannedFault { name, target: self.id(&asset), fault, from, until }
    }

    fn prosumer(&self, asset: &Asset) -> Option<ParticipantId> {
        self.prosumer_of.get(&self.site(&asset.site)).map(|trader| self.id(&trader.id))
    }

    /// Whether the energy manager commands an asset.
    fn is_managed(&self, asset: &Asset) -> bool {
        asset.portfolio.as_ref().is_none_or(|portfolio| *portfolio == self.sections.ems.portfolio)
    }

    fn participants(&self, measured: &Measured, calendar: Calendar) -> Vec<PlannedParticipant> {
        let mut participants: Vec<PlannedParticipant> = Vec::with_capacity(self.ids.len());
        participants.extend(self.assets.iter().map(|asset| {
            let site = self.site(&asset.site);
            PlannedParticipant { id: asset.id.clone(), site: Some(site), role: self.role(asset, site, measured) }
        }));
        participants.extend(self.loads());
        participants.extend(self.prosumers());
        participants.extend(self.institutions(calendar));
        participants.sort_by(|a, b| a.id.cmp(&b.id));
        debug_assert!(participants.iter().map(|participant| &participant.id).eq(&self.ids));
        participants
    }

    fn role(&self, asset: &Asset, site: SiteId, measured: &Measured) -> Role {
        let (ems, operator) = (self.id(EMS), self.id(CHARGE_POINT_OPERATOR));
        match &asset.model {
            Model::Pv(plant) => Role::Pv(pv::Pv::default(), plant.clone()),
            Model::Battery(battery) => {
                let habit = match battery.habit {
                    BatteryHabit::Rest => None,
                    BatteryHabit::FollowSite => Some(Mode::Follow { meter: MeterId::Site(site), share: 1.0 }),
                };
                let ems = self.is_managed(asset).then_some(ems);
                let core = battery::Battery::new(ems, self.rules.slot, habit, battery.reserve_soc);
                Role::Battery(core, battery.clone())
            }
            Model::Evse(point) => {
                let operator = point.operated.then_some(operator);
                let core = evse::Evse::new(operator, self.is_managed(asset).then_some(ems));
                Role::Evse(core.with_tokens_required(point.requires_token), point.clone())
            }
            Model::Ev(parameters, evse) => {
                let evse = self.id(evse);
                let slot = self.rules.slot;
                let mut parameters = parameters.clone();
                let core = match measured.sessions_of(&asset.id) {
                    Some(sessions) => {
                        parameters.driver = DriverModel::Sessions;
                        parameters.recorded_core(evse, sessions.iter().copied(), slot)
                    }
                    None => parameters.core(evse, self.sections.run.seed, &asset.id, slot),
                };
                Role::Ev(core, Vehicle { parameters, evse })
            }
            Model::Household(household) => Role::Load(load::Load::default(), LoadModel::Household(household.clone())),
            Model::Commercial(site) => Role::Load(load::Load::default(), LoadModel::Commercial(site.clone())),
        }
    }

    fn loads(&self) -> impl Iterator<Item = PlannedParticipant> {
        let demand = self.sections.demand.as_ref();
        self.loads.iter().zip(demand.into_iter().cycle()).map(move |((id, commune), demand)| {
            let share = share_of(&communes()[*commune]);
            let body = CommuneLoad {
                mean_kw: demand.mean_mw * 1000.0 * share,
                share,
                shape: demand.shape,
                weekend_factor: demand.weekend_factor,
                season: demand.season,
                per_kelvin: demand.per_kelvin,
                reference_c: demand.reference_c,
                spread: demand.spread,
            };
            let role = Role::Load(load::Load::default(), LoadModel::Commune(body));
            PlannedParticipant { id: id.clone(), site: Some(self.site(id)), role }
        })
    }

    fn prosumers(&self) -> impl Iterator<Item = PlannedParticipant> {
        let managed: BTreeSet<SiteId> = self
            .assets
            .iter()
            .filter(|asset| self.is_managed(asset) && matches!(asset.model, Model::Battery(_) | Model::Evse(_)))
            .map(|asset| self.site(&asset.site))
            .collect();
        let operator = self.id(MARKET_OPERATOR);
        let has_spot = self.venues.first().is_some_and(|venue| venue.product.name == products::SPOT);
        let market = &self.sections.market;
        self.prosumer_of.iter().map(move |(site, Trader { id, bidding, wishes })| {
            let draws = Draws::new(self.sections.run.seed, id, "reservation price");
            let bidding = bidding.unwrap_or(market.bidding);
            let terms = wishes.terms(market.wanted_quality, market.premium_percent);
            let rules = (self.rules, Arc::clone(&self.venues));
            let is_planned = has_spot && managed.contains(site);
            let core = prosumer::Prosumer::new(operator, rules, is_planned, bidding, draws).with_terms(terms);
            PlannedParticipant { id: id.clone(), site: Some(*site), role: Role::Prosumer(core, *site) }
        })
    }
}

/// A commune's share of the island's population, and so of its demand.
fn share_of(commune: &Commune) -> f64 {
    let population: u32 = communes().iter().map(|commune| commune.population).sum();
    f64::from(commune.population) / f64::from(population)
}

/// The id that may be meant by one that is not there, or what else to do.
fn did_you_mean<'k>(
    id: &str,
    known: impl Iterator<Item = &'k str>,
    otherwise: &str,
    problems: &RefCell<Vec<Problem>>,
) -> String {
    // To look for the nearest of a hundred thousand ids takes a while, and what is beyond the first few is not shown.
    let near = if problems.borrow().len() < MOST_TOLD { nearest(id, known) } else { None };
    near.map_or_else(|| otherwise.into(), |near| format!("did you mean `{near}`?"))
}

/// What the asset called `id` is; assets are sorted by their ids.
fn model_of<'a>(assets: &'a [Asset], id: &str) -> Option<&'a Model> {
    assets.binary_search_by(|asset| asset.id.as_str().cmp(id)).ok().map(|index| &assets[index].model)
}

/// The dotted path of the table that holds a key.
fn table_of(key: &str) -> &str {
    key.rsplit_once('.').map_or(key, |(table, _)| table)
}

fn load_id(commune: &Commune) -> String {
    format!("load_{}", commune.code)
}
