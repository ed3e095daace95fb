//! Windows: files, directory, procedures.

mod asn1;
mod dcerpc;
mod kerberos;
mod ldap;
pub(super) mod ntlm;
mod rdp;
mod smb;
mod spnego;

use super::protocol::Protocol;

/// The protocols of this group, in the order in which they are asked.
pub(super) const PROTOCOLS: &[Protocol] = &[
    smb::PROTOCOL,
    dcerpc::PROTOCOL,
    kerberos::PROTOCOL,
    ldap::PROTOCOL,
    rdp::PROTOCOL,
];
