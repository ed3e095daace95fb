//! `cargo xtask fuzz`: searches for inputs that break what the targets in `tests/fuzz` keep true.
//!
//! Drives libFuzzer as cargo-fuzz does, with the toolchain that is there: LLVM's coverage pass is
//! asked for by `RUSTFLAGS`, and the crate libfuzzer-sys brings the runtime. No sanitizer is added,
//! since these crates have no unsafe code; what is looked for are panics, overflows, wrong answers,
//! endless loops and memory without bound.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::{Command, Flag, Parsed};
use crate::help;
use crate::pcap::office_morning;
use crate::process::{answer, cargo, command, run};
use crate::root::{root, shown};
use crate::step::Stop;

pub(crate) static COMMAND: Command = Command {
    name: "fuzz",
    about: "Searches for inputs that break decoders, parsers, the flow table, filters and policies.",
    details: "TARGET is capture_file, frame, local, defrag, flow, app, parser, filter, policy, lists or sigma; all in\n\
              turn where none is given. tests/fuzz/README.md says what each keeps true. The first build takes some minutes\n\
              and needs a C++ compiler. What is found grows in tests/fuzz/corpus and is where the next run\n\
              begins; the first begins with small captures, where there are any, and the shipped policy.\n\
              An input that breaks something is left in tests/fuzz/artifacts; --input runs it again.\n\
              Exit code 1 where there is one.",
    example: "cargo xtask fuzz frame --seconds 600",
    flags: &[
        Flag {
            name: "--seconds",
            value: Some("N"),
            about: "how long each target runs (default 60)",
        },
        Flag {
            name: "--input",
            value: Some("FILE"),
            about: "run TARGET on this input alone",
        },
    ],
    operand: Some("TARGET"),
    run: fuzz,
};

/// A target, and what its first inputs are made of.
struct Target {
    name: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    /// Longest input that is tried.
    octets: usize,
}

static TARGETS: &[Target] = &[
    Target {
        name: "capture_file",
        seeds: capture_seeds,
        octets: 8192,
    },
    Target {
        name: "frame",
        seeds: frame_seeds,
        octets: 2048,
    },
    Target {
        name: "local",
        seeds: local_seeds,
        octets: 4096,
    },
    Target {
        name: "defrag",
        seeds: record_seeds,
        octets: 8192,
    },
    Target {
        name: "flow",
        seeds: record_seeds,
        octets: 4096,
    },
    Target {
        name: "app",
        seeds: no_seeds,
        octets: 8192,
    },
    Target {
        name: "parser",
        seeds: no_seeds,
        octets: 8192,
    },
    Target {
        name: "filter",
        seeds: filter_seeds,
        octets: 512,
    },
    Target {
        name: "policy",
        seeds: policy_seeds,
        octets: 49_152,
    },
    Target {
        name: "lists",
        seeds: list_seeds,
        octets: 4096,
    },
    Target {
        name: "sigma",
        seeds: sigma_seeds,
        octets: 8192,
    },
];

/// Coverage as cargo-fuzz asks for it: counters at every edge, and what comparisons compare.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
     -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Largest capture that becomes a seed, and the most seeds of one kind.
const SMALL: u64 = 4096;
const SEEDS: usize = 200;

fn fuzz(parsed: &Parsed) -> ExitCode {
    let (targets, seconds) = match (chosen(parsed), parsed.number("--seconds", 60)) {
        (Ok(targets), Ok(seconds)) => (targets, seconds),
        (Err(reason), _) | (_, Err(reason)) => {
            eprintln!("xtask: {reason}");
            return ExitCode::from(2);
        }
    };
    let here = std::env::current_dir().unwrap_or_else(|_| root());
    let input = parsed.values("--input").last().map(|file| here.join(file));
    let mut broken = Vec::new();
    for target in targets {
        let outcome = build(target).and_then(|program| match &input {
            Some(input) => run(command(program).arg(input)),
            None => search(target, &program, seconds),
        });
        if let Err(Stop::Failed(why) | Stop::Skipped(why)) = outcome {
            eprintln!("xtask: {}: {why}", target.name);
            broken.push(target.name);
        }
    }
    if broken.is_empty() {
        println!("\nnothing broke");
        return ExitCode::SUCCESS;
    }
    println!("\nbroken: {}; see tests/fuzz/artifacts", broken.join(", "));
    ExitCode::FAILURE
}

fn chosen(parsed: &Parsed) -> Result<Vec<&'static Target>, String> {
    let Some(name) = parsed.operand() else {
        if parsed.has("--input") {
            return Err("`--input` wants a target: cargo xtask fuzz TARGET --input FILE".to_owned());
        }
        return Ok(TARGETS.iter().collect());
    };
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    match TARGETS.iter().find(|target| target.name == name) {
        Some(target) => Ok(vec![target]),
        None => Err(format!(
            "there is no target `{name}`{}; the targets are {}",
            help::suggestion(name, &names),
            names.join(", ")
        )),
    }
}

