//! The ground truth of the inventory: which machines an observer of the capture can know, and what of them.
//!
//! Who is who comes from the city's definition: stations, addresses, names, zones. What can be known of
//! it comes from the packets: an address counts when it was answered or answered on a connection, or
//! announced itself; a station, when its own frames did so. Machines of the education network are not
//! listed, since nothing is kept of them, and neither are addresses of the Internet.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::Serialize;

use super::city::{Host, KYOIKU, OUTSIDE, Segment};
use super::names;
use super::script::Told;
use crate::frame::ip_packet;
use crate::{Capture, Mac};

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Device {
    /// Its station; `None` where it is only seen behind a router.
    pub mac: Option<String>,
    /// Its addresses.
    pub addresses: BTreeSet<IpAddr>,
    /// Its names.
    pub names: BTreeSet<String>,
    /// Zones of its addresses.
    pub zones: BTreeSet<&'static str>,
    /// What it offers and was used: protocol, port, service; the service is empty where nobody knows it.
    pub offers: BTreeSet<(&'static str, u16, &'static str)>,
    /// Whether its station is made up.
    pub mac_is_random: bool,
    /// Whether it forwards for others.
    pub forwards: bool,
    /// Whether several machines stand behind it.
    pub several: bool,
    /// What the register says of it: `known`, `unknown` or `retired`.
    pub standing: &'static str,
}

/// What the exercise speaks on each port.
const SERVICES: [(&str, u16, &str); 18] = [
    ("tcp", 22, "ssh"),
    ("tcp", 25, "smtp"),
    ("udp", 53, "dns"),
    ("udp", 67, "dhcp"),
    ("tcp", 80, "http"),
    ("udp", 123, "ntp"),
    ("udp", 161, "snmp"),
    ("tcp", 443, "tls"),
    ("tcp", 445, "smb"),
    ("udp", 514, "syslog"),
    ("tcp", 587, "smtp"),
    ("tcp", 993, "tls"),
    ("tcp", 3389, "rdp"),
    ("tcp", 8080, "http"),
    ("tcp", 8443, "tls"),
    ("tcp", 9100, ""),
    ("udp", 5353, "mdns"),
    ("udp", 5355, "llmnr"),
];

/// Machines that nobody registered, and those that the register has as retired.
const UNREGISTERED: [&str; 3] = ["10.30.16.99", "192.168.8.1", "10.20.16.190"];
const RETIRED: [&str; 2] = ["10.20.1.81", "172.28.5.34"];

/// What of a packet tells who spoke to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// Station of the sender.
    pub(super) mac: Mac,
    protocol: &'static str,
    /// Address and port; for an echo, its identifier.
    pub(super) from: (IpAddr, u16),
    to: (IpAddr, u16),
    /// More than a refusal: anything but a TCP reset.
    is_accepted: bool,
}

impl Seen {
    /// Reads a frame of TCP, UDP, or an echo; none for anything else.
    pub(super) fn of(frame: &[u8]) -> Option<Self> {
        let packet = ip_packet(frame)?;
        let (number, from, to, body) = match packet[0] >> 4 {
            4 => {
                let address = |at: usize| <[u8; 4]>::try_from(&packet[at..at + 4]).expect("four octets");
                let header = usize::from(packet[0] & 15) * 4;
                (
                    packet[9],
                    address(12).into(),
                    address(16).into(),
                    &packet[header..],
                )
            }
            _ => {
                let address = |at: usize| <[u8; 16]>::try_from(&packet[at..at + 16]).expect("sixteen octets");
                (
                    packet[6],
                    IpAddr::from(address(8)),
                    IpAddr::from(address(24)),
                    &packet[40..],
                )
            }
        };
        let word = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        let (protocol, ports, is_accepted) = match (number, body[0]) {
            (6, _) => ("tcp", (word(0), word(2)), body[13] & 4 == 0),
            (17, _) => ("udp", (word(0), word(2)), true),
            (1, 0 | 8) | (58, 128 | 129) => ("icmp", (word(4), word(4)), true),
            _ => return None,
        };
        Some(Self {
            mac: frame[6..12].try_into().expect("six octets"),
            protocol,
            from: (from, ports.0),
            to: (to, ports.1),
            is_accepted,
        })
    }
}

/// A conversation: who began, who was spoken to, by which stations, and whether it was taken.
#[derive(Debug)]
struct Exchange {
    first: Seen,
    back: Option<Mac>,
    is_taken: bool,
}

/// The machines that can be known.
pub(super) fn devices(capture: &Capture, hosts: &[Host], told: &Told) -> Vec<Device> {
    let mut exchanges: BTreeMap<_, Exchange> = BTreeMap::new();
    for seen in capture
        .packets
        .iter()
        .filter_map(|packet| Seen::of(&packet.octets))
    {
        let key = (seen.protocol, seen.from.min(seen.to), seen.from.max(seen.to));
        let exchange = exchanges.entry(key).or_insert(Exchange {
            first: seen,
            back: None,
            is_taken: false,
        });
        if seen.from != exchange.first.from {
            exchange.back = Some(seen.mac);
            exchange.is_taken |= seen.is_accepted;
        }
    }
    let mut book = Book::new(hosts, told);
    for exchange in exchanges.values() {
        book.meet(exchange);
    }
    book.announce(told);
    for exchange in exchanges.values() {
        book.read(exchange);
    }
    book.finish(told)
}

