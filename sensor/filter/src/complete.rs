//! What can be written next, for the search box.

use sekisho_model::fields::{EITHER, FIELDS, Field, FieldKind};

use crate::closed;
use crate::lex::{self, Kind, Sign, Token};
use crate::words::{self, Keyword};

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuggestionKind {
    /// A field.
    Field,
    /// An operator, or a word that joins comparisons.
    Operator,
    /// A value of the field before it.
    Value,
}

/// One thing that can be written in place of the word at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// What to write.
    pub text: String,
    /// What it means, Japanese.
    pub label_ja: &'static str,
    /// What it means, English.
    pub label_en: &'static str,
    /// What it is.
    pub kind: SuggestionKind,
}

/// Suggests what fits at `cursor` (octets), given the word that was begun there.
#[must_use]
pub fn complete(text: &str, cursor: usize) -> Vec<Suggestion> {
    let mut cursor = cursor.min(text.len());
    while !text.is_char_boundary(cursor) {
        cursor = cursor.saturating_sub(1);
    }
    let before = text.get(..cursor).unwrap_or_default();
    if before.len() > crate::MAX_LEN {
        return Vec::new();
    }
    let begun_at = before.rfind(|c| !lex::is_word(c)).map_or(0, |at| {
        at.saturating_add(
            before
                .get(at..)
                .and_then(|s| s.chars().next())
                .map_or(0, char::len_utf8),
        )
    });
    let (done, begun) = before.split_at(begun_at);
    let (tokens, fault) = lex::tokens_so_far(done);
    if fault.is_some() {
        // Inside a quoted text, or after a mistake.
        return Vec::new();
    }
    let begun = begun.to_lowercase();
    let mut found = match after(&tokens) {
        Place::Comparison => comparisons(),
        Place::Operator(field) => operators(field),
        Place::Value(field) => values(field),
        Place::Joint => JOINTS.iter().map(operator).collect(),
    };
    found.retain(|suggestion| suggestion.text.to_lowercase().contains(&begun) && suggestion.text != begun);
    found.sort_by_key(|suggestion| !suggestion.text.to_lowercase().starts_with(&begun));
    found
}

