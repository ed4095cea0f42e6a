//! The world: bodies as components, what flows between them, and the meters that see it.

mod acting;
mod faulting;
mod meters;
mod mirroring;
mod saved;

pub(crate) use meters::{MeterState, Meters};
pub(crate) use saved::BodyState;

use crate::bodies::{BatteryBody, DsoBody, Embodied, EvBody, EvseBody, Guide, LoadBody, PvBody};
use crate::build::{Draft, Pair, asset_entities, lone_points, pairs};
use crate::faults::Faults;
use crate::mirror::Mirrors;
use crate::network::Network;
use crate::physics::storage::StorageUnit;
use crate::supply::Supply;
use crate::weather::{Step, Weather, cut_into_steps};
use agents::battery::Battery;
use agents::ev::Ev;
use agents::evse::Evse;
use agents::load::Load;
use agents::pv::Pv;
use agents::reading::{AssetReading, AssetState, Signal, SignalReading, SiteReading, SupplyReading};
use agents::series::Series;
use agents::{Calendar, Kind, MeterId, MeterReading, ParticipantId, PortfolioId, SiteId, Span, Time};
use bevy_ecs::entity::Entity;
use bevy_ecs::query::QueryState;
use scenarios::{Plan, Quantity};

/// Everything that obeys physics, and the components a host keeps beside it.
pub struct World {
    pub(crate) bodies: bevy_ecs::world::World,
    /// The entity of each participant, by dense id.
    pub(crate) entities: Vec<Entity>,
    pub(crate) meters: Meters,
    queries: Queries,
    /// Each vehicle with its charge point, in the order of the vehicles' ids.
    pairs: Vec<Pair>,
    /// Charge points that no vehicle uses, in the order of their ids.
    lone_points: Vec<Entity>,
    flows: Flows,
    /// Where the models of mirrored assets let flow what does not flow.
    aside: Flows,
    mirrors: Mirrors,
    pub(crate) faults: Faults,
    steps: Vec<Step>,
    residual_kw: Vec<f64>,
    weather: Weather,
    network: Network,
    supply: Option<Supply>,
    calendar: Calendar,
    load_feed: Option<Series>,
    price_feed: Option<Series>,
    co2_feed: Option<Series>,
    /// Participants whose bodies call for their cores at this tick.
    called: Vec<ParticipantId>,
    /// What each participant is, by dense id.
    kinds: Vec<Kind>,
    /// Index of each asset's reading, by dense id.
    row_of: Vec<usize>,
    names: saved::Names,
    /// The site of each asset, by dense id.
    site_of: Vec<Option<SiteId>>,
    /// Mean power of each site on each phase over the present interval.
    site_phases_kw: Vec<[f64; 3]>,
    assets: Vec<AssetReading>,
    sites: Vec<SiteReading>,
}

struct Queries {
    pv: QueryState<&'static mut PvBody>,
    load: QueryState<&'static mut LoadBody>,
    evse: QueryState<&'static mut EvseBody>,
    ev: QueryState<&'static EvBody>,
    battery: QueryState<&'static mut BatteryBody>,
    dso: QueryState<&'static mut DsoBody>,
}

