//! What can be measured, in which units, and which values are possible.

use crate::error::{beginning, brief};
use serde::Serialize;

/// A pyranometer shows a few W/m² below zero at night; what is lower is an error.
pub(super) const NIGHT_OFFSET_W_PER_M2: f64 = -20.0;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Global horizontal irradiance, W/m².
    Irradiance,
    /// Air temperature, °C.
    Temperature,
    /// Wind speed, m/s.
    WindSpeed,
    /// Price of consumption, EUR/MWh.
    Price,
    /// CO2 intensity of the network's energy, g/kWh.
    Co2,
    /// The island's whole demand, kW.
    Load,
    /// Voltage of the network, p.u. of its rating.
    Voltage,
    /// Frequency of the network, Hz.
    Frequency,
    /// Consumption of one load, kW.
    Consumption,
    /// Production of one PV plant, positive, kW.
    Production,
}

/// A unit: its name, and factor and offset to the one used inside.
type Unit = (&'static str, f64, f64);

const POWER: &[Unit] = &[("kW", 1.0, 0.0), ("MW", 1000.0, 0.0), ("W", 1e-3, 0.0)];

impl Quantity {
    /// Every quantity.
    pub const ALL: [Self; 10] = [
        Self::Irradiance,
        Self::Temperature,
        Self::WindSpeed,
        Self::Price,
        Self::Co2,
        Self::Load,
        Self::Voltage,
        Self::Frequency,
        Self::Consumption,
        Self::Production,
    ];

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Irradiance => "irradiance",
            Self::Temperature => "temperature",
            Self::WindSpeed => "wind_speed",
            Self::Price => "price",
            Self::Co2 => "co2",
            Self::Load => "load",
            Self::Voltage => "voltage",
            Self::Frequency => "frequency",
            Self::Consumption => "consumption",
            Self::Production => "production",
        }
    }

    /// The quantity of this name.
    ///
    /// # Errors
    /// A sentence with the names there are.
    pub(super) fn named(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|quantity| quantity.as_str() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("unknown quantity `{}`: use one of {known}", beginning(name))
        })
    }

    /// Whether it is measured at one asset, which is then named beside it.
    pub fn is_of_an_asset(self) -> bool {
        matches!(self, Self::Consumption | Self::Production)
    }

    fn units(self) -> &'static [Unit] {
        match self {
            Self::Irradiance => {
                &[("W/m2", 1.0, 0.0), ("W/m²", 1.0, 0.0), ("kW/m2", 1000.0, 0.0), ("kW/m²", 1000.0, 0.0)]
            }
            Self::Temperature => &[("°C", 1.0, 0.0), ("degC", 1.0, 0.0), ("C", 1.0, 0.0), ("K", 1.0, -273.15)],
            Self::WindSpeed => &[("m/s", 1.0, 0.0), ("km/h", 1.0 / 3.6, 0.0)],
            Self::Price => &[("EUR/MWh", 1.0, 0.0), ("EUR/kWh", 1000.0, 0.0), ("ct/kWh", 10.0, 0.0)],
            Self::Co2 => &[("g/kWh", 1.0, 0.0), ("kg/MWh", 1.0, 0.0), ("kg/kWh", 1000.0, 0.0)],
            Self::Voltage => &[("p.u.", 1.0, 0.0), ("pu", 1.0, 0.0), ("%", 0.01, 0.0)],
            Self::Frequency => &[("Hz", 1.0, 0.0)],
            Self::Load | Self::Consumption | Self::Production => POWER,
        }
    }

    /// Values outside are impossible, most likely of another unit.
    fn plausible(self) -> (f64, f64) {
        match self {
            Self::Irradiance => (NIGHT_OFFSET_W_PER_M2, 2000.0),
            Self::Temperature => (-60.0, 60.0),
            Self::WindSpeed => (0.0, 120.0),
            Self::Price => (-100_000.0, 100_000.0),
            Self::Co2 => (0.0, 10_000.0),
            Self::Voltage => (0.0, 2.0),
            Self::Frequency => (40.0, 70.0),
            Self::Load | Self::Consumption | Self::Production => (0.0, 1e9),
        }
    }

    /// Factor and offset from `unit` to the one used inside.
    ///
    /// # Errors
    /// A sentence with the units there are.
    pub(super) fn unit(self, unit: &str) -> Result<(f64, f64), String> {
        let found = self.units().iter().find(|(name, ..)| *name == unit);
        found.map(|(_, factor, offset)| (*factor, *offset)).ok_or_else(|| {
            let known: Vec<_> = self.units().iter().map(|(name, ..)| *name).collect();
            format!("unit `{}` does not fit {}: use one of {}", beginning(unit), self.as_str(), known.join(", "))
        })
    }

    /// A value in the unit used inside.
    ///
    /// # Errors
    /// A sentence if no such value is possible.
    pub(super) fn convert(self, value: f64, (factor, offset): (f64, f64)) -> Result<f64, String> {
        let value = value * factor + offset;
        let (low, high) = self.plausible();
        if (low..=high).contains(&value) {
            return Ok(value);
        }
        let (unit, ..) = self.units()[0];
        let (name, value) = (self.as_str(), brief(value));
        Err(format!("{name} of {value} {unit} is not possible ({low} to {high}): check value and unit"))
    }
}
