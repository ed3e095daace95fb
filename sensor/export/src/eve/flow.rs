//! The line of a flow record: `event_type` flow; and what alert lines say of their flow too.
//!
//! Source of the names: Suricata 8, etc/schema.json.

use sekisho_model::{App, ConnState, EndReason, FlowRecord, Protocol, TcpFlags, Verdict};

use super::head;
use crate::line::{Line, Word, object, pairs};

/// Writes the line. `alerts` says whether denied flows raise alerts: they do not where a policy learns.
pub(super) fn write(line: &mut Line, record: &FlowRecord, alerts: bool) {
    let service = record.app.as_ref().map_or("", |app| app.service);
    head::of_record(line, record, "flow", record.end);
    pairs!(line;
        "app_proto"?: (!service.is_empty()).then_some(Word(service)),
        "flow": volume(record, alerts && record.verdict == Verdict::Denied),
        "tcp"?: tcp(record),
        "sekisho": extra(record),
    );
    line.raw("}\n");
}

/// What it carried, and how it began and ended.
pub(super) fn volume(record: &FlowRecord, alerted: bool) -> impl FnOnce(&mut Line) {
    move |line| {
        let answered = match record.conn_state {
            Some(state) => !matches!(state, ConnState::S0 | ConnState::Shr | ConnState::Sh),
            None => record.to_resp.packets > 0 && record.to_orig.packets > 0,
        };
        let state = match record.end_reason {
            EndReason::EndOfFlow => "closed",
            _ if answered => "established",
            _ => "new",
        };
        let reason = match record.end_reason {
            EndReason::Idle | EndReason::Active | EndReason::EndOfFlow => "timeout",
            EndReason::Forced => "shutdown",
            EndReason::LackOfResources => "forced",
        };
        object!(line;
            "pkts_toserver": record.to_resp.packets,
            "pkts_toclient": record.to_orig.packets,
            "bytes_toserver": record.to_resp.frame_octets,
            "bytes_toclient": record.to_orig.frame_octets,
            "start": record.start,
            "end": record.end,
            "age": record.end.since(record.start).as_secs(),
            "state": Word(state),
            "reason": Word(reason),
            "alerted": alerted,
        );
    }
}

fn tcp(record: &FlowRecord) -> Option<impl FnOnce(&mut Line)> {
    let (there, back) = (record.to_resp.tcp_flags, record.to_orig.tcp_flags);
    let both = TcpFlags(there.0 | back.0);
    let hex = |flags: TcpFlags| move |line: &mut Line| line.hex(flags.0);
    (record.protocol == Protocol::TCP).then_some(move |line: &mut Line| {
        object!(line;
            "tcp_flags": hex(both),
            "tcp_flags_ts": hex(there),
            "tcp_flags_tc": hex(back),
            "syn": both.has(TcpFlags::SYN),
            "fin": both.has(TcpFlags::FIN),
            "rst": both.has(TcpFlags::RST),
            "psh": both.has(TcpFlags::PSH),
            "ack": both.has(TcpFlags::ACK),
        );
    })
}

fn extra(record: &FlowRecord) -> impl FnOnce(&mut Line) {
    move |line| {
        object!(line;
            "orig_zone": &*record.orig_zone,
            "resp_zone": &*record.resp_zone,
            "verdict": Word(record.verdict.name()),
            "policy_version": &*record.policy_version,
            "rule": &*record.rule,
            "part": record.part,
            "direction_by": Word(record.direction_by.name()),
            "end_reason": Word(record.end_reason.name()),
            "conn_state"?: record.conn_state.map(|state| Word(state.name())),
            "history": record.history.as_str(),
            "orig_octets": record.to_resp.octets,
            "resp_octets": record.to_orig.octets,
            "orig_payload_octets": record.to_resp.payload_octets,
            "resp_payload_octets": record.to_orig.payload_octets,
            "handshake_rtt"?: record.handshake_rtt.map(|took| took.as_secs_f64()),
            "data_rtt"?: record.data_rtt.map(|took| took.as_secs_f64()),
            "tunnel"?: tunnel(record),
            "carries"?: (!record.carries.is_empty()).then_some(Word(record.carries)),
            ..|line| app(line, record.app.as_deref()),
            "icmp_errors": record.icmp_errors,
            "orig_retransmitted": record.to_resp.retransmitted,
            "orig_out_of_order": record.to_resp.out_of_order,
            "orig_zero_windows": record.to_resp.zero_windows,
            "orig_missed_octets": record.to_resp.missed_octets,
            "orig_duplicates": record.to_resp.duplicates,
            "resp_retransmitted": record.to_orig.retransmitted,
            "resp_out_of_order": record.to_orig.out_of_order,
            "resp_zero_windows": record.to_orig.zero_windows,
            "resp_missed_octets": record.to_orig.missed_octets,
            "resp_duplicates": record.to_orig.duplicates,
        );
    }
}

/// The tunnel that carries the flow.
fn tunnel(record: &FlowRecord) -> Option<impl FnOnce(&mut Line)> {
    record.carrier.as_ref().map(|carrier| {
        move |line: &mut Line| {
            object!(line;
                "kind": Word(carrier.kind),
                "community_id": carrier.community_id.as_str(),
            );
        }
    })
}

/// What the traffic is: the essentials, and under `from` where each was read.
fn app(line: &mut Line, app: Option<&App>) {
    let Some(app) = app else { return };
    pairs!(line;
        "service_by"?: app.service_by.map(|by| Word(by.name())),
        "port_says"?: app.port_says.map(Word),
    );
    for named in app.essentials.iter() {
        line.key(named.what.name());
        line.text(named.value);
    }
    pairs!(line;
        "from"?: (!app.essentials.is_empty()).then_some(sources(app)),
        "metadata_partial"?: app.is_partial.then_some(true),
    );
}

fn sources(app: &App) -> impl FnOnce(&mut Line) {
    move |line| {
        let mut between = "{\"";
        for named in app.essentials.iter() {
            line.raw(between);
            line.raw(named.what.name());
            line.raw("\":\"");
            line.raw(named.from);
            line.raw("\"");
            between = ",\"";
        }
        line.raw("}");
    }
}
