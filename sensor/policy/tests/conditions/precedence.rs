//! Who wins over whom, and which condition is named where none allows.

use crate::kit::{check, path, policy, verdict};

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
fn of_several_ways_to_be_a_host_of_a_path_the_one_that_gets_furthest_counts() {
    let other = "tcp 10.40.1.5 10.40.2.9 443 from=52:54:00:00:00:99";
    for hosts in [
        "\"10.40.1.5\", \"10.40.1.5=52:54:00:00:00:05\"",
        "\"10.40.1.5=52:54:00:00:00:05\", \"10.40.1.0/24\"",
    ] {
        check(
            &path("P1", &format!("from_hosts = [{hosts}]\nwindow = \"sat\"")),
            &[(other, "PATH-WINDOW of P1")],
        );
    }
    let bound = "from_hosts = [\"10.40.1.5=52:54:00:00:00:05\"]\nwindow = \"sat\"";
    check(&path("P1", bound), &[(other, "PATH-MAC of P1")]);
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
