//! Known answers, and what happens at the edges: overload, switches, taps, islands, several sources.

use crate::common::{line, load, node, source, switch, transformer, two_nodes};
use grid::model::{Measurement, Network, Quantity, Regulator, Side, Winding};
use grid::{Batch, GridError, Method, Options, Outputs, Phases, PowerFlow, Solution, Status};

fn solve(flow: &mut PowerFlow, p_w: &[f64], q_var: &[f64]) -> Solution {
    let steps = p_w.len() / flow.network().loads.len() / flow.phases().count();
    flow.solve(&Batch { steps, p_w, q_var, u_ref_pu: None }, Outputs::ALL, &Options::default()).unwrap()
}

/// With z = r + jx and the load s = p + jq behind it, u² solves u⁴ + (2 (rp + xq) - e²) u² + |z|² |s|² = 0.
fn two_bus(e: f64, r: f64, x: f64, p: f64, q: f64) -> f64 {
    let b = e * e / 2.0 - (r * p + x * q);
    (b + (b * b - (r * r + x * x) * (p * p + q * q)).sqrt()).sqrt()
}

#[test]
fn two_nodes_have_the_voltage_of_the_quadratic() {
    let mut flow = PowerFlow::new(&two_nodes(), Phases::Balanced).unwrap();
    for (p_w, q_var) in [(30e3, 10e3), (200e3, 50e3), (-150e3, 20e3), (400e3, 0.0)] {
        let solution = solve(&mut flow, &[p_w], &[q_var]);
        let u_v = two_bus(400.0, 0.05, 0.02, p_w, q_var);
        // The source is not quite ideal: 1e12 VA.
        assert!((solution.voltage_pu(0, 1) - u_v / 400.0).abs() < 1e-6, "{p_w}");
    }
}

#[test]
fn close_to_the_most_that_can_be_carried_newtons_method_takes_over() {
    let mut flow = PowerFlow::new(&two_nodes(), Phases::Balanced).unwrap();
    let most = 160_000.0 / (2.0 * (0.05f64.hypot(0.02) + 0.05));
    let solution = solve(&mut flow, &[0.999 * most, 1.001 * most, 1e3], &[0.0; 3]);
    assert!(matches!(solution.status[0], Status::Converged { method: Method::Newton, .. }), "{:?}", solution.status);
    assert!((solution.voltage_pu(0, 1) - two_bus(400.0, 0.05, 0.02, 0.999 * most, 0.0) / 400.0).abs() < 1e-4);
    assert_eq!(solution.status[1], Status::Estimated);
    assert!(solution.voltage_pu(1, 1).is_finite());
    assert!(matches!(solution.status[2], Status::Converged { method: Method::Sweep, .. }));
}

#[test]
fn overload_is_a_flag_on_its_step_and_touches_no_other() {
    for (network, phases) in [(two_nodes(), Phases::Balanced), (two_nodes(), Phases::Three)] {
        let mut flow = PowerFlow::new(&network, phases).unwrap();
        let count = phases.count();
        let spread = |values: &[f64]| -> Vec<f64> {
            values.iter().flat_map(|value| vec![value / count as f64; count]).collect()
        };
        let loads = [30e3, 1e9, 30e3, -1e12, 1e300, 30e3];
        let solution = solve(&mut flow, &spread(&loads), &spread(&[1e3; 6]));
        let alone = solve(&mut flow, &spread(&loads[..1]), &spread(&[1e3]));
        for step in [0, 2, 5] {
            assert_eq!(solution.step(step).voltages(1), alone.step(0).voltages(1));
        }
        for step in [1, 3, 4] {
            assert_eq!(solution.status[step], Status::Estimated, "{step}");
        }
    }
}

#[test]
fn loads_that_are_no_numbers_are_refused_by_name() {
    let mut flow = PowerFlow::new(&two_nodes(), Phases::Balanced).unwrap();
    let batch = Batch { steps: 3, p_w: &[1.0, f64::NAN, 1.0], q_var: &[0.0; 3], u_ref_pu: None };
    let error = flow.solve(&batch, Outputs::VOLTAGES, &Options::default()).unwrap_err();
    assert_eq!(error, GridError::NotFinite { load: "house".into(), step: 1 });
    let batch = Batch { steps: 3, p_w: &[1.0; 2], q_var: &[0.0; 3], u_ref_pu: None };
    assert!(matches!(flow.solve(&batch, Outputs::VOLTAGES, &Options::default()), Err(GridError::Shape { .. })));
}

