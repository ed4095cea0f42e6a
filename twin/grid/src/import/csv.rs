//! Networks from CSV tables: one per kind of element, with the columns of the JSON format.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::GridError;
use crate::model::{Load, LoadKind, Network, Power, Side, Taps, Transformer, Winding};

/// The texts of the tables. Those that a network does not have are empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tables<'a> {
    /// `id,u_rated_v`.
    pub nodes: &'a str,
    /// Columns of lines.
    pub lines: &'a str,
    /// Columns of transformers; those of taps are `tap_side,tap_position,tap_lowest,tap_highest,tap_step_v`.
    pub transformers: &'a str,
    /// `id,from_node,to_node,closed`.
    pub switches: &'a str,
    /// Columns of shunts.
    pub shunts: &'a str,
    /// `id,node,p_w,q_var`, or by phase `p_a_w,p_b_w,p_c_w,q_a_var,q_b_var,q_c_var`, and `impedance,current` for shares that
    /// depend on voltage.
    pub loads: &'a str,
    /// Columns of sources.
    pub sources: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadRow {
    id: String,
    node: String,
    p_w: Option<f64>,
    q_var: Option<f64>,
    p_a_w: Option<f64>,
    p_b_w: Option<f64>,
    p_c_w: Option<f64>,
    q_a_var: Option<f64>,
    q_b_var: Option<f64>,
    q_c_var: Option<f64>,
    impedance: Option<f64>,
    current: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TransformerRow {
    id: String,
    from_node: String,
    to_node: String,
    from_closed: Option<bool>,
    to_closed: Option<bool>,
    u1_v: f64,
    u2_v: f64,
    sn_va: f64,
    uk: f64,
    pk_w: f64,
    i0: Option<f64>,
    p0_w: Option<f64>,
    clock: Option<u8>,
    from_winding: Winding,
    to_winding: Winding,
    tap_side: Option<Side>,
    tap_position: Option<i32>,
    tap_lowest: Option<i32>,
    tap_highest: Option<i32>,
    tap_step_v: Option<f64>,
}

/// Reads a network of 50 Hz from its tables, and checks it.
///
/// # Errors
/// Rows that cannot be read, named by table and line, and networks in which [`Network::findings`] finds anything.
pub fn from_csv(name: &str, tables: &Tables<'_>) -> Result<Network, GridError> {
    let loads: Vec<(String, LoadRow)> = read("loads", tables.loads)?;
    let transformers: Vec<(String, TransformerRow)> = read("transformers", tables.transformers)?;
    let network = Network {
        name: name.into(),
        frequency_hz: 50.0,
        nodes: plain("nodes", tables.nodes)?,
        lines: plain("lines", tables.lines)?,
        transformers: transformers
            .into_iter()
            .map(|(place, row)| transformer(row, &place))
            .collect::<Result<_, _>>()?,
        switches: plain("switches", tables.switches)?,
        shunts: plain("shunts", tables.shunts)?,
        loads: loads.into_iter().map(|(place, row)| load(row, &place)).collect::<Result<_, _>>()?,
        sources: plain("sources", tables.sources)?,
        ..Network::default()
    };
    network.validate()?;
    Ok(network)
}

/// The rows of a table with their places.
fn read<T: DeserializeOwned>(table: &str, text: &str) -> Result<Vec<(String, T)>, GridError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let refused = |e: csv::Error| GridError::File { place: table.into(), reason: e.to_string() };
    let headers = reader.headers().map_err(refused)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(refused)?;
        let line = record.position().map_or(0, csv::Position::line);
        let place = format!("{table}, line {line}");
        let row = record.deserialize(Some(&headers));
        let row = row.map_err(|e| GridError::File { place: place.clone(), reason: e.to_string() })?;
        rows.push((place, row));
    }
    Ok(rows)
}

fn plain<T: DeserializeOwned>(table: &str, text: &str) -> Result<Vec<T>, GridError> {
    Ok(read(table, text)?.into_iter().map(|(_, row)| row).collect())
}

fn load(row: LoadRow, place: &str) -> Result<Load, GridError> {
    let power = |total: Option<f64>, phases: [Option<f64>; 3], name: &str| match (total, phases) {
        (Some(total), [None, None, None]) => Ok(Power::Total(total)),
        (None, [Some(a), Some(b), Some(c)]) => Ok(Power::PerPhase([a, b, c])),
        _ => {
            let reason = format!("load `{}`: give {name} in one column, or in all three by phase", row.id);
            Err(GridError::File { place: place.into(), reason })
        }
    };
    let p_w = power(row.p_w, [row.p_a_w, row.p_b_w, row.p_c_w], "p_w")?;
    let q_var = power(row.q_var, [row.q_a_var, row.q_b_var, row.q_c_var], "q_var")?;
    let (impedance, current) = (row.impedance.unwrap_or(0.0), row.current.unwrap_or(0.0));
    let kind = if (impedance, current) == (0.0, 0.0) {
        LoadKind::ConstantPower
    } else {
        LoadKind::Zip { impedance, current, power: 1.0 - impedance - current }
    };
    Ok(Load { id: row.id, node: row.node, p_w, q_var, kind })
}

fn transformer(row: TransformerRow, place: &str) -> Result<Transformer, GridError> {
    let taps = match (row.tap_side, row.tap_position, row.tap_lowest, row.tap_highest, row.tap_step_v) {
        (None, None, None, None, None) => None,
        (Some(side), Some(position), Some(lowest), Some(highest), Some(step_v)) => {
            Some(Taps { side, position, lowest, highest, step_v, regulator: None })
        }
        _ => {
            let reason = format!("transformer `{}`: fill all columns of its taps, or none", row.id);
            return Err(GridError::File { place: place.into(), reason });
        }
    };
    Ok(Transformer {
        id: row.id,
        from_node: row.from_node,
        to_node: row.to_node,
        from_closed: row.from_closed.unwrap_or(true),
        to_closed: row.to_closed.unwrap_or(true),
        u1_v: row.u1_v,
        u2_v: row.u2_v,
        sn_va: row.sn_va,
        uk: row.uk,
        pk_w: row.pk_w,
        i0: row.i0.unwrap_or(0.0),
        p0_w: row.p0_w.unwrap_or(0.0),
        clock: row.clock.unwrap_or(0),
        from_winding: row.from_winding,
        to_winding: row.to_winding,
        taps,
    })
}
