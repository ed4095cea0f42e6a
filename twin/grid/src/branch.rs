//! Lines and transformers as two-ports per unit, one per symmetrical component.

use num_complex::Complex64 as C;

use crate::model::{Line, Side, Taps, Transformer, Winding};

/// Power to which per-unit quantities refer: three phases together, VA.
pub(crate) const BASE_VA: f64 = 1e6;

/// One symmetrical component of a branch: an ideal ratio `t` at the from side, then a series admittance.
///
/// `i_to = y (v_to - v_from / t) + shunt_to v_to` and `i_from = y (v_from / t - v_to) / conj(t) + shunt_from v_from`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TwoPort {
    /// Series admittance, on the to side.
    pub(crate) y: C,
    /// Ratio: `v_from / v_to` without load.
    pub(crate) t: C,
    /// One over the ratio.
    inverse: C,
    /// Admittance to earth at the from side.
    pub(crate) shunt_from: C,
    /// Admittance to earth at the to side.
    pub(crate) shunt_to: C,
}

/// Index of the components of which all calculations have the first, and three-phase ones all.
pub(crate) const POSITIVE: usize = 0;
/// The component whose phases run the other way round.
pub(crate) const NEGATIVE: usize = 1;
/// The component that is the same in every phase.
pub(crate) const ZERO: usize = 2;

const NONE: C = C::new(0.0, 0.0);
const ONE: C = C::new(1.0, 0.0);

impl TwoPort {
    pub(crate) fn new(y: C, t: C, shunt_from: C, shunt_to: C) -> Self {
        Self { y, t, inverse: t.inv(), shunt_from, shunt_to }
    }

    /// A branch through which this component does not go; what it is at its ends stays.
    fn blocked(shunt_from: C, shunt_to: C) -> Self {
        Self::new(NONE, ONE, shunt_from, shunt_to)
    }

    /// Whether its numbers can be computed with: only a zero sequence may be blocked.
    pub(crate) fn is_sound(&self, component: usize) -> bool {
        let open = component == ZERO && self.y == NONE;
        let finite = [self.t, self.inverse, self.shunt_from, self.shunt_to].iter().all(|x| x.norm_sqr().is_finite());
        finite && (open || self.y.norm_sqr().is_normal() && self.y.inv().norm_sqr().is_normal())
    }

    /// Whether currents pass from side to side.
    pub(crate) fn passes(&self) -> bool {
        self.y != NONE
    }

    /// The four entries of the admittance matrix: from-from, from-to, to-from, to-to.
    pub(crate) fn entries(&self) -> [C; 4] {
        let Self { y, t, shunt_from, shunt_to, .. } = *self;
        [y / t.norm_sqr() + shunt_from, -y / t.conj(), -y / t, y + shunt_to]
    }

    /// Currents that enter at the from and the to side.
    pub(crate) fn currents(&self, v_from: C, v_to: C) -> [C; 2] {
        let series = self.y * (v_from * self.inverse - v_to);
        [series * self.inverse.conj() + self.shunt_from * v_from, self.shunt_to * v_to - series]
    }

    /// What is seen at one side while the other is open.
    pub(crate) fn open_at_other_end(&self, seen_at: Side) -> C {
        // The far shunt in series with the branch; written so that small shunts keep their digits.
        let behind = |far: C| if self.passes() && far != NONE { self.y * far / (self.y + far) } else { NONE };
        match seen_at {
            Side::From => self.shunt_from + behind(self.shunt_to) / self.t.norm_sqr(),
            Side::To => self.shunt_to + behind(self.shunt_from * self.t.norm_sqr()),
        }
    }
}

/// The components of a line; `None` where its zero-sequence values are needed and not given.
pub(crate) fn line<const K: usize>(line: &Line, u_rated_v: f64, frequency_hz: f64) -> Option<[TwoPort; K]> {
    let base_y = BASE_VA / (u_rated_v * u_rated_v);
    let pi = |r_ohm: f64, x_ohm: f64, c_f: f64| {
        let half = C::new(0.0, std::f64::consts::TAU * frequency_hz * c_f / 2.0 / base_y);
        TwoPort::new(C::new(r_ohm, x_ohm).inv() / base_y, ONE, half, half)
    };
    let positive = pi(line.r1_ohm, line.x1_ohm, line.c1_f);
    if K == 1 {
        return Some([positive; K]);
    }
    let zero = pi(line.r0_ohm?, line.x0_ohm?, line.c0_f.unwrap_or(0.0));
    Some(std::array::from_fn(|k| if k == ZERO { zero } else { positive }))
}

