//! Networks that several tests look at.

use grid::model::{Line, Load, LoadKind, Network, Node, Power, Side, Source, Switch, Taps, Transformer, Winding};

pub(crate) fn node(id: &str, u_rated_v: f64) -> Node {
    Node { id: id.into(), u_rated_v }
}

pub(crate) fn line(id: &str, from: &str, to: &str, r1_ohm: f64, x1_ohm: f64) -> Line {
    Line {
        id: id.into(),
        from_node: from.into(),
        to_node: to.into(),
        from_closed: true,
        to_closed: true,
        construction: grid::model::Construction::Cable,
        r1_ohm,
        x1_ohm,
        c1_f: 0.0,
        r0_ohm: Some(4.0 * r1_ohm),
        x0_ohm: Some(4.0 * x1_ohm),
        c0_f: None,
        i_rated_a: Some(270.0),
    }
}

pub(crate) fn load(id: &str, node: &str, p_w: f64, q_var: f64) -> Load {
    let (p_w, q_var) = (Power::Total(p_w), Power::Total(q_var));
    Load { id: id.into(), node: node.into(), p_w, q_var, kind: LoadKind::ConstantPower }
}

pub(crate) fn source(id: &str, node: &str) -> Source {
    Source {
        id: id.into(),
        node: node.into(),
        u_ref_pu: 1.0,
        u_angle_rad: 0.0,
        sk_va: 1e8,
        rx_ratio: 0.1,
        z01_ratio: 1.0,
    }
}

pub(crate) fn switch(id: &str, from: &str, to: &str, closed: bool) -> Switch {
    Switch { id: id.into(), from_node: from.into(), to_node: to.into(), closed }
}

/// A 400 kVA Dyn11 transformer with seven taps.
pub(crate) fn transformer(id: &str, from: &str, to: &str) -> Transformer {
    Transformer {
        id: id.into(),
        from_node: from.into(),
        to_node: to.into(),
        from_closed: true,
        to_closed: true,
        u1_v: 20_000.0,
        u2_v: 410.0,
        sn_va: 400_000.0,
        uk: 0.04,
        pk_w: 4_600.0,
        i0: 0.015,
        p0_w: 610.0,
        clock: 11,
        from_winding: Winding::Delta,
        to_winding: Winding::WyeEarthed,
        taps: Some(Taps { side: Side::From, position: 0, lowest: -3, highest: 3, step_v: 500.0, regulator: None }),
    }
}

/// Two nodes at 400 V, a line, a load of 30 kW.
pub(crate) fn two_nodes() -> Network {
    Network {
        name: "two nodes".into(),
        frequency_hz: 50.0,
        radial: true,
        nodes: vec![node("a", 400.0), node("b", 400.0)],
        lines: vec![line("ab", "a", "b", 0.05, 0.02)],
        loads: vec![load("house", "b", 30e3, 10e3)],
        sources: vec![Source { sk_va: 1e12, ..source("grid", "a") }],
        ..Network::default()
    }
}
