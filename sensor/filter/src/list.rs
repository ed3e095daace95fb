//! Lists that expressions ask with `in @name`: built once, shared by every expression that asks.
//!
//! A look-up costs one hash for each prefix length that the list has (networks, where there are many of
//! them), for each label of the name (suffixes), or one (all else); it does not grow with the list. A value with a term is
//! in the list until that instant of packet time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::fields::{Field, FieldKind, Value};
use sekisho_model::{MacAddress, Timestamp};

use crate::ports::Ports;
use crate::words::is_mac;
use crate::wordset::WordMap;

/// What a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Single addresses.
    Address,
    /// Networks.
    Network,
    /// MAC addresses.
    Mac,
    /// Names of hosts.
    Name,
    /// Domains with all names below them.
    Suffix,
    /// Ports and ranges of ports.
    Port,
    /// Fingerprints: JA3, JA4, HASSH, of certificates.
    Fingerprint,
    /// Any words.
    Text,
}

impl ListKind {
    /// What such a list is called in a message.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Address => "addresses",
            Self::Network => "networks",
            Self::Mac => "MAC addresses",
            Self::Name => "names",
            Self::Suffix => "suffixes",
            Self::Port => "ports",
            Self::Fingerprint => "fingerprints",
            Self::Text => "texts",
        }
    }

    /// The kinds of lists that a field can be asked in.
    #[must_use]
    pub fn of_field(field: &Field) -> &'static [Self] {
        const FINGERPRINTS: [&str; 6] = [
            "ja3",
            "ja3s",
            "ja4",
            "hassh",
            "hassh_server",
            "certificate_sha256",
        ];
        // The word of a product or a service may stand in a list beside its domains.
        const NAMES: [&str; 5] = ["server_name", "client_host", "query_name", "app", "service"];
        match field.kind {
            FieldKind::Address => &[Self::Address, Self::Network],
            FieldKind::Number if field.name.ends_with(".port") => &[Self::Port],
            FieldKind::Text if is_mac(field) => &[Self::Mac],
            FieldKind::Text if FINGERPRINTS.contains(&field.name) => &[Self::Fingerprint, Self::Text],
            FieldKind::Text if NAMES.contains(&field.name) => &[Self::Name, Self::Suffix, Self::Text],
            FieldKind::Text => &[Self::Text],
            FieldKind::Number | FieldKind::Time | FieldKind::Seconds => &[],
        }
    }
}

/// One value of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListValue {
    /// A network; an address is a network of one.
    Network(IpNet),
    /// A MAC address.
    Mac(MacAddress),
    /// From one port to another, both meant.
    Ports(u16, u16),
    /// A name, a suffix without its leading dot, a fingerprint or any words; in any case.
    Text(Arc<str>),
}

/// A list, ready to be asked.
#[derive(Debug)]
pub struct List {
    name: Arc<str>,
    kind: ListKind,
    expires: bool,
    members: Members,
}

/// What a list can be found by.
pub(crate) enum Keys {
    Words(Vec<Box<str>>),
    Suffixes(Vec<Box<str>>),
    Numbers(Vec<(u64, u64)>),
    /// Nothing that is looked up by itself.
    Others,
}

#[derive(Debug)]
enum Members {
    Networks(Networks),
    Macs(HashMap<MacAddress, i64, foldhash::fast::RandomState>),
    Ports(Ports),
    Words(WordMap<i64>),
    Suffixes(WordMap<i64>),
}

