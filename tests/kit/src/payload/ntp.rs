//! NTP version 4 packets.
//!
//! Source: RFC 5905 section 7.3.

/// Seconds from 1900 to 1970.
const ERA: u64 = 2_208_988_800;

/// A client's request, sent at this Unix time.
#[must_use]
pub fn request(time_ns: u64) -> Vec<u8> {
    let mut packet = vec![0x23, 0, 6, 0xec];
    packet.resize(40, 0);
    packet.extend(timestamp(time_ns));
    packet
}

/// A stratum 2 server's answer to a request sent at `sent_ns`.
#[must_use]
pub fn response(sent_ns: u64, received_ns: u64) -> Vec<u8> {
    let mut packet = vec![0x24, 2, 6, 0xe9];
    packet.extend([0, 0, 1, 0, 0, 0, 2, 0]); // Root delay and dispersion.
    packet.extend([10, 20, 1, 1]); // Reference: the upstream server's address.
    packet.extend(timestamp(received_ns.saturating_sub(17_000_000_000)));
    packet.extend(timestamp(sent_ns));
    packet.extend(timestamp(received_ns));
    packet.extend(timestamp(received_ns + 40_000));
    packet
}

fn timestamp(time_ns: u64) -> [u8; 8] {
    let seconds = (time_ns / 1_000_000_000 + ERA) & 0xffff_ffff;
    let fraction = ((time_ns % 1_000_000_000) << 32) / 1_000_000_000;
    (seconds << 32 | fraction).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_packets_have_forty_eight_octets() {
        assert_eq!(request(1_793_750_400_000_000_000).len(), 48);
        assert_eq!(
            response(1_793_750_400_000_000_000, 1_793_750_400_000_500_000).len(),
            48
        );
    }

    #[test]
    fn half_a_second_is_half_of_the_fraction() {
        // RFC 5905: 1970-01-01 is 2208988800 in era 0.
        assert_eq!(timestamp(500_000_000), [0x83, 0xaa, 0x7e, 0x80, 0x80, 0, 0, 0]);
    }
}
