//! Mail on its way: what faulty links lose and what they hold up.
//!
//! What is late by less than the time to the next tick arrives at once: within the twin nothing happens in between. What is
//! late by more arrives at the last tick that is not later than its time.

use super::Kernel;
use crate::faults::Passage;
use agents::command::Command;
use agents::fault::FaultKind;
use agents::record::EventCode;
use agents::{Mail, Message, ParticipantId, Span, Time};

impl Kernel {
    /// Whether nothing reaches a device now: its link is down, or it has no power.
    pub fn is_unreachable(&self, id: ParticipantId) -> bool {
        self.why_unreachable(id).is_some()
    }

    /// The fault for which nothing reaches a device now, if there is one.
    pub fn why_unreachable(&self, id: ParticipantId) -> Option<FaultKind> {
        self.world.why_unreachable(self.now, id)
    }

    /// The fault that has lost this command of the outside in the last tick, if one has.
    pub fn lost_by(&self, target: ParticipantId, command: &Command) -> Option<FaultKind> {
        let found = self.lost_commands.iter().find(|(to, lost, _)| *to == target && lost == command);
        found.map(|(.., fault)| *fault)
    }

    /// When this command of the outside reaches its device, if it is still on its way.
    pub fn arrives(&self, target: ParticipantId, command: &Command) -> Option<Time> {
        let is_it =
            |mail: &Mail| mail.to == target && matches!(&mail.message, Message::Command(late) if late == command);
        self.late_mail.iter().find(|(_, mail)| is_it(mail)).map(|(time, _)| *time)
    }

    /// Sends mail on its way.
    pub(super) fn post(&mut self, mail: &mut Vec<Mail>) {
        if !self.world.faults.is_at_work() {
            self.mail.append(mail);
            return;
        }
        let next = self.next_tick();
        for mail in mail.drain(..) {
            match self.world.pass(self.now, &mail) {
                Passage::Arrives(delay) if delay == Span::ZERO || self.now + delay < next => self.mail.push(mail),
                Passage::Arrives(delay) => self.late_mail.push((self.now + delay, mail)),
                Passage::Lost(_) if is_kept(&mail.message) => self.late_mail.push((next, mail)),
                Passage::Lost(fault) => self.note_lost(&mail, fault),
            }
        }
    }

    /// Delivers what should have arrived by the next tick.
    pub(super) fn bring_late_mail(&mut self) {
        if self.late_mail.is_empty() {
            return;
        }
        let next = self.next_tick();
        let due: Vec<_> = self.late_mail.extract_if(.., |(time, _)| *time < next).collect();
        for (_, mail) in due {
            if is_kept(&mail.message) && self.is_unreachable(mail.from) {
                self.late_mail.push((next, mail));
            } else {
                self.mail.push(mail);
            }
        }
    }

    /// What devices say to each other is only counted; what came from outside is told.
    fn note_lost(&mut self, mail: &Mail, fault: FaultKind) {
        if let (ParticipantId::OUTSIDE, Message::Command(command)) = (mail.from, &mail.message) {
            let detail = format!("{}, priority {}, was lost: {fault}", command.directive, command.priority);
            self.note(mail.to, EventCode::MailUndeliverable, detail);
            self.lost_commands.push((mail.to, command.clone(), fault));
        }
    }
}

/// What is not lost on a bad link: whoever says it has it until it can be told, as charge points keep transactions.
fn is_kept(message: &Message) -> bool {
    matches!(message, Message::SessionEnded(_))
}
