//! How each program reads a capture, and where it says how many flows it found.

use std::path::{Path, PathBuf};
use std::process::Command as Process;

use super::inputs::Input;
use super::make_dir;
use crate::process::{answer, command};
use crate::root::target;
use crate::step::Stop;

/// A program that reads captures.
pub(crate) struct Program {
    /// The word after `--programs`.
    pub(crate) name: &'static str,
    /// What it is called on the search path.
    pub(crate) command: &'static str,
    /// Debian's package of it; none where it is ours.
    pub(crate) debian: Option<&'static str>,
    /// What it does while it reads, for the table's legend.
    pub(crate) about: &'static str,
    /// The command that reads a capture, with an empty folder for what it writes.
    pub(crate) reader: fn(&Path, &Path) -> Result<Process, Stop>,
    /// The flows that it counted, from what stands in that folder; its standard output is in `out`.
    pub(crate) flows: fn(&Path) -> Option<u64>,
    /// Whether it is asked to read a capture of so many packets.
    pub(crate) reads: fn(&Input, u64) -> bool,
}

pub(crate) static PROGRAMS: &[Program] = &[
    Program {
        name: "ceiling",
        command: "ceiling",
        debian: None,
        about: "bare loop: read, 5-tuple, counters in a hash table; nothing else",
        reader: |capture, _| Ok(ours("ceiling", &[], capture)),
        flows: |scratch| after(&out(scratch), "flows "),
        reads: |_, _| true,
    },
    Program {
        name: "sekisho",
        command: "sekisho",
        debian: None,
        about: "`replay --quiet --json --catalogue none --workers 1`: flows only",
        reader: |capture, _| Ok(replay(capture, &["--catalogue", "none", "--workers", "1"])),
        flows: our_flows,
        reads: |_, _| true,
    },
    Program {
        name: "sekisho-2",
        command: "sekisho",
        debian: None,
        about: "the same with `--workers 2`",
        reader: |capture, _| Ok(replay(capture, &["--catalogue", "none", "--workers", "2"])),
        flows: our_flows,
        reads: |_, _| true,
    },
    Program {
        name: "sekisho-eve",
        command: "sekisho",
        debian: None,
        about: "`--policy rules/three-zones --eve FILE --workers 1`: every flow judged and written as a line",
        reader: |capture, scratch| {
            let mut replay = replay(capture, &["--workers", "1", "--policy", "rules/three-zones"]);
            replay.arg("--eve").arg(scratch.join("eve.json"));
            Ok(replay)
        },
        flows: our_flows,
        // Ten million denied flows would be more than 40 GB of lines.
        reads: |input, _| input.kind != "syn-flood",
    },
    Program {
        name: "softflowd",
        command: "softflowd",
        debian: Some("softflowd"),
        about: "`-d -m 2000000`: bidirectional flows, no collector",
        reader: |capture, _| Ok(peer("softflowd", &["-d", "-m", "2000000", "-r"], capture)),
        flows: |scratch| after(&out(scratch), "Flows expired: "),
        reads: |input, _| input.for_peers,
    },
    Program {
        name: "nfpcapd",
        command: "nfpcapd",
        debian: Some("nfdump"),
        about: "`-w DIR`: unidirectional flows, written to a file",
        reader: |capture, scratch| {
            let flows = scratch.join("flows");
            make_dir(&flows)?;
            let mut nfpcapd = peer("nfpcapd", &["-r"], capture);
            nfpcapd.arg("-w").arg(flows);
            Ok(nfpcapd)
        },
        flows: |scratch| {
            let mut nfdump = command("nfdump");
            after(
                &answer(nfdump.arg("-R").arg(scratch.join("flows")).arg("-I"))?,
                "Flows: ",
            )
        },
        reads: |input, _| input.for_peers,
    },
    Program {
        name: "argus",
        command: "argus",
        debian: Some("argus-server"),
        about: "`-w FILE`: bidirectional flow records",
        reader: |capture, scratch| {
            let mut argus = peer("argus", &["-r"], capture);
            argus.arg("-w").arg(scratch.join("argus"));
            Ok(argus)
        },
        flows: |scratch| {
            let mut racount = command("racount");
            let text = answer(racount.arg("-r").arg(scratch.join("argus")))?;
            let sum = text.lines().find(|line| line.trim_start().starts_with("sum"))?;
            sum.split_whitespace().nth(1)?.parse().ok()
        },
        reads: |input, _| input.for_peers,
    },
    Program {
        name: "ndpiReader",
        command: "ndpiReader",
        debian: Some("libndpi-bin"),
        about: "`-i FILE`: bidirectional flows and their protocols, a text report",
        reader: |capture, _| Ok(peer("ndpiReader", &["-i"], capture)),
        flows: |scratch| after(&out(scratch), "Unique flows:"),
        reads: |input, packets| input.for_peers && (input.kind != "small" || packets <= 1_000_000),
    },
    Program {
        name: "suricata",
        command: "suricata",
        debian: Some("suricata"),
        about: "`--runmode single`, no rules, EVE lines of flows, application layer parsers on",
        reader: suricata,
        flows: |scratch| {
            let eve = std::fs::read(scratch.join("eve.json")).ok()?;
            let lines = eve.iter().filter(|octet| **octet == b'\n').count();
            u64::try_from(lines).ok()
        },
        reads: |input, _| input.for_peers,
    },
    Program {
        name: "tshark",
        command: "tshark",
        debian: Some("tshark"),
        about: "`-n -q -z conv,tcp`: full dissection, conversations",
        reader: |capture, _| Ok(peer("tshark", &["-n", "-q", "-z", "conv,tcp", "-r"], capture)),
        flows: |_| None,
        reads: |input, packets| input.kind == "office" && packets <= 1_000_000,
    },
];

