//! What somebody outside does to a participant or to the world, besides commanding it: plugs a vehicle in, presents a
//! token, breaks a device, makes the weather, trades.
//!
//! An act takes effect at the tick that takes it, before the mail rounds of that tick.

mod order;

pub use order::{ActId, FURTHEST_LIMIT, MOST_ENERGY, NamedContract, PlacedOrder, side_name};

use crate::fault::{Fault, FaultKind};
use crate::id::Kind;
use crate::number;
use crate::reading::Signal;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most bytes of a token (OCPP 2.0.1, IdTokenType).
const LONGEST_TOKEN: usize = 36;

/// What is done to a participant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// A vehicle (or the vehicle of a charge point) is put into the plug, wherever it is; it leaves for the next trip of its
    /// driver that begins at `until` or later.
    PlugIn {
        /// Until when the driver leaves it there; none: until the next trip.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// A vehicle (or the vehicle of a charge point) is taken out of the plug, and stays parked.
    Unplug {
        /// Until when the driver lets it be; none: until the next trip.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// A token is presented at a charge point. The token of a vehicle's driver is the vehicle's id.
    PresentToken {
        /// What the token says.
        token: String,
    },
    /// A device has a fault.
    Inject {
        /// The fault.
        fault: Fault,
        /// First instant at which it has it no more; none: until it is cleared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// A device is repaired.
    Clear {
        /// Which fault is cleared; none: all that the device has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<FaultKind>,
    },
    /// A prosumer places an order in the market.
    PlaceOrder(PlacedOrder),
    /// A prosumer withdraws what is left of the orders for a contract that came from outside.
    CancelOrders(NamedContract),
}

/// A signal that somebody holds at a value, whatever weather and DSO say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldSignal {
    /// Which one.
    pub signal: Signal,
    /// Its value, in [`Signal::unit`]; none: it is let go.
    #[serde(default, with = "optional", skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// First instant at which it is held no more; none: until it is let go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl Act {
    /// The same act with this end, where it is one that has an end.
    pub fn lasting(mut self, end: Option<Time>) -> Self {
        match &mut self {
            Self::PlugIn { until } | Self::Unplug { until } | Self::Inject { until, .. } => *until = end,
            Self::PresentToken { .. } | Self::Clear { .. } | Self::PlaceOrder(_) | Self::CancelOrders(_) => {}
        }
        self
    }

    /// First instant at which it holds no more, where it has an end.
    pub fn until(&self) -> Option<Time> {
        match self {
            Self::PlugIn { until } | Self::Unplug { until } | Self::Inject { until, .. } => *until,
            Self::PresentToken { .. } | Self::Clear { .. } | Self::PlaceOrder(_) | Self::CancelOrders(_) => None,
        }
    }

    /// Whether it can be done to a participant of this kind at `now`.
    ///
    /// # Errors
    /// A sentence that says why not, and what to do.
    pub fn examine(&self, kind: Kind, now: Time) -> Result<(), String> {
        if self.until().is_some_and(|until| until <= now) {
            return Err(format!("it would be over at once: let it end after {now}"));
        }
        match self {
            Self::PlugIn { .. } | Self::Unplug { .. } if !matches!(kind, Kind::Ev | Kind::Evse) => {
                Err(format!("a participant of kind {kind} has no plug: name a vehicle or a charge point"))
            }
            Self::PresentToken { .. } if kind != Kind::Evse => {
                Err(format!("a participant of kind {kind} reads no tokens: name a charge point"))
            }
            Self::PresentToken { token } if token.is_empty() || token.len() > LONGEST_TOKEN => {
                Err(format!("a token has 1 to {LONGEST_TOKEN} bytes"))
            }
            Self::Inject { fault, .. } => fault.examine(kind).map_err(|refusal| refusal.to_string()),
            Self::Clear { .. } if !kind.is_asset() => Err(format!("a participant of kind {kind} has no faults")),
            Self::PlaceOrder(order) => order.examine(kind),
            Self::CancelOrders(contract) => contract.examine(kind),
            _ => Ok(()),
        }
    }
}

impl HeldSignal {
    /// Whether it can be meant at `now`.
    ///
    /// # Errors
    /// A sentence that says what to send.
    pub fn examine(&self, now: Time) -> Result<(), String> {
        if self.until.is_some_and(|until| until <= now) {
            return Err(format!("it would be over at once: let it end after {now}"));
        }
        let Some(value) = self.value else { return Ok(()) };
        let (least, most) = self.signal.range();
        if self.signal == Signal::DemandResponse && value.fract() != 0.0 {
            return Err(format!("a level can not be {value}: send 0, 1, 2 or 3"));
        }
        if (least..=most).contains(&value) {
            return Ok(());
        }
        let (signal, unit) = (self.signal.as_str(), self.signal.unit());
        Err(format!("{signal} can not be {value}: send a number from {least} to {most} ({unit})"))
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let until = |f: &mut fmt::Formatter<'_>, until: &Option<Time>| match until {
            Some(until) => write!(f, " until {until}"),
            None => Ok(()),
        };
        match self {
            Self::PlugIn { until: end } => f.write_str("plug in").and_then(|()| until(f, end)),
            Self::Unplug { until: end } => f.write_str("unplug").and_then(|()| until(f, end)),
            Self::PresentToken { token } => write!(f, "present token {token:?}"),
            Self::Inject { fault, until: end } => write!(f, "fault {fault}").and_then(|()| until(f, end)),
            Self::Clear { kind: Some(kind) } => write!(f, "clear {kind}"),
            Self::Clear { kind: None } => f.write_str("clear all faults"),
            Self::PlaceOrder(order) => write!(f, "order {order}"),
            Self::CancelOrders(contract) => write!(f, "withdraw orders {contract}"),
        }
    }
}

