//! Capture files as packet sources: pcap and pcapng, plain, gzip or zstd, and standard input.
//!
//! ```text
//! open     path -> octets, refusals            detect   first octets -> what they are
//! decompress  octets -> octets, bounded        buffer   octets -> a window of whole records
//! pcap, pcapng  window -> the next packet      reader   one file: its packets, then its damage
//! merge    several readers -> FileSource
//! ```
//!
//! A file is recognised by its first octets, never by its name. A damaged file gives every packet
//! that stands whole before the damage, then one sentence that names the offset and the cause.

mod buffer;
mod decompress;
mod detect;
mod endian;
mod error;
mod merge;
mod open;
mod pcap;
mod pcapng;
mod reader;
mod time;

pub use error::OpenError;
pub use merge::{FileSource, Order};
