//! From what the energy manager knows of its devices to a problem of scheduling, and what of it would be news.

use super::{PlanPrices, ScheduleTerms};
use crate::id::ParticipantId;
use crate::mail::StorageStatus;
use crate::record::PlanReason;
use crate::schedule::{Device, Prices, Problem, Rules, Site, SocLimit, Storage};
use crate::series::Series;
use crate::time::{Calendar, Span, Time};
use market::dispatch::{Limits, Profile};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Days to go back for a price that was not published yet.
const PRICE_DAYS: i64 = 7;

/// Time kept in hand before a departure.
const IN_HAND: Span = Span::from_minutes(30);

/// A storage that can be scheduled, as it stands now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::ems) struct Flexible {
    pub(in crate::ems) id: ParticipantId,
    pub(in crate::ems) storage: StorageStatus,
    /// Rated power both ways; a vehicle's as its charge point allows it now.
    pub(in crate::ems) rated_kw: f64,
    /// Of a vehicle: until when it is here, and what for.
    pub(in crate::ems) window: Option<Window>,
    /// Of a battery: its ticket in the lottery among those that are equally full.
    pub(in crate::ems) ticket: u64,
}

/// The stay of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::ems) struct Window {
    pub(in crate::ems) departure: Time,
    pub(in crate::ems) target_kwh: f64,
    pub(in crate::ems) reserve_kwh: f64,
}

/// What a plan was made from, as far as it can be news when it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    devices: BTreeMap<ParticipantId, KnownDevice>,
    prices: Option<(Series, Series)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct KnownDevice {
    energy_kwh: f64,
    rated_kw: f64,
    window: Option<Window>,
}

impl Known {
    pub(super) fn new<'a>(
        devices: impl Iterator<Item = &'a Flexible>,
        (terms, prices): (&ScheduleTerms, &[(Series, Series)]),
    ) -> Self {
        let known = |device: &Flexible| {
            let Flexible { id, storage, rated_kw, window, .. } = *device;
            (id, KnownDevice { energy_kwh: storage.energy_kwh, rated_kw, window })
        };
        let prices = prices.last().filter(|_| terms.prices == PlanPrices::Dso).cloned();
        Self { devices: devices.map(known).collect(), prices }
    }

    /// What is new against what was known `then`; `expected` says what a device should hold by now.
    pub(super) fn news(
        &self,
        then: &Self,
        expected: impl Fn(ParticipantId) -> Option<f64>,
        tolerance_kwh: f64,
    ) -> Option<PlanReason> {
        if then.devices.keys().any(|device| !self.devices.contains_key(device)) {
            return Some(PlanReason::Departure);
        }
        let (mut held_kwh, mut planned_kwh) = (0.0, 0.0);
        for (device, known) in &self.devices {
            let Some(before) = then.devices.get(device) else { return Some(PlanReason::Arrival) };
            if known.window != before.window {
                return Some(PlanReason::Arrival);
            }
            if known.rated_kw != before.rated_kw {
                return Some(PlanReason::Limit);
            }
            let Some(expected_kwh) = expected(*device) else { continue };
            if known.window.is_none() {
                (held_kwh, planned_kwh) = (held_kwh + known.energy_kwh, planned_kwh + expected_kwh);
            } else if (expected_kwh - known.energy_kwh).abs() > tolerance_kwh {
                return Some(PlanReason::Device);
            }
        }
        // Batteries are one store to the plan: who of them follows the meter is chosen slot by slot.
        if f64::abs(held_kwh - planned_kwh) > tolerance_kwh {
            return Some(PlanReason::Device);
        }
        (self.prices != then.prices).then_some(PlanReason::Price)
    }
}

/// Prices of import and export from `from` to `until`, EUR/kWh: known, or those of the last day on which they are.
pub(super) fn price(
    calendar: Calendar,
    (from, until): (Time, Time),
    prices: &PlanPrices,
    published: &[(Series, Series)],
) -> (f64, f64) {
    match prices {
        PlanPrices::Tariff(tariff) => {
            let import = tariff.import(calendar.time_of_day(from));
            (import.as_eur_per_mwh() / 1000.0, tariff.feed_in.as_eur_per_mwh() / 1000.0)
        }
        PlanPrices::Dso => {
            let on = |days: i64| {
                let (from, until) = (from - Span::DAY * days, until - Span::DAY * days);
                let both = |(import, export): &(Series, Series)| import.mean(from, until).zip(export.mean(from, until));
                published.iter().rev().find_map(both)
            };
            let (import, export) = (0..=PRICE_DAYS).find_map(on).unwrap_or_default();
            (import / 1000.0, export / 1000.0)
        }
    }
}

