//! What the control API of a live twin costs while about 1,000 participants live at one tick a second.
//!
//! `cargo bench --bench api` prints requests per second and the time they take, by route and number of connections, and
//! what open streams cost; each beside the same twin left alone, because machines are noisy. The clients run on the same
//! machine. The figures in the documents come from here.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first error")]

mod common;

use common::{Running, cpu_s, program, scenario_text, status};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PARTICIPANTS: usize = 1_000;
/// How long each route is asked.
const ASKED: Duration = Duration::from_secs(6);
/// How long streams are watched.
const WATCHED: Duration = Duration::from_secs(10);

/// A client that keeps its connection.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    /// Asks and reads the whole answer; its status and body.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, Vec<u8>) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        self.buffer.clear();
        let mut part = [0; 65536];
        loop {
            let count = self.stream.read(&mut part).unwrap();
            assert!(count > 0, "the connection was closed");
            self.buffer.extend_from_slice(&part[..count]);
            let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&self.buffer[..end]).to_lowercase();
            let length: usize = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
            if self.buffer.len() == end + 4 + length {
                return (head[9..12].parse().unwrap(), self.buffer[end + 4..].to_vec());
            }
        }
    }
}

/// A number in the JSON of the clock.
fn of_clock(address: SocketAddr, key: &str) -> f64 {
    let (status, body) = Client::open(address).ask("GET", "/v1/clock", "");
    assert_eq!(status, 200);
    let clock: serde_json::Value = serde_json::from_slice(&body).unwrap();
    clock[key].as_f64().unwrap_or_else(|| panic!("no {key} in {clock}"))
}

fn requests(twin: u32, address: SocketAddr) {
    println!("\nrequests for {} s each, every client waits for its answer", ASKED.as_secs());
    println!(
        "route                                  clients  requests/s   ms: median    99 %     max   twin CPU %  late ticks"
    );
    let command = r#"{"command": "setpoint", "value": 1.5, "unit": "kW", "duration_s": 60}"#;
    let routes = [
        ("GET", "/health", ""),
        ("GET", "/v1/signals", ""),
        ("GET", "/v1/participants/bat_01", ""),
        ("GET", "/v1/readings", ""),
        // Answered when its tick is done.
        ("POST", "/v1/participants/bat_01/commands", command),
    ];
    for (method, path, body) in routes {
        for clients in [1, 32] {
            let (is_over, late, cpu) = (AtomicBool::new(false), of_clock(address, "late_ticks"), cpu_s(twin));
            let mut times: Vec<f64> = thread::scope(|scope| {
                let ask = || {
                    let (mut client, mut times) = (Client::open(address), Vec::new());
                    while !is_over.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        let (status, _) = client.ask(method, path, body);
                        assert_eq!(status, 200, "{method} {path}");
                        times.push(begun.elapsed().as_secs_f64() * 1000.0);
                    }
                    times
                };
                let threads: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
                thread::sleep(ASKED);
                is_over.store(true, Ordering::Relaxed);
                threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
            });
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
            println!(
                "{:<38} {clients:>7}  {:>10.0}  {:>11.2}  {:>6.2}  {:>6.1}  {:>11.0}  {:>10.0}",
                format!("{method} {path}"),
                times.len() as f64 / ASKED.as_secs_f64(),
                at(0.5),
                at(0.99),
                at(1.0),
                100.0 * (cpu_s(twin) - cpu) / ASKED.as_secs_f64(),
                of_clock(address, "late_ticks") - late
            );
        }
    }
}

fn streams(twin: u32, address: SocketAddr) {
    println!("\nopen streams for {} s, all of them read", WATCHED.as_secs());
    println!(
        "stream                                 open  messages/s    MB/s  twin CPU %  ms per stream·s  KiB per stream  late ticks"
    );
    let paths =
        ["/v1/stream?kinds=clock", "/v1/stream?participant=bat_01", "/v1/stream?kinds=signals,events", "/v1/stream"];
    let mut alone = f64::NAN;
    for (path, open) in std::iter::once(("(none)", 0)).chain(paths.into_iter().flat_map(|path| {
        let most = if path == "/v1/stream" { 100 } else { 1_000 };
        [(path, most / 10), (path, most)]
    })) {
        let memory_kib = status(twin, "VmRSS");
        let mut sockets: Vec<TcpStream> = (0..open)
            .map(|_| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
                stream.set_nonblocking(true).unwrap();
                stream
            })
            .collect();
        let (bytes, messages, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut part = [0; 65536];
                while !is_over.load(Ordering::Relaxed) {
                    for socket in &mut sockets {
                        match socket.read(&mut part) {
                            Ok(0) => panic!("{path}: the stream was closed"),
                            Ok(count) => {
                                bytes.fetch_add(count as u64, Ordering::Relaxed);
                                let ends = part[..count].windows(2).filter(|two| two == b"\n\n").count();
                                messages.fetch_add(ends as u64, Ordering::Relaxed);
                            }
                            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                            Err(error) => panic!("{path}: {error}"),
                        }
                    }
                    thread::sleep(Duration::from_millis(2));
                }
            });
            thread::sleep(Duration::from_secs(2));
            let before = (bytes.load(Ordering::Relaxed), messages.load(Ordering::Relaxed), cpu_s(twin));
            let late = of_clock(address, "late_ticks");
            thread::sleep(WATCHED);
            let per_s = |count: f64| count / WATCHED.as_secs_f64();
            let used = per_s(cpu_s(twin) - before.2);
            if open == 0 {
                alone = used;
            }
            println!(
                "{path:<37} {open:>5}  {:>10.0}  {:>6.1}  {:>10.1}  {:>15.3}  {:>14.1}  {:>10.0}",
                per_s((messages.load(Ordering::Relaxed) - before.1) as f64),
                per_s((bytes.load(Ordering::Relaxed) - before.0) as f64) / 1e6,
                100.0 * used,
                1000.0 * (used - alone) / f64::from(open),
                (status(twin, "VmRSS") - memory_kib) / f64::from(open),
                of_clock(address, "late_ticks") - late
            );
            is_over.store(true, Ordering::Relaxed);
        });
        drop(sockets);
        thread::sleep(Duration::from_secs(1));
    }
}

fn start(folder: &Path) -> (Running, SocketAddr) {
    let scenario = folder.join("bench.toml");
    fs::write(&scenario, scenario_text(PARTICIPANTS)).unwrap();
    let (place, log) = (folder.join("place"), folder.join("log"));
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let twin = Process::new(program())
        .args(["live", scenario.to_str().unwrap(), "--place", place.to_str().unwrap()])
        .args(["--api", &address.to_string(), "--record", "kpis", "--no-view"])
        .stdin(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut twin = Running(twin);
    twin.catch_up(&place, &log);
    (twin, address)
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (twin, address) = start(folder.path());
    println!("about {PARTICIPANTS} participants, a tick a second, key figures only; client and twin share the machine");
    requests(twin.0.id(), address);
    streams(twin.0.id(), address);
}
