//! Transactions (block E): when they start and stop, what their events say.
//!
//! Whatever happens at an EVSE ends in [`Station::settle`], which compares what is true with what was and says so in one
//! event. A transaction starts with the first of `TxStartPoint` that becomes true, or with the power path while one of
//! them holds: energy never flows outside of a transaction that is due. It stops when one of `TxStopPoint` that was true
//! in it no longer is, and at the latest when nothing is true any more, so that every transaction ends.

use super::Station;
use super::body::{Act, Told};
use super::evse::Points;
use super::variables::Var;
use crate::charging::Session;
use crate::v201::*;
use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Values for the last event that can wait; beyond, every other one gives way, and the interval doubles.
const SERIES: usize = 200;

/// A transaction that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Transaction {
    pub(super) id: String,
    /// Of the next event.
    pub(super) seq_no: i32,
    /// What has been true in it.
    reached: Points,
    /// The state last told.
    state: Option<ChargingState>,
    /// Whether the token, and the EVSE with its connector, were told.
    token_told: bool,
    evse_told: bool,
    remote_start_id: Option<i32>,
    /// Since when the power path has been closed for the first time.
    pub(super) charging_since: Option<Time>,
    /// How long energy has flowed, and since when it does.
    charged: Span,
    flowing_since: Option<Time>,
    /// When the next values are due, for updates and for the last event.
    pub(super) sample_at: Option<Time>,
    pub(super) series_at: Option<Time>,
    series_every: Span,
    pub(super) series: Vec<MeterValue>,
}

/// Why an EVSE is looked at.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    pub(super) trigger: TriggerReason,
    /// Why the transaction ends, should it.
    pub(super) stopped: StoppedReason,
    /// Whether there is an event even if no state changes.
    pub(super) tell: bool,
    /// The token that did it, where it is another than the one that started.
    pub(super) token: Option<IdToken>,
}

impl Cause {
    pub(super) fn new(trigger: TriggerReason, stopped: StoppedReason) -> Self {
        Self { trigger, stopped, tell: true, token: None }
    }

    /// A cause that is told only with a new charging state.
    pub(super) fn of_state(stopped: StoppedReason) -> Self {
        Self { tell: false, ..Self::new(TriggerReason::ChargingStateChanged, stopped) }
    }
}

impl Station {
    /// Compares what is true at an EVSE with what was: starts, tells of or ends its transaction.
    pub(super) fn settle(&mut self, rank: usize, cause: Cause) {
        let points = self.evses[rank].now();
        let before = std::mem::replace(&mut self.evses[rank].points, points);
        let begun = points.without(before);
        match self.evses[rank].transaction.as_mut() {
            None => {
                let start = Points::of(self.model.members(Var::TxStartPoint));
                let newly = begun.and(start.or(Points::POWER_PATH)).any();
                if newly && points.and(start).any() && !self.resetting.is_under_way() {
                    self.start(rank, &cause);
                }
            }
            Some(transaction) => {
                transaction.reached = transaction.reached.or(points);
                let lost = transaction.reached.without(points);
                let stop = Points::of(self.model.members(Var::TxStopPoint));
                if lost.and(stop).any() || !points.any() {
                    self.end(rank, &cause);
                } else {
                    self.drive(rank);
                    self.update(rank, &cause);
                }
            }
        }
        self.drive(rank);
    }

    /// Makes the body do what the EVSE's state asks for: power path, lock, limit.
    fn drive(&mut self, rank: usize) {
        let evse = &mut self.evses[rank];
        let (evse_id, closed, now) = (evse.id, evse.has_power_path(), self.now);
        let mut acts = Vec::new();
        if let Some(transaction) = evse.transaction.as_mut().filter(|_| closed) {
            transaction.charging_since.get_or_insert(now);
        }
        if closed != evse.closed {
            evse.closed = closed;
            acts.push(Act::Contactor { evse_id, closed });
        }
        let wanted = evse.plugged.filter(|_| evse.authorised.is_some());
        if wanted != evse.locked {
            let unlock = evse.locked.map(|connector_id| Act::Lock { evse_id, connector_id, locked: false });
            let lock = wanted.map(|connector_id| Act::Lock { evse_id, connector_id, locked: true });
            acts.extend(unlock.into_iter().chain(lock));
            evse.locked = wanted;
        }
        self.outputs.extend(acts.into_iter().map(super::Output::Act));
        self.apply_limits();
    }

