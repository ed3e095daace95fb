//! Packet and capture builders for tests, and the exercise capture.
//!
//! Everything but [`wire`] is a pure function of its arguments and a seed: the same call gives the same octets on
//! every machine.
//! Not a traffic model: sizes and times are plausible, not measured.
//!
//! ```
//! use sekisho_kit::{Capture, Conversation, Endpoint, Frame, PcapWriter, Random, Segment};
//!
//! // One packet.
//! let syn = Frame::between("192.0.2.1", "198.51.100.2").tcp(&Segment::new(50_000, 443).flags(Segment::SYN));
//!
//! // A whole connection: handshake, one request, one answer, FIN.
//! let mut random = Random::new(1);
//! let mut capture = Capture::new();
//! capture.push(1_000_000_000, syn);
//! capture.extend(
//!     Conversation::new(Endpoint::new("192.0.2.1", 50_001), Endpoint::new("198.51.100.2", 80))
//!         .request(b"GET / HTTP/1.1\r\nHost: www.example\r\n\r\n")
//!         .response(b"HTTP/1.1 204 No Content\r\n\r\n")
//!         .play(1_001_000_000, &mut random),
//! );
//! let file: Vec<u8> = PcapWriter::default().write(&capture);
//! assert!(file.len() > 24);
//! ```

pub mod capture;
pub mod checksum;
pub mod conversation;
pub mod drill;
pub mod endian;
pub mod endpoint;
pub mod exchange;
pub mod exercise;
pub mod frame;
pub mod payload;
pub mod pcap;
pub mod pcapng;
pub mod random;
pub mod tcp;
pub mod wire;

pub use capture::{Capture, Packet};
pub use conversation::{Close, Conversation};
pub use endian::ByteOrder;
pub use endpoint::Endpoint;
pub use exchange::Exchange;
pub use frame::{Frame, Mac};
pub use pcap::PcapWriter;
pub use pcapng::{Interface, PcapngWriter};
pub use random::Random;
pub use tcp::Segment;
pub use wire::{Sender, Wire};
