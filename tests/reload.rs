//! The policy changes while a replay goes on: between two batches of a run through the library, and in
//! the folder that the binary follows.

mod support;

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

use crossbeam_channel::{Sender, unbounded};
use sekisho::capture::{Batch, FileSource, Fill, Order, Source};
use sekisho::detect::indicators::load;
use sekisho::engine::{Config, NamedExporter, Outputs, Progress, Reload};
use sekisho::export::Eve;
use sekisho::model::summary::{InputFile, Summary};
use sekisho::policy::{Policy, load_dir};
use sekisho_kit::{Capture, Close, Conversation, Endpoint, Frame, Packet, PcapWriter, Random};
use serde_json::Value;

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// Two zones; a path for a port of the server's.
fn text(version: &str, port: u16) -> String {
    format!(
        "schema = 1\n[policy]\nname = \"p\"\nversion = \"{version}\"\nmode = \"enforce\"\n\
         [zone.office]\nnetworks = [\"192.0.2.0/24\"]\n[zone.server]\nnetworks = [\"198.51.100.0/24\"]\n\
         [[path]]\nid = \"PATH-0001\"\nfrom = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [{port}]\n"
    )
}

fn policy(version: &str, port: u16) -> Arc<Policy> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("p.toml"), text(version, port)).unwrap();
    Arc::new(Policy::compile(&load_dir(folder.path()).unwrap()).unwrap())
}

/// A capture in batches of so many packets; news comes while a batch is read, and so counts from the
/// next one on.
struct Steps {
    capture: FileSource,
    held: Batch,
    /// Batches read.
    number: usize,
    news: Vec<(usize, Reload)>,
    send: Sender<Reload>,
}

impl Source for Steps {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        self.held.clear();
        let fill = self.capture.fill(&mut self.held);
        for packet in self.held.iter() {
            batch.push(packet);
        }
        self.number += 1;
        for (_, reload) in self.news.iter().filter(|(after, _)| *after == self.number) {
            self.send.send(reload.clone()).unwrap();
        }
        fill
    }

    fn inputs(&self) -> Vec<InputFile> {
        self.capture.inputs()
    }

    fn octets_read(&self) -> u64 {
        self.capture.octets_read()
    }

    fn octets_total(&self) -> Option<u64> {
        self.capture.octets_total()
    }
}

struct Run<'a> {
    capture: &'a Path,
    policy: &'a Arc<Policy>,
    /// Packets of a batch.
    packets: usize,
    /// After which batch what is sent.
    news: Vec<(usize, Reload)>,
    workers: usize,
}

impl Run<'_> {
    /// The EVE text and the summary.
    fn replay(&self) -> (String, Summary) {
        let eve = tempfile::NamedTempFile::new().unwrap();
        let (send, reload) = unbounded();
        let mut source = Steps {
            capture: FileSource::open(&[self.capture.to_owned()], Order::ByTime).unwrap(),
            held: Batch::with_capacity(self.packets, 256 << 10),
            number: 0,
            news: self.news.clone(),
            send,
        };
        let config = Config {
            workers: self.workers,
            flow: Default::default(),
            policy: Arc::clone(self.policy),
            indicators: Default::default(),
            reload: Some(reload),
            filter: None,
            checkpoint: None,
            health: Default::default(),
        };
        let outputs = Outputs {
            store: None,
            exporters: vec![NamedExporter {
                name: "EVE".to_owned(),
                exporter: Box::new(Eve::new(eve.reopen().unwrap(), true)),
            }],
            ..Outputs::default()
        };
        let summary = sekisho::engine::replay(&config, &mut source, outputs, &Progress::default()).unwrap();
        (std::fs::read_to_string(eve.path()).unwrap(), summary)
    }
}

fn events(eve: &str, kind: &str) -> Vec<Value> {
    eve.lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["event_type"] == kind)
        .collect()
}

