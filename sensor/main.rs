//! The `sekisho` command: reads its arguments, runs the subcommand, gives the exit code.

mod cli;

use std::process::ExitCode;

/// Workers allocate what the collector frees, which the C library's allocator answers slowly: of the
/// time that reading and writing metadata took, a fifth was its own.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
