//! What waits to be sent: transaction events, kept until they are answered, and everything else.
//!
//! Transaction events go in order, one by one, and survive a lost link and a reboot (E04, E13). Everything else gives way
//! when the link is gone or too much waits; that is told.

use super::Station;
use super::body::{Output, Told};
use super::boot::Registration;
use super::variables::Var;
use crate::rpc::{Answered, encode_call};
use crate::v201::{
    AuthorizeResponse, BootNotificationResponse, IdToken, Request, TransactionEventKind, TransactionEventRequest,
    TransactionEventResponse, TriggerReason,
};
use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::VecDeque;

/// Transaction events that can wait; beyond, intermediate ones give way, the oldest first, periodic values before others
/// (E04). Beginnings and ends never do: no transaction begins when only such are left.
const EVENTS: usize = 1000;
/// Other calls that can wait; beyond, the newest gives way.
const OTHERS: usize = 500;

/// What a call that waits for its answer was about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Asked {
    Boot,
    Heartbeat,
    Authorize {
        evse_id: i32,
        token: IdToken,
    },
    /// The first of the transaction events that wait.
    Event,
    /// A connector's state was told.
    Status {
        evse_id: i32,
        connector_id: i32,
    },
    /// Any other, of which nothing depends on the answer.
    Other(String),
}

