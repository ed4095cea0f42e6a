//! The inverter of a PV plant: what it makes of DC power, and how much of that it gives, given its rating, its heat, the
//! limits it is told, and the voltage and frequency it sees. It answers within seconds; a state of the network holds for
//! a minute, so every answer is complete from the beginning of its step. It never trips: protection is not modelled.

use crate::network::NetworkState;
use scenarios::PvParameters;

/// Efficiency to which the PVWatts curve is scaled.
const REFERENCE_EFFICIENCY: f64 = 0.9637;
/// Frequency that the droop is relative to.
const NOMINAL_HZ: f64 = 50.0;
/// Active power, relative to the rating, below which no reactive power is given or taken.
const LEAST_POWER_FOR_REACTIVE: f64 = 0.05;
/// Active power, relative to the rating, from which all of the reactive power is available.
const FULL_REACTIVE_FROM: f64 = 0.2;

/// An inverter with its control modes, from strongest to weakest:
///
/// 1. *Rating*: active power never exceeds the rating S; what the array could give beyond it is clipped.
/// 2. *Heat*: above `derate_above_c` the limit falls to `S (1 − derate_per_k (air − derate_above_c))`, at least 0; it
///    is the most apparent power then.
/// 3. *Active power limit*, as told by commands.
/// 4. *Frequency-watt* (EN 50549-1:2019, 4.6.1): above the threshold f1 active power stays under
///    `P_M (1 − (f − f1) / (droop · 50 Hz))`. P_M is the power given when f went above f1, as the standard has it for
///    generators other than synchronous machines and storage; it is forgotten once f is at f1 or below. A sun that
///    comes out meanwhile changes nothing; one that goes may lower the power further. Without a ramp on return.
/// 5. *Volt-var* (IEEE 1547-2018, 5.3.3): reactive power follows the voltage along a curve and goes before active
///    power, `P ≤ sqrt(S² − Q²)`. For category B clause 5.2 asks for it from 5 % of the rating on, in proportion to
///    active power up to 20 % and in full from there; more than asked for is not given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inverter {
    square_per_kw: f64,
    slope: f64,
    idle_kw: f64,
    rating_kw: f64,
    derate_above_c: f64,
    derate_kw_per_k: f64,
    volt_var: Option<VoltVar>,
    frequency_watt_above_hz: f64,
    /// Share of the reference power lost per hertz above the threshold.
    frequency_watt_per_hz: f64,
}

/// What an inverter meets in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surroundings {
    /// Temperature of the air around it, °C.
    pub air_c: f64,
    /// What the network shows.
    pub network: NetworkState,
    /// Most active power it may give, kW; infinite without a limit.
    pub limit_kw: f64,
}

/// What an inverter gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Delivery {
    /// Active power, kW, never negative.
    pub active_kw: f64,
    /// Reactive power given to the network, kvar; negative when drawn.
    pub reactive_kvar: f64,
    /// Whether heat lowers the active power.
    pub is_derated: bool,
    /// Whether a limit, the frequency or the voltage lowers the active power.
    pub is_curtailed: bool,
}

/// Reactive power against voltage, in kvar.
#[derive(Debug, Clone, Copy, PartialEq)]
struct VoltVar {
    voltages_pu: [f64; 4],
    reactive_kvar: [f64; 4],
}

