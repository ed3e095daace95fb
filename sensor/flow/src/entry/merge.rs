//! Packets that were counted before they came here.
//!
//! They are plain ones: in their order, of kinds that the flow has had, with nothing amiss. So their
//! sums, and where the connection stands after them, are all that there is to say of them. Round trips
//! are not measured over them.

use sekisho_model::run::{Kinds, Run, Stretch};
use sekisho_model::{Protocol, TcpFlags};
use sekisho_wire::TcpSegment;

use super::{CARRIES, Entry, Hot, ORIG_HEARD, Phase, RESP_HEARD, letter_bit};
use crate::config::Counters;
use crate::key::Side;
use crate::quality::{self, Seen};
use crate::tcp::Connection;

/// Octets of a step through a long stretch: far from where sequence numbers turn over.
const STEP: u64 = 1 << 30;

impl<T> Entry<'_, T> {
    /// Adds a run whose end `a` is on the side `a`.
    pub(crate) fn merge(&mut self, run: &Run, a: Side, counters: &mut Counters) {
        if self.hot.is_empty() {
            self.hot.start = run.since.min(run.last);
        }
        self.hot.last = self.hot.last.max(run.last);
        let a_began = a == self.hot.orig;
        let [by_a, by_b] = &run.sent;
        let both = [(by_a, a_began), (by_b, !a_began)];
        let both = both.into_iter().filter(|(sent, _)| sent.packets > 0);
        for (sent, by_originator) in both.clone() {
            self.hot.flags |= if by_originator { ORIG_HEARD } else { RESP_HEARD };
            self.add(sent, by_originator);
        }
        if run.ends.protocol == Protocol::UDP {
            both.for_each(|(_, by_originator)| self.datagram(by_originator));
            return;
        }
        self.tcp
            .streams
            .iter_mut()
            .for_each(quality::Stream::stop_measuring);
        // What both have sent comes before what either acknowledges.
        for (sent, by_originator) in both.clone() {
            self.carry(sent, by_originator, counters);
        }
        for (sent, by_originator) in both {
            self.acknowledge(sent, by_originator, counters);
        }
        self.hot.phase = Phase::of(&self.tcp.connection);
    }

    fn add(&mut self, sent: &Stretch, by_originator: bool) {
        let counts = [sent.packets, sent.octets, sent.payload_octets, sent.frame_octets];
        let [there, back] = &mut self.hot.sent;
        let volume = if by_originator { &mut *there } else { &mut *back };
        if let [Ok(packets), Ok(octets), Ok(payload_octets), Ok(frame_octets)] = counts.map(u32::try_from)
            && volume.add(packets, octets, payload_octets, u64::from(frame_octets))
        {
            return;
        }
        let spilled = self.cold.rare().spilled.get_or_insert_default();
        spilled.take(there, back);
        // One packet stays where it shows that there is something to write.
        let [packets, rest @ ..] = counts;
        let [octets, payload_octets, frame_octets] = rest;
        let packets = packets.saturating_sub(1);
        spilled.add(by_originator, [packets, octets, payload_octets, frame_octets]);
        let volume = if by_originator { there } else { back };
        volume.add(1, 0, 0, 0);
    }

    /// The payload of one end.
    fn carry(&mut self, sent: &Stretch, by_originator: bool, counters: &mut Counters) {
        let [orig_flags, resp_flags] = &mut self.hot.tcp_flags;
        let flags = if by_originator { orig_flags } else { resp_flags };
        flags.0 |= sent.flags.0;
        let mut left = sent.payload_octets;
        while left > 0 {
            let now = u32::try_from(left.min(STEP)).unwrap_or(0);
            // Modulo 2³², as sequence numbers are.
            let back = u32::try_from(left & u64::from(u32::MAX)).unwrap_or(0);
            let sequence = sent.next.wrapping_sub(back);
            left = left.saturating_sub(u64::from(now));
            self.pass(segment(sequence, None, sent), now, by_originator, counters);
        }
    }

    /// What one end has acknowledged last, of what the other was seen to send.
    fn acknowledge(&mut self, sent: &Stretch, by_originator: bool, counters: &mut Counters) {
        let [orig, resp] = &self.tcp.streams;
        let peer = if by_originator { resp } else { orig };
        // The packets of one direction may be known a moment later than their acknowledgement.
        let number = match peer.expected() {
            Some(next) if sent.acknowledged.wrapping_sub(next).cast_signed() > 0 => next,
            _ => sent.acknowledged,
        };
        self.pass(segment(sent.next, Some(number), sent), 0, by_originator, counters);
    }

    /// Takes a segment into account that brings no new letter of its own.
    fn pass(&mut self, segment: TcpSegment, octets: u32, by_originator: bool, counters: &mut Counters) {
        let [orig, resp] = &mut self.tcp.streams;
        let (from, to) = if by_originator { (orig, resp) } else { (resp, orig) };
        let seen = quality::observe(segment, octets, self.hot.last, from, to);
        from.stop_measuring();
        if seen.is_counted() {
            let [orig, resp] = &mut self.cold.rare().faults;
            let (from, to) = if by_originator { (orig, resp) } else { (resp, orig) };
            seen.count(from, to);
        }
        let segment = TcpSegment {
            flags: TcpFlags(segment.flags.0 | TcpFlags::ACK),
            ..segment
        };
        if seen.is_faulty() {
            self.connect(
                segment,
                octets,
                Seen {
                    round_trip: None,
                    ..seen
                },
                by_originator,
                counters,
            );
        } else {
            self.tcp.connection.observe_plain(segment, octets, by_originator);
        }
    }
}

