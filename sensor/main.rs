//! The `sekisho` command: reads its arguments, runs the subcommand, gives the exit code.
//!
//! Memory comes from jemalloc. What conversations say is made of short strings that one place allocates
//! and another frees, between large buffers that come and go; the C library's allocator sorts its free
//! pieces anew each time a buffer is freed. With EVE, policy and metadata jemalloc takes a quarter off
//! the whole time, for a tenth more memory; mimalloc takes less off and doubles the memory.

mod cli;

use std::process::ExitCode;

#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    cli::run()
}
