//! The program at an interface: a pair of them between two namespaces.
//!
//! What happens at the far end happens in a process of its own, which is this test's program again.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use sekisho_ebpf_abi as abi;
use sekisho_kit::{Wire, wire};

use super::{Packet, kernel, setup, skip};
use crate::xdp::{Mode, attach};

/// Tells a process of this program which part it plays.
const PART: &str = "SEKISHO_TEST_PART";
/// What a line of it begins with.
const SAID: &str = "said: ";
const FRAMES: u64 = 1_000;

/// The far end. Does nothing where it is not asked to.
#[test]
#[expect(clippy::print_stdout, reason = "it speaks to the test that started it")]
fn far_end() {
    let Some(part) = std::env::var_os(PART) else {
        return;
    };
    let mut setup = abi::Setup {
        ports: [0; abi::PORTS],
        ..setup(0)
    };
    setup.ports[1] = attach::index_of(wire::FAR).unwrap();
    let mut kernel = kernel(&setup, 1 << 20).unwrap();
    let mode = if part == "generic" {
        Mode::Generic
    } else {
        Mode::Native
    };
    if let Err(why) = kernel.attach(1, wire::FAR, mode) {
        println!("\n{SAID}{why}");
        return;
    }
    println!("\n{SAID}attached");
    if part == "hold" {
        std::thread::sleep(Duration::from_secs(600));
    }
    let (mut frames, mut octets) = (0, 0);
    let started = Instant::now();
    while frames < FRAMES && started.elapsed() < Duration::from_secs(20) {
        while let Some(event) = kernel.next() {
            assert_eq!(event.head.port, 1);
            frames += 1;
            octets += event.frame().unwrap().len();
        }
        kernel.wait(Duration::from_millis(5));
    }
    kernel.detach().unwrap();
    let counters = kernel.counters(1).unwrap();
    println!(
        "{SAID}{frames} frames, {octets} octets, {} received, {} lost",
        counters.received, counters.lost
    );
}

struct FarEnd {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl FarEnd {
    fn start(wire: &Wire, part: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = wire
            .command(program.to_str().unwrap())
            .args(["--exact", "xdp::tests::ports::far_end", "--nocapture"])
            .env(PART, part)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    /// The next thing it says.
    fn says(&mut self) -> String {
        let lines = self.said.by_ref().lines().map_while(Result::ok);
        let mut lines = lines.filter_map(|line| line.strip_prefix(SAID).map(str::to_owned));
        lines.next().unwrap_or_else(|| "nothing".to_owned())
    }
}

impl Drop for FarEnd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A wire, or nothing where this machine has none or the program cannot be loaded.
fn wire() -> Option<Wire> {
    kernel(&setup(0), 1 << 17)?;
    Wire::new()
        .inspect_err(|why| skip(&format_args!("no network namespaces here: {why}")))
        .ok()
}

#[test]
fn frames_of_a_wire_come_up_in_native_and_in_generic_mode() {
    for part in ["native", "generic"] {
        let Some(wire) = wire() else { return };
        let mut far = FarEnd::start(&wire, part);
        assert_eq!(far.says(), "attached", "{part}");
        let sender = wire.sender().unwrap();
        let frame = Packet::udp(1, 100).frame();

        for _ in 0..FRAMES {
            sender.send(&frame).unwrap();
        }

        let octets = FRAMES * u64::try_from(frame.len()).unwrap();
        let expected = format!("{FRAMES} frames, {octets} octets, {FRAMES} received, 0 lost");
        assert_eq!(far.says(), expected, "{part}");
    }
}

#[test]
fn a_program_that_is_there_is_refused_by_name_and_a_killed_sensor_leaves_none() {
    let Some(wire) = wire() else { return };
    let mut holds = FarEnd::start(&wire, "hold");
    assert_eq!(holds.says(), "attached");

    let refusal = FarEnd::start(&wire, "native").says();
    assert!(
        refusal.starts_with("far0: the XDP program sekisho (id ") && refusal.ends_with("take --capture ring"),
        "{refusal}"
    );

    // SIGKILL.
    holds.child.kill().unwrap();
    holds.child.wait().unwrap();
    let started = Instant::now();
    loop {
        let said = FarEnd::start(&wire, "native").says();
        if said == "attached" {
            break;
        }
        // The kernel takes the program away after the process is gone, not before.
        assert!(started.elapsed() < Duration::from_secs(5), "{said}");
    }
}
