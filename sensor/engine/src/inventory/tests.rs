//! Devices from flows and from what is said: who is merged with whom, and who is not.

use std::sync::Arc;

use sekisho_model::app::{App, Essential, Event, Facts, FlowRef, Said, Transaction};
use sekisho_model::{
    ConnState, Counts, DirectionBy, Endpoint, FlowRecord, Host, MacAddress, Protocol, TcpFlags, Timestamp,
};
use sekisho_policy::Policy;

use super::{Inventory, Makers, Scope};

const ROUTER: &str = "ac:de:48:00:00:01";
const PC: &str = "ac:de:48:00:00:02";
const OTHER: &str = "ac:de:48:00:00:03";

/// An inventory without a policy.
fn inventory() -> Inventory {
    Inventory::new(Scope::new(Arc::new(Policy::none())))
}

fn hosts(inventory: &Inventory) -> Vec<Host> {
    inventory.hosts(&Makers::default())
}

/// The device with a MAC address.
fn device(inventory: &Inventory, mac: &str) -> Host {
    hosts(inventory)
        .into_iter()
        .find(|host| host.mac.as_deref() == Some(mac))
        .unwrap_or_else(|| panic!("no device {mac}"))
}

fn addresses(host: &Host) -> Vec<&str> {
    let mut addresses: Vec<_> = host.addresses.iter().map(|address| &*address.value).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

fn flow(orig: (&str, &str), resp: (&str, &str, u16), at: i64) -> FlowRecord {
    let counts = Counts {
        packets: 3,
        payload_octets: 100,
        ..Counts::default()
    };
    FlowRecord {
        orig: end(orig.0, 50_000),
        resp: end(resp.0, resp.2),
        orig_mac: MacAddress::parse(orig.1),
        resp_mac: MacAddress::parse(resp.1),
        protocol: Protocol::TCP,
        conn_state: Some(ConnState::SF),
        direction_by: DirectionBy::Syn,
        start: Timestamp::from_seconds(at, 0),
        end: Timestamp::from_seconds(at + 1, 0),
        to_resp: counts,
        to_orig: counts,
        orig_zone: Arc::from("unknown"),
        resp_zone: Arc::from("unknown"),
        ..FlowRecord::example()
    }
}

fn end(address: &str, port: u16) -> Endpoint {
    Endpoint {
        address: address.parse().unwrap(),
        port,
    }
}

fn said(protocol: &'static str, flow: Option<FlowRef>, at: i64, facts: &[(&'static str, &str)]) -> Said {
    let mut all = Facts::new();
    for (key, value) in facts {
        all.put(key, *value);
    }
    Said {
        flow,
        mac: None,
        ordinal: 0,
        event: Event::Transaction(Transaction {
            protocol,
            at: Timestamp::from_seconds(at, 0),
            facts: all,
            also: None,
        }),
    }
}

fn arp(mac: &str, address: &str, at: i64) -> Said {
    said(
        "arp",
        None,
        at,
        &[("opcode", "request"), ("src_mac", mac), ("src_ip", address)],
    )
}

fn flow_ref(orig: (&str, &str), resp: (&str, &str)) -> FlowRef {
    FlowRef {
        flow_id: 1,
        orig: end(orig.0, 0),
        resp: end(resp.0, 0),
        protocol: Protocol::UDP,
        vlan: None,
        inner_vlan: None,
        orig_mac: MacAddress::parse(orig.1),
        resp_mac: MacAddress::parse(resp.1),
        community_id: String::new(),
        orig_zone: Arc::from("unknown"),
        resp_zone: Arc::from("unknown"),
    }
}

/// A request of a PC to 192.168.1.80, and what it is answered.
fn request(method: &str, url: &str, status: Option<u64>) -> Said {
    let to_server = flow_ref(("192.168.1.10", PC), ("192.168.1.80", OTHER));
    let facts = [("http_method", method), ("url", url)];
    let mut said = said("http", Some(to_server), 0, &facts);
    if let Event::Transaction(transaction) = &mut said.event {
        transaction.facts.put_some("status", status);
    }
    said
}

#[test]
fn two_hosts_behind_a_router_are_two_devices_and_neither_has_its_mac_address() {
    let mut inventory = inventory();
    inventory.hear(&arp(PC, "192.168.1.10", 0));
    inventory.observe(&flow(("192.168.1.10", PC), ("10.0.0.1", ROUTER, 443), 1));
    inventory.observe(&flow(("192.168.1.10", PC), ("10.0.0.2", ROUTER, 443), 2));

    let hosts = hosts(&inventory);

    assert_eq!(hosts.len(), 3);
    assert!(
        hosts
            .iter()
            .all(|host| addresses(host).len() == 1 && host.mac.as_deref() != Some(ROUTER))
    );
}

