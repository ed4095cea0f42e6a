//! What the face costs, measured: `cargo test --release -p cariflex-mqtt --test broker -- --ignored --nocapture`.

use crate::server::{Mosquitto, eventually};
use crate::twin::{connected, publish, readings};
use mqtt::Settings;
use std::fs;
use std::time::{Duration, Instant};

/// Processor time of the threads whose name begins like this, in seconds.
fn cpu_s(name: &str) -> f64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let ticks = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let is_meant = head.split_once('(')?.1.starts_with(name);
        let fields: Vec<&str> = rest.split_whitespace().collect();
        is_meant.then(|| fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap())
    });
    ticks.sum::<f64>() / 100.0
}

#[test]
#[ignore = "takes a minute and measures, for whoever wants to know"]
fn rates() {
    const ASSETS: u32 = 10_000;
    for (qos, rounds) in [(0, 8), (1, 8)] {
        let mosquitto = Mosquitto::open();
        let face = connected(&mosquitto, Settings { qos, ..Settings::default() }, ASSETS);
        eventually("all are said to be online", || face.status().queued == 0);
        let (sent, cpu, start) = (face.status().sent, cpu_s("mqtt"), Instant::now());
        let mut slowest = Duration::ZERO;
        let mut total = Duration::ZERO;
        for second in 0..rounds {
            let rows = readings(ASSETS, second as f64);
            let start = Instant::now();
            publish(&face, second, &rows);
            let took = start.elapsed();
            (slowest, total) = (slowest.max(took), total + took);
            eventually("the face has room", || face.status().queued < 50_000);
        }
        eventually("all is sent", || face.status().sent - sent >= (rounds as u64) * u64::from(ASSETS));
        let (messages, seconds) = ((face.status().sent - sent) as f64, start.elapsed().as_secs_f64());
        eprintln!(
            "QoS {qos}: {:.0} messages/s, {:.1} µs CPU per message; publish() of {ASSETS} readings {:.0} µs, at most {:.0} µs; dropped {}",
            messages / seconds,
            (cpu_s("mqtt") - cpu) / messages * 1e6,
            total.as_secs_f64() * 1e6 / rounds as f64,
            slowest.as_secs_f64() * 1e6,
            face.status().dropped,
        );
        face.stop(Duration::from_secs(10));
    }
}
