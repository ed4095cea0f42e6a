//! What is refused, and with which words; files; imports.

use std::fs;

use crate::common::{line, node, source, switch, transformer, two_nodes};
use grid::import::{Tables, from_csv, from_pandapower};
use grid::model::{LoadKind, Network, Severity, Winding};
use grid::{GridError, Options, Outputs, Phases, PowerFlow};
use serde_json::Value;

/// Breaks the network of two nodes, and gives what is found.
fn found(break_it: impl FnOnce(&mut Network)) -> (Severity, String) {
    let mut network = two_nodes();
    assert_eq!(network.findings(), []);
    break_it(&mut network);
    let findings = network.findings();
    let finding = findings.first().expect("something is wrong");
    assert!(network.validate().is_err());
    (finding.severity, finding.to_string())
}

#[track_caller]
fn refused(words: &str, break_it: impl FnOnce(&mut Network)) {
    let (severity, text) = found(break_it);
    assert_eq!(severity, Severity::Error, "{text}");
    assert!(text.contains(words), "{text}");
}

#[track_caller]
fn suspected(words: &str, break_it: impl FnOnce(&mut Network)) {
    let (severity, text) = found(break_it);
    assert_eq!(severity, Severity::Suspicion, "{text}");
    assert!(text.contains(words) && text.contains("unusual"), "{text}");
}

#[test]
fn errors_name_the_element() {
    refused("line `ab`: node `c` does not exist", |n| n.lines[0].to_node = "c".into());
    refused("load `house`: node `c` does not exist", |n| n.loads[0].node = "c".into());
    refused("load `ab`: its id is used twice", |n| n.loads[0].id = "ab".into());
    refused("line `ab`: its impedance is zero; use a switch", |n| (n.lines[0].r1_ohm, n.lines[0].x1_ohm) = (0.0, 0.0));
    refused("line `ab`: r1_ohm is NaN", |n| n.lines[0].r1_ohm = f64::NAN);
    refused("node `b`: u_rated_v is inf", |n| n.nodes[1].u_rated_v = f64::INFINITY);
    refused("node `island`: its island has no source", |n| n.nodes.push(node("island", 400.0)));
    refused("network `two nodes`: has no source", |n| n.sources.clear());
    refused("line `again`: closes a loop", |n| n.lines.push(line("again", "b", "a", 0.1, 0.1)));
    refused("source `second`: feeds an island that another source feeds", |n| n.sources.push(source("second", "b")));
    refused("line `ab`: joins nodes rated 400 V and 20000 V", |n| n.nodes[1].u_rated_v = 20e3);
    refused("add up to 0.5", |n| n.loads[0].kind = LoadKind::Zip { impedance: 0.0, current: 0.0, power: 0.5 });
}

#[test]
fn transformers_are_looked_at_closely() {
    let with = |change: fn(&mut grid::model::Transformer)| {
        move |n: &mut Network| {
            n.nodes.push(node("m", 20e3));
            n.transformers.push(transformer("t", "m", "a"));
            n.sources[0].node = "m".into();
            change(&mut n.transformers[0]);
        }
    };
    refused("transformer `t`: uk is 0", with(|t| t.uk = 0.0));
    refused("tap position 4 is not within -3 to 3", with(|t| t.taps.as_mut().unwrap().position = 4));
    refused("clock number is 12", with(|t| t.clock = 12));
    refused("a delta and a wye an odd one", with(|t| t.clock = 0));
    refused("exceed uk * sn_va", with(|t| t.pk_w = 1e6));
    suspected("transformer `t`: uk is 4: is that percent?", with(|t| t.uk = 4.0));
    suspected("u1_v is 20 V at a node rated 20000 V", with(|t| (t.u1_v, t.taps) = (20.0, None)));
    suspected("sn_va is 400: is that kilo-", with(|t| (t.sn_va, t.pk_w, t.p0_w) = (400.0, 4.6, 0.61)));
}

#[test]
fn wrong_units_are_suspected_and_may_be_meant() {
    suspected("node `a`: u_rated_v is 20: is that kilovolts?", |n| {
        n.nodes.iter_mut().for_each(|node| node.u_rated_v = 20.0);
    });
    suspected("line `ab`: at 270 A it would drop more than half", |n| n.lines[0].r1_ohm = 5.0);
    suspected("per unit", |n| (n.lines[0].r1_ohm, n.lines[0].x1_ohm) = (1e-7, 1e-7));
    suspected("is c1_f in nanofarads?", |n| n.lines[0].c1_f = 270.0);
    suspected("source `grid`: sk_va is 250", |n| n.sources[0].sk_va = 250.0);
    let mut network = two_nodes();
    network.lines[0].r1_ohm = 5.0;
    network.unusual = vec!["ab".into()];
    assert_eq!(network.findings(), []);
}

