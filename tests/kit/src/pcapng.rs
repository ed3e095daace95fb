//! Writes pcapng: sections, interfaces with options and any time resolution, packets, comments.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 3 and 4.

use crate::{ByteOrder, Capture, Packet};

/// Builds one file block by block; `PcapngWriter::default().write(&capture)` does it in one go.
#[derive(Debug, Clone, Default)]
pub struct PcapngWriter {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    out: Vec<u8>,
}

/// One interface of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// `if_name`; empty: not written.
    pub name: String,
    /// `if_description`; empty: not written.
    pub description: String,
    /// Link type.
    pub linktype: u16,
    /// Snap length, 0 for none.
    pub snaplen: u32,
    /// `if_tsresol` as it stands in the file: 9 is nanoseconds, 0x80 | n is 2 to the power of -n. `None`: not
    /// written, which means microseconds.
    pub resolution: Option<u8>,
    /// `if_tsoffset` in seconds: subtracted from the times that are written.
    pub offset: Option<i64>,
}

impl Default for Interface {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            linktype: 1,
            snaplen: 0,
            resolution: Some(9),
            offset: None,
        }
    }
}

impl Interface {
    /// An Ethernet interface with nanosecond times.
    #[must_use]
    pub fn named(name: &str, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            ..Self::default()
        }
    }

    /// The time in the interface's unit, rounded down.
    fn ticks(&self, time_ns: u64) -> u64 {
        let offset = i128::from(self.offset.unwrap_or(0)) * 1_000_000_000;
        let nanos = u128::try_from(i128::from(time_ns) - offset).expect("a time after the offset");
        let ticks = match self.resolution.unwrap_or(6) {
            power if power & 0x80 != 0 => (nanos << (power & 0x7f)) / 1_000_000_000,
            power => nanos * 10_u128.pow(u32::from(power)) / 1_000_000_000,
        };
        u64::try_from(ticks).expect("a time that fits in 64 bits of this resolution")
    }
}

impl PcapngWriter {
    /// An empty file in this byte order.
    #[must_use]
    pub const fn new(order: ByteOrder) -> Self {
        Self {
            order,
            interfaces: Vec::new(),
            out: Vec::new(),
        }
    }

    /// A whole file: one section, the interfaces, the packets.
    #[must_use]
    pub fn write(order: ByteOrder, interfaces: &[Interface], capture: &Capture) -> Vec<u8> {
        let mut writer = Self::new(order);
        writer.section(&[]);
        for interface in interfaces {
            writer.interface(interface);
        }
        for packet in &capture.packets {
            writer.packet(packet);
        }
        writer.finish()
    }

    /// Starts a section in the byte order set; interfaces count from 0 again.
    pub fn section(&mut self, options: &[(u16, &[u8])]) {
        self.interfaces.clear();
        let mut body = Vec::new();
        self.order.put_u32(&mut body, 0x1a2b_3c4d);
        self.order.put_u16(&mut body, 1);
        self.order.put_u16(&mut body, 0);
        self.order.put_u64(&mut body, u64::MAX); // Length of the section: not given.
        self.options(&mut body, options);
        self.block(0x0a0d_0d0a, &body);
    }

    /// Starts a section in another byte order.
    pub fn section_in(&mut self, order: ByteOrder) {
        self.order = order;
        self.section(&[]);
    }

    /// Describes the next interface of the section.
    pub fn interface(&mut self, interface: &Interface) {
        let mut body = Vec::new();
        self.order.put_u16(&mut body, interface.linktype);
        self.order.put_u16(&mut body, 0);
        self.order.put_u32(&mut body, interface.snaplen);
        let resolution = interface.resolution.map(|resolution| [resolution]);
        let mut offset = Vec::new();
        if let Some(seconds) = interface.offset {
            self.order.put_u64(&mut offset, seconds.cast_unsigned());
        }
        let candidates: [(u16, &[u8]); 4] = [
            (2, interface.name.as_bytes()),
            (3, interface.description.as_bytes()),
            (9, resolution.as_ref().map_or(&[], |octet| octet)),
            (14, &offset),
        ];
        let options: Vec<_> = candidates
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        self.options(&mut body, &options);
        self.block(1, &body);
        self.interfaces.push(interface.clone());
    }

