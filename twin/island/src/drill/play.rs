//! Plays a drill.

use super::feeder::Feeder;
use super::plan::{Act, Drill};
use super::report::{FeederBack, Pickup, Report};
use crate::dispatch::{Dispatcher, Request, Rules, Step};
use crate::frequency::{Defence, Disturbance, FrequencyEvent, OperatingPoint, Settings, Status, What};
use crate::{Fleet, IslandError, Technology};

/// The longest a cascade or a pickup is followed, ms.
const FOLLOWED_MS: u64 = 600_000;
/// How long a pickup is followed, ms; then frequency is brought back by hand.
const PICKUP_MS: u64 = 60_000;
const MIN_PER_H: f64 = 60.0;

/// Plays a drill on a fleet with its defence. Feeders come back in the order given.
///
/// # Errors
/// A drill that cannot be, units that are not in the fleet, or feeders whose shares do not add up to one.
pub fn play(fleet: &Fleet, defence: &Defence, feeders: &[Feeder], drill: &Drill) -> Result<Report, IslandError> {
    drill.check()?;
    check(feeders)?;
    let fleet = &fleet.without(&drill.absent)?;
    let returns = drill.returns(fleet)?;
    let mut event = cascade(fleet, defence, drill)?;
    let cascade = event.run(FOLLOWED_MS);
    let mut report = Report {
        name: drill.name.clone(),
        cascade,
        cascade_s: event.at_ms() as f64 / 1000.0,
        samples: event.samples().to_vec(),
        log: event.happenings().to_vec(),
        summary: *event.summary(),
        pickups: Vec::new(),
        waited: 0,
        feeders: Vec::new(),
        restored_min: None,
        unserved_mwh: event.summary().unserved_mwh,
        minutes_per_customer: 0.0,
    };
    if cascade == Status::Blackout {
        Restoring::new(fleet, defence, feeders, drill, returns).play(&mut report)?;
    }
    Ok(report)
}

fn check(feeders: &[Feeder]) -> Result<(), IslandError> {
    let sum: f64 = feeders.iter().map(|feeder| feeder.share).sum();
    if (sum - 1.0).abs() > 1e-6 || feeders.iter().any(|feeder| !(feeder.share > 0.0 && feeder.customers >= 0.0)) {
        let remedy = "give each feeder a share above 0, all together 1, and customers of 0 or more";
        return Err(IslandError::setting("feeders", "share", sum, remedy));
    }
    Ok(())
}

/// The event with all acts, from what the dispatcher has running at this load.
fn cascade(fleet: &Fleet, defence: &Defence, drill: &Drill) -> Result<FrequencyEvent, IslandError> {
    let mut dispatcher = Dispatcher::new(fleet.clone(), Rules::default())?;
    let share = |technology| if technology == Technology::Pv { drill.pv_share } else { drill.wind_share };
    let available: Vec<f64> = fleet.variable().map(|(_, group)| group.total_mw() * share(group.technology)).collect();
    let request = Request { demand_mw: drill.load_mw, available_mw: &available, outlook: None, dt_s: 60.0 };
    let mut state = dispatcher.begin(&request)?;
    let mut step = Step::default();
    dispatcher.step(&mut state, &request, &mut step)?;
    let point = OperatingPoint::of(fleet, &state, &step);
    let mut event = FrequencyEvent::begin(fleet, &point, defence, Settings::default())?;
    for act in &drill.acts {
        event.disturb(fleet, libm::round(act.at_s * 1000.0) as u64, disturbance(fleet, drill, act)?)?;
    }
    Ok(event)
}

fn disturbance(fleet: &Fleet, drill: &Drill, act: &Act) -> Result<Disturbance, IslandError> {
    let mut units = Vec::new();
    for name in &act.units_lost {
        units.extend(fleet.find(name)?);
    }
    let load_mw = act.load_lost_share * drill.load_mw;
    Ok(Disturbance::LineTripped { line: act.what.clone(), load_mw, units })
}

/// An island on its way back.
struct Restoring<'a> {
    fleet: &'a Fleet,
    defence: &'a Defence,
    feeders: &'a [Feeder],
    drill: &'a Drill,
    /// Units still to come, the next last.
    coming: Vec<(f64, usize)>,
    online: Vec<usize>,
    /// When each feeder came back, minutes; they come back in order.
    back_min: Vec<f64>,
}

impl<'a> Restoring<'a> {
    fn new(
        fleet: &'a Fleet,
        defence: &'a Defence,
        feeders: &'a [Feeder],
        drill: &'a Drill,
        mut coming: Vec<(f64, usize)>,
    ) -> Self {
        coming.reverse();
        Self { fleet, defence, feeders, drill, coming, online: Vec::new(), back_min: Vec::new() }
    }

