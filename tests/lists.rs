//! Lists of indicators: what a replay says of traffic that meets them, by the binary; what checking them
//! says; how a signed bundle takes the place of those installed, and what is refused.

mod support;

use std::path::{Path, PathBuf};

use sekisho_kit::{Capture, Conversation, Endpoint, Exchange, Packet, PcapWriter, Random};
use serde_json::Value;
use support::{code, run, stderr, stdout};

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// A query for the address of a name, and where `rcode` is 0 an answer with one (RFC 1035 section 4).
fn dns(client: &str, name: &str, rcode: u8, second: u64) -> Vec<Packet> {
    let question: Vec<u8> = name
        .split('.')
        .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat())
        .chain([0, 0, 1, 0, 1])
        .collect();
    let answers = u8::from(rcode == 0);
    let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 198, 51, 100, 9];
    let head = |flags: [u8; 2], answers| [0, 7, flags[0], flags[1], 0, 1, 0, answers, 0, 0, 0, 0];
    let query = [&head([1, 0], 0)[..], &question].concat();
    let mut answer = [&head([0x81, 0x80 | rcode], answers)[..], &question].concat();
    answer.extend(&record[..usize::from(answers) * record.len()]);
    Exchange::new(Endpoint::new(client, 50_000), Endpoint::new("10.0.0.53", 53))
        .query(&query)
        .answer(&answer)
        .play(BEGIN_NS + second * SECOND_NS, &mut Random::new(1))
}

fn http(client: &str, server: &str, host: &str, path: &str, second: u64) -> Vec<Packet> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Evil/1.0 (x)\r\n\r\n");
    Conversation::new(Endpoint::new(client, 50_001), Endpoint::new(server, 80))
        .request(request.as_bytes())
        .response(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .play(BEGIN_NS + second * SECOND_NS, &mut Random::new(2))
}

fn capture(folder: &Path, packets: Vec<Packet>) -> PathBuf {
    let path = folder.join("x.pcap");
    std::fs::write(&path, PcapWriter::default().write(&Capture { packets })).unwrap();
    path
}

/// Alerts of a replay with so many workers.
fn alerts(capture: &Path, lists: &Path, workers: &str) -> Vec<Value> {
    let eve = tempfile::NamedTempFile::new().unwrap();
    let [capture, lists, path] = [capture, lists, eve.path()].map(|path| path.to_str().unwrap());
    let output = run(&[
        "replay",
        capture,
        "--lists",
        lists,
        "--eve",
        path,
        "--workers",
        workers,
        "--quiet",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut events = support::read_eve(eve.path());
    events.retain(|event| event["event_type"] == "alert");
    events
}

fn rows(alerts: &[Value]) -> Vec<(&str, &str, u64)> {
    let mut rows: Vec<_> = alerts
        .iter()
        .map(|alert| {
            (
                alert["sekisho"]["rule"].as_str().unwrap(),
                alert["sekisho"]["subject"].as_str().unwrap_or_default(),
                alert["alert"]["severity"].as_u64().unwrap(),
            )
        })
        .collect();
    rows.sort_unstable();
    rows
}

#[test]
fn what_meets_a_list_is_told_once_a_host_whatever_the_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().join("lists");
    std::fs::create_dir(&lists).unwrap();
    std::fs::write(
        lists.join("lists.toml"),
        "schema = 1\nversion = \"3\"\n[[list]]\nfile = \"a.txt\"\nsource = \"SOC\"\nconfidence = 90\n\
         [[list]]\nfile = \"agents.txt\"\nkind = \"user_agent\"\ncategory = \"c2\"\nseverity = \"low\"\n",
    )
    .unwrap();
    std::fs::write(
        lists.join("a.txt"),
        "203.0.113.7 # C2\nevil.example\nhttp://x.example/gate\nold.example\n",
    )
    .unwrap();
    std::fs::write(lists.join("agents.txt"), "Evil/1.0 (x)\n").unwrap();
    let packets = [
        dns("10.0.0.5", "www.evil.example", 0, 0),
        dns("10.0.0.5", "evil.example", 0, 5),
        dns("10.0.0.6", "evil.example", 3, 10),
        dns("10.0.0.6", "notevil.example", 0, 15),
        http("10.0.0.5", "203.0.113.7", "y.example", "/", 20),
        http("10.0.0.7", "198.51.100.2", "x.example", "/gate?1", 30),
        http("10.0.0.8", "198.51.100.2", "x.example", "/gates", 40),
    ]
    .concat();
    let capture = capture(folder.path(), packets);

    let told = alerts(&capture, &lists, "1");

    assert_eq!(told, alerts(&capture, &lists, "3"));
    assert_eq!(
        rows(&told),
        [
            ("TI-ADDRESS", "10.0.0.5", 1),
            ("TI-DOMAIN", "10.0.0.5", 1),
            ("TI-DOMAIN", "10.0.0.6", 2), // Nobody knew the name.
            ("TI-URL", "10.0.0.7", 1),
            ("TI-USERAGENT", "10.0.0.5", 3),
            ("TI-USERAGENT", "10.0.0.7", 3),
            ("TI-USERAGENT", "10.0.0.8", 3),
        ]
    );
    let asked = told
        .iter()
        .find(|alert| alert["sekisho"]["rule"] == "TI-DOMAIN")
        .unwrap();
    let (ours, indicator) = (&asked["sekisho"], &asked["sekisho"]["indicator"]);
    assert_eq!(
        (&indicator["value"], &indicator["hosts"]),
        (&"evil.example".into(), &2.into())
    );
    assert_eq!(
        (&indicator["source"], &indicator["line"]),
        (&"SOC".into(), &2.into())
    );
    assert_eq!(indicator["field"], "dns.queries.rrname");
    assert_eq!(ours["category"], "threat_intel");
    for language in ["ja", "en"] {
        let observed = ours["explanation"]["observed"][language].as_str().unwrap();
        assert!(
            observed.contains("SOC") && observed.contains("evil.example"),
            "{observed}"
        );
    }
    let agent = told
        .iter()
        .find(|alert| alert["sekisho"]["rule"] == "TI-USERAGENT")
        .unwrap();
    assert_eq!(agent["sekisho"]["category"], "c2");
}

#[test]
fn an_indicator_expires_in_packet_time_and_an_empty_list_matches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let capture = capture(
        folder.path(),
        [
            http("10.0.0.5", "203.0.113.7", "a.example", "/", 0),
            http("10.0.0.6", "203.0.113.7", "a.example", "/", 3600),
        ]
        .concat(),
    );
    let list = folder.path().join("a.csv");
    std::fs::write(&list, "ip,expires\n203.0.113.7,2026-11-04T00:30:00Z\n").unwrap();
    let empty = folder.path().join("empty.txt");
    std::fs::write(&empty, "# nothing\n\n").unwrap();

    assert_eq!(
        rows(&alerts(&capture, &list, "1")),
        [("TI-ADDRESS", "10.0.0.5", 2)]
    );
    assert!(alerts(&capture, &empty, "1").is_empty());
}