#[test]
fn a_router_with_an_address_of_its_own_forwards_and_leaves_one_host_behind_it_apart() {
    let mut inventory = inventory();
    inventory.hear(&arp(ROUTER, "192.168.1.1", 0));
    inventory.observe(&flow(("192.168.1.10", PC), ("192.168.1.1", ROUTER, 53), 1));
    inventory.observe(&flow(("192.168.1.10", PC), ("10.0.0.1", ROUTER, 443), 2));

    let router = device(&inventory, ROUTER);

    assert_eq!((addresses(&router), router.forwards), (vec!["192.168.1.1"], true));
    assert_eq!(hosts(&inventory).len(), 3);
}

#[test]
fn a_gateway_to_the_internet_forwards_and_the_internet_is_no_device() {
    let mut inventory = inventory();
    inventory.observe(&flow(("192.168.1.10", PC), ("192.168.1.1", ROUTER, 53), 1));
    inventory.observe(&flow(("192.168.1.10", PC), ("198.51.100.7", ROUTER, 443), 2));
    inventory.hear(&arp(ROUTER, "192.168.1.1", 3));

    assert!(device(&inventory, ROUTER).forwards);
    assert_eq!(hosts(&inventory).len(), 2);
}

#[test]
fn a_gateway_that_says_nothing_of_itself_has_the_one_address_among_its_neighbours() {
    let mut inventory = inventory();
    for (at, server) in (1..).zip(["192.168.1.1", "10.0.0.1", "198.51.100.7"]) {
        inventory.observe(&flow(("192.168.1.10", PC), (server, ROUTER, 53), at));
    }

    assert_eq!(addresses(&device(&inventory, ROUTER)), ["192.168.1.1"]);
    assert_eq!(hosts(&inventory).len(), 3);
}

#[test]
fn the_mac_address_inside_an_address_tells_whose_it_is_behind_a_router() {
    let mut inventory = inventory();
    inventory.hear(&arp(PC, "192.168.1.10", 0));
    inventory.observe(&flow(
        ("fd00:1::aede:48ff:fe00:2", "00:00:5e:00:02:01"),
        ("fd00::20", OTHER, 443),
        1,
    ));

    assert_eq!(
        addresses(&device(&inventory, PC)),
        ["192.168.1.10", "fd00:1::aede:48ff:fe00:2"]
    );
}

#[test]
fn what_nobody_answers_names_no_service() {
    let mut inventory = inventory();
    let silent = flow(("192.168.1.10", PC), ("192.168.1.20", OTHER, 80), 1);
    let app = App {
        service: "x11",
        ..App::default()
    };
    inventory.observe(&FlowRecord {
        app: Some(Box::new(app)),
        to_orig: Counts {
            payload_octets: 0,
            tcp_flags: TcpFlags(TcpFlags::SYN | TcpFlags::ACK),
            ..silent.to_orig
        },
        ..silent
    });

    let offers = device(&inventory, OTHER).offers;
    assert_eq!((offers.len(), &*offers[0].service), (1, ""));
}

#[test]
fn a_lone_host_behind_a_virtual_router_does_not_get_its_mac_address() {
    for mac in ["00:00:5e:00:01:0a", "00:00:0c:07:ac:01", "00:00:0c:9f:f0:01"] {
        let mut inventory = inventory();
        inventory.observe(&flow(("192.168.1.10", PC), ("10.0.0.1", mac, 443), 1));

        assert!(
            hosts(&inventory)
                .iter()
                .all(|host| host.mac.as_deref() != Some(mac)),
            "{mac}"
        );
    }
}

#[test]
fn of_two_that_claim_an_address_each_keeps_what_it_did() {
    let mut inventory = inventory();
    inventory.hear(&arp(PC, "192.168.1.10", 0));
    inventory.observe(&flow(("192.168.1.20", ROUTER), ("192.168.1.10", PC, 22), 1));
    inventory.hear(&arp(OTHER, "192.168.1.10", 100));
    inventory.observe(&flow(("192.168.1.20", ROUTER), ("192.168.1.10", OTHER, 80), 101));

    let ports = |mac| {
        device(&inventory, mac)
            .offers
            .iter()
            .map(|offer| offer.port)
            .collect::<Vec<_>>()
    };

    assert_eq!((ports(PC), ports(OTHER)), (vec![22], vec![80]));
    assert_eq!(
        addresses(&device(&inventory, PC)),
        addresses(&device(&inventory, OTHER))
    );
}