impl Inverter {
    /// The inverter of a plant.
    ///
    /// With ζ = dc / dc_max the PVWatts efficiency is `nominal / 0.9637 · (−0.0162 ζ − 0.0059 / ζ + 0.9858)`; multiplied
    /// by dc it becomes a parabola without a division.
    ///
    /// Source: Dobos (2014), NREL/TP-6A20-62641, equations 8-11.
    pub fn new(plant: &PvParameters) -> Self {
        let dc_limit_kw = plant.peak_kw * plant.inverter_dc_per_peak;
        let scale = plant.inverter_efficiency / REFERENCE_EFFICIENCY;
        let rating_kw = plant.rating_kw();
        let curve = |[v1, v2, v3, v4, q1, q2, q3, q4]: [f64; 8]| VoltVar {
            voltages_pu: [v1, v2, v3, v4],
            reactive_kvar: [q1, q2, q3, q4].map(|share| share * rating_kw),
        };
        Self {
            square_per_kw: -0.0162 * scale / dc_limit_kw,
            slope: 0.9858 * scale,
            idle_kw: -0.0059 * scale * dc_limit_kw,
            rating_kw,
            derate_above_c: plant.derate_above_c,
            derate_kw_per_k: plant.derate_per_k * rating_kw,
            volt_var: plant.volt_var.map(curve),
            frequency_watt_above_hz: plant.frequency_watt_above_hz,
            frequency_watt_per_hz: 1.0 / (plant.frequency_watt_droop * NOMINAL_HZ),
        }
    }

    /// Most apparent power, kVA, and active power, kW.
    pub fn rating_kw(&self) -> f64 {
        self.rating_kw
    }

    /// Whether it controls reactive power.
    pub fn controls_reactive(&self) -> bool {
        self.volt_var.is_some()
    }

    /// Active power it makes of `dc_kw` up to its rating, kW, left to itself: zero or more.
    pub fn ac_kw(&self, dc_kw: f64) -> f64 {
        ((self.square_per_kw * dc_kw + self.slope) * dc_kw + self.idle_kw).min(self.rating_kw).max(0.0)
    }

    /// What it gives of `available_kw`, the power of [`Self::ac_kw`]. `crossing_kw` is P_M, kept from step to step.
    pub fn deliver(&self, available_kw: f64, around: &Surroundings, crossing_kw: &mut Option<f64>) -> Delivery {
        let apparent_kva = self.apparent_limit_kva(around.air_c);
        let cool_kw = available_kw.min(apparent_kva);
        let limited_kw = cool_kw.min(around.limit_kw);
        let wanted_kvar = self.volt_var.map_or(0.0, |curve| curve.at(around.network.voltage_pu));
        let close = |active_kw: f64| self.beside_reactive(active_kw, wanted_kvar, apparent_kva);
        let above_hz = around.network.frequency_hz - self.frequency_watt_above_hz;
        let (active_kw, reactive_kvar) = if above_hz > 0.0 {
            let reference_kw = *crossing_kw.get_or_insert_with(|| close(limited_kw).0);
            let left = (1.0 - above_hz * self.frequency_watt_per_hz).max(0.0);
            close(limited_kw.min(reference_kw * left))
        } else {
            *crossing_kw = None;
            close(limited_kw)
        };
        Delivery { active_kw, reactive_kvar, is_derated: cool_kw < available_kw, is_curtailed: active_kw < cool_kw }
    }

    fn apparent_limit_kva(&self, air_c: f64) -> f64 {
        (self.rating_kw - self.derate_kw_per_k * (air_c - self.derate_above_c).max(0.0)).max(0.0)
    }

    /// The active power that is left beside the reactive power that goes with it, and that reactive power.
    fn beside_reactive(&self, active_kw: f64, wanted_kvar: f64, apparent_kva: f64) -> (f64, f64) {
        if wanted_kvar == 0.0 || active_kw < LEAST_POWER_FOR_REACTIVE * self.rating_kw {
            return (active_kw, 0.0);
        }
        let available = (active_kw / (FULL_REACTIVE_FROM * self.rating_kw)).min(1.0);
        let reactive_kvar = (wanted_kvar * available).clamp(-apparent_kva, apparent_kva);
        let beside_kw = (apparent_kva * apparent_kva - reactive_kvar * reactive_kvar).sqrt();
        (active_kw.min(beside_kw), reactive_kvar)
    }
}

