//! The probes of plants, remote access and infrastructure against what is not theirs.
#![expect(
    clippy::print_stderr,
    reason = "the list of what is found where is for a person to read"
)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use sekisho_model::app::ServiceBy;

use super::hostile;
use crate::app::parser::End;
use crate::app::protocol::{Hint, Probe, Protocol};
use crate::app::{plant, remote, test};

/// Ports that belong to others so firmly that one of ours there would be a mistake of ours.
const OTHERS: [u16; 4] = [22, 53, 80, 443];

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

#[test]
fn nobody_of_ours_is_found_at_the_ports_of_the_web_names_and_shells() {
    // Any capture shows where the set is.
    let Some(one) = test::capture("app/zeek-ntp.pcap") else {
        return;
    };
    let set = one.parent().and_then(Path::parent).unwrap();
    let mut found: BTreeMap<(&str, u16), u32> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for folder in std::fs::read_dir(set).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(files) = std::fs::read_dir(&folder) else {
            continue;
        };
        let files = files.map(|entry| entry.unwrap().path());
        // Floods hold no payload and take long.
        for file in files.filter(|file| is_capture(file) && !folder.ends_with("dos")) {
            for flow in test::flows_of(&file) {
                let app = &flow.seen.app;
                let is_ours = ours().any(|protocol| protocol.name == app.service);
                if is_ours && app.service_by == Some(ServiceBy::Content) {
                    *found.entry((app.service, flow.resp.1)).or_default() += 1;
                    let is_theirs = OTHERS.contains(&flow.orig.1) || OTHERS.contains(&flow.resp.1);
                    // A version scan greets every port in everybody's language: no mistake of ours.
                    if is_theirs && !folder.ends_with("scan") {
                        mistakes.push(format!("{} {flow:?}", file.display()));
                    }
                }
            }
        }
    }
    for ((service, port), flows) in found {
        eprintln!("{service} at {port}: {flows}");
    }
    assert!(mistakes.is_empty(), "{mistakes:#?}");
}

fn is_capture(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.contains(".pcap") && !name.contains("malformed") && !name.contains("formats/be-")
}
