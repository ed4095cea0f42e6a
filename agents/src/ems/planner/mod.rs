//! The rule `schedule`: storage follows a plan of least cost, made from what is known and what is forecast.
//!
//! The portfolio is planned as one connection: what its sites give each other stays within. Each slot, the planner reads what
//! the portfolio took besides the storage it plans, learns from it, and plans again where its terms say so. It knows of the
//! future what was published and what it forecasts, nothing else. Only the first slot of a plan is ever certain: whoever
//! plans anew keeps nothing of the plan before.
//!
//! A plan is for means of slots, and forecasts are wrong. So within a slot batteries follow the meter wherever the plan says that
//! this is worth it: they store what would be exported if a kWh more in the store is worth more than its price, and cover what
//! would be imported if a kWh less costs less than that (`worth`). Power from the connection to the store or back that is planned
//! for its price is held.

mod day;
mod fleet;
mod futures;
mod nowcast;
mod orders;
mod problem;
mod terms;
mod worth;

pub use terms::{PlanPrices, Replan, ScheduleTerms};

use crate::core::Outbox;
use crate::forecast::{Forecast, Forecaster, Settings};
use crate::id::ParticipantId;
use crate::record::{EventCode, ForecastRow, ForecastScoreRow, PlanReason, PlanRow, PlanSlotRow, Record, ScheduleRow};
use crate::schedule::{DevicePlan, Schedule, Warm, schedule_jointly};
use crate::series::Series;
use crate::time::{Calendar, Now, Slot, Span, Time};
use day::Day;
use fleet::{Fleet, OwnSupply};
use futures::{Basis, Future};
use nowcast::Nowcast;
use orders::Orders;
use problem::Known;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) use problem::{Flexible, Window};

/// A connection is at zero if it takes or gives less than this, kW.
const ZERO_KW: f64 = 1e-3;

/// On the first day, of which nothing is usual yet, what was read last is believed half as much after so many hours.
const FIRST_DAY_HALF_LIFE_H: f64 = 1.0;

/// What a planner knows, and the plan in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Planner {
    terms: ScheduleTerms,
    slot: Span,
    /// Of what the portfolio takes besides the storage that is planned, kW.
    rest: Forecaster,
    plan: Option<Plan>,
    /// What the last plan leaves to the next one.
    warm: Warm,
    /// The DSO's prices of the last days, oldest first.
    prices: Vec<(Series, Series)>,
    day: Option<Day>,
    own: OwnSupply,
    nowcast: Nowcast,
    /// Slots read so far.
    seen: u32,
    orders: Option<Orders>,
}

/// A plan in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    /// The local day it was made on, and the beginning of its first slot.
    day: i64,
    start: Time,
    devices: BTreeMap<ParticipantId, Planned>,
    /// All batteries together, without what they draw for themselves.
    batteries: DevicePlan,
    net_kw: Vec<f64>,
    rest_kw: Vec<f64>,
    /// What may come of it: one future at least.
    futures: Vec<Future>,
    /// How much of the rest either way is not unlikely.
    reach_kw: Vec<f64>,
    /// Of import and export, EUR/kWh.
    prices: Vec<(f64, f64)>,
    end_value_eur_per_kwh: f64,
    known: Known,
}

/// What one device is to do, slot by slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Planned {
    power_kw: Vec<f64>,
    soc_kwh: Vec<f64>,
}

impl Plan {
    fn place(&self, time: Time, slot: Span) -> Option<usize> {
        usize::try_from((time - self.start).0.div_euclid(slot.0)).ok().filter(|place| *place < self.net_kw.len())
    }
}

fn forecaster(terms: &ScheduleTerms, slot: Span, calendar: Calendar) -> Forecaster {
    let horizon = (terms.horizon.0 / slot.0).max(1) as usize;
    let settings = Settings::new(terms.forecast.clone(), slot, calendar, horizon);
    Forecaster::new(settings).expect("the scenario's forecast was checked")
}

impl Planner {
    /// A planner that knows nothing yet.
    ///
    /// # Panics
    /// If the terms are such as no scenario lets through.
    pub(super) fn new(terms: ScheduleTerms, slot: Span, calendar: Calendar) -> Self {
        let rest = forecaster(&terms, slot, calendar);
        Self {
            terms,
            slot,
            rest,
            plan: None,
            warm: Warm::default(),
            prices: Vec::new(),
            day: None,
            own: OwnSupply::default(),
            nowcast: Nowcast::default(),
            seen: 0,
            orders: None,
        }
    }