#[test]
fn an_island_behind_an_open_switch_is_no_error() {
    let mut network = two_nodes();
    network.nodes.push(node("c", 400.0));
    network.switches.push(switch("s", "b", "c", false));
    assert_eq!(network.findings(), []);
}

#[test]
fn files_come_back_as_they_were_and_strangers_are_refused() {
    let mut network = two_nodes();
    network.loads[0].kind = LoadKind::Zip { impedance: 0.25, current: 0.25, power: 0.5 };
    let text = network.to_json();
    assert_eq!(Network::from_json(&text, "file").unwrap(), network);
    let message = |text: &str| Network::from_json(text, "file.json").unwrap_err().to_string();
    assert!(message(&text.replace("r1_ohm", "r1")).contains("file.json: unknown field `r1`"));
    assert!(message(&text.replace("\"version\": 1", "\"version\": 2")).contains("version 2"));
    assert!(message(&text.replace("cariflex-network", "net")).contains("should be `cariflex-network`"));
    assert!(message("{}").contains("missing field `format`"));
}

#[test]
fn three_phases_need_zero_sequences() {
    let mut network = two_nodes();
    (network.lines[0].r0_ohm, network.lines[0].x0_ohm) = (None, None);
    let error = PowerFlow::new(&network, Phases::Three).err().unwrap();
    assert!(matches!(&error, GridError::ThreePhase { element, .. } if element == "line `ab`"), "{error}");
    PowerFlow::new(&network, Phases::Balanced).unwrap();
}

/// A network that pandapower wrote, with the voltages and losses that pandapower found.
#[test]
fn a_network_of_pandapower_has_the_voltages_of_pandapower() {
    let read = |name: &str| {
        let path = format!("{}/../../tests/golden/grid/pandapower/{name}.json", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).unwrap()
    };
    let network = from_pandapower(&read("village")).unwrap();
    assert_eq!(network.findings(), []);
    assert_eq!((network.nodes.len(), network.loads.len(), network.switches.len()), (9, 6, 1));
    assert!(!network.lines[2].from_closed && network.lines[2].to_closed);
    assert_eq!(network.transformers[0].from_winding, Winding::Delta);
    let mut flow = PowerFlow::new(&network, Phases::Balanced).unwrap();
    let solution = flow.solve_network(Outputs::ALL, &Options::default()).unwrap();
    let (results, step) = (serde_json::from_str::<Value>(&read("village_results")).unwrap(), solution.step(0));
    for node in 0..9 {
        let (size, angle) = step.polar(node, 0);
        assert!((size - results["vm_pu"][node].as_f64().unwrap()).abs() < 1e-8, "{node}");
        assert!((angle.to_degrees() - results["va_degree"][node].as_f64().unwrap()).abs() < 1e-6, "{node}");
    }
    for line in 0..7 {
        let flow = step.line(line)[0];
        assert!((flow.p_from_w + flow.p_to_w - results["line_pl_mw"][line].as_f64().unwrap() * 1e6).abs() < 1e-2);
    }
    let given = step.source_va(0)[0].re;
    assert!((given - results["ext_grid_mw"][0].as_f64().unwrap() * 1e6).abs() < 1.0, "{given}");
}

#[test]
fn what_has_no_place_here_is_refused_by_name() {
    let path = format!("{}/../../tests/golden/grid/pandapower/village.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    let table = serde_json::json!({"columns": ["bus", "in_service"], "index": [7], "data": [[0, true]]}).to_string();
    file["_object"]["gen"]["_object"] = Value::String(table);
    let message = from_pandapower(&file.to_string()).unwrap_err().to_string();
    assert!(message.contains("pandapower: gen 7: has no counterpart"), "{message}");
    assert!(from_pandapower("[]").unwrap_err().to_string().contains("pandapowerNet"));
}

#[test]
fn tables_give_the_same_network_as_the_program() {
    let tables = Tables {
        nodes: "id,u_rated_v\na,400\nb,400\n",
        lines: "id,from_node,to_node,r1_ohm,x1_ohm,r0_ohm,x0_ohm,i_rated_a\nab,a,b,0.05,0.02,0.2,0.08,270\n",
        loads: "id,node,p_w,q_var\nhouse,b,30000,10000\n",
        sources: "id,node,u_ref_pu,sk_va,rx_ratio\ngrid,a,1,1e12,0.1\n",
        ..Tables::default()
    };
    let network = from_csv("two nodes", &tables).unwrap();
    assert_eq!(network, Network { radial: false, ..two_nodes() });
    let wrong = Tables { loads: "id,node,p_w,q_var\nhouse,b,thirty,10000\n", ..tables };
    let message = from_csv("two nodes", &wrong).unwrap_err().to_string();
    assert!(message.contains("loads, line 2"), "{message}");
    let half = Tables { loads: "id,node,p_w,q_a_var\nhouse,b,30000,1\n", ..tables };
    assert!(from_csv("two nodes", &half).unwrap_err().to_string().contains("load `house`: give q_var"));
}
