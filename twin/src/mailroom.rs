//! The mailroom: who has mail, who is due, who waits for quiet.

use agents::{Mail, ParticipantId, Stage, Time, Wake};
use std::collections::BTreeSet;
use std::ops::Range;

/// A participant that steps in a round, and where its mail lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) id: ParticipantId,
    pub(crate) mail: Range<usize>,
}

/// Sorts mail by recipient, keeping the order of senders (and of each sender's mail) in which it was collected.
pub(crate) fn sort(mail: &mut [Mail]) {
    mail.sort_by_key(|mail| mail.to);
}

/// Lists who has mail in the sorted `mail`.
pub(crate) fn recipients(mail: &[Mail], due: &mut Vec<Due>) {
    due.clear();
    let mut start = 0;
    for group in mail.chunk_by(|a, b| a.to == b.to) {
        due.push(Due { id: group[0].to, mail: start..start + group.len() });
        start += group.len();
    }
}

/// When every participant wants to be stepped next.
#[derive(Debug)]
pub(crate) struct Wakes {
    at: Vec<Time>,
    quiet: BTreeSet<(Stage, ParticipantId)>,
}

impl Wakes {
    /// All participants are due at the first tick.
    pub(crate) fn new(participants: usize) -> Self {
        Self { at: vec![Time(i64::MIN); participants], quiet: BTreeSet::new() }
    }

    /// Notes what a participant wants after a step.
    pub(crate) fn set(&mut self, id: ParticipantId, wake: Wake) {
        if !self.quiet.is_empty() {
            self.quiet.retain(|(_, waiting)| *waiting != id);
        }
        self.at[id.index()] = match wake {
            Wake::At(time) => time,
            Wake::OnMail => Time::NEVER,
            Wake::WhenQuiet(stage) => {
                self.quiet.insert((stage, id));
                Time::NEVER
            }
        };
    }

    /// When a participant wants to be stepped next, and the stage at which it waits for quiet.
    pub(crate) fn of(&self, id: ParticipantId) -> (Time, Option<Stage>) {
        let waiting = self.quiet.iter().find(|(_, waiting)| *waiting == id);
        (self.at[id.index()], waiting.map(|(stage, _)| *stage))
    }

    /// Notes what [`Self::of`] told.
    pub(crate) fn resume(&mut self, id: ParticipantId, at: Time, waits_for: Option<Stage>) {
        self.at[id.index()] = at;
        self.quiet.extend(waits_for.map(|stage| (stage, id)));
    }

    /// Never wakes a participant again.
    pub(crate) fn silence(&mut self, id: ParticipantId) {
        self.set(id, Wake::OnMail);
    }

    /// Those due at `now`, merged with those `called` by their bodies and those who have mail; all sorted by id.
    pub(crate) fn merge_due(&self, now: Time, called: &[ParticipantId], mail: &[Due], due: &mut Vec<Due>) {
        due.clear();
        let (mut called, mut mail) = (called.iter().peekable(), mail.iter().peekable());
        for (index, at) in self.at.iter().enumerate() {
            let id = ParticipantId(index as u32);
            let is_called = called.next_if(|next| **next == id).is_some();
            let letters = mail.next_if(|next| next.id == id);
            if *at <= now || is_called || letters.is_some() {
                due.push(Due { id, mail: letters.map_or(0..0, |letters| letters.mail.clone()) });
            }
        }
    }

    /// Whether somebody waits for quiet.
    pub(crate) fn is_anyone_waiting_for_quiet(&self) -> bool {
        !self.quiet.is_empty()
    }

    /// Those of the earliest stage that wait for quiet.
    pub(crate) fn quiet(&self, due: &mut Vec<Due>) {
        due.clear();
        let Some((first, _)) = self.quiet.first() else { return };
        let waiting = self.quiet.iter().take_while(|(stage, _)| stage == first);
        due.extend(waiting.map(|(_, id)| Due { id: *id, mail: 0..0 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Message;

    fn mail(to: u32, from: u32) -> Mail {
        Mail { to: ParticipantId(to), from: ParticipantId(from), message: Message::ChargingOver }
    }

    fn ids(due: &[Due]) -> Vec<u32> {
        due.iter().map(|due| due.id.0).collect()
    }

    #[test]
    fn mail_is_delivered_by_recipient_then_sender() {
        let mut letters = vec![mail(2, 0), mail(1, 0), mail(2, 1), mail(1, 3)];
        sort(&mut letters);
        let order: Vec<_> = letters.iter().map(|mail| (mail.to.0, mail.from.0)).collect();
        assert_eq!(order, [(1, 0), (1, 3), (2, 0), (2, 1)]);
        let mut due = Vec::new();
        recipients(&letters, &mut due);
        assert_eq!(due[1], Due { id: ParticipantId(2), mail: 2..4 });
    }

    #[test]
    fn who_is_due_called_or_has_mail_steps_once_in_id_order() {
        let mut wakes = Wakes::new(4);
        for (id, wake) in [(0, Wake::OnMail), (1, Wake::At(Time(5))), (2, Wake::OnMail), (3, Wake::At(Time(6)))] {
            wakes.set(ParticipantId(id), wake);
        }
        let (letters, mut due) = ([Due { id: ParticipantId(1), mail: 0..2 }], Vec::new());
        wakes.merge_due(Time(5), &[ParticipantId(0)], &letters, &mut due);
        assert_eq!(ids(&due), [0, 1]);
        assert_eq!(due[1].mail, 0..2);
    }

    #[test]
    fn plans_are_made_before_books_are_cleared() {
        let (mut wakes, mut due) = (Wakes::new(3), Vec::new());
        wakes.set(ParticipantId(0), Wake::WhenQuiet(Stage::Clear));
        wakes.set(ParticipantId(2), Wake::WhenQuiet(Stage::Plan));
        wakes.quiet(&mut due);
        assert_eq!(ids(&due), [2]);
        wakes.set(ParticipantId(2), Wake::OnMail);
        wakes.quiet(&mut due);
        assert_eq!(ids(&due), [0]);
    }
}
