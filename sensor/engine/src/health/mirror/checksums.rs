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
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Counts of packets that were captured whole.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checksums {
    wrong: u64,
    checked: u64,
}

impl Checksums {
    /// Takes the octets from an IP header on into account.
    pub(super) fn observe(&mut self, packet: &[u8]) {
        if let Some(is_right) = check(packet) {
            self.checked = self.checked.saturating_add(1);
            self.wrong = self.wrong.saturating_add(u64::from(!is_right));
        }
    }

    pub(super) fn judge(&self, context: &Context) -> Option<MirrorFinding> {
        let &Self { wrong, checked } = self;
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

fn sum(start: u64, octets: &[u8]) -> u64 {
    let (pairs, rest) = octets.as_chunks::<2>();
    let sum = pairs.iter().fold(start, |sum, pair| {
        sum.saturating_add(u64::from(u16::from_be_bytes(*pair)))
    });
    let last = rest.first().map_or(0, |octet| u64::from(*octet) << 8);
    sum.saturating_add(last)
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
