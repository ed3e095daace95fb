//! Bytes to meaning, without input or output.
//!
//! [`frame::decode`] takes one captured frame and says which bucket it ends in and, of every IP
//! packet in it, what a flow table needs. A frame that breaks half-way keeps what was read.
//! Nothing in this allocates, keeps state or panics.
//!
//! A frame holds a link header and, one in the other, up to [`MAX_LAYERS`] IP packets: the first
//! one, and those that its tunnels carry. [`link`] finds the network layer below any link header,
//! [`ip`] reads IPv4 and IPv6 with their extension headers and the head of the transport layer,
//! [`tunnel`] finds the packet that a packet carries. Plain packets take a shorter way to the same
//! result.
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

pub mod app;
mod fast;
pub mod fingerprint;
pub mod frame;
pub mod icmp;
pub mod ip;
pub mod link;
pub mod partition;
mod remembered;
pub mod tunnel;

pub use frame::{Frame, Layer, MAX_LAYERS, decode, decode_into, decode_plain};
pub use ip::{Fragment, IpPacket, TcpSegment};
pub use tunnel::Tunnel;
