//! Invented feeders and their loads, the same in every run.

use grid::Phases;
use grid::model::{Construction, Line, Load, LoadKind, Network, Node, Power, Source};

/// A network with loads of many steps.
pub(crate) struct Feeder {
    pub(crate) name: &'static str,
    pub(crate) network: Network,
    pub(crate) phases: Phases,
    pub(crate) steps: usize,
}

/// A number in [0, 1) that depends on nothing else.
fn spread(index: usize) -> f64 {
    (index as f64 * 0.618_033_988_749_895).fract()
}

impl Feeder {
    /// Active and reactive powers: each load between a fifth and the whole of its own, by step.
    pub(crate) fn loads(&self) -> (Vec<f64>, Vec<f64>) {
        let (mut p_w, mut q_var) = (Vec::new(), Vec::new());
        for step in 0..self.steps {
            for (index, load) in self.network.loads.iter().enumerate() {
                let factor = 0.2 + 0.8 * spread(step * 31 + index * 7);
                match self.phases {
                    Phases::Balanced => {
                        p_w.push(load.p_w.total() * factor);
                        q_var.push(load.q_var.total() * factor);
                    }
                    Phases::Three => {
                        p_w.extend(load.p_w.per_phase().map(|p| p * factor));
                        q_var.extend(load.q_var.per_phase().map(|q| q * factor));
                    }
                }
            }
        }
        (p_w, q_var)
    }
}

/// All feeders. Radial ones drop some 5 to 8 % of the voltage to their worst node.
pub(crate) fn feeders() -> Vec<Feeder> {
    let radial = |name, nodes, steps, phases| Feeder { name, network: low_voltage(nodes), phases, steps };
    vec![
        radial("radial 100", 100, 4_096, Phases::Balanced),
        radial("radial 1000", 1_000, 1_024, Phases::Balanced),
        radial("radial 10000", 10_000, 128, Phases::Balanced),
        radial("three-phase 100", 100, 2_048, Phases::Three),
        radial("three-phase 1000", 1_000, 256, Phases::Three),
        Feeder { name: "meshed 20 kV 300", network: medium_voltage(300, 12), phases: Phases::Balanced, steps: 1_024 },
    ]
}

fn line(index: usize, from: usize, to: usize, ohm: (f64, f64), c1_f: f64) -> Line {
    Line {
        id: format!("line{index:05}"),
        from_node: format!("node{from:05}"),
        to_node: format!("node{to:05}"),
        from_closed: true,
        to_closed: true,
        construction: Construction::Cable,
        r1_ohm: ohm.0,
        x1_ohm: ohm.1,
        c1_f,
        r0_ohm: Some(4.0 * ohm.0),
        x0_ohm: Some(4.0 * ohm.1),
        c0_f: Some(0.6 * c1_f),
        i_rated_a: Some(270.0),
    }
}

fn load(node: usize, p_w: f64) -> Load {
    let by_phase = |total: f64| {
        let share = spread(node * 3);
        Power::PerPhase([total * share, total * (1.0 - share) * 0.6, total * (1.0 - share) * 0.4])
    };
    Load {
        id: format!("load{node:05}"),
        node: format!("node{node:05}"),
        p_w: by_phase(p_w),
        q_var: by_phase(0.3 * p_w),
        kind: LoadKind::ConstantPower,
    }
}

fn source(u_ref_pu: f64, sk_va: f64) -> Source {
    Source {
        id: "grid".into(),
        node: "node00000".into(),
        u_ref_pu,
        u_angle_rad: 0.0,
        sk_va,
        rx_ratio: 0.1,
        z01_ratio: 1.0,
    }
}

fn nodes(count: usize, u_rated_v: f64) -> Vec<Node> {
    (0..count).map(|index| Node { id: format!("node{index:05}"), u_rated_v }).collect()
}

/// A radial 400 V network: streets of up to 25 houses from one busbar.
fn low_voltage(count: usize) -> Network {
    const STREET: usize = 25;
    let mut network = Network {
        name: format!("{count} nodes at 400 V"),
        frequency_hz: 50.0,
        radial: true,
        nodes: nodes(count, 400.0),
        sources: vec![source(1.0, 1e6 * count as f64)],
        ..Network::default()
    };
    for node in 1..count {
        let up = if node % STREET == 1 {
            0
        } else {
            node - 1 - (spread(node) * (((node - 1) % STREET).min(4)) as f64) as usize
        };
        let metres = 20.0 + 30.0 * spread(node + 11);
        network.lines.push(line(node, up, node, (metres * 2.06e-4, metres * 0.805e-4), 0.0));
        network.loads.push(load(node, 500.0 + 2_500.0 * spread(node + 5)));
    }
    network
}

/// A 20 kV network with rings.
fn medium_voltage(count: usize, rings: usize) -> Network {
    const FEEDER: usize = 30;
    let mut network = Network {
        name: format!("{count} nodes at 20 kV"),
        frequency_hz: 50.0,
        nodes: nodes(count, 20_000.0),
        sources: vec![source(1.02, 2.5e8)],
        ..Network::default()
    };
    let km = |node: usize| 0.2 + 0.8 * spread(node + 11);
    let section = |index, from, to| {
        let km = km(index);
        line(index, from, to, (km * 0.162, km * 0.121), km * 2.73e-7)
    };
    for node in 1..count {
        let up = if node % FEEDER == 1 { 0 } else { node - 1 };
        network.lines.push(section(node, up, node));
        network.loads.push(load(node, 20e3 + 60e3 * spread(node + 5)));
    }
    for ring in 0..rings {
        let (a, b) = (FEEDER / 2 + ring * 23 % (count - FEEDER), count - 1 - ring * 17 % (count / 2));
        network.lines.push(section(count + ring, a, b));
    }
    network
}
