//! Writers of capture files, octet by octet from the format documents, in either byte order.

use std::io::Write;

/// Byte order of a file under construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endian {
    Little,
    Big,
}

pub(crate) use Endian::{Big, Little};

impl Endian {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        if self == Little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        if self == Little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    }

    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        if self == Little {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        }
    }
}

pub(crate) const MICROS: u32 = 0xa1b2_c3d4;
pub(crate) const NANOS: u32 = 0xa1b2_3c4d;
pub(crate) const MODIFIED: u32 = 0xa1b2_cd34;

/// A pcap file header, version 2.4, snap length 262144.
pub(crate) fn pcap_header(endian: Endian, magic: u32, linktype: u32) -> Vec<u8> {
    pcap_header_of_version(endian, magic, linktype, (2, 4))
}

pub(crate) fn pcap_header_of_version(
    endian: Endian,
    magic: u32,
    linktype: u32,
    (major, minor): (u16, u16),
) -> Vec<u8> {
    let mut file = endian.u32(magic).to_vec();
    file.extend(endian.u16(major));
    file.extend(endian.u16(minor));
    for field in [0, 0, 262_144, linktype] {
        file.extend(endian.u32(field));
    }
    file
}

/// A pcap record.
pub(crate) fn record(endian: Endian, seconds: u32, ticks: u32, len: u32, data: &[u8]) -> Vec<u8> {
    let caplen = u32::try_from(data.len()).unwrap();
    let mut record = Vec::new();
    for field in [seconds, ticks, caplen, len] {
        record.extend(endian.u32(field));
    }
    record.extend(data);
    record
}

/// A little-endian Ethernet pcap file with a packet at each of these microseconds.
pub(crate) fn pcap_at(micros: &[u32], mark: u8) -> Vec<u8> {
    let mut file = pcap_header(Little, MICROS, 1);
    for at in micros {
        file.extend(record(Little, at / 1_000_000, at % 1_000_000, 60, &[mark; 20]));
    }
    file
}

/// A pcapng block with its padding and both lengths.
pub(crate) fn block(endian: Endian, kind: u32, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = endian.u32(u32::try_from(12 + body.len() + padding).unwrap());
    [&endian.u32(kind), &length, body, &vec![0; padding], &length].concat()
}

pub(crate) fn section(endian: Endian) -> Vec<u8> {
    let mut body = endian.u32(0x1a2b_3c4d).to_vec();
    body.extend(endian.u16(1));
    body.extend(endian.u16(0));
    body.extend([0xff; 8]);
    block(endian, 0x0a0d_0d0a, &body)
}

pub(crate) fn interface(endian: Endian, linktype: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    let body = [&endian.u16(linktype)[..], &[0, 0], &endian.u32(snaplen), options].concat();
    block(endian, 1, &body)
}

pub(crate) fn option(endian: Endian, code: u16, value: &[u8]) -> Vec<u8> {
    let padding = value.len().next_multiple_of(4) - value.len();
    let length = u16::try_from(value.len()).unwrap();
    [
        &endian.u16(code)[..],
        &endian.u16(length),
        value,
        &vec![0; padding],
    ]
    .concat()
}

pub(crate) fn enhanced(
    endian: Endian,
    interface: u32,
    ticks: u64,
    len: u32,
    data: &[u8],
    options: &[u8],
) -> Vec<u8> {
    let padding = data.len().next_multiple_of(4) - data.len();
    let body = [
        &endian.u32(interface)[..],
        &endian.u32(u32::try_from(ticks >> 32).unwrap()),
        &endian.u32(u32::try_from(ticks & 0xffff_ffff).unwrap()),
        &endian.u32(u32::try_from(data.len()).unwrap()),
        &endian.u32(len),
        data,
        &vec![0; padding],
        options,
    ];
    block(endian, 6, &body.concat())
}

pub(crate) fn simple(endian: Endian, len: u32, data: &[u8]) -> Vec<u8> {
    block(endian, 3, &[&endian.u32(len)[..], data].concat())
}

/// A pcapng file that has a bit of everything, and the offsets at which its blocks begin or end.
pub(crate) fn pcapng_of_all_kinds(endian: Endian) -> (Vec<u8>, Vec<usize>) {
    let nanos = [option(endian, 9, &[9]), option(endian, 0, &[])].concat();
    let comment = [option(endian, 1, b"a comment"), option(endian, 0, &[])].concat();
    let blocks = [
        section(endian),
        interface(endian, 1, 0, &[]),
        interface(endian, 101, 64, &nanos),
        enhanced(endian, 0, 1_000_000, 60, &[1; 41], &comment),
        block(endian, 4, &[0; 8]),
        enhanced(endian, 1, 2_000_000_000, 100, &[0x45; 24], &[]),
        block(endian, 0x0bad, b"custom block"),
        simple(endian, 5, b"hello"),
        block(endian, 5, &[0; 12]),
        enhanced(endian, 0, 3_000_000, 0, &[], &[]),
    ];
    let mut file = Vec::new();
    let mut boundaries = vec![0];
    for block in blocks {
        file.extend(block);
        boundaries.push(file.len());
    }
    (file, boundaries)
}

/// A pcap file of four records, and the offsets at which its parts begin or end.
pub(crate) fn pcap_of_four(endian: Endian, magic: u32) -> (Vec<u8>, Vec<usize>) {
    let mut file = pcap_header(endian, magic, 1);
    let mut boundaries = vec![0, file.len()];
    for (number, size) in [(1_u8, 20), (2, 0), (3, 33), (4, 60)] {
        file.extend(record(endian, u32::from(number), 7, 60, &vec![number; size]));
        boundaries.push(file.len());
    }
    (file, boundaries)
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::encode_all(content, 3).unwrap()
}
