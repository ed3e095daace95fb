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

/// The application protocol is none that the path allows.
pub const PATH_SERVICE: Builtin = Builtin {
    id: "PATH-SERVICE",
    signature_id: 1_000_003,
};

/// The path is closed at this time.
pub const PATH_WINDOW: Builtin = Builtin {
    id: "PATH-WINDOW",
    signature_id: 1_000_004,
};

/// The path is over.
pub const PATH_EXPIRED: Builtin = Builtin {
    id: "PATH-EXPIRED",
    signature_id: 1_000_005,
};

/// The path or exception has not begun.
pub const PATH_EARLY: Builtin = Builtin {
    id: "PATH-EARLY",
    signature_id: 1_000_006,
};

/// The frames go to a router that the path does not name.
pub const PATH_NEXT_HOP: Builtin = Builtin {
    id: "PATH-NEXT-HOP",
    signature_id: 1_000_007,
};

/// A host that the path names has another MAC address.
pub const PATH_MAC: Builtin = Builtin {
    id: "PATH-MAC",
    signature_id: 1_000_008,
};

/// An exception was used after its end.
pub const EXCEPTION_EXPIRED: Builtin = Builtin {
    id: "EXCEPTION-EXPIRED",
    signature_id: 1_000_009,
};

/// The exception is closed at this time.
pub const EXCEPTION_WINDOW: Builtin = Builtin {
    id: "EXCEPTION-WINDOW",
    signature_id: 1_000_010,
};

/// One leg over a gateway was seen, and the other was not.
pub const GATEWAY_GAP: Builtin = Builtin {
    id: "GATEWAY-GAP",
    signature_id: 1_000_011,
};

/// The flow is in a tunnel that the path does not allow, or in none.
pub const PATH_TUNNEL: Builtin = Builtin {
    id: "PATH-TUNNEL",
    signature_id: 1_000_012,
};

/// A changed policy could not be taken over.
pub const POLICY_RELOAD: Builtin = Builtin {
    id: "POLICY-RELOAD",
    signature_id: 1_000_013,
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

/// Every built-in rule.
pub const RULES: [Builtin; 16] = [
    PATH_DENY,
    INTRA_DENY,
    PATH_SERVICE,
    PATH_WINDOW,
    PATH_EXPIRED,
    PATH_EARLY,
    PATH_NEXT_HOP,
    PATH_MAC,
    EXCEPTION_EXPIRED,
    EXCEPTION_WINDOW,
    GATEWAY_GAP,
    PATH_TUNNEL,
    POLICY_RELOAD,
    INTRA_ALLOW,
    LINK_LOCAL,
    ICMP_RELATED,
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
    pub(crate) path_service: Arc<str>,
    pub(crate) path_window: Arc<str>,
    pub(crate) path_expired: Arc<str>,
    pub(crate) path_early: Arc<str>,
    pub(crate) path_next_hop: Arc<str>,
    pub(crate) path_mac: Arc<str>,
    pub(crate) exception_expired: Arc<str>,
    pub(crate) exception_window: Arc<str>,
    pub(crate) path_tunnel: Arc<str>,
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
            path_service: Arc::from(PATH_SERVICE.id),
            path_window: Arc::from(PATH_WINDOW.id),
            path_expired: Arc::from(PATH_EXPIRED.id),
            path_early: Arc::from(PATH_EARLY.id),
            path_next_hop: Arc::from(PATH_NEXT_HOP.id),
            path_mac: Arc::from(PATH_MAC.id),
            exception_expired: Arc::from(EXCEPTION_EXPIRED.id),
            exception_window: Arc::from(EXCEPTION_WINDOW.id),
            path_tunnel: Arc::from(PATH_TUNNEL.id),
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

        assert_eq!(numbers, (1_000_001..=1_000_013).collect::<Vec<_>>());
    }
}
