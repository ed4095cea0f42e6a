//! What participants, meters and stations show: rounded once, then the same everywhere.

use crate::fault::FaultKind;
use crate::id::{ParticipantId, SiteId};
use crate::time::{Slot, Span};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Resolution of power readings: 1 W.
pub const POWER_PER_KW: f64 = 1000.0;
/// Resolution of energy readings: 1 Wh.
pub const ENERGY_PER_KWH: f64 = 1000.0;

/// Rounds a power to the watt or var, halves away from zero; never yields −0.
pub fn round_power_kw(power_kw: f64) -> f64 {
    (power_kw * POWER_PER_KW).round() / POWER_PER_KW + 0.0
}

/// Rounds an energy to the watt-hour, halves away from zero; never yields −0.
pub fn round_energy_kwh(energy_kwh: f64) -> f64 {
    (energy_kwh * ENERGY_PER_KWH).round() / ENERGY_PER_KWH + 0.0
}

/// Rounds a share or a number of cycles to 1e-9, halves away from zero; never yields −0.
pub fn round_ratio(ratio: f64) -> f64 {
    (ratio * 1e9).round() / 1e9 + 0.0
}

/// Rounds a temperature to 0.01 °C, halves away from zero; never yields −0.
pub fn round_temperature_c(temperature_c: f64) -> f64 {
    (temperature_c * 100.0).round() / 100.0 + 0.0
}

/// Rounds a mass to the gram, halves away from zero; never yields −0.
pub fn round_mass_kg(mass_kg: f64) -> f64 {
    (mass_kg * 1000.0).round() / 1000.0 + 0.0
}

/// What an asset shows for one interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssetReading {
    /// The asset.
    pub asset: ParticipantId,
    /// Mean power over the interval, consumption positive.
    ///
    /// For an EV: at the vehicle's inlet, already contained in its charge point's power.
    pub power_kw: f64,
    /// Power asked for during the interval, where a setpoint was in force.
    pub setpoint_kw: Option<f64>,
    /// Energy stored at the end of the interval, for assets that store.
    pub energy_kwh: Option<f64>,
    /// Mean reactive power over the interval, positive when drawn from the network like consumption, to 1 var; for
    /// assets that control it.
    pub reactive_kvar: Option<f64>,
    /// What it was doing at the end of the interval.
    pub state: AssetState,
}

/// What an asset is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetState {
    /// Connected, no power.
    #[default]
    Idle,
    /// Taking energy into storage.
    Charging,
    /// Giving energy from storage.
    Discharging,
    /// Producing all it can.
    Producing,
    /// Producing less than it could: under a limit, or because frequency or voltage ask for it.
    Curtailed,
    /// Producing less than it could because its inverter is too hot.
    Derated,
    /// Consuming.
    Consuming,
    /// Consuming less than it wants, under a limit.
    Limited,
    /// No vehicle plugged in (charge point; state A of IEC 61851-1).
    Available,
    /// A vehicle is plugged in and nothing is offered to it, for instance because it is not authorised (charge point;
    /// `SuspendedEVSE` in OCPP 2.0.1, state B1 of IEC 61851-1).
    SuspendedEvse,
    /// A vehicle is plugged in and takes nothing of what is offered (charge point; `SuspendedEV`, state B2).
    SuspendedEv,
    /// Parked, not plugged in (vehicle).
    Parked,
    /// On the road (vehicle).
    Driving,
    /// Out of order: a fault keeps it from doing what it is for.
    Faulted,
}

