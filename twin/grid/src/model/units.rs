//! Values that are probably in another unit than they should be: kilovolts for volts, percent for shares, per-unit for
//! ohms. They are only suspicions: real networks are odd, and `unusual` lets them be.

use std::collections::BTreeMap;

use super::check::Findings;
use super::{Line, Network, Transformer, Winding};

/// Rated voltages below this are no grid, but kilovolts.
const LOWEST_U_V: f64 = 100.0;
/// No grid has more; such values are millivolts, or a typing error.
const HIGHEST_U_V: f64 = 1.5e6;
/// Two ratings that should be the same grid may differ by this factor: 380 V meets 410 V, not 20 kV.
const SAME_GRID: f64 = 1.3;
/// Impedances below this are connections, not lines, Ohm.
const LEAST_OHM: f64 = 1e-6;

impl Transformer {
    /// Whether its windings make an odd clock number: one is a delta, the other is none.
    pub(super) fn has_odd_shift(&self) -> bool {
        (self.from_winding == Winding::Delta) != (self.to_winding == Winding::Delta)
    }
}

/// Looks at every element. Their nodes exist and their numbers are finite.
pub(super) fn suspect(findings: &mut Findings<'_>) {
    let network = findings.network;
    let rated: BTreeMap<&str, f64> = network.nodes.iter().map(|node| (node.id.as_str(), node.u_rated_v)).collect();
    for node in &network.nodes {
        let u = node.u_rated_v;
        if u < LOWEST_U_V {
            findings.suspicion("node", &node.id, format!("u_rated_v is {u}: is that kilovolts? It should be volts"));
        } else if u > HIGHEST_U_V {
            findings.suspicion("node", &node.id, format!("u_rated_v is {u} V, more than any grid has"));
        }
    }
    for line in &network.lines {
        suspect_line(findings, network, line, rated[line.from_node.as_str()], rated[line.to_node.as_str()]);
    }
    for transformer in &network.transformers {
        let (u1, u2) = (rated[transformer.from_node.as_str()], rated[transformer.to_node.as_str()]);
        suspect_transformer(findings, transformer, u1, u2);
    }
    for switch in &network.switches {
        let (a, b) = (rated[switch.from_node.as_str()], rated[switch.to_node.as_str()]);
        if a != b {
            findings.error("switch", &switch.id, format!("joins nodes rated {a} V and {b} V"));
        }
    }
    for source in &network.sources {
        if source.sk_va < 1e5 {
            let problem = format!("sk_va is {}: is that megavolt-amperes? It should be volt-amperes", source.sk_va);
            findings.suspicion("source", &source.id, problem);
        }
        if !(0.5..=1.5).contains(&source.u_ref_pu) {
            let problem = format!("u_ref_pu is {}: it is in units of the node's rating", source.u_ref_pu);
            findings.suspicion("source", &source.id, problem);
        }
    }
}

fn suspect_line(findings: &mut Findings<'_>, network: &Network, line: &Line, u1: f64, u2: f64) {
    if u1 != u2 {
        let problem = format!("joins nodes rated {u1} V and {u2} V; a transformer belongs between them");
        return findings.error("line", &line.id, problem);
    }
    let ohm = (line.r1_ohm * line.r1_ohm + line.x1_ohm * line.x1_ohm).sqrt();
    if ohm < LEAST_OHM {
        let problem = format!("its impedance is {ohm:e} ohm: is that per unit? Use a switch for what has none");
        findings.suspicion("line", &line.id, problem);
    }
    let amperes_charging = std::f64::consts::TAU * network.frequency_hz * line.c1_f * u1 / 3f64.sqrt();
    let amperes = line.i_rated_a.unwrap_or(1_000.0);
    if ohm * amperes > 0.5 * u1 / 3f64.sqrt() {
        let problem = format!(
            "at {amperes} A it would drop more than half of the voltage: is its impedance ({ohm} ohm) per unit, or its current not in amperes?"
        );
        findings.suspicion("line", &line.id, problem);
    }
    if amperes_charging > amperes {
        let problem =
            format!("it would charge with {amperes_charging:.0} A: is c1_f in nanofarads? It should be farads");
        findings.suspicion("line", &line.id, problem);
    }
}

fn suspect_transformer(findings: &mut Findings<'_>, transformer: &Transformer, u1: f64, u2: f64) {
    let id = &transformer.id;
    if transformer.uk > 0.5 {
        findings.suspicion(
            "transformer",
            id,
            format!("uk is {}: is that percent? It should be a share", transformer.uk),
        );
    }
    if transformer.i0 > 0.3 {
        findings.suspicion(
            "transformer",
            id,
            format!("i0 is {}: is that percent? It should be a share", transformer.i0),
        );
    }
    if transformer.sn_va < 1_000.0 {
        let problem =
            format!("sn_va is {}: is that kilo- or megavolt-amperes? It should be volt-amperes", transformer.sn_va);
        findings.suspicion("transformer", id, problem);
    }
    for (name, winding, node) in [("u1_v", transformer.u1_v, u1), ("u2_v", transformer.u2_v, u2)] {
        let ratio = winding / node;
        if !(1.0 / SAME_GRID..=SAME_GRID).contains(&ratio) {
            let problem = format!(
                "{name} is {winding} V at a node rated {node} V: are they in the same unit, and the sides right?"
            );
            findings.suspicion("transformer", id, problem);
        }
    }
}