/// Voltages of the two windings at the present tap, V.
fn tapped(transformer: &Transformer) -> (f64, f64) {
    let (mut u1, mut u2) = (transformer.u1_v, transformer.u2_v);
    if let Some(Taps { side, position, step_v, .. }) = transformer.taps {
        let more = f64::from(position) * step_v;
        if side == Side::From { u1 += more } else { u2 += more }
    }
    (u1, u2)
}

/// The components of a transformer between nodes of these ratings (equations: `NETWORKS.md`).
pub(crate) fn transformer<const K: usize>(transformer: &Transformer, rated: (f64, f64)) -> [TwoPort; K] {
    let Transformer { sn_va, uk, pk_w, i0, p0_w, clock, from_winding, to_winding, .. } = *transformer;
    let (u1, u2) = tapped(transformer);
    let base_y = BASE_VA / (rated.1 * rated.1);
    let (r, z) = (pk_w * u2 * u2 / (sn_va * sn_va), uk * u2 * u2 / sn_va);
    let y = C::new(r, (z * z - r * r).max(0.0).sqrt()).inv() / base_y;
    let (g, y0) = (p0_w / (u2 * u2), i0 * sn_va / (u2 * u2));
    let no_load = C::new(g, -(y0 * y0 - g * g).max(0.0).sqrt()) / base_y;
    let ratio = u1 / u2 / (rated.0 / rated.1);
    let through = |t: C| TwoPort::new(y, t, no_load / 2.0 / t.norm_sqr(), no_load / 2.0);
    let angle = f64::from(clock) * std::f64::consts::FRAC_PI_6;
    let t = C::new(libm::cos(angle), libm::sin(angle)) * ratio;
    let zero = match (from_winding, to_winding) {
        // With the clock numbers 2, 6 and 10 the windings are reversed.
        (Winding::WyeEarthed, Winding::WyeEarthed) if clock % 4 == 2 => through(C::new(-ratio, 0.0)),
        (Winding::WyeEarthed, Winding::WyeEarthed) => through(C::new(ratio, 0.0)),
        (Winding::Delta, Winding::WyeEarthed) => TwoPort::blocked(NONE, y + no_load),
        (Winding::WyeEarthed, Winding::Delta) => TwoPort::blocked((y + no_load) / (ratio * ratio), NONE),
        _ => TwoPort::blocked(NONE, NONE),
    };
    let all = [through(t), through(t.conj()), zero];
    debug_assert_eq!((POSITIVE, NEGATIVE), (0, 1));
    std::array::from_fn(|k| all[k])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_end_is_the_limit_of_a_current_of_zero_there() {
        let port = TwoPort::new(C::new(3.0, -7.0), C::new(0.9, 0.4), C::new(0.01, 0.02), C::new(0.0, 0.03));
        let [ff, ft, tf, tt] = port.entries();
        assert!((port.open_at_other_end(Side::From) - (ff - ft * tf / tt)).norm_sqr() < 1e-28);
        assert!((port.open_at_other_end(Side::To) - (tt - ft * tf / ff)).norm_sqr() < 1e-28);
    }

    #[test]
    fn currents_are_those_of_the_matrix() {
        let port = TwoPort::new(C::new(3.0, -7.0), C::new(0.9, 0.4), C::new(0.01, 0.02), C::new(0.0, 0.03));
        let (v, w) = (C::new(1.02, 0.1), C::new(0.97, -0.3));
        let ([ff, ft, tf, tt], [i, j]) = (port.entries(), port.currents(v, w));
        assert!((i - (ff * v + ft * w)).norm_sqr() < 1e-26);
        assert!((j - (tf * v + tt * w)).norm_sqr() < 1e-26);
    }
}
