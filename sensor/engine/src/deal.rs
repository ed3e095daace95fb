//! Dealing: which worker sees which part of a packet.
//!
//! A plain packet goes to the one partition of its addresses. A packet in a tunnel goes, layer by
//! layer, to the partition of each layer's flow. Fragments wait until their datagram is whole and are
//! dealt as one packet; those that never become whole are dealt as they came.

use sekisho_capture::Packet;
use sekisho_flow::defrag::{self, Defragmenter, FragmentIn, Verdict};
use sekisho_model::Timestamp;
use sekisho_wire::partition;
use sekisho_wire::{Frame, frame};

use crate::reader::worker_of;
use crate::work::{Dealt, Standalone, Where, Work};

/// Deals the packets of one input.
pub(crate) struct Dealer {
    workers: usize,
    defragmenter: Defragmenter,
    released: Vec<defrag::Released>,
}

impl Dealer {
    pub(crate) fn new(workers: usize) -> Self {
        let defragmenter = Defragmenter::new(defrag::Config::default());
        Self {
            workers,
            defragmenter,
            released: Vec::new(),
        }
    }

    /// What became of fragments so far.
    pub(crate) fn fragments(&self) -> defrag::Counters {
        self.defragmenter.counters()
    }

    /// Deals every packet of the batch in `work`.
    pub(crate) fn deal(&mut self, work: &mut Work) {
        let Work {
            batch,
            dealt,
            standalone,
            ..
        } = work;
        for (index, packet) in batch.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.deal_packet(index, &packet, dealt, standalone);
        }
    }

    /// Deals packet `index` of a batch.
    pub(crate) fn deal_packet(
        &mut self,
        index: u32,
        packet: &Packet<'_>,
        dealt: &mut [Vec<Dealt>],
        standalone: &mut Vec<Standalone>,
    ) {
        if let Some(partition) = partition::quick(packet.data, packet.linktype) {
            let what = Dealt::new(Where::Batch(index), 0, true);
            give(dealt, self.workers, partition, what);
            return;
        }
        let frame = frame::decode(packet.data, packet.linktype, packet.len);
        let released = &mut self.released;
        let verdict = fragment_of(&frame, packet).map(|fragment| self.defragmenter.add(&fragment, released));
        match verdict {
            None | Some(Verdict::NotHeld(_)) => {
                deal_layers(dealt, self.workers, Where::Batch(index), &frame);
            }
            Some(Verdict::Held) => {}
            Some(Verdict::Complete(rebuilt)) => {
                let whole = Standalone {
                    octets: rebuilt.octets,
                    linktype: rebuilt.linktype,
                    time: rebuilt.time,
                    frames: rebuilt.frames,
                    len: rebuilt.len,
                    batch_index: index,
                };
                deal_standalone(dealt, standalone, self.workers, whole);
            }
        }
    }

    /// Deals the fragments that waited too long at `now`, or every one that waits at the end.
    pub(crate) fn release(&mut self, work: &mut Work, now: Option<Timestamp>) {
        match now {
            Some(now) => self.defragmenter.expire(now, &mut self.released),
            None => self.defragmenter.drain(&mut self.released),
        }
        for released in self.released.drain(..) {
            let alone = Standalone {
                octets: released.octets,
                linktype: released.linktype,
                time: released.time,
                frames: 1,
                len: u64::from(released.len),
                batch_index: u32::MAX,
            };
            deal_standalone(&mut work.dealt, &mut work.standalone, self.workers, alone);
        }
    }
}

fn deal_standalone(
    dealt: &mut [Vec<Dealt>],
    standalone: &mut Vec<Standalone>,
    workers: usize,
    packet: Standalone,
) {
    let index = u32::try_from(standalone.len()).unwrap_or(u32::MAX);
    let frame = frame::decode(&packet.octets, packet.linktype, packet.wire_len());
    deal_layers(dealt, workers, Where::Standalone(index), &frame);
    drop(frame);
    standalone.push(packet);
}

fn deal_layers(dealt: &mut [Vec<Dealt>], workers: usize, at: Where, frame: &Frame<'_>) {
    let last = frame.layers.len().saturating_sub(1);
    if frame.layers.is_empty() {
        give(dealt, workers, 0, Dealt::new(at, 0, true));
    }
    for (index, layer) in frame.layers.iter().enumerate() {
        let layer_index = u8::try_from(index).unwrap_or(u8::MAX);
        let what = Dealt::new(at, layer_index, index == last);
        give(dealt, workers, partition::of_layer(layer), what);
    }
}

fn give(dealt: &mut [Vec<Dealt>], workers: usize, partition: usize, what: Dealt) {
    if let Some(hand) = dealt.get_mut(worker_of(partition, workers)) {
        hand.push(what.to(partition));
    }
}

/// The fragment that a frame is, where its outermost IP packet is one.
fn fragment_of<'a>(frame: &Frame<'_>, packet: &Packet<'a>) -> Option<FragmentIn<'a>> {
    let ip = frame.layers.first()?.ip;
    let fragment = ip.fragment?;
    let ip_start = frame.link.header_octets;
    let header = packet.data.get(ip_start..)?;
    let (header_octets, payload_octets) = fragment_header(header)?;
    Some(FragmentIn {
        source: ip.source,
        destination: ip.destination,
        protocol: *header.get(9)?,
        identification: fragment.identification,
        offset: fragment.offset,
        more: fragment.more,
        frame: packet.data,
        ip_start,
        payload_start: ip_start.saturating_add(header_octets),
        payload_octets,
        len: packet.len,
        linktype: packet.linktype,
        time: packet.time,
    })
}

/// Octets of the header up to a fragment's data, and octets of that data as declared.
fn fragment_header(packet: &[u8]) -> Option<(usize, u32)> {
    let &[first, _, l0, l1, l2, l3, next, _] = packet.first_chunk()?;
    if first >> 4 == 4 {
        let header = usize::from(first & 0x0f).saturating_mul(4);
        let total = u32::from(u16::from_be_bytes([l0, l1]));
        return Some((header, total.saturating_sub(u32::try_from(header).ok()?)));
    }
    // IPv6: hop-by-hop, routing and destination options may stand before the fragment header
    // (RFC 8200 section 4.1); each gives its own length.
    let declared = u32::from(u16::from_be_bytes([l2, l3]));
    let (mut kind, mut at) = (next, 40_usize);
    // Every header takes eight octets or more, so this ends with the packet.
    loop {
        let &[following, length] = packet.get(at..)?.first_chunk()?;
        if kind == 44 {
            let start = at.saturating_add(8);
            let before = u32::try_from(start.saturating_sub(40)).ok()?;
            return Some((start, declared.saturating_sub(before)));
        }
        if !matches!(kind, 0 | 43 | 60) {
            return None;
        }
        at = at.saturating_add(usize::from(length).saturating_add(1).saturating_mul(8));
        kind = following;
    }
}

impl Standalone {
    /// Octets on the wire of all frames together, as far as a frame's length can say it.
    pub(crate) fn wire_len(&self) -> u32 {
        u32::try_from(self.len).unwrap_or(u32::MAX)
    }

    pub(crate) fn as_packet(&self) -> Packet<'_> {
        Packet {
            time: self.time,
            len: self.wire_len(),
            linktype: self.linktype,
            data: &self.octets,
        }
    }
}
