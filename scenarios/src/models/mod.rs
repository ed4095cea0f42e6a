//! Parameters of the models, one file per kind of asset, each parameter with its default and where that comes from.

pub(crate) mod battery;
pub(crate) mod clouds;
pub(crate) mod commercial;
pub(crate) mod ev;
pub(crate) mod evse;
pub(crate) mod household;
pub(crate) mod mirror;
pub(crate) mod mqtt;
pub(crate) mod pv;
pub(crate) mod supply;
pub(crate) mod weather;

/// Gives parameters a way to be read from TOML, for tests and tools.
macro_rules! from_toml {
    ($($name:ty),+ $(,)?) => {$(
        impl $name {
            /// Reads the parameters from the keys of a TOML table; what is left out takes its default.
            ///
            /// # Errors
            /// [`crate::ScenarioError`] naming line, key and remedy.
            pub fn from_toml(text: &str) -> Result<Self, crate::ScenarioError> {
                crate::parameters::from_toml(text)
            }
        }
    )+};
}

from_toml!(
    battery::BatteryParameters,
    clouds::CloudParameters,
    commercial::CommercialParameters,
    ev::EvParameters,
    evse::EvseParameters,
    household::HouseholdParameters,
    mirror::MirrorParameters,
    mqtt::MqttParameters,
    pv::PvParameters,
    supply::SupplyParameters,
    weather::WeatherParameters,
);
