//! The plan: everything a run is made of, resolved, checked and in id order.

use crate::communes::communes;
use crate::data::Measured;
use crate::models::battery::BatteryParameters;
use crate::models::clouds::CloudParameters;
use crate::models::commercial::CommercialParameters;
use crate::models::ev::EvParameters;
use crate::models::evse::EvseParameters;
use crate::models::household::HouseholdParameters;
use crate::models::mirror::MirrorParameters;
use crate::models::mqtt::MqttParameters;
use crate::models::pv::PvParameters;
use crate::models::supply::SupplyParameters;
use crate::models::weather::WeatherParameters;
use crate::sections::Recording;
use agents::fault::Fault;
use agents::record::{Catalogue, ParticipantEntry, SiteEntry};
use agents::{Calendar, Kind, ParticipantId, PortfolioId, SiteId, Span, Time};
use agents::{battery, charge_point_operator, dso, ems, ev, evse, load, market_operator, prosumer, pv, retailer};

/// A resolved scenario: what both hosts are built from.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub name: String,
    /// Seed of every draw.
    pub seed: u64,
    /// First instant of the run.
    pub start: Time,
    /// First instant after the run.
    pub end: Time,
    /// Length of a tick; divides the market slot and the run.
    pub tick: Span,
    /// Length of a market slot.
    pub slot: Span,
    /// What is traded when.
    pub venues: market_operator::Venues,
    /// Names of the rules that the settlement is compared with, itself first; empty where it is not.
    pub alternatives: Vec<String>,
    /// Names of the areas of the market, by their numbers; empty where it has none.
    pub areas: Vec<String>,
    /// How much of the run is kept.
    pub record: Recording,
    /// The calendar of local days.
    pub calendar: Calendar,
    /// Participants, sorted by id: the index is the [`ParticipantId`].
    pub participants: Vec<PlannedParticipant>,
    /// Sites, sorted by name: the index is the [`SiteId`].
    pub sites: Vec<PlannedSite>,
    /// Portfolio names, sorted: the index is the [`PortfolioId`].
    pub portfolios: Vec<String>,
    /// What the weather is made of.
    pub weather: Weather,
    /// Who supplies the island's net load, where that is asked for.
    pub supply: Option<SupplyParameters>,
    /// How assets are mirrored whose readings come from the field.
    pub mirror: MirrorParameters,
    /// What is published over MQTT, if anything.
    pub mqtt: MqttParameters,
    /// What goes wrong by itself, in the order of its names.
    pub faults: Vec<PlannedFault>,
    /// Measured series that replace synthetic ones.
    pub measured: Measured,
}

/// A fault that the scenario has in store for a device.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedFault {
    /// Its name in the scenario.
    pub name: String,
    /// The device.
    pub target: ParticipantId,
    /// What it is.
    pub fault: Fault,
    /// First instant at which the device has it: a full minute.
    pub from: Time,
    /// First instant at which it has it no more, a full minute; none: until it is cleared.
    pub until: Option<Time>,
}

/// A participant of a plan.
#[derive(Clone, Debug)]
pub struct PlannedParticipant {
    /// Stable string id.
    pub id: String,
    /// The site it belongs to, for assets, or trades for.
    pub site: Option<SiteId>,
    /// Its core as it begins, and its body's parameters.
    pub role: Role,
}

/// A participant's core as it begins, and what its body is.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the variants are the kinds")]
pub enum Role {
    Pv(pv::Pv, PvParameters),
    Battery(battery::Battery, BatteryParameters),
    Evse(evse::Evse, EvseParameters),
    Ev(ev::Ev, Vehicle),
    Load(load::Load, LoadModel),
    Retailer(retailer::Retailer),
    MarketOperator(market_operator::MarketOperator),
    Prosumer(prosumer::Prosumer, SiteId),
    Ems(ems::Ems, PortfolioId),
    Dso(Box<dso::Dso>),
    ChargePointOperator(charge_point_operator::ChargePointOperator),
}

