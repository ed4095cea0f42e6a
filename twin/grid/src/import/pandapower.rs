//! Networks of pandapower, as `pandapower.to_json` writes them.
//!
//! Ids are the name of the table and the index (`bus_3`, `line_0`). Transformers are pi models here: compare with
//! `runpp(trafo_model="pi")`. External grids are ideal there, and nearly so here. What this model has no place for is an error
//! that names the element; what is out of service is left out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::tables::{Row, Table, refused};
use crate::error::GridError;
use crate::model::{
    Construction, Line, Load, LoadKind, Network, Node, Power, Shunt, Side, Source, Switch, Taps, Transformer, Winding,
};

/// Short-circuit power of a source that is all but ideal, VA.
const IDEAL_SK_VA: f64 = 1e15;

/// Tables whose elements have no place in this model.
const UNKNOWN: [&str; 16] = [
    "gen",
    "trafo3w",
    "impedance",
    "ward",
    "xward",
    "dcline",
    "motor",
    "asymmetric_sgen",
    "svc",
    "ssc",
    "tcsc",
    "vsc",
    "b2b_vsc",
    "bus_dc",
    "line_dc",
    "load_dc",
];

/// Reads a network that pandapower wrote.
///
/// # Errors
/// Text that is no such network, and elements without a counterpart here. The network is not checked any further: see
/// [`Network::validate`].
pub fn from_pandapower(text: &str) -> Result<Network, GridError> {
    let file: Value = serde_json::from_str(text).map_err(|e| refused("the file", e.to_string()))?;
    let fields = match file.get("_object") {
        Some(fields) if file.get("_class").is_some_and(|class| class == "pandapowerNet") => fields,
        _ => return Err(refused("the file", "is no `pandapowerNet`; write it with pandapower.to_json")),
    };
    for name in UNKNOWN {
        if let Some(row) = Table::of(fields, name)?.rows().find(Row::in_service) {
            return Err(refused(row.element(), "has no counterpart here; take it out of service, or replace it"));
        }
    }
    let mut reader = Reader { live: BTreeSet::new(), network: Network::default() };
    reader.network.name = fields["name"].as_str().unwrap_or("pandapower").into();
    reader.network.frequency_hz = fields["f_hz"].as_f64().unwrap_or(50.0);
    for row in Table::of(fields, "bus")?.rows().filter(Row::in_service) {
        let node = Node { id: row.id(), u_rated_v: row.number("vn_kv")? * 1e3 };
        reader.live.insert(node.id.clone());
        reader.network.nodes.push(node);
    }
    for row in Table::of(fields, "line")?.rows().filter(Row::in_service) {
        reader.line(&row)?;
    }
    for row in Table::of(fields, "trafo")?.rows().filter(Row::in_service) {
        reader.transformer(&row)?;
    }
    for row in Table::of(fields, "switch")?.rows() {
        reader.switch(&row)?;
    }
    for (name, sign) in [("load", 1.0), ("sgen", -1.0), ("storage", 1.0)] {
        for row in Table::of(fields, name)?.rows().filter(Row::in_service) {
            reader.load(&row, sign)?;
        }
    }
    for row in Table::of(fields, "asymmetric_load")?.rows().filter(Row::in_service) {
        reader.load_by_phase(&row)?;
    }
    for row in Table::of(fields, "shunt")?.rows().filter(Row::in_service) {
        reader.shunt(&row)?;
    }
    for row in Table::of(fields, "ext_grid")?.rows().filter(Row::in_service) {
        reader.source(&row)?;
    }
    Ok(reader.network)
}

struct Reader {
    /// Buses in service.
    live: BTreeSet<String>,
    network: Network,
}

impl Reader {
    /// The buses that these columns name, or none if one of them is out of service.
    fn ends(&self, row: &Row<'_>, columns: [&str; 2]) -> Result<Option<(String, String)>, GridError> {
        let (from, to) = (row.bus(columns[0])?, row.bus(columns[1])?);
        Ok((self.live.contains(&from) && self.live.contains(&to)).then_some((from, to)))
    }

    fn live_bus(&self, row: &Row<'_>) -> Result<Option<String>, GridError> {
        Ok(Some(row.bus("bus")?).filter(|bus| self.live.contains(bus)))
    }

