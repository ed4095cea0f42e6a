//! What a live twin costs: ticks of actors, memory, snapshots, the journal, and telemetry to a real broker.
//!
//! `cargo bench --bench live` prints medians of several runs, and ratios to the sweep host in the same process, because
//! machines are noisy. It needs Mosquitto and its clients. The figures in the documents come from here.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first error")]

mod common;

use agents::command::{Command, Directive, Priority, Value};
use agents::record::{IntervalRows, Recorder};
use agents::{ParticipantId, Span, Time};
use cariflex::live::place::Place;
use common::{Running, cpu_s, program, scenario_text, status};
use scenarios::{Plan, Scenario};
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};
use twin::{Host, Input, JournalEntry, Kernel, LiveHost, Snapshot, SweepHost};

const RUNS: usize = 5;
/// How long telemetry is watched.
const WATCHED: Duration = Duration::from_secs(20);

/// Takes rows and throws them away.
struct Nothing;

impl Recorder for Nothing {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        black_box(rows);
        Ok(())
    }
}

fn plan(participants: usize, duration: &str) -> Plan {
    let mut scenario = Scenario::parse(&scenario_text(participants), Path::new("bench.toml")).unwrap();
    for assignment in ["run.tick=1s", &format!("run.duration={duration}")] {
        scenario.set(assignment).unwrap();
    }
    scenario.resolve(&[]).unwrap()
}

/// Microseconds per participant-tick.
fn run(plan: &Plan, kernel: &mut Kernel, host: &mut impl Host) -> f64 {
    let (begun, mut ticks) = (Instant::now(), 0);
    while !kernel.is_over() {
        kernel.tick(host, &mut Nothing).unwrap();
        ticks += 1;
    }
    begun.elapsed().as_secs_f64() * 1e6 / (f64::from(ticks) * plan.participants.len() as f64)
}

fn median(mut measure: impl FnMut() -> f64) -> f64 {
    let mut values: Vec<_> = (0..RUNS).map(|_| measure()).collect();
    values.sort_by(f64::total_cmp);
    values[RUNS / 2]
}

fn ticks() {
    println!("\nticks of a second, flat out, without results; medians of {RUNS}");
    println!("participants   sweep µs   actors µs   ratio   memory per actor KiB   (per participant-tick)");
    for (participants, duration) in [(109, "1h"), (1_000, "15m"), (10_000, "15m")] {
        let plan = plan(participants, duration);
        let swept = median(|| {
            let mut kernel = Kernel::new(&plan);
            let mut host = SweepHost::new(&plan, kernel.world_mut());
            run(&plan, &mut kernel, &mut host)
        });
        let mut per_actor = f64::NAN;
        let lived = median(|| {
            let mut kernel = Kernel::new(&plan);
            let before = status(std::process::id(), "VmRSS");
            let mut host = LiveHost::new(&plan, 1).unwrap();
            let grown = status(std::process::id(), "VmRSS") - before;
            if per_actor.is_nan() {
                per_actor = grown / plan.participants.len() as f64;
            }
            run(&plan, &mut kernel, &mut host)
        });
        println!(
            "{:>12}   {swept:>8.3}   {lived:>9.3}   {:>5.1}   {per_actor:>20.1}",
            plan.participants.len(),
            lived / swept
        );
    }
}

fn snapshots(folder: &Path) {
    println!("\nsnapshots; medians of {RUNS}");
    println!("participants   size MiB   take ms   write ms   read ms   restore ms (actors)");
    for participants in [109, 1_000, 10_000] {
        let plan = plan(participants, "1d");
        let (mut kernel, mut host) = (Kernel::new(&plan), LiveHost::new(&plan, 1).unwrap());
        for _ in 0..60 {
            kernel.tick(&mut host, &mut Nothing).unwrap();
        }
        let timed = |what: &mut dyn FnMut()| {
            let begun = Instant::now();
            what();
            begun.elapsed().as_secs_f64() * 1000.0
        };
        let snapshot = kernel.save(&host);
        let (text, path) = (snapshot.to_json(), folder.join("snapshot.json"));
        let take = median(|| timed(&mut || drop(black_box(kernel.save(&host)))));
        let write = median(|| {
            timed(&mut || {
                fs::write(&path, snapshot.to_json()).unwrap();
                fs::File::open(&path).unwrap().sync_all().unwrap();
            })
        });
        let read = median(|| timed(&mut || drop(black_box(Snapshot::from_json(&text).unwrap()))));
        let restore = median(|| {
            timed(&mut || {
                black_box(Kernel::restore(&plan, &snapshot).unwrap());
                black_box(LiveHost::restore(&plan, &snapshot, 1).unwrap());
            })
        });
        let (count, mib) = (plan.participants.len(), text.len() as f64 / 1024.0 / 1024.0);
        println!("{count:>12}   {mib:>8.1}   {take:>7.1}   {write:>8.1}   {read:>7.1}   {restore:>10.1}");
    }
}

