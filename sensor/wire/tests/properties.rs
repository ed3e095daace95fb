//! Whatever is put into whatever else, a frame is read to an end: one bucket, a bounded number of
//! layers, nothing read from outside of it.

use proptest::prelude::*;
use sekisho_model::{FrameBucket, Linktype};
use sekisho_wire::{Frame, MAX_LAYERS, Tunnel, decode, decode_into, partition};

/// Headers that can stand one after another, as the frame types and tunnels that are read have them.
/// Declared lengths are 0, which stands for all that follows.
const HEADERS: &[&[u8]] = &[
    // IPv4 with IPv4, IPv6, GRE, EtherIP, MPLS, and with TCP.
    &[0x45, 0, 0, 0, 0, 1, 0, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 41, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 47, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 97, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 0x30, 0,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 137, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
    ],
    &[0x45, 0, 0, 0, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2],
    // A first and a later fragment.
    &[
        0x45, 0, 0, 0, 0, 1, 0x20, 0, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
    ],
    &[0x45, 0, 0, 0, 0, 1, 0, 9, 64, 4, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2],
    // IPv4 with UDP to VXLAN, VXLAN-GPE, GENEVE, GTP-U, L2TP, Teredo, MPLS, each with its header.
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x12, 0xb5, 0, 0, 0, 0, 8,
        0, 0, 0, 0, 0, 1, 0,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x12, 0xb6, 0, 0, 0, 0,
        12, 0, 0, 4, 0, 0, 1, 0,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x17, 0xc1, 0, 0, 0, 0, 1,
        0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0, 0,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x08, 0x68, 0, 0, 0, 0,
        0x34, 255, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x06, 0xa5, 0, 0, 0, 0, 0,
        2, 0, 1, 0, 1,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x0d, 0xd8, 0, 0, 0, 0, 0,
        0, 1, 1, 1, 1, 1, 1,
    ],
    &[
        0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2, 1, 1, 0x19, 0xeb, 0, 0, 0, 0,
    ],
    // IPv6 with IPv4, with destination options, and extension headers leading to IPv6 and to GRE.
    &[
        0x60, 0, 0, 0, 0, 0, 4, 64, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 32, 1, 13, 184, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
    ],
    &[
        0x60, 0, 0, 0, 0, 0, 60, 64, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 32, 1, 13, 184, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
    ],
    &[41, 0, 1, 4, 0, 0, 0, 0],
    &[47, 0, 1, 4, 0, 0, 0, 0],
    &[60, 0, 1, 4, 0, 0, 0, 0],
    // GRE with IPv4, IPv6, Ethernet, ERSPAN II and III, PPP in both versions.
    &[0, 0, 8, 0],
    &[0, 0, 0x86, 0xdd],
    &[0x20, 0, 0x65, 0x58, 0, 0, 1, 0],
    &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 1, 0, 1, 0, 0, 0, 0],
    &[
        0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    &[0, 0, 0x88, 0x0b],
    &[0x30, 1, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 1],
    // Ethernet with IPv4, IPv6, a tag, MPLS, PPPoE, a length, NSH, a backbone tag.
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 0],
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x86, 0xdd],
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x81, 0, 0, 7, 0x88, 0x47],
    &[
        2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x88, 0x64, 0x11, 0, 0, 1, 0, 0,
    ],
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0, 64],
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x89, 0x4f],
    &[2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 0x88, 0xe7, 0, 0, 0, 1],
    // A label, a control word, SNAP, PPP with IPv4, IPv6, MPLS and bridging, NSH with Ethernet.
    &[0, 1, 1, 64],
    &[0, 0, 0, 1],
    &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
    &[0xff, 3, 0, 0x21],
    &[0x57],
    &[2, 0x81],
    &[0, 0x31, 0, 1],
    &[0x0f, 0xc2, 2, 3, 0, 0, 1, 1],
    // What capture programs put before a frame.
    &[0, 0, 8, 0, 1, 0, 0, 0],
    &[0, 0, 9, 0, 2, 0, 0, 0, 0x20],
    &[
        0x88, 2, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0,
    ],
    &[2, 0, 0, 0],
    &[0x0f, 0, 8, 0],
];

/// Link types that are read, and one that is not.
const LINKTYPES: &[u16] = &[
    0, 1, 9, 12, 50, 51, 101, 104, 105, 108, 113, 117, 127, 147, 192, 228, 229, 239, 258, 276,
];

