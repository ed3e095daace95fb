//! The log of the packet filter pf.
//!
//! Source: LINKTYPE_PFLOG of the tcpdump group; `struct pfloghdr` of OpenBSD and FreeBSD.

use sekisho_model::FrameBucket;

use super::loopback;
use super::next::Next;

/// Reads the header: its length without padding, and the address family of the packet.
pub(super) fn read(frame: &[u8]) -> Next<'_> {
    let Some(&[length, family]) = frame.first_chunk() else {
        return Next::Other(FrameBucket::LinkTruncated, frame);
    };
    let length = usize::from(length).next_multiple_of(4);
    match frame.get(length..) {
        Some(packet) if length > 4 && loopback::is_ip(u32::from(family)) => Next::Ip(packet),
        Some(rest) => Next::Other(FrameBucket::OtherEthertype, rest),
        None => Next::Other(FrameBucket::LinkTruncated, frame),
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::Linktype;

    use super::super::ip_of;
    use super::*;

    #[test]
    fn the_packet_begins_after_the_padded_header() {
        let mut frame = vec![0; 64];
        (frame[0], frame[1]) = (61, 24);
        frame.push(0x60);

        assert_eq!(ip_of(&frame, Linktype::PFLOG), Ok(&[0x60][..]));
        assert_eq!(
            ip_of(&frame[..40], Linktype::PFLOG),
            Err(FrameBucket::LinkTruncated)
        );
        frame[1] = 1;
        assert_eq!(ip_of(&frame, Linktype::PFLOG), Err(FrameBucket::OtherEthertype));
    }
}
