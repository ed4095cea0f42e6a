//! The rule `schedule`: storage follows a plan of least cost, made from what is known and what is forecast.
//!
//! The portfolio is planned as one connection: what its sites give each other stays within. Each slot, the planner reads what
//! the portfolio took besides the storage it plans, learns from it, and plans again where its terms say so. It knows of the
//! future what was published and what it forecasts, nothing else. Only the first slot of a plan is ever certain: whoever
//! plans anew keeps nothing of the plan before.
//!
//! Where a plan brings the connection to zero, batteries follow the meter in the proportion of the plan, so that what the
//! forecast got wrong within the slot is made good at once; elsewhere they hold the power of the plan.

mod day;
mod problem;
mod terms;

pub use terms::{PlanPrices, Replan, ScheduleTerms};

use super::Dispatch;
use crate::core::Outbox;
use crate::forecast::{Forecast, Forecaster, Settings};
use crate::id::ParticipantId;
use crate::record::{EventCode, ForecastRow, ForecastScoreRow, PlanReason, PlanRow, PlanSlotRow, Record, ScheduleRow};
use crate::schedule::{Schedule, Warm, schedule_jointly};
use crate::series::Series;
use crate::time::{Calendar, Now, Slot, Span, Time};
use day::Day;
use problem::Known;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub(super) use problem::{Flexible, Window};

/// A connection is at zero if it takes or gives less than this, kW.
const ZERO_KW: f64 = 1e-3;

/// A device does what it should if it is no further off than this, kW.
const FOLLOWED_KW: f64 = 1.0;

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
}

/// A plan in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Plan {
    /// The local day it was made on, and the beginning of its first slot.
    day: i64,
    start: Time,
    devices: BTreeMap<ParticipantId, Planned>,
    net_kw: Vec<f64>,
    rest_kw: Vec<f64>,
    known: Known,
}

