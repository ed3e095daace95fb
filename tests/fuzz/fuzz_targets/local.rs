//! Any octets as a message of ARP, neighbour discovery, LLDP and CDP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_wire::app::local::{LOCALS, arp, cdp, lldp, ndp};

fuzz_target!(|input: &[u8]| {
    let readers = [arp::read, ndp::read, lldp::read, cdp::read];
    for (local, read) in LOCALS.iter().zip(readers) {
        let Some(facts) = read(input) else { continue };
        for path in facts.paths() {
            assert!(
                local.facts.iter().any(|row| row.path == path),
                "{} {path}",
                local.name
            );
        }
        let json = serde_json::to_string(&facts).expect("facts can be written");
        assert!(json.len() <= 64 * 1024, "{} octets of {}", json.len(), local.name);
    }
});
