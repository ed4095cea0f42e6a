//! `cariflex report`: one page of what a run or a sweep found.

use crate::cli::ReportArgs;
use crate::error::{Error, Outcome};
use crate::live::place::Head;
use std::io::Write;

/// Writes the report and says where.
///
/// # Errors
/// [`Error::Report`]; its exit code tells a folder that is not ours from what broke.
pub fn report(args: &ReportArgs) -> Result<Outcome, Error> {
    if Head::read(&args.dir).is_ok_and(|head| head.is_some()) {
        let dir = args.dir.display();
        let problem = format!(
            "{dir} is the place of a live twin: report one stretch of its results, {dir}/results/TIME, or all of its \
             life with cariflex replay {dir} --out DIR and then cariflex report DIR"
        );
        return Err(Error::Option { option: "report", problem });
    }
    let path = report::write(&args.dir, args.out.as_deref())?;
    writeln!(std::io::stdout(), "{}", path.display())?;
    Ok(Outcome::Complete)
}