#[test]
fn a_router_that_answers_for_a_host_leaves_it_its_address() {
    let mut inventory = inventory();
    for (mac, address) in [(ROUTER, "192.168.1.1"), (ROUTER, "10.0.0.1"), (PC, "10.0.0.1")] {
        inventory.hear(&arp(mac, address, 0));
    }
    for server in ["10.0.0.1", "10.0.0.2"] {
        inventory.observe(&flow(("192.168.1.10", OTHER), (server, ROUTER, 22), 1));
    }

    assert_eq!(device(&inventory, PC).offers[0].port, 22);
    assert!(device(&inventory, ROUTER).offers.is_empty());
}

#[test]
fn a_gateway_keeps_its_services_when_another_says_later_that_it_is_the_gateway() {
    let mut inventory = inventory();
    inventory.hear(&arp(ROUTER, "192.168.1.1", 0));
    for (at, server) in (1..).zip(["192.168.1.1", "198.51.100.7"]) {
        inventory.observe(&flow(("192.168.1.10", PC), (server, ROUTER, 53), at));
    }
    inventory.hear(&arp(OTHER, "192.168.1.1", 10));

    assert_eq!(device(&inventory, ROUTER).offers[0].port, 53);
    assert!(device(&inventory, OTHER).offers.is_empty());
    assert_eq!(addresses(&device(&inventory, OTHER)), ["192.168.1.1"]);
}

#[test]
fn one_link_local_address_on_two_links_is_two_devices() {
    let mut inventory = inventory();
    inventory.observe(&flow(("fe80::10", PC), ("fe80::1", ROUTER, 53), 1));
    inventory.observe(&flow(("fe80::11", PC), ("fe80::1", OTHER, 53), 2));

    assert_eq!(hosts(&inventory).len(), 3);
    assert_eq!(addresses(&device(&inventory, PC)), ["fe80::10", "fe80::11"]);
}

#[test]
fn a_host_has_the_addresses_that_it_makes_for_itself() {
    let mut inventory = inventory();
    inventory.hear(&arp(PC, "192.168.1.10", 0));
    for (at, address) in (1..).zip(["2001:db8::1", "2001:db8::a1b2", "2001:db8::c3d4"]) {
        let facts = [
            ("type", "neighbor_solicitation"),
            ("target", address),
            ("src_ip", "::"),
        ];
        inventory.hear(&Said {
            mac: MacAddress::parse(PC),
            ..said("ndp", None, at, &facts)
        });
    }

    assert_eq!(
        addresses(&device(&inventory, PC)),
        ["192.168.1.10", "2001:db8::1", "2001:db8::a1b2", "2001:db8::c3d4"]
    );
}

#[test]
fn neighbour_discovery_binds_senders_and_targets() {
    let mut inventory = inventory();
    let facts = [
        ("type", "neighbor_solicitation"),
        ("target", "2001:db8::1"),
        ("src_ip", "2001:db8::10"),
        ("src_mac", PC),
    ];
    inventory.hear(&said("ndp", None, 0, &facts));
    let facts = [
        ("type", "neighbor_advertisement"),
        ("target", "2001:db8::1"),
        ("target_mac", ROUTER),
    ];
    inventory.hear(&said("ndp", None, 1, &facts));

    assert_eq!(addresses(&device(&inventory, PC)), ["2001:db8::10"]);
    assert_eq!(addresses(&device(&inventory, ROUTER)), ["2001:db8::1"]);
}

#[test]
fn a_proxy_is_not_called_what_it_is_asked_for() {
    let mut inventory = inventory();
    inventory.hear(&request("CONNECT", "www.example:443", Some(200)));
    for (server, mac) in [("192.168.1.80", OTHER), ("192.168.1.81", ROUTER)] {
        let mut app = App::default();
        app.set(Essential::ServerName, "www.example", "http.hostname");
        let record = FlowRecord {
            app: Some(Box::new(app)),
            ..flow(("192.168.1.10", PC), (server, mac, 8080), 1)
        };
        inventory.observe(&record);
    }

    assert!(device(&inventory, OTHER).names.is_empty());
    assert_eq!(device(&inventory, ROUTER).names[0].value, "www.example");
}