impl AssetState {
    /// Every state, in declaration order.
    pub const ALL: [Self; 14] = [
        Self::Idle,
        Self::Charging,
        Self::Discharging,
        Self::Producing,
        Self::Curtailed,
        Self::Derated,
        Self::Consuming,
        Self::Limited,
        Self::Available,
        Self::SuspendedEvse,
        Self::SuspendedEv,
        Self::Parked,
        Self::Driving,
        Self::Faulted,
    ];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Charging => "charging",
            Self::Discharging => "discharging",
            Self::Producing => "producing",
            Self::Curtailed => "curtailed",
            Self::Derated => "derated",
            Self::Consuming => "consuming",
            Self::Limited => "limited",
            Self::Available => "available",
            Self::SuspendedEvse => "suspended_evse",
            Self::SuspendedEv => "suspended_ev",
            Self::Parked => "parked",
            Self::Driving => "driving",
            Self::Faulted => "faulted",
        }
    }

    /// The state of a storage at this mean power.
    pub fn of_storage(power_kw: f64) -> Self {
        if power_kw > 0.0 {
            Self::Charging
        } else if power_kw < 0.0 {
            Self::Discharging
        } else {
            Self::Idle
        }
    }
}

impl fmt::Display for AssetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a site's meter shows for one interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteReading {
    /// The site.
    pub site: SiteId,
    /// Mean net power over the interval, import positive.
    pub power_kw: f64,
    /// Energy imported in the interval.
    pub import_kwh: f64,
    /// Energy exported in the interval, positive.
    pub export_kwh: f64,
    /// Difference between the phase that takes most and the one that takes least, from the assets' mean powers on each.
    pub imbalance_kw: f64,
}

/// A value that holds for everybody: weather, prices, requests of the DSO.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SignalReading {
    /// What it is.
    pub signal: Signal,
    /// Its value over the interval, in [`Signal::unit`]: mean for weather, the value in force otherwise.
    pub value: f64,
}

/// The signals of the twin. Numbers in brackets are the platform's sensors in FlexMeasures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Global horizontal irradiance at the reference station (81).
    Irradiance,
    /// Air temperature (82).
    Temperature,
    /// Wind speed (83).
    WindSpeed,
    /// Price of consumption (84).
    ConsumptionPrice,
    /// Price of production (85).
    ProductionPrice,
    /// Share of rated power left to flexible loads (86).
    LoadControl,
    /// Demand-response level, 0 to 3 (87).
    DemandResponse,
    /// CO2 intensity of the network's energy.
    Co2Intensity,
    /// Share of the reserve tendered for that is called: up positive, down negative.
    ReserveActivation,
}

impl Signal {
    /// Every signal, in declaration order.
    pub const ALL: [Self; 9] = [
        Self::Irradiance,
        Self::Temperature,
        Self::WindSpeed,
        Self::ConsumptionPrice,
        Self::ProductionPrice,
        Self::LoadControl,
        Self::DemandResponse,
        Self::Co2Intensity,
        Self::ReserveActivation,
    ];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Irradiance => "irradiance",
            Self::Temperature => "temperature",
            Self::WindSpeed => "wind_speed",
            Self::ConsumptionPrice => "consumption_price",
            Self::ProductionPrice => "production_price",
            Self::LoadControl => "load_control_signal",
            Self::DemandResponse => "demand_response_signal",
            Self::Co2Intensity => "co2_intensity",
            Self::ReserveActivation => "reserve_activation_signal",
        }
    }

    /// The unit of its value.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Irradiance => "W/m2",
            Self::Temperature => "°C",
            Self::WindSpeed => "m/s",
            Self::ConsumptionPrice | Self::ProductionPrice => "EUR/MWh",
            Self::LoadControl | Self::ReserveActivation => "%",
            Self::DemandResponse => "level",
            Self::Co2Intensity => "g/kWh",
        }
    }

    /// The least and the most it can be held at from outside.
    pub fn range(self) -> (f64, f64) {
        match self {
            Self::Irradiance => (0.0, 1500.0),
            Self::Temperature => (-60.0, 60.0),
            Self::WindSpeed => (0.0, 100.0),
            Self::ConsumptionPrice | Self::ProductionPrice => (-1e5, 1e5),
            Self::LoadControl => (0.0, 100.0),
            Self::DemandResponse => (0.0, 3.0),
            Self::Co2Intensity => (0.0, 1e4),
            Self::ReserveActivation => (-100.0, 100.0),
        }
    }

    /// The reading of this signal at its declared resolution: 0.1 W/m², 0.01 of the other units.
    pub fn reading(self, value: f64) -> SignalReading {
        let per_unit = if self == Self::Irradiance { 10.0 } else { 100.0 };
        SignalReading { signal: self, value: (value * per_unit).round() / per_unit + 0.0 }
    }
}

