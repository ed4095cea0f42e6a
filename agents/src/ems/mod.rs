//! The energy manager of a portfolio: sends batteries and charge points their commands each quarter hour.
//!
//! It plans once the reports of the quarter hour are in, from these, the portfolio's meter and the DSO's
//! signals, and tells each site's prosumer what change to expect. Four rules, chosen for batteries and vehicles
//! apart: *self-consumption* (as few batteries as do it well bring the portfolio's meter to zero, vehicles charge at once),
//! *price threshold* (charge when cheap, discharge when dear, and never at the cost of a departure), *market* (do what
//! the site's prosumer has traded), and *schedule* (follow a plan of least cost, [`ScheduleTerms`]).

mod desk;
mod flexibility;
mod planner;
mod reserve;
mod scheduling;
mod strategy;
mod turns;

pub use flexibility::FlexibleStorage;
pub use planner::{PlanPrices, Replan, ScheduleTerms};
pub use strategy::Strategy;

use crate::command::{Command, Directive, Priority, Value};
use crate::core::{Core, MeterReading, Outbox, Stage, Wake};
use crate::id::{Kind, MeterId, ParticipantId, PortfolioId};
use crate::look::LastLook;
use crate::mail::{ChargingNeeds, Mail, Message, StorageStatus};
use crate::market_operator::MarketRules;
use crate::reserve::Flow;
use crate::series::Series;
use crate::time::{Every, Now, Time};
use desk::Desk;
use flexibility::FlexDesk;
use market::Energy;
use planner::Planner;
use reserve::ReserveDesk;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use strategy::{may_discharge, must_charge};
use turns::{Turn, Turns};

/// Share of its rating at which a battery is planned to run: converters lose least there, and there is room for more.
const GOOD_LOAD: f64 = 0.5;

/// The mind of an energy manager.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ems {
    portfolio: PortfolioId,
    rules: MarketRules,
    batteries: Vec<ManagedBattery>,
    charge_points: Vec<ManagedChargePoint>,
    battery_strategy: Strategy,
    vehicle_strategy: Strategy,
    plan: Every,
    looked: LastLook,
    planning: bool,
    statuses: BTreeMap<ParticipantId, StorageStatus>,
    needs: BTreeMap<ParticipantId, ChargingNeeds>,
    /// Power at charge points whose vehicle has left since the last plan.
    left_kw: BTreeMap<ParticipantId, f64>,
    consumption_price: Option<Series>,
    load_control: Option<Request>,
    demand_response: Option<Request>,
    #[serde(default, skip_serializing_if = "Turns::is_empty")]
    turns: Turns,
    #[serde(default, skip_serializing_if = "Desk::is_empty")]
    desk: Desk,
    #[serde(default)]
    planner: Option<Box<Planner>>,
    #[serde(default, skip_serializing_if = "ReserveDesk::is_empty")]
    reserve: ReserveDesk,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flexibility: Option<FlexDesk>,
}

/// A battery under management.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManagedBattery {
    /// The battery.
    pub battery: ParticipantId,
    /// Who trades for its site.
    pub prosumer: Option<ParticipantId>,
    /// Rated power.
    pub rated_kw: f64,
    /// Its ticket in the lottery among batteries that are equally full.
    pub ticket: u64,
}

/// A charge point under management.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManagedChargePoint {
    /// The charge point.
    pub evse: ParticipantId,
    /// Who trades for its site.
    pub prosumer: Option<ParticipantId>,
    /// Rated power.
    pub rated_kw: f64,
}

/// A request of the DSO while it holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Request {
    value: f64,
    start: Time,
    end: Time,
}

impl Request {
    fn at(request: Option<Self>, time: Time) -> Option<f64> {
        request.filter(|request| request.start <= time && time < request.end).map(|request| request.value)
    }
}

/// What a storage is told for the coming quarter hour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Dispatch {
    /// Nothing: it follows its own habit.
    Free,
    /// Hold this power.
    Hold(f64),
    /// Bring its share of the portfolio's meter to zero, from this side.
    Follow { share: f64, side: Side },
}

/// What a storage that follows a meter makes good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Side {
    Both,
    /// Only what would be exported: it charges, and never discharges.
    Surplus,
    /// Only what would be imported: it discharges, and never charges.
    Deficit,
}

impl Side {
    /// What is left of the powers between these, kW.
    fn of(self, (lowest_kw, highest_kw): (f64, f64)) -> (f64, f64) {
        match self {
            Self::Both => (lowest_kw, highest_kw),
            Self::Surplus => (lowest_kw.max(0.0), highest_kw.max(0.0)),
            Self::Deficit => (lowest_kw.min(0.0), highest_kw.min(0.0)),
        }
    }
}

