//! Any fragments at any times: every frame comes out once, within the limits, and what is whole is whole.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use sekisho_flow::defrag::{Config, Defragmenter, FragmentIn, Released, Verdict};
use sekisho_fuzz::{Record, records};
use sekisho_wire::decode;

fuzz_target!(|input: &[u8]| {
    let config = Config {
        datagrams: 4,
        octets: 16 * 1024,
        timeout: Duration::from_secs(30),
    };
    let mut defragmenter = Defragmenter::new(config.clone());
    let mut released: Vec<Released> = Vec::new();
    let (mut given, mut given_octets, mut whole, mut alone) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut out_octets = 0_u64;
    for record in records(input) {
        let Some(fragment) = locate(&record) else {
            defragmenter.expire(record.time, &mut released);
            continue;
        };
        given += 1;
        given_octets += u64::from(record.len);
        match defragmenter.add(&fragment, &mut released) {
            Verdict::Held => {}
            Verdict::NotHeld(_) => {
                alone += 1;
                out_octets += u64::from(record.len);
            }
            Verdict::Complete(rebuilt) => {
                assert!(rebuilt.frames > 0);
                whole += u64::from(rebuilt.frames);
                out_octets += rebuilt.len;
                let wire = u32::try_from(rebuilt.octets.len()).unwrap();
                let frame = decode(&rebuilt.octets, rebuilt.linktype, wire);
                if let Some(layer) = frame.layers.first() {
                    assert_eq!(layer.ip.fragment, None, "a whole datagram is still a fragment");
                }
            }
        }
        let counters = defragmenter.counters();
        let back = released.len() as u64;
        assert_eq!(
            (
                counters.fragments,
                counters.reassembled,
                counters.released,
                counters.not_held
            ),
            (given, whole, back, alone)
        );
        assert_eq!(given, whole + back + alone + defragmenter.held());
        assert!(defragmenter.octets() <= config.octets);
    }
    defragmenter.drain(&mut released);
    assert_eq!((defragmenter.held(), defragmenter.octets()), (0, 0));
    assert_eq!(
        given,
        whole + released.len() as u64 + alone,
        "a frame went in and did not come out"
    );
    out_octets += released.iter().map(|frame| u64::from(frame.len)).sum::<u64>();
    assert_eq!(given_octets, out_octets, "octets went in and did not come out");
});

/// The fragment in a frame, as the decoder and the headers say it lies there.
fn locate<'a>(record: &Record<'a>) -> Option<FragmentIn<'a>> {
    let frame = decode(record.frame, record.linktype, record.len);
    let ip = frame.layers.first()?.ip;
    let fragment = ip.fragment?;
    let ip_start = frame.link.header_octets;
    let header = record.frame.get(ip_start..)?;
    let (header_octets, payload_octets) = if ip.source.is_ipv4() {
        let header_octets = usize::from(header[0] & 0x0f) * 4;
        let total = u32::from(u16::from_be_bytes([header[2], header[3]]));
        (header_octets, total.saturating_sub(header_octets as u32))
    } else {
        let declared = u32::from(u16::from_be_bytes([header[4], header[5]]));
        let at = fragment_header(header)?;
        (at + 8, declared.saturating_sub((at + 8 - 40) as u32))
    };
    Some(FragmentIn {
        source: ip.source,
        destination: ip.destination,
        protocol: header[9],
        identification: fragment.identification,
        offset: fragment.offset,
        more: fragment.more,
        frame: record.frame,
        ip_start,
        payload_start: ip_start + header_octets,
        payload_octets,
        len: record.len,
        linktype: record.linktype,
        time: record.time,
    })
}

/// Where the IPv6 fragment header begins (RFC 8200 section 4.5).
fn fragment_header(packet: &[u8]) -> Option<usize> {
    let (mut kind, mut at) = (packet[6], 40);
    while kind != 44 {
        let &[next, length] = packet.get(at..)?.first_chunk()?;
        at += (usize::from(length) + 1) * 8;
        kind = next;
    }
    Some(at)
}
