//! NTLM: who signs in where, and how. Responses and challenges are not kept.
//!
//! Source: MS-NLMP section 2.2.1 (messages), 2.2.2.1 (AV_PAIR), 2.2.2.10 (VERSION).

use sekisho_model::app::Facts;

use crate::app::held::Held;
use crate::app::octets::{le16, le32, octet, span, utf16};
use crate::app::text;

/// What every message begins with.
const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";
/// Octets of a security token in which a message is looked for.
const SEARCHED: usize = 8 * 1024;
/// Letters of a name that are kept.
const MAX_NAME: usize = 128;
/// Pairs of target information that are read.
const MAX_PAIRS: usize = 16;
const UNICODE: u32 = 0x0000_0001;
const VERSION: u32 = 0x0200_0000;

/// Which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The client says what it can.
    Negotiate,
    /// The server asks.
    Challenge,
    /// The client answers.
    Authenticate,
}

/// What one message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ntlm {
    /// Which message.
    pub(crate) kind: Kind,
    /// Domain: of the account, or the server's where it asks.
    pub(crate) domain: Option<Box<str>>,
    /// Digest of the account's name.
    pub(crate) user_digest: Option<String>,
    /// Name of the client's host.
    pub(crate) host: Option<Box<str>>,
    /// Version of the sender's software: `10.0 build 17763 rev 15`.
    pub(crate) version: Option<String>,
    /// How it is answered: `NTLMv2`, `NTLMv1`, `LM` or `anonymous`.
    pub(crate) response: Option<&'static str>,
    /// `NetBIOS` name of the server.
    pub(crate) server_nb_computer_name: Option<Box<str>>,
    /// DNS name of the server.
    pub(crate) server_dns_computer_name: Option<Box<str>>,
    /// DNS name of the server's domain.
    pub(crate) server_dns_domain_name: Option<Box<str>>,
}

/// Reads the NTLM message in a security token, bare or wrapped (SPNEGO).
pub(crate) fn read(token: &[u8]) -> Option<Ntlm> {
    let token = span(token, 0, SEARCHED)?;
    let at = token
        .windows(SIGNATURE.len())
        .position(|window| window == SIGNATURE)?;
    let message = token.get(at..)?;
    let none = Ntlm {
        kind: Kind::Negotiate,
        domain: None,
        user_digest: None,
        host: None,
        version: None,
        response: None,
        server_nb_computer_name: None,
        server_dns_computer_name: None,
        server_dns_domain_name: None,
    };
    match le32(message, 8)? {
        1 => negotiate(message, none),
        2 => challenge(message, none),
        3 => authenticate(message, none),
        _ => None,
    }
}

