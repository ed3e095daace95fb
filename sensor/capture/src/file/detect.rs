//! What a file is, by its first octets.

use super::decompress::Compression;
use super::endian::Endian;

/// First octets that are looked at where a file is no capture.
pub(super) const LOOK: usize = 64;

/// A capture format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The classic format, with what its magic says of it.
    Pcap(PcapMagic),
    /// Blocks; each section says its own byte order.
    Pcapng,
}

/// What the magic of a pcap file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PcapMagic {
    /// Byte order of every number in the file.
    pub(super) endian: Endian,
    /// Nanoseconds where others have microseconds.
    pub(super) nanos: bool,
    /// Alexey Kuznetzov's format: eight more octets in each record header.
    pub(super) modified: bool,
}

impl Format {
    /// Recognises the format of a stream that starts with `first`.
    pub(super) fn detect(first: &[u8]) -> Option<Self> {
        let magic = *first.first_chunk::<4>()?;
        let pcap = |endian, nanos, modified| {
            Some(Self::Pcap(PcapMagic {
                endian,
                nanos,
                modified,
            }))
        };
        match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => pcap(Endian::Big, false, false),
            [0xd4, 0xc3, 0xb2, 0xa1] => pcap(Endian::Little, false, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => pcap(Endian::Big, true, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => pcap(Endian::Little, true, false),
            [0xa1, 0xb2, 0xcd, 0x34] => pcap(Endian::Big, false, true),
            [0x34, 0xcd, 0xb2, 0xa1] => pcap(Endian::Little, false, true),
            [0x0a, 0x0d, 0x0d, 0x0a] => Some(Self::Pcapng),
            _ => None,
        }
    }

    /// Name as summaries show it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pcap(_) => "pcap",
            Self::Pcapng => "pcapng",
        }
    }
}

impl Compression {
    /// Recognises the compression of a file that starts with `first`.
    pub(super) fn detect(first: &[u8]) -> Option<Self> {
        match first {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or a frame that readers pass over (RFC 8878, 3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

const DECOMPRESS: &str = "decompress it first";
const CONVERT: &str = "convert it first: editcap -F pcapng IN OUT.pcapng";
const NAME_A_CAPTURE: &str = "name a capture file instead";

/// Formats that people hand over by mistake: first octets, name, remedy.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (b"\xfd7zXZ\0", "it is xz data", DECOMPRESS),
    (b"BZh", "it is bzip2 data", DECOMPRESS),
    (b"\x04\x22\x4d\x18", "it is lz4 data", DECOMPRESS),
    (b"\x1f\x9d", "it is compress (.Z) data", DECOMPRESS),
    (b"PK\x03\x04", "it is a ZIP archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "it is a 7z archive", "unpack it first"),
    (b"Rar!", "it is a RAR archive", "unpack it first"),
    (b"snoop\0\0\0", "it is a snoop capture", CONVERT),
    (b"GMBU", "it is a Network Monitor 2 capture", CONVERT),
    (b"RTSS", "it is a Network Monitor 1 capture", CONVERT),
    (b"XCP\0", "it is a NetXRay capture", CONVERT),
    (b"TRSNIFF data", "it is a Sniffer capture", CONVERT),
    (b"\x7fELF", "it is an ELF program", NAME_A_CAPTURE),
    (b"MZ", "it is a Windows program", NAME_A_CAPTURE),
    (b"%PDF", "it is a PDF document", NAME_A_CAPTURE),
    (b"SQLite format 3\0", "it is an SQLite database", NAME_A_CAPTURE),
    (b"PAR1", "it is a Parquet file", NAME_A_CAPTURE),
    (b"\x89PNG", "it is a PNG picture", NAME_A_CAPTURE),
];

/// What a stream that is no capture looks like, and what to do about it.
pub(super) fn describe(first: &[u8]) -> (String, &'static str) {
    for (magic, found, remedy) in KNOWN {
        if first.starts_with(magic) {
            return ((*found).to_owned(), remedy);
        }
    }
    if is_text(first) {
        return (
            "it is text".to_owned(),
            "packets are written to a file with tcpdump -w FILE",
        );
    }
    let octets: Vec<String> = first.iter().take(4).map(|octet| format!("{octet:02x}")).collect();
    (format!("it starts with {}", octets.join(" ")), NAME_A_CAPTURE)
}

fn is_text(first: &[u8]) -> bool {
    let text = match std::str::from_utf8(first) {
        Ok(text) => text,
        // The last character may be cut off by the end of what was looked at.
        Err(error) if error.error_len().is_none() => {
            let whole = first.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(whole).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && text
            .chars()
            .all(|letter| !letter.is_control() || "\t\r\n".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_wrong_file_looks_like() {
        assert_eq!(describe(b"\x7fELF\x02\x01").0, "it is an ELF program");
        assert_eq!(describe(b"PK\x03\x04...").0, "it is a ZIP archive");
        assert_eq!(describe("09:00:01 IP 関所".as_bytes()).0, "it is text");
        assert_eq!(describe(&"関所".as_bytes()[..5]).0, "it is text");
        assert_eq!(describe(&[0, 1, 2, 3, 4]).0, "it starts with 00 01 02 03");
    }

    #[test]
    fn zstd_may_begin_with_a_frame_to_pass_over() {
        assert_eq!(
            Compression::detect(&[0x5a, 0x2a, 0x4d, 0x18]),
            Some(Compression::Zstd)
        );
    }
}
