//! From a plan to bodies, and a way to visit each core with its own type.

use crate::bodies::{
    BatteryBody, Consumer, DsoBody, Embodied, EvBody, EvseBody, LoadBody, MeterAccess, NoBody, PvBody,
};
use crate::physics::commercial::Commercial;
use crate::physics::demand::Demand;
use crate::physics::expectation::Expectation;
use crate::physics::household::Household;
use crate::weather::Weather;
use agents::draw::Draws;
use agents::{MeterId, ParticipantId, SiteId};
use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;
use scenarios::{LoadModel, Plan, PlannedParticipant, Quantity, Role};
use std::collections::{BTreeMap, BTreeSet};

/// The bodies of a plan, spawned in id order.
pub(crate) struct Draft {
    pub(crate) bodies: World,
    pub(crate) entities: Vec<Entity>,
    pub(crate) weather: Weather,
}

impl Draft {
    pub(crate) fn of(plan: &Plan) -> Self {
        let has_pv = |participant: &&PlannedParticipant| matches!(participant.role, Role::Pv(..));
        let places =
            plan.participants.iter().filter(has_pv).map(|participant| plan.sites[site_of(participant).index()].commune);
        let weather = Weather::new(plan, places);
        let mut explicit = explicit_loads(plan);
        let mut bodies = World::new();
        let entities = plan
            .participants
            .iter()
            .enumerate()
            .map(|(index, participant)| {
                spawn(&mut bodies, ParticipantId(index as u32), participant, plan, &weather, &mut explicit)
            })
            .collect();
        Self { bodies, entities, weather }
    }
}

fn spawn(
    bodies: &mut World,
    id: ParticipantId,
    participant: &PlannedParticipant,
    plan: &Plan,
    weather: &Weather,
    explicit: &mut BTreeMap<usize, Expectation>,
) -> Entity {
    match &participant.role {
        Role::Pv(_, plant) => {
            let site = site_of(participant);
            let sky = weather.sky_over(plan.sites[site.index()].commune);
            let measured = plan.measured.of_asset(Quantity::Production, &participant.id).cloned();
            bodies.spawn(PvBody::new(id, site, plant, sky, measured)).id()
        }
        Role::Battery(_, battery) => bodies.spawn(BatteryBody::new(id, site_of(participant), battery)).id(),
        Role::Evse(_, point) => bodies.spawn(EvseBody::new(id, site_of(participant), point)).id(),
        Role::Ev(_, vehicle) => bodies.spawn(EvBody::new(id, &vehicle.parameters)).id(),
        Role::Load(_, load) => bodies.spawn(load_body(id, participant, load, plan, explicit)).id(),
        Role::Retailer(retailer) => bodies.spawn(MeterAccess(retailer.sites().map(MeterId::Site).collect())).id(),
        Role::Prosumer(_, site) => bodies.spawn(MeterAccess(vec![MeterId::Site(*site)])).id(),
        Role::Ems(_, portfolio) => bodies.spawn(MeterAccess(vec![MeterId::Portfolio(*portfolio)])).id(),
        Role::Dso(dso) => bodies.spawn(DsoBody::of(dso)).id(),
        Role::MarketOperator(_) | Role::ChargePointOperator(_) => bodies.spawn(NoBody).id(),
    }
}

fn load_body(
    id: ParticipantId,
    participant: &PlannedParticipant,
    load: &LoadModel,
    plan: &Plan,
    explicit: &mut BTreeMap<usize, Expectation>,
) -> LoadBody {
    let site = site_of(participant);
    let measured = plan.measured.of_asset(Quantity::Consumption, &participant.id).cloned();
    let (modelled, phases, first) = match load {
        LoadModel::Commune(commune) => {
            // One load stands for a commune: it alone gives way to the commune's explicit sites.
            let explicit = explicit.remove(&plan.sites[site.index()].commune).map(|explicit| explicit.profile());
            let demand = Demand::new(*commune, explicit, Draws::new(plan.seed, &participant.id, "demand"));
            (Consumer::Commune(Box::new(demand)), 3, 1)
        }
        LoadModel::Household(parameters) => {
            let household = Household::new(parameters, plan.seed, &participant.id);
            (Consumer::Household(household), parameters.phases, parameters.phase)
        }
        LoadModel::Commercial(parameters) => {
            let commercial = Commercial::new(parameters, plan.seed, &participant.id);
            (Consumer::Commercial(Box::new(commercial)), parameters.phases, parameters.phase)
        }
    };
    LoadBody::new(id, site, measured.map_or(modelled, Consumer::Measured), phases, first)
}