fn folder() -> PathBuf {
    root().join("tests/fuzz")
}

/// Builds one target with coverage and gives the program.
fn build(target: &Target) -> Result<PathBuf, Stop> {
    let host = answer(command("rustc").args(["--print", "host-tuple"]))
        .ok_or_else(|| Stop::Failed("`rustc --print host-tuple` gives no answer".to_owned()))?;
    let made = folder().join("target");
    // Naming the host keeps the flags away from build scripts, which have no fuzzer to link.
    let mut build = cargo(&[
        "build",
        "--locked",
        "--release",
        "--target",
        &host,
        "--bin",
        target.name,
    ]);
    build
        .current_dir(folder())
        .arg("--target-dir")
        .arg(&made)
        .env("RUSTFLAGS", COVERAGE)
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    run(&mut build)?;
    Ok(made.join(host).join("release").join(target.name))
}

/// Runs a target on what is known and on whatever it makes of it.
fn search(target: &Target, program: &Path, seconds: u64) -> Result<(), Stop> {
    let corpus = folder().join("corpus").join(target.name);
    let artifacts = folder().join("artifacts").join(target.name);
    for dir in [&corpus, &artifacts] {
        std::fs::create_dir_all(dir).map_err(|error| cannot_be_written(dir, &error))?;
    }
    for (index, seed) in (target.seeds)().iter().take(SEEDS).enumerate() {
        let file = corpus.join(format!("seed-{index:03}"));
        std::fs::write(&file, seed).map_err(|error| cannot_be_written(&file, &error))?;
    }
    // A target that wants the payload of flows takes it from the captures itself, and ends.
    run(command(program)
        .args(["-runs=0"])
        .env("SEKISHO_SEEDS_INTO", &corpus)
        .env("SEKISHO_CAPTURES", captures()))?;
    let mut search = command(program);
    search
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={}", target.octets))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        // An input that takes this long is as good a find as one that panics.
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .arg(&corpus);
    run(&mut search).map_err(|_| {
        Stop::Failed(format!(
            "an input broke it; run it again with: cargo xtask fuzz {} --input {}/FILE",
            target.name,
            shown(&artifacts)
        ))
    })
}

fn cannot_be_written(path: &Path, error: &std::io::Error) -> Stop {
    Stop::Failed(format!("{} cannot be written: {error}", shown(path)))
}

/// Small captures of the labelled ones, where they lie beside the repository, and the beginning of
/// the exercise capture, where it was written.
fn capture_seeds() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in entries(&captures()) {
        files.extend(entries(&folder));
    }
    let is_small = |file: &PathBuf| {
        file.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() <= SMALL)
    };
    let mut seeds: Vec<Vec<u8>> = files
        .iter()
        .filter(|file| is_small(file))
        .filter_map(|file| std::fs::read(file).ok())
        .collect();
    seeds.extend(beginning(&office_morning()));
    seeds
}

/// Where the labelled captures are.
fn captures() -> PathBuf {
    std::env::var_os("SEKISHO_CAPTURES").map_or_else(|| root().join("../shared/captures"), PathBuf::from)
}

/// The first octets of a file.
fn beginning(file: &Path) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut octets = Vec::new();
    let file = std::fs::File::open(file).ok()?;
    file.take(SMALL).read_to_end(&mut octets).ok()?;
    Some(octets)
}

/// What is in a folder, by name.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = found.map(|entry| entry.path()).collect();
    found.sort();
    found
}

/// Link type, nothing cut off, and one frame: the first of each capture, and one further in.
fn frame_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for capture in capture_seeds() {
        let (linktype, frames) = frames(&capture);
        for frame in frames.first().into_iter().chain(frames.get(3)) {
            seeds.push([&linktype.to_be_bytes()[..], &[0, 0], frame].concat());
        }
    }
    seeds
}

/// What follows the header of the Ethernet frames that are not of IPv4: ARP, LLDP and CDP; and what
/// follows those of IPv6: neighbour discovery, mostly.
fn local_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for capture in capture_seeds() {
        for frame in frames(&capture).1 {
            match frame.get(12..14) {
                Some([0x08, 0x00]) | None => {}
                Some([0x86, 0xdd]) => seeds.extend(frame.get(54..).map(<[u8]>::to_vec)),
                Some([0x00..=0x05, _]) => seeds.extend(frame.get(22..).map(<[u8]>::to_vec)),
                Some(_) => seeds.extend(frame.get(14..).map(<[u8]>::to_vec)),
            }
        }
    }
    seeds
}

/// For targets that write their first inputs themselves.
const fn no_seeds() -> Vec<Vec<u8>> {
    Vec::new()
}

