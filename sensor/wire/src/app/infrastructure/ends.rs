//! Where a line or a head ends in a stream, found without looking at an octet twice: a sender who
//! sends octet by octet must not make each octet cost as much as all before it.

use crate::app::parser::End;

/// For each end, how many of the octets that wait hold no mark.
#[derive(Debug, Default)]
pub(in crate::app) struct Ends([usize; 2]);

impl Ends {
    /// Where `mark` begins in `octets`. Where there is none, the next call must begin with the same
    /// octets; where there is one, behind the last or at it.
    pub(in crate::app) fn find(&mut self, from: End, octets: &[u8], mark: &[u8]) -> Option<usize> {
        let scanned = self.0.get_mut(from.index())?;
        let found = octets
            .get(*scanned..)
            .unwrap_or_default()
            .windows(mark.len().max(1))
            .position(|window| window == mark)
            .map(|at| at.saturating_add(*scanned));
        // The beginning of a mark may stand at the end.
        let waits = octets.len().saturating_sub(mark.len().saturating_sub(1));
        *scanned = if found.is_some() { 0 } else { waits };
        found
    }

    /// Forgets where it was: the octets that waited are gone.
    pub(in crate::app) fn forget(&mut self, from: End) {
        if let Some(scanned) = self.0.get_mut(from.index()) {
            *scanned = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_wherever_it_is_cut() {
        let octets = b"one\r\n\r\ntwo";
        for cut in 0..octets.len() {
            let mut ends = Ends::default();
            let first = ends.find(End::Orig, &octets[..cut], b"\r\n\r\n");
            assert_eq!(first, (cut >= 7).then_some(3));
            assert_eq!(ends.find(End::Orig, octets, b"\r\n\r\n"), Some(3), "{cut}");
        }
    }

    #[test]
    fn octets_without_a_mark_are_looked_at_once() {
        let mut ends = Ends::default();

        assert_eq!(ends.find(End::Orig, b"abcd", b"\n"), None);
        assert_eq!(ends.find(End::Resp, b"ab\n", b"\n"), Some(2));
        // That the first octets are others now is not seen, as they are passed over.
        assert_eq!(ends.find(End::Orig, b"a\ncde\n", b"\n"), Some(5));
        assert_eq!(ends.find(End::Orig, b"a\n", b"\n"), Some(1));
        assert_eq!(ends.find(End::Orig, b"abcd", b"\n"), None);
        ends.forget(End::Orig);
        assert_eq!(ends.find(End::Orig, b"a\ncde", b"\n"), Some(1));
    }
}
