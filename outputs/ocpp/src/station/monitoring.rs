//! Monitoring of variables and the events it raises (N02 to N08).
//!
//! What can be monitored is what changes by itself: the power and the state of each EVSE. There are no hard-wired and no
//! preconfigured monitors; all are the CSMS's.

use super::Station;
use super::device_model::Place;
use super::serve::{Served, reply, reply_then};
use super::variables::Var;
use crate::v201::*;
use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Monitors a station keeps.
const MONITORS: usize = 100;

/// What a monitor looks at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Watched {
    /// Power of the EVSE of this rank, in W.
    Power(usize),
    /// State of the EVSE of this rank.
    State(usize),
}

/// A monitor of the CSMS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Monitor {
    id: i32,
    watched: Watched,
    kind: MonitorType,
    value: f64,
    severity: i32,
    transaction: bool,
    /// What was last told, and whether a threshold is passed.
    last: String,
    passed: bool,
    /// When it is due, where it is periodic.
    next: Option<Time>,
}

/// All monitors, and which events are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Monitoring {
    monitors: Vec<Monitor>,
    /// The least severe that is told: 0 is the worst, 9 the mildest (N05).
    level: i32,
    next_id: i32,
    next_event: i32,
}

impl Default for Monitoring {
    fn default() -> Self {
        Self { monitors: Vec::new(), level: 9, next_id: 1, next_event: 1 }
    }
}

/// Whether a variable can be monitored.
pub(super) fn can_be_monitored(place: Place) -> bool {
    watched(place).is_some()
}

fn watched(place: Place) -> Option<Watched> {
    match place {
        Place::Evse(rank, spec) if spec.variable == "Power" => Some(Watched::Power(rank)),
        Place::Evse(rank, spec) if spec.variable == "AvailabilityState" => Some(Watched::State(rank)),
        _ => None,
    }
}

fn is_periodic(kind: MonitorType) -> bool {
    matches!(kind, MonitorType::Periodic | MonitorType::PeriodicClockAligned)
}

impl Monitor {
    /// When a periodic monitor is due next: its value is an interval in s (N04).
    fn next(&self, now: Time) -> Option<Time> {
        let every = Span((self.value * 1000.0) as i64);
        match self.kind {
            MonitorType::Periodic => Some(self.next.unwrap_or(now) + every),
            MonitorType::PeriodicClockAligned => Some(now.next_multiple(every)),
            _ => None,
        }
    }

    /// What a value means to it: an alert, its end, or nothing.
    fn look(&mut self, actual: &str) -> Option<(EventTrigger, bool)> {
        let number = actual.parse::<f64>().ok();
        let over = |passed: bool, was: &mut bool| {
            let turned = std::mem::replace(was, passed) != passed;
            turned.then_some((EventTrigger::Alerting, !passed))
        };
        match (self.kind, number) {
            (MonitorType::UpperThreshold, Some(number)) => over(number > self.value, &mut self.passed),
            (MonitorType::LowerThreshold, Some(number)) => over(number < self.value, &mut self.passed),
            (MonitorType::Delta, Some(number)) => {
                let last = self.last.parse().unwrap_or(0.0);
                ((number - last).abs() >= self.value).then_some((EventTrigger::Delta, false))
            }
            // What is no number changes, whatever the delta (N04).
            (MonitorType::Delta, None) => (actual != self.last).then_some((EventTrigger::Delta, false)),
            _ => None,
        }
    }
}

impl Station {
    fn watched_value(&self, watched: Watched) -> String {
        match watched {
            Watched::Power(rank) => self.evses[rank].meter.power_w.abs().to_string(),
            Watched::State(rank) => self.evse_status(rank).as_str().into(),
        }
    }

    fn watched_place(&self, watched: Watched) -> Place {
        let all = self.places().find(|place| super::monitoring::watched(*place) == Some(watched));
        all.expect("what is watched was found among the places")
    }

    pub(super) fn monitors_wake(&self) -> Option<Time> {
        self.monitoring.monitors.iter().filter_map(|monitor| monitor.next).min()
    }

