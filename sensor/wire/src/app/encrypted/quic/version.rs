//! Versions of QUIC: their names, how their first packets are protected, how their types are coded.
//!
//! Sources: RFC 9001 section 5.2, RFC 9369 section 3, the drafts 23 to 34 of quic-tls, and the
//! versions of Google and Facebook as Wireshark and Chromium name them.

/// A version number as it stands in a long header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(pub(super) u32);

/// Protects Initial packets: the salt of the secrets, and what the names of keys begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Protection {
    pub(super) salt: &'static [u8; 20],
    pub(super) labels: Labels,
}

/// Which names the keys are derived by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    /// `quic key`
    First,
    /// `quicv2 key`
    Second,
}

/// How the packets of a version are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// RFC 9000.
    First,
    /// RFC 9369: the same with other numbers for the types.
    Second,
    /// Google's before its Q047: nothing is protected before the keys are agreed.
    GoogleClear,
}

const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc,
    0xbb, 0x7f, 0x0a,
];
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9,
    0xbd, 0x2e, 0xd9,
];
/// Version 2 before its RFC.
const SALT_2_DRAFT: [u8; 20] = [
    0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a,
    0xe3, 0xe5, 0xd3,
];
/// Drafts 29 to 32.
const SALT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43,
    0x90, 0xa8, 0x99,
];
/// Drafts 23 to 28.
const SALT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe,
    0xf9, 0xf5, 0x02,
];
/// Google's Q050.
const SALT_Q050: [u8; 20] = [
    0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3,
    0xb5, 0x6b, 0x45,
];
/// Google's T050.
const SALT_T050: [u8; 20] = [
    0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60,
    0x48, 0x83, 0x10,
];
/// Google's T051.
const SALT_T051: [u8; 20] = [
    0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda,
    0x6e, 0x03, 0x3d,
];

const V1: u32 = 1;
const V2: u32 = 0x6b33_43cf;
const V2_DRAFT: u32 = 0x709a_50c4;
const Q050: u32 = u32::from_be_bytes(*b"Q050");
const T050: u32 = u32::from_be_bytes(*b"T050");
const T051: u32 = u32::from_be_bytes(*b"T051");
const MVFST_27: u32 = 0xface_b002;
const DRAFT: u32 = 0xff00_0000;

impl Version {
    /// How its Initial packets are protected, where that is known.
    pub(super) const fn protection(self) -> Option<Protection> {
        let (salt, labels) = match self.0 {
            V1 | 0xff00_0021..=0xff00_0022 => (&SALT_1, Labels::First),
            V2 => (&SALT_2, Labels::Second),
            V2_DRAFT => (&SALT_2_DRAFT, Labels::Second),
            0xff00_001d..=0xff00_0020 => (&SALT_29, Labels::First),
            MVFST_27 | 0xff00_0017..=0xff00_001c => (&SALT_23, Labels::First),
            Q050 => (&SALT_Q050, Labels::First),
            T050 => (&SALT_T050, Labels::First),
            T051 => (&SALT_T051, Labels::First),
            _ => return None,
        };
        Some(Protection { salt, labels })
    }

    /// How its packets are built, of the versions that are known.
    pub(super) const fn shape(self) -> Option<Shape> {
        match self.0 {
            V2 | V2_DRAFT => Some(Shape::Second),
            _ if self.is_clear_google() => Some(Shape::GoogleClear),
            _ if self.protection().is_some() => Some(Shape::First),
            _ => None,
        }
    }

    /// `Q024` to `Q046`, whose first packets are in clear.
    pub(super) const fn is_clear_google(self) -> bool {
        let [q, zero, tens, ones] = self.0.to_be_bytes();
        q == b'Q'
            && zero == b'0'
            && matches!(
                (tens, ones),
                (b'2', b'4'..=b'9') | (b'3', b'0'..=b'9') | (b'4', b'0'..=b'6')
            )
    }

    /// Google's handshake instead of TLS.
    pub(super) const fn speaks_google(self) -> bool {
        self.is_clear_google() || self.0 == Q050
    }

    /// Reserved for clients that want to be told the server's versions (RFC 9000 section 15).
    pub(super) const fn is_reserved(self) -> bool {
        self.0 & 0x0f0f_0f0f == 0x0a0a_0a0a
    }

    /// As Suricata and Zeek write it: `1`, `draft-29`, `Q046`; else the number's digits.
    pub(super) fn name(self) -> String {
        match self.0 {
            V1 => "1".to_owned(),
            V2 => "2".to_owned(),
            number @ 0xff00_0000..=0xff00_00ff => format!("draft-{}", number & !DRAFT),
            number => match self.0.to_be_bytes() {
                [b'Q' | b'T', b'0', b'0'..=b'9', b'0'..=b'9'] => {
                    String::from_utf8_lossy(&number.to_be_bytes()).into_owned()
                }
                _ => format!("{number:08x}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_the_names_that_people_know() {
        let names = [
            (1, "1"),
            (V2, "2"),
            (0xff00_001d, "draft-29"),
            (u32::from_be_bytes(*b"Q046"), "Q046"),
            (MVFST_27, "faceb002"),
            (0x1a2a_3a4a, "1a2a3a4a"),
        ];
        for (number, name) in names {
            assert_eq!(Version(number).name(), name);
        }
        assert!(Version(0x1a2a_3a4a).is_reserved());
    }
}
