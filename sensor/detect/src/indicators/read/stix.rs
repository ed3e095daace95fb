//! An indicator of STIX 2.1: its pattern's values, with its name as the note.
//!
//! Source: STIX Version 2.1 (OASIS), section 4.7.

use super::json::Object;
use super::pattern::{self, Refusal};
use super::{PassedOver, Said, Taker, text};

pub(super) fn take(object: &Object, taker: &mut Taker<'_>) {
    if object.is_revoked {
        return taker.report.pass_over(PassedOver::Revoked);
    }
    let pattern = object.pattern.as_deref().unwrap_or_default();
    if !matches!(object.pattern_type.as_str(), "" | "stix") {
        return taker.report.pass_over(PassedOver::OtherKind);
    }
    let values = match pattern::values(pattern) {
        Ok(values) => values,
        Err(Refusal::Combined) => return taker.report.pass_over(PassedOver::Combined),
        Err(Refusal::Malformed) => {
            let what = sekisho_model::indicator::ValueError::Unknown;
            return taker.report.bad(object.number, what, pattern);
        }
    };
    let note = if object.name.is_empty() {
        &object.description
    } else {
        &object.name
    };
    for value in values {
        let Some(kind) = value.kind else {
            taker.report.pass_over(PassedOver::OtherKind);
            continue;
        };
        taker.take(&Said {
            line: object.number,
            text: &value.text,
            kind: Some(kind),
            port: None,
            confidence: object.confidence,
            expires: text::instant(&object.valid_until),
            note,
        });
    }
}
