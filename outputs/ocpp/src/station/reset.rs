//! Reset (B11, B12): at once or when nothing is under way, of the station or of one EVSE.

use super::Station;
use super::body::Act;
use super::serve::{Served, reply, reply_then};
use super::transaction::Cause;
use crate::v201::*;
use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// How long a reset waits for the CSMS to take the last events; what it did not take is sent after the reboot.
const PATIENCE: Span = Span::from_s(10);

/// A reset that is under way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Resetting {
    /// Of the station, with the reason of the boot that follows, and when it is done at the latest once nothing is
    /// under way.
    station: Option<(BootReason, Option<Time>)>,
    /// EVSEs that reset when their transaction is over.
    evses: Vec<i32>,
}

impl Resetting {
    /// Whether the station is about to restart: nothing new begins.
    pub(super) fn is_under_way(&self) -> bool {
        self.station.is_some()
    }
}

impl Station {
    /// Reset (B11, B12).
    pub(super) fn reset(&mut self, request: ResetRequest) -> Served<ResetResponse> {
        let answer = |status| ResetResponse { status, status_info: None };
        let immediate = request.r#type == ResetKind::Immediate;
        match request.evse_id {
            Some(evse_id) => {
                let Some(rank) = self.rank(evse_id) else { return reply(answer(ResetStatus::Rejected)) };
                if !immediate && self.evses[rank].is_busy() {
                    if !self.resetting.evses.contains(&evse_id) {
                        self.resetting.evses.push(evse_id);
                    }
                    return reply(answer(ResetStatus::Scheduled));
                }
                reply_then(answer(ResetStatus::Accepted), move |station| {
                    station.end(rank, &Cause::new(TriggerReason::ResetCommand, StoppedReason::ImmediateReset));
                    station.act(Act::ResetEvse(evse_id));
                })
            }
            None if immediate => reply_then(answer(ResetStatus::Accepted), |station| {
                station.resetting.station = Some((BootReason::RemoteReset, None));
                station.end_all(TriggerReason::ResetCommand, StoppedReason::ImmediateReset);
            }),
            None => {
                let busy = self.evses.iter().any(|evse| evse.is_busy());
                let status = if busy { ResetStatus::Scheduled } else { ResetStatus::Accepted };
                reply_then(answer(status), |station| {
                    station.resetting.station = Some((BootReason::ScheduledReset, None));
                })
            }
        }
    }

    pub(super) fn reset_wake(&self) -> Option<Time> {
        self.resetting.station.and_then(|(_, at)| at)
    }

    /// Restarts when nothing is under way and the CSMS has heard of it, or was given the time to.
    pub(super) fn reset_due(&mut self) {
        let idle =
            self.resetting.evses.iter().position(|id| self.rank(*id).is_some_and(|rank| !self.evses[rank].is_busy()));
        if let Some(evse_id) = idle.map(|at| self.resetting.evses.remove(at)) {
            self.act(Act::ResetEvse(evse_id));
        }
        let Some((reason, at)) = self.resetting.station else { return };
        if self.evses.iter().any(|evse| evse.is_busy()) {
            return;
        }
        let at = at.unwrap_or(self.now + PATIENCE);
        let told = !self.is_online() || (!self.outbox.has_events() && self.calls.is_free());
        if told || at <= self.now {
            // Until the body has restarted nothing more happens; asked again it restarts again.
            self.resetting.station = Some((reason, Some(Time::NEVER)));
            if at != Time::NEVER {
                self.act(Act::Reboot(reason));
            }
        } else {
            self.resetting.station = Some((reason, Some(at)));
        }
    }
}
