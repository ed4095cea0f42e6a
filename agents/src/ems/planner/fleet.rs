//! Batteries as one store: what they can do together, and who of them does it.
//!
//! All of them are equally good in a plan's eyes, and behind one connection it does not matter who moves a kWh. What matters is how
//! many do: a converter wastes most at low load and does not start for next to nothing. So the plan is one for all, and the power of
//! each slot goes to as few of them as do it well, the emptiest first when it charges and the fullest first when it discharges.

use super::problem::Flexible;
use super::{Planned, ScheduleTerms};
use crate::draw::lot;
use crate::ems::GOOD_LOAD;
use crate::id::ParticipantId;
use crate::mail::StorageStatus;
use crate::schedule::{DevicePlan, Storage};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What the store of all batteries is called in problems.
const NAME: &str = "batteries";

/// Energy that did not move, kWh.
const STILL_KWH: f64 = 1e-6;

/// The own supply of a battery is no more than this share of its rating.
const MOST_OWN: f64 = 0.1;

/// Batteries in the eyes of a plan.
#[derive(Clone, Copy)]
pub(super) struct Fleet<'a> {
    pub(super) batteries: &'a [Flexible],
    pub(super) slot: Span,
    pub(super) efficiency: f64,
}

/// A battery as its part of a power is chosen.
struct Candidate {
    place: usize,
    /// In whole percent: what is equally full for all purposes is a matter of luck, not of the last digit.
    level: f64,
    lot: u64,
    rated_kw: f64,
    most_kw: f64,
}

