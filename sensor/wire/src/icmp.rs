//! ICMP and ICMPv6 as flows: which types are request and reply, which report an error.
//!
//! Sources: RFC 792, RFC 4443, the IANA registries of ICMP types; the pairs are those of the
//! Community ID specification, version 1.

use sekisho_model::Protocol;

/// Request and reply types of ICMP.
const PAIRS: [(u8, u8); 5] = [(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
/// Request and reply types of ICMPv6: echo, router and neighbour discovery, multicast listener,
/// node information, home agent discovery.
const PAIRS_V6: [(u8, u8); 6] = [
    (128, 129),
    (133, 134),
    (135, 136),
    (130, 131),
    (139, 140),
    (144, 145),
];

/// Where a type stands in its exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// Asks; the reply has this type.
    Request(u8),
    /// Answers; the request has this type.
    Reply(u8),
    /// Stands alone.
    OneWay,
}

/// Says whether `kind` asks, answers or stands alone.
#[must_use]
pub fn exchange(protocol: Protocol, kind: u8) -> Exchange {
    let pairs: &[(u8, u8)] = if protocol == Protocol::ICMPV6 {
        &PAIRS_V6
    } else {
        &PAIRS
    };
    for &(request, reply) in pairs {
        if kind == request {
            return Exchange::Request(reply);
        }
        if kind == reply {
            return Exchange::Reply(request);
        }
    }
    Exchange::OneWay
}

/// Whether a message of this type reports what became of a packet that it quotes.
///
/// Redirects are not meant: they change a route, they do not answer.
#[must_use]
pub fn is_error(protocol: Protocol, kind: u8) -> bool {
    match protocol {
        Protocol::ICMP => matches!(kind, 3 | 11 | 12),
        Protocol::ICMPV6 => matches!(kind, 1..=4),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echo_is_an_exchange_and_unreachable_an_error() {
        assert_eq!(exchange(Protocol::ICMP, 8), Exchange::Request(0));
        assert_eq!(exchange(Protocol::ICMP, 0), Exchange::Reply(8));
        assert_eq!(exchange(Protocol::ICMPV6, 129), Exchange::Reply(128));
        assert_eq!(exchange(Protocol::ICMP, 3), Exchange::OneWay);
        assert!(is_error(Protocol::ICMP, 3) && !is_error(Protocol::ICMP, 5));
        assert!(is_error(Protocol::ICMPV6, 2) && !is_error(Protocol::ICMPV6, 134));
    }
}
