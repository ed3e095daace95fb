//! The endpoint mapper's answers: which interface listens where.
//!
//! Source: C706 appendix I (protocol towers) and O (ept_map); MS-RPCE section 2.2.1.2.

use std::net::Ipv4Addr;

use sekisho_model::app::Facts;

use super::interfaces;
use crate::app::octets::{be16, le16, octet, until_nul, uuid};
use crate::app::text;

/// Towers of one answer that are kept.
const MAX_TOWERS: usize = 8;
/// Floors of one tower.
const MAX_FLOORS: u16 = 8;

/// The towers in a stub, of 32 and 64 bits alike: a tower's first floor is unmistakable, so the
/// marshalling around it is passed over.
pub(super) fn read(stub: &[u8]) -> Vec<Facts> {
    let mut towers = Vec::new();
    let mut rest = stub;
    while towers.len() < MAX_TOWERS {
        // Floors, and the first one's left side: 19 octets, a UUID.
        let found = rest.windows(5).position(
            |window| matches!(window, [floors, 0, 19, 0, 0x0d] if (3..=MAX_FLOORS).contains(&u16::from(*floors))),
        );
        let Some(tower) = found.and_then(|at| rest.get(at..)) else {
            break;
        };
        rest = tower.get(5..).unwrap_or_default();
        towers.extend(floors(tower));
    }
    towers
}

fn floors(tower: &[u8]) -> Option<Facts> {
    let count = le16(tower, 0)?;
    let mut facts = Facts::new();
    let mut rest = tower.get(2..)?;
    for floor in 0..count {
        let (left, after) = side(rest)?;
        let (right, after) = side(after)?;
        rest = after;
        match (octet(left, 0)?, floor) {
            (0x0d, 0) => {
                let id = uuid(left.get(1..)?.first_chunk()?);
                facts.put_some("service", interfaces::of(&id).map(|known| known.service));
                facts.put("uuid", id);
            }
            (0x07, _) => {
                facts.put("proto", "TCP").put_some("port", be16(right, 0));
            }
            (0x08, _) => {
                facts.put("proto", "UDP").put_some("port", be16(right, 0));
            }
            (0x09, _) => {
                let address: Option<&[u8; 4]> = right.first_chunk();
                facts.put_some(
                    "address",
                    address.map(|octets| Ipv4Addr::from(*octets).to_string()),
                );
            }
            (0x0f, _) => {
                facts.put("named_pipe", text::of(until_nul(right)));
            }
            (0x1f, _) => {
                facts.put("proto", "HTTP").put_some("port", be16(right, 0));
            }
            _ => {}
        }
    }
    Some(facts)
}

/// One side of a floor, and what follows it.
fn side(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = usize::from(le16(octets, 0)?);
    octets.get(2..)?.split_at_checked(len)
}
