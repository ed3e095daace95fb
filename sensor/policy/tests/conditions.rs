//! What a path or exception asks beyond zones, protocol and port: each condition, who wins over whom,
//! and what is said of a flow that does not meet it.
//!
//! Expected instants are worked out by hand: Japan is nine hours ahead of UTC and has no summer time.
//! 2026-11-04 is a Wednesday, 2026-11-03 the Culture Day (文化の日), a holiday.

use std::fmt::Write as _;

use sekisho_model::app::App;
use sekisho_model::{Carrier, FlowRecord, MacAddress, Protocol, Severity, Timestamp, Verdict};
use sekisho_policy::{Policy, Question, Source, Violation};

const HEADER: &str = r#"
schema = 1
[policy]
name = "conditions"
version = "2026-11"
[zone.office]
networks = ["10.40.1.0/24"]
label.ja = "事務"
label.en = "Office"
[zone.server]
networks = ["10.40.2.0/24"]
label.ja = "サーバー"
label.en = "Servers"
[zone.dmz]
networks = ["10.40.9.0/24"]
[group.inside]
zones = ["office", "server"]
[calendar]
timezone = "Asia/Tokyo"
holidays = ["jp"]
[gateway.mugai]
near = ["10.40.9.1"]
far = ["10.40.9.2"]
label.ja = "無害化ゲートウェイ"
label.en = "the sanitising gateway"
[list.printers]
kind = "address"
values = ["10.40.2.50", { value = "10.40.2.51", expires = "2026-10-31" }]
"#;

