//! What a station is made of, before anybody configures it.

use crate::OcppError;
use crate::charging::Supply;
use crate::rpc::Limits;
use crate::v201::ConnectorType;
use serde::{Deserialize, Serialize};

/// A station as it leaves the factory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The identity under which the CSMS knows it, for instance `CP001`.
    pub identity: String,
    /// `vendorName` of BootNotification.
    pub vendor: String,
    /// `model` of BootNotification.
    pub model: String,
    /// `serialNumber`, if it has one.
    pub serial_number: Option<String>,
    /// `firmwareVersion`, if it tells.
    pub firmware_version: Option<String>,
    /// Its EVSEs; the first has id 1.
    pub evses: Vec<EvseSettings>,
    /// Variables of the device model that are not as in the table, as (component, variable, value).
    #[serde(default)]
    pub variables: Vec<(String, String, String)>,
    /// What a frame it is sent may take.
    #[serde(skip)]
    pub limits: Limits,
}

/// An EVSE as it leaves the factory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvseSettings {
    /// What it is supplied with.
    pub supply: Supply,
    /// Current per phase below which no vehicle charges, in A: 6 A (IEC 61851-1, annex A).
    pub least_current_a: f64,
    /// Its connectors; the first has id 1.
    pub connectors: Vec<ConnectorType>,
}

impl Settings {
    /// A station of `evses` equal AC EVSEs with a socket each: three phases of 230 V and `current_a` A.
    pub fn ac(identity: &str, evses: usize, current_a: f64) -> Self {
        let supply = Supply { voltage_v: 230.0, phases: 3, current_a };
        let evse = EvseSettings { supply, least_current_a: 6.0, connectors: vec![ConnectorType::CType2] };
        Self {
            identity: identity.into(),
            vendor: "Cariflex".into(),
            model: "Twin".into(),
            serial_number: None,
            firmware_version: Some(env!("CARGO_PKG_VERSION").into()),
            evses: vec![evse; evses],
            variables: Vec::new(),
            limits: Limits::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), OcppError> {
        let identity = &self.identity;
        if identity.is_empty() || identity.chars().count() > 48 || identity.contains(':') {
            return Err(OcppError::Identity(identity.clone()));
        }
        let texts = [
            ("vendorName", Some(&self.vendor), 50),
            ("model", Some(&self.model), 20),
            ("serialNumber", self.serial_number.as_ref(), 25),
            ("firmwareVersion", self.firmware_version.as_ref(), 50),
        ];
        for (field, value, most) in texts {
            if let Some(value) = value.filter(|value| value.chars().count() > most) {
                return Err(OcppError::TooLong { field, value: value.clone(), most });
            }
        }
        if self.evses.is_empty() || self.evses.iter().any(|evse| evse.connectors.is_empty()) {
            return Err(OcppError::Nothing(identity.clone()));
        }
        for (id, evse) in (1..).zip(&self.evses) {
            let Supply { voltage_v, phases, current_a } = evse.supply;
            let positive = [voltage_v, current_a].iter().all(|value| value.is_finite() && *value > 0.0);
            if !positive || !(1..=3).contains(&phases) {
                return Err(OcppError::Supply(id));
            }
        }
        Ok(())
    }
}
