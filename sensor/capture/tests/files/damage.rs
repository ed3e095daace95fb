//! Damaged files: what stands before the damage comes out, and the damage is named.

use proptest::prelude::*;

use super::builders::{
    Big, Little, MICROS, MODIFIED, NANOS, block, enhanced, gzip, interface, pcap_at, pcap_header,
    pcap_of_four, pcapng_of_all_kinds, record, section, simple, zstd,
};
use super::reading::{Seen, read, read_damaged, read_whole};

/// Whether `part` is how `whole` begins.
fn is_prefix(part: &[Seen], whole: &[Seen]) -> bool {
    whole.starts_with(part)
}

#[test]
fn a_plain_file_cut_anywhere_gives_its_whole_records_and_the_place() {
    let mut files = vec![pcapng_of_all_kinds(Little), pcapng_of_all_kinds(Big)];
    for endian in [Little, Big] {
        files.extend([MICROS, NANOS].map(|magic| pcap_of_four(endian, magic)));
    }

    for (file, boundaries) in files {
        let whole = read_whole(&file);
        for cut in 0..file.len() {
            let start = *boundaries.iter().rfind(|start| **start <= cut).unwrap();
            match read(&file[..cut]) {
                Err(error) => assert!(cut < boundaries[1], "cut at {cut} refused: {error}"),
                Ok((packets, input)) => {
                    assert!(cut >= boundaries[1]);
                    assert!(is_prefix(&packets, &whole), "cut at {cut}");
                    assert_eq!(
                        input.damage.is_none(),
                        cut == start,
                        "cut at {cut}: {:?}",
                        input.damage
                    );
                    if let Some(damage) = input.damage {
                        let place = format!("cut off at octet {start}: ");
                        assert!(damage.starts_with(&place), "cut at {cut}: {damage}");
                        assert!(
                            damage.ends_with(&format!(", {} are there", cut - start)),
                            "{damage}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_whole_record_before_a_cut_is_given() {
    let (file, boundaries) = pcap_of_four(Little, MICROS);

    for (records, start) in boundaries.iter().skip(1).enumerate() {
        let (packets, input) = read(&file[..(start + 15).min(file.len())]).unwrap();
        assert_eq!(packets.len(), records);
        assert_eq!(input.damage.is_some(), *start < file.len());
    }
}

#[test]
fn a_compressed_file_cut_anywhere_says_so() {
    // Large enough that packets come out before the cut is met.
    let mut plain = pcap_header(Little, MICROS, 1);
    for number in 0..40_u32 {
        let noise: Vec<u8> = (0..90_u32)
            .map(|i| (number * 7919 + i * i * 31).to_le_bytes()[1])
            .collect();
        plain.extend(record(Little, number, 0, 90, &noise));
    }
    let whole = read_whole(&plain);

    for (file, name) in [(gzip(&plain), "gzip"), (zstd(&plain), "zstd")] {
        for cut in 0..file.len() {
            match read(&file[..cut]) {
                Err(error) => assert!(!error.to_string().is_empty()),
                Ok((packets, input)) => {
                    assert!(is_prefix(&packets, &whole), "{name} cut at {cut}");
                    let damage = input.damage.expect("damage");
                    assert!(
                        damage.starts_with("cut off at octet "),
                        "{name} cut at {cut}: {damage}"
                    );
                    assert!(damage.contains(" of the decompressed stream: the "), "{damage}");
                }
            }
        }
    }
}

#[test]
fn a_corrupt_compressed_file_gives_what_was_decompressed() {
    let mut plain = pcap_header(Little, MICROS, 1);
    for number in 0..20_000_u32 {
        let noise = number.wrapping_mul(2_654_435_761).to_le_bytes();
        plain.extend(record(Little, number, 0, 90, &noise.repeat(10)));
    }
    let mut file = gzip(&plain);
    let end = file.len() - 8;
    file[end] ^= 0xff; // The checksum: everything before it is fine.

    let (packets, damage) = read_damaged(&file);

    assert_eq!(packets.len(), 20_000);
    let place = format!(
        "damaged at octet {} of the decompressed stream: the gzip data is broken",
        plain.len()
    );
    assert!(damage.starts_with(&place), "{damage}");
}

#[test]
fn a_damage_is_one_sentence_with_offset_and_cause() {
    let mut file = pcap_at(&[1, 2], 9);
    file.extend(&record(Little, 3, 0, 60, &[9; 60])[..12]);
    assert_eq!(
        read_damaged(&file).1,
        "cut off at octet 96: packet record needs 16 octets, 12 are there"
    );

    let mut file = pcap_at(&[1, 2], 9);
    file.extend(&record(Little, 3, 0, 60, &[9; 60])[..28]);
    assert_eq!(
        read_damaged(&file).1,
        "cut off at octet 96: packet record needs 76 octets, 28 are there"
    );
}

#[test]
fn lengths_of_four_gib_are_refused_without_being_believed() {
    let mut file = pcap_at(&[1], 9);
    let mut lying = record(Little, 2, 0, 60, b"");
    lying[8..12].copy_from_slice(&[0xff; 4]);
    file.extend(lying);
    let (packets, damage) = read_damaged(&file);
    assert_eq!(packets.len(), 1);
    assert_eq!(
        damage,
        "damaged at octet 60: packet record claims 4294967311 octets, \
         more than the limit record_octets of 16777216"
    );

    let head = [section(Little), interface(Little, 1, 0, &[])].concat();
    let packet = enhanced(Little, 0, 1, 3, b"abc", &[]);
    for (at, words) in [
        (4, "packet block claims 4294967295 octets"),
        (20, "packet of 4294967295 octets in a block that has room for 4"),
    ] {
        let mut lying = packet.clone();
        lying[at..at + 4].copy_from_slice(&[0xff; 4]);
        let (packets, damage) = read_damaged(&[head.clone(), packet.clone(), lying].concat());
        assert_eq!(packets.len(), 1);
        assert!(
            damage.starts_with(&format!("damaged at octet 84: {words}")),
            "{damage}"
        );
    }

    let mut unknown = block(Little, 0x7777, b"");
    unknown[4..8].copy_from_slice(&[0xff; 4]);
    let (_, damage) = read_damaged(&[head, packet, unknown].concat());
    assert_eq!(
        damage,
        "cut off at octet 84: block needs 4294967296 octets, 12 are there"
    );
}

#[test]
fn a_broken_block_ends_the_reading() {
    let head = [
        section(Little),
        interface(Little, 1, 0, &[]),
        enhanced(Little, 0, 1, 3, b"abc", &[]),
    ]
    .concat();
    let with_end_length = |mut block: Vec<u8>, length: u32| {
        let end = block.len() - 4;
        block[end..].copy_from_slice(&length.to_le_bytes());
        block
    };
    let with_length = |mut block: Vec<u8>, length: u32| {
        block[4..8].copy_from_slice(&length.to_le_bytes());
        block
    };
    let mut no_order = section(Little);
    no_order[8..12].copy_from_slice(&[1, 2, 3, 4]);
    let mut version_9 = section(Little);
    version_9[12] = 9;
    let packet = enhanced(Little, 0, 1, 3, b"abc", &[]);
    let cases = [
        (
            with_end_length(packet.clone(), 40),
            "block length is 36 at its start and 40 at its end",
        ),
        (
            with_end_length(block(Little, 4, b"xxxx"), 20),
            "block length is 16 at its start and 20 at its end",
        ),
        (
            with_length(packet.clone(), 11),
            "packet block of 11 octets is too short for its fields",
        ),
        (
            block(Little, 6, &[0; 8]),
            "packet block of 20 octets is too short for its fields",
        ),
        (
            block(Little, 1, &[0; 4]),
            "interface description of 16 octets is too short for its fields",
        ),
        (
            enhanced(Little, 1, 1, 3, b"abc", &[]),
            "packet of interface 1, and the section describes 1 interfaces",
        ),
        (
            simple(Little, 9, b"hello"),
            "packet of 9 octets in a block that has room for 8",
        ),
        (no_order, "section header has no byte-order magic but 01 02 03 04"),
        (version_9, "pcapng version 9.0, which is not known"),
        (
            [section(Big), simple(Big, 3, b"abc")].concat(),
            "packet of interface 0, and the section describes 0",
        ),
    ];

    for (broken, words) in cases {
        let (packets, damage) = read_damaged(&[head.clone(), broken, packet.clone()].concat());
        assert_eq!(packets.len(), 1, "{damage}");
        assert!(damage.contains(words), "{damage} / {words}");
        assert!(damage.starts_with("damaged at octet "), "{damage}");
    }
}

#[test]
fn more_interfaces_than_the_limit_end_the_reading() {
    let mut file = section(Little);
    for _ in 0..=65_536 {
        file.extend(interface(Little, 1, 0, &[]));
    }

    let (packets, damage) = read_damaged(&file);

    assert!(packets.is_empty());
    assert_eq!(
        damage,
        "damaged at octet 1310748: more interfaces than the limit interfaces of 65536" // 28 + 65,536 * 20
    );
}

#[test]
fn a_bomb_is_refused() {
    let mut content = pcap_header(Little, MICROS, 1);
    content.extend(record(Little, 1, 0, 60, b"a packet"));
    content.resize(64 << 20, 0);

    for file in [gzip(&content), zstd(&content)] {
        let (packets, damage) = read_damaged(&file);

        assert_eq!(packets[0].data, b"a packet");
        assert!(
            packets.len() < (2 << 20) / 16,
            "{} records of zeros",
            packets.len()
        );
        assert!(damage.starts_with("refused at octet "), "{damage}");
        assert!(
            damage.contains("grows to more than 1000 times its size"),
            "{damage}"
        );
    }
}

/// Files of every format.
fn any_file() -> impl Strategy<Value = Vec<u8>> {
    let endian = prop_oneof![Just(Little), Just(Big)];
    (endian, 0..6_u8).prop_map(|(endian, kind)| match kind {
        0 => pcap_of_four(endian, MICROS).0,
        1 => pcap_of_four(endian, NANOS).0,
        2 => pcap_of_four(endian, MODIFIED).0,
        3 => gzip(&pcapng_of_all_kinds(endian).0),
        4 => zstd(&pcapng_of_all_kinds(endian).0),
        _ => pcapng_of_all_kinds(endian).0,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn octets_changed_anywhere_never_panic(
        mut file in any_file(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        let _ = read(&file);
    }

    #[test]
    fn what_stands_before_a_change_is_untouched(
        big in any::<bool>(),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let (mut file, boundaries) = pcap_of_four(if big { Big } else { Little }, MICROS);
        let whole = read_whole(&file);
        let at = 24 + at.index(file.len() - 24);
        file[at] = value;

        let (packets, _) = read(&file).unwrap();

        let before = boundaries.iter().filter(|end| **end <= at).count() - 2;
        prop_assert!(packets.len() >= before);
        prop_assert_eq!(&packets[..before], &whole[..before]);
    }

    #[test]
    fn any_octets_after_a_magic_never_panic(
        magic in prop::sample::select(vec![
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0][..],
            &[0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4],
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0],
            &[0x1f, 0x8b, 8, 0],
            &[0x28, 0xb5, 0x2f, 0xfd],
        ]),
        rest in prop::collection::vec(prop_oneof![Just(0_u8), Just(0xff), any::<u8>()], 0..400),
    ) {
        let _ = read(&[magic, &rest].concat());
    }
}
