//! The sensor on a wire: real frames between two network namespaces, the binary at one end.
//!
//! Each test skips with the reason where this user or machine has no namespaces.

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sekisho::model::BlindKind;
use sekisho::store::{Embedded, Store as _, TimeRange};
use sekisho_kit::{Capture, Close, Conversation, Endpoint, Exchange, PcapWriter, Random, Wire, wire};
use serde_json::Value;
use support::{read_eve, run, summary};

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;

const POLICY: &str = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
    [zone.office]\nnetworks = [\"192.0.2.0/24\"]\n[zone.server]\nnetworks = [\"198.51.100.0/24\"]\n\
    [[path]]\nid = \"PATH-0001\"\nfrom = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [80]\n";

/// A wire, or nothing where this machine has none, and says so.
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
fn wire() -> Option<Wire> {
    Wire::new()
        .inspect_err(|why| eprintln!("skipped: no network namespaces here: {why}"))
        .ok()
}

/// Sensors that run, and their end.
struct Sensor {
    child: Child,
}

impl Sensor {
    /// Starts one at the far end and waits until it watches.
    fn start(wire: &Wire, arguments: &[&str]) -> Self {
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
        let mut line = String::new();
        while !line.contains("watching") {
            line.clear();
            assert_ne!(
                said.read_line(&mut line).unwrap(),
                0,
                "it ended before it watched"
            );
        }
        std::thread::spawn(move || said.read_to_string(&mut String::new()));
        Self { child }
    }

    fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap()
    }

    /// Asks it to end as a service manager does, and gives its summary.
    fn end(mut self) -> Value {
        let asked = Instant::now();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
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

/// Connections and exchanges of some seconds, in the order of time: allowed, denied, tagged, refused.
fn traffic() -> Capture {
    let (mut random, mut capture) = (Random::new(7), Capture::new());
    for number in 0..120_u16 {
        let client = Endpoint::new(&format!("192.0.2.{}", 1 + number % 50), 40_000 + number);
        let at = BEGIN_NS + u64::from(number) * 20_000_000;
        let port = [80, 80, 22, 443][usize::from(number % 4)];
        let server = Endpoint::new(&format!("198.51.100.{}", 1 + number % 9), port);
        let mut conversation = Conversation::new(client, server)
            .request(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
            .response(&vec![b'x'; 400 * usize::from(number % 7)])
            .close([Close::ClientFin, Close::ServerRst][usize::from(number % 5 == 0)]);
        if number % 6 == 0 {
            conversation = conversation.vlan(30);
        }
        capture.extend(conversation.play(at, &mut random));
        let resolver = Endpoint::new("198.51.100.53", 53);
        let exchange = Exchange::new(Endpoint::new("192.0.2.77", 50_000 + number), resolver);
        capture.extend(exchange.query(b"q").answer(b"a").play(at + 1_000, &mut random));
    }
    capture.packets.sort_by_key(|packet| packet.time_ns);
    capture
}

/// What of a flow does not depend on when it was: ends, counts, state and verdict, each with its number.
fn flows(eve: &Path) -> BTreeMap<String, u32> {
    let mut flows = BTreeMap::new();
    for line in read_eve(eve) {
        if line["event_type"] != "flow" {
            continue;
        }
        let (flow, own) = (&line["flow"], &line["sekisho"]);
        let key = [
            &line["community_id"],
            &line["vlan"],
            &line["src_ip"],
            &flow["pkts_toserver"],
            &flow["pkts_toclient"],
            &flow["bytes_toserver"],
            &flow["bytes_toclient"],
            &own["conn_state"],
            &own["history"],
            &own["verdict"],
            &own["rule"],
            &line["app_proto"],
        ];
        let key: Vec<String> = key.iter().map(ToString::to_string).collect();
        *flows.entry(key.join(" ")).or_default() += 1;
    }
    flows
}

/// The same of alerts.
fn alerts(eve: &Path) -> BTreeMap<String, u32> {
    let mut alerts = BTreeMap::new();
    for line in read_eve(eve) {
        if line["event_type"] == "alert" {
            let own = &line["sekisho"];
            let key = format!(
                "{} {} {} {}",
                own["rule"], line["src_ip"], line["dest_ip"], line["dest_port"]
            );
            *alerts.entry(key).or_default() += 1;
        }
    }
    alerts
}

#[test]
fn what_passes_the_wire_gives_the_flows_and_alerts_of_its_capture() {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("policy")).unwrap();
    std::fs::write(path("policy/p.toml"), POLICY).unwrap();
    let capture = traffic();
    std::fs::write(path("file.pcap"), PcapWriter::default().write(&capture)).unwrap();
    let texts = ["file.pcap", "policy", "file.eve", "wire.eve", "data"].map(|name| {
        let path = path(name);
        path.to_str().unwrap().to_owned()
    });
    let [file, policy, file_eve, wire_eve, data] = texts.each_ref().map(String::as_str);
    let replayed = summary(&run(&[
        "replay", file, "--policy", policy, "--eve", file_eve, "--json",
    ]));

    let sensor = Sensor::start(&wire, &["--policy", policy, "--eve", wire_eve, "--data", data]);
    let sender = wire.sender().unwrap();
    for packet in &capture.packets {
        sender.send(&packet.octets).unwrap();
    }
    let watched = sensor.end();

    assert_eq!(watched["packets"], replayed["packets"]);
    assert_eq!(watched["losses"]["ring_dropped"], 0);
    let expected = flows(Path::new(file_eve));
    assert!(expected.len() > 200, "{}", expected.len());
    assert_eq!(flows(Path::new(wire_eve)), expected);
    let expected = alerts(Path::new(file_eve));
    assert!(expected.len() > 50, "{}", expected.len());
    assert_eq!(alerts(Path::new(wire_eve)), expected);
    assert_eq!(watched["alerts"], replayed["alerts"]);
    assert_eq!(watched["zones"], replayed["zones"]);
}

#[test]
fn every_frame_that_arrives_is_processed_or_counted_as_lost() {
    let Some(wire) = wire() else { return };
    // Room for a moment only, so that some is lost where the machine is slow.
    let sensor = Sensor::start(&wire, &["--ring-mib", "2", "--workers", "1"]);
    let sender = wire.sender().unwrap();
    let capture = traffic();
    let (mut sent, rounds) = (0_u64, 60);
    for _ in 0..rounds {
        for packet in &capture.packets {
            sender.send(&packet.octets).unwrap();
            sent += 1;
        }
    }
    let watched = sensor.end();

    let port = &watched["input"]["files"][0]["port"];
    let lost = watched["losses"]["ring_dropped"].as_u64().unwrap();
    assert_eq!(port["ring_dropped"].as_u64(), Some(lost));
    assert_eq!(port["received"].as_u64(), Some(sent), "{watched}");
    assert_eq!(watched["packets"].as_u64().unwrap() + lost, sent, "{watched}");
    let buckets = watched["frames"].as_object().unwrap();
    let counted: u64 = buckets.values().filter_map(Value::as_u64).sum();
    assert_eq!(watched["packets"].as_u64(), Some(counted));
    assert_eq!(
        lost > 0,
        watched["alerts"]["by_rule"]["LIMIT-RING"] == 1,
        "{watched}"
    );
}

#[test]
fn a_port_that_goes_down_comes_up_or_is_made_anew_is_read_on() {
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &[]);
    let sender = wire.sender().unwrap();
    let frame = &traffic().packets[0].octets;
    let pause = || std::thread::sleep(Duration::from_millis(2_500));

    sender.send(frame).unwrap();
    wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
    pause();
    wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
    pause();
    sender.send(frame).unwrap();
    pause();
    wire.far(&["link", "del", wire::FAR]).unwrap();
    pause();
    wire.connect().unwrap();
    pause();
    wire.sender().unwrap().send(frame).unwrap();
    pause();
    let watched = sensor.end();

    assert_eq!(watched["packets"], 3, "{watched}");
    assert_eq!(watched["input"]["files"][0]["port"]["received"], 3, "{watched}");
    assert_eq!(watched["input"]["damaged"], 0, "{watched}");
}

#[test]
fn a_port_that_was_down_and_the_time_between_two_runs_are_in_the_ledger() {
    let Some(wire) = wire() else { return };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let frame = &traffic().packets[0].octets;
    let pause = || std::thread::sleep(Duration::from_millis(2_500));

    let sensor = Sensor::start(&wire, &["--data", data.to_str().unwrap()]);
    let sender = wire.sender().unwrap();
    sender.send(frame).unwrap();
    pause();
    wire.far(&["link", "set", wire::FAR, "down"]).unwrap();
    pause();
    pause();
    wire.far(&["link", "set", wire::FAR, "up"]).unwrap();
    pause();
    sender.send(frame).unwrap();
    pause();
    let first = sensor.end();
    pause();
    let sensor = Sensor::start(&wire, &["--data", data.to_str().unwrap()]);
    sender.send(frame).unwrap();
    pause();
    let second = sensor.end();

    let down = &first["health"]["blind"]["port_down"];
    assert_eq!(down["intervals"], 1, "{first}");
    assert!((3.0..9.0).contains(&down["seconds"].as_f64().unwrap()), "{first}");
    assert_eq!(first["alerts"]["by_rule"]["BLIND-PORT"], 1, "{first}");
    let stopped = &second["health"]["blind"]["stopped"];
    assert_eq!(stopped["intervals"], 1, "{second}");
    assert!(
        (2.0..9.0).contains(&stopped["seconds"].as_f64().unwrap()),
        "{second}"
    );
    let store = Embedded::open(&data).unwrap();
    let kinds: Vec<_> = store
        .blind(&TimeRange::default(), 9)
        .unwrap()
        .into_iter()
        .map(|one| (one.kind, one.open))
        .collect();
    assert_eq!(kinds, [(BlindKind::Stopped, false), (BlindKind::PortDown, false)]);
}

#[test]
fn the_doctor_looks_at_a_port_and_says_what_the_machine_says() {
    let Some(wire) = wire() else { return };
    let mut command = wire.command(env!("CARGO_BIN_EXE_sekisho"));
    let child = command
        .args(["doctor", "--interface", wire::FAR, "--seconds", "4", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let sender = wire.sender().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let only_clients = traffic().packets.into_iter().filter(|packet| {
        let at = if packet.octets[12] == 0x81 { 18 } else { 14 };
        packet.octets[at + 12] == 192
    });
    for packet in only_clients {
        sender.send(&packet.octets).unwrap();
    }

    let output = child.wait_with_output().unwrap();

    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let one_sided = findings.iter().find(|finding| finding["id"] == "one_sided");
    assert!(one_sided.is_some(), "{answer}");
    let machine = answer["machine"].as_array().unwrap();
    let value = |name: &str| {
        machine
            .iter()
            .find(|fact| fact["name"] == name)
            .map(|fact| fact["value"].clone())
    };
    let mtu = value(&format!("{}.mtu", wire::FAR));
    assert_eq!(mtu, Some("1500".into()), "{answer}");
    assert!(value(&format!("{}.gro", wire::FAR)).is_some(), "{answer}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_sensor_that_watches_has_given_up_what_it_does_not_need() {
    let Some(wire) = wire() else { return };
    let sensor = Sensor::start(&wire, &[]);

    let status = sensor.status();
    sensor.end();

    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim().to_owned()
    };
    // CAP_NET_RAW is capability 13: capabilities(7).
    assert_eq!(line("CapEff:"), format!("{:016x}", 1 << 13));
    assert_eq!(line("CapPrm:"), format!("{:016x}", 1 << 13));
    assert_eq!(line("CapInh:"), "0000000000000000");
    assert_eq!(line("NoNewPrivs:"), "1");
}

#[test]
fn what_cannot_be_watched_is_said_with_what_to_do() {
    let refused = |arguments: &[&str]| {
        let output = run(arguments);
        assert_eq!(support::code(&output), 2);
        support::stderr(&output)
    };

    let nothing = refused(&["run"]);
    assert!(
        nothing.contains("no interface is named; give one with --interface NAME"),
        "{nothing}"
    );
    let missing = refused(&["run", "--interface", "no-such-port"]);
    assert!(
        missing.contains("no-such-port: there is no such interface; ip link lists"),
        "{missing}"
    );
    let blind = refused(&["run", "--interface", "lo", "--listen", "127.0.0.1:0"]);
    assert!(blind.contains("give one with --data DIR"), "{blind}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sekisho.toml");
    std::fs::write(&file, "interfaces = [\"lo\"]\nworker = 2\n").unwrap();
    let mistake = refused(&["run", "--config", file.to_str().unwrap()]);
    assert!(
        mistake.contains("sekisho.toml: line 2: unknown field `worker`; did you mean workers?"),
        "{mistake}"
    );
}
