//! `cargo xtask bench live`: the sensor at an interface, beside its peers, under the same frames.
//!
//! Two network namespaces and a pair of interfaces between them. A program in the kernel sends frames of 60
//! octets from one end, 65,536 flows in turn, at several rates and as fast as it can; at the other end one
//! receiver after the other listens. What the kernel does for the receiver happens in the time of whoever
//! sends, so both times are told.

use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::time::{Duration, Instant};

use super::measure::measure;
use super::{make_dir, programs};
use crate::debian::{self, Need};
use crate::ebpf;
use crate::process::{answer, cargo, command, run, which};
use crate::root::{shown, target};
use crate::step::Stop;

/// The namespaces, and the interfaces in them.
const NEAR: (&str, &str) = ("sekisho-bench-near", "near0");
const FAR: (&str, &str) = ("sekisho-bench-far", "far0");
const FLOWS: u64 = 65_536;
/// Frames a second; 0 is as many as can be.
const RATES: &[u64] = &[0, 500_000, 200_000];
/// Seconds of sending, by the rate; the fastest is taken for as many frames as this.
const SECONDS: u64 = 6;
const FASTEST: u64 = 1_500_000;
/// For a receiver to begin, and to take what has come.
const BEGIN: Duration = Duration::from_secs(3);
const TAKE: Duration = Duration::from_secs(2);
const END: Duration = Duration::from_secs(30);
/// Ticks of a processor's time in a second, as procfs counts it.
const TICKS: f64 = 100.0;

const ETHTOOL: Need = Need {
    package: "ethtool",
    present: || which("ethtool").is_some(),
    serves: "frames that are sent to a packet socket",
};

/// Frames that a receiver took, and frames that it says were lost.
type Took = (u64, Option<u64>);

/// A program that listens.
struct Receiver {
    name: &'static str,
    command: &'static str,
    /// Its arguments, with an empty folder for what it writes.
    arguments: fn(&Path) -> Vec<String>,
    /// Reads them from what it said.
    took: fn(&str) -> Option<Took>,
}

static RECEIVERS: &[Receiver] = &[
    Receiver {
        name: "sekisho, xdp",
        command: "sekisho",
        arguments: |_| ours("xdp"),
        took: our_frames,
    },
    Receiver {
        name: "sekisho, ring",
        command: "sekisho",
        arguments: |_| ours("ring"),
        took: our_frames,
    },
    Receiver {
        name: "sekisho, pcap",
        command: "sekisho",
        arguments: |_| ours("pcap"),
        took: our_frames,
    },
    Receiver {
        name: "softflowd",
        command: "softflowd",
        arguments: |scratch| {
            let control = scratch.join("control").display().to_string();
            let pid = scratch.join("pid").display().to_string();
            ["-d", "-m", "2000000", "-i", FAR.1, "-c", &control, "-p", &pid]
                .map(str::to_owned)
                .to_vec()
        },
        took: |said| {
            Some((
                number_after(said, "Packets received by libpcap:")?,
                number_after(said, "Packets dropped by libpcap:"),
            ))
        },
    },
    Receiver {
        name: "nfpcapd",
        command: "nfpcapd",
        arguments: |scratch| {
            let folder = scratch.display().to_string();
            ["-i", FAR.1, "-w", &folder].map(str::to_owned).to_vec()
        },
        took: |said| Some((number_after(said, "Total: Processed:")?, None)),
    },
    Receiver {
        name: "tcpdump",
        command: "tcpdump",
        arguments: |_| ["-n", "-i", FAR.1, "-w", "/dev/null"].map(str::to_owned).to_vec(),
        took: |said| {
            Some((
                number_before(said, " packets captured")?,
                number_before(said, " packets dropped by kernel"),
            ))
        },
    },
];

/// One receiver at one rate.
struct Row {
    name: &'static str,
    sent: u64,
    rate: f64,
    took: Option<Took>,
    receiver_s: f64,
    sender_s: f64,
}

