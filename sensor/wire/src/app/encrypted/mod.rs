//! Encrypted protocols: what their handshakes say.

mod cursor;
mod ike;
mod openvpn;
mod quic;
mod stun;
pub mod tls;
mod wireguard;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    quic::PROTOCOL,
    wireguard::PROTOCOL,
    openvpn::PROTOCOL,
    ike::PROTOCOL,
    ike::ESP,
    stun::PROTOCOL,
];
