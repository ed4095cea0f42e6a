//! How a storage ages: with time, faster when warm and full, and with cycles, faster when deep.
//!
//! Calendar fade follows `K(T, s) √t` with an Arrhenius factor, as measured for lithium cells (Schmalstieg et al., Journal
//! of Power Sources 257, 2014; Naumann et al., Journal of Energy Storage 17, 2018). When temperature and state of charge
//! change, the fade goes on from where it is along the curve of the new conditions (equivalent time). With `√t` this is
//! `d(fade²) = K² dt`, so the square of the fade is what is added up.
//!
//! Cycles are counted by rainflow (ASTM E1049, 5.4.4) while they happen, and added up after Miner: a cycle of depth `d`
//! takes the share `1/N(d)` of the fade down to 80 %, with `N(d) = cycle_life (cycle_life_depth / d)^exponent`.

use serde::{Deserialize, Serialize};
use std::array;

/// The gas constant, J/(mol K) (CODATA 2018, exact).
const GAS_J_PER_MOL_K: f64 = 8.314_462_618;
/// 0 °C in kelvin.
const ZERO_C_IN_K: f64 = 273.15;
/// The temperature to which calendar fade is normalised: 25 °C in kelvin.
const T25_K: f64 = 25.0 + ZERO_C_IN_K;
/// The year to which calendar fade is normalised: 365 days.
const YEAR_H: f64 = 8760.0;
/// Capacity lost at the end of `cycle_life`.
const CYCLE_LIFE_FADE: f64 = 0.2;
/// Least state of health: below it nothing can be said any more, and a storage of nothing has no state of charge.
const LEAST_SOH: f64 = 0.01;

/// How fast a storage ages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ageing {
    /// Capacity at the start, relative to the nominal one.
    pub initial_soh: f64,
    /// Square of the calendar fade in an hour at 25 °C and half charge.
    calendar_square_per_h: f64,
    /// Twice the activation energy over the gas constant, K.
    activation_k: f64,
    /// Change of calendar ageing from empty to full, relative to that at half charge.
    soc_sensitivity: f64,
    /// Fade of a cycle of the whole nominal energy.
    full_cycle_fade: f64,
    /// How fade grows with depth.
    depth_exponent: f64,
}

/// The numbers that [`Ageing`] is made of, as a scenario gives them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgeingParameters {
    /// Capacity at the start, relative to the nominal one.
    pub initial_soh: f64,
    /// Capacity lost to time in the first year at 25 °C and half charge, relative.
    pub calendar_fade: f64,
    /// Activation energy of calendar ageing.
    pub activation_kj_per_mol: f64,
    /// Change of calendar ageing from empty to full, relative to that at half charge.
    pub soc_sensitivity: f64,
    /// Cycles of `cycle_life_depth` until 80 % of the capacity is left.
    pub cycle_life: f64,
    /// Depth of these cycles, share of the nominal energy.
    pub cycle_life_depth: f64,
    /// Life goes with (`cycle_life_depth` / depth) to this power.
    pub cycle_depth_exponent: f64,
}

impl From<AgeingParameters> for Ageing {
    fn from(given: AgeingParameters) -> Self {
        let full_cycles = given.cycle_life * libm::pow(given.cycle_life_depth, given.cycle_depth_exponent);
        Self {
            initial_soh: given.initial_soh,
            calendar_square_per_h: given.calendar_fade * given.calendar_fade / YEAR_H,
            activation_k: 2.0 * given.activation_kj_per_mol * 1000.0 / GAS_J_PER_MOL_K,
            soc_sensitivity: given.soc_sensitivity,
            full_cycle_fade: CYCLE_LIFE_FADE / full_cycles,
            depth_exponent: given.cycle_depth_exponent,
        }
    }
}

impl Ageing {
    /// Fade of a cycle of this depth relative to a full one; the usual exponent needs no logarithm.
    fn weight(&self, depth: f64) -> f64 {
        if self.depth_exponent == 1.5 { depth * depth.sqrt() } else { libm::pow(depth, self.depth_exponent) }
    }
}

/// What a storage has gone through.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wear {
    /// Time spent, weighed by its squared effect relative to 25 °C and half charge, h.
    calendar_h: f64,
    /// Full cycles counted so far, weighed by depth to the exponent.
    cycles: f64,
    /// Energy moved into and out of the cells, share of the nominal energy.
    throughput: f64,
    rainflow: Rainflow,
}

impl Wear {
    /// A storage that holds `stored`, share of the nominal energy, and goes through its first hour.
    pub fn new(stored: f64) -> Self {
        Self { calendar_h: 0.0, cycles: 0.0, throughput: 0.0, rainflow: Rainflow::new(stored) }
    }

