//! Zeek's history string: what happened in a connection, in order, one letter each.
//!
//! Upper case for the originator, lower case for the responder: `S` SYN, `H` SYN-ACK, `A` pure
//! ACK, `D` payload, `F` FIN, `R` RST, `Q` a segment with flags that exclude each other, `T`
//! retransmission, `G` octets that we missed, `W` window of zero; `^` first where the sender of the
//! first packet is the responder. Source: Zeek, base/protocols/conn/main.zeek.

use sekisho_model::limits;

const CAPACITY: usize = 32;
/// The letters that stand once a direction; a bit of `seen` each.
const LETTERS: [u8; 16] = *b"SHADFRQGshadfrqg";
const _: () = assert!(CAPACITY as u64 == limits::HISTORY.default);

/// The letters so far. Each is kept once a direction; `T` and `W` again at the tenth, hundredth and
/// thousandth time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct History {
    letters: [u8; CAPACITY],
    len: u8,
    /// A bit a letter and direction that was noted.
    seen: u32,
}

impl History {
    /// Notes that the direction was turned.
    pub(crate) fn turned(&mut self) -> bool {
        self.push(b'^')
    }

    /// Notes a letter once a direction. False where it did not fit.
    pub(crate) fn note(&mut self, letter: u8, by_originator: bool) -> bool {
        let letter = if by_originator {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        let bit = LETTERS
            .iter()
            .position(|known| *known == letter)
            .map_or(0, |at| 1_u32 << at);
        if self.seen & bit != 0 {
            return true;
        }
        self.seen |= bit;
        self.push(letter)
    }

    /// Notes a letter whose number matters, on its 1st, 10th, 100th and so on time.
    pub(crate) fn note_scaled(&mut self, letter: u8, by_originator: bool, times: u64) -> bool {
        let is_power_of_ten = times > 0 && 10_u64.checked_pow(times.ilog10()) == Some(times);
        if !is_power_of_ten {
            return true;
        }
        self.push(if by_originator {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        })
    }

    fn push(&mut self, letter: u8) -> bool {
        let Some(slot) = self.letters.get_mut(usize::from(self.len)) else {
            return false;
        };
        *slot = letter;
        self.len = self.len.saturating_add(1);
        true
    }

    /// The letters as text.
    pub(crate) fn text(&self) -> String {
        self.letters
            .iter()
            .take(usize::from(self.len))
            .map(|letter| char::from(*letter))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_stand_once_a_direction_in_order() {
        let mut history = History::default();
        for (letter, by_originator) in [
            (b'S', true),
            (b'H', false),
            (b'A', true),
            (b'D', true),
            (b'D', true),
            (b'D', false),
            (b'A', false),
        ] {
            history.note(letter, by_originator);
        }

        assert_eq!(history.text(), "ShADda");
    }

    #[test]
    fn repeated_faults_are_noted_by_powers_of_ten() {
        let mut history = History::default();
        for times in 1..=150 {
            history.note_scaled(b'T', false, times);
        }

        assert_eq!(history.text(), "ttt");
    }
}