impl Held for Ntlm {
    fn held(&self) -> usize {
        [
            self.domain.held(),
            self.user_digest.held(),
            self.host.held(),
            self.version.held(),
            self.server_nb_computer_name.held(),
            self.server_dns_computer_name.held(),
            self.server_dns_domain_name.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Ntlm {
    /// Facts under `ntlmssp`.
    pub(crate) fn facts(&self, into: &mut Facts) {
        into.put_some("domain", self.domain.clone())
            .put_some("user_digest", self.user_digest.clone())
            .put_some("host", self.host.clone())
            .put_some("version", self.version.clone())
            .put_some("response", self.response)
            .put_some("server_nb_computer_name", self.server_nb_computer_name.clone())
            .put_some("server_dns_computer_name", self.server_dns_computer_name.clone())
            .put_some("server_dns_domain_name", self.server_dns_domain_name.clone());
        if self.kind == Kind::Challenge {
            into.put("challenge", true);
        }
    }
}

/// Names of a negotiate message are in the machine's own code page.
fn negotiate(message: &[u8], mut ntlm: Ntlm) -> Option<Ntlm> {
    let flags = le32(message, 12)?;
    let name = |at| Some(text::bounded(field(message, at)?, MAX_NAME).0);
    ntlm.domain = name(16).filter(|name| !name.is_empty());
    ntlm.host = name(24).filter(|name| !name.is_empty());
    ntlm.version = version(message, 32, flags);
    Some(ntlm)
}

fn challenge(message: &[u8], mut ntlm: Ntlm) -> Option<Ntlm> {
    let flags = le32(message, 20)?;
    ntlm.kind = Kind::Challenge;
    ntlm.domain = name(message, 12, flags);
    ntlm.version = version(message, 48, flags);
    let mut pairs = field(message, 40).unwrap_or_default();
    for _ in 0..MAX_PAIRS {
        let (Some(id), Some(len)) = (le16(pairs, 0), le16(pairs, 2)) else {
            break;
        };
        let value = || Some(utf16(span(pairs, 4, usize::from(len))?, MAX_NAME));
        match id {
            0 => break,
            1 => ntlm.server_nb_computer_name = value(),
            3 => ntlm.server_dns_computer_name = value(),
            4 => ntlm.server_dns_domain_name = value(),
            _ => {}
        }
        pairs = pairs
            .get(usize::from(len).saturating_add(4)..)
            .unwrap_or_default();
    }
    Some(ntlm)
}

fn authenticate(message: &[u8], mut ntlm: Ntlm) -> Option<Ntlm> {
    // The oldest clients leave the flags out.
    let flags = le32(message, 60).unwrap_or(UNICODE);
    ntlm.kind = Kind::Authenticate;
    ntlm.domain = name(message, 28, flags);
    ntlm.host = name(message, 44, flags);
    ntlm.version = version(message, 64, flags);
    let user = name(message, 36, flags);
    ntlm.user_digest = user.as_ref().map(|user| text::user_digest(user.as_bytes()));
    let (lm, nt) = (le16(message, 12)?, le16(message, 20)?);
    ntlm.response = match (nt, lm) {
        _ if user.is_none() && nt == 0 => Some("anonymous"),
        (25.., _) => Some("NTLMv2"),
        (24, _) => Some("NTLMv1"),
        (0, 24) => Some("LM"),
        _ => None,
    };
    Some(ntlm)
}

/// A name that the flags say the writing of.
fn name(message: &[u8], at: usize, flags: u32) -> Option<Box<str>> {
    let octets = field(message, at)?;
    let name = if flags & UNICODE == 0 {
        text::bounded(octets, MAX_NAME).0
    } else {
        utf16(octets, MAX_NAME)
    };
    (!name.is_empty()).then_some(name)
}

/// The octets that a field (length, room, offset) points at.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let len = usize::from(le16(message, at)?);
    let offset = usize::try_from(le32(message, at.saturating_add(4))?).ok()?;
    message.get(offset..offset.saturating_add(len))
}

fn version(message: &[u8], at: usize, flags: u32) -> Option<String> {
    if flags & VERSION == 0 {
        return None;
    }
    let octets = message.get(at..)?;
    let (major, minor) = (octet(octets, 0)?, octet(octets, 1)?);
    let (build, revision) = (le16(octets, 2)?, octet(octets, 7)?);
    // Samba and others set the flag and leave the version out.
    (major != 0).then(|| format!("{major}.{minor} build {build} rev {revision}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MS-NLMP section 4.2.4.3: the AUTHENTICATE_MESSAGE of the NTLMv2 example.
    const AUTHENTICATE: &[u8] = b"NTLMSSP\0\x03\0\0\0\x18\0\x18\0\x6c\0\0\0\x54\0\x54\0\x84\0\0\0\x0c\0\x0c\0\x48\0\0\0\x08\0\x08\0\x54\0\0\0\x10\0\x10\0\x5c\0\0\0\x10\0\x10\0\xd8\0\0\0\x35\x82\x88\xe2\x05\x01\x28\x0a\0\0\0\x0fD\0o\0m\0a\0i\0n\0U\0s\0e\0r\0C\0O\0M\0P\0U\0T\0E\0R\0";
    /// MS-NLMP section 4.2.4.3: the CHALLENGE_MESSAGE of the NTLMv2 example.
    const CHALLENGE: &[u8] = b"NTLMSSP\0\x02\0\0\0\x0c\0\x0c\0\x38\0\0\0\x33\x82\x8a\xe2\x01\x23\x45\x67\x89\xab\xcd\xef\0\0\0\0\0\0\0\0\x24\0\x24\0\x44\0\0\0\x06\0\x70\x17\0\0\0\x0fS\0e\0r\0v\0e\0r\0\x02\0\x0c\0D\0o\0m\0a\0i\0n\0\x01\0\x0c\0S\0e\0r\0v\0e\0r\0\0\0\0\0";

    #[test]
    fn the_specifications_answer_names_account_domain_and_host() {
        let ntlm = read(AUTHENTICATE).unwrap();

        assert_eq!(ntlm.kind, Kind::Authenticate);
        assert_eq!(ntlm.domain.as_deref(), Some("Domain"));
        assert_eq!(ntlm.host.as_deref(), Some("COMPUTER"));
        assert_eq!(ntlm.user_digest, Some(text::user_digest(b"User")));
        assert_eq!(ntlm.version.as_deref(), Some("5.1 build 2600 rev 15"));
        assert_eq!(ntlm.response, Some("NTLMv2"));
    }

    #[test]
    fn the_specifications_question_names_the_server_and_keeps_no_challenge() {
        let wrapped = [b"\xa1\x81\x90\x30", CHALLENGE].concat();

        let ntlm = read(&wrapped).unwrap();

        assert_eq!(ntlm.kind, Kind::Challenge);
        assert_eq!(ntlm.server_nb_computer_name.as_deref(), Some("Server"));
        assert_eq!(ntlm.version.as_deref(), Some("6.0 build 6000 rev 15"));
        assert!(!format!("{ntlm:?}").contains("cdef"));
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>, kind in 0_u8..5) {
            read(&[&b"NTLMSSP\0"[..], &[kind, 0, 0, 0], &octets[..]].concat());
            read(&octets);
        }
    }
}
