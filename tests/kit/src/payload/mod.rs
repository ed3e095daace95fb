//! Payloads that decoders recognise: right on the wire, empty of meaning.

pub mod dhcp;
pub mod dns;
pub mod http;
pub mod ndp;
pub mod ntp;
pub mod rdp;
pub mod smb;
pub mod smtp;
pub mod snmp;
pub mod ssh;
pub mod tls;