/// a - b by a line, b = c by a switch, and c - a by a line: a ring.
fn ring() -> Network {
    let mut network = two_nodes();
    network.radial = false;
    network.nodes.push(node("c", 400.0));
    network.switches.push(switch("bc", "b", "c", true));
    network.lines.push(line("ca", "c", "a", 0.05, 0.02));
    network.loads.push(load("shop", "c", 5e3, 0.0));
    network
}

#[test]
fn a_switch_opens_a_ring_and_closes_it_again() {
    let mut flow = PowerFlow::new(&ring(), Phases::Balanced).unwrap();
    assert_eq!(flow.method().unwrap(), Method::CurrentInjection);
    let (p_w, q_var) = ([30e3, 5e3], [10e3, 0.0]);
    let closed = solve(&mut flow, &p_w, &q_var);
    assert_eq!(closed.step(0).voltages(1), closed.step(0).voltages(2));
    flow.set_switch("bc", false).unwrap();
    assert_eq!(flow.method().unwrap(), Method::Sweep);
    let open = solve(&mut flow, &p_w, &q_var);
    assert!(open.voltage_pu(0, 1) < closed.voltage_pu(0, 1) && open.voltage_pu(0, 2) > closed.voltage_pu(0, 2));
    assert!((open.step(0).line(1)[0].p_to_w + two_bus_flow(5e3)).abs() < 0.1);
    flow.set_switch("bc", true).unwrap();
    assert_eq!(solve(&mut flow, &p_w, &q_var), closed);
    assert!(matches!(flow.set_switch("cd", true), Err(GridError::Unknown { .. })));
}

/// What enters a line of 0.05 + j0.02 ohm at 400 V that carries this much to its end, taken negative at the to side `a`.
fn two_bus_flow(p: f64) -> f64 {
    let u = two_bus(400.0, 0.05, 0.02, p, 0.0);
    -(p + 0.05 * p * p / (u * u))
}

#[test]
fn what_nothing_feeds_has_no_voltage_and_no_flow() {
    let mut network = ring();
    network.lines[1].to_closed = false;
    let mut flow = PowerFlow::new(&network, Phases::Three).unwrap();
    flow.set_end("ab", Side::To, false).unwrap();
    let solution = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
    assert!(solution.all_converged());
    for node in [1, 2] {
        assert!(solution.step(0).voltages(node).iter().all(|v| v.norm_sqr() == 0.0));
    }
    assert_eq!(solution.losses_w, [0.0]);
    let extremes = solution.step(0).extremes().unwrap();
    assert_eq!((extremes.lowest_node, extremes.highest_node), (0, 0));
}

#[test]
fn a_ring_is_not_swept() {
    let error = PowerFlow::with_method(&ring(), Phases::Balanced, Method::Sweep).err().unwrap();
    assert!(matches!(error, GridError::Method { method: "sweep", .. }));
}

#[test]
fn two_sources_share_a_load_between_them() {
    let mut network = ring();
    network.sources[0].sk_va = 1e8;
    network.sources.push(source("grid2", "c"));
    let solution = PowerFlow::new(&network, Phases::Balanced).unwrap().solve_network(Outputs::ALL, &Options::default());
    let solution = solution.unwrap();
    assert!(solution.all_converged());
    let given: f64 = (0..2).map(|source| solution.step(0).source_va(source)[0].re).sum();
    assert!((given - 35e3 - solution.losses_w[0]).abs() < 1e-3);
}

/// 20 kV, a transformer with taps, 400 V, on which `regulator` looks.
fn regulated(meshed: bool) -> Network {
    let mut network = two_nodes();
    network.radial = false;
    network.nodes.push(node("m", 20e3));
    network.transformers.push(transformer("t", "m", "a"));
    if meshed {
        network.transformers.push(transformer("u", "m", "a"));
    }
    network.sources[0] = source("grid", "m");
    let regulator = Regulator { node: "b".into(), target_pu: 1.0, band_pu: 0.03 };
    network.transformers[0].taps.as_mut().unwrap().regulator = Some(regulator);
    network
}

