//! What a step asks for, and what it comes to.

use serde::{Deserialize, Serialize};

/// What a step asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request<'a> {
    /// What all customers take, losses included, MW.
    pub demand_mw: f64,
    /// What each group of wind and PV could give, MW, in the order of [`crate::Fleet::variable`].
    pub available_mw: &'a [f64],
    /// What is expected to come; without it, the present goes on.
    pub outlook: Option<Outlook>,
    /// Length of the step, s.
    pub dt_s: f64,
}

/// The highest demand less wind and PV that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Within the time that units take to start, MW.
    pub soon_mw: f64,
    /// Within the time for which stopping a unit would pay, MW.
    pub later_mw: f64,
}

/// What a step came to. Powers are means over the step; `Σ power + Σ variable = demand − unserved + surplus`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Power of each unit that is dispatched, by its number in the fleet, MW; 0 for all others.
    pub power_mw: Vec<f64>,
    /// Power of each group of wind and PV, MW, in the order of [`crate::Fleet::variable`].
    pub variable_mw: Vec<f64>,
    /// What customers asked for, MW.
    pub demand_mw: f64,
    /// What they did not get, MW.
    pub unserved_mw: f64,
    /// Power that running units could not do without giving, MW: frequency would rise.
    pub surplus_mw: f64,
    /// Wind and PV disconnected by the limit on their share, MW.
    pub limited_mw: f64,
    /// Wind and PV disconnected because running units were at their least power, MW.
    pub curtailed_mw: f64,
    /// Primary reserve held by units and batteries, MW.
    pub reserve_mw: f64,
    /// Primary reserve wanted, MW.
    pub reserve_required_mw: f64,
    /// Cost of one more megawatt for an hour, EUR/MWh: 0 where wind or PV are curtailed, that of unserved demand where
    /// no unit has room.
    pub price_eur_per_mwh: f64,
    /// Fuel, wear and starts in the step, EUR.
    pub cost_eur: f64,
    /// CO2 of the fuel burnt in the step, kg.
    pub co2_kg: f64,
    /// Units on the grid at the end of the step.
    pub online: u32,
    /// Units that were ordered to start in the step.
    pub starts: u32,
    /// Length, s.
    pub dt_s: f64,
}

impl Step {
    /// Mean of what is given, MW.
    pub fn given_mw(&self) -> f64 {
        self.power_mw.iter().sum::<f64>() + self.variable_mw.iter().sum::<f64>()
    }

    /// Energy given, MWh.
    pub fn energy_mwh(&self) -> f64 {
        self.given_mw() * self.dt_s / 3600.0
    }

    /// Mean cost of a megawatt-hour, EUR; 0 where nothing is given.
    pub fn mean_cost_eur_per_mwh(&self) -> f64 {
        per(self.cost_eur, self.energy_mwh())
    }

    /// CO2 per kilowatt-hour, g; 0 where nothing is given.
    pub fn co2_g_per_kwh(&self) -> f64 {
        per(self.co2_kg, self.energy_mwh())
    }

    /// Makes it a step in which nothing has happened yet.
    pub(super) fn clear(&mut self, units: usize, variable: usize) {
        let (mut power_mw, mut variable_mw) =
            (std::mem::take(&mut self.power_mw), std::mem::take(&mut self.variable_mw));
        power_mw.clear();
        power_mw.resize(units, 0.0);
        variable_mw.clear();
        variable_mw.resize(variable, 0.0);
        *self = Self { power_mw, variable_mw, ..Self::default() };
    }
}

fn per(amount: f64, energy_mwh: f64) -> f64 {
    if energy_mwh > 0.0 { amount / energy_mwh } else { 0.0 }
}