impl List {
    /// A list of values, each with the first instant at which it is not in the list any more.
    ///
    /// A value of another kind than the list's is left out.
    #[must_use]
    pub fn new(
        name: Arc<str>,
        kind: ListKind,
        values: impl IntoIterator<Item = (ListValue, Option<Timestamp>)>,
    ) -> Self {
        let mut expires = false;
        let values = values.into_iter().map(|(value, until)| {
            expires |= until.is_some();
            (value, until.map_or(i64::MAX, Timestamp::nanos))
        });
        let members = match kind {
            ListKind::Address | ListKind::Network => Members::Networks(Networks::new(values)),
            ListKind::Mac => {
                let mut macs = HashMap::default();
                for (value, until) in values {
                    if let ListValue::Mac(mac) = value {
                        let known = macs.entry(mac).or_insert(until);
                        *known = until.max(*known);
                    }
                }
                Members::Macs(macs)
            }
            ListKind::Port => Members::Ports(Ports::new(values.filter_map(|(value, until)| match value {
                ListValue::Ports(low, high) => Some((low, high, until)),
                _ => None,
            }))),
            ListKind::Suffix => Members::Suffixes(words(values)),
            ListKind::Name | ListKind::Fingerprint | ListKind::Text => Members::Words(words(values)),
        };
        Self {
            name,
            kind,
            expires,
            members,
        }
    }

    /// Its name, without the `@`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> ListKind {
        self.kind
    }

    /// Whether it holds no value, now or at any other time.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.members {
            Members::Networks(networks) => networks.is_empty(),
            Members::Macs(macs) => macs.is_empty(),
            Members::Ports(ports) => ports.stretches().next().is_none(),
            Members::Words(words) | Members::Suffixes(words) => words.keys().next().is_none(),
        }
    }

    /// What a value of the list is found by, whatever its term.
    pub(crate) fn keys(&self) -> Keys {
        let words = |words: &WordMap<i64>| words.keys().map(Box::from).collect();
        match &self.members {
            // A name may end in a dot, as those of suffixes may.
            Members::Words(names) if self.kind == ListKind::Name => Keys::Suffixes(words(names)),
            Members::Words(all) => Keys::Words(words(all)),
            Members::Suffixes(suffixes) => Keys::Suffixes(words(suffixes)),
            Members::Ports(ports) => Keys::Numbers(ports.stretches().collect()),
            Members::Networks(_) | Members::Macs(_) => Keys::Others,
        }
    }

    /// Whether some value has a term, so that the answer depends on the instant.
    #[must_use]
    pub const fn expires(&self) -> bool {
        self.expires
    }

    /// The suffix of the list that a name ends in, the longest one, as the name spells it; nothing
    /// where it ends in none, or the list is of another kind.
    #[must_use]
    pub fn suffix_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let Members::Suffixes(words) = &self.members else {
            return None;
        };
        tails(name).find(|tail| words.get(tail).is_some())
    }

    /// Whether a value is in the list at an instant.
    #[must_use]
    pub fn contains(&self, value: &Value<'_>, at: Timestamp) -> bool {
        let at = at.nanos();
        let holds = |until: i64| at < until || until == i64::MAX;
        match (&self.members, value) {
            (Members::Networks(networks), Value::Address(address)) => networks.has(*address, holds),
            (Members::Macs(macs), Value::Text(text)) => MacAddress::parse(text)
                .and_then(|mac| macs.get(&mac))
                .is_some_and(|until| holds(*until)),
            (Members::Ports(ports), Value::Number(port)) => ports.until(*port).is_some_and(holds),
            (Members::Words(words), Value::Text(text)) => {
                let text = match self.kind {
                    ListKind::Name => text.strip_suffix('.').unwrap_or(text),
                    _ => text,
                };
                words.get(text).copied().is_some_and(holds)
            }
            (Members::Suffixes(words), Value::Text(text)) => {
                tails(text).any(|tail| words.get(tail).copied().is_some_and(holds))
            }
            _ => false,
        }
    }
}

fn words(values: impl Iterator<Item = (ListValue, i64)>) -> WordMap<i64> {
    let mut words = WordMap::default();
    for (value, until) in values {
        if let ListValue::Text(text) = value {
            let known = words.entry(&text, || until);
            *known = until.max(*known);
        }
    }
    words
}

