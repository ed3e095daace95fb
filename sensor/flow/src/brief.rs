//! The least of a flow record: what a summary needs when nobody reads the records themselves.

use std::net::IpAddr;

use sekisho_model::{FlowRecord, Timestamp};

/// A flow record without what only readers of records see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    /// Number of the flow.
    pub flow_id: u64,
    /// Which record of the flow this is, from 0.
    pub part: u32,
    /// First packet.
    pub start: Timestamp,
    /// Last packet.
    pub end: Timestamp,
    /// Address of the originator.
    pub orig: IpAddr,
    /// Address of the responder.
    pub resp: IpAddr,
    /// Packets in both directions.
    pub packets: u64,
    /// IP octets in both directions.
    pub octets: u64,
}

impl Brief {
    /// The brief of a record.
    #[must_use]
    pub const fn of(record: &FlowRecord) -> Self {
        Self {
            flow_id: record.flow_id,
            part: record.part,
            start: record.start,
            end: record.end,
            orig: record.orig.address,
            resp: record.resp.address,
            packets: record.packets(),
            octets: record.octets(),
        }
    }
}
