//! EVE lines of application protocols: a transaction under its protocol's name, an anomaly as one.
//!
//! Source of the names: Suricata 8, etc/schema.json, and its `anomaly` event for what an application
//! layer parser notes.

use sekisho_model::Facts;
use sekisho_model::app::{Event, FlowRef, Said};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use crate::eve_types::Head;

/// One line.
#[derive(Serialize)]
pub(crate) struct AppEvent<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    app_proto: &'static str,
    tx_id: u64,
    #[serde(flatten)]
    body: Body<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sekisho: Option<Zones<'a>>,
}

impl<'a> AppEvent<'a> {
    pub(crate) fn of(said: &'a Said) -> Self {
        let (kind, body) = match &said.event {
            Event::Transaction(one) => (one.protocol, Body::Facts(one.protocol, &one.facts)),
            Event::Anomaly { event, .. } => ("anomaly", Body::Anomaly(event)),
        };
        let at = said.event.at();
        Self {
            head: match &said.flow {
                Some(flow) => Head::of_ref(flow, kind, at),
                None => Head::sent_by(said.mac, kind, at),
            },
            app_proto: said.event.protocol(),
            tx_id: said.ordinal,
            body,
            sekisho: said.flow.as_ref().map(Zones::of),
        }
    }
}

/// What stands under a key that is not fixed.
enum Body<'a> {
    Facts(&'static str, &'a Facts),
    Anomaly(&'static str),
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Facts(protocol, facts) => map.serialize_entry(protocol, facts)?,
            Self::Anomaly(event) => {
                map.serialize_entry(
                    "anomaly",
                    &Anomaly {
                        kind: "applayer",
                        event,
                        layer: "proto_parser",
                    },
                )?;
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Anomaly {
    #[serde(rename = "type")]
    kind: &'static str,
    event: &'static str,
    layer: &'static str,
}

#[derive(Serialize)]
struct Zones<'a> {
    orig_zone: &'a str,
    resp_zone: &'a str,
}

impl<'a> Zones<'a> {
    fn of(flow: &'a FlowRef) -> Self {
        Self {
            orig_zone: &flow.orig_zone,
            resp_zone: &flow.resp_zone,
        }
    }
}