/// What one device is to do, slot by slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Planned {
    is_battery: bool,
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
        Self { terms, slot, rest, plan: None, warm: Warm::default(), prices: Vec::new(), day: None }
    }

    /// Begins anew what does not fit its terms any more: a fork may have another slot or horizon.
    pub(super) fn mend(&mut self, calendar: Calendar) {
        if !self.rest.is_sound() {
            self.rest = forecaster(&self.terms, self.slot, calendar);
            (self.plan, self.day, self.warm) = (None, None, Warm::default());
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
        if let Some(day) = &mut self.day {
            day.observe(net_kw);
        }
    }

    /// Closes the local day that is over, and begins the one under way.
    pub(super) fn turn_day(&mut self, now: Now, batteries: &[Flexible], powers_kw: &[f64], out: &mut Outbox) {
        if self.day.as_ref().is_some_and(|day| day.number() == now.day()) {
            if let Some(day) = &mut self.day {
                day.note(powers_kw);
            }
            return;
        }
        if let Some(mut day) = self.day.take() {
            day.note(powers_kw);
            if let Some(row) = day.close(batteries, &self.terms) {
                out.record(Record::PlanDay(row));
            }
            self.tell_scores(now, out);
        }
        self.day = Some(Day::new(now, self.slot, batteries));
    }

    /// Looks at how things stand at the beginning of a slot, and plans anew if there is reason to.
    pub(super) fn look(&mut self, now: Now, devices: &[Flexible], rest_now_kw: f64, out: &mut Outbox) {
        let known = Known::new(devices, (&self.terms, &self.prices));
        let price = self.price(now, now.time, now.time + self.slot);
        if let Some(day) = &mut self.day {
            day.note_prices(price);
        }
        let Some(reason) = self.reason(now, &known, rest_now_kw) else { return };
        let steps = (self.terms.horizon.0 / self.slot.0).max(1) as usize;
        let start = now.time.floor(self.slot);
        let forecast = self.rest.forecast(now.time, steps).ok();
        let rest_kw: Vec<f64> = match &forecast {
            Some(forecast) if self.terms.caution == 0.5 => forecast.expected.clone(),
            Some(forecast) => forecast.quantiles.iter().map(|fan| fan.at(self.terms.caution)).collect(),
            // Nothing was read yet: as it is now.
            None => vec![rest_now_kw; steps],
        };
        let slots = (0..steps).map(|step| start + self.slot * step as i64);
        let prices: Vec<_> = slots.map(|slot| self.price(now, slot, slot + self.slot)).collect();
        let problem = problem::of(start, self.slot, devices, &rest_kw, &prices, &self.terms);
        let scheduled = match schedule_jointly(&problem, Some(&mut self.warm)) {
            Ok(found) => found.schedule,
            Err(error) => {
                out.event(now, EventCode::PlanFailed, error.to_string());
                return;
            }
        };
        self.tell(now, reason, devices, (&forecast, &scheduled), out);
        let planned = devices.iter().zip(scheduled.devices).map(|(device, plan)| {
            let is_battery = device.window.is_none();
            (device.id, Planned { is_battery, power_kw: plan.power_kw, soc_kwh: plan.soc_kwh })
        });
        let devices = planned.collect();
        self.plan = Some(Plan { day: now.day(), start, devices, net_kw: scheduled.net_kw, rest_kw, known });
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

    /// What a device is to do in the slot that begins at `time`; it rests if no plan speaks of it.
    pub(super) fn dispatch(&self, device: ParticipantId, time: Time) -> Dispatch {
        let Some((plan, place)) = self.plan.as_ref().and_then(|plan| Some((plan, plan.place(time, self.slot)?))) else {
            return Dispatch::Hold(0.0);
        };
        let Some(planned) = plan.devices.get(&device) else { return Dispatch::Hold(0.0) };
        let power_kw = planned.power_kw[place];
        let batteries =
            || plan.devices.values().filter(|planned| planned.is_battery).map(|planned| planned.power_kw[place]);
        let together_kw: f64 = batteries().sum();
        // Only what all do alike can be shared out: nobody follows by less than nothing, or by more than all.
        let are_alike = batteries().all(|power_kw| power_kw * together_kw >= 0.0);
        let is_balancing = plan.net_kw[place].abs() < ZERO_KW && together_kw.abs() > ZERO_KW && are_alike;
        if planned.is_battery && is_balancing && power_kw.abs() > ZERO_KW {
            Dispatch::Follow { share: (power_kw / together_kw).min(1.0) }
        } else {
            Dispatch::Hold(power_kw)
        }
    }

    /// Whether a device, on average over the slot that ended at `now`, did not hold what the plan said.
    pub(super) fn deviation_kw(&self, device: ParticipantId, now: Now, power_kw: f64) -> Option<f64> {
        match self.dispatch(device, now.time - self.slot) {
            Dispatch::Hold(planned_kw) if self.power_kw(device, now.time - self.slot).is_some() => {
                let off_kw = power_kw - planned_kw;
                (off_kw.abs() > FOLLOWED_KW).then_some(off_kw)
            }
            _ => None,
        }
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
        now: Now,
        reason: PlanReason,
        devices: &[Flexible],
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
        for (device, plan) in devices.iter().zip(&scheduled.devices) {
            for (step, (power_kw, soc_kwh)) in plan.power_kw.iter().zip(&plan.soc_kwh).enumerate() {
                let slot = self.ahead(now, step);
                // What has not changed was told by an earlier plan.
                if self.power_kw(device.id, slot.start).is_some_and(|known| (known - power_kw).abs() < ZERO_KW) {
                    continue;
                }
                let (power_kw, soc_kwh) = (*power_kw, *soc_kwh);
                let row = ScheduleRow { time: now.time, device: device.id, slot, power_kw, soc_kwh, reason };
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
mod tests {
    use super::*;
    use crate::forecast::Method;

    const SLOT: Span = Span::from_minutes(15);

    /// A planner whose plan brings the connection to zero in its only slot, with batteries of these powers.
    fn balancing(powers_kw: &[f64]) -> Planner {
        let terms = ScheduleTerms {
            horizon: Span::DAY,
            replan: Replan::Daily,
            news_kw: 5.0,
            forecast: Method::Persistence,
            caution: 0.5,
            prices: PlanPrices::Dso,
            import_limit_kw: None,
            export_limit_kw: None,
            peak_eur_per_kw: 0.0,
            efficiency: 0.94,
            wear_eur_per_mwh: 10.0,
        };
        let mut planner = Planner::new(terms.clone(), SLOT, Calendar::default());
        let planned = |power_kw: f64| Planned { is_battery: true, power_kw: vec![power_kw], soc_kwh: vec![50.0] };
        planner.plan = Some(Plan {
            day: 0,
            start: Time(0),
            devices: powers_kw.iter().zip(0..).map(|(kw, id)| (ParticipantId(id), planned(*kw))).collect(),
            net_kw: vec![0.0],
            rest_kw: vec![-powers_kw.iter().sum::<f64>()],
            known: Known::new(&[], (&terms, &[])),
        });
        planner
    }

    fn dispatched(powers_kw: &[f64]) -> Vec<Dispatch> {
        let planner = balancing(powers_kw);
        (0..powers_kw.len() as u32).map(|id| planner.dispatch(ParticipantId(id), Time(0))).collect()
    }

    #[test]
    fn batteries_of_a_balanced_slot_follow_the_meter_by_their_parts_and_idle_ones_rest() {
        let follow = |share| Dispatch::Follow { share };
        assert_eq!(dispatched(&[6.0, 0.0, 2.0]), [follow(0.75), Dispatch::Hold(0.0), follow(0.25)]);
        assert_eq!(dispatched(&[-4.0]), [follow(1.0)]);
    }

    #[test]
    fn batteries_that_are_to_go_opposite_ways_hold_their_powers() {
        assert_eq!(dispatched(&[6.0, -2.0]), [Dispatch::Hold(6.0), Dispatch::Hold(-2.0)]);
        assert_eq!(dispatched(&[0.0, 0.0]), [Dispatch::Hold(0.0), Dispatch::Hold(0.0)]);
    }
}
