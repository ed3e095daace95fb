//! What is said of a flow that does not meet a condition.

use std::fmt::Write as _;

use sekisho_model::Severity;
use sekisho_policy::Violation;

use crate::kit::{exception, judged, path, policy, verdict};

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
        insta::assert_snapshot!(name, page(&violation));
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
    insta::assert_snapshot!("past_the_gateway", page(&past));
    insta::assert_snapshot!("another_host", page(&host));
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

/// What the words about a denied flow say would silence its alert, as the policy with it.
fn with_the_silencer(paths: &str, flow: &str) -> String {
    let policy = policy(paths);
    let words = policy
        .finding(&judged(&policy, flow))
        .unwrap()
        .explanation
        .silenced_by
        .en;
    let (change, _) = words.split_once(", this alert").unwrap();
    if let Some((_, keys)) = change.split_once("[[path]] that has ") {
        return format!("{paths}[[path]]\nid = \"NEW\"\n{}\n", keys.replace(", ", "\n"));
    }
    let (_, named) = change.split_once("With ").unwrap();
    let (named, _) = named.split_once(" of P1").unwrap();
    named.split(" and ").fold(paths.to_owned(), |paths, one| {
        let (host, key) = one.split_once(" in ").unwrap();
        let key = format!("{} = [", key.trim_matches('`'));
        assert!(paths.contains(&key), "{words}");
        paths.replace(&key, &format!("{key}\"{host}\", "))
    })
}

#[test]
fn what_would_silence_an_alert_allows_the_flow_and_no_host_beside_it_where_the_path_names_hosts() {
    let narrow = "from_hosts = [\"10.40.1.5\"]\nto_hosts = [\"10.40.2.9\"]";
    let over = "[[path]]\nid = \"P1\"\nfrom = \"office\"\nto = \"dmz\"\nvia = \"mugai\"\nprotocol = \"tcp\"\nports = [25]\nfrom_hosts = [\"10.40.1.5\"]\n".to_owned();
    for (paths, flow, allowed, beside) in [
        // Hosts alone are missing: the path names them.
        (
            path("P1", narrow),
            "tcp 10.40.1.6 10.40.2.9 443",
            "P1",
            "tcp 10.40.1.7 10.40.2.9 443",
        ),
        (
            path("P1", narrow),
            "tcp 10.40.1.5 10.40.2.8 443",
            "P1",
            "tcp 10.40.1.5 10.40.2.7 443",
        ),
        (
            path("P1", narrow),
            "tcp 10.40.1.6 10.40.2.8 443",
            "P1",
            "tcp 10.40.1.6 10.40.2.7 443",
        ),
        // More is missing: a path of its own is as narrow.
        (
            path("P1", narrow),
            "tcp 10.40.1.5 10.40.2.9 22",
            "NEW",
            "tcp 10.40.1.6 10.40.2.9 22",
        ),
        (
            path("P1", narrow),
            "udp 10.40.2.9 10.40.1.5 514",
            "NEW",
            "udp 10.40.2.9 10.40.1.6 514",
        ),
        (
            path("P1", "from_hosts = [\"10.40.1.5\"]"),
            "tcp 10.40.1.6 10.40.2.9 22",
            "NEW",
            "tcp 10.40.1.7 10.40.2.9 22",
        ),
        // The sides of a gateway are not the path's to name.
        (
            over.clone(),
            "tcp 10.40.1.6 10.40.9.1 25",
            "P1",
            "tcp 10.40.1.7 10.40.9.1 25",
        ),
        (
            over.clone(),
            "tcp 10.40.1.5 10.40.9.7 26",
            "NEW",
            "tcp 10.40.1.6 10.40.9.7 26",
        ),
        (
            over,
            "tcp 10.40.1.6 10.40.2.9 25",
            "NEW",
            "tcp 10.40.1.7 10.40.2.9 25",
        ),
    ] {
        let silenced = policy(&with_the_silencer(&paths, flow));

        assert_eq!(verdict(&silenced, flow), allowed, "{flow}");
        assert!(verdict(&silenced, beside).starts_with("PATH-DENY"), "{beside}");
    }
}

#[test]
fn a_path_that_names_no_hosts_is_suggested_as_wide_as_its_like() {
    let silenced = policy(&with_the_silencer(&path("P1", ""), "tcp 10.40.1.5 10.40.2.9 22"));

    assert_eq!(verdict(&silenced, "tcp 10.40.1.6 10.40.2.8 22"), "NEW");
}
