//! The keys that paths and boundaries share: `from`, `to`, `protocol`, `ports`.

use sekisho_model::Protocol;
use toml::de::DeValue;

use super::table::{Item, Key, Table};
use super::value;
use crate::conditions::{Ports, Protocols, Service};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, Place};

/// One end as it is written: `*`, or zone ids that may not exist.
#[derive(Debug)]
pub(crate) enum EndDecl {
    /// `*`.
    Any,
    /// Ids, not looked up yet.
    Zones(Vec<At<String>>),
}

/// `from`, `to`, `protocol` and `ports` as they are written.
#[derive(Debug)]
pub(crate) struct ConditionsDecl {
    pub(crate) from: EndDecl,
    pub(crate) to: EndDecl,
    pub(crate) service: Service,
    /// `ports` without `protocol`.
    pub(crate) bare_ports: Option<Place>,
}

pub(super) fn parse(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> ConditionsDecl {
    let from = end(keys, "from", table, sink);
    let to = end(keys, "to", table, sink);
    let (service, bare_ports) = service(keys, table, sink);
    ConditionsDecl {
        from,
        to,
        service,
        bare_ports,
    }
}

/// `protocol` and `ports`, and where ports stand without a protocol.
pub(super) fn service(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> (Service, Option<Place>) {
    let named = protocols(keys, table, sink);
    let ports = ports(keys, table, sink);
    if let (Some(named), Some((_, place))) = (&named, &ports) {
        check_portless(*named, place, sink);
    }
    let bare_ports = ports
        .as_ref()
        .filter(|_| named.is_none())
        .map(|(_, place)| place.clone());
    let protocols = named.unwrap_or_else(|| {
        if ports.is_some() {
            with_ports()
        } else {
            Protocols::ALL
        }
    });
    let service = Service {
        protocols,
        protocol_given: named.is_some(),
        ports: ports.map(|(ports, _)| ports),
    };
    (service, bare_ports)
}

fn end(keys: &[Key], name: &str, table: &Table<'_>, sink: &mut Sink) -> EndDecl {
    let Some((items, place)) = table.items(name) else {
        table.missing(keys, name, sink);
        return EndDecl::Any;
    };
    let mut zones: Vec<_> = items
        .iter()
        .filter_map(|item| table.word(keys, name, *item, "a zone id, a list of them, or \"*\"", sink))
        .collect();
    if items.is_empty() {
        sink.push(empty(name, &place).help("name at least one zone, or write \"*\" for any zone"));
    }
    match zones.iter().position(|zone| zone.value == "*") {
        None => EndDecl::Zones(zones),
        Some(_) if zones.len() == 1 => EndDecl::Any,
        Some(index) => {
            let star = zones.swap_remove(index);
            sink.push(
                Report::error(
                    "policy::value",
                    format!("`{name}` names \"*\" beside other zones"),
                )
                .at(&star.place, "stands for every zone")
                .help(format!(
                    "write `{name} = \"*\"` alone, or only the zones that are meant"
                )),
            );
            EndDecl::Any
        }
    }
}

fn empty(name: &str, place: &Place) -> Report {
    Report::error(
        "policy::empty",
        format!("`{name}` is an empty list, which nothing matches"),
    )
    .at(place, "empty")
}

fn protocols(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<Protocols> {
    let (items, place) = table.items("protocol")?;
    if items.is_empty() {
        sink.push(empty("protocol", &place).help("name a protocol, or leave `protocol` out for any"));
    }
    let mut protocols = Protocols::default();
    for item in items {
        match item.get() {
            DeValue::String(_) | DeValue::Integer(_) => match protocol(item) {
                Some(protocol) => protocols.insert(protocol),
                None => sink.push(no_protocol(item)),
            },
            _ => {
                sink.push(table.wrong_type(keys, "protocol", item, "a protocol's word or number, or a list"));
            }
        }
    }
    Some(protocols)
}

fn protocol(item: Item<'_>) -> Option<Protocol> {
    match item.str() {
        Some(word) => Protocol::parse(word),
        None => value::integer(item.value)
            .and_then(|number| u8::try_from(number).ok())
            .map(Protocol),
    }
}

fn no_protocol(item: Item<'_>) -> Report {
    let word = item.str().unwrap_or_default();
    let help = match word {
        "any" | "all" | "ip" | "*" => "leave `protocol` out for any protocol".to_owned(),
        _ => nearest(&word.to_ascii_lowercase(), Protocol::names()).map_or_else(
            || {
                "write a word such as `tcp`, `udp`, `icmp`, `gre`, `esp`, or a number from 0 to 255"
                    .to_owned()
            },
            |name| format!("did you mean `{name}`?"),
        ),
    };
    Report::error(
        "policy::protocol",
        format!("{} is no protocol", value::found(item.value)),
    )
    .at(&item.place(), "not a protocol")
    .help(help)
}

fn ports(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<(Ports, Place)> {
    let (items, place) = table.items("ports")?;
    if items.is_empty() {
        sink.push(empty("ports", &place).help("name a port, or leave `ports` out for any"));
    }
    let mut ranges = Vec::with_capacity(items.len());
    for item in items {
        let place = item.place();
        let range = match item.get() {
            DeValue::Integer(_) => port(value::integer(item.value)).map(|port| (port, port)),
            DeValue::String(text) => range(text),
            _ => {
                sink.push(table.wrong_type(keys, "ports", item, "a list of ports and \"low-high\" ranges"));
                continue;
            }
        };
        match range {
            Some((low, high)) if low > high => sink.push(
                Report::error("policy::port", format!("the port range \"{low}-{high}\" runs backwards"))
                    .at(&place, "low-high expected")
                    .help(format!("write \"{high}-{low}\"")),
            ),
            Some(range) => ranges.push(range),
            None => sink.push(
                Report::error("policy::port", format!("{} is no port", value::found(item.value)))
                    .at(&place, "not a port from 1 to 65535")
                    .help("write `443` for one port, `\"8000-8080\"` for a range, and leave `ports` out for any"),
            ),
        }
    }
    Some((Ports::new(ranges), place))
}

/// Port 0 is reserved and on no wire, so that a `0` in a policy is another idea of "any".
fn port(number: Option<i64>) -> Option<u16> {
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port != 0)
}

/// `443` or `8000-8080`.
pub(super) fn range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    Some((port(low.trim().parse().ok())?, port(high.trim().parse().ok())?))
}

fn check_portless(protocols: Protocols, place: &Place, sink: &mut Sink) {
    let portless: Vec<_> = protocols
        .iter()
        .filter(|protocol| !protocol.has_ports())
        .map(|protocol| protocol.to_string())
        .collect();
    if let Some(first) = portless.first() {
        sink.push(
            Report::error(
                "policy::portless",
                format!("the protocol {} has no ports", shown(&portless.join(", "))),
            )
            .at(place, format!("means nothing for {}", shown(first)))
            .help("remove `ports`, or give protocols without ports an entry of their own"),
        );
    }
}

fn with_ports() -> Protocols {
    let mut protocols = Protocols::default();
    Protocols::ALL
        .iter()
        .filter(|protocol| protocol.has_ports())
        .for_each(|protocol| protocols.insert(protocol));
    protocols
}
