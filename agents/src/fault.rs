//! What can go wrong with a device: a closed catalogue of typed faults, and what each of them does.
//!
//! A fault acts on the body (what flows), on a sensor (what is shown, to results, to faces and to the device's own core),
//! on the device's clock (the timestamps it gives), or on its link (what it says and hears). It holds from the tick that
//! takes it, or from its instant in the scenario, until its end or until it is cleared. A device has at most one fault of a kind: another
//! one takes its place.
//!
//! Each fault is defined once, by the macro `catalogue!`: name, devices, parameters with unit, default and limits. What
//! is read, refused and documented follows from that.

mod catalogue;
mod text;

pub use catalogue::{Fault, FaultKind};

use crate::id::Kind;
use std::fmt;

/// On what a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// On what flows.
    Body,
    /// On what is shown.
    Sensor,
    /// On the time the device gives.
    Clock,
    /// On what it says and hears.
    Link,
}

impl Layer {
    /// The name used in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Sensor => "sensor",
            Self::Clock => "clock",
            Self::Link => "link",
        }
    }
}

/// A fault as the catalogue describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultEntry {
    /// Which one.
    pub kind: FaultKind,
    /// On what it acts.
    pub layer: Layer,
    /// What it does.
    pub doc: &'static str,
    /// Which devices can have it.
    pub devices: &'static [Kind],
    /// Its parameters.
    pub parameters: &'static [FaultParameter],
}

/// A parameter of a fault: a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultParameter {
    /// Its key.
    pub key: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// The unit of its value.
    pub unit: &'static str,
    /// Its value where none is given.
    pub default: f64,
    /// The least it can be.
    pub least: f64,
    /// The most it can be.
    pub most: f64,
}

/// Why a device can not have a fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FaultRefusal {
    /// There is no such fault.
    #[error("there is no fault `{0}`: write one of {names}", names = Names)]
    Unknown(String),
    /// Devices of this kind do not have it.
    #[error("{kind} is a fault of {devices}, not of {device}", devices = Words(.kind.entry().devices))]
    NotItsKind {
        /// The fault.
        kind: FaultKind,
        /// What the device is.
        device: Kind,
    },
    /// The fault has no parameter of this name.
    #[error("{kind} has no parameter `{key}`: it takes {keys}", keys = Keys(*.kind))]
    UnknownParameter {
        /// The fault.
        kind: FaultKind,
        /// The name.
        key: String,
    },
    /// A parameter is no number within its limits.
    #[error("`{key}` of {kind} is {value}: write a number from {least} to {most} ({unit})", key = .parameter.key, least = .parameter.least, most = .parameter.most, unit = .parameter.unit)]
    OutOfRange {
        /// The fault.
        kind: FaultKind,
        /// The parameter.
        parameter: &'static FaultParameter,
        /// What it was.
        value: f64,
    },
    /// Two of its parameters contradict each other.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl Fault {
    /// The fault of this name with these parameters; what is not given has its default.
    ///
    /// # Errors
    /// [`FaultRefusal`] where there is no such fault or parameter; limits are [`Self::examine`]'s.
    pub fn named<'a>(name: &str, values: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self, FaultRefusal> {
        let kind: FaultKind = name.parse()?;
        let mut fault = kind.fault();
        for (key, value) in values {
            match fault.parameter_mut(key) {
                Some(parameter) => *parameter = value,
                None => return Err(FaultRefusal::UnknownParameter { kind, key: key.into() }),
            }
        }
        Ok(fault)
    }

    /// Whether a device of this kind can have the fault, with these parameters.
    ///
    /// # Errors
    /// [`FaultRefusal`], whose text names the remedy.
    pub fn examine(&self, device: Kind) -> Result<(), FaultRefusal> {
        let kind = self.kind();
        let entry = kind.entry();
        if !entry.devices.contains(&device) {
            return Err(FaultRefusal::NotItsKind { kind, device });
        }
        for (parameter, value) in entry.parameters.iter().zip(self.values()) {
            if !(parameter.least..=parameter.most).contains(&value) {
                return Err(FaultRefusal::OutOfRange { kind, parameter, value });
            }
        }
        match self {
            Self::CellLimit { floor_percent, ceiling_percent } if floor_percent >= ceiling_percent => {
                Err(FaultRefusal::Contradiction("`floor_percent` must be less than `ceiling_percent`"))
            }
            _ => Ok(()),
        }
    }
}

/// The fault as people write it: its name and what is not as by default.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        for (parameter, value) in self.kind().entry().parameters.iter().zip(self.values()) {
            write!(f, " {}={value}", parameter.key)?;
        }
        Ok(())
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The names of all faults, for a sentence.
struct Names;

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = FaultKind::ALL.iter().map(|kind| kind.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

/// Kinds of devices, for a sentence.
struct Words<'a>(&'a [Kind]);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|kind| kind.as_str()).collect();
        f.write_str(&words.join(", "))
    }
}

/// The parameters of a fault, for a sentence.
struct Keys(FaultKind);

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.entry().parameters {
            [] => f.write_str("none"),
            parameters => {
                let keys: Vec<_> = parameters.iter().map(|parameter| parameter.key).collect();
                f.write_str(&keys.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_read_back_from_its_name_and_from_a_file() {
        for kind in FaultKind::ALL {
            let fault = Fault::named(kind.as_str(), []).expect("its own name");
            assert_eq!(fault.kind(), kind);
            let text = serde_json::to_string(&fault).expect("plain data");
            assert!(text.starts_with(&format!("{{\"kind\":\"{kind}\"")), "{text}");
            assert_eq!(serde_json::from_str::<Fault>(&text).expect("just written"), fault);
            let short = format!("{{\"kind\":\"{kind}\"}}");
            assert_eq!(serde_json::from_str::<Fault>(&short).expect("all parameters have defaults"), fault);
        }
    }

    #[test]
    fn every_default_is_within_its_limits_and_every_fault_has_devices() {
        for kind in FaultKind::ALL {
            let entry = kind.entry();
            assert!(entry.kind == kind && !entry.devices.is_empty() && !entry.doc.is_empty());
            for device in entry.devices {
                assert_eq!(kind.fault().examine(*device), Ok(()));
            }
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_the_remedy() {
        let text = |refusal: Result<(), FaultRefusal>| refusal.expect_err("refused").to_string();
        let derating = |share| Fault::named("derating", [("share", share)]).expect("a fault");
        assert_eq!(
            text(derating(1.5).examine(Kind::Pv)),
            "`share` of derating is 1.5: write a number from 0 to 1 (share)"
        );
        assert!(derating(f64::NAN).examine(Kind::Pv).is_err());
        let welded = Fault::named("welded_contactor", []).expect("a fault");
        assert_eq!(text(welded.examine(Kind::Pv)), "welded_contactor is a fault of evse, not of pv");
        let unknown = Fault::named("sneezing", []).expect_err("no such fault").to_string();
        assert!(unknown.starts_with("there is no fault `sneezing`: write one of inverter_trip, "), "{unknown}");
        let key = Fault::named("derating", [("depth", 1.0)]).expect_err("no such parameter").to_string();
        assert_eq!(key, "derating has no parameter `depth`: it takes share");
        let cells = Fault::named("cell_limit", [("floor_percent", 90.0)]).expect("a fault");
        assert_eq!(text(cells.examine(Kind::Battery)), "`floor_percent` must be less than `ceiling_percent`");
        assert!(serde_json::from_str::<Fault>("{\"kind\":\"derating\",\"depth\":1}").is_err());
    }
}
