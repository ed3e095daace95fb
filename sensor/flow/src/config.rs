//! Timeouts and limits of a flow table, and what it counts.

use std::time::Duration;

/// Timeouts and limits. Times are packet time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// A TCP connection that was answered ends after this long without a packet (Zeek's
    /// `tcp_inactivity_timeout`).
    pub tcp_idle: Duration,
    /// Every other flow, and a TCP attempt that nobody answered, ends after this long without a
    /// packet (Zeek's `udp_inactivity_timeout`).
    pub idle: Duration,
    /// A closed TCP connection is kept this long for late segments (Zeek's `tcp_close_delay`).
    pub close_delay: Duration,
    /// A flow that goes on is written this often.
    pub active: Duration,
    /// Flows tracked at once. The one that was never answered and is idle longest goes first, and
    /// only where every flow was answered the one idle longest of those.
    pub flows: usize,
    /// Tell flows apart by their outer VLAN too. For networks whose zones are given by VLAN.
    pub by_vlan: bool,
    /// Leave the copies of packets out of their flows.
    pub leave_out_duplicates: bool,
    /// Compute Community IDs; a run whose records nobody reads has no use for them.
    pub community_ids: bool,
    /// Read what the payload says.
    pub conversations: bool,
    /// Say of flows that they are settled: for sources that can count packets by themselves.
    pub lets_go: bool,
    /// Octets that conversations hold together, about: their state and what waits in them. Where they
    /// grow past it, those idle longest are cut short.
    pub conversation_octets: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            tcp_idle: Duration::from_secs(300),
            idle: Duration::from_secs(60),
            close_delay: Duration::from_secs(5),
            active: Duration::from_secs(1800),
            flows: usize::try_from(sekisho_model::limits::FLOWS.default).unwrap_or(usize::MAX),
            by_vlan: false,
            leave_out_duplicates: false,
            community_ids: true,
            conversations: true,
            lets_go: false,
            conversation_octets: usize::try_from(sekisho_model::limits::CONVERSATION_OCTETS.default)
                .unwrap_or(usize::MAX),
        }
    }
}

/// The timeouts in nanoseconds, as they are added to packet times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) tcp_idle: i64,
    pub(crate) idle: i64,
    pub(crate) close_delay: i64,
    pub(crate) active: i64,
}

impl Timeouts {
    pub(crate) fn of(config: &Config) -> Self {
        let nanos = |duration: Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        Self {
            tcp_idle: nanos(config.tcp_idle),
            idle: nanos(config.idle),
            close_delay: nanos(config.close_delay),
            active: nanos(config.active),
        }
    }
}

/// What a table counted; every number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Flows begun.
    pub flows: u64,
    /// Flows evicted because the table was full.
    pub evicted: u64,
    /// Letters that did not fit a history string.
    pub history_cut: u64,
    /// Copies of packets, as a mirror shows that copies both directions.
    pub duplicates: u64,
    /// Segments that acknowledged octets which were never seen.
    pub gaps: u64,
    /// Conversations cut short because all of them together held too much.
    pub conversations_cut: u64,
    /// Conversations that ended because their parser failed, which is a fault of ours.
    pub parser_faults: u64,
}

impl Counters {
    /// Adds the counts of another table.
    pub const fn add(&mut self, other: Self) {
        self.flows = self.flows.saturating_add(other.flows);
        self.evicted = self.evicted.saturating_add(other.evicted);
        self.history_cut = self.history_cut.saturating_add(other.history_cut);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        self.gaps = self.gaps.saturating_add(other.gaps);
        self.conversations_cut = self.conversations_cut.saturating_add(other.conversations_cut);
        self.parser_faults = self.parser_faults.saturating_add(other.parser_faults);
    }
}
