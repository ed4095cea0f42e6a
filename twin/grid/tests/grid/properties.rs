//! Properties over random networks: methods agree, powers balance, batches and orders change nothing.

use crate::common::{line, load, node, source, transformer};
use grid::model::{Construction, LoadKind, Network, Power, Shunt};
use grid::{Batch, Method, Options, Outputs, Phases, PowerFlow, Solution};
use num_complex::Complex64 as C;
use proptest::prelude::*;

const TIGHT: Options = Options { tolerance_pu: 1e-12, most_iterations: 200, most_newton_iterations: 30 };

/// A random network: 20 kV, a Dyn11 transformer somewhere, 400 V behind it; with `chords`, loops in the 20 kV part.
fn network(nodes: usize, chords: usize) -> impl Strategy<Value = Network> {
    let unit = || 0.0..1.0f64;
    let each = (unit(), unit(), unit(), unit(), unit(), 0..4usize);
    let chord = (unit(), unit());
    (proptest::collection::vec(each, nodes), proptest::collection::vec(chord, chords), unit()).prop_map(
        |(draws, chords, balance)| {
            let medium = draws.len() / 2;
            let mut network = Network {
                name: "random".into(),
                frequency_hz: 50.0,
                sources: vec![source("s", "n0")],
                ..Network::default()
            };
            for (index, (place, r, x, p, q, kind)) in draws.iter().enumerate() {
                let (id, low) = (format!("n{index}"), index >= medium.max(1));
                network.nodes.push(node(&id, if low { 400.0 } else { 20_000.0 }));
                if index == 0 {
                    continue;
                }
                let first = if low { medium.max(1) } else { 0 };
                let up = if index == first { 0 } else { first + (place * (index - first) as f64) as usize };
                let up = format!("n{up}");
                if index == first {
                    network.transformers.push(transformer("t", &up, &id));
                } else if low {
                    network.lines.push(line(&format!("l{index}"), &up, &id, 0.002 + 0.01 * r, 0.001 + 0.004 * x));
                } else {
                    let mut line = line(&format!("l{index}"), &id, &up, 0.05 + 0.4 * r, 0.05 + 0.3 * x);
                    (line.c1_f, line.c0_f) = (1e-6 * r, Some(6e-7 * r));
                    line.construction = Construction::Overhead;
                    network.lines.push(line);
                }
                let (p, q) = if low { (p * 8e3 - 2e3, q * 2e3) } else { (p * 1e5, q * 3e4) };
                let mut load = load(&format!("d{index}"), &id, p, q);
                load.p_w = Power::PerPhase([p * balance, p * (1.0 - balance) * 0.7, p * (1.0 - balance) * 0.3]);
                load.kind = match kind {
                    0 => LoadKind::ConstantImpedance,
                    1 => LoadKind::ConstantCurrent,
                    2 => LoadKind::Zip { impedance: 0.3, current: 0.2, power: 0.5 },
                    _ => LoadKind::ConstantPower,
                };
                network.loads.push(load);
            }
            for (index, (a, b)) in chords.iter().enumerate() {
                let place = |x: &f64| (x * medium as f64) as usize;
                if place(a) != place(b) {
                    let (a, b) = (format!("n{}", place(a)), format!("n{}", place(b)));
                    network.lines.push(line(&format!("c{index}"), &a, &b, 0.2, 0.15));
                }
            }
            let shunt =
                Shunt { id: "capacitor".into(), node: "n0".into(), g1_s: 0.0, b1_s: 1e-4, g0_s: 0.0, b0_s: 0.0 };
            network.shunts.push(shunt);
            network
        },
    )
}

fn solve(network: &Network, phases: Phases, method: Option<Method>) -> Solution {
    let mut flow = match method {
        Some(method) => PowerFlow::with_method(network, phases, method).unwrap(),
        None => PowerFlow::new(network, phases).unwrap(),
    };
    let solution = flow.solve_network(Outputs::ALL, &TIGHT).unwrap();
    assert!(solution.all_converged(), "{:?}", solution.status);
    solution
}

/// The largest difference of two voltages.
fn apart(one: &Solution, other: &Solution) -> f64 {
    let pairs = one.voltages.iter().zip(&other.voltages);
    pairs.map(|(a, b)| (a - b).norm_sqr().sqrt()).fold(0.0, f64::max)
}

