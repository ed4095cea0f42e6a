//! A report of a run or a sweep: one HTML file that needs nothing else.
//!
//! [`write()`] reads a folder of results, computes what the page shows, and writes it with the library that draws the
//! charts (Apache ECharts, see `assets/README.md`) into one file: it can be mailed, opened without a network, and printed.
//! Figures are drawn by `page/report.js` from one compact document of numbers; statistics are computed here. Tables are
//! streamed, so that memory is bounded by the number of participants and of hours, not by the number of rows.

mod calendar;
mod error;
mod page;
mod rounded;
mod run;
mod statistics;
mod sweep;

use std::path::{Path, PathBuf};

use results::read::{Head, head};

pub use error::ReportError;
pub use statistics::{
    Known, Partial, Spread, correlation_chance, correlation_ratio, partial_ranks, quantile, ratio_chance, spearman,
    spread,
};

/// Name of the file, in the folder it reports on.
pub const REPORT_HTML: &str = "report.html";

/// Writes the report of the run or sweep in `dir` to `out`, or to [`REPORT_HTML`] in `dir`; returns where it is.
///
/// The file gets its name when it is whole, and replaces one that is there.
///
/// # Errors
/// If the folder holds neither a run nor a sweep of ours, or can not be read, or the file can not be written.
pub fn write(dir: &Path, out: Option<&Path>) -> Result<PathBuf, ReportError> {
    let (title, document) = match head(dir)? {
        Head::Run(run) => (format!("Run {}", run.name), run::document(&run)?),
        Head::Sweep(sweep) => (format!("Sweep {}", sweep.manifest.name), sweep::document(&sweep)?),
    };
    let out = out.map_or_else(|| dir.join(REPORT_HTML), Path::to_owned);
    page::write(&out, &page::html(&title, &document))?;
    Ok(out)
}
