//! The stations that a data directory knows.

use std::path::Path;

use sekisho_engine::health::Known;
use sekisho_model::MacAddress;
use sekisho_store::{Embedded, HostQuery, MAX_LIMIT, Store as _};

/// Stations that are asked for: as many as are compared.
const MOST: usize = 4_096;

/// The MAC addresses of the devices in a data directory, those seen last first.
pub(crate) fn stations(data: &Path) -> anyhow::Result<Known> {
    let store = Embedded::open(data)?;
    let mut macs: Vec<MacAddress> = Vec::new();
    let mut query = HostQuery {
        limit: MAX_LIMIT,
        ..HostQuery::default()
    };
    loop {
        let page = store.hosts(&query)?;
        let known = page.rows.iter().filter_map(|row| row.host.mac.as_deref());
        macs.extend(known.filter_map(MacAddress::parse));
        query.cursor = page.next;
        if query.cursor.is_none() || macs.len() >= MOST {
            return Ok(macs.into_iter().collect());
        }
    }
}