/// What a load takes at a voltage.
fn taken(network: &Network, load: usize, phases: Phases, phase: usize, u: f64) -> C {
    let load = &network.loads[load];
    let (p, q) = match phases {
        Phases::Balanced => (load.p_w.total(), load.q_var.total()),
        Phases::Three => (load.p_w.per_phase()[phase], load.q_var.per_phase()[phase]),
    };
    let [impedance, current, power] = load.kind.shares();
    C::new(p, q) * (impedance * u * u + current * u + power)
}

/// The largest power that is missing at a node and phase, as a share of what flows into the network.
fn imbalance(network: &Network, phases: Phases, solution: &Solution) -> f64 {
    let step = solution.step(0);
    let place = |id: &str| network.nodes.iter().position(|node| node.id == id).unwrap();
    let mut sums = vec![vec![C::default(); network.nodes.len()]; solution.phases];
    for (phase, sums) in sums.iter_mut().enumerate() {
        for (index, load) in network.loads.iter().enumerate() {
            let u = step.polar(place(&load.node), phase).0;
            sums[place(&load.node)] -= taken(network, index, phases, phase, u);
        }
        for shunt in &network.shunts {
            let node = place(&shunt.node);
            let u_v = step.polar(node, phase).0 * network.nodes[node].u_rated_v;
            // The star point of the capacitor is not earthed: only balanced voltages are looked at here.
            sums[node] -= C::new(shunt.g1_s, -shunt.b1_s) * u_v * u_v / solution.phases as f64;
        }
        for (index, line) in network.lines.iter().enumerate() {
            let flow = step.line(index)[phase];
            sums[place(&line.from_node)] -= C::new(flow.p_from_w, flow.q_from_var);
            sums[place(&line.to_node)] -= C::new(flow.p_to_w, flow.q_to_var);
        }
        for (index, transformer) in network.transformers.iter().enumerate() {
            let flow = step.transformer(index)[phase];
            sums[place(&transformer.from_node)] -= C::new(flow.p_from_w, flow.q_from_var);
            sums[place(&transformer.to_node)] -= C::new(flow.p_to_w, flow.q_to_var);
        }
        for (index, source) in network.sources.iter().enumerate() {
            sums[place(&source.node)] += step.source_va(index)[phase];
        }
    }
    let given: f64 = step.source_va(0).iter().map(|s| s.norm_sqr().sqrt()).sum();
    sums.iter().flatten().map(|s| s.norm_sqr().sqrt()).fold(0.0, f64::max) / given.max(1e3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn on_radial_networks_all_methods_agree_and_powers_balance(network in network(24, 0)) {
        let sweep = solve(&network, Phases::Balanced, Some(Method::Sweep));
        for method in [Method::CurrentInjection, Method::Newton] {
            prop_assert!(apart(&sweep, &solve(&network, Phases::Balanced, Some(method))) < 1e-9);
        }
        prop_assert!(imbalance(&network, Phases::Balanced, &sweep) < 1e-9);
    }

    #[test]
    fn on_radial_three_phase_networks_all_methods_agree_and_powers_balance(mut network in network(16, 0)) {
        network.shunts.clear();
        let sweep = solve(&network, Phases::Three, Some(Method::Sweep));
        for method in [Method::CurrentInjection, Method::Newton] {
            prop_assert!(apart(&sweep, &solve(&network, Phases::Three, Some(method))) < 1e-9);
        }
        prop_assert!(imbalance(&network, Phases::Three, &sweep) < 1e-9);
    }

    #[test]
    fn on_meshed_networks_current_injection_and_newton_agree_and_powers_balance(mut network in network(24, 4)) {
        for phases in [Phases::Balanced, Phases::Three] {
            if phases == Phases::Three {
                network.shunts.clear();
            }
            let injected = solve(&network, phases, None);
            prop_assert!(apart(&injected, &solve(&network, phases, Some(Method::Newton))) < 1e-9);
            prop_assert!(imbalance(&network, phases, &injected) < 1e-9);
        }
    }

    #[test]
    fn with_equal_phases_three_phases_are_the_balanced_solution(mut network in network(16, 0)) {
        for load in &mut network.loads {
            load.p_w = Power::Total(load.p_w.total());
        }
        let (one, three) = (solve(&network, Phases::Balanced, None), solve(&network, Phases::Three, None));
        for node in 0..network.nodes.len() {
            let (one, three) = (one.step(0).voltages(node)[0], three.step(0).voltages(node)[0]);
            prop_assert!((one - three).norm_sqr() < 1e-20);
        }
        prop_assert!((one.losses_w[0] - three.losses_w[0]).abs() < 1e-6 * one.losses_w[0]);
    }

    #[test]
    fn a_batch_has_the_bits_of_its_steps_solved_one_by_one(
        network in network(12, 2),
        factors in proptest::collection::vec(0.0..3.0f64, 1..20),
        three in any::<bool>(),
    ) {
        let phases = if three { Phases::Three } else { Phases::Balanced };
        let mut flow = PowerFlow::new(&network, phases).unwrap();
        let count = phases.count();
        let at = |factor: &f64| -> (Vec<f64>, Vec<f64>) {
            let loads = network.loads.iter().flat_map(|load| (0..count).map(move |_| load));
            loads.map(|load| (load.p_w.total() * factor, load.q_var.total() * factor)).unzip()
        };
        let (p_w, q_var): (Vec<_>, Vec<_>) = factors.iter().map(at).unzip();
        let (p_all, q_all) = (p_w.concat(), q_var.concat());
        let u_ref: Vec<f64> = factors.iter().map(|factor| 1.0 + 0.01 * factor).collect();
        let all = Batch { steps: factors.len(), p_w: &p_all, q_var: &q_all, u_ref_pu: Some(&u_ref) };
        let all = flow.solve(&all, Outputs::ALL, &Options::default()).unwrap();
        for step in 0..factors.len() {
            let one = Batch { steps: 1, p_w: &p_w[step], q_var: &q_var[step], u_ref_pu: Some(&u_ref[step..=step]) };
            let one = flow.solve(&one, Outputs::ALL, &Options::default()).unwrap();
            prop_assert_eq!(one.status[0], all.status[step]);
            for node in 0..network.nodes.len() {
                prop_assert_eq!(one.step(0).voltages(node), all.step(step).voltages(node));
            }
            prop_assert_eq!(one.losses_w[0].to_bits(), all.losses_w[step].to_bits());
            prop_assert_eq!(one.step(0).source_va(0), all.step(step).source_va(0));
        }
    }

    #[test]
    fn the_order_of_elements_changes_no_bit(network in network(14, 2)) {
        let mut turned = network.clone();
        turned.nodes.reverse();
        turned.lines.reverse();
        turned.loads.rotate_left(3);
        turned.sources.reverse();
        for phases in [Phases::Balanced, Phases::Three] {
            let (one, other) = (solve(&network, phases, None), solve(&turned, phases, None));
            let last = network.nodes.len() - 1;
            for node in 0..=last {
                prop_assert_eq!(one.step(0).voltages(node), other.step(0).voltages(last - node));
            }
            prop_assert_eq!(one.losses_w[0].to_bits(), other.losses_w[0].to_bits());
        }
    }

    #[test]
    fn a_file_with_odd_values_is_refused_solved_or_estimated_but_nothing_panics(
        network in network(10, 2),
        places in proptest::collection::vec(any::<proptest::sample::Index>(), 1..4),
        odd in proptest::collection::vec(0..10usize, 4),
        three in any::<bool>(),
    ) {
        let mut file: serde_json::Value = serde_json::from_str(&network.to_json()).unwrap();
        let ids = network.nodes.iter().map(|e| &e.id).chain(network.lines.iter().map(|e| &e.id));
        let ids = ids.map(String::as_str).chain(["t", "s"]);
        file["unusual"] = ids.map(serde_json::Value::from).collect();
        for (place, odd) in places.iter().zip(odd) {
            let mut leaves = Vec::new();
            leaves_of(&mut file, &mut leaves);
            let values = [0.0, -1.0, 1e300, -1e300, 1e-300, 5e-324, 1e9, -0.0, 0.5, 12.0];
            *leaves.swap_remove(place.index(leaves.len())) = values[odd].into();
        }
        let Ok(network) = Network::from_json(&file.to_string(), "odd") else { return Ok(()) };
        let phases = if three { Phases::Three } else { Phases::Balanced };
        let Ok(mut flow) = PowerFlow::new(&network, phases) else { return Ok(()) };
        let solution = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
        if solution.all_converged() {
            prop_assert!(solution.voltages.iter().all(|v| v.re.is_finite() && v.im.is_finite()));
        }
    }
}

/// The numbers and truth values of a document.
fn leaves_of<'a>(value: &'a mut serde_json::Value, leaves: &mut Vec<&'a mut serde_json::Value>) {
    match value {
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| leaves_of(value, leaves)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| leaves_of(value, leaves)),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => leaves.push(value),
        _ => {}
    }
}
