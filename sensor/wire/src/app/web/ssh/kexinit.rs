//! `SSH_MSG_KEXINIT`: what an end offers, what both agree on.
//!
//! Source: RFC 4253 sections 6 (packets) and 7.1 (algorithm negotiation).

use crate::app::held::Held;
use crate::fingerprint::hassh;

/// Octets of a packet's payload at most: RFC 4253 section 6.1 asks for 32768 and padding.
pub(super) const MAX_PACKET: usize = 40_000;
/// Message number.
pub(super) const KEXINIT: u8 = 20;

/// Name-lists by place: key exchange, host keys, and of either direction ciphers, MACs and
/// compression.
const LISTS: usize = 8;
const KEX: usize = 0;
const HOST_KEY: usize = 1;
const CIPHER: usize = 2;
const MAC: usize = 4;
const COMPRESSION: usize = 6;
/// Added to the three last where the server sends.
const FROM_SERVER: usize = 1;

/// What one end offers.
#[derive(Debug)]
pub(super) struct Offer([Box<str>; LISTS]);

/// What both chose.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) kex: Option<Box<str>>,
    pub(super) host_key: Option<Box<str>>,
    /// Of the server's direction, as are the ones below.
    pub(super) cipher: Option<Box<str>>,
    pub(super) mac: Option<Box<str>>,
    pub(super) compression: Option<Box<str>>,
}

impl Held for Offer {
    fn held(&self) -> usize {
        self.0.held()
    }
}

impl Offer {
    /// Reads a payload that begins with the message number.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        // The number and a cookie of 16 octets.
        let mut rest = payload.get(17..)?;
        let mut lists: [Box<str>; LISTS] = Default::default();
        for list in &mut lists {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (names, after) = after.split_at_checked(length)?;
            *list = std::str::from_utf8(names).ok()?.into();
            rest = after;
        }
        Some(Self(lists))
    }

    fn list(&self, at: usize) -> &str {
        self.0.get(at).map_or("", |list| list)
    }

    fn four(&self, is_server: bool) -> [&str; 4] {
        let side = if is_server { FROM_SERVER } else { 0 };
        [KEX, CIPHER | side, MAC | side, COMPRESSION | side].map(|at| self.list(at))
    }

    /// The lists that HASSH is made of, joined with `;`.
    pub(super) fn hassh_string(&self, is_server: bool) -> String {
        self.four(is_server).join(";")
    }

    /// HASSH of a client, HASSHServer of a server.
    pub(super) fn hassh(&self, is_server: bool) -> String {
        let [kex, enc, mac, comp] = self.four(is_server);
        hassh::of(kex, enc, mac, comp)
    }
}

impl Chosen {
    /// The first of the client's names that the server has too, of each list.
    pub(super) fn of(client: &Offer, server: &Offer) -> Self {
        let first = |at| {
            let known: Vec<&str> = server.list(at).split(',').take(MAX_NAMES).collect();
            client
                .list(at)
                .split(',')
                .take(MAX_NAMES)
                .find(|name| !name.is_empty() && known.contains(name))
                .map(Into::into)
        };
        Self {
            kex: first(KEX),
            host_key: first(HOST_KEY),
            cipher: first(CIPHER | FROM_SERVER),
            mac: first(MAC | FROM_SERVER),
            compression: first(COMPRESSION | FROM_SERVER),
        }
    }
}

/// Names of a list that are compared.
const MAX_NAMES: usize = 64;
