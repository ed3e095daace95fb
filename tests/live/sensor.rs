//! A sensor that runs at the far end of a wire.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sekisho_kit::{Wire, wire};
use serde_json::Value;

use crate::support;

/// The back ends that this machine has.
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
pub(crate) fn back_ends() -> Vec<&'static str> {
    let mut found = vec!["ring"];
    let tried = support::run(&["run", "--interface", "no-such-port", "--capture", "pcap"]);
    if support::stderr(&tried).contains("libpcap is not on this machine") {
        eprintln!("skipped for pcap: no libpcap here");
    } else {
        found.push("pcap");
    }
    if has_xdp() {
        found.push("xdp");
    } else {
        eprintln!("skipped for xdp: `cargo xtask ebpf` has not made the program for the kernel");
    }
    found
}

/// Whether the program for the kernel is in the binary: the loopback's driver runs none, and that is said
/// where there is one to run.
pub(crate) fn has_xdp() -> bool {
    let tried = support::run(&["run", "--interface", "lo", "--capture", "xdp", "--duration", "1"]);
    !support::stderr(&tried).contains("cargo xtask ebpf")
}

/// A wire, or nothing where this machine has none, and says so.
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
pub(crate) fn wire() -> Option<Wire> {
    Wire::new()
        .inspect_err(|why| eprintln!("skipped: no network namespaces here: {why}"))
        .ok()
}

/// Waits until the far end is read, which was made anew.
pub(crate) fn until_read(wire: &Wire, back_end: &str) {
    let wanted = if back_end == "xdp" { "xdp" } else { "promiscuity 1" };
    let begun = Instant::now();
    let is_read = || {
        let shown = wire.far_says(&["-d", "link", "show", wire::FAR]);
        shown.is_ok_and(|shown| shown.contains(wanted))
    };
    while !is_read() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    // What it counts is counted from here on.
    std::thread::sleep(Duration::from_millis(1_000));
}

/// Sensors that run, and their end.
pub(crate) struct Sensor {
    pub(crate) child: Child,
    /// What it said before it watched.
    pub(crate) said: String,
}

impl Sensor {
    /// Starts one at the far end and waits until it watches.
    pub(crate) fn start(wire: &Wire, arguments: &[&str]) -> Self {
        Self::start_until(wire, arguments, "watching")
    }

    /// The same, and waits until its dashboard listens.
    pub(crate) fn start_and_listen(wire: &Wire, arguments: &[&str]) -> Self {
        Self::start_until(wire, arguments, "Dashboard:")
    }

    fn start_until(wire: &Wire, arguments: &[&str], word: &str) -> Self {
        let mut command = wire.command(env!("CARGO_BIN_EXE_sekisho"));
        command
            .args(["run", "--interface", wire::FAR, "--json"])
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut heard = String::new();
        while !heard.contains(word) {
            let octets = said.read_line(&mut heard).unwrap();
            assert_ne!(octets, 0, "it ended before it watched: {heard}");
        }
        std::thread::spawn(move || said.read_to_string(&mut String::new()));
        Self { child, said: heard }
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(kill.unwrap().success());
    }

    /// Seconds of processor time that it has used.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Source: proc_pid_stat(5): utime and stime are fields 14 and 15, the name before them in brackets.
        let after = stat.rsplit_once(") ").unwrap().1;
        let ticks = after
            .split(' ')
            .skip(11)
            .take(2)
            .map(|field| field.parse::<f64>().unwrap());
        ticks.sum::<f64>() / 100.0
    }

    pub(crate) fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap()
    }

    /// Asks it to end as a service manager does, and gives its summary.
    pub(crate) fn end(mut self) -> Value {
        let asked = Instant::now();
        self.signal("TERM");
        let mut text = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        assert!(asked.elapsed() < Duration::from_secs(10));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}