/// A connection to port 443 from a port, closed or left open; its packets take less than a second.
fn connection(port: u16, close: Close, second: u64) -> Vec<Packet> {
    let (client, server) = (
        Endpoint::new("192.0.2.10", port),
        Endpoint::new("198.51.100.2", 443),
    );
    Conversation::new(client, server)
        .close(close)
        .request(b"\x16\x03\x01")
        .response(b"\x16\x03\x03")
        .play(BEGIN_NS + second * SECOND_NS, &mut Random::new(u64::from(port)))
}

/// Two connections that begin in the first half, of which one ends there; one in the second half. The
/// halves are an hour apart.
fn halves() -> (tempfile::TempDir, PathBuf, usize) {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("halves.pcap");
    let mut packets = connection(50_001, Close::ClientFin, 0);
    packets.extend(connection(50_002, Close::Open, 10));
    let first_half = packets.len();
    packets.extend(connection(50_003, Close::ClientFin, 3_600));
    std::fs::write(&capture, PcapWriter::default().write(&Capture { packets })).unwrap();
    (folder, capture, first_half)
}

/// Of each flow: originator's port, verdict, rule, policy version.
fn verdicts(eve: &str) -> Vec<(u64, String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut flows: Vec<_> = events(eve, "flow")
        .iter()
        .map(|flow| {
            let ours = &flow["sekisho"];
            (
                flow["src_port"].as_u64().unwrap(),
                text(&ours["verdict"]),
                text(&ours["rule"]),
                text(&ours["policy_version"]),
            )
        })
        .collect();
    flows.sort();
    flows
}

fn row(port: u64, verdict: &str, rule: &str, version: &str) -> (u64, String, String, String) {
    (port, verdict.to_owned(), rule.to_owned(), version.to_owned())
}

#[test]
fn a_flow_that_goes_on_is_judged_anew_and_one_that_had_ended_is_not() {
    let (_folder, capture, first_half) = halves();
    let (allows, denies) = (policy("allows", 443), policy("denies", 80));
    let run = |from: &Arc<Policy>, to: &Arc<Policy>| {
        let run = Run {
            capture: &capture,
            policy: from,
            packets: first_half,
            news: vec![(1, Reload::Policy(Arc::clone(to)))],
            workers: 1,
        };
        run.replay()
    };

    let (eve, summary) = run(&allows, &denies);

    assert_eq!(
        verdicts(&eve),
        [
            row(50_001, "allowed", "PATH-0001", "allows"),
            row(50_002, "denied", "PATH-DENY", "denies"),
            row(50_003, "denied", "PATH-DENY", "denies"),
        ]
    );
    let alerts = events(&eve, "alert");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["sekisho"]["count"], 2);
    assert_eq!(summary.policy_version, "denies");
    assert_eq!(summary.policy_hash, denies.files().hash());
    assert_eq!(summary.policy_changes.taken_up, 1);
    assert_eq!(summary.rules.used["PATH-0001"], 1);
    assert_eq!(summary.rules.used["PATH-DENY"], 2);
    let [cell] = &summary.zones[..] else {
        panic!("{:?}", summary.zones)
    };
    assert_eq!((cell.allowed.flows, cell.denied.flows), (1, 2));

    let (eve, summary) = run(&denies, &allows);

    assert_eq!(
        verdicts(&eve),
        [
            row(50_001, "denied", "PATH-DENY", "denies"),
            row(50_002, "allowed", "PATH-0001", "allows"),
            row(50_003, "allowed", "PATH-0001", "allows"),
        ]
    );
    let alerts = events(&eve, "alert");
    assert_eq!((alerts.len(), &alerts[0]["src_port"]), (1, &50_001.into()));
    assert_eq!(alerts[0]["sekisho"]["policy_version"], "denies");
    assert!(summary.rules.unused_paths.is_empty());
}

