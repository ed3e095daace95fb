//! The Internet checksum, and the pseudo headers that TCP, UDP and ICMPv6 sum with it.
//!
//! Source: RFC 1071; RFC 9293 section 3.1; RFC 8200 section 8.1.

use std::net::IpAddr;

/// The checksum of one byte string.
#[must_use]
pub fn internet(octets: &[u8]) -> u16 {
    !fold(sum(octets))
}

/// The checksum of a transport segment under the pseudo header of its IP version.
///
/// # Panics
///
/// When the two addresses are of different versions, or the segment is longer than 4 GiB.
#[must_use]
pub fn transport(source: IpAddr, destination: IpAddr, protocol: u8, segment: &[u8]) -> u16 {
    let length = u32::try_from(segment.len()).expect("a segment shorter than 4 GiB");
    let addresses = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => sum(&source.octets()) + sum(&destination.octets()),
        (IpAddr::V6(source), IpAddr::V6(destination)) => sum(&source.octets()) + sum(&destination.octets()),
        _ => panic!("{source} and {destination} are of different IP versions"),
    };
    !fold(addresses + sum(&length.to_be_bytes()) + u64::from(protocol) + sum(segment))
}

fn sum(octets: &[u8]) -> u64 {
    octets
        .chunks(2)
        .map(|pair| match *pair {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(u16::from_be_bytes([high, 0])),
            _ => 0,
        })
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).expect("folded to 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_the_example_of_rfc_1071() {
        // Section 3: the sum of 0001 f203 f4f5 f6f7 is ddf2.
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];

        assert_eq!(internet(&octets), !0xddf2);
    }
}
