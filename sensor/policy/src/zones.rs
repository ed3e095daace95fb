//! Which zone an address lies in: longest prefix over every zone, then MAC, then VLAN, else `unknown`.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;
use sekisho_model::{MacAddress, Text};

use crate::builtin;
use crate::judge::Question;
use crate::trace::PlacedBy;

/// Number of a zone in one compiled policy; means nothing in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub(crate) u16);

impl ZoneId {
    /// The built-in zone of the addresses that are in no other.
    pub const UNKNOWN: Self = Self(0);
    /// The built-in zone of the addresses that cannot cross a router.
    pub const LINK: Self = Self(1);

    /// Whether a policy file declares the zone.
    #[must_use]
    pub const fn is_declared(self) -> bool {
        self.0 > Self::LINK.0
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// How many zones a policy may declare; the path matrix grows with its square.
pub const MAX_ZONES: usize = 1024;

/// A zone and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) id: Arc<str>,
    /// What people call it; the id where a language has no label.
    pub(crate) label: Text,
    pub(crate) networks: Vec<IpNet>,
    pub(crate) vlans: Vec<u16>,
    pub(crate) macs: Vec<MacAddress>,
    pub(crate) intra_deny: bool,
    pub(crate) classification: Option<u8>,
    pub(crate) clause: Arc<str>,
    pub(crate) department: String,
    pub(crate) owner: String,
    pub(crate) review: String,
    pub(crate) excluded: bool,
}

impl Zone {
    fn builtin(id: &str, ja: &str, en: &str) -> Self {
        Self {
            id: Arc::from(id),
            label: Text::new(ja, en),
            networks: Vec::new(),
            vlans: Vec::new(),
            macs: Vec::new(),
            intra_deny: false,
            classification: None,
            clause: Arc::from(""),
            department: String::new(),
            owner: String::new(),
            review: String::new(),
            excluded: false,
        }
    }

    /// Department and owner, those that are given.
    pub(crate) fn keepers(&self) -> Vec<&str> {
        [&self.department, &self.owner]
            .into_iter()
            .map(String::as_str)
            .filter(|words| !words.is_empty())
            .collect()
    }
}

/// Every zone, and the look-ups.
#[derive(Debug, Clone)]
pub(crate) struct Zones {
    /// By [`ZoneId`]; the built-in ones first.
    all: Vec<Zone>,
    ids: HashMap<Arc<str>, ZoneId>,
    v4: PrefixMap<Ipv4Net, ZoneId>,
    v6: PrefixMap<Ipv6Net, ZoneId>,
    /// By VLAN id; empty where no zone names one.
    vlans: Vec<ZoneId>,
    macs: HashMap<MacAddress, ZoneId, foldhash::fast::RandomState>,
}

impl Zones {
    /// See [`crate::Policy::open_zones`].
    pub(crate) fn open(&self) -> Vec<Arc<str>> {
        self.all
            .iter()
            .filter(|zone| {
                zone.networks
                    .iter()
                    .any(|network| network.prefix_len() <= 8 && !is_inside_private(network))
            })
            .map(|zone| Arc::clone(&zone.id))
            .collect()
    }

    /// The built-in zones alone. Without a declared zone nothing is known, not even the link.
    pub(crate) fn none() -> Self {
        let mut zones = Self {
            all: Vec::new(),
            ids: HashMap::new(),
            v4: PrefixMap::new(),
            v6: PrefixMap::new(),
            vlans: Vec::new(),
            macs: HashMap::default(),
        };
        zones.add(Zone::builtin(
            builtin::UNKNOWN,
            "未登録のネットワーク",
            "unregistered networks",
        ));
        zones.add(Zone::builtin(builtin::LINK, "同一リンク内", "the local link"));
        zones
    }

    /// `declared` holds at most [`MAX_ZONES`] zones, each network and each VLAN at most once.
    pub(crate) fn new(declared: Vec<Zone>) -> Self {
        let mut zones = Self::none();
        if declared.is_empty() {
            return zones;
        }
        for network in link_scope() {
            zones.insert(network, ZoneId::LINK);
        }
        for zone in declared {
            zones.add(zone);
        }
        zones
    }

