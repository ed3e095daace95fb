//! Text into tokens: signs, words and quoted strings, each with its place.
//!
//! A word is whatever needs no quotes: a field, a number, an address, a network, a time, a name.
//! Inside quotes only `\"` and `\\` are escapes, so that a pattern such as `"\d+"` reads as it
//! is written.

use winnow::LocatingSlice;
use winnow::Parser;
use winnow::combinator::{alt, delimited, not, preceded, repeat};
use winnow::error::EmptyError;
use winnow::token::{none_of, one_of, take_while};

use crate::ast::Span;
use crate::error::Fault;

type Input<'a> = LocatingSlice<&'a str>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Open,
    Close,
    SetOpen,
    SetClose,
    Comma,
    Range,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Not,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Sign(Sign),
    Word(String),
    Quoted(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// Splits an expression into its tokens.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let (tokens, fault) = tokens_so_far(text);
    fault.map_or(Ok(tokens), Err)
}

/// The tokens up to the first mistake, and that mistake.
pub(crate) fn tokens_so_far(text: &str) -> (Vec<Token>, Option<Fault>) {
    let mut input = LocatingSlice::new(text);
    let mut tokens = Vec::new();
    loop {
        let space: Result<&str, EmptyError> = take_while(0.., char::is_whitespace).parse_next(&mut input);
        if space.is_err() || input.is_empty() {
            return (tokens, None);
        }
        let at = text.len().saturating_sub(input.len());
        match token.parse_next(&mut input) {
            Ok(found) => tokens.push(found),
            Err(EmptyError) => {
                let fault = fault_at(at, text.get(at..).unwrap_or_default());
                return (tokens, Some(fault));
            }
        }
    }
}

fn token(input: &mut Input<'_>) -> Result<Token, EmptyError> {
    let kind = alt((
        quoted.map(Kind::Quoted),
        word.map(Kind::Word),
        sign.map(Kind::Sign),
    ));
    kind.with_span()
        .map(|(kind, range)| Token {
            kind,
            span: Span {
                at: range.start,
                len: range.len(),
            },
        })
        .parse_next(input)
}

fn quoted(input: &mut Input<'_>) -> Result<String, EmptyError> {
    let escaped = preceded('\\', one_of(['"', '\\']));
    let body = repeat(0.., alt((escaped, none_of('"')))).fold(String::new, |mut text, c: char| {
        text.push(c);
        text
    });
    delimited('"', body, '"').parse_next(input)
}

fn word(input: &mut Input<'_>) -> Result<String, EmptyError> {
    repeat::<_, _, (), _, _>(1.., preceded(not(".."), one_of(is_word)))
        .take()
        .map(str::to_owned)
        .parse_next(input)
}

fn sign(input: &mut Input<'_>) -> Result<Sign, EmptyError> {
    let double = alt((
        "==".value(Sign::Equal),
        "!=".value(Sign::NotEqual),
        "<=".value(Sign::LessOrEqual),
        ">=".value(Sign::GreaterOrEqual),
        "&&".value(Sign::And),
        "||".value(Sign::Or),
        "..".value(Sign::Range),
    ));
    let single = alt((
        '('.value(Sign::Open),
        ')'.value(Sign::Close),
        '{'.value(Sign::SetOpen),
        '}'.value(Sign::SetClose),
        ','.value(Sign::Comma),
        '<'.value(Sign::Less),
        '>'.value(Sign::Greater),
        '!'.value(Sign::Not),
    ));
    alt((double, single)).parse_next(input)
}

/// Whether a character can stand in a word without quotes.
pub(crate) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '-' | '+' | '%' | '*' | '@')
}

fn fault_at(at: usize, rest: &str) -> Fault {
    let first = rest.chars().next().unwrap_or_default();
    let one = Span {
        at,
        len: first.len_utf8(),
    };
    match first {
        '"' => {
            let all = Span { at, len: rest.len() };
            Fault::new(all, "a quoted text has no end", "the quote opens here")
                .help("close it with `\"`; a quote inside the text is written `\\\"`")
        }
        '=' => Fault::new(one, "a single `=` means nothing", "here").help("write `==`"),
        '&' => Fault::new(one, "a single `&` means nothing", "here").help("write `and`"),
        '|' => Fault::new(one, "a single `|` means nothing", "here").help("write `or`"),
        '\'' => Fault::new(one, "text is quoted with `\"`", "not this quote").help("write \"…\""),
        _ => Fault::new(
            one,
            format!("{first:?} has no meaning in an expression"),
            "this character",
        )
        .help("put text that is not a plain word in quotes: \"…\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text)
            .unwrap()
            .into_iter()
            .map(|token| token.kind)
            .collect()
    }

    fn word(text: &str) -> Kind {
        Kind::Word(text.to_owned())
    }

    #[test]
    fn a_range_ends_the_word_before_it() {
        assert_eq!(
            kinds("1..99 10.0.0.1..10.0.0.9"),
            [
                word("1"),
                Kind::Sign(Sign::Range),
                word("99"),
                word("10.0.0.1"),
                Kind::Sign(Sign::Range),
                word("10.0.0.9")
            ]
        );
    }

    #[test]
    fn only_quote_and_backslash_are_escapes() {
        assert_eq!(kinds(r#""a\"b\\c\d""#), [Kind::Quoted(r#"a"b\c\d"#.to_owned())]);
    }

    #[test]
    fn addresses_networks_times_and_names_are_words() {
        for text in [
            "2001:db8::/32",
            "10.0.0.0/8",
            "2026-11-02T09:00:00+09:00",
            "PATH-DENY",
            "52:54:00:38:02:4a",
            "総務課",
        ] {
            assert_eq!(kinds(text), [word(text)]);
        }
    }

    #[test]
    fn the_wide_space_of_a_japanese_keyboard_is_a_space() {
        assert_eq!(kinds("a\u{3000}b"), [word("a"), word("b")]);
    }

    #[test]
    fn each_token_knows_its_place() {
        let spans: Vec<_> = tokens("!(a == \"é\")")
            .unwrap()
            .iter()
            .map(|token| (token.span.at, token.span.len))
            .collect();

        assert_eq!(spans, [(0, 1), (1, 1), (2, 1), (4, 2), (7, 4), (11, 1)]);
    }
}
