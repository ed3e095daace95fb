//! What the machine says of a port and of its clock: the offloads and rings of a network card, and whether the
//! time is synchronised.
//!
//! Source: `linux/ethtool.h`, the requests of `SIOCETHTOOL`; adjtimex(2).
#![expect(
    unsafe_code,
    reason = "requests to the driver and the state of the clock have no safe form"
)]

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// `ETHTOOL_GRINGPARAM`.
const GET_RINGS: u32 = 0x10;
/// `ETHTOOL_GFLAGS`, and the bits of its answer.
const GET_FLAGS: u32 = 0x25;
const FLAG_RX_VLAN: u32 = 1 << 8;
const FLAG_LRO: u32 = 1 << 15;
/// `ETHTOOL_GGRO`.
const GET_GRO: u32 = 0x2b;
/// `SIOCETHTOOL`.
const SIOCETHTOOL: libc::Ioctl = 0x8946;

/// What a network card is set to; nothing where its driver does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Card {
    /// Whether received segments are merged by the kernel.
    pub gro: Option<bool>,
    /// Whether they are merged by the card.
    pub lro: Option<bool>,
    /// Whether the card takes VLAN tags off; the ring puts them back.
    pub rx_vlan: Option<bool>,
    /// Descriptors of the ring for received frames, and how many there may be.
    pub rx_ring: Option<(u32, u32)>,
}

/// Asks the driver of the interface with this name.
///
/// # Errors
///
/// A socket that cannot be opened. What a driver does not answer is left out.
pub fn card(name: &str) -> io::Result<Card> {
    // SAFETY: no memory is passed.
    let raw = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    let value = |what| ask(&socket, name, what).map(|[_, value, ..]| value);
    let (gro, flags) = (value(GET_GRO), value(GET_FLAGS));
    let rings = ask(&socket, name, GET_RINGS);
    Ok(Card {
        gro: gro.map(|gro| gro != 0),
        lro: flags.map(|flags| flags & FLAG_LRO != 0),
        rx_vlan: flags.map(|flags| flags & FLAG_RX_VLAN != 0),
        rx_ring: rings.map(|[_, most, _, _, _, now, ..]| (now, most)),
    })
}

/// Room for the largest of the answers that are read.
type Answer = [u32; 16];

fn ask(socket: &OwnedFd, name: &str, what: u32) -> Option<Answer> {
    let mut answer: Answer = [0; 16];
    if let Some(first) = answer.first_mut() {
        *first = what;
    }
    // SAFETY: plain octets; all zero is a value of it.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = request.ifr_name.len().saturating_sub(1);
    for (into, octet) in request.ifr_name.iter_mut().take(room).zip(name.bytes()) {
        *into = libc::c_char::from_ne_bytes([octet]);
    }
    request.ifr_ifru.ifru_data = answer.as_mut_ptr().cast();
    // SAFETY: the kernel reads the name and writes an answer of at most 36 octets where the request points,
    // which lives until the call is over.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    (done >= 0).then_some(answer)
}

/// Whether the system keeps its clock by others (NTP, PTP); nothing where it does not say.
#[must_use]
pub fn clock_is_synchronised() -> Option<bool> {
    // SAFETY: plain integers; all zero is a value of it that asks and sets nothing.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: room for the answer.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    (state >= 0).then(|| timex.status & libc::STA_UNSYNC == c_int::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_says_whether_it_merges_and_an_unknown_name_says_nothing() {
        let loopback = card("lo").unwrap();

        assert!(loopback.gro.is_some());
        assert_eq!(loopback.rx_ring, None);
        assert_eq!(card("no-such-port").unwrap(), Card::default());
    }
}
