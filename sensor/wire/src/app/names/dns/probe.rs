//! Whether octets are a message, and whose.
//!
//! A message of the right form from its first octet to its last is unmistakable: one question with a
//! name that ends, counts that fit, records whose lengths add up to the very end. A message that is
//! cut off or has trailing octets is believed at its port.

use super::dialect::Dialect;
use super::message::{HEADER, Header};
use super::name::{self, Fault};
use super::netbios;
use super::registry::{NB, NBSTAT};
use crate::app::protocol::{Hint, Probe, Transport};

/// Questions of a message that can be believed.
const MAX_QUESTIONS: u16 = 64;
/// Messages up to here are waited for; longer ones of a stream are believed by their beginning.
const MAX_WAIT: usize = 4096;
/// Octets of a stream that say enough at the protocol's port: length, identifier, flags, questions.
const STREAM_HEAD: usize = 8;

pub(super) fn dns(hint: &Hint<'_>) -> Probe {
    on(hint, Dialect::Dns)
}

pub(super) fn mdns(hint: &Hint<'_>) -> Probe {
    on(hint, Dialect::Mdns)
}

pub(super) fn llmnr(hint: &Hint<'_>) -> Probe {
    on(hint, Dialect::Llmnr)
}

/// NetBIOS names are unmistakable on any port but that of DNS.
pub(super) fn nbns(hint: &Hint<'_>) -> Probe {
    let is_at = Dialect::at(hint.ports) == Dialect::Nbns;
    match Header::read(hint.octets) {
        Some(_) if is_netbios(hint.octets) => Probe::Sure,
        Some(header) if is_at && Dialect::Nbns.knows(header.opcode()) => may_be(&header, hint.octets),
        _ => Probe::No,
    }
}

fn on(hint: &Hint<'_>, dialect: Dialect) -> Probe {
    let is_at = hint.ports.contains(&dialect.port());
    if Dialect::at(hint.ports) != dialect || !is_at && is_netbios(hint.octets) {
        return Probe::No;
    }
    match hint.transport {
        Transport::Udp => datagram(hint.octets, dialect),
        Transport::Tcp => stream(hint.octets, dialect, is_at),
    }
}

fn datagram(octets: &[u8], dialect: Dialect) -> Probe {
    match Header::read(octets) {
        Some(header) if !is_plausible(&header, dialect) => Probe::No,
        Some(header) if is_exact(&header, octets, dialect) => Probe::Sure,
        Some(header) => may_be(&header, octets),
        None => Probe::No,
    }
}

fn stream(octets: &[u8], dialect: Dialect, is_at: bool) -> Probe {
    let Some((length, rest)) = octets.split_first_chunk() else {
        return Probe::More;
    };
    let length = usize::from(u16::from_be_bytes(*length));
    if length < HEADER {
        return Probe::No;
    }
    if let Some(message) = rest.get(..length) {
        return datagram(message, dialect);
    }
    // What is not there yet counts as what a plain query has.
    let mut head = [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for (place, octet) in head.iter_mut().zip(rest) {
        *place = *octet;
    }
    let Some(header) = Header::read(&head).filter(|header| is_plausible(header, dialect)) else {
        return Probe::No;
    };
    let [questions, ..] = header.counts;
    if questions != 1 {
        return Probe::No;
    }
    if octets.len() < STREAM_HEAD || !is_at && length <= MAX_WAIT {
        return Probe::More;
    }
    Probe::Likely
}

/// Whether a header can be one at all.
fn is_plausible(header: &Header, dialect: Dialect) -> bool {
    let [questions, answers, authorities, additionals] = header.counts;
    let records = [questions, answers, authorities, additionals];
    let is_reserved_clear = dialect != Dialect::Dns || header.flags & 0x0040 == 0;
    dialect.knows(header.opcode())
        && is_reserved_clear
        && questions <= MAX_QUESTIONS
        && (records.iter().any(|count| *count != 0) || header.is_response())
}

/// Whether at least the first question or the lack of one can be believed.
fn may_be(header: &Header, octets: &[u8]) -> Probe {
    let [questions, ..] = header.counts;
    match name::walk(octets, HEADER, |_| {}) {
        Ok(_) | Err(Fault::Cut) => Probe::Likely,
        Err(_) if questions == 0 => Probe::Likely,
        Err(Fault::Loop | Fault::Malformed) => Probe::No,
    }
}

/// Whether everything fits to the last octet.
fn is_exact(header: &Header, octets: &[u8], dialect: Dialect) -> bool {
    let [questions, records @ ..] = header.counts;
    let [answers, authorities, additionals] = records;
    let counts_fit = match (dialect, header.is_response()) {
        (Dialect::Mdns, _) => true,
        (_, true) => questions == 1 && (header.rcode() <= 11),
        // A notification and an update carry records; an incremental transfer its last serial.
        (_, false) => {
            let carries = matches!(header.opcode(), 4 | 5);
            let is_bare = answers == 0 && authorities <= 1 && additionals <= 4;
            questions == 1 && header.rcode() == 0 && (carries || is_bare)
        }
    };
    counts_fit && end(questions, records, octets, dialect) == Some(octets.len())
}

/// Where the message ends by its own account.
fn end(questions: u16, records: [u16; 3], octets: &[u8], dialect: Dialect) -> Option<usize> {
    let mut at = HEADER;
    for _ in 0..questions {
        let after = name::walk(octets, at, |_| {}).ok()?;
        let &[k0, k1, c0, c1] = octets.get(after..)?.first_chunk()?;
        let class = u16::from_be_bytes([c0, c1]);
        // The highest bit asks for an answer to the asker alone (RFC 6762 section 5.4).
        let class = if dialect == Dialect::Mdns {
            class & 0x7fff
        } else {
            class
        };
        if [k0, k1] == [0, 0] || !matches!(class, 1 | 3 | 4 | 254 | 255) {
            return None;
        }
        at = after.saturating_add(4);
    }
    for _ in 0..records.iter().map(|count| u32::from(*count)).sum::<u32>() {
        let after = name::walk(octets, at, |_| {}).ok()?;
        let &[.., l0, l1] = octets.get(after..)?.first_chunk::<10>()?;
        at = after
            .saturating_add(10)
            .saturating_add(usize::from(u16::from_be_bytes([l0, l1])));
    }
    Some(at)
}

/// Whether the first name is an encoded one of the types that NetBIOS has.
fn is_netbios(octets: &[u8]) -> bool {
    let Some(header) = Header::read(octets).filter(|header| Dialect::Nbns.knows(header.opcode())) else {
        return false;
    };
    let [questions, answers, authorities, additionals] = header.counts;
    let mut first = None;
    let Ok(after) = name::walk(octets, HEADER, |label| _ = first.get_or_insert(label)) else {
        return false;
    };
    let Some(&[k0, k1, c0, c1]) = octets.get(after..).and_then(|rest| rest.first_chunk()) else {
        return false;
    };
    questions <= 1
        && questions.saturating_add(answers) >= 1
        && authorities <= 1
        && additionals <= 1
        && first.and_then(netbios::decode).is_some()
        && matches!(u16::from_be_bytes([k0, k1]), NB | NBSTAT | 10)
        && [c0, c1] == [0, 1]
}
