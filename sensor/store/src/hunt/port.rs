//! Ports, which the daily sets do not have, looked up in the flows where those are still kept.

use sekisho_filter::Filter;
use sekisho_model::Timestamp;
use sekisho_model::indicator::Value;

use super::{Hit, Hunt, Unchecked};
use crate::{FlowQuery, Store, StoreError, TimeRange};

/// Hits that are looked up at most; further ones stay as they are.
const MAX_CHECKED: usize = 200;

impl Hunt {
    /// Takes out hits on an address whose flows, all of which are kept, had another port than the
    /// indicator says.
    ///
    /// # Errors
    ///
    /// What failed to be read.
    pub fn check_ports(&self, store: &dyn Store, hits: Vec<Hit>) -> Result<Vec<Hit>, StoreError> {
        let mut checked = 0_usize;
        let mut kept = Vec::with_capacity(hits.len());
        for mut hit in hits {
            let value = self
                .indicators
                .get(hit.indicator)
                .map(|indicator| &indicator.value);
            if let (
                Some(Unchecked::Port),
                Some(Value::Address {
                    network,
                    port: Some(port),
                }),
            ) = (hit.unchecked, value)
                && checked < MAX_CHECKED
            {
                checked = checked.saturating_add(1);
                let Some(sum) = hit.sum() else { continue };
                let span = (sum.first, sum.last);
                let end = |side: &str| format!("({side}.address == {network} and {side}.port == {port})");
                let of_port = format!("{} or {}", end("orig"), end("resp"));
                if count(store, &of_port, span)? > 0 {
                    hit.unchecked = None;
                } else if count(store, &format!("address == {network}"), span)? >= sum.flows {
                    continue;
                }
            }
            kept.push(hit);
        }
        Ok(kept)
    }
}

fn count(store: &dyn Store, filter: &str, (first, last): (Timestamp, Timestamp)) -> Result<u64, StoreError> {
    let Ok(filter) = Filter::parse(filter) else {
        return Ok(0);
    };
    let page = store.flows(&FlowQuery {
        range: TimeRange {
            since: Some(first),
            until: Some(Timestamp::from_nanos(last.nanos().saturating_add(1))),
        },
        filter: Some(filter),
        limit: 1,
        cursor: None,
    })?;
    Ok(page.total.unwrap_or(0))
}
