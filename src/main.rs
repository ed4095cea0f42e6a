//! The command `cariflex`.

use cariflex::cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
