//! Security tokens of a sign-in: NTLM or Kerberos, bare or inside SPNEGO.
//!
//! Source: RFC 4178 (SPNEGO), RFC 4121 section 4.1 (Kerberos token), MS-SPNG. The wrapping itself says
//! nothing that is kept, so the mechanism's own message is looked for in it.

use super::kerberos::{self, Ticket};
use super::ntlm::{self, Ntlm};
use crate::app::held::Held;
use crate::app::octets::span;

/// Octets of a token in which a ticket is looked for.
const SEARCHED: usize = 4 * 1024;
/// Object identifier of Kerberos 5 (1.2.840.113554.1.2.2) and the token's kind: AP-REQ.
const AP_REQ: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00";

/// What a token holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Token {
    /// A message of NTLM.
    pub(super) ntlm: Option<Ntlm>,
    /// The ticket that is shown.
    pub(super) ticket: Option<Ticket>,
}

/// Reads a token.
pub(super) fn read(token: &[u8]) -> Token {
    let ntlm = ntlm::read(token);
    let ticket = if ntlm.is_none() { ticket(token) } else { None };
    Token { ntlm, ticket }
}

fn ticket(token: &[u8]) -> Option<Ticket> {
    let searched = span(token, 0, SEARCHED)?;
    let at = searched
        .windows(AP_REQ.len())
        .position(|window| window == AP_REQ)?;
    kerberos::ap_req(token.get(at.saturating_add(AP_REQ.len())..)?)
}

impl Held for Token {
    fn held(&self) -> usize {
        self.ntlm.held().saturating_add(self.ticket.held())
    }
}
