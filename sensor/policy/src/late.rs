//! Whether a flow has to be judged again when more is known of it.

use crate::Policy;
use crate::entry::{Entry, Host};

impl Policy {
    /// Whether what is learnt of a flow after its begin may change its zones or its verdict: its service,
    /// MAC addresses, tunnel, or the time at which a further record of it begins.
    #[must_use]
    pub fn judges_late(&self) -> bool {
        self.uses_macs() || self.matcher.entries().iter().any(asks_for_more)
    }

    /// Whether a zone is given by MAC address, so that zones are known only when these are.
    #[must_use]
    pub fn uses_macs(&self) -> bool {
        self.zones.uses_macs()
    }
}

/// Whether an entry asks for more than the ends, protocol and port of a flow. Lists may hold MAC
/// addresses, and values that expire.
fn asks_for_more(entry: &Entry) -> bool {
    let mut hosts = entry.from_hosts.iter().chain(&entry.to_hosts).flatten();
    !entry.plain || hosts.any(|host| !matches!(host, Host::Network(_, None)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn judges_late(more: &str) -> bool {
        let text = format!(
            "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n\
             [zone.a]\nnetworks = [\"10.0.0.0/24\"]\n[zone.b]\nnetworks = [\"10.1.0.0/24\"]\n\
             [[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nports = [443]\n{more}\n"
        );
        let source = Source {
            name: "a.toml".to_owned(),
            text: text.into(),
        };
        Policy::compile(&[source]).unwrap().judges_late()
    }

    #[test]
    fn what_a_flow_shows_later_matters_only_where_the_policy_asks_for_it() {
        assert!(!judges_late(""));
        assert!(!judges_late("to_hosts = [\"10.1.0.9\"]"));
        for more in [
            "services = [\"https\"]",
            "tunnel = \"none\"",
            "expires = \"2027-03-31\"",
            "from_hosts = [\"10.0.0.5=00:11:22:33:44:55\"]",
            "[zone.c]\nmacs = [\"00:11:22:33:44:66\"]",
        ] {
            assert!(judges_late(more), "{more}");
        }
    }
}
