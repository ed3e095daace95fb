//! `cargo xtask bench`: the criterion benches, and Sekisho beside its peers on one capture.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode, Stdio};
use std::time::Instant;

use crate::args::{Command, Flag, Parsed};
use crate::process::{answer, cargo, command, line, run, which};
use crate::root::{root, shown, target};
use crate::step::Stop;

pub(crate) static COMMAND: Command = Command {
    name: "bench",
    about: "Measures: the benches, and replay beside nfpcapd and tshark on the same capture.",
    details: "Runs `cargo bench` where the root package has benches. Then writes one large capture and\n\
              lets sekisho replay, nfpcapd (Debian package nfdump) and tshark read it in turn, and prints\n\
              the medians as a Markdown table for benches/README.md. CPU seconds are the child's user\n\
              and system time together, in steps of 10 ms. Wants an otherwise idle machine.",
    example: "cargo xtask bench --peers --packets 1_000_000",
    flags: &[
        Flag {
            name: "--peers",
            value: None,
            about: "only the comparison, no criterion benches",
        },
        Flag {
            name: "--packets",
            value: Some("N"),
            about: "packets of the capture (default 1000000)",
        },
        Flag {
            name: "--rounds",
            value: Some("N"),
            about: "how often each program reads it (default 3)",
        },
    ],
    operand: None,
    run: bench,
};

fn bench(parsed: &Parsed) -> ExitCode {
    let numbers = (
        parsed.number("--packets", 1_000_000),
        parsed.number("--rounds", 3),
    );
    let (packets, rounds) = match numbers {
        (Ok(packets), Ok(rounds)) => (packets, rounds),
        (Err(reason), _) | (_, Err(reason)) => {
            eprintln!("xtask: {reason}");
            return ExitCode::from(2);
        }
    };
    let criterion = if parsed.has("--peers") {
        Ok(())
    } else {
        criterion()
    };
    match criterion.and_then(|()| peers(packets, rounds)) {
        Ok(table) => {
            print!("\n{table}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(why) | Stop::Skipped(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn criterion() -> Result<(), Stop> {
    let benches = std::fs::read_dir(root().join("benches"))
        .into_iter()
        .flatten()
        .flatten();
    if benches
        .into_iter()
        .any(|entry| entry.path().extension().is_some_and(|end| end == "rs"))
    {
        return run(&mut cargo(&["bench", "--locked", "--package", "sekisho"]));
    }
    println!("  no benches in benches/, only the comparison");
    Ok(())
}

/// Makes the command that reads a capture, with an empty folder for what it writes.
type Reader = fn(&Path, &Path) -> Process;

/// The peers: program, how it reads, and Debian's package of it.
const OTHERS: [(&str, Reader, &str); 2] = [("nfpcapd", nfpcapd, "nfdump"), ("tshark", tshark, "tshark")];

/// Ourselves: judging alone, and with flows and alerts written to a data directory.
const OURS: [(&str, Reader); 2] = [("sekisho replay", sekisho), ("sekisho replay --out", sekisho_out)];

/// A program that reads the capture.
struct Peer {
    name: String,
    command: Reader,
    runs: Vec<Run>,
}

/// One reading.
#[derive(Clone, Copy)]
struct Run {
    wall_s: f64,
    cpu_s: f64,
}

fn peers(packets: u64, rounds: u64) -> Result<String, Stop> {
    let (dir, capture) = prepare(packets)?;
    let mut peers: Vec<Peer> = OURS
        .iter()
        .map(|(name, command)| Peer {
            name: (*name).to_owned(),
            command: *command,
            runs: Vec::new(),
        })
        .collect();
    for (name, command, package) in OTHERS {
        match which(name) {
            Some(_) => peers.push(Peer {
                name: version_of(name),
                command,
                runs: Vec::new(),
            }),
            None => println!("  {name} is not here and stays out (Debian package {package})"),
        }
    }
    for round in 1..=rounds {
        for peer in &mut peers {
            let scratch = dir.join("scratch");
            _ = std::fs::remove_dir_all(&scratch);
            std::fs::create_dir_all(&scratch)
                .map_err(|error| Stop::Failed(format!("{} cannot be made: {error}", shown(&scratch))))?;
            let run = measure(&mut (peer.command)(&capture, &scratch))?;
            println!(
                "  round {round}: {} {:.2} s, CPU {:.2} s",
                peer.name, run.wall_s, run.cpu_s
            );
            peer.runs.push(run);
        }
    }
    Ok(table(&capture, packets, &peers))
}

/// Builds the release binary and writes the capture, then reads it once into the page cache.
fn prepare(packets: u64) -> Result<(PathBuf, PathBuf), Stop> {
    run(&mut cargo(&[
        "build",
        "--locked",
        "--release",
        "--package",
        "sekisho",
    ]))?;
    let dir = target().join("bench");
    std::fs::create_dir_all(&dir)
        .map_err(|error| Stop::Failed(format!("{} cannot be made: {error}", shown(&dir))))?;
    let capture = dir.join(format!("bulk-{packets}.pcap"));
    let mut bulk = cargo(&[
        "run",
        "--quiet",
        "--locked",
        "--release",
        "--package",
        "sekisho-kit",
        "--bin",
        "bulk",
    ]);
    run(bulk.arg("--").arg(&capture).arg(packets.to_string()))?;
    _ = std::fs::read(&capture);
    Ok((dir, capture))
}

fn sekisho(capture: &Path, _: &Path) -> Process {
    let mut replay = command(target().join("release/sekisho"));
    replay
        .arg("replay")
        .arg(capture)
        .args(["--policy", "rules/three-zones", "--quiet"]);
    replay
}

fn sekisho_out(capture: &Path, scratch: &Path) -> Process {
    let mut replay = sekisho(capture, scratch);
    replay.arg("--out").arg(scratch.join("data"));
    replay
}

fn nfpcapd(capture: &Path, scratch: &Path) -> Process {
    let mut nfpcapd = command("nfpcapd");
    nfpcapd.arg("-r").arg(capture).arg("-w").arg(scratch);
    nfpcapd
}

fn tshark(capture: &Path, _: &Path) -> Process {
    let mut tshark = command("tshark");
    tshark.args(["-n", "-q", "-z", "conv,tcp", "-r"]).arg(capture);
    tshark
}

fn measure(program: &mut Process) -> Result<Run, Stop> {
    let cpu = children_cpu_s();
    let started = Instant::now();
    let status = program.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let run = Run {
        wall_s: started.elapsed().as_secs_f64(),
        cpu_s: children_cpu_s() - cpu,
    };
    match status {
        Ok(status) if status.success() => Ok(run),
        Ok(status) => Err(Stop::Failed(format!("`{}` ended with {status}", line(program)))),
        Err(error) => Err(Stop::Failed(format!(
            "`{}` cannot be started: {error}",
            line(program)
        ))),
    }
}

/// User and system time of every child that was waited for: fields 16 and 17 of proc(5)'s `stat`.
fn children_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, the program's name in parentheses, may hold spaces.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
    let ticks: f64 = fields
        .skip(13)
        .take(2)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    // Linux shows 100 ticks a second to every program, whatever the kernel's own rate.
    ticks / 100.0
}

/// Name and version, as the program itself says it.
fn version_of(name: &str) -> String {
    let flag = if name == "nfpcapd" { "-V" } else { "--version" };
    let text = answer(command(name).arg(flag)).unwrap_or_default();
    let version = text
        .split([' ', ',', ':'])
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()));
    version.map_or_else(
        || name.to_owned(),
        |version| format!("{name} {}", version.trim_end_matches('.')),
    )
}

