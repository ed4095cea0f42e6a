//! What several benchmarks need: a scenario of any size, a live twin as a process, and what processes use.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Martinique, and so many homes with PV, a battery and a vehicle around it that there are about this many participants.
pub(crate) fn scenario_text(participants: usize) -> String {
    let homes = participants.saturating_sub(109) / 6;
    let mut text = "version = 2\nextends = \"martinique\"\nname = \"bench\"\n".to_owned();
    if homes > 0 {
        text += &format!("[fleet.homes]\nof = \"household\"\ncount = {homes}\n");
        text += "[fleet.roofs]\nof = \"pv\"\nat = \"homes\"\nshare = 1.0\npeak_kw = 5\n";
        text += "[fleet.walls]\nof = \"battery\"\nat = \"homes\"\nshare = 1.0\ncapacity_kwh = 10\npower_kw = 5\n";
        text += "habit = \"follow-site\"\n";
        text +=
            "[fleet.cars]\nof = \"ev\"\nat = \"homes\"\nshare = 1.0\ncapacity_kwh = 52\npower_kw = 7.4\nphases = 1\n";
        text += "evse = { power_kw = 7.4, phases = 1, operated = false }\n";
    }
    text
}

/// A field of the status of a process, in its own unit; kB for memory.
pub(crate) fn status(process: u32, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).map(str::to_owned);
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// Seconds of processor time that a process has used.
pub(crate) fn cpu_s(process: u32) -> f64 {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(')').next().unwrap().split_whitespace().map(|x| x.parse().unwrap_or(0.0)).collect();
    // utime and stime, in hundredths of a second on every Linux in use.
    (fields.get(11).unwrap_or(&0.0) + fields.get(12).unwrap_or(&0.0)) / 100.0
}

/// A process that ends with its owner.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Running {
    /// Waits until a live twin has caught up with the wall clock, and some seconds more: it begins with the present quarter hour.
    pub(crate) fn catch_up(&mut self, place: &Path, log: &Path) {
        let reached = || fs::read_to_string(place.join("reached")).ok()?.trim().parse::<i64>().ok();
        let behind_ms = || {
            let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
            wall - reached().unwrap_or(0)
        };
        while behind_ms() > 1500 {
            assert!(self.0.try_wait().unwrap().is_none(), "{}", fs::read_to_string(log).unwrap());
            std::thread::sleep(Duration::from_millis(100));
        }
        std::thread::sleep(Duration::from_secs(3));
    }
}

/// The built program; benches are built beside it.
pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_cariflex").into()
}
