//! Plants: control systems and things.
//!
//! Controllers are polled with the same few requests for as long as they live; what of that is
//! written says [`exchanges`](super::infrastructure::exchanges).

mod bacnet;
mod dnp3;
mod enip;
mod modbus;
mod mqtt;
mod opcua;
mod s7comm;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked: those with a magic first.
pub(super) const PROTOCOLS: &[Protocol] = &[
    dnp3::PROTOCOL,
    mqtt::PROTOCOL,
    opcua::PROTOCOL,
    s7comm::PROTOCOL,
    enip::PROTOCOL,
    bacnet::PROTOCOL,
    modbus::PROTOCOL,
];
