//! EVE lines of application protocols: a transaction under its protocol's name, an anomaly as one.
//!
//! Source of the names: Suricata 8, etc/schema.json, and its `anomaly` event for what an application
//! layer parser notes.

use sekisho_model::app::{Event, Said};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::eve_types::{Ether, Head};

/// One line.
pub(crate) struct AppEvent<'a>(pub(crate) &'a Said);

impl Serialize for AppEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Said {
            flow,
            mac,
            ordinal,
            event,
        } = self.0;
        let kind = match event {
            Event::Transaction(transaction) => transaction.protocol,
            Event::Anomaly { .. } => "anomaly",
        };
        let mut map = serializer.serialize_map(None)?;
        if let Some(flow) = flow {
            // Entry by entry: the keys below have no fixed names.
            Head::of_ref(flow, kind, event.at()).write(&mut map)?;
            map.serialize_entry("app_proto", event.protocol())?;
            map.serialize_entry("tx_id", ordinal)?;
        } else {
            map.serialize_entry("timestamp", &event.at())?;
            map.serialize_entry("event_type", kind)?;
            if let Some(ether) = Ether::from_sender(*mac) {
                map.serialize_entry("ether", &ether)?;
            }
        }
        match event {
            Event::Transaction(transaction) => map.serialize_entry(kind, &transaction.facts),
            Event::Anomaly { event, .. } => map.serialize_entry(kind, &Anomaly { event }),
        }?;
        if let Some(flow) = flow {
            map.serialize_entry(
                "sekisho",
                &Zones {
                    orig_zone: &flow.orig_zone,
                    resp_zone: &flow.resp_zone,
                },
            )?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Zones<'a> {
    orig_zone: &'a str,
    resp_zone: &'a str,
}

struct Anomaly {
    event: &'static str,
}

impl Serialize for Anomaly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("type", "applayer")?;
        map.serialize_entry("event", self.event)?;
        map.serialize_entry("layer", "proto_parser")?;
        map.end()
    }
}
