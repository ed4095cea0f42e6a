//! A storage that follows the field: what flowed there flowed, whether or not the model could have done so.

use super::StorageUnit;

impl StorageUnit {
    /// Takes what flowed at the terminals, supply included, for `hours`: whether or not the converter could do so, it did.
    /// The stored energy stays between nothing and the capacity, or gets no farther out; returns the energy that for this
    /// reason went nowhere (negative) or came from nowhere.
    pub fn undergo(&mut self, power_kw: f64, hours: f64) -> f64 {
        let converter_kw = power_kw - self.supply_kw;
        let is_off = converter_kw.abs() < self.spec.least_kw;
        let stored_kw = if is_off { 0.0 } else { self.stored_kw(converter_kw) };
        // What does not even cover the converter's losses takes nothing out of the cells.
        let stored_kwh = if converter_kw > 0.0 { stored_kw.max(0.0) * hours } else { stored_kw * hours };
        self.lost_kwh += power_kw * hours - stored_kwh;
        if !is_off {
            self.minute.lost_kwh += converter_kw * hours - stored_kwh;
        }
        self.move_by(stored_kwh) - stored_kwh
    }

    /// Adds an energy as far as it stays between nothing and the capacity, or gets no farther out; returns what was added.
    pub fn move_by(&mut self, energy_kwh: f64) -> f64 {
        let before_kwh = self.energy_kwh;
        let (low, high) = (before_kwh.min(0.0), before_kwh.max(self.spec.capacity_kwh));
        self.energy_kwh = (before_kwh + energy_kwh).clamp(low, high);
        self.energy_kwh - before_kwh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::BatteryParameters;

    /// 100 kWh and 50 kW with the losses 0.5 %, 3.5 % and 1.5 %, and 45 W of standby.
    fn unit(soc: f64) -> StorageUnit {
        let text = format!("capacity_kwh = 100.0\npower_kw = 50.0\ninitial_soc = {soc:?}\ninitial_cell_c = 20.0");
        StorageUnit::new((&BatteryParameters::from_toml(&text).expect("well-formed")).into())
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn a_power_that_the_model_can_explain_is_stored_and_lost_like_the_models_own() {
        for power_kw in [50.0, 12.0, 0.2, 0.045, -0.3, -20.0, -49.0] {
            let (mut field, mut model) = (unit(0.5), unit(0.5));
            let taken_kw = model.exchange(power_kw, 0.1, model.window());
            assert_near(field.undergo(taken_kw, 0.1), 0.0);
            assert_near(field.energy_kwh, model.energy_kwh);
            assert_near(field.lost_kwh, model.lost_kwh);
        }
    }

    #[test]
    fn a_store_that_is_full_or_empty_stays_so_and_says_what_is_missing() {
        for (soc, power_kw, limit_kwh) in [(0.95, 50.0, 100.0), (0.05, -50.0, 0.0)] {
            let mut unit = unit(soc);
            let (before_kwh, mut unexplained_kwh) = (unit.energy_kwh, 0.0);
            for _ in 0..10 {
                unexplained_kwh += unit.undergo(power_kw, 0.1);
            }
            assert_near(unit.energy_kwh, limit_kwh);
            assert_near(unit.energy_kwh - before_kwh, power_kw - unit.lost_kwh + unexplained_kwh);
            assert!(unexplained_kwh.abs() > 30.0, "{unexplained_kwh}");
        }
    }

    #[test]
    fn a_store_above_its_capacity_gets_no_farther_out() {
        let mut unit = unit(0.5);
        unit.energy_kwh = 101.0;
        assert_near(unit.move_by(3.0), 0.0);
        assert_near(unit.move_by(-0.5), -0.5);
        assert_near(unit.move_by(-200.0), -100.5);
    }
}
