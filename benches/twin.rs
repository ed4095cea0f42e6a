//! What a tick costs: both hosts, a scenario-year with and without files, memory.
//!
//! `cargo bench --bench twin` prints medians of several runs, and ratios to a yardstick (ChaCha8 draws) measured in the
//! same process, because machines are noisy. The figures in the documents come from here.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first error")]

use agents::draw::Draws;
use agents::record::{IntervalRows, Recorder};
use cariflex::cli::{HostKind, Record, RunArgs, ScenarioArgs};
use cariflex::inputs::Inputs;
use rand::RngExt;
use results::{Kpis, RunWriter, Status, Summary};
use scenarios::{Plan, Scenario};
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;
use twin::{Host, Kernel, LiveHost, SweepHost};

const RUNS: usize = 5;

/// Takes rows and throws them away.
struct Nothing;

impl Recorder for Nothing {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        black_box(rows);
        Ok(())
    }
}

fn plan(duration: &str, tick: &str) -> Plan {
    let mut scenario = Scenario::load("martinique").unwrap();
    scenario.set(&format!("run.duration={duration}")).unwrap();
    scenario.set(&format!("run.tick={tick}")).unwrap();
    scenario.resolve(&[]).unwrap()
}

fn run(plan: &Plan, kernel: &mut Kernel, host: &mut impl Host, recorder: &mut dyn Recorder) -> f64 {
    let begun = Instant::now();
    while !kernel.is_over() {
        kernel.tick(host, recorder).unwrap();
    }
    begun.elapsed().as_nanos() as f64 / (plan.ticks() as f64 * plan.participants.len() as f64)
}

fn sweep(plan: &Plan, recorder: &mut dyn Recorder) -> f64 {
    let mut kernel = Kernel::new(plan);
    let mut host = SweepHost::new(plan, kernel.world_mut());
    run(plan, &mut kernel, &mut host, recorder)
}

fn live(plan: &Plan, threads: usize) -> f64 {
    let mut kernel = Kernel::new(plan);
    let mut host = LiveHost::new(plan, threads).unwrap();
    run(plan, &mut kernel, &mut host, &mut Nothing)
}

fn median(mut measure: impl FnMut() -> f64) -> f64 {
    let mut values: Vec<_> = (0..RUNS).map(|_| measure()).collect();
    values.sort_by(f64::total_cmp);
    values[RUNS / 2]
}

/// Nanoseconds of one sequential ChaCha8 draw: the yardstick.
fn yardstick_ns() -> f64 {
    const DRAWS: u32 = 10_000_000;
    let mut generator = Draws::new(1, "yardstick", "speed").at(0);
    let begun = Instant::now();
    let sum = (0..DRAWS).fold(0u64, |sum, _| sum.wrapping_add(generator.random()));
    black_box(sum);
    begun.elapsed().as_nanos() as f64 / f64::from(DRAWS)
}

/// Largest resident memory of this process so far, MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).map_or(f64::NAN, |kib| kib / 1024.0)
}

fn year(record: Record) -> (f64, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let args = RunArgs {
        from: None,
        scenario: ScenarioArgs {
            scenario: "martinique".into(),
            set: Vec::new(),
            seed: None,
            start: None,
            duration: Some("365d".into()),
            tick: None,
            record: Some(record),
            series: Vec::new(),
        },
        out: Some(folder.path().join("run")),
        overwrite: false,
        host: HostKind::Sweep,
        threads: None,
    };
    let inputs = Inputs::load(&args.scenario).unwrap();
    let begun = Instant::now();
    let mut writer =
        RunWriter::create(args.out.as_deref().unwrap(), inputs.info("bench".into(), "sweep"), &inputs.plan.catalogue())
            .unwrap();
    sweep(&inputs.plan, &mut writer);
    let summary = writer.finish(Status::Complete).unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    describe(record, &summary);
    (seconds, summary)
}

fn describe(record: Record, summary: &Summary) {
    static TOLD: std::sync::Mutex<Vec<Record>> = std::sync::Mutex::new(Vec::new());
    let mut told = TOLD.lock().unwrap();
    if told.contains(&record) {
        return;
    }
    told.push(record);
    println!("  {record:?}: rows and bytes per row");
    for (table, rows) in &summary.tables {
        let bytes = file_size(&summary.dir.join(format!("{table}.parquet")));
        println!("    {table:<12} {rows:>9} rows  {:>6.2} B/row", bytes / (*rows).max(1) as f64);
    }
}

fn file_size(path: &Path) -> f64 {
    path.metadata().map_or(0.0, |metadata| metadata.len() as f64)
}

/// A day of a scenario that extends `martinique`.
fn variant(text: &str) -> Plan {
    let head = "version = 2\nextends = \"martinique\"\nname = \"bench\"\n[run]\nduration = \"1d\"\n";
    Scenario::parse(&format!("{head}{text}"), Path::new("bench")).unwrap().resolve(&[]).unwrap()
}

