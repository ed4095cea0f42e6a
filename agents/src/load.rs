//! A load: a household, a business, or what remains of a commune. It consumes what its people want,
//! under the limits it is told (load shedding, a connection limit).

use crate::command::{Capability, CommandBook};
use crate::core::{Core, Outbox, Wake};
use crate::id::Kind;
use crate::mail::{Mail, Message};
use crate::time::Now;
use serde::{Deserialize, Serialize};

/// The mind of a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    commands: CommandBook,
}

/// What a load senses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadSense {
    /// Mean power over the last interval.
    pub power_kw: f64,
}

/// How the load shall behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadIntent {
    /// Highest consumption; none: as much as its people want (also the safe intent).
    pub import_limit_kw: Option<f64>,
}

impl Default for Load {
    fn default() -> Self {
        Self { commands: CommandBook::new(Capability::LimitsOnly) }
    }
}

impl Core for Load {
    const KIND: Kind = Kind::Load;
    type Sense = LoadSense;
    type Intent = LoadIntent;

    fn step(&mut self, now: Now, _: &LoadSense, inbox: &[Mail], out: &mut Outbox) -> LoadIntent {
        for mail in inbox {
            if let Message::Command(command) = &mail.message {
                self.commands.take(command, now, out);
            }
        }
        LoadIntent { import_limit_kw: self.commands.resolve(now, out).import_limit_kw }
    }

    fn command_book(&self) -> Option<&CommandBook> {
        Some(&self.commands)
    }

    fn next_wake(&self, now: Now) -> Wake {
        Wake::OnMail.or_at(self.commands.next_change(now))
    }
}
