//! A search: where, how deep, for what.
//!
//! Source: RFC 4511 section 4.5.1; RFC 4515 (a filter as text).

use sekisho_model::app::Facts;

use super::name;
use crate::app::text;
use crate::app::windows::asn1::{self, expect};

/// Octets of a filter's text.
const MAX_FILTER: usize = 512;
/// Octets of one value in it.
const MAX_VALUE: usize = 64;
/// Filters in filters.
const MAX_DEPTH: u8 = 8;
/// Attributes that are kept.
const MAX_ATTRIBUTES: usize = 16;

/// Reads a search request.
pub(super) fn read(mut body: &[u8]) -> Option<Facts> {
    let base = expect(&mut body, 0x04)?;
    let scope = asn1::number(expect(&mut body, 0x0a)?)?;
    // Aliases, limits of size and time, types only.
    for _ in 0..4 {
        asn1::next(&mut body)?;
    }
    let mut facts = Facts::new();
    facts.put("base_object", name::of(base)).put("scope", scope);
    let mut filter = String::new();
    write(&mut body, MAX_DEPTH, &mut filter)?;
    facts.put("filter", filter);
    let mut list = expect(&mut body, 0x30).unwrap_or_default();
    let attributes: Vec<_> = std::iter::from_fn(|| expect(&mut list, 0x04))
        .take(MAX_ATTRIBUTES)
        .map(|attribute| text::bounded(attribute, MAX_VALUE).0)
        .collect();
    if !attributes.is_empty() {
        facts.put("attributes", attributes);
    }
    Some(facts)
}

/// Takes the filter at the start and writes it; what is too deep or too long is left out.
fn write(octets: &mut &[u8], depth: u8, into: &mut String) -> Option<()> {
    let filter = asn1::next(octets)?;
    if depth == 0 || into.len() > MAX_FILTER {
        return Some(());
    }
    let mut inner = filter.value;
    into.push('(');
    match filter.tag {
        0xa0..=0xa2 => {
            into.push(match filter.tag {
                0xa0 => '&',
                0xa1 => '|',
                _ => '!',
            });
            while !inner.is_empty() && into.len() <= MAX_FILTER {
                write(&mut inner, depth.saturating_sub(1), into)?;
            }
        }
        0xa3 | 0xa5 | 0xa6 | 0xa8 => {
            let attribute = expect(&mut inner, 0x04)?;
            put(attribute, into);
            into.push_str(match filter.tag {
                0xa5 => ">=",
                0xa6 => "<=",
                0xa8 => "~=",
                _ => "=",
            });
            value(attribute, expect(&mut inner, 0x04)?, into);
        }
        0xa4 => {
            let attribute = expect(&mut inner, 0x04)?;
            put(attribute, into);
            into.push('=');
            let mut parts = expect(&mut inner, 0x30)?;
            let mut last = 0;
            while let Some(part) = asn1::next(&mut parts).filter(|_| into.len() <= MAX_FILTER) {
                // A star stands before all but the initial part.
                if part.tag != 0x80 {
                    into.push('*');
                }
                value(attribute, part.value, into);
                last = part.tag;
            }
            if last != 0x82 {
                into.push('*');
            }
        }
        0x87 => {
            put(inner, into);
            into.push_str("=*");
        }
        0xa9 => {
            let rule = expect(&mut inner, 0x81).unwrap_or_default();
            let attribute = expect(&mut inner, 0x82).unwrap_or_default();
            put(attribute, into);
            into.push(':');
            put(rule, into);
            into.push_str(":=");
            value(attribute, expect(&mut inner, 0x83)?, into);
        }
        _ => into.push('?'),
    }
    into.push(')');
    Some(())
}

fn value(attribute: &[u8], value: &[u8], into: &mut String) {
    into.push_str(&name::value(attribute, value, MAX_VALUE));
}

fn put(octets: &[u8], into: &mut String) {
    into.push_str(&text::bounded(octets, MAX_VALUE).0);
}
