//! The pcapng format: sections of blocks.
//!
//! Source: draft-ietf-opsawg-pcapng; the obsolete Packet Block is its appendix A. Options are read by
//! `pcap-parser`. Its block readers take a length that lies for a wish for more octets, refuse a
//! packet for a broken option and know no resolution in powers of two, so blocks are framed here.
//!
//! A block length that is no multiple of four is rounded up, as Wireshark does. Blocks that carry no
//! packet and no interface are passed over without being held. A Simple Packet Block has no time: it
//! gets that of the packet before it in the file, and the epoch where there is none.

use pcap_parser::{EPB_MAGIC, IDB_MAGIC, OptionCode, PcapError, SHB_MAGIC, SPB_MAGIC};
use sekisho_model::{Timestamp, limits};

use super::buffer::Buffer;
use super::endian::Endian;
use super::error::{Cause, Damage};
use super::reader::Head;
use super::time::Clock;
use crate::Linktype;

/// The Packet Block of early drafts.
const OBSOLETE_PACKET: u32 = 2;
/// Block type and length.
const BLOCK_HEADER: usize = 8;
/// Block type, length and length again.
const BLOCK_LEAST: u32 = 12;

/// What is known at one place of the file.
#[derive(Debug)]
pub(super) struct Pcapng {
    endian: Endian,
    interfaces: Vec<Interface>,
    last: Timestamp,
}

/// One interface of the section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    linktype: Linktype,
    snaplen: u32,
    clock: Clock,
}

/// The frame of one block.
#[derive(Debug, Clone, Copy)]
struct Block {
    offset: u64,
    kind: u32,
    /// Length as written.
    length: u32,
    /// Length with padding.
    padded: u64,
}

/// The fields of a packet block before its octets.
struct Fields {
    interface: u32,
    time: Option<u64>,
    caplen: Option<u32>,
    len: u32,
    /// Where the captured octets begin in the block.
    data_at: usize,
}

impl Pcapng {
    /// Before the first block.
    pub(super) const fn new() -> Self {
        Self {
            endian: Endian::Little,
            interfaces: Vec::new(),
            last: Timestamp::from_nanos(0),
        }
    }

    /// Finds the next packet; `None` at the end of the file.
    pub(super) fn frame(&mut self, buffer: &mut Buffer) -> Result<Option<Head>, Damage> {
        while let Some(block) = self.next_block(buffer)? {
            match block.kind {
                EPB_MAGIC | SPB_MAGIC | OBSOLETE_PACKET => {
                    return self.packet(block, self.hold(block, buffer)?).map(Some);
                }
                SHB_MAGIC => {
                    self.begin_section(block, self.hold(block, buffer)?)?;
                    buffer.consume(block.whole());
                }
                IDB_MAGIC => {
                    self.add_interface(block, self.hold(block, buffer)?)?;
                    buffer.consume(block.whole());
                }
                _ => self.pass_over(block, buffer)?,
            }
        }
        Ok(None)
    }

    /// Reads type and length of the next block; `None` at the end of the file.
    fn next_block(&mut self, buffer: &mut Buffer) -> Result<Option<Block>, Damage> {
        if !buffer.want(BLOCK_HEADER) && buffer.ended_well() {
            return Ok(None);
        }
        let offset = buffer.offset();
        let (fields, _) = buffer.available().as_chunks::<4>();
        let &[kind, length, ..] = fields else {
            return Err(buffer.short(offset, "block", u64::from(BLOCK_LEAST)));
        };
        // This type reads the same in both byte orders; the order of the section stands behind it.
        if u32::from_le_bytes(kind) == SHB_MAGIC {
            self.endian = Self::section_endian(buffer)?;
        }
        let length = self.endian.u32(length);
        let block = Block {
            offset,
            kind: self.endian.u32(kind),
            length,
            padded: u64::from(length).next_multiple_of(4),
        };
        if length < BLOCK_LEAST {
            return Err(block.too_short());
        }
        Ok(Some(block))
    }

    fn section_endian(buffer: &mut Buffer) -> Result<Endian, Damage> {
        let offset = buffer.offset();
        buffer.want(BLOCK_HEADER.saturating_add(4));
        let (fields, _) = buffer.available().as_chunks::<4>();
        match fields {
            [_, _, [0x4d, 0x3c, 0x2b, 0x1a], ..] => Ok(Endian::Little),
            [_, _, [0x1a, 0x2b, 0x3c, 0x4d], ..] => Ok(Endian::Big),
            [_, _, other, ..] => Err(Damage {
                offset,
                cause: Cause::ByteOrder(*other),
            }),
            _ => Err(buffer.short(offset, "section header", 28)),
        }
    }

