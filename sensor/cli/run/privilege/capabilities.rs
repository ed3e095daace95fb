//! Capabilities: what root may, in pieces.
//!
//! What stays is CAP_NET_RAW where it was there: an interface that is deleted and made anew is opened
//! again. Where a program in the kernel reads the interfaces, what loads and attaches it stays too. No program that is run from here on may gain anything (PR_SET_NO_NEW_PRIVS).

use std::io;

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs};

use super::Needs;

/// What is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// Capabilities in effect.
    pub(super) effective: Vec<String>,
    /// Whether no new ones may be gained.
    pub(super) no_new: bool,
}

/// Gives up everything but what re-opening an interface needs.
pub(super) fn give_up(needs: &Needs) -> io::Result<Left> {
    let had = capabilities(None)?;
    let mut wanted = CapabilitySet::NET_RAW;
    if needs.loads_programs {
        wanted |= CapabilitySet::BPF | CapabilitySet::NET_ADMIN | CapabilitySet::PERFMON;
    }
    let keep = had.permitted & wanted;
    if had.effective.contains(CapabilitySet::SETPCAP) {
        for one in CapabilitySet::all() {
            // One that this kernel does not know is not there to be removed.
            let _ = rustix::thread::remove_capability_from_bounding_set(one);
        }
    }
    set_capabilities(
        None,
        CapabilitySets {
            effective: keep,
            permitted: keep,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    set_no_new_privs(true)?;
    let effective = capabilities(None)?.effective;
    Ok(Left {
        effective: effective
            .iter_names()
            .map(|(name, _)| format!("CAP_{name}"))
            .collect(),
        no_new: rustix::thread::no_new_privs()?,
    })
}
