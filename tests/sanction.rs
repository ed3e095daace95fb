//! `sekisho alerts sanction` as its user runs it: the service of an alert is said to be right once, and
//! from then on no rule that asks the list speaks of it.

mod support;

use std::fs;
use std::path::Path;

use sekisho_kit::{Capture, Conversation, Endpoint, Packet, PcapWriter, Random};
use support::{code, run, stderr, stdout};

/// 2026-11-04T00:00:00Z.
const BEGIN_NS: u64 = 1_793_750_400_000_000_000;

fn request(host: &str, number: u16) -> Vec<Packet> {
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let client = Endpoint::new("10.40.1.11", 50_000 + number);
    Conversation::new(client, Endpoint::new("203.0.113.9", 80))
        .request(request.as_bytes())
        .response(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .play(
            BEGIN_NS + u64::from(number) * 1_000_000_000,
            &mut Random::new(u64::from(number)),
        )
}

/// Rules of the alerts of a replay, with the values that would have silenced them.
fn replay(capture: &Path, policy: &Path, data: &Path) -> Vec<(u64, String, String)> {
    use sekisho::store::Store as _;
    let [capture, policy, out] = [capture, policy, data].map(|path| path.to_str().unwrap());
    let output = run(&["replay", capture, "--policy", policy, "--out", out, "--quiet"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let store = sekisho::store::Embedded::open(data).unwrap();
    let page = store.alerts(&sekisho::store::AlertQuery::default()).unwrap();
    let rows = page.rows.iter();
    let mut found: Vec<_> = rows
        .filter_map(|alert| {
            let sanction = alert.explanation.sanction.as_ref()?;
            Some((alert.id, sanction.list.clone(), sanction.value.clone()))
        })
        .collect();
    found.sort_by(|a, b| a.2.cmp(&b.2));
    found
}

#[test]
fn a_sanctioned_service_raises_no_alert_any_more_and_is_listed_with_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let packets = [
        request("content.dropboxapi.com", 1),
        request("www.dropbox.com", 2),
        request("wetransfer.com", 3),
    ];
    let packets = packets.concat();
    fs::write(path("x.pcap"), PcapWriter::default().write(&Capture { packets })).unwrap();
    let site = path("site");
    fs::create_dir(&site).unwrap();
    let header =
        "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n[zone.office]\nnetworks = [\"10.40.1.0/24\"]\n";
    fs::write(site.join("policy.toml"), header).unwrap();
    let found = replay(&path("x.pcap"), &site, &path("before"));
    let values: Vec<_> = found
        .iter()
        .map(|(_, list, value)| (list.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        values,
        [
            ("sanctioned-storage", "dropbox.com"),
            ("sanctioned-storage", "dropboxapi.com"),
            ("sanctioned-storage", "wetransfer.com")
        ]
    );
    let id = found[0].0.to_string();
    let (before, site_path) = (path("before"), site.to_str().unwrap());
    let sanction = |more: &[&str]| {
        let start = ["alerts", "sanction", &id, "--data", before.to_str().unwrap()];
        run(&[&start[..], more].concat())
    };
    let why = [
        "--reason",
        "contract 88",
        "--owner",
        "audit",
        "--until",
        "2099-03-31",
    ];

    let preview = sanction(&["--preview"]);
    assert!(
        stdout(&preview).contains("[list.sanctioned-storage] dropbox.com"),
        "{}",
        stdout(&preview)
    );
    let shown = sanction(&why);
    assert!(
        stdout(&shown).contains("[[sanction]]\nlist = \"sanctioned-storage\"\n"),
        "{}",
        stdout(&shown)
    );
    assert!(!site.join("sanctioned.toml").exists());
    let wrong = sanction(&[&why[..], &["--policy", site_path, "--value", "no name"]].concat());
    assert_eq!(code(&wrong), 2);
    let over = [
        "--reason",
        "x",
        "--owner",
        "x",
        "--until",
        "2020-03-31",
        "--policy",
        site_path,
    ];
    assert_eq!(code(&sanction(&over)), 2);
    assert!(!site.join("sanctioned.toml").exists());
    let made = sanction(&[&why[..], &["--policy", site_path]].concat());
    assert_eq!(code(&made), 0, "{}", stderr(&made));

    assert_eq!(code(&run(&["rules", "check", site_path])), 0);
    let left = replay(&path("x.pcap"), &site, &path("after"));
    let values: Vec<_> = left.iter().map(|(_, _, value)| value.as_str()).collect();
    assert_eq!(values, ["dropboxapi.com", "wetransfer.com"]);
    let after = path("after");
    let list = ["alerts", "exceptions", "--data", after.to_str().unwrap()];
    let listed = stdout(&run(&list));
    assert!(
        listed.contains("dropbox.com") && listed.contains("contract 88"),
        "{listed}"
    );
    let json = stdout(&run(&[&list[..], &["--format", "json"]].concat()));
    let line: serde_json::Value = serde_json::from_str(json.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&line["state"], &line["sanction"]["value"]),
        (&"active".into(), &"dropbox.com".into())
    );
}
