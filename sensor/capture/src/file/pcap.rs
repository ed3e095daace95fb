//! The pcap format: a file header, then records.
//!
//! Source: draft-ietf-opsawg-pcap. The file header is read by `pcap-parser`. Its record readers ask
//! for the whole of a record before they let its length be judged, and know the modified format in
//! one byte order only, so the sixteen octets of a record header are read here.

use sekisho_model::{Timestamp, limits};

use super::buffer::Buffer;
use super::detect::PcapMagic;
use super::endian::Endian;
use super::error::{Cause, Damage};
use super::reader::Head;
use crate::{Batch, Linktype, Packet};

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Octets that the modified format adds to a record header: interface, protocol, packet type.
const MODIFIED_EXTRA: usize = 8;
const RECORD: &str = "packet record";
/// Captured octets up to which nothing about a record needs a second look.
const USUAL: usize = 65_536;
const _: () = assert!((USUAL + RECORD_HEADER) as u64 <= limits::RECORD_OCTETS.default);

/// How the records of one file are read.
#[derive(Debug)]
pub(super) struct Pcap {
    endian: Endian,
    record_header: usize,
    nanos_per_tick: i64,
    linktype: Linktype,
    captured: Captured,
}

/// Which of a record's two lengths is the captured one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Captured {
    /// The first: every version since 2.4.
    First,
    /// The second: before 2.3.
    Second,
    /// The smaller: 2.3 was written both ways.
    Smaller,
}

impl Pcap {
    /// Reads the file header.
    pub(super) fn open(magic: PcapMagic, buffer: &mut Buffer) -> Result<Self, Damage> {
        let short = |buffer: &Buffer| buffer.short(0, "file header", FILE_HEADER as u64);
        if !buffer.want(FILE_HEADER) {
            return Err(short(buffer));
        }
        let mut octets = *buffer
            .available()
            .first_chunk::<FILE_HEADER>()
            .ok_or_else(|| short(buffer))?;
        // The library knows the header under the two common magics; the fields are the same.
        if let Some(place) = octets.first_chunk_mut() {
            *place = match magic.endian {
                Endian::Little => [0xd4, 0xc3, 0xb2, 0xa1],
                Endian::Big => [0xa1, 0xb2, 0xc3, 0xd4],
            };
        }
        let (_, header) = pcap_parser::parse_pcap_header(&octets).map_err(|_| short(buffer))?;
        let (major, minor) = (header.version_major, header.version_minor);
        let captured = match (major, minor) {
            (2, 0..=2) | (543, 0) => Captured::Second,
            (2, 3) => Captured::Smaller,
            (2, _) => Captured::First,
            _ => {
                return Err(Damage {
                    offset: 0,
                    cause: Cause::Version {
                        what: "pcap",
                        major,
                        minor,
                    },
                });
            }
        };
        // The upper half says whether frames end in a checksum, the lower half is the link type.
        let [.., high, low] = header.network.0.to_be_bytes();
        buffer.consume(FILE_HEADER);
        Ok(Self {
            endian: magic.endian,
            record_header: if magic.modified {
                RECORD_HEADER.saturating_add(MODIFIED_EXTRA)
            } else {
                RECORD_HEADER
            },
            nanos_per_tick: if magic.nanos { 1 } else { 1_000 },
            linktype: Linktype(u16::from_be_bytes([high, low])),
            captured,
        })
    }

    /// Finds the next packet; `None` at the end of the file.
    #[inline]
    pub(super) fn frame(&self, buffer: &mut Buffer) -> Result<Option<Head>, Damage> {
        match self.in_window(buffer.available()) {
            Some(head) => Ok(Some(head)),
            None => self.frame_any(buffer),
        }
    }

    /// Places the packets that lie whole in a window, whose first octet lies at `from`, until one is unusual
    /// or `batch` is full. How many there were, and their octets.
    pub(super) fn pour(&self, window: &[u8], from: usize, batch: &mut Batch) -> (u64, usize) {
        let (mut packets, mut rest) = (0_u64, window);
        while !batch.is_full()
            && let Some(head) = self.in_window(rest)
        {
            let at = window.len().saturating_sub(rest.len());
            let offset = from.saturating_add(at).saturating_add(head.data_at);
            // It is usual, and that is shorter.
            let caplen = u32::try_from(head.caplen).unwrap_or(u32::MAX);
            let packet = Packet {
                time: head.time,
                len: head.len,
                linktype: head.linktype,
                data: &[],
            };
            batch.place(offset, caplen, &packet);
            rest = rest.get(head.record..).unwrap_or_default();
            packets = packets.saturating_add(1);
        }
        (packets, window.len().saturating_sub(rest.len()))
    }

    /// The next packet where all of it is in the window and nothing is unusual about it.
    #[inline]
    fn in_window(&self, window: &[u8]) -> Option<Head> {
        let (header, rest) = window.split_first_chunk::<RECORD_HEADER>()?;
        let (words, _) = header.as_chunks();
        let [seconds, ticks, caplen, len] = self.endian.u32s(words.first_chunk()?);
        let caplen = caplen as usize;
        let is_usual = self.captured == Captured::First && self.record_header == RECORD_HEADER;
        if !is_usual || caplen > rest.len() || caplen > USUAL {
            return None;
        }
        let seconds = i64::from(seconds).saturating_mul(1_000_000_000);
        let nanos = i64::from(ticks).saturating_mul(self.nanos_per_tick);
        Some(Head {
            time: Timestamp::from_nanos(seconds.saturating_add(nanos)),
            len,
            linktype: self.linktype,
            data_at: RECORD_HEADER,
            caplen,
            record: caplen.saturating_add(RECORD_HEADER),
        })
    }

    fn frame_any(&self, buffer: &mut Buffer) -> Result<Option<Head>, Damage> {
        if !buffer.want(self.record_header) && buffer.ended_well() {
            return Ok(None);
        }
        let offset = buffer.offset();
        let (fields, _) = buffer.available().as_chunks::<4>();
        let &[seconds, ticks, first, second, ..] = fields else {
            return Err(buffer.short(offset, RECORD, self.record_header as u64));
        };
        let (first, second) = (self.endian.u32(first), self.endian.u32(second));
        let (caplen, len) = match self.captured {
            Captured::First => (first, second),
            Captured::Second => (second, first),
            Captured::Smaller => (first.min(second), first.max(second)),
        };
        let record = u64::from(caplen).saturating_add(self.record_header as u64);
        if record > limits::RECORD_OCTETS.default {
            return Err(Damage {
                offset,
                cause: Cause::TooLong {
                    what: RECORD,
                    claims: record,
                },
            });
        }
        let seconds = i64::from(self.endian.u32(seconds)).saturating_mul(1_000_000_000);
        let nanos = i64::from(self.endian.u32(ticks)).saturating_mul(self.nanos_per_tick);
        let whole = (caplen as usize).saturating_add(self.record_header);
        if !buffer.want(whole) {
            return Err(buffer.short(offset, RECORD, record));
        }
        Ok(Some(Head {
            time: Timestamp::from_nanos(seconds.saturating_add(nanos)),
            len,
            linktype: self.linktype,
            data_at: self.record_header,
            caplen: caplen as usize,
            record: whole,
        }))
    }
}
