//! Zeek's history string: what happened in a connection, in order, one letter each.
//!
//! Upper case for the originator, lower case for the responder: `S` SYN, `H` SYN-ACK, `A` pure
//! ACK, `D` payload, `F` FIN, `R` RST, `Q` a segment with flags that exclude each other, `T`
//! retransmission, `G` octets that we missed, `W` window of zero; `^` first where the sender of the
//! first packet is the responder. Source: Zeek, base/protocols/conn/main.zeek.

use sekisho_model::limits;

const CAPACITY: usize = 32;
const _: () = assert!(CAPACITY as u64 == limits::HISTORY.default);

/// Letters of one segment that stand once a direction, as bits in the order in which one segment
/// brings them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Letters(pub(crate) u8);

impl Letters {
    const NAMES: [u8; 8] = *b"QSHDAFRG";
    /// Flags that exclude each other.
    pub(crate) const Q: u8 = 1;
    /// SYN.
    pub(crate) const S: u8 = 1 << 1;
    /// SYN-ACK.
    pub(crate) const H: u8 = 1 << 2;
    /// Payload.
    pub(crate) const D: u8 = 1 << 3;
    /// Nothing but an acknowledgement.
    pub(crate) const A: u8 = 1 << 4;
    /// FIN.
    pub(crate) const F: u8 = 1 << 5;
    /// RST.
    pub(crate) const R: u8 = 1 << 6;
    /// Octets that were missed.
    pub(crate) const G: u8 = 1 << 7;
}

/// Which letters were noted, originator's first. Apart from the letters themselves, which are only
/// touched when there is a new one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Noted([u8; 2]);

impl Noted {
    /// Those of `letters` that are new in this direction; they are noted from now on.
    #[inline]
    pub(crate) const fn new_of(&mut self, letters: Letters, by_originator: bool) -> Letters {
        let [orig, resp] = &mut self.0;
        let noted = if by_originator { orig } else { resp };
        let new = letters.0 & !*noted;
        *noted |= new;
        Letters(new)
    }
}

/// The letters so far. Each is kept once a direction; `T` and `W` again at the tenth, hundredth and
/// thousandth time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct History {
    letters: [u8; CAPACITY],
    len: u8,
}

impl History {
    /// Notes that the direction was turned.
    pub(crate) fn turned(&mut self) -> bool {
        self.push(b'^')
    }

    /// Adds letters, in the order of their bits. False where one did not fit.
    pub(crate) fn add(&mut self, letters: Letters, by_originator: bool) -> bool {
        let mut fits = true;
        for (bit, name) in (0_u32..).zip(Letters::NAMES) {
            if letters.0 & 1_u8.wrapping_shl(bit) != 0 {
                fits &= self.push(if by_originator {
                    name
                } else {
                    name.to_ascii_lowercase()
                });
            }
        }
        fits
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
        let (mut history, mut noted) = (History::default(), Noted::default());
        for (letters, by_originator) in [
            (Letters::S, true),
            (Letters::H, false),
            (Letters::A, true),
            (Letters::F | Letters::D, true),
            (Letters::D, true),
            (Letters::D, false),
            (Letters::A, false),
        ] {
            let new = noted.new_of(Letters(letters), by_originator);
            history.add(new, by_originator);
        }

        assert_eq!(history.text(), "ShADFda");
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
