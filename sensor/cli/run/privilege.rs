//! Giving up what the sensor needs no more once its interfaces are open.
//!
//! What stays is CAP_NET_RAW where it was there: an interface that is deleted and made anew is opened
//! again. No program that is run from here on may gain anything (PR_SET_NO_NEW_PRIVS). Threads inherit
//! what their parent has, so this happens before any is started.

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

/// What is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// Capabilities in effect.
    pub(super) effective: CapabilitySet,
    /// Whether no new ones may be gained.
    pub(super) no_new: bool,
}

/// Gives up everything but what re-opening an interface needs.
pub(super) fn give_up() -> std::io::Result<Left> {
    let had = capabilities(None)?;
    let keep = had.permitted & CapabilitySet::NET_RAW;
    set_capabilities(
        None,
        CapabilitySets {
            effective: keep,
            permitted: keep,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    set_no_new_privs(true)?;
    Ok(Left {
        effective: capabilities(None)?.effective,
        no_new: rustix::thread::no_new_privs()?,
    })
}
