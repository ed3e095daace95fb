//! Recordings, read back as capture files.

use std::path::{Path, PathBuf};

use sekisho_capture::record::Place;
use sekisho_capture::{Batch, FileSource, Fill, Linktype, Order, Packet, Recorded, Source};
use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

/// A source of packets that are numbered, some at a time.
struct Numbered {
    next: u32,
    end: u32,
}

impl Source for Numbered {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        let until = self.end.min(self.next + 10);
        for number in self.next..until {
            batch.push(packet(number, &octets(number)));
        }
        self.next = until;
        if until == self.end { Fill::End } else { Fill::More }
    }

    fn inputs(&self) -> Vec<InputFile> {
        Vec::new()
    }

    fn octets_read(&self) -> u64 {
        0
    }

    fn octets_total(&self) -> Option<u64> {
        None
    }
}

fn octets(number: u32) -> Vec<u8> {
    vec![u8::try_from(number % 251).unwrap(); usize::try_from(number % 90).unwrap()]
}

fn packet(number: u32, data: &[u8]) -> Packet<'_> {
    Packet {
        // Odd nanoseconds, of a time whose upper half is not zero.
        time: Timestamp::from_nanos(1_793_750_400_123_456_789 + i64::from(number)),
        len: 1_000 + number,
        linktype: if number.is_multiple_of(3) {
            Linktype::RAW
        } else {
            Linktype::ETHERNET
        },
        data,
    }
}

fn drain(source: &mut dyn Source) -> Batch {
    let mut batch = Batch::with_capacity(1 << 20, 1 << 26);
    while source.fill(&mut batch) == Fill::More {}
    batch
}

fn recorded(path: &Path, packets: u32, octets: u64, files: u32) -> Recorded {
    let inner = Box::new(Numbered {
        next: 0,
        end: packets,
    });
    let path = path.to_owned();
    Recorded::new(inner, Place { path, octets, files }).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn a_recording_gives_back_every_packet_to_the_nanosecond() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.pcapng");
    let mut source = recorded(&path, 1_000, 1 << 30, 2);

    let given = drain(&mut source);
    assert_eq!(source.state().kept().packets, 1_000);
    drop(source);

    let mut file = FileSource::open(&[path], Order::AsGiven).unwrap();
    let read = drain(&mut file);
    assert_eq!(given.len(), 1_000);
    assert!(read.iter().eq(given.iter()));
    assert_eq!(file.inputs()[0].damage, None);
}

#[test]
fn a_folder_takes_so_much_of_the_disk_and_keeps_what_is_newest() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "stays").unwrap();
    let mut source = recorded(folder.path(), 5_000, 64_000, 4);
    drain(&mut source);
    let kept = source.state().kept();
    drop(source);

    assert_eq!((kept.packets, kept.missed, kept.trouble), (5_000, 0, None));
    let mut found = files(folder.path());
    assert_eq!(found.remove(0), folder.path().join("notes.txt"));
    assert_eq!(found.len(), 4);
    let octets: u64 = found.iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!((40_000..=64_000).contains(&octets), "{octets}");
    let read = drain(&mut FileSource::open(&found, Order::AsGiven).unwrap());
    let last = read.get(read.len() - 1).unwrap();
    assert_eq!(last, packet(4_999, &self::octets(4_999)));
    let first = read.get(0).unwrap().len;
    assert_eq!(usize::try_from(5_999 - first).unwrap() + 1, read.len());

    // A further run goes on after them.
    drain(&mut recorded(folder.path(), 10, 64_000, 4));
    let after = files(folder.path());
    assert_eq!(after.len(), 5);
    assert_eq!(after[1], found[1]);
}

#[test]
fn a_file_ends_at_its_limit_and_what_is_not_in_it_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.pcapng");
    let mut source = recorded(&path, 1_000, 10_000, 2);
    drain(&mut source);
    let kept = source.state().kept();
    drop(source);

    assert!(path.metadata().unwrap().len() <= 10_000);
    let read = drain(&mut FileSource::open(std::slice::from_ref(&path), Order::AsGiven).unwrap());
    assert_eq!(u64::try_from(read.len()).unwrap(), kept.packets);
    assert_eq!(kept.packets + kept.missed, 1_000);
    assert_eq!(kept.trouble.as_deref(), Some("the file is as large as it may be"));

    let again = Recorded::new(
        Box::new(Numbered { next: 0, end: 1 }),
        Place {
            path,
            octets: 10_000,
            files: 2,
        },
    );
    assert_eq!(again.err().unwrap().kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn a_folder_that_is_gone_costs_the_recording_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = recorded(folder.path(), 2_000, 20_000, 2);
    std::fs::remove_dir_all(folder.path()).unwrap();

    assert_eq!(drain(&mut source).len(), 2_000);
    let kept = source.state().kept();
    assert_eq!(kept.packets + kept.missed, 2_000);
    assert!(kept.missed > 1_000, "{kept:?}");
    assert!(kept.trouble.unwrap().contains("No such file"), "it is said");
}
