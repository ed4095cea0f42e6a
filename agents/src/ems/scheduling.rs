//! Devices under the rule `schedule`: what the planner is told of them each slot, and what they do of its plan.

use super::planner::{Flexible, Planner, Window};
use super::strategy::must_charge;
use super::{Dispatch, Ems, ManagedBattery, Request, ScheduleTerms, Strategy};
use crate::core::Outbox;
use crate::id::ParticipantId;
use crate::mail::ChargingNeeds;
use crate::record::{Event, EventCode, Record};
use crate::time::{Calendar, Now};

impl Ems {
    /// The same, which schedules what is under the rule `schedule` on these terms.
    #[must_use]
    pub fn scheduling(mut self, terms: ScheduleTerms, calendar: Calendar) -> Self {
        let is_wanted = [self.battery_strategy, self.vehicle_strategy].contains(&Strategy::Schedule {});
        self.planner = is_wanted.then(|| Box::new(Planner::new(terms, self.rules.slot, calendar)));
        self
    }

    /// Has the planner look at how things stand; `metered_kw` is what the portfolio took in the slot that is over, none at
    /// the start, `net_kw` the same or, at the start, what it takes now.
    pub(super) fn plan_ahead(&mut self, now: Now, metered_kw: Option<f64>, net_kw: f64, out: &mut Outbox) {
        let Some(mut planner) = self.planner.take() else { return };
        planner.mend(now.calendar);
        let (batteries, vehicles) = (self.planned_batteries(), self.planned_vehicles(now));
        let left_kw: f64 = self.left_kw.values().filter(|_| self.schedules_vehicles()).sum();
        let devices = batteries.iter().chain(&vehicles);
        let storing_kw = devices.map(|device| device.storage.power_kw).sum::<f64>() + left_kw;
        if metered_kw.is_some() {
            planner.observe(now, (net_kw, storing_kw), out);
            self.tell_deviations(now, &planner, &batteries, out);
        }
        planner.turn_day(now, &batteries, out);
        planner.look(now, (&batteries, &vehicles), net_kw - storing_kw, out);
        self.planner = Some(planner);
    }

    fn schedules_vehicles(&self) -> bool {
        self.vehicle_strategy == Strategy::Schedule {}
    }

    fn planned_batteries(&self) -> Vec<Flexible> {
        let planned = |battery: &ManagedBattery| {
            let storage = *self.statuses.get(&battery.battery)?;
            let ManagedBattery { battery: id, rated_kw, ticket, .. } = *battery;
            Some(Flexible { id, storage, rated_kw, window: None, ticket })
        };
        if self.battery_strategy != (Strategy::Schedule {}) {
            return Vec::new();
        }
        self.batteries.iter().filter_map(planned).collect()
    }

    /// The vehicles that are there, as the DSO's load control leaves them.
    fn planned_vehicles(&self, now: Now) -> Vec<Flexible> {
        let percent = Request::at(self.load_control, now.time).unwrap_or(100.0);
        let planned = |point: &super::ManagedChargePoint| {
            let ChargingNeeds { storage, target_kwh, reserve_kwh, departure } = *self.needs.get(&point.evse)?;
            let window = (departure > now.time).then_some(Window { departure, target_kwh, reserve_kwh })?;
            let rated_kw = (point.rated_kw * percent / 100.0).min(storage.charge_limit_kw);
            Some(Flexible { id: point.evse, storage, rated_kw, window: Some(window), ticket: 0 })
        };
        if !self.schedules_vehicles() {
            return Vec::new();
        }
        self.charge_points.iter().filter_map(planned).collect()
    }

    /// What the plan says of a device in the slot that begins now.
    pub(super) fn planned(&self, now: Now, device: ParticipantId) -> Dispatch {
        self.planner.as_ref().map_or(Dispatch::Hold(0.0), |planner| planner.dispatch(device, now.time))
    }

    /// The power that the plan has for a device in the slot that begins now; none without a plan for it.
    pub(super) fn planned_kw(&self, now: Now, device: ParticipantId) -> Option<f64> {
        self.planner.as_ref()?.power_kw(device, now.time)
    }

    /// What a device of the plan is expected to do in the slot that is traded, kW; none without a plan for it.
    pub(super) fn planned_for_trade_kw(&self, now: Now, device: ParticipantId) -> Option<f64> {
        self.planner.as_ref()?.power_kw(device, self.rules.traded_at(now).start)
    }

    pub(super) fn planned_vehicle(&self, now: Now, evse: ParticipantId, needs: &ChargingNeeds) -> Dispatch {
        if must_charge(now, needs) { Dispatch::Free } else { self.planned(now, evse) }
    }

    fn tell_deviations(&self, now: Now, planner: &Planner, batteries: &[Flexible], out: &mut Outbox) {
        // While the DSO asks for support, plans are not what counts.
        if self.is_support_wanted(now.time - self.rules.slot) {
            return;
        }
        for battery in batteries {
            let Some(off_kw) = planner.deviation_kw(battery.id, now, battery.storage.power_kw) else { continue };
            let storage = &battery.storage;
            let (held_kwh, taken_kw) = (storage.energy_kwh, storage.power_kw);
            let detail = format!(
                "took {taken_kw:.1} kW, {off_kw:.1} kW off its plan; it holds {held_kwh:.1} kWh of {:.1} to {:.1} kWh and can take \
                 {:.1} kW and give {:.1} kW",
                storage.min_kwh, storage.max_kwh, storage.charge_limit_kw, storage.discharge_limit_kw
            );
            let code = EventCode::PlanNotFollowed;
            out.record(Record::Event(Event { time: now.time, participant: battery.id, code, detail }));
        }
    }
}
