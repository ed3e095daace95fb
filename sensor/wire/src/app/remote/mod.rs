//! Remote access, data bases, and what is seldom wanted.

mod bittorrent;
mod bittorrent_dht;
mod irc;
mod json;
mod mongodb;
mod mysql;
mod pgsql;
mod redis;
mod rsync;
mod socks;
mod stratum;
mod tds;
mod teamviewer;
mod vnc;
mod x11;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    bittorrent::PROTOCOL,
    bittorrent_dht::PROTOCOL,
    stratum::PROTOCOL,
    mysql::PROTOCOL,
    pgsql::PROTOCOL,
    tds::PROTOCOL,
    redis::PROTOCOL,
    mongodb::PROTOCOL,
    rsync::PROTOCOL,
    x11::PROTOCOL,
    irc::PROTOCOL,
    socks::PROTOCOL,
    vnc::PROTOCOL,
    teamviewer::PROTOCOL,
];
