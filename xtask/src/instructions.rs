//! The step `instructions`: what a packet costs, counted and not timed, against the number on record.
//!
//! The release binary replays generated office traffic under callgrind. A count is the same on a busy
//! machine, to a thousandth: threads that wait for each other and the key of the hash are what is left.
//! The catalogue is left out: compiling it is a matter of the start and not of packets.
//! The record is `benches/instructions.toml`. It is of the release profile, because the count without
//! optimisation says little about the one with it: it moves with every helper function.

use std::path::Path;
use std::process::Stdio;

use crate::process::{cargo, command, line, run, which};
use crate::root::{root, target};
use crate::step::{Outcome, Step, Stop};

pub(crate) const STEP: Step = Step {
    name: "instructions",
    about: "a packet costs no more instructions than benches/instructions.toml says (valgrind)",
    needs: &["build"],
    run: check,
};

/// Where the number is kept.
const RECORD: &str = "benches/instructions.toml";
/// Packets of the capture: enough that starting and ending the program do not matter.
const PACKETS: u64 = 50_000;
/// A count may be off by this many percent of the record.
const PERCENT: u64 = 5;

fn check() -> Outcome {
    let Some(valgrind) = which("valgrind") else {
        return Err(Stop::Skipped(
            "valgrind is not installed; Debian's package of that name has it".to_owned(),
        ));
    };
    let record = std::fs::read_to_string(root().join(RECORD))
        .ok()
        .and_then(|text| recorded(&text))
        .ok_or_else(|| Stop::Failed(format!("{RECORD} has no line `instructions_a_packet = NUMBER`")))?;
    // An incremental build keeps crates in small units, inlines less and counts a fifth more.
    let mut build = cargo(&["build", "--locked", "--release", "--bin", "sekisho"]);
    run(build.env("CARGO_INCREMENTAL", "0"))?;
    let capture = target().join("instructions.pcap");
    let mut bulk = command(target().join("debug/bulk"));
    run(bulk.arg("office").arg(&capture).arg(PACKETS.to_string()))?;
    judge(count(&valgrind, &capture)? / PACKETS, record)
}

/// Instructions of one replay, all threads together.
fn count(valgrind: &Path, capture: &Path) -> Result<u64, Stop> {
    let mut replay = command(valgrind);
    replay
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(target().join("release/sekisho"))
        .arg("replay")
        .arg(capture)
        .args(["--quiet", "--workers", "1", "--catalogue", "none"]);
    println!("  $ {}", line(&replay));
    let output = replay
        .stdout(Stdio::null())
        .output()
        .map_err(|error| Stop::Failed(format!("valgrind cannot be started: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match collected(&said) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(Stop::Failed(format!(
            "valgrind ended with {}:\n{said}",
            output.status
        ))),
    }
}

/// The number on record.
fn recorded(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find(|line| line.starts_with("instructions_a_packet"))?;
    line.split_once('=')?.1.trim().replace('_', "").parse().ok()
}

/// The number that callgrind says at its end.
fn collected(said: &str) -> Option<u64> {
    let (_, rest) = said.split_once("Collected :")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// What a count means beside the record.
fn judge(count: u64, record: u64) -> Outcome {
    let note = format!("{count} instructions a packet, {record} on record");
    if count * 100 > record * (100 + PERCENT) {
        return Err(Stop::Failed(format!(
            "{note}: more than {PERCENT} % above; find what costs it, or say in {RECORD} why it is worth it"
        )));
    }
    if count * 100 < record * (100 - PERCENT) {
        println!("  {note}: better by more than {PERCENT} %; write the new number into {RECORD}");
    }
    Ok(note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_a_number() {
        let text = std::fs::read_to_string(root().join(RECORD)).unwrap();

        assert!(recorded(&text).is_some_and(|number| number > 100));
        assert_eq!(recorded("# x\ninstructions_a_packet = 1_234\n"), Some(1_234));
        assert_eq!(recorded("instructions_a_packet = many\n"), None);
    }

    #[test]
    fn callgrinds_last_lines_are_read() {
        let said = "==1== \n==1== Events    : Ir\n==1== Collected : 782598248\n==1== \n==1== I   refs:      782,598,248\n";

        assert_eq!(collected(said), Some(782_598_248));
        assert_eq!(collected("==1== killed"), None);
    }

    #[test]
    fn only_more_than_the_margin_above_fails() {
        assert!(judge(1_050, 1_000).is_ok());
        assert!(matches!(judge(1_051, 1_000), Err(Stop::Failed(_))));
        assert!(judge(500, 1_000).is_ok());
    }
}