fn table(capture: &Path, packets: u64, peers: &[Peer]) -> String {
    let megabytes = capture.metadata().map_or(0, |meta| meta.len()) / 1_000_000;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "{packets} packets, {megabytes} MB, page cache warm, {cores} cores ({}); medians of {} rounds.\n\n",
        cpu_model(),
        peers.first().map_or(0, |peer| peer.runs.len())
    );
    text += "| program | wall s | CPU s | packets per second | packets per CPU second |\n";
    text += "| --- | ---: | ---: | ---: | ---: |\n";
    for peer in peers {
        let wall_s = median(peer.runs.iter().map(|run| run.wall_s));
        let cpu_s = median(peer.runs.iter().map(|run| run.cpu_s));
        text += &format!(
            "| {} | {wall_s:.2} | {cpu_s:.2} | {} | {} |\n",
            peer.name,
            rate(packets, wall_s),
            rate(packets, cpu_s)
        );
    }
    text
}

fn rate(packets: u64, seconds: f64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let rate = packets as f64 / seconds;
    if rate.is_finite() {
        format!("{:.0} k", rate / 1000.0)
    } else {
        "-".to_owned()
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

fn cpu_model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(": "))
        .map_or("unknown CPU", |(_, name)| name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < f64::EPSILON);
        assert!(median([].into_iter()).is_nan());
    }

    #[test]
    fn a_busy_child_is_seen_in_cpu_time() {
        let run =
            measure(command("sh").args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"])).unwrap();

        assert!(
            run.cpu_s > 0.0 && run.cpu_s <= run.wall_s * 2.0,
            "{} of {}",
            run.cpu_s,
            run.wall_s
        );
    }

    #[test]
    fn rates_are_in_thousands() {
        assert_eq!(rate(1_000_000, 0.5), "2000 k");
        assert_eq!(rate(1_000_000, 0.0), "-");
    }
}
