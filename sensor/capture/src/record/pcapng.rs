//! Writing pcapng: a section, its interfaces, its packets with times in nanoseconds.
//!
//! Source: draft-ietf-opsawg-pcapng, sections 4.1 to 4.3. Numbers are little-endian. An interface of the
//! file stands for a link type: a batch does not say which port a packet came from.

use std::io::{self, Write};

use crate::{Linktype, Packet};

/// Section header, interface description and enhanced packet blocks.
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// Octets of an enhanced packet block around the octets of its packet.
const AROUND: usize = 32;
/// Exponent of the resolution of times: nanoseconds.
const RESOLUTION: u8 = 9;

/// A section that is written.
pub(super) struct Writer<W> {
    out: W,
    interfaces: Vec<Linktype>,
    /// Octets written.
    octets: u64,
    block: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a section.
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let mut writer = Self {
            out,
            interfaces: Vec::new(),
            octets: 0,
            block: Vec::new(),
        };
        let name = b"Sekisho";
        writer.block(SECTION, |block| {
            block.extend(0x1a2b_3c4d_u32.to_le_bytes());
            // Version 1.0, and a length that is not known beforehand.
            block.extend([1, 0, 0, 0]);
            block.extend([0xff; 8]);
            option(block, 4, name);
            block.extend([0; 4]);
        })?;
        Ok(writer)
    }

    /// Octets written so far.
    pub(super) const fn octets(&self) -> u64 {
        self.octets
    }

    /// Octets that a packet of this length takes.
    pub(super) const fn room(caplen: usize) -> u64 {
        // Lossless: a length of memory has at most 64 bits.
        caplen.next_multiple_of(4).saturating_add(AROUND) as u64
    }

    /// Writes a packet.
    pub(super) fn packet(&mut self, packet: &Packet<'_>) -> io::Result<()> {
        let known = self.interfaces.iter().position(|one| *one == packet.linktype);
        let interface = match known {
            Some(interface) => interface,
            None => self.interface(packet.linktype)?,
        };
        let nanos = u64::try_from(packet.time.nanos()).unwrap_or_default();
        let caplen = u32::try_from(packet.data.len()).map_err(io::Error::other)?;
        let interface = u32::try_from(interface).map_err(io::Error::other)?;
        self.block(PACKET, |block| {
            block.extend(interface.to_le_bytes());
            let [a, b, c, d, e, f, g, h] = nanos.to_le_bytes();
            // The upper half comes first.
            block.extend([e, f, g, h, a, b, c, d]);
            block.extend(caplen.to_le_bytes());
            block.extend(packet.len.to_le_bytes());
            block.extend_from_slice(packet.data);
        })
    }

    /// Hands what is written to the system.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn interface(&mut self, linktype: Linktype) -> io::Result<usize> {
        self.block(INTERFACE, |block| {
            block.extend(linktype.0.to_le_bytes());
            // No limit to the length of a packet.
            block.extend([0; 6]);
            option(block, 9, &[RESOLUTION]);
            block.extend([0; 4]);
        })?;
        self.interfaces.push(linktype);
        Ok(self.interfaces.len().saturating_sub(1))
    }

    /// Writes a block around a body.
    fn block(&mut self, kind: u32, body: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.block.clear();
        self.block.extend(kind.to_le_bytes());
        self.block.extend([0; 4]);
        body(&mut self.block);
        pad(&mut self.block);
        let length = u32::try_from(self.block.len().saturating_add(4)).map_err(io::Error::other)?;
        self.block.extend(length.to_le_bytes());
        if let Some(place) = self.block.get_mut(4..8) {
            place.copy_from_slice(&length.to_le_bytes());
        }
        self.out.write_all(&self.block)?;
        self.octets = self.octets.saturating_add(length.into());
        Ok(())
    }
}

fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    block.extend(code.to_le_bytes());
    block.extend(u16::try_from(value.len()).unwrap_or_default().to_le_bytes());
    block.extend_from_slice(value);
    pad(block);
}

fn pad(block: &mut Vec<u8>) {
    block.resize(block.len().next_multiple_of(4), 0);
}
