//! `cariflex report`: one page of what a run or a sweep found.

use crate::cli::ReportArgs;
use crate::error::{Error, Outcome};
use std::io::Write;

/// Writes the report and says where.
///
/// # Errors
/// [`Error::Report`]; its exit code tells a folder that is not ours from what broke.
pub fn report(args: &ReportArgs) -> Result<Outcome, Error> {
    let path = report::write(&args.dir, args.out.as_deref())?;
    writeln!(std::io::stdout(), "{}", path.display())?;
    Ok(Outcome::Complete)
}