    /// Makes the whole block available and returns it, its two lengths compared.
    fn hold<'a>(&self, block: Block, buffer: &'a mut Buffer) -> Result<&'a [u8], Damage> {
        let what = block.name();
        if block.padded > limits::RECORD_OCTETS.default {
            return Err(block.damage(Cause::TooLong {
                what,
                claims: u64::from(block.length),
            }));
        }
        let whole = block.whole();
        if !buffer.want(whole) {
            return Err(buffer.short(block.offset, what, block.padded));
        }
        let octets = buffer.available().get(..whole).unwrap_or_default();
        if let Some(second) = octets.last_chunk() {
            block.compare(self.endian.u32(*second))?;
        }
        Ok(octets)
    }

    /// Passes over a block that says nothing about packets, its two lengths compared.
    fn pass_over(&self, block: Block, buffer: &mut Buffer) -> Result<(), Damage> {
        let short = |buffer: &Buffer| buffer.short(block.offset, block.name(), block.padded);
        if !buffer.skip(block.padded.saturating_sub(4)) || !buffer.want(4) {
            return Err(short(buffer));
        }
        let second = *buffer.available().first_chunk().ok_or_else(|| short(buffer))?;
        block.compare(self.endian.u32(second))?;
        buffer.consume(4);
        Ok(())
    }

    fn begin_section(&mut self, block: Block, octets: &[u8]) -> Result<(), Damage> {
        let (fields, _) = octets.as_chunks::<4>();
        // Type, length, byte order, version, section length (two words), length again.
        let &[_, _, _, [a, b, c, d], _, _, _, ..] = fields else {
            return Err(block.too_short());
        };
        let (major, minor) = (self.endian.u16([a, b]), self.endian.u16([c, d]));
        if major != 1 {
            return Err(block.damage(Cause::Version {
                what: "pcapng",
                major,
                minor,
            }));
        }
        self.interfaces.clear();
        Ok(())
    }

    fn add_interface(&mut self, block: Block, octets: &[u8]) -> Result<(), Damage> {
        let (fields, _) = octets.as_chunks::<4>();
        // Type, length, link type and two reserved octets, snap length, length again.
        let &[_, _, [a, b, _, _], snaplen, _, ..] = fields else {
            return Err(block.too_short());
        };
        if self.interfaces.len() as u64 >= limits::INTERFACES.default {
            return Err(block.damage(Cause::Interfaces));
        }
        let options = octets.get(16..octets.len().saturating_sub(4)).unwrap_or_default();
        self.interfaces.push(Interface {
            linktype: Linktype(self.endian.u16([a, b])),
            snaplen: self.endian.u32(snaplen),
            clock: self.clock(options),
        });
        Ok(())
    }

    /// Reads the two options that matter; from the first broken option on none is read.
    fn clock(&self, mut options: &[u8]) -> Clock {
        let (mut resolution, mut offset) = (6, 0);
        let parse = match self.endian {
            Endian::Little => pcap_parser::parse_option_le::<PcapError<&[u8]>>,
            Endian::Big => pcap_parser::parse_option_be::<PcapError<&[u8]>>,
        };
        while let Ok((rest, option)) = parse(options) {
            match (option.code, option.as_bytes()) {
                (OptionCode::EndOfOpt, _) => break,
                (OptionCode::IfTsresol, Ok(&[value])) => resolution = value,
                (OptionCode::IfTsoffset, Ok(value)) => {
                    offset = value
                        .first_chunk()
                        .map_or(offset, |octets| self.endian.i64(*octets));
                }
                _ => {}
            }
            options = rest;
        }
        Clock::new(resolution, offset)
    }

    fn packet(&mut self, block: Block, octets: &[u8]) -> Result<Head, Damage> {
        let fields = self
            .packet_fields(block.kind, octets)
            .ok_or_else(|| block.too_short())?;
        let Some(interface) = self.interfaces.get(fields.interface as usize) else {
            let described = self.interfaces.len();
            return Err(block.damage(Cause::Interface {
                id: fields.interface,
                described,
            }));
        };
        let snaplen = if interface.snaplen == 0 {
            u32::MAX
        } else {
            interface.snaplen
        };
        let caplen = fields.caplen.unwrap_or_else(|| fields.len.min(snaplen));
        let room = octets.len().saturating_sub(fields.data_at).saturating_sub(4);
        if caplen as usize > room {
            return Err(block.damage(Cause::DoesNotFit { packet: caplen, room }));
        }
        if let Some(ticks) = fields.time {
            self.last = interface.clock.time(ticks);
        }
        Ok(Head {
            time: self.last,
            len: fields.len,
            linktype: interface.linktype,
            data_at: fields.data_at,
            caplen: caplen as usize,
            record: octets.len(),
        })
    }

    #[inline]
    fn packet_fields(&self, kind: u32, octets: &[u8]) -> Option<Fields> {
        let (words, _) = octets.as_chunks::<4>();
        let number = |word| self.endian.u32(word);
        if kind == SPB_MAGIC {
            let &[_, _, len, _, ..] = words else { return None };
            return Some(Fields {
                interface: 0,
                time: None,
                caplen: None,
                len: number(len),
                data_at: 12,
            });
        }
        let &[_, _, interface, high, low, caplen, len, _, ..] = words else {
            return None;
        };
        let interface = if kind == OBSOLETE_PACKET {
            let [a, b, ..] = interface; // Two octets; the other two count drops.
            u32::from(self.endian.u16([a, b]))
        } else {
            number(interface)
        };
        let time = u64::from(number(high)).wrapping_shl(32) | u64::from(number(low));
        Some(Fields {
            interface,
            time: Some(time),
            caplen: Some(number(caplen)),
            len: number(len),
            data_at: 28,
        })
    }
}

impl Block {
    /// Its octets with padding.
    fn whole(self) -> usize {
        usize::try_from(self.padded).unwrap_or(usize::MAX)
    }

    const fn damage(self, cause: Cause) -> Damage {
        Damage {
            offset: self.offset,
            cause,
        }
    }

    const fn too_short(self) -> Damage {
        self.damage(Cause::TooShort {
            what: self.name(),
            length: self.length,
        })
    }

    const fn compare(self, second: u32) -> Result<(), Damage> {
        if second == self.length || second as u64 == self.padded {
            return Ok(());
        }
        Err(self.damage(Cause::Lengths {
            first: self.length,
            second,
        }))
    }

    const fn name(self) -> &'static str {
        match self.kind {
            SHB_MAGIC => "section header",
            IDB_MAGIC => "interface description",
            EPB_MAGIC | SPB_MAGIC | OBSOLETE_PACKET => "packet block",
            _ => "block",
        }
    }
}