    /// Writes an enhanced packet block.
    pub fn packet(&mut self, packet: &Packet) {
        self.packet_with(packet, &[]);
    }

    /// Writes an enhanced packet block with options (1: comment, 2: flags, 4: drop count).
    ///
    /// # Panics
    ///
    /// When the packet's interface has not been described in this section.
    pub fn packet_with(&mut self, packet: &Packet, options: &[(u16, &[u8])]) {
        let index = usize::try_from(packet.interface).expect("an index");
        let interface = self
            .interfaces
            .get(index)
            .expect("an interface described before its packets");
        let ticks = interface.ticks(packet.time_ns);
        let mut body = Vec::new();
        self.order.put_u32(&mut body, packet.interface);
        self.order
            .put_u32(&mut body, u32::try_from(ticks >> 32).expect("the upper half"));
        self.order.put_u32(
            &mut body,
            u32::try_from(ticks & 0xffff_ffff).expect("the lower half"),
        );
        self.order.put_u32(
            &mut body,
            u32::try_from(packet.octets.len()).expect("shorter than 4 GiB"),
        );
        self.order.put_u32(&mut body, packet.original_len);
        body.extend_from_slice(&packet.octets);
        pad(&mut body);
        self.options(&mut body, options);
        self.block(6, &body);
    }

    /// Writes a simple packet block: interface 0, no time.
    pub fn simple_packet(&mut self, octets: &[u8], original_len: u32) {
        let mut body = Vec::new();
        self.order.put_u32(&mut body, original_len);
        body.extend_from_slice(octets);
        pad(&mut body);
        self.block(3, &body);
    }

    /// Writes any block; the body is padded, the type and both lengths are added.
    ///
    /// # Panics
    ///
    /// When the block is longer than 4 GiB.
    pub fn block(&mut self, kind: u32, body: &[u8]) {
        let padded = body.len().next_multiple_of(4);
        let total = u32::try_from(12 + padded).expect("a block shorter than 4 GiB");
        self.order.put_u32(&mut self.out, kind);
        self.order.put_u32(&mut self.out, total);
        self.out.extend_from_slice(body);
        self.out.resize(self.out.len() + padded - body.len(), 0);
        self.order.put_u32(&mut self.out, total);
    }

    /// The file's octets.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn options(&self, body: &mut Vec<u8>, options: &[(u16, &[u8])]) {
        for (code, value) in options {
            self.order.put_u16(body, *code);
            self.order.put_u16(
                body,
                u16::try_from(value.len()).expect("an option shorter than 64 KiB"),
            );
            body.extend_from_slice(value);
            pad(body);
        }
        if !options.is_empty() {
            self.order.put_u32(body, 0); // opt_endofopt
        }
    }
}

fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gives_its_length_twice() {
        let capture: Capture = [Packet::new(1_000, vec![1; 61])].into_iter().collect();

        for order in ByteOrder::ALL {
            let file = PcapngWriter::write(order, &[Interface::named("tap0", "mirror")], &capture);

            let (mut at, mut kinds) = (0, Vec::new());
            while at < file.len() {
                let field = |at: usize| {
                    let octets = file[at..at + 4].try_into().unwrap();
                    match order {
                        ByteOrder::Little => u32::from_le_bytes(octets),
                        ByteOrder::Big => u32::from_be_bytes(octets),
                    }
                };
                let total = usize::try_from(field(at + 4)).unwrap();
                assert_eq!(field(at + 4), field(at + total - 4));
                kinds.push(field(at));
                at += total;
            }
            assert_eq!(kinds, [0x0a0d_0d0a, 1, 6]);
        }
    }

    #[test]
    fn times_are_counted_in_the_units_of_the_interface() {
        let at = |resolution, offset| {
            Interface {
                resolution,
                offset,
                ..Interface::default()
            }
            .ticks(2_500_000_999)
        };

        assert_eq!(at(None, None), 2_500_000);
        assert_eq!(at(Some(9), None), 2_500_000_999);
        assert_eq!(at(Some(0), Some(1)), 1);
        assert_eq!(at(Some(0x80 | 1), None), 5); // Half seconds.
    }
}
