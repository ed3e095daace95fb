//! Frames of an Initial packet: those of the handshake are handed on, the others passed over.
//!
//! Source: RFC 9000 sections 12.4 and 19. An Initial packet holds PADDING, PING, ACK, CRYPTO and
//! CONNECTION_CLOSE and nothing else.

use crate::app::octets::Octets;

const PADDING: u64 = 0x00;
const PING: u64 = 0x01;
const ACK: u64 = 0x02;
const ACK_ECN: u64 = 0x03;
const CRYPTO: u64 = 0x06;
const CONNECTION_CLOSE: u64 = 0x1c;

/// Most ranges of one acknowledgement; a packet of this kind has few.
const MAX_RANGES: u64 = 256;

/// What a packet holds besides the handshake's octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Frames {
    /// Whether the connection is closed.
    pub(super) closes: bool,
    /// Whether every octet was read as a frame; octets that were not captured do not count.
    pub(super) is_sound: bool,
}

/// Walks the frames of a payload and hands on offset and octets of each CRYPTO frame. Where `is_cut`
/// the last frame may end early.
pub(super) fn walk(payload: &[u8], is_cut: bool, mut crypto: impl FnMut(u64, &[u8])) -> Frames {
    let mut cursor = Octets(payload);
    let mut frames = Frames::default();
    while !cursor.0.is_empty() {
        // Most of a first packet is padding.
        if cursor.0.first() == Some(&0) {
            let end = cursor.0.iter().position(|octet| *octet != 0);
            cursor.0 = cursor.0.get(end.unwrap_or(cursor.0.len())..).unwrap_or_default();
            continue;
        }
        match one(&mut cursor, is_cut, &mut crypto) {
            Step::Next => {}
            Step::Closes => frames.closes = true,
            Step::Ends => {
                frames.is_sound = is_cut;
                return frames;
            }
            Step::Broken => return frames,
        }
    }
    frames.is_sound = true;
    frames
}

enum Step {
    Next,
    Closes,
    /// The payload ends within this frame.
    Ends,
    Broken,
}

fn one(cursor: &mut Octets<'_>, is_cut: bool, crypto: &mut impl FnMut(u64, &[u8])) -> Step {
    let Some(kind) = cursor.varint() else {
        return Step::Ends;
    };
    let step = match kind {
        PADDING | PING => Some(Step::Next),
        ACK | ACK_ECN => acknowledgement(cursor, kind == ACK_ECN),
        CRYPTO => handshake(cursor, is_cut, crypto),
        CONNECTION_CLOSE => close(cursor),
        _ => Some(Step::Broken),
    };
    step.unwrap_or(Step::Ends)
}

fn acknowledgement(cursor: &mut Octets<'_>, has_ecn: bool) -> Option<Step> {
    cursor.varint()?;
    cursor.varint()?;
    let ranges = cursor.varint()?;
    if ranges > MAX_RANGES {
        return Some(Step::Broken);
    }
    let counts = if has_ecn { 3 } else { 0 };
    let numbers = ranges.saturating_mul(2).saturating_add(1).saturating_add(counts);
    for _ in 0..numbers {
        cursor.varint()?;
    }
    Some(Step::Next)
}

fn handshake(cursor: &mut Octets<'_>, is_cut: bool, crypto: &mut impl FnMut(u64, &[u8])) -> Option<Step> {
    let offset = cursor.varint()?;
    let len = usize::try_from(cursor.varint()?).ok()?;
    if let Some(octets) = cursor.take(len) {
        crypto(offset, octets);
        return Some(Step::Next);
    }
    if is_cut {
        crypto(offset, cursor.0);
    }
    None
}

fn close(cursor: &mut Octets<'_>) -> Option<Step> {
    cursor.varint()?;
    cursor.varint()?;
    let reason = usize::try_from(cursor.varint()?).ok()?;
    cursor.take(reason)?;
    Some(Step::Closes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_is_found_between_other_frames() {
        // RFC 9001 appendix A.3: ACK of packet 0, then CRYPTO at offset 0 of 0x5a octets.
        let mut payload = vec![0x02, 0x00, 0x00, 0x00, 0x00, 0x06, 0x00, 0x40, 0x5a];
        payload.extend([7; 0x5a]);
        payload.extend([0, 0, 1, 0]);
        let mut seen = Vec::new();

        let frames = walk(&payload, false, |offset, octets| {
            seen.push((offset, octets.len()));
        });

        assert!(frames.is_sound && !frames.closes);
        assert_eq!(seen, [(0, 0x5a)]);
    }

    #[test]
    fn a_frame_that_has_no_place_here_ends_the_walk() {
        // STREAM, and CRYPTO longer than its packet.
        for payload in [&[0x08, 0, 0][..], &[0x06, 0, 9, 1]] {
            assert!(!walk(payload, false, |_, _| panic!("no handshake")).is_sound);
        }
        let mut seen = 0;
        assert!(walk(&[0x06, 0, 9, 1], true, |_, octets| seen += octets.len()).is_sound);
        assert_eq!(seen, 1);
    }

    proptest::proptest! {
        #[test]
        fn no_payload_is_walked_out_of(payload: Vec<u8>, is_cut: bool) {
            let mut total = 0;
            walk(&payload, is_cut, |_, octets| total += octets.len());
            proptest::prop_assert!(total <= payload.len());
        }
    }
}