impl World {
    /// The world of a plan, at its start.
    pub fn new(plan: &Plan) -> Self {
        let Draft { mut bodies, entities, weather } = Draft::of(plan);
        let rows = asset_entities(plan);
        let mut row_of = vec![usize::MAX; plan.participants.len()];
        for (row, id) in rows.iter().enumerate() {
            row_of[id.index()] = row;
        }
        let blank = |asset: &ParticipantId| AssetReading {
            asset: *asset,
            power_kw: 0.0,
            setpoint_kw: None,
            energy_kwh: None,
            reactive_kvar: None,
            state: AssetState::Idle,
        };
        let queries = Queries {
            pv: bodies.query(),
            load: bodies.query(),
            evse: bodies.query(),
            ev: bodies.query(),
            battery: bodies.query(),
            dso: bodies.query(),
        };
        let pairs = pairs(plan, &entities);
        let lone_points = lone_points(plan, &entities, &pairs);
        let portfolio_of: Vec<_> = plan.sites.iter().map(|site| site.portfolio).collect();
        let mut world = Self {
            bodies,
            meters: Meters::new(portfolio_of.len(), plan.portfolios.len()),
            queries,
            pairs,
            lone_points,
            aside: Flows::new(portfolio_of.clone(), plan.portfolios.len()),
            flows: Flows::new(portfolio_of, plan.portfolios.len()),
            mirrors: Mirrors::new(plan),
            faults: Faults::new(plan),
            steps: Vec::new(),
            residual_kw: Vec::new(),
            supply: Supply::of(plan, &weather),
            weather,
            network: Network::new(&plan.measured),
            site_of: plan.participants.iter().map(|participant| participant.site).collect(),
            site_phases_kw: vec![[0.0; 3]; plan.sites.len()],
            calendar: plan.calendar,
            load_feed: plan.measured.get(Quantity::Load).cloned(),
            price_feed: plan.measured.get(Quantity::Price).cloned(),
            co2_feed: plan.measured.get(Quantity::Co2).cloned(),
            called: Vec::new(),
            kinds: plan.participants.iter().map(|participant| participant.role.kind()).collect(),
            row_of,
            names: saved::Names::of(plan),
            assets: rows.iter().map(blank).collect(),
            sites: Vec::new(),
            entities,
        };
        world.feed_dsos(plan.start);
        world
    }

    /// Bodies live through `[start, end)` under the intents in force; meters count.
    ///
    /// Those who hold a power go first, then those who follow a meter: of their site, their portfolio, the island.
    pub(crate) fn advance(&mut self, start: Time, end: Time) {
        self.called.clear();
        cut_into_steps(start, end, self.calendar, &mut self.steps);
        self.cut_at_changes(start, end);
        self.weather.advance(&self.steps);
        self.network.advance(&self.steps);
        self.flows.reset(self.steps.len());
        self.mirrors.begin(start, end);
        if self.mirrors.is_at_work() {
            self.aside.reset(self.steps.len());
        }
        self.advance_pv_and_loads();
        self.advance_charging();
        self.advance_batteries();
        self.meters.count(&self.steps, &self.flows);
        self.advance_supply();
        self.feed_dsos(end);
        self.take_readings();
        self.show_faults(start, end);
        self.mirrors.end(start, end);
    }

    fn advance_pv_and_loads(&mut self) {
        let (steps, weather, mirrors, faults) = (&self.steps, &self.weather, &mut self.mirrors, &mut self.faults);
        let (flows, aside) = (&mut self.flows, &mut self.aside);
        for mut pv in self.queries.pv.iter_mut(&mut self.bodies) {
            let known = (mirrors.mirrored(pv.id), faults.of(pv.id));
            mirroring::follow(&mut *pv, known, steps, flows, aside, |pv, faults, flows| {
                pv.advance(steps, weather.sky(pv.sky), weather.air(), self.network.states(), faults, flows);
            });
        }
        for mut load in self.queries.load.iter_mut(&mut self.bodies) {
            let known = (mirrors.mirrored(load.id), faults.of(load.id));
            mirroring::follow(&mut *load, known, steps, flows, aside, |load, faults, flows| {
                load.advance(steps, weather.air(), self.load_feed.as_ref(), faults, flows);
            });
        }
    }

    fn advance_charging(&mut self) {
        for mut evse in self.queries.evse.iter_mut(&mut self.bodies) {
            evse.begin_interval();
        }
        for index in 0..self.pairs.len() {
            let (ev, evse, ids) = self.pairs[index];
            let mut faults = self.faults.lend(ids);
            if ids.iter().any(|id| self.mirrors.mirrored(*id).is_some()) {
                if self.advance_mirrored_pair(index, &mut faults) {
                    self.called.extend(ids);
                }
                self.faults.give_back(ids, faults);
                continue;
            }
            let [mut ev, mut evse] = self.bodies.entity_mut([ev, evse]);
            let mut ev = ev.get_mut::<EvBody>().expect("vehicles have their bodies");
            let mut evse = evse.get_mut::<EvseBody>().expect("charge points have their bodies");
            let (air, mut guide) = (self.weather.air(), Guide::default());
            if ev.advance(&self.steps, air, &mut evse, &mut guide, &mut faults, &mut self.flows) {
                self.called.extend(ids);
            }
            self.faults.give_back(ids, faults);
        }
        if self.mirrors.is_at_work() {
            self.follow_lone_charge_points();
        }
        if self.faults.is_at_work() {
            self.count_lone_charge_points();
        }
        self.called.sort_unstable();
    }

