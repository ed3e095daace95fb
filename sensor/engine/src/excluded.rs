//! What is said of addresses in excluded zones: nothing of it is kept.
//!
//! The ends of a flow do not tell of whom DHCP speaks: a client without an address is nobody and speaks
//! to everybody (RFC 2131 4.1), and a relay speaks for all of its clients. The addresses in the message
//! tell. Where it has none, its client may be of any zone, so that its names are left out.

use sekisho_model::FlowRecord;
use sekisho_model::app::{Event, Fact, Facts};
use sekisho_policy::{Policy, ZoneId};

/// Where messages below IP and of neighbour discovery say of which address they speak.
const OF_NEIGHBOURS: [&str; 6] = [
    "src_ip",
    "dest_ip",
    "target",
    "destination",
    "addresses",
    "management_addresses",
];
/// Where DHCP and DHCPv6 do: the client's, and those of the relay, which stands in its network.
const OF_CLIENTS: [&str; 5] = ["client_ip", "assigned_ip", "requested_ip", "relay_ip", "peer_ip"];
/// What a client calls itself in them.
const NAMES: [&str; 3] = ["hostname", "client_fqdn", "client_id"];

/// Whether a message of the link speaks of an address of which nothing is to be kept.
pub(crate) fn is_of_neighbour(policy: &Policy, facts: &Facts, vlan: Option<u16>) -> bool {
    policy.excludes() && speaks_of(policy, facts, &OF_NEIGHBOURS, vlan) == Some(true)
}

/// What may be kept of an event in a flow that is not excluded itself.
pub(crate) fn kept(policy: &Policy, mut event: Event, vlan: Option<u16>) -> Option<Event> {
    if let Event::Transaction(transaction) = &mut event
        && is_dhcp(transaction.protocol)
        && policy.excludes()
    {
        match speaks_of(policy, &transaction.facts, &OF_CLIENTS, vlan) {
            Some(true) => return None,
            Some(false) => {}
            None => transaction.facts = nameless(&transaction.facts),
        }
    }
    Some(event)
}

/// Takes the names of DHCP's clients from a record: several clients share a flow.
pub(crate) fn unname(policy: &Policy, record: &mut FlowRecord) {
    if let Some(app) = &mut record.app
        && is_dhcp(app.service)
        && policy.excludes()
    {
        app.essentials.retain(|named| !named.from.starts_with("dhcp"));
    }
}

fn is_dhcp(protocol: &str) -> bool {
    ["dhcp", "dhcpv6"].contains(&protocol)
}

/// Whether one of the addresses under `keys` is excluded; nothing where no address says more than that it
/// is one of the link.
fn speaks_of(policy: &Policy, facts: &Facts, keys: &[&str], vlan: Option<u16>) -> Option<bool> {
    let mut any = None;
    for (_, fact) in facts.iter().filter(|(key, _)| keys.contains(key)) {
        each_text(fact, &mut |text| {
            let zone = text.parse().ok().map(|address| policy.zone_of(address, vlan));
            if let Some(zone) = zone.filter(|zone| *zone != ZoneId::LINK) {
                any = Some(any == Some(true) || policy.is_excluded(zone));
            }
        });
    }
    any
}

/// The words of a fact: its own, or those of its list.
fn each_text(fact: Fact<'_>, give: &mut impl FnMut(&str)) {
    match fact {
        Fact::Text(text) => give(text),
        Fact::List(list) => list.iter().for_each(|fact| each_text(fact, give)),
        _ => {}
    }
}

fn nameless(facts: &Facts) -> Facts {
    let mut left = Facts::new();
    for (key, fact) in facts.iter().filter(|(key, _)| !NAMES.contains(key)) {
        left.put(key, fact);
    }
    left
}

#[cfg(test)]
mod tests {
    use sekisho_model::Timestamp;
    use sekisho_model::app::{App, Essential, Transaction};
    use sekisho_policy::Source;

    use super::*;

    /// 192.0.2.0/24 is excluded where `excluded` says so; 198.51.100.0/24 is not.
    fn policy(excluded: bool) -> Policy {
        let text = format!(
            "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\nmode = \"enforce\"\n\
             [zone.a]\nnetworks = [\"192.0.2.0/24\", \"2001:db8:a::/48\"]\nexcluded = {excluded}\n\
             [zone.b]\nnetworks = [\"198.51.100.0/24\", \"2001:db8:b::/48\"]\n"
        );
        Policy::compile(&[Source {
            name: "p.toml".to_owned(),
            text: text.into(),
        }])
        .unwrap()
    }

    fn facts(pairs: &[(&'static str, &str)]) -> Facts {
        let mut facts = Facts::new();
        for (key, value) in pairs {
            facts.put(key, *value);
        }
        facts
    }

    /// What is kept of a message of DHCP.
    fn kept_of(policy: &Policy, protocol: &'static str, facts: Facts) -> Option<Facts> {
        let event = Event::Transaction(Transaction {
            protocol,
            at: Timestamp::MIN,
            facts,
            also: None,
        });
        match kept(policy, event, None)? {
            Event::Transaction(transaction) => Some(transaction.facts),
            Event::Anomaly { .. } => None,
        }
    }

    #[test]
    fn a_message_of_dhcp_about_an_excluded_address_is_not_kept() {
        for path in ["assigned_ip", "client_ip", "requested_ip", "relay_ip"] {
            let about = |address| facts(&[("hostname", "pc-1"), (path, address)]);
            let policy = policy(true);

            assert_eq!(kept_of(&policy, "dhcp", about("192.0.2.7")), None, "{path}");
            let other = about("198.51.100.7");
            assert_eq!(kept_of(&policy, "dhcp", other.clone()), Some(other), "{path}");
        }
    }

    #[test]
    fn every_address_of_a_list_counts() {
        let mut both = Facts::new();
        let list = vec!["2001:db8:b::7".to_owned(), "2001:db8:a::7".to_owned()];
        both.put("assigned_ip", list);

        assert_eq!(kept_of(&policy(true), "dhcpv6", both.clone()), None);
        assert_eq!(kept_of(&policy(false), "dhcpv6", both.clone()), Some(both));
    }

    #[test]
    fn a_client_without_an_address_is_kept_without_its_names() {
        let discover = facts(&[("client_mac", "02:00:00:00:00:01"), ("hostname", "pc-1")]);

        let left = kept_of(&policy(true), "dhcp", discover.clone()).unwrap();
        assert_eq!(
            (left.text("client_mac").is_some(), left.text("hostname")),
            (true, None)
        );
        assert_eq!(kept_of(&policy(false), "dhcp", discover.clone()), Some(discover));
    }

    #[test]
    fn a_record_of_dhcp_carries_no_client_s_name() {
        let named = |policy: &Policy| {
            let mut app = App {
                service: "dhcp",
                ..App::default()
            };
            app.set(Essential::ClientHost, "pc-1", "dhcp.hostname");
            let mut record = FlowRecord {
                app: Some(Box::new(app)),
                ..FlowRecord::example()
            };
            unname(policy, &mut record);
            record.app.unwrap().essentials.len()
        };

        assert_eq!((named(&policy(true)), named(&policy(false))), (0, 1));
    }

    #[test]
    fn a_redirect_to_an_excluded_destination_is_not_kept() {
        let redirect = |to| facts(&[("src_ip", "fe80::1"), ("target", "fe80::2"), ("destination", to)]);

        assert!(is_of_neighbour(&policy(true), &redirect("2001:db8:a::7"), None));
        assert!(!is_of_neighbour(&policy(true), &redirect("2001:db8:b::7"), None));
    }
}
