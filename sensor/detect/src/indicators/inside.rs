//! Which end of a flow is ours, and how many hosts of ours there are.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use sekisho_model::{FlowRecord, Timestamp, limits};

use super::matcher::End;
use super::read::is_private;

/// How long a host counts as one that is seen.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// How surely an address is ours: a private one is; another is where a zone names it.
fn standing(address: IpAddr, zone: &str) -> u8 {
    if is_private(address) {
        2
    } else {
        u8::from(!matches!(zone, "unknown" | "link" | ""))
    }
}

/// The host of ours in a flow of which an end or the content is listed.
///
/// Where an address is listed it is the other one. Else it is the end that is more surely ours; of
/// equals the originator, who asks.
pub(super) fn host_of(record: &FlowRecord, end: End) -> IpAddr {
    let (orig, resp) = (record.orig.address, record.resp.address);
    match end {
        End::Resp => orig,
        End::Orig => resp,
        End::Content if standing(resp, &record.resp_zone) > standing(orig, &record.orig_zone) => resp,
        End::Content => orig,
    }
}

/// Hosts of ours that were seen in the last one to two days of packet time.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    since: Timestamp,
    now: HashSet<IpAddr, foldhash::fast::FixedState>,
    /// How many there were in the day before.
    before: usize,
}

impl Hosts {
    pub(super) fn see(&mut self, record: &FlowRecord) {
        if record.start.since(self.since) > DAY {
            self.before = if self.since == Timestamp::default() {
                0
            } else {
                self.now.len()
            };
            self.now.clear();
            self.since = record.start;
        }
        let limit = usize::try_from(limits::HOSTS.default).unwrap_or(usize::MAX);
        for (endpoint, zone) in [(record.orig, &record.orig_zone), (record.resp, &record.resp_zone)] {
            if self.now.len() < limit && standing(endpoint.address, zone) > 0 {
                self.now.insert(endpoint.address);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.now.len().max(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(orig: &str, resp: &str, at: i64) -> FlowRecord {
        let mut record = FlowRecord::example();
        record.orig.address = orig.parse().unwrap();
        record.resp.address = resp.parse().unwrap();
        record.start = Timestamp::from_seconds(at, 0);
        record
    }

    #[test]
    fn the_host_of_ours_is_the_other_end_of_what_is_listed() {
        let out = record("192.168.1.5", "203.0.113.7", 0);
        let inward = record("203.0.113.7", "192.168.1.5", 0);
        fn host(record: &FlowRecord, end: End) -> String {
            host_of(record, end).to_string()
        }

        assert_eq!(host(&out, End::Resp), "192.168.1.5");
        assert_eq!(host(&inward, End::Orig), "192.168.1.5");
        assert_eq!(host(&out, End::Content), "192.168.1.5");
        assert_eq!(host(&inward, End::Content), "192.168.1.5");

        let mut public = record("198.51.100.1", "203.0.113.7", 0);
        assert_eq!(host(&public, End::Content), "198.51.100.1");
        public.resp_zone = "dmz".into();
        assert_eq!(host(&public, End::Content), "203.0.113.7");
    }

    #[test]
    fn hosts_are_counted_over_a_day_and_the_one_before() {
        let mut hosts = Hosts::default();
        for n in 0..20 {
            hosts.see(&record(&format!("10.0.0.{n}"), "203.0.113.7", 1_000_000));
        }
        assert_eq!(hosts.count(), 20);

        hosts.see(&record("10.0.0.1", "203.0.113.7", 1_100_000));
        assert_eq!(hosts.count(), 20);
        hosts.see(&record("10.0.0.1", "203.0.113.7", 1_200_000));
        assert_eq!(hosts.count(), 1);
    }
}