fn segment(sequence: u32, acknowledgement: Option<u32>, sent: &Stretch) -> TcpSegment {
    TcpSegment {
        sequence,
        acknowledgement: acknowledgement.unwrap_or(0),
        flags: TcpFlags(acknowledgement.map_or(0, |_| TcpFlags::ACK)),
        window: sent.window.max(1),
    }
}

impl<T> Entry<'_, T> {
    /// The sequence numbers that the lower and the upper end go on with.
    pub(crate) fn next(&self) -> Option<[u32; 2]> {
        let [orig, resp] = self.expected();
        let (orig, resp) = (orig?, resp?);
        Some(match self.hot.orig {
            Side::Lower => [orig, resp],
            Side::Upper => [resp, orig],
        })
    }
}

impl Phase {
    /// Where a connection stands.
    #[inline]
    pub(super) fn of(connection: &Connection) -> Self {
        if connection.is_over() {
            Self::Over
        } else if connection.is_answered() {
            Self::Answered
        } else {
            Self::Loose
        }
    }
}

impl Hot {
    /// Whether it is known to be a tunnel.
    pub(crate) const fn carries(&self) -> bool {
        self.flags & CARRIES != 0
    }

    /// Whether any of its packets was seen again.
    pub(crate) const fn has_copies(&self) -> bool {
        let [orig, resp] = self.duplicates;
        orig != 0 || resp != 0
    }

    /// The plain kinds of packets that the lower and the upper end have sent.
    pub(crate) fn kinds(&self) -> [Kinds; 2] {
        let of = |by_originator| Kinds {
            payload: self.noted & letter_bit(true, by_originator) != 0,
            empty: self.noted & letter_bit(false, by_originator) != 0,
        };
        match self.orig {
            Side::Lower => [of(true), of(false)],
            Side::Upper => [of(false), of(true)],
        }
    }

    /// Whether the packets of the record so far are a whole number of `every`.
    #[inline]
    pub(crate) const fn has_packets_by(&self, every: u32) -> bool {
        let [there, back] = &self.sent;
        let packets = there.packets.wrapping_add(back.packets);
        matches!(packets.checked_rem(every), Some(0))
    }
}
