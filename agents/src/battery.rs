//! A stationary battery: reports what it holds every quarter hour, obeys its commands, otherwise rests.

use crate::command::{Capability, CommandBook, Mode};
use crate::core::{Core, Outbox, Wake};
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message, StorageStatus};
use crate::time::{Every, Now, Span};
use serde::{Deserialize, Serialize};

/// The mind of a battery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Battery {
    commands: CommandBook,
    /// To whom it reports.
    ems: ParticipantId,
    /// When it reports.
    report: Every,
}

/// How the converter shall behave.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatteryIntent {
    /// The control mode; the safe one holds 0 kW.
    pub mode: Mode,
    /// Highest charging power at the AC terminals; none: the rating.
    pub import_limit_kw: Option<f64>,
    /// Highest discharging power at the AC terminals, positive; none: the rating.
    pub export_limit_kw: Option<f64>,
}

impl Default for BatteryIntent {
    fn default() -> Self {
        Self { mode: Mode::Hold(0.0), import_limit_kw: None, export_limit_kw: None }
    }
}

impl Battery {
    /// A battery that reports to `ems` at every multiple of `report_every`.
    pub fn new(ems: ParticipantId, report_every: Span) -> Self {
        Self { commands: CommandBook::new(Capability::FollowsMeter), ems, report: Every::new(report_every) }
    }
}

impl Core for Battery {
    const KIND: Kind = Kind::Battery;
    type Sense = StorageStatus;
    type Intent = BatteryIntent;

    fn step(&mut self, now: Now, sense: &StorageStatus, inbox: &[Mail], out: &mut Outbox) -> BatteryIntent {
        if self.report.is_due(now.time) {
            out.send(self.ems, Message::StorageStatus(*sense));
        }
        for mail in inbox {
            if let Message::Command(command) = &mail.message {
                self.commands.take(command, now, out);
            }
        }
        let resolved = self.commands.resolve(now, out);
        BatteryIntent {
            mode: resolved.mode.unwrap_or(Mode::Hold(0.0)),
            import_limit_kw: resolved.import_limit_kw,
            export_limit_kw: resolved.export_limit_kw,
        }
    }

    fn next_wake(&self, now: Now) -> Wake {
        Wake::At(self.report.next()).or_at(self.commands.next_change(now))
    }
}
