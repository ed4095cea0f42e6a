//! Charging or discharging, never both: integer columns only where they are needed.

use super::community::{Community, DispatchError};
use super::formulation::Model;
use super::schedule::Dispatch;
use crate::optimise::Optimiser;

/// Less power than this in the lesser direction is a solver's rounding, kW.
const NEGLIGIBLE_KW: f64 = 1e-6;

/// Solves without exclusion, and where a storage then does both, forbids it there and solves again. Each round relaxes
/// the problem that excludes everywhere, so the first schedule that never does both is its optimum; and each round
/// forbids something new, so it ends.
pub(super) fn solve(community: &Community, optimiser: &dyn Optimiser) -> Result<Dispatch, DispatchError> {
    let mut excluded = Vec::new();
    loop {
        let model = Model::of(community, &excluded);
        let found = model.solve(optimiser)?;
        if !community.exclusive_charging {
            return Ok(found);
        }
        let before = excluded.len();
        for (index, columns) in model.storages.iter().enumerate() {
            let storage = &found.members[columns.member].storages[columns.place];
            let flows = storage.charge_kw.iter().zip(&storage.discharge_kw).enumerate();
            let both = flows.filter(|(_, (charge, discharge))| charge.min(**discharge) > NEGLIGIBLE_KW);
            let new: Vec<_> =
                both.map(|(step, _)| (index, step)).filter(|pair| !excluded[..before].contains(pair)).collect();
            excluded.extend(new);
        }
        if excluded.len() == before {
            return Ok(found);
        }
    }
}
