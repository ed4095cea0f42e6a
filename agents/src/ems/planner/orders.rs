//! What devices are told for the slot that begins, from the plan in force and how things stand.

use super::worth::{Step, Store, Worth};
use super::{Flexible, Plan, Planner, ZERO_KW};
use crate::ems::{Dispatch, Side};
use crate::id::ParticipantId;
use crate::time::{Now, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A device does what it should if it is no further off than this, kW.
const FOLLOWED_KW: f64 = 1.0;

/// What batteries were told for a slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Orders {
    start: Time,
    batteries: BTreeMap<ParticipantId, Dispatch>,
}

impl Planner {
    /// What a device is to do in the slot that begins at `time`; it rests if no plan speaks of it.
    pub(in crate::ems) fn dispatch(&self, device: ParticipantId, time: Time) -> Dispatch {
        let orders = self.orders.as_ref().filter(|orders| orders.start == time);
        let ordered = orders.and_then(|orders| orders.batteries.get(&device)).copied();
        ordered.unwrap_or_else(|| Dispatch::Hold(self.power_kw(device, time).unwrap_or_default()))
    }

    /// By how much a device, on average over the slot that ended at `now`, did not hold what it was to hold by the plan.
    pub(in crate::ems) fn deviation_kw(&self, device: ParticipantId, now: Now, power_kw: f64) -> Option<f64> {
        let orders = self.orders.as_ref().filter(|orders| orders.start == now.time - self.slot)?;
        let Dispatch::Hold(held_kw) = *orders.batteries.get(&device)? else { return None };
        let off_kw = power_kw - held_kw;
        (off_kw.abs() > FOLLOWED_KW).then_some(off_kw)
    }

    /// What each battery does in the slot that begins now: nothing without a plan.
    pub(super) fn orders(&self, now: Now, batteries: &[Flexible]) -> Orders {
        let start = now.time;
        let planned = self.plan.as_ref().and_then(|plan| Some((plan, plan.place(start, self.slot)?)));
        let batteries = planned.map_or_else(BTreeMap::new, |(plan, place)| match self.side(plan, place, batteries) {
            Some(side) => self.follow((plan, place), (start, side), batteries),
            None => batteries
                .iter()
                .filter_map(|battery| {
                    Some((battery.id, Dispatch::Hold(plan.devices.get(&battery.id)?.power_kw[place])))
                })
                .collect(),
        });
        Orders { start, batteries }
    }

    /// The side from which batteries follow the meter; none where they hold what is planned.
    ///
    /// What is planned between store and connection for the sake of a price, or to stay below a peak or a limit, is held: these
    /// need a power, not a meter at zero.
    fn side(&self, plan: &Plan, place: usize, batteries: &[Flexible]) -> Option<Side> {
        let (power_kw, net_kw) = (plan.batteries.power_kw[place], plan.net_kw[place]);
        let (takes, gives) = (net_kw > ZERO_KW, net_kw < -ZERO_KW);
        let (charges, discharges) = (power_kw > ZERO_KW, power_kw < -ZERO_KW);
        let is_peak_priced = self.terms.peak_eur_per_kw > 0.0 || self.terms.import_limit_kw.is_some();
        let shaves = takes && discharges && is_peak_priced || gives && charges && self.terms.export_limit_kw.is_some();
        if takes && charges || gives && discharges || shaves {
            return None;
        }
        let store = self.store(plan, batteries);
        let held_kwh: f64 = batteries.iter().map(|battery| battery.storage.energy_kwh).sum();
        let hours = self.slot.hours();
        let efficiency = if charges { self.terms.efficiency } else { 1.0 / self.terms.efficiency };
        let then_kwh = (held_kwh + power_kw * efficiency * hours).clamp(store.min_kwh, store.max_kwh);
        let worth = plan.futures.iter().map(|future| {
            let step = |place: usize| Step {
                power_kw: future.power_kw[place],
                net_kw: future.net_kw[place],
                import_eur_per_kwh: plan.prices[place].0,
                export_eur_per_kwh: plan.prices[place].1,
            };
            store.worth(then_kwh, (place + 1..plan.net_kw.len()).map(step), hours)
        });
        let worth = Worth::mean(worth);
        let (stores, covers) = store.sides(worth, plan.prices[place]);
        // The worth is that of a kWh beyond the plan; what is planned is worth it anyway.
        match (stores || charges, covers || discharges) {
            (true, true) => Some(Side::Both),
            (true, false) => Some(Side::Surplus),
            (false, true) => Some(Side::Deficit),
            (false, false) => None,
        }
    }

    fn store(&self, plan: &Plan, batteries: &[Flexible]) -> Store {
        let sum = |of: fn(&Flexible) -> f64| batteries.iter().map(of).sum::<f64>();
        let peak_kw = plan.net_kw.iter().copied().fold(0.0, f64::max);
        let peak_kw = if self.terms.peak_eur_per_kw > 0.0 { peak_kw } else { f64::INFINITY };
        let rated_kw = sum(|battery| battery.rated_kw);
        Store {
            min_kwh: sum(|battery| battery.storage.min_kwh.min(battery.storage.energy_kwh)),
            max_kwh: sum(|battery| battery.storage.max_kwh.max(battery.storage.energy_kwh)),
            charge_kw: rated_kw,
            discharge_kw: rated_kw,
            efficiency: self.terms.efficiency,
            wear_eur_per_kwh: self.terms.wear_eur_per_mwh / 1000.0,
            end_value_eur_per_kwh: plan.end_value_eur_per_kwh,
            most_import_kw: self.terms.import_limit_kw.unwrap_or(f64::INFINITY).min(peak_kw),
            most_export_kw: self.terms.export_limit_kw.unwrap_or(f64::INFINITY),
        }
    }

    /// As few batteries as do it well follow the meter, the others rest.
    fn follow(
        &self,
        (plan, place): (&Plan, usize),
        (start, side): (Time, Side),
        batteries: &[Flexible],
    ) -> BTreeMap<ParticipantId, Dispatch> {
        let (power_kw, net_kw) = (plan.batteries.power_kw[place], plan.net_kw[place]);
        let is_for_deficit = match side {
            Side::Both if power_kw.abs() > ZERO_KW => power_kw < 0.0,
            Side::Both => net_kw > 0.0,
            Side::Surplus => false,
            Side::Deficit => true,
        };
        let fleet = self.fleet(batteries);
        let followers = |is_for_deficit: bool| {
            let sign = if is_for_deficit { -1.0 } else { 1.0 };
            fleet.followers(start, sign * power_kw.abs(), plan.reach_kw[place])
        };
        let mut shares = followers(is_for_deficit);
        if shares.is_empty() && side == Side::Both {
            // A full one is there for a vehicle that comes, an empty one for the sun.
            shares = followers(!is_for_deficit);
        }
        let told = |battery: &Flexible| {
            let follow = shares.get(&battery.id).map(|share| Dispatch::Follow { share: *share, side });
            (battery.id, follow.unwrap_or(Dispatch::Hold(0.0)))
        };
        batteries.iter().map(told).collect()
    }
}
