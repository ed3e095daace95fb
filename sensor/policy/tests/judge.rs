//! Which verdict a flow gets, and by which rule.

use sekisho_model::{Protocol, Timestamp, Verdict};
use sekisho_policy::{Judgement, Mode, Policy, Question, Source};

const POLICY: &str = r#"
schema = 1

[policy]
name = "judging"
version = "2026-11"

[zone.office]
networks = ["10.40.1.0/24", "2001:db8:40:1::/64"]
vlans = [10]

[zone.server]
networks = ["10.40.2.0/24", "2001:db8:40:2::/64"]
intra = "deny"

[zone.backup]
networks = ["10.40.2.200"]

[zone.guest]
vlans = [90]

[zone.school]
networks = ["10.80.0.0/16"]
excluded = true

[[path]]
id = "ANY-ANY-ICMP"
from = "*"
to = "*"
protocol = "icmp"

[[path]]
id = "ANY-SERVER-DNS"
from = "*"
to = "server"
protocol = ["udp", "tcp"]
ports = [53]

[[path]]
id = "OFFICE-SERVER-ANY-TCP"
from = "office"
to = ["server", "backup"]
protocol = "tcp"
ports = ["1-1023"]

[[path]]
id = "OFFICE-SERVER-WEB"
from = ["office", "guest"]
to = "server"
protocol = 6
ports = [80, 443]

[[path]]
id = "SERVER-SERVER-DB"
from = "server"
to = "server"
protocol = "tcp"
ports = [5432]

[[path]]
id = "OFFICE-OUT-SMTP"
from = "office"
to = "*"
protocol = "tcp"
ports = [25]

[[path]]
id = "OUT-OFFICE-GRE"
from = "unknown"
to = "office"
protocol = "gre"

[[path]]
id = "BACKUP-PORTS"
from = "backup"
to = "office"
ports = [7]
"#;

fn policy() -> Policy {
    let source = Source {
        name: "policy.toml".to_owned(),
        text: POLICY.into(),
    };
    Policy::compile(&[source]).unwrap()
}

/// `tcp 10.0.0.1 10.0.0.2 80`, and further words `vlan=10` and `related`.
fn question(flow: &str) -> Question<'static> {
    let words: Vec<_> = flow.split_whitespace().collect();
    Question {
        vlan: words
            .iter()
            .find_map(|word| word.strip_prefix("vlan=")?.parse().ok()),
        related: words.contains(&"related"),
        ..Question::new(
            words[1].parse().unwrap(),
            words[2].parse().unwrap(),
            Protocol::parse(words[0]).unwrap(),
            words[3].parse().unwrap(),
            Timestamp::from_seconds(1_795_398_805, 0),
        )
    }
}

fn judge(policy: &Policy, flow: &str) -> Judgement {
    policy.judge(&question(flow))
}

/// Zones, verdict and rule in one line.
fn words(policy: &Policy, judgement: &Judgement) -> String {
    let (orig, resp) = (
        policy.zone_name(judgement.orig_zone),
        policy.zone_name(judgement.resp_zone),
    );
    let excluded = if judgement.excluded { " excluded" } else { "" };
    format!(
        "{orig} {resp} {} {}{excluded}",
        judgement.verdict.name(),
        judgement.rule
    )
}

