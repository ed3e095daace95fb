//! The `sekisho` command: reads its arguments, runs the subcommand, gives the exit code.

mod cli;

use std::process::ExitCode;

/// Flows and their records live and die by the million on several threads, which the system's
/// allocator answers with a fifth of all cycles.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