/// What one source gave towards the island's net load during a market slot.
///
/// The readings of a slot add up to the power of all sites with its sign turned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SupplyReading {
    /// The market slot.
    pub slot: Slot,
    /// Who.
    pub source: Source,
    /// Mean power over the slot, production negative.
    pub power_kw: f64,
    /// Mean power over the slot that it could have given besides, positive.
    pub curtailed_kw: f64,
    /// Units running, mean over the slot, for sources that are made of units.
    pub units_online: Option<f64>,
    /// Fuel burnt in the slot, to 1 g, for sources that burn what is counted.
    pub fuel_kg: Option<f64>,
    /// CO2 of that fuel, to 1 g.
    pub co2_kg: Option<f64>,
}

/// How a mirrored asset and its model compare over one interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MirrorReading {
    /// The asset.
    pub asset: ParticipantId,
    /// Power last read in the field, which held throughout the interval; none while no reading holds.
    pub field_power_kw: Option<f64>,
    /// Mean power of the model over the interval, from the mirrored state at its beginning, under the intents in force.
    pub model_power_kw: f64,
    /// Power in the field less that of the model; none while no reading holds.
    pub residual_kw: Option<f64>,
    /// Stored energy as it was read in the field, if a reading was taken on in the interval.
    pub field_energy_kwh: Option<f64>,
    /// By how much that energy, within the capacity, was more than the mirrored store was expected to hold then.
    pub energy_residual_kwh: Option<f64>,
    /// Age of the asset's last sound reading of any quantity at the end of the interval, to 1 ms.
    pub staleness_s: f64,
    /// Whether the field had fallen silent, so that the model carried on by itself.
    pub is_stale: bool,
}

/// What a faulty device shows for one interval, beside what is so.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultReading {
    /// The device.
    pub asset: ParticipantId,
    /// The faults that it had at the end of the interval or within it, in the order of the catalogue.
    pub faults: Vec<FaultKind>,
    /// What it shows in place of its reading; none where it shows nothing.
    pub shown: Option<AssetReading>,
    /// By how much its clock is ahead of the twin's at the end of the interval; negative: behind.
    pub clock_error: Span,
    /// What its link does to messages.
    pub link: Link,
}

/// What a link does to messages, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// Nothing passes.
    pub is_down: bool,
    /// What passes is late by this.
    pub delay: Span,
    /// This share of the messages is lost.
    pub loss_share: f64,
}

/// The sources of the island's supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Biomass, waste and biogas, which run all the time.
    Biomass,
    /// The wind farm.
    Wind,
    /// PV that is none of the scenario's plants.
    Pv,
    /// Diesel engines.
    Engines,
    /// Combustion turbines.
    Turbines,
    /// What nobody could give.
    Unserved,
    /// What sites export and nobody takes: positive, as a consumption.
    Surplus,
}

impl Source {
    /// Every source, in declaration order.
    pub const ALL: [Self; 7] =
        [Self::Biomass, Self::Wind, Self::Pv, Self::Engines, Self::Turbines, Self::Unserved, Self::Surplus];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Biomass => "biomass",
            Self::Wind => "wind",
            Self::Pv => "pv",
            Self::Engines => "engines",
            Self::Turbines => "turbines",
            Self::Unserved => "unserved",
            Self::Surplus => "surplus",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_are_rounded_to_the_watt_and_never_minus_zero() {
        assert_eq!(round_power_kw(1.234_56), 1.235);
        assert_eq!(round_power_kw(-1.234_56), -1.235);
        assert!(round_power_kw(-0.000_1).is_sign_positive());
        assert_eq!(Signal::Irradiance.reading(812.34).value, 812.3);
    }
}
