//! What has come about in a storage, and what becomes of it in one that is changed.

use super::{Conditions, Day, Minute, Storage, StorageUnit};
use crate::physics::ageing::Wear;
use crate::state::state;

state! {
    /// What has come about in a storage. Limits are among it because they hold until the minute is over.
    StorageState of StorageUnit {
        energy_kwh: f64,
        lost_kwh: f64,
        soh: f64,
        limits_kw: [f64; 2],
        cooling_kw: f64,
        supply_kw: f64,
        minute: Minute,
        wear: Wear,
        stretch: Conditions,
        cell_c: f64,
        today: Day,
    } given { spec }
}

impl StorageUnit {
    /// Takes on the capacity that is left after a state was laid over it; returns what it holds and the most it can
    /// hold, if that is less.
    pub(crate) fn resume(&mut self) -> Option<[f64; 2]> {
        // An aged storage may hold more than its window has room for by now, but never more than there was in the beginning.
        let most_kwh = self.spec.max_kwh.max(self.spec.initial_kwh);
        self.spec.age_to(self.soh);
        (self.energy_kwh > most_kwh + 1e-9 * self.spec.nominal_kwh).then_some([self.energy_kwh, most_kwh])
    }
}

impl StorageState {
    /// What becomes of it in a storage that is `changed` at this instant: energy and wear stay, limits follow.
    ///
    /// A battery twice as large has gone through cycles half as deep.
    pub(crate) fn move_to(&mut self, original: &Storage, changed: &Storage) {
        if original == changed {
            return;
        }
        self.wear.rescale(original.nominal_kwh / changed.nominal_kwh);
        let mut unit = StorageUnit::new(*changed);
        unit.lay(self);
        unit.spec.age_to(self.soh);
        unit.set_limits();
        *self = unit.state();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::storage::MINUTE_H;
    use scenarios::BatteryParameters;

    fn storage(capacity_kwh: f64, power_kw: f64) -> Storage {
        let text = format!("capacity_kwh = {capacity_kwh:?}\npower_kw = {power_kw:?}\nstandby_w = 0.0");
        (&BatteryParameters::from_toml(&text).expect("well-formed")).into()
    }

    #[test]
    fn a_storage_of_another_capacity_keeps_energy_and_wear_and_has_limits_of_its_own() {
        let (small, large) = (storage(100.0, 50.0), storage(200.0, 20.0));
        let mut state = StorageUnit::new(small).state();
        state.move_to(&small, &large);
        let mut unit = StorageUnit::new(large);
        unit.lay(&state);
        assert_eq!(unit.resume(), None);
        assert_eq!((unit.energy_kwh, unit.spec.capacity_kwh, unit.charge_limit_kw()), (50.0, 200.0, 20.0));
        unit.pass(MINUTE_H, 0, 25.0);
        assert!(unit.health().equivalent_full_cycles < 1e-12, "the change itself is no cycle");
    }

    #[test]
    fn a_storage_that_holds_more_than_it_can_says_so() {
        let mut unit = StorageUnit::new(storage(100.0, 50.0));
        let state = unit.state();
        assert_eq!(unit.resume(), None);
        unit = StorageUnit::new(storage(40.0, 50.0));
        unit.lay(&state);
        assert_eq!(unit.resume(), Some([50.0, 38.0]));
    }
}
