//! What alerts say of flows of the same kind, put into words once.
//!
//! A flood raises an alert for every originator, and all of them say the same but for the addresses.
//! Memory: at most [`KINDS`] kinds; then all are forgotten, and made again when they are met again.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_model::{FlowRecord, Protocol, Verdict};

use super::condition::Failed;
use super::facts::{self, Stranger};
use super::{Finding, Violation, service};
use crate::conditions::Ports;
use crate::matcher::Failure;
use crate::zones::ZoneId;
use crate::{EntryId, Mode, Policy};

/// Kinds that are kept; one takes about 4 KiB.
const KINDS: usize = 1024;

/// Everything of a flow and its zones that the words depend on, but for what a
/// [`super::template::Slot`] stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    orig: ZoneId,
    resp: ZoneId,
    protocol: Protocol,
    /// The ICMP type; of others the class of the port.
    orig_port: usize,
    resp_port: usize,
    answered: bool,
    stranger: Option<Stranger>,
    has_mac: bool,
    /// The entry that would have allowed it, and the condition that it did not meet.
    failed: Option<(EntryId, Failure)>,
    /// What was seen of that condition, where it is in the words.
    seen: Option<&'static str>,
    /// Which ends have another MAC address than they must; their addresses are in no text.
    differing: [bool; 2],
    /// The networks and lists of hosts that paths name and the two ends are in.
    orig_hosts: Box<[u32]>,
    resp_hosts: Box<[u32]>,
}

/// The findings of one policy after the other, by kind.
#[derive(Debug, Default)]
pub struct Findings {
    /// A handle that no other policy has.
    policy: Option<Arc<str>>,
    kinds: HashMap<Kind, Finding>,
    ports: PortClasses,
}

impl Findings {
    /// What [`Policy::finding`] says.
    #[must_use]
    pub fn finding(&mut self, policy: &Policy, record: &FlowRecord) -> Option<Violation> {
        let finding = self.of(policy, record)?;
        Some(finding.violation(policy, record))
    }

    /// The same without title and explanation, where nobody reads them.
    #[must_use]
    pub fn bare(&mut self, policy: &Policy, record: &FlowRecord) -> Option<Violation> {
        let finding = self.of(policy, record)?;
        Some(finding.bare())
    }

    fn of(&mut self, policy: &Policy, record: &FlowRecord) -> Option<&Finding> {
        if policy.mode == Mode::Learn || record.verdict != Verdict::Denied {
            return None;
        }
        let handle = &policy.rules.path_deny;
        if !self
            .policy
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, handle))
        {
            *self = Self {
                policy: Some(Arc::clone(handle)),
                kinds: HashMap::new(),
                ports: PortClasses::of(policy),
            };
        }
        let kind = self.kind(policy, record);
        if self.kinds.len() >= KINDS && !self.kinds.contains_key(&kind) {
            self.kinds.clear();
        }
        match self.kinds.entry(kind) {
            std::collections::hash_map::Entry::Occupied(known) => Some(known.into_mut()),
            std::collections::hash_map::Entry::Vacant(place) => {
                Some(place.insert(Finding::of(policy, record)?))
            }
        }
    }

    fn kind(&self, policy: &Policy, record: &FlowRecord) -> Kind {
        let orig = facts::zone(
            policy,
            record,
            &record.orig_zone,
            record.orig.address,
            record.orig_mac,
        );
        let resp = facts::zone(
            policy,
            record,
            &record.resp_zone,
            record.resp.address,
            record.resp_mac,
        );
        let class = |port| {
            if service::is_icmp(record) {
                usize::from(port)
            } else {
                self.ports.class(port)
            }
        };
        let failed = Failed::find(policy, record, orig, resp);
        let seen = failed.as_ref().and_then(|failed| match failed.what {
            Failure::Service => facts::service_of(record),
            Failure::Tunnel => record.carrier.as_ref().map(|carrier| carrier.kind),
            _ => None,
        });
        Kind {
            seen,
            differing: failed
                .as_ref()
                .map_or([false; 2], |failed| failed.differing(record)),
            failed: failed.map(|failed| (failed.entry.id, failed.what)),
            orig_hosts: policy.matcher.host_keys(record.orig.address, record.start),
            resp_hosts: policy.matcher.host_keys(record.resp.address, record.start),
            orig,
            resp,
            protocol: record.protocol,
            orig_port: class(record.orig.port),
            resp_port: class(record.resp.port),
            answered: facts::answered(record),
            stranger: Stranger::of(orig, record.orig.address),
            has_mac: record.orig_mac.is_some(),
        }
    }
}

/// Ports that every path and boundary takes alike, and that have no word of their own.
#[derive(Debug, Default)]
struct PortClasses {
    /// Where each class but the first begins.
    edges: Vec<u16>,
}