impl Fleet<'_> {
    /// All together.
    fn as_one(&self) -> Option<Flexible> {
        let first = *self.batteries.first()?;
        let sum = |of: fn(&Flexible) -> f64| self.batteries.iter().map(of).sum::<f64>();
        let storage = StorageStatus {
            energy_kwh: sum(|of| of.storage.energy_kwh),
            min_kwh: sum(|of| of.storage.min_kwh.min(of.storage.energy_kwh)),
            max_kwh: sum(|of| of.storage.max_kwh.max(of.storage.energy_kwh)),
            charge_limit_kw: sum(|of| of.storage.charge_limit_kw.min(of.rated_kw)),
            discharge_limit_kw: sum(|of| of.storage.discharge_limit_kw.min(of.rated_kw)),
            power_kw: sum(|of| of.storage.power_kw),
        };
        Some(Flexible { storage, rated_kw: sum(|of| of.rated_kw), window: None, ..first })
    }

    /// The store of all over so many slots from `start`; none without batteries.
    pub(super) fn storage(
        &self,
        (start, steps): (Time, usize),
        end_value_eur_per_kwh: f64,
        terms: &ScheduleTerms,
    ) -> Option<Storage> {
        let all = self.as_one()?;
        let storage = all.storage((start, self.slot, steps), end_value_eur_per_kwh, terms);
        Some(Storage { name: NAME.to_owned(), ..storage })
    }

    /// What each does of the plan of all; `own_kw` is what each draws for itself, which is on top.
    pub(super) fn share_out(
        &self,
        start: Time,
        plan: &DevicePlan,
        own_kw: &BTreeMap<ParticipantId, f64>,
    ) -> Vec<(ParticipantId, Planned)> {
        let hours = self.slot.hours();
        let mut energies_kwh: Vec<f64> = self.batteries.iter().map(|battery| battery.storage.energy_kwh).collect();
        let steps = plan.power_kw.len();
        let nothing = || Planned { power_kw: Vec::with_capacity(steps), soc_kwh: Vec::with_capacity(steps) };
        let mut planned: Vec<Planned> = self.batteries.iter().map(|_| nothing()).collect();
        for (step, power_kw) in plan.power_kw.iter().enumerate() {
            let at = start + self.slot * step as i64;
            let parts_kw = self.split((at, step == 0), *power_kw, 0.0, &energies_kwh);
            for (place, (planned, part_kw)) in planned.iter_mut().zip(parts_kw).enumerate() {
                let efficiency = if part_kw > 0.0 { self.efficiency } else { 1.0 / self.efficiency };
                energies_kwh[place] += part_kw * efficiency * hours;
                let own_kw = own_kw.get(&self.batteries[place].id).copied().unwrap_or_default();
                planned.power_kw.push(part_kw + own_kw);
                planned.soc_kwh.push(energies_kwh[place]);
            }
        }
        self.batteries.iter().map(|battery| battery.id).zip(planned).collect()
    }

    /// The shares of those who follow the meter in the slot that begins at `start`, where `power_kw` is expected of all and up to
    /// `reach_kw` may be. Nobody follows where nobody can.
    pub(super) fn followers(&self, start: Time, power_kw: f64, reach_kw: f64) -> BTreeMap<ParticipantId, f64> {
        let energies_kwh: Vec<f64> = self.batteries.iter().map(|battery| battery.storage.energy_kwh).collect();
        // Who is to do next to nothing is there for what may come.
        let sign = if power_kw.is_sign_negative() { -1.0 } else { 1.0 };
        let parts_kw = self.split((start, true), sign * power_kw.abs().max(1e-6), reach_kw, &energies_kwh);
        let sum_kw: f64 = parts_kw.iter().sum();
        let parts = self.batteries.iter().zip(parts_kw).filter(|(_, part_kw)| *part_kw != 0.0);
        parts.map(|(battery, part_kw)| (battery.id, (part_kw / sum_kw).min(1.0))).collect()
    }

    /// Each battery's part of a power, kW, in proportion to what each of those who run can do: so many that they run at a good load,
    /// and that their ratings come to `reach_kw` together, if those of all do.
    fn split(&self, (start, is_now): (Time, bool), power_kw: f64, reach_kw: f64, energies_kwh: &[f64]) -> Vec<f64> {
        let mut parts_kw = vec![0.0; self.batteries.len()];
        if power_kw == 0.0 {
            return parts_kw;
        }
        let team = self.team((start, is_now), power_kw, energies_kwh);
        let (size_kw, mut rated_kw, mut possible_kw, mut count) = (power_kw.abs(), 0.0, 0.0, 0);
        for candidate in &team {
            if count > 0 && rated_kw * GOOD_LOAD >= size_kw && rated_kw >= reach_kw && possible_kw >= size_kw {
                break;
            }
            rated_kw += candidate.rated_kw;
            possible_kw += candidate.most_kw;
            count += 1;
        }
        for candidate in &team[..count] {
            let share = candidate.most_kw / possible_kw;
            parts_kw[candidate.place] = power_kw.signum() * size_kw.min(possible_kw) * share;
        }
        parts_kw
    }

    /// Those who can do anything in the direction of a power, the best first.
    fn team(&self, (start, is_now): (Time, bool), power_kw: f64, energies_kwh: &[f64]) -> Vec<Candidate> {
        let hours = self.slot.hours();
        let candidate = |(place, (battery, energy_kwh)): (usize, (&Flexible, &f64))| {
            let StorageStatus { min_kwh, max_kwh, charge_limit_kw, discharge_limit_kw, .. } = battery.storage;
            let (limit_kw, possible_kw) = if power_kw > 0.0 {
                (charge_limit_kw, (max_kwh - energy_kwh) / self.efficiency / hours)
            } else {
                (discharge_limit_kw, (energy_kwh - min_kwh) * self.efficiency / hours)
            };
            let limit_kw = if is_now { limit_kw.min(battery.rated_kw) } else { battery.rated_kw };
            let level = (100.0 * (energy_kwh - min_kwh) / (max_kwh - min_kwh)).round();
            Candidate {
                place,
                level: if power_kw > 0.0 { level } else { -level },
                lot: lot(battery.ticket, start.0),
                rated_kw: battery.rated_kw,
                most_kw: possible_kw.clamp(0.0, limit_kw.max(0.0)),
            }
        };
        let all = self.batteries.iter().zip(energies_kwh).enumerate().map(candidate);
        let mut team: Vec<Candidate> = all.filter(|candidate| candidate.most_kw > 0.0).collect();
        team.sort_by(Candidate::order);
        team
    }
}

impl Candidate {
    fn order(&self, other: &Self) -> Ordering {
        self.level.total_cmp(&other.level).then(self.lot.cmp(&other.lot)).then(self.place.cmp(&other.place))
    }
}

/// What batteries draw for themselves: electronics and cooling. Learned from slots in which the energy they hold stood still.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OwnSupply {
    held_kwh: BTreeMap<ParticipantId, f64>,
    pub(super) power_kw: BTreeMap<ParticipantId, f64>,
}

impl OwnSupply {
    /// Looks at how the batteries stand at the end of a slot.
    pub(super) fn note(&mut self, batteries: &[Flexible]) {
        for Flexible { id, storage, rated_kw, .. } in batteries {
            let before = self.held_kwh.insert(*id, storage.energy_kwh);
            let stood_still = before.is_some_and(|held_kwh| (held_kwh - storage.energy_kwh).abs() < STILL_KWH);
            if stood_still && (0.0..=MOST_OWN * rated_kw).contains(&storage.power_kw) {
                self.power_kw.insert(*id, storage.power_kw);
            }
        }
    }

    /// Of all together, kW.
    pub(super) fn all_kw(&self, batteries: &[Flexible]) -> f64 {
        batteries.iter().filter_map(|battery| self.power_kw.get(&battery.id)).sum()
    }
}
