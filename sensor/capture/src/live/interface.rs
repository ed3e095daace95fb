//! What the system says of a network interface: its index, its link type, whether it is up, and its own
//! counters, which are the independent check of ours.

use std::io;

use sekisho_model::Linktype;

use super::LiveError;
use super::socket;

/// `ARPHRD_ETHER`.
const ETHER: u16 = 1;
/// `ARPHRD_LOOPBACK`: framed as Ethernet is, with addresses of zeros.
const LOOPBACK: u16 = 772;
/// `ARPHRD_NONE`: no link layer, as on TUN interfaces.
const NONE: u16 = 0xfffe;
/// `ARPHRD_RAWIP`.
const RAWIP: u16 = 519;

/// An interface as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    /// `ARPHRD_` number.
    pub(crate) hardware: u16,
    pub(crate) is_loopback: bool,
    /// Whether it is up and has a carrier.
    pub(crate) is_running: bool,
}

impl Interface {
    /// What the first octets of its frames are, where a packet socket gives them as they are.
    pub(crate) fn linktype(&self, name: &str) -> Result<Linktype, LiveError> {
        match self.hardware {
            ETHER | LOOPBACK => Ok(Linktype::ETHERNET),
            NONE | RAWIP => Ok(Linktype::RAW),
            hardware => Err(LiveError::Hardware {
                name: name.to_owned(),
                hardware,
            }),
        }
    }
}

/// What an interface has counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counted {
    /// Frames received.
    pub(crate) received: u64,
    /// Frames that it or its driver dropped, for want of room or as broken.
    pub(crate) dropped: u64,
}

/// The interface with this name.
pub(crate) fn find(name: &str) -> Result<Interface, LiveError> {
    let failed = |cause| LiveError::of_system(name, cause);
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    );
    let socket = socket.map_err(|error| failed(error.into()))?;
    let index = rustix::net::netdevice::name_to_index(&socket, name).map_err(|error| failed(error.into()))?;
    let (hardware, flags) = socket::describe(name).map_err(failed)?;
    let wanted = libc::IFF_UP | libc::IFF_RUNNING;
    Ok(Interface {
        index,
        hardware,
        is_loopback: hardware == LOOPBACK,
        is_running: flags & wanted == wanted,
    })
}

/// The name that the interface with this index has now; none where it is gone.
pub(crate) fn name_of(index: u32) -> Option<String> {
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::DGRAM,
        None,
    );
    rustix::net::netdevice::index_to_name(&socket.ok()?, index).ok()
}

/// Whether the interface with this name serves the system too, and not the sensor alone: it has an
/// address, or is a port of a bridge or bond. What arrives there has to go on.
#[cfg(feature = "xdp")]
pub(crate) fn is_shared(name: &str) -> bool {
    let has_master = || std::fs::exists(format!("/sys/class/net/{name}/master")).unwrap_or(false);
    // Columns of /proc/net/if_inet6: address, index, prefix, scope, flags, name; scope 20 is the link's.
    let has_v6 = || {
        let table = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
        table.lines().any(|line| {
            let columns: Vec<_> = line.split_whitespace().collect();
            columns.get(5) == Some(&name) && columns.get(3) != Some(&"20")
        })
    };
    // One that cannot be asked is not to be cut off.
    socket::has_address(name).unwrap_or(true) || has_v6() || has_master()
}

/// The counters of the interface with this name in the network namespace of this process.
pub(crate) fn counted(name: &str) -> io::Result<Option<Counted>> {
    Ok(counted_in(&std::fs::read_to_string("/proc/net/dev")?, name))
}

/// Source: the columns of `/proc/net/dev`, proc_pid_net(5): received octets, packets, errors, dropped, fifo.
fn counted_in(table: &str, name: &str) -> Option<Counted> {
    let line = table
        .lines()
        .find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(':'))?;
    let columns: Vec<u64> = line
        .split_whitespace()
        .map_while(|word| word.parse().ok())
        .collect();
    let &[_, received, errors, dropped, fifo, ..] = columns.as_slice() else {
        return None;
    };
    Some(Counted {
        received,
        dropped: errors.saturating_add(dropped).saturating_add(fifo),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_the_table_of_the_kernel() {
        let table = "Inter-|   Receive                   |  Transmit\n \
                     face |bytes    packets errs drop fifo frame compressed multicast|bytes\n\
                     \u{20}   lo:  120 2 0 0 0 0 0 0 120 2 0 0 0 0 0 0\n\
                     eth10: 99 7 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n \
                     eth1:123456 1234 1 20 300 0 0 0 5 6 0 0 0 0 0 0\n";
        let counted = Counted {
            received: 1234,
            dropped: 321,
        };
        assert_eq!(counted_in(table, "eth1"), Some(counted));
        assert_eq!(counted_in(table, "eth2"), None);
    }

    #[test]
    fn the_loopback_is_framed_as_ethernet_and_an_unknown_name_is_said() {
        let loopback = find("lo").unwrap();
        assert_eq!(
            (loopback.linktype("lo").unwrap(), loopback.is_loopback),
            (Linktype::ETHERNET, true)
        );
        let error = find("no-such-port").unwrap_err().to_string();
        assert!(
            error.starts_with("no-such-port: there is no such interface"),
            "{error}"
        );
    }
}