    /// Looks at every monitor, and tells what it saw.
    pub(super) fn monitors_due(&mut self) {
        let (now, mut monitoring) = (self.now, std::mem::take(&mut self.monitoring));
        let mut events = Vec::new();
        for monitor in &mut monitoring.monitors {
            let (Watched::Power(rank) | Watched::State(rank)) = monitor.watched;
            let transaction = self.evses[rank].transaction.as_ref().map(|transaction| transaction.id.clone());
            let periodic = monitor.next.is_some_and(|at| at <= now);
            if periodic {
                // After a long sleep one event is due, not all that were slept through.
                monitor.next = monitor.next(now).map(|next| next.max(now + Span::from_s(1)));
            }
            if monitor.transaction && transaction.is_none() {
                continue;
            }
            let actual = self.watched_value(monitor.watched);
            let seen = if periodic { Some((EventTrigger::Periodic, false)) } else { monitor.look(&actual) };
            let Some((trigger, cleared)) = seen else { continue };
            monitor.last.clone_from(&actual);
            if monitor.severity <= monitoring.level {
                let place = self.watched_place(monitor.watched);
                events.push(EventData {
                    event_id: monitoring.next_event,
                    timestamp: DateTime(now),
                    trigger,
                    actual_value: actual,
                    component: place.component(),
                    event_notification_type: EventNotification::CustomMonitor,
                    variable: place.variable(),
                    cause: None,
                    tech_code: None,
                    tech_info: None,
                    cleared: cleared.then_some(true),
                    transaction_id: transaction,
                    variable_monitoring_id: Some(monitor.id),
                });
                monitoring.next_event = monitoring.next_event.wrapping_add(1).max(1);
            }
        }
        self.monitoring = monitoring;
        if !events.is_empty() {
            let generated_at = DateTime(now);
            self.notify(&NotifyEventRequest { generated_at, seq_no: 0, event_data: events, tbc: Some(false) }, false);
        }
    }

    /// SetVariableMonitoring (N04).
    pub(super) fn set_variable_monitoring(
        &mut self,
        request: SetVariableMonitoringRequest,
    ) -> Served<SetVariableMonitoringResponse> {
        let most = self.model.integer(Var::ItemsSetMonitoring) as usize;
        super::report::at_most(request.set_monitoring_data.len(), most)?;
        let mut result = Vec::with_capacity(request.set_monitoring_data.len());
        for asked in request.set_monitoring_data.iter() {
            let set = self.set_monitor(asked);
            result.push(SetMonitoringResult {
                status: set.err().unwrap_or(SetMonitoringStatus::Accepted),
                r#type: asked.r#type,
                component: asked.component.clone(),
                variable: asked.variable.clone(),
                severity: asked.severity,
                id: set.ok().or(asked.id),
                status_info: None,
            });
        }
        reply(SetVariableMonitoringResponse { set_monitoring_result: result })
    }

    fn set_monitor(&mut self, asked: &SetMonitoringData) -> Result<i32, SetMonitoringStatus> {
        let place = self.find(&asked.component, &asked.variable).map_err(|status| match status {
            GetVariableStatus::UnknownComponent => SetMonitoringStatus::UnknownComponent,
            _ => SetMonitoringStatus::UnknownVariable,
        })?;
        let watched = watched(place).ok_or(SetMonitoringStatus::Rejected)?;
        let kind = asked.r#type;
        let threshold = matches!(kind, MonitorType::UpperThreshold | MonitorType::LowerThreshold);
        if threshold && matches!(watched, Watched::State(_)) {
            return Err(SetMonitoringStatus::UnsupportedMonitorType);
        }
        let positive = threshold || asked.value > 0.0;
        let interval = !is_periodic(kind) || (1.0..=604_800.0).contains(&asked.value);
        if !(0..=9).contains(&asked.severity) || !asked.value.is_finite() || !positive || !interval {
            return Err(SetMonitoringStatus::Rejected);
        }
        let monitors = &self.monitoring.monitors;
        let replaced = asked.id.map(|id| monitors.iter().position(|one| one.id == id && one.watched == watched));
        if replaced == Some(None) {
            return Err(SetMonitoringStatus::Rejected);
        }
        let same = |one: &&Monitor| one.watched == watched && one.kind == kind && one.severity == asked.severity;
        if monitors.iter().filter(same).any(|one| asked.id != Some(one.id)) {
            return Err(SetMonitoringStatus::Duplicate);
        }
        if replaced.is_none() && monitors.len() >= MONITORS {
            return Err(SetMonitoringStatus::Rejected);
        }
        let id = asked.id.unwrap_or(self.monitoring.next_id);
        self.monitoring.next_id = self.monitoring.next_id.max(id.saturating_add(1));
        let mut monitor = Monitor {
            id,
            watched,
            kind,
            value: asked.value,
            severity: asked.severity,
            transaction: asked.transaction.unwrap_or(false),
            last: self.watched_value(watched),
            passed: false,
            next: None,
        };
        monitor.next = monitor.next(self.now);
        match replaced.flatten() {
            Some(at) => self.monitoring.monitors[at] = monitor,
            None => self.monitoring.monitors.push(monitor),
        }
        Ok(id)
    }