/// Link type and records, as the library of the fuzz targets reads them.
fn record_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for capture in capture_seeds() {
        let (linktype, frames) = frames(&capture);
        let mut seed = linktype.to_be_bytes().to_vec();
        for frame in frames {
            // A millisecond after the one before, whole.
            seed.extend([0x21, 0]);
            seed.extend(u16::try_from(frame.len()).unwrap_or(u16::MAX).to_be_bytes());
            seed.extend(frame);
        }
        if seed.len() > 2 {
            seeds.push(seed);
        }
    }
    seeds
}

/// Link type and frames of a little-endian pcap or a pcapng of one interface; nothing of others.
fn frames(capture: &[u8]) -> (u16, Vec<&[u8]>) {
    let word = |at: usize| {
        let octets = capture.get(at..at + 4)?;
        octets.try_into().ok().map(u32::from_le_bytes)
    };
    let long = |at: usize| word(at).and_then(|word| usize::try_from(word).ok());
    let mut linktype = 1;
    let mut found = Vec::new();
    match word(0) {
        Some(0xa1b2_c3d4 | 0xa1b2_3c4d) => {
            linktype = word(20).unwrap_or(1);
            let mut at = 24;
            while let Some(frame) = long(at + 8).and_then(|length| capture.get(at + 16..at + 16 + length)) {
                found.push(frame);
                at += 16 + frame.len();
            }
        }
        Some(0x0a0d_0d0a) => {
            let mut at = 0;
            while let (Some(kind), Some(length @ 12..)) = (word(at), long(at + 4)) {
                match kind {
                    1 => linktype = word(at + 8).unwrap_or(1),
                    6 => {
                        let frame = long(at + 20).and_then(|length| capture.get(at + 28..at + 28 + length));
                        found.extend(frame);
                    }
                    _ => {}
                }
                at += length;
            }
        }
        _ => {}
    }
    (u16::try_from(linktype & 0xffff).unwrap_or(1), found)
}

