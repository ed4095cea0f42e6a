//! One step of the dispatcher.

use super::commit::{self, Counts, Need};
use super::economic::Online;
use super::plant::{Capability, NEAR_MW, Plant, Plants};
use super::request::{Request, Step};
use super::rules::Rules;
use super::state::{State, Unit};
use crate::{Fleet, IslandError};

/// The longest step, s: a week.
const LONGEST_S: f64 = 7.0 * 86_400.0;

/// Dispatches a fleet by rules. What it remembers is in [`State`]; it keeps buffers only.
#[derive(Clone, Debug)]
pub struct Dispatcher {
    fleet: Fleet,
    rules: Rules,
    plants: Plants,
    /// Of each group of wind and PV, whether the limit on their share passes it by.
    firmed: Vec<bool>,
    online: Vec<Online>,
    /// Numbers in the fleet of those in `online`.
    unit: Vec<usize>,
    power_mw: Vec<f64>,
    admitted_mw: Vec<f64>,
    counts: Counts,
}

/// A part of a step, as long as it takes to decide anew.
struct Part {
    dt_s: f64,
    /// Of the step.
    share: f64,
}

impl Dispatcher {
    /// A dispatcher of this fleet under these rules.
    ///
    /// # Errors
    /// A rule outside its range.
    pub fn new(fleet: Fleet, rules: Rules) -> Result<Self, IslandError> {
        rules.check()?;
        let plants = Plants::of(&fleet);
        let firmed = fleet.variable().map(|(_, group)| group.firmed).collect();
        Ok(Self {
            fleet,
            rules,
            plants,
            firmed,
            online: Vec::new(),
            unit: Vec::new(),
            power_mw: Vec::new(),
            admitted_mw: Vec::new(),
            counts: Counts::default(),
        })
    }

    /// The fleet.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// A state in which the units that the list wants for this demand run, at their cheapest.
    ///
    /// # Errors
    /// A request that does not fit the fleet.
    pub fn begin(&mut self, request: &Request<'_>) -> Result<State, IslandError> {
        self.check(request)?;
        let mut state = State::standing(&self.fleet);
        let residual_mw = request.demand_mw - self.admit(request);
        let usable: Vec<u32> = self.plants.all.iter().map(|plant| plant.count as u32).collect();
        let mut counts = Vec::new();
        let need = self.need(request, residual_mw);
        commit::wanted(&self.plants, &self.rules, need.start_mw, &usable, &mut counts);
        for (plant, count) in self.plants.all.iter().zip(counts) {
            for unit in plant.units().take(count as usize) {
                let power_mw = plant.minimum_mw;
                state.units[unit] = Unit::On { for_s: plant.up_s, power_mw, leaving: false };
            }
        }
        // Whoever begins may have been at any power before.
        self.windows(&state, f64::INFINITY);
        self.move_units(residual_mw, &mut state);
        Ok(state)
    }

    /// Goes on by a step: who runs, who gives how much, and what it comes to, written to `out`.
    ///
    /// # Errors
    /// A request that does not fit the fleet, or a state of another one; nothing has changed then.
    pub fn step(&mut self, state: &mut State, request: &Request<'_>, out: &mut Step) -> Result<(), IslandError> {
        self.check(request)?;
        state.check(&self.fleet)?;
        out.clear(self.fleet.units(), self.firmed.len());
        out.demand_mw = request.demand_mw;
        out.dt_s = request.dt_s;
        let parts = libm::ceil(request.dt_s / self.rules.decision_s - NEAR_MW).max(1.0);
        let part = Part { dt_s: request.dt_s / parts, share: 1.0 / parts };
        for _ in 0..parts as u32 {
            self.part(state, request, &part, out);
        }
        out.online = state.units.iter().filter(|unit| unit.is_on()).count() as u32;
        Ok(())
    }