impl Role {
    /// The kind of participant.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pv(..) => Kind::Pv,
            Self::Battery(..) => Kind::Battery,
            Self::Evse(..) => Kind::Evse,
            Self::Ev(..) => Kind::Ev,
            Self::Load(..) => Kind::Load,
            Self::Retailer(_) => Kind::Retailer,
            Self::MarketOperator(_) => Kind::MarketOperator,
            Self::Prosumer(..) => Kind::Prosumer,
            Self::Ems(..) => Kind::Ems,
            Self::Dso(_) => Kind::Dso,
            Self::ChargePointOperator(_) => Kind::ChargePointOperator,
        }
    }

    fn capacity_kwh(&self) -> Option<f64> {
        match self {
            Self::Battery(_, battery) => Some(battery.capacity_kwh),
            Self::Ev(_, vehicle) => Some(vehicle.parameters.capacity_kwh),
            _ => None,
        }
    }
}

/// A site: one connection to the network.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSite {
    /// Stable name.
    pub name: String,
    /// Index of its commune in [`communes`].
    pub commune: usize,
    /// The portfolio it belongs to.
    pub portfolio: Option<PortfolioId>,
}

/// A vehicle.
#[derive(Clone, Debug, PartialEq)]
pub struct Vehicle {
    /// Its parameters.
    pub parameters: EvParameters,
    /// The charge point it uses.
    pub evse: ParticipantId,
}

/// How a load consumes.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadModel {
    /// What remains of a commune.
    Commune(CommuneLoad),
    /// A household.
    Household(HouseholdParameters),
    /// A commercial site.
    Commercial(CommercialParameters),
}

/// The demand of a commune as a whole.
///
/// What explicit households and commercial sites there are expected to take is subtracted where bodies are built; the
/// commune's load consumes the rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommuneLoad {
    /// Mean power over the year, explicit sites included.
    pub mean_kw: f64,
    /// Share of the island's demand, for measured island loads.
    pub share: f64,
    /// Demand at each full local hour relative to the mean; linear between.
    pub shape: [f64; 24],
    /// Demand on Saturdays and Sundays relative to that on weekdays; the mean of the week stays. No source: 1.0.
    pub weekend_factor: f64,
    /// Demand in each month (January first) relative to the mean of the year. No source: 1.0 throughout.
    pub season: [f64; 12],
    /// Relative change per kelvin above the reference temperature.
    pub per_kelvin: f64,
    /// Temperature at which demand is as the shape says.
    pub reference_c: f64,
    /// Standard deviation of the hourly deviation, relative.
    pub spread: f64,
}

/// What the weather is made of where it is not measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// Index into [`communes`] of the reference station, whose irradiance is the signal.
    pub station: usize,
    /// Altitude of all sites in metres.
    pub altitude_m: f64,
    /// The air and the clear sky.
    pub air: WeatherParameters,
    /// The clouds.
    pub clouds: CloudParameters,
}

impl Plan {
    /// Names and ratings for those who read the rows.
    pub fn catalogue(&self) -> Catalogue {
        let participant = |planned: &PlannedParticipant| ParticipantEntry {
            id: planned.id.clone(),
            kind: planned.role.kind(),
            site: planned.site,
            capacity_kwh: planned.role.capacity_kwh(),
        };
        let site = |site: &PlannedSite| SiteEntry {
            name: site.name.clone(),
            commune: communes()[site.commune].name.clone(),
            portfolio: site.portfolio,
        };
        Catalogue {
            calendar: self.calendar,
            participants: self.participants.iter().map(participant).collect(),
            sites: self.sites.iter().map(site).collect(),
            portfolios: self.portfolios.clone(),
            alternatives: self.alternatives.clone(),
            areas: self.areas.clone(),
            products: self.venues.iter().map(|venue| venue.product.name.clone()).collect(),
        }
    }

    /// The dense id of the participant called `id`.
    pub fn participant(&self, id: &str) -> Option<ParticipantId> {
        let found = self.participants.binary_search_by(|participant| participant.id.as_str().cmp(id));
        found.ok().map(|index| ParticipantId(index as u32))
    }

    /// How many ticks the run has.
    pub fn ticks(&self) -> u64 {
        ((self.end - self.start).0 / self.tick.0) as u64
    }
}
