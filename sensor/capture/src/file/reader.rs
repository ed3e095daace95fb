//! One capture file, read packet by packet.

use std::path::Path;

use sekisho_model::Timestamp;

use super::buffer::Buffer;
use super::decompress::Compression;
use super::detect::{self, Format};
use super::error::{Damage, OpenError};
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use crate::{Batch, Linktype, Packet};

/// Where the next packet lies in the window, and what its record says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) time: Timestamp,
    pub(super) len: u32,
    pub(super) linktype: Linktype,
    /// Octets of the record before the captured ones.
    pub(super) data_at: usize,
    pub(super) caplen: usize,
    /// Octets of the whole record.
    pub(super) record: usize,
}

/// A file that is being read. It stands at a packet, or at its end.
pub(super) struct Reader {
    buffer: Buffer,
    framer: Framer,
    format: Format,
    head: Option<Head>,
    damage: Option<Damage>,
}

enum Framer {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

impl Reader {
    /// Recognises the stream in `buffer` and goes to its first packet.
    pub(super) fn open(path: &Path, mut buffer: Buffer) -> Result<Self, OpenError> {
        let compressed = buffer.compression();
        if !buffer.want(4) {
            return Err(header(path, compressed, &buffer.short(0, "file header", 24)));
        }
        let Some(format) = Format::detect(buffer.available()) else {
            return Err(refuse(path, compressed, buffer));
        };
        let framer = match format {
            Format::Pcap(magic) => {
                let pcap = Pcap::open(magic, &mut buffer);
                Framer::Pcap(pcap.map_err(|damage| header(path, compressed, &damage))?)
            }
            Format::Pcapng => Framer::Pcapng(Pcapng::new()),
        };
        let mut reader = Self {
            buffer,
            framer,
            format,
            head: None,
            damage: None,
        };
        reader.frame();
        match &reader.damage {
            Some(damage) if damage.offset == 0 => Err(header(path, compressed, damage)),
            _ => Ok(reader),
        }
    }

    /// The packet that the reader stands at; `None` at the end.
    #[inline]
    pub(super) fn packet(&self) -> Option<Packet<'_>> {
        let head = self.head.as_ref()?;
        let end = head.data_at.saturating_add(head.caplen);
        Some(Packet {
            time: head.time,
            len: head.len,
            linktype: head.linktype,
            data: self.buffer.available().get(head.data_at..end).unwrap_or_default(),
        })
    }

    /// Goes to the next packet.
    #[inline]
    pub(super) fn advance(&mut self) {
        if let Some(head) = self.head.take() {
            self.buffer.consume(head.record);
            self.frame();
        }
    }

    /// Gives packets until `batch` is full or there is none left, and says how many. An empty batch
    /// gets them in the memory that they were read into, unless they were compressed.
    pub(super) fn pour(&mut self, batch: &mut Batch) -> u64 {
        if batch.is_empty() && self.buffer.compression().is_none() {
            return self.pour_whole(batch);
        }
        let mut packets: u64 = 0;
        while !batch.is_full()
            && let Some(packet) = self.packet()
        {
            batch.push(packet);
            packets = packets.saturating_add(1);
            self.advance();
        }
        packets
    }

    fn pour_whole(&mut self, batch: &mut Batch) -> u64 {
        let mut packets: u64 = 0;
        self.buffer.lend(batch.room());
        while !batch.is_full()
            && let Some(head) = self.head.take()
        {
            let packet = Packet {
                time: head.time,
                len: head.len,
                linktype: head.linktype,
                data: &[],
            };
            let offset = self.buffer.position().saturating_add(head.data_at);
            // No record is as long as that.
            let caplen = u32::try_from(head.caplen).unwrap_or(u32::MAX);
            batch.place(offset, caplen, &packet);
            self.buffer.keep(head.record);
            packets = packets.saturating_add(1);
            if let Framer::Pcap(pcap) = &self.framer {
                let from = self.buffer.position();
                let (more, octets) = pcap.pour(self.buffer.available(), from, batch);
                self.buffer.keep(octets);
                packets = packets.saturating_add(more);
            }
            self.frame();
        }
        self.buffer.take_back(batch.room());
        packets
    }

    /// Where and why reading stopped early, in one sentence.
    pub(super) fn damage(&self) -> Option<String> {
        Some(
            self.damage
                .as_ref()?
                .sentence(self.buffer.compression().is_some()),
        )
    }

    /// `pcap` or `pcapng`, with `+gzip` or `+zstd`.
    pub(super) fn format(&self) -> String {
        let name = self.format.name();
        self.buffer
            .compression()
            .map_or_else(|| name.to_owned(), |by| format!("{name}+{}", by.name()))
    }

    /// Octets of the file that were used up so far.
    pub(super) fn octets_read(&self) -> u64 {
        self.buffer.octets_read()
    }

    #[inline]
    fn frame(&mut self) {
        let found = match &mut self.framer {
            Framer::Pcap(pcap) => pcap.frame(&mut self.buffer),
            Framer::Pcapng(pcapng) => pcapng.frame(&mut self.buffer),
        };
        match found {
            Ok(head) => self.head = head,
            Err(damage) => self.damage = Some(damage),
        }
    }
}

/// The refusal of a file whose header cannot be read.
fn header(path: &Path, compression: Option<Compression>, damage: &Damage) -> OpenError {
    OpenError::Header {
        path: path.to_owned(),
        sentence: damage.sentence(compression.is_some()),
    }
}

/// The refusal of a stream that is no capture.
fn refuse(path: &Path, compression: Option<Compression>, mut buffer: Buffer) -> OpenError {
    buffer.want(detect::LOOK);
    let first = buffer.available();
    let first = first.get(..detect::LOOK).unwrap_or(first);
    let path = path.to_owned();
    let Some(outer) = compression else {
        let (found, remedy) = detect::describe(first);
        return OpenError::NotACapture { path, found, remedy };
    };
    if let Some(inner) = Compression::detect(first) {
        return OpenError::Nested {
            path,
            outer: outer.name(),
            inner: inner.name(),
        };
    }
    let (found, remedy) = detect::describe(first);
    OpenError::NotACapture {
        path,
        found: format!("{} of something else: {found}", outer.name()),
        remedy,
    }
}
