//! What is known of an address behind one MAC address, from flow records.

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::app::Essential;
use sekisho_model::host::{ServiceSeen, Sighting, serve, sight};
use sekisho_model::{DirectionBy, Endpoint, FlowRecord, Host, MacAddress, Protocol, TcpFlags, Timestamp};

use super::{names, systems};

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Orig,
    Resp,
}

impl Role {
    pub(super) const fn of(self, record: &FlowRecord) -> (Endpoint, Option<MacAddress>, &Arc<str>) {
        match self {
            Self::Orig => (record.orig, record.orig_mac, &record.orig_zone),
            Self::Resp => (record.resp, record.resp_mac, &record.resp_zone),
        }
    }
}

/// Whether both ends took part.
pub(super) const fn is_exchange(record: &FlowRecord) -> bool {
    record.to_resp.packets > 0 && record.to_orig.packets > 0
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) host: Host,
    /// Systems that its user agents name, for telling several devices behind it.
    pub(super) systems: Vec<&'static str>,
}

impl Seat {
    pub(super) const fn new(id: u64) -> Self {
        Self {
            host: Host::new(id),
            systems: Vec::new(),
        }
    }

    /// Takes a flow into account in which the address had a role.
    pub(super) fn observe(&mut self, record: &FlowRecord, role: Role, zone: Option<&Arc<str>>) {
        self.host.meet(record.start);
        self.host.meet(record.end);
        self.host.flows = self.host.flows.saturating_add(u64::from(record.part == 0));
        if let Some(zone) = zone.filter(|zone| ***zone != *"unknown") {
            self.host.be_in(zone);
        }
        self.name(record, role);
        if let Some(service) = service_of(record) {
            let list = match role {
                Role::Orig => &mut self.host.uses,
                Role::Resp => &mut self.host.offers,
            };
            serve(list, &service);
        }
    }

    /// The address leases addresses (RFC 2131).
    pub(super) fn lease(&mut self, at: Timestamp) {
        self.host.meet(at);
        let service = ServiceSeen {
            service: "dhcp".to_owned(),
            protocol: Protocol::UDP.to_string(),
            port: 67,
            first: at,
            last: at,
            count: 1,
        };
        serve(&mut self.host.offers, &service);
    }

    /// Names and fingerprints that a flow's application side gives of this end.
    fn name(&mut self, record: &FlowRecord, role: Role) {
        let Some(app) = record.app.as_ref().filter(|_| knows_its_ends(record)) else {
            return;
        };
        for named in app.essentials.iter() {
            let mut value = named.value.to_string();
            let list = match (role, named.what) {
                (Role::Orig, Essential::ClientHost) | (Role::Resp, Essential::ServerName) => {
                    match names::of_host(&value).filter(|_| is_of_this_end(named.from)) {
                        Some(name) => value = name,
                        None => continue,
                    }
                    &mut self.host.names
                }
                (
                    Role::Orig,
                    Essential::ClientSoftware | Essential::Ja3 | Essential::Ja4 | Essential::Hassh,
                )
                | (
                    Role::Resp,
                    Essential::ServerSoftware
                    | Essential::Ja3s
                    | Essential::HasshServer
                    | Essential::CertificateSubject
                    | Essential::CertificateSha256,
                ) => &mut self.host.fingerprints,
                _ => continue,
            };
            let sighting = Sighting {
                value,
                from: named.from.to_owned(),
                first: record.start,
                last: record.end,
                count: 1,
            };
            sight(list, &sighting);
            if role == Role::Orig
                && named.what == Essential::ClientSoftware
                && let Some(system) = systems::named_by(named.value)
                && !self.systems.contains(&system)
            {
                self.systems.push(system);
            }
        }
    }
}

/// Whether it is known which end is the client. Of a connection met midway, the first packet may as
/// well be the server's.
fn knows_its_ends(record: &FlowRecord) -> bool {
    record.protocol != Protocol::TCP || record.direction_by != DirectionBy::First
}

/// Whether a name is the end's own: a relay sends the host names of DHCP's clients, what a client of
/// MQTT calls itself is no host name, and a call by SIP names who is called.
fn is_of_this_end(from: &str) -> bool {
    !from.starts_with("dhcp") && !["mqtt.client_id", "sip.uri_host"].contains(&from)
}

/// Extends the times of a host.
pub(super) trait Meet {
    fn meet(&mut self, at: Timestamp);
}

impl Meet for Host {
    fn meet(&mut self, at: Timestamp) {
        self.first_seen = self.first_seen.min(at);
        self.last_seen = self.last_seen.max(at);
    }
}

/// The service of a flow that really was one: the responder took the connection, or answered. What
/// the originator alone says to a port does not name its service.
fn service_of(record: &FlowRecord) -> Option<ServiceSeen> {
    let answered = record.to_orig.payload_octets > 0;
    let app = record.app.as_ref().filter(|_| answered);
    let service = app.map_or("", |app| app.service);
    let is_open = match record.protocol {
        Protocol::TCP => answered || record.to_orig.tcp_flags.has(TcpFlags::SYN),
        _ => answered && record.protocol.has_ports(),
    };
    // Who began tells the server only where the first packet was seen to be a question.
    let is_told = match record.direction_by {
        DirectionBy::First => record.protocol == Protocol::UDP && !service.is_empty(),
        DirectionBy::Syn | DirectionBy::Icmp | DirectionBy::Port => true,
    };
    (is_open && is_told && record.resp.port > 0).then(|| ServiceSeen {
        service: service.to_owned(),
        protocol: record.protocol.to_string(),
        port: record.resp.port,
        first: record.start,
        last: record.end,
        count: u64::from(record.part == 0),
    })
}

/// The key of an address behind a MAC address.
pub(super) type Place = (IpAddr, Option<MacAddress>);
