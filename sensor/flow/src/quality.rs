//! What went wrong on the way: retransmissions, reordering, holes, closed windows, round trips.
//!
//! Sequence numbers are compared as RFC 1982 numbers, so they may wrap. One hole a direction is
//! kept open; a second one closes the first as missed when its end is acknowledged. A hole that is
//! acknowledged and never filled was lost to us and not to the hosts: `missed_octets`, as Zeek's
//! capture-loss counts it. A hole that is filled was lost, or overtaken, on the way: out of order.
//!
//! Round trips are measured at the tap: from a segment to its acknowledgement. Segments that were
//! sent again give no sample (Karn and Partridge, 1987).

use std::time::Duration;

use sekisho_model::{TcpFlags, Timestamp};
use sekisho_wire::TcpSegment;

/// What went wrong with the packets of one end. Touched, and there, only when something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Faults {
    /// Octets that the other side acknowledged and that were never seen.
    pub(crate) missed_octets: u64,
    /// Segments sent again.
    pub(crate) retransmitted: u32,
    /// Segments that filled a hole.
    pub(crate) out_of_order: u32,
    /// Segments that announced a window of zero.
    pub(crate) zero_windows: u32,
    /// Packets seen again.
    pub(crate) duplicates: u32,
}

/// What one end has sent so far. Packed, so that the state of a connection is one cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, packed(4))]
pub(crate) struct Stream {
    /// When the segment of the running measurement was seen; [`UNBEGUN`] or [`IDLE`] where none runs.
    sent: Timestamp,
    /// The acknowledgement that ends the measurement.
    wanted: u32,
    /// The sequence number after everything seen.
    next: u32,
    /// Where the open hole begins and ends; equal where there is none.
    hole: (u32, u32),
}

/// Nothing was seen, so that nothing else in the stream holds.
const UNBEGUN: Timestamp = Timestamp::MIN;
/// No measurement runs.
const IDLE: Timestamp = Timestamp::MAX;
/// The times at which a measurement can begin.
const FIRST: Timestamp = Timestamp::from_nanos(i64::MIN + 1);
const LAST: Timestamp = Timestamp::from_nanos(i64::MAX - 1);

impl Default for Stream {
    fn default() -> Self {
        Self {
            sent: UNBEGUN,
            wanted: 0,
            next: 0,
            hole: (0, 0),
        }
    }
}

/// What a segment turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    /// Its octets had been seen.
    pub(crate) retransmitted: bool,
    /// It filled a hole.
    pub(crate) out_of_order: bool,
    /// It announced a window of zero.
    pub(crate) zero_window: bool,
    /// Octets that it acknowledged and that were never seen.
    pub(crate) missed_octets: u64,
    /// Time since the segment that it acknowledges.
    pub(crate) round_trip: Option<Duration>,
}

impl Seen {
    /// Whether there is anything that a history tells of.
    pub(crate) const fn is_faulty(&self) -> bool {
        self.retransmitted || self.missed()
    }

    /// Whether it acknowledged octets that were never seen.
    pub(crate) const fn missed(&self) -> bool {
        self.missed_octets > 0
    }

    /// Whether there is anything that [`Faults`] count.
    #[inline]
    pub(crate) const fn is_counted(&self) -> bool {
        self.is_faulty() || self.out_of_order || self.zero_window
    }

    /// Counts it: `sender` are the faults of the end that sent it.
    pub(crate) const fn count(&self, sender: &mut Faults, peer: &mut Faults) {
        sender.zero_windows = sender.zero_windows.saturating_add(self.zero_window as u32);
        sender.out_of_order = sender.out_of_order.saturating_add(self.out_of_order as u32);
        sender.retransmitted = sender.retransmitted.saturating_add(self.retransmitted as u32);
        peer.missed_octets = peer.missed_octets.saturating_add(self.missed_octets);
    }
}

