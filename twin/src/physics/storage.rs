//! A storage behind a converter: losses, window, taper. Powers at the AC terminals, charging positive.

use scenarios::{BatteryParameters, EvParameters};

/// A storage behind a converter. Powers at the AC terminals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storage {
    /// Nominal energy.
    pub capacity_kwh: f64,
    /// Rated power, both ways.
    pub power_kw: f64,
    /// Least energy it may hold.
    pub min_kwh: f64,
    /// Most energy it may hold.
    pub max_kwh: f64,
    /// Energy it holds at the start.
    pub initial_kwh: f64,
    /// Converter losses relative to the rating: constant, linear and quadratic in the relative power.
    pub losses: [f64; 3],
    /// Share of the capacity above which charging power falls linearly to zero at full.
    pub charge_taper_above: f64,
    /// Share of the capacity below which discharging power falls linearly to zero at empty.
    pub discharge_taper_below: f64,
}

impl From<&BatteryParameters> for Storage {
    fn from(battery: &BatteryParameters) -> Self {
        Self {
            capacity_kwh: battery.capacity_kwh,
            power_kw: battery.power_kw,
            min_kwh: battery.min_soc * battery.capacity_kwh,
            max_kwh: battery.max_soc * battery.capacity_kwh,
            initial_kwh: battery.initial_soc * battery.capacity_kwh,
            losses: [battery.loss_constant, battery.loss_linear, battery.loss_quadratic],
            charge_taper_above: battery.charge_taper_above,
            discharge_taper_below: battery.discharge_taper_below,
        }
    }
}

impl From<&EvParameters> for Storage {
    fn from(ev: &EvParameters) -> Self {
        Self {
            capacity_kwh: ev.capacity_kwh,
            power_kw: ev.power_kw,
            min_kwh: 0.0,
            max_kwh: ev.capacity_kwh,
            initial_kwh: ev.initial_soc * ev.capacity_kwh,
            losses: [0.0, ev.loss_linear, 0.0],
            charge_taper_above: ev.charge_taper_above,
            discharge_taper_below: ev.discharge_taper_below,
        }
    }
}

/// A storage and the energy it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageUnit {
    /// Its parameters.
    pub spec: Storage,
    /// Energy it holds.
    pub energy_kwh: f64,
    /// Energy lost in the converter since the start.
    pub lost_kwh: f64,
}

/// The window within which an exchange may move the stored energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyWindow {
    /// No discharging below this energy.
    pub floor_kwh: f64,
    /// No charging above this energy.
    pub ceiling_kwh: f64,
}

impl StorageUnit {
    /// A storage as it is at the start.
    pub fn new(spec: Storage) -> Self {
        Self { spec, energy_kwh: spec.initial_kwh, lost_kwh: 0.0 }
    }

    /// The whole window of the storage.
    pub fn window(&self) -> EnergyWindow {
        EnergyWindow { floor_kwh: self.spec.min_kwh, ceiling_kwh: self.spec.max_kwh }
    }

    /// Highest charging power now: the rating, falling linearly to zero between the taper's beginning and full.
    pub fn charge_limit_kw(&self) -> f64 {
        let Storage { power_kw, charge_taper_above, .. } = self.spec;
        power_kw * ((1.0 - self.soc()) / (1.0 - charge_taper_above)).clamp(0.0, 1.0)
    }

    /// Highest discharging power now, positive: the rating, falling linearly to zero between the taper's beginning and empty.
    pub fn discharge_limit_kw(&self) -> f64 {
        let Storage { power_kw, discharge_taper_below, .. } = self.spec;
        power_kw * (self.soc() / discharge_taper_below).clamp(0.0, 1.0)
    }

    /// Share of the capacity that is stored.
    pub fn soc(&self) -> f64 {
        self.energy_kwh / self.spec.capacity_kwh
    }

    /// Exchanges `wanted_kw` for `hours`, or as much of it as limits and `window` allow; returns the mean power.
    ///
    /// A charging power that would not cover the converter's own losses is not taken: the converter stays off.
    pub fn exchange(&mut self, wanted_kw: f64, hours: f64, window: EnergyWindow) -> f64 {
        let (room_kwh, spare_kwh) = (window.ceiling_kwh - self.energy_kwh, self.energy_kwh - window.floor_kwh);
        let (power_kw, stored_kwh) = if wanted_kw > 0.0 && room_kwh > 0.0 {
            self.fill(wanted_kw.min(self.charge_limit_kw()), room_kwh, hours)
        } else if wanted_kw < 0.0 && spare_kwh > 0.0 {
            self.drain(wanted_kw.max(-self.discharge_limit_kw()), spare_kwh, hours)
        } else {
            return 0.0;
        };
        self.energy_kwh += stored_kwh;
        self.lost_kwh += power_kw * hours - stored_kwh;
        assert!(self.is_within(window), "storage at {} kWh left its window {window:?}", self.energy_kwh);
        power_kw
    }

