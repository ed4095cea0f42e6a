//! Promises of the mail: rounds are bounded, and what exceeds the bound waits for the next tick, never lost.

use crate::rig::{Keep, martinique, plan};
use agents::command::CommandBook;
use agents::record::{EventCode, Record};
use agents::{Mail, Message, ParticipantId, Stage, Time, Wake};
use std::convert::Infallible;
use twin::{AnyCore, Effects, Host, Kernel, MAX_ROUNDS, Round, World};

/// A host in which two participants throw a numbered letter to and fro, a third one waits for quiet, and everybody
/// else is silent.
struct PingPong {
    letters: u32,
    /// Time, round and number of every letter that arrived.
    arrived: Vec<(Time, u32, u32)>,
    /// Times and rounds in which the one who waits stepped: the first one, and when all was quiet.
    waited: Vec<(Time, u32)>,
    begun: bool,
}

const PLAYERS: [ParticipantId; 2] = [ParticipantId(0), ParticipantId(1)];
const WAITING: ParticipantId = ParticipantId(2);

impl PingPong {
    fn of(letters: u32) -> Self {
        Self { letters, arrived: Vec::new(), waited: Vec::new(), begun: false }
    }

    fn send(&self, from: ParticipantId, number: u32, effects: &mut Effects) {
        if number < self.letters {
            effects.outbox.begin(from);
            let to = if from == PLAYERS[0] { PLAYERS[1] } else { PLAYERS[0] };
            effects.outbox.send(to, Message::AuthorizeRequest { vehicle: ParticipantId(number) });
        }
    }
}

impl Host for PingPong {
    type Error = Infallible;

    fn round(&mut self, _: &mut World, round: &Round<'_>, effects: &mut Effects) -> Result<(), Infallible> {
        for (id, inbox) in round.due() {
            for Mail { message, .. } in inbox {
                let Message::AuthorizeRequest { vehicle: ParticipantId(number) } = message else { continue };
                self.arrived.push((round.now.time, round.number, *number));
                self.send(id, number + 1, effects);
            }
            if id == PLAYERS[0] && !self.begun {
                self.begun = true;
                self.send(id, 0, effects);
            }
            let mut wake = Wake::OnMail;
            if id == WAITING {
                self.waited.push((round.now.time, round.number));
                wake = if self.waited.len() == 1 { Wake::WhenQuiet(Stage::Plan) } else { Wake::OnMail };
            }
            effects.wakes.push((id, wake));
        }
        Ok(())
    }

    fn command_book<'a>(&'a self, _: &'a World, _: ParticipantId) -> Option<&'a CommandBook> {
        None
    }

    fn core(&self, _: &World, _: ParticipantId) -> AnyCore {
        unreachable!("nobody saves it")
    }
}

/// Plays for two ticks; returns what arrived, and the events of mail carried over: the time, and the words.
fn play(letters: u32) -> (PingPong, Vec<(Time, String)>) {
    let plan = plan(&martinique("30m", "15m", 1));
    let (mut kernel, mut host, mut rows) = (Kernel::new(&plan), PingPong::of(letters), Keep::default());
    while !kernel.is_over() {
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    let carried = rows.0.iter().flat_map(|rows| &rows.records).filter_map(|record| match record {
        Record::Event(event) if event.code == EventCode::MailCarriedOver => Some((event.time, event.detail.clone())),
        _ => None,
    });
    (host, carried.collect())
}

#[test]
fn mail_beyond_the_bound_is_carried_to_the_next_tick_with_an_event_and_none_is_lost() {
    let plan = plan(&martinique("30m", "15m", 1));
    let (host, carried) = play(100);
    let arrived: Vec<_> = host.arrived.iter().map(|(_, _, number)| *number).collect();
    assert_eq!(arrived, (0..100).collect::<Vec<_>>(), "every letter arrives, in the order sent");
    // Letter n is sent in round n, as the first one is; it arrives in the round after, and the bound cuts there.
    let last = (MAX_ROUNDS - 2) as usize;
    assert_eq!(host.arrived[last], (plan.start, MAX_ROUNDS - 1, MAX_ROUNDS - 2));
    assert_eq!(host.arrived[last + 1], (plan.start + plan.tick, 0, MAX_ROUNDS - 1));
    assert_eq!(carried, [(plan.start, format!("1 messages after {MAX_ROUNDS} rounds"))]);
}

#[test]
fn mail_that_just_fits_the_bound_is_no_event() {
    let plan = plan(&martinique("30m", "15m", 1));
    // The last round is that of quiet.
    let (host, carried) = play(MAX_ROUNDS - 2);
    assert_eq!(host.arrived.len() as u32, MAX_ROUNDS - 2);
    assert!(host.arrived.iter().all(|(time, ..)| *time == plan.start), "all within the first tick");
    assert_eq!(host.waited, [(plan.start, 0), (plan.start, MAX_ROUNDS - 1)]);
    assert_eq!(carried, []);
}

#[test]
fn whoever_still_waits_for_quiet_at_the_bound_is_woken_in_the_next_tick() {
    let plan = plan(&martinique("30m", "15m", 1));
    for (letters, round) in [(MAX_ROUNDS - 1, 0), (MAX_ROUNDS, 1), (100, 100 - MAX_ROUNDS + 1)] {
        let (host, carried) = play(letters);
        assert_eq!(host.waited, [(plan.start, 0), (plan.start + plan.tick, round)], "{letters} letters");
        assert_eq!(carried.len(), 1, "{letters} letters");
    }
}

#[test]
fn mail_that_never_ends_does_not_stop_the_clock() {
    let (host, carried) = play(u32::MAX);
    // The rounds of the start, and those of two ticks; the first round only sends.
    assert_eq!(host.arrived.len() as u32, 3 * MAX_ROUNDS - 1);
    assert_eq!(carried.len(), 3);
}
