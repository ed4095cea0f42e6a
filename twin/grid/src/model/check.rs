//! What a network must be before anything is computed with it; each finding names its element.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Load, Network, Quantity};
use crate::error::GridError;
use crate::groups::Groups;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be computed.
    Error,
    /// A value that is probably in a wrong unit. If it is meant, list the element's id in `unusual`.
    Suspicion,
}

/// Something found in a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The element: its kind and its id.
    pub element: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way_out = match self.severity {
            Severity::Error => "",
            Severity::Suspicion => " (if it is meant, list the id under `unusual`)",
        };
        write!(f, "{}: {}{way_out}", self.element, self.problem)
    }
}

/// Collects findings.
pub(super) struct Findings<'a> {
    pub(super) network: &'a Network,
    found: Vec<Finding>,
}

impl Findings<'_> {
    pub(super) fn error(&mut self, kind: &str, id: &str, problem: impl Into<String>) {
        let element = format!("{kind} `{id}`");
        self.found.push(Finding { severity: Severity::Error, element, problem: problem.into() });
    }

    pub(super) fn suspicion(&mut self, kind: &str, id: &str, problem: impl Into<String>) {
        if !self.network.unusual.iter().any(|unusual| unusual == id) {
            let element = format!("{kind} `{id}`");
            self.found.push(Finding { severity: Severity::Suspicion, element, problem: problem.into() });
        }
    }

    /// Whether all of these are finite; names the first that is not.
    fn finite(&mut self, kind: &str, id: &str, values: &[(&str, f64)]) -> bool {
        for (name, value) in values {
            if !value.is_finite() {
                self.error(kind, id, format!("{name} is {value}, not a finite number"));
                return false;
            }
        }
        true
    }
}

