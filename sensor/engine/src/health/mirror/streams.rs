//! TCP connections: whether both directions are seen, and what was acknowledged and never seen.
//!
//! **One direction.** A connection is judged when its packets show that the other end speaks: the
//! acknowledgements of one end move on, or it goes on sending new data for more than a second. Where no
//! packet of that other end is seen then, the mirror shows one direction. An unanswered SYN shows nothing,
//! so scans do not count.
//!
//! **Gaps.** Octets that one end acknowledged came to it, so that whoever did not see them lost them, as in
//! Zeek's capture-loss. Up to [`HOLES`] holes of a direction are kept open; one counts when it was
//! acknowledged and is not filled later, since a mirror of two ports may show an acknowledgement before its
//! data. The share is octets missed of octets missed and seen.

use std::net::IpAddr;
use std::time::Duration;

use foldhash::HashMap;
use sekisho_model::blind::MirrorFinding;
use sekisho_model::{TcpFlags, Timestamp};
use sekisho_wire::IpPacket;

use super::{Context, is_share, percent, words};

/// Connections that are remembered; packets of later ones are left out.
const MOST: usize = 65_536;
/// Holes of one direction that are kept open.
const HOLES: usize = 8;
/// Numbers further away than this are a forged or broken segment's, not a gap.
const FAR: i32 = 1 << 24;
/// New data for so long without an answer is an answer that is not shown.
const GOES_ON: Duration = Duration::from_secs(1);
/// Segments of new data in that time.
const SEGMENTS: u32 = 4;

/// Connections that must be judged before anything is said of directions.
pub(crate) const ENOUGH_CONNECTIONS: u64 = 20;
/// Hundredths of the connections that show one direction.
pub(crate) const SHARE_ONE_SIDED: u64 = 50;
/// Gaps, and connections with gaps, that are needed before anything is said of them.
pub(crate) const ENOUGH_GAPS: u64 = 20;
pub(crate) const ENOUGH_GAPPY: u64 = 3;
/// Hundredths of the octets.
const SHARE_GAPS: u64 = 1;

/// What was counted of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpSample {
    /// Connections that show whether both directions are seen.
    pub judged: u64,
    /// Those that show one direction only.
    pub one_sided: u64,
    /// Of these, those that show what the end with the higher port, mostly the client, sends.
    pub from_clients: u64,
    /// Octets of payload that were seen.
    pub seen_octets: u64,
    /// Octets that were acknowledged and never seen.
    pub missed_octets: u64,
    /// Runs of such octets.
    pub gaps: u64,
    /// Connections that have any.
    pub gappy: u64,
}

impl TcpSample {
    /// Thousandths of the octets that were missed.
    #[must_use]
    pub fn missed_per_mille(&self) -> u64 {
        let whole = u128::from(self.missed_octets).saturating_add(u128::from(self.seen_octets));
        let part = u128::from(self.missed_octets).saturating_mul(1_000);
        u64::try_from(part.checked_div(whole).unwrap_or(0)).unwrap_or(0)
    }
}

/// The connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams(HashMap<Key, [Side; 2]>);

/// The two ends, the lower first.
type Key = [(IpAddr, u16); 2];

#[derive(Debug, Clone, Copy, Default)]
struct Side {
    packets: u32,
    /// The sequence number after everything seen.
    next: Option<u32>,
    /// What lies before it and was not seen: begin, end, whether it was acknowledged.
    holes: [Option<(u32, u32, bool)>; HOLES],
    seen_octets: u64,
    missed_octets: u64,
    gaps: u64,
    /// The newest acknowledgement, and how far acknowledgements moved on.
    acknowledged: Option<u32>,
    moved: u64,
    /// Segments of new data, and when the first of them came.
    segments: u32,
    data: Option<(Timestamp, Timestamp)>,
}