    fn advance_batteries(&mut self) {
        for reach in [None, Some(Reach::Site), Some(Reach::Portfolio), Some(Reach::Island)] {
            let mut is_frozen = false;
            for mut battery in self.queries.battery.iter_mut(&mut self.bodies) {
                let followed = battery.follows();
                if followed.map(Reach::of) != reach {
                    continue;
                }
                self.residual_kw.clear();
                if let Some(meter) = followed {
                    if !is_frozen {
                        self.flows.freeze(Reach::of(meter));
                        is_frozen = true;
                    }
                    self.residual_kw.extend_from_slice(self.flows.frozen(meter));
                }
                let (id, around) = (battery.id, (&self.steps[..], &self.residual_kw[..], self.weather.air()));
                let known = (self.mirrors.mirrored(id), self.faults.of(id));
                mirroring::advance_battery(&mut battery, known, around, &mut self.flows, &mut self.aside);
            }
        }
        self.flows.sum_up();
    }

    /// Those who supply the island see what its sites took. Nothing of this comes back to anybody.
    fn advance_supply(&mut self) {
        let Some(supply) = &mut self.supply else { return };
        let sites_pv_kw: f64 = self.queries.pv.iter(&self.bodies).map(|pv| -pv.power_kw()).sum();
        supply.advance(&self.steps, &self.weather, &self.flows.island_kw, sites_pv_kw);
    }

    /// Gives DSOs what the feeds say of the local day that holds `time`, where there are feeds.
    fn feed_dsos(&mut self, time: Time) {
        if self.price_feed.is_none() && self.co2_feed.is_none() {
            return;
        }
        let day = self.calendar.day(time);
        let renew = |today: &mut Option<(i64, Series)>, feed: &Option<Series>| {
            if let Some(feed) = feed
                && today.as_ref().is_none_or(|(_, today)| today.end() <= time)
            {
                *today = Some((day, day_of(feed, self.calendar.midnight(day))));
            }
        };
        for mut dso in self.queries.dso.iter_mut(&mut self.bodies) {
            let dso = &mut *dso;
            renew(&mut dso.prices, &self.price_feed);
            renew(&mut dso.co2, &self.co2_feed);
        }
    }

    fn take_readings(&mut self) {
        let (mut total_kw, mut gross_kw) = (0.0, 1.0);
        let (assets, row_of, site_of) = (&mut self.assets, &self.row_of, &self.site_of);
        let site_phases_kw = &mut self.site_phases_kw;
        site_phases_kw.fill([0.0; 3]);
        let mut put = |reading: AssetReading| assets[row_of[reading.asset.index()]] = reading;
        let mut put_metered = |reading: AssetReading, power_kw: f64, phases_kw: [f64; 3]| {
            total_kw += power_kw;
            gross_kw += power_kw.abs();
            let site = site_of[reading.asset.index()].expect("the plan gives every asset a site");
            add_to(&mut site_phases_kw[site.index()], &phases_kw);
            put(reading);
        };
        for pv in self.queries.pv.iter(&self.bodies) {
            put_metered(pv.reading(), pv.power_kw(), pv.phases_kw());
        }
        for load in self.queries.load.iter(&self.bodies) {
            put_metered(load.reading(), load.power_kw(), load.phases_kw());
        }
        for evse in self.queries.evse.iter(&self.bodies) {
            put_metered(evse.reading(), evse.power_kw(), evse.phases_kw());
        }
        for battery in self.queries.battery.iter(&self.bodies) {
            put_metered(battery.reading(), battery.power_kw(), battery.phases_kw());
        }
        for ev in self.queries.ev.iter(&self.bodies) {
            put(ev.reading());
        }
        let island_kw = self.meters.read(MeterId::Island).power_kw;
        assert!(
            (total_kw - island_kw).abs() <= 1e-9 * gross_kw,
            "assets take {total_kw} kW, the meter shows {island_kw} kW"
        );
        self.sites.clear();
        let meters = self.meters.sites.iter().zip(&self.site_phases_kw).enumerate();
        self.sites.extend(meters.map(|(index, (meter, phases_kw))| meter.site_reading(index, *phases_kw)));
    }