/// Cost of an asset of each kind, core, body, meter and rows: a fleet of thousands beside the platform's assets.
fn models(draw_ns: f64) {
    const COUNT: usize = 5000;
    let fleet =
        |keys: &str| variant(&format!("[fleet.many]\ncount = {COUNT}\nportfolio = \"many\"\ntrades = false\n{keys}\n"));
    let base = plan("1d", "15m");
    let base_ns = median(|| sweep(&base, &mut Nothing)) * base.participants.len() as f64;
    let car = "of = \"ev\"\ncapacity_kwh = 64\npower_kw = 7.4\nphases = 1\nevse = { power_kw = 7.4, phases = 1 }";
    for (what, keys) in [
        ("PV plant", "of = \"pv\"\npeak_kw = 5".into()),
        (
            "battery that follows its site",
            "of = \"battery\"\ncapacity_kwh = 10\npower_kw = 5\nhabit = \"follow-site\"".into(),
        ),
        ("household", "of = \"household\"".into()),
        ("commercial site", "of = \"commercial\"\nmean_kw = 5".into()),
        ("vehicle on trips, with charge point", car.into()),
        ("vehicle in sessions, with charge point", format!("{car}\ndriver = \"sessions\"")),
    ] {
        let plan = fleet(&keys);
        let all_ns = median(|| sweep(&plan, &mut Nothing)) * plan.participants.len() as f64;
        let ns = (all_ns - base_ns) / COUNT as f64;
        println!("{what:<52} {ns:>8.0} ns per asset and tick of 15 min  {:>7.1} draws", ns / draw_ns);
    }
}

/// The island at a fifth, a half and all of its households: cost must grow as participants do.
fn island() {
    let base = plan("1d", "15m");
    let base_ns = median(|| sweep(&base, &mut Nothing));
    for homes in [16_000, 40_000, 80_000] {
        let mut scenario = Scenario::load("martinique-island").unwrap();
        for (fleet, count) in
            [("homes", homes), ("shops", homes * 3 / 100), ("offices", homes * 7 / 400), ("hotels", homes / 400)]
        {
            scenario.set(&format!("fleet.{fleet}.count={count}")).unwrap();
        }
        let begun = Instant::now();
        let plan = scenario.resolve(&[]).unwrap();
        let resolved = begun.elapsed().as_secs_f64();
        let mut ns = Vec::new();
        let seconds = median(|| {
            let begun = Instant::now();
            ns.push(sweep(&plan, &mut Nothing));
            begun.elapsed().as_secs_f64()
        });
        ns.sort_by(f64::total_cmp);
        let ns = ns[ns.len() / 2];
        println!(
            "island, a day at 15 min, {} participants: resolved in {resolved:.2} s, run in {seconds:.2} s, {ns:.0} ns per \
             participant-tick, {:.2} of martinique's, peak memory {:.0} MiB",
            plan.participants.len(),
            ns / base_ns,
            peak_mib()
        );
    }
}

fn main() {
    let draw_ns = median(yardstick_ns);
    println!("yardstick: {draw_ns:.2} ns per ChaCha8 draw; peak memory {:.0} MiB", peak_mib());
    let show = |what: &str, ns: f64| {
        println!("{what:<52} {ns:>8.0} ns per participant-tick  {:>7.1} draws", ns / draw_ns);
    };
    let (month, day) = (plan("30d", "15m"), plan("1d", "15m"));
    show("sweep, 30 days at 15 min, nothing kept", median(|| sweep(&month, &mut Nothing)));
    show("sweep, 30 days at 15 min, key figures", median(|| sweep(&month, &mut Kpis::new(&month.catalogue()))));
    let minutes = plan("1d", "60s");
    show("sweep, 1 day at 60 s, nothing kept", median(|| sweep(&minutes, &mut Nothing)));
    let seconds = plan("2h", "1s");
    show("sweep, 2 hours at 1 s, nothing kept", median(|| sweep(&seconds, &mut Nothing)));
    for threads in [1, 2] {
        show(&format!("actors, 1 day at 15 min, {threads} thread(s)"), median(|| live(&day, threads)));
        show(&format!("actors, 2 hours at 1 s, {threads} thread(s)"), median(|| live(&seconds, threads)));
    }
    println!("peak memory {:.0} MiB", peak_mib());
    models(draw_ns);
    island();
    for record in [Record::Kpis, Record::Hourly, Record::Full] {
        let mut rows = 0;
        let seconds = median(|| {
            let (seconds, summary) = year(record);
            rows = summary.tables.iter().map(|(_, rows)| rows).sum::<u64>();
            seconds
        });
        let rate = rows as f64 / seconds / 1e6;
        println!("one scenario-year at 15 min, {record:?}: {seconds:.2} s, {rows} rows, {rate:.2} M rows/s");
    }
    println!("peak memory {:.0} MiB", peak_mib());
}
