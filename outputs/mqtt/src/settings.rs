//! What is published, how often, and under which topics: the section `[mqtt]` of a scenario, key by key.

use crate::error::MqttError;
use agents::Span;

/// What is published, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// First level or levels of every topic; `cariflex`.
    pub root: String,
    /// A value that does not change is published at multiples of this, in the twin's time; 30 s.
    pub every: Span,
    /// Least time between two messages of a series, in the twin's time; 1 s.
    pub min_interval: Span,
    /// Change of a power from which it is published at once, kW (of reactive power: kvar); 0.1.
    pub power_kw: f64,
    /// Change of a stored energy from which it is published at once, kWh; 0.1.
    pub energy_kwh: f64,
    /// Change of a state of charge from which it is published at once, %; 0.5.
    pub soc_percent: f64,
    /// Quality of service of readings and events, 0 or 1; 1.
    pub qos: u8,
    /// Whether the broker keeps the last reading of each series; true.
    pub retain: bool,
    /// Messages kept while the broker is away, shared out among the connections; 100,000.
    ///
    /// What is over gives way oldest first, and is counted. Results of commands and availability are never among them.
    pub buffer: usize,
    /// Who talks to the broker; [`Connections::Gateway`].
    pub connections: Connections,
    /// What the topic `power` of batteries and vehicles carries; [`StoragePower::Power`].
    pub storage_power: StoragePower,
}

/// Who talks to the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Connections {
    /// One connection for all.
    #[default]
    Gateway,
    /// Besides it one per asset, with its own client id (`{client_id}-{asset_id}`) and will, which carries what the asset
    /// shows. Commands and their results still pass through the gateway's. Each needs an open file here and at the broker.
    Device,
}

/// What the topic `power` of batteries and vehicles carries: the platform's documents disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoragePower {
    /// Power, kW.
    #[default]
    Power,
    /// Stored energy, kWh.
    Energy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            root: "cariflex".into(),
            every: Span::from_s(30),
            min_interval: Span::from_s(1),
            power_kw: 0.1,
            energy_kwh: 0.1,
            soc_percent: 0.5,
            qos: 1,
            retain: true,
            buffer: 100_000,
            connections: Connections::default(),
            storage_power: StoragePower::default(),
        }
    }
}

impl Settings {
    /// What is wrong with them.
    pub(crate) fn check(&self) -> Result<(), MqttError> {
        let wrong = |key, problem: &str| Err(MqttError::Setting { key, problem: problem.into() });
        check_root(&self.root)?;
        if self.every <= Span::ZERO {
            return wrong("every", "must be longer than nothing");
        }
        if self.min_interval < Span::ZERO || self.min_interval > self.every {
            return wrong("min_interval", "must lie between nothing and `every`");
        }
        for (key, threshold) in
            [("power_kw", self.power_kw), ("energy_kwh", self.energy_kwh), ("soc_percent", self.soc_percent)]
        {
            if !threshold.is_finite() || threshold < 0.0 {
                return wrong(key, "must be a number of at least 0");
            }
        }
        if self.qos > 1 {
            return wrong("qos", "must be 0 or 1");
        }
        if self.buffer == 0 {
            return wrong("buffer", "must hold at least one message");
        }
        Ok(())
    }
}

/// Whether topics can begin with it.
pub(crate) fn check_root(root: &str) -> Result<(), MqttError> {
    let is_level =
        |level: &str| !level.is_empty() && !level.contains(['+', '#', '\0', '$']) && !level.contains(char::is_control);
    if root.len() <= 256 && root.split('/').all(is_level) {
        return Ok(());
    }
    let problem = format!("is {root:?}: write levels with `/` between them, none of them empty or with `+`, `#`, `$`");
    Err(MqttError::Setting { key: "root", problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_can_not_be_used_are_refused_by_name() {
        let right = Settings::default();
        assert!(right.check().is_ok());
        for (wrong, key) in [
            (Settings { root: "/cariflex".into(), ..right.clone() }, "root"),
            (Settings { root: "cariflex/+".into(), ..right.clone() }, "root"),
            (Settings { every: Span::ZERO, ..right.clone() }, "every"),
            (Settings { min_interval: Span::HOUR, ..right.clone() }, "min_interval"),
            (Settings { power_kw: f64::NAN, ..right.clone() }, "power_kw"),
            (Settings { qos: 2, ..right.clone() }, "qos"),
            (Settings { buffer: 0, ..right }, "buffer"),
        ] {
            let error = wrong.check().expect_err(key).to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }
}
