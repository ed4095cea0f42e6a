//! What passes between the twin and its faces: what somebody outside asks of a device and what became of it, and what
//! devices in the field say of themselves.
//!
//! A face turns wire traffic into [`Request`]s and [`Answer`]s into wire traffic. It decides nothing: whether a device
//! takes a command is the device's own affair, and what it was told is in the journal before anybody hears `accepted`.

pub mod command;
pub mod order;
mod secret;

pub use secret::Secret;

use crate::act::{Act, HeldSignal};
use crate::command::{Directive, Priority};
use crate::id::ParticipantId;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Who asked, so that a request that comes twice is taken once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The face, for instance `mqtt`.
    pub face: String,
    /// The id that whoever asked gave the request; unique within the face.
    pub id: String,
}

/// What somebody outside asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What is asked.
    pub asked: Asked,
    /// The id it was given, if any; a second request of the same id is answered like the first and not taken again.
    pub id: Option<String>,
    /// Where the answer goes; known to the face alone, for instance a topic.
    pub reply_to: String,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// A device shall do something.
    Command {
        /// String id of the device, for instance `bat_03`.
        target: String,
        /// What it shall do.
        directive: Directive,
        /// With what right.
        priority: Priority,
        /// First instant at which it shall hold; none: the tick that takes it.
        effective: Option<Time>,
        /// How long it shall hold.
        lasts: Lasts,
    },
    /// Something is done to a participant, at the tick that takes it.
    Act {
        /// String id of the participant.
        target: String,
        /// What is done; its end is told by `lasts`.
        act: Act,
        /// How long it shall hold; none: as the act says.
        lasts: Option<Lasts>,
    },
    /// A signal is held at a value, or let go, from the tick that takes it.
    Signal {
        /// Which one, and at which value; its end is told by `lasts`.
        held: HeldSignal,
        /// How long it shall hold; none: as `held` says.
        lasts: Option<Lasts>,
    },
}

impl Asked {
    /// The participant it is about, if it is about one.
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Command { target, .. } | Self::Act { target, .. } => Some(target),
            Self::Signal { .. } => None,
        }
    }
}

/// What is asked, as people say it.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { directive, .. } => directive.fmt(f),
            Self::Act { act, .. } => act.fmt(f),
            Self::Signal { held, .. } => held.fmt(f),
        }
    }
}

/// How long a request shall hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lasts {
    /// As long as requests do that do not say: [`Lasts::USUAL`].
    #[default]
    Usual,
    /// This long from when it takes effect.
    For(Span),
    /// Until this instant.
    Until(Time),
}

impl Lasts {
    /// How long a request holds that does not say: a quarter hour, so that nothing forgotten drives a device for days.
    pub const USUAL: Span = Span::from_minutes(15);

    /// The first instant at which a request that takes effect at `effective` holds no more.
    pub fn until(self, effective: Time) -> Time {
        match self {
            Self::Usual => effective + Self::USUAL,
            Self::For(span) => effective + span,
            Self::Until(time) => time,
        }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The id the request was given.
    pub id: Option<String>,
    /// Where the answer goes, as the request said.
    pub reply_to: String,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, unless it was simply taken.
    pub reason: Option<String>,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is in the journal and in force, or will be at its time.
    Accepted,
    /// It is in the journal, but something of higher priority is in force.
    Overruled,
    /// It was not taken.
    Refused,
}

impl Verdict {
    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Overruled => "overruled",
            Self::Refused => "refused",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an asset in the field says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldReading {
    /// The asset.
    pub asset: ParticipantId,
    /// What was read.
    pub quantity: FieldQuantity,
    /// Its value, in the unit of the quantity.
    #[serde(with = "crate::number")]
    pub value: f64,
    /// When it was so.
    pub time: Time,
}

/// What can be read of an asset in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldQuantity {
    /// Power, kW, consumption positive.
    Power,
    /// Energy stored, kWh.
    Energy,
    /// State of charge, in % of the nominal capacity.
    Soc,
    /// What it is doing: the place of the state in [`crate::reading::AssetState::ALL`].
    State,
}

impl FieldQuantity {
    /// Every quantity, in declaration order.
    pub const ALL: [Self; 4] = [Self::Power, Self::Energy, Self::Soc, Self::State];

    /// The name used in files and on wires.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Energy => "energy",
            Self::Soc => "soc",
            Self::State => "state",
        }
    }
}

impl fmt::Display for FieldQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