    /// Lives through `hours` at `cell_c` and state of charge `soc`.
    pub fn rest(&mut self, ageing: &Ageing, hours: f64, cell_c: f64, soc: f64) {
        let by_soc = 1.0 + ageing.soc_sensitivity * (soc - 0.5);
        let warmth = ageing.activation_k * (1.0 / T25_K - 1.0 / (cell_c + ZERO_C_IN_K));
        self.calendar_h += hours * libm::exp(warmth) * by_soc * by_soc;
    }

    /// Comes to hold `stored`, share of the nominal energy: so a shrinking capacity looks like no cycle.
    pub fn store(&mut self, ageing: &Ageing, stored: f64) {
        if stored != self.rainflow.tip {
            self.throughput += (stored - self.rainflow.tip).abs();
            let cycles = &mut self.cycles;
            self.rainflow.take(stored, |depth, count| *cycles += count * ageing.weight(depth));
        }
    }

    /// Capacity lost to time so far, relative to the nominal one.
    pub fn calendar_fade(&self, ageing: &Ageing) -> f64 {
        (ageing.calendar_square_per_h * self.calendar_h).sqrt()
    }

    /// Capacity lost to cycles so far, relative to the nominal one; ranges that are still open count as half cycles.
    pub fn cycle_fade(&self, ageing: &Ageing) -> f64 {
        let mut cycles = self.cycles;
        self.rainflow.residue(|depth, count| cycles += count * ageing.weight(depth));
        ageing.full_cycle_fade * cycles
    }

    /// Capacity left, relative to the nominal one.
    pub fn soh(&self, ageing: &Ageing) -> f64 {
        (ageing.initial_soh - self.calendar_fade(ageing) - self.cycle_fade(ageing)).max(LEAST_SOH)
    }

    /// From now on all that is still open is this many times as deep: the nominal energy is another one.
    pub fn rescale(&mut self, factor: f64) {
        self.rainflow.rescale(factor);
    }

    /// Energy moved into and out of the cells, in cycles of the nominal energy.
    pub fn equivalent_full_cycles(&self) -> f64 {
        self.throughput / 2.0
    }
}

/// Turning points whose ranges are not counted yet.
const OPEN_POINTS: usize = 16;

/// Counts cycles while they happen, after ASTM E1049-85 (2017), 5.4.4.
///
/// Of the open turning points each range is smaller than the one before, so few are open at a time. If all places are
/// taken, the innermost excursion is counted as if it had come back to where it began: a full cycle of the larger of its
/// two ranges. No cycle is then counted smaller than it was, and memory stays bounded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(into = "OpenRanges", try_from = "OpenRanges")]
pub struct Rainflow {
    points: [f64; OPEN_POINTS],
    open: usize,
    /// The value taken last; no turning point yet.
    tip: f64,
}

/// A [`Rainflow`] as files keep it: the open turning points and no more.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenRanges {
    points: Vec<f64>,
    tip: f64,
}

impl From<Rainflow> for OpenRanges {
    fn from(history: Rainflow) -> Self {
        Self { points: history.points[..history.open].to_vec(), tip: history.tip }
    }
}

impl TryFrom<OpenRanges> for Rainflow {
    type Error = String;

    fn try_from(OpenRanges { points: given, tip }: OpenRanges) -> Result<Self, String> {
        let open = given.len();
        if !(1..=OPEN_POINTS).contains(&open) {
            return Err(format!("{open} turning points are open, but there are 1 to {OPEN_POINTS}"));
        }
        let mut points = [0.0; OPEN_POINTS];
        points[..open].copy_from_slice(&given);
        Ok(Self { points, open, tip })
    }
}

impl PartialEq for Rainflow {
    fn eq(&self, other: &Self) -> bool {
        (&self.points[..self.open], self.tip) == (&other.points[..other.open], other.tip)
    }
}

impl Rainflow {
    /// A history that begins at `first`.
    pub fn new(first: f64) -> Self {
        Self { points: array::from_fn(|index| if index == 0 { first } else { 0.0 }), open: 1, tip: first }
    }

    /// Takes the next value; tells `count` of (depth, cycles) that are complete, where half cycles count 0.5.
    pub fn take(&mut self, value: f64, count: impl FnMut(f64, f64)) {
        let last = self.points[self.open - 1];
        let goes_on = self.tip == last || value == self.tip || (value > self.tip) == (self.tip > last);
        if !goes_on {
            self.turn(self.tip, count);
        }
        self.tip = value;
    }

