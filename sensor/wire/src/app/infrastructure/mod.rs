//! Infrastructure: time, management, telephony, logs.

mod ntp;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[ntp::PROTOCOL];
