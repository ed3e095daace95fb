//! How the targets that want several frames read them from one run of octets.
//!
//! ```text
//! input = linktype (2 octets, big-endian), record ...
//! record = step (1), cut (1), length (2, big-endian), frame (length octets, or what is left)
//! ```
//!
//! The format has no wrong input, so that every change the fuzzer makes means something, and
//! `cargo xtask fuzz` can write it from a capture.

pub mod script;
pub mod seeds;
#[path = "../../support/talks.rs"]
mod talks;

use sekisho_model::{Linktype, Timestamp};

/// One frame with its time.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When it comes: near the one before, far behind it, before it, or at an end of time.
    pub time: Timestamp,
    /// Octets it had on the wire, at least those of `frame`.
    pub len: u32,
    /// What its first octets are.
    pub linktype: Linktype,
    /// The captured octets.
    pub frame: &'a [u8],
}

/// The link type that an input begins with, and what follows it.
#[must_use]
pub fn linktype(input: &[u8]) -> (Linktype, &[u8]) {
    match input.split_first_chunk() {
        Some((number, rest)) => (Linktype(u16::from_be_bytes(*number)), rest),
        None => (Linktype::ETHERNET, &[]),
    }
}

/// The records of an input.
pub fn records(input: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let (linktype, mut rest) = linktype(input);
    let mut nanos = 1_767_225_600_000_000_000;
    std::iter::from_fn(move || {
        let (&[step, cut, l0, l1], after) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([l0, l1])).min(after.len());
        let (frame, after) = after.split_at(length);
        rest = after;
        nanos = stepped(nanos, step);
        Some(Record {
            time: Timestamp::from_nanos(nanos),
            len: u32::try_from(frame.len()).unwrap_or(u32::MAX) + wire_excess(cut),
            linktype,
            frame,
        })
    })
}

/// The time after a step.
fn stepped(nanos: i64, step: u8) -> i64 {
    const MILLISECOND: i64 = 1_000_000;
    const SECOND: i64 = 1_000 * MILLISECOND;
    let size = i64::from(step & 0x1f);
    match step >> 5 {
        0 => nanos.saturating_add(size),
        1 => nanos.saturating_add(size * MILLISECOND),
        2 => nanos.saturating_add(size * SECOND),
        3 => nanos.saturating_add(size * 600 * SECOND),
        4 => nanos.saturating_sub(size * MILLISECOND),
        5 => nanos.saturating_sub(size * 60 * SECOND),
        6 => i64::MAX.saturating_sub(size),
        _ => i64::MIN.saturating_add(size),
    }
}

/// Octets that the snap length cut off: mostly none.
fn wire_excess(cut: u8) -> u32 {
    match cut {
        0..=0xef => 0,
        0xf0..=0xfe => u32::from(cut & 0x0f) * 100,
        0xff => u32::MAX - 0xffff,
    }
}
