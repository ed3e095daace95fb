//! Giving up what the sensor needs no more once its interfaces are open.
//!
//! ```text
//! capabilities  what root may            files  which files may be opened (Landlock)
//! calls         which system calls may be made (seccomp)
//! ```
//!
//! A parser that an attacker takes over holds, of the machine, what is left here: the policy and the lists
//! to read, the data and the recording to write, the dashboard's port, packet sockets that see the wire.
//! No program is started, nothing is connected to, no name is looked up. What the kernel does not have is
//! left out and said; nothing of it is a reason not to watch. Threads inherit what their parent has, so
//! this happens before any is started.

mod calls;
mod capabilities;
mod files;

use std::io;
use std::path::PathBuf;

use sekisho_model::summary::Protection;

/// What the sensor goes on to need.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Needs {
    /// Folders and files to read, which others may replace.
    pub(super) read: Vec<PathBuf>,
    /// Folders to write.
    pub(super) write: Vec<PathBuf>,
    /// The port of the dashboard.
    pub(super) listen: Option<u16>,
    /// Whether programs are loaded into the kernel anew when an interface is.
    pub(super) loads_programs: bool,
    /// Whether files and system calls are fenced at all.
    pub(super) is_fenced: bool,
}

/// Gives up everything else, and says what is left.
pub(super) fn give_up(needs: &Needs) -> io::Result<Protection> {
    let left = capabilities::give_up(needs)?;
    let refused = "off: not asked for".to_owned();
    let (landlock, seccomp) = if needs.is_fenced {
        // System calls last: the others are made with calls that are then gone.
        let landlock = files::fence(needs);
        (landlock, calls::fence(needs))
    } else {
        (refused.clone(), refused)
    };
    Ok(Protection {
        capabilities: left.effective,
        no_new_privileges: left.no_new,
        seccomp,
        landlock,
    })
}
