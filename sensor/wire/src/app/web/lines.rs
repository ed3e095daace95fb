//! Lines of a stream, found without looking at an octet twice.

/// Octets of a line that are looked at; what is longer is cut, its rest passed over.
pub(super) const MAX_LINE: usize = 16 * 1024;

/// What comes next in the octets at hand.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A line without its end (CR LF, or LF alone).
    Line {
        line: &'a [u8],
        /// Octets of the line and its end.
        took: usize,
        /// Whether the line is longer than [`MAX_LINE`].
        is_cut: bool,
    },
    /// So many octets of a line of which the beginning was handed out before.
    Passed(usize),
    /// The line has no end yet.
    Wait,
}

/// Finds the lines of one end.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Octets of the waiting line that hold no end of line.
    scanned: usize,
    /// The beginning of this line was handed out.
    is_passing: bool,
}

impl Lines {
    /// The next line of `octets`, which begin where the last answer's octets ended.
    pub(super) fn next<'a>(&mut self, octets: &'a [u8]) -> Next<'a> {
        let unseen = octets.get(self.scanned..).unwrap_or_default();
        let end = memchr::memchr(b'\n', unseen).map(|at| at.saturating_add(self.scanned));
        if self.is_passing {
            self.is_passing = end.is_none();
            return Next::Passed(end.map_or(octets.len(), |end| end.saturating_add(1)));
        }
        let is_cut = end.unwrap_or(octets.len()) > MAX_LINE;
        let took = match end {
            Some(end) => end.saturating_add(1),
            None if is_cut => octets.len(),
            None => {
                self.scanned = octets.len();
                return Next::Wait;
            }
        };
        self.scanned = 0;
        self.is_passing = end.is_none();
        let line = octets
            .get(..end.unwrap_or(took).min(MAX_LINE))
            .unwrap_or_default();
        let line = if is_cut {
            line
        } else {
            line.strip_suffix(b"\r").unwrap_or(line)
        };
        Next::Line { line, took, is_cut }
    }

    /// Forgets where it was: octets were lost.
    pub(super) const fn forget(&mut self) {
        (self.scanned, self.is_passing) = (0, false);
    }
}

/// `octets` without blanks at both ends.
pub(super) const fn trim(octets: &[u8]) -> &[u8] {
    octets.trim_ascii()
}

/// The first word and what follows it without the blanks between.
pub(super) fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let line = trim(line);
    let end = line
        .iter()
        .position(|octet| matches!(octet, b' ' | b'\t'))
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    (word, trim(rest))
}

/// Decodes base64 (RFC 4648 section 4) up to its first octet that is none.
pub(super) fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in text {
        let value = match octet {
            b'A'..=b'Z' => octet.wrapping_sub(b'A'),
            b'a'..=b'z' => octet.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => octet.wrapping_sub(b'0').wrapping_add(52),
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        bits = bits << 6 & 0xffff | u32::from(value);
        held = held.saturating_add(6);
        if held >= 8 {
            held = held.saturating_sub(8);
            out.push(bits.wrapping_shr(held).to_le_bytes()[0]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All lines, fed in pieces of `size` octets.
    fn lines(octets: &[u8], size: usize) -> Vec<(Vec<u8>, bool)> {
        let (mut lines, mut waiting, mut all) = (Lines::default(), Vec::new(), Vec::new());
        for piece in octets.chunks(size) {
            waiting.extend_from_slice(piece);
            loop {
                let took = match lines.next(&waiting) {
                    Next::Line { line, took, is_cut } => {
                        all.push((line.to_vec(), is_cut));
                        took
                    }
                    Next::Passed(took) => took,
                    Next::Wait => break,
                };
                waiting.drain(..took);
                if waiting.is_empty() {
                    break;
                }
            }
        }
        all
    }

    #[test]
    fn lines_end_with_lf_and_long_ones_are_cut_the_same_in_any_pieces() {
        let mut octets = b"one\r\ntwo\n\r\n".to_vec();
        octets.extend(std::iter::repeat_n(b'x', 3 * MAX_LINE));
        octets.extend(b"\nlast\n");

        let whole = lines(&octets, octets.len());

        assert_eq!(
            whole[..3],
            [
                (b"one".to_vec(), false),
                (b"two".to_vec(), false),
                (Vec::new(), false)
            ]
        );
        assert_eq!((whole[3].0.len(), whole[3].1), (MAX_LINE, true));
        assert_eq!(whole[4], (b"last".to_vec(), false));
        assert_eq!(lines(&octets, 1), whole);
        assert_eq!(lines(&octets, 1000), whole);
    }

    #[test]
    fn base64_is_that_of_rfc_4648_section_10() {
        for (text, octets) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9vYmFy", "foobar"),
        ] {
            assert_eq!(base64(text.as_bytes()), octets.as_bytes());
        }
    }
}