/// What a kWh that batteries hold in the end is worth: what it costs to charge it at the lowest price, so that nobody charges
/// for that, and nobody sells for less.
pub(super) fn end_value_eur_per_kwh(prices: &[(f64, f64)], terms: &ScheduleTerms) -> f64 {
    let lowest = prices.iter().map(|(import, _)| *import).fold(f64::INFINITY, f64::min);
    (lowest / terms.efficiency * (1.0 - 1e-6)).max(0.0)
}

/// The problem of the slots from `start` on; `rest_kw` is what the portfolio takes besides, `prices` those of import and
/// export in EUR/kWh.
pub(super) fn of(
    (start, slot): (Time, Span),
    storages: impl Iterator<Item = Storage>,
    rest_kw: &[f64],
    prices: &[(f64, f64)],
    terms: &ScheduleTerms,
) -> Problem {
    let most = |limit: Option<f64>| limit.map(Profile::Constant);
    Problem {
        start,
        step: slot,
        steps: rest_kw.len(),
        prices: Prices {
            import_eur_per_kwh: Profile::Steps(prices.iter().map(|(import, _)| *import).collect()),
            export_eur_per_kwh: Profile::Steps(prices.iter().map(|(_, export)| *export).collect()),
        },
        site: Site {
            limits: Limits { import_kw: most(terms.import_limit_kw), export_kw: most(terms.export_limit_kw) },
            peak_free_kw: 0.0,
            peak_eur_per_kw: terms.peak_eur_per_kw,
        },
        inflexible_kw: Profile::Steps(rest_kw.to_vec()),
        devices: storages.map(|storage| Device::Storage(Box::new(storage))).collect(),
        rules: Rules::default(),
    }
}

impl Flexible {
    /// The storage over so many slots from `start`: as it is now in the first, as it is rated later.
    pub(super) fn storage(
        &self,
        (start, slot, steps): (Time, Span, usize),
        end_value_eur_per_kwh: f64,
        terms: &ScheduleTerms,
    ) -> Storage {
        let StorageStatus { energy_kwh, min_kwh, max_kwh, charge_limit_kw, discharge_limit_kw, .. } = self.storage;
        let stays = |step: usize| {
            let end = start + slot * (step as i64 + 1);
            self.window.is_none_or(|window| end <= window.departure)
        };
        // A limit that is lower now is that of a store nearly full or empty: it is so for the first slot.
        let power = |now_kw: f64, later_kw: f64| {
            let at = |step| {
                if !stays(step) {
                    0.0
                } else if step == 0 {
                    now_kw.min(later_kw)
                } else {
                    later_kw
                }
            };
            Profile::Steps((0..steps).map(at).collect())
        };
        let end = start + slot * steps as i64;
        let leaves = self.window.filter(|window| window.departure <= end);
        let gives_back = self.window.is_none() || discharge_limit_kw > 0.0;
        Storage {
            soc_start_kwh: energy_kwh,
            soc_min_kwh: Profile::Constant(self.window.map_or(min_kwh, |window| window.reserve_kwh.min(energy_kwh))),
            soc_max_kwh: Profile::Constant(max_kwh.max(energy_kwh)),
            minima: leaves.map(|window| ready(window, max_kwh, (start, slot))).into_iter().collect(),
            charge_max_kw: power(charge_limit_kw, self.rated_kw),
            discharge_max_kw: power(discharge_limit_kw, if gives_back { self.rated_kw } else { 0.0 }),
            charge_efficiency: terms.efficiency,
            discharge_efficiency: terms.efficiency,
            ageing_eur_per_kwh: terms.wear_eur_per_mwh / 1000.0,
            end_value_eur_per_kwh: if leaves.is_some() { 0.0 } else { end_value_eur_per_kwh },
            ..Storage::new(&self.id.0.to_string(), max_kwh, self.rated_kw)
        }
    }
}

/// A vehicle holds its target from some time before its departure on; at the end of the first slot if it leaves sooner.
fn ready(window: Window, max_kwh: f64, (start, slot): (Time, Span)) -> SocLimit {
    let last = window.departure.floor(slot).max(start + slot);
    let from = (window.departure - IN_HAND).floor(slot).clamp(start + slot, last);
    SocLimit { from, until: last, soc_kwh: window.target_kwh.min(max_kwh) }
}