#[test]
fn a_zone_that_is_excluded_from_now_on_is_stored_no_more() {
    let (_folder, capture, first_half) = halves();
    let before = policy("before", 443);
    let folder = tempfile::tempdir().unwrap();
    let excluding = text("after", 443).replace("[zone.server]", "[zone.server]\nexcluded = true");
    std::fs::write(folder.path().join("p.toml"), excluding).unwrap();
    let after = Policy::compile(&load_dir(folder.path()).unwrap()).unwrap();
    let run = Run {
        capture: &capture,
        policy: &before,
        packets: first_half,
        news: vec![(1, Reload::Policy(Arc::new(after)))],
        workers: 2,
    };

    let (eve, summary) = run.replay();

    assert_eq!(verdicts(&eve), [row(50_001, "allowed", "PATH-0001", "before")]);
    assert_eq!(summary.flows, 3);
    assert!(!eve.contains("50003"));
}

#[test]
fn a_refused_change_is_one_alert_and_the_policy_stays() {
    let (_folder, capture, first_half) = halves();
    let in_force = policy("good", 443);
    let refused = |reason: &str| Reload::Refused(reason.into());
    let run = |news, workers| {
        let run = Run {
            capture: &capture,
            policy: &in_force,
            packets: first_half,
            news,
            workers,
        };
        run.replay()
    };

    let (eve, summary) = run(vec![(1, refused("p.toml:2: a mistake"))], 1);

    let alerts = events(&eve, "alert");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0]["alert"]["signature_id"], 1_000_013);
    assert_eq!(alerts[0]["alert"]["severity"], 1);
    assert_eq!(alerts[0]["sekisho"]["rule"], "POLICY-RELOAD");
    let observed = &alerts[0]["sekisho"]["explanation"]["observed"];
    for language in ["ja", "en"] {
        assert!(
            observed[language]
                .as_str()
                .unwrap()
                .contains("p.toml:2: a mistake")
        );
    }
    assert!(verdicts(&eve).iter().all(|(_, _, _, version)| version == "good"));
    assert_eq!(
        (summary.policy_changes.taken_up, summary.policy_changes.refused),
        (0, 1)
    );
    assert_eq!(
        summary.policy_changes.standing_refusal.as_deref(),
        Some("p.toml:2: a mistake")
    );

    let taken_back = vec![
        (1, refused("p.toml:2: a mistake")),
        (1, Reload::Policy(policy("good", 443))),
    ];
    let (again, summary) = run(taken_back.clone(), 1);
    assert_eq!(events(&again, "alert").len(), 1);
    assert_eq!(summary.policy_changes.standing_refusal, None);
    assert_eq!(summary.policy_changes.taken_up, 0);
    for workers in [2, 5] {
        assert!(run(taken_back.clone(), workers).0 == again, "{workers} workers");
    }
}

/// Replays a capture in batches of so many packets, with a newer policy every few of them.
fn under_load(capture: &Path, packets: usize, one: &Arc<Policy>, other: &Arc<Policy>) {
    let run = |news, workers| {
        let run = Run {
            capture,
            policy: one,
            packets,
            news,
            workers,
        };
        run.replay()
    };
    let (_, still) = run(Vec::new(), 1);
    let batches = usize::try_from(still.packets).unwrap() / packets;
    let news: Vec<_> = (1..=batches / 3)
        .map(|turn| {
            let reload = match turn % 3 {
                0 => Reload::Refused("a half-written file".into()),
                1 => Reload::Policy(Arc::clone(other)),
                _ => Reload::Policy(Arc::clone(one)),
            };
            (turn * 3, reload)
        })
        .collect();
    assert!(news.len() > 10, "{batches} batches");

    let (eve, changing) = run(news.clone(), 1);

    assert_eq!(changing.frames.values().sum::<u64>(), changing.packets);
    assert_eq!(changing.packets, still.packets);
    assert_eq!(changing.flows, still.flows);
    assert_eq!(changing.frames, still.frames);
    assert!(changing.policy_changes.taken_up >= u64::try_from(news.len() / 2).unwrap());
    let of_every_record: u64 = changing
        .zones
        .iter()
        .map(|cell| cell.allowed.packets + cell.denied.packets + cell.unknown.packets)
        .sum();
    let of_every_record_before: u64 = still
        .zones
        .iter()
        .map(|cell| cell.allowed.packets + cell.denied.packets + cell.unknown.packets)
        .sum();
    assert_eq!(of_every_record, of_every_record_before);
    for workers in [2, 4] {
        assert!(
            run(news.clone(), workers).0 == eve,
            "{workers} workers differ from one"
        );
    }
}

