//! The line of an alert: `event_type` alert.
//!
//! Source of the names: Suricata 8, etc/schema.json.

use sekisho_model::indicator::Hit;
use sekisho_model::{Alert, Explanation, FlowRecord};

use super::{flow, head};
use crate::line::{Line, Word, object, pairs};

/// Writes the line.
pub(super) fn write(line: &mut Line, alert: &Alert) {
    match &alert.flow {
        Some(flow) => head::of_record(line, flow, "alert", alert.first_seen),
        None => head::bare(line, None, "alert", alert.first_seen),
    }
    pairs!(line;
        "alert": body(alert),
        "flow"?: alert.flow.as_ref().map(|flow| flow::volume(flow, true)),
        "sekisho": extra(alert),
    );
    line.raw("}\n");
}

fn body(alert: &Alert) -> impl FnOnce(&mut Line) {
    move |line| {
        object!(line;
            "action": Word("allowed"), // Seen passing; a monitor stops nothing.
            "gid": 1_u8,
            "signature_id": alert.signature_id,
            "rev": 1_u8,
            "signature": alert.title.en.as_str(),
            "category": Word(alert.category.words()),
            "severity": alert.severity.number(),
        );
    }
}

fn extra(alert: &Alert) -> impl FnOnce(&mut Line) {
    move |line| {
        object!(line;
            "alert_id": alert.id,
            ..|line| judgement(line, alert.flow.as_ref()),
            "rule": &*alert.rule,
            "category": Word(alert.category.name()),
            "subject"?: alert.subject,
            "first_seen": alert.first_seen,
            "last_seen": alert.last_seen,
            "count": alert.count,
            "packets": alert.packets,
            "octets": alert.octets,
            "title": &alert.title,
            "clause": &*alert.clause,
            "attack": |line: &mut Line| line.list(alert.attack.iter().map(|technique| &**technique)),
            "indicator"?: alert.indicator.as_deref().map(indicator),
            "explanation": explanation(&alert.explanation),
        );
    }
}

/// The indicator that was met, and what came of it.
fn indicator(hit: &Hit) -> impl FnOnce(&mut Line) {
    let Hit {
        indicator,
        field,
        seen,
        is_host_only,
        is_answered,
        octets_sent,
        octets_received,
        hosts,
        others,
        is_prevalent,
        is_lookback,
        ..
    } = hit;
    move |line| {
        object!(line;
            "kind": Word(indicator.value.kind().name()),
            "value": indicator.value.to_string().as_str(),
            "source": &*indicator.source,
            "line": indicator.line,
            "confidence": indicator.confidence,
            "expires"?: indicator.expires,
            "note"?: (!indicator.note.is_empty()).then_some(&*indicator.note),
            "field": &**field,
            "seen": &**seen,
            "host_only": *is_host_only,
            "answered": *is_answered,
            "octets_sent": *octets_sent,
            "octets_received": *octets_received,
            "hosts": *hosts,
            "others": |line: &mut Line| line.list(others.iter().copied()),
            "prevalent": *is_prevalent,
            "lookback": *is_lookback,
        );
    }
}

fn judgement(line: &mut Line, flow: Option<&FlowRecord>) {
    let Some(flow) = flow else { return };
    pairs!(line;
        "orig_zone": &*flow.orig_zone,
        "resp_zone": &*flow.resp_zone,
        "verdict": Word(flow.verdict.name()),
        "policy_version": &*flow.policy_version,
    );
}

fn explanation(explanation: &Explanation) -> impl FnOnce(&mut Line) {
    let Explanation {
        observed,
        expected,
        nearest,
        nearest_path,
        differs,
        legitimate,
        silenced_by,
        first_step,
        source,
        sanction,
    } = explanation;
    move |line| {
        object!(line;
            "observed": observed,
            "expected": expected,
            "nearest": nearest,
            "nearest_path": nearest_path.as_str(),
            "differs": |line: &mut Line| line.list(differs.iter().map(String::as_str)),
            "legitimate"?: (!legitimate.ja.is_empty()).then_some(legitimate),
            "silenced_by": silenced_by,
            "first_step": first_step,
            "source"?: (!source.is_empty()).then_some(source.as_str()),
            "sanction"?: sanction.as_ref().map(|sanction| move |line: &mut Line| {
                object!(line; "list": sanction.list.as_str(), "value": sanction.value.as_str(),);
            }),
        );
    }
}