    fn play(mut self, report: &mut Report) -> Result<(), IslandError> {
        let plan = &self.drill.restoration;
        let opportunities = ((plan.ends_min - plan.first_feeder_min) * 60.0 / plan.between_feeders_s).max(0.0) as u32;
        for opportunity in 0..=opportunities {
            let now_min = plan.first_feeder_min + f64::from(opportunity) * plan.between_feeders_s / 60.0;
            while let Some((_, unit)) = self.coming.pop_if(|(at_min, _)| *at_min <= now_min) {
                self.online.push(unit);
            }
            if self.back_min.len() == self.feeders.len() {
                break;
            }
            match self.pick_up(now_min)? {
                Some(pickup) => {
                    report.pickups.push(pickup);
                    self.back_min.push(now_min);
                }
                None => report.waited += 1,
            }
        }
        self.account(report);
        Ok(())
    }

    /// What all feeders that are back take, MW.
    fn load_mw(&self, now_min: f64) -> f64 {
        let cold = &self.drill.restoration.cold_load;
        let feeders = self.feeders.iter().zip(&self.back_min);
        let load = |(feeder, back): (&Feeder, &f64)| feeder.share * cold.factor(*back, now_min - back);
        feeders.map(load).sum::<f64>() * self.drill.load_mw
    }

    fn rated_mw(&self, unit: usize) -> f64 {
        let (group, _) = self.fleet.unit_groups().nth(unit).expect("units come from the fleet");
        self.fleet.groups()[group].rated_mw
    }

    /// Switches the next feeder on, if units bear it.
    fn pick_up(&self, now_min: f64) -> Result<Option<Pickup>, IslandError> {
        let plan = &self.drill.restoration;
        let feeder = &self.feeders[self.back_min.len()];
        let online_mw: f64 = self.online.iter().map(|unit| self.rated_mw(*unit)).sum();
        let before_mw = self.load_mw(now_min);
        let cold_mw = feeder.share * self.drill.load_mw * plan.cold_load.factor(now_min, 0.0);
        if before_mw + cold_mw > online_mw * (1.0 - plan.free_share) {
            return Ok(None);
        }
        let mut point = OperatingPoint::standing(self.fleet);
        for unit in &self.online {
            point.power_mw[*unit] = Some(before_mw * self.rated_mw(*unit) / online_mw);
        }
        let settings = Settings { record_ms: 0, ..Settings::default() };
        let mut event = FrequencyEvent::begin(self.fleet, &point, self.defence, settings)?;
        event.disturb(self.fleet, 0, Disturbance::LoadReturned { load_mw: cold_mw })?;
        event.run(PICKUP_MS);
        let has_shed = event.happenings().iter().any(|entry| matches!(entry.what, What::Shed { .. }));
        let nadir_hz = event.summary().nadir_hz;
        let Some(settled_hz) = event.frequency_hz().filter(|_| !has_shed && nadir_hz >= plan.least_hz) else {
            return Ok(None);
        };
        let (all, back) = (self.customers(self.feeders), self.customers(&self.feeders[..=self.back_min.len()]));
        Ok(Some(Pickup {
            at_min: now_min,
            feeder: feeder.name.clone(),
            cold_mw,
            load_mw: before_mw + cold_mw,
            online_mw,
            nadir_hz,
            settled_hz,
            customers_share: if all > 0.0 { back / all } else { 0.0 },
        }))
    }

    fn customers(&self, of: &[Feeder]) -> f64 {
        of.iter().map(|feeder| feeder.customers).sum()
    }

    fn account(&self, report: &mut Report) {
        for (place, feeder) in self.feeders.iter().enumerate() {
            let back = self.back_min.get(place);
            let dark_min = back.copied().unwrap_or(self.drill.restoration.ends_min);
            report.feeders.push(FeederBack {
                feeder: feeder.name.clone(),
                commune: feeder.commune.clone(),
                customers: feeder.customers,
                dark_min,
                is_back: back.is_some(),
                unserved_mwh: feeder.share * self.drill.load_mw * dark_min / MIN_PER_H,
            });
        }
        report.unserved_mwh += report.feeders.iter().map(|feeder| feeder.unserved_mwh).sum::<f64>();
        let minutes: f64 = report.feeders.iter().map(|feeder| feeder.dark_min * feeder.customers).sum();
        let customers = self.customers(self.feeders);
        report.minutes_per_customer = if customers > 0.0 { minutes / customers } else { 0.0 };
        if self.back_min.len() == self.feeders.len() {
            report.restored_min = self.back_min.last().copied();
        }
    }
}