    fn start(&mut self, rank: usize, cause: &Cause) {
        if self.outbox.is_full() {
            return self.tell(Told::Refused("a transaction while no more events can be kept"));
        }
        let id = self.calls.unique();
        let evse = &mut self.evses[rank];
        let evse_id = evse.id;
        let authorised = evse.authorised.as_mut();
        let remote_start_id = authorised.as_ref().and_then(|authorised| authorised.remote_start_id);
        let profile = authorised.and_then(|authorised| authorised.profile.take());
        evse.transaction = Some(Transaction {
            id: id.clone(),
            seq_no: 0,
            reached: evse.points,
            state: None,
            token_told: false,
            evse_told: false,
            remote_start_id,
            charging_since: evse.has_power_path().then_some(self.now),
            charged: Span::ZERO,
            flowing_since: None,
            sample_at: None,
            series_at: None,
            series_every: Span::ZERO,
            series: Vec::new(),
        });
        if let Some(mut profile) = profile {
            profile.transaction_id = Text::new(&*id);
            let (rules, session) = (self.rules(), Session { transaction_id: Some(&id), charging_since: None });
            // It was looked at when it came; should its place be taken since, the transaction goes on without.
            let _ = self.profiles.install(evse_id, profile, &rules, session);
        }
        self.drive(rank);
        self.tell(Told::Started { evse_id, transaction_id: id });
        let values = self.sample(rank, Var::SampledTxStartedMeasurands, ReadingContext::TransactionBegin);
        self.event(rank, TransactionEventKind::Started, cause, values.into_iter().collect());
        self.plan_samples(rank);
    }

    /// An event of a transaction that goes on, where there is something to tell.
    pub(super) fn update(&mut self, rank: usize, cause: &Cause) {
        let state = self.charging_state(rank);
        let changed = self.evses[rank].transaction.as_ref().is_some_and(|transaction| transaction.state != Some(state));
        if cause.tell || changed {
            self.event(rank, TransactionEventKind::Updated, cause, Vec::new());
        }
    }

    /// Ends the transaction of an EVSE, whatever its stop points.
    pub(super) fn end(&mut self, rank: usize, cause: &Cause) {
        if self.evses[rank].transaction.is_none() {
            return;
        }
        let mut values = self.take_series(rank);
        values.extend(self.sample(rank, Var::SampledTxEndedMeasurands, ReadingContext::TransactionEnd));
        self.event(rank, TransactionEventKind::Ended, cause, values);
        let evse = &mut self.evses[rank];
        let (evse_id, transaction_id) = (evse.id, evse.transaction.take().map(|one| one.id).unwrap_or_default());
        evse.authorised = None;
        evse.points = evse.now();
        self.profiles.end_transaction(&transaction_id);
        self.forget_messages_of(&transaction_id);
        self.tell(Told::Ended { evse_id, transaction_id });
        self.drive(rank);
        self.transaction_over(rank);
    }

    fn charging_state(&self, rank: usize) -> ChargingState {
        self.evses[rank].charging_state(self.settings.evses[rank].least_current_a)
    }