impl Ems {
    /// An energy manager of `portfolio`.
    pub fn new(
        portfolio: PortfolioId,
        rules: MarketRules,
        batteries: Vec<ManagedBattery>,
        charge_points: Vec<ManagedChargePoint>,
        (battery_strategy, vehicle_strategy): (Strategy, Strategy),
    ) -> Self {
        Self {
            portfolio,
            rules,
            batteries,
            charge_points,
            battery_strategy,
            vehicle_strategy,
            plan: Every::new(rules.slot),
            looked: LastLook::default(),
            planning: false,
            statuses: BTreeMap::new(),
            needs: BTreeMap::new(),
            left_kw: BTreeMap::new(),
            consumption_price: None,
            load_control: None,
            demand_response: None,
            turns: Turns::default(),
            desk: Desk::default(),
            planner: None,
            reserve: ReserveDesk::default(),
            flexibility: None,
        }
    }

    fn take(&mut self, now: Now, mail: &Mail, out: &mut Outbox) {
        match &mail.message {
            Message::StorageStatus(status) => {
                self.desk.note_report(mail.from);
                self.statuses.insert(mail.from, *status);
            }
            Message::ChargingNeeds(needs) => {
                self.desk.note_report(mail.from);
                self.needs.insert(mail.from, *needs);
            }
            Message::Awarded { device, slot, energy } => self.take_award(now, *device, (*slot, *energy), out),
            Message::ChargingOver => {
                if let Some(needs) = self.needs.remove(&mail.from) {
                    self.left_kw.insert(mail.from, needs.storage.power_kw);
                }
            }
            Message::EnergyPrices { consumption, production } => {
                self.consumption_price = Some(consumption.clone());
                if let Some(planner) = &mut self.planner {
                    planner.note_prices(consumption, production);
                }
            }
            Message::Reserve(reserve) => self.reserve.take(mail.from, reserve),
            Message::Flexibility(message) => self.take_flexibility(mail.from, message),
            Message::LoadControl { percent, start, end } => {
                self.load_control = Some(Request { value: *percent, start: *start, end: *end });
            }
            Message::DemandResponse { level, start, end } => {
                self.demand_response = Some(Request { value: f64::from(*level), start: *start, end: *end });
            }
            _ => {}
        }
    }

    fn price(&self, time: Time) -> Option<f64> {
        self.consumption_price.as_ref().and_then(|series| series.at(time))
    }

    /// Whether the DSO asks storage to support the network.
    fn is_support_wanted(&self, time: Time) -> bool {
        Request::at(self.demand_response, time).is_some_and(|level| level > 0.0)
    }

    /// Sends every device its command and every prosumer the change to expect.
    fn dispatch(&mut self, now: Now, meter: &MeterReading, out: &mut Outbox) {
        let mut changes_kw = Changes::default();
        let metered_kw = self.looked.mean_kw(now.time, meter.imported - meter.exported);
        let net_kw = metered_kw.unwrap_or(meter.power_kw);
        self.plan_ahead(now, metered_kw, net_kw, out);
        self.begin_reserve(now, out);
        let storing_kw: f64 =
            self.batteries.iter().filter_map(|of| self.statuses.get(&of.battery)).map(|of| of.power_kw).sum();
        let residual_kw = net_kw - storing_kw;
        let turn = self.take_turns(now, residual_kw);
        let plans = self.dispatch_batteries(now, (residual_kw, &turn), &mut changes_kw, out);
        self.tell_plans(plans, out);
        self.dispatch_vehicles(now, &mut changes_kw, out);
        self.answer_requests(now, out);
        self.desk.begin(now);
        let slot = self.rules.traded_at(now);
        for (prosumer, change_kw) in changes_kw.0 {
            let energy = Energy::from_kwh(change_kw * slot.length.hours());
            out.send(prosumer, Message::PlannedChange { slot, energy });
        }
    }