impl Streams {
    pub(super) fn observe(&mut self, ip: &IpPacket<'_>, at: Timestamp) {
        let Some(tcp) = ip.tcp else { return };
        let (from, to) = ((ip.source, ip.source_port), (ip.destination, ip.destination_port));
        let is_lower = from <= to;
        let key = if is_lower { [from, to] } else { [to, from] };
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return;
        }
        let [lower, upper] = self.0.entry(key).or_default();
        let (sender, receiver) = if is_lower { (lower, upper) } else { (upper, lower) };
        sender.packets = sender.packets.saturating_add(1);
        if tcp.flags.has(TcpFlags::RST) {
            return;
        }
        if tcp.flags.has(TcpFlags::ACK) {
            sender.acknowledge(tcp.acknowledgement);
            receiver.is_acknowledged(tcp.acknowledgement);
        }
        let control =
            u32::from(tcp.flags.has(TcpFlags::SYN)).saturating_add(u32::from(tcp.flags.has(TcpFlags::FIN)));
        if tcp.flags.has(TcpFlags::SYN) {
            // A port that is used again begins anew.
            sender.next = None;
            sender.settle();
        }
        sender.send(tcp.sequence, ip.payload_octets, control, at);
    }

    /// What was counted.
    pub(super) fn sample(&self) -> TcpSample {
        let mut sample = TcpSample::default();
        for ([lower_key, upper_key], [lower, upper]) in &self.0 {
            let add = |sum: &mut u64, number: u64| *sum = sum.saturating_add(number);
            let mut gaps = 0_u64;
            for side in [lower, upper] {
                let (side_gaps, missed) = side.missed();
                gaps = gaps.saturating_add(side_gaps);
                add(&mut sample.missed_octets, missed);
                add(&mut sample.seen_octets, side.seen_octets);
            }
            add(&mut sample.gaps, gaps);
            add(&mut sample.gappy, u64::from(gaps > 0));
            let (heard, key, other) = match (lower.packets, upper.packets) {
                (_, 0) => (lower, lower_key, upper_key),
                (0, _) => (upper, upper_key, lower_key),
                _ => {
                    let speaks = lower.shows_answers() || upper.shows_answers();
                    add(&mut sample.judged, u64::from(speaks));
                    continue;
                }
            };
            if heard.shows_answers() {
                add(&mut sample.judged, 1);
                add(&mut sample.one_sided, 1);
                add(&mut sample.from_clients, u64::from(key.1 > other.1));
            }
        }
        sample
    }

    pub(super) fn judge_directions(&self, context: &Context) -> Option<MirrorFinding> {
        let sample = self.sample();
        is_one_sided(&sample, SHARE_ONE_SIDED).then(|| words::one_sided(&sample, &context.interface))
    }

    pub(super) fn judge_gaps(&self, context: &Context) -> Option<MirrorFinding> {
        let sample = self.sample();
        has_gaps(&sample, SHARE_GAPS.saturating_mul(10)).then(|| {
            let whole = sample.missed_octets.saturating_add(sample.seen_octets);
            let share = percent(sample.missed_octets, whole);
            words::oversubscribed(&sample, share, &context.interface)
        })
    }
}

/// Whether enough connections show one direction, of a share in hundredths.
pub(crate) fn is_one_sided(sample: &TcpSample, hundredths: u64) -> bool {
    sample.judged >= ENOUGH_CONNECTIONS && is_share(sample.one_sided, sample.judged, hundredths)
}

/// Whether enough was missed, of a share in thousandths.
pub(crate) fn has_gaps(sample: &TcpSample, per_mille: u64) -> bool {
    sample.gaps >= ENOUGH_GAPS && sample.gappy >= ENOUGH_GAPPY && sample.missed_per_mille() >= per_mille
}

impl Side {
    /// Whether its packets show that the other end speaks.
    fn shows_answers(&self) -> bool {
        let goes_on = self.data.is_some_and(|(first, last)| last.since(first) > GOES_ON);
        // A SYN and a FIN are two numbers without data.
        self.moved > 2 || (self.segments >= SEGMENTS && goes_on)
    }

    /// Takes into account what it acknowledges.
    fn acknowledge(&mut self, number: u32) {
        let moved = self.acknowledged.map_or(0, |before| distance(before, number));
        if (0..1 << 30).contains(&moved) {
            self.moved = self.moved.saturating_add(u64::from(moved.unsigned_abs()));
            self.acknowledged = Some(number);
        }
    }

    /// Takes into account what the other end acknowledges of it.
    fn is_acknowledged(&mut self, number: u32) {
        let Some(next) = self.next else { return };
        for (_, end, acknowledged) in self.holes.iter_mut().flatten() {
            *acknowledged |= distance(*end, number) >= 0;
        }
        if (1..FAR).contains(&distance(next, number)) {
            self.open(next, number, true);
            self.next = Some(number);
        }
    }

    fn send(&mut self, sequence: u32, octets: u32, control: u32, at: Timestamp) {
        let length = octets.wrapping_add(control);
        let end = sequence.wrapping_add(length);
        let Some(next) = self.next else {
            self.next = Some(end);
            self.seen_octets = self.seen_octets.saturating_add(u64::from(octets));
            return;
        };
        if length == 0 {
            return;
        }
        let ahead = distance(next, sequence);
        if distance(next, end) > 0 {
            if (1..FAR).contains(&ahead) {
                self.open(next, sequence, false);
            }
            self.next = Some(end);
            self.seen_octets = self.seen_octets.saturating_add(u64::from(octets));
            self.segments = self.segments.saturating_add(u32::from(octets > 0));
            let (first, _) = self.data.unwrap_or((at, at));
            self.data = Some((first, at));
        } else {
            self.fill(sequence, end);
        }
    }

