//! Real captures, each many times with other host parts in its addresses, all at once.
//!
//! Each copy of a file begins at a random instant of two minutes, and takes a minute at most: a longer one is
//! played faster. Files are cut at 12,000 frames, so that no single one rules the mix.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_kit::{Packet, Random};

use crate::{BEGIN_NS, SECOND_NS, rewrite, source};

const WINDOW_NS: u64 = 120 * SECOND_NS;
const LONGEST_NS: u64 = 60 * SECOND_NS;
const MOST_FRAMES: usize = 12_000;

/// Frames of one file, times counted from its first one.
type File = Arc<Vec<Packet>>;

/// One file played once.
struct Copy {
    file: File,
    start: u64,
    key: u32,
}

/// The copies, merged by time.
struct Mix {
    copies: Vec<Copy>,
    /// Time, index of the copy, index of its next frame.
    next: BinaryHeap<Reverse<(u64, usize, usize)>>,
}

/// The mix of the files in `SEKISHO_CAPTURES`, else of those beside the work tree.
pub(crate) fn packets(count: u64) -> Result<impl Iterator<Item = Packet>, String> {
    let folder = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let mut paths = Vec::new();
    collect(&folder, &mut paths).map_err(|error| {
        format!(
            "{} cannot be read: {error}; set SEKISHO_CAPTURES",
            folder.display()
        )
    })?;
    paths.sort();
    let mut files = Vec::new();
    for path in &paths {
        let octets =
            std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let frames = prepared(source::frames(&octets));
        if !frames.is_empty() {
            files.push(Arc::new(frames));
        }
    }
    if files.is_empty() {
        return Err(format!(
            "no Ethernet capture is in {}; set SEKISHO_CAPTURES to a folder of pcap and pcapng files",
            folder.display()
        ));
    }
    Ok(Mix::new(&files, count))
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path
            .extension()
            .is_some_and(|end| ["pcap", "pcapng", "cap"].iter().any(|known| end == *known))
        {
            into.push(path);
        }
    }
    Ok(())
}

/// In order of time, not too many, not too long, and beginning at 0.
fn prepared(mut frames: Vec<Packet>) -> Vec<Packet> {
    frames.truncate(MOST_FRAMES);
    frames.sort_by_key(|frame| frame.time_ns);
    let (Some(first), Some(last)) = (frames.first(), frames.last()) else {
        return frames;
    };
    let (first, span) = (first.time_ns, last.time_ns - first.time_ns);
    for frame in &mut frames {
        frame.time_ns -= first;
        if span > LONGEST_NS {
            let faster = u128::from(frame.time_ns) * u128::from(LONGEST_NS) / u128::from(span);
            frame.time_ns = u64::try_from(faster).unwrap_or(LONGEST_NS);
        }
    }
    frames
}

impl Mix {
    /// As many rounds over the files as it takes; the first has the addresses as they are.
    fn new(files: &[File], count: u64) -> Self {
        let mut random = Random::new(19);
        let mut copies: Vec<Copy> = Vec::new();
        let mut frames = 0;
        while frames < count {
            let first_round = copies.len() < files.len();
            let file = &files[copies.len() % files.len()];
            frames += file.len() as u64;
            copies.push(Copy {
                file: Arc::clone(file),
                start: BEGIN_NS + random.between(0, WINDOW_NS),
                key: if first_round { 0 } else { random.double_word() },
            });
        }
        let next = copies.iter().enumerate();
        let next = next
            .map(|(index, copy)| Reverse((copy.start, index, 0)))
            .collect();
        Self { copies, next }
    }
}

impl Iterator for Mix {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        let Reverse((time_ns, index, frame)) = self.next.pop()?;
        let copy = &self.copies[index];
        if let Some(following) = copy.file.get(frame + 1) {
            self.next
                .push(Reverse((copy.start + following.time_ns, index, frame + 1)));
        }
        let mut packet = Packet {
            time_ns,
            ..copy.file[frame].clone()
        };
        rewrite::hosts(&mut packet.octets, copy.key);
        Some(packet)
    }
}

#[cfg(test)]
mod tests {
    use sekisho_kit::Frame;

    use super::*;

    #[test]
    fn copies_are_merged_by_time_and_differ_in_their_addresses() {
        let frames = (0..10).map(|number| {
            let octets = Frame::between("10.0.0.1", "10.0.0.2").udp(1, 2, &[number]);
            Packet::new(u64::from(number) * 100 * SECOND_NS, octets)
        });
        let file = Arc::new(prepared(frames.collect()));

        let packets: Vec<Packet> = Mix::new(&[file], 30).collect();

        assert_eq!(packets.len(), 30);
        assert!(packets.is_sorted_by_key(|packet| packet.time_ns));
        let mut clients: Vec<&[u8]> = packets.iter().map(|packet| &packet.octets[26..30]).collect();
        clients.sort_unstable();
        clients.dedup();
        assert_eq!(clients.len(), 3);
        assert!(clients.contains(&&[10, 0, 0, 1][..]));
    }
}