/// What the households and commercial sites of each commune, by its index, are expected to take.
fn explicit_loads(plan: &Plan) -> BTreeMap<usize, Expectation> {
    let mut explicit: BTreeMap<usize, Expectation> = BTreeMap::new();
    for participant in &plan.participants {
        let Role::Load(_, load) = &participant.role else { continue };
        let commune = plan.sites[site_of(participant).index()].commune;
        match load {
            LoadModel::Household(parameters) => {
                let household = Household::new(parameters, plan.seed, &participant.id);
                explicit.entry(commune).or_default().add(&household.expectation());
            }
            LoadModel::Commercial(parameters) => {
                let site = Commercial::new(parameters, plan.seed, &participant.id);
                explicit.entry(commune).or_default().add(&site.expectation());
            }
            LoadModel::Commune(_) => {}
        }
    }
    explicit
}

fn site_of(participant: &PlannedParticipant) -> SiteId {
    participant.site.expect("the plan gives every asset a site")
}

/// The ids of all assets, in id order.
pub(crate) fn asset_entities(plan: &Plan) -> Vec<ParticipantId> {
    let is_asset = |(_, participant): &(usize, &PlannedParticipant)| participant.role.kind().is_asset();
    plan.participants.iter().enumerate().filter(is_asset).map(|(index, _)| ParticipantId(index as u32)).collect()
}

/// A vehicle with its charge point, and the ids of both.
pub(crate) type Pair = (Entity, Entity, [ParticipantId; 2]);

/// Each vehicle with its charge point, in the order of the vehicles' ids.
pub(crate) fn pairs(plan: &Plan, entities: &[Entity]) -> Vec<Pair> {
    let pair = |(index, participant): (usize, &PlannedParticipant)| match &participant.role {
        Role::Ev(_, vehicle) => {
            let ids = [ParticipantId(index as u32), vehicle.evse];
            Some((entities[index], entities[vehicle.evse.index()], ids))
        }
        _ => None,
    };
    plan.participants.iter().enumerate().filter_map(pair).collect()
}

/// The charge points that no vehicle uses, in the order of their ids.
pub(crate) fn lone_points(plan: &Plan, entities: &[Entity], pairs: &[Pair]) -> Vec<Entity> {
    let used: BTreeSet<Entity> = pairs.iter().map(|(_, evse, _)| *evse).collect();
    let is_point = |(participant, _): &(&PlannedParticipant, &Entity)| matches!(participant.role, Role::Evse(..));
    let points = plan.participants.iter().zip(entities).filter(is_point).map(|(_, entity)| *entity);
    points.filter(|entity| !used.contains(entity)).collect()
}

/// Does something with each core of a plan, knowing its type.
pub(crate) trait Visitor {
    /// Visits the core of participant `id` as it begins.
    fn visit<C: Embodied>(&mut self, id: ParticipantId, core: &C);
}

/// Visits all cores of a plan in id order.
pub(crate) fn visit_cores(plan: &Plan, visitor: &mut impl Visitor) {
    for (index, participant) in plan.participants.iter().enumerate() {
        let id = ParticipantId(index as u32);
        match &participant.role {
            Role::Pv(core, _) => visitor.visit(id, core),
            Role::Battery(core, _) => visitor.visit(id, core),
            Role::Evse(core, _) => visitor.visit(id, core),
            Role::Ev(core, _) => visitor.visit(id, core),
            Role::Load(core, _) => visitor.visit(id, core),
            Role::Retailer(core) => visitor.visit(id, core),
            Role::MarketOperator(core) => visitor.visit(id, core),
            Role::Prosumer(core, _) => visitor.visit(id, core),
            Role::Ems(core, _) => visitor.visit(id, core),
            Role::Dso(core) => visitor.visit(id, core.as_ref()),
            Role::ChargePointOperator(core) => visitor.visit(id, core),
        }
    }
}