/// Takes a segment into account: `stream` is the one it belongs to, `peer` the one that its
/// acknowledgement speaks of.
pub(crate) fn observe(
    segment: TcpSegment,
    payload_octets: u32,
    at: Timestamp,
    stream: &mut Stream,
    peer: &mut Stream,
) -> Seen {
    let flags = segment.flags;
    let mut seen = Seen::default();
    if flags.has(TcpFlags::ACK) && !flags.has(TcpFlags::RST) {
        acknowledge(segment.acknowledgement, at, peer, &mut seen);
    }
    seen.zero_window = segment.window == 0 && !flags.has(TcpFlags::RST) && !flags.has(TcpFlags::SYN);
    let control = u32::from(flags.has(TcpFlags::SYN)).wrapping_add(u32::from(flags.has(TcpFlags::FIN)));
    let length = payload_octets.wrapping_add(control);
    // A reset's sequence number may be anything; a keep-alive repeats the last octet on purpose.
    if length == 0 || flags.has(TcpFlags::RST) {
        return seen;
    }
    let end = segment.sequence.wrapping_add(length);
    if !stream.has_begun() || (flags.has(TcpFlags::SYN) && !stream.is_at(segment.sequence)) {
        (stream.next, stream.hole) = (end, (end, end));
        stream.measure(end, at);
        return seen;
    }
    let next = stream.next;
    let ahead = distance(next, segment.sequence);
    if ahead > 0 {
        // The older hole, if any, is told from this one no longer.
        stream.hole = (next, segment.sequence);
    } else if distance(next, end) <= 0 {
        let (from, to) = stream.hole;
        let is_keep_alive = payload_octets <= 1 && end == next && control == 0;
        if from != to && distance(from, segment.sequence) >= 0 && distance(segment.sequence, to) > 0 {
            seen.out_of_order = true;
            stream.hole = if segment.sequence == from {
                (end, to)
            } else {
                (from, segment.sequence)
            };
            if distance(stream.hole.0, stream.hole.1) <= 0 {
                stream.hole = (next, next);
            }
        } else if !is_keep_alive {
            seen.retransmitted = true;
            stream.stop();
        }
        return seen;
    }
    stream.next = end;
    if !stream.is_measuring() && ahead == 0 {
        stream.measure(end, at);
    }
    seen
}

impl Stream {
    /// The sequence number that the stream goes on with.
    pub(crate) fn expected(&self) -> Option<u32> {
        self.has_begun().then_some(self.next)
    }

    const fn has_begun(&self) -> bool {
        self.sent.nanos() != UNBEGUN.nanos()
    }

    const fn is_measuring(&self) -> bool {
        self.has_begun() && self.sent.nanos() != IDLE.nanos()
    }

    /// Ends the measurement, if one runs.
    const fn stop(&mut self) {
        self.sent = IDLE;
    }

    /// The same for a stream of which packets come that were not timed.
    pub(crate) const fn stop_measuring(&mut self) {
        if self.has_begun() {
            self.stop();
        }
    }

    /// Whether a SYN with this number is the one already seen, sent again.
    fn is_at(&self, sequence: u32) -> bool {
        (1..65_536).contains(&distance(sequence, self.next))
    }

    fn measure(&mut self, wanted: u32, at: Timestamp) {
        self.wanted = wanted;
        // The ends of time mean something else.
        self.sent = at.max(FIRST).min(LAST);
    }
}

fn acknowledge(number: u32, at: Timestamp, stream: &mut Stream, seen: &mut Seen) {
    if !stream.has_begun() {
        return;
    }
    let next = stream.next;
    if stream.is_measuring() && distance(stream.wanted, number) >= 0 {
        // An acknowledgement of more than was seen says nothing of this segment.
        seen.round_trip = (distance(number, next) >= 0).then(|| at.since(stream.sent));
        stream.stop();
    }
    let (from, to) = stream.hole;
    let mut missed = 0_u64;
    if from != to && distance(to, number) >= 0 {
        missed = u64::from(to.wrapping_sub(from));
        stream.hole = (next, next);
    }
    let beyond = distance(next, number);
    // Numbers far away are a forged or broken segment's, not a gap.
    if (1..1 << 30).contains(&beyond) {
        missed = missed.saturating_add(u64::from(beyond.unsigned_abs()));
        stream.next = number;
        stream.hole = (number, number);
    }
    seen.missed_octets = missed;
}

