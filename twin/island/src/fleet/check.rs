//! What a fleet must be before anything reckons with it. Messages name the unit, the key, the value and the remedy.

use super::{Fuel, Governor, Group, Machine, Operation, Technology};
use crate::IslandError;
use std::collections::BTreeSet;

/// More units than this are a mistake of units or of thousands.
const MOST_UNITS: u32 = 10_000;

pub(super) fn check(groups: &[Group]) -> Result<(), IslandError> {
    let mut names = BTreeSet::new();
    for group in groups {
        let mut fresh = names.insert(group.name.clone());
        if group.count > 1 {
            fresh &= (0..group.count.min(MOST_UNITS)).all(|unit| names.insert(group.unit_name(unit)));
        }
        if !fresh || group.name.is_empty() {
            return Err(IslandError::Twice { unit: group.name.clone() });
        }
        Checked(group).all()?;
    }
    Ok(())
}

struct Checked<'a>(&'a Group);

impl Checked<'_> {
    fn refuse(&self, key: &'static str, value: impl ToString, remedy: impl Into<String>) -> IslandError {
        IslandError::Unit { unit: self.0.name.clone(), key, value: value.to_string(), remedy: remedy.into() }
    }

    fn within(&self, key: &'static str, value: f64, low: f64, high: f64, unit: &str) -> Result<(), IslandError> {
        if (low..=high).contains(&value) {
            return Ok(());
        }
        Err(self.refuse(key, value, format!("give {low} to {high} {unit}")))
    }

    fn table(&self, problem: &str, remedy: &str) -> IslandError {
        IslandError::Table {
            unit: self.0.name.clone(),
            technology: self.0.technology.name(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    fn all(&self) -> Result<(), IslandError> {
        let group = self.0;
        if !(1..=MOST_UNITS).contains(&group.count) {
            return Err(self.refuse("count", group.count, format!("give 1 to {MOST_UNITS} units")));
        }
        self.within("rated_mw", group.rated_mw, 0.001, 2000.0, "MW; a unit is not a whole island")?;
        self.tables()?;
        if let Some(operation) = &group.operation {
            self.operation(operation)?;
        }
        if let Some(fuel) = &group.fuel {
            self.fuel(fuel)?;
        }
        if let Some(machine) = &group.machine {
            self.machine(machine)?;
        }
        if let Some(governor) = &group.governor {
            self.governor(governor)?;
        }
        Ok(())
    }

    /// That it has what its technology needs and nothing that it cannot have.
    fn tables(&self) -> Result<(), IslandError> {
        let group = self.0;
        if group.technology.is_dispatchable() != (group.operation.is_some() && group.fuel.is_some()) {
            return Err(self.table(
                "dispatchable units, and no others, have the tables `operation` and `fuel`",
                "add both, or take both out",
            ));
        }
        if !group.technology.is_dispatchable() && (group.operation.is_some() || group.fuel.is_some()) {
            return Err(self.table("it is not dispatched and burns nothing", "take `operation` and `fuel` out"));
        }
        if group.technology.is_variable() && (group.machine.is_some() || group.governor.is_some()) {
            return Err(self.table("wind and PV stand behind inverters", "take `machine` and `governor` out"));
        }
        if group.firmed && !group.technology.is_variable() {
            return Err(self.table("only wind and PV are firmed by storage", "take `firmed` out"));
        }
        let is_battery = group.technology == Technology::Battery;
        if is_battery != group.energy_mwh.is_some() || (is_battery && group.governor.is_none()) {
            return Err(self.table(
                "a battery, and nothing else, has `energy_mwh`, and it has a `governor`",
                "add what is missing, or take `energy_mwh` out",
            ));
        }
        if is_battery && group.machine.is_some() {
            return Err(self.table("a battery stands behind an inverter", "take `machine` out"));
        }
        group.energy_mwh.map_or(Ok(()), |energy| self.within("energy_mwh", energy, 0.0, 1e5, "MWh"))
    }

    fn operation(&self, operation: &Operation) -> Result<(), IslandError> {
        const DAY_MIN: f64 = 1440.0;
        self.within("minimum_mw", operation.minimum_mw, 0.0, self.0.rated_mw, "MW, the rating at most")?;
        self.within("ramp_mw_per_min", operation.ramp_mw_per_min, 1e-6, 1e6, "MW/min")?;
        self.within("start_min", operation.start_min, 0.0, 3.0 * DAY_MIN, "minutes")?;
        self.within("start_cost_eur", operation.start_cost_eur, 0.0, 1e7, "EUR")?;
        self.within("minimum_up_min", operation.minimum_up_min, 0.0, 7.0 * DAY_MIN, "minutes")?;
        self.within("minimum_down_min", operation.minimum_down_min, 0.0, 7.0 * DAY_MIN, "minutes")?;
        if operation.must_run > self.0.count {
            let remedy = format!("there are only {}: lower it", self.0.count);
            return Err(self.refuse("must_run", operation.must_run, remedy));
        }
        Ok(())
    }

    fn fuel(&self, fuel: &Fuel) -> Result<(), IslandError> {
        self.within("price_eur_per_mwh", fuel.price_eur_per_mwh, 0.0, 1e4, "EUR per MWh of fuel")?;
        self.within("co2_kg_per_mwh", fuel.co2_kg_per_mwh, 0.0, 500.0, "kg per MWh of fuel")?;
        self.within("variable_cost_eur_per_mwh", fuel.variable_cost_eur_per_mwh, 0.0, 1e4, "EUR/MWh")?;
        let Some([last_load, _]) = fuel.efficiency.last() else {
            return Err(self.refuse("efficiency", "empty", "give at least [[1.0, EFFICIENCY]]"));
        };
        if *last_load != 1.0 {
            return Err(self.refuse("efficiency", format!("known up to load {last_load}"), "end with the load 1.0"));
        }
        for pair in fuel.efficiency.windows(2) {
            if pair[0][0] >= pair[1][0] {
                return Err(self.refuse("efficiency", format!("{pair:?}"), "give points by rising load"));
            }
        }
        for [load, efficiency] in &fuel.efficiency {
            self.within("efficiency", *efficiency, 0.01, 1.0, "as a share")?;
            self.within("efficiency", *load, 0.01, 1.0, "as a share of the rating")?;
        }
        let slopes = fuel.slopes();
        // Within rounding of the efficiencies as written.
        if slopes.windows(2).any(|pair| pair[1] < pair[0] - 1e-9) {
            let value = format!("{:?}, marginal fuel {slopes:.4?}", fuel.efficiency);
            let remedy = "the marginal fuel must not fall with load: lower the efficiency of the points at high load";
            return Err(self.refuse("efficiency", value, remedy));
        }
        if slopes[0] <= 0.0 || fuel.no_load() < -1e-9 {
            let value = format!("{:?}", fuel.efficiency);
            let remedy =
                "fuel must rise with load from zero or more at no load: the efficiency rises too fast, or falls";
            return Err(self.refuse("efficiency", value, remedy));
        }
        Ok(())
    }

    fn machine(&self, machine: &Machine) -> Result<(), IslandError> {
        self.within("inertia_s", machine.inertia_s, 0.1, 20.0, "s")?;
        self.within("rated_mva", machine.rated_mva, self.0.rated_mw, 3.0 * self.0.rated_mw, "MVA, from the MW rating")
    }

    fn governor(&self, governor: &Governor) -> Result<(), IslandError> {
        self.within("droop", governor.droop, 0.0005, 0.2, "as a share: 0.04 is 4 %")?;
        self.within("lag_s", governor.lag_s, 0.05, 60.0, "s; the step of events needs this much")?;
        self.within("ramp_mw_per_s", governor.ramp_mw_per_s, 1e-6, 1e6, "MW/s")?;
        self.within("reserve_mw", governor.reserve_mw, 0.0, self.0.rated_mw, "MW, the rating at most")?;
        self.within("deadband_hz", governor.deadband_hz, 0.0, 2.0, "Hz")
    }
}
