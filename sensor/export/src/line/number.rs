//! Numbers: the shortest decimal text, as `serde_json` writes it.

use super::Line;

/// `00` to `99`, one after the other.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// The two decimal digits of a number below 100.
#[inline]
pub(super) fn two_digits(number: u8) -> [u8; 2] {
    let at = usize::from(number % 100) * 2;
    [PAIRS[at], PAIRS[at + 1]]
}

impl Line {
    /// An unsigned number.
    #[inline]
    pub(crate) fn number(&mut self, number: u64) {
        // Most of what is counted is 0 or little more.
        match u8::try_from(number) {
            Ok(number @ 0..10) => self.octets.push(b'0' + number),
            Ok(number @ 10..100) => self.octets.extend_from_slice(&two_digits(number)),
            _ => self.raw(itoa::Buffer::new().format(number)),
        }
    }

    /// A number with fractions; `null` where it is none.
    pub(crate) fn real(&mut self, number: f64) {
        if number.is_finite() {
            self.raw(zmij::Buffer::new().format_finite(number));
        } else {
            self.raw("null");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::line::written;

    #[test]
    fn small_and_special_numbers_are_written_as_everywhere() {
        for number in (0..2000).chain([u64::MAX]) {
            assert_eq!(written(number), number.to_string());
        }
        for number in [
            0.0,
            -0.0,
            1.0,
            1e300,
            5e-324,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            assert_eq!(written(number), serde_json::to_string(&number).unwrap());
        }
    }

    proptest! {
        #[test]
        fn numbers_are_written_as_serde_json_writes_them(whole: u64, bits: u64, small in 0.0..10.0_f64) {
            let real = f64::from_bits(bits);

            prop_assert_eq!(written(whole), serde_json::to_string(&whole).unwrap());
            prop_assert_eq!(written(real), serde_json::to_string(&real).unwrap());
            prop_assert_eq!(written(small), serde_json::to_string(&small).unwrap());
        }
    }
}