impl PortClasses {
    fn of(policy: &Policy) -> Self {
        let entries = policy.matcher.entries().iter().map(|entry| &entry.conditions);
        let boundaries = policy.boundaries.iter().map(|boundary| &boundary.conditions);
        let ranges = entries
            .chain(boundaries)
            .filter_map(|conditions| conditions.service.ports.as_ref());
        let words = service::ports().flat_map(|port| [port, port.saturating_add(1)]);
        let mut edges: Vec<u16> = ranges.flat_map(Ports::edges).chain(words).collect();
        edges.sort_unstable();
        edges.dedup();
        Self { edges }
    }

    fn class(&self, port: u16) -> usize {
        self.edges.partition_point(|edge| *edge <= port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::MacAddress;

    use crate::{Question, Source};

    use super::*;

    const TEXT: &str = r#"
        schema = 1
        [policy]
        name = "p"
        version = "1"
        mode = "enforce"
        [zone.a]
        networks = ["10.1.0.0/24"]
        intra = "deny"
        clause = "1"
        owner = "A"
        [zone.b]
        networks = ["10.2.0.0/24", "2001:db8::/64"]
        classification = 3
        [zone.c]
        networks = ["203.0.113.0/24"]
        [[path]]
        id = "PATH-1"
        from = "a"
        to = "b"
        protocol = "tcp"
        ports = [443, "8000-8100", 65535]
        [[path]]
        id = "PATH-2"
        from = "*"
        to = "c"
        protocol = ["udp", "tcp"]
        ports = [53]
        [[path]]
        id = "PATH-3"
        from = "b"
        to = ["a", "c"]
        protocol = "icmp"
        [[boundary]]
        id = "B-1"
        from = "b"
        to = "a"
        protocol = "tcp"
        ports = ["1-1023"]
        clause = "9"
        severity = "low"
        attack = ["T1021"]
        title = { ja = "題", en = "title" }
        first_step = { ja = "手順", en = "step" }
    "#;

    fn policy() -> Policy {
        let source = Source {
            name: "p.toml".to_owned(),
            text: TEXT.into(),
        };
        Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    fn denied(policy: &Policy) -> impl Strategy<Value = FlowRecord> {
        let address = prop::sample::select(vec![
            "10.1.0.1",
            "10.1.0.2",
            "10.2.0.1",
            "2001:db8::7",
            "203.0.113.9",
            "192.168.9.9",
            "8.8.8.8",
            "8.8.4.4",
        ]);
        let port = prop::sample::select(vec![
            0_u16, 3, 8, 22, 53, 54, 442, 443, 444, 1023, 1024, 7999, 8000, 8050, 8100, 8101, 50_000, 65_534,
            65_535,
        ]);
        let protocol = prop::sample::select(vec![1_u8, 6, 17, 47, 58, 132, 253]);
        let policy = policy.clone();
        (
            [address.clone(), address],
            [port.clone(), port],
            protocol,
            0..2_u64,
            prop::option::of(any::<[u8; 6]>()),
        )
            .prop_map(
                move |([orig, resp], [orig_port, resp_port], protocol, answers, mac)| {
                    let mut record = FlowRecord::example();
                    (record.orig.address, record.resp.address) =
                        (orig.parse().unwrap(), resp.parse().unwrap());
                    (record.orig.port, record.resp.port) = (orig_port, resp_port);
                    record.protocol = Protocol(protocol);
                    record.to_orig.packets = answers;
                    record.orig_mac = mac.map(MacAddress);
                    let judgement = policy.judge(&Question::of(&record));
                    record.orig_zone = Arc::clone(policy.zone_name(judgement.orig_zone));
                    record.resp_zone = Arc::clone(policy.zone_name(judgement.resp_zone));
                    record.verdict = Verdict::Denied;
                    record
                },
            )
    }

    proptest! {
        #[test]
        fn what_was_said_of_others_changes_no_word(records in prop::collection::vec(denied(&policy()), 1..200)) {
            let (policy, mut findings) = (policy(), Findings::default());
            for record in &records {
                prop_assert_eq!(findings.finding(&policy, record), policy.finding(record));
            }
        }
    }

    #[test]
    fn another_policy_has_words_of_its_own() {
        let (one, mut findings) = (policy(), Findings::default());
        let text = TEXT.replace("owner = \"A\"", "owner = \"B\"");
        let other = Policy::compile(&[Source {
            name: "p.toml".to_owned(),
            text: text.into(),
        }])
        .unwrap();
        let mut record = FlowRecord::example();
        record.orig.address = [10, 1, 0, 1].into();
        (record.orig_zone, record.resp_zone) = ("a".into(), "b".into());
        record.verdict = Verdict::Denied;

        for policy in [&one, &other, &one] {
            assert_eq!(findings.finding(policy, &record), policy.finding(&record));
        }
        assert_ne!(one.finding(&record), other.finding(&record));
    }
}
