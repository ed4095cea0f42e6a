//! Charging with alternating current (IEC 61851-1, mode 3): phases in common, currents per phase, and how a vehicle
//! holds its power within a minute.
//!
//! Charge point, cable and vehicle each allow a current per phase; the lowest of them wins, on as many phases as vehicle
//! and charge point have in common. Voltages are taken as the parameter says and phases as equally loaded, so that a
//! power `P` on `n` phases is a current `P / (n · U)` on each. Charge points do not switch between one phase and three.

use scenarios::{EvParameters, EvseParameters};

/// An offer may fall short of the least current by rounding.
const ROUNDING: f64 = 1e-9;

/// A charge point's outlet with its cable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlet {
    /// Number of its phases.
    pub phases: usize,
    /// The phase of the network (0, 1 or 2) to which its first one is wired; the others follow in their order.
    pub first_phase: usize,
    /// Voltage between a phase and neutral.
    pub voltage_v: f64,
    /// Rated current per phase.
    pub rated_a: f64,
    /// Current the cable can carry.
    pub cable_a: f64,
    /// Least current that can be offered: 6 A, the lowest that the pilot's duty cycle can tell (IEC 61851-1, table A.8).
    pub min_current_a: f64,
    /// Whether energy can pass from the vehicle to the network.
    pub is_bidirectional: bool,
}

impl From<&EvseParameters> for Outlet {
    fn from(evse: &EvseParameters) -> Self {
        let phases = evse.phases as usize;
        Self {
            phases,
            first_phase: evse.first_phase as usize - 1,
            voltage_v: evse.voltage_v,
            rated_a: current_a(evse.power_kw, phases, evse.voltage_v),
            cable_a: evse.cable_a,
            min_current_a: evse.min_current_a,
            is_bidirectional: evse.bidirectional,
        }
    }
}

impl Outlet {
    /// `power_kw` by phase of the network, with its sign, when all phases of the outlet are in use.
    pub fn phases_kw(&self, power_kw: f64) -> [f64; 3] {
        phases_kw(power_kw, self.phases, self.first_phase)
    }
}

/// A vehicle's on-board charger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Charger {
    /// Number of its phases.
    pub phases: usize,
    /// Highest power it takes, on all of them.
    pub charge_kw: f64,
    /// Highest power it gives back, on all of them; zero if it can not.
    pub discharge_kw: f64,
}

impl From<&EvParameters> for Charger {
    fn from(ev: &EvParameters) -> Self {
        let discharge_kw = if ev.v2g { ev.discharge_kw.unwrap_or(ev.power_kw) } else { 0.0 };
        Self { phases: ev.phases as usize, charge_kw: ev.power_kw, discharge_kw }
    }
}

/// A vehicle in the plug of a charge point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// Number of phases in use.
    phases: usize,
    first_phase: usize,
    voltage_v: f64,
    /// Highest current per phase to the vehicle.
    charge_a: f64,
    /// Highest current per phase from the vehicle.
    discharge_a: f64,
    /// Highest current that outlet and cable allow in each phase.
    outlet_a: f64,
    min_current_a: f64,
}

impl Connection {
    /// A vehicle with `charger` at `outlet`.
    ///
    /// A charger limits the current on each of its phases, whether or not all of them are used: a three-phase one of
    /// 11 kW takes 3.7 kW from a single phase.
    pub fn new(outlet: &Outlet, charger: &Charger) -> Self {
        let Outlet { voltage_v, rated_a, cable_a, .. } = *outlet;
        let lowest_a = |power_kw| current_a(power_kw, charger.phases, voltage_v).min(rated_a).min(cable_a);
        Self {
            phases: outlet.phases.min(charger.phases),
            first_phase: outlet.first_phase,
            voltage_v,
            charge_a: lowest_a(charger.charge_kw),
            discharge_a: if outlet.is_bidirectional { lowest_a(charger.discharge_kw) } else { 0.0 },
            outlet_a: rated_a.min(cable_a),
            min_current_a: outlet.min_current_a,
        }
    }

    /// Highest power to the vehicle.
    pub fn charge_kw(&self) -> f64 {
        self.power_kw(self.charge_a)
    }

    /// Highest power from the vehicle, positive.
    pub fn discharge_kw(&self) -> f64 {
        self.power_kw(self.discharge_a)
    }