fn policy(paths: &str) -> Policy {
    let source = Source {
        name: "policy.toml".to_owned(),
        text: format!("{HEADER}{paths}").into_bytes(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Wednesday, 2026-11-04 at ten in the morning in Japan.
const MORNING: &str = "2026-11-04T01:00:00Z";

/// `tcp 10.40.1.5 10.40.2.9 443`, and what else is known: `at=`, `service=`, `tunnel=`, `from=`, `to=`
/// (MAC addresses).
fn record(flow: &str) -> FlowRecord {
    let words: Vec<_> = flow.split_whitespace().collect();
    let word = |name: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(name));
        found.map(|value| value.to_owned().leak() as &'static str)
    };
    let mut record = FlowRecord::example();
    record.orig.address = words[1].parse().unwrap();
    record.resp.address = words[2].parse().unwrap();
    record.resp.port = words[3].parse().unwrap();
    record.protocol = Protocol::parse(words[0]).unwrap();
    record.has_ports = record.protocol.has_ports();
    record.start = Timestamp::parse(word("at=").unwrap_or(MORNING)).unwrap();
    record.app = word("service=").map(|service| {
        Box::new(App {
            service,
            ..App::default()
        })
    });
    record.carrier = word("tunnel=").map(|kind| Carrier {
        kind,
        community_id: String::new(),
    });
    record.orig_mac = word("from=").map(|mac| MacAddress::parse(mac).unwrap());
    record.resp_mac = word("to=").map(|mac| MacAddress::parse(mac).unwrap());
    record
}

fn judged(policy: &Policy, flow: &str) -> FlowRecord {
    let mut record = record(flow);
    let judgement = policy.judge(&Question::of(&record));
    record.orig_zone = policy.zone_name(judgement.orig_zone).clone();
    record.resp_zone = policy.zone_name(judgement.resp_zone).clone();
    record.verdict = judgement.verdict;
    record.rule = judgement.rule;
    record
}

/// Verdict and rule, and the path that nearly allowed where it was denied.
fn verdict(policy: &Policy, flow: &str) -> String {
    let record = record(flow);
    let judgement = policy.judge(&Question::of(&record));
    let entry = judgement.entry.map_or("", |entry| policy.entry_name(entry));
    match judgement.verdict {
        Verdict::Denied if !entry.is_empty() => format!("{} of {entry}", judgement.rule),
        _ => judgement.rule.to_string(),
    }
}

fn check(paths: &str, table: &[(&str, &str)]) {
    let policy = policy(paths);
    for (flow, expected) in table {
        assert_eq!(verdict(&policy, flow), *expected, "{flow}");
    }
}

const OFFICE_TO_SERVER: &str = "from = \"office\"\nto = \"server\"\nprotocol = \"tcp\"\nports = [443]\n";

fn path(id: &str, more: &str) -> String {
    format!("[[path]]\nid = \"{id}\"\n{OFFICE_TO_SERVER}{more}\n")
}

fn exception(id: &str, more: &str) -> String {
    format!(
        "[[exception]]\nid = \"{id}\"\n{OFFICE_TO_SERVER}application = \"情シス第12号\"\napplicant = \"税務課\"\n\
         approver = \"CISO\"\npurpose = \"申告期の臨時接続\"\nstarts = \"2026-11-01\"\nexpires = \"2026-11-30\"\n{more}\n"
    )
}

#[test]
fn another_service_than_the_path_names_is_denied_and_one_not_seen_is_not() {
    check(
        &path("P1", "services = [\"https\"]"),
        &[
            ("tcp 10.40.1.5 10.40.2.9 443 service=tls", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 service=quic", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 service=ssh", "PATH-SERVICE of P1"),
            ("tcp 10.40.1.5 10.40.2.9 22 service=ssh", "PATH-DENY"),
        ],
    );
}

#[test]
fn a_tunnel_is_allowed_where_the_path_says_so_and_does_not_matter_where_it_says_nothing() {
    let flows = |none: &'static str, gre: &'static str, vxlan: &'static str| {
        [
            ("tcp 10.40.1.5 10.40.2.9 443", none),
            ("tcp 10.40.1.5 10.40.2.9 443 tunnel=gre", gre),
            ("tcp 10.40.1.5 10.40.2.9 443 tunnel=vxlan", vxlan),
        ]
    };
    let denied = "PATH-TUNNEL of P1";

    check(&path("P1", ""), &flows("P1", "P1", "P1"));
    check(&path("P1", "tunnel = \"none\""), &flows("P1", denied, denied));
    check(&path("P1", "tunnel = \"any\""), &flows(denied, "P1", "P1"));
    check(&path("P1", "tunnel = \"gre\""), &flows(denied, "P1", denied));
    check(
        &path("P1", "tunnel = [\"none\", \"vxlan\"]"),
        &flows("P1", denied, "P1"),
    );
}

#[test]
fn a_host_of_a_specific_communication_has_its_mac_address_where_that_is_seen() {
    check(
        &path(
            "P1",
            "from_hosts = [\"10.40.1.5=52:54:00:00:00:05\", \"10.40.1.6\"]\nto_hosts = [\"10.40.2.9=52:54:00:00:00:09\"]",
        ),
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:05 to=52:54:00:00:00:09",
                "P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:05", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:99",
                "PATH-MAC of P1",
            ),
            (
                "tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:05 to=52:54:00:00:00:99",
                "PATH-MAC of P1",
            ),
            // The second host is bound to no MAC address.
            ("tcp 10.40.1.6 10.40.2.9 443 from=52:54:00:00:00:99", "P1"),
            // Hosts that the path does not name.
            ("tcp 10.40.1.7 10.40.2.9 443", "PATH-DENY"),
            ("tcp 10.40.1.5 10.40.2.8 443", "PATH-DENY"),
        ],
    );
}

#[test]
fn one_address_may_have_several_mac_addresses() {
    check(
        &path(
            "P1",
            "from_hosts = [\"10.40.1.5=52:54:00:00:00:05\", \"10.40.1.5=52:54:00:00:00:06\"]",
        ),
        &[
            ("tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:05", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:06", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:07",
                "PATH-MAC of P1",
            ),
        ],
    );
}

