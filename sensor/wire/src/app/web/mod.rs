//! Web, mail, files and terminals: protocols of text lines.

mod ftp;
mod http;
mod http2;
mod imap;
mod lines;
mod pop3;
mod reply;
mod smtp;
mod ssh;
mod telnet;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    http2::PROTOCOL,
    http::PROTOCOL,
    http::SSDP,
    ssh::PROTOCOL,
    ftp::PROTOCOL,
    smtp::PROTOCOL,
    pop3::PROTOCOL,
    imap::PROTOCOL,
    telnet::PROTOCOL,
];