    /// One reading per asset, in id order, for the last interval.
    pub fn assets(&self) -> &[AssetReading] {
        &self.assets
    }

    /// One reading per site, in id order, for the last interval.
    pub fn sites(&self) -> &[SiteReading] {
        &self.sites
    }

    /// One reading per source, if a market slot has ended with the last interval and there is a supply.
    pub fn supply(&self) -> &[SupplyReading] {
        self.supply.as_ref().map_or(&[], Supply::readings)
    }

    /// The weather's signals for the last interval.
    pub(crate) fn weather_signals(&self) -> [SignalReading; 3] {
        let [irradiance, temperature, wind] = self.weather.means(&self.steps);
        [
            Signal::Irradiance.reading(irradiance),
            Signal::Temperature.reading(temperature),
            Signal::WindSpeed.reading(wind),
        ]
    }

    /// Participants whose bodies call for their cores at this tick, sorted.
    pub(crate) fn called(&self) -> &[ParticipantId] {
        &self.called
    }

    /// What meter `meter` shows now.
    pub fn meter(&self, meter: MeterId) -> MeterReading {
        self.meters.read(meter)
    }

    /// Unrounded energies of the stores of a battery or vehicle: (stored, lost since the start), kWh.
    pub fn storage(&self, id: ParticipantId) -> Option<(f64, f64)> {
        self.storage_unit(id).map(|unit| (unit.energy_kwh, unit.lost_kwh))
    }

    /// Least and most energy that the store of a battery or vehicle may hold now, kWh.
    pub fn storage_window(&self, id: ParticipantId) -> Option<(f64, f64)> {
        self.storage_unit(id).map(|unit| (unit.spec.min_kwh, unit.spec.max_kwh))
    }

    fn storage_unit(&self, id: ParticipantId) -> Option<&StorageUnit> {
        let entity = self.bodies.entity(*self.entities.get(id.index())?);
        let battery = entity.get::<BatteryBody>().map(|battery| &battery.unit);
        battery.or(entity.get::<EvBody>().map(|ev| &ev.unit))
    }

    /// Unrounded mean power of an asset over the last interval, consumption positive, kW.
    pub fn power_kw(&self, id: ParticipantId) -> Option<f64> {
        let entity = self.bodies.entity(*self.entities.get(id.index())?);
        let pv = entity.get::<PvBody>().map(PvBody::power_kw);
        let load = entity.get::<LoadBody>().map(LoadBody::power_kw);
        let evse = entity.get::<EvseBody>().map(EvseBody::power_kw);
        let battery = entity.get::<BatteryBody>().map(BatteryBody::power_kw);
        pv.or(load).or(evse).or(battery).or(entity.get::<EvBody>().map(EvBody::power_kw))
    }

    /// Unrounded mean power of a charge point by phase of the network over the last interval, consumption positive, kW.
    pub fn phases_kw(&self, id: ParticipantId) -> Option<[f64; 3]> {
        self.bodies.entity(*self.entities.get(id.index())?).get::<EvseBody>().map(EvseBody::phases_kw)
    }

    /// Writes what participant `id` senses to `sense`.
    pub(crate) fn sense<C: Embodied>(&self, id: ParticipantId, sense: &mut C::Sense) {
        let body = self.bodies.get::<C::Body>(self.entities[id.index()]);
        C::sense(body.expect("every participant has its body"), &self.meters, sense);
        if let Some(shown) = self.faults.shown(id) {
            C::be_shown(sense, shown);
        }
    }

    /// Puts the body of participant `id` under the safe intent of its kind.
    pub(crate) fn make_safe(&mut self, id: ParticipantId) {
        let mut entity = self.bodies.entity_mut(self.entities[id.index()]);
        if let Some(mut body) = entity.get_mut::<PvBody>() {
            Pv::obey(&mut body, Default::default());
        } else if let Some(mut body) = entity.get_mut::<LoadBody>() {
            Load::obey(&mut body, Default::default());
        } else if let Some(mut body) = entity.get_mut::<EvseBody>() {
            Evse::obey(&mut body, Default::default());
        } else if let Some(mut body) = entity.get_mut::<BatteryBody>() {
            Battery::obey(&mut body, Default::default());
        } else if let Some(mut body) = entity.get_mut::<EvBody>() {
            Ev::obey(&mut body, Default::default());
        }
    }