    /// Begins anew what does not fit its terms any more: a fork may have another slot or horizon.
    pub(super) fn mend(&mut self, calendar: Calendar) {
        if !self.rest.is_sound() {
            self.rest = forecaster(&self.terms, self.slot, calendar);
            (self.plan, self.day, self.orders, self.warm) = (None, None, None, Warm::default());
        }
    }

    /// The DSO has published prices for a day.
    pub(super) fn note_prices(&mut self, consumption: &Series, production: &Series) {
        self.prices.retain(|(known, _)| known.start < consumption.start);
        self.prices.push((consumption.clone(), production.clone()));
        // The day that is known, and one to go by where it ends.
        let surplus = self.prices.len().saturating_sub(2);
        self.prices.drain(..surplus);
    }

    /// Reads the slot that is over: what the portfolio took, and what of that its planned storage, kW.
    pub(super) fn observe(&mut self, now: Now, (net_kw, storing_kw): (f64, f64), out: &mut Outbox) {
        let start = now.time - self.slot;
        let rest_kw = net_kw - storing_kw;
        let planned = self.plan.as_ref().and_then(|plan| Some((plan, plan.place(start, self.slot)?)));
        out.record(Record::PlanSlot(Box::new(PlanSlotRow {
            slot: Slot { start, length: self.slot },
            planned_kw: planned.map(|(plan, place)| plan.devices.values().map(|device| device.power_kw[place]).sum()),
            storing_kw,
            planned_rest_kw: planned.map(|(plan, place)| plan.rest_kw[place]),
            rest_kw,
            prices: self.price(now, start, now.time),
        })));
        // A meter that shows no number or a clock that was put back teaches nothing.
        let _ = self.rest.observe(start, rest_kw);
        self.nowcast.observe(start, rest_kw);
        self.seen = self.seen.saturating_add(1);
        if let Some(day) = &mut self.day {
            day.observe(net_kw);
        }
    }

    /// Closes the local day that is over, and begins the one under way.
    pub(super) fn turn_day(&mut self, now: Now, batteries: &[Flexible], out: &mut Outbox) {
        self.own.note(batteries);
        let own_kw = |battery: &Flexible| self.own.power_kw.get(&battery.id).copied().unwrap_or_default();
        let powers_kw: Vec<f64> = batteries.iter().map(|battery| battery.storage.power_kw - own_kw(battery)).collect();
        if self.day.as_ref().is_some_and(|day| day.number() == now.day()) {
            if let Some(day) = &mut self.day {
                day.note(&powers_kw);
            }
            return;
        }
        if let Some(mut day) = self.day.take() {
            day.note(&powers_kw);
            if let Some(row) = day.close(batteries, &self.terms) {
                out.record(Record::PlanDay(row));
            }
            self.tell_scores(now, out);
        }
        self.day = Some(Day::new(now, self.slot, batteries));
    }

    /// Looks at how things stand at the beginning of a slot, plans anew if there is reason to, and decides what batteries do.
    pub(super) fn look(
        &mut self,
        now: Now,
        (batteries, vehicles): (&[Flexible], &[Flexible]),
        rest_now_kw: f64,
        out: &mut Outbox,
    ) {
        let known = Known::new(batteries.iter().chain(vehicles), (&self.terms, &self.prices));
        let price = self.price(now, now.time, now.time + self.slot);
        if let Some(day) = &mut self.day {
            day.note_prices(price);
        }
        let start = now.time.floor(self.slot);
        let model_kw = self.rest.forecast(now.time, 1).ok().map(|forecast| forecast.expected[0]);
        // By how much the coming slot is believed to be other than the forecast says.
        let shift_kw = model_kw.map_or(0.0, |model_kw| self.nowcast.blend(start, model_kw, rest_now_kw) - model_kw);
        if let Some(reason) = self.reason(now, &known, rest_now_kw) {
            self.plan_anew((now, reason), (batteries, vehicles), (known, rest_now_kw, shift_kw), out);
        }
        self.orders = Some(self.orders(now, batteries));
    }

