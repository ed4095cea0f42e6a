//! What a power flow costs: radial, three-phase and meshed networks, many steps at once, on one core.
//!
//! `cargo bench -p cariflex-grid --bench grid` prints medians; `… -- NAME` runs feeders whose name contains the word;
//! `… -- --compare` gives each feeder and its loads to power-grid-model and lightsim2grid in the same run
//! (`benches/grid/peers.py` says what they need; `PYTHON` names the interpreter).

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]

mod feeders;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use feeders::{Feeder, feeders};
use grid::{Batch, Options, Outputs, PowerFlow, Status};

/// Time that this thread has had a processor, ns, so that other programs disturb less; on systems that do not tell, the time
/// since `begun`.
fn busy_ns(begun: Instant) -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let first = told.as_deref().and_then(|text| text.split_whitespace().next()).and_then(|ns| ns.parse().ok());
    first.unwrap_or_else(|| begun.elapsed().as_nanos() as f64)
}

/// Median of the microseconds of a step. The system counts in ticks of milliseconds, so that a sample is many runs.
fn median_us_per_step(steps: usize, mut work: impl FnMut()) -> f64 {
    const SAMPLES: usize = 7;
    const SAMPLE_NS: f64 = 2e8;
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < SAMPLES {
        let (start, mut runs) = (busy_ns(begun), 0);
        while busy_ns(begun) - start < SAMPLE_NS {
            work();
            runs += 1;
        }
        times.push((busy_ns(begun) - start) / 1e3 / (runs * steps) as f64);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Solves a feeder for voltages alone, and for other quantities; gives the first time, us per step.
fn measure(feeder: &Feeder) -> f64 {
    let mut flow = PowerFlow::new(&feeder.network, feeder.phases).unwrap();
    let (p_w, q_var) = feeder.loads();
    let batch = Batch { steps: feeder.steps, p_w: &p_w, q_var: &q_var, u_ref_pu: None };
    let options = Options::default();
    let first = flow.solve(&batch, Outputs::VOLTAGES, &options).unwrap();
    assert!(first.all_converged());
    let iterations = first.status.iter().map(|status| match status {
        Status::Converged { iterations, .. } => *iterations,
        Status::Estimated => 0,
    });
    let iterations = f64::from(iterations.sum::<u32>()) / feeder.steps as f64;
    let mut time = |outputs: Outputs| {
        median_us_per_step(feeder.steps, || {
            std::hint::black_box(flow.solve(&batch, outputs, &options).unwrap());
        })
    };
    let (voltages, all) = (time(Outputs::VOLTAGES), time(Outputs::ALL));
    let extremes = time(Outputs { extremes: true, ..Outputs::default() });
    println!(
        "{:<22} {:>6} nodes {:>6} steps {iterations:>5.1} iterations: {voltages:>9.3} us voltages ({:>9.0}/s), {extremes:>9.3} us extremes, {all:>9.3} us everything",
        feeder.name,
        feeder.network.nodes.len(),
        feeder.steps,
        1e6 / voltages,
    );
    voltages
}

/// Writes network, loads and our voltages for the programs of others.
fn write(feeder: &Feeder, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let (p_w, q_var) = feeder.loads();
    let name = feeder.name.replace(' ', "_");
    fs::write(folder.join(format!("{name}.json")), feeder.network.to_json()).unwrap();
    fs::write(folder.join(format!("{name}.p_w")), bytes(&p_w)).unwrap();
    fs::write(folder.join(format!("{name}.q_var")), bytes(&q_var)).unwrap();
    let mut flow = PowerFlow::new(&feeder.network, feeder.phases).unwrap();
    let batch = Batch { steps: feeder.steps, p_w: &p_w, q_var: &q_var, u_ref_pu: None };
    let solution = flow.solve(&batch, Outputs::VOLTAGES, &Options::default()).unwrap();
    let sizes: Vec<f64> = solution.voltages.iter().map(|v| v.norm_sqr().sqrt()).collect();
    fs::write(folder.join(format!("{name}.u_pu")), bytes(&sizes)).unwrap();
}

/// Lets the programs of others solve what we solved.
fn compare(feeder: &Feeder, ours_us: f64) {
    let folder = std::env::temp_dir().join(format!("cariflex-grid-{}", std::process::id()));
    write(feeder, &folder);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/grid/peers.py");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let name = feeder.name.replace(' ', "_");
    let mut command = Command::new(python);
    command.arg(script).arg(&folder).args([name, ours_us.to_string(), feeder.phases.count().to_string()]);
    if !command.status().unwrap().success() {
        println!("    the peers did not come to an end");
    }
    fs::remove_dir_all(folder).unwrap();
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let with_peers = arguments.iter().any(|argument| argument == "--compare");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--")).cloned().unwrap_or_default();
    for feeder in feeders().iter().filter(|feeder| feeder.name.contains(&filter)) {
        let ours_us = measure(feeder);
        if with_peers {
            compare(feeder, ours_us);
        }
    }
}
