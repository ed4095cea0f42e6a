//! A charging station's session of OCPP 2.0.1, without IO.
//!
//! # Contract
//! 1. **Mutate**: [`Station::handle`] one [`Input`] at the present instant: a frame, the link, what the body did, or
//!    nothing but the time ([`Input::Wake`]).
//! 2. **Drain**: [`Station::poll`] until there is nothing: frames to send, in order, what the body shall do, and what
//!    became of things nobody else hears of.
//! 3. **Wait** until [`Station::next_wake`] or the next input, whichever is first.
//!
//! Instants never go back. No clock is read and no generator asked: time comes with each input, and all that is random
//! follows from the seed. A station can be written down between two inputs, and goes on from there.

mod authorisation;
mod availability;
mod body;
mod boot;
mod customer;
mod device_model;
mod display;
mod evse;
mod happenings;
mod local;
mod metering;
mod monitoring;
mod network;
mod outbox;
mod profiles;
mod remote;
mod report;
mod reservation;
mod reset;
mod samples;
mod serve;
mod settings;
mod transaction;
mod transfer;
mod trigger;
mod variables;

pub use body::{Act, Input, Output, Reading, Told};
pub use boot::Registration;
pub use settings::{EvseSettings, Settings};

use crate::OcppError;
use crate::charging::{Profiles, Rules};
use crate::rpc::{Calls, Frame};
use crate::v201::{BootReason, NetworkConnectionProfile};
use agents::time::{Span, Time};
use authorisation::Authorisation;
use boot::Link;
use device_model::DeviceModel;
use display::Displays;
use evse::Evse;
use monitoring::Monitoring;
use outbox::{Asked, Outbox};
use reset::Resetting;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use transfer::Transfers;
use variables::Var;

/// A charging station.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Station {
    settings: Settings,
    calls: Calls<Asked>,
    link: Link,
    model: DeviceModel,
    outbox: Outbox,
    evses: Vec<Evse>,
    authorisation: Authorisation,
    profiles: Profiles,
    displays: Displays,
    monitoring: Monitoring,
    transfers: Transfers,
    network: BTreeMap<i32, NetworkConnectionProfile>,
    resetting: Resetting,
    /// Operative as a whole (G03).
    operative: bool,
    /// When clock-aligned values are due next (J01).
    next_aligned: Option<Time>,
    /// The latest instant handed in.
    now: Time,
    /// What waits to be drained; empty between two steps of the contract.
    #[serde(skip)]
    outputs: VecDeque<Output>,
}

impl Station {
    /// A station that is powered up for the first time; `seed` is another one for each station.
    ///
    /// # Errors
    /// What of the settings no station can have.
    pub fn new(settings: Settings, seed: u64, now: Time) -> Result<Self, OcppError> {
        settings.check()?;
        let evses = (1..).zip(&settings.evses).map(|(id, evse)| Evse::new(id, evse)).collect();
        let model = DeviceModel::new(&settings.variables)?;
        let mut station = Self {
            calls: Calls::new(seed),
            link: Link::new(BootReason::PowerUp),
            model,
            outbox: Outbox::default(),
            evses,
            authorisation: Authorisation::default(),
            profiles: Profiles::default(),
            displays: Displays::default(),
            monitoring: Monitoring::default(),
            transfers: Transfers::default(),
            network: BTreeMap::new(),
            resetting: Resetting::default(),
            operative: true,
            next_aligned: None,
            now,
            outputs: VecDeque::new(),
            settings,
        };
        station.plan_aligned();
        Ok(station)
    }

    /// Takes an input at instant `now`, and does what is due.
    pub fn handle(&mut self, input: Input, now: Time) {
        self.now = self.now.max(now);
        match input {
            Input::Wake => {}
            Input::Connected => self.connected(),
            Input::Disconnected => self.disconnected(),
            Input::Frame(text) => self.received(&text),
            input => self.body(input),
        }
        self.work();
    }

    /// What is to be done next, if anything.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Wake`] is due if nothing else comes before.
    pub fn next_wake(&self) -> Option<Time> {
        let stations =
            [self.link_wake(), self.reset_wake(), self.outbox_wake(), self.next_aligned, self.monitors_wake()];
        let evses = self.evses.iter().flat_map(|evse| self.evse_wakes(evse));
        stations.into_iter().flatten().chain(evses).min()
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Does what is due, then sends what may be sent.
    fn work(&mut self) {
        self.link_due();
        for rank in 0..self.evses.len() {
            self.evse_due(rank);
        }
        self.aligned_due();
        self.reset_due();
        self.tell_statuses();
        self.monitors_due();
        self.outbox_due();
    }

    fn received(&mut self, text: &str) {
        match Frame::decode(text, self.settings.limits) {
            Ok(Frame::Call { id, action, payload }) => self.serve(&id, &action, payload.get()),
            Ok(Frame::Result { id, payload }) => self.answered(&id, Ok(payload.get())),
            Ok(Frame::Error { id, code, description }) => {
                self.answered(&id, Err(format!("{code}: {description}")));
            }
            Err((Some(id), refusal)) => self.refuse(&id, &refusal),
            Err((None, refusal)) => self.tell(Told::Unreadable(refusal.description.into_owned())),
        }
    }

    /// Whether messages may go out and be expected to be answered.
    fn is_online(&self) -> bool {
        self.link.is_online()
    }

    fn act(&mut self, act: Act) {
        self.outputs.push_back(Output::Act(act));
    }

    fn tell(&mut self, told: Told) {
        self.outputs.push_back(Output::Told(told));
    }

    fn rules(&self) -> Rules {
        Rules {
            stack_level: self.model.integer(Var::ProfileStackLevel) as i32,
            periods: self.model.integer(Var::PeriodsPerSchedule) as usize,
            entries: self.model.integer(Var::ProfileEntries) as usize,
            evses: self.evses.len() as i32,
        }
    }

    /// The rank of an EVSE by its id.
    fn rank(&self, evse_id: i32) -> Option<usize> {
        let rank = usize::try_from(evse_id).ok()?.checked_sub(1)?;
        (rank < self.evses.len()).then_some(rank)
    }

    fn span(&self, variable: Var) -> Span {
        Span::from_s(self.model.integer(variable))
    }
}

#[cfg(test)]
mod tests;