#[test]
fn frames_go_to_the_router_that_the_path_names() {
    check(
        &path("P1", "next_hops = [\"52:54:00:00:00:01\", \"52:54:00:00:00:02\"]"),
        &[
            ("tcp 10.40.1.5 10.40.2.9 443 to=52:54:00:00:00:01", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 to=52:54:00:00:00:02", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 to=52:54:00:00:00:03",
                "PATH-NEXT-HOP of P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443", "P1"),
        ],
    );
}

#[test]
fn a_window_is_open_on_working_days_in_the_calendars_time_zone() {
    check(
        &path("P1", "window = \"workday 08:30-17:15\""),
        &[
            // 08:29:59 and 08:30:00, 17:14:59 and 17:15:00 in Japan.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T23:29:59Z",
                "PATH-WINDOW of P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T23:30:00Z", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T08:14:59Z", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T08:15:00Z",
                "PATH-WINDOW of P1",
            ),
            // Culture Day and a Saturday.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T01:00:00Z",
                "PATH-WINDOW of P1",
            ),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-07T01:00:00Z",
                "PATH-WINDOW of P1",
            ),
        ],
    );
}

#[test]
fn a_term_begins_with_its_first_day_and_ends_with_its_last() {
    let path = path("P1", "starts = \"2026-11-01\"\nexpires = \"2026-11-30\"");
    check(
        &path,
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-10-31T14:59:59Z",
                "PATH-EARLY of P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-10-31T15:00:00Z", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-30T14:59:59Z", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-30T15:00:00Z",
                "PATH-EXPIRED of P1",
            ),
        ],
    );
}

#[test]
fn an_exception_that_is_over_is_named_as_one() {
    check(
        &exception("E1", "window = \"workday 08:30-17:15\""),
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-10-30T01:00:00Z",
                "PATH-EARLY of E1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443", "E1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T10:00:00Z",
                "EXCEPTION-WINDOW of E1",
            ),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-12-01T01:00:00Z",
                "EXCEPTION-EXPIRED of E1",
            ),
            // Over and outside the window: that it is over says more.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-12-05T01:00:00Z",
                "EXCEPTION-EXPIRED of E1",
            ),
        ],
    );
}