/// The machines while they are put together.
struct Book<'a> {
    hosts: &'a [Host],
    /// Stations that were seen with an address of their own.
    stations: BTreeSet<(IpAddr, Mac)>,
    devices: BTreeMap<(Option<Mac>, Option<IpAddr>), Device>,
}

impl<'a> Book<'a> {
    fn new(hosts: &'a [Host], told: &Told) -> Self {
        let stations = told.announced.iter().map(|host| (host.address, host.mac));
        Self {
            hosts,
            stations: stations.collect(),
            devices: BTreeMap::new(),
        }
    }

    /// Notes the ends that spoke by frames of their own.
    fn meet(&mut self, exchange: &Exchange) {
        let Some(back) = exchange.back else { return };
        for ((address, _), mac) in [
            (exchange.first.from, exchange.first.mac),
            (exchange.first.to, back),
        ] {
            if self.host(address, mac).mac == mac {
                self.stations.insert((address, mac));
            }
        }
    }

    fn announce(&mut self, told: &Told) {
        for host in &told.announced {
            self.device(host.address, host.mac, host.segment);
        }
    }

    fn read(&mut self, exchange: &Exchange) {
        let (Some(back), first) = (exchange.back, exchange.first) else {
            return;
        };
        // Who uses a port that services have is the server; where both do, the one who was asked.
        let service = |port: u16| {
            SERVICES
                .iter()
                .find(|(protocol, number, _)| (*protocol, *number) == (first.protocol, port))
        };
        let is_turned = service(first.to.1).is_none() && service(first.from.1).is_some();
        let ends = [(first.from, first.mac), (first.to, back)];
        let is_kept = ends
            .iter()
            .all(|((address, _), mac)| self.host(*address, *mac).segment != &KYOIKU);
        if !is_kept {
            return;
        }
        for (number, ((address, port), mac)) in ends.into_iter().enumerate() {
            let host = self.host(address, mac);
            let is_server = (number == 1) != is_turned;
            if let Some(device) = self.device(address, host.mac, host.segment)
                && is_server
                && (exchange.is_taken || is_turned)
            {
                device.offers.extend(service(port));
            }
        }
    }

    /// The machine that has an address and, where several have it, this station.
    fn host(&self, address: IpAddr, mac: Mac) -> Host {
        let mut same = self.hosts.iter().filter(|host| host.address == address);
        let first = same
            .clone()
            .next()
            .unwrap_or_else(|| panic!("nobody has {address}"));
        *same.find(|host| host.mac == mac).unwrap_or(first)
    }

    fn device(&mut self, address: IpAddr, mac: Mac, segment: &Segment) -> Option<&mut Device> {
        if segment == &KYOIKU || segment == &OUTSIDE {
            return None;
        }
        let mac = self.stations.contains(&(address, mac)).then_some(mac);
        let key = (mac, mac.is_none().then_some(address));
        let device = self.devices.entry(key).or_default();
        device.addresses.insert(address);
        device.names.extend(names::of_server(address).map(str::to_owned));
        if !is_link_local(address) {
            device.zones.insert(segment.zone);
        }
        Some(device)
    }

    fn finish(mut self, told: &Told) -> Vec<Device> {
        for ((mac, _), device) in &mut self.devices {
            let is_one_of = |list: &[&str]| {
                let mut addresses = device.addresses.iter();
                addresses.any(|address| list.contains(&address.to_string().as_str()))
            };
            device.standing = match () {
                () if is_one_of(&RETIRED) => "retired",
                () if is_one_of(&UNREGISTERED) => "unknown",
                () => "known",
            };
            device.several = told
                .shared
                .iter()
                .any(|address| device.addresses.contains(address));
            let Some(mac) = mac else { continue };
            device.mac = Some(text(*mac));
            device.mac_is_random = mac[0] & 2 != 0;
            device.forwards =
                told.routers.contains(mac) || self.hosts.iter().any(|host| host.segment.router == *mac);
            let named = told.names.iter().filter(|(station, _)| station == mac);
            device.names.extend(named.map(|(_, name)| name.clone()));
        }
        self.devices.into_values().collect()
    }
}

/// The register as CSV: every machine that is known or retired, by its station or else its address.
pub(super) fn register(devices: &[Device]) -> String {
    let mut lines = vec!["key,name,owner,department,status,note".to_owned()];
    for device in devices.iter().filter(|device| device.standing != "unknown") {
        let address = device.addresses.first().map(ToString::to_string);
        let key = device.mac.clone().or(address).unwrap_or_default();
        let name = device.names.first().map_or("", String::as_str);
        let department = device.zones.first().copied().unwrap_or_default();
        let status = if device.standing == "retired" {
            "retired"
        } else {
            "in_use"
        };
        lines.push(format!("{key},{name},jouhou,{department},{status},"));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn text(mac: Mac) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
