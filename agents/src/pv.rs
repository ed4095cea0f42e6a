//! A PV plant: produces what the sun gives, under the limits it is told.

use crate::command::{Capability, CommandBook};
use crate::core::{Core, Outbox, Wake};
use crate::id::Kind;
use crate::mail::{Mail, Message};
use crate::time::Now;
use serde::{Deserialize, Serialize};

/// The mind of a PV plant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pv {
    commands: CommandBook,
}

/// What a PV plant senses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PvSense {
    /// Mean power over the last interval, production negative.
    pub power_kw: f64,
}

/// How the inverter shall behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PvIntent {
    /// Highest production at the AC terminals, positive; none: all there is (also the safe intent).
    pub export_limit_kw: Option<f64>,
}

impl Default for Pv {
    fn default() -> Self {
        Self { commands: CommandBook::new(Capability::LimitsOnly) }
    }
}

impl Core for Pv {
    const KIND: Kind = Kind::Pv;
    type Sense = PvSense;
    type Intent = PvIntent;

    fn step(&mut self, now: Now, _: &PvSense, inbox: &[Mail], out: &mut Outbox) -> PvIntent {
        for mail in inbox {
            if let Message::Command(command) = &mail.message {
                self.commands.take(command, now, out);
            }
        }
        PvIntent { export_limit_kw: self.commands.resolve(now, out).export_limit_kw }
    }

    fn command_book(&self) -> Option<&CommandBook> {
        Some(&self.commands)
    }

    fn next_wake(&self, now: Now) -> Wake {
        Wake::OnMail.or_at(self.commands.next_change(now))
    }
}