    fn is_within(&self, window: EnergyWindow) -> bool {
        let tolerance_kwh = 1e-9 * self.spec.capacity_kwh;
        // Outside before (a reserve raised above what is stored) it may stay outside, but in the battery's own window.
        let (low, high) = (self.spec.min_kwh.min(window.floor_kwh), self.spec.max_kwh.max(window.ceiling_kwh));
        (low - tolerance_kwh..=high + tolerance_kwh).contains(&self.energy_kwh)
    }

    /// Power and energy of charging at `power_kw`, or at what fills `room_kwh`.
    fn fill(&self, power_kw: f64, room_kwh: f64, hours: f64) -> (f64, f64) {
        let stored_kw = self.stored_kw(power_kw);
        if stored_kw <= 0.0 {
            (0.0, 0.0)
        } else if stored_kw * hours <= room_kwh {
            (power_kw, stored_kw * hours)
        } else {
            (self.power_storing_kw(room_kwh / hours).min(power_kw), room_kwh)
        }
    }

    /// Power and energy of discharging at `power_kw` (negative), or at what takes just `spare_kwh`; what would not even
    /// cover the losses stays where it is.
    fn drain(&self, power_kw: f64, spare_kwh: f64, hours: f64) -> (f64, f64) {
        let stored_kw = self.stored_kw(power_kw);
        if -stored_kw * hours <= spare_kwh {
            return (power_kw, stored_kw * hours);
        }
        let last_kw = self.power_storing_kw(-spare_kwh / hours);
        if last_kw < 0.0 { (last_kw, -spare_kwh) } else { (0.0, 0.0) }
    }

    /// Power that reaches the storage (leaves it when negative) at `power_kw` at the terminals.
    fn stored_kw(&self, power_kw: f64) -> f64 {
        if power_kw == 0.0 {
            return 0.0;
        }
        let [constant, linear, quadratic] = self.spec.losses;
        let x = power_kw.abs() / self.spec.power_kw;
        power_kw - self.spec.power_kw * (constant + linear * x + quadratic * x * x)
    }

    /// The inverse of [`Self::stored_kw`]: the power at the terminals at which `stored_kw` reaches the storage.
    fn power_storing_kw(&self, stored_kw: f64) -> f64 {
        let [constant, linear, quadratic] = self.spec.losses;
        let rated_kw = self.spec.power_kw;
        let y = stored_kw / rated_kw;
        // With the signed relative power x: q·x² − (1 ∓ l)·x + (c + y) = 0, the upper sign when charging.
        let b = if y >= 0.0 { 1.0 - linear } else { 1.0 + linear };
        let rest = constant + y;
        if quadratic == 0.0 {
            return rated_kw * rest / b;
        }
        let root = (b * b - 4.0 * quadratic * rest).max(0.0).sqrt();
        rated_kw * (b - root) / (2.0 * quadratic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(energy_kwh: f64) -> StorageUnit {
        let spec = Storage {
            capacity_kwh: 100.0,
            power_kw: 50.0,
            min_kwh: 5.0,
            max_kwh: 95.0,
            initial_kwh: energy_kwh,
            losses: [0.005, 0.015, 0.02],
            charge_taper_above: 0.9,
            discharge_taper_below: 0.1,
        };
        StorageUnit::new(spec)
    }

    #[test]
    fn full_power_loses_four_percent_one_way() {
        let mut battery = unit(50.0);
        assert_eq!(battery.exchange(50.0, 0.1, battery.window()), 50.0);
        // 50 kW − 50 kW · (0.005 + 0.015 + 0.02) for 0.1 h.
        assert!((battery.energy_kwh - 54.8).abs() < 1e-12);
        assert!((battery.lost_kwh - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_window_is_met_exactly_with_less_power() {
        let mut battery = unit(94.0);
        let power_kw = battery.exchange(20.0, 0.25, battery.window());
        assert!((battery.energy_kwh - 95.0).abs() < 1e-12 && power_kw < 20.0);
        let mut battery = unit(6.0);
        let power_kw = battery.exchange(-30.0, 0.25, battery.window());
        assert!((battery.energy_kwh - 5.0).abs() < 1e-12 && power_kw > -30.0);
        assert_eq!(battery.exchange(-30.0, 0.25, battery.window()), 0.0);
    }

    #[test]
    fn the_converter_model_inverts() {
        let battery = unit(50.0);
        for power_kw in [-50.0, -17.3, -1.0, 1.0, 12.5, 50.0] {
            let stored_kw = battery.stored_kw(power_kw);
            assert!((battery.power_storing_kw(stored_kw) - power_kw).abs() < 1e-9, "{power_kw}");
        }
    }

    #[test]
    fn power_tapers_towards_full_and_empty() {
        assert!((unit(95.0).charge_limit_kw() - 25.0).abs() < 1e-9);
        assert!((unit(5.0).discharge_limit_kw() - 25.0).abs() < 1e-9);
        assert_eq!((unit(50.0).charge_limit_kw(), unit(50.0).discharge_limit_kw()), (50.0, 50.0));
    }

    #[test]
    fn a_trickle_below_the_converters_own_losses_is_not_taken() {
        let mut battery = unit(50.0);
        assert_eq!(battery.exchange(0.1, 1.0, battery.window()), 0.0);
        assert_eq!(battery.energy_kwh, 50.0);
    }
}
