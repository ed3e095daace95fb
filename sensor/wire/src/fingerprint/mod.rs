//! Fingerprints: what software says of itself by the order and choice of what it offers.
//!
//! Each one is a pure function of a message that was read: [`ja3`] and [`ja4`] of a TLS client,
//! [`ja3s`] of a TLS server, [`hassh`] of either end of SSH. Of the JA4 family only the TLS client's
//! is here, the one that is free to use.

pub mod hassh;
pub mod ja3;
pub mod ja3s;
pub mod ja4;

use std::cell::RefCell;
use std::rc::Rc;

use crate::app::encrypted::tls::hello::{ClientHello, ServerHello, is_grease};
use crate::app::text;
use crate::remembered::Remembered;
use ja3::Ja3;
use ja4::Carrier;

/// Numbers that a usual client sends of a kind, at most.
const USUAL: usize = 40;

/// The fingerprints of a TLS client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) ja3: Ja3,
    pub(crate) ja4: String,
}

/// Fingerprints that were made last, by all that they are made of, and room to write that down.
#[derive(Default)]
struct Last {
    clients: Remembered<Client>,
    servers: Remembered<Ja3>,
    key: Vec<u8>,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// JA3 and JA4 of a client.
pub(crate) fn of_client(hello: &ClientHello<'_>, carrier: Carrier) -> Rc<Client> {
    LAST.with_borrow_mut(|Last { clients, key, .. }| {
        key.clear();
        let kinds = hello.extensions().map(|extension| extension.kind);
        let alpn = hello.alpn().next().unwrap_or_default();
        // The lengths stand last, so that no two hellos have one key.
        let lengths = [
            words(hello.ciphers(), key),
            words(kinds, key),
            words(hello.groups(), key),
            octets(hello.point_formats(), key),
            words(hello.signature_algorithms(), key),
            octets(alpn, key),
        ];
        for length in lengths {
            key.extend_from_slice(&length.to_be_bytes());
        }
        octets(&hello.version.to_be_bytes(), key);
        octets(&hello.greatest_version().to_be_bytes(), key);
        key.push(carrier as u8);
        clients.of(key, || Client {
            ja3: ja3::of(hello),
            ja4: ja4::of(hello, carrier),
        })
    })
}

/// JA3S of a server.
pub(crate) fn of_server(hello: &ServerHello<'_>) -> Rc<Ja3> {
    LAST.with_borrow_mut(|Last { servers, key, .. }| {
        key.clear();
        octets(&hello.version.to_be_bytes(), key);
        octets(&hello.cipher.to_be_bytes(), key);
        words(hello.extensions().map(|extension| extension.kind), key);
        servers.of(key, || ja3s::of(hello))
    })
}

/// Adds numbers without GREASE to a key; answers how many octets they are.
fn words(numbers: impl Iterator<Item = u16>, key: &mut Vec<u8>) -> usize {
    let before = key.len();
    for number in numbers.filter(|number| !is_grease(*number)) {
        key.extend_from_slice(&number.to_be_bytes());
    }
    key.len().saturating_sub(before)
}

fn octets(octets: &[u8], key: &mut Vec<u8>) -> usize {
    key.extend_from_slice(octets);
    octets.len()
}

/// Numbers as they come, with room for the usual made at once.
pub(crate) fn gathered(numbers: impl Iterator<Item = u16>) -> Vec<u16> {
    let mut list = Vec::with_capacity(USUAL);
    list.extend(numbers);
    list
}

/// MD5 as 32 lower-case digits.
fn md5_hex(octets: &[u8]) -> String {
    use md5::{Digest, Md5};
    text::hex(&Md5::digest(octets))
}
