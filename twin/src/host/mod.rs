//! Hosts: who keeps the cores and steps them when the kernel says so.

pub(crate) mod live;
pub(crate) mod sweep;

use crate::cores::AnyCore;
use crate::mailroom::Due;
use crate::world::World;
use agents::command::CommandBook;
use agents::{Mail, Now, Outbox, ParticipantId, Wake};
use std::error::Error;

/// One mail round: who steps, with what mail.
#[derive(Clone, Copy, Debug)]
pub struct Round<'a> {
    /// The instant of the tick.
    pub now: Now,
    /// Number of the round within the tick, from 0.
    pub number: u32,
    pub(crate) due: &'a [Due],
    pub(crate) mail: &'a [Mail],
}

impl<'a> Round<'a> {
    /// Who steps in this round, in id order, each with its inbox.
    pub fn due(&self) -> impl Iterator<Item = (ParticipantId, &'a [Mail])> {
        let mail = self.mail;
        self.due.iter().map(move |due| (due.id, &mail[due.mail.clone()]))
    }
}

/// What a round brought about, in id order.
#[derive(Debug, Default)]
pub struct Effects {
    /// Mail and rows of all who stepped.
    pub outbox: Outbox,
    /// When each wants to be stepped next.
    pub wakes: Vec<(ParticipantId, Wake)>,
    /// Those that failed twice at this step and are out from now on.
    pub failed: Vec<ParticipantId>,
}

/// Keeps the cores of a plan and steps them.
///
/// The kernel calls [`Host::round`] once per mail round. The host steps each core that is due exactly once with what
/// the world shows it and its inbox, applies the intents, and collects effects in id order: how, and on how many
/// threads, is its own affair.
pub trait Host {
    /// Why a host can not go on.
    type Error: Error + Send + Sync + 'static;

    /// Steps everyone who is due.
    ///
    /// # Errors
    /// When the host itself is broken; a participant that fails is reported in [`Effects::failed`].
    fn round(&mut self, world: &mut World, round: &Round<'_>, effects: &mut Effects) -> Result<(), Self::Error>;

    /// The commands that a participant has taken by now, if it is a device that takes any.
    fn command_book<'a>(&'a self, world: &'a World, id: ParticipantId) -> Option<&'a CommandBook>;

    /// A copy of a participant's core as it is after the last round.
    fn core(&self, world: &World, id: ParticipantId) -> AnyCore;
}