    /// ClearVariableMonitoring (N06).
    pub(super) fn clear_variable_monitoring(
        &mut self,
        request: ClearVariableMonitoringRequest,
    ) -> Served<ClearVariableMonitoringResponse> {
        let mut result = Vec::with_capacity(request.id.len());
        for id in request.id.iter().copied() {
            let before = self.monitoring.monitors.len();
            self.monitoring.monitors.retain(|monitor| monitor.id != id);
            let found = self.monitoring.monitors.len() < before;
            let status = if found { ClearMonitoringStatus::Accepted } else { ClearMonitoringStatus::NotFound };
            result.push(ClearMonitoringResult { status, id, status_info: None });
        }
        reply(ClearVariableMonitoringResponse { clear_monitoring_result: result })
    }

    /// SetMonitoringBase (N03): all bases but `All` are without the CSMS's monitors, and there are no others.
    pub(super) fn set_monitoring_base(
        &mut self,
        request: SetMonitoringBaseRequest,
    ) -> Served<SetMonitoringBaseResponse> {
        if request.monitoring_base != MonitoringBase::All {
            self.monitoring.monitors.clear();
        }
        reply(SetMonitoringBaseResponse { status: GenericDeviceModelStatus::Accepted, status_info: None })
    }

    /// SetMonitoringLevel (N05).
    pub(super) fn set_monitoring_level(
        &mut self,
        request: SetMonitoringLevelRequest,
    ) -> Served<SetMonitoringLevelResponse> {
        let taken = (0..=9).contains(&request.severity);
        if taken {
            self.monitoring.level = request.severity;
        }
        let status = if taken { GenericStatus::Accepted } else { GenericStatus::Rejected };
        reply(SetMonitoringLevelResponse { status, status_info: None })
    }

    /// GetMonitoringReport (N02).
    pub(super) fn get_monitoring_report(
        &mut self,
        request: GetMonitoringReportRequest,
    ) -> Served<GetMonitoringReportResponse> {
        let fits = |monitor: &&Monitor| {
            let criteria = request.monitoring_criteria.as_deref();
            let place = self.watched_place(monitor.watched);
            let named = request.component_variable.as_deref();
            criteria.is_none_or(|criteria| criteria.contains(&criterion(monitor.kind)))
                && named.is_none_or(|named| {
                    named.iter().any(|one| place.is_meant_by(&one.component, one.variable.as_ref()))
                })
        };
        let data: Vec<_> = self.monitoring.monitors.iter().filter(fits).map(|one| self.monitoring_data(one)).collect();
        let answer = |status| GetMonitoringReportResponse { status, status_info: None };
        if data.is_empty() {
            return reply(answer(GenericDeviceModelStatus::EmptyResultSet));
        }
        reply_then(answer(GenericDeviceModelStatus::Accepted), move |station| {
            let request = NotifyMonitoringReportRequest {
                request_id: request.request_id,
                seq_no: 0,
                generated_at: DateTime(station.now),
                monitor: Some(data),
                tbc: Some(false),
            };
            station.notify(&request, true);
        })
    }

    fn monitoring_data(&self, monitor: &Monitor) -> MonitoringData {
        let place = self.watched_place(monitor.watched);
        let variable_monitoring = vec![VariableMonitoring {
            id: monitor.id,
            transaction: monitor.transaction,
            value: monitor.value,
            r#type: monitor.kind,
            severity: monitor.severity,
        }];
        MonitoringData { component: place.component(), variable: place.variable(), variable_monitoring }
    }
}

fn criterion(kind: MonitorType) -> MonitoringCriterion {
    match kind {
        MonitorType::UpperThreshold | MonitorType::LowerThreshold => MonitoringCriterion::ThresholdMonitoring,
        MonitorType::Delta => MonitoringCriterion::DeltaMonitoring,
        MonitorType::Periodic | MonitorType::PeriodicClockAligned => MonitoringCriterion::PeriodicMonitoring,
    }
}
