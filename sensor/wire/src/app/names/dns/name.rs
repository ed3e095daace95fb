//! Names in a message: walked label by label, and written as text.
//!
//! Source: RFC 1035 sections 3.1, 4.1.4 and 5.1; the limits are those of section 2.3.4.

/// Octets of a name in a message, its end among them.
const MAX: usize = 255;
/// Characters of a usual name: room for them is made at once.
const USUAL: usize = 64;

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app::names) enum Fault {
    /// The octets end.
    Cut,
    /// No message has this.
    Malformed,
    /// A name that points forward or to itself.
    Loop,
}

/// Hands out the labels of the name at `at`; answers where the octets after it begin.
///
/// A pointer must lead before every part of the name that was read, so that each name ends.
pub(super) fn walk<'a>(
    message: &'a [u8],
    mut at: usize,
    mut label: impl FnMut(&'a [u8]),
) -> Result<usize, Fault> {
    let (mut after, mut lowest, mut octets) = (None, at, 1_usize);
    loop {
        let length = *message.get(at).ok_or(Fault::Cut)?;
        let next = at.saturating_add(1);
        match length {
            0 => return Ok(after.unwrap_or(next)),
            1..=63 => {
                let end = next.saturating_add(usize::from(length));
                let text = message.get(next..end).ok_or(Fault::Cut)?;
                octets = octets.saturating_add(text.len()).saturating_add(1);
                if octets > MAX {
                    return Err(Fault::Malformed);
                }
                label(text);
                at = end;
            }
            0xc0.. => {
                let low = *message.get(next).ok_or(Fault::Cut)?;
                after.get_or_insert(next.saturating_add(1));
                at = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                if at >= lowest {
                    return Err(Fault::Loop);
                }
                lowest = at;
            }
            _ => return Err(Fault::Malformed),
        }
    }
}

/// The name at `at` as text, without the last dot; the root is a dot. And where it ends.
pub(in crate::app::names) fn read(message: &[u8], at: usize) -> Result<(Box<str>, usize), Fault> {
    let mut text = String::with_capacity(USUAL);
    let after = read_into(message, at, &mut text)?;
    // A copy of its own length costs less than giving back what is left over.
    Ok((text.as_str().into(), after))
}

/// The same in the place of what `text` holds; answers where it ends.
pub(super) fn read_into(message: &[u8], at: usize, text: &mut String) -> Result<usize, Fault> {
    text.clear();
    let after = walk(message, at, |label| push(label, text))?;
    if text.is_empty() {
        text.push('.');
    }
    Ok(after)
}

/// A name that may lack its end, as that of a host without its domain: the labels that are there.
pub(in crate::app::names) fn partial(octets: &[u8]) -> Box<str> {
    let mut text = String::with_capacity(USUAL);
    // What is missing at the end is no fault here.
    let _ = walk(octets, 0, |label| push(label, &mut text));
    text.as_str().into()
}

fn push(label: &[u8], text: &mut String) {
    if !text.is_empty() {
        text.push('.');
    }
    escape(label, text);
}

/// Writes a label: dots and backslashes in it behind a backslash, octets that are no text as three
/// decimal digits behind one. Letters keep their case; UTF-8, which mDNS uses, is text.
pub(super) fn escape(label: &[u8], text: &mut String) {
    // Without a branch for each octet, so that the compiler compares many at once.
    let is_plain = label.iter().fold(true, |all, octet| {
        all & matches!(octet, b' '..=b'~') & (*octet != b'.') & (*octet != b'\\')
    });
    if is_plain && let Ok(plain) = std::str::from_utf8(label) {
        text.push_str(plain);
        return;
    }
    for chunk in label.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '.' | '\\' => text.extend(['\\', character]),
                '\0'..='\x1f' | '\x7f' => escape_octet(u32::from(character).to_le_bytes()[0], text),
                _ => text.push(character),
            }
        }
        for octet in chunk.invalid() {
            escape_octet(*octet, text);
        }
    }
}

fn escape_octet(octet: u8, text: &mut String) {
    let digit = |digit: u8| char::from(b'0'.saturating_add(digit % 10));
    text.push('\\');
    // Each digit by itself: formatting takes its time over every number.
    for digit in [digit(octet / 100), digit(octet / 10), digit(octet)] {
        text.push(digit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_share_their_ends() {
        // RFC 1035 section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92.
        let mut message = [0; 93];
        message[20..32].copy_from_slice(b"\x01F\x03ISI\x04ARPA\0");
        message[40..46].copy_from_slice(b"\x03FOO\xc0\x14");
        message[64..66].copy_from_slice(b"\xc0\x1a");

        assert_eq!(read(&message, 20), Ok(("F.ISI.ARPA".into(), 32)));
        assert_eq!(read(&message, 40), Ok(("FOO.F.ISI.ARPA".into(), 46)));
        assert_eq!(read(&message, 64), Ok(("ARPA".into(), 66)));
        assert_eq!(read(&message, 92), Ok((".".into(), 93)));
    }

    #[test]
    fn names_that_point_in_circles_or_ahead_are_loops() {
        assert_eq!(read(b"\xc0\x00", 0), Err(Fault::Loop));
        assert_eq!(read(b"\x01a\xc0\x00", 0), Err(Fault::Loop));
        assert_eq!(read(b"\xc0\x02\x01a\0", 0), Err(Fault::Loop));
        assert_eq!(read(b"\xc0\x02\xc0\x00", 2), Err(Fault::Loop));
    }

    #[test]
    fn what_no_zone_file_could_hold_is_escaped() {
        let label = b"a.b\\c \n\xff\xe6\x9d\xb1";
        let mut name = vec![u8::try_from(label.len()).unwrap()];
        name.extend(label);
        name.push(0);

        let (text, _) = read(&name, 0).unwrap();

        assert_eq!(&*text, "a\\.b\\\\c \\010\\255東");
    }

    #[test]
    fn names_have_255_octets_at_most() {
        let longest = [&[63; 64][..], &[63; 64], &[63; 64], &[61; 62], &[0]].concat();
        assert_eq!(longest.len(), 255);
        assert!(read(&longest, 0).is_ok());

        let longer = [&[63; 64][..], &[63; 64], &[63; 64], &[62; 63], &[0]].concat();
        assert_eq!(read(&longer, 0), Err(Fault::Malformed));
        assert_eq!(read(b"\x40", 0), Err(Fault::Malformed));
        assert_eq!(read(b"\x02a", 0), Err(Fault::Cut));
    }
}
