//! The lines of application protocols: a transaction under its protocol's name, an anomaly as one.
//!
//! Source of the names: Suricata 8, etc/schema.json, and its `anomaly` event for what an application
//! layer parser notes.

use sekisho_model::app::{Event, FlowRef, Said};

use super::head;
use crate::line::{Line, Value as _, Word, object, pairs};

/// Writes the line.
pub(super) fn write(line: &mut Line, said: &Said) {
    let (event, at) = (&said.event, said.event.at());
    let kind = match event {
        Event::Transaction(one) => one.protocol,
        Event::Anomaly { .. } => "anomaly",
    };
    match &said.flow {
        Some(flow) => head::of_ref(line, flow, kind, at),
        None => head::bare(line, said.mac, kind, at),
    }
    pairs!(line;
        "app_proto": Word(event.protocol()),
        "tx_id": said.ordinal,
        ..|line| body(line, event),
        "sekisho"?: said.flow.as_ref().map(zones),
    );
    line.raw("}\n");
}

fn body(line: &mut Line, event: &Event) {
    match event {
        Event::Transaction(one) => {
            line.key(one.protocol);
            one.facts.write(line);
            if let Some((protocol, facts)) = one.also.as_deref() {
                line.key(protocol);
                facts.write(line);
            }
        }
        Event::Anomaly { event, .. } => {
            pairs!(line; "anomaly": |line: &mut Line| {
                object!(line;
                    "type": Word("applayer"),
                    "event": Word(event),
                    "layer": Word("proto_parser"),
                );
            },);
        }
    }
}

fn zones(flow: &FlowRef) -> impl FnOnce(&mut Line) {
    move |line| {
        object!(line;
            "orig_zone": &*flow.orig_zone,
            "resp_zone": &*flow.resp_zone,
        );
    }
}