    fn open(&mut self, from: u32, to: u32, acknowledged: bool) {
        let free = self.holes.iter().position(Option::is_none);
        if free.is_none() {
            // So many later holes: the oldest is not filled any more.
            self.count(0);
        }
        // The oldest stands first.
        if let Some(later) = self.holes.get_mut(free.unwrap_or(0)..) {
            later.rotate_left(1);
        }
        if let Some(last) = self.holes.last_mut() {
            *last = Some((from, to, acknowledged));
        }
    }

    /// Fills what lies between two numbers.
    fn fill(&mut self, from: u32, to: u32) {
        for hole in &mut self.holes {
            let Some((begin, end, acknowledged)) = *hole else {
                continue;
            };
            if distance(begin, to) <= 0 || distance(from, end) <= 0 {
                continue;
            }
            let before = distance(begin, from) > 0;
            let after = distance(to, end) > 0;
            let filled_to = if after { to } else { end };
            let filled_from = if before { from } else { begin };
            self.seen_octets = self
                .seen_octets
                .saturating_add(u64::from(filled_to.wrapping_sub(filled_from)));
            // What is filled in the middle leaves its greater part open; segments are seldom cut so.
            *hole = match (before, after) {
                (false, false) => None,
                (true, false) => Some((begin, from, acknowledged)),
                (false | true, true) => Some((to, end, acknowledged)),
            };
        }
    }

    /// Counts a hole and forgets it.
    fn count(&mut self, place: usize) {
        if let Some((from, to, _)) = self.holes.get_mut(place).and_then(Option::take) {
            self.missed_octets = self
                .missed_octets
                .saturating_add(u64::from(to.wrapping_sub(from)));
            self.gaps = self.gaps.saturating_add(1);
        }
    }

    /// Counts the holes that were acknowledged, before a new connection begins.
    fn settle(&mut self) {
        for place in 0..HOLES {
            if matches!(self.holes.get(place), Some(Some((.., true)))) {
                self.count(place);
            }
        }
        self.holes = [None; HOLES];
    }

    /// Gaps and octets missed, those of open holes that were acknowledged among them.
    fn missed(&self) -> (u64, u64) {
        let mut all = *self;
        all.settle();
        (all.gaps, all.missed_octets)
    }
}

/// From `from` to `to` on the circle of sequence numbers; negative where `to` lies behind.
const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_nanos(milliseconds * 1_000_000)
    }

    fn missed(play: impl FnOnce(&mut Side)) -> (u64, u64) {
        let mut side = Side::default();
        side.send(100, 50, 0, at(0));
        play(&mut side);
        side.missed()
    }

    #[test]
    fn what_was_acknowledged_and_never_seen_is_a_gap() {
        let lost = |side: &mut Side| {
            side.send(200, 50, 0, at(1));
            side.is_acknowledged(250);
        };
        assert_eq!(missed(lost), (1, 50));
        assert_eq!(missed(|side| side.is_acknowledged(400)), (1, 250));
    }

    #[test]
    fn what_was_not_acknowledged_or_comes_later_is_none() {
        assert_eq!(missed(|side| side.send(200, 50, 0, at(1))), (0, 0));
        let late = |side: &mut Side| {
            side.is_acknowledged(250);
            side.send(150, 50, 0, at(1));
            side.send(200, 50, 0, at(2));
        };
        assert_eq!(missed(late), (0, 0));
    }

    #[test]
    fn every_tenth_segment_left_out_is_a_tenth_missed_however_late_the_acknowledgements() {
        for often in [1, 7, 64] {
            let mut side = Side::default();
            for number in 0..10_000_u32 {
                if number % 10 != 3 {
                    side.send(number * 1_000, 1_000, 0, at(i64::from(number)));
                }
                if number % often == 0 {
                    side.is_acknowledged((number + 1) * 1_000);
                }
            }
            let (gaps, octets) = side.missed();
            assert!((995..=1_000).contains(&gaps), "{gaps}");
            assert!((995_000..=1_000_000).contains(&octets), "{octets}");
        }
    }

    #[test]
    fn an_unanswered_syn_shows_nothing_and_moving_acknowledgements_show_the_other_end() {
        let mut side = Side::default();
        for second in 0..4 {
            side.next = None;
            side.send(7, 0, 1, at(second * 1_000));
        }
        assert!(!side.shows_answers());

        for number in [10, 1_470, 2_930] {
            side.acknowledge(number);
        }
        assert!(side.shows_answers());
    }
}
