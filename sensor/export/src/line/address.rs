//! Addresses: IPv4 in dotted decimal, IPv6 as RFC 5952 recommends, MAC addresses with colons.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sekisho_model::MacAddress;

use super::Line;
use super::number::two_digits;
use super::text::hex;

impl Line {
    /// An address of either family, without quotation marks.
    pub(crate) fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.v4(address),
            IpAddr::V6(address) => self.v6(address),
        }
    }

    fn v4(&mut self, address: Ipv4Addr) {
        for octet in address.octets() {
            let [tens, ones] = two_digits(u32::from(octet));
            match octet {
                0..10 => self.octets.extend_from_slice(&[ones, b'.']),
                10..100 => self.octets.extend_from_slice(&[tens, ones, b'.']),
                _ => self
                    .octets
                    .extend_from_slice(&[b'0' + octet / 100, tens, ones, b'.']),
            }
        }
        // The point after the last.
        self.octets.pop();
    }

    fn v6(&mut self, address: Ipv6Addr) {
        if let Some(mapped) = address.to_ipv4_mapped() {
            self.raw("::ffff:");
            return self.v4(mapped);
        }
        let groups = address.segments();
        let (begin, len) = longest_zeros(&groups);
        if len < 2 {
            return self.groups(&groups);
        }
        self.groups(&groups[..begin]);
        self.raw("::");
        self.groups(&groups[begin + len..]);
    }

    /// Groups of an IPv6 address with colons between them.
    fn groups(&mut self, groups: &[u16]) {
        for (place, group) in groups.iter().enumerate() {
            if place > 0 {
                self.octets.push(b':');
            }
            let [high, low] = group.to_be_bytes().map(hex);
            let digits = [high[0], high[1], low[0], low[1]];
            let zeros = digits[..3].iter().take_while(|digit| **digit == b'0').count();
            self.octets.extend_from_slice(&digits[zeros..]);
        }
    }

    /// A MAC address, without quotation marks.
    pub(crate) fn mac(&mut self, mac: MacAddress) {
        let [[a, b], [c, d], [e, f], [g, h], [i, j], [k, l]] = mac.0.map(hex);
        self.octets
            .extend_from_slice(&[a, b, b':', c, d, b':', e, f, b':', g, h, b':', i, j, b':', k, l]);
    }

    /// An octet as two hexadecimal digits in quotation marks.
    pub(crate) fn hex(&mut self, octet: u8) {
        let [high, low] = hex(octet);
        self.octets.extend_from_slice(&[b'"', high, low, b'"']);
    }
}

/// Where the longest run of zeros begins, the first of as long ones, and how long it is.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut longest, mut run) = ((0, 0), (0, 0));
    for (place, group) in groups.iter().enumerate() {
        run = match (*group, run.1) {
            (0, 0) => (place, 1),
            (0, len) => (run.0, len + 1),
            _ => (0, 0),
        };
        if run.1 > longest.1 {
            longest = run;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::line::written;

    use super::*;

    #[test]
    fn rfc_5952s_examples_are_written_so() {
        for text in [
            "::",
            "::1",
            "1::",
            "2001:db8::1",
            "2001:db8:0:1:1:1:1:1",
            "2001:db8::1:0:0:1",
            "2001:0:0:1::1",
            "::ffff:192.0.2.1",
            "::c000:201",
            "fe80::9dfa:25f9:27c2:ed67",
        ] {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(written(address), format!("\"{text}\""));
        }
    }

    proptest! {
        #[test]
        fn addresses_are_written_as_they_show_themselves(
            four: u32,
            groups in prop::array::uniform8(prop_oneof![Just(0_u16), 0..16_u16, any::<u16>()]),
            mac: [u8; 6],
        ) {
            let (four, six) = (IpAddr::V4(four.into()), IpAddr::V6(groups.into()));
            let mac = MacAddress(mac);

            prop_assert_eq!(written(four), format!("\"{four}\""));
            prop_assert_eq!(written(six), format!("\"{six}\""));
            prop_assert_eq!(written(mac), format!("\"{mac}\""));
        }
    }
}