/// From `from` to `to` on the circle of sequence numbers; negative where `to` lies behind.
const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two streams fed with (by originator, sequence, payload, acknowledgement) at 1 ms steps.
    fn play(segments: &[(bool, u32, u32, u32)]) -> (Faults, Faults, Vec<Seen>) {
        let (mut orig, mut resp) = (Stream::default(), Stream::default());
        let (mut there, mut back) = (Faults::default(), Faults::default());
        let mut all = Vec::new();
        for (step, &(by_originator, sequence, payload, acknowledgement)) in (0_i64..).zip(segments) {
            let segment = TcpSegment {
                sequence,
                acknowledgement,
                flags: TcpFlags(TcpFlags::ACK),
                window: 100,
            };
            let at = Timestamp::from_nanos(step * 1_000_000);
            let ((sender, counts), (peer, others)) = if by_originator {
                ((&mut orig, &mut there), (&mut resp, &mut back))
            } else {
                ((&mut resp, &mut back), (&mut orig, &mut there))
            };
            let seen = observe(segment, payload, at, sender, peer);
            seen.count(counts, others);
            all.push(seen);
        }
        (there, back, all)
    }

    #[test]
    fn octets_seen_twice_are_a_retransmission_and_give_no_round_trip() {
        let (there, _, seen) = play(&[(true, 100, 50, 1), (true, 100, 50, 1), (false, 1, 0, 150)]);

        assert_eq!((there.retransmitted, there.out_of_order), (1, 0));
        assert_eq!(seen[2].round_trip, None);
    }

    #[test]
    fn a_hole_that_is_filled_is_reordering() {
        let (there, _, _) = play(&[
            (true, 100, 50, 1),
            (true, 200, 50, 1),
            (true, 150, 50, 1),
            (false, 1, 0, 250),
        ]);

        assert_eq!(
            (there.retransmitted, there.out_of_order, there.missed_octets),
            (0, 1, 0)
        );
    }

    #[test]
    fn a_hole_that_is_acknowledged_was_lost_to_us() {
        let (there, _, _) = play(&[(true, 100, 50, 1), (true, 200, 50, 1), (false, 1, 0, 250)]);
        assert_eq!(there.missed_octets, 50);

        let (there, _, _) = play(&[(true, 100, 50, 1), (false, 1, 0, 400)]);
        assert_eq!(there.missed_octets, 250);
    }

    #[test]
    fn a_round_trip_ends_with_the_acknowledgement() {
        let (_, _, seen) = play(&[(true, u32::MAX - 9, 50, 1), (false, 1, 0, 40)]);

        assert_eq!(seen[1].round_trip, Some(Duration::from_millis(1)));
    }

    #[test]
    fn a_keep_alive_is_no_retransmission() {
        let (there, _, _) = play(&[(true, 100, 50, 1), (false, 1, 0, 150), (true, 149, 1, 1)]);

        assert_eq!(there.retransmitted, 0);
    }

    proptest::proptest! {
        #[test]
        fn a_stream_in_order_has_no_fault_wherever_its_numbers_start(
            start: u32,
            lengths in proptest::collection::vec(1_u32..3000, 1..40),
        ) {
            let mut segments = Vec::new();
            let mut sequence = start;
            for length in lengths {
                segments.push((true, sequence, length, 1));
                sequence = sequence.wrapping_add(length);
                segments.push((false, 1, 0, sequence));
            }

            let (there, back, seen) = play(&segments);

            proptest::prop_assert_eq!(there, Faults::default());
            proptest::prop_assert_eq!(back, Faults::default());
            proptest::prop_assert!(seen.iter().skip(1).step_by(2).all(|seen| seen.round_trip.is_some()));
        }
    }
}