impl Asked {
    fn action(&self) -> &str {
        match self {
            Self::Boot => "BootNotification",
            Self::Heartbeat => "Heartbeat",
            Self::Authorize { .. } => "Authorize",
            Self::Event => TransactionEventRequest::ACTION,
            Self::Status { .. } => "StatusNotification",
            Self::Other(action) => action,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    asked: Asked,
    payload: String,
    /// The CSMS asked for it: it may go before the station is accepted.
    triggered: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Event {
    evse_id: i32,
    request: TransactionEventRequest,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Outbox {
    events: VecDeque<Event>,
    /// Attempts made with the first event, and when the next may be.
    attempts: i64,
    again_at: Option<Time>,
    others: VecDeque<Waiting>,
    /// Calls that gave way and were not told yet.
    dropped: Vec<(String, Option<(String, i32)>)>,
}

fn json(payload: &impl Serialize) -> String {
    serde_json::to_string(payload).expect("keys are strings, and no number is asked to be anything else")
}

impl Outbox {
    /// Appends a call.
    pub(super) fn push<R: Request>(&mut self, asked: Asked, request: &R, triggered: bool) {
        if self.others.len() >= OTHERS {
            self.dropped.push((asked.action().into(), None));
            return;
        }
        self.others.push_back(Waiting { asked, payload: json(request), triggered });
    }

    /// Appends a call unless one about the same waits already, which then says the newest.
    pub(super) fn push_once<R: Request>(&mut self, asked: Asked, request: &R) {
        match self.others.iter_mut().find(|waiting| waiting.asked == asked) {
            Some(waiting) => waiting.payload = json(request),
            None => self.push(asked, request, false),
        }
    }

    /// Puts a call before all others: somebody stands there and waits.
    pub(super) fn push_front<R: Request>(&mut self, asked: Asked, request: &R) {
        // Who stands there now counts, whoever stood there before.
        let same = |other: &Asked| match (other, &asked) {
            (Asked::Authorize { evse_id: other, .. }, Asked::Authorize { evse_id, .. }) => other == evse_id,
            _ => false,
        };
        self.others.retain(|waiting| !same(&waiting.asked));
        self.others.push_front(Waiting { asked, payload: json(request), triggered: false });
    }

    pub(super) fn push_event(&mut self, evse_id: i32, request: TransactionEventRequest) {
        self.events.push_back(Event { evse_id, request });
        if self.events.len() <= EVENTS {
            return;
        }
        // The first may be on its way.
        let periodic = |event: &Event| {
            event.request.event_type == TransactionEventKind::Updated
                && matches!(
                    event.request.trigger_reason,
                    TriggerReason::MeterValuePeriodic | TriggerReason::MeterValueClock
                )
        };
        let updated = |event: &Event| event.request.event_type == TransactionEventKind::Updated;
        let waiting = || self.events.iter().skip(1);
        let oldest = waiting().position(periodic).or_else(|| waiting().position(updated));
        if let Some(event) = oldest.and_then(|rank| self.events.remove(rank + 1)) {
            let number = (event.request.transaction_info.transaction_id, event.request.seq_no);
            self.dropped.push((TransactionEventRequest::ACTION.into(), Some(number)));
        }
    }

    /// Whether no more transactions can be told of: every place is taken by what may not give way.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() > EVENTS
    }

    /// Whether another call would give way.
    pub(super) fn is_crowded(&self) -> bool {
        self.others.len() >= OTHERS
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(super) fn has_events_of(&self, transaction_id: &str) -> bool {
        self.events.iter().any(|event| event.request.transaction_info.transaction_id == transaction_id)
    }

    /// What somebody waited for at a reader, and what is told anew after a reconnection, is forgotten.
    pub(super) fn forget_unless_kept(&mut self) {
        self.again_at = None;
        let kept = |asked: &Asked| matches!(asked, Asked::Other(action) if ["SecurityEventNotification", "NotifyEvent"].contains(&action.as_str()));
        let gone: Vec<_> =
            self.others.iter().filter(|waiting| !kept(&waiting.asked)).map(|w| w.asked.action().to_owned()).collect();
        self.dropped
            .extend(gone.into_iter().filter(|action| action != "StatusNotification").map(|action| (action, None)));
        self.others.retain(|waiting| kept(&waiting.asked));
    }

    fn next(&mut self, registration: Registration, now: Time) -> Option<(Asked, String)> {
        let may = |waiting: &Waiting| match registration {
            Registration::Accepted => true,
            Registration::Pending => waiting.triggered,
            Registration::None | Registration::Rejected => false,
        };
        let accepted = registration == Registration::Accepted;
        let urgent = self.others.front().is_some_and(|waiting| matches!(waiting.asked, Asked::Authorize { .. }));
        let may_go = accepted && !urgent && self.again_at.is_none_or(|at| at <= now);
        if let Some(event) = self.events.front().filter(|_| may_go) {
            return Some((Asked::Event, json(&event.request)));
        }
        let rank = self.others.iter().position(may)?;
        self.others.remove(rank).map(|waiting| (waiting.asked, waiting.payload))
    }
}

impl Station {
    /// Sends what may be sent.
    pub(super) fn outbox_due(&mut self) {
        if let Some(asked) = self.calls.overdue(self.now) {
            let why = "no answer in time".to_owned();
            self.call_failed(asked, why);
        }
        let may_send = self.link.is_connected() && self.calls.is_free();
        if may_send && let Some((asked, payload)) = self.outbox.next(self.link.registration, self.now) {
            let payload = RawValue::from_string(payload).expect("it was written as JSON");
            self.send(asked, &payload);
        }
        for (action, event) in std::mem::take(&mut self.outbox.dropped) {
            self.tell(Told::Dropped { action, event });
        }
    }

    pub(super) fn outbox_wake(&self) -> Option<Time> {
        let again =
            self.outbox.again_at.filter(|_| self.is_online() && self.calls.is_free() && self.outbox.has_events());
        [again, self.calls.waiting().map(|waiting| waiting.deadline)].into_iter().flatten().min()
    }

    /// Sends a call at once; only when none waits for its answer.
    pub(super) fn call_now<R: Request>(&mut self, asked: Asked, request: &R) {
        self.send(asked, request);
    }

    fn send(&mut self, asked: Asked, payload: &impl Serialize) {
        let action = asked.action().to_owned();
        let timeout = self.span(Var::MessageTimeout);
        let id = self.calls.begin(asked, self.now, timeout);
        self.outputs.push_back(Output::Frame(encode_call(&id, &action, payload)));
    }

    /// Appends a call nothing else depends on.
    pub(super) fn notify<R: Request>(&mut self, request: &R, triggered: bool) {
        self.outbox.push(Asked::Other(R::ACTION.into()), request, triggered);
    }

    /// An answer came, or a refusal.
    pub(super) fn answered(&mut self, id: &str, answer: Result<&str, String>) {
        let Answered::Ours(asked) = self.calls.answered(id) else {
            return self.tell(Told::StrayAnswer(id.into()));
        };
        let payload = match answer {
            Ok(payload) => payload,
            Err(why) => return self.call_failed(asked, why),
        };
        let read = match &asked {
            Asked::Boot => serde_json::from_str::<BootNotificationResponse>(payload).map(|a| self.boot_answered(&a)),
            Asked::Authorize { evse_id, token } => serde_json::from_str::<AuthorizeResponse>(payload)
                .map(|a| self.authorize_answered(*evse_id, token, &a.id_token_info)),
            Asked::Event => serde_json::from_str::<TransactionEventResponse>(payload).map(|a| self.event_answered(&a)),
            Asked::Heartbeat | Asked::Status { .. } | Asked::Other(_) => Ok(()),
        };
        if let Err(error) = read {
            self.call_failed(asked, error.to_string());
        }
    }

    fn event_answered(&mut self, answer: &TransactionEventResponse) {
        (self.outbox.attempts, self.outbox.again_at) = (0, None);
        if let Some(event) = self.outbox.events.pop_front() {
            self.transaction_answered(event.evse_id, &event.request, answer);
        }
    }

    /// A call was refused, not answered in time, or answered with nonsense.
    fn call_failed(&mut self, asked: Asked, why: String) {
        self.tell(Told::CallFailed { action: asked.action().into(), why });
        match asked {
            Asked::Boot => self.boot_failed(),
            Asked::Authorize { evse_id, token } => self.authorize_failed(evse_id, &token),
            Asked::Event => self.event_failed(),
            Asked::Heartbeat | Asked::Status { .. } | Asked::Other(_) => {}
        }
    }

    /// Attempt n + 1 comes n times `MessageAttemptInterval` later, until `MessageAttempts` are made (E13).
    fn event_failed(&mut self) {
        self.outbox.attempts += 1;
        if self.outbox.attempts < self.model.integer(Var::MessageAttempts) {
            let wait = Span(self.span(Var::MessageAttemptInterval).0 * self.outbox.attempts);
            self.outbox.again_at = Some(self.now + wait);
            return;
        }
        (self.outbox.attempts, self.outbox.again_at) = (0, None);
        if let Some(event) = self.outbox.events.pop_front() {
            let number = (event.request.transaction_info.transaction_id, event.request.seq_no);
            self.tell(Told::Dropped { action: TransactionEventRequest::ACTION.into(), event: Some(number) });
        }
    }

    /// The link was lost while a call waited for its answer; a transaction event is sent again on the next.
    pub(super) fn call_lost(&mut self, asked: Asked) {
        match asked {
            Asked::Boot => self.boot_failed(),
            Asked::Authorize { evse_id, token } => self.authorize_failed(evse_id, &token),
            Asked::Status { evse_id, connector_id } => self.forget_told_status(evse_id, connector_id),
            Asked::Event | Asked::Heartbeat => {}
            Asked::Other(action) => self.tell(Told::Dropped { action, event: None }),
        }
    }
}
