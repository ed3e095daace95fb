//! A batch: the packets of one read, held in one run of octets.
//!
//! Packet octets lie in a single buffer, beside it a list of small descriptors. A source may copy
//! packets into the buffer, or read into it and say where they lie. [`Batch::clear`] keeps both
//! allocations, so a batch that is reused allocates nothing per packet.

use sekisho_model::{Run, Timestamp};

use crate::Linktype;

/// One captured packet; borrows its octets from a batch or a read buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// When it was captured.
    pub time: Timestamp,
    /// Octets it had on the wire; more than `data` where the snap length cut it.
    pub len: u32,
    /// What its first octets are.
    pub linktype: Linktype,
    /// The captured octets.
    pub data: &'a [u8],
}

/// Link type of what stands for a run in a batch: no packet, and nothing decodes it.
const NO_PACKET: Linktype = Linktype(u16::MAX);
/// Captured octets of what stands for a run: more than any packet has.
const RUN: u32 = u32::MAX;
/// Captured octets of a packet at most.
const LONGEST: u32 = RUN - 1;

/// Packets in the order of their source, and runs of packets that were counted and not kept.
#[derive(Debug, Clone)]
pub struct Batch {
    slots: Vec<Slot>,
    runs: Vec<Run>,
    /// Room for octets; what lies behind `end` is of an earlier use.
    octets: Vec<u8>,
    /// Where the octets of the packets end.
    end: usize,
    /// Captured octets of the packets.
    captured: usize,
    packet_limit: usize,
    octet_limit: usize,
}

/// Where a packet lies in the octets of its batch.
#[derive(Debug, Clone, Copy)]
struct Slot {
    time: Timestamp,
    offset: usize,
    caplen: u32,
    len: u32,
    linktype: Linktype,
}

impl Batch {
    /// An empty batch that is full at `packets` packets or `octets` captured octets, at least one each.
    ///
    /// The packet that reaches the limit of octets is kept whole, so a batch can grow past it by one
    /// packet.
    #[must_use]
    pub fn with_capacity(packets: usize, octets: usize) -> Self {
        let (packet_limit, octet_limit) = (packets.max(1), octets.max(1));
        Self {
            slots: Vec::with_capacity(packet_limit),
            runs: Vec::new(),
            octets: vec![0; octet_limit],
            end: 0,
            captured: 0,
            packet_limit,
            octet_limit,
        }
    }