/// Measures and prints the tables.
pub(super) fn live(rounds: u64) -> Result<(), Stop> {
    if answer(command("id").arg("-u")).as_deref() != Some("0") {
        return Err(Stop::Skipped(
            "network namespaces and programs need root".to_owned(),
        ));
    }
    (ebpf::STEP.run)()?;
    debian::ensure(&[&ETHTOOL])?;
    let words = [
        "build",
        "--locked",
        "--release",
        "--package",
        "sekisho",
        "--package",
        "sekisho-kit",
    ];
    run(&mut cargo(&words))?;
    let mut report = String::from(
        "| rate | receiver | sent a second | lost | CPU s of the receiver a million | of the sender |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for &rate in RATES {
        let mut rows = Vec::new();
        for round in 0..rounds {
            for receiver in RECEIVERS.iter().filter(|receiver| is_here(receiver, round)) {
                let row = measured(receiver, rate)?;
                print!("  {}", line(rate, &[&row]));
                rows.push(row);
            }
        }
        for receiver in RECEIVERS {
            let of_it: Vec<&Row> = rows.iter().filter(|row| row.name == receiver.name).collect();
            if !of_it.is_empty() {
                report += &line(rate, &of_it);
            }
        }
    }
    println!("\n{report}");
    let file = target().join("bench/live.md");
    std::fs::write(&file, report).map_err(|error| Stop::Failed(format!("{}: {error}", file.display())))?;
    println!("Written to {}", shown(&file));
    Ok(())
}

fn is_here(receiver: &Receiver, round: u64) -> bool {
    let is_here = receiver.command == "sekisho" || which(receiver.command).is_some();
    if !is_here && round == 0 {
        println!("  {} is not here and stays out", receiver.name);
    }
    is_here
}

/// The medians of a receiver's rounds.
fn line(rate: u64, rows: &[&Row]) -> String {
    let median = |value: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(|row| value(row)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(0.0)
    };
    let wanted = if rate == 0 {
        "all it can".to_owned()
    } else {
        rate.to_string()
    };
    let lost = match rows.iter().map(|row| row.lost()).collect::<Option<Vec<f64>>>() {
        Some(all) => format!("{:.2} %", all.into_iter().fold(0.0, f64::max)),
        None => "not told".to_owned(),
    };
    format!(
        "| {wanted} | {} | {:.0} | {lost} | {:.2} | {:.2} |\n",
        rows.first().map_or("", |row| row.name),
        median(|row| row.rate),
        median(|row| row.receiver_s / millions(row.sent)),
        median(|row| row.sender_s / millions(row.sent)),
    )
}

fn millions(frames: u64) -> f64 {
    frames as f64 / 1e6
}

impl Row {
    /// Percent of the frames that were sent and neither taken nor filtered.
    fn lost(&self) -> Option<f64> {
        let (took, lost) = self.took?;
        let missing = self.sent.saturating_sub(took).max(lost.unwrap_or(0));
        Some(100.0 * millions(missing) / millions(self.sent))
    }
}

/// Two namespaces, gone when dropped.
struct Wire;

impl Wire {
    fn new() -> Result<Self, Stop> {
        // Of a run that was ended by force.
        let wire = Self;
        wire.remove();
        for (name, _) in [NEAR, FAR] {
            ip(&["netns", "add", name])?;
            let quiet = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";
            ip(&["netns", "exec", name, "sh", "-c", quiet])?;
        }
        ip(&[
            "link", "add", NEAR.1, "netns", NEAR.0, "type", "veth", "peer", "name", FAR.1, "netns", FAR.0,
        ])?;
        for (name, interface) in [NEAR, FAR] {
            ip(&["-n", name, "link", "set", interface, "up"])?;
        }
        // Frames that a program redirects arrive only where the other end polls.
        ip(&["netns", "exec", FAR.0, "ethtool", "-K", FAR.1, "gro", "on"])?;
        Ok(wire)
    }

