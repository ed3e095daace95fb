//! Each condition alone: what meets it and what does not.

use crate::kit::{check, path};

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
fn what_runs_over_tls_is_tls_to_a_path_that_names_tls_and_no_web_page_to_one_that_names_https() {
    let seen = |service: &str| format!("tcp 10.40.1.5 10.40.2.9 443 service={service}");
    for (word, allowed, denied) in [
        (
            "tls",
            ["tls", "dot", "winrm"].as_slice(),
            ["doh", "doq", "ssh"].as_slice(),
        ),
        ("quic", &["quic", "doq"], &["tls", "dot"]),
        ("https", &["tls", "quic"], &["dot", "doq", "winrm", "ssh"]),
        ("http", &["http"], &["doh", "winrm"]),
    ] {
        let path = path("P1", &format!("services = [\"{word}\"]"));
        for service in allowed {
            check(&path, &[(&seen(service), "P1")]);
        }
        for service in denied {
            check(&path, &[(&seen(service), "PATH-SERVICE of P1")]);
        }
    }
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
