//! Real captures are reassembled as tshark reassembles them.
//!
//! The set is looked for in `SEKISHO_CAPTURES`, else beside the work tree. Expected values are those of
//! tshark 4.0.17:
//!
//! ```text
//! tshark -r FILE -o ip.defragment:TRUE -o ipv6.defragment:TRUE \
//!     -Y 'ip.reassembled.data || ipv6.reassembled.data' -T fields -e frame.number \
//!     -e ip.fragment.count -e ipv6.fragment.count -e ip.reassembled.length -e ipv6.reassembled.length
//! ```
//!
//! and, for the digest, the same with `-e ip.reassembled.data -e ipv6.reassembled.data` through
//! `xxd -r -p | sha1sum`. Numbers of fragments are those of
//! `-o ip.defragment:FALSE -Y 'ip.flags.mf==1 || ip.frag_offset>0 || ipv6.fraghdr'`, outer headers only.

use std::path::{Path, PathBuf};

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_flow::defrag::{Anomaly, Config, Refusal};
use sha1::{Digest, Sha1};

use crate::support::{Outcome, Play, locate};

/// Number of the frame that completes a datagram, its fragments, its octets of data.
type Complete = (usize, u32, usize);

/// All that came out of one capture.
struct Seen {
    play: Play,
    complete: Vec<Complete>,
    refused: Vec<(usize, Refusal)>,
    digest: String,
}

fn reassemble(name: &str) -> Option<Seen> {
    let folder = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = folder.join("encap").join(name);
    if !path.exists() {
        skip(&path);
        return None;
    }
    let mut source = FileSource::open(&[path], Order::AsGiven).unwrap();
    let mut batch = Batch::with_capacity(1_000, 1 << 20);
    let mut seen = Seen {
        play: Play::new(Config::default()),
        complete: Vec::new(),
        refused: Vec::new(),
        digest: String::new(),
    };
    let mut sha1 = Sha1::new();
    let mut number = 0;
    loop {
        let fill = source.fill(&mut batch);
        for packet in batch.iter() {
            number += 1;
            let Some(fragment) = locate(packet.data, packet.len, packet.time) else {
                continue;
            };
            match seen.play.add(&fragment) {
                Outcome::Held => {}
                Outcome::NotHeld(refusal) => seen.refused.push((number, refusal)),
                Outcome::Complete => {
                    let rebuilt = seen.play.rebuilt.last().unwrap();
                    assert_eq!(rebuilt.time, packet.time);
                    let data = data(&rebuilt.octets);
                    seen.complete.push((number, rebuilt.frames, data.len()));
                    sha1.update(data);
                }
            }
        }
        batch.clear();
        if fill == Fill::End {
            break;
        }
    }
    seen.play.drain();
    seen.digest = sha1
        .finalize()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    Some(seen)
}

/// What follows the IP header, which strict etherparse must find without fault.
fn data(frame: &[u8]) -> &[u8] {
    let packet = etherparse::SlicedPacket::from_ethernet(frame).unwrap();
    assert!(!packet.is_ip_payload_fragmented());
    if let Some(etherparse::NetSlice::Ipv4(ip)) = &packet.net {
        let header = ip.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        assert_eq!(usize::from(header.total_len) + 14, frame.len());
        return &frame[14 + header.header_len()..];
    }
    &frame[54..]
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what was not tested"
)]
fn skip(path: &Path) {
    eprintln!(
        "SKIPPED: no {}; set SEKISHO_CAPTURES to the folder of captures",
        path.display()
    );
}

#[test]
fn ipv6_fragments_of_a_dns_answer_are_one_datagram() {
    let Some(seen) = reassemble("zeek-ipv6-fragmented-dns.pcap") else {
        return;
    };

    assert_eq!(seen.complete, [(8, 3, 3_238)]);
    assert_eq!(seen.digest, "8b2e490f8bbe0066deee810c65785ef1050fcc24");
    assert_eq!(seen.play.rebuilt[0].len, 1_494 + 1_494 + 436);
    // Ports 53 and 51851 in tshark, length 3238 in the UDP header.
    assert_eq!(
        seen.play.rebuilt[0].octets[54..60],
        [0, 53, 0xca, 0x8b, 0x0c, 0xa6]
    );
    // Frame 4 is a last fragment whose datagram has nothing else in the capture.
    assert_eq!(seen.play.released.len(), 1);
    assert_eq!(seen.play.released[0].len, 404);
    assert!(seen.refused.is_empty());
}

