//! How urgent a hit is, and when an indicator is to blame rather than the hosts.
//!
//! | | |
//! | --- | --- |
//! | confidence 75 to 100 / 50 to 74 / 25 to 49 / less | high / medium / low / informational, unless the list's manifest names a severity |
//! | nobody answered | one step less urgent |
//! | the listed address began, so that a host of ours was called and did not call | one step less urgent |
//! | JA4, user agent: many programs share one | one step less urgent |
//! | JA3 alone, or only the host of a URL with a path | low at most |
//! | met by at least [`PREVALENT_HOSTS`] hosts that are at least half of all that are seen | informational |
//!
//! Steps go no further down than low. The caps and steps of weak kinds do not apply where the manifest
//! names a severity: who writes it knows the list.

use sekisho_model::Protocol;
use sekisho_model::indicator::{Indicator, Kind};
use sekisho_model::{FlowRecord, Severity, TcpFlags};

use super::List;

/// Hosts that must meet an indicator before it may be to blame itself.
pub const PREVALENT_HOSTS: usize = 10;

/// What the urgency of a hit depends on, besides its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Circumstances {
    pub(super) is_answered: bool,
    pub(super) is_inward: bool,
    pub(super) is_host_only: bool,
    pub(super) is_prevalent: bool,
}

pub(super) fn severity(indicator: &Indicator, list: Option<&List>, of: Circumstances) -> Severity {
    if of.is_prevalent {
        return Severity::Informational;
    }
    let named = list.and_then(|list| list.severity);
    let base = named.unwrap_or(match indicator.confidence {
        75.. => Severity::High,
        50..=74 => Severity::Medium,
        25..=49 => Severity::Low,
        _ => Severity::Informational,
    });
    let kind = indicator.value.kind();
    let is_weak = named.is_none() && matches!(kind, Kind::Ja4 | Kind::UserAgent);
    let steps = [!of.is_answered, of.is_inward, is_weak];
    let mut severity = base;
    for _ in steps.into_iter().filter(|step| *step) {
        severity = less_urgent(severity);
    }
    let is_vague = named.is_none() && (kind == Kind::Ja3 || of.is_host_only);
    if is_vague {
        severity = severity.max(Severity::Low);
    }
    severity
}

const fn less_urgent(severity: Severity) -> Severity {
    match severity {
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Informational => Severity::Informational,
    }
}

/// Whether so many hosts met an indicator that it is to blame.
pub(super) const fn is_prevalent(hosts: usize, seen: usize) -> bool {
    hosts >= PREVALENT_HOSTS && hosts.saturating_mul(2) >= seen
}

/// Whether the side that was called answered: TCP with a handshake or payload, else any packet.
pub(super) fn is_answered(record: &FlowRecord) -> bool {
    let back = &record.to_orig;
    if record.protocol == Protocol::TCP {
        return back.tcp_flags.has(TcpFlags::SYN) || back.payload_octets > 0;
    }
    back.packets > 0
}

#[cfg(test)]
mod tests {
    use sekisho_model::indicator::Value;

    use super::*;

    const PLAIN: Circumstances = Circumstances {
        is_answered: true,
        is_inward: false,
        is_host_only: false,
        is_prevalent: false,
    };

    fn of(value: &str, confidence: u8, circumstances: Circumstances) -> &'static str {
        let mut indicator = Indicator::new(Value::guess(value).unwrap(), &"l".into(), 1);
        indicator.confidence = confidence;
        severity(&indicator, None, circumstances).name()
    }

    #[test]
    fn confidence_and_answer_make_the_urgency() {
        let silent = Circumstances {
            is_answered: false,
            ..PLAIN
        };
        let inward = Circumstances {
            is_inward: true,
            ..silent
        };
        let address = "203.0.113.7";

        assert_eq!(
            [90, 60, 30, 10].map(|c| of(address, c, PLAIN)),
            ["high", "medium", "low", "informational"]
        );
        assert_eq!(
            [90, 60, 30, 10].map(|c| of(address, c, silent)),
            ["medium", "low", "low", "informational"]
        );
        assert_eq!(of(address, 90, inward), "low");
    }

    #[test]
    fn weak_kinds_are_less_urgent_unless_the_list_says_otherwise() {
        let ja3 = "e7d705a3286e19ea42f587b344ee6865";
        let host_only = Circumstances {
            is_host_only: true,
            ..PLAIN
        };
        assert_eq!(of(ja3, 100, PLAIN), "low");
        assert_eq!(of("t13d1516h2_8daaf6152771_e5627efa2ab1", 100, PLAIN), "medium");
        assert_eq!(of("https://x.example/a", 100, host_only), "low");

        let list = List {
            severity: Some(Severity::High),
            ..List::named("l")
        };
        let indicator = Indicator::new(Value::guess(ja3).unwrap(), &"l".into(), 1);
        assert_eq!(severity(&indicator, Some(&list), PLAIN), Severity::High);
    }

    #[test]
    fn half_of_at_least_ten_hosts_is_too_many() {
        assert!(is_prevalent(10, 20) && is_prevalent(10, 10));
        assert!(!is_prevalent(9, 9) && !is_prevalent(10, 21));
        let prevalent = Circumstances {
            is_prevalent: true,
            ..PLAIN
        };
        assert_eq!(of("203.0.113.7", 100, prevalent), "informational");
    }

    #[test]
    fn a_reset_is_no_answer() {
        let mut record = FlowRecord::example();
        assert!(!is_answered(&record));
        record.to_orig.packets = 1;
        record.to_orig.tcp_flags = TcpFlags(TcpFlags::RST | TcpFlags::ACK);
        assert!(!is_answered(&record));
        record.to_orig.tcp_flags = TcpFlags(TcpFlags::SYN | TcpFlags::ACK);
        assert!(is_answered(&record));
        record.protocol = Protocol::UDP;
        record.to_orig.tcp_flags = TcpFlags::default();
        assert!(is_answered(&record));
    }
}
