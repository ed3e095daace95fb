//! Bytes to meaning, without input or output.
//!
//! [`frame::decode`] takes one captured frame and says which bucket it ends in and, where it holds
//! an IP packet, what a flow table needs of it. A frame that breaks half-way keeps what was read.
//! Nothing here allocates, keeps state or panics.
//!
//! The layers are files: [`link`] finds the network layer below any link header, [`ip`] reads
//! IPv4 and IPv6 with their extension headers and the head of the transport layer. A tunnel is a
//! step from a payload back to [`link`] or [`ip`]; it goes beside them.
//!
//! ```
//! use sekisho_model::{FrameBucket, Linktype};
//! use sekisho_wire::frame;
//!
//! let cut_off = [0x45, 0, 0, 20];
//! assert_eq!(frame::decode(&cut_off, Linktype::RAW, 20).bucket, FrameBucket::IpTruncated);
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

pub mod frame;
pub mod icmp;
pub mod ip;
pub mod link;
pub mod partition;

pub use frame::{Frame, decode};
pub use ip::{IpPacket, TcpSegment};
