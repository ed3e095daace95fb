//! What can be written next, for the search box.

use std::borrow::Cow;

use sekisho_model::Text;
use sekisho_model::fields::{EITHER, FIELDS, Field, FieldKind};

use crate::environment::{Environment, Nothing};
use crate::lex::{self, Kind, Sign, Token};
use crate::list::ListKind;
use crate::words::{self, Keyword};
use crate::zone_facts::{self, Fact};
use crate::{ast, closed};

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
    pub label_ja: Cow<'static, str>,
    /// What it means, English.
    pub label_en: Cow<'static, str>,
    /// What it is.
    pub kind: SuggestionKind,
}

/// Values of one kind that are suggested at most; the begun word narrows them.
const MAX_NAMES: usize = 200;

/// Suggests what fits at `cursor` (octets), given the word that was begun there.
#[must_use]
pub fn complete(text: &str, cursor: usize) -> Vec<Suggestion> {
    complete_with(text, cursor, &Nothing)
}

/// The same with the lists, zones, groups and windows of a policy.
#[must_use]
pub fn complete_with(text: &str, cursor: usize, environment: &dyn Environment) -> Vec<Suggestion> {
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
        Place::Comparison => comparisons(environment),
        Place::Operator(subject) => operators(subject),
        Place::Value { subject, within } => values(subject, within, environment),
        Place::Joint => JOINTS.iter().map(operator).collect(),
    };
    found.retain(|suggestion| suggestion.text.to_lowercase().contains(&begun) && suggestion.text != begun);
    found.sort_by_key(|suggestion| !suggestion.text.to_lowercase().starts_with(&begun));
    found.truncate(MAX_NAMES);
    found
}

/// What a comparison asks about.
#[derive(Clone, Copy)]
enum Subject {
    Field(&'static Field),
    Fact(Fact),
}

enum Place {
    Comparison,
    Operator(Subject),
    Value {
        subject: Subject,
        /// After `in`, where lists and windows may stand.
        within: bool,
    },
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
            (Place::Value { subject, within }, Kind::Sign(Sign::SetOpen), _) => {
                in_set = true;
                Place::Value { subject, within }
            }
            (_, Kind::Sign(Sign::SetClose), _) => {
                in_set = false;
                Place::Joint
            }
            (value @ Place::Value { .. }, _, _) if in_set => value,
            (Place::Value { .. }, _, _) => Place::Joint,
            (Place::Operator(subject), _, Some(Keyword::Not)) => Place::Operator(subject),
            (Place::Operator(subject), _, keyword) => Place::Value {
                subject,
                within: keyword == Some(Keyword::In),
            },
            (Place::Joint, Kind::Sign(Sign::And | Sign::Or), _)
            | (Place::Joint, _, Some(Keyword::And | Keyword::Or)) => Place::Comparison,
            (Place::Joint, _, _) => Place::Joint,
            (Place::Comparison, Kind::Sign(_), _) | (Place::Comparison, _, Some(_)) => Place::Comparison,
            (Place::Comparison, Kind::Word(word), None) => {
                match (zone_facts::named(word), words::named(word)) {
                    (Some((_, fact)), _) => Place::Operator(Subject::Fact(fact)),
                    (None, Some(named)) => Place::Operator(Subject::Field(named.first())),
                    (None, None) => Place::Joint,
                }
            }
            (Place::Comparison, Kind::Quoted(_), None) => Place::Joint,
        };
    }
    place
}

fn comparisons(environment: &dyn Environment) -> Vec<Suggestion> {
    let mut found: Vec<_> = EITHER
        .iter()
        .map(|(name, _)| {
            let (label_ja, label_en) = either_label(name);
            suggestion((*name).to_owned(), (label_ja, label_en), SuggestionKind::Field)
        })
        .collect();
    found.extend(FIELDS.iter().map(|field| {
        let labels = (field.label_ja, field.label_en);
        suggestion(field.name.to_owned(), labels, SuggestionKind::Field)
    }));
    if !environment.zones().is_empty() {
        found.extend(
            zone_facts::names().map(|(name, fact)| suggestion(name, fact.label(), SuggestionKind::Field)),
        );
    }
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

fn operators(subject: Subject) -> Vec<Suggestion> {
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
    let kind = match subject {
        Subject::Field(field) => field.kind,
        Subject::Fact(fact) => fact.kind(),
    };
    let particular: &[Labelled] = match kind {
        FieldKind::Text if matches!(subject, Subject::Fact(Fact::Group)) => &[],
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
    suggestion((*text).to_owned(), (label_ja, label_en), SuggestionKind::Operator)
}

fn values(subject: Subject, within: bool, environment: &dyn Environment) -> Vec<Suggestion> {
    let value = |text: String, labels| suggestion(text, labels, SuggestionKind::Value);
    let field = match subject {
        Subject::Field(field) => field,
        Subject::Fact(fact) => {
            let values = fact.values(environment).into_iter();
            return values.map(|word| value(quoted(&word), fact.label())).collect();
        }
    };
    let labels = (field.label_ja, field.label_en);
    let mut found: Vec<_> = closed::words(field.name)
        .into_iter()
        .map(|word| value(word.to_owned(), labels))
        .collect();
    if field.name.ends_with(".zone") {
        found.extend(
            environment
                .zones()
                .iter()
                .map(|zone| named(quoted(&zone.id), &zone.label)),
        );
    }
    if !within {
        return found;
    }
    let kinds = ListKind::of_field(field);
    let lists = environment.lists();
    found.extend(
        lists
            .iter()
            .filter(|(_, kind)| kinds.contains(kind))
            .map(|(name, kind)| value(format!("@{name}"), list_label(*kind))),
    );
    if field.kind == FieldKind::Time {
        found.extend(
            environment
                .windows()
                .iter()
                .map(|(name, label)| named(format!("window({})", quoted(name)), label)),
        );
    }
    found
}

const fn list_label(kind: ListKind) -> (&'static str, &'static str) {
    match kind {
        ListKind::Address => ("アドレスのリスト", "List of addresses"),
        ListKind::Network => ("ネットワークのリスト", "List of networks"),
        ListKind::Mac => ("MACアドレスのリスト", "List of MAC addresses"),
        ListKind::Name => ("名前のリスト", "List of names"),
        ListKind::Suffix => ("ドメインのリスト", "List of domains"),
        ListKind::Port => ("ポートのリスト", "List of ports"),
        ListKind::Fingerprint => ("フィンガープリントのリスト", "List of fingerprints"),
        ListKind::Text => ("語のリスト", "List of words"),
    }
}

fn suggestion(text: String, (ja, en): (&'static str, &'static str), kind: SuggestionKind) -> Suggestion {
    Suggestion {
        text,
        label_ja: Cow::Borrowed(ja),
        label_en: Cow::Borrowed(en),
        kind,
    }
}

/// A value that the policy names.
fn named(text: String, label: &Text) -> Suggestion {
    let or_text = |label: &String| {
        Cow::Owned(if label.is_empty() {
            text.clone()
        } else {
            label.clone()
        })
    };
    Suggestion {
        label_ja: or_text(&label.ja),
        label_en: or_text(&label.en),
        text,
        kind: SuggestionKind::Value,
    }
}

/// A value as it stands in an expression.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty()
        && word.chars().all(lex::is_word)
        && !word.contains("..")
        && !word.starts_with('@')
        && words::keyword(word).is_none();
    ast::Literal {
        text: word.to_owned(),
        quoted: !plain,
        span: ast::Span::default(),
    }
    .to_string()
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
