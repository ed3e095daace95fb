//! Remote access, data bases, and what is seldom wanted.

mod vnc;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[vnc::PROTOCOL];
