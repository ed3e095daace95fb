//! How much one end of a flow has sent: in half the space while it is little.

use sekisho_model::Counts;

/// Counts of one direction as long as each of them fits 32 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Volume {
    pub(crate) packets: u32,
    pub(crate) octets: u32,
    pub(crate) payload_octets: u32,
    pub(crate) frame_octets: u32,
}

impl Volume {
    /// Adds a packet; false, and nothing added, where a count would not fit.
    #[inline]
    pub(crate) fn add(&mut self, frames: u32, octets: u32, payload_octets: u32, frame_octets: u64) -> bool {
        let sum = (
            self.packets.checked_add(frames),
            self.octets.checked_add(octets),
            self.payload_octets.checked_add(payload_octets),
            u32::try_from(frame_octets)
                .ok()
                .and_then(|octets| self.frame_octets.checked_add(octets)),
        );
        let (Some(packets), Some(octets), Some(payload_octets), Some(frame_octets)) = sum else {
            return false;
        };
        *self = Self {
            packets,
            octets,
            payload_octets,
            frame_octets,
        };
        true
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.packets == 0
    }
}

/// What did not fit, of the originator and of the responder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spilled([[u64; 4]; 2]);

impl Spilled {
    /// Takes over what was counted and leaves nothing.
    pub(crate) fn take(&mut self, there: &mut Volume, back: &mut Volume) {
        let Self(sums) = self;
        for (sums, sent) in sums.iter_mut().zip([there, back]) {
            let sent = std::mem::take(sent);
            let counts = [sent.packets, sent.octets, sent.payload_octets, sent.frame_octets];
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum = sum.saturating_add(u64::from(count));
            }
        }
    }

    /// Adds what one end sent, in the order of [`Volume`].
    pub(crate) fn add(&mut self, by_originator: bool, counts: [u64; 4]) {
        let Self([there, back]) = self;
        let sums = if by_originator { there } else { back };
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum = sum.saturating_add(count);
        }
    }

    /// Adds octets of frames that are more than 32 bits by themselves.
    pub(crate) const fn add_frame_octets(&mut self, by_originator: bool, octets: u64) {
        let Self([[.., there], [.., back]]) = self;
        let sum = if by_originator { there } else { back };
        *sum = sum.saturating_add(octets);
    }

    /// Adds it all to what is counted beside it.
    pub(crate) fn add_to(&self, there: &mut Counts, back: &mut Counts) {
        let Self(sums) = self;
        for (&[packets, octets, payload_octets, frame_octets], counts) in sums.iter().zip([there, back]) {
            counts.packets = counts.packets.saturating_add(packets);
            counts.octets = counts.octets.saturating_add(octets);
            counts.payload_octets = counts.payload_octets.saturating_add(payload_octets);
            counts.frame_octets = counts.frame_octets.saturating_add(frame_octets);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_moved_and_no_octet_is_lost() {
        let (mut there, mut back, mut spilled) = (Volume::default(), Volume::default(), Spilled::default());
        back.add(1, 40, 0, 54);
        let mut expected = 0_u64;
        for _ in 0..70_000 {
            if !there.add(1, 65_535, 65_515, 65_549) {
                spilled.take(&mut there, &mut back);
                assert!(there.add(1, 65_535, 65_515, 65_549));
            }
            expected += 65_535;
        }
        spilled.add_frame_octets(true, 1 << 33);

        let mut counts = [Counts::default(), Counts::default()];
        counts[0].octets = u64::from(there.octets);
        counts[0].frame_octets = u64::from(there.frame_octets);
        let [to_resp, to_orig] = &mut counts;
        spilled.add_to(to_resp, to_orig);

        assert_eq!((to_resp.octets, to_orig.octets), (expected, 40));
        assert_eq!(to_resp.frame_octets, 70_000 * 65_549 + (1 << 33));
        assert!(!there.add(0, 0, 0, 1 << 32));
    }
}