    fn remove(&self) {
        for (name, _) in [NEAR, FAR] {
            let _ = answer(command("ip").args(["netns", "del", name]));
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.remove();
    }
}

fn ip(words: &[&str]) -> Result<(), Stop> {
    match answer(command("ip").args(words)) {
        Some(_) => Ok(()),
        None => Err(Stop::Failed(format!("`ip {}` failed", words.join(" ")))),
    }
}

fn inside(namespace: &str, program: &Path) -> Process {
    let mut ip = command("ip");
    ip.args(["netns", "exec", namespace]).arg(program);
    ip
}

fn measured(receiver: &Receiver, rate: u64) -> Result<Row, Stop> {
    println!("  {}, {rate} frames a second", receiver.name);
    let wire = Wire::new()?;
    let scratch = target().join("bench/live");
    _ = std::fs::remove_dir_all(&scratch);
    let (here, there) = (scratch.join("receiver"), scratch.join("sender"));
    make_dir(&here)?;
    make_dir(&there)?;
    let mut listener = Listener::start(receiver, &here)?;
    let frames = SECONDS * if rate == 0 { FASTEST } else { rate };
    let mut sender = inside(NEAR.0, &programs::release("generate"));
    sender.arg(ebpf::generator()).arg(NEAR.1);
    sender.args([frames, rate, FLOWS].map(|number| number.to_string()));
    let sending = measure(&sender, &there)?
        .ok_or_else(|| Stop::Failed(format!("the sender failed: {}", text(&there.join("out")))))?;
    let said = text(&there.join("out"));
    let told = |word: &str| said.lines().find_map(|line| line.strip_prefix(word));
    let sent = told("sent ").and_then(|number| number.parse().ok()).unwrap_or(0);
    let seconds: f64 = told("seconds ")
        .and_then(|number| number.parse().ok())
        .unwrap_or(1.0);
    std::thread::sleep(TAKE);
    let receiver_s = listener.processor_s();
    // Only asked does softflowd say it.
    let control = here.join("control").display().to_string();
    let asked = answer(command("softflowctl").args(["-c", &control, "statistics"]));
    let heard = asked.unwrap_or_default() + &listener.end();
    drop(wire);
    Ok(Row {
        name: receiver.name,
        sent,
        rate: millions(sent) * 1e6 / seconds,
        took: (receiver.took)(&heard),
        receiver_s,
        sender_s: sending.cpu_s,
    })
}

/// A receiver that runs.
struct Listener {
    child: Child,
    files: [PathBuf; 2],
}

impl Listener {
    fn start(receiver: &Receiver, scratch: &Path) -> Result<Self, Stop> {
        let failed = |error: std::io::Error| Stop::Failed(format!("{}: {error}", receiver.name));
        let files = ["out", "err"].map(|name| scratch.join(name));
        let program = if receiver.command == "sekisho" {
            programs::release("sekisho")
        } else {
            which(receiver.command).unwrap_or_default()
        };
        let [out, err] = [&files[0], &files[1]].map(std::fs::File::create);
        let child = inside(FAR.0, &program)
            .args((receiver.arguments)(scratch))
            .stdout(Stdio::from(out.map_err(failed)?))
            .stderr(Stdio::from(err.map_err(failed)?))
            .spawn()
            .map_err(failed)?;
        std::thread::sleep(BEGIN);
        Ok(Self { child, files })
    }

    /// User and system time of it and its threads: the fields of proc_pid_stat(5) after its name.
    fn processor_s(&self) -> f64 {
        let stat = text(Path::new(&format!("/proc/{}/stat", self.child.id())));
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = fields.split_whitespace().skip(11).take(2);
        ticks.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
    }

    /// Asks it to end and gives what it has said.
    fn end(&mut self) -> String {
        let _ = answer(command("kill").args(["-TERM", &self.child.id().to_string()]));
        let asked = Instant::now();
        while asked.elapsed() < END && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.files.iter().map(|file| text(file)).collect()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

fn ours(back_end: &str) -> Vec<String> {
    ["run", "--interface", FAR.1, "--capture", back_end, "--json"]
        .map(str::to_owned)
        .to_vec()
}

/// What the summary says: frames that were read, and those that were lost before.
fn our_frames(said: &str) -> Option<Took> {
    Some((
        number_after(said, "\"packets\":")?,
        number_after(said, "\"ring_dropped\":"),
    ))
}

fn number_after(text: &str, word: &str) -> Option<u64> {
    let rest = text.split_once(word)?.1.trim_start();
    let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let before = text.split_once(word)?.0;
    before
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_beside_their_words() {
        let said = "{\"packets\": 1200, \"losses\":{\"ring_dropped\":7}}";
        assert_eq!(our_frames(said), Some((1200, Some(7))));
        assert_eq!(our_frames("error: no"), None);
        assert_eq!(
            number_after("Total: Processed: 200010, skipped", "Processed:"),
            Some(200_010)
        );
        assert_eq!(
            number_before("12 packets captured\n", " packets captured"),
            Some(12)
        );
    }

    #[test]
    fn frames_that_are_missing_are_lost_whatever_the_receiver_says() {
        let row = |took| Row {
            name: "",
            sent: 1_000,
            rate: 0.0,
            took,
            receiver_s: 0.0,
            sender_s: 0.0,
        };

        assert_eq!(row(Some((1_000, Some(0)))).lost(), Some(0.0));
        assert_eq!(row(Some((750, Some(0)))).lost(), Some(25.0));
        assert_eq!(row(Some((1_000, Some(500)))).lost(), Some(50.0));
        assert_eq!(row(None).lost(), None);
    }
}
