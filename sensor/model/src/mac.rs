//! IEEE 802 MAC addresses.

use std::fmt;

use serde::{Serialize, Serializer};

/// A 48-bit MAC address in the order of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Parses six hexadecimal octets separated by `:` or `-`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut octets = [0_u8; 6];
        let mut parts = text.split([':', '-']);
        for octet in &mut octets {
            let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
            *octet = u8::from_str_radix(part, 16).ok()?;
        }
        parts.next().is_none().then_some(Self(octets))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        let mut text = *b"00:00:00:00:00:00";
        for (digits, octet) in text.chunks_mut(3).zip(self.0) {
            if let [high, low, ..] = digits {
                (*high, *low) = (digit(octet >> 4), digit(octet & 15));
            }
        }
        // All of it is ASCII.
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_separators_and_refuses_the_rest() {
        let mac = MacAddress([0x52, 0x54, 0, 0x38, 2, 0x4a]);

        assert_eq!(MacAddress::parse("52:54:00:38:02:4a"), Some(mac));
        assert_eq!(MacAddress::parse("52-54-00-38-02-4A"), Some(mac));
        assert_eq!(mac.to_string(), "52:54:00:38:02:4a");
        for wrong in [
            "",
            "52:54:00:38:02",
            "52:54:00:38:02:4a:1",
            "52:54:00:38:02:xx",
            "525:4:0:3:0:4",
        ] {
            assert_eq!(MacAddress::parse(wrong), None, "{wrong}");
        }
    }
}
