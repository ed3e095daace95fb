//! Checksums that are wrong: packets captured on the host that sends them, before its network card fills the
//! sums in (checksum offload), or packets damaged on the way.
//!
//! Sources: RFC 1071, RFC 791 section 3.1, RFC 9293 section 3.1, RFC 768, RFC 8200 section 8.1.

use sekisho_model::blind::MirrorFinding;

use super::{Context, is_share, percent, words};

/// Wrong packets that are needed before anything is said.
const ENOUGH: u64 = 20;
/// Hundredths of the packets that could be checked.
const SHARE: u64 = 5;
/// Packets of which each is checked; of later ones one in [`THEN`], since a sum reads the whole packet.
const FIRST: u64 = 512;
const THEN: u64 = 8;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Counts of packets that were captured whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checksums {
    packets: u64,
    wrong: u64,
    checked: u64,
}

impl Checksums {
    /// Takes the octets from an IP header on into account.
    pub(super) fn observe(&mut self, packet: &[u8]) {
        self.packets = self.packets.saturating_add(1);
        if self.packets > FIRST && !self.packets.is_multiple_of(THEN) {
            return;
        }
        if let Some(is_right) = check(packet) {
            self.checked = self.checked.saturating_add(1);
            self.wrong = self.wrong.saturating_add(u64::from(!is_right));
        }
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        let &Self { wrong, checked, .. } = self;
        if wrong < ENOUGH || !is_share(wrong, checked, SHARE) {
            return None;
        }
        let figures = (wrong, checked, percent(wrong, checked));
        Some(words::wrong_checksums(figures, &context.interface))
    }
}

/// Whether the sums of a packet are right; nothing where there is none to check, or not all of it is there.
fn check(packet: &[u8]) -> Option<bool> {
    match packet.first()? >> 4 {
        4 => check_ipv4(packet),
        6 => check_ipv6(packet),
        _ => None,
    }
}

fn check_ipv4(packet: &[u8]) -> Option<bool> {
    let header_octets = usize::from(packet.first()? & 15).saturating_mul(4);
    let total = usize::from(word(packet, 2)?);
    let header = packet.get(..header_octets).filter(|header| header.len() >= 20)?;
    let payload = packet.get(header_octets..total)?;
    if fold(sum(0, header)) != 0xffff {
        // A sender that leaves lengths to its network card leaves the length at 0, which is not read here.
        return Some(false);
    }
    let is_fragment = word(packet, 6)? & 0x3fff != 0;
    if is_fragment {
        return None;
    }
    let addresses = packet.get(12..20)?;
    check_transport(*packet.get(9)?, addresses, payload, true)
}

fn check_ipv6(packet: &[u8]) -> Option<bool> {
    let length = usize::from(word(packet, 4)?);
    let payload = packet.get(40..length.checked_add(40)?)?;
    check_transport(*packet.get(6)?, packet.get(8..40)?, payload, false)
}

fn check_transport(protocol: u8, addresses: &[u8], payload: &[u8], is_v4: bool) -> Option<bool> {
    let place = match protocol {
        TCP => 16,
        UDP => 6,
        _ => return None,
    };
    let given = word(payload, place)?;
    if protocol == UDP && given == 0 && is_v4 {
        return None; // Not used.
    }
    let length = u64::try_from(payload.len()).ok()?;
    let pseudo = sum(u64::from(protocol).saturating_add(length), addresses);
    Some(fold(sum(pseudo, payload)) == 0xffff)
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    let [high, low] = *octets.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_be_bytes([high, low]))
}

/// The sum of big-endian 16-bit words, the last one filled up with a zero, onto `start`.
///
/// Four octets at a time and in the byte order of the machine, which RFC 1071 section 2 (B) and (C) allow: a
/// sum of swapped words is the swapped sum, and a wide word is the sum of its halves once it is folded.
fn sum(start: u64, octets: &[u8]) -> u64 {
    let (words, rest) = octets.as_chunks::<4>();
    let sum = words.iter().fold(0_u64, |sum, word| {
        sum.wrapping_add(u64::from(u32::from_ne_bytes(*word))) // 2^32 words do not wrap it.
    });
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, octet)| *to = *octet);
    let sum = fold(sum.wrapping_add(u64::from(u32::from_ne_bytes(last))));
    let swapped = u16::from_be(u16::try_from(sum).unwrap_or_default());
    start.saturating_add(u64::from(swapped))
}

fn fold(mut sum: u64) -> u64 {
    while sum > 0xffff {
        sum = (sum & 0xffff).saturating_add(sum >> 16);
    }
    sum
}

#[cfg(test)]
mod tests {
    use etherparse::PacketBuilder;

    use super::*;

    fn packets() -> Vec<Vec<u8>> {
        let v4 = || PacketBuilder::ipv4([192, 0, 2, 1], [198, 51, 100, 2], 64);
        let v6 = || PacketBuilder::ipv6([1; 16], [2; 16], 64);
        let mut all = vec![Vec::new(); 4];
        v4().tcp(1, 2, 3, 4).write(&mut all[0], b"odd").unwrap();
        v4().udp(1, 2).write(&mut all[1], b"even").unwrap();
        v6().tcp(1, 2, 3, 4).write(&mut all[2], b"").unwrap();
        v6().udp(1, 2).write(&mut all[3], b"x").unwrap();
        all
    }

    #[test]
    fn sums_that_another_library_made_are_right_and_any_changed_octet_is_wrong() {
        for packet in packets() {
            assert_eq!(check(&packet), Some(true));
            let mut wrong = packet.clone();
            *wrong.last_mut().unwrap() ^= 0x55;
            assert_eq!(check(&wrong), Some(false));
        }
    }

    #[test]
    fn sums_are_those_of_words_added_one_by_one() {
        let octets: Vec<u8> = (0..=255)
            .cycle()
            .map(|octet: u8| octet.wrapping_mul(167))
            .take(1_999)
            .collect();
        for length in (0..64).chain([1_460, 1_999]) {
            let words = octets[..length].chunks(2);
            let one_by_one =
                words.map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)));
            let expected = one_by_one.fold(0, |sum, word| (sum + word) % 0xffff);
            assert_eq!(fold(sum(0, &octets[..length])) % 0xffff, expected, "{length}");
        }
    }

    #[test]
    fn cut_packets_and_sums_that_are_not_used_are_not_judged() {
        for packet in packets() {
            assert_eq!(check(&packet[..packet.len() - 1]), None);
        }
        let mut unused = packets().swap_remove(1);
        unused[26..28].fill(0);
        assert_eq!(check(&unused), None);
        assert_eq!(check(&[]), None);
    }
}