#[test]
fn a_zero_sequence_without_earth_is_refused_by_the_name_of_its_node() {
    let mut network = regulated(false);
    (network.transformers[0].from_winding, network.transformers[0].clock) = (Winding::Wye, 0);
    let error = PowerFlow::new(&network, Phases::Three).err().unwrap();
    assert!(matches!(&error, GridError::ThreePhase { element, .. } if element == "node `a`"), "{error}");
    PowerFlow::new(&network, Phases::Balanced).unwrap();
    // A capacitance is a way to earth, if a poor one.
    network.lines[0].c0_f = Some(1e-6);
    assert_eq!(PowerFlow::new(&network, Phases::Three).unwrap().method().unwrap(), Method::CurrentInjection);
}

#[test]
fn values_beyond_what_can_be_computed_with_are_refused_by_name() {
    let mut network = two_nodes();
    network.lines[0].r1_ohm = 1e300;
    let error = PowerFlow::new(&network, Phases::Balanced).err().unwrap();
    assert_eq!(error, GridError::OutOfRange { element: "`ab`".into() });
}

#[test]
fn a_tap_gives_the_voltages_of_a_network_made_with_it() {
    for meshed in [false, true] {
        let mut network = regulated(meshed);
        let mut flow = PowerFlow::new(&network, Phases::Three).unwrap();
        flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
        flow.set_tap("t", 2).unwrap();
        let moved = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
        network.transformers[0].taps.as_mut().unwrap().position = 2;
        let made = PowerFlow::new(&network, Phases::Three).unwrap();
        assert_eq!(made.network(), flow.network());
        let mut made = made;
        assert_eq!(made.solve_network(Outputs::ALL, &Options::default()).unwrap(), moved);
        assert!(matches!(flow.set_tap("t", 4), Err(GridError::Tap { position: 4, .. })));
    }
}

#[test]
fn a_regulated_tap_brings_the_voltage_into_its_band_and_says_when_it_cannot() {
    let mut flow = PowerFlow::new(&regulated(false), Phases::Balanced).unwrap();
    let mut regulate = |p_w: f64| {
        let batch = Batch { steps: 1, p_w: &[p_w], q_var: &[0.0], u_ref_pu: None };
        flow.solve_regulated(&batch, Outputs::VOLTAGES, &Options::default()).unwrap()
    };
    let empty = regulate(0.0);
    assert!((empty.solution.voltage_pu(0, 1) - 1.0).abs() <= 0.015 && empty.outside.is_empty() && empty.moves > 0);
    let full = regulate(150e3);
    assert!((full.solution.voltage_pu(0, 1) - 1.0).abs() <= 0.015, "{}", full.solution.voltage_pu(0, 1));
    assert_eq!(regulate(150e3).moves, 0);
    let too_much = regulate(400e3);
    assert_eq!(too_much.outside, ["t"]);
}

#[test]
fn points_of_measurement_read_what_was_asked_for() {
    let mut network = two_nodes();
    let point = |id: &str, element: &str, quantity| Measurement { id: id.into(), element: element.into(), quantity };
    network.measurements = vec![
        point("u", "b", Quantity::Voltage),
        point("line", "ab", Quantity::FlowTo),
        point("feed", "grid", Quantity::SourcePower),
    ];
    assert_eq!(network.findings(), []);
    let mut flow = PowerFlow::new(&network, Phases::Three).unwrap();
    let solution = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
    let readings = network.readings(&solution, 0);
    assert_eq!(readings[0].values, solution.step(0).voltages(1));
    assert!((readings[1].values.iter().map(|s| s.re).sum::<f64>() + 30e3).abs() < 1e-3);
    assert_eq!(readings[2].values, solution.step(0).source_va(0));
    let without = flow.solve_network(Outputs::VOLTAGES, &Options::default()).unwrap();
    assert!(network.readings(&without, 0)[1].values.is_empty());
}