/// A name, then what is left of it after each of its dots.
pub(crate) fn tails(name: &str) -> impl Iterator<Item = &str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    std::iter::successors(Some(name), |tail| tail.split_once('.').map(|(_, rest)| rest))
        .filter(|tail| !tail.is_empty())
}

#[derive(Debug, Default)]
struct Networks {
    v4: ByMask<u32>,
    v6: ByMask<u128>,
}

impl Networks {
    fn new(values: impl Iterator<Item = (ListValue, i64)>) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (value, until) in values {
            match value {
                ListValue::Network(IpNet::V4(network)) => v4.push((
                    Ipv4Addr::to_bits(network.netmask()),
                    Ipv4Addr::to_bits(network.network()),
                    until,
                )),
                ListValue::Network(IpNet::V6(network)) => v6.push((
                    Ipv6Addr::to_bits(network.netmask()),
                    Ipv6Addr::to_bits(network.network()),
                    until,
                )),
                _ => {}
            }
        }
        Self {
            v4: ByMask::new(v4),
            v6: ByMask::new(v6),
        }
    }

    fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    fn has(&self, address: IpAddr, holds: impl Fn(i64) -> bool) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.has(address.to_bits(), holds),
            IpAddr::V6(address) => self.v6.has(address.to_bits(), holds),
        }
    }
}

/// Networks of one family: few are compared one by one, many are looked up by prefix length.
#[derive(Debug)]
enum ByMask<T> {
    /// Mask, network, end of the term.
    Few(Vec<(T, T, i64)>),
    /// Longest prefix first.
    Many(Vec<(T, HashMap<T, i64, foldhash::fast::RandomState>)>),
}

/// Networks up to which comparing is quicker than hashing.
const FEW: usize = 24;

