//! Files that give nothing: each refusal names the file, the cause and the remedy.

use sekisho_capture::{FileSource, Order};

use super::builders::{Little, MICROS, gzip, pcap_header_of_version, pcap_of_four, section, zstd};
use super::reading::{Folder, read};

/// The refusal of a file of these octets, without the folder it was in.
fn refusal(octets: &[u8]) -> String {
    let text = read(octets).map(|_| ()).expect_err("a refusal").to_string();
    text.split_once("some.file: ")
        .expect("the file's name")
        .1
        .to_owned()
}

#[test]
fn a_file_without_octets_is_empty() {
    assert_eq!(refusal(b""), "the file is empty; capture or copy it again");
}

#[test]
fn a_file_that_ends_in_its_header_says_how_much_is_missing() {
    let remedy = "there is no packet in it: capture or copy it again";

    assert_eq!(
        refusal(b"x"),
        format!("cut off at octet 0: file header needs 24 octets, 1 are there; {remedy}")
    );
    assert_eq!(
        refusal(&pcap_of_four(Little, MICROS).0[..23]),
        format!("cut off at octet 0: file header needs 24 octets, 23 are there; {remedy}")
    );
    assert_eq!(
        refusal(&section(Little)[..27]),
        format!("cut off at octet 0: section header needs 28 octets, 27 are there; {remedy}")
    );
    assert_eq!(
        refusal(&gzip(b"")),
        format!(
            "cut off at octet 0 of the decompressed stream: file header needs 24 octets, 0 are there; {remedy}"
        )
    );
    assert!(refusal(&gzip(b"content")[..12]).contains("the gzip data ends too early, after 12 octets"));
    assert!(refusal(&pcap_header_of_version(Little, MICROS, 1, (7, 1))).contains("pcap version 7.1"));
}

#[test]
fn another_kind_of_file_is_called_by_its_name() {
    let refused = |octets: &[u8]| {
        let text = refusal(octets);
        text.strip_prefix("not a pcap or pcapng capture: ")
            .expect("the cause")
            .to_owned()
    };

    assert_eq!(
        refused(b"\x7fELF\x02\x01\x01\0\0\0"),
        "it is an ELF program; name a capture file instead"
    );
    assert_eq!(
        refused(b"PK\x03\x04\x14\0"),
        "it is a ZIP archive; unpack it first"
    );
    assert_eq!(refused(b"\xfd7zXZ\0\0\x04"), "it is xz data; decompress it first");
    assert_eq!(
        refused(b"snoop\0\0\0\0\0\0\x02"),
        "it is a snoop capture; convert it first: editcap -F pcapng IN OUT.pcapng"
    );
    assert_eq!(
        refused(b"09:00:00.000000 IP 10.0.0.1 > 10.0.0.2\n"),
        "it is text; packets are written to a file with tcpdump -w FILE"
    );
    assert_eq!(
        refused(&[1, 2, 3, 4, 5]),
        "it starts with 01 02 03 04; name a capture file instead"
    );
    assert_eq!(
        refused(&gzip(b"some text\n")),
        "gzip of something else: it is text; packets are written to a file with tcpdump -w FILE"
    );
    assert!(refused(&zstd(b"\x7fELF\x02\x01\x01")).starts_with("zstd of something else: it is an ELF"));
}

#[test]
fn compression_in_compression_is_refused() {
    let (file, _) = pcap_of_four(Little, MICROS);

    assert_eq!(
        refusal(&gzip(&gzip(&file))),
        "compressed more than once (gzip of gzip); decompress it once by hand"
    );
    assert!(refusal(&zstd(&gzip(&file))).contains("(zstd of gzip)"));
}

#[test]
fn a_path_that_is_no_file_is_named() {
    let folder = Folder::new();
    let open = |name: &str| {
        let path = folder.path(name);
        let error = FileSource::open(&[path], Order::ByTime)
            .map(|_| ())
            .expect_err("a refusal");
        error.to_string()
    };

    assert!(open("missing.pcap").ends_with("missing.pcap: there is no such file; check the path"));
    assert!(open(".").contains(": this is a directory; name the capture files in it"));
}

#[test]
fn standard_input_cannot_be_named_twice() {
    let error = FileSource::open(&["-".into(), "-".into()], Order::ByTime)
        .map(|_| ())
        .expect_err("a refusal");

    assert_eq!(
        error.to_string(),
        "-: standard input is named twice; it can be read once"
    );
}
