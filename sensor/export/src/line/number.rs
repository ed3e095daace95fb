//! Numbers: the shortest decimal text, as `serde_json` writes it.

use super::Line;

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let (mut at, mut tens) = (0, b'0');
    while at < 100 {
        let mut ones = b'0';
        while ones <= b'9' {
            pairs[at] = [tens, ones];
            at += 1;
            ones += 1;
        }
        tens += 1;
    }
    pairs
};

/// The last two decimal digits of a number.
#[inline]
pub(super) fn two_digits(number: u32) -> [u8; 2] {
    PAIRS[usize::from((number % 100).to_le_bytes()[0])]
}

impl Line {
    /// An unsigned number.
    #[inline]
    pub(crate) fn number(&mut self, number: u64) {
        // Most of what is counted is 0 or little more.
        match u32::try_from(number) {
            Ok(small @ 0..10) => self.octets.push(two_digits(small)[1]),
            Ok(small @ 10..100) => self.octets.extend_from_slice(&two_digits(small)),
            Ok(small @ 100..10_000) => self.hundreds(small),
            _ => self.raw(itoa::Buffer::new().format(number)),
        }
    }

    /// A number of three or four digits.
    fn hundreds(&mut self, number: u32) {
        let [[thousands, hundreds], [tens, ones]] = [two_digits(number / 100), two_digits(number)];
        if number < 1000 {
            self.octets.extend_from_slice(&[hundreds, tens, ones]);
        } else {
            self.octets.extend_from_slice(&[thousands, hundreds, tens, ones]);
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
        for number in (0..20_000).chain([u64::MAX]) {
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