    /// Forgets the packets and keeps the memory.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.runs.clear();
        (self.end, self.captured) = (0, 0);
    }

    /// Packets in it, and runs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no packet in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether one of its limits is reached.
    #[must_use]
    #[inline]
    pub fn is_full(&self) -> bool {
        self.slots.len() >= self.packet_limit || self.captured >= self.octet_limit
    }

    /// Captured octets in it.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.captured
    }

    /// Appends packets that were counted already; they stand before what is appended later. Where a
    /// packet is asked for at their place, there is one without octets and of no link type.
    pub fn push_run(&mut self, run: &Run) {
        self.slots.push(Slot {
            time: run.last,
            offset: self.runs.len(),
            caplen: RUN,
            len: 0,
            linktype: NO_PACKET,
        });
        self.runs.push(*run);
    }

    /// The run at `index`, counted from 0 as packets are; nothing where a packet is.
    #[must_use]
    #[inline]
    pub fn run(&self, index: usize) -> Option<&Run> {
        if self.runs.is_empty() {
            return None;
        }
        let slot = self.slots.get(index).filter(|slot| slot.caplen == RUN)?;
        self.runs.get(slot.offset)
    }

    /// The runs in it.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Appends a copy of `packet`, full or not. Captured octets past 4 GiB are cut off.
    #[inline]
    pub fn push(&mut self, packet: Packet<'_>) {
        let caplen = u32::try_from(packet.data.len()).unwrap_or(LONGEST).min(LONGEST);
        let data = packet.data.get(..caplen as usize).unwrap_or_default();
        let (offset, end) = (self.end, self.end.saturating_add(data.len()));
        if end > self.octets.len() {
            self.octets
                .resize(end.max(self.octets.len().saturating_mul(2)), 0);
        }
        if let Some(place) = self.octets.get_mut(offset..end) {
            place.copy_from_slice(data);
        }
        self.place(offset, caplen, &packet);
    }

    /// Appends a packet whose `caplen` octets lie at `offset` of the [`room`](Self::room), or will when
    /// the batch is handed out; the octets of `packet` itself are not looked at.
    #[inline]
    pub(crate) fn place(&mut self, offset: usize, caplen: u32, packet: &Packet<'_>) {
        self.slots.push(Slot {
            time: packet.time,
            offset,
            caplen,
            len: packet.len,
            linktype: packet.linktype,
        });
        self.end = offset.saturating_add(caplen as usize);
        self.captured = self.captured.saturating_add(caplen as usize);
    }

    /// The buffer for a source that reads into it. It may be exchanged for another one, as long as the
    /// octets of every packet are where [`place`](Self::place) was told.
    pub(crate) const fn room(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Puts the packets in the order of their time; those of one time stay as they are.
    pub(crate) fn sort_by_time(&mut self) {
        self.slots.sort_by_key(|slot| slot.time);
    }

    /// The packet at `index`, counted from 0.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> Option<Packet<'_>> {
        self.slots.get(index).map(|slot| self.packet(slot))
    }

    /// The packets in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Packet<'_>> {
        self.slots.iter().map(|slot| self.packet(slot))
    }

    #[inline]
    fn packet(&self, slot: &Slot) -> Packet<'_> {
        let captured = if slot.caplen == RUN {
            0
        } else {
            slot.caplen as usize
        };
        let end = slot.offset.saturating_add(captured);
        Packet {
            time: slot.time,
            len: slot.len,
            linktype: slot.linktype,
            data: self.octets.get(slot.offset..end).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::run::{Ends, Stretch};
    use sekisho_model::{Endpoint, Protocol};

    use super::*;

    fn packet(nanos: i64, data: &[u8]) -> Packet<'_> {
        Packet {
            time: Timestamp::from_nanos(nanos),
            len: 1500,
            linktype: Linktype::ETHERNET,
            data,
        }
    }

    #[test]
    fn gives_back_what_was_pushed_in_order() {
        let mut batch = Batch::with_capacity(8, 64);

        batch.push(packet(1, b"abc"));
        batch.push(packet(0, b""));
        batch.push(packet(2, b"de"));

        let seen: Vec<_> = batch.iter().collect();
        assert_eq!(seen, [packet(1, b"abc"), packet(0, b""), packet(2, b"de")]);
        assert_eq!(batch.get(2), Some(packet(2, b"de")));
        assert_eq!(batch.get(3), None);
    }

    #[test]
    fn a_run_keeps_its_place_between_packets_and_through_sorting() {
        let end = |port| Endpoint {
            address: [192, 0, 2, 1].into(),
            port,
        };
        let run = Run {
            ends: Ends {
                a: end(1),
                b: end(2),
                protocol: Protocol::UDP,
                vlan: None,
            },
            since: Timestamp::from_nanos(0),
            last: Timestamp::from_nanos(2),
            sent: [Stretch::default(); 2],
        };
        let mut batch = Batch::with_capacity(8, 64);
        batch.push(packet(1, b"abc"));
        batch.push_run(&run);
        batch.push(packet(1, b"de"));

        assert_eq!(
            (batch.run(0), batch.run(1), batch.run(2)),
            (None, Some(&run), None)
        );
        assert_eq!(batch.get(1).map(|nothing| nothing.data), Some(&b""[..]));
        assert_eq!((batch.get(2), batch.octets()), (Some(packet(1, b"de")), 5));

        batch.sort_by_time();
        assert_eq!((batch.run(1), batch.run(2)), (None, Some(&run)));

        batch.clear();
        assert_eq!((batch.runs().len(), batch.run(2)), (0, None));
    }

    #[test]
    fn is_full_at_either_limit() {
        let mut by_packets = Batch::with_capacity(2, 1000);
        by_packets.push(packet(0, b""));
        assert!(!by_packets.is_full());
        by_packets.push(packet(0, b""));
        assert!(by_packets.is_full());

        let mut by_octets = Batch::with_capacity(1000, 4);
        by_octets.push(packet(0, b"abc"));
        assert!(!by_octets.is_full());
        by_octets.push(packet(0, b"defgh"));
        assert!(by_octets.is_full());
        assert_eq!(by_octets.octets(), 8);
    }

    #[test]
    fn clearing_keeps_the_memory() {
        let mut batch = Batch::with_capacity(4, 16);
        batch.push(packet(0, b"0123456789"));
        let (slots, octets) = (batch.slots.capacity(), batch.octets.len());

        batch.clear();

        assert!(batch.is_empty());
        assert_eq!((batch.slots.capacity(), batch.octets.len()), (slots, octets));
    }
}