#[test]
fn every_kind_of_flow_gets_its_verdict() {
    let policy = policy();
    let table = [
        // The most specific path: both ends named, fewest ports.
        (
            "tcp 10.40.1.5 10.40.2.9 443",
            "office server allowed OFFICE-SERVER-WEB",
        ),
        (
            "tcp 10.40.1.5 10.40.2.9 22",
            "office server allowed OFFICE-SERVER-ANY-TCP",
        ),
        // A path of two named ends is asked before one of fewer, whatever its ports are.
        (
            "tcp 10.40.1.5 10.40.2.9 53",
            "office server allowed OFFICE-SERVER-ANY-TCP",
        ),
        (
            "udp 10.40.1.5 10.40.2.9 53",
            "office server allowed ANY-SERVER-DNS",
        ),
        ("tcp 10.40.1.5 10.40.2.9 3306", "office server denied PATH-DENY"),
        // Direction counts.
        ("tcp 10.40.2.9 10.40.1.5 443", "server office denied PATH-DENY"),
        // Longest prefix: one host inside the server network is another zone.
        (
            "tcp 10.40.1.5 10.40.2.200 443",
            "office backup allowed OFFICE-SERVER-ANY-TCP",
        ),
        ("tcp 10.40.2.9 10.40.2.200 443", "server backup denied PATH-DENY"),
        // IPv6 is judged alike.
        (
            "tcp 2001:db8:40:1::5 2001:db8:40:2::9 443",
            "office server allowed OFFICE-SERVER-WEB",
        ),
        (
            "tcp 2001:db8:40:1::5 2001:db8:99::9 443",
            "office unknown denied PATH-DENY",
        ),
        // Inside a zone.
        ("tcp 10.40.1.5 10.40.1.6 445", "office office allowed INTRA-ALLOW"),
        ("tcp 10.40.2.8 10.40.2.9 445", "server server denied INTRA-DENY"),
        (
            "tcp 10.40.2.8 10.40.2.9 5432",
            "server server allowed SERVER-SERVER-DB",
        ),
        (
            "udp 10.40.2.8 10.40.2.9 53",
            "server server allowed ANY-SERVER-DNS",
        ),
        // `*` includes unknown; unknown can be named.
        (
            "tcp 10.40.1.5 203.0.113.9 25",
            "office unknown allowed OFFICE-OUT-SMTP",
        ),
        (
            "udp 203.0.113.9 10.40.2.9 53",
            "unknown server allowed ANY-SERVER-DNS",
        ),
        (
            "gre 203.0.113.9 10.40.1.5 0",
            "unknown office allowed OUT-OFFICE-GRE",
        ),
        ("tcp 203.0.113.9 10.40.1.5 443", "unknown office denied PATH-DENY"),
        (
            "icmp 203.0.113.9 10.40.1.5 0",
            "unknown office allowed ANY-ANY-ICMP",
        ),
        // Neither end is known.
        ("tcp 203.0.113.9 198.51.100.1 443", "unknown unknown unknown "),
        ("icmp 203.0.113.9 198.51.100.1 0", "unknown unknown unknown "),
        // Ports without a protocol are those of protocols that have ports.
        (
            "sctp 10.40.2.200 10.40.1.5 7",
            "backup office allowed BACKUP-PORTS",
        ),
        ("gre 10.40.2.200 10.40.1.5 7", "backup office denied PATH-DENY"),
        // VLAN, where no network speaks.
        (
            "tcp 192.168.7.7 10.40.2.9 443 vlan=90",
            "guest server allowed OFFICE-SERVER-WEB",
        ),
        (
            "tcp 192.168.7.7 10.40.2.9 443 vlan=91",
            "unknown server denied PATH-DENY",
        ),
        (
            "tcp 10.40.1.5 10.40.2.9 443 vlan=90",
            "office server allowed OFFICE-SERVER-WEB",
        ),
        (
            "tcp 10.40.1.5 203.0.113.9 443 vlan=10",
            "office unknown denied PATH-DENY",
        ),
        // What cannot cross a router crosses no border.
        ("udp 10.40.2.9 224.0.0.251 5353", "server link allowed LINK-LOCAL"),
        ("udp 0.0.0.0 255.255.255.255 67", "link link allowed LINK-LOCAL"),
        ("icmpv6 fe80::1 ff02::1 0", "link link allowed LINK-LOCAL"),
        ("udp 203.0.113.9 224.0.0.251 5353", "unknown link unknown "),
        (
            "udp 10.40.2.9 239.255.255.250 1900",
            "server unknown denied PATH-DENY",
        ),
        // ICMP errors about a flow that was seen.
        (
            "icmpv6 2001:db8:40:2::9 2001:db8:40:1::5 4 related",
            "server office allowed ICMP-RELATED",
        ),
        (
            "icmpv6 2001:db8:40:2::9 2001:db8:40:1::5 4",
            "server office denied PATH-DENY",
        ),
        (
            "icmpv6 2001:db8:40:2::9 2001:db8:40:2::5 4 related",
            "server server allowed ICMP-RELATED",
        ),
        (
            "udp 10.40.2.9 10.40.1.5 4 related",
            "server office denied PATH-DENY",
        ),
        // Excluded wins over everything.
        ("tcp 10.80.1.1 10.40.2.9 443", "school server unknown  excluded"),
        ("udp 10.80.1.1 224.0.0.251 5353", "school link unknown  excluded"),
        ("tcp 10.80.1.1 10.80.1.2 443", "school school unknown  excluded"),
    ];

    for (flow, expected) in table {
        assert_eq!(words(&policy, &judge(&policy, flow)), expected, "{flow}");
    }
}

#[test]
fn without_a_policy_everything_is_unknown() {
    let policy = Policy::none();

    assert!(policy.is_none());
    assert_eq!((policy.name(), &**policy.version()), ("", ""));
    for flow in [
        "tcp 10.40.1.5 10.40.2.9 443",
        "udp 0.0.0.0 255.255.255.255 67",
        "icmpv6 fe80::1 ff02::1 0",
    ] {
        assert_eq!(words(&policy, &judge(&policy, flow)), "unknown unknown unknown ");
    }
}

#[test]
fn a_policy_without_zones_judges_nothing() {
    let text = "schema = 1\n[policy]\nname = \"empty\"\nversion = \"1\"\nmode = \"learn\"\n";
    let policy = Policy::compile(&[Source {
        name: "a.toml".to_owned(),
        text: text.into(),
    }])
    .unwrap();

    assert!(!policy.is_none());
    assert_eq!(policy.mode(), Mode::Learn);
    assert_eq!(
        judge(&policy, "udp 0.0.0.0 255.255.255.255 67").verdict,
        Verdict::Unknown
    );
}

#[test]
fn a_policy_is_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}

    shared(&Policy::none());
}

#[test]
fn lists_keep_role_and_members() {
    let text = concat!(
        "schema = 1\n[policy]\nname = \"lists\"\nversion = \"1\"\n",
        "[list.dhcp-servers]\nrole = \"dhcp-server\"\nkind = \"address\"\nvalues = [\"10.30.0.2\", \"2001:db8::2\"]\n",
        "[list.scanners]\nrole = \"scanner\"\nkind = \"network\"\nvalues = [\"10.30.9.0/24\"]\n",
    );
    let policy = Policy::compile(&[Source {
        name: "a.toml".to_owned(),
        text: text.into(),
    }])
    .unwrap();

    let [dhcp, scanners] = policy.lists() else {
        panic!("two lists")
    };

    assert_eq!((&*dhcp.name, &*dhcp.role), ("dhcp-servers", "dhcp-server"));
    let at = Timestamp::from_nanos(0);
    assert!(dhcp.has([10, 30, 0, 2].into(), at) && !dhcp.has([10, 30, 0, 3].into(), at));
    assert!(scanners.has([10, 30, 9, 200].into(), at));
}