#[test]
fn a_web_server_is_no_proxy_for_an_address_in_a_query_or_for_what_it_refuses() {
    let mut inventory = inventory();
    for (method, url, status) in [
        ("GET", "/login?next=https://portal.example/", Some(200)),
        ("GET", "http://www.example/", Some(404)),
        ("GET", "http://www.example/", None),
        ("CONNECT", "www.example:443", Some(405)),
    ] {
        inventory.hear(&request(method, url, status));
    }
    assert!(inventory.proxies.is_empty());

    inventory.hear(&request("GET", "HTTP://www.example/", Some(304)));
    assert_eq!(inventory.proxies.len(), 1);
}

#[test]
fn a_connection_met_midway_does_not_make_a_server_of_the_client() {
    let met = |direction_by, protocol| {
        let mut inventory = inventory();
        let mut app = App {
            service: "http",
            ..App::default()
        };
        app.set(Essential::ServerName, "www.example", "http.hostname");
        app.set(Essential::ServerSoftware, "nginx", "http.server");
        // The first packet was the answer from port 8000: its sender stands as the originator.
        inventory.observe(&FlowRecord {
            app: Some(Box::new(app)),
            direction_by,
            protocol,
            ..flow(("192.168.1.80", OTHER), ("192.168.1.10", PC, 50_000), 1)
        });
        let pc = device(&inventory, PC);
        (
            pc.names.len(),
            pc.fingerprints.len(),
            pc.offers.len(),
            device(&inventory, OTHER).uses.len(),
        )
    };

    assert_eq!(met(DirectionBy::First, Protocol::TCP), (0, 0, 0, 0));
    assert_eq!(met(DirectionBy::Syn, Protocol::TCP), (1, 1, 1, 1));
    assert_eq!(met(DirectionBy::First, Protocol::UDP), (1, 1, 1, 1));
}

#[test]
fn the_clients_of_dhcp_are_named_and_the_relay_is_not() {
    let mut inventory = inventory();
    let facts = [
        ("type", "request"),
        ("client_mac", PC),
        ("hostname", "pc-1"),
        ("params", "1,3,6"),
    ];
    inventory.hear(&said("dhcp", None, 0, &facts));
    let facts = [
        ("type", "reply"),
        ("client_mac", PC),
        ("dhcp_type", "ack"),
        ("assigned_ip", "192.168.1.10"),
    ];
    inventory.hear(&said("dhcp", None, 1, &facts));
    let mut app = App::default();
    app.set(Essential::ClientHost, "pc-1", "dhcp.hostname");
    inventory.observe(&FlowRecord {
        app: Some(Box::new(app)),
        ..flow(("192.168.1.1", ROUTER), ("192.168.9.67", OTHER, 67), 2)
    });

    let pc = device(&inventory, PC);
    assert_eq!(
        (addresses(&pc), &*pc.names[0].value),
        (vec!["192.168.1.10"], "pc-1")
    );
    assert_eq!(pc.fingerprints[0].value, "1,3,6");
    assert!(device(&inventory, ROUTER).names.is_empty());
}

#[test]
fn broadcast_multicast_and_nobody_are_no_devices() {
    let mut inventory = inventory();
    for address in [
        "255.255.255.255",
        "224.0.0.251",
        "0.0.0.0",
        "127.0.0.1",
        "ff02::fb",
        "::",
    ] {
        inventory.hear(&arp(PC, address, 0));
    }
    inventory.hear(&arp("ff:ff:ff:ff:ff:ff", "192.168.1.10", 0));
    inventory.hear(&arp("00:00:00:00:00:00", "192.168.1.10", 0));

    assert!(hosts(&inventory).is_empty());
}

#[test]
fn what_a_port_says_in_one_flow_holds_for_the_flow_that_said_nothing() {
    let mut inventory = inventory();
    let app = App {
        service: "tls",
        ..App::default()
    };
    inventory.observe(&flow(("192.168.1.10", PC), ("192.168.1.20", OTHER, 443), 1));
    inventory.observe(&FlowRecord {
        app: Some(Box::new(app)),
        ..flow(("192.168.1.10", PC), ("192.168.1.20", OTHER, 443), 2)
    });

    let offers = device(&inventory, OTHER).offers;
    assert_eq!(
        (offers.len(), &*offers[0].service, offers[0].count),
        (1, "tls", 2)
    );
}
