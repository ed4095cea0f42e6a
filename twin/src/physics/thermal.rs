//! The temperature of a storage's cells: one node that is warmed by losses, cooled, and gives heat to the air.
//!
//! `C dT/dt = Q − UA (T − T_air) − Q_cooling`, solved exactly for inputs that are constant. Storages are advanced minute
//! by minute, whatever the tick: heat and air are means over the minute; the cooling of a minute is set when it begins, to
//! the power that takes the excess over the threshold away within a minute, or to what the cooling can do if that is less.
//! So it acts like a chiller with a variable speed: it does not chatter, a small error of temperature stays small, and
//! steps of a second come to the same as those of a minute.

use agents::Span;

/// Temperature of the cells before the first minute, where none is given and the air is not known yet, °C.
pub const REFERENCE_C: f64 = 25.0;

/// How the cells of a storage warm up, cool down, and what they stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermal {
    /// Heat that warms the cells by a kelvin, kWh/K; positive.
    heat_capacity_kwh_per_k: f64,
    /// Heat given to the air per kelvin, kW/K.
    loss_kw_per_k: f64,
    /// Warming over a minute per net heat at its beginning, K/kW.
    minute_k_per_kw: f64,
    /// Share of the converter's losses that warms the cells.
    pub heat_share: f64,
    /// Cooling, where there is one.
    cooling: Cooling,
    /// Cell temperature above which power falls linearly, °C.
    derate_above_c: f64,
    /// Cell temperature from which there is no power, °C.
    stop_above_c: f64,
    /// Temperature at the start; none: that of the air.
    pub initial_cell_c: Option<f64>,
}

/// What keeps cells from warming up further.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cooling {
    /// Cell temperature above which it runs, °C.
    pub above_c: f64,
    /// Heat it can remove, kW; 0: there is none.
    pub heat_kw: f64,
    /// Heat removed per electricity; positive.
    pub cop: f64,
}

impl Thermal {
    /// Cells with this heat capacity, kWh/K (positive), which give `loss_kw_per_k` to the air and derate between two
    /// temperatures, °C; without cooling.
    pub fn new(heat_capacity_kwh_per_k: f64, loss_kw_per_k: f64, heat_share: f64, derating_c: [f64; 2]) -> Self {
        let mut thermal = Self {
            heat_capacity_kwh_per_k,
            loss_kw_per_k,
            minute_k_per_kw: 0.0,
            heat_share,
            cooling: Cooling::default(),
            derate_above_c: derating_c[0],
            stop_above_c: derating_c[1],
            initial_cell_c: None,
        };
        thermal.minute_k_per_kw = thermal.response_k_per_kw(Span::MINUTE.hours());
        thermal
    }

    /// The same cells with a cooling.
    pub fn with_cooling(self, cooling: Cooling) -> Self {
        Self { cooling, ..self }
    }

    /// Warming over `hours` per net heat at their beginning, K/kW: the exact solution of the node's equation.
    fn response_k_per_kw(&self, hours: f64) -> f64 {
        let through_walls = self.loss_kw_per_k * hours / self.heat_capacity_kwh_per_k;
        // The limit of no loss to the air, where the quotient below has no value.
        let share = if through_walls > 0.0 { -libm::expm1(-through_walls) / through_walls } else { 1.0 };
        share * hours / self.heat_capacity_kwh_per_k
    }

    /// Cell temperature after `hours` under constant heat, cooling (both kW, heat removed positive) and air, °C.
    pub fn after(&self, cell_c: f64, hours: f64, heat_kw: f64, cooling_kw: f64, air_c: f64) -> f64 {
        let net_kw = heat_kw - cooling_kw - self.loss_kw_per_k * (cell_c - air_c);
        let is_minute = hours == const { Span::MINUTE.0 as f64 / Span::HOUR.0 as f64 };
        let response = if is_minute { self.minute_k_per_kw } else { self.response_k_per_kw(hours) };
        cell_c + net_kw * response
    }

