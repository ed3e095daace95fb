//! Why a port cannot be read. Each message names the port, the cause and the remedy.

use std::io;

/// A port that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// No port was named.
    #[error("no interface is named; give one with --interface NAME (ip link lists them)")]
    NoName,
    /// There is no interface with this name.
    #[error("{0}: there is no such interface; ip link lists the names")]
    Missing(String),
    /// This process may not read packets.
    #[error(
        "{0}: reading packets needs the capability CAP_NET_RAW; run as root, or give it to the program \
         once: setcap cap_net_raw=ep PROGRAM"
    )]
    NotPermitted(String),
    /// An interface of another kind, such as a wireless monitor.
    #[error(
        "{name}: its link type (ARPHRD {hardware}) is not read; name an Ethernet, loopback or TUN interface"
    )]
    Hardware {
        /// The interface.
        name: String,
        /// `ARPHRD_` number.
        hardware: u16,
    },
    /// The ring does not fit.
    #[error("{0}: there is no memory for its ring; give it less with --ring-mib")]
    Memory(String),
    /// The system refused for another reason.
    #[error("{name}: cannot be read: {cause}")]
    Io {
        /// The interface.
        name: String,
        /// What the system said.
        cause: io::Error,
    },
}

impl LiveError {
    /// The refusal that stands for an error of the system.
    pub(super) fn of_system(name: &str, cause: io::Error) -> Self {
        let name = name.to_owned();
        match cause.raw_os_error() {
            Some(libc::ENODEV | libc::ENXIO) => Self::Missing(name),
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted(name),
            Some(libc::ENOMEM) => Self::Memory(name),
            _ => Self::Io { name, cause },
        }
    }
}