impl<T> Default for ByMask<T> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<T: Copy + Ord + std::hash::Hash + std::ops::BitAnd<Output = T>> ByMask<T> {
    fn new(networks: Vec<(T, T, i64)>) -> Self {
        if networks.len() <= FEW {
            return Self::Few(networks);
        }
        let mut by_mask: Vec<(T, HashMap<T, i64, foldhash::fast::RandomState>)> = Vec::new();
        for (mask, network, until) in networks {
            let known = by_mask.iter().position(|(known, _)| *known == mask);
            let index = known.unwrap_or_else(|| {
                by_mask.push((mask, HashMap::default()));
                by_mask.len().saturating_sub(1)
            });
            if let Some((_, of)) = by_mask.get_mut(index) {
                let known = of.entry(network).or_insert(until);
                *known = until.max(*known);
            }
        }
        by_mask.sort_by_key(|(mask, _)| std::cmp::Reverse(*mask));
        Self::Many(by_mask)
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Few(networks) => networks.is_empty(),
            Self::Many(by_mask) => by_mask.is_empty(),
        }
    }

    fn has(&self, address: T, holds: impl Fn(i64) -> bool) -> bool {
        match self {
            Self::Few(networks) => networks
                .iter()
                .any(|(mask, network, until)| address & *mask == *network && holds(*until)),
            Self::Many(by_mask) => by_mask
                .iter()
                .any(|(mask, of)| of.get(&(address & *mask)).is_some_and(|until| holds(*until))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> ListValue {
        ListValue::Network(text.parse().unwrap())
    }

    fn text(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second, 0)
    }

    fn of_texts(kind: ListKind, texts: &[&str]) -> List {
        let values = texts.iter().map(|text| (ListValue::Text(Arc::from(*text)), None));
        List::new(Arc::from("l"), kind, values)
    }

    #[test]
    fn an_address_is_in_a_list_when_one_of_its_networks_holds_it() {
        let list = List::new(
            Arc::from("l"),
            ListKind::Network,
            ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"].map(|text| (network(text), None)),
        );
        let has = |address: &str| list.contains(&Value::Address(address.parse().unwrap()), at(0));

        assert!(has("10.255.0.1") && has("192.0.2.1") && has("2001:db8::1"));
        assert!(!has("11.0.0.1") && !has("192.0.2.2") && !has("2001:db9::1"));
        assert!(!has("::ffff:10.0.0.1"));
    }

    #[test]
    fn the_network_of_everything_holds_its_family_alone() {
        let list = List::new(Arc::from("l"), ListKind::Network, [(network("0.0.0.0/0"), None)]);
        let has = |address: &str| list.contains(&Value::Address(address.parse().unwrap()), at(0));

        assert!(has("255.255.255.255") && !has("::1"));
    }

    #[test]
    fn a_suffix_is_found_at_whole_labels_in_any_case() {
        let list = of_texts(ListKind::Suffix, &["example.jp", "lg.jp"]);
        let has = |name: &str| list.contains(&text(name), at(0));

        assert!(has("example.jp") && has("WWW.Example.JP") && has("a.b.lg.jp."));
        assert!(!has("notexample.jp") && !has("jp") && !has("example.jp.evil.test"));
    }

    #[test]
    fn the_longest_suffix_is_named_as_the_name_spells_it() {
        let list = of_texts(ListKind::Suffix, &["example.jp", "files.example.jp"]);

        assert_eq!(list.suffix_of("a.Files.example.jp."), Some("Files.example.jp"));
        assert_eq!(list.suffix_of("www.example.jp"), Some("example.jp"));
        assert_eq!(list.suffix_of("notexample.jp"), None);
    }

    #[test]
    fn a_name_is_not_its_suffix() {
        let list = of_texts(ListKind::Name, &["example.jp"]);

        assert!(list.contains(&text("Example.jp"), at(0)));
        assert!(list.contains(&text("example.jp."), at(0)));
        assert!(!list.contains(&text("www.example.jp"), at(0)));
    }

    #[test]
    fn a_value_leaves_at_the_end_of_its_term_and_the_longest_term_counts() {
        let list = List::new(
            Arc::from("l"),
            ListKind::Mac,
            [10, 20].map(|second| (ListValue::Mac(MacAddress([2, 0, 0, 0, 0, 1])), Some(at(second)))),
        );
        let has = |second| list.contains(&text("02:00:00:00:00:01"), at(second));

        assert!(list.expires());
        assert!(has(0) && has(19) && !has(20));
    }

    proptest! {
        #[test]
        fn networks_and_ports_hold_what_a_walk_over_them_finds(
            networks in prop::collection::vec((any::<u8>(), 24_u8..=32, 0_i64..4), 0..40),
            ports in prop::collection::vec((0_u16..40, 0_u16..8, 0_i64..4), 0..12),
            last: u8,
            port in 0_u16..60,
            second in 0_i64..4,
        ) {
            let until = |second: i64| (second > 0).then(|| at(second));
            let of: Vec<(IpNet, _)> = networks
                .iter()
                .map(|(last, prefix, second)| {
                    let net = ipnet::Ipv4Net::new(Ipv4Addr::new(10, 0, 0, *last), *prefix).unwrap();
                    (IpNet::V4(net.trunc()), until(*second))
                })
                .collect();
            let list = List::new(
                Arc::from("l"),
                ListKind::Network,
                of.iter().map(|(net, until)| (ListValue::Network(*net), *until)),
            );
            let address = IpAddr::from([10, 0, 0, last]);
            let walked = of
                .iter()
                .any(|(net, until)| net.contains(&address) && until.is_none_or(|until| at(second) < until));
            prop_assert_eq!(list.contains(&Value::Address(address), at(second)), walked);

            let list = List::new(
                Arc::from("l"),
                ListKind::Port,
                ports
                    .iter()
                    .map(|(low, more, second)| (ListValue::Ports(*low, low + more), until(*second))),
            );
            let walked = ports.iter().any(|(low, more, end)| {
                (*low..=low + more).contains(&port) && until(*end).is_none_or(|until| at(second) < until)
            });
            prop_assert_eq!(list.contains(&Value::Number(u64::from(port)), at(second)), walked);
        }
    }
}