    /// Tells `count` of (depth, cycles) of all that is open, as if the history ended now; it goes on unchanged.
    pub fn residue(&self, mut count: impl FnMut(f64, f64)) {
        let mut ended = *self;
        if ended.tip != ended.points[ended.open - 1] {
            ended.turn(ended.tip, &mut count);
        }
        for pair in ended.points[..ended.open].windows(2) {
            count((pair[1] - pair[0]).abs(), 0.5);
        }
    }

    fn rescale(&mut self, factor: f64) {
        self.points.iter_mut().for_each(|point| *point *= factor);
        self.tip *= factor;
    }

    /// Takes a turning point; the letters are the standard's.
    fn turn(&mut self, point: f64, mut count: impl FnMut(f64, f64)) {
        if self.open == OPEN_POINTS {
            let [from, to] = [self.points[self.open - 3], self.points[self.open - 2]];
            count((to - from).abs(), 1.0);
            self.open -= 2;
        }
        self.points[self.open] = point;
        self.open += 1;
        while let [.., a, b, c] = self.points[..self.open] {
            let (x, y) = ((c - b).abs(), (b - a).abs());
            if x < y {
                break;
            }
            if self.open == 3 {
                count(y, 0.5);
                self.points.copy_within(1..3, 0);
                self.open = 2;
            } else {
                count(y, 1.0);
                self.points[self.open - 3] = c;
                self.open -= 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    const PARAMETERS: AgeingParameters = AgeingParameters {
        initial_soh: 1.0,
        calendar_fade: 0.02,
        activation_kj_per_mol: 50.0,
        soc_sensitivity: 1.0,
        cycle_life: 6000.0,
        cycle_life_depth: 0.8,
        cycle_depth_exponent: 1.5,
    };

    #[derive(Deserialize)]
    struct Case {
        name: String,
        series: Vec<f64>,
        damage: f64,
        counts: Option<Vec<(f64, f64)>>,
    }

    fn live(wear: &mut Wear, ageing: &Ageing, hours: f64, cell_c: f64, soc: f64) {
        wear.store(ageing, soc);
        wear.rest(ageing, hours, cell_c, soc);
    }

    /// All cycles of a series, residue included, counted while it happens.
    fn cycles(series: &[f64]) -> Vec<(f64, f64)> {
        let (mut rainflow, mut cycles) = (Rainflow::new(series[0]), Vec::new());
        for value in series {
            rainflow.take(*value, |depth, count| cycles.push((depth, count)));
        }
        rainflow.residue(|depth, count| cycles.push((depth, count)));
        cycles
    }

    fn damage(cycles: &[(f64, f64)]) -> f64 {
        cycles.iter().map(|(depth, count)| count * depth.powf(1.5)).sum()
    }

    #[test]
    fn cycles_are_those_that_another_method_finds_in_the_whole_series() {
        let text = include_str!("../../../tests/golden/battery/rainflow.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("the golden file is well-formed");
        assert_eq!(cases.len(), 8);
        for case in cases {
            let found = cycles(&case.series);
            let scale = case.damage.max(1.0);
            assert!((damage(&found) - case.damage).abs() < 1e-12 * scale, "{}: {}", case.name, damage(&found));
            for (depth, count) in case.counts.iter().flatten() {
                let at_depth = found.iter().filter(|(other, _)| (other - depth).abs() < 1e-9);
                assert_eq!(at_depth.map(|(_, count)| count).sum::<f64>(), *count, "{} at {depth}", case.name);
            }
        }
    }

    #[test]
    fn what_is_open_can_be_asked_at_any_time_and_damage_never_falls() {
        let text = include_str!("../../../tests/golden/battery/rainflow.json");
        let cases: Vec<Case> = serde_json::from_str(text).expect("the golden file is well-formed");
        let series = &cases.iter().find(|case| case.name == "random_walk").expect("a golden case").series;
        let (mut rainflow, mut counted, mut before) = (Rainflow::new(series[0]), 0.0, 0.0);
        for (index, value) in series.iter().enumerate() {
            rainflow.take(*value, |depth, count| counted += count * depth.powf(1.5));
            let mut now = counted;
            rainflow.residue(|depth, count| now += count * depth.powf(1.5));
            assert!(now >= before - 1e-12, "after {index}");
            before = now;
            if index % 500 == 0 {
                assert!((now - damage(&cycles(&series[..=index]))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_history_with_too_much_open_is_counted_on_the_safe_side_in_bounded_memory() {
        // Ever narrower: all 60 ranges stay open, of which 15 have room.
        let narrowing: Vec<f64> = (0..60).map(|k| 0.5 + 0.4 * 0.95_f64.powi(k) * f64::from(1 - k % 2 * 2)).collect();
        let exact: f64 = narrowing.windows(2).map(|pair| 0.5 * (pair[1] - pair[0]).abs().powf(1.5)).sum();
        let found = damage(&cycles(&narrowing));
        assert!(exact < found && found < 1.5 * exact, "{found}, not {exact}");
        // When it widens again, every cycle that is then complete has been counted, and none smaller than it was.
        let mut back = narrowing.clone();
        back.extend(narrowing.iter().rev());
        let exact: f64 = narrowing.windows(2).map(|pair| (pair[1] - pair[0]).abs().powf(1.5)).sum();
        let found = damage(&cycles(&back));
        assert!(exact <= found && found < 1.5 * exact, "{found}, not {exact}");
    }

    #[test]
    fn sixty_days_age_a_battery_as_another_formulation_has_it() {
        let ageing = Ageing::from(PARAMETERS);
        let mut wear = Wear::new(0.5);
        let mut compared = 0;
        for line in include_str!("../../../tests/golden/battery/ageing.csv").lines().skip(1) {
            let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
            let [_, Some(cell_c), Some(soc), calendar, cycle] = cells[..] else { panic!("{line}") };
            (0..60).for_each(|_| live(&mut wear, &ageing, 1.0 / 60.0, cell_c, soc));
            if let (Some(calendar), Some(cycle)) = (calendar, cycle) {
                assert!((wear.calendar_fade(&ageing) / calendar - 1.0).abs() < 1e-11, "{line}");
                assert!((wear.cycle_fade(&ageing) / cycle - 1.0).abs() < 1e-11, "{line}");
                compared += 1;
            }
        }
        assert_eq!(compared, 12);
    }

    #[test]
    fn calendar_fade_follows_temperature_charge_and_the_root_of_time() {
        let fade = |years: f64, cell_c: f64, soc: f64| {
            let ageing = Ageing::from(PARAMETERS);
            let mut wear = Wear::new(soc);
            live(&mut wear, &ageing, years * 8760.0, cell_c, soc);
            wear.calendar_fade(&ageing)
        };
        // By hand: 50000 / 8.314462618 · (1/298.15 − 1/308.15) = 0.654535; e to it is 1.924248.
        for (years, cell_c, soc, expected) in [
            (1.0, 25.0, 0.5, 0.02),
            (4.0, 25.0, 0.5, 0.04),
            (1.0, 25.0, 0.9, 0.028),
            (1.0, 25.0, 0.0, 0.01),
            (1.0, 35.0, 0.5, 0.038_485),
            (1.0, 15.0, 0.5, 0.009_931),
        ] {
            let found = fade(years, cell_c, soc);
            assert!((found - expected).abs() < 1e-6, "{years} years at {cell_c} °C, {soc}: {found}");
        }
    }

    #[test]
    fn six_thousand_cycles_of_eighty_percent_take_a_fifth_of_the_capacity() {
        let ageing = Ageing::from(AgeingParameters { calendar_fade: 0.0, ..PARAMETERS });
        let mut wear = Wear::new(0.1);
        for _ in 0..6000 {
            live(&mut wear, &ageing, 1.0, 25.0, 0.9);
            live(&mut wear, &ageing, 1.0, 25.0, 0.1);
        }
        assert!((wear.soh(&ageing) - 0.8).abs() < 1e-9, "{}", wear.soh(&ageing));
        assert!((wear.equivalent_full_cycles() - 4800.0).abs() < 1e-6);
    }

    #[test]
    fn the_usual_exponent_weighs_as_any_other_does() {
        let weight = |cycle_depth_exponent: f64, depth: f64| {
            Ageing::from(AgeingParameters { cycle_depth_exponent, ..PARAMETERS }).weight(depth)
        };
        for depth in [1e-6, 0.1, 0.7, 1.0] {
            assert!((weight(1.5, depth) / weight(1.5 + 1e-15, depth) - 1.0).abs() < 1e-12, "{depth}");
        }
    }

    #[test]
    fn a_storage_that_is_worn_out_still_has_a_capacity() {
        let ageing = Ageing::from(AgeingParameters { cycle_life: 1.0, initial_soh: 0.5, ..PARAMETERS });
        let mut wear = Wear::new(0.0);
        (0..20).for_each(|hour| live(&mut wear, &ageing, 1.0, 25.0, f64::from(hour % 2)));
        assert_eq!(wear.soh(&ageing), 0.01);
    }
}
