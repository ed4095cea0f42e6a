//! Solves a network for the loads of a file, and prints everything as JSON.
//!
//! `power_flow NETWORK.json [LOADS.json] [--three] [--method sweep|current_injection|newton] [--tolerance PU]`; the loads are
//! `{"steps": n, "p_w": [...], "q_var": [...]}` in the shape of `grid::Batch`; without them the network's own are solved.
//! `--pandapower` reads a network that pandapower wrote.

#![expect(clippy::print_stdout, reason = "it prints the result")]

use std::error::Error;
use std::fs;

use grid::{Batch, Method, Network, Options, Outputs, Phases, PowerFlow, Solution, Status};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Loads {
    steps: usize,
    p_w: Vec<f64>,
    q_var: Vec<f64>,
    u_ref_pu: Option<Vec<f64>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut files, mut phases, mut method) = (Vec::new(), Phases::Balanced, None);
    let (mut options, mut pandapower) = (Options::default(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--three" => phases = Phases::Three,
            "--pandapower" => pandapower = true,
            "--method" => method = Some(named(&value()?)?),
            "--tolerance" => options.tolerance_pu = value()?.parse()?,
            _ => files.push(argument),
        }
    }
    let path = files.first().ok_or("name a network")?;
    let text = fs::read_to_string(path)?;
    let network = if pandapower { grid::import::from_pandapower(&text)? } else { Network::from_json(&text, path)? };
    let mut flow = match method {
        Some(method) => PowerFlow::with_method(&network, phases, method)?,
        None => PowerFlow::new(&network, phases)?,
    };
    let solution = match files.get(1) {
        None => flow.solve_network(Outputs::ALL, &options)?,
        Some(path) => {
            let loads: Loads = serde_json::from_str(&fs::read_to_string(path)?)?;
            let Loads { steps, p_w, q_var, u_ref_pu } = &loads;
            flow.solve(&Batch { steps: *steps, p_w, q_var, u_ref_pu: u_ref_pu.as_deref() }, Outputs::ALL, &options)?
        }
    };
    let steps: Vec<Value> = (0..solution.steps()).map(|step| step_json(&solution, step)).collect();
    println!("{}", json!({ "method": flow.method()?.name(), "steps": steps }));
    Ok(())
}

fn named(name: &str) -> Result<Method, String> {
    let methods = [Method::Sweep, Method::CurrentInjection, Method::Newton];
    methods.into_iter().find(|method| method.name() == name).ok_or_else(|| format!("no method is named {name}"))
}

fn step_json(solution: &Solution, index: usize) -> Value {
    let step = solution.step(index);
    let polar =
        |node: usize| (0..solution.phases).map(|phase| step.polar(node, phase)).unzip::<f64, f64, Vec<_>, Vec<_>>();
    let flow = |flow: &grid::Flow| json!([flow.p_from_w, flow.q_from_var, flow.p_to_w, flow.q_to_var]);
    let (u_pu, u_angle_rad): (Vec<_>, Vec<_>) = (0..solution.nodes).map(polar).unzip();
    let converged = match step.status() {
        Status::Converged { method, iterations } => json!({ "method": method.name(), "iterations": iterations }),
        Status::Estimated => Value::Null,
    };
    let lines: Vec<Vec<Value>> = (0..solution.lines).map(|line| step.line(line).iter().map(flow).collect()).collect();
    let transformers: Vec<Vec<Value>> =
        (0..solution.transformers).map(|t| step.transformer(t).iter().map(flow).collect()).collect();
    let sources: Vec<Vec<[f64; 2]>> =
        (0..solution.sources).map(|s| step.source_va(s).iter().map(|s| [s.re, s.im]).collect()).collect();
    json!({
        "converged": converged,
        "u_pu": u_pu,
        "u_angle_rad": u_angle_rad,
        "lines": lines,
        "transformers": transformers,
        "line_loading": (0..solution.lines).map(|line| step.line_loading(line)).collect::<Vec<_>>(),
        "transformer_loading": (0..solution.transformers).map(|t| step.transformer_loading(t)).collect::<Vec<_>>(),
        "losses_w": step.losses_w(),
        "sources": sources,
    })
}