enum Place {
    Comparison,
    Operator(&'static Field),
    Value(&'static Field),
    Joint,
}

/// What the grammar expects after these tokens.
fn after(tokens: &[Token]) -> Place {
    let mut place = Place::Comparison;
    let mut in_set = false;
    for token in tokens {
        let keyword = match &token.kind {
            Kind::Word(word) => words::keyword(word),
            _ => None,
        };
        place = match (place, &token.kind, keyword) {
            (Place::Value(field), Kind::Sign(Sign::SetOpen), _) => {
                in_set = true;
                Place::Value(field)
            }
            (_, Kind::Sign(Sign::SetClose), _) => {
                in_set = false;
                Place::Joint
            }
            (Place::Value(field), _, _) if in_set => Place::Value(field),
            (Place::Value(_), _, _) => Place::Joint,
            (Place::Operator(field), _, Some(Keyword::Not)) => Place::Operator(field),
            (Place::Operator(field), _, _) => Place::Value(field),
            (Place::Joint, Kind::Sign(Sign::And | Sign::Or), _)
            | (Place::Joint, _, Some(Keyword::And | Keyword::Or)) => Place::Comparison,
            (Place::Joint, _, _) => Place::Joint,
            (Place::Comparison, Kind::Sign(_), _) | (Place::Comparison, _, Some(_)) => Place::Comparison,
            (Place::Comparison, Kind::Word(word), None) => match words::named(word) {
                Some(named) => Place::Operator(named.first()),
                None => Place::Joint,
            },
            (Place::Comparison, Kind::Quoted(_), None) => Place::Joint,
        };
    }
    place
}

fn comparisons() -> Vec<Suggestion> {
    let mut found: Vec<_> = EITHER
        .iter()
        .map(|(name, _)| {
            let (label_ja, label_en) = either_label(name);
            Suggestion {
                text: (*name).to_owned(),
                label_ja,
                label_en,
                kind: SuggestionKind::Field,
            }
        })
        .collect();
    found.extend(FIELDS.iter().map(|field| Suggestion {
        text: field.name.to_owned(),
        label_ja: field.label_ja,
        label_en: field.label_en,
        kind: SuggestionKind::Field,
    }));
    found.push(operator(&("not", "でない", "not")));
    found
}

fn either_label(name: &str) -> (&'static str, &'static str) {
    match name {
        "address" => ("どちらかのアドレス", "Address of either end"),
        "port" => ("どちらかのポート", "Port of either end"),
        "zone" => ("どちらかのゾーン", "Zone of either end"),
        "mac" => ("どちらかのMAC", "MAC of either end"),
        _ => ("どちらかの端", "Either end"),
    }
}

type Labelled = (&'static str, &'static str, &'static str);

const JOINTS: &[Labelled] = &[("and", "かつ", "and"), ("or", "または", "or")];

fn operators(field: &Field) -> Vec<Suggestion> {
    const EQUAL: &[Labelled] = &[("==", "等しい", "equals"), ("!=", "等しくない", "differs from")];
    const ORDER: &[Labelled] = &[
        ("<", "より小さい", "less than"),
        ("<=", "以下", "at most"),
        (">", "より大きい", "more than"),
        (">=", "以上", "at least"),
    ];
    const AMONG: &[Labelled] = &[
        ("in", "いずれか", "one of"),
        ("not in", "いずれでもない", "none of"),
    ];
    const TEXT: &[Labelled] = &[
        ("contains", "含む", "contains"),
        ("matches", "正規表現に一致", "matches the pattern"),
    ];
    let particular: &[Labelled] = match field.kind {
        FieldKind::Text => TEXT,
        FieldKind::Address => &[],
        FieldKind::Number | FieldKind::Time | FieldKind::Seconds => ORDER,
    };
    [EQUAL, particular, AMONG]
        .into_iter()
        .flatten()
        .map(operator)
        .collect()
}

fn operator((text, label_ja, label_en): &Labelled) -> Suggestion {
    Suggestion {
        text: (*text).to_owned(),
        label_ja,
        label_en,
        kind: SuggestionKind::Operator,
    }
}

fn values(field: &'static Field) -> Vec<Suggestion> {
    closed::words(field.name)
        .into_iter()
        .map(|word| Suggestion {
            text: word.to_owned(),
            label_ja: field.label_ja,
            label_en: field.label_en,
            kind: SuggestionKind::Value,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        complete(text, text.len())
            .into_iter()
            .map(|found| found.text)
            .collect()
    }

    #[test]
    fn fields_come_first_and_the_begun_word_narrows_them() {
        assert!(texts("").contains(&"orig.address".to_owned()));
        assert_eq!(texts("resp.po"), ["resp.port"]);
        assert_eq!(texts("resp.port == 443 and dur"), ["duration"]);
    }

    #[test]
    fn after_a_field_come_the_operators_of_its_type() {
        assert_eq!(texts("orig.zone m"), ["matches"]);
        assert_eq!(texts("orig.address "), ["==", "!=", "in", "not in"]);
        assert!(texts("octets ").contains(&">=".to_owned()));
    }

    #[test]
    fn after_an_operator_come_the_values_of_a_closed_set() {
        assert_eq!(texts("verdict == "), ["allowed", "denied", "unknown"]);
        assert_eq!(texts("verdict in {allowed, d"), ["denied", "allowed"]);
        assert_eq!(texts("verdict == denied "), ["and", "or"]);
        assert!(texts("orig.zone == \"of").is_empty());
    }

    proptest! {
        #[test]
        fn completing_never_panics(text: String, cursor: usize) {
            prop_assert!(complete(&text, cursor % 64).len() <= FIELDS.len() + EITHER.len() + 1);
        }
    }
}
