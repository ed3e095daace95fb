//! Every format that is read, with values worked out by hand.

use sekisho_capture::{FileSource, Order, Source};

use super::builders::{
    Big, Little, MICROS, MODIFIED, NANOS, block, enhanced, gzip, interface, option, pcap_at, pcap_header,
    pcap_header_of_version, pcap_of_four, pcapng_of_all_kinds, record, section, simple, zstd,
};
use super::reading::{Folder, drain, read, read_whole, seen};

#[test]
fn pcap_is_read_under_every_magic() {
    for endian in [Little, Big] {
        for (magic, nanos) in [(MICROS, 7_000), (NANOS, 7)] {
            let mut file = pcap_header(endian, magic, 113);
            file.extend(record(endian, 1_700_000_000, 7, 1500, b"abc"));

            let expected = seen(1_700_000_000_000_000_000 + nanos, 1500, 113, b"abc");
            assert_eq!(read_whole(&file), [expected], "{endian:?} {magic:08x}");
        }
    }
}

#[test]
fn the_modified_format_has_eight_more_octets_in_each_record() {
    for endian in [Little, Big] {
        let mut file = pcap_header(endian, MODIFIED, 1);
        for mark in [1, 2] {
            let mut record = record(endian, 5, 6, 60, &[mark; 3]);
            record.splice(16..16, [0xee; 8]);
            file.extend(record);
        }

        let at = 5_000_006_000;
        assert_eq!(
            read_whole(&file),
            [seen(at, 60, 1, &[1; 3]), seen(at, 60, 1, &[2; 3])]
        );
    }
}

#[test]
fn the_upper_half_of_the_link_type_field_speaks_of_checksums() {
    let mut file = pcap_header(Little, MICROS, 0x4400_0001);
    file.extend(record(Little, 0, 0, 3, b"abc"));

    assert_eq!(read_whole(&file)[0].linktype, 1);
}

#[test]
fn versions_before_2_4_may_have_the_lengths_the_other_way_round() {
    // The writer puts the captured length (3) first; the second number is 60.
    for (version, len, captured) in [((2, 4), 60, 3), ((2, 3), 60, 3), ((2, 2), 3, 60)] {
        let mut file = pcap_header_of_version(Little, MICROS, 1, version);
        let mut record = record(Little, 0, 0, 60, b"abc");
        record.resize(16 + captured, 0);
        file.extend(record);

        let packets = read_whole(&file);
        assert_eq!(
            (packets[0].len, packets[0].data.len()),
            (len, captured),
            "{version:?}"
        );
    }
}

#[test]
fn a_file_header_alone_is_a_capture_without_packets() {
    assert_eq!(read_whole(&pcap_header(Big, NANOS, 1)), []);
    assert_eq!(read_whole(&section(Big)), []);
}

#[test]
fn sections_of_either_byte_order_follow_one_another() {
    let mut file = Vec::new();
    for (endian, linktype) in [(Little, 1), (Big, 101), (Little, 276)] {
        file.extend(section(endian));
        file.extend(interface(endian, linktype, 0, &[]));
        file.extend(enhanced(endian, 0, 1, 9, b"abc", &[]));
    }

    let expected = [1, 101, 276].map(|linktype| seen(1_000, 9, linktype, b"abc"));
    assert_eq!(read_whole(&file), expected);
}

#[test]
fn each_interface_has_its_own_link_type_resolution_and_offset() {
    for endian in [Little, Big] {
        let resolution = |value: u8| option(endian, 9, &[value]);
        let offset = |value: i64| option(endian, 14, &endian.u64(value.cast_unsigned()));
        let end = option(endian, 0, &[]);
        let mut file = section(endian);
        file.extend(interface(endian, 1, 0, &[resolution(3), end.clone()].concat()));
        file.extend(interface(
            endian,
            101,
            0,
            &[option(endian, 2, b"eth0"), resolution(9)].concat(),
        ));
        file.extend(interface(
            endian,
            228,
            0,
            &[resolution(0x80 | 10), offset(100), end.clone()].concat(),
        ));
        file.extend(interface(endian, 229, 0, &[offset(-1), end.clone()].concat()));
        file.extend(interface(endian, 0, 0, &[end, resolution(0)].concat()));
        for id in 0..5 {
            file.extend(enhanced(endian, id, 1_536_000, 4, b"", &[]));
        }

        let expected = [
            seen(1_536_000_000_000, 4, 1, b""),   // 1,536,000 ms
            seen(1_536_000, 4, 101, b""),         // ns
            seen(1_600_000_000_000, 4, 228, b""), // 1,536,000 / 1024 s = 1500 s, and 100 s
            seen(536_000_000, 4, 229, b""),       // 1.536 s - 1 s
            seen(1_536_000_000, 4, 0, b""),       // us: what follows the end of options is none
        ];
        assert_eq!(read_whole(&file), expected, "{endian:?}");
    }
}

#[test]
fn a_simple_packet_has_the_time_before_it_and_the_snap_length_of_interface_0() {
    let mut file = [
        section(Little),
        interface(Little, 1, 4, &[]),
        simple(Little, 6, b"abcd"),
    ]
    .concat();
    file.extend(enhanced(Little, 0, 5, 3, b"abc", &[]));
    file.extend(simple(Little, 3, b"xyz"));

    assert_eq!(
        read_whole(&file),
        [
            seen(0, 6, 1, b"abcd"),
            seen(5_000, 3, 1, b"abc"),
            seen(5_000, 3, 1, b"xyz")
        ]
    );
}

