//! A wire: two network namespaces and the pair of interfaces between them, so that tests can send real
//! frames to a real sensor. Needs root; nothing outside of the two namespaces is touched.
#![expect(unsafe_code, reason = "binding a packet socket has no safe form")]

use std::fs::File;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsFd as _, AsRawFd, FromRawFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::net::{SendFlags, send};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Two namespaces with a pair of interfaces between them, gone when dropped.
#[derive(Debug)]
pub struct Wire {
    near: String,
    far: String,
}

/// Name of the interface that frames are sent from.
pub const NEAR: &str = "near0";
/// Name of the interface that they arrive at.
pub const FAR: &str = "far0";

impl Wire {
    /// Makes one whose interfaces are up and say nothing of themselves.
    ///
    /// # Errors
    ///
    /// What this machine lacks: root, `ip`, or network namespaces.
    pub fn new() -> Result<Self, String> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |side: &str| format!("sekisho-{side}-{}-{number}", std::process::id());
        let wire = Self {
            near: name("near"),
            far: name("far"),
        };
        ip(&["netns", "add", &wire.near])?;
        ip(&["netns", "add", &wire.far])?;
        for namespace in [&wire.near, &wire.far] {
            let quiet = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";
            ip(&["netns", "exec", namespace, "sh", "-c", quiet])?;
        }
        wire.connect()?;
        Ok(wire)
    }

    /// Makes the pair of interfaces and takes both up.
    ///
    /// # Errors
    ///
    /// What `ip` said.
    pub fn connect(&self) -> Result<(), String> {
        ip(&[
            "link", "add", NEAR, "netns", &self.near, "type", "veth", "peer", "name", FAR, "netns", &self.far,
        ])?;
        ip(&["-n", &self.near, "link", "set", NEAR, "up"])?;
        self.far(&["link", "set", FAR, "up"])?;
        // The system says a moment later that there is a carrier.
        for _ in 0..100 {
            if self.far_says(&["link", "show", FAR])?.contains("state UP") {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("{FAR} has no carrier after two seconds"))
    }

    /// Runs `ip` with these arguments in the namespace that frames arrive in.
    ///
    /// # Errors
    ///
    /// What it said.
    pub fn far(&self, arguments: &[&str]) -> Result<(), String> {
        self.far_says(arguments).map(|_| ())
    }

    /// Runs `ip` with these arguments in the namespace that frames arrive in, and gives its answer.
    ///
    /// # Errors
    ///
    /// What it said.
    pub fn far_says(&self, arguments: &[&str]) -> Result<String, String> {
        let mut all = vec!["-n", self.far.as_str()];
        all.extend(arguments);
        ip(&all)
    }

    /// Runs `ip` with these arguments in the namespace that frames are sent from.
    ///
    /// # Errors
    ///
    /// What it said.
    pub fn near(&self, arguments: &[&str]) -> Result<(), String> {
        let mut all = vec!["-n", self.near.as_str()];
        all.extend(arguments);
        ip(&all).map(|_| ())
    }

    /// A command that runs `program` in the namespace that frames arrive in.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.far, program]);
        command
    }

    /// A socket that sends frames as they are.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn sender(&self) -> io::Result<Sender> {
        let namespace = File::open(format!("/run/netns/{}", self.near))?;
        // A thread of its own moves into the namespace; the socket stays there.
        let open = move || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
            Sender::open(NEAR)
        };
        std::thread::spawn(open)
            .join()
            .map_err(|_| io::Error::other("the thread that opens the socket failed"))?
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in [&self.near, &self.far] {
            // One that was never made is not there to be removed.
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

/// A socket that sends whole Ethernet frames.
#[derive(Debug)]
pub struct Sender(OwnedFd);

impl Sender {
    fn open(interface: &str) -> io::Result<Self> {
        // SAFETY: no memory is passed.
        let raw = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: just opened, and owned by nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(raw) };
        let index = rustix::net::netdevice::name_to_index(&socket, interface)?;
        // SAFETY: plain integers; all zero is a value of it.
        let mut address: libc::sockaddr_ll = unsafe { zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).map_err(io::Error::other)?;
        address.sll_ifindex = i32::try_from(index).map_err(io::Error::other)?;
        let length = libc::socklen_t::try_from(size_of::<libc::sockaddr_ll>()).map_err(io::Error::other)?;
        // SAFETY: a socket address of the length given.
        let done = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
        if done < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(socket))
    }

    /// Sends a frame, waiting for room where there is none.
    ///
    /// # Errors
    ///
    /// What the system said.
    pub fn send(&self, frame: &[u8]) -> io::Result<()> {
        loop {
            match send(&self.0, frame, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::NOBUFS | rustix::io::Errno::INTR) => std::thread::yield_now(),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let ran = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("ip: {error}"))?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    Err(format!("ip {}: {}", arguments.join(" "), said.trim()))
}
