//! What is done from outside at the instant of a tick, and what becomes of it: most at once, of some a mail round of the
//! same tick says that it comes to nothing.

use super::Kernel;
use agents::act::{Act, ActId, HeldSignal};
use agents::face::Origin;
use agents::record::{EventCode, Record};
use agents::{Kind, Mail, Message, ParticipantId};

/// What was done from outside and takes effect at the end of the interval.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    Act { to: ParticipantId, act: Act, origin: Option<Origin> },
    Signal { held: HeldSignal },
}

/// Something that was done from outside in the last tick, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActOutcome {
    /// To whom it was done.
    pub target: ParticipantId,
    /// What.
    pub act: Act,
    /// Who did it through which face.
    pub origin: Option<Origin>,
    /// Why it came to nothing, if it did.
    pub failure: Option<String>,
}

impl Kernel {
    /// Does what was done from outside, at the instant of the tick and before its mail rounds; then the first `known` of
    /// the letters are old, and the others reach their devices, if anything does.
    pub(super) fn do_deeds(&mut self, known: usize) {
        for deed in std::mem::take(&mut self.deeds) {
            match deed {
                Deed::Act { to, act, origin } => {
                    let done = if self.is_out[to.index()] {
                        Err("it failed and was put out; its body follows the safe intent".into())
                    } else {
                        self.world.act(self.now, (to, &self.ids[to.index()]), &act)
                    };
                    let id = ActId { tick: self.now, number: self.act_outcomes.len() as u32 };
                    match (&done, &act) {
                        (Ok(()), Act::PresentToken { token }) => {
                            let holder = self.find(token).ok().filter(|id| self.world.kind(*id) == Kind::Ev);
                            let message = Message::TokenPresented { token: token.clone(), holder };
                            self.mail.push(Mail { to, from: ParticipantId::OUTSIDE, message });
                        }
                        (Ok(()), Act::PlaceOrder(order)) => {
                            let message = Message::PlaceOrder { act: id, order: order.clone() };
                            self.mail.push(Mail { to, from: ParticipantId::OUTSIDE, message });
                        }
                        (Ok(()), Act::CancelOrders(contract)) => {
                            let message = Message::WithdrawOrders { act: id, contract: contract.clone() };
                            self.mail.push(Mail { to, from: ParticipantId::OUTSIDE, message });
                        }
                        (Ok(()), _) => {}
                        (Err(reason), act) => self.note(to, EventCode::ActFailed, format!("{act}: {reason}")),
                    }
                    self.act_outcomes.push(ActOutcome { target: to, act, origin, failure: done.err() });
                }
                Deed::Signal { held } if self.world.is_weather(held.signal) => self.world.hold_weather(&held),
                Deed::Signal { held } => {
                    let dsos: Vec<_> = self.world.all_of(Kind::Dso).collect();
                    for to in dsos {
                        let message = Message::HoldSignal(held);
                        self.mail.push(Mail { to, from: ParticipantId::OUTSIDE, message });
                    }
                }
            }
        }
        self.records.extend(self.world.take_fault_events().into_iter().map(Record::Event));
        if self.world.faults.is_at_work() {
            let mut inputs = self.mail.split_off(known);
            self.post(&mut inputs);
        }
    }

    /// What became of the acts that the last tick took, in the order taken.
    pub fn act_outcomes(&self) -> &[ActOutcome] {
        &self.act_outcomes
    }

    /// An act of this tick comes to nothing after all.
    pub(super) fn fail_act(&mut self, act: ActId, reason: String) {
        // Mail that was carried over may be about an act of a tick that has been answered: what it says is an event.
        let is_of_now = act.tick == self.now;
        let Some(outcome) = self.act_outcomes.get_mut(act.number as usize).filter(|_| is_of_now) else { return };
        let (target, detail) = (outcome.target, format!("{}: {reason}", outcome.act));
        outcome.failure = Some(reason);
        self.note(target, EventCode::ActFailed, detail);
    }

    /// What was asked of somebody through another participant comes to nothing where that one is out.
    pub(super) fn fail_undeliverable(&mut self, mail: &Mail) {
        if let Message::Order { act: Some(act), .. } | Message::CancelOrders { act: Some(act), .. } = mail.message {
            self.fail_act(act, "the market operator failed and was put out: nothing is traded any more".into());
        }
    }
}
