//! Whose clock stamps the frames: the host's, when the kernel sees a frame, or the NIC's, when it arrives.
//!
//! Source: Linux's `Documentation/networking/timestamping.rst` and `include/uapi/linux/ethtool.h`
//! (`ETHTOOL_GET_TS_INFO`). A NIC's clock is its own: unless something such as phc2sys keeps it, it may
//! be years from the host's, and all that speaks of times of day (calendars, exceptions that end, other
//! ports) would be wrong. So `auto` takes it only where stamping is already on and the clocks agree;
//! `nic` turns it on, which needs CAP_NET_ADMIN, and says how far they are apart.
#![expect(
    unsafe_code,
    reason = "requests about interfaces and clocks have no safe form"
)]

use std::fs::File;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::time::Duration;

use super::LiveError;

/// Whose time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The NIC's where it is kept with the host's, else the host's.
    #[default]
    Auto,
    /// The host's.
    Host,
    /// The NIC's.
    Nic,
}

/// Clocks that differ by no more than this agree.
const AGREE: Duration = Duration::from_millis(10);
/// `SOF_TIMESTAMPING_RX_HARDWARE` and `SOF_TIMESTAMPING_RAW_HARDWARE`.
const HARDWARE: u32 = (1 << 2) | (1 << 6);
/// `HWTSTAMP_FILTER_ALL`: every frame is stamped.
const EVERY_FRAME: i32 = 1;
/// `ETHTOOL_GET_TS_INFO`.
const GET_TS_INFO: u32 = 0x41;

/// What a NIC can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Nic {
    /// It can stamp every frame.
    stamps: bool,
    /// It does now.
    is_on: bool,
    /// How far its clock is from the host's, where that can be asked.
    apart: Option<Duration>,
}

/// Whose clock it is, and what is worth saying of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) by_nic: bool,
    pub(super) note: Option<String>,
}

/// Decides for the interface with this name, and has its NIC stamp where that is asked.
pub(super) fn decide(name: &str, wanted: Clock) -> Result<Decision, LiveError> {
    if wanted == Clock::Host {
        return Ok(Decision {
            by_nic: false,
            note: None,
        });
    }
    let nic = look(name);
    let decision = of(name, wanted, nic)?;
    if decision.by_nic && !nic.is_on {
        turn_on(name).map_err(|cause| LiveError::Time {
            name: name.to_owned(),
            why: format!("its NIC cannot be told to stamp frames: {cause}; that needs CAP_NET_ADMIN"),
        })?;
    }
    Ok(decision)
}

fn of(name: &str, wanted: Clock, nic: Nic) -> Result<Decision, LiveError> {
    let host = |note: Option<String>| Ok(Decision { by_nic: false, note });
    if !nic.stamps {
        return match wanted {
            Clock::Nic => Err(LiveError::Time {
                name: name.to_owned(),
                why: "its NIC stamps no frames".to_owned(),
            }),
            _ => host(None),
        };
    }
    let agree = nic.apart.is_some_and(|apart| apart <= AGREE);
    let apart = match nic.apart {
        Some(apart) => format!("its clock is {:.3} s from the host's", apart.as_secs_f64()),
        None => "its clock cannot be compared with the host's".to_owned(),
    };
    match wanted {
        Clock::Auto if !nic.is_on => host(Some(format!(
            "{name}: times of the host; the NIC could stamp frames: --time nic turns that on"
        ))),
        Clock::Auto if !agree => host(Some(format!(
            "{name}: times of the host, not of the NIC: {apart}"
        ))),
        _ if agree => Ok(Decision {
            by_nic: true,
            note: Some(format!("{name}: times of the NIC")),
        }),
        _ => Ok(Decision {
            by_nic: true,
            note: Some(format!("{name}: times of the NIC; {apart}")),
        }),
    }
}

/// `struct ethtool_ts_info`.
#[repr(C)]
struct StampInfo {
    command: u32,
    stamping: u32,
    clock: i32,
    sent: u32,
    reserved: [u32; 3],
    filters: u32,
    reserved_too: [u32; 3],
}

/// `struct hwtstamp_config`.
#[repr(C)]
struct StampConfig {
    flags: i32,
    sent: i32,
    filter: i32,
}