impl VoltVar {
    /// Reactive power at a voltage: straight lines between the points, constant beyond.
    fn at(&self, voltage_pu: f64) -> f64 {
        let (voltages, reactive) = (&self.voltages_pu, &self.reactive_kvar);
        if voltage_pu <= voltages[0] {
            return reactive[0];
        }
        let segment = (1..4).find(|point| voltage_pu < voltages[*point]);
        segment.map_or(reactive[3], |end| {
            let share = (voltage_pu - voltages[end - 1]) / (voltages[end] - voltages[end - 1]);
            reactive[end - 1] + (reactive[end] - reactive[end - 1]) * share
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATEGORY_B: &str = "volt_var = [0.92, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]";

    /// An inverter of 10 kVA behind an array of 10 kW.
    fn inverter(text: &str) -> Inverter {
        Inverter::new(&PvParameters::from_toml(&format!("peak_kw = 10.0\n{text}")).expect("readable"))
    }

    fn around(air_c: f64, voltage_pu: f64, frequency_hz: f64) -> Surroundings {
        Surroundings { air_c, network: NetworkState { voltage_pu, frequency_hz }, limit_kw: f64::INFINITY }
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
    }

    #[test]
    fn the_inverter_clips_at_its_rating_and_never_draws() {
        let inverter = inverter("");
        assert_close(inverter.ac_kw(14.0), 10.0);
        assert_eq!((inverter.ac_kw(0.0), inverter.ac_kw(0.02)), (0.0, 0.0));
        // Half of the DC limit, by hand: ζ = 0.5 in the PVWatts curve.
        let half = 5.0 / 0.96;
        assert_close(inverter.ac_kw(half) / half, 0.96 / 0.9637 * (0.9858 - 0.0081 - 0.0118));
        let small = self::inverter("inverter_dc_per_peak = 0.5\ninverter_efficiency = 0.9");
        assert_close(small.ac_kw(14.0), 4.5);
    }

    #[test]
    fn heat_above_the_threshold_lowers_the_limit_by_a_share_of_the_rating_per_kelvin() {
        let inverter = inverter("derate_above_c = 40.0\nderate_per_k = 0.05");
        let at = |available_kw, air_c| inverter.deliver(available_kw, &around(air_c, 1.0, 50.0), &mut None);
        assert_eq!((at(10.0, 40.0).active_kw, at(10.0, 40.0).is_derated), (10.0, false));
        // Four kelvin at 5 % of 10 kW each.
        assert_close(at(10.0, 44.0).active_kw, 8.0);
        assert!(at(10.0, 44.0).is_derated && !at(10.0, 44.0).is_curtailed);
        assert_eq!((at(7.0, 44.0).active_kw, at(7.0, 44.0).is_derated), (7.0, false));
        assert_eq!(at(10.0, 90.0).active_kw, 0.0);
    }

    #[test]
    fn a_limit_below_what_is_available_curtails_and_one_above_does_not() {
        let give = |limit_kw| {
            let around = Surroundings { limit_kw, ..around(27.0, 1.0, 50.0) };
            inverter("").deliver(6.0, &around, &mut None)
        };
        assert_eq!((give(4.0).active_kw, give(4.0).is_curtailed), (4.0, true));
        assert_eq!((give(8.0).active_kw, give(8.0).is_curtailed), (6.0, false));
        assert_eq!(give(0.0).active_kw, 0.0);
    }

    #[test]
    fn reactive_power_follows_the_four_points_of_volt_var() {
        let inverter = inverter(CATEGORY_B);
        let reactive = |voltage_pu| inverter.deliver(5.0, &around(27.0, voltage_pu, 50.0), &mut None).reactive_kvar;
        for (voltage_pu, expected) in [
            (0.80, 4.4),
            (0.92, 4.4),
            (0.95, 2.2),
            (0.98, 0.0),
            (1.0, 0.0),
            (1.02, 0.0),
            (1.05, -2.2),
            (1.08, -4.4),
            (1.3, -4.4),
        ] {
            assert_close(reactive(voltage_pu), expected);
        }
    }

    #[test]
    fn reactive_power_goes_before_active_power_once_the_rating_is_reached() {
        let inverter = inverter(CATEGORY_B);
        let full = inverter.deliver(10.0, &around(27.0, 1.10, 50.0), &mut None);
        // sqrt(10² − 4.4²)
        assert_close(full.active_kw, 8.979_977_728_257);
        assert_eq!((full.reactive_kvar, full.is_curtailed), (-4.4, true));
        let below = inverter.deliver(8.9, &around(27.0, 1.10, 50.0), &mut None);
        assert_eq!((below.active_kw, below.reactive_kvar, below.is_curtailed), (8.9, -4.4, false));
        // Heat leaves 9 kVA of 10: sqrt(9² − 4.4²).
        let hot = inverter.deliver(10.0, &around(50.0, 1.10, 50.0), &mut None);
        assert_close(hot.active_kw, 7.851_114_570_556);
    }

    #[test]
    fn reactive_power_fades_below_a_fifth_of_the_rating_and_ends_at_a_twentieth() {
        let inverter = inverter(CATEGORY_B);
        let reactive = |available_kw| inverter.deliver(available_kw, &around(27.0, 1.2, 50.0), &mut None).reactive_kvar;
        assert_close(reactive(2.0), -4.4);
        assert_close(reactive(1.0), -2.2);
        assert_close(reactive(0.5), -1.1);
        assert_eq!((reactive(0.499), reactive(0.0)), (0.0, 0.0));
    }

    #[test]
    fn power_falls_by_two_fifths_per_hertz_above_50_2_hz() {
        let inverter = inverter("");
        let mut crossing_kw = None;
        let mut at = |available_kw, hz| inverter.deliver(available_kw, &around(27.0, 1.0, hz), &mut crossing_kw);
        assert_eq!((at(8.0, 50.2).active_kw, at(8.0, 50.2).is_curtailed), (8.0, false));
        // (50.7 − 50.2) / (0.05 · 50) = 0.2 of the 8 kW at the crossing.
        assert_close(at(8.0, 50.7).active_kw, 6.4);
        assert!(at(8.0, 50.7).is_curtailed);
        assert_close(at(8.0, 51.45).active_kw, 4.0);
        assert_close(at(8.0, 52.7).active_kw, 0.0);
        assert_close(at(8.0, 53.5).active_kw, 0.0);
    }

    #[test]
    fn the_reference_is_the_power_when_the_frequency_crossed_until_it_is_back() {
        let inverter = inverter("");
        let mut crossing_kw = None;
        let mut at =
            |available_kw, hz| inverter.deliver(available_kw, &around(27.0, 1.0, hz), &mut crossing_kw).active_kw;
        assert_close(at(5.0, 50.7), 4.0);
        // The sun comes out: the limit stays; it goes: there is less than the limit.
        assert_close(at(10.0, 50.7), 4.0);
        assert_eq!(at(3.0, 50.7), 3.0);
        assert_close(at(10.0, 50.7), 4.0);
        // Back at the threshold, then above it with a new reference.
        assert_eq!(at(10.0, 50.2), 10.0);
        assert_close(at(10.0, 50.7), 8.0);
    }

    #[test]
    fn what_is_given_never_leaves_the_circle_of_the_apparent_power() {
        let inverter = inverter("volt_var = [0.9, 0.95, 1.05, 1.1, 1.0, 0.5, -0.5, -1.0]\nderate_above_c = 30.0");
        for tenth_kw in 0..=100 {
            for percent in 80..=120 {
                for (air_c, hz) in [(20.0, 50.0), (45.0, 50.0), (75.0, 50.0), (100.0, 51.0)] {
                    let around = around(air_c, f64::from(percent) / 100.0, hz);
                    let given = inverter.deliver(f64::from(tenth_kw) / 10.0, &around, &mut Some(9.0));
                    let apparent =
                        (given.active_kw * given.active_kw + given.reactive_kvar * given.reactive_kvar).sqrt();
                    let most = inverter.apparent_limit_kva(air_c);
                    assert!(given.active_kw >= 0.0 && apparent <= most + 1e-9, "{around:?}: {given:?}");
                }
            }
        }
    }
}