/// Limits are raised so that nothing is lost to them.
const SURICATA_YAML: &str = "%YAML 1.1\n---\n\
    vars: {address-groups: {HOME_NET: any, EXTERNAL_NET: any}, port-groups: {}}\n\
    default-log-dir: .\n\
    stats: {enabled: yes, interval: 3600}\n\
    outputs: [{eve-log: {enabled: yes, filetype: regular, filename: eve.json, types: [flow]}}]\n\
    logging: {default-log-level: notice, outputs: [{console: {enabled: yes}}, {file: {enabled: no}}]}\n\
    flow: {memcap: 2gb, hash-size: 262144, prealloc: 10000, emergency-recovery: 30}\n\
    stream: {memcap: 1gb, checksum-validation: no, inline: no, reassembly: {memcap: 2gb, depth: 1mb}}\n\
    defrag: {memcap: 256mb}\n";

fn suricata(capture: &Path, scratch: &Path) -> Result<Process, Stop> {
    let yaml = scratch.join("suricata.yaml");
    std::fs::write(&yaml, SURICATA_YAML)
        .map_err(|error| Stop::Failed(format!("{} cannot be written: {error}", yaml.display())))?;
    let mut suricata = peer(
        "suricata",
        &["-S", "/dev/null", "-k", "none", "--runmode", "single", "-r"],
        capture,
    );
    suricata.arg("-c").arg(yaml).arg("-l").arg(scratch);
    Ok(suricata)
}

fn replay(capture: &Path, more: &[&str]) -> Process {
    let mut replay = ours("sekisho", &["replay", "--quiet", "--json"], capture);
    replay.args(more);
    replay
}

/// A program of ours, built for release.
pub(super) fn release(program: &str) -> PathBuf {
    target().join("release").join(program)
}

fn ours(program: &str, words: &[&str], capture: &Path) -> Process {
    let mut command = command(release(program));
    command.args(words).arg(capture);
    command
}

fn peer(program: &str, words: &[&str], capture: &Path) -> Process {
    let mut command = command(program);
    command.args(words).arg(capture);
    command
}

fn out(scratch: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(scratch.join("out")).unwrap_or_default()).into_owned()
}

fn our_flows(scratch: &Path) -> Option<u64> {
    after(&out(scratch), "\"flows\":")
}

/// The number that follows the first `label`.
fn after(text: &str, label: &str) -> Option<u64> {
    let (_, rest) = text.split_once(label)?;
    let rest = rest.trim_start();
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

/// Name and version, as the program itself says it.
pub(crate) fn version_of(program: &Program) -> String {
    if program.debian.is_none() {
        return program.name.to_owned();
    }
    let flag = match program.name {
        "nfpcapd" | "suricata" => "-V",
        "argus" | "softflowd" | "ndpiReader" => "-h",
        _ => "--version",
    };
    // Some end with an error after their help, and some write it to standard error.
    let output = command(program.command).arg(flag).output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| {
            let text = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&text).into_owned()
        },
    );
    version_in(&text).map_or_else(
        || program.name.to_owned(),
        |version| format!("{} {version}", program.name),
    )
}

fn version_in(text: &str) -> Option<&str> {
    text.split([' ', ',', ':', '\n', '\t', '(', ')'])
        .map(|word| word.trim_start_matches('v').trim_end_matches('.'))
        .find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_behind_their_labels() {
        assert_eq!(after("{\"packets\":9,\"flows\":693,", "\"flows\":"), Some(693));
        assert_eq!(after("Flows expired: 12 (0 forced)", "Flows expired: "), Some(12));
        assert_eq!(after("flows many", "flows "), None);
        assert_eq!(version_in("softflowd v1.1.0 is here."), Some("1.1.0"));
        assert_eq!(version_in("nothing"), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = PROGRAMS.iter().map(|program| program.name).collect();
        names.sort_unstable();
        names.dedup();

        assert_eq!(names.len(), PROGRAMS.len());
    }
}
