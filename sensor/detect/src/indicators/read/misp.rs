//! An attribute of a MISP event: its value, with its comment or the event's title as the note.
//!
//! Source: MISP core format (draft-dulaunoy-misp-core-format), section 2.4.

use sekisho_model::indicator::{Kind, ValueError};

use super::json::Object;
use super::kinds::{Meaning, meaning};
use super::{PassedOver, Said, Taker};

pub(super) fn take(object: &Object, event: &str, taker: &mut Taker<'_>) {
    let value = object.value.as_deref().unwrap_or_default();
    if object.is_revoked {
        return taker.report.pass_over(PassedOver::Revoked);
    }
    if object.is_for_detection == Some(false) {
        return taker.report.pass_over(PassedOver::NotForDetection);
    }
    let note = if object.comment.is_empty() {
        event
    } else {
        &object.comment
    };
    let said = Said {
        line: object.number,
        confidence: object.confidence,
        note,
        ..Said::default()
    };
    let pair = value.split_once('|');
    match meaning(&object.kind) {
        Some(Meaning::Of(kind)) => taker.take(&Said {
            text: value,
            kind: Some(kind),
            ..said
        }),
        Some(Meaning::WithPort(kind)) => {
            let (text, port) = pair.unwrap_or((value, ""));
            let port = port.trim().parse().ok().filter(|port| *port > 0);
            if port.is_none() {
                return taker.report.bad(object.number, ValueError::Port, value);
            }
            taker.take(&Said {
                text,
                kind: Some(kind),
                port,
                ..said
            });
        }
        Some(Meaning::DomainAndAddress) => {
            let (domain, address) = pair.unwrap_or((value, ""));
            for (text, kind) in [(domain, Kind::Domain), (address, Kind::Address)] {
                taker.take(&Said {
                    text,
                    kind: Some(kind),
                    ..said
                });
            }
        }
        Some(Meaning::Other) | None => taker.report.pass_over(PassedOver::OtherKind),
    }
}