    /// `residual_kw` is what the portfolio's meter showed since the last plan besides the batteries, in the mean. Returns the
    /// plans of units whose reserve is called.
    fn dispatch_batteries(
        &self,
        now: Now,
        (residual_kw, turn): (f64, &Turn),
        changes_kw: &mut Changes,
        out: &mut Outbox,
    ) -> Vec<Flow> {
        let mut plans = Vec::new();
        for battery in &self.batteries {
            let Some(status) = self.statuses.get(&battery.battery) else { continue };
            let share = turn.present.get(&battery.battery).copied();
            let following_kw = |share: f64, side: Side| {
                let (lowest_kw, highest_kw) = side.of((-status.discharge_limit_kw, status.charge_limit_kw));
                (-residual_kw * share).clamp(lowest_kw, highest_kw)
            };
            let (dispatch, priority) = if self.is_support_wanted(now.time) {
                (Dispatch::Hold(-status.discharge_limit_kw), Priority::DsoEmergency)
            } else if let Some(power_kw) = self.ordered_kw(now, battery.battery) {
                (Dispatch::Hold(power_kw), Priority::DsoEmergency)
            } else {
                (self.battery_rule(now, battery, status, share), Priority::Ems)
            };
            let wanted_kw = match dispatch {
                Dispatch::Free => 0.0,
                Dispatch::Hold(power_kw) => power_kw,
                Dispatch::Follow { share, side } => following_kw(share, side),
            };
            let reserved = self.reserved(now, (battery, status), (dispatch, wanted_kw));
            self.command(now, battery.battery, reserved.dispatch, priority, out);
            self.limit_follower(now, battery.battery, &reserved, out);
            plans.extend(reserved.told);
            if let Some(terms) = self.battery_strategy.terms() {
                let spared = self.reserve.spared(battery, status, self.rules.traded_at(now));
                self.desk.offer_battery((battery, &spared), terms, out);
                changes_kw.add(battery.prosumer, 0.0);
                continue;
            }
            // Others may follow the meter in the slot that is traded.
            let next_kw = match dispatch {
                _ if self.battery_strategy != Strategy::SelfConsumption {} || priority != Priority::Ems => wanted_kw,
                _ => turn.traded.get(&battery.battery).map_or(0.0, |share| following_kw(*share, Side::Both)),
            };
            let planned_kw = reserved.planned_kw + next_kw - wanted_kw;
            let traded_kw = self.planned_for_trade_kw(now, battery.battery).unwrap_or(planned_kw);
            let planned_kw = self.possible_kw(status, traded_kw, status.min_kwh, status.max_kwh);
            changes_kw.add(battery.prosumer, planned_kw - status.power_kw);
        }
        plans
    }

    /// What a slot at `wanted_kw` can come to before the storage reaches `floor_kwh` or `ceiling_kwh`.
    fn possible_kw(&self, status: &StorageStatus, wanted_kw: f64, floor_kwh: f64, ceiling_kwh: f64) -> f64 {
        let hours = self.rules.slot.hours();
        let lowest_kw = ((floor_kwh - status.energy_kwh) / hours).min(0.0);
        let highest_kw = ((ceiling_kwh - status.energy_kwh) / hours).max(0.0);
        wanted_kw.clamp(lowest_kw, highest_kw)
    }

    fn battery_rule(&self, now: Now, battery: &ManagedBattery, status: &StorageStatus, share: Option<f64>) -> Dispatch {
        match self.battery_strategy {
            Strategy::Market(_) => Dispatch::Hold(self.desk.power_kw(battery.battery, now.time, self.rules.slot)),
            Strategy::Schedule {} => self.planned(now, battery.battery),
            Strategy::SelfConsumption {} => {
                share.map_or(Dispatch::Hold(0.0), |share| Dispatch::Follow { share, side: Side::Both })
            }
            Strategy::PriceThreshold { charge_below_eur_per_mwh, discharge_above_eur_per_mwh } => {
                match self.price(now.time) {
                    Some(price) if price <= charge_below_eur_per_mwh => Dispatch::Hold(status.charge_limit_kw),
                    Some(price) if price >= discharge_above_eur_per_mwh => Dispatch::Hold(-status.discharge_limit_kw),
                    _ => Dispatch::Hold(0.0),
                }
            }
        }
    }

    fn dispatch_vehicles(&mut self, now: Now, changes_kw: &mut Changes, out: &mut Outbox) {
        let percent = Request::at(self.load_control, now.time).unwrap_or(100.0);
        for point in &self.charge_points {
            let Some(needs) = self.needs.get(&point.evse) else {
                changes_kw.add(point.prosumer, -self.left_kw.get(&point.evse).copied().unwrap_or_default());
                continue;
            };
            let (dispatch, priority) = self.vehicle_dispatch(now, point.evse, needs);
            self.command(now, point.evse, dispatch, priority, out);
            let limit_kw = point.rated_kw * percent / 100.0;
            if percent < 100.0 {
                let directive = Directive::ImportLimit(Value::Constant(limit_kw));
                self.send(now, point.evse, Priority::DsoEmergency, directive, out);
            }
            if let Some(terms) = self.vehicle_strategy.terms() {
                self.desk.offer_vehicle((point, limit_kw), needs, terms, out);
                changes_kw.add(point.prosumer, 0.0);
                continue;
            }
            let wanted_kw = match dispatch {
                Dispatch::Hold(power_kw) => power_kw,
                _ => needs.storage.charge_limit_kw,
            };
            let wanted_kw = self.planned_for_trade_kw(now, point.evse).unwrap_or(wanted_kw);
            let wanted_kw = wanted_kw.clamp(-point.rated_kw, limit_kw);
            let planned_kw = self.possible_kw(&needs.storage, wanted_kw, needs.reserve_kwh, needs.target_kwh);
            changes_kw.add(point.prosumer, planned_kw - needs.storage.power_kw);
        }
        self.left_kw.clear();
    }

