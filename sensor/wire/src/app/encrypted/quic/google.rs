//! Google's QUIC before TLS: the client's hello, a list of tags in clear.
//!
//! Source: Chromium's "QUIC Crypto" and its `quic_framer` (Q024 to Q050); the fingerprint CYU is that
//! of Salesforce's GQUIC analyser, MD5 over version and tags.

use md5::{Digest, Md5};

use super::version::Version;
use crate::app::octets::Octets;
use crate::app::text;

/// A message is looked for this far into a packet: header, packet number, hash and frame header.
const MAX_HEADER: usize = 64;
/// Tags of one hello that are read; Chromium's has 25.
const MAX_TAGS: usize = 64;
const HELLO: &[u8] = b"CHLO";

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello<'a> {
    /// The host that is asked for.
    pub(super) sni: Option<&'a [u8]>,
    /// User agent.
    pub(super) ua: Option<&'a [u8]>,
    /// Names of the tags in their order, without trailing zeros.
    tags: Vec<&'a [u8]>,
    /// Whether values that were announced are missing.
    pub(super) is_cut: bool,
}

/// The version of a packet in clear: in a long header, or behind the connection ID of a public one.
pub(super) fn version(octets: &[u8]) -> Option<Version> {
    let first = *octets.first()?;
    let at = match first {
        // A long header.
        0x80.. => 1,
        // A public header with version and connection ID of eight octets.
        _ if first & 0x09 == 0x09 => 9,
        _ => return None,
    };
    let number = octets.get(at..)?.first_chunk::<4>()?;
    Some(Version(u32::from_be_bytes(*number))).filter(|version| version.is_clear_google())
}

/// The hello in a packet, or in the payload of an opened one.
pub(super) fn hello(octets: &[u8]) -> Option<Hello<'_>> {
    let reach = MAX_HEADER.saturating_add(HELLO.len());
    let at = octets
        .get(..reach)
        .unwrap_or(octets)
        .windows(HELLO.len())
        .position(|window| window == HELLO)?;
    let mut cursor = Octets(octets.get(at..)?);
    cursor.take(HELLO.len())?;
    let count = u16::from_le_bytes(cursor.array()?);
    cursor.take(2)?;
    let count = usize::from(count);
    let index = cursor.take(count.checked_mul(8)?)?;
    let values = cursor.0;
    let mut hello = Hello {
        sni: None,
        ua: None,
        tags: Vec::new(),
        is_cut: count > MAX_TAGS,
    };
    let mut start = 0;
    let (entries, _) = index.as_chunks::<8>();
    for [a, b, c, d, end @ ..] in entries.iter().take(MAX_TAGS) {
        let end = usize::try_from(u32::from_le_bytes(*end)).ok()?;
        let value = values.get(start..end);
        start = end;
        hello.is_cut |= value.is_none();
        match &[*a, *b, *c, *d] {
            b"SNI\0" => hello.sni = value.filter(|value| !value.is_empty()),
            b"UAID" => hello.ua = value.filter(|value| !value.is_empty()),
            _ => {}
        }
    }
    for entry in entries.iter().take(MAX_TAGS) {
        let name = entry.get(..4).unwrap_or_default();
        let end = name
            .iter()
            .rposition(|octet| *octet != 0)
            .map_or(0, |at| at.saturating_add(1));
        hello.tags.push(name.get(..end).unwrap_or_default());
    }
    Some(hello)
}

impl Hello<'_> {
    /// The fingerprint of the client: what is hashed, and its MD5.
    pub(super) fn cyu(&self, version: Version) -> (String, String) {
        let name = version.name();
        let mut words = name.trim_start_matches(['Q', '0']).to_owned();
        words.push(',');
        for (index, tag) in self.tags.iter().enumerate() {
            if index > 0 {
                words.push('-');
            }
            words.push_str(&text::of(tag));
        }
        let hash = text::hex(Md5::digest(words.as_bytes()).as_slice());
        (words, hash)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A hello of Q046 in its packet, with the given tags.
    pub(crate) fn packet(tags: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut octets = vec![0xc3];
        octets.extend(b"Q046");
        octets.push(0x50);
        octets.extend([1; 8 + 4 + 12]);
        octets.extend([0xa0, 0x01, 0x04, 0x00]);
        octets.extend(HELLO);
        octets.extend(u16::try_from(tags.len()).unwrap().to_le_bytes());
        octets.extend([0, 0]);
        let mut end = 0_u32;
        for (name, value) in tags {
            end += u32::try_from(value.len()).unwrap();
            octets.extend(*name);
            octets.extend(end.to_le_bytes());
        }
        for (_, value) in tags {
            octets.extend(*value);
        }
        octets
    }

    #[test]
    fn the_fingerprint_is_the_published_one() {
        // Salesforce's example of the GQUIC analyser: tags of Chrome and their hash.
        let names = "PAD-SNI-STK-VER-CCS-NONC-AEAD-UAID-SCID-TCID-PDMD-SMHL-ICSL-NONP-PUBS-MIDS-SCLS-KEXS-\
                     XLCT-CSCT-COPT-CCRT-IRTT-CFCW-SFCW";
        let tags: Vec<[u8; 4]> = names
            .split('-')
            .map(|name| std::array::from_fn(|at| name.as_bytes().get(at).copied().unwrap_or(0)))
            .collect();
        let octets = packet(&tags.iter().map(|tag| (tag, &b"x"[..])).collect::<Vec<_>>());
        let version = version(&octets).unwrap();

        let (words, hash) = hello(&octets).unwrap().cyu(version);

        assert_eq!(words, format!("46,{names}"));
        assert_eq!(hash, "a46560d4548108cf99308319b3b85346");
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(mut octets: Vec<u8>, count: u16) {
            let mut packet = b"CHLO".to_vec();
            packet.extend(count.to_le_bytes());
            packet.append(&mut octets);
            let _ = hello(&packet);
        }
    }
}
