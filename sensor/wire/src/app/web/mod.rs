//! Web, mail, files and terminals: protocols of text lines.

mod http;
mod http2;
mod lines;
mod ssh;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[http2::PROTOCOL, http::PROTOCOL, http::SSDP, ssh::PROTOCOL];
