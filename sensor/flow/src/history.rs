//! Zeek's history string: what happened in a connection, in order, one letter each.
//!
//! Upper case for the originator, lower case for the responder: `S` SYN, `H` SYN-ACK, `A` pure
//! ACK, `D` payload, `F` FIN, `R` RST, `Q` SYN with FIN or RST, `I` FIN with RST, `T` payload sent
//! again, `G` octets that we missed, `W` window of zero; `^` first where the sender of the first packet
//! is the responder. Source: Zeek, documentation of `conn.log`, field `history`.

use sekisho_model::limits;

const CAPACITY: usize = 32;
const _: () = assert!(CAPACITY as u64 == limits::HISTORY.default);

/// Every letter there is. A history holds numbers in it, and there are fewer than 32.
const ALPHABET: &[u8; 23] = b"^SsHhAaDdFfRrQqIiTtGgWw";
/// Bits of a letter.
const BITS: usize = 5;

/// The letters so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct History {
    /// One after the other, [`BITS`] each, the first in the lowest bits of the first octet.
    letters: [u8; CAPACITY * BITS / 8],
    len: u8,
    /// A bit a letter that was noted: the low octet for the originator.
    seen: u16,
    /// The last numbers of SYN, FIN and RST, by side.
    numbers: [[u16; 3]; 2],
}

/// How often gaps, retransmissions and closed windows were seen, by side. They stop counting at
/// 65,535, long after the last power of ten that fits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times([[u16; 3]; 2]);

impl History {
    /// Notes that the direction was turned.
    pub(crate) fn turned(&mut self) -> bool {
        self.push(b'^')
    }

    /// Notes a letter that stands once a side: `A`, `D`, `I` or `Q`. False where it did not fit.
    pub(crate) fn note(&mut self, letter: u8, by_originator: bool) -> bool {
        let bit = match letter {
            b'A' => 0,
            b'D' => 1,
            b'I' => 2,
            _ => 3,
        };
        self.is_noted(bit, by_originator) || self.push(cased(letter, by_originator))
    }

    /// Notes a letter that stands again where its number differs from the last of its kind: `S` and
    /// `H`, which are one kind, `F` or `R`.
    pub(crate) fn note_numbered(&mut self, letter: u8, number: u32, by_originator: bool) -> bool {
        let (bit, kind) = match letter {
            b'S' | b'H' => (4, 0),
            b'F' => (5, 1),
            _ => (6, 2),
        };
        let number = folded(number);
        let was_noted = self.is_noted(bit, by_originator);
        let [orig, resp] = &mut self.numbers;
        let numbers = if by_originator { orig } else { resp };
        let last = numbers.get_mut(kind).map(|last| std::mem::replace(last, number));
        (was_noted && last == Some(number)) || self.push(cased(letter, by_originator))
    }

    /// Notes a letter whose number matters, on its 1st, 10th, 100th and so on time: `G`, `T` or `W`.
    pub(crate) fn note_scaled(&mut self, times: &mut Times, letter: u8, by_originator: bool) -> bool {
        let kind = match letter {
            b'G' => 0,
            b'T' => 1,
            _ => 2,
        };
        let [orig, resp] = &mut times.0;
        let Some(times) = (if by_originator { orig } else { resp }).get_mut(kind) else {
            return true;
        };
        let before = *times;
        *times = before.saturating_add(1);
        if before == u16::MAX || !matches!(*times, 1 | 10 | 100 | 1_000 | 10_000) {
            return true;
        }
        self.push(cased(letter, by_originator))
    }

    /// Whether an attempt was opened and then reset by the originator, which did nothing else that
    /// needs an answer: `S`, then `R` without `H`, `A`, `F`, `G`, `I` or `Q` between.
    pub(crate) fn is_reset_attempt(&self) -> bool {
        let mut letters = self.letters().skip_while(|letter| *letter == b'^');
        letters.next() == Some(b'S') && letters.find(|letter| b"RHAFGIQ".contains(letter)) == Some(b'R')
    }