    /// While the DSO asks for support a vehicle gives what it can spare, and takes nothing unless it must.
    fn vehicle_dispatch(&self, now: Now, evse: ParticipantId, needs: &ChargingNeeds) -> (Dispatch, Priority) {
        let ordered_kw = self.ordered_kw(now, evse).filter(|_| !must_charge(now, needs));
        if let Some(power_kw) = ordered_kw.filter(|_| !self.is_support_wanted(now.time)) {
            (Dispatch::Hold(power_kw), Priority::DsoEmergency)
        } else if !self.is_support_wanted(now.time) || must_charge(now, needs) {
            (self.vehicle_rule(now, evse, needs), Priority::Ems)
        } else if may_discharge(now, needs) {
            (Dispatch::Hold(-needs.storage.discharge_limit_kw), Priority::DsoEmergency)
        } else {
            (Dispatch::Hold(0.0), Priority::DsoEmergency)
        }
    }

    fn vehicle_rule(&self, now: Now, evse: ParticipantId, needs: &ChargingNeeds) -> Dispatch {
        match self.vehicle_strategy {
            Strategy::SelfConsumption {} => Dispatch::Free,
            Strategy::Schedule {} => self.planned_vehicle(now, evse, needs),
            Strategy::PriceThreshold { .. } | Strategy::Market(_) if must_charge(now, needs) => Dispatch::Free,
            Strategy::Market(_) => Dispatch::Hold(self.desk.power_kw(evse, now.time, self.rules.slot)),
            Strategy::PriceThreshold { charge_below_eur_per_mwh, discharge_above_eur_per_mwh } => {
                match self.price(now.time) {
                    Some(price) if price <= charge_below_eur_per_mwh => Dispatch::Free,
                    Some(price) if price >= discharge_above_eur_per_mwh && may_discharge(now, needs) => {
                        Dispatch::Hold(-needs.storage.discharge_limit_kw)
                    }
                    _ => Dispatch::Hold(0.0),
                }
            }
        }
    }

    fn command(&self, now: Now, to: ParticipantId, dispatch: Dispatch, priority: Priority, out: &mut Outbox) {
        let directive = match dispatch {
            Dispatch::Free => return,
            Dispatch::Hold(power_kw) => Directive::Setpoint(Value::Constant(power_kw)),
            Dispatch::Follow { share, .. } => {
                Directive::FollowMeter { meter: MeterId::Portfolio(self.portfolio), share }
            }
        };
        self.send(now, to, priority, directive, out);
    }

    /// Commands hold for the slot they are made for; each slot brings its own.
    fn send(&self, now: Now, to: ParticipantId, priority: Priority, directive: Directive, out: &mut Outbox) {
        let source = out.sender();
        let expires = now.time + self.rules.slot;
        out.send(to, Message::Command(Command { source, priority, directive, effective: now.time, expires }));
    }
}

/// Changes of power from the last slot to the one that is traded, by prosumer.
#[derive(Default)]
struct Changes(BTreeMap<ParticipantId, f64>);

impl Changes {
    fn add(&mut self, prosumer: Option<ParticipantId>, change_kw: f64) {
        if let Some(prosumer) = prosumer {
            *self.0.entry(prosumer).or_default() += change_kw;
        }
    }
}

impl Core for Ems {
    const KIND: Kind = Kind::Ems;
    type Sense = MeterReading;
    type Intent = ();

    fn step(&mut self, now: Now, meter: &MeterReading, inbox: &[Mail], out: &mut Outbox) {
        let slot_begins = self.plan.is_due(now.time);
        self.planning |= slot_begins;
        for mail in inbox {
            self.take(now, mail, out);
        }
        if self.planning && !slot_begins && inbox.is_empty() {
            self.planning = false;
            self.dispatch(now, meter, out);
        }
    }

    fn next_wake(&self, _: Now) -> Wake {
        if self.planning { Wake::WhenQuiet(Stage::Plan) } else { Wake::At(self.plan.next()) }
    }
}

#[cfg(test)]
mod tests;