    /// The power that the charge point offers: what the vehicle may take, or is asked to give (negative).
    ///
    /// It is the setpoint, or without one as much as the vehicle wants, within the limits of the connection and those
    /// in force (both positive). A current below the least one is none at all: the charge point pauses. This holds for
    /// giving back as well: ISO 15118-20 has the vehicle name a least discharging power, which is taken to be that of the
    /// same current. What the vehicle itself takes of an offer may be less than that current.
    pub fn offer_kw(
        &self,
        setpoint_kw: Option<f64>,
        import_limit_kw: Option<f64>,
        export_limit_kw: Option<f64>,
    ) -> f64 {
        let highest_kw = self.power_kw(self.outlet_a).min(import_limit_kw.unwrap_or(f64::INFINITY));
        let lowest_kw = -self.power_kw(self.outlet_a).min(export_limit_kw.unwrap_or(f64::INFINITY));
        let offered_kw = setpoint_kw.unwrap_or(f64::INFINITY).clamp(lowest_kw, highest_kw);
        let offered_a = current_a(offered_kw.abs(), self.phases, self.voltage_v);
        if offered_a < self.min_current_a * (1.0 - ROUNDING) {
            return 0.0;
        }
        offered_kw.clamp(-self.discharge_kw(), self.charge_kw())
    }

    /// `power_kw` by phase of the network, with its sign.
    pub fn phases_kw(&self, power_kw: f64) -> [f64; 3] {
        phases_kw(power_kw, self.phases, self.first_phase)
    }

    /// The current in each phase of the network at `power_kw`, with its sign, A.
    #[cfg(test)]
    fn phases_a(&self, power_kw: f64) -> [f64; 3] {
        self.phases_kw(power_kw).map(|phase_kw| current_a(phase_kw, 1, self.voltage_v))
    }

    /// Power of a current on each of the phases in use.
    pub fn power_kw(&self, current_a: f64) -> f64 {
        current_a * self.voltage_v * self.phases as f64 / 1000.0
    }
}

fn phases_kw(power_kw: f64, phases: usize, first_phase: usize) -> [f64; 3] {
    let mut phases_kw = [0.0; 3];
    for phase in 0..phases {
        phases_kw[(first_phase + phase) % 3] = power_kw / phases as f64;
    }
    phases_kw
}

/// The current per phase of `power_kw` on `phases` phases.
fn current_a(power_kw: f64, phases: usize, voltage_v: f64) -> f64 {
    power_kw * 1000.0 / (phases as f64 * voltage_v)
}

/// How a battery's limits fall towards full and empty, seen from the vehicle that has to hold a power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taper {
    capacity_kwh: f64,
    charge_above: f64,
    discharge_below: f64,
    /// Energy that leaves the battery per energy given at the inlet.
    drain: f64,
}

impl From<&EvParameters> for Taper {
    fn from(ev: &EvParameters) -> Self {
        Self {
            capacity_kwh: ev.capacity_kwh,
            charge_above: ev.charge_taper_above,
            discharge_below: ev.discharge_taper_below,
            drain: 1.0 + ev.loss_linear,
        }
    }
}

