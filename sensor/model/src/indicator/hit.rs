//! What an alert says of the indicator behind it.

use std::net::IpAddr;

use super::Indicator;

/// Hosts that are named besides the one that an alert is about.
pub const OTHERS: usize = 5;

/// An indicator that a host of ours met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The indicator, as its list has it.
    pub indicator: Indicator,
    /// The host of ours: the subject of the alert; none where the alert is about the indicator itself.
    pub host: Option<IpAddr>,
    /// Where it was met, in the terms of EVE: `resp.address`, `tls.sni`, `dns.queries.rrname`.
    pub field: Box<str>,
    /// What was met.
    pub seen: Box<str>,
    /// Only the host of a URL was seen, not its path.
    pub is_host_only: bool,
    /// Whether the other side answered in one of the flows.
    pub is_answered: bool,
    /// IP octets that the host sent in those flows.
    pub octets_sent: u64,
    /// IP octets that the host received in them.
    pub octets_received: u64,
    /// Hosts of ours that met the indicator, this one among them.
    pub hosts: u64,
    /// Some of the others, at most [`OTHERS`].
    pub others: Vec<IpAddr>,
    /// So many hosts met it that it is a bad indicator rather than so many bad hosts.
    pub is_prevalent: bool,
    /// Whether it was found looking back over stored traffic.
    pub is_lookback: bool,
}
