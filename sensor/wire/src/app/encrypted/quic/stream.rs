//! One side's handshake octets, put together from CRYPTO frames that come in any order.
//!
//! Source: RFC 9000 sections 7.5 and 19.6.

/// Octets that are put together: a message that is longer is not read. Hellos with post-quantum keys
/// have 2000.
pub(super) const MAX_OCTETS: usize = 16 * 1024;
/// Runs of octets that are kept apart; frames that would make more are not taken.
const MAX_RUNS: usize = 128;

/// Handshake octets of one side.
#[derive(Debug, Default)]
pub(super) struct Stream {
    octets: Vec<u8>,
    /// Start and end of what is there, in order, none touching another.
    runs: Vec<(usize, usize)>,
}

impl Stream {
    /// Octets that it holds.
    pub(super) fn room(&self) -> usize {
        self.octets.capacity()
    }

    /// Takes what a frame carries. `false` where a limit kept it out.
    pub(super) fn take(&mut self, offset: u64, octets: &[u8]) -> bool {
        let Ok(start) = usize::try_from(offset) else {
            return false;
        };
        if octets.is_empty() {
            return true;
        }
        let end = start.saturating_add(octets.len());
        if end > MAX_OCTETS {
            return false;
        }
        // The runs that the new one touches become one with it.
        let first = self.runs.partition_point(|(_, run_end)| *run_end < start);
        let after = self.runs.partition_point(|(run_start, _)| *run_start <= end);
        let touched = self.runs.get(first..after).unwrap_or_default();
        if touched.is_empty() && self.runs.len() >= MAX_RUNS {
            return false;
        }
        let from = touched.first().map_or(start, |(run, _)| start.min(*run));
        let to = touched.last().map_or(end, |(_, run)| end.max(*run));
        self.runs.splice(first..after, [(from, to)]);
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        if let Some(place) = self.octets.get_mut(start..end) {
            place.copy_from_slice(octets);
        }
        true
    }

    /// What is there from the start on without a hole.
    pub(super) fn prefix(&self) -> &[u8] {
        match self.runs.first() {
            Some((0, end)) => self.octets.get(..*end).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The first message, where it is whole: its type and its body.
    pub(super) fn message(&self) -> Option<(u8, &[u8])> {
        let (kind, len, body) = self.begun()?;
        Some((kind, body.get(..len)?))
    }

    /// The first message as far as it is there: its type, its length, and its body from the start.
    pub(super) fn begun(&self) -> Option<(u8, usize, &[u8])> {
        let ([kind, high, middle, low], body) = self.prefix().split_first_chunk::<4>()?;
        let len = u32::from_be_bytes([0, *high, *middle, *low]);
        Some((*kind, usize::try_from(len).ok()?, body))
    }

    /// Octets held.
    #[cfg(test)]
    fn held(&self) -> usize {
        self.octets.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_message_is_whole_when_its_last_octet_came() {
        let mut stream = Stream::default();

        assert!(stream.take(4, b"body"));
        assert_eq!(stream.prefix(), b"");
        assert!(stream.take(0, &[1, 0, 0]));
        assert!(stream.message().is_none());
        assert!(stream.take(2, &[0, 4]));

        assert_eq!(stream.message(), Some((1, &b"body"[..])));
    }

    proptest! {
        #[test]
        fn any_order_of_any_pieces_gives_the_same(
            octets in prop::collection::vec(any::<u8>(), 1..400),
            cuts in prop::collection::vec((0_usize..400, 0_usize..60), 0..200),
        ) {
            let mut stream = Stream::default();
            let mut seen = vec![false; octets.len()];
            for (start, len) in cuts {
                let start = start.min(octets.len());
                let end = (start + len).min(octets.len());
                if stream.take(start as u64, &octets[start..end]) {
                    seen[start..end].fill(true);
                }
            }
            let whole = seen.iter().position(|seen| !seen).unwrap_or(octets.len());
            prop_assert_eq!(stream.prefix(), &octets[..whole]);
        }

        #[test]
        fn what_is_held_stays_below_the_limit(frames: Vec<(u32, Vec<u8>)>) {
            let mut stream = Stream::default();
            for (offset, octets) in frames {
                stream.take(u64::from(offset), &octets);
            }
            prop_assert!(stream.held() <= MAX_OCTETS && stream.runs.len() <= MAX_RUNS);
        }
    }
}
