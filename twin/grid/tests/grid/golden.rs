//! Golden cases: invented networks solved by two other programs each (`tests/golden/grid`).

use std::fs;

use grid::model::{Line, Load, LoadKind, Network, Node, Power, Side, Source, Taps, Transformer, Winding};
use grid::{Flow, Method, Options, Outputs, Phases, PowerFlow, Solution};
use serde_json::Value;

const VOLTAGE_PU: f64 = 1e-8;
const ANGLE_UNBALANCED_RAD: f64 = 1e-9;
const RELATIVE: f64 = 1e-6;

fn read(name: &str) -> Value {
    let path = format!("{}/../../tests/golden/grid/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A number, or a list of one per phase.
fn phases(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().map(|value| value.as_f64().unwrap()).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

fn power(value: &Value) -> Power {
    match phases(value)[..] {
        [total] => Power::Total(total),
        [a, b, c] => Power::PerPhase([a, b, c]),
        _ => panic!("{value}"),
    }
}

fn network(case: &Value) -> Network {
    let id = |element: &Value| element["id"].to_string();
    let at = |element: &Value, key: &str| format!("n{}", element[key]);
    let f = |element: &Value, key: &str| element[key].as_f64().unwrap();
    let list = |key: &str| case[key].as_array().unwrap().clone();
    let line = |e: &Value| Line {
        from_closed: e["from_on"] == 1,
        to_closed: e["to_on"] == 1,
        c1_f: f(e, "c1_f"),
        r0_ohm: Some(f(e, "r0_ohm")),
        x0_ohm: Some(f(e, "x0_ohm")),
        c0_f: Some(f(e, "c0_f")),
        i_rated_a: Some(f(e, "i_n_a")),
        ..crate::common::line(&id(e), &at(e, "from_node"), &at(e, "to_node"), f(e, "r1_ohm"), f(e, "x1_ohm"))
    };
    let transformer = |e: &Value| {
        assert_eq!((&e["conn"], &e["tap_side"]), (&"Dyn".into(), &"from".into()));
        let position = e["tap_pos"].as_i64().unwrap() as i32;
        let taps =
            Taps { side: Side::From, position, lowest: -3, highest: 3, step_v: f(e, "tap_size_v"), regulator: None };
        Transformer {
            id: id(e),
            from_node: at(e, "from_node"),
            to_node: at(e, "to_node"),
            from_closed: true,
            to_closed: true,
            u1_v: f(e, "u1_v"),
            u2_v: f(e, "u2_v"),
            sn_va: f(e, "sn_va"),
            uk: f(e, "uk"),
            pk_w: f(e, "pk_w"),
            i0: f(e, "i0"),
            p0_w: f(e, "p0_w"),
            clock: e["clock"].as_u64().unwrap() as u8,
            from_winding: Winding::Delta,
            to_winding: Winding::WyeEarthed,
            taps: Some(taps),
        }
    };
    let load = |e: &Value| Load {
        id: id(e),
        node: at(e, "node"),
        p_w: power(&e["p_w"]),
        q_var: power(&e["q_var"]),
        kind: match e["type"].as_str().unwrap() {
            "const_power" => LoadKind::ConstantPower,
            "const_current" => LoadKind::ConstantCurrent,
            "const_impedance" => LoadKind::ConstantImpedance,
            kind => panic!("{kind}"),
        },
    };
    let e = &case["source"];
    let source = Source {
        id: "source".into(),
        node: at(e, "node"),
        u_ref_pu: f(e, "u_ref_pu"),
        u_angle_rad: 0.0,
        sk_va: f(e, "sk_va"),
        rx_ratio: f(e, "rx_ratio"),
        z01_ratio: f(e, "z01_ratio"),
    };
    Network {
        name: case["name"].as_str().unwrap().into(),
        frequency_hz: f(case, "frequency_hz"),
        nodes: list("nodes").iter().map(|e| Node { id: at(e, "id"), u_rated_v: f(e, "u_rated_v") }).collect(),
        lines: list("lines").iter().map(line).collect(),
        transformers: list("transformers").iter().map(transformer).collect(),
        loads: list("loads").iter().map(load).collect(),
        sources: vec![source],
        ..Network::default()
    }
}

#[track_caller]
fn near(what: &str, got: f64, wanted: f64, scale: f64) {
    assert!((got - wanted).abs() <= RELATIVE * wanted.abs().max(scale), "{what}: {got}, {wanted} expected");
}

fn check(case: &Value, solution: &Solution) {
    let (results, step) = (&case["results"], solution.step(0));
    let balanced = case["symmetric"] == true;
    for (node, wanted) in results["node"].as_array().unwrap().iter().enumerate() {
        let (sizes, angles) = (phases(&wanted["u_pu"]), phases(&wanted["u_angle_rad"]));
        for (phase, (size, angle)) in sizes.iter().zip(&angles).enumerate() {
            let got = step.polar(node, phase);
            assert!((got.0 - size).abs() <= VOLTAGE_PU, "{} {phase}: {}, {size} expected", wanted["id"], got.0);
            let off = (got.1 - angle).abs();
            let limit = if balanced { VOLTAGE_PU } else { ANGLE_UNBALANCED_RAD };
            assert!(off <= limit, "{} {phase}: {} rad, {angle} expected", wanted["id"], got.1);
        }
    }
    let flow = |what: &str, got: &[Flow], wanted: &Value| {
        let all = |key: &str| phases(&wanted[key]);
        for (phase, got) in got.iter().enumerate() {
            // Small parts of a large flow are compared with the whole.
            let size = all("p_from_w")[phase].abs().max(all("q_from_var")[phase].abs());
            near(what, got.p_from_w, all("p_from_w")[phase], size);
            near(what, got.q_from_var, all("q_from_var")[phase], size);
            near(what, got.p_to_w, all("p_to_w")[phase], size);
            near(what, got.q_to_var, all("q_to_var")[phase], size);
            near(what, got.i_from_a, all("i_from_a")[phase], all("i_from_a")[phase]);
            near(what, got.i_to_a, all("i_to_a")[phase], 1e-3);
        }
    };
    for (index, wanted) in results["line"].as_array().unwrap().iter().enumerate() {
        flow(&format!("line {}", wanted["id"]), step.line(index), wanted);
        near("loading", step.line_loading(index), wanted["loading"].as_f64().unwrap(), 0.0);
    }
    for (index, wanted) in results["transformer"].as_array().unwrap().iter().enumerate() {
        flow(&format!("transformer {}", wanted["id"]), step.transformer(index), wanted);
        near("loading", step.transformer_loading(index), wanted["loading"].as_f64().unwrap(), 0.0);
    }
    near("losses", step.losses_w(), results["total_losses_w"].as_f64().unwrap(), 0.0);
    let (p_w, q_var) = (phases(&results["source"]["p_w"]), phases(&results["source"]["q_var"]));
    for (phase, got) in step.source_va(0).iter().enumerate() {
        near("source", got.re, p_w[phase], 0.0);
        near("source", got.im, q_var[phase], p_w[phase].abs());
    }
}

/// Solves a case from a flat start with a method, or with the one that is chosen, at the tolerance that is the default.
fn solve(name: &str, method: Option<Method>) {
    let case = read(name);
    let network = network(&case);
    let kind = if case["symmetric"] == true { Phases::Balanced } else { Phases::Three };
    let mut flow = match method {
        Some(method) => PowerFlow::with_method(&network, kind, method).unwrap(),
        None => PowerFlow::new(&network, kind).unwrap(),
    };
    let solution = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
    assert!(solution.all_converged(), "{name}: {:?}", solution.status);
    check(&case, &solution);
}

const RADIAL: [&str; 6] = ["two_bus", "lv_zip", "mv_lv_trafo", "mv_radial_200", "lv_unbalanced_12", "unbalanced_dyn11"];
const MESHED: &str = "mv_ring_meshed";

#[test]
fn radial_cases_are_solved_by_sweeps() {
    for name in RADIAL {
        solve(name, None);
        solve(name, Some(Method::Sweep));
    }
}

#[test]
fn every_case_is_solved_by_current_injection() {
    RADIAL.into_iter().chain([MESHED]).for_each(|name| solve(name, Some(Method::CurrentInjection)));
}

#[test]
fn every_case_is_solved_by_newtons_method() {
    RADIAL.into_iter().chain([MESHED]).for_each(|name| solve(name, Some(Method::Newton)));
}

#[test]
fn a_ring_is_solved_by_current_injection_without_being_told() {
    let case = read(MESHED);
    let mut flow = PowerFlow::new(&network(&case), Phases::Balanced).unwrap();
    assert_eq!(flow.method().unwrap(), Method::CurrentInjection);
    solve(MESHED, None);
}

#[test]
fn golden_networks_pass_the_checks_and_come_back_from_files() {
    for name in RADIAL.into_iter().chain([MESHED]) {
        let network = network(&read(name));
        assert_eq!(network.findings(), [], "{name}");
        assert_eq!(Network::from_json(&network.to_json(), name).unwrap(), network);
    }
}
