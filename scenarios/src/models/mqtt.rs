//! Parameters of the twin's MQTT face: under which topics it publishes, what, and how often.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{Conflict, choice, parameters};
use agents::Span;
use serde::Serialize;

/// Who talks to the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MqttConnections {
    /// One connection for all assets.
    Gateway,
    /// A connection for each asset, with a client id and a will of its own, besides the gateway's.
    Device,
}

choice!(MqttConnections { "gateway" => MqttConnections::Gateway, "device" => MqttConnections::Device });

/// What the topic `power` of batteries and vehicles carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MqttStoragePower {
    /// Power, kW.
    Power,
    /// Stored energy, kWh.
    Energy,
}

choice!(MqttStoragePower { "power" => MqttStoragePower::Power, "energy" => MqttStoragePower::Energy });

/// The platform's own topics and rates.
const CONTRACT: &str = "the platform's topics";
/// A default that is a matter of taste.
const CHOICE: &str = "a choice: changes that nobody would see are not worth a message";

parameters! {
    /// What the twin publishes over MQTT, if it is connected to a broker. It moves nobody.
    pub struct MqttParameters in "mqtt" {
        /// First level or levels of every topic.
        root: String = "cariflex".into(), "topic", Any, CONTRACT;
        /// A value that does not change is published at multiples of this, in the twin's time.
        every: Span = Span::from_s(30), "duration", Any, CONTRACT;
        /// Least time between two messages of a series, in the twin's time.
        min_interval: Span = Span::from_s(1), "duration", Any, CHOICE;
        /// Change of a power from which it is published at once; of reactive power in kvar.
        power_kw: f64 = 0.1, "kW", Within(0.0, 1e6), CHOICE;
        /// Change of a stored energy from which it is published at once.
        energy_kwh: f64 = 0.1, "kWh", Within(0.0, 1e6), CHOICE;
        /// Change of a state of charge from which it is published at once.
        soc_percent: f64 = 0.5, "%", Within(0.0, 100.0), CHOICE;
        /// Quality of service of readings and events: 0 sends once, 1 until the broker has it.
        qos: u64 = 1, "0 or 1", Within(0.0, 1.0), CONTRACT;
        /// Whether the broker keeps the last reading of each series for those who come later.
        retain: bool = true, "true or false", Any, CONTRACT;
        /// Messages kept while the broker is away; the oldest readings give way.
        buffer: u64 = 100_000, "count", Within(1_000.0, 1e7), "a choice: less than 10 MB";
        /// Who talks to the broker: gateway is one connection for all, device one per asset.
        connections: MqttConnections = MqttConnections::Gateway, "word", Any, "a choice: light";
        /// What the topic `power` of batteries and vehicles carries: power in kW, or stored energy in kWh.
        storage_power: MqttStoragePower = MqttStoragePower::Power, "word", Any, "the platform's documents disagree";
    }
}

impl MqttParameters {
    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.every <= Span::ZERO {
            return Err(Conflict::new("every", "must be longer than nothing: write for instance \"30s\""));
        }
        if self.min_interval > self.every {
            let text = "is longer than mqtt.every, the time after which a value is published anyway: shorten it";
            return Err(Conflict::new("min_interval", text));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let is_level = |level: &str| !level.is_empty() && level.chars().all(fits);
        if self.root.len() > 128 || !self.root.split('/').all(is_level) {
            let text = format!(
                "is {:?}: write levels of letters, digits, `_`, `-` or `.` with `/` between them, at most 128 bytes",
                self.root
            );
            return Err(Conflict::new("root", text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Conflict> {
        MqttParameters::from_toml(text).expect("readable").check()
    }

    #[test]
    fn the_defaults_keep_their_own_rules() {
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("root = \"plant.1/twin_2\""), Ok(()));
    }

    #[test]
    fn what_can_not_go_together_is_told_with_the_key_at_fault() {
        for (text, key) in [
            ("every = \"0s\"", "every"),
            ("min_interval = \"31s\"", "min_interval"),
            ("root = \"\"", "root"),
            ("root = \"/cariflex\"", "root"),
            ("root = \"cariflex/#\"", "root"),
            ("root = \"$SYS\"", "root"),
        ] {
            assert_eq!(check(text).expect_err(text).key, key);
        }
    }
}
