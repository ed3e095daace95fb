//! Community ID: the name of a flow that Zeek, Suricata and Wireshark compute alike.
//!
//! Source: corelight/community-id-spec, version 1, seed 0.

use sekisho_model::Protocol;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

use crate::key::{FlowKey, Side};

/// The SHA-1 sum that a Community ID spells out, over the ordered ends of a flow.
#[must_use]
pub fn digest(key: &FlowKey) -> [u8; 20] {
    let (first, second) = (key.endpoint(Side::Lower), key.endpoint(Side::Upper));
    let mut sum = Sha1::new();
    sum.update([0, 0]);
    for address in [first.address, second.address] {
        match address {
            IpAddr::V4(v4) => sum.update(v4.octets()),
            IpAddr::V6(v6) => sum.update(v6.octets()),
        }
    }
    sum.update([key.protocol().0, 0]);
    if key.has_ports() {
        sum.update(first.port.to_be_bytes());
        sum.update(second.port.to_be_bytes());
    }
    sum.finalize().into()
}

/// The Community ID; empty for a protocol that has ports where they are not known, as in a later
/// fragment.
#[must_use]
pub fn of(key: &FlowKey, digest: &[u8; 20]) -> String {
    let needs_ports =
        key.protocol().has_ports() || matches!(key.protocol(), Protocol::ICMP | Protocol::ICMPV6);
    if needs_ports && !key.has_ports() {
        return String::new();
    }
    let mut out = [b'='; LEN];
    let (version, spelled) = out.split_at_mut(2);
    version.copy_from_slice(b"1:");
    for (place, octets) in spelled.chunks_mut(4).zip(digest.chunks(3)) {
        // The last group lacks an octet; the digit of what is not there stays `=`.
        let digits = octets.len().saturating_add(1);
        let mut group = [0; 4];
        for (place, octet) in group.iter_mut().skip(1).zip(octets) {
            *place = *octet;
        }
        let group = u32::from_be_bytes(group);
        for (at, place) in place.iter_mut().take(digits).enumerate() {
            *place = digit(group >> (18_usize.saturating_sub(at.saturating_mul(6))) & 63);
        }
    }
    std::str::from_utf8(&out).unwrap_or_default().to_owned()
}

/// Octets of a Community ID: the version, and 20 octets in base64.
const LEN: usize = 30;

/// A digit of base64 (RFC 4648 section 4).
fn digit(six: u32) -> u8 {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let at = usize::try_from(six).unwrap_or(0);
    DIGITS.get(at).copied().unwrap_or(b'=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_wire::IpPacket;

    fn id(source: &str, destination: &str, protocol: u8, ports: Option<(u16, u16)>) -> String {
        let packet = IpPacket {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol: Protocol(protocol),
            source_port: ports.unwrap_or_default().0,
            destination_port: ports.unwrap_or_default().1,
            has_ports: ports.is_some(),
            fragment: None,
            identification: 0,
            ttl: 64,
            octets: 0,
            payload_octets: 0,
            tcp: None,
            quotes_receiver: false,
            payload: &[],
        };
        let (key, _) = FlowKey::of(&packet);
        of(&key, &digest(&key))
    }

    /// Records that `community-id-pcap` of the specification's authors prints for its captures.
    #[test]
    fn the_published_vectors_hold() {
        let tcp = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id("128.232.110.120", "66.35.250.204", 6, Some((34855, 80))), tcp);
        assert_eq!(id("66.35.250.204", "128.232.110.120", 6, Some((80, 34855))), tcp);
        assert_eq!(
            id("192.168.1.52", "8.8.8.8", 17, Some((54585, 53))),
            "1:d/FP5EW3wiY1vCndhwleRRKHowQ="
        );
        assert_eq!(
            id("192.168.0.89", "192.168.0.1", 1, Some((8, 0))),
            "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="
        );
        assert_eq!(
            id("192.168.0.1", "192.168.0.89", 1, Some((0, 0))),
            "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="
        );
        assert_eq!(
            id("192.168.170.8", "192.168.170.56", 132, Some((7, 7))),
            "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="
        );
        assert_eq!(
            id("10.1.12.2", "10.1.12.1", 46, None),
            "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="
        );
    }

    #[test]
    fn a_later_fragment_of_tcp_has_none() {
        assert_eq!(id("10.0.0.1", "10.0.0.2", 6, None), "");
    }
}
