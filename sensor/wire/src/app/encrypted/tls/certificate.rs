//! The certificate of one end, and what of it is kept.
//!
//! Source: RFC 5280; read with x509-parser. A certificate that cannot be read still has its
//! fingerprints. Nothing is verified: no chain, no signature, no date. A certificate that is valid
//! beyond what a timestamp can say (9999-12-31) is so until the last instant that it can.

use std::cell::RefCell;
use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use sekisho_model::Timestamp;
use sekisho_model::app::Facts;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev, oid2sn};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use crate::app::text;
use crate::remembered::Remembered;

/// Alternative names that are kept.
const MAX_NAMES: usize = 128;
/// Octets of a subject or issuer that are kept.
const MAX_NAME: usize = 512;
/// Octets of a serial number that are kept; RFC 5280 allows 20.
const MAX_SERIAL: usize = 32;

/// What is kept of a certificate.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app::encrypted) struct Certificate {
    /// SHA-256, in hexadecimal.
    pub(in crate::app::encrypted) sha256: String,
    /// Subject and issuer, where the certificate could be read.
    pub(in crate::app::encrypted) names: Option<[String; 2]>,
    /// Whether a limit left something out.
    pub(in crate::app::encrypted) is_cut: bool,
    /// Facts under the keys of Suricata's `tls`.
    pub(in crate::app::encrypted) facts: Facts,
    /// Facts of `certificate`.
    pub(in crate::app::encrypted) more: Facts,
}

thread_local! {
    static LAST: RefCell<Remembered<Certificate>> = RefCell::default();
}

/// Reads one certificate.
pub(in crate::app::encrypted) fn read(der: &[u8]) -> Rc<Certificate> {
    LAST.with_borrow_mut(|last| last.of(der, || read_anew(der)))
}

fn read_anew(der: &[u8]) -> Certificate {
    use sha1::Sha1;
    use sha2::{Digest, Sha256};
    let sha256 = text::hex(&Sha256::digest(der));
    let (mut facts, mut more) = (Facts::new(), Facts::new());
    more.put("sha256", sha256.as_str());
    let fingerprint = colons(&Sha1::digest(der), false);
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        facts.put("fingerprint", fingerprint);
        return Certificate {
            sha256,
            names: None,
            is_cut: false,
            facts,
            more,
        };
    };
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    let (subject_text, is_subject_cut) = name(subject);
    let (issuer_text, is_issuer_cut) = name(issuer);
    let validity = certificate.validity();
    let (alternatives, is_list_cut) = alternatives(&certificate);
    facts
        .put("subject", subject_text.as_str())
        .put("issuerdn", issuer_text.as_str())
        .put("serial", serial(certificate.raw_serial()))
        .put("fingerprint", fingerprint)
        .put(
            "notbefore",
            Timestamp::from_seconds(validity.not_before.timestamp(), 0),
        )
        .put(
            "notafter",
            Timestamp::from_seconds(validity.not_after.timestamp(), 0),
        );
    if !alternatives.is_empty() {
        facts.put("subjectaltname", alternatives);
    }
    let (key_type, key_bits) = key(certificate.public_key());
    more.put("key_type", key_type).put_some("key_bits", key_bits);
    let algorithm = &certificate.signature_algorithm.algorithm;
    let signature = oid2sn(algorithm, oid_registry()).map_or_else(|_| algorithm.to_string(), str::to_owned);
    more.put("signature", text::of(signature.as_bytes()));
    more.put("self_signed", subject.as_raw() == issuer.as_raw());
    Certificate {
        sha256,
        names: Some([subject_text, issuer_text]),
        is_cut: is_subject_cut || is_issuer_cut || is_list_cut,
        facts,
        more,
    }
}

/// A name as `C=JP, O=Example, CN=example.org`, in its own order; and whether it was cut.
fn name(name: &X509Name<'_>) -> (String, bool) {
    let mut words = String::new();
    for set in name.iter_rdn() {
        for (at, attribute) in set.iter().enumerate() {
            if words.len() > MAX_NAME {
                break;
            }
            let mark = match (words.is_empty(), at) {
                (true, _) => "",
                (false, 0) => ", ",
                (false, _) => " + ",
            };
            words.push_str(mark);
            let kind = attribute.attr_type();
            match oid2abbrev(kind, oid_registry()) {
                Ok(abbreviation) => words.push_str(abbreviation),
                // Writing to a string cannot fail.
                Err(_) => drop(write!(words, "{kind}")),
            }
            words.push('=');
            words.push_str(&text::bounded(attribute.as_slice(), MAX_NAME).0);
        }
    }
    let (words, is_cut) = text::bounded(words.as_bytes(), MAX_NAME);
    (words.into(), is_cut)
}

/// A serial number without leading zeros, as `0A:1B`.
fn serial(octets: &[u8]) -> String {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let zeros = zeros.min(octets.len().saturating_sub(1));
    let number = octets.get(zeros..).unwrap_or_default();
    colons(number.get(..MAX_SERIAL).unwrap_or(number), true)
}

/// Octets in hexadecimal with a colon between them.
fn colons(octets: &[u8], is_upper: bool) -> String {
    let mut words = String::with_capacity(octets.len().saturating_mul(3));
    for (at, octet) in octets.iter().enumerate() {
        if at > 0 {
            words.push(':');
        }
        text::push_hex(*octet, &mut words);
    }
    if is_upper {
        words.make_ascii_uppercase();
    }
    words
}

/// Alternative names of its subject; and whether some were left out.
fn alternatives(certificate: &X509Certificate<'_>) -> (Vec<Box<str>>, bool) {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return (Vec::new(), false);
    };
    let names = &extension.value.general_names;
    let kept = names.iter().take(MAX_NAMES).filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some(text::of(name.as_bytes()))
        }
        GeneralName::IPAddress(octets) => address(octets),
        _ => None,
    });
    (kept.collect(), names.len() > MAX_NAMES)
}

fn address(octets: &[u8]) -> Option<Box<str>> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(octets).to_string().into());
    }
    let octets = <[u8; 16]>::try_from(octets).ok()?;
    Some(Ipv6Addr::from(octets).to_string().into())
}

/// Kind and size of the key, as Zeek names them; the size of a curve's key is that of its field.
fn key(info: &SubjectPublicKeyInfo<'_>) -> (Box<str>, Option<u32>) {
    let oid = &info.algorithm.algorithm;
    let bits = |octets: usize| u32::try_from(octets.saturating_mul(8)).ok();
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let zeros: u32 = rsa
                .modulus
                .iter()
                .scan(false, |is_over, octet| {
                    let zeros = octet.leading_zeros();
                    (!std::mem::replace(is_over, zeros < 8)).then_some(zeros)
                })
                .sum();
            let size = bits(rsa.modulus.len()).map(|bits| bits.saturating_sub(zeros));
            ("rsa".into(), size)
        }
        Ok(PublicKey::EC(point)) => match bits(point.key_size().div_ceil(8)) {
            // The field of P-521 does not fill its last octet.
            Some(528) => ("ecdsa".into(), Some(521)),
            size => ("ecdsa".into(), size),
        },
        Ok(PublicKey::DSA(_)) => ("dsa".into(), None),
        _ => match oid.to_id_string().as_str() {
            "1.3.101.112" => ("ed25519".into(), Some(256)),
            "1.3.101.113" => ("ed448".into(), Some(456)),
            other => (text::of(other.as_bytes()), None),
        },
    }
}