/// The preset, and one like it whose paths for TCP are for another protocol.
fn presets() -> (Arc<Policy>, Arc<Policy>) {
    let sources = load_dir(&support::repository().join("rules/three-zones")).unwrap();
    let one = Policy::compile(&sources).unwrap();
    let mut other = sources;
    for source in &mut other {
        let text = String::from_utf8(source.text.to_vec()).unwrap();
        source.text = text
            .replace("protocol = \"tcp\"\n", "protocol = \"sctp\"\n")
            .into_bytes();
    }
    (Arc::new(one), Arc::new(Policy::compile(&other).unwrap()))
}

#[test]
fn reloads_under_load_lose_no_packet_and_no_flow() {
    let folder = tempfile::tempdir().unwrap();
    sekisho_kit::exercise::Exercise::new()
        .write(folder.path())
        .unwrap();
    let (one, other) = presets();
    assert_ne!(one.files().hash(), other.files().hash());

    under_load(
        &folder.path().join(sekisho_kit::exercise::CAPTURE_FILE),
        300,
        &one,
        &other,
    );
}

#[test]
fn reloads_under_load_lose_nothing_of_a_real_capture() {
    let Some(captures) = support::captures() else {
        return;
    };
    let (one, other) = presets();
    under_load(&a_real_one(&captures), 50, &one, &other);
}

/// The largest capture of ordinary traffic.
fn a_real_one(captures: &Path) -> PathBuf {
    let files = std::fs::read_dir(captures.join("benign")).unwrap();
    let files = files.map(|file| file.unwrap());
    let captures = files.filter(|file| file.file_name().to_string_lossy().contains(".pcap"));
    captures
        .max_by_key(|file| (file.metadata().unwrap().len(), file.file_name()))
        .expect("a capture")
        .path()
}