impl Taper {
    /// The power to hold for `hours` under an offer (negative when discharging), where the battery holds the share `soc`
    /// and its limit for this direction is `limit_kw` (positive) at the beginning.
    ///
    /// It is one that the battery still allows at the end, by Euler's implicit method: with a limit of `k` times the share
    /// `x` that is still free (or left), `P = k (x − P h / E)`. A power that followed the limit would depend on how finely
    /// time is cut; held within a minute it does not.
    pub fn held_kw(&self, offer_kw: f64, limit_kw: f64, soc: f64, hours: f64) -> f64 {
        let (left, width, per_kwh) = if offer_kw > 0.0 {
            (1.0 - soc, 1.0 - self.charge_above, 1.0)
        } else {
            (soc, self.discharge_below, self.drain)
        };
        let factor = (left / width).clamp(0.0, 1.0);
        if factor <= 0.0 {
            return 0.0;
        }
        let k_kw = limit_kw / (factor * width);
        let lasting_kw = k_kw * left / (1.0 + k_kw * hours * per_kwh / self.capacity_kwh);
        offer_kw.abs().min(limit_kw).min(lasting_kw).copysign(offer_kw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn point(text: &str) -> Outlet {
        Outlet::from(&EvseParameters::from_toml(text).expect("a valid charge point"))
    }

    fn vehicle(text: &str) -> Charger {
        let text = format!("capacity_kwh = 75.0\n{text}");
        Charger::from(&EvParameters::from_toml(&text).expect("a valid vehicle"))
    }

    #[track_caller]
    fn assert_close(found: &[f64], expected: &[f64]) {
        let close = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-9;
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(close), "{found:?}, not {expected:?}");
    }

    #[test]
    fn three_phases_of_22_kw_carry_32_amperes_each() {
        let connection = Connection::new(&point("power_kw = 22.08"), &vehicle("power_kw = 22.08"));
        assert_close(&connection.phases_a(22.08), &[32.0; 3]);
        assert_close(&connection.phases_kw(22.08), &[7.36; 3]);
        assert_close(&[connection.charge_kw(), connection.discharge_kw()], &[22.08; 2]);
    }

    /// 7.4 kW on one phase of 230 V are 32.2 A; the cable carries 32 A, which is 7.36 kW.
    #[test]
    fn a_single_phase_vehicle_loads_the_phase_its_charge_point_is_wired_to_up_to_what_the_cable_carries() {
        let connection =
            Connection::new(&point("power_kw = 24.0\nfirst_phase = 2"), &vehicle("power_kw = 7.4\nphases = 1"));
        assert_close(&[connection.offer_kw(None, None, None)], &[7.36]);
        assert_close(&connection.phases_a(7.36), &[0.0, 32.0, 0.0]);
        assert_close(&connection.phases_a(-6.9), &[0.0, -30.0, 0.0]);
    }

    /// 3.7 kW on three phases are 5.36 A each: less than can be offered, and as much as the vehicle takes of an offer.
    #[test]
    fn a_weak_vehicle_takes_what_it_can_of_a_strong_offer() {
        let connection = Connection::new(&point("power_kw = 22.0"), &vehicle("power_kw = 3.7"));
        assert_close(&[connection.offer_kw(None, None, None)], &[3.7]);
        assert_close(&[connection.offer_kw(Some(-22.0), None, None)], &[-3.7]);
        assert_close(&[connection.offer_kw(None, Some(4.0), None)], &[0.0]);
    }

    /// 11 kW on three phases are 15.94 A each, and 15.94 A on one phase 3.67 kW, though the charge point has 7.4 kW.
    #[test]
    fn a_three_phase_vehicle_takes_a_third_of_its_power_from_one_phase() {
        let connection = Connection::new(&point("power_kw = 7.4\nphases = 1"), &vehicle("power_kw = 11.0"));
        assert_close(&[connection.charge_kw()], &[11.0 / 3.0]);
    }

    #[test]
    fn two_phases_are_the_first_one_and_the_next_around_the_network() {
        let connection =
            Connection::new(&point("power_kw = 22.0\nfirst_phase = 3"), &vehicle("power_kw = 7.2\nphases = 2"));
        assert_close(&connection.phases_kw(7.2), &[3.6, 0.0, 3.6]);
    }

    /// 6 A on three phases of 230 V are 4.14 kW, on one phase 1.38 kW.
    #[test]
    fn an_offer_of_less_than_six_amperes_on_the_phases_in_use_is_a_pause() {
        let point = point("power_kw = 22.0");
        let three = Connection::new(&point, &vehicle("power_kw = 22.0"));
        let one = Connection::new(&point, &vehicle("power_kw = 7.4\nphases = 1"));
        for (setpoint_kw, limit_kw, expected) in [
            (None, Some(4.14), [4.14, 4.14]),
            (None, Some(4.13), [0.0, 4.13]),
            (Some(4.14), None, [4.14, 4.14]),
            (Some(4.0), None, [0.0, 4.0]),
            (Some(1.38), None, [0.0, 1.38]),
            (Some(1.37), None, [0.0, 0.0]),
            (Some(0.0), None, [0.0, 0.0]),
            (Some(-4.14), None, [-4.14, -4.14]),
            (Some(-4.0), None, [0.0, -4.0]),
            (Some(-1.37), None, [0.0, 0.0]),
        ] {
            assert_eq!([&three, &one].map(|c| c.offer_kw(setpoint_kw, limit_kw, None)), expected, "{setpoint_kw:?}");
        }
        assert_eq!(three.offer_kw(Some(-22.0), None, Some(4.0)), 0.0, "a limit on giving back pauses as well");
        assert_eq!(three.offer_kw(Some(-22.0), None, Some(5.0)), -5.0);
        assert_eq!(three.offer_kw(Some(-22.0), Some(0.0), None), -22.0, "a limit on taking does not");
    }

    #[test]
    fn energy_comes_back_only_from_a_vehicle_and_through_a_charge_point_that_can_and_within_both_ratings() {
        let (both_ways, one_way) = (point("power_kw = 22.0"), point("power_kw = 22.0\nbidirectional = false"));
        let [full, half, none] =
            ["", "\ndischarge_kw = 11.0", "\nv2g = false"].map(|text| vehicle(&format!("power_kw = 22.0{text}")));
        let given_kw = |outlet, charger| Connection::new(outlet, charger).offer_kw(Some(-30.0), None, None);
        let found = [
            given_kw(&both_ways, &full),
            given_kw(&both_ways, &half),
            given_kw(&both_ways, &none),
            given_kw(&one_way, &full),
            given_kw(&point("power_kw = 11.0"), &full),
        ];
        assert_close(&found, &[-22.0, -11.0, 0.0, 0.0, -11.0]);
    }

    /// Every pair of five vehicles, four charge points, three cables and two voltages, worked out by the script beside the
    /// golden file.
    #[test]
    fn the_lowest_of_three_currents_wins() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/ev/connections.csv");
        let text = std::fs::read_to_string(path).expect("the golden file is there");
        let mut rows = 0;
        for line in text.lines().skip(1) {
            let row: Vec<f64> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
            let [ev_phases, ev_kw, phases, kw, cable_a, voltage_v, used, amperes, power_kw, least_kw] = row[..] else {
                panic!("{line}");
            };
            let outlet =
                point(&format!("power_kw = {kw}\nphases = {phases}\ncable_a = {cable_a}\nvoltage_v = {voltage_v}"));
            let connection = Connection::new(&outlet, &vehicle(&format!("power_kw = {ev_kw}\nphases = {ev_phases}")));
            let offer_kw = connection.offer_kw(None, None, None);
            let loaded = connection.phases_a(offer_kw).into_iter().filter(|current_a| *current_a > 0.0);
            assert_eq!(loaded.clone().count() as f64, used, "{line}");
            assert!(loaded.clone().all(|current_a| (current_a - amperes).abs() < 1e-9), "{line}");
            assert_close(&[offer_kw, connection.offer_kw(Some(least_kw), None, None)], &[power_kw, least_kw]);
            assert_eq!(connection.offer_kw(Some(least_kw * 0.999), None, None), 0.0, "{line}");
            rows += 1;
        }
        assert_eq!(rows, 120);
    }

