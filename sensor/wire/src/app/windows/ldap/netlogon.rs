//! What a domain controller says of itself when it is asked over UDP.
//!
//! Source: MS-ADTS section 6.3.1.9 (NETLOGON_SAM_LOGON_RESPONSE_EX); names are compressed as in RFC
//! 1035 section 4.1.4.

use sekisho_model::app::Facts;

use crate::app::octets::{be16, le16, octet};
use crate::app::text;
use crate::app::windows::asn1::{self, expect};

/// Labels of one name, and pointers followed in it.
const MAX_LABELS: usize = 32;
/// LOGON_SAM_LOGON_RESPONSE_EX, and the same for an account that is not known.
const RESPONSES: [u16; 2] = [23, 25];
/// Octets before the names: operation, filler, flags, GUID of the domain.
const HEADER: usize = 24;

/// Reads the attribute `netlogon` of a search entry.
pub(super) fn read(mut entry: &[u8]) -> Option<Facts> {
    let _name = expect(&mut entry, 0x04)?;
    let mut attributes = expect(&mut entry, 0x30)?;
    let mut attribute = expect(&mut attributes, 0x30)?;
    if !expect(&mut attribute, 0x04)?.eq_ignore_ascii_case(b"netlogon") {
        return None;
    }
    let mut values = expect(&mut attribute, 0x31)?;
    let message = asn1::next(&mut values)?.value;
    if !RESPONSES.contains(&le16(message, 0)?) {
        return None;
    }
    let mut facts = Facts::new();
    let mut at = HEADER;
    // The account that was asked for stands between them and is left out.
    let keys = [
        Some("dns_forest"),
        Some("dns_domain"),
        Some("dns_host"),
        Some("nb_domain"),
        Some("nb_host"),
        None,
        Some("site"),
    ];
    for key in keys {
        let Some((name, behind)) = name(message, at) else {
            break;
        };
        at = behind;
        if let Some(key) = key
            && !name.is_empty()
        {
            facts.put(key, text::of(&name));
        }
    }
    Some(facts)
}

/// The name at a place, and the place behind it.
fn name(message: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (mut at, mut behind) = (start, None);
    let mut name = Vec::new();
    for _ in 0..MAX_LABELS {
        let len = octet(message, at)?;
        let next = at.saturating_add(1);
        match len {
            0 => return Some((name, behind.unwrap_or(next))),
            1..=63 => {
                let end = next.saturating_add(usize::from(len));
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(message.get(next..end)?);
                at = end;
            }
            192.. => {
                behind.get_or_insert(next.saturating_add(1));
                at = usize::from(be16(message, at)? & 0x3fff);
            }
            _ => return None,
        }
    }
    None
}
