//! Encrypted protocols: what their handshakes say.

mod dtls;
mod ike;
mod openvpn;
mod quic;
#[cfg(test)]
mod set;
mod stun;
pub mod tls;
mod wireguard;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    tls::PROTOCOL,
    dtls::PROTOCOL,
    quic::PROTOCOL,
    wireguard::PROTOCOL,
    stun::PROTOCOL,
    ike::PROTOCOL,
    ike::ESP,
    openvpn::PROTOCOL,
];
