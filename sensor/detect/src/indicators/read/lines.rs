//! Lines of a bounded length.

use std::io::{self, BufRead};

/// Octets of a line that are read; a longer one is passed over as a mistake.
pub const MAX_LINE: usize = 16 * 1024;

/// Calls for every line with its number, without its end. What is no UTF-8 has the replacement
/// character in its place, and a line that is too long comes cut, with `true`.
pub(super) fn for_each(input: &mut dyn BufRead, mut each: impl FnMut(u64, &str, bool)) -> io::Result<u64> {
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        let is_cut = match read_line(input, &mut line)? {
            None => return Ok(number),
            Some(is_cut) => is_cut,
        };
        number = number.saturating_add(1);
        let octets = if number == 1 {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line)
        } else {
            &line
        };
        let octets = octets.strip_suffix(b"\r").unwrap_or(octets);
        each(number, &String::from_utf8_lossy(octets), is_cut);
    }
}

/// Reads to the end of the line; says whether it was too long. Nothing where the input has ended.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let (mut is_cut, mut is_some) = (false, false);
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(is_some.then_some(is_cut));
        }
        is_some = true;
        let end = buffer.iter().position(|octet| *octet == b'\n');
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = MAX_LINE.saturating_sub(line.len());
        is_cut |= part.len() > room;
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        let used = part.len().saturating_add(usize::from(end.is_some()));
        input.consume(used);
        if end.is_some() {
            return Ok(Some(is_cut));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_with_their_numbers_whatever_ends_them() {
        let mut seen = Vec::new();
        let mut input = "\u{feff}a\r\n\nb".as_bytes();

        let lines = for_each(&mut input, |number, line, _| seen.push((number, line.to_owned()))).unwrap();

        assert_eq!(
            seen,
            [(1, "a".to_owned()), (2, String::new()), (3, "b".to_owned())]
        );
        assert_eq!(lines, 3);
    }

    #[test]
    fn a_line_without_end_takes_no_more_room_than_a_long_one() {
        let long = [vec![b'a'; 10 * MAX_LINE], b"\nb".to_vec()].concat();
        let mut seen = Vec::new();

        for_each(&mut &*long, |_, line, is_cut| seen.push((line.len(), is_cut))).unwrap();

        assert_eq!(seen, [(MAX_LINE, true), (1, false)]);
    }
}
