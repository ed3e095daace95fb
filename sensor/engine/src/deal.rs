//! Dealing: which worker sees which part of a packet.
//!
//! A plain packet goes to the one partition of its addresses. A packet in a tunnel goes, layer by
//! layer, to the partition of each layer's flow. Fragments wait until their datagram is whole and are
//! dealt as one packet; those that never become whole are dealt as they came.
//!
//! A fragment may lie in any layer of a frame, and what is put together may be a tunnel with further
//! fragments in it. The layers around a fragment are dealt at once, each frame's own; the fragment
//! and what it carries wait. A frame is counted with its innermost layer, so where that waits the
//! frame is counted with the datagram. Fragments are put together as deep as tunnels are opened.

use sekisho_capture::{Linktype, Packet};
use sekisho_flow::Carried;
use sekisho_flow::defrag::{self, Defragmenter, FragmentIn, Origin, Verdict};
use sekisho_model::{Run, Timestamp};
use sekisho_wire::{Frame, Layer, MAX_LAYERS, frame, partition, tunnel};

use crate::reader::worker_of;
use crate::work::{Dealt, Standalone, Where, Work};

/// Deals the packets of one input.
pub(crate) struct Dealer {
    workers: usize,
    defragmenter: Defragmenter,
    released: Vec<defrag::Released>,
}

/// A packet whose layers are dealt.
#[derive(Clone, Copy)]
struct Whole<'a> {
    packet: Packet<'a>,
    at: Where,
    /// Number of the packet in the batch that completed it.
    batch_index: u32,
    /// Frames on the wire that it stands for.
    frames: u32,
    /// Layers that were around it when it came.
    depth: usize,
}

impl Whole<'_> {
    /// Whether a fragment in layer `index` is put together. The outermost layer of what was put together
    /// is not, whatever it says, and none below the depth to which tunnels are opened.
    const fn may_wait(&self, index: usize) -> bool {
        let is_again = matches!(self.at, Where::Standalone(_)) && index == 0;
        !is_again && self.depth.saturating_add(index) < MAX_LAYERS
    }
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
        for (number, packet) in batch.iter().enumerate() {
            let index = u32::try_from(number).unwrap_or(u32::MAX);
            if let Some(run) = batch.run(number) {
                let what = Dealt::new(Where::Batch(index), 0, true);
                give(dealt, self.workers, partition_of(run), what);
            } else {
                self.deal_packet(index, &packet, dealt, standalone);
            }
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
        let whole = Whole {
            packet: *packet,
            at: Where::Batch(index),
            batch_index: index,
            frames: 1,
            depth: 0,
        };
        let mut next = self.deal_frame(&whole, &frame, dealt);
        // What was put together may carry the last fragment of another datagram.
        while let Some((whole, depth)) = next {
            next = self.deal_rebuilt(whole, depth, dealt, standalone);
        }
    }

    /// Deals a datagram that was put together; gives the one that it completes in turn.
    fn deal_rebuilt(
        &mut self,
        rebuilt: Standalone,
        depth: usize,
        dealt: &mut [Vec<Dealt>],
        standalone: &mut Vec<Standalone>,
    ) -> Option<(Standalone, usize)> {
        let at = Where::Standalone(u32::try_from(standalone.len()).unwrap_or(u32::MAX));
        let packet = rebuilt.as_packet();
        let frame = frame::decode(packet.data, packet.linktype, packet.len);
        let whole = Whole {
            packet,
            at,
            batch_index: rebuilt.batch_index,
            frames: rebuilt.frames,
            depth,
        };
        let next = self.deal_frame(&whole, &frame, dealt);
        drop(frame);
        standalone.push(rebuilt);
        next
    }

    /// Deals the layers of a frame as far as they need not wait; gives the datagram that it completes,
    /// and how many layers are around that.
    fn deal_frame(
        &mut self,
        whole: &Whole<'_>,
        frame: &Frame<'_>,
        dealt: &mut [Vec<Dealt>],
    ) -> Option<(Standalone, usize)> {
        let fragment = fragment_of(whole, frame);
        let Some((index, fragment)) = fragment.filter(|(index, _)| whole.may_wait(*index)) else {
            deal_layers(dealt, self.workers, whole.at, frame);
            return None;
        };
        let origin = Origin {
            frames: whole.frames,
            carried: Carried::of(frame, index).map(Box::new),
        };
        let verdict = self.defragmenter.add_from(&fragment, origin, &mut self.released);
        if let Verdict::NotHeld(_) = verdict {
            deal_layers(dealt, self.workers, whole.at, frame);
            return None;
        }
        let around = frame.layers.get(..index).unwrap_or_default();
        deal_each(dealt, self.workers, whole.at, around, usize::MAX);
        let Verdict::Complete(rebuilt) = verdict else {
            return None;
        };
        let rebuilt = Standalone {
            octets: rebuilt.octets,
            linktype: rebuilt.linktype,
            time: rebuilt.time,
            frames: rebuilt.frames,
            len: rebuilt.len,
            batch_index: whole.batch_index,
            carried: rebuilt.carried,
        };
        Some((rebuilt, whole.depth.saturating_add(index)))
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
                frames: released.origin.frames,
                len: u64::from(released.len),
                batch_index: u32::MAX,
                carried: released.origin.carried,
            };
            deal_alone(&mut work.dealt, &mut work.standalone, self.workers, alone);
        }
    }
}

/// The partition of the flow of a run.
pub(crate) fn partition_of(run: &Run) -> usize {
    partition::of_hosts(run.ends.a.address, run.ends.b.address)
}

fn deal_alone(
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

/// Deals every layer of a frame, which is counted with the last.
fn deal_layers(dealt: &mut [Vec<Dealt>], workers: usize, at: Where, frame: &Frame<'_>) {
    if frame.layers.is_empty() {
        give(dealt, workers, 0, Dealt::new(at, 0, true));
    }
    let last = frame.layers.len().saturating_sub(1);
    deal_each(dealt, workers, at, &frame.layers, last);
}

/// Deals layers, of which the one with the number `last` is the frame's innermost.
fn deal_each(dealt: &mut [Vec<Dealt>], workers: usize, at: Where, layers: &[Layer<'_>], last: usize) {
    for (index, layer) in layers.iter().enumerate() {
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

/// The outermost layer of a frame that is a fragment, and the fragment that it is.
fn fragment_of<'a>(whole: &Whole<'a>, frame: &Frame<'a>) -> Option<(usize, FragmentIn<'a>)> {
    let packet = &whole.packet;
    let mut layers = frame.layers.iter().enumerate();
    let (index, layer) = layers.find(|(_, layer)| layer.ip.fragment.is_some())?;
    let (ip, fragment) = (layer.ip, layer.ip.fragment?);
    // What lies around a packet in a tunnel would contradict the length of the whole datagram.
    let (octets, linktype, ip_start) = match index.checked_sub(1) {
        None => (packet.data, packet.linktype, frame.link.header_octets),
        Some(outer) => (tunnel::packet(&frame.layers.get(outer)?.ip)?, Linktype::RAW, 0),
    };
    let header = octets.get(ip_start..)?;
    let (header_octets, payload_octets) = fragment_header(header)?;
    let fragment = FragmentIn {
        source: ip.source,
        destination: ip.destination,
        protocol: *header.get(9)?,
        identification: fragment.identification,
        offset: fragment.offset,
        more: fragment.more,
        frame: octets,
        ip_start,
        payload_start: ip_start.saturating_add(header_octets),
        payload_octets,
        len: layer.frame_octets,
        linktype,
        time: packet.time,
    };
    Some((index, fragment))
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
