//! Complex numbers of several steps side by side, and the loads that draw currents from them.

use num_complex::Complex64 as C;

/// Steps that are solved side by side.
pub(crate) const LANES: usize = 8;

/// A complex number of each lane.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Phasor {
    pub(crate) re: [f64; LANES],
    pub(crate) im: [f64; LANES],
}

impl Phasor {
    pub(crate) const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };

    /// The same number in every lane.
    pub(crate) fn all(value: C) -> Self {
        Self { re: [value.re; LANES], im: [value.im; LANES] }
    }

    #[inline(always)]
    pub(crate) fn get(&self, lane: usize) -> C {
        C::new(self.re[lane], self.im[lane])
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, lane: usize, value: C) {
        (self.re[lane], self.im[lane]) = (value.re, value.im);
    }
}

/// Phasors of the components (or the phases) of one bus.
pub(crate) type Phasors<const K: usize> = [Phasor; K];

#[inline(always)]
pub(crate) fn get<const K: usize>(phasors: &Phasors<K>, lane: usize) -> [C; K] {
    std::array::from_fn(|k| phasors[k].get(lane))
}

#[inline(always)]
pub(crate) fn set<const K: usize>(phasors: &mut Phasors<K>, lane: usize, values: [C; K]) {
    for (phasor, value) in phasors.iter_mut().zip(values) {
        phasor.set(lane, value);
    }
}

/// Half the square root of three.
const SIN_60: f64 = 0.866_025_403_784_438_6;

/// Phases a, b, c of positive, negative and zero sequence (Fortescue); one phase is its positive sequence.
#[inline(always)]
pub(crate) fn phases<const K: usize>(v: [C; K]) -> [C; K] {
    if K == 1 {
        return v;
    }
    let (sum, difference) = (v[0] + v[1], v[0] - v[1]);
    let side = C::new(difference.im * SIN_60, -difference.re * SIN_60);
    let middle = v[2] - sum * 0.5;
    let all = [v[2] + sum, middle + side, middle - side];
    std::array::from_fn(|k| all[k])
}

/// Positive, negative and zero sequence of phases a, b, c.
#[inline(always)]
pub(crate) fn components<const K: usize>(i: [C; K]) -> [C; K] {
    if K == 1 {
        return i;
    }
    const THIRD: f64 = 1.0 / 3.0;
    let (sum, difference) = (i[1] + i[2], i[1] - i[2]);
    let side = C::new(-difference.im * SIN_60, difference.re * SIN_60);
    let middle = i[0] - sum * 0.5;
    let all = [(middle + side) * THIRD, (middle - side) * THIRD, (i[0] + sum) * THIRD];
    std::array::from_fn(|k| all[k])
}

/// Power at rated voltage of the loads at a bus, per phase and per unit: constant power, current, impedance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demand<const K: usize> {
    pub(crate) power: [C; K],
    pub(crate) current: [C; K],
    pub(crate) impedance: [C; K],
}

/// Currents by component into loads of constant power.
#[inline(always)]
pub(crate) fn constant_power<const K: usize>(power: [C; K], v: [C; K]) -> [C; K] {
    let v = phases(v);
    components(std::array::from_fn(|k| power[k].conj() * v[k] * (1.0 / v[k].norm_sqr())))
}

/// Currents by component into loads of any kind.
#[inline(always)]
pub(crate) fn any_kind<const K: usize>(demand: &Demand<K>, v: [C; K]) -> [C; K] {
    let v = phases(v);
    components(std::array::from_fn(|k| {
        let over = 1.0 / v[k].norm_sqr();
        let factor = demand.power[k] * over + demand.current[k] * over.sqrt() + demand.impedance[k];
        factor.conj() * v[k]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_undo_phases() {
        let v = [C::new(1.0, 0.2), C::new(-0.1, 0.4), C::new(0.03, -0.02)];
        for (back, given) in components(phases(v)).iter().zip(v) {
            assert!((back - given).norm_sqr() < 1e-30);
        }
    }

    #[test]
    fn in_the_positive_sequence_phase_b_lags_a_by_120_degrees() {
        let [a, b, c] = phases([C::new(1.0, 0.0), C::default(), C::default()]);
        assert!((a - C::new(1.0, 0.0)).norm_sqr() < 1e-30);
        assert!((b - C::new(-0.5, -SIN_60)).norm_sqr() < 1e-30);
        assert!((c - C::new(-0.5, SIN_60)).norm_sqr() < 1e-30);
    }
}
