//! Telling a service manager that the sensor is ready, alive, or about to end.
//!
//! Source: sd_notify(3): lines such as `READY=1` in a datagram to the socket that `NOTIFY_SOCKET`
//! names; `WATCHDOG_USEC` says how often it wants to hear.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::time::Duration;

/// The service manager, where there is one.
#[derive(Debug)]
pub(super) struct Manager {
    socket: Option<(UnixDatagram, SocketAddr)>,
}

impl Manager {
    /// As the environment names it.
    pub(super) fn of_environment() -> Self {
        let name = std::env::var_os("NOTIFY_SOCKET");
        let socket = name.and_then(|name| connect(name.as_bytes()).ok());
        Self { socket }
    }

    /// Says a line. A manager that does not listen is none.
    pub(super) fn say(&self, line: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(line.as_bytes(), address);
        }
    }

    /// How often it wants to hear `WATCHDOG=1`: half of the time after which it acts.
    pub(super) fn watchdog(&self) -> Option<Duration> {
        self.socket.as_ref()?;
        let micros: u64 = std::env::var("WATCHDOG_USEC").ok()?.parse().ok()?;
        Some(Duration::from_micros(micros / 2))
    }
}

fn connect(name: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(Path::new(std::ffi::OsStr::from_bytes(name)))?,
    };
    Ok((UnixDatagram::unbound()?, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_at_a_path_hears_what_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let hears = UnixDatagram::bind(&path).unwrap();
        let manager = Manager {
            socket: Some(connect(path.as_os_str().as_bytes()).unwrap()),
        };

        manager.say("READY=1");

        let mut heard = [0; 32];
        let octets = hears.recv(&mut heard).unwrap();
        assert_eq!(&heard[..octets], b"READY=1");
    }
}
