//! What a local day cost, against what it would have cost had everything been known.

use super::ScheduleTerms;
use super::fleet::Fleet;
use super::problem::{Flexible, of};
use crate::id::ParticipantId;
use crate::record::PlanDayRow;
use crate::schedule::{SocLimit, Status, Storage, schedule};
use crate::time::{Now, Span, Time};
use serde::{Deserialize, Serialize};

/// A local day under way: what was metered, and at which prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Day {
    number: i64,
    start: Time,
    slot: Span,
    /// The batteries and what they held at the beginning, kWh.
    batteries: Vec<(ParticipantId, f64)>,
    net_kw: Vec<f64>,
    /// What all batteries took beyond what they draw for themselves, and what went through their terminals either way, kW.
    stored_kw: Vec<f64>,
    through_kw: f64,
    /// Prices of import and export, EUR/kWh.
    prices: Vec<(f64, f64)>,
}

impl Day {
    pub(super) fn new(now: Now, slot: Span, batteries: &[Flexible]) -> Self {
        Self {
            number: now.day(),
            start: now.time.floor(slot),
            slot,
            batteries: batteries.iter().map(|battery| (battery.id, battery.storage.energy_kwh)).collect(),
            net_kw: Vec::new(),
            stored_kw: Vec::new(),
            through_kw: 0.0,
            prices: Vec::new(),
        }
    }

    pub(super) fn number(&self) -> i64 {
        self.number
    }

    /// What the connection took in the slot that is over, kW.
    pub(super) fn observe(&mut self, net_kw: f64) {
        self.net_kw.push(net_kw);
    }

    /// What each battery took in the slot that is over, without what it draws for itself, kW.
    pub(super) fn note(&mut self, powers_kw: &[f64]) {
        self.stored_kw.push(powers_kw.iter().sum());
        self.through_kw += powers_kw.iter().map(|power_kw| power_kw.abs()).sum::<f64>();
    }

    /// The prices of the slot that begins.
    pub(super) fn note_prices(&mut self, prices: (f64, f64)) {
        self.prices.push(prices);
    }

    /// The day that is over, and the best its batteries could have done between what they held when it began and what they
    /// hold now: with the same vehicles, the same sun and loads, and the planner's own idea of their losses. None where
    /// slots or batteries are missing.
    pub(super) fn close(&self, batteries: &[Flexible], terms: &ScheduleTerms) -> Option<PlanDayRow> {
        let steps = self.net_kw.len();
        let is_whole = steps > 0 && self.stored_kw.len() == steps && self.prices.len() == steps;
        let are_same = self.batteries.iter().map(|(id, _)| id).eq(batteries.iter().map(|battery| &battery.id));
        if !is_whole || !are_same || batteries.is_empty() {
            return None;
        }
        let rest_kw: Vec<f64> = self.net_kw.iter().zip(&self.stored_kw).map(|(net, stored)| net - stored).collect();
        // A battery that was nearly full or empty when the day ended was not so when it began.
        let rated: Vec<Flexible> = batteries.iter().copied().map(Flexible::rated).collect();
        let fleet = Fleet { batteries: &rated, slot: self.slot, efficiency: terms.efficiency };
        let end = self.start + self.slot * steps as i64;
        let held_kwh: f64 = self.batteries.iter().map(|(_, held_kwh)| held_kwh).sum();
        let holds_kwh = batteries.iter().map(|battery| battery.storage.energy_kwh).sum();
        let storage = fleet.storage((self.start, steps), 0.0, terms).map(|storage| Storage {
            soc_start_kwh: held_kwh,
            minima: vec![SocLimit { from: end, until: end, soc_kwh: holds_kwh }],
            ..storage
        });
        let problem = of((self.start, self.slot), storage.into_iter(), &rest_kw, &self.prices, terms);
        let best = schedule(&problem).ok().filter(|best| best.status != Status::Infeasible)?;
        let hours = self.slot.hours();
        let energy_eur: f64 = self
            .net_kw
            .iter()
            .zip(&self.prices)
            .map(|(net_kw, (import, export))| hours * net_kw * if *net_kw > 0.0 { import } else { export })
            .sum();
        let cost_eur = energy_eur + hours * self.through_kw * terms.wear_eur_per_mwh / 1000.0;
        let peak_kw = self.net_kw.iter().copied().fold(0.0, f64::max);
        Some(PlanDayRow {
            time: end,
            start: self.start,
            cost_eur: cost_eur + terms.peak_eur_per_kw * peak_kw,
            best_eur: best.cost.total_eur(),
        })
    }
}

impl Flexible {
    /// The same with all of its rated power.
    pub(super) fn rated(self) -> Self {
        let mut rated = self;
        (rated.storage.charge_limit_kw, rated.storage.discharge_limit_kw) = (self.rated_kw, self.rated_kw);
        rated
    }
}