#[test]
fn a_path_over_a_gateway_allows_its_two_legs_and_not_the_way_past_it() {
    let paths = path(
        "P1",
        "via = \"mugai\"\nservices = [\"https\"]\nonward = { ports = [8443], services = [\"http\"] }",
    );
    check(
        &paths,
        &[
            ("tcp 10.40.1.5 10.40.9.1 443", "P1"),
            ("tcp 10.40.9.2 10.40.2.9 8443", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443", "PATH-DENY"),
            // Each leg has its own port and services, and its own side of the gateway.
            ("tcp 10.40.1.5 10.40.9.1 8443", "PATH-DENY"),
            ("tcp 10.40.9.2 10.40.2.9 443", "PATH-DENY"),
            ("tcp 10.40.1.5 10.40.9.2 443", "PATH-DENY"),
            ("tcp 10.40.9.1 10.40.2.9 8443", "PATH-DENY"),
            ("tcp 10.40.1.5 10.40.9.1 443 service=ssh", "PATH-SERVICE of P1"),
            ("tcp 10.40.9.2 10.40.2.9 8443 service=tls", "PATH-SERVICE of P1"),
            // From the other zone the legs are not allowed.
            ("tcp 10.40.2.9 10.40.9.1 443", "PATH-DENY"),
            ("tcp 10.40.9.2 10.40.1.5 8443", "PATH-DENY"),
        ],
    );
    assert_eq!(
        policy(&paths)
            .entries_via("mugai")
            .map(|entry| entry.id().to_string())
            .collect::<Vec<_>>(),
        ["P1", "P1"]
    );
}

#[test]
fn groups_stand_for_their_zones_and_lists_for_their_values_while_those_hold() {
    check(
        "[[path]]\nid = \"P1\"\nfrom = \"inside\"\nto = \"dmz\"\nprotocol = \"udp\"\nports = [53]\n\
         [[path]]\nid = \"P2\"\nfrom = \"dmz\"\nto = \"inside\"\nto_hosts = [\"@printers\"]\nprotocol = \"tcp\"\nports = [631]\n",
        &[
            ("udp 10.40.1.5 10.40.9.5 53", "P1"),
            ("udp 10.40.2.5 10.40.9.5 53", "P1"),
            ("tcp 10.40.9.5 10.40.2.50 631", "P2"),
            ("tcp 10.40.9.5 10.40.2.51 631 at=2026-10-31T14:59:59Z", "P2"),
            (
                "tcp 10.40.9.5 10.40.2.51 631 at=2026-10-31T15:00:00Z",
                "PATH-DENY",
            ),
            ("tcp 10.40.9.5 10.40.2.52 631", "PATH-DENY"),
        ],
    );
}

#[test]
fn a_host_that_is_named_must_still_be_in_the_zone_that_is_named() {
    check(
        "[[path]]\nid = \"P1\"\nfrom = \"office\"\nfrom_hosts = [\"10.40.0.0/16\"]\nto = \"*\"\nto_hosts = [\"10.40.2.9\"]\nprotocol = \"tcp\"\nports = [443]\n",
        &[
            ("tcp 10.40.1.5 10.40.2.9 443", "P1"),
            ("tcp 10.40.9.5 10.40.2.9 443", "PATH-DENY"),
        ],
    );
}

/// Pairs of paths that both allow the flow; the first of each pair is the more specific one for the
/// reason that stands beside it, and wins in either order of the files.
#[test]
fn the_most_specific_path_wins_in_either_order() {
    let zones = "from = \"office\"\nto = \"server\"\n";
    let tcp = "protocol = \"tcp\"\n";
    let both = "from_hosts = [\"10.40.1.5\"]\nto_hosts = [\"10.40.2.9\"]\n";
    let pairs: &[(&str, String, String)] = &[
        (
            "hosts at both ends before hosts at one, whatever its ports",
            format!("{zones}{both}{tcp}"),
            format!("{zones}from_hosts = [\"10.40.1.5\"]\n{tcp}ports = [443]\n"),
        ),
        (
            "hosts at one end before zones named at both",
            format!("from = \"*\"\nto = \"*\"\nto_hosts = [\"10.40.2.0/24\"]\n{tcp}"),
            format!("{zones}{tcp}ports = [443]\nservices = [\"tls\"]\n"),
        ),
        (
            "two zones named before one",
            format!("{zones}{tcp}"),
            format!("from = \"office\"\nto = \"*\"\n{tcp}ports = [443]\nservices = [\"tls\"]\n"),
        ),
        (
            "one zone named before none",
            format!("from = \"*\"\nto = \"server\"\n{tcp}"),
            format!("from = \"*\"\nto = \"*\"\n{tcp}ports = [443]\n"),
        ),
        (
            "services given before none given, whatever the ports",
            format!("{zones}{tcp}services = [\"tls\"]\n"),
            format!("{zones}{tcp}ports = [443]\n"),
        ),
        (
            "a protocol given before none given",
            format!("{zones}{tcp}"),
            format!("{zones}ports = [443]\n"),
        ),
        (
            "fewer ports before more",
            format!("{zones}{tcp}ports = [443]\n"),
            format!("{zones}{tcp}ports = [443, 444]\n"),
        ),
        (
            "a narrower window before a wider one",
            format!("{zones}{tcp}ports = [443]\nwindow = \"workday 08:30-17:15\"\n"),
            format!("{zones}{tcp}ports = [443]\nwindow = \"all 00:00-24:00\"\n"),
        ),
    ];
    for (why, first, second) in pairs {
        let specific = format!("[[path]]\nid = \"SPECIFIC\"\n{first}");
        let general = format!("[[path]]\nid = \"GENERAL\"\n{second}");
        for text in [format!("{specific}{general}"), format!("{general}{specific}")] {
            let rule = verdict(&policy(&text), "tcp 10.40.1.5 10.40.2.9 443 service=tls");

            assert_eq!(rule, "SPECIFIC", "{why}");
        }
    }
}

#[test]
fn of_equal_paths_the_first_of_the_files_wins() {
    check(
        &format!("{}{}", path("B", ""), path("A", "")),
        &[("tcp 10.40.1.5 10.40.2.9 443", "B")],
    );
}

#[test]
fn a_less_specific_path_allows_what_a_more_specific_one_does_not() {
    check(
        &format!("{}{}", path("NARROW", "services = [\"ssh\"]"), path("WIDE", "")),
        &[
            ("tcp 10.40.1.5 10.40.2.9 443 service=ssh", "NARROW"),
            ("tcp 10.40.1.5 10.40.2.9 443 service=tls", "WIDE"),
        ],
    );
}

#[test]
fn where_none_allows_the_condition_of_the_most_specific_one_is_named() {
    check(
        &format!(
            "{}{}{}",
            path("WINDOW", "window = \"workday 08:30-17:15\""),
            path("SERVICE", "services = [\"tls\"]"),
            path("HOST", "from_hosts = [\"10.40.1.5\"]\nexpires = \"2026-10-31\""),
        ),
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 service=ssh at=2026-11-07T01:00:00Z",
                "PATH-EXPIRED of HOST",
            ),
            (
                "tcp 10.40.1.6 10.40.2.9 443 service=ssh at=2026-11-07T01:00:00Z",
                "PATH-SERVICE of SERVICE",
            ),
            ("tcp 10.40.1.6 10.40.2.9 443 service=ssh", "WINDOW"),
        ],
    );
}