impl Network {
    /// All that is wrong or suspicious, errors first; none for a network that can be computed.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = Findings { network: self, found: Vec::new() };
        let ids = self.check_ids(&mut findings);
        self.check_elements(&mut findings, &ids);
        // Units and connections are looked at where elements are known to be whole.
        if findings.found.is_empty() {
            super::units::suspect(&mut findings);
            self.check_connections(&mut findings, &ids);
        }
        findings.found.sort_by_key(|finding| finding.severity);
        findings.found
    }

    /// Refuses networks in which something was found.
    ///
    /// # Errors
    /// [`GridError::Invalid`] with all findings.
    pub fn validate(&self) -> Result<(), GridError> {
        let findings = self.findings();
        if findings.is_empty() { Ok(()) } else { Err(GridError::Invalid { name: self.name.clone(), findings }) }
    }

    /// Checks that ids are unique over all kinds; gives the place of each node.
    fn check_ids<'a>(&'a self, findings: &mut Findings<'a>) -> BTreeMap<&'a str, usize> {
        let mut seen = BTreeSet::new();
        let mut see = |findings: &mut Findings<'_>, kind: &str, id: &'a str| {
            if id.is_empty() {
                findings.error(kind, id, "has no id; give it one");
            } else if !seen.insert(id) {
                findings.error(kind, id, "its id is used twice; ids are unique over all kinds of elements");
            }
        };
        self.nodes.iter().for_each(|e| see(findings, "node", &e.id));
        self.lines.iter().for_each(|e| see(findings, "line", &e.id));
        self.transformers.iter().for_each(|e| see(findings, "transformer", &e.id));
        self.switches.iter().for_each(|e| see(findings, "switch", &e.id));
        self.shunts.iter().for_each(|e| see(findings, "shunt", &e.id));
        self.loads.iter().for_each(|e| see(findings, "load", &e.id));
        self.sources.iter().for_each(|e| see(findings, "source", &e.id));
        self.measurements.iter().for_each(|e| see(findings, "measurement", &e.id));
        self.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect()
    }

    fn check_elements(&self, findings: &mut Findings<'_>, ids: &BTreeMap<&str, usize>) {
        if !(self.frequency_hz.is_finite() && self.frequency_hz > 0.0) {
            findings.error("network", &self.name, format!("frequency_hz is {}; it is positive", self.frequency_hz));
        }
        if self.nodes.is_empty() {
            findings.error("network", &self.name, "has no nodes");
        }
        for node in &self.nodes {
            if findings.finite("node", &node.id, &[("u_rated_v", node.u_rated_v)]) && node.u_rated_v <= 0.0 {
                findings.error("node", &node.id, format!("u_rated_v is {}; it is positive", node.u_rated_v));
            }
        }
        let known = |findings: &mut Findings<'_>, kind: &str, id: &str, node: &str| {
            if !ids.contains_key(node) {
                findings.error(kind, id, format!("node `{node}` does not exist"));
            }
        };
        for switch in &self.switches {
            known(findings, "switch", &switch.id, &switch.from_node);
            known(findings, "switch", &switch.id, &switch.to_node);
        }
        for shunt in &self.shunts {
            known(findings, "shunt", &shunt.id, &shunt.node);
            let values = [("g1_s", shunt.g1_s), ("b1_s", shunt.b1_s), ("g0_s", shunt.g0_s), ("b0_s", shunt.b0_s)];
            findings.finite("shunt", &shunt.id, &values);
        }
        for load in &self.loads {
            known(findings, "load", &load.id, &load.node);
            check_load(findings, load);
        }
        self.check_lines(findings, &known);
        self.check_transformers(findings, &known);
        self.check_sources(findings, &known);
        self.check_measurements(findings, ids);
    }

    fn check_lines(&self, findings: &mut Findings<'_>, known: &impl Fn(&mut Findings<'_>, &str, &str, &str)) {
        for line in &self.lines {
            let id = &line.id;
            known(findings, "line", id, &line.from_node);
            known(findings, "line", id, &line.to_node);
            let given = [("r1_ohm", line.r1_ohm), ("x1_ohm", line.x1_ohm), ("c1_f", line.c1_f)];
            let optional = [("r0_ohm", line.r0_ohm), ("x0_ohm", line.x0_ohm), ("c0_f", line.c0_f)];
            let optional = optional.map(|(name, value)| (name, value.unwrap_or(1.0)));
            let rated = [("i_rated_a", line.i_rated_a.unwrap_or(1.0))];
            if !findings.finite("line", id, &[given.as_slice(), &optional, &rated].concat()) {
                continue;
            }
            if line.from_node == line.to_node {
                findings.error("line", id, "both ends are at the same node");
            }
            if line.r1_ohm == 0.0 && line.x1_ohm == 0.0 {
                findings.error("line", id, "its impedance is zero; use a switch instead");
            }
            if line.r0_ohm == Some(0.0) && line.x0_ohm == Some(0.0) {
                findings.error("line", id, "its zero-sequence impedance is zero");
            }
            if line.r0_ohm.is_some() != line.x0_ohm.is_some() {
                findings.error("line", id, "r0_ohm and x0_ohm belong together: give both or none");
            }
            if line.r1_ohm < 0.0 || line.c1_f < 0.0 || line.r0_ohm < Some(0.0) && line.r0_ohm.is_some() {
                findings.error("line", id, "resistances and capacitances are not negative");
            }
            if rated[0].1 <= 0.0 {
                findings.error("line", id, format!("i_rated_a is {}; it is positive", rated[0].1));
            }
        }
    }

    fn check_transformers(&self, findings: &mut Findings<'_>, known: &impl Fn(&mut Findings<'_>, &str, &str, &str)) {
        for transformer in &self.transformers {
            let id = &transformer.id;
            known(findings, "transformer", id, &transformer.from_node);
            known(findings, "transformer", id, &transformer.to_node);
            let ratings = [
                ("u1_v", transformer.u1_v),
                ("u2_v", transformer.u2_v),
                ("sn_va", transformer.sn_va),
                ("uk", transformer.uk),
            ];
            let losses = [("pk_w", transformer.pk_w), ("i0", transformer.i0), ("p0_w", transformer.p0_w)];
            if !findings.finite("transformer", id, &[ratings.as_slice(), &losses].concat()) {
                continue;
            }
            if transformer.from_node == transformer.to_node {
                findings.error("transformer", id, "both windings are at the same node");
            }
            for (name, value) in ratings.iter().filter(|(_, value)| *value <= 0.0) {
                let hint = if *name == "uk" { "; its impedance would be zero" } else { "" };
                findings.error("transformer", id, format!("{name} is {value}; it is positive{hint}"));
            }
            for (name, value) in losses.iter().filter(|(_, value)| *value < 0.0) {
                findings.error("transformer", id, format!("{name} is {value}; it is not negative"));
            }
            if transformer.pk_w > transformer.uk * transformer.sn_va * (1.0 + 1e-9) {
                findings.error(
                    "transformer",
                    id,
                    "its short-circuit losses pk_w exceed uk * sn_va, which is impossible",
                );
            }
            if transformer.p0_w > transformer.i0 * transformer.sn_va * (1.0 + 1e-9) {
                findings.error("transformer", id, "its no-load losses p0_w exceed i0 * sn_va, which is impossible");
            }
            if transformer.clock > 11 {
                findings.error("transformer", id, format!("its clock number is {}; it is 0 to 11", transformer.clock));
            } else if transformer.has_odd_shift() != (transformer.clock % 2 == 1) {
                let even = "two windings of one kind have an even clock number, a delta and a wye an odd one";
                findings.error("transformer", id, format!("its clock number is {}: {even}", transformer.clock));
            }
            check_taps(findings, transformer, known);
        }
    }

    fn check_sources(&self, findings: &mut Findings<'_>, known: &impl Fn(&mut Findings<'_>, &str, &str, &str)) {
        if self.sources.is_empty() {
            findings.error("network", &self.name, "has no source");
        }
        for source in &self.sources {
            known(findings, "source", &source.id, &source.node);
            let positive = [("u_ref_pu", source.u_ref_pu), ("sk_va", source.sk_va), ("z01_ratio", source.z01_ratio)];
            let others = [("u_angle_rad", source.u_angle_rad), ("rx_ratio", source.rx_ratio)];
            if !findings.finite("source", &source.id, &[positive.as_slice(), &others].concat()) {
                continue;
            }
            for (name, value) in positive.iter().filter(|(_, value)| *value <= 0.0) {
                findings.error("source", &source.id, format!("{name} is {value}; it is positive"));
            }
            if source.rx_ratio < 0.0 {
                findings.error("source", &source.id, format!("rx_ratio is {}; it is not negative", source.rx_ratio));
            }
        }
    }

    fn check_measurements(&self, findings: &mut Findings<'_>, nodes: &BTreeMap<&str, usize>) {
        let branches: BTreeSet<_> =
            self.lines.iter().map(|e| &e.id).chain(self.transformers.iter().map(|e| &e.id)).collect();
        let sources: BTreeSet<_> = self.sources.iter().map(|e| &e.id).collect();
        for point in &self.measurements {
            let (there, kind) = match point.quantity {
                Quantity::Voltage => (nodes.contains_key(point.element.as_str()), "node"),
                Quantity::FlowFrom | Quantity::FlowTo => (branches.contains(&point.element), "line or transformer"),
                Quantity::SourcePower => (sources.contains(&point.element), "source"),
            };
            if !there {
                findings.error("measurement", &point.id, format!("{kind} `{}` does not exist", point.element));
            }
        }
    }

    /// Islands that nothing feeds, however it is switched, and loops where the network is to be radial.
    fn check_connections(&self, findings: &mut Findings<'_>, ids: &BTreeMap<&str, usize>) {
        let place = |node: &str| ids[node];
        let ends = |findings: &mut Findings<'_>, groups: &mut Groups, kind: &str, id: &str, ends: (&str, &str)| {
            if !groups.join(place(ends.0), place(ends.1)) {
                findings.error(
                    kind,
                    id,
                    "closes a loop, and the network is to be radial; open a switch, or say `radial: false`",
                );
            }
        };
        let mut possible = Groups::new(self.nodes.len());
        self.lines.iter().for_each(|e| _ = possible.join(place(&e.from_node), place(&e.to_node)));
        self.transformers.iter().for_each(|e| _ = possible.join(place(&e.from_node), place(&e.to_node)));
        self.switches.iter().for_each(|e| _ = possible.join(place(&e.from_node), place(&e.to_node)));
        let fed: BTreeSet<_> = self.sources.iter().map(|e| possible.of(place(&e.node))).collect();
        let mut told = BTreeSet::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let island = possible.of(index);
            if !fed.contains(&island) && told.insert(island) {
                findings.error("node", &node.id, "its island has no source; connect it, or give it one");
            }
        }
        if !self.radial {
            return;
        }
        let mut closed = Groups::new(self.nodes.len());
        for e in self.switches.iter().filter(|e| e.closed) {
            ends(findings, &mut closed, "switch", &e.id, (&e.from_node, &e.to_node));
        }
        for e in self.lines.iter().filter(|e| e.from_closed && e.to_closed) {
            ends(findings, &mut closed, "line", &e.id, (&e.from_node, &e.to_node));
        }
        for e in self.transformers.iter().filter(|e| e.from_closed && e.to_closed) {
            ends(findings, &mut closed, "transformer", &e.id, (&e.from_node, &e.to_node));
        }
        let mut fed = BTreeSet::new();
        for source in &self.sources {
            if !fed.insert(closed.of(place(&source.node))) {
                let problem = "feeds an island that another source feeds already, and the network is to be radial";
                findings.error("source", &source.id, problem);
            }
        }
    }
}