#[test]
fn every_fragmented_gtp_packet_is_one_datagram() {
    let Some(seen) = reassemble("zeek-gtp1_gn_normal_incl_fragmentation.pcap") else {
        return;
    };

    let frames: Vec<usize> = seen.complete.iter().map(|(frame, ..)| *frame).collect();
    assert_eq!(
        frames,
        [
            5, 11, 13, 15, 17, 19, 21, 23, 25, 27, 31, 33, 35, 37, 39, 43, 45, 47, 49, 51, 53, 58, 60, 62,
            64, 67, 69, 71, 74, 76, 78, 82, 84, 87, 89, 94
        ]
    );
    assert!(
        seen.complete
            .iter()
            .all(|(_, frames, octets)| (*frames, *octets) == (2, 1_496))
    );
    assert_eq!(seen.digest, "864343b24d56339b1cf317cb9ea604c24e65f775");
    assert!(
        seen.play
            .rebuilt
            .iter()
            .all(|rebuilt| rebuilt.anomalies.is_empty())
    );
    assert_eq!((seen.play.released.len(), seen.refused.len()), (4, 0));
}

#[test]
fn every_fragmented_erspan_packet_is_one_datagram() {
    let Some(seen) = reassemble("zeek-erspan.pcap") else {
        return;
    };

    assert_eq!(
        seen.complete,
        [
            (155, 3, 2_982),
            (160, 4, 5_902),
            (180, 3, 2_982),
            (183, 2, 2_801),
            (189, 3, 2_982),
            (194, 4, 5_902),
            (201, 3, 3_921),
            (218, 3, 2_982),
            (223, 4, 5_902),
            (231, 6, 7_476),
            (244, 2, 2_194),
            (252, 2, 1_954),
            (260, 6, 7_748),
            (269, 5, 6_777),
            (281, 3, 2_982),
            (284, 2, 2_936),
        ]
    );
    assert_eq!(seen.digest, "8770916d0917292599f33e8a4f5a378261000988");
    assert_eq!((seen.play.released.len(), seen.refused.len()), (0, 0));
}

#[test]
fn fragments_that_contradict_each_other_are_named_and_keep_what_came_first() {
    let Some(seen) = reassemble("zeek-fragmented-1.pcap") else {
        return;
    };

    // Data 0..18 with more to come, 48..164 as the last, 0..304 with more to come. tshark, too, ends it
    // at 164 octets, and names overlap, conflict and a fragment that is too long.
    assert_eq!(seen.complete, [(3, 3, 164)]);
    let rebuilt = &seen.play.rebuilt[0];
    assert_eq!(rebuilt.len, 60 + 150 + 338);
    let anomalies: Vec<_> = rebuilt.anomalies.iter().collect();
    assert_eq!(
        anomalies,
        [Anomaly::Conflict, Anomaly::EndsDiffer, Anomaly::Misaligned]
    );
    // The first frame's 18 octets are cut to 16; the third frame is full of 'X' after eight octets. (tshark
    // differs here: it takes overlaps from the fragment with the lower offset.)
    let data = &rebuilt.octets[34..];
    assert_eq!(data[..8], [0, 123, 0, 137, 0, 0x12, 0xbf, 0xe2]);
    assert_eq!(data[8..16], [0; 8]);
    assert_eq!(data[16..48], [b'X'; 32]);
    assert_eq!(data[48..56], [0, 123, 0, 137, 0, 0x74, 0xbf, 0x1e]);
    assert_eq!(data[56..], [0; 108]);
}

#[test]
fn a_datagram_without_its_last_fragment_is_given_back() {
    let Some(seen) = reassemble("zeek-fragmented-3.pcap") else {
        return;
    };

    assert!(seen.complete.is_empty() && seen.refused.is_empty());
    let lengths: Vec<u32> = seen.play.released.iter().map(|released| released.len).collect();
    assert_eq!(lengths, [1_514; 5]);
}
