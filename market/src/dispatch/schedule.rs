//! A dispatch: who does what when, what it costs, and what energy is worth at every place.

use serde::Serialize;

use super::community::Community;
use crate::optimise::Residuals;

/// What one storage does.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct StorageSchedule {
    /// Power taken, one number per step.
    pub charge_kw: Vec<f64>,
    /// Power given, positive, one number per step.
    pub discharge_kw: Vec<f64>,
    /// Energy at the end of each step.
    pub energy_kwh: Vec<f64>,
}

/// What one member does.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct MemberSchedule {
    /// Flow through its connection, consumption positive, one number per step.
    pub net_kw: Vec<f64>,
    /// PV used, positive, at most what was available.
    pub pv_kw: Vec<f64>,
    /// Its storages in their order.
    pub storages: Vec<StorageSchedule>,
    /// What a kWh is worth at its connection: the rise of the least cost per kWh more consumed there.
    pub price_eur_per_kwh: Vec<f64>,
}

/// The schedule of least cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    /// Grid cost and wear together, added up from the schedule and the prices and not taken from the solver.
    pub cost_eur: f64,
    /// What imports cost less what exports earn.
    pub grid_cost_eur: f64,
    /// What wear of storages costs.
    pub degradation_eur: f64,
    /// Members in their order.
    pub members: Vec<MemberSchedule>,
    /// Power from the grid into the community, one number per step. Never together with exports.
    pub import_kw: Vec<f64>,
    /// Power from the community into the grid, positive.
    pub export_kw: Vec<f64>,
    /// What a kWh is worth to the community where it meets the grid.
    pub price_eur_per_kwh: Vec<f64>,
    /// What a kWh is worth in each group, groups first and steps second; that of its parent unless its own limit binds.
    pub group_price_eur_per_kwh: Vec<Vec<f64>>,
    /// No schedule costs less than this below the cost found.
    pub gap_eur: f64,
    /// How far the optimiser's values missed its limits, kW or kWh.
    pub residuals: Residuals,
    /// Steps the optimiser took.
    pub iterations: u64,
}

impl Dispatch {
    /// Adds up costs and flows of members whose powers are known; prices and the optimiser's report are left empty.
    pub(super) fn of(community: &Community, mut members: Vec<MemberSchedule>) -> Self {
        let mut net_kw = vec![0.0; community.steps];
        let mut degradation_eur = 0.0;
        for (member, schedule) in community.members.iter().zip(&mut members) {
            schedule.net_kw.clone_from(&member.load_kw);
            let add = |net: &mut [f64], by: &[f64], sign: f64| {
                net.iter_mut().zip(by).for_each(|(net, kw)| *net += sign * kw);
            };
            add(&mut schedule.net_kw, &schedule.pv_kw, -1.0);
            for (storage, powers) in member.storages.iter().zip(&mut schedule.storages) {
                add(&mut schedule.net_kw, &powers.charge_kw, 1.0);
                add(&mut schedule.net_kw, &powers.discharge_kw, -1.0);
                let flows = powers.charge_kw.iter().zip(&powers.discharge_kw);
                let mut energy_kwh = storage.start_kwh;
                powers.energy_kwh = flows
                    .map(|(charge, discharge)| {
                        degradation_eur += community.step_h * storage.degradation_eur_per_kwh * (charge + discharge);
                        energy_kwh += community.step_h * (storage.efficiency * charge - discharge / storage.efficiency);
                        energy_kwh
                    })
                    .collect();
            }
            add(&mut net_kw, &schedule.net_kw, 1.0);
        }
        let import_kw: Vec<f64> = net_kw.iter().map(|net| net.max(0.0)).collect();
        let export_kw: Vec<f64> = net_kw.iter().map(|net| (-net).max(0.0)).collect();
        let worth = |kw: &[f64], price: &[f64]| kw.iter().zip(price).map(|(kw, price)| kw * price).sum::<f64>();
        let grid_cost_eur = community.step_h
            * (worth(&import_kw, &community.import_price_eur_per_kwh)
                - worth(&export_kw, &community.export_price_eur_per_kwh));
        Dispatch {
            cost_eur: grid_cost_eur + degradation_eur,
            grid_cost_eur,
            degradation_eur,
            members,
            import_kw,
            export_kw,
            price_eur_per_kwh: Vec::new(),
            group_price_eur_per_kwh: Vec::new(),
            gap_eur: 0.0,
            residuals: Residuals::default(),
            iterations: 0,
        }
    }
}
