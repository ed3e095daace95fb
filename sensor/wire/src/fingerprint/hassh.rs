//! HASSH: what one end of SSH offers in its `SSH_MSG_KEXINIT`.
//!
//! Source: salesforce/hassh, "HASSH - Profiling Method for SSH Clients and Servers".

use super::md5_hex;

/// MD5 of the four name-lists, joined with `;`. A client's are those for client to server, a
/// server's those for server to client.
#[must_use]
pub fn of(kex: &str, enc: &str, mac: &str, comp: &str) -> String {
    md5_hex([kex, enc, mac, comp].join(";").as_bytes())
}