    fn plan_anew(
        &mut self,
        (now, reason): (Now, PlanReason),
        (batteries, vehicles): (&[Flexible], &[Flexible]),
        (known, rest_now_kw, shift_kw): (Known, f64, f64),
        out: &mut Outbox,
    ) {
        let steps = (self.terms.horizon.0 / self.slot.0).max(1) as usize;
        let start = now.time.floor(self.slot);
        let forecast = self.rest.forecast(now.time, steps).ok();
        let (mut rest_kw, reach_kw) = self.believed(&forecast, steps, rest_now_kw);
        rest_kw[0] += shift_kw;
        let slots = (0..steps).map(|step| start + self.slot * step as i64);
        let prices: Vec<_> = slots.map(|slot| self.price(now, slot, slot + self.slot)).collect();
        let end_value = problem::end_value_eur_per_kwh(&prices, &self.terms);
        let own_kw = self.own.all_kw(batteries);
        let beside_kw: Vec<f64> = rest_kw.iter().map(|rest_kw| rest_kw + own_kw).collect();
        let fleet = self.fleet(batteries);
        let of_vehicles =
            vehicles.iter().map(|vehicle| vehicle.storage((start, self.slot, steps), end_value, &self.terms));
        let storages = fleet.storage((start, steps), end_value, &self.terms).into_iter().chain(of_vehicles);
        let problem = problem::of((start, self.slot), storages, &beside_kw, &prices, &self.terms);
        let scheduled = match schedule_jointly(&problem, Some(&mut self.warm)) {
            Ok(found) => found.schedule,
            Err(error) => {
                out.event(now, EventCode::PlanFailed, error.to_string());
                return;
            }
        };
        let basis = Basis {
            start,
            slot: self.slot,
            batteries,
            prices: &prices,
            end_value_eur_per_kwh: end_value,
            shift_kw,
            terms: &self.terms,
        };
        let futures = self.futures(&basis, &beside_kw, &scheduled);
        let mut plans = scheduled.devices.iter().cloned();
        let together = if batteries.is_empty() { None } else { plans.next() };
        let together = together.unwrap_or_else(|| DevicePlan { power_kw: vec![0.0; steps], ..DevicePlan::default() });
        let shared = fleet.share_out(start, &together, &self.own.power_kw);
        let of_vehicles = vehicles
            .iter()
            .zip(plans)
            .map(|(vehicle, plan)| (vehicle.id, Planned { power_kw: plan.power_kw, soc_kwh: plan.soc_kwh }));
        let devices: BTreeMap<_, _> = shared.into_iter().chain(of_vehicles).collect();
        self.tell((now, reason), &devices, (&forecast, &scheduled), out);
        self.plan = Some(Plan {
            day: now.day(),
            start,
            devices,
            batteries: together,
            net_kw: scheduled.net_kw,
            rest_kw,
            futures,
            reach_kw,
            prices,
            end_value_eur_per_kwh: end_value,
            known,
        });
    }

    /// What is planned for of the rest, and how much of it either way is not unlikely, kW.
    fn believed(&self, forecast: &Option<Forecast>, steps: usize, rest_now_kw: f64) -> (Vec<f64>, Vec<f64>) {
        // As long as nothing was read: as it is now. Before a whole day was seen nothing says that it will stay so.
        let day = Span::DAY.0.div_euclid(self.slot.0) as u32;
        let trust = |step: usize| {
            let hours = self.slot.hours() * step as f64;
            if self.seen < day { libm::exp2(-hours / FIRST_DAY_HALF_LIFE_H) } else { 1.0 }
        };
        let Some(Forecast { expected, quantiles, .. }) = forecast else {
            return ((0..steps).map(|step| trust(step) * rest_now_kw).collect(), vec![rest_now_kw.abs(); steps]);
        };
        let caution = self.terms.caution;
        let rest_kw: Vec<f64> =
            if caution == 0.5 { expected.clone() } else { quantiles.iter().map(|fan| fan.at(caution)).collect() };
        let rest_kw = rest_kw.iter().enumerate().map(|(step, rest_kw)| trust(step) * rest_kw).collect();
        let reach_kw = quantiles.iter().map(|fan| fan.at(0.75).abs().max(fan.at(0.25).abs())).collect();
        (rest_kw, reach_kw)
    }

