//! What the supply of the island adds up to.

use agents::reading::{Source, SupplyReading};

/// What the figures of the supply are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct SupplyTotals {
    /// By source, with the sign of its power.
    energy_kwh: [f64; Source::ALL.len()],
    pub(crate) curtailed_kwh: f64,
    pub(crate) fuel_kg: f64,
    pub(crate) co2_kg: f64,
    engine_h: f64,
    hours: f64,
}

impl SupplyTotals {
    pub(super) fn add(&mut self, reading: &SupplyReading) {
        let hours = reading.slot.length.hours();
        self.energy_kwh[reading.source as usize] += reading.power_kw * hours;
        self.curtailed_kwh += reading.curtailed_kw * hours;
        self.fuel_kg += reading.fuel_kg.unwrap_or(0.0);
        self.co2_kg += reading.co2_kg.unwrap_or(0.0);
        if reading.source == Source::Engines {
            self.engine_h += reading.units_online.unwrap_or(0.0) * hours;
            self.hours += hours;
        }
    }

    /// What a source gave, negative; positive what is left over.
    pub(super) fn energy_kwh(&self, source: Source) -> f64 {
        self.energy_kwh[source as usize]
    }

    /// The part of all that was produced that came from biomass, wind and PV.
    pub(super) fn renewable_share(&self) -> Option<f64> {
        let sum = |sources: &[Source]| sources.iter().map(|source| -self.energy_kwh(*source)).sum::<f64>();
        let renewable_kwh = sum(&[Source::Biomass, Source::Wind, Source::Pv]);
        let produced_kwh = renewable_kwh + sum(&[Source::Engines, Source::Turbines]);
        (produced_kwh > 0.0).then(|| renewable_kwh / produced_kwh)
    }

    pub(super) fn engines_online(&self) -> Option<f64> {
        (self.hours > 0.0).then(|| self.engine_h / self.hours)
    }
}
