//! Packet sources: where packets come from, and nothing about what they mean.
//!
//! A [`Source`] fills a [`Batch`] with packets as they were captured: time, length on the wire, link
//! type and octets. [`file::FileSource`] reads capture files (pcap and pcapng, plain, gzip or zstd)
//! and standard input, several of them merged by packet time or one after the other. [`live::Live`] reads
//! network interfaces. Decoding, flows and counting by protocol happen in the crates above.
//!
//! ```
//! use sekisho_capture::{Batch, Fill, Source, file::{FileSource, Order}};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("one.pcap");
//! # let mut octets = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
//! # octets.extend([1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xff, 0xff]);
//! # std::fs::write(&path, octets)?;
//! let mut source = FileSource::open(&[path], Order::ByTime)?;
//! let mut batch = Batch::with_capacity(1024, 1 << 20);
//! loop {
//!     let fill = source.fill(&mut batch);
//!     for packet in batch.iter() {
//!         assert_eq!((packet.len, packet.data), (60, &[0xff, 0xff][..]));
//!     }
//!     batch.clear();
//!     if fill == Fill::End {
//!         break;
//!     }
//! }
//! assert_eq!(source.inputs()[0].packets, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod ahead;
pub mod batch;
pub mod choose;
pub mod file;
pub mod live;
pub mod pace;
#[cfg(feature = "pcap")]
mod pcap;
pub mod record;
pub mod source;
pub mod stop;
#[cfg(feature = "xdp")]
pub mod xdp;

pub use batch::{Batch, Packet};
pub use choose::BackEnd;
pub use file::{FileSource, OpenError, Order};
pub use live::{Live, LiveError};
pub use pace::Paced;
pub use record::Recorded;
pub use sekisho_model::Linktype;
pub use source::{Excluded, Fill, Network, Source};
pub use stop::Stop;
