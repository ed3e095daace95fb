//! A row of the table of protocols, and how a protocol is found.

use sekisho_model::app::{FactKind, FactRow};

use super::parser::{End, Parser};
use super::{access, encrypted, infrastructure, names, plant, remote, web, windows};

/// What carries a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A stream in order.
    Tcp,
    /// Datagrams.
    Udp,
}

/// What a probe sees.
#[derive(Debug, Clone, Copy)]
pub struct Hint<'a> {
    /// Who sent `octets`.
    pub from: End,
    /// TCP: the first octets of that end so far; UDP: one datagram.
    pub octets: &'a [u8],
    /// TCP: the first octets of the other end so far, often none.
    pub other: &'a [u8],
    /// What carries them.
    pub transport: Transport,
    /// Ports of originator and responder.
    pub ports: [u16; 2],
}

/// What a probe says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// It is not this protocol.
    No,
    /// Too few octets to say.
    More,
    /// It may be: believed where the port says the same.
    Likely,
    /// The octets are unmistakable on any port.
    Sure,
}

/// The flow that a parser is made for.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// What carries it.
    pub transport: Transport,
    /// Ports of originator and responder.
    pub ports: [u16; 2],
}

/// One protocol.
pub struct Protocol {
    /// EVE's name: `tls`.
    pub name: &'static str,
    /// The name a person reads.
    pub title: &'static str,
    /// What carries it.
    pub transports: &'static [Transport],
    /// Ports that stand for it (IANA's registry, and those that its products use unasked).
    pub ports: &'static [u16],
    /// Other protocols that are no contradiction at these ports.
    pub kin: &'static [&'static str],
    /// What is read: every path that its transactions may hold.
    pub facts: &'static [FactRow],
    /// Says whether octets are of this protocol; cheap, and a few octets decide.
    pub probe: fn(&Hint<'_>) -> Probe,
    /// A parser for one flow.
    pub parser: fn(&Start) -> Box<dyn Parser>,
}

/// One row of a protocol's [`Protocol::facts`].
pub(crate) const fn row(
    path: &'static str,
    kind: FactKind,
    label_ja: &'static str,
    label_en: &'static str,
) -> FactRow {
    FactRow {
        path,
        kind,
        label_ja,
        label_en,
    }
}

/// The groups, in the order in which they are asked: what is unmistakable first.
const GROUPS: &[&[Protocol]] = &[
    encrypted::PROTOCOLS,
    web::PROTOCOLS,
    names::PROTOCOLS,
    windows::PROTOCOLS,
    access::PROTOCOLS,
    remote::PROTOCOLS,
    plant::PROTOCOLS,
    infrastructure::PROTOCOLS,
];

/// Every protocol, in the order in which they are asked.
pub fn protocols() -> impl Iterator<Item = &'static Protocol> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The protocol of a name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Protocol> {
    protocols().find(|protocol| protocol.name == name)
}

impl Protocol {
    /// Whether one of its ports is the flow's.
    #[must_use]
    pub fn is_at(&self, ports: [u16; 2]) -> bool {
        ports.iter().any(|port| self.ports.contains(port))
    }
}

/// The protocol that these octets are of, and whether its port had to say so. Otherwise whether
/// more octets could tell.
pub(crate) fn find(hint: &Hint<'_>) -> Result<(&'static Protocol, Probe), bool> {
    let mut likely = None;
    let mut more = false;
    for protocol in protocols().filter(|protocol| protocol.transports.contains(&hint.transport)) {
        match (protocol.probe)(hint) {
            Probe::Sure => return Ok((protocol, Probe::Sure)),
            Probe::Likely if likely.is_none() && protocol.is_at(hint.ports) => likely = Some(protocol),
            Probe::More => more = true,
            Probe::Likely | Probe::No => {}
        }
    }
    match likely {
        Some(protocol) if !more => Ok((protocol, Probe::Likely)),
        Some(protocol) if hint.transport == Transport::Udp => Ok((protocol, Probe::Likely)),
        Some(_) => Err(true),
        None => Err(more),
    }
}

/// The same when no more octets will come: what is likely is believed, whatever more could tell.
pub(crate) fn settle(hint: &Hint<'_>) -> Option<(&'static Protocol, Probe)> {
    protocols()
        .filter(|protocol| protocol.transports.contains(&hint.transport) && protocol.is_at(hint.ports))
        .find(|protocol| (protocol.probe)(hint) >= Probe::Likely)
        .map(|protocol| (protocol, Probe::Likely))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_every_path_once_in_its_protocol() {
        let mut names = HashSet::new();
        for protocol in protocols() {
            assert!(names.insert(protocol.name), "{}", protocol.name);
            let mut paths = HashSet::new();
            for row in protocol.facts {
                assert!(paths.insert(row.path), "{} {}", protocol.name, row.path);
                assert!(
                    !row.label_ja.is_empty() && !row.label_en.is_empty(),
                    "{}",
                    row.path
                );
            }
        }
        for protocol in protocols() {
            for kin in protocol.kin {
                assert!(names.contains(kin), "{} names {kin}", protocol.name);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_a_probe_panic(octets: Vec<u8>, other: Vec<u8>, ports: [u16; 2], tcp: bool, orig: bool) {
            let hint = Hint {
                from: if orig { End::Orig } else { End::Resp },
                octets: &octets,
                other: &other,
                transport: if tcp { Transport::Tcp } else { Transport::Udp },
                ports,
            };
            for protocol in protocols() {
                (protocol.probe)(&hint);
            }
        }
    }
}