impl fmt::Display for HeldSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signal = self.signal.as_str();
        match (self.value, self.until) {
            (None, _) => write!(f, "let {signal} go"),
            (Some(value), None) => write!(f, "hold {signal} at {value} {}", self.signal.unit()),
            (Some(value), Some(until)) => write!(f, "hold {signal} at {value} {} until {until}", self.signal.unit()),
        }
    }
}

/// A number that may be missing, or NaN where what was sent is none.
mod optional {
    use super::number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Number(#[serde(with = "number")] f64);

    pub(super) fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Number).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Number::deserialize(deserializer).map(|Number(value)| Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_read_as_people_say_them() {
        let fault = Fault::named("derating", [("share", 0.2)]).expect("a fault");
        assert_eq!(Act::Inject { fault, until: None }.to_string(), "fault derating share=0.2");
        assert_eq!(Act::Clear { kind: None }.to_string(), "clear all faults");
        let held = HeldSignal { signal: Signal::Irradiance, value: Some(800.0), until: None };
        assert_eq!(held.to_string(), "hold irradiance at 800 W/m2");
    }

    #[test]
    fn acts_survive_a_file() {
        let fault = FaultKind::SlowLink.fault();
        for act in [
            Act::PlugIn { until: Some(Time(5)) },
            Act::Unplug { until: None },
            Act::PresentToken { token: "ev_03".into() },
            Act::Inject { fault, until: None },
            Act::Clear { kind: Some(FaultKind::SlowLink) },
        ] {
            let text = serde_json::to_string(&act).expect("plain data");
            assert_eq!(serde_json::from_str::<Act>(&text).expect("just written"), act, "{text}");
        }
        for value in [Some(1.5), None] {
            let held = HeldSignal { signal: Signal::LoadControl, value, until: None };
            let text = serde_json::to_string(&held).expect("plain data");
            assert_eq!(serde_json::from_str::<HeldSignal>(&text).expect("just written"), held, "{text}");
        }
    }

    #[test]
    fn a_signal_beyond_what_can_be_is_refused_with_its_limits() {
        let held = |value| HeldSignal { signal: Signal::LoadControl, value: Some(value), until: None }.examine(Time(0));
        assert_eq!(held(50.0), Ok(()));
        assert_eq!(held(101.0), Err("load_control_signal can not be 101: send a number from 0 to 100 (%)".into()));
        assert!(held(f64::NAN).is_err());
    }
}
