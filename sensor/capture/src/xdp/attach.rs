//! The program at an interface.
//!
//! It hangs there by a BPF link, which lives as long as the process that holds it: after SIGKILL nothing is
//! left. So whatever program is found there is somebody else's, or that of another sensor that runs, and
//! stays: it is refused by its name and number.

use std::io;

use aya::programs::xdp::XdpLinkId;
use aya::programs::{ProgramError, Xdp, XdpMode, loaded_programs};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netdevice, recv, send, socket, socket_with,
};

use super::XdpError;

/// Where a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// In the driver, before the kernel makes anything of a frame. Tags that the network card takes out of
    /// it are not seen: `ethtool -K NAME rxvlan off` leaves them in.
    #[default]
    Native,
    /// Behind the driver, for those that run none: every frame has been copied by then, and tags that the
    /// network card took out of it are not seen.
    Generic,
}

/// Hangs the program at an interface.
pub(super) fn attach(
    program: &mut Xdp,
    interface: &str,
    index: u32,
    mode: Mode,
) -> Result<XdpLinkId, XdpError> {
    let foreign = |id| XdpError::Foreign {
        name: interface.to_owned(),
        program: called(id),
    };
    if let Some(id) = program_at(index) {
        return Err(foreign(id));
    }
    let mode = match mode {
        Mode::Native => XdpMode::Driver,
        Mode::Generic => XdpMode::Skb,
    };
    match program.attach_to_if_index(index, mode) {
        Ok(link) => Ok(link),
        Err(error) => Err(match cause(&error) {
            Some(libc::EBUSY | libc::EEXIST) => foreign(program_at(index).unwrap_or(0)),
            Some(libc::EOPNOTSUPP | libc::ERANGE) => XdpError::NotNative(interface.to_owned()),
            Some(libc::ENODEV) => XdpError::Missing(interface.to_owned()),
            _ => error.into(),
        }),
    }
}

/// What the system said.
fn cause(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::SyscallError(error) => error.io_error.raw_os_error(),
        _ => None,
    }
}

/// The number of an interface.
pub(super) fn index_of(interface: &str) -> Result<u32, XdpError> {
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)
        .map_err(|error| XdpError::of_system(error.into()))?;
    netdevice::name_to_index(&socket, interface).map_err(|_| XdpError::Missing(interface.to_owned()))
}

/// The name and number of a program; only the number where this process may not ask for names.
fn called(id: u32) -> String {
    let mut programs = loaded_programs().filter_map(Result::ok);
    let program = programs.find(|program| program.id() == id);
    let name = program.as_ref().and_then(|program| program.name_as_str());
    match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} (id {id})"),
        None => format!("of id {id}"),
    }
}

/// The number of the program at an interface, however it came there.
fn program_at(index: u32) -> Option<u32> {
    let answer = ask(index).ok()?;
    // The headers of netlink and of the message.
    let attributes = answer.get(16..)?.get(16..)?;
    let xdp = attribute(attributes, IFLA_XDP)?;
    let id = attribute(xdp, IFLA_XDP_PROG_ID)?.first_chunk()?;
    Some(u32::from_ne_bytes(*id)).filter(|id| *id != 0)
}

/// Attributes of rtnetlink(7) and what lies in them, from Linux's `uapi/linux/if_link.h`.
const IFLA_XDP: u16 = 43;
const IFLA_XDP_PROG_ID: u16 = 4;
/// The bit of an attribute that says that there are others in it.
const NESTED: u16 = 1 << 15;

/// The kernel's answer about one interface: a message of rtnetlink(7).
fn ask(index: u32) -> io::Result<Vec<u8>> {
    let kind = rustix::net::SocketType::RAW;
    let socket = socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, None)?;
    let mut question = Vec::with_capacity(32);
    let (length, get_link, request) = (32_u32, libc::RTM_GETLINK, 1_u16);
    question.extend(length.to_ne_bytes());
    question.extend(get_link.to_ne_bytes());
    question.extend(request.to_ne_bytes());
    // Sequence and port, family and kind.
    question.extend([0; 12]);
    question.extend(index.to_ne_bytes());
    // Flags and which of them change.
    question.extend([0; 8]);
    send(&socket, &question, SendFlags::empty())?;
    let mut answer = vec![0; 32 * 1024];
    let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty())?;
    answer.truncate(length);
    Ok(answer)
}

/// The octets of an attribute among others.
fn attribute(mut attributes: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (&[l0, l1, k0, k1], _) = attributes.split_first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let octets = attributes.get(4..length)?;
        if u16::from_ne_bytes([k0, k1]) & !NESTED == wanted {
            return Some(octets);
        }
        attributes = attributes.get(length.checked_next_multiple_of(4)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_behind_others_and_inside_of_one() {
        let mut octets = [6_u16, 3].map(u16::to_ne_bytes).concat();
        octets.extend([1, 2, 0, 0]);
        octets.extend([12_u16, NESTED | 43].map(u16::to_ne_bytes).concat());
        octets.extend([8_u16, 4].map(u16::to_ne_bytes).concat());
        octets.extend(77_u32.to_ne_bytes());

        let xdp = attribute(&octets, IFLA_XDP).unwrap();
        assert_eq!(attribute(xdp, IFLA_XDP_PROG_ID), Some(&77_u32.to_ne_bytes()[..]));
        assert_eq!(attribute(&octets, 3), Some(&[1, 2][..]));
        assert_eq!(attribute(&octets, 5), None);
        assert_eq!(attribute(&octets[..9], 43), None);
    }

    #[test]
    fn the_loopback_has_no_program() {
        assert_eq!(program_at(index_of("lo").unwrap()), None);
        assert!(matches!(index_of("no-such-port"), Err(XdpError::Missing(_))));
    }
}