fn journal(folder: &Path) {
    println!("\njournal: commands on the disk, one sync per tick; medians of {RUNS}");
    println!("commands per tick   µs per tick   commands/s");
    let entry = JournalEntry {
        tick: Time(1_773_979_200_000),
        input: Input::Command {
            target: "bat_01".into(),
            command: Command {
                source: ParticipantId::OUTSIDE,
                priority: Priority::Operator,
                directive: Directive::Setpoint(Value::Constant(12.5)),
                effective: Time(1_773_979_200_000),
                expires: Time(1_773_980_100_000),
            },
            origin: None,
        },
    };
    for batch in [1, 10, 100, 1_000, 10_000] {
        let mut place = Place::claim(&folder.join("journal"), Default::default(), true).unwrap();
        place.open_journal(Time(0)).unwrap();
        let entries = vec![entry.clone(); batch];
        let rounds = (2_000 / batch).max(5);
        let us = median(|| {
            let begun = Instant::now();
            (0..rounds).for_each(|_| place.append(&entries).unwrap());
            begun.elapsed().as_secs_f64() * 1e6 / rounds as f64
        });
        println!("{batch:>17}   {us:>11.0}   {:>10.0}", batch as f64 * 1e6 / us);
    }
}

fn start(program: &str, args: &[&str], out: Stdio) -> Running {
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let mut process = Process::new(program);
    process.args(args).env("PATH", path).stdin(Stdio::null()).stdout(out).stderr(Stdio::null());
    match process.spawn() {
        Ok(child) => Running(child),
        Err(error) => panic!("{program}: {error}: sudo apt-get install mosquitto mosquitto-clients"),
    }
}

fn telemetry(folder: &Path) {
    println!(
        "\ntelemetry over MQTT to a local Mosquitto for {} s, wall clock, every reading of every second",
        WATCHED.as_secs()
    );
    println!(
        "participants  QoS  messages/s  twin CPU %  broker CPU %  late ticks  delay ms: median   99 %    max  memory MiB"
    );
    for (participants, qos) in [(109, 1), (1_000, 1), (10_000, 0)] {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let config = folder.join("mosquitto.conf");
        let limits = "max_queued_messages 1000000\nmax_inflight_messages 0\nset_tcp_nodelay true\n";
        fs::write(&config, format!("listener {port} 127.0.0.1\nallow_anonymous true\n{limits}")).unwrap();
        let broker = start("mosquitto", &["-c", config.to_str().unwrap()], Stdio::null());
        std::thread::sleep(Duration::from_millis(500));
        let scenario = folder.join("bench.toml");
        fs::write(&scenario, scenario_text(participants)).unwrap();
        let (place, log) = (folder.join(format!("place-{participants}")), folder.join("log"));
        let url = format!("mqtt://127.0.0.1:{port}");
        let rate = ["mqtt.every=1s", "mqtt.retain=false", &format!("mqtt.qos={qos}")].map(str::to_owned);
        let twin = Process::new(program())
            .args(["live", scenario.to_str().unwrap(), "--place", place.to_str().unwrap(), "--mqtt", &url])
            .args(rate.iter().flat_map(|assignment| ["--set", assignment]))
            .args(["--record", "kpis", "--no-view", "--log-format", "json"])
            .stdin(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut twin = Running(twin);
        twin.catch_up(&place, &log);
        let heard = folder.join("heard");
        let out = fs::File::create(&heard).unwrap();
        // Received at, in seconds; and the timestamp of the payload.
        let listen = ["-p", &port, "-t", "cariflex/sensors/#", "-F", "%U %p"];
        let ids = [twin.0.id(), broker.0.id()];
        let before = ids.map(cpu_s);
        let listener = start("mosquitto_sub", &listen, out.into());
        std::thread::sleep(WATCHED);
        drop(listener);
        let used: Vec<f64> = ids
            .map(cpu_s)
            .iter()
            .zip(before)
            .map(|(after, before)| 100.0 * (after - before) / WATCHED.as_secs_f64())
            .collect();
        let memory_mib = status(ids[0], "VmRSS") / 1024.0;
        let text = fs::read_to_string(&heard).unwrap();
        let mut delays: Vec<f64> = text.lines().filter_map(delay_ms).collect();
        delays.sort_by(f64::total_cmp);
        let at = |share: f64| {
            delays.get((delays.len() as f64 * share) as usize).or(delays.last()).copied().unwrap_or(f64::NAN)
        };
        drop(Process::new("kill").arg(ids[0].to_string()).status());
        twin.0.wait().unwrap();
        let said = fs::read_to_string(&log).unwrap();
        let rest = said.lines().rfind(|line| line.contains("at rest")).unwrap_or_default();
        let late = rest.split("\"late\":").nth(1).and_then(|rest| rest.split([',', '}']).next()).unwrap_or("?");
        println!(
            "{participants:>12}  {qos:>3}  {:>10.0}  {:>10.1}  {:>12.1}  {late:>10}  {:>16.1}  {:>5.1}  {:>5.1}  {memory_mib:>10.0}",
            delays.len() as f64 / WATCHED.as_secs_f64(),
            used[0],
            used[1],
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}

/// How long after the end of its second a reading was received.
fn delay_ms(line: &str) -> Option<f64> {
    let (received, payload) = line.split_once(' ')?;
    let timestamp = payload.split("\"timestamp\":\"").nth(1)?.split('"').next()?;
    let time = scenarios::parse_start(timestamp, Default::default()).ok()? + Span::from_s(1);
    Some(received.parse::<f64>().ok()? * 1000.0 - time.0 as f64)
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    ticks();
    snapshots(folder.path());
    journal(folder.path());
    telemetry(folder.path());
}