    fn line(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let Some((from_node, to_node)) = self.ends(row, ["from_bus", "to_bus"])? else { return Ok(()) };
        if row.number_or("g_us_per_km", 0.0)? != 0.0 {
            return Err(refused(row.element(), "has a conductance to earth, which lines have not here"));
        }
        let (km, parallel) = (row.number("length_km")?, row.number_or("parallel", 1.0)?);
        let series = |value: f64| value * km / parallel;
        let zero = |column| Ok::<_, GridError>(row.optional(column)?.map(series));
        let c0_f = row.optional("c0_nf_per_km")?.map(|c| c * 1e-9 * km * parallel);
        let rated_a = row.optional("max_i_ka")?.map(|ka| ka * 1e3 * parallel);
        let derating = row.number_or("df", 1.0)?;
        self.network.lines.push(Line {
            id: row.id(),
            from_node,
            to_node,
            from_closed: true,
            to_closed: true,
            construction: if row.text("type") == Some("ol") { Construction::Overhead } else { Construction::Cable },
            r1_ohm: series(row.number("r_ohm_per_km")?),
            x1_ohm: series(row.number("x_ohm_per_km")?),
            c1_f: row.number("c_nf_per_km")? * 1e-9 * km * parallel,
            r0_ohm: zero("r0_ohm_per_km")?,
            x0_ohm: zero("x0_ohm_per_km")?,
            c0_f,
            i_rated_a: rated_a.map(|a| a * derating),
        });
        Ok(())
    }

    fn transformer(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let Some((from_node, to_node)) = self.ends(row, ["hv_bus", "lv_bus"])? else { return Ok(()) };
        let shift = row.number_or("shift_degree", 0.0)?.rem_euclid(360.0) / 30.0;
        if shift.fract() != 0.0 {
            return Err(refused(row.element(), "its shift_degree is no multiple of 30"));
        }
        let clock = shift as u8;
        let (from_winding, to_winding) = windings(row, clock)?;
        let parallel = row.number_or("parallel", 1.0)?;
        let sn_va = row.number("sn_mva")? * 1e6 * parallel;
        let (u1_v, u2_v) = (row.number("vn_hv_kv")? * 1e3, row.number("vn_lv_kv")? * 1e3);
        self.network.transformers.push(Transformer {
            id: row.id(),
            from_node,
            to_node,
            from_closed: true,
            to_closed: true,
            u1_v,
            u2_v,
            sn_va,
            uk: row.number("vk_percent")? / 100.0,
            pk_w: row.number("vkr_percent")? / 100.0 * sn_va,
            i0: row.number("i0_percent")? / 100.0,
            p0_w: row.number("pfe_kw")? * 1e3 * parallel,
            clock,
            from_winding,
            to_winding,
            taps: taps(row, u1_v, u2_v)?,
        });
        Ok(())
    }

    fn switch(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let closed = row.truth_or("closed", true);
        let kind = row.text("et").unwrap_or_default();
        if kind == "b" {
            if closed && row.number_or("z_ohm", 0.0)? != 0.0 {
                return Err(refused(row.element(), "has an impedance; use a line instead"));
            }
            if let Some((from_node, to_node)) = self.ends(row, ["bus", "element"])? {
                self.network.switches.push(Switch { id: row.id(), from_node, to_node, closed });
            }
            return Ok(());
        }
        let (bus, element) = (row.bus("bus")?, row.bus("element")?);
        let number = element.trim_start_matches("bus_");
        let lines = self.network.lines.iter_mut().map(|e| (&e.id, &e.from_node, &mut e.from_closed, &mut e.to_closed));
        let transformers =
            self.network.transformers.iter_mut().map(|e| (&e.id, &e.from_node, &mut e.from_closed, &mut e.to_closed));
        let name = match kind {
            "l" => format!("line_{number}"),
            "t" => format!("trafo_{number}"),
            other => return Err(refused(row.element(), format!("its type `{other}` is not known here"))),
        };
        // A switch at a branch that is out of service does nothing.
        if let Some((_, from_node, from, to)) = lines.chain(transformers).find(|(id, ..)| **id == name) {
            let end = if *from_node == bus { from } else { to };
            *end &= closed;
        }
        Ok(())
    }

    fn load(&mut self, row: &Row<'_>, sign: f64) -> Result<(), GridError> {
        let Some(node) = self.live_bus(row)? else { return Ok(()) };
        let scale = 1e6 * sign * row.number_or("scaling", 1.0)?;
        let (p_w, q_var) = (row.number("p_mw")? * scale, row.number_or("q_mvar", 0.0)? * scale);
        let kind = kind(row)?;
        self.network.loads.push(Load { id: row.id(), node, p_w: Power::Total(p_w), q_var: Power::Total(q_var), kind });
        Ok(())
    }

    fn load_by_phase(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let Some(node) = self.live_bus(row)? else { return Ok(()) };
        if row.text("type").is_some_and(|kind| kind != "wye") {
            return Err(refused(row.element(), "is not connected between phases and earth (`wye`)"));
        }
        let scale = 1e6 * row.number_or("scaling", 1.0)?;
        let mut powers = [[0.0; 3]; 2];
        for (sums, unit) in powers.iter_mut().zip(["mw", "mvar"]) {
            let quantity = if unit == "mw" { "p" } else { "q" };
            for (sum, phase) in sums.iter_mut().zip(["a", "b", "c"]) {
                *sum = row.number_or(&format!("{quantity}_{phase}_{unit}"), 0.0)? * scale;
            }
        }
        let [p_w, q_var] = powers.map(Power::PerPhase);
        self.network.loads.push(Load { id: row.id(), node, p_w, q_var, kind: LoadKind::ConstantPower });
        Ok(())
    }

