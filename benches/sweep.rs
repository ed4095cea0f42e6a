//! What a sweep costs: scenario-years per second on one and two cores, a short run with all its set-up, memory.
//!
//! `cargo bench --bench sweep` times whole processes and prints medians. Two processes with a worker each, on halves of
//! the same sweep, are the yardstick of what this machine's second core is worth.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first error")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const RUNS: usize = 5;

/// A process that is over: seconds, and the most memory it held, in MiB.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    peak_mib: f64,
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    years(dir);
    short_runs(dir);
    island_days(dir);
}

/// Eight years of `martinique` at 15 min, key figures only.
fn years(dir: &Path) {
    let place = frozen(dir, "years", "martinique", "365d", 8);
    let one = median(|| all(&[start(&place, &["--workers", "1"])]));
    let two = median(|| all(&[start(&place, &["--workers", "2"])]));
    let halves = median(|| {
        let half = |shard| start(&place, &["--workers", "1", "--shard", shard]);
        all(&[half("1/2"), half("2/2")])
    });
    println!("scenario-years of martinique per second, 15 min, key figures");
    println!("  one worker                {:>8.2}", 8.0 / one.seconds);
    println!("  two workers               {:>8.2}   {:.2} times", 8.0 / two.seconds, one.seconds / two.seconds);
    println!("  two processes, one each   {:>8.2}   {:.2} times", 8.0 / halves.seconds, one.seconds / halves.seconds);
    println!("memory, MiB: {:.0} with one worker, {:.0} more with a second", one.peak_mib, two.peak_mib - one.peak_mib);
}

/// Two thousand runs of a day: what they need besides simulating.
fn short_runs(dir: &Path) {
    let (count, long) = (2000, 200);
    let days = frozen(dir, "days", "martinique", "1d", count);
    let weeks = frozen(dir, "weeks", "martinique", "7d", long);
    let day = median(|| all(&[start(&days, &["--workers", "1"])])).seconds / count as f64;
    let week = median(|| all(&[start(&weeks, &["--workers", "1"])])).seconds / long as f64;
    // A run is its set-up and its days.
    let of_a_day = (week - day) / 6.0;
    println!("a run of a day, one worker: {:.2} ms, of which set-up {:.2} ms", day * 1e3, (day - of_a_day) * 1e3);
    let freezing = median(|| {
        let begun = Instant::now();
        drop(frozen(dir, "again", "martinique", "1d", count));
        Cost { seconds: begun.elapsed().as_secs_f64(), peak_mib: 0.0 }
    });
    println!("freezing a run: {:.2} ms", freezing.seconds / count as f64 * 1e3);
}

/// Four days of the island of 100,000 participants.
fn island_days(dir: &Path) {
    let place = frozen(dir, "island", "martinique-island", "1d", 4);
    let one = all(&[start(&place, &["--workers", "1"])]);
    let two = all(&[start(&place, &["--workers", "2"])]);
    println!("days of martinique-island: {:.1} s each with one worker, {:.0} MiB", one.seconds / 4.0, one.peak_mib);
    println!("  two workers: {:.2} times as fast, {:.0} MiB", one.seconds / two.seconds, two.peak_mib);
}

/// A frozen sweep of so many seeds.
fn frozen(dir: &Path, name: &str, base: &str, duration: &str, seeds: usize) -> String {
    let file = dir.join(format!("{name}.toml"));
    let text = format!(
        "version = 1\nname = \"{name}\"\nbase = \"{base}\"\nmethod = \"grid\"\nreplicates = {seeds}\n\
         [set]\n\"run.duration\" = \"{duration}\"\n\"run.record\" = \"kpis\"\n\
         [[axis]]\nname = \"price\"\nkey = \"dso.price_eur_per_mwh\"\nvalues = [230]\n"
    );
    fs::write(&file, text).unwrap();
    let place = dir.join(name).display().to_string();
    let mut freeze = command();
    freeze.args(["sweep", &file.display().to_string(), "--out", &place, "--freeze", "--fresh"]);
    assert!(freeze.stdout(Stdio::null()).status().unwrap().success());
    place
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cariflex"))
}

/// Starts a sweep at a place whose rows of an earlier time are gone.
fn start(place: &str, options: &[&str]) -> Child {
    let _ = fs::remove_dir_all(Path::new(place).join("kpis"));
    command().arg("sweep").arg(place).args(options).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits for all of them, and looks at their memory meanwhile.
fn all(children: &[Child]) -> Cost {
    let begun = Instant::now();
    let mut peaks = vec![0.0; children.len()];
    let peak = |child: &Child| {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).map(|kib| kib / 1024.0)
    };
    loop {
        let mut is_over = true;
        for (child, most) in children.iter().zip(&mut peaks) {
            // A process that is over has no memory left to tell.
            if let Some(mib) = peak(child) {
                *most = mib;
                is_over = false;
            }
        }
        if is_over {
            return Cost { seconds: begun.elapsed().as_secs_f64(), peak_mib: peaks.iter().sum() };
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn median(mut measure: impl FnMut() -> Cost) -> Cost {
    let mut costs: Vec<_> = (0..RUNS).map(|_| measure()).collect();
    costs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    costs[RUNS / 2]
}
