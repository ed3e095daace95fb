//! Tag, length, value of BER and DER, as far as Kerberos, LDAP, SPNEGO and T.125 go: definite
//! lengths.
//!
//! Source: ITU-T X.690 sections 8.1.2 and 8.1.3.

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlv<'a> {
    /// Class, form and number as they stand in the first octet (and the second, in a long form).
    pub(super) tag: u16,
    /// What it holds; what was not captured of it is missing at its end.
    pub(super) value: &'a [u8],
}

/// The head of a value: its tag, octets of tag and length, and octets of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) tag: u16,
    pub(super) head: usize,
    pub(super) len: usize,
}

/// Reads the head at the start: `None` for too few octets, an error for what is no definite length.
pub(super) fn head(octets: &[u8]) -> Result<Option<Head>, NotDefinite> {
    let Some((first, mut rest)) = octets.split_first() else {
        return Ok(None);
    };
    let mut tag = u16::from(*first);
    let mut head = 2_usize;
    if first & 0x1f == 0x1f {
        let Some((second, after)) = rest.split_first() else {
            return Ok(None);
        };
        if second & 0x80 != 0 {
            return Err(NotDefinite);
        }
        tag = u16::from_be_bytes([*first, *second]);
        (head, rest) = (3, after);
    }
    let Some((first, rest)) = rest.split_first() else {
        return Ok(None);
    };
    let long = usize::from(first & 0x7f);
    if first & 0x80 == 0 {
        return Ok(Some(Head { tag, head, len: long }));
    }
    if !(1..=4).contains(&long) {
        return Err(NotDefinite);
    }
    let Some(digits) = rest.get(..long) else {
        return Ok(None);
    };
    let len = digits
        .iter()
        .fold(0_usize, |len, digit| len << 8 | usize::from(*digit));
    let head = head.saturating_add(long);
    Ok(Some(Head { tag, head, len }))
}

/// No BER with a definite length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotDefinite;

/// Takes the value at the start. One that is cut off has what is there of it.
pub(super) fn next<'a>(octets: &mut &'a [u8]) -> Option<Tlv<'a>> {
    let Ok(Some(Head { tag, head, len })) = head(octets) else {
        return None;
    };
    let rest = octets.get(head..)?;
    let (value, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    *octets = rest;
    Some(Tlv { tag, value })
}

/// Takes the value at the start where it has this tag.
pub(super) fn expect<'a>(octets: &mut &'a [u8], tag: u16) -> Option<&'a [u8]> {
    let mut after = *octets;
    let tlv = next(&mut after).filter(|tlv| tlv.tag == tag)?;
    *octets = after;
    Some(tlv.value)
}

/// An integer or an enumeration that is no larger than 64 bits and not negative.
pub(super) fn number(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 9 || value.first()? & 0x80 != 0 {
        return None;
    }
    let digits = value.iter().skip_while(|digit| **digit == 0);
    if digits.clone().count() > 8 {
        return None;
    }
    Some(digits.fold(0, |number, digit| number << 8 | u64::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_both_forms() {
        // X.690 section 8.1.3: 38 octets short, 201 octets long.
        assert_eq!(
            head(&[0x30, 38]),
            Ok(Some(Head {
                tag: 0x30,
                head: 2,
                len: 38
            }))
        );
        assert_eq!(
            head(&[0x30, 0x81, 201]),
            Ok(Some(Head {
                tag: 0x30,
                head: 3,
                len: 201
            }))
        );
        assert_eq!(head(&[0x30, 0x80]), Err(NotDefinite));
        assert_eq!(head(&[0x30, 0x82, 1]), Ok(None));
    }

    #[test]
    fn a_tag_of_the_long_form_keeps_both_octets() {
        assert_eq!(
            head(&[0x7f, 0x65, 0x82, 1, 2]),
            Ok(Some(Head {
                tag: 0x7f65,
                head: 5,
                len: 258
            }))
        );
    }

    #[test]
    fn numbers_are_whole_and_positive() {
        assert_eq!(number(&[0x00, 0x80]), Some(128));
        assert_eq!(number(&[0x80]), None);
        assert_eq!(number(&[]), None);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            let mut rest = &octets[..];
            while next(&mut rest).is_some() {}
        }
    }
}