#[test]
fn the_obsolete_packet_block_is_read() {
    for endian in [Little, Big] {
        let mut body = [&endian.u16(1)[..], &endian.u16(99)].concat(); // Interface 1, 99 drops.
        for field in [0, 1_000_000, 5, 60] {
            body.extend(endian.u32(field));
        }
        body.extend(b"hello");
        let file = [
            section(endian),
            interface(endian, 1, 0, &[]),
            interface(endian, 101, 0, &[]),
            block(endian, 2, &body),
        ];

        assert_eq!(
            read_whole(&file.concat()),
            [seen(1_000_000_000, 60, 101, b"hello")]
        );
    }
}

#[test]
fn blocks_that_carry_no_packet_are_passed_over_whatever_their_size() {
    let mut file = [section(Big), interface(Big, 1, 0, &[])].concat();
    for (kind, size) in [
        (4, 8),
        (5, 30),
        (10, 100),
        (0x0bad, 0),
        (0x4000_0bad, 3),
        (0x7777, 40_000_000),
    ] {
        file.extend(block(Big, kind, &vec![0xff; size]));
    }
    file.extend(enhanced(Big, 0, 1, 3, b"abc", &[]));

    assert_eq!(read_whole(&file), [seen(1_000, 3, 1, b"abc")]);
}

#[test]
fn a_broken_option_loses_no_packet() {
    // An option that claims 60,000 octets, and one header cut in two.
    for broken in [&[9, 0, 0x60, 0xea, 1, 2, 3, 4][..], &[9, 0, 1, 0]] {
        let file = [
            section(Little),
            interface(Little, 1, 0, broken),
            enhanced(Little, 0, 1, 3, b"abc", broken),
            enhanced(Little, 0, 2, 3, b"def", &[]),
        ];

        assert_eq!(
            read_whole(&file.concat()),
            [seen(1_000, 3, 1, b"abc"), seen(2_000, 3, 1, b"def")]
        );
    }
}

#[test]
fn a_block_length_without_its_padding_is_rounded_up() {
    let mut packet = enhanced(Little, 0, 1, 5, b"hello", &[]);
    let length = u32::try_from(packet.len() - 3).unwrap().to_le_bytes();
    let end = packet.len() - 4;
    packet[4..8].copy_from_slice(&length);
    packet[end..].copy_from_slice(&length);
    let file = [
        section(Little),
        interface(Little, 1, 0, &[]),
        packet.clone(),
        packet,
    ]
    .concat();

    assert_eq!(read_whole(&file).len(), 2);
}

#[test]
fn a_packet_larger_than_the_window_is_read_whole() {
    let large = vec![7; 3 << 20];
    let mut file = pcap_at(&[1], 1);
    file.extend(record(Little, 2, 0, 9, &large));
    file.extend(record(Little, 3, 0, 9, b"after"));

    let packets = read_whole(&file);
    assert_eq!(packets.len(), 3);
    assert!(packets[1].data == large);
    assert_eq!(packets[2].data, b"after");
}

#[test]
fn compression_is_known_by_its_magic_and_changes_nothing() {
    let (pcap, _) = pcap_of_four(Big, NANOS);
    let (pcapng, _) = pcapng_of_all_kinds(Little);

    for (plain, name) in [(pcap, "pcap"), (pcapng, "pcapng")] {
        let (packets, input) = read(&plain).unwrap();
        assert_eq!(input.format, name);
        for (octets, by) in [(gzip(&plain), "gzip"), (zstd(&plain), "zstd")] {
            let (same, input) = read(&octets).unwrap();
            assert_eq!((same, input.damage), (packets.clone(), None));
            assert_eq!(input.format, format!("{name}+{by}"));
        }
    }
}

#[test]
fn members_and_frames_may_split_a_file_anywhere() {
    let (plain, _) = pcapng_of_all_kinds(Big);
    let packets = read_whole(&plain);

    for at in 0..=plain.len() {
        let (first, second) = plain.split_at(at);
        assert_eq!(
            read_whole(&[gzip(first), gzip(second)].concat()),
            packets,
            "gzip at {at}"
        );
        assert_eq!(
            read_whole(&[zstd(first), zstd(second)].concat()),
            packets,
            "zstd at {at}"
        );
    }
}

#[test]
fn progress_ends_at_the_sum_of_the_file_sizes() {
    let folder = Folder::new();
    let (first, second) = (pcap_of_four(Little, MICROS).0, gzip(&pcapng_of_all_kinds(Big).0));
    let total = (first.len() + second.len()) as u64;
    let paths = [folder.write("first", &first), folder.write("second", &second)];

    let mut source = FileSource::open(&paths, Order::ByTime).unwrap();
    drain(&mut source, 2);

    assert_eq!(
        (source.octets_read(), source.octets_total()),
        (total, Some(total))
    );
}

#[test]
fn a_zero_octet_batch_limit_still_moves() {
    let folder = Folder::new();
    let path = folder.write("a", &pcap_of_four(Little, MICROS).0);
    let mut source = FileSource::open(&[path], Order::AsGiven).unwrap();

    assert_eq!(drain(&mut source, 0).len(), 4);
}
