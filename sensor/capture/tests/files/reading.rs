//! Reads files to their end and keeps what came out.

use std::path::PathBuf;

use sekisho_capture::{Batch, FileSource, Fill, OpenError, Order, Packet, Source};
use sekisho_model::summary::InputFile;
use tempfile::TempDir;

/// A packet that owns its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) nanos: i64,
    pub(crate) len: u32,
    pub(crate) linktype: u16,
    pub(crate) data: Vec<u8>,
}

impl From<Packet<'_>> for Seen {
    fn from(packet: Packet<'_>) -> Self {
        Self {
            nanos: packet.time.nanos(),
            len: packet.len,
            linktype: packet.linktype.0,
            data: packet.data.to_vec(),
        }
    }
}

/// Shorthand for an expected packet.
pub(crate) fn seen(nanos: i64, len: u32, linktype: u16, data: &[u8]) -> Seen {
    Seen {
        nanos,
        len,
        linktype,
        data: data.to_vec(),
    }
}

/// Files in a folder that goes away with it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, octets).unwrap();
        path
    }
}

/// Everything a source gives, in batches of `packets`.
pub(crate) fn drain(source: &mut FileSource, packets: usize) -> Vec<Seen> {
    let mut batch = Batch::with_capacity(packets, 1 << 20);
    let mut all = Vec::new();
    loop {
        let fill = source.fill(&mut batch);
        all.extend(batch.iter().map(Seen::from));
        batch.clear();
        if fill == Fill::End {
            assert_eq!(source.fill(&mut batch), Fill::End);
            assert!(batch.is_empty(), "packets after the end");
            return all;
        }
    }
}

/// What files give together.
pub(crate) fn read_files(paths: &[PathBuf], order: Order) -> Result<(Vec<Seen>, Vec<InputFile>), OpenError> {
    let mut source = FileSource::open(paths, order)?;
    let all = drain(&mut source, 3);
    let inputs = source.inputs();
    assert_eq!(
        inputs.iter().map(|input| input.packets).sum::<u64>(),
        all.len() as u64
    );
    Ok((all, inputs))
}

/// What one file of these octets gives.
pub(crate) fn read(octets: &[u8]) -> Result<(Vec<Seen>, InputFile), OpenError> {
    let folder = Folder::new();
    let path = folder.write("some.file", octets);
    let (packets, mut inputs) = read_files(&[path], Order::ByTime)?;
    Ok((packets, inputs.remove(0)))
}

/// The packets of a file that has no damage.
pub(crate) fn read_whole(octets: &[u8]) -> Vec<Seen> {
    let (packets, input) = read(octets).unwrap();
    assert_eq!(input.damage, None);
    packets
}

/// The packets and the damage of a file that can be opened.
pub(crate) fn read_damaged(octets: &[u8]) -> (Vec<Seen>, String) {
    let (packets, input) = read(octets).unwrap();
    (packets, input.damage.expect("damage"))
}
