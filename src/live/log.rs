//! The log: on standard error, as text or as JSON lines; above the view where there is one.

use super::args::{LogFormat, LogLevel};
use indicatif::MultiProgress;
use std::io::{self, Write};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging; a second start in one process is ignored.
pub(super) fn start(format: LogFormat, level: LogLevel, above: Option<MultiProgress>) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).with_writer(Lines { above });
    // Tests start several live twins in one process.
    drop(match format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    });
}

/// Where lines go.
struct Lines {
    above: Option<MultiProgress>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { above: self.above.as_ref(), text: Vec::new() }
    }
}

/// A line, written when it is whole.
struct Line<'a> {
    above: Option<&'a MultiProgress>,
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
        // Whoever closed the other end has read enough: the twin goes on.
        let write = || drop(io::stderr().lock().write_all(&self.text));
        match self.above {
            Some(view) => view.suspend(write),
            None => write(),
        }
    }
}