#[test]
fn of_several_conditions_of_one_path_the_order_of_the_manual_names_one() {
    let all = path(
        "P1",
        "services = [\"tls\"]\ntunnel = \"none\"\nfrom_hosts = [\"10.40.1.5=52:54:00:00:00:05\"]\n\
         next_hops = [\"52:54:00:00:00:01\"]\nwindow = \"workday 08:30-17:15\"\nexpires = \"2026-10-31\"",
    );
    let late = "at=2026-11-07T01:00:00Z";
    let steps = [
        (
            "service=ssh tunnel=gre from=52:54:00:00:00:99 to=52:54:00:00:00:99",
            "PATH-SERVICE",
        ),
        (
            "tunnel=gre from=52:54:00:00:00:99 to=52:54:00:00:00:99",
            "PATH-TUNNEL",
        ),
        ("from=52:54:00:00:00:99 to=52:54:00:00:00:99", "PATH-MAC"),
        ("to=52:54:00:00:00:99", "PATH-NEXT-HOP"),
        ("", "PATH-EXPIRED"),
    ];
    let policy = policy(&all);
    for (seen, expected) in steps {
        let rule = verdict(&policy, &format!("tcp 10.40.1.5 10.40.2.9 443 {late} {seen}"));

        assert_eq!(rule, format!("{expected} of P1"), "{seen}");
    }
}

#[test]
fn inside_a_zone_that_denies_it_a_condition_is_named_too() {
    let text = "[zone.lab]\nnetworks = [\"10.50.0.0/24\"]\nintra = \"deny\"\n\
                [[path]]\nid = \"P1\"\nfrom = \"lab\"\nto = \"lab\"\nprotocol = \"tcp\"\nports = [22]\nservices = [\"ssh\"]\n";
    check(
        text,
        &[
            ("tcp 10.50.0.1 10.50.0.2 22 service=ssh", "P1"),
            ("tcp 10.50.0.1 10.50.0.2 22 service=http", "PATH-SERVICE of P1"),
            ("tcp 10.50.0.1 10.50.0.2 23", "INTRA-DENY"),
        ],
    );
}