/// A replay of what is written to its standard input, which follows a folder.
struct Followed {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Followed {
    fn start(folder: &Path, eve: &Path) -> Self {
        let (folder, eve) = (folder.to_str().unwrap(), eve.to_str().unwrap());
        let mut child = support::sekisho(&[
            "replay",
            "-",
            "--policy",
            folder,
            "--follow-policy",
            "--catalogue",
            "none",
            "--eve",
            eve,
            "--json",
            "--quiet",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said }
    }

    fn write(&mut self, octets: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(octets).unwrap();
    }

    fn hang_up(&self) {
        let kill = Command::new("kill")
            .args(["-HUP", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(kill.success());
    }

    /// Waits for a line that says so.
    fn hears(&mut self, what: &str) {
        let mut before = Vec::new();
        for line in &mut self.said {
            let line = line.unwrap();
            if line.contains(what) {
                return;
            }
            before.push(line);
        }
        panic!("{what} was not said but {before:?}");
    }

    /// Ends the input; the summary.
    fn end(mut self) -> Value {
        drop(self.child.stdin.take());
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success());
        support::summary(&output)
    }
}

/// Far more than is on its way between two programs, so that batches of it are judged before what
/// follows is written: a connection, and then datagrams for half a minute.
fn lot(second: u64, port: u16) -> Vec<Packet> {
    let mut packets = connection(port, Close::ClientFin, second);
    packets.extend((0..3_000_u64).map(|number| {
        let at = BEGIN_NS + (second + 1) * SECOND_NS + number * SECOND_NS / 100;
        Packet::new(
            at,
            Frame::between("203.0.113.1", "203.0.113.2").udp(1_000, 53, &[0; 1_000]),
        )
    }));
    packets
}

#[test]
fn the_binary_follows_the_folder_by_signal_and_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (site, eve) = (folder.path().join("site"), folder.path().join("eve.json"));
    std::fs::create_dir(&site).unwrap();
    let write = |text: &str| std::fs::write(site.join("p.toml"), text).unwrap();
    write(&text("1", 443));
    let file = |packets| PcapWriter::default().write(&Capture { packets });
    let header = file(Vec::new()).len();

    let mut replay = Followed::start(&site, &eve);
    replay.write(&file(lot(0, 50_001)));
    write(&text("2", 80));
    replay.hang_up();
    replay.hears("new policy, version 2");
    write("schema = 1\n[poli");
    replay.hears("stays in force");
    std::fs::remove_dir_all(&site).unwrap();
    replay.hears("stays in force");
    replay.write(&file(lot(60, 50_002))[header..]);
    let summary = replay.end();

    let text = std::fs::read_to_string(&eve).unwrap();
    let tcp: Vec<_> = verdicts(&text)
        .into_iter()
        .filter(|(port, ..)| *port > 50_000)
        .collect();
    assert_eq!(
        tcp,
        [
            row(50_001, "allowed", "PATH-0001", "1"),
            row(50_002, "denied", "PATH-DENY", "2")
        ]
    );
    let rules: Vec<_> = events(&text, "alert")
        .iter()
        .map(|alert| alert["sekisho"]["rule"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(rules, ["POLICY-RELOAD", "POLICY-RELOAD", "PATH-DENY"]);
    let changes = &summary["policy_changes"];
    assert_eq!(
        (&changes["taken_up"], &changes["refused"]),
        (&1.into(), &2.into())
    );
    let standing = changes["standing_refusal"].as_str().unwrap();
    assert!(standing.contains("no policy folder"), "{standing}");
    assert_eq!(summary["policy_version"], "2");
    assert_eq!(summary["policy_hash"], policy("2", 80).files().hash());
}

#[test]
fn following_needs_a_folder() {
    let output = support::run(&["replay", "x.pcap", "--follow-policy"]);

    assert_eq!(support::code(&output), 2);
    assert!(support::stderr(&output).contains("--policy"));
}

fn lists(values: &[&str]) -> Reload {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), values.join("\n")).unwrap();
    let loaded = load(&[folder.path().to_owned()], None).unwrap();
    Reload::Lists(Arc::new(loaded.indicators))
}

#[test]
fn lists_count_from_where_they_are_taken_up_and_refused_ones_change_nothing() {
    let (_folder, capture, first_half) = halves();
    let in_force = policy("good", 443);
    let run = |workers| {
        let run = Run {
            capture: &capture,
            policy: &in_force,
            packets: first_half,
            news: vec![
                (1, lists(&["198.51.100.0/24", "203.0.113.7"])),
                (1, Reload::ListsRefused("a.txt: it cannot be read".into())),
            ],
            workers,
        };
        run.replay()
    };

    let (eve, summary) = run(1);

    assert_eq!(eve, run(3).0);
    let alerts = events(&eve, "alert");
    let rules: Vec<_> = alerts.iter().map(|alert| &alert["sekisho"]["rule"]).collect();
    assert_eq!(rules, ["LISTS-RELOAD", "TI-ADDRESS"]);
    // The first connection had ended before there were lists.
    assert_eq!(
        (&alerts[1]["src_port"], &alerts[1]["sekisho"]["count"]),
        (&50_002.into(), &2.into())
    );
    assert_eq!(alerts[0]["alert"]["signature_id"], 3_000_009);
    let told = &summary.lists;
    assert_eq!((told.lists, told.indicators, told.by_kind["network"]), (1, 2, 1));
    assert_eq!((told.changes.taken_up, told.changes.refused), (1, 1));
    assert!(
        told.changes
            .standing_refusal
            .as_deref()
            .is_some_and(|why| why.contains("a.txt"))
    );
}
