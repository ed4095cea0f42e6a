//! What flows through a line or transformer, from the voltages at its ends.

use num_complex::Complex64 as C;

use crate::branch::BASE_VA;
use crate::per_unit::{Branch, Rating};
use crate::solution::Flow;
use crate::solve::phases;
use crate::switching::NOWHERE;

/// The flows of a branch by phase, and its loading.
pub(crate) struct BranchFlow<const K: usize> {
    pub(crate) flows: [Flow; K],
    pub(crate) loading: f64,
}

/// The flows of a branch; `voltages` are those of the nodes by component.
pub(crate) fn of_branch<const K: usize>(branch: &Branch<K>, voltages: &[[C; K]], buses: &[usize]) -> BranchFlow<K> {
    let live = |node: usize| buses[node] != NOWHERE;
    let (v_from, v_to) = (voltages[branch.from], voltages[branch.to]);
    let nothing = [C::default(); K];
    let [from, to] = match branch.closed {
        [true, true] if live(branch.from) => {
            let both: [[C; 2]; K] = std::array::from_fn(|k| branch.ports[k].currents(v_from[k], v_to[k]));
            [both.map(|i| i[0]), both.map(|i| i[1])]
        }
        [true, false] if live(branch.from) => {
            [std::array::from_fn(|k| branch.ports[k].open_at_other_end(crate::model::Side::From) * v_from[k]), nothing]
        }
        [false, true] if live(branch.to) => {
            [nothing, std::array::from_fn(|k| branch.ports[k].open_at_other_end(crate::model::Side::To) * v_to[k])]
        }
        _ => [nothing; 2],
    };
    let (i_from, i_to, v_from, v_to) = (phases(from), phases(to), phases(v_from), phases(v_to));
    let base = BASE_VA / K as f64;
    let flow = |k: usize| {
        let (s_from, s_to) = (v_from[k] * i_from[k].conj() * base, v_to[k] * i_to[k].conj() * base);
        Flow {
            p_from_w: s_from.re,
            q_from_var: s_from.im,
            i_from_a: i_from[k].norm_sqr().sqrt() * branch.base_a[0],
            p_to_w: s_to.re,
            q_to_var: s_to.im,
            i_to_a: i_to[k].norm_sqr().sqrt() * branch.base_a[1],
        }
    };
    let flows: [Flow; K] = std::array::from_fn(flow);
    let apparent = |p: f64, q: f64| (p * p + q * q).sqrt();
    let loading = match branch.rating {
        Rating::None => f64::NAN,
        Rating::Current(rated_a) => {
            flows.iter().map(|flow| flow.i_from_a.max(flow.i_to_a)).fold(0.0, f64::max) / rated_a
        }
        Rating::Power(rated_va) => {
            let from: f64 = flows.iter().map(|flow| apparent(flow.p_from_w, flow.q_from_var)).sum();
            let to: f64 = flows.iter().map(|flow| apparent(flow.p_to_w, flow.q_to_var)).sum();
            from.max(to) / rated_va
        }
    };
    BranchFlow { flows, loading }
}