#[test]
fn zones_by_mac_address_are_found_where_no_network_speaks() {
    let text = "[zone.clocks]\nmacs = [\"52:54:00:aa:00:01\"]\n\
                [[path]]\nid = \"P1\"\nfrom = \"clocks\"\nto = \"server\"\nprotocol = \"udp\"\nports = [123]\n";
    check(
        text,
        &[
            ("udp 192.168.1.1 10.40.2.9 123 from=52:54:00:aa:00:01", "P1"),
            (
                "udp 192.168.1.1 10.40.2.9 123 from=52:54:00:aa:00:02",
                "PATH-DENY",
            ),
            // A network speaks first.
            ("udp 10.40.1.1 10.40.2.9 123 from=52:54:00:aa:00:01", "PATH-DENY"),
        ],
    );
}

/// The whole alert as a person would read it.
fn page(violation: &Violation) -> String {
    let mut page = format!(
        "{} {} {} clause={} nearest={} differs={:?}\n",
        violation.rule,
        violation.signature_id,
        violation.severity.name(),
        violation.clause,
        violation.explanation.nearest_path,
        violation.explanation.differs,
    );
    for (name, text) in [
        ("title", &violation.title),
        ("observed", &violation.explanation.observed),
        ("expected", &violation.explanation.expected),
        ("nearest", &violation.explanation.nearest),
        ("silenced_by", &violation.explanation.silenced_by),
        ("first_step", &violation.explanation.first_step),
    ] {
        writeln!(page, "{name}\n  {}\n  {}", text.ja, text.en).unwrap();
    }
    page
}

const OWNED: &str = "title.ja = \"帳票の送信\"\ntitle.en = \"Forms\"\nclause = \"2(14)\"\nowner = \"情報政策課\"\napprover = \"CISO\"\ncontract = \"2026-17\"\n";

#[test]
fn each_condition_explains_itself() {
    let table = [
        (
            "service",
            path("P1", &format!("{OWNED}services = [\"https\"]")),
            "service=ssh",
        ),
        (
            "tunnel",
            path("P1", &format!("{OWNED}tunnel = \"none\"")),
            "tunnel=gre",
        ),
        ("no_tunnel", path("P1", "tunnel = [\"gre\", \"vxlan\"]"), ""),
        (
            "mac",
            path(
                "P1",
                &format!("{OWNED}from_hosts = [\"10.40.1.5=52:54:00:00:00:05\"]\n"),
            ),
            "from=52:54:00:00:00:99",
        ),
        (
            "next_hop",
            path("P1", "next_hops = [\"52:54:00:00:00:01\"]"),
            "to=52:54:00:00:00:99",
        ),
        ("early", path("P1", "starts = \"2026-12-01\""), ""),
        (
            "expired",
            path("P1", &format!("{OWNED}expires = \"2026-10-31\"")),
            "",
        ),
        (
            "window",
            path("P1", &format!("{OWNED}window = \"workday 18:00-20:00\"")),
            "",
        ),
        ("exception_early", exception("E1", ""), "at=2026-10-30T01:00:00Z"),
        (
            "exception_expired",
            exception("E1", "owner = \"情報政策課\""),
            "at=2026-12-01T01:00:00Z",
        ),
        ("exception_window", exception("E1", "window = \"sat\""), ""),
    ];
    for (name, paths, seen) in table {
        let policy = policy(&paths);
        let record = judged(&policy, &format!("tcp 10.40.1.5 10.40.2.9 443 {seen}"));

        let violation = policy.finding(&record).unwrap();

        assert_eq!(violation.rule, record.rule, "{name}");
        insta::assert_snapshot!(format!("explained_{name}"), page(&violation));
    }
}