#[test]
fn half_of_the_network_behind_one_indicator_is_a_bad_indicator() {
    let folder = tempfile::tempdir().unwrap();
    let client = |n: u64| format!("10.0.1.{n}");
    let packets: Vec<_> = (1..=12)
        .flat_map(|n| http(&client(n), "203.0.113.7", "a.example", "/", n))
        .chain(http("10.0.1.20", "203.0.113.8", "a.example", "/", 30))
        .collect();
    let capture = capture(folder.path(), packets);
    let list = folder.path().join("a.txt");
    std::fs::write(&list, "203.0.113.7\n203.0.113.8\n").unwrap();

    let told = alerts(&capture, &list, "1");

    let by = |rule: &str, severity: u64| {
        let rows = rows(&told).into_iter();
        rows.filter(|row| row.0 == rule && row.2 == severity).count()
    };
    assert_eq!(
        (by("TI-PREVALENT", 4), by("TI-ADDRESS", 4), by("TI-ADDRESS", 2)),
        (1, 12, 1)
    );
}

#[test]
fn checking_lists_says_what_they_hold_and_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("a.txt");
    std::fs::write(
        &list,
        "203.0.113.7\n203.0.113.7\n0.0.0.0/0\nco.jp\n\u{1b}[31mx\ngithub.io\n",
    )
    .unwrap();
    let list = list.to_str().unwrap();

    let output = run(&["lists", "check", list]);
    let text = stdout(&output);
    assert_eq!(code(&output), 1);
    for part in [
        "address 1, domain 1",
        "1 said twice",
        "3 mistakes",
        "3: the network is wider",
        "4: ",
        "=NAME",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}'));

    let json: Value = serde_json::from_slice(&run(&["lists", "check", list, "--json"]).stdout).unwrap();
    assert_eq!(
        (&json["indicators"], &json["files"][0]["bad"]),
        (&2.into(), &3.into())
    );

    let good = folder.path().join("good.csv");
    std::fs::write(&good, "ip,expires\n203.0.113.7,2026-01-01\n").unwrap();
    let good = good.to_str().unwrap();
    assert_eq!(code(&run(&["lists", "check", good, "--at", "2025-12-31"])), 0);
    assert_eq!(code(&run(&["lists", "check", good, "--at", "2026-01-01"])), 1);

    let broken = folder.path().join("broken.json");
    std::fs::write(&broken, "{\"objects\": [").unwrap();
    let broken = broken.to_str().unwrap();
    assert_eq!(code(&run(&["lists", "check", broken])), 2);
    let refused = run(&["replay", "none.pcap", "--lists", broken]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("no well-formed JSON"),
        "{}",
        stderr(&refused)
    );
}