    /// Appends an event of the transaction of an EVSE.
    pub(super) fn event(
        &mut self,
        rank: usize,
        event_type: TransactionEventKind,
        cause: &Cause,
        mut meter_value: Vec<MeterValue>,
    ) {
        let (state, online, now) = (self.charging_state(rank), self.is_online(), self.now);
        let ended = event_type == TransactionEventKind::Ended;
        // An event that begins or ends is complete with its values; others have those that are due.
        meter_value.retain(|value| !value.sampled_value.is_empty());
        let evse = &mut self.evses[rank];
        let Some(transaction) = evse.transaction.as_mut() else { return };
        transaction.count_charging(if ended { ChargingState::Idle } else { state }, now);
        let told = transaction.state.replace(state) == Some(state) && cause.trigger != TriggerReason::Trigger;
        let token = match (&cause.token, &evse.authorised) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(authorised)) if !transaction.token_told => Some(authorised.token.clone()),
            _ => None,
        };
        transaction.token_told |= token.is_some();
        let evse_now = (!transaction.evse_told).then(|| crate::v201::Evse::new(evse.id, evse.plugged));
        transaction.evse_told |= evse.plugged.is_some();
        let reservation_id = evse.authorised.as_mut().and_then(|authorised| authorised.reservation_id.take());
        let charged_s = transaction.charged.0 / 1000;
        let request = TransactionEventRequest {
            event_type,
            timestamp: DateTime(now),
            trigger_reason: cause.trigger,
            seq_no: transaction.seq_no,
            transaction_info: TransactionInfo {
                transaction_id: transaction.id.clone(),
                charging_state: (!told).then_some(state),
                time_spent_charging: (ended || cause.trigger == TriggerReason::Trigger)
                    .then(|| i32::try_from(charged_s).unwrap_or(i32::MAX)),
                stopped_reason: ended.then_some(cause.stopped),
                remote_start_id: transaction.remote_start_id.take(),
            },
            meter_value: (!meter_value.is_empty()).then_some(meter_value),
            offline: (!online).then_some(true),
            number_of_phases_used: None,
            cable_max_current: None,
            reservation_id,
            evse: evse_now,
            id_token: token,
        };
        transaction.seq_no += 1;
        let evse_id = evse.id;
        self.outbox.push_event(evse_id, request);
    }

    /// Takes note of values for the last event; halves them when they are too many.
    pub(super) fn keep_for_end(&mut self, rank: usize, values: Option<MeterValue>, every: Span) {
        let Some(transaction) = self.evses[rank].transaction.as_mut() else { return };
        transaction.series_every = transaction.series_every.max(every);
        transaction.series.extend(values);
        if transaction.series.len() >= SERIES {
            let mut keep = false;
            transaction.series.retain(|_| {
                keep = !keep;
                keep
            });
            transaction.series_every = transaction.series_every * 2;
        }
        transaction.series_at = Some(self.now + transaction.series_every);
    }

    fn take_series(&mut self, rank: usize) -> Vec<MeterValue> {
        self.evses[rank]
            .transaction
            .as_mut()
            .map(|transaction| std::mem::take(&mut transaction.series))
            .unwrap_or_default()
    }

    /// What the CSMS answered to an event: its word on the token (E05, C15), the cost (I02, I03).
    pub(super) fn transaction_answered(
        &mut self,
        evse_id: i32,
        event: &TransactionEventRequest,
        answer: &TransactionEventResponse,
    ) {
        if let Some(total_cost) = answer.total_cost {
            self.act(Act::ShowCost { evse_id, total_cost });
        }
        let (Some(info), Some(token)) = (&answer.id_token_info, &event.id_token) else { return };
        self.remember(token, info);
        if info.status == AuthorizationStatus::Accepted || event.event_type == TransactionEventKind::Ended {
            return;
        }
        self.tell(Told::NotAuthorised { evse_id, status: info.status.as_str() });
        let Some(rank) = self.rank(evse_id) else { return };
        let evse = &mut self.evses[rank];
        let same = evse.transaction.as_ref().is_some_and(|one| one.id == event.transaction_info.transaction_id);
        let mine = evse.authorised.as_ref().is_some_and(|authorised| authorised.token.is(token));
        if same && mine && self.model.is(Var::StopTxOnInvalidId) {
            evse.authorised = None;
            self.settle(rank, Cause::new(TriggerReason::Deauthorized, StoppedReason::DeAuthorized));
        }
    }

    /// GetTransactionStatus (E14).
    pub(super) fn get_transaction_status(
        &mut self,
        request: GetTransactionStatusRequest,
    ) -> super::serve::Served<GetTransactionStatusResponse> {
        let id = request.transaction_id.as_deref();
        let ongoing = id.map(|id| self.rank_of_transaction(id).is_some());
        let messages_in_queue = id.map_or(self.outbox.has_events(), |id| self.outbox.has_events_of(id));
        super::serve::reply(GetTransactionStatusResponse { messages_in_queue, ongoing_indicator: ongoing })
    }

    /// The EVSE of a transaction.
    pub(super) fn rank_of_transaction(&self, id: &str) -> Option<usize> {
        self.evses.iter().position(|evse| evse.transaction.as_ref().is_some_and(|one| one.id == id))
    }
}

impl Transaction {
    /// Adds up for how long energy has flowed, to instant `now`, and notes whether it does from now on.
    fn count_charging(&mut self, state: ChargingState, now: Time) {
        if let Some(since) = self.flowing_since.take() {
            self.charged = self.charged + (now - since);
        }
        self.flowing_since = (state == ChargingState::Charging).then_some(now);
    }
}

impl Transaction {
    /// It was under way when it was started remotely: its next event says by which request (F02).
    pub(super) fn started_remotely(&mut self, remote_start_id: i32) {
        self.remote_start_id = Some(remote_start_id);
    }
}
