//! HTTP/1: each request with its response.
//!
//! Source: RFC 9112 (messages), RFC 9110 (fields, methods, status codes). Lines are taken one by
//! one, so that a head may be as long as it likes and nothing of it waits; bodies are passed over.

mod credentials;
mod exchange;
mod fields;
mod reader;
mod ssdp;
pub(super) mod start_line;
#[cfg(test)]
mod tests;

pub(super) use ssdp::PROTOCOL as SSDP;

use super::super::parser::Parser;
use super::super::protocol::{Hint, Probe, Protocol, Start, Transport};

/// Octets of a value (URL, user agent) that are kept.
const MAX_VALUE: usize = 1024;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "http",
    title: "HTTP",
    transports: &[Transport::Tcp],
    ports: &[
        80, 81, 591, 2869, 3128, 5000, 5357, 5985, 7080, 8000, 8008, 8080, 8081, 8088, 8888, 9080,
    ],
    kin: &["http2"],
    facts: exchange::FACTS,
    probe,
    parser,
};

fn probe(hint: &Hint<'_>) -> Probe {
    // Blank lines before a request are passed over (RFC 9112 section 2.2).
    let blank = hint
        .octets
        .iter()
        .take_while(|octet| matches!(octet, b'\r' | b'\n'))
        .count()
        .min(4);
    let octets = hint.octets.get(blank..).unwrap_or_default();
    if start_line::is_sure(octets) {
        return Probe::Sure;
    }
    if octets.is_empty() || !start_line::may_begin(octets) || octets.starts_with(b"PRI * HTTP/2") {
        return Probe::No;
    }
    let head = octets.get(..super::lines::MAX_LINE).unwrap_or(octets);
    match head.iter().position(|octet| *octet == b'\n') {
        Some(end) => {
            let line = head.get(..end).unwrap_or_default();
            if start_line::parse(line, false).is_some() {
                Probe::Sure
            } else {
                Probe::No
            }
        }
        None if octets.len() < super::lines::MAX_LINE => Probe::More,
        None => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(reader::Http::default())
}
