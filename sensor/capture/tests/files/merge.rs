//! Several files as one source.

use std::path::PathBuf;

use sekisho_capture::{FileSource, Order};

use super::builders::{gzip, pcap_at};
use super::reading::{Folder, Seen, drain, read_files};

/// Which file (by its mark) gave which microsecond.
fn turns(packets: &[Seen]) -> Vec<(u8, i64)> {
    packets
        .iter()
        .map(|packet| (packet.data[0], packet.nanos / 1_000))
        .collect()
}

/// Files marked 1, 2, ... with packets at these microseconds.
fn files(folder: &Folder, times: &[&[u32]]) -> Vec<PathBuf> {
    let marked = times.iter().zip(1_u8..);
    marked
        .map(|(micros, mark)| folder.write(&format!("{mark}"), &pcap_at(micros, mark)))
        .collect()
}

#[test]
fn files_are_merged_by_time_and_equal_times_by_the_order_given() {
    let folder = Folder::new();
    let paths = files(&folder, &[&[1, 5, 5, 9], &[2, 5, 8], &[], &[5, 10]]);

    let (packets, inputs) = read_files(&paths, Order::ByTime).unwrap();

    let expected = [
        (1, 1),
        (2, 2),
        (1, 5),
        (1, 5),
        (2, 5),
        (4, 5),
        (2, 8),
        (1, 9),
        (4, 10),
    ];
    assert_eq!(turns(&packets), expected);
    assert_eq!(
        inputs.iter().map(|input| input.packets).collect::<Vec<_>>(),
        [4, 3, 0, 2]
    );
}

#[test]
fn a_file_keeps_its_own_order_where_its_time_runs_backwards() {
    let folder = Folder::new();
    let paths = files(&folder, &[&[4, 1, 6], &[2, 5]]);

    let (packets, _) = read_files(&paths, Order::ByTime).unwrap();

    assert_eq!(turns(&packets), [(2, 2), (1, 4), (1, 1), (2, 5), (1, 6)]);
}

#[test]
fn files_in_the_order_given_follow_one_another() {
    let folder = Folder::new();
    let paths = files(&folder, &[&[9, 5], &[1], &[7]]);

    let (packets, _) = read_files(&paths, Order::AsGiven).unwrap();

    assert_eq!(turns(&packets), [(1, 9), (1, 5), (2, 1), (3, 7)]);
}

#[test]
fn a_damaged_file_does_not_stop_the_others() {
    let folder = Folder::new();
    let mut cut = pcap_at(&[1, 4], 1);
    cut.pop();
    let paths = [
        folder.write("cut", &cut),
        folder.write("whole", &gzip(&pcap_at(&[2, 6], 2))),
    ];

    let (packets, inputs) = read_files(&paths, Order::ByTime).unwrap();

    assert_eq!(turns(&packets), [(1, 1), (2, 2), (2, 6)]);
    let damage = inputs[0].damage.as_deref();
    assert_eq!(
        damage,
        Some("cut off at octet 60: packet record needs 36 octets, 35 are there")
    );
    assert_eq!(inputs[1].damage, None);
    assert_eq!(
        (inputs[0].format.as_str(), inputs[1].format.as_str()),
        ("pcap", "pcap+gzip")
    );
}

#[test]
fn a_hundred_rotated_files_are_read_in_time_order_however_they_are_named() {
    let folder = Folder::new();
    let times: Vec<Vec<u32>> = (0..100)
        .rev()
        .map(|file| (0..5).map(|i| file * 10 + i).collect())
        .collect();
    let times: Vec<&[u32]> = times.iter().map(Vec::as_slice).collect();
    let paths = files(&folder, &times);

    let (packets, inputs) = read_files(&paths, Order::ByTime).unwrap();

    assert_eq!(packets.len(), 500);
    assert!(packets.is_sorted_by_key(|packet| packet.nanos));
    assert!(
        inputs
            .iter()
            .all(|input| input.packets == 5 && input.damage.is_none())
    );
}

#[test]
fn a_file_that_goes_away_meanwhile_is_a_damage_of_that_file_alone() {
    let folder = Folder::new();
    let times: Vec<Vec<u32>> = (0..40).map(|file| vec![file]).collect();
    let times: Vec<&[u32]> = times.iter().map(Vec::as_slice).collect();
    let paths = files(&folder, &times);
    let mut source = FileSource::open(&paths, Order::ByTime).unwrap();
    std::fs::remove_file(&paths[30]).unwrap();

    let packets = drain(&mut source, 7);

    assert_eq!(packets.len(), 39);
    let inputs = sekisho_capture::Source::inputs(&source);
    let damage = inputs[30].damage.as_deref().expect("damage");
    assert!(
        damage.starts_with("could not be opened a second time: "),
        "{damage}"
    );
}

#[test]
fn no_files_give_no_packets() {
    let (packets, inputs) = read_files(&[], Order::ByTime).unwrap();

    assert!(packets.is_empty() && inputs.is_empty());
}
