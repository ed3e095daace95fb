//! The rules and zones that every policy has, in one table.

use std::sync::Arc;

/// Zone of the addresses that are in no declared zone.
pub const UNKNOWN: &str = "unknown";

/// Zone of the addresses that cannot cross a router.
pub const LINK: &str = "link";

/// Ids of the built-in zones.
pub const ZONES: [&str; 2] = [UNKNOWN, LINK];

/// One built-in rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Builtin {
    /// Its stable text id.
    pub id: &'static str,
    /// Its number in alerts; 0 for a rule that allows and so raises none.
    pub signature_id: u32,
}

/// No path allows the flow between its two zones.
pub const PATH_DENY: Builtin = Builtin {
    id: "PATH-DENY",
    signature_id: 1_000_001,
};

/// The zone does not let its hosts talk to each other.
pub const INTRA_DENY: Builtin = Builtin {
    id: "INTRA-DENY",
    signature_id: 1_000_002,
};

/// The zone lets its hosts talk to each other.
pub const INTRA_ALLOW: Builtin = Builtin {
    id: "INTRA-ALLOW",
    signature_id: 0,
};

/// One end cannot cross a router, so that no border is crossed.
pub const LINK_LOCAL: Builtin = Builtin {
    id: "LINK-LOCAL",
    signature_id: 0,
};

/// An ICMP error about another flow.
pub const ICMP_RELATED: Builtin = Builtin {
    id: "ICMP-RELATED",
    signature_id: 0,
};

/// A changed policy folder could not be taken up.
pub const POLICY_RELOAD: Builtin = Builtin {
    id: "POLICY-RELOAD",
    signature_id: 1_000_013,
};

/// Every built-in rule.
pub const RULES: [Builtin; 6] = [
    PATH_DENY,
    INTRA_DENY,
    INTRA_ALLOW,
    LINK_LOCAL,
    ICMP_RELATED,
    POLICY_RELOAD,
];

/// Finds a built-in rule by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Builtin> {
    RULES.iter().find(|rule| rule.id == id)
}

/// The ids as judgements carry them, made once, so that judging does not allocate.
#[derive(Debug, Clone)]
pub(crate) struct RuleIds {
    pub(crate) none: Arc<str>,
    pub(crate) path_deny: Arc<str>,
    pub(crate) intra_deny: Arc<str>,
    pub(crate) intra_allow: Arc<str>,
    pub(crate) link_local: Arc<str>,
    pub(crate) icmp_related: Arc<str>,
}

impl Default for RuleIds {
    fn default() -> Self {
        Self {
            none: Arc::from(""),
            path_deny: Arc::from(PATH_DENY.id),
            intra_deny: Arc::from(INTRA_DENY.id),
            intra_allow: Arc::from(INTRA_ALLOW.id),
            link_local: Arc::from(LINK_LOCAL.id),
            icmp_related: Arc::from(ICMP_RELATED.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_raise_alerts_have_numbers_of_their_own() {
        let mut numbers: Vec<_> = RULES
            .iter()
            .map(|rule| rule.signature_id)
            .filter(|n| *n != 0)
            .collect();
        numbers.sort_unstable();

        assert_eq!(numbers, [1_000_001, 1_000_002, 1_000_013]);
    }
}
