//! One direction of a TCP connection, in order.
//!
//! Octets that come in their turn pass through without being copied. Those that come early wait in a
//! small buffer; what was seen before is cut off, so the first copy of an octet counts. Octets that
//! never come are a gap: said once the other side has acknowledged them (then they were sent and we
//! did not see them), or once the buffer is full.

/// Segments that wait for one before them.
const SEGMENTS: usize = 32;
/// Octets that wait in them together.
const OCTETS: usize = 64 * 1024;

/// How far behind its turn octets may lie that were acknowledged before they were seen.
const FARTHEST_BACK: i32 = 1 << 20;

/// What a stream gives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The next octets.
    Octets(&'a [u8]),
    /// So many octets are missing before what follows.
    Gap(u64),
}

/// The state of one direction.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Sequence number of the next octet; none before the first segment.
    next: Option<u32>,
    /// Segments ahead of their turn, by sequence number.
    early: Vec<(u32, Box<[u8]>)>,
    held: usize,
    /// Whether octets were given on.
    has_given: bool,
}

/// A segment with payload, or with SYN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// Sequence number of its first octet; of the SYN where it has one.
    pub(crate) sequence: u32,
    /// Whether it begins the stream.
    pub(crate) syn: bool,
    /// Octets that were captured.
    pub(crate) payload: &'a [u8],
    /// Octets that the headers declare; more where the capture cut them off.
    pub(crate) declared: u32,
}

