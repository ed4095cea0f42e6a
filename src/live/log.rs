//! The log: on standard error, as text or as JSON lines; above the view where there is one.

use super::args::{LogFormat, LogLevel};
use indicatif::MultiProgress;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging; a second start in one process is ignored.
///
/// # Errors
/// If the thread that writes can not be started.
pub(super) fn start(format: LogFormat, level: LogLevel, above: Option<MultiProgress>) -> io::Result<Log> {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let lines = Lines::start(format, above)?;
    let waiting = Arc::clone(&lines.waiting);
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).with_writer(lines);
    // Tests start several live twins in one process.
    drop(match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    });
    Ok(Log { waiting })
}

/// Lines that wait to be written; more are lost, and counted.
const MOST_WAITING: usize = 4096;
/// How long the last lines may take when the twin is at rest.
const PATIENCE: Duration = Duration::from_millis(500);

/// Lines are written on a thread of their own: a terminal or a pipe that nobody reads must not stop the clock.
pub(super) struct Log {
    waiting: Arc<AtomicUsize>,
}

impl Drop for Log {
    /// Waits a moment for the last lines.
    fn drop(&mut self) {
        let begun = Instant::now();
        while self.waiting.load(Ordering::Relaxed) > 0 && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Where lines go.
struct Lines {
    format: LogFormat,
    out: SyncSender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
    lost: AtomicUsize,
}

impl Lines {
    fn start(format: LogFormat, above: Option<MultiProgress>) -> io::Result<Self> {
        let (out, lines) = sync_channel::<Vec<u8>>(MOST_WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        std::thread::Builder::new().name("log".into()).spawn(move || {
            for line in lines {
                // Whoever closed the other end has read enough: the twin goes on.
                let write = || drop(io::stderr().lock().write_all(&line));
                match &above {
                    Some(view) => view.suspend(write),
                    None => write(),
                }
                left.fetch_sub(1, Ordering::Relaxed);
            }
        })?;
        Ok(Self { format, out, waiting, lost: AtomicUsize::new(0) })
    }

    fn put(&self, text: Vec<u8>) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.out.try_send(text).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} lines of the log were lost: nobody read them in time");
            let line = match self.format {
                LogFormat::Text => text,
                LogFormat::Json => serde_json::json!({ "level": "WARN", "message": text }).to_string(),
            };
            self.put((line + "\n").into_bytes());
        }
        Line { to: self, text: Vec::new() }
    }
}

/// A line, handed over when it is whole.
struct Line<'a> {
    to: &'a Lines,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.to.put(std::mem::take(&mut self.text));
    }
}
