//! Who the ends are: legs over a gateway, groups, lists, hosts, the inside of a zone, MAC addresses.

use crate::kit::{check, path, policy};

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
fn what_goes_on_over_a_gateway_may_be_asked_for_a_service_of_its_own() {
    check(
        &path("P1", "via = \"mugai\"\nonward = { services = [\"http\"] }"),
        &[
            ("tcp 10.40.1.5 10.40.9.1 443 service=tls", "P1"),
            ("tcp 10.40.9.2 10.40.2.9 443 service=http", "P1"),
            ("tcp 10.40.9.2 10.40.2.9 443 service=ssh", "PATH-SERVICE of P1"),
        ],
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
fn hosts_that_several_paths_name_in_different_zones_are_found_in_each() {
    let path = |id: &str, from: &str| {
        format!(
            "[[path]]\nid = \"{id}\"\nfrom = \"{from}\"\nto = \"server\"\nfrom_hosts = [\"10.40.0.0/16\"]\n\
             protocol = \"tcp\"\nports = [443]\n"
        )
    };
    check(
        &format!(
            "{}{}{}",
            path("P1", "office"),
            path("P2", "dmz"),
            path("P3", "server")
        ),
        &[
            ("tcp 10.40.1.5 10.40.2.9 443", "P1"),
            ("tcp 10.40.9.5 10.40.2.9 443", "P2"),
            ("tcp 10.50.1.5 10.40.2.9 443", "PATH-DENY"),
            ("tcp 10.40.9.5 10.40.2.9 444", "PATH-DENY"),
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