impl Stream {
    /// A stream that goes on with the octet of this number, where it is known.
    pub(crate) fn expecting(next: Option<u32>) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }

    /// Whether a segment without payload would change nothing: the stream has begun and nothing waits.
    pub(crate) const fn is_calm(&self) -> bool {
        self.next.is_some() && self.early.is_empty()
    }

    /// Octets that wait.
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Takes a segment and gives on what has its turn.
    pub(crate) fn push(&mut self, segment: Segment<'_>, mut give: impl FnMut(Piece<'_>)) {
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        // A SYN inside a stream changes nothing: a host answers it with a challenge (RFC 5961 section 4).
        let mut next = *self.next.get_or_insert(first);
        if segment.declared == 0 {
            return;
        }
        let back = next.wrapping_sub(first).cast_signed();
        if !self.has_given && segment.declared > 1 && (1..FARTHEST_BACK).contains(&back) {
            // The acknowledgement of these octets was seen before them: they are no copy, because
            // nothing was given on yet. One octet alone is a keep-alive.
            self.next = Some(first);
            next = first;
        }
        let ahead = first.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            self.keep(first, segment, &mut give);
        } else {
            self.deliver(ahead.unsigned_abs(), segment.payload, segment.declared, &mut give);
        }
        self.release(&mut give);
    }

    /// The other side has acknowledged everything before `number`: what of it is missing was sent and
    /// never seen.
    pub(crate) fn acknowledged(&mut self, number: u32, mut give: impl FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        let Some(earliest) = self.earliest() else { return };
        let gap = earliest.wrapping_sub(next);
        if gap.cast_signed() > 0 && number.wrapping_sub(earliest).cast_signed() >= 0 {
            self.pass_gap(gap, &mut give);
            self.release(&mut give);
        }
    }

    /// Gives on what waits, with the gaps in it: the stream is over.
    pub(crate) fn flush(&mut self, mut give: impl FnMut(Piece<'_>)) {
        while let (Some(next), Some(earliest)) = (self.next, self.earliest()) {
            self.pass_gap(earliest.wrapping_sub(next), &mut give);
            self.release(&mut give);
        }
    }

    fn earliest(&self) -> Option<u32> {
        self.early.first().map(|(sequence, _)| *sequence)
    }

    fn pass_gap(&mut self, octets: u32, give: &mut impl FnMut(Piece<'_>)) {
        give(Piece::Gap(u64::from(octets)));
        self.next = self.next.map(|next| next.wrapping_add(octets));
    }

    /// Gives on a segment whose first `seen` octets were seen before.
    fn deliver(&mut self, seen: u32, payload: &[u8], declared: u32, give: &mut impl FnMut(Piece<'_>)) {
        let Some(fresh) = declared.checked_sub(seen).filter(|fresh| *fresh > 0) else {
            return;
        };
        let captured = payload
            .get(usize::try_from(seen).unwrap_or(usize::MAX)..)
            .unwrap_or_default();
        if !captured.is_empty() {
            self.has_given = true;
            give(Piece::Octets(captured));
        }
        let missing = u64::from(fresh).saturating_sub(captured.len() as u64);
        if missing > 0 {
            give(Piece::Gap(missing));
        }
        self.next = self.next.map(|next| next.wrapping_add(fresh));
    }

    /// Keeps a segment that came early. One that was cut off is kept as far as it was captured.
    fn keep(&mut self, first: u32, segment: Segment<'_>, give: &mut impl FnMut(Piece<'_>)) {
        let Some(next) = self.next else { return };
        while self.early.len() >= SEGMENTS || self.held.saturating_add(segment.payload.len()) > OCTETS {
            let Some(earliest) = self.earliest() else { break };
            // No room to wait: what is missing counts as lost.
            self.pass_gap(earliest.wrapping_sub(self.next.unwrap_or(next)), give);
            self.release(give);
        }
        let next = self.next.unwrap_or(next);
        let ahead = first.wrapping_sub(next).cast_signed();
        if ahead <= 0 {
            self.deliver(ahead.unsigned_abs(), segment.payload, segment.declared, give);
            return;
        }
        if segment.payload.is_empty() || segment.payload.len() > OCTETS {
            return;
        }
        let place = self
            .early
            .partition_point(|(other, _)| first.wrapping_sub(*other).cast_signed() > 0);
        match self.early.get_mut(place).filter(|(other, _)| *other == first) {
            Some((_, kept)) if kept.len() >= segment.payload.len() => {} // A copy.
            Some((_, kept)) => {
                // The first copy of an octet counts; only what is new is added.
                let new = segment.payload.get(kept.len()..).unwrap_or_default();
                self.held = self.held.saturating_add(new.len());
                *kept = [&**kept, new].concat().into();
            }
            None => {
                self.held = self.held.saturating_add(segment.payload.len());
                self.early.insert(place, (first, segment.payload.into()));
            }
        }
    }

    /// Gives on the early segments that have their turn now.
    fn release(&mut self, give: &mut impl FnMut(Piece<'_>)) {
        while let (Some(next), Some(earliest)) = (self.next, self.earliest()) {
            let ahead = earliest.wrapping_sub(next).cast_signed();
            if ahead > 0 {
                return;
            }
            let (_, octets) = self.early.remove(0);
            self.held = self.held.saturating_sub(octets.len());
            let declared = u32::try_from(octets.len()).unwrap_or(u32::MAX);
            self.deliver(ahead.unsigned_abs(), &octets, declared, give);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Clone)]
    enum Got {
        Octets(Vec<u8>),
        Gap(u64),
    }

    fn push(stream: &mut Stream, sequence: u32, payload: &[u8]) -> Vec<Got> {
        let mut got = Vec::new();
        let declared = u32::try_from(payload.len()).unwrap();
        let segment = Segment {
            sequence,
            syn: false,
            payload,
            declared,
        };
        stream.push(segment, |piece| got.push(own(piece)));
        got
    }

    fn own(piece: Piece<'_>) -> Got {
        match piece {
            Piece::Octets(octets) => Got::Octets(octets.to_vec()),
            Piece::Gap(octets) => Got::Gap(octets),
        }
    }

    #[test]
    fn early_octets_wait_for_their_turn_and_copies_are_cut_off() {
        let mut stream = Stream::default();
        let syn = Segment {
            sequence: u32::MAX - 1,
            syn: true,
            payload: b"",
            declared: 0,
        };
        stream.push(syn, |_| panic!("nothing was sent"));

        assert_eq!(push(&mut stream, 2, b"def"), []);
        let got = push(&mut stream, u32::MAX, b"abc");
        assert_eq!(got, [Got::Octets(b"abc".to_vec()), Got::Octets(b"def".to_vec())]);
        assert_eq!(push(&mut stream, 4, b"fgh"), [Got::Octets(b"gh".to_vec())]);
        assert_eq!(stream.held(), 0);
    }

    #[test]
    fn octets_that_were_acknowledged_and_never_seen_are_a_gap() {
        let mut stream = Stream::default();
        push(&mut stream, 100, b"ab");
        push(&mut stream, 105, b"fg");

        let mut got = Vec::new();
        stream.acknowledged(102, |piece| got.push(own(piece)));
        assert_eq!(got, []);
        stream.acknowledged(107, |piece| got.push(own(piece)));
        assert_eq!(got, [Got::Gap(3), Got::Octets(b"fg".to_vec())]);
    }

    #[test]
    fn a_syn_inside_a_stream_and_a_longer_copy_change_nothing() {
        let mut stream = Stream::expecting(Some(100));
        let mut got = Vec::new();
        let syn = Segment {
            sequence: 5_000,
            syn: true,
            payload: b"",
            declared: 0,
        };
        stream.push(syn, |piece| got.push(own(piece)));
        assert_eq!(push(&mut stream, 102, b"cd"), []);
        assert_eq!(push(&mut stream, 102, b"XYef"), []);
        let given = push(&mut stream, 100, b"ab");
        assert_eq!(got, []);
        assert_eq!(
            given,
            [Got::Octets(b"ab".to_vec()), Got::Octets(b"cdef".to_vec())]
        );
    }

    #[test]
    fn the_first_octets_are_no_copy_where_their_acknowledgement_was_seen_before_them() {
        let mut stream = Stream::expecting(Some(110));

        assert_eq!(push(&mut stream, 109, b"k"), [], "a keep-alive");
        let given = push(&mut stream, 100, b"0123456789");

        assert_eq!(given, [Got::Octets(b"0123456789".to_vec())]);
        assert_eq!(push(&mut stream, 100, b"0123456789"), []);
    }

    #[test]
    fn what_the_capture_cut_off_is_a_gap() {
        let mut stream = Stream::default();
        let mut got = Vec::new();
        let cut = Segment {
            sequence: 10,
            syn: false,
            payload: b"abc",
            declared: 8,
        };
        stream.push(cut, |piece| got.push(own(piece)));
        assert_eq!(got, [Got::Octets(b"abc".to_vec()), Got::Gap(5)]);
        assert_eq!(push(&mut stream, 18, b"z"), [Got::Octets(b"z".to_vec())]);
    }

    proptest::proptest! {
        #[test]
        fn any_order_gives_the_stream_back(
            start: u32,
            order in proptest::collection::vec((0_usize..20, 1_usize..8), 1..60),
        ) {
            let whole: Vec<u8> = (0..27).collect();
            let mut stream = Stream::default();
            stream.push(Segment { sequence: start.wrapping_sub(1), syn: true, payload: b"", declared: 0 }, |_| {});
            let mut out = Vec::new();
            let mut seen = [false; 27];
            for (at, len) in order {
                seen[at..at + len].fill(true);
                let sequence = start.wrapping_add(u32::try_from(at).unwrap());
                for got in push(&mut stream, sequence, &whole[at..at + len]) {
                    match got {
                        Got::Octets(octets) => out.extend(octets),
                        Got::Gap(_) => panic!("nothing was lost"),
                    }
                }
            }
            let expected = seen.iter().position(|seen| !seen).unwrap_or(27);
            proptest::prop_assert_eq!(&out[..], &whole[..expected]);
        }
    }
}
