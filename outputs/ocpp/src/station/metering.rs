//! Meter values: sampled in transactions (J02), aligned to the clock (J01), and when they are due.

use super::Station;
use super::evse::Evse;
use super::transaction::Cause;
use super::variables::Var;
use crate::v201::*;
use agents::time::{Span, Time};

impl Station {
    /// When something is due at an EVSE.
    pub(super) fn evse_wakes(&self, evse: &Evse) -> impl Iterator<Item = Time> + use<> {
        let transaction = evse.transaction.as_ref();
        let limits = self.limit_wake(evse);
        [
            evse.authorised.as_ref().and_then(|authorised| authorised.connect_by),
            evse.reservation.as_ref().map(|reservation| reservation.expiry.0),
            transaction.and_then(|transaction| transaction.sample_at),
            transaction.and_then(|transaction| transaction.series_at),
            limits,
        ]
        .into_iter()
        .flatten()
    }

    /// Does what is due at an EVSE.
    pub(super) fn evse_due(&mut self, rank: usize) {
        let (now, evse) = (self.now, &mut self.evses[rank]);
        let is_due = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if is_due(evse.authorised.as_ref().and_then(|authorised| authorised.connect_by)) {
            self.stop(rank, Cause::new(TriggerReason::EvConnectTimeout, StoppedReason::Timeout));
        }
        self.reservation_due(rank);
        self.limits_due(rank);
        let transaction = self.evses[rank].transaction.as_ref();
        if is_due(transaction.and_then(|transaction| transaction.sample_at)) {
            self.sample_update(rank);
        }
        let transaction = self.evses[rank].transaction.as_ref();
        if is_due(transaction.and_then(|transaction| transaction.series_at)) {
            let values = self.sample(rank, Var::SampledTxEndedMeasurands, ReadingContext::SamplePeriodic);
            let every = self.span(Var::SampledTxEndedInterval);
            self.keep_for_end(rank, values, every);
        }
    }

    /// Plans the values of a transaction that begins; intervals of 0 s mean none.
    pub(super) fn plan_samples(&mut self, rank: usize) {
        let sampled = self.model.is(Var::SampledEnabled);
        let [updated, ended] = [Var::SampledTxUpdatedInterval, Var::SampledTxEndedInterval].map(|var| {
            let every = self.span(var);
            (sampled && every > Span::ZERO).then(|| self.now + every)
        });
        if let Some(transaction) = &mut self.evses[rank].transaction {
            (transaction.sample_at, transaction.series_at) = (updated, ended);
        }
    }

    /// The interval of updates was written.
    pub(super) fn replan_samples(&mut self) {
        let every = self.span(Var::SampledTxUpdatedInterval);
        let next = (every > Span::ZERO).then(|| self.now + every);
        for transaction in self.evses.iter_mut().filter_map(|evse| evse.transaction.as_mut()) {
            transaction.sample_at = next;
        }
    }

    fn sample_update(&mut self, rank: usize) {
        let every = self.span(Var::SampledTxUpdatedInterval);
        let now = self.now;
        if let Some(transaction) = &mut self.evses[rank].transaction {
            // After a long sleep one value is due, not all that were slept through.
            let due = transaction.sample_at.unwrap_or(now);
            let missed = (now - due).0 / every.0.max(1);
            transaction.sample_at = (every > Span::ZERO).then(|| due + every * (missed + 1));
        }
        if let Some(values) = self.sample(rank, Var::SampledTxUpdatedMeasurands, ReadingContext::SamplePeriodic) {
            let cause = Cause::new(TriggerReason::MeterValuePeriodic, StoppedReason::Other);
            self.event(rank, TransactionEventKind::Updated, &cause, vec![values]);
        }
    }

    /// Plans the next values at a whole multiple of the interval, counted from midnight UTC (J01).
    pub(super) fn plan_aligned(&mut self) {
        let every = self.span(Var::AlignedInterval);
        let enabled = self.model.is(Var::AlignedEnabled) && every > Span::ZERO;
        let midnight = self.now.floor(Span::DAY);
        self.next_aligned = enabled.then(|| {
            let passed = (self.now - midnight).0 / every.0;
            (midnight + every * (passed + 1)).min(midnight + Span::DAY)
        });
    }

    /// Values of all EVSEs at the same instant: in a transaction as one of its events, else as MeterValues (J01).
    pub(super) fn aligned_due(&mut self) {
        if self.next_aligned.is_none_or(|at| at > self.now) {
            return;
        }
        self.plan_aligned();
        for rank in 0..self.evses.len() {
            let Some(values) = self.sample(rank, Var::AlignedMeasurands, ReadingContext::SampleClock) else { continue };
            if self.evses[rank].transaction.is_some() {
                let cause = Cause::new(TriggerReason::MeterValueClock, StoppedReason::Other);
                self.event(rank, TransactionEventKind::Updated, &cause, vec![values]);
            } else if self.is_online() {
                self.meter_values(rank, values, false);
            }
        }
    }

    pub(super) fn meter_values(&mut self, rank: usize, values: MeterValue, triggered: bool) {
        let evse_id = self.evses[rank].id;
        self.notify(&MeterValuesRequest { evse_id, meter_value: vec![values] }, triggered);
    }
}
