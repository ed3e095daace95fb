//! The last line: `event_type` stats, the counts of the whole run without anything that a clock gave.
//!
//! Source of the names: Suricata 8, etc/schema.json.

use std::collections::BTreeMap;

use sekisho_model::summary::Summary;

use super::head;
use crate::line::{Line, object, pairs};

/// Writes the line.
pub(super) fn write(line: &mut Line, summary: &Summary) {
    head::bare(line, None, "stats", summary.last_packet.unwrap_or_default());
    pairs!(line;
        "stats": |line: &mut Line| {
            object!(line;
                "decoder": |line: &mut Line| {
                    object!(line; "pkts": summary.packets, "bytes": summary.frame_octets,);
                },
                "flow": |line: &mut Line| {
                    object!(line; "total": summary.flows,);
                },
            );
        },
        "sekisho": |line: &mut Line| {
            object!(line;
                "flow_records": summary.flow_records,
                "frames": counts(&summary.frames),
                "losses": counts(&summary.losses),
            );
        },
    );
    line.raw("}\n");
}

fn counts(counts: &BTreeMap<String, u64>) -> impl FnOnce(&mut Line) {
    move |line| {
        let mut between = "{";
        for (name, count) in counts {
            line.raw(between);
            line.text(name);
            line.raw(":");
            line.number(*count);
            between = ",";
        }
        line.raw(if between == "{" { "{}" } else { "}" });
    }
}