    fn check(&self, request: &Request<'_>) -> Result<(), IslandError> {
        let refuse = |problem: String, remedy: &str| Err(IslandError::Request { problem, remedy: remedy.into() });
        if !(0.0..1e6).contains(&request.demand_mw) {
            return refuse(format!("the demand is {} MW", request.demand_mw), "give 0 to a million MW");
        }
        if !(request.dt_s > 0.0 && request.dt_s <= LONGEST_S) {
            return refuse(format!("it takes {} s", request.dt_s), "give more than 0 and a week at most");
        }
        if request.available_mw.len() != self.firmed.len() {
            let problem = format!("it says what {} groups could give", request.available_mw.len());
            return refuse(problem, &format!("the fleet has {} groups of wind and PV", self.firmed.len()));
        }
        if let Some(bad) = request.available_mw.iter().find(|mw| !(0.0..1e6).contains(*mw)) {
            return refuse(format!("wind or PV could give {bad} MW"), "give 0 to a million MW");
        }
        match request.outlook {
            Some(outlook) if !(outlook.soon_mw.is_finite() && outlook.later_mw.is_finite()) => {
                refuse(format!("the outlook is {outlook:?}"), "give finite MW, or no outlook")
            }
            _ => Ok(()),
        }
    }

    /// Admits wind and PV up to the limit on their share; returns their sum, MW.
    fn admit(&mut self, request: &Request<'_>) -> f64 {
        let available = || request.available_mw.iter().zip(&self.firmed);
        let limited_mw: f64 = available().filter(|(_, firmed)| !**firmed).map(|(mw, _)| mw).sum();
        let limit_mw = self.rules.intermittent_share * request.demand_mw;
        let kept = if limited_mw > limit_mw { limit_mw / limited_mw } else { 1.0 };
        self.admitted_mw.clear();
        self.admitted_mw.extend(available().map(|(mw, firmed)| if *firmed { *mw } else { mw * kept }));
        self.admitted_mw.iter().sum()
    }

    fn need(&self, request: &Request<'_>, residual_mw: f64) -> Need {
        let variable_mw = request.demand_mw - residual_mw;
        let margin_mw =
            self.rules.demand_margin * request.demand_mw + self.rules.intermittent_margin * variable_mw.max(0.0);
        let (soon_mw, later_mw) = request.outlook.map_or((residual_mw, residual_mw), |o| (o.soon_mw, o.later_mw));
        let start_mw = residual_mw.max(soon_mw) + margin_mw;
        Need { now_mw: residual_mw, start_mw, stop_mw: start_mw.max(later_mw + margin_mw) }
    }

    fn part(&mut self, state: &mut State, request: &Request<'_>, part: &Part, out: &mut Step) {
        come_and_go(&self.plants.all, state, part.dt_s);
        let available_mw: f64 = request.available_mw.iter().sum();
        let mut variable_mw = self.admit(request);
        out.limited_mw += part.share * (available_mw - variable_mw);
        self.decide(state, request, variable_mw, part, out);

        let least_mw = self.windows(state, part.dt_s);
        let excess_mw = (least_mw - (request.demand_mw - variable_mw)).clamp(0.0, variable_mw);
        if excess_mw > 0.0 {
            let kept = 1.0 - excess_mw / variable_mw;
            self.admitted_mw.iter_mut().for_each(|mw| *mw *= kept);
            out.curtailed_mw += part.share * excess_mw;
            variable_mw -= excess_mw;
        }
        let dispatched = self.move_units(request.demand_mw - variable_mw, state);
        let is_free = excess_mw > 0.0 || dispatched.excess_mw > 0.0;
        let price = dispatched.price_eur_per_mwh.unwrap_or(self.rules.unserved_eur_per_mwh);
        out.price_eur_per_mwh += part.share * if is_free { 0.0 } else { price };
        out.unserved_mw += part.share * dispatched.short_mw;
        out.surplus_mw += part.share * dispatched.excess_mw;
        out.reserve_mw += part.share * (dispatched.reserve_mw + self.plants.battery_mw);
        out.reserve_required_mw += part.share * self.required_mw();
        self.account(part, out);
        pass_time(state, part.dt_s);
    }