fn check_load(findings: &mut Findings<'_>, load: &Load) {
    let [impedance, current, power] = load.kind.shares();
    let values = [("p_w", load.p_w.total()), ("q_var", load.q_var.total())];
    let shares = [("impedance", impedance), ("current", current), ("power", power)];
    if findings.finite("load", &load.id, &[values.as_slice(), &shares].concat())
        && (impedance + current + power - 1.0).abs() > 1e-9
    {
        let sum = impedance + current + power;
        findings.error("load", &load.id, format!("its shares of impedance, current and power add up to {sum}, not 1"));
    }
}

fn check_taps(
    findings: &mut Findings<'_>,
    transformer: &super::Transformer,
    known: &impl Fn(&mut Findings<'_>, &str, &str, &str),
) {
    let (Some(taps), id) = (&transformer.taps, &transformer.id) else { return };
    if !findings.finite("transformer", id, &[("step_v", taps.step_v)]) {
        return;
    }
    if !(taps.lowest..=taps.highest).contains(&taps.position) {
        let range = format!("tap position {} is not within {} to {}", taps.position, taps.lowest, taps.highest);
        findings.error("transformer", id, range);
    }
    let rated = if taps.side == super::Side::From { transformer.u1_v } else { transformer.u2_v };
    if [taps.lowest, taps.highest].iter().any(|position| rated + f64::from(*position) * taps.step_v <= 0.0) {
        findings.error("transformer", id, "its outermost taps leave no voltage; look at step_v");
    }
    if let Some(regulator) = &taps.regulator {
        known(findings, "transformer", id, &regulator.node);
        let values = [("target_pu", regulator.target_pu), ("band_pu", regulator.band_pu)];
        if findings.finite("transformer", id, &values) && values.iter().any(|(_, value)| *value <= 0.0) {
            findings.error("transformer", id, "target_pu and band_pu of its regulator are positive");
        }
    }
}