    /// The letters as text.
    pub(crate) fn text(&self) -> String {
        self.letters().map(char::from).collect()
    }

    fn letters(&self) -> impl Iterator<Item = u8> {
        (0..usize::from(self.len)).filter_map(|index| ALPHABET.get(usize::from(self.number(index))).copied())
    }

    /// The number of the letter at `index`.
    fn number(&self, index: usize) -> u8 {
        let (octet, shift) = place(index);
        let low = self.letters.get(octet).copied().unwrap_or(0);
        let high = self.letters.get(octet.saturating_add(1)).copied().unwrap_or(0);
        let [number, _] = (u16::from_le_bytes([low, high]) >> shift).to_le_bytes();
        number & ((1 << BITS) - 1)
    }

    /// Whether a bit of a side was set; sets it.
    const fn is_noted(&mut self, bit: u8, by_originator: bool) -> bool {
        let mask = if by_originator {
            1_u16 << bit
        } else {
            0x100_u16 << bit
        };
        let was_noted = self.seen & mask != 0;
        self.seen |= mask;
        was_noted
    }

    fn push(&mut self, letter: u8) -> bool {
        let index = usize::from(self.len);
        let known = ALPHABET.iter().position(|known| *known == letter);
        let Some(number) = known.filter(|_| index < CAPACITY) else {
            return false;
        };
        let (octet, shift) = place(index);
        let bits = u16::try_from(number).unwrap_or(0) << shift;
        for (octet, bits) in self.letters.iter_mut().skip(octet).zip(bits.to_le_bytes()) {
            *octet |= bits;
        }
        self.len = self.len.saturating_add(1);
        true
    }
}

/// The octet in which a letter begins, and the bit.
const fn place(index: usize) -> (usize, usize) {
    let bit = index.wrapping_mul(BITS);
    (bit >> 3, bit & 7)
}

const fn cased(letter: u8, by_originator: bool) -> u8 {
    if by_originator {
        letter
    } else {
        letter.to_ascii_lowercase()
    }
}

/// A sequence number in half the room; two of them are taken for one in 65,536 cases.
fn folded(number: u32) -> u16 {
    u16::try_from(number.wrapping_mul(0x9e37_79b1) >> 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_once_a_direction_in_order() {
        let mut history = History::default();
        for (letter, by_originator) in [
            (b'A', true),
            (b'D', true),
            (b'D', true),
            (b'D', false),
            (b'A', false),
            (b'A', true),
        ] {
            history.note(letter, by_originator);
        }

        assert_eq!(history.text(), "ADda");
    }

    #[test]
    fn repeated_faults_are_noted_by_powers_of_ten() {
        let (mut history, mut times) = (History::default(), Times::default());
        for _ in 1..=150 {
            history.note_scaled(&mut times, b'T', false);
        }
        for _ in 0..200_000 {
            history.note_scaled(&mut times, b'W', true);
        }

        assert_eq!(history.text(), "tttWWWWW");
    }

    #[test]
    fn every_letter_is_held_at_every_place() {
        for letter in *ALPHABET {
            let mut history = History::default();
            for other in ALPHABET.iter().cycle().take(CAPACITY - 1) {
                history.push(*other);
            }
            let mut expected: Vec<u8> = ALPHABET.iter().copied().cycle().take(CAPACITY - 1).collect();

            assert!(history.push(letter) && !history.push(letter));

            expected.push(letter);
            assert_eq!(history.text().into_bytes(), expected);
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let mut history = History::default();

        let fits: Vec<bool> = (0..40)
            .map(|number| history.note_numbered(b'R', number, true))
            .collect();

        assert_eq!(fits.iter().filter(|fits| **fits).count(), CAPACITY);
        assert_eq!(history.text().len(), CAPACITY);
    }
}
