//! The layout of a block of a `TPACKET_V3` ring: its header and the frames in it.
//!
//! Source: `struct tpacket_block_desc`, `struct tpacket_hdr_v1` and `struct tpacket3_hdr` of Linux's
//! `include/uapi/linux/if_packet.h`, in the byte order of the machine. Everything is read through checks
//! of length, so that a block that makes no sense gives no frame and nothing worse.

use sekisho_model::Timestamp;

/// Where the status of a block lies in it.
pub(super) const STATUS: usize = 8;
/// Octets of a block's header.
const HEADER: usize = 48;
/// The kernel sets it when the frame had a VLAN tag, which it has taken out.
const VLAN_VALID: u32 = 1 << 4;
/// The kernel sets it when it also tells the tag's protocol.
const VLAN_TPID_VALID: u32 = 1 << 6;
/// EtherType of an IEEE 802.1Q tag.
const TPID_8021Q: u16 = 0x8100;

/// A frame as it lies in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockFrame<'a> {
    pub(super) time: Timestamp,
    /// Octets that it had when the kernel saw it, without the VLAN tag that it took out.
    pub(super) len: u32,
    pub(super) data: &'a [u8],
    /// The VLAN tag that was taken out: protocol and control information.
    pub(super) vlan: Option<(u16, u16)>,
}

/// How far the frames of a block are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    at: usize,
    left: u32,
}

impl Cursor {
    /// At the first frame of `block`.
    pub(super) fn first(block: &[u8]) -> Self {
        let left = u32_at(block, 12).unwrap_or(0);
        let at = u32_at(block, 16).unwrap_or(0) as usize;
        Self {
            at: at.max(HEADER),
            left,
        }
    }

    /// Frames that are still to come.
    pub(super) const fn left(&self) -> u32 {
        self.left
    }

    /// The next frame of `block`; none after the last, and none where it does not lie in the block.
    pub(super) fn next<'a>(&mut self, block: &'a [u8]) -> Option<BlockFrame<'a>> {
        if self.left == 0 {
            return None;
        }
        let header = block.get(self.at..)?;
        let next = u32_at(header, 0)? as usize;
        let captured = u32_at(header, 12)? as usize;
        let status = u32_at(header, 20)?;
        let mac = usize::from(u16_at(header, 24)?);
        let data = header.get(mac..mac.checked_add(captured)?)?;
        let frame = BlockFrame {
            time: Timestamp::from_seconds(i64::from(u32_at(header, 4)?), u32_at(header, 8)?),
            len: u32_at(header, 16)?,
            data,
            vlan: vlan(header, status),
        };
        self.left = self.left.saturating_sub(1);
        self.at = self.at.checked_add(next)?;
        Some(frame)
    }
}

fn vlan(header: &[u8], status: u32) -> Option<(u16, u16)> {
    if status & VLAN_VALID == 0 {
        return None;
    }
    let control = u16::try_from(u32_at(header, 32)? & 0xffff).ok()?;
    let protocol = if status & VLAN_TPID_VALID == 0 {
        TPID_8021Q
    } else {
        u16_at(header, 36)?
    };
    Some((protocol, control))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*octets.get(at..)?.first_chunk()?))
}

fn u16_at(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*octets.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with these frames, each with its octets at 66 of its header, as the kernel lays them.
    fn block(frames: &[(&[u8], u32, u32, u16)]) -> Vec<u8> {
        let mut block = vec![0; 48];
        block[12..16].copy_from_slice(&u32::try_from(frames.len()).unwrap().to_ne_bytes());
        block[16..20].copy_from_slice(&48_u32.to_ne_bytes());
        for (data, status, control, protocol) in frames {
            let mut header = vec![0; 66];
            let next = u32::try_from(66 + data.len()).unwrap().next_multiple_of(16);
            let length = u32::try_from(data.len()).unwrap();
            for (at, value) in [
                (0, next),
                (4, 1_700_000_000),
                (8, 5),
                (12, length),
                (16, length + 10),
                (20, *status),
                (32, *control),
            ] {
                header[at..at + 4].copy_from_slice(&value.to_ne_bytes());
            }
            header[24..26].copy_from_slice(&66_u16.to_ne_bytes());
            header[36..38].copy_from_slice(&protocol.to_ne_bytes());
            header.extend_from_slice(data);
            header.resize(next as usize, 0);
            block.extend(header);
        }
        block
    }

    #[test]
    fn frames_come_one_after_the_other_with_time_length_and_tag() {
        let block = block(&[
            (b"first", 1, 0, 0),
            (b"second", 1 | VLAN_VALID, 30, 0),
            (b"", 1 | VLAN_VALID | VLAN_TPID_VALID, 0x2005, 0x88a8),
        ]);
        let mut cursor = Cursor::first(&block);
        assert_eq!(cursor.left(), 3);

        let first = cursor.next(&block).unwrap();
        assert_eq!((first.data, first.len, first.vlan), (&b"first"[..], 15, None));
        assert_eq!(first.time, Timestamp::from_seconds(1_700_000_000, 5));
        assert_eq!(cursor.next(&block).unwrap().vlan, Some((0x8100, 30)));
        assert_eq!(cursor.next(&block).unwrap().vlan, Some((0x88a8, 0x2005)));
        assert_eq!(cursor.next(&block), None);
        assert_eq!(cursor.left(), 0);
    }

    #[test]
    fn a_frame_that_does_not_lie_in_its_block_is_none() {
        let whole = block(&[(b"first", 1, 0, 0), (b"second", 1, 0, 0)]);
        for cut in 0..whole.len() {
            let cut = &whole[..cut];
            let mut cursor = Cursor::first(cut);
            let mut frames = 0;
            while cursor.next(cut).is_some() {
                frames += 1;
            }
            assert!(frames <= 2);
        }
    }
}
