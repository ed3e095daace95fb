//! The command line as a newcomer meets it, wrong use above all: every refusal names the file, the
//! place, the cause and the remedy, and has the exit code of the contract.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use support::{code, run, sekisho, stderr, stdout, summary};

/// A pcap of Ethernet frames, microseconds, little-endian.
fn pcap(frames: &[&[u8]]) -> Vec<u8> {
    let mut out = vec![
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
    ];
    for (second, frame) in (1_700_000_000_u32..).zip(frames) {
        let length = u32::try_from(frame.len()).unwrap();
        out.extend(
            [second, 0, length, length]
                .iter()
                .flat_map(|number| number.to_le_bytes()),
        );
        out.extend(*frame);
    }
    out
}

/// An ARP frame: no IP in it.
fn arp() -> Vec<u8> {
    [&[0xff; 6][..], &[2; 6], &[0x08, 0x06], &[0; 46]].concat()
}

/// A UDP datagram from 10.0.0.1:1000 to 10.0.0.2:53, checksums left out as a network card would.
fn udp() -> Vec<u8> {
    let ip = [0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    let datagram = [3, 0xe8, 0, 53, 0, 12, 0, 0, 1, 2, 3, 4];
    [&[4; 6][..], &[2; 6], &[0x08, 0x00], &ip, &datagram].concat()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, octets: &[u8]) -> String {
        std::fs::write(self.path(name), octets).unwrap();
        self.name(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn unreadable_input_is_refused_with_file_cause_and_remedy() {
    let folder = Folder::new();
    let cases = [
        (folder.file("empty.pcap", b""), "empty"),
        (folder.file("one.pcap", b"\xd4"), "1 are there"),
        (
            folder.file("text.pcap", b"hello, this is no capture at all"),
            "pcap",
        ),
        (folder.name(""), "directory"),
        (folder.name("missing.pcap"), "no such file"),
    ];
    for (path, cause) in cases {
        let output = run(&["replay", &path]);

        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{said}");
        assert!(said.contains(&path) && said.contains(cause), "{path}: {said}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_cut_file_gives_what_stands_before_the_damage() {
    let folder = Folder::new();
    let whole = pcap(&[&udp(), &udp()]);
    let path = folder.file("cut.pcap", &whole[..whole.len() - 3]);

    let output = run(&["replay", &path, "--json"]);

    assert_eq!(code(&output), 3);
    assert_eq!(summary(&output)["packets"], 1);
    let said = stderr(&output);
    assert!(said.contains(&path) && said.contains("octet"), "{said}");
    assert!(
        summary(&output)["input"]["files"][0]["damage"]
            .as_str()
            .unwrap()
            .contains("octet")
    );
}

#[test]
fn a_capture_without_ip_gives_zeros_and_a_sentence() {
    let folder = Folder::new();
    let path = folder.file("arp.pcap", &pcap(&[&arp()]));

    let output = run(&["replay", &path]);

    assert_eq!(code(&output), 0);
    assert!(
        stdout(&output).contains("There was not one IP flow in it."),
        "{}",
        stdout(&output)
    );
    let output = run(&["replay", &path, "--json"]);
    assert_eq!(
        (&summary(&output)["packets"], &summary(&output)["flows"]),
        (&1.into(), &0.into())
    );
}

#[test]
fn standard_input_is_read_like_a_file() {
    let mut child = sekisho(&["replay", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&pcap(&[&udp()])).unwrap();

    let output = child.wait_with_output().unwrap();

    assert_eq!(code(&output), 0);
    assert_eq!(summary(&output)["flows"], 1);
}

#[test]
fn a_policy_with_a_mistake_stops_everything() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    std::fs::create_dir(folder.path("policy")).unwrap();
    folder.file("policy/zones.toml", b"schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\nmode = \"enforce\"\n[zone.a]\nnetwroks = [\"10.0.0.0/8\"]\n");
    let policy = folder.name("policy");

    let output = run(&[
        "replay",
        &capture,
        "--policy",
        &policy,
        "--out",
        &folder.name("data"),
    ]);

    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(said.contains("zones.toml") && said.contains("networks"), "{said}");
    assert!(!folder.path("data").exists());
    assert_eq!(code(&run(&["rules", "check", &policy])), 1);
    assert_eq!(code(&run(&["rules", "check", &folder.name("nowhere")])), 2);
}

#[test]
fn the_shipped_preset_has_no_mistake() {
    let preset = support::repository().join("rules/three-zones");

    let output = run(&["rules", "check", preset.to_str().unwrap(), "--at", "2026-11-04"]);

    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(!stderr(&output).contains("warning"), "{}", stderr(&output));
}

#[test]
fn the_shipped_preset_keeps_every_statement_and_no_path_of_it_is_idle() {
    let preset = support::repository().join("rules/three-zones");

    let output = run(&["rules", "prove", preset.to_str().unwrap(), "--at", "2026-11-04"]);

    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}{}", stderr(&output));
    assert_eq!(said.matches(": proved").count(), 6, "{said}");
    assert!(said.ends_with("50 paths, 6 statements, 0 remarks.\n"), "{said}");
}

const TWO_ZONES: &str = "schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\n\
    [zone.a]\nnetworks = [\"10.1.0.0/16\"]\n[zone.b]\nnetworks = [\"10.2.0.0/16\"]\n";
const WEB: &str = "[[path]]\nid = \"PATH-1\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nports = [443]\n";

#[test]
fn a_statement_that_does_not_hold_is_shown_by_a_flow() {
    let folder = Folder::new();
    let never = "[[statement]]\nid = \"STATE-1\"\nnever = \"a -> b\"\n";
    folder.file("policy.toml", format!("{TWO_ZONES}{WEB}{never}").as_bytes());

    let output = run(&["rules", "prove", &folder.name("."), "--at", "2026-11-04"]);

    let said = stdout(&output);
    assert_eq!(code(&output), 1, "{said}{}", stderr(&output));
    assert!(
        said.contains("STATE-1  never a -> b: refuted: PATH-1 allows it"),
        "{said}"
    );
    let example = said.lines().find(|line| line.contains("example:")).unwrap();
    assert!(
        example.contains("tcp 10.1.") && example.contains(":443"),
        "{said}"
    );
}

#[test]
fn a_difference_names_what_is_newly_allowed_and_newly_denied() {
    let folder = Folder::new();
    for (name, path) in [("before", ""), ("after", WEB)] {
        std::fs::create_dir(folder.path(name)).unwrap();
        folder.file(
            &format!("{name}/policy.toml"),
            format!("{TWO_ZONES}{path}").as_bytes(),
        );
    }
    let diff = |one: &str, other: &str| run(&["rules", "diff", &folder.name(one), &folder.name(other)]);

    let (opens, closes, same) = (
        diff("before", "after"),
        diff("after", "before"),
        diff("after", "after"),
    );

    assert_eq!((code(&opens), code(&closes), code(&same)), (1, 1, 0));
    assert!(
        stdout(&opens).starts_with("newly allowed: a -> b tcp/443\n"),
        "{}",
        stdout(&opens)
    );
    assert!(
        stdout(&opens).contains("(PATH-DENY -> PATH-1)"),
        "{}",
        stdout(&opens)
    );
    assert!(
        stdout(&closes).starts_with("newly denied: a -> b tcp/443\n"),
        "{}",
        stdout(&closes)
    );
    assert_eq!(stdout(&same), "The two policies say the same of every flow.\n");
}

#[test]
fn a_date_that_is_none_and_a_folder_that_is_none_are_refused() {
    let folder = Folder::new();
    folder.file("policy.toml", TWO_ZONES.as_bytes());

    let date = run(&["rules", "prove", &folder.name("."), "--at", "2026-02-30"]);
    let nowhere = run(&["rules", "diff", &folder.name("."), &folder.name("nowhere")]);

    assert_eq!((code(&date), code(&nowhere)), (2, 2));
    assert!(stderr(&date).contains("--at 2026-02-30"), "{}", stderr(&date));
    assert!(stderr(&nowhere).contains("nowhere"), "{}", stderr(&nowhere));
}

#[test]
fn wrong_options_are_refused() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    for (arguments, cause) in [
        (&["replay"][..], "CAPTURE"),
        (&["reply", &capture], "replay"),
        (&["replay", &capture, "--workers", "0"], "1..=16"),
        (&["replay", &capture, "--filter", "orig.prt == 5"], "orig.port"),
        (&["replay", &capture, "--eve", "-", "--json"], "--eve"),
        (
            &["replay", &capture, "--eve", "/nowhere/eve.json"],
            "/nowhere/eve.json",
        ),
        (&["serve", "--data", "/nowhere"], "/nowhere"),
    ] {
        let output = run(arguments);

        assert_eq!(code(&output), 2, "{arguments:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(cause),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
}

#[test]
fn every_help_has_an_example() {
    for arguments in [
        &["--help"][..],
        &["replay", "--help"],
        &["serve", "--help"],
        &["rules", "check", "--help"],
    ] {
        let output = run(arguments);

        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("Example"), "{arguments:?}");
    }
    assert!(stdout(&run(&["replay", "--help"])).contains("flows_evicted"));
}

#[test]
fn a_full_disk_is_said_and_a_closed_pipe_is_not() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    if Path::new("/dev/full").exists() {
        let output = run(&["replay", &capture, "--eve", "/dev/full"]);

        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
    }
    let many = folder.file("many.pcap", &pcap(&vec![udp().as_slice(); 20_000]));
    let mut child = sekisho(&["replay", &many, "--eve", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
}

#[test]
fn a_port_in_use_is_said_before_anything_is_read() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let output = run(&[
        "replay",
        &capture,
        "--out",
        &folder.name("data"),
        "--serve",
        &address,
    ]);

    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains(&address) && stderr(&output).contains("in use"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path("data").exists());
    let output = run(&["replay", &capture, "--serve", "192.0.2.1:8080"]);
    assert!(stderr(&output).contains("loopback"), "{}", stderr(&output));
}

#[test]
fn a_folder_that_is_no_data_directory_is_left_alone() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    std::fs::create_dir(folder.path("mine")).unwrap();
    folder.file("mine/letter.txt", b"dear");

    let output = run(&["replay", &capture, "--out", &folder.name("mine")]);

    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(stderr(&output).contains(&folder.name("mine")));
    assert_eq!(std::fs::read_dir(folder.path("mine")).unwrap().count(), 1);
}

#[test]
fn the_dashboard_answers_until_it_is_told_to_end() {
    let folder = Folder::new();
    let capture = folder.file("a.pcap", &pcap(&[&udp()]));
    let mut child = sekisho(&["replay", &capture, "--serve", "127.0.0.1:0", "--quiet"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut errors, &mut line).unwrap();
    let address = line
        .split("http://")
        .nth(1)
        .and_then(|rest| rest.split('/').next())
        .expect(&line)
        .to_owned();

    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(
        stream,
        "GET /api/v1/overview HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"flows\":1"),
        "{answer}"
    );
    let terminated = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert!(terminated.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
