//! Whether a storage can keep its own limits, whatever everybody else does.

use super::community::{Community, DispatchError, Storage};

/// Shortfalls below this are rounding, kWh.
const TOLERANCE_KWH: f64 = 1e-9;

/// Follows the least and the most energy each storage can hold from step to step. As any energy between two reachable
/// ones is reachable, an empty interval proves that this storage fails, and where. O(storages × steps).
///
/// # Errors
/// The first storage that cannot, and by how much.
pub(super) fn check(community: &Community) -> Result<(), DispatchError> {
    for (index, member) in community.members.iter().enumerate() {
        for (place, storage) in member.storages.iter().enumerate() {
            follow(storage, community.steps, community.step_h).map_err(|(step, reachable_kwh, wanted_kwh)| {
                let member = community.member_name(index);
                DispatchError::TargetOutOfReach { member, storage: place, step, reachable_kwh, wanted_kwh }
            })?;
        }
    }
    Ok(())
}

/// The step at whose end a limit is missed, the energy reachable there and the energy wanted.
fn follow(storage: &Storage, steps: usize, step_h: f64) -> Result<(), (usize, f64, f64)> {
    let (mut least, mut most) = (storage.start_kwh, storage.start_kwh);
    for step in 0..steps {
        most += step_h * storage.efficiency * storage.charge_max_kw.at(step);
        least -= step_h / storage.efficiency * storage.discharge_max_kw.at(step);
        let is_last = step + 1 == steps;
        let floor = if is_last { storage.energy_min_kwh.max(storage.end_min_kwh) } else { storage.energy_min_kwh };
        if most.min(storage.energy_max_kwh) < floor - TOLERANCE_KWH {
            return Err((step, most.min(storage.energy_max_kwh), floor));
        }
        if least > storage.energy_max_kwh + TOLERANCE_KWH {
            return Err((step, least, storage.energy_max_kwh));
        }
        (least, most) = (least.max(floor), most.min(storage.energy_max_kwh));
    }
    Ok(())
}
