//! What faulty links do to messages.

use super::state::second;
use super::{FaultState, Faults};
use agents::fault::{Fault, FaultKind};
use agents::reading::Link;
use agents::{ParticipantId, Span, Time};
use rand::RngExt;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It arrives, late by this.
    Arrives(Span),
    /// It is lost, because of this.
    Lost(FaultKind),
}

impl FaultState {
    /// What the device's link does at `time`.
    pub(super) fn link(&self, time: Time) -> Link {
        let mut link = Link::default();
        for held in self.in_force(time) {
            match held.fault {
                Fault::CommunicationLoss {} | Fault::PowerLoss { .. } => link.is_down = true,
                Fault::SlowLink { delay_s } => link.delay = Span((delay_s * 1000.0).round() as i64),
                Fault::LossyLink { share } => link.loss_share = share,
                _ => {}
            }
        }
        link
    }

    /// What the device's link does to its message numbered `number` at `now`.
    fn pass(&mut self, now: Time, number: usize) -> Passage {
        let mut delay = Span::ZERO;
        for held in self.held.iter_mut().filter(|held| held.is_in_force(now)) {
            let is_lost = match held.fault {
                Fault::CommunicationLoss {} | Fault::PowerLoss { .. } => true,
                Fault::LossyLink { share } => {
                    let draw = held.draws.at(second(now));
                    draw.random_iter::<f64>().nth(number).is_some_and(|drawn| drawn < share)
                }
                Fault::SlowLink { delay_s } => {
                    delay = Span((delay_s * 1000.0).round() as i64);
                    false
                }
                _ => false,
            };
            if is_lost {
                held.lost += 1;
                return Passage::Lost(held.fault.kind());
            }
        }
        Passage::Arrives(delay)
    }
}

impl Faults {
    /// What becomes of a message between these at `now`.
    pub(crate) fn pass(&mut self, now: Time, ends: [ParticipantId; 2]) -> Passage {
        let mut delay = Span::ZERO;
        for id in ends {
            let Some(state) = self.states.get_mut(&id) else { continue };
            let passed = self.passed.entry(id).or_default();
            let number = std::mem::replace(passed, *passed + 1);
            match state.pass(now, number) {
                Passage::Arrives(late) => delay = delay + late,
                lost @ Passage::Lost(_) => return lost,
            }
        }
        Passage::Arrives(delay)
    }

    /// The fault for which nothing reaches a device at `now`, if there is one.
    pub(crate) fn why_unreachable(&self, now: Time, id: ParticipantId) -> Option<FaultKind> {
        let kinds = [FaultKind::CommunicationLoss, FaultKind::PowerLoss];
        let state = self.states.get(&id)?;
        kinds.into_iter().find(|kind| state.has(*kind, now))
    }
}