/// A folder that bundles are installed in.
struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn lists(&self) -> PathBuf {
        self.folder.path().join("lists")
    }

    fn import(&self, bundle: &Path, more: &[&str]) -> std::process::Output {
        let (key, to) = (fixture("signer.pub"), self.lists());
        let [bundle, key, to] = [bundle, &key, &to].map(|path| path.to_str().unwrap());
        run(&[&["lists", "import", bundle, "--key", key, "--to", to], more].concat())
    }

    /// What is installed, and that nothing else lies about.
    fn installed(&self) -> Option<String> {
        let names: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "lists" && name != "tampered.tar" && name != "tampered.tar.minisig")
            .collect();
        assert!(names.is_empty(), "{names:?}");
        std::fs::read_to_string(self.lists().join("c2.txt")).ok()
    }
}

fn fixture(name: &str) -> PathBuf {
    support::repository().join("tests/lists").join(name)
}

#[test]
fn a_signed_bundle_is_installed_and_an_older_one_only_when_told() {
    let site = Site::new();

    let output = site.import(&fixture("2026-10-01.tar"), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(site.installed().as_deref(), Some("203.0.113.9\n"));

    let output = site.import(&fixture("2026-11-04.tar"), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("indicators: 2, version 2026-11-04"));
    let newer = Some("203.0.113.7\nevil.example\n");
    assert_eq!(site.installed().as_deref(), newer);

    for same_or_older in ["2026-10-01.tar", "2026-11-04.tar"] {
        let output = site.import(&fixture(same_or_older), &[]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains("--allow-older"), "{}", stderr(&output));
        assert_eq!(site.installed().as_deref(), newer);
    }
    let output = site.import(&fixture("2026-10-01.tar"), &["--allow-older"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(site.installed().as_deref(), Some("203.0.113.9\n"));
}

#[test]
fn what_is_not_signed_or_not_whole_changes_nothing() {
    let site = Site::new();
    assert_eq!(code(&site.import(&fixture("2026-10-01.tar"), &[])), 0);
    let before = site.installed();
    let tampered = site.folder.path().join("tampered.tar");
    let signature = site.folder.path().join("tampered.tar.minisig");
    let good = std::fs::read(fixture("2026-11-04.tar")).unwrap();
    let good_signature = std::fs::read(fixture("2026-11-04.tar.minisig")).unwrap();
    let forged = std::fs::read(fixture("forged.minisig")).unwrap();
    let mut changed = good.clone();
    changed[600] ^= 1;
    for (octets, signed, why) in [
        (&changed, Some(&good_signature), "does not verify"),
        (
            &good[..good.len() - 512].to_vec(),
            Some(&good_signature),
            "does not verify",
        ),
        (&good, Some(&forged), "does not verify"),
        (&good, Some(&b"x".to_vec()), "no signature"),
        (&good, None, "cannot read"),
    ] {
        std::fs::write(&tampered, octets).unwrap();
        let _ = std::fs::remove_file(&signature);
        if let Some(signed) = signed {
            std::fs::write(&signature, signed).unwrap();
        }

        let output = site.import(&tampered, &[]);

        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(why), "{why}: {}", stderr(&output));
        assert_eq!(site.installed(), before);
    }
    for (bundle, why) in [
        ("malformed.tar", "no well-formed JSON"),
        ("link.tar", "no plain file"),
        ("empty.tar", "holds no indicator"),
    ] {
        let output = site.import(&fixture(bundle), &[]);

        assert_eq!(code(&output), 2, "{bundle}");
        assert!(stderr(&output).contains(why), "{why}: {}", stderr(&output));
        assert_eq!(site.installed(), before);
    }
}

#[test]
fn lists_and_nothing_to_follow_are_told_apart() {
    let output = run(&["replay", "none.pcap", "--follow-policy"]);

    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("nothing to follow"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_policy_brings_its_lists_and_those_asked_for_count_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    std::fs::create_dir_all(site.join("lists")).unwrap();
    std::fs::write(site.join("lists/a.txt"), "evil.example\n").unwrap();
    let header = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nindicators = [\"lists\"]\n\
                  [zone.a]\nnetworks = [\"10.0.0.0/8\"]\n";
    std::fs::write(site.join("policy.toml"), header).unwrap();
    let more = folder.path().join("more.txt");
    std::fs::write(&more, "other.example\n").unwrap();
    let packets = [
        dns("10.0.0.5", "evil.example", 0, 0),
        dns("10.0.0.6", "other.example", 0, 5),
    ];
    let capture = capture(folder.path(), packets.concat());
    let lists = |more: &[&str]| {
        let start = [
            "replay",
            capture.to_str().unwrap(),
            "--policy",
            site.to_str().unwrap(),
            "--json",
            "--quiet",
        ];
        let output = run(&[&start[..], more].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        support::summary(&output)["lists"]["indicators"].clone()
    };

    assert_eq!(lists(&[]), 1);
    assert_eq!(lists(&["--lists", more.to_str().unwrap()]), 2);
    std::fs::remove_dir_all(site.join("lists")).unwrap();
    let output = run(&[
        "replay",
        capture.to_str().unwrap(),
        "--policy",
        site.to_str().unwrap(),
        "--quiet",
    ]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("site/lists"), "{}", stderr(&output));
}
