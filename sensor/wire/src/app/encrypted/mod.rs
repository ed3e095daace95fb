//! Encrypted protocols: what their handshakes say.

pub mod tls;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[];