    fn shunt(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let Some(node) = self.live_bus(row)? else { return Ok(()) };
        let steps = row.number_or("step", 1.0)?;
        let rated: BTreeMap<&str, f64> = self.network.nodes.iter().map(|e| (e.id.as_str(), e.u_rated_v)).collect();
        let u_v = row.optional("vn_kv")?.map_or(rated[node.as_str()], |kv| kv * 1e3);
        let siemens = |mw: f64| mw * 1e6 * steps / (u_v * u_v);
        let (g1_s, b1_s) = (siemens(row.number("p_mw")?), -siemens(row.number("q_mvar")?));
        self.network.shunts.push(Shunt { id: row.id(), node, g1_s, b1_s, g0_s: 0.0, b0_s: 0.0 });
        Ok(())
    }

    fn source(&mut self, row: &Row<'_>) -> Result<(), GridError> {
        let Some(node) = self.live_bus(row)? else { return Ok(()) };
        self.network.sources.push(Source {
            id: row.id(),
            node,
            u_ref_pu: row.number("vm_pu")?,
            u_angle_rad: row.number_or("va_degree", 0.0)?.to_radians(),
            sk_va: IDEAL_SK_VA,
            rx_ratio: row.number_or("rx_max", 0.1)?,
            z01_ratio: row.number_or("x0x_max", 1.0)?,
        });
        Ok(())
    }
}

/// Windings by the vector group; without one, those that fit the clock number.
fn windings(row: &Row<'_>, clock: u8) -> Result<(Winding, Winding), GridError> {
    use Winding::{Delta, Wye, WyeEarthed};
    let group = row.text("vector_group").map(|text| text.trim_end_matches(|c: char| c.is_ascii_digit()));
    Ok(match group {
        None | Some("") if clock % 2 == 1 => (Delta, WyeEarthed),
        None | Some("") => (WyeEarthed, WyeEarthed),
        Some("Dyn") => (Delta, WyeEarthed),
        Some("Dy") => (Delta, Wye),
        Some("Dd") => (Delta, Delta),
        Some("YNyn") => (WyeEarthed, WyeEarthed),
        Some("YNy") => (WyeEarthed, Wye),
        Some("Yyn") => (Wye, WyeEarthed),
        Some("Yy") => (Wye, Wye),
        Some("YNd") => (WyeEarthed, Delta),
        Some("Yd") => (Wye, Delta),
        Some(other) => return Err(refused(row.element(), format!("its vector group `{other}` is not known here"))),
    })
}

fn taps(row: &Row<'_>, u1_v: f64, u2_v: f64) -> Result<Option<Taps>, GridError> {
    let position = row.optional("tap_pos")?;
    let step = row.number_or("tap_step_percent", 0.0)? / 100.0;
    let (Some(_), true) = (position, step != 0.0) else { return Ok(None) };
    let kind = row.text("tap_changer_type");
    if row.number_or("tap_step_degree", 0.0)? != 0.0 || kind.is_some_and(|kind| kind != "Ratio") {
        return Err(refused(row.element(), "its taps shift the angle, which they do not here"));
    }
    let neutral = row.whole_or("tap_neutral", 0)?;
    let of = |column| Ok::<_, GridError>(row.whole_or(column, neutral)? - neutral);
    let position = of("tap_pos")?;
    let (side, rated) = if row.text("tap_side") == Some("lv") { (Side::To, u2_v) } else { (Side::From, u1_v) };
    let (lowest, highest) = (of("tap_min")?.min(position), of("tap_max")?.max(position));
    Ok(Some(Taps { side, position, lowest, highest, step_v: step * rated, regulator: None }))
}

/// How a load depends on voltage: columns by quantity in version 3, for both in version 2.
fn kind(row: &Row<'_>) -> Result<LoadKind, GridError> {
    let share = |letter: &str, quantity: &str| {
        let both = row.number_or(&format!("const_{letter}_percent"), 0.0)?;
        Ok::<_, GridError>(row.number_or(&format!("const_{letter}_{quantity}_percent"), both)? / 100.0)
    };
    let (impedance, current) = (share("z", "p")?, share("i", "p")?);
    if (impedance, current) != (share("z", "q")?, share("i", "q")?) {
        return Err(refused(row.element(), "its active and reactive power depend on voltage in different ways"));
    }
    if (impedance, current) == (0.0, 0.0) {
        return Ok(LoadKind::ConstantPower);
    }
    Ok(LoadKind::Zip { impedance, current, power: 1.0 - impedance - current })
}
