//! Hosts that a path is narrowed to: addresses, networks, an address with its MAC, a list.

use ipnet::IpNet;
use sekisho_model::MacAddress;

use super::network;
use super::table::{Key, Table};
use crate::error::{Report, Sink, shown};
use crate::file::{At, Place};

/// One item of `from_hosts` or `to_hosts`.
#[derive(Debug)]
pub(crate) enum HostDecl {
    /// `10.1.1.5`, `10.1.1.0/28`, `10.1.1.5=00:11:22:33:44:55`.
    Network(At<IpNet>, Option<MacAddress>),
    /// `@list`, not looked up yet.
    List(At<String>),
}

pub(super) fn parse(keys: &[Key], name: &str, table: &Table<'_>, sink: &mut Sink) -> Option<Vec<HostDecl>> {
    let (texts, _) = table.words_of(keys, name, sink)?;
    Some(texts.into_iter().filter_map(|text| host(text, sink)).collect())
}

fn host(text: At<String>, sink: &mut Sink) -> Option<HostDecl> {
    if let Some(list) = text.value.strip_prefix('@') {
        return Some(HostDecl::List(At {
            value: list.to_owned(),
            place: text.place,
        }));
    }
    let (address, mac) = match text.value.split_once('=') {
        None => (text.value.as_str(), None),
        Some((address, mac)) => (address.trim(), Some(parse_mac(mac.trim(), &text.place, sink)?)),
    };
    let network = At {
        value: address.to_owned(),
        place: text.place,
    };
    let network = network::parse_all(vec![network], sink).pop()?;
    if mac.is_some() && network.value.prefix_len() != network.value.max_prefix_len() {
        sink.push(
            Report::error(
                "policy::mac",
                format!("`{}` gives one MAC address to a network", network.value),
            )
            .at(&network.place, "more than one host")
            .help("write one address with its MAC: `\"10.1.1.5=00:11:22:33:44:55\"`"),
        );
        return None;
    }
    Some(HostDecl::Network(network, mac))
}

/// A MAC address of one station; complains about anything else.
pub(super) fn parse_mac(text: &str, place: &Place, sink: &mut Sink) -> Option<MacAddress> {
    let (label, help) = match MacAddress::parse(text) {
        Some(mac) if mac.0.first().is_some_and(|octet| octet & 1 == 1) => (
            "an address of a group",
            "write the MAC address of the host's own interface",
        ),
        Some(mac) if mac.0 == [0; 6] => (
            "an address of nobody",
            "write the MAC address of the host's own interface",
        ),
        Some(mac) => return Some(mac),
        None => (
            "not a MAC address",
            "write six octets in hexadecimal digits: `00:11:22:33:44:55`",
        ),
    };
    sink.push(
        Report::error(
            "policy::mac",
            format!("`{}` is no MAC address of a host", shown(text)),
        )
        .at(place, label)
        .help(help),
    );
    None
}

/// One item of `next_hops`.
#[derive(Debug)]
pub(crate) enum HopDecl {
    /// A MAC address.
    Mac(MacAddress),
    /// `@list`, not looked up yet.
    List(At<String>),
}

pub(super) fn parse_hops(
    keys: &[Key],
    name: &str,
    table: &Table<'_>,
    sink: &mut Sink,
) -> Option<Vec<HopDecl>> {
    let (texts, _) = table.words_of(keys, name, sink)?;
    let hops = texts
        .into_iter()
        .filter_map(|text| match text.value.strip_prefix('@') {
            Some(list) => Some(HopDecl::List(At {
                value: list.to_owned(),
                place: text.place,
            })),
            None => parse_mac(&text.value, &text.place, sink).map(HopDecl::Mac),
        });
    Some(hops.collect())
}
