//! Any octets as a frame of any link type: bounded layers, one bucket, the same by every way of asking.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_fuzz::linktype;
use sekisho_wire::{Frame, MAX_LAYERS, decode, decode_into, icmp, partition};

fuzz_target!(|input: &[u8]| {
    let (linktype, rest) = linktype(input);
    let Some((&[e0, e1], octets)) = rest.split_first_chunk() else {
        return;
    };
    let len = octets.len() as u32 + u32::from(u16::from_be_bytes([e0, e1]));

    let frame = decode(octets, linktype, len);

    check_layers(&frame, octets);
    let mut used = decode(&octets[octets.len() / 2..], linktype, len);
    decode_into(&mut used, octets, linktype, len);
    assert_eq!(used, frame, "what was in a frame before changes what is read");
    // A frame cut off at any place is read as well; a few places are enough each time.
    for end in [octets.len() / 3, octets.len() / 2, octets.len().saturating_sub(1)] {
        let cut = &octets[..end];
        check_layers(&decode(cut, linktype, len), cut);
    }

    let Some(quick) = partition::quick(octets, linktype) else {
        return;
    };
    assert!(quick < partition::PARTITIONS);
    if let Some(layer) = frame.layers.first() {
        assert_eq!(
            partition::of_layer(layer),
            quick,
            "the quick partition is another one"
        );
        assert_eq!(frame.layers.len(), 1, "a tunnel was taken for a plain packet");
        assert_eq!(layer.ip.fragment, None, "a fragment was taken for a plain packet");
        let is_error =
            u8::try_from(layer.ip.source_port).is_ok_and(|kind| icmp::is_error(layer.ip.protocol, kind));
        assert!(!is_error, "an ICMP error was taken for a plain packet");
    }
});

fn check_layers(frame: &Frame<'_>, octets: &[u8]) {
    assert!(frame.layers.len() <= MAX_LAYERS);
    assert!(!frame.depth_met || frame.layers.len() == MAX_LAYERS);
    for (index, layer) in frame.layers.iter().enumerate() {
        assert_eq!(layer.carried_by.is_none(), index == 0);
        assert!(partition::of_layer(layer) < partition::PARTITIONS);
        let (ip, within) = (&layer.ip, octets.as_ptr_range());
        let payload = ip.payload.as_ptr_range();
        assert!(ip.payload.is_empty() || (within.start <= payload.start && payload.end <= within.end));
        assert!(ip.payload_octets <= ip.octets, "more payload than packet");
        assert_eq!(ip.source.is_ipv4(), ip.destination.is_ipv4());
    }
    if let Some(first) = frame.layers.first() {
        assert_eq!(first.link, frame.link);
        assert!(frame.link.header_octets < octets.len());
    }
}
