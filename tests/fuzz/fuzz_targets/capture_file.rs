//! Any octets as a capture file: what is read of a file cut off is a prefix of what is read of it whole.
#![no_main]

use std::cell::RefCell;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_model::{Linktype, Timestamp, limits};

type Packet = (Timestamp, u32, Linktype, Vec<u8>);

fuzz_target!(|input: &[u8]| {
    let whole = read(input, 64, 4096);
    let one_by_one = read(input, 1, 1);
    assert_eq!(whole, one_by_one, "the size of a batch changes what is read");

    let share = input.last().map_or(0, |last| usize::from(*last));
    let cut = read(&input[..input.len() * share / 256], 64, 4096);
    assert!(whole.starts_with(&cut), "a file cut off gives other packets");
});

/// Every packet of a file, read in batches of some size.
fn read(octets: &[u8], packets: usize, room: usize) -> Vec<Packet> {
    let mut found = Vec::new();
    let mut source = match FileSource::open(&[in_file(octets)], Order::ByTime) {
        Ok(source) => source,
        Err(refusal) => {
            let text = refusal.to_string();
            assert!(!text.is_empty() && !text.contains(char::is_control), "{text:?}");
            return found;
        }
    };
    let mut batch = Batch::with_capacity(packets, room);
    loop {
        batch.clear();
        let fill = source.fill(&mut batch);
        assert!(batch.len() <= packets);
        assert!(
            fill == Fill::End || !batch.is_empty(),
            "a source that goes on gives nothing"
        );
        for packet in batch.iter() {
            assert!(packet.data.len() as u64 <= limits::RECORD_OCTETS.default);
            found.push((packet.time, packet.len, packet.linktype, packet.data.to_vec()));
        }
        if fill == Fill::End {
            break;
        }
    }
    batch.clear();
    assert_eq!(
        (source.fill(&mut batch), batch.len()),
        (Fill::End, 0),
        "a source ends twice"
    );
    let input = &source.inputs()[0];
    assert_eq!(input.packets, found.len() as u64);
    if let Some(damage) = &input.damage {
        assert!(
            !damage.is_empty() && !damage.contains(char::is_control),
            "{damage:?}"
        );
    }
    assert!(source.octets_read() <= octets.len() as u64);
    assert_eq!(source.octets_total(), Some(octets.len() as u64));
    found
}

/// A file without a name that holds `octets`.
fn in_file(octets: &[u8]) -> PathBuf {
    thread_local! {
        static FILE: RefCell<File> = RefCell::new(nameless());
    }
    FILE.with_borrow(|file| {
        file.set_len(0).expect("a temporary file can be cut");
        file.write_all_at(octets, 0)
            .expect("a temporary file can be written");
        PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
    })
}

fn nameless() -> File {
    let memory = PathBuf::from("/dev/shm");
    let dir = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let path = dir.join(format!("sekisho-fuzz-{}", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path);
    let file = file.expect("a temporary file can be made");
    std::fs::remove_file(&path).expect("a temporary file can be removed");
    file
}
