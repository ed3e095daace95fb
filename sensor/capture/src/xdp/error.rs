//! Why a port cannot be read through the kernel. Each message names the cause and the remedy.

use std::io;

use aya::EbpfError;
use aya::maps::MapError;
use aya::programs::ProgramError;

/// The program in the kernel cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum XdpError {
    /// This build has no program.
    #[error("this build has no program for the kernel; `cargo xtask ebpf` makes it, then build again")]
    NoObject,
    /// This process may not load programs.
    #[error(
        "loading a program into the kernel needs the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; \
         run as root, or take --capture ring"
    )]
    NotPermitted,
    /// There is no interface with this name.
    #[error("{0}: there is no such interface; ip link lists the names")]
    Missing(String),
    /// The driver runs no programs.
    #[error(
        "{0}: its driver runs no XDP program, or not with its MTU; take --capture ring, or the generic mode"
    )]
    NotNative(String),
    /// Somebody else's program is there, or that of another sensor.
    #[error("{name}: the XDP program {program} is there already and stays; take --capture ring")]
    Foreign {
        /// The interface.
        name: String,
        /// Its name and id.
        program: String,
    },
    /// Not a mirror port alone.
    #[error("{0} has an address or belongs to a bridge; --capture xdp reads it and passes its frames on")]
    Shared(String),
    /// More ports than one program serves.
    #[error("{0} interfaces are more than the program in the kernel serves (8); take --capture ring")]
    Ports(usize),
    /// The maps do not fit.
    #[error("there is no memory for the slots and the ring of the program in the kernel: {0}")]
    Memory(io::Error),
    /// The kernel refused for another reason.
    #[error("the kernel did not take the program, which needs Linux 5.18 or later: {0}")]
    Refused(String),
}

impl XdpError {
    /// The refusal that stands for an error of the system.
    pub(super) fn of_system(cause: io::Error) -> Self {
        match cause.raw_os_error() {
            Some(libc::EPERM | libc::EACCES) => Self::NotPermitted,
            Some(libc::ENOMEM | libc::E2BIG) => Self::Memory(cause),
            _ => Self::Refused(cause.to_string()),
        }
    }
}

impl From<EbpfError> for XdpError {
    fn from(error: EbpfError) -> Self {
        match error {
            EbpfError::MapError(error) => error.into(),
            EbpfError::ProgramError(error) => error.into(),
            error => Self::Refused(said(&error)),
        }
    }
}

impl From<MapError> for XdpError {
    fn from(error: MapError) -> Self {
        match error {
            MapError::CreateError { io_error, .. } => Self::of_system(io_error),
            MapError::SyscallError(error) => Self::of_system(error.io_error),
            error => Self::Refused(said(&error)),
        }
    }
}

impl From<ProgramError> for XdpError {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::SyscallError(error) => Self::of_system(error.io_error),
            ProgramError::LoadError { io_error, .. }
                if matches!(io_error.raw_os_error(), Some(libc::EPERM)) =>
            {
                Self::NotPermitted
            }
            error => Self::Refused(said(&error)),
        }
    }
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    words
}
