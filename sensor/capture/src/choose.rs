//! Which back end reads the ports.
//!
//! `auto` tries them from the fastest to the most portable and takes the first that opens every port. A
//! reason that holds for every back end, such as a port that is not there, ends the search; the others
//! are kept, so that the reader learns why a better one was not taken.

use std::fmt;

use crate::live::{Live, LiveError, Options, Through};
use crate::{Source, Stop};
#[cfg(feature = "xdp")]
use crate::{
    live::{Clock, interface},
    xdp::{Xdp, XdpError},
};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BackEnd {
    /// The best that works.
    #[default]
    Auto,
    /// A program in the kernel, in the driver of the interface.
    Xdp,
    /// Linux's packet ring.
    Ring,
    /// libpcap.
    Pcap,
}

impl BackEnd {
    /// Every one that reads, from the fastest to the most portable.
    const ORDER: [Self; 3] = [Self::Xdp, Self::Ring, Self::Pcap];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Xdp => "xdp",
            Self::Ring => Through::Ring.name(),
            Self::Pcap => Through::Pcap.name(),
        }
    }
}

impl fmt::Display for BackEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Ports that are open.
pub struct Opened {
    /// Their packets.
    pub source: Box<dyn Source>,
    /// What reads them.
    pub back_end: BackEnd,
    /// What is worth saying of the ports.
    pub notes: Vec<String>,
    /// What would have been better, each with the reason why it was not taken.
    pub passed_over: Vec<(BackEnd, LiveError)>,
}

/// Opens the ports with these names; `stop` ends the source once what has arrived is read.
///
/// # Errors
///
/// What the back end that was asked for refuses; of `auto`, what holds for every back end, or what the
/// last one refused.
pub fn open(wanted: BackEnd, names: &[String], options: &Options, stop: &Stop) -> Result<Opened, LiveError> {
    let mut passed_over = Vec::new();
    let mut tried = BackEnd::ORDER
        .into_iter()
        .filter(|one| wanted == BackEnd::Auto || *one == wanted);
    let mut next = tried.next().unwrap_or(BackEnd::Ring);
    loop {
        let is_fit = if wanted == BackEnd::Auto {
            fits(next, names)
        } else {
            Ok(())
        };
        let error = match is_fit.and_then(|()| open_with(next, names, options, stop)) {
            Ok((source, notes)) => {
                return Ok(Opened {
                    source,
                    notes,
                    back_end: next,
                    passed_over,
                });
            }
            Err(error) => error,
        };
        match tried.next() {
            Some(following) if error.is_of_back_end() => {
                passed_over.push((next, error));
                next = following;
            }
            _ => return Err(error),
        }
    }
}

/// Whether a back end is to be taken by itself: a program that hangs at an interface may take its link down
/// for a moment, which is nobody's business but the owner's where the system needs the interface too.
fn fits(back_end: BackEnd, names: &[String]) -> Result<(), LiveError> {
    #[cfg(feature = "xdp")]
    if back_end == BackEnd::Xdp
        && let Some(shared) = names.iter().find(|name| interface::is_shared(name))
        && interface::find(shared).is_ok()
    {
        return Err(LiveError::Xdp(XdpError::Shared(shared.clone())));
    }
    let _ = (back_end, names);
    Ok(())
}

/// Whether XDP may come to read the port with this name: because it is asked for, or because `auto` takes
/// it where kernel and driver let it.
#[must_use]
pub fn may_be_xdp(wanted: BackEnd, name: &str) -> bool {
    let is_taken = match wanted {
        BackEnd::Xdp => true,
        BackEnd::Auto => fits(BackEnd::Xdp, &[name.to_owned()]).is_ok(),
        BackEnd::Ring | BackEnd::Pcap => false,
    };
    is_taken && cfg!(feature = "xdp")
}

fn open_with(
    back_end: BackEnd,
    names: &[String],
    options: &Options,
    stop: &Stop,
) -> Result<(Box<dyn Source>, Vec<String>), LiveError> {
    let through = match back_end {
        #[cfg(feature = "xdp")]
        BackEnd::Xdp if options.every_packet => {
            return Err(LiveError::XdpCannot("gives few packets up to record"));
        }
        #[cfg(feature = "xdp")]
        BackEnd::Xdp if options.clock == Clock::Nic => {
            return Err(LiveError::XdpCannot("has no times of the NIC"));
        }
        #[cfg(feature = "xdp")]
        BackEnd::Xdp => return Ok((Box::new(Xdp::open(names, options, stop)?), Vec::new())),
        #[cfg(not(feature = "xdp"))]
        BackEnd::Xdp => return Err(LiveError::NoXdp),
        BackEnd::Pcap => Through::Pcap,
        BackEnd::Ring | BackEnd::Auto => Through::Ring,
    };
    let live = Live::open(names, through, options, stop)?;
    let notes = live.notes();
    Ok((Box::new(live), notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_not_there_ends_the_search_and_xdp_says_what_to_do() {
        let names = ["no-such-port".to_owned()];
        let refused = |wanted| {
            let opened = open(wanted, &names, &Options::default(), &Stop::default());
            opened.map(|_| ()).unwrap_err()
        };

        assert!(matches!(refused(BackEnd::Auto), LiveError::Missing(_)));
        let refused = refused(BackEnd::Xdp);
        let is_missing = matches!(refused, LiveError::Missing(_));
        assert!(is_missing || refused.to_string().contains("--capture ring"));
    }

    #[test]
    fn auto_leaves_a_port_that_the_system_needs_to_the_ring() {
        let is_built = cfg!(feature = "xdp");

        assert!(!may_be_xdp(BackEnd::Auto, "lo"));
        assert_eq!(may_be_xdp(BackEnd::Xdp, "lo"), is_built);
        assert!(!may_be_xdp(BackEnd::Ring, "no-such-port"));
    }
}
