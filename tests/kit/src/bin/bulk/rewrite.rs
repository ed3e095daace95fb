//! Changes the host parts of a frame's IP addresses and keeps right checksums right, and wrong ones wrong.
//!
//! Private networks stay private, multicast, loopback and unspecified addresses stay themselves. Addresses
//! inside payloads (quoted packets of ICMP, tunnels, NDP, ARP) are left alone.
//! Source of the incremental update: RFC 1624.

/// Applies exclusive or with `key` to the host part of both addresses; key 0 changes nothing.
pub(crate) fn hosts(frame: &mut [u8], key: u32) {
    if key == 0 {
        return;
    }
    // What is cut short stays as it is.
    let _ = ip(frame, key);
}

fn ip(frame: &mut [u8], key: u32) -> Option<()> {
    let mut at = 12;
    let mut ether_type = word(frame, at)?;
    while matches!(ether_type, 0x8100 | 0x88a8 | 0x9100) {
        at += 4;
        ether_type = word(frame, at)?;
    }
    let packet = frame.get_mut(at + 2..)?;
    match ether_type {
        0x0800 => v4(packet, key),
        0x86dd => v6(packet, key),
        _ => None,
    }
}

fn v4(packet: &mut [u8], key: u32) -> Option<()> {
    let header_len = usize::from(packet.first()? & 0x0f) * 4;
    let protocol = *packet.get(9)?;
    let first_fragment = word(packet, 6)? & 0x1fff == 0;
    let mut sum = Change::default();
    for at in [12, 16] {
        let address = *packet.get(at..)?.first_chunk::<4>()?;
        sum.replace(
            packet,
            at,
            u32::from_be_bytes(address) ^ key & v4_host_bits(address),
        )?;
    }
    sum.apply(packet, 10)?;
    if first_fragment {
        sum.transport(packet, header_len, protocol)?;
    }
    Some(())
}

const fn v4_host_bits(address: [u8; 4]) -> u32 {
    match address {
        [10, ..] => 0x00ff_ffff,
        [172, 16..=31, ..] => 0x000f_ffff,
        [0 | 127 | 224..=255, ..] => 0,
        _ => 0x0000_ffff,
    }
}

fn v6(packet: &mut [u8], key: u32) -> Option<()> {
    let mut next = *packet.get(6)?;
    let mut sum = Change::default();
    for at in [8, 24] {
        let address = *packet.get(at..)?.first_chunk::<16>()?;
        let reserved = address.starts_with(&[0; 15]) || address[0] == 0xff;
        if !reserved {
            let [.., a, b, c, d] = address;
            sum.replace(packet, at + 12, u32::from_be_bytes([a, b, c, d]) ^ key)?;
        }
    }
    let mut at = 40;
    // Hop-by-hop and destination options before the transport header.
    while matches!(next, 0 | 60) {
        next = *packet.get(at)?;
        at += (usize::from(*packet.get(at + 1)?) + 1) * 8;
    }
    sum.transport(packet, at, next)
}

/// By how much the ones' complement sum of the changed words has grown.
#[derive(Default)]
struct Change(u32);

impl Change {
    fn replace(&mut self, packet: &mut [u8], at: usize, new: u32) -> Option<()> {
        let octets = packet.get_mut(at..)?.first_chunk_mut::<4>()?;
        let old = u32::from_be_bytes(*octets);
        *octets = new.to_be_bytes();
        for shift in [16, 0] {
            self.0 += !(old >> shift) & 0xffff;
            self.0 += new >> shift & 0xffff;
        }
        Some(())
    }

    /// RFC 1624, equation 3.
    fn apply(&self, packet: &mut [u8], at: usize) -> Option<()> {
        let octets = packet.get_mut(at..)?.first_chunk_mut::<2>()?;
        let mut sum = self.0 + u32::from(!u16::from_be_bytes(*octets));
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        *octets = (!u16::try_from(sum).ok()?).to_be_bytes();
        Some(())
    }

    /// The checksum under the pseudo header, where the protocol has one.
    fn transport(&self, packet: &mut [u8], header: usize, protocol: u8) -> Option<()> {
        match protocol {
            6 => self.apply(packet, header + 16),
            // 0 says that there is no checksum.
            17 if word(packet, header + 6)? != 0 => self.apply(packet, header + 6),
            58 => self.apply(packet, header + 2),
            _ => Some(()),
        }
    }
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use sekisho_kit::{Frame, Segment};

    use super::*;

    #[test]
    fn a_rewritten_frame_is_what_one_would_have_built() {
        let segment = Segment::new(50_000, 443).flags(Segment::SYN).payload(b"odd");
        for [from, to, new_from, new_to] in [
            ["10.0.0.1", "198.51.100.2", "10.18.52.87", "198.51.80.84"],
            ["192.168.1.1", "224.0.0.251", "192.168.53.87", "224.0.0.251"],
            ["2001:db8::1", "ff02::fb", "2001:db8::12:3457", "ff02::fb"],
        ] {
            let mut tcp = Frame::between(from, to).vlan(7).tcp(&segment);
            let mut udp = Frame::between(from, to).udp(5_000, 53, b"query");

            hosts(&mut tcp, 0x0012_3456);
            hosts(&mut udp, 0x0012_3456);

            assert_eq!(
                tcp,
                Frame::between(new_from, new_to).vlan(7).tcp(&segment),
                "{from}"
            );
            assert_eq!(
                udp,
                Frame::between(new_from, new_to).udp(5_000, 53, b"query"),
                "{from}"
            );
        }
    }

    #[test]
    fn a_short_frame_is_left_alone() {
        let whole = Frame::between("10.0.0.1", "10.0.0.2").udp(1, 2, b"");
        for len in 0..whole.len() {
            hosts(&mut whole[..len].to_vec(), u32::MAX);
        }
    }
}
