//! Writes the classic pcap format: microseconds or nanoseconds, either byte order.
//!
//! Source: draft-ietf-opsawg-pcap, sections 4 and 5.

use crate::{ByteOrder, Capture};

/// Link type of Ethernet.
pub const LINKTYPE_ETHERNET: u32 = 1;

/// How to write the file. `PcapWriter::default()` is what tcpdump writes on a PC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcapWriter {
    /// Byte order of the file's fields.
    pub order: ByteOrder,
    /// Nanosecond times and their magic number.
    pub nanoseconds: bool,
    /// Snap length in the file header; packets are written as they are.
    pub snaplen: u32,
    /// Link type of every packet.
    pub linktype: u32,
}

impl Default for PcapWriter {
    fn default() -> Self {
        Self {
            order: ByteOrder::Little,
            nanoseconds: false,
            snaplen: 262_144,
            linktype: LINKTYPE_ETHERNET,
        }
    }
}

impl PcapWriter {
    /// The file's octets. Interfaces are not kept, the format has none.
    ///
    /// # Panics
    ///
    /// When a packet is longer than 4 GiB or later than the year 2106.
    #[must_use]
    pub fn write(&self, capture: &Capture) -> Vec<u8> {
        let (magic, unit) = if self.nanoseconds {
            (0xa1b2_3c4d, 1)
        } else {
            (0xa1b2_c3d4, 1_000)
        };
        let mut out = Vec::new();
        let order = self.order;
        order.put_u32(&mut out, magic);
        order.put_u16(&mut out, 2);
        order.put_u16(&mut out, 4);
        order.put_u32(&mut out, 0);
        order.put_u32(&mut out, 0);
        order.put_u32(&mut out, self.snaplen);
        order.put_u32(&mut out, self.linktype);
        for packet in &capture.packets {
            let seconds = u32::try_from(packet.time_ns / 1_000_000_000).expect("a time before 2106");
            let fraction = u32::try_from(packet.time_ns % 1_000_000_000 / unit).expect("below 1e9");
            let captured = u32::try_from(packet.octets.len()).expect("a packet shorter than 4 GiB");
            order.put_u32(&mut out, seconds);
            order.put_u32(&mut out, fraction);
            order.put_u32(&mut out, captured);
            order.put_u32(&mut out, packet.original_len);
            out.extend_from_slice(&packet.octets);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_four_magics_stand_as_the_format_says() {
        let magic = |order, nanoseconds| {
            let file = PcapWriter {
                order,
                nanoseconds,
                ..PcapWriter::default()
            }
            .write(&Capture::new());
            assert_eq!(file.len(), 24);
            [file[0], file[1], file[2], file[3]]
        };

        assert_eq!(magic(ByteOrder::Little, false), [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(magic(ByteOrder::Big, false), [0xa1, 0xb2, 0xc3, 0xd4]);
        assert_eq!(magic(ByteOrder::Little, true), [0x4d, 0x3c, 0xb2, 0xa1]);
        assert_eq!(magic(ByteOrder::Big, true), [0xa1, 0xb2, 0x3c, 0x4d]);
    }

    #[test]
    fn a_record_holds_time_and_both_lengths() {
        let mut capture = Capture::new();
        capture.push(1_793_750_400_123_456_789, vec![7; 20]);
        capture.packets[0] = capture.packets[0].clone().snapped(4);

        let file = PcapWriter {
            order: ByteOrder::Big,
            ..PcapWriter::default()
        }
        .write(&capture);

        let field = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
        assert_eq!(
            [field(24), field(28), field(32), field(36)],
            [1_793_750_400, 123_456, 4, 20]
        );
        assert_eq!(file.len(), 24 + 16 + 4);
    }
}
