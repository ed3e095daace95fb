//! Words of the language, and what to suggest for a word that is none of them.

use sekisho_model::fields::{EITHER, FIELDS, Field, find};

use crate::ast::Span;
use crate::closed;
use crate::error::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    And,
    Or,
    Not,
    In,
    Contains,
    Matches,
}

/// Reads a word of the language, in any case.
pub(crate) fn keyword(word: &str) -> Option<Keyword> {
    const KEYWORDS: &[(&str, Keyword)] = &[
        ("and", Keyword::And),
        ("or", Keyword::Or),
        ("not", Keyword::Not),
        ("in", Keyword::In),
        ("contains", Keyword::Contains),
        ("matches", Keyword::Matches),
    ];
    KEYWORDS
        .iter()
        .find(|(text, _)| word.eq_ignore_ascii_case(text))
        .map(|(_, keyword)| *keyword)
}

/// The fields that a name stands for: one, or the same field of either end.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    One(&'static Field),
    Either([&'static Field; 2]),
}

impl Named {
    /// The field whose type holds for all of them.
    pub(crate) const fn first(self) -> &'static Field {
        match self {
            Self::One(field) | Self::Either([field, _]) => field,
        }
    }
}

/// Finds the field of a name.
pub(crate) fn named(name: &str) -> Option<Named> {
    if let Some(field) = find(name) {
        return Some(Named::One(field));
    }
    let (_, [orig, resp]) = EITHER.iter().find(|(either, _)| *either == name)?;
    Some(Named::Either([find(orig)?, find(resp)?]))
}

/// Whether the values of a field are MAC addresses.
pub(crate) fn is_mac(field: &Field) -> bool {
    field.name.ends_with(".mac")
}

/// The mistake of a name that is no field.
pub(crate) fn unknown_field(name: &str, span: Span) -> Fault {
    let names = FIELDS
        .iter()
        .map(|field| field.name)
        .chain(EITHER.iter().map(|(name, _)| *name));
    let facts: Vec<String> = crate::zone_facts::names().map(|(name, _)| name).collect();
    let help = nearest(name, names.chain(facts.iter().map(String::as_str)))
        .map(|near| format!("did you mean `{near}`?"));
    Fault::new(span, format!("there is no field `{name}`"), "unknown field").help_maybe(help)
}

/// The mistake of a word that stands alone.
pub(crate) fn lone(word: &str, span: Span) -> Fault {
    if let Some(field) = named(word) {
        let example = closed::example(field.first());
        return Fault::new(
            span,
            format!("`{word}` is not compared with anything"),
            "a field alone",
        )
        .help(format!("write a comparison, such as `{word} == {example}`"));
    }
    let field = closed::field_with(word).unwrap_or("zone");
    let value = if word.chars().all(crate::lex::is_word) && keyword(word).is_none() {
        word.to_owned()
    } else {
        format!("{word:?}")
    };
    Fault::new(
        span,
        format!("`{word}` alone does not say which field"),
        "a word alone",
    )
    .help(format!("write for example `{field} == {value}`"))
}

/// The name that `wrong` was most likely meant to be.
pub(crate) fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    names
        .map(|name| {
            (
                strsim::normalized_damerau_levenshtein(&wrong, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(likeness, _)| *likeness >= 0.5)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