fn look(name: &str) -> Nic {
    let mut info = StampInfo {
        command: GET_TS_INFO,
        stamping: 0,
        clock: -1,
        sent: 0,
        reserved: [0; 3],
        filters: 0,
        reserved_too: [0; 3],
    };
    let mut config = StampConfig {
        flags: 0,
        sent: 0,
        filter: 0,
    };
    // What cannot be asked is not there.
    let known = ask(name, libc::SIOCETHTOOL, &mut info).is_ok();
    let is_on = ask(name, libc::SIOCGHWTSTAMP, &mut config).is_ok() && config.filter == EVERY_FRAME;
    Nic {
        stamps: known && info.stamping & HARDWARE == HARDWARE && info.filters & (1 << EVERY_FRAME) != 0,
        is_on,
        apart: u32::try_from(info.clock).ok().and_then(apart),
    }
}

fn turn_on(name: &str) -> io::Result<()> {
    let mut config = StampConfig {
        flags: 0,
        sent: 0,
        filter: EVERY_FRAME,
    };
    ask(name, libc::SIOCSHWTSTAMP, &mut config)
}

/// How far a NIC's clock, by its number, is from the host's.
fn apart(clock: u32) -> Option<Duration> {
    let device = File::open(format!("/dev/ptp{clock}")).ok()?;
    // `FD_TO_CLOCKID` of clock_gettime(2).
    let number = (!device.as_raw_fd() << 3) | 3;
    let nic = now(number)?;
    let host = now(libc::CLOCK_REALTIME)?;
    Some(Duration::from_nanos(nic.abs_diff(host)))
}

/// Nanoseconds since 1970 by a clock.
fn now(clock: libc::clockid_t) -> Option<i64> {
    // SAFETY: plain integers; all zero is a value of it.
    let mut time: libc::timespec = unsafe { zeroed() };
    // SAFETY: room for a time.
    let done = unsafe { libc::clock_gettime(clock, &raw mut time) };
    let nanos = time
        .tv_sec
        .checked_mul(1_000_000_000)?
        .checked_add(time.tv_nsec)?;
    (done == 0).then_some(nanos)
}

/// A request about the interface with this name, whose argument is a structure of the driver.
fn ask<T>(name: &str, what: libc::Ioctl, argument: &mut T) -> io::Result<()> {
    // SAFETY: no memory is passed.
    let raw = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: just opened, and owned by nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: plain octets; all zero is a value of it.
    let mut request: libc::ifreq = unsafe { zeroed() };
    let room = request.ifr_name.len().saturating_sub(1);
    for (into, octet) in request.ifr_name.iter_mut().take(room).zip(name.bytes()) {
        *into = libc::c_char::from_ne_bytes([octet]);
    }
    request.ifr_ifru.ifru_data = std::ptr::from_mut(argument).cast();
    // SAFETY: the kernel reads the name, and reads and writes the structure that belongs to the request.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), what, &raw mut request) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Nic = Nic {
        stamps: true,
        is_on: true,
        apart: Some(Duration::from_micros(3)),
    };

    fn by_nic(wanted: Clock, nic: Nic) -> Option<bool> {
        of("eth1", wanted, nic).ok().map(|decision| decision.by_nic)
    }

    #[test]
    fn the_clock_of_a_nic_is_taken_where_it_is_kept_with_the_hosts() {
        let tai = Nic {
            apart: Some(Duration::from_secs(37)),
            ..KEPT
        };
        let idle = Nic { is_on: false, ..KEPT };
        let none = Nic {
            stamps: false,
            ..idle
        };

        let auto = [KEPT, tai, idle, none].map(|nic| by_nic(Clock::Auto, nic));
        assert_eq!(auto, [Some(true), Some(false), Some(false), Some(false)]);
        let nic = [KEPT, tai, idle, none].map(|nic| by_nic(Clock::Nic, nic));
        assert_eq!(nic, [Some(true), Some(true), Some(true), None]);

        let said = of("eth1", Clock::Auto, tai).unwrap().note.unwrap();
        assert_eq!(
            said,
            "eth1: times of the host, not of the NIC: its clock is 37.000 s from the host's"
        );
    }

    #[test]
    fn the_loopback_stamps_nothing() {
        assert!(!look("lo").stamps);
        let refused = decide("lo", Clock::Nic).unwrap_err().to_string();
        assert!(
            refused.starts_with("--time nic: lo: its NIC stamps no frames"),
            "{refused}"
        );
    }

    #[test]
    fn a_clock_is_not_apart_from_itself() {
        let (one, other) = (
            now(libc::CLOCK_REALTIME).unwrap(),
            now(libc::CLOCK_REALTIME).unwrap(),
        );
        assert!(one.abs_diff(other) < 1_000_000_000);
        assert_eq!(apart(4_000_000), None);
    }
}
