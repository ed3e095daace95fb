//! Fields whose values come from a fixed list: a word outside it is a mistake, not an empty answer.

use std::borrow::Cow;

use sekisho_model::fields::{Field, FieldKind};
use sekisho_model::{ConnState, DirectionBy, EndReason, Protocol, Verdict};

const CONN_STATES: [ConnState; 13] = [
    ConnState::S0,
    ConnState::S1,
    ConnState::S2,
    ConnState::S3,
    ConnState::SF,
    ConnState::Rej,
    ConnState::Rsto,
    ConnState::Rstr,
    ConnState::Rstos0,
    ConnState::Rstrh,
    ConnState::Sh,
    ConnState::Shr,
    ConnState::Oth,
];

const END_REASONS: [EndReason; 5] = [
    EndReason::Idle,
    EndReason::Active,
    EndReason::EndOfFlow,
    EndReason::Forced,
    EndReason::LackOfResources,
];

const DIRECTIONS: [DirectionBy; 4] = [
    DirectionBy::Syn,
    DirectionBy::Icmp,
    DirectionBy::Port,
    DirectionBy::First,
];

const CLOSED: [&str; 5] = ["verdict", "protocol", "conn_state", "end_reason", "direction_by"];

/// Every word of a field with a fixed list; none where the field takes any text.
pub(crate) fn words(field: &str) -> Vec<&'static str> {
    match field {
        "verdict" => Verdict::ALL.iter().map(|value| value.name()).collect(),
        "protocol" => Protocol::names().collect(),
        "conn_state" => CONN_STATES.iter().map(|value| value.name()).collect(),
        "end_reason" => END_REASONS.iter().map(|value| value.name()).collect(),
        "direction_by" => DIRECTIONS.iter().map(|value| value.name()).collect(),
        _ => Vec::new(),
    }
}

/// The form in which records hold `value`, or nothing where the field has no such word.
pub(crate) fn canonical<'a>(field: &str, value: &'a str) -> Option<Cow<'a, str>> {
    if field == "protocol" {
        return Protocol::parse(value).map(|protocol| Cow::Owned(protocol.to_string()));
    }
    let words = words(field);
    let known = words.is_empty() || words.iter().any(|word| word.eq_ignore_ascii_case(value));
    known.then_some(Cow::Borrowed(value))
}

/// The field with a fixed list that has this word.
pub(crate) fn field_with(word: &str) -> Option<&'static str> {
    CLOSED
        .into_iter()
        .find(|field| words(field).iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// A value for examples in messages.
pub(crate) fn example(field: &Field) -> &'static str {
    if let Some(word) = words(field.name).first() {
        return word;
    }
    match field.kind {
        FieldKind::Text if field.name.ends_with("mac") => "52:54:00:12:34:56",
        FieldKind::Text => "\"text\"",
        FieldKind::Number if field.name.ends_with("vlan") => "10",
        FieldKind::Number if field.name.ends_with("port") => "443",
        FieldKind::Number => "1",
        FieldKind::Address => "192.0.2.1",
        FieldKind::Time => "\"2026-11-02T09:00:00+09:00\"",
        FieldKind::Seconds => "10s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_variant_of_the_model_is_missing() {
        // A new variant does not compile here until it is counted.
        for state in CONN_STATES {
            match state {
                ConnState::S0
                | ConnState::S1
                | ConnState::S2
                | ConnState::S3
                | ConnState::SF
                | ConnState::Rej
                | ConnState::Rsto
                | ConnState::Rstr
                | ConnState::Rstos0
                | ConnState::Rstrh
                | ConnState::Sh
                | ConnState::Shr
                | ConnState::Oth => {}
            }
        }
        for reason in END_REASONS {
            match reason {
                EndReason::Idle
                | EndReason::Active
                | EndReason::EndOfFlow
                | EndReason::Forced
                | EndReason::LackOfResources => {}
            }
        }
        for direction in DIRECTIONS {
            match direction {
                DirectionBy::Syn | DirectionBy::Icmp | DirectionBy::Port | DirectionBy::First => {}
            }
        }
    }

    #[test]
    fn every_closed_field_is_in_the_field_table() {
        for name in CLOSED {
            assert!(sekisho_model::fields::find(name).is_some(), "{name}");
            assert!(!words(name).is_empty());
        }
    }

    #[test]
    fn a_protocol_is_its_number() {
        assert_eq!(canonical("protocol", "6").as_deref(), Some("tcp"));
        assert_eq!(canonical("protocol", "253").as_deref(), Some("253"));
        assert_eq!(canonical("protocol", "quic"), None);
    }
}