    fn taper() -> Taper {
        Taper { capacity_kwh: 100.0, charge_above: 0.8, discharge_below: 0.1, drain: 1.07 }
    }

    #[test]
    fn away_from_full_and_empty_the_offer_is_held_as_it_is() {
        assert_eq!(taper().held_kw(22.0, 22.0, 0.5, 1.0 / 60.0), 22.0);
        assert_eq!(taper().held_kw(11.0, 22.0, 0.5, 1.0 / 60.0), 11.0);
        assert_eq!(taper().held_kw(-22.0, 22.0, 0.5, 1.0 / 60.0), -22.0);
        assert_eq!(taper().held_kw(22.0, 15.0, 0.5, 1.0 / 60.0), 15.0, "too hot for more");
    }

    /// At 90 % half of 20 kW are allowed: P = 100 kW (0.1 − P / 60 h / 100 kWh). At 5 % half of 20 kW as well, and what is
    /// given back takes 1.07 times as much from the battery: P = 200 kW (0.05 − 1.07 P / 60 h / 100 kWh).
    #[test]
    fn in_the_taper_the_power_held_is_the_one_still_allowed_at_the_end() {
        assert_close(&[taper().held_kw(20.0, 10.0, 0.9, 1.0 / 60.0)], &[10.0 / (1.0 + 1.0 / 60.0)]);
        assert_close(&[taper().held_kw(-20.0, 10.0, 0.05, 1.0 / 60.0)], &[-10.0 / (1.0 + 2.14 / 60.0)]);
        // An offer that is below what is allowed at the end is held.
        assert_eq!(taper().held_kw(5.0, 10.0, 0.9, 1.0 / 60.0), 5.0);
        assert_eq!(taper().held_kw(20.0, 0.0, 1.0, 1.0 / 60.0), 0.0);
        assert_eq!(taper().held_kw(-20.0, 0.0, 0.0, 1.0 / 60.0), 0.0);
    }

    /// Where a minute is long for the taper a battery still becomes full.
    #[test]
    fn a_steep_taper_slows_the_last_minutes_and_does_not_end_them() {
        let steep = Taper { charge_above: 0.999, ..taper() };
        let mut soc = 0.99;
        for _ in 0..60 {
            let power_kw = steep.held_kw(60.0, 60.0 * ((1.0 - soc) / 0.001_f64).min(1.0), soc, 1.0 / 60.0);
            soc += power_kw / 60.0 / 100.0;
        }
        assert!((0.999_99..=1.0).contains(&soc), "{soc}");
    }
}
