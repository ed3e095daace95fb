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
    /// An expression that libpcap does not compile.
    #[error("--bpf {expression}: {said}; pcap-filter(7) describes these expressions")]
    Filter {
        /// As it was written.
        expression: String,
        /// What libpcap said.
        said: String,
    },
    /// There is no libpcap on this machine.
    #[error("libpcap is not on this machine ({0}); install it: apt-get install libpcap0.8")]
    NoLibrary(String),
    /// libpcap refused.
    #[error("{name}: libpcap cannot read it: {said}")]
    Pcap {
        /// The interface.
        name: String,
        /// What libpcap said.
        said: String,
    },
    /// libpcap is needed and not in this build.
    #[error("this build has no libpcap in it (--no-default-features); build it with the feature `pcap`")]
    NotBuilt,
    /// XDP is asked for and not in this build.
    #[error(
        "this build has no XDP object in it; --capture ring takes the packet ring, --capture auto the best \
         that works"
    )]
    NoXdp,
    /// A clock that cannot be had.
    #[error("--time nic: {name}: {why}; take --time host, or leave the choice to --time auto")]
    Time {
        /// The interface.
        name: String,
        /// Why it cannot be had.
        why: String,
    },
    /// The program in the kernel cannot be had.
    #[cfg(feature = "xdp")]
    #[error(transparent)]
    Xdp(crate::xdp::XdpError),
    /// The program in the kernel sees every frame.
    #[error("XDP takes no filter expression; take --capture ring, or leave the choice to --capture auto")]
    XdpFilter,
    /// The program in the kernel counts most packets without handing them up.
    #[error("XDP {0}; take --capture ring, or leave the choice to --capture auto")]
    XdpCannot(&'static str),
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
    /// Whether another back end may do what this one cannot.
    pub(crate) const fn is_of_back_end(&self) -> bool {
        !matches!(
            self,
            Self::NoName | Self::Missing(_) | Self::NotPermitted(_) | Self::Filter { .. } | Self::Time { .. }
        )
    }

    /// The refusal that stands for an error of the system.
    pub(crate) fn of_system(name: &str, cause: io::Error) -> Self {
        let name = name.to_owned();
        match cause.raw_os_error() {
            Some(libc::ENODEV | libc::ENXIO) => Self::Missing(name),
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted(name),
            Some(libc::ENOMEM) => Self::Memory(name),
            _ => Self::Io { name, cause },
        }
    }
}
