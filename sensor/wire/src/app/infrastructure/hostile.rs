//! Bent conversations for the tests of these groups: nothing may make a parser panic.

use sekisho_model::Timestamp;
use sekisho_model::app::App;

use crate::app::parser::{Chunk, End, Read};
use crate::app::protocol::{Protocol, Start, Transport};
use crate::app::sheet::{Event, Sheet};

/// Transactions that no flow of these groups may exceed.
const MAX_TRANSACTIONS: usize = 2000;

/// Reads a conversation by a parser, whatever the probe would say.
pub(in crate::app) fn read(protocol: &Protocol, transport: Transport, chunks: &[(End, &[u8])]) -> Vec<Event> {
    let mut parser = (protocol.parser)(&Start {
        transport,
        ports: [40_000, 1],
    });
    let (mut app, mut events) = (App::default(), Vec::new());
    let at = Timestamp::MIN;
    'chunks: for (from, octets) in chunks {
        let mut left = *octets;
        while !left.is_empty() {
            let sheet = &mut Sheet::new(&mut app, &mut events, protocol.name, at);
            let chunk = Chunk {
                from: *from,
                at,
                octets: left,
                cut: 0,
            };
            let took = match parser.read(&chunk, sheet) {
                Read::Took(took) | Read::Skip { took, .. } => took,
                Read::Need(need) => {
                    assert!(
                        need > left.len() || transport == Transport::Udp,
                        "{} asks for what it has",
                        protocol.name
                    );
                    0
                }
                Read::Became { .. } | Read::Done | Read::NotMine => break 'chunks,
            };
            assert!(took <= left.len(), "{} took what was not there", protocol.name);
            left = &left[took..];
            if took == 0 || transport == Transport::Udp {
                break;
            }
        }
    }
    let sheet = &mut Sheet::new(&mut app, &mut events, protocol.name, at);
    parser.gap(End::Orig, 9, sheet);
    parser.end(sheet);
    assert!(events.len() <= MAX_TRANSACTIONS, "{}", protocol.name);
    events
}

/// Reads a conversation cut off at every octet, and with every octet bent in several ways.
pub(in crate::app) fn bend(protocol: &Protocol, transport: Transport, chunks: &[(End, &[u8])]) {
    for (which, (from, octets)) in chunks.iter().enumerate() {
        let mut bent: Vec<(End, Vec<u8>)> = chunks
            .iter()
            .map(|(end, octets)| (*end, octets.to_vec()))
            .collect();
        let mut try_this = |octets: &[u8]| {
            bent[which] = (*from, octets.to_vec());
            let chunks: Vec<(End, &[u8])> = bent.iter().map(|(end, octets)| (*end, &octets[..])).collect();
            read(protocol, transport, &chunks);
        };
        for at in 0..octets.len() {
            try_this(&octets[..at]);
            for value in [
                0,
                1,
                0x7f,
                0x80,
                0xff,
                octets[at].wrapping_add(1),
                octets[at] ^ 0x20,
            ] {
                let mut octets = octets.to_vec();
                octets[at] = value;
                try_this(&octets);
            }
        }
    }
}