    fn fleet<'a>(&self, batteries: &'a [Flexible]) -> Fleet<'a> {
        Fleet { batteries, slot: self.slot, efficiency: self.terms.efficiency }
    }

    fn tell_scores(&self, now: Now, out: &mut Outbox) {
        for ((first, last), score) in self.rest.scores_by_lead().filter(|(_, score)| score.count() > 0) {
            let leads = (first as u32, last as u32);
            let row = ForecastScoreRow { time: now.time, step: self.slot, leads, score: *score };
            out.record(Record::ForecastScore(Box::new(row)));
        }
    }

    /// Why to plan anew, if there is reason to.
    fn reason(&self, now: Now, known: &Known, rest_now_kw: f64) -> Option<PlanReason> {
        let Some(plan) = &self.plan else { return Some(PlanReason::First) };
        let Some(place) = plan.place(now.time, self.slot) else { return Some(PlanReason::Ended) };
        if plan.day != now.day() {
            return Some(PlanReason::Day);
        }
        match self.terms.replan {
            Replan::Daily => None,
            Replan::EverySlot => Some(PlanReason::Slot),
            Replan::OnNews => {
                let expected = |device: ParticipantId| {
                    let planned = plan.devices.get(&device)?;
                    // What it should hold by now: at the end of the slot before.
                    place.checked_sub(1).and_then(|place| planned.soc_kwh.get(place)).copied()
                };
                let tolerance_kwh = self.terms.news_kw * self.slot.hours();
                let is_off = place
                    .checked_sub(1)
                    .is_some_and(|place| (plan.rest_kw[place] - rest_now_kw).abs() > self.terms.news_kw);
                known.news(&plan.known, expected, tolerance_kwh).or(is_off.then_some(PlanReason::Forecast))
            }
        }
    }

    /// What the plan in force says of a device at `time`, kW; none without one.
    pub(super) fn power_kw(&self, device: ParticipantId, time: Time) -> Option<f64> {
        let plan = self.plan.as_ref()?;
        plan.devices.get(&device)?.power_kw.get(plan.place(time, self.slot)?).copied()
    }

    /// The slot so many slots after the one under way.
    fn ahead(&self, now: Now, step: usize) -> Slot {
        Slot { start: now.time.floor(self.slot) + self.slot * step as i64, length: self.slot }
    }

    /// Prices of import and export over a slot, EUR/kWh.
    fn price(&self, now: Now, from: Time, until: Time) -> (f64, f64) {
        problem::price(now.calendar, (from, until), &self.terms.prices, &self.prices)
    }

    fn tell(
        &self,
        (now, reason): (Now, PlanReason),
        devices: &BTreeMap<ParticipantId, Planned>,
        (forecast, scheduled): (&Option<Forecast>, &Schedule),
        out: &mut Outbox,
    ) {
        let missed_kwh =
            scheduled.violations.iter().filter(|missed| missed.device.is_some()).map(|missed| missed.amount);
        out.record(Record::Plan(PlanRow {
            time: now.time,
            reason,
            slots: scheduled.net_kw.len() as u32,
            cost_eur: scheduled.cost.total_eur(),
            missed_kwh: missed_kwh.fold(0.0, f64::max),
        }));
        for violation in scheduled.violations.iter().take(1) {
            out.event(now, EventCode::PlanMisses, format!("{violation}, and {} more", scheduled.violations.len() - 1));
        }
        for (device, plan) in devices {
            for (step, (power_kw, soc_kwh)) in plan.power_kw.iter().zip(&plan.soc_kwh).enumerate() {
                let slot = self.ahead(now, step);
                // What has not changed was told by an earlier plan.
                if self.power_kw(*device, slot.start).is_some_and(|known| (known - power_kw).abs() < ZERO_KW) {
                    continue;
                }
                let (power_kw, soc_kwh) = (*power_kw, *soc_kwh);
                let row = ScheduleRow { time: now.time, device: *device, slot, power_kw, soc_kwh, reason };
                out.record(Record::Schedule(row));
            }
        }
        for (step, fan) in forecast.iter().flat_map(|forecast| forecast.quantiles.iter().enumerate()) {
            let slot = self.ahead(now, step);
            let expected_kw = forecast.as_ref().map_or(0.0, |forecast| forecast.expected[step]);
            out.record(Record::Forecast(ForecastRow { time: now.time, slot, expected_kw, quantiles_kw: fan.0 }));
        }
    }
}

#[cfg(test)]
mod tests;