#[test]
fn the_way_past_a_gateway_and_a_host_that_is_not_named_are_told_from_the_nearest_path() {
    let paths = format!(
        "{}[[path]]\nid = \"P2\"\nfrom = \"server\"\nto = \"office\"\nfrom_hosts = [\"10.40.2.8\"]\nprotocol = \"udp\"\nports = [514]\n",
        path("P1", "via = \"mugai\"")
    );
    let policy = policy(&paths);
    let past = policy
        .finding(&judged(&policy, "tcp 10.40.1.5 10.40.2.9 443"))
        .unwrap();
    let host = policy
        .finding(&judged(&policy, "udp 10.40.2.9 10.40.1.5 514"))
        .unwrap();

    assert_eq!((&*past.rule, &*host.rule), ("PATH-DENY", "PATH-DENY"));
    insta::assert_snapshot!("explained_past_the_gateway", page(&past));
    insta::assert_snapshot!("explained_another_host", page(&host));
}

#[test]
fn the_use_of_an_exception_that_is_over_is_of_high_severity_whatever_a_boundary_says() {
    let boundary =
        "[[boundary]]\nid = \"B1\"\nfrom = \"office\"\nto = \"*\"\nseverity = \"low\"\nclause = \"9\"\n";
    let policy = policy(&format!("{boundary}{}", exception("E1", "")));
    let over = policy
        .finding(&judged(
            &policy,
            "tcp 10.40.1.5 10.40.2.9 443 at=2026-12-01T01:00:00Z",
        ))
        .unwrap();
    let early = policy
        .finding(&judged(
            &policy,
            "tcp 10.40.1.5 10.40.2.9 443 at=2026-10-01T01:00:00Z",
        ))
        .unwrap();

    assert_eq!((over.severity, early.severity), (Severity::High, Severity::Low));
    assert_eq!((&*over.clause, over.signature_id), ("9", 1_000_009));
}

#[test]
fn words_that_are_kept_for_a_kind_are_those_of_each_flow() {
    let policy = policy(&format!(
        "{}{}[[path]]\nid = \"P3\"\nfrom = \"dmz\"\nto = \"server\"\nfrom_hosts = [\"10.40.9.8/29\"]\nprotocol = \"tcp\"\nports = [25]\n",
        path(
            "P1",
            "services = [\"https\"]\ntunnel = \"none\"\nwindow = \"workday 08:30-17:15\"\nfrom_hosts = [\"10.40.1.5=52:54:00:00:00:05\", \"10.40.1.6=52:54:00:00:00:06\"]"
        ),
        exception(
            "E1",
            "from_hosts = [\"10.40.1.7\"]\nnext_hops = [\"52:54:00:00:00:01\"]"
        ),
    ));
    let mut kept = sekisho_policy::Findings::default();
    let mut met = 0;
    for orig in [
        "10.40.1.5",
        "10.40.1.6",
        "10.40.1.7",
        "10.40.1.8",
        "10.40.9.7",
        "10.40.9.9",
    ] {
        for seen in [
            "service=ssh",
            "service=smb",
            "tunnel=gre",
            "tunnel=vxlan",
            "from=52:54:00:00:00:98",
            "from=52:54:00:00:00:99",
            "to=52:54:00:00:00:99",
            "at=2026-11-07T01:00:00Z",
            "at=2026-11-07T02:00:00Z",
            "at=2026-12-01T02:00:00Z",
        ] {
            for (resp, port) in [("10.40.2.9", 443), ("10.40.2.9", 25), ("10.40.2.9", 26)] {
                let record = judged(&policy, &format!("tcp {orig} {resp} {port} {seen}"));
                let alone = policy.finding(&record);

                assert_eq!(kept.finding(&policy, &record), alone, "{orig} {port} {seen}");
                met += usize::from(alone.is_some());
            }
        }
    }
    assert!(met > 100, "{met}");
}
