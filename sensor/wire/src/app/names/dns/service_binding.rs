//! SVCB and HTTPS records as text.
//!
//! Source: RFC 9460 sections 2.1, 2.2 and 14.3.2.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::{self, Fault};
use crate::app::text;

/// Parameters of a record that are read.
const MAX_PARAMETERS: usize = 16;
/// Octets of a value that are kept.
const MAX_VALUE: usize = 128;

/// Priority, target and parameters, in the form of a zone file. Of Encrypted Client Hello only that
/// it is there.
pub(super) fn read(message: &[u8], at: usize, data: &[u8]) -> Result<String, Fault> {
    let (priority, _) = data.split_first_chunk().ok_or(Fault::Cut)?;
    let target = at.saturating_add(2);
    let (target, after) = name::read(message, target)?;
    let mut text = format!("{} {target}", u16::from_be_bytes(*priority));
    let mut rest = data.get(after.saturating_sub(at)..).ok_or(Fault::Malformed)?;
    for _ in 0..MAX_PARAMETERS {
        let Some((&[k0, k1, l0, l1], after)) = rest.split_first_chunk() else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let (value, after) = after.split_at_checked(length).ok_or(Fault::Malformed)?;
        parameter(u16::from_be_bytes([k0, k1]), value, &mut text);
        rest = after;
    }
    Ok(text)
}

fn parameter(key: u16, value: &[u8], out: &mut String) {
    out.push(' ');
    // Writing to a string cannot fail.
    let _ = match (key, value) {
        (1, value) => write!(out, "alpn={}", protocols(value)),
        (2, _) => write!(out, "no-default-alpn"),
        (3, &[p0, p1]) => write!(out, "port={}", u16::from_be_bytes([p0, p1])),
        (4, value) => write!(
            out,
            "ipv4hint={}",
            list(
                value
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|octets| Ipv4Addr::from(*octets))
            )
        ),
        (5, _) => write!(out, "ech"),
        (6, value) => write!(
            out,
            "ipv6hint={}",
            list(
                value
                    .as_chunks::<16>()
                    .0
                    .iter()
                    .map(|octets| Ipv6Addr::from(*octets))
            )
        ),
        (7, value) => write!(out, "dohpath={}", text::bounded(value, MAX_VALUE).0),
        (key, _) => write!(out, "key{key}"),
    };
}

/// Names of protocols, each behind its length.
fn protocols(mut value: &[u8]) -> String {
    let mut names = Vec::new();
    while let Some((length, rest)) = value.split_first()
        && names.len() < MAX_PARAMETERS
    {
        let Some((name, rest)) = rest.split_at_checked(usize::from(*length)) else {
            break;
        };
        names.push(text::bounded(name, MAX_VALUE).0);
        value = rest;
    }
    names.join(",")
}

fn list(addresses: impl Iterator<Item = impl ToString>) -> String {
    let addresses: Vec<String> = addresses
        .take(MAX_PARAMETERS)
        .map(|address| address.to_string())
        .collect();
    addresses.join(",")
}