    /// Puts the body of participant `id` under `intent`.
    pub(crate) fn obey<C: Embodied>(&mut self, id: ParticipantId, intent: C::Intent) {
        let mut body = self.bodies.get_mut::<C::Body>(self.entities[id.index()]);
        C::obey(body.as_mut().expect("every participant has its body"), intent);
    }
}

/// The part of `feed` that holds during the local day that begins at `midnight`.
fn day_of(feed: &Series, midnight: Time) -> Series {
    let first = (midnight - feed.start).0.div_euclid(feed.step.0).max(0);
    let last = (midnight + Span::DAY - feed.start).0.div_euclid(feed.step.0) + 1;
    let range = first as usize..feed.values.len().min(last as usize);
    Series { start: feed.start + feed.step * first, step: feed.step, values: feed.values[range].into() }
}

/// How far a followed meter looks; nearer ones are served first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Site,
    Portfolio,
    Island,
}

impl Reach {
    fn of(meter: MeterId) -> Self {
        match meter {
            MeterId::Site(_) => Self::Site,
            MeterId::Portfolio(_) => Self::Portfolio,
            MeterId::Island => Self::Island,
        }
    }
}

/// Net power of every site in every step of the present interval.
#[derive(Debug)]
pub(crate) struct Flows {
    portfolio_of: Vec<Option<PortfolioId>>,
    steps: usize,
    /// Site-major: the power of site `i` in step `s` is at `i · steps + s`.
    site_kw: Vec<f64>,
    frozen_site_kw: Vec<f64>,
    portfolio_kw: Vec<f64>,
    island_kw: Vec<f64>,
    portfolios: usize,
}

impl Flows {
    pub(crate) fn new(portfolio_of: Vec<Option<PortfolioId>>, portfolios: usize) -> Self {
        Self {
            portfolio_of,
            steps: 0,
            site_kw: Vec::new(),
            frozen_site_kw: Vec::new(),
            portfolio_kw: Vec::new(),
            island_kw: Vec::new(),
            portfolios,
        }
    }

    /// The flows of a single site, for the tests of bodies.
    #[cfg(test)]
    pub(crate) fn of_one_site(steps: usize) -> Self {
        let mut flows = Self::new(vec![None], 0);
        flows.reset(steps);
        flows
    }

    pub(crate) fn reset(&mut self, steps: usize) {
        self.steps = steps;
        self.site_kw.clear();
        self.site_kw.resize(self.portfolio_of.len() * steps, 0.0);
    }

    /// Adds `power_kw` (consumption positive) at `site` in step `step`.
    pub(crate) fn add(&mut self, site: SiteId, step: usize, power_kw: f64) {
        self.site_kw[site.index() * self.steps + step] += power_kw;
    }

    /// Fixes what meters of this reach show now, for those who follow them.
    fn freeze(&mut self, reach: Reach) {
        match reach {
            Reach::Site => self.frozen_site_kw.clone_from(&self.site_kw),
            Reach::Portfolio | Reach::Island => self.sum_up(),
        }
    }

    /// Sums sites to portfolios and to the island, in the order of sites.
    fn sum_up(&mut self) {
        let steps = self.steps;
        self.portfolio_kw.clear();
        self.portfolio_kw.resize(self.portfolios * steps, 0.0);
        self.island_kw.clear();
        self.island_kw.resize(steps, 0.0);
        for (powers_kw, portfolio) in self.site_kw.chunks_exact(steps).zip(&self.portfolio_of) {
            add_to(&mut self.island_kw, powers_kw);
            if let Some(portfolio) = portfolio {
                add_to(&mut self.portfolio_kw[portfolio.index() * steps..][..steps], powers_kw);
            }
        }
    }

    /// What `meter` showed in each step when its reach was last frozen.
    fn frozen(&self, meter: MeterId) -> &[f64] {
        match meter {
            MeterId::Site(site) => &self.frozen_site_kw[site.index() * self.steps..][..self.steps],
            MeterId::Portfolio(portfolio) => &self.portfolio_kw[portfolio.index() * self.steps..][..self.steps],
            MeterId::Island => &self.island_kw,
        }
    }
}

fn add_to(sums: &mut [f64], powers_kw: &[f64]) {
    for (sum, power_kw) in sums.iter_mut().zip(powers_kw) {
        *sum += power_kw;
    }
}