    fn add(&mut self, zone: Zone) {
        let Ok(number) = u16::try_from(self.all.len()) else {
            return;
        };
        let id = ZoneId(number);
        for network in &zone.networks {
            self.insert(*network, id);
        }
        for vlan in zone.vlans.iter().copied().map(usize::from) {
            if self.vlans.len() <= vlan {
                self.vlans.resize(vlan.saturating_add(1), ZoneId::UNKNOWN);
            }
            if let Some(place) = self.vlans.get_mut(vlan) {
                *place = id;
            }
        }
        for mac in &zone.macs {
            self.macs.insert(*mac, id);
        }
        self.ids.insert(Arc::clone(&zone.id), id);
        self.all.push(zone);
    }

    fn insert(&mut self, network: IpNet, zone: ZoneId) {
        match network {
            IpNet::V4(network) => self.v4.insert(network, zone),
            IpNet::V6(network) => self.v6.insert(network, zone),
        };
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The declared zones, in the order of the files.
    pub(crate) fn declared(&self) -> impl Iterator<Item = (ZoneId, &Zone)> {
        let ids = (0..=u16::MAX).map(ZoneId);
        ids.zip(&self.all).filter(|(id, _)| id.is_declared())
    }

    pub(crate) fn get(&self, zone: ZoneId) -> Option<&Zone> {
        self.all.get(zone.index()).or_else(|| self.all.first())
    }

    pub(crate) fn find(&self, id: &str) -> Option<ZoneId> {
        self.ids.get(id).copied()
    }

    /// The zone of one address.
    pub(crate) fn of(&self, address: IpAddr, mac: Option<MacAddress>, vlan: Option<u16>) -> ZoneId {
        self.by_network(address)
            .or_else(|| self.by_mac(mac))
            .or_else(|| self.by_vlan(vlan))
            .unwrap_or(ZoneId::UNKNOWN)
    }

    /// The zones of both ends of a flow.
    ///
    /// A VLAN tag belongs to the frame and not to an address, so it can speak for one end only
    /// where the other end does not explain it already: a host of the zone that talks to the
    /// Internet over its own VLAN does not make the Internet a part of the zone.
    pub(crate) fn of_both(&self, question: &Question<'_>) -> (ZoneId, ZoneId) {
        let Question { orig, resp, vlan, .. } = *question;
        let unknown = ZoneId::UNKNOWN;
        let ends = (
            self.by_network(orig).or_else(|| self.by_mac(question.orig_mac)),
            self.by_network(resp).or_else(|| self.by_mac(question.resp_mac)),
        );
        match ends {
            (Some(orig), Some(resp)) => (orig, resp),
            (orig_zone, resp_zone) => {
                let Some(tagged) = self.by_vlan(vlan) else {
                    return (orig_zone.unwrap_or(unknown), resp_zone.unwrap_or(unknown));
                };
                let beside = |known| if known == tagged { unknown } else { tagged };
                match (orig_zone, resp_zone) {
                    (Some(known), _) => (known, beside(known)),
                    (_, Some(known)) => (beside(known), known),
                    (None, None) => match (is_private(orig), is_private(resp)) {
                        (true, false) => (tagged, unknown),
                        (false, true) => (unknown, tagged),
                        _ => (tagged, tagged),
                    },
                }
            }
        }
    }

    /// By what an address came into `zone`, which it was found to be in.
    pub(crate) fn placed_by(
        &self,
        address: IpAddr,
        mac: Option<MacAddress>,
        vlan: Option<u16>,
        zone: ZoneId,
    ) -> PlacedBy {
        let network = match address {
            IpAddr::V4(address) => {
                let found = self.v4.get_lpm(&Ipv4Net::from(address));
                found.map(|(network, _)| IpNet::V4(network))
            }
            IpAddr::V6(address) => {
                let found = self.v6.get_lpm(&Ipv6Net::from(address));
                found.map(|(network, _)| IpNet::V6(network))
            }
        };
        let mac = mac.filter(|_| self.by_mac(mac).is_some());
        match (network, mac, vlan) {
            _ if zone == ZoneId::UNKNOWN => PlacedBy::Nothing,
            (Some(network), _, _) => PlacedBy::Network(network),
            (None, Some(mac), _) => PlacedBy::Mac(mac),
            (None, None, Some(vlan)) => PlacedBy::Vlan(vlan),
            (None, None, None) => PlacedBy::Nothing,
        }
    }

    fn by_network(&self, address: IpAddr) -> Option<ZoneId> {
        match address {
            IpAddr::V4(address) => self.v4.get_lpm(&Ipv4Net::from(address)).map(|(_, zone)| *zone),
            IpAddr::V6(address) => self.v6.get_lpm(&Ipv6Net::from(address)).map(|(_, zone)| *zone),
        }
    }

    /// Every network that places an address, those of the built-in zones too.
    pub(crate) fn networks(&self) -> impl Iterator<Item = IpNet> {
        let v4 = self.v4.iter().map(|(network, _)| IpNet::V4(network));
        v4.chain(self.v6.iter().map(|(network, _)| IpNet::V6(network)))
    }

    /// See [`crate::Policy::excluded_networks`].
    pub(crate) fn excluded_networks(&self) -> Vec<(IpNet, bool)> {
        if !self.exclude() {
            return Vec::new();
        }
        let is_excluded = |zone: &ZoneId| self.get(*zone).is_some_and(|zone| zone.excluded);
        let v4 = self
            .v4
            .iter()
            .map(|(network, zone)| (IpNet::V4(network), is_excluded(zone)));
        let v6 = self
            .v6
            .iter()
            .map(|(network, zone)| (IpNet::V6(network), is_excluded(zone)));
        let all: Vec<_> = v4.chain(v6).collect();
        let outer: Vec<_> = all
            .iter()
            .filter(|(_, excluded)| *excluded)
            .map(|(net, _)| *net)
            .collect();
        let lies_inside = |network: &IpNet| outer.iter().any(|outer| outer.contains(network));
        all.into_iter()
            .filter(|(network, excluded)| *excluded || lies_inside(network))
            .collect()
    }

    /// Whether a zone is given by VLAN.
    pub(crate) fn uses_vlans(&self) -> bool {
        !self.vlans.is_empty()
    }

    /// Whether a zone is given by MAC address.
    pub(crate) fn uses_macs(&self) -> bool {
        !self.macs.is_empty()
    }

    /// Whether a zone is excluded.
    pub(crate) fn exclude(&self) -> bool {
        self.all.iter().any(|zone| zone.excluded)
    }

    fn by_mac(&self, mac: Option<MacAddress>) -> Option<ZoneId> {
        if self.macs.is_empty() {
            return None;
        }
        self.macs.get(&mac?).copied()
    }

    fn by_vlan(&self, vlan: Option<u16>) -> Option<ZoneId> {
        self.vlans
            .get(usize::from(vlan?))
            .copied()
            .filter(|zone| zone.is_declared())
    }
}

/// Addresses that no router forwards: RFC 6890, RFC 5771 section 4, RFC 4291 section 2.7.
fn link_scope() -> impl Iterator<Item = IpNet> {
    let v4 = [
        (Ipv4Addr::UNSPECIFIED, 32),
        (Ipv4Addr::LOCALHOST, 8),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(224, 0, 0, 0), 24),
        (Ipv4Addr::BROADCAST, 32),
    ];
    let v6 = [
        (Ipv6Addr::UNSPECIFIED, 128),
        (Ipv6Addr::LOCALHOST, 128),
        (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    ];
    // Interface-local and link-local scope, whatever the flags of the group are.
    let groups = (0..16_u16).flat_map(|flags| [1, 2].map(|scope| 0xff00 | (flags << 4) | scope));
    let groups = groups.map(|first| (Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0), 16));
    let v4 = v4
        .into_iter()
        .map(|(address, length)| (IpAddr::V4(address), length));
    let v6 = v6
        .into_iter()
        .chain(groups)
        .map(|(address, length)| (IpAddr::V6(address), length));
    v4.chain(v6)
        .filter_map(|(address, length)| IpNet::new(address, length).ok())
        .map(|network| network.trunc())
}

/// Whether the address is used inside an organisation only: RFC 1918, RFC 6598, RFC 4193.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let shared = matches!(address.octets(), [100, 64..=127, ..]);
            address.is_private() || shared
        }
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// Whether a network lies in RFC 1918's or RFC 4193's.
fn is_inside_private(network: &IpNet) -> bool {
    match network {
        IpNet::V4(v4) => v4.addr().is_private() && v4.prefix_len() >= 8,
        IpNet::V6(v6) => v6.addr().is_unique_local() && v6.prefix_len() >= 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(id: &str, networks: &[&str], vlans: &[u16]) -> Zone {
        Zone {
            networks: networks.iter().map(|network| network.parse().unwrap()).collect(),
            vlans: vlans.to_vec(),
            ..Zone::builtin(id, id, id)
        }
    }

    fn name(zones: &Zones, address: &str, vlan: Option<u16>) -> String {
        zones
            .get(zones.of(address.parse().unwrap(), None, vlan))
            .unwrap()
            .id
            .to_string()
    }

    #[test]
    fn the_longest_prefix_wins_over_all_zones_and_both_families() {
        let zones = Zones::new(vec![
            zone("city", &["10.0.0.0/8", "2001:db8::/32"], &[]),
            zone("office", &["10.40.1.0/24", "2001:db8:40:1::/64"], &[]),
            zone("printer", &["10.40.1.9/32"], &[]),
        ]);

        assert_eq!(name(&zones, "10.40.1.9", None), "printer");
        assert_eq!(name(&zones, "10.40.1.10", None), "office");
        assert_eq!(name(&zones, "10.40.2.1", None), "city");
        assert_eq!(name(&zones, "2001:db8:40:1::9", None), "office");
        assert_eq!(name(&zones, "2001:db8:40:2::9", None), "city");
        assert_eq!(name(&zones, "192.0.2.1", None), "unknown");
    }

    #[test]
    fn link_scope_is_a_zone_of_its_own_even_inside_a_default_route() {
        let zones = Zones::new(vec![zone("internet", &["0.0.0.0/0", "::/0"], &[])]);

        for address in [
            "224.0.0.251",
            "255.255.255.255",
            "169.254.1.1",
            "0.0.0.0",
            "127.0.0.1",
        ] {
            assert_eq!(name(&zones, address, None), "link", "{address}");
        }
        for address in [
            "fe80::1",
            "febf::1",
            "ff02::1",
            "ff01::1",
            "ff12::8384",
            "::",
            "::1",
        ] {
            assert_eq!(name(&zones, address, None), "link", "{address}");
        }
        for address in ["224.0.1.1", "239.255.255.250", "ff05::2", "fec0::1", "0.0.0.1"] {
            assert_eq!(name(&zones, address, None), "internet", "{address}");
        }
    }

    #[test]
    fn a_zone_may_declare_a_link_scope_network() {
        let zones = Zones::new(vec![zone("camera", &["169.254.0.0/16"], &[])]);

        assert_eq!(name(&zones, "169.254.1.1", None), "camera");
    }

    #[test]
    fn a_network_wins_over_a_vlan_and_a_vlan_over_nothing() {
        let zones = Zones::new(vec![
            zone("office", &["10.40.1.0/24"], &[10]),
            zone("guest", &[], &[20]),
        ]);

        assert_eq!(name(&zones, "10.40.1.1", Some(20)), "office");
        assert_eq!(name(&zones, "192.0.2.1", Some(20)), "guest");
        assert_eq!(name(&zones, "192.0.2.1", Some(30)), "unknown");
        assert_eq!(name(&zones, "fe80::1", Some(20)), "link");
    }

    #[test]
    fn a_tag_that_one_end_explains_says_nothing_of_the_other() {
        let zones = Zones::new(vec![
            zone("office", &["10.40.1.0/24"], &[10]),
            zone("guest", &[], &[20]),
        ]);
        let both = |orig: &str, resp: &str, vlan| {
            let (orig, resp) = (orig.parse().unwrap(), resp.parse().unwrap());
            let at = sekisho_model::Timestamp::from_nanos(0);
            let (orig, resp) = zones.of_both(&Question {
                vlan: Some(vlan),
                ..Question::new(orig, resp, sekisho_model::Protocol::TCP, 80, at)
            });
            (
                zones.get(orig).unwrap().id.to_string(),
                zones.get(resp).unwrap().id.to_string(),
            )
        };

        assert_eq!(
            both("10.40.1.5", "203.0.113.9", 10),
            ("office".into(), "unknown".into())
        );
        assert_eq!(
            both("203.0.113.9", "10.40.1.5", 10),
            ("unknown".into(), "office".into())
        );
        assert_eq!(
            both("10.40.1.5", "192.168.7.7", 20),
            ("office".into(), "guest".into())
        );
        assert_eq!(
            both("192.168.7.7", "203.0.113.9", 20),
            ("guest".into(), "unknown".into())
        );
        assert_eq!(
            both("192.168.7.7", "192.168.7.8", 20),
            ("guest".into(), "guest".into())
        );
    }
}