    /// Heat removed from cells of this temperature over the coming minute, kW.
    pub fn cooling_kw(&self, cell_c: f64) -> f64 {
        let excess_k = cell_c - self.cooling.above_c;
        if excess_k > 0.0 { (excess_k / self.minute_k_per_kw).min(self.cooling.heat_kw) } else { 0.0 }
    }

    /// Electricity taken for removing this heat, kW.
    pub fn cooling_supply_kw(&self, cooling_kw: f64) -> f64 {
        if cooling_kw > 0.0 { cooling_kw / self.cooling.cop } else { 0.0 }
    }

    /// Share of the rated power that cells of this temperature allow: falls linearly from 1 to 0 between two limits.
    pub fn derating(&self, cell_c: f64) -> f64 {
        if cell_c <= self.derate_above_c {
            1.0
        } else if cell_c >= self.stop_above_c {
            0.0
        } else {
            (self.stop_above_c - cell_c) / (self.stop_above_c - self.derate_above_c)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 900 kg at 1 kJ/(kg K), 15 W/K: a time constant of 60,000 s.
    fn cells() -> Thermal {
        Thermal::new(900.0 / 3600.0, 0.015, 0.5, [45.0, 60.0])
    }

    #[test]
    fn a_step_of_heat_warms_the_cells_as_the_closed_form_says() {
        let (mut cell_c, heat_kw, air_c) = (30.0, 0.3, 28.0);
        for minute in 1..=3000 {
            cell_c = cells().after(cell_c, 1.0 / 60.0, heat_kw, 0.0, air_c);
            // Ends at 28 °C + 300 W / (15 W/K) = 48 °C.
            let exact_c = 48.0 - 18.0 * (-60.0 * f64::from(minute) / 60_000.0).exp();
            assert!((cell_c - exact_c).abs() < 1e-10, "after {minute} min: {cell_c} °C, not {exact_c} °C");
        }
        assert!((cell_c - 47.1).abs() < 0.1, "{cell_c}");
    }

    #[test]
    fn one_long_step_is_as_good_as_many_short_ones() {
        let after = |steps: i32| {
            let hours = 10.0 / f64::from(steps);
            (0..steps).fold(20.0, |cell_c, _| cells().after(cell_c, hours, 0.4, 0.1, 27.0))
        };
        for steps in [2, 600, 36_000] {
            assert!((after(steps) - after(1)).abs() < 1e-9, "{steps}");
        }
    }

    #[test]
    fn cells_that_give_no_heat_away_warm_up_evenly() {
        let closed = Thermal::new(0.25, 0.0, 0.5, [45.0, 60.0]);
        assert!((closed.after(30.0, 0.5, 1.0, 0.0, -10.0) - 32.0).abs() < 1e-12);
    }

    #[test]
    fn cooling_holds_the_threshold_as_long_as_it_is_strong_enough() {
        let cooled = cells().with_cooling(Cooling { above_c: 30.0, heat_kw: 1.0, cop: 3.0 });
        let settle = |heat_kw: f64| {
            (0..6000).fold(35.0, |cell_c, _| cooled.after(cell_c, 1.0 / 60.0, heat_kw, cooled.cooling_kw(cell_c), 28.0))
        };
        // A minute of 0.9 kW in 0.25 kWh/K is 0.06 K: that much stands above the threshold.
        assert!((settle(0.9) - 30.0 - 0.06).abs() < 0.01, "{}", settle(0.9));
        assert_eq!((cooled.cooling_kw(29.9), cooled.cooling_kw(40.0)), (0.0, 1.0));
        assert!((cooled.cooling_supply_kw(0.9) - 0.3).abs() < 1e-12);
        // What is too much for it warms the cells to 28 °C + (1.2 − 1.0) kW / (15 W/K) = 41.3 °C.
        assert!((settle(1.2) - 41.33).abs() < 0.1, "{}", settle(1.2));
    }

    #[test]
    fn power_falls_linearly_between_the_two_limits() {
        let deratings = [44.0, 45.0, 48.0, 60.0, 75.0].map(|cell_c| cells().derating(cell_c));
        assert_eq!(deratings, [1.0, 1.0, 0.8, 0.0, 0.0]);
    }
}