/// Headers in any order, some octets changed, the end cut off.
fn nest() -> impl Strategy<Value = Vec<u8>> {
    let headers = proptest::collection::vec(proptest::sample::select(HEADERS), 0..14);
    let tail = proptest::collection::vec(any::<u8>(), 0..40);
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    (headers, tail, changes, any::<Option<prop::sample::Index>>()).prop_map(
        |(headers, tail, changes, cut)| {
            let mut frame = [headers.concat(), tail].concat();
            for (index, octet) in changes {
                let length = frame.len();
                if length > 0 {
                    frame[index.index(length)] = octet;
                }
            }
            if let Some(cut) = cut {
                frame.truncate(cut.index(frame.len() + 1));
            }
            frame
        },
    )
}

/// What is true of every decoded frame.
fn check(octets: &[u8], frame: &Frame<'_>, len: u32) -> Result<(), TestCaseError> {
    let is_flow = matches!(
        frame.bucket,
        FrameBucket::Tcp
            | FrameBucket::Udp
            | FrameBucket::Icmp
            | FrameBucket::Icmpv6
            | FrameBucket::OtherIp
            | FrameBucket::Fragment
            | FrameBucket::TransportDamaged
    );
    prop_assert_eq!(is_flow, !frame.layers.is_empty());
    prop_assert!(!frame.depth_met || frame.layers.len() == MAX_LAYERS);
    for (number, layer) in frame.layers.iter().enumerate() {
        prop_assert_eq!(layer.carried_by.is_none(), number == 0);
        prop_assert!(layer.ip.payload_octets <= layer.ip.octets);
        prop_assert!(layer.link.header_octets <= octets.len());
        let (range, payload) = (octets.as_ptr_range(), layer.ip.payload.as_ptr_range());
        prop_assert!(
            layer.ip.payload.is_empty() || (range.start <= payload.start && payload.end <= range.end)
        );
    }
    if let Some(first) = frame.layers.first() {
        prop_assert_eq!((first.frame_octets, first.link), (len, frame.link));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8192))]

    #[test]
    fn nested_headers_of_every_link_type_end_in_a_bucket(
        octets in nest(),
        linktype in proptest::sample::select(LINKTYPES),
        len: u32,
    ) {
        let frame = decode(&octets, Linktype(linktype), len);

        check(&octets, &frame, len)?;
    }

    #[test]
    fn any_octets_of_every_link_type_end_in_a_bucket(octets: Vec<u8>, linktype in 0_u16..300, len: u32) {
        let frame = decode(&octets, Linktype(linktype), len);

        check(&octets, &frame, len)?;
    }

    #[test]
    fn a_partition_found_without_decoding_is_that_of_the_only_layer(octets in nest()) {
        if let Some(partition) = partition::quick(&octets, Linktype::RAW) {
            let frame = decode(&octets, Linktype::RAW, 9000);
            let layers: Vec<usize> = frame.layers.iter().map(partition::of_layer).collect();
            prop_assert!(layers.is_empty() || layers == [partition], "{layers:?}");
        }
    }

    #[test]
    fn a_frame_that_is_used_again_remembers_nothing(one in nest(), other in nest(), len: u32) {
        let mut frame = Frame::default();
        decode_into(&mut frame, &one, Linktype::ETHERNET, len);
        decode_into(&mut frame, &other, Linktype::ETHERNET, len);

        prop_assert_eq!(frame, decode(&other, Linktype::ETHERNET, len));
    }
}

#[test]
fn a_packet_in_a_hundred_packets_is_read_to_the_limit() {
    let ip_in_ip = HEADERS[0];
    let in_gre = [HEADERS[2], HEADERS[20]].concat();
    let in_vxlan = [HEADERS[8], HEADERS[27]].concat();
    for (bomb, tunnel) in [
        (ip_in_ip, Tunnel::IpInIp),
        (&in_gre, Tunnel::Gre),
        (&in_vxlan, Tunnel::Vxlan),
    ] {
        let octets = [bomb.repeat(100), HEADERS[5].to_vec()].concat();

        let frame = decode(&octets, Linktype::RAW, 9000);

        assert!(frame.depth_met);
        assert_eq!(frame.layers.len(), MAX_LAYERS);
        assert!(
            frame.layers[1..]
                .iter()
                .all(|layer| layer.carried_by == Some(tunnel))
        );
        let inside = frame.innermost().unwrap().ip.payload;
        assert!(
            octets.len() - inside.len() < 9 * bomb.len(),
            "what lies deeper is payload"
        );
    }
}

#[test]
fn the_deepest_packet_within_the_limit_is_read() {
    let octets = [HEADERS[0].repeat(MAX_LAYERS - 1), HEADERS[5].to_vec()].concat();

    let frame = decode(&octets, Linktype::RAW, 9000);

    assert_eq!((frame.layers.len(), frame.depth_met), (MAX_LAYERS, false));
    assert_eq!(frame.bucket, FrameBucket::TransportDamaged);
}
