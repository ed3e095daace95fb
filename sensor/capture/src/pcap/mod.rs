//! libpcap: the portable back end, and the compiler of filter expressions.
//!
//! ```text
//! library  the functions of libpcap, found when they are first asked for
//! handle   one capture of libpcap            compile  expressions to programs of classic BPF
//! tap      the frames of an interface through a handle
//! ```
//!
//! The library is looked for at run time and not linked: a machine without it builds this program and
//! runs it with the other back ends, and is told what to install where libpcap is asked for. Only
//! functions that libpcap has had since 1.5 (2013) are used.

mod compile;
mod handle;
mod library;
mod tap;

pub(crate) use compile::{check, compile_for};
pub(crate) use tap::open;

use crate::live::LiveError;

/// Finds the library now: a process that may not open files later has it then.
pub(crate) fn ready() -> Result<(), LiveError> {
    library::library()
        .map(|_| ())
        .map_err(|why| LiveError::NoLibrary(why.to_owned()))
}