    fn decide(&mut self, state: &mut State, request: &Request<'_>, variable_mw: f64, part: &Part, out: &mut Step) {
        let need = self.need(request, request.demand_mw - variable_mw);
        let online_mw: f64 = self.plants.all.iter().map(|plant| online(plant, state) * plant.rated_mw).sum();
        if state.decision_in_s <= 0.5 * part.dt_s || online_mw < need.now_mw {
            let (starts, cost_eur) = commit::decide(&self.plants, &self.rules, need, state, &mut self.counts);
            out.starts += starts;
            out.cost_eur += cost_eur;
            come_and_go(&self.plants.all, state, part.dt_s);
            state.decision_in_s = self.rules.decision_s;
        }
    }

    /// Lists running units with the powers they can reach; returns the sum of the least, MW.
    fn windows(&mut self, state: &State, dt_s: f64) -> f64 {
        self.online.clear();
        self.unit.clear();
        let mut least_mw = 0.0;
        for (kind, plant) in self.plants.all.iter().enumerate() {
            let reach_mw = plant.ramp_mw_per_s * dt_s;
            for unit in plant.units() {
                if let Unit::On { power_mw, leaving, .. } = state.units[unit] {
                    let lowest_mw = plant.minimum_mw.max(power_mw - reach_mw);
                    let highest_mw = plant.rated_mw.min(power_mw + reach_mw);
                    self.online.push(Online { kind, lowest_mw, highest_mw, leaving });
                    self.unit.push(unit);
                    least_mw += lowest_mw;
                }
            }
        }
        least_mw
    }

    /// Reserve that the running units and batteries ought to hold, MW.
    fn required_mw(&self) -> f64 {
        let mut sum = Capability::default();
        for unit in &self.online {
            sum.add(&self.plants.all[unit.kind], 1);
        }
        sum.required_mw(&self.rules)
    }

    fn move_units(&mut self, residual_mw: f64, state: &mut State) -> super::economic::Dispatched {
        let reserve_mw = (self.required_mw() - self.plants.battery_mw).max(0.0);
        let dispatched = self.plants.merit.dispatch(&self.online, residual_mw, reserve_mw, &mut self.power_mw);
        for (unit, power) in self.unit.iter().zip(&self.power_mw) {
            if let Unit::On { power_mw, .. } = &mut state.units[*unit] {
                *power_mw = *power;
            }
        }
        dispatched
    }

    fn account(&self, part: &Part, out: &mut Step) {
        let hours = part.dt_s / 3600.0;
        for ((unit, online), power_mw) in self.unit.iter().zip(&self.online).zip(&self.power_mw) {
            let (eur_per_h, kg_per_h) = self.plants.merit.kinds()[online.kind].curve.at(*power_mw);
            out.cost_eur += eur_per_h * hours;
            out.co2_kg += kg_per_h * hours;
            out.power_mw[*unit] += part.share * power_mw;
        }
        for (sum, admitted) in out.variable_mw.iter_mut().zip(&self.admitted_mw) {
            *sum += part.share * admitted;
        }
    }
}

fn online(plant: &Plant, state: &State) -> f64 {
    state.units[plant.units()].iter().filter(|unit| unit.is_on()).count() as f64
}

/// Units whose start ends in the first half of the time to come are on the grid, those that could come down to their
/// least power by its middle are off.
fn come_and_go(plants: &[Plant], state: &mut State, dt_s: f64) {
    for plant in plants {
        for unit in &mut state.units[plant.units()] {
            match unit {
                Unit::Starting { in_s } if *in_s <= 0.5 * dt_s => {
                    *unit = Unit::On { for_s: 0.0, power_mw: plant.minimum_mw, leaving: false };
                }
                Unit::On { power_mw, leaving: true, .. }
                    if *power_mw - plant.ramp_mw_per_s * 0.5 * dt_s <= plant.minimum_mw + NEAR_MW =>
                {
                    *unit = Unit::Off { for_s: 0.0 };
                }
                _ => {}
            }
        }
    }
}

fn pass_time(state: &mut State, dt_s: f64) {
    state.decision_in_s -= dt_s;
    for unit in &mut state.units {
        match unit {
            Unit::Off { for_s } | Unit::On { for_s, .. } => *for_s += dt_s,
            Unit::Starting { in_s } => *in_s -= dt_s,
            Unit::Failed | Unit::Undispatched => {}
        }
    }
}