/// One expression of every form that the grammar has.
fn filter_seeds() -> Vec<Vec<u8>> {
    let expressions = [
        "resp.port in {80, 443, 8000..8080} and not orig.address == 10.0.0.0/8",
        "orig.zone == \"office\" || (resp.zone contains 'serv' && packets >= 1_000)",
        "service matches \"^tls\" or 2001:db8::1 or 192.0.2.0/24",
        "start > 2026-11-14T22:13:20Z and duration < 5s and protocol != tcp",
        "!(address not in {192.0.2.1, 198.51.100.0/24}) and verdict == denied",
    ];
    expressions.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// A list in every format; the first octet names it.
fn list_seeds() -> Vec<Vec<u8>> {
    let lists = [
        "\0# title\n203.0.113.7 # note\n198.51.100.0/24\n[2001:db8::7]:53\n*.evil[.]example\nhxxp://evil.example/a?b\n\
         e7d705a3286e19ea42f587b344ee6865\nt13d1516h2_8daaf6152771_e5627efa2ab1\n||ads.example^\n0.0.0.0 a.example\n",
        "\u{1}# \"ioc_value\",\"ioc_type\",\"confidence_level\",\"expires\"\n\"203.0.113.7:443\", \"ip:port\", \"75\", \"2026-11-04\"\n",
        "\u{2}#fields\tindicator\tindicator_type\tmeta.desc\nevil.example\tIntel::DOMAIN\t-\n",
        "\u{3}{\"type\": \"bundle\", \"objects\": [{\"type\": \"indicator\", \"name\": \"C2\", \"valid_until\": \"2027-01-01T00:00:00Z\", \
         \"pattern\": \"[ipv4-addr:value = '203.0.113.7' OR domain-name:value IN ('a.example', 'b.example')] OR [url:value = 'http://x.example/']\"}]}",
        "\u{4}{\"Event\": {\"info\": \"x\", \"Attribute\": [{\"type\": \"ip-dst|port\", \"value\": \"203.0.113.8|8443\", \"to_ids\": true}, \
         {\"type\": \"domain|ip\", \"value\": \"evil.example|203.0.113.9\"}]}}",
    ];
    lists.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Rules of most log sources, with most modifiers and forms of a condition; the first octet says whether
/// exceptions may be left out.
fn sigma_seeds() -> Vec<Vec<u8>> {
    let rules = [
        "\0title: A\nid: 6e1c1a2e-0000-4000-8000-000000000001\nstatus: test\nlogsource: {category: dns}\ndetection:\n  s:\n    \
         query|endswith: ['.evil.example', '*.b.example']\n    record_type: [A, TXT]\n  filter_a:\n    query|re: '^x{2}$'\n  \
         condition: s and not 1 of filter_*\nlevel: high\ntags: [attack.t1071.004]\nfalsepositives:\n  - None\n",
        "\u{1}title: \"B\"\ndescription: >-\n  two\n  lines\ndate: 2024-01-02\nlogsource:\n  category: firewall\ndetection:\n  sel:\n    \
         dst_port|gte: 1000\n    dst_ip|cidr: [10.0.0.0/8, 'fc00::/7']\n    src_ip|startswith: '192.168.'\n  filter_other:\n    \
         action: blocked\n  condition: sel and not filter_other\n",
        "\0title: C\nlogsource: {product: zeek, service: http}\ndetection:\n  a: &x {user_agent|contains|all: [curl, '7']}\n  b:\n    \
         - *x\n    - {uri|windash|contains: ' -x'}\n  condition: [all of them, '1 of b* or (a and not b)']\n",
        "\0--- # first\ntitle: D\nlogsource: {category: proxy}\ndetection:\n  s: {c-useragent|re|i: 'bot', cs-host: null, c-uri|exists: true}\n  \
         condition: s\n---\ntitle: E\nlogsource: {product: zeek, service: conn}\ndetection:\n  s: {service: ssl, orig_bytes|gt: 5, \
         conn_state: [SF, S0], duration|lt: 1.5}\n  condition: s\n...\n",
        "\0title: F\nlogsource: {product: zeek, service: ssl}\ndetection:\n  keywords: ['a', 'b']\n  s: {version: TLSv10, ja3: '0123', \
         server_name|cased: Ab?c*d}\n  condition: s | count() by src_ip > 5\n\u{0}title: G\ncorrelation: {type: event_count}\n",
    ];
    rules.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// The shipped policies, each of their files alone and each folder as one.
fn policy_seeds() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        b"schema = 1\n[policy]\nname = \"two\"\nversion = \"1\"\n[zone.a]\nnetworks = [\"10.1.0.0/16\"]\n\
          [zone.b]\nnetworks = [\"10.2.0.0/16\", \"2001:db8::/32\"]\nvlans = [7]\nintra = \"deny\"\n\
          [[path]]\nid = \"P-1\"\nfrom = \"a\"\nto = [\"b\"]\nprotocol = \"tcp\"\nports = [80, \"8000-8080\"]\n"
            .to_vec(),
    ];
    for folder in entries(&root().join("rules")) {
        let files: Vec<Vec<u8>> = entries(&folder)
            .iter()
            .filter(|file| file.extension().is_some_and(|end| end == "toml"))
            .filter_map(|file| std::fs::read(file).ok())
            .collect();
        seeds.push(files.join(&0));
        seeds.extend(files);
    }
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_built_and_explained() {
        let manifest = include_str!("../../tests/fuzz/Cargo.toml");
        let readme = include_str!("../../tests/fuzz/README.md");

        for target in TARGETS {
            assert!(
                manifest.contains(&format!("name = \"{}\"", target.name)),
                "{}",
                target.name
            );
            assert!(readme.contains(&format!("`{}`", target.name)), "{}", target.name);
            assert!(COMMAND.details.contains(target.name), "{}", target.name);
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }

    #[test]
    fn frames_are_found_in_both_formats() {
        let mut pcap = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0].to_vec();
        pcap.extend([0; 8]);
        pcap.extend([0, 0, 4, 0, 113, 0, 0, 0]);
        for frame in [&b"abc"[..], b"de"] {
            pcap.extend([0; 8]);
            pcap.extend(u32::try_from(frame.len()).unwrap().to_le_bytes());
            pcap.extend([60, 0, 0, 0]);
            pcap.extend(frame);
        }
        let mut pcapng = Vec::new();
        for (kind, body) in [
            (
                0x0a0d_0d0a,
                &[
                    0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                ][..],
            ),
            (1, &[113, 0, 0, 0, 0, 0, 0, 0]),
            (
                6,
                &[
                    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 60, 0, 0, 0, b'a', b'b', b'c', 0,
                ],
            ),
        ] {
            let length = u32::try_from(body.len() + 12).unwrap().to_le_bytes();
            pcapng.extend(u32::to_le_bytes(kind));
            pcapng.extend([&length[..], body, &length].concat());
        }

        assert_eq!(frames(&pcap), (113, vec![&b"abc"[..], b"de"]));
        assert_eq!(frames(&pcapng), (113, vec![&b"abc"[..]]));
        assert_eq!(frames(&pcap[..pcap.len() - 1]).1.len(), 1);
        assert_eq!(frames(b"no capture"), (1, vec![]));
    }

    #[test]
    fn a_target_that_is_not_there_is_answered_with_the_near_one() {
        let words = ["polici".to_owned()];
        let parsed = crate::args::parse(&COMMAND, &words).unwrap();

        let reason = chosen(&parsed).map(|targets| targets.len()).unwrap_err();

        assert!(reason.contains("did you mean `policy`?"), "{reason}");
    }
}
