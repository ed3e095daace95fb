//! The `sekisho` command: reads its arguments, runs the subcommand, gives the exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
