//! The probes of plants, remote access and infrastructure against what is not theirs.

use proptest::prelude::*;

use super::hostile;
use crate::app::parser::End;
use crate::app::protocol::{Hint, Probe, Protocol};
use crate::app::{plant, remote};

fn ours() -> impl Iterator<Item = &'static Protocol> {
    [super::PROTOCOLS, plant::PROTOCOLS, remote::PROTOCOLS]
        .into_iter()
        .flatten()
}

proptest! {
    #[test]
    fn random_octets_are_sure_for_nobody(octets in prop::collection::vec(any::<u8>(), 1..600), orig: bool) {
        for protocol in ours() {
            for transport in protocol.transports {
                let from = if orig { End::Orig } else { End::Resp };
                let hint = Hint { from, octets: &octets, other: &[], transport: *transport, ports: [40_000, 40_001] };
                // Three random octets are a greeting of SOCKS once in sixteen million.
                prop_assert_ne!((protocol.probe)(&hint), Probe::Sure, "{}", protocol.name);
            }
        }
    }

    #[test]
    fn random_octets_make_no_parser_panic(chunks in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 1..200)), 1..8)) {
        let chunks: Vec<(End, &[u8])> = chunks
            .iter()
            .map(|(orig, octets)| (if *orig { End::Orig } else { End::Resp }, &octets[..]))
            .collect();
        for protocol in ours() {
            for transport in protocol.transports {
                hostile::read(protocol, *transport, &chunks);
            }
        }
    }
}
