//! Strings with wildcards: what they hold, and the pattern that says the same.
//!
//! Source: Sigma rules specification 2.0.0, sections "String Wildcard" and "Escaping".

/// One part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Plain(String),
    /// `*`
    Any,
    /// `?`
    One,
}

/// What a string asks of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Any value.
    Present,
    /// No value, or an empty one.
    Empty,
    Equal(String),
    Contains(String),
    /// A regular expression.
    Pattern(String),
}

/// Reads a string. `\` makes `*`, `?` and `\` plain; before anything else it stands for itself.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let wild = match c {
            '\\' => {
                let escaped = chars.next_if(|next| matches!(next, '*' | '?' | '\\'));
                plain.push(escaped.unwrap_or('\\'));
                continue;
            }
            '*' => Part::Any,
            '?' => Part::One,
            other => {
                plain.push(other);
                continue;
            }
        };
        if !plain.is_empty() {
            parts.push(Part::Plain(std::mem::take(&mut plain)));
        }
        if wild == Part::One || parts.last() != Some(&Part::Any) {
            parts.push(wild);
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Plain(plain));
    }
    parts
}

/// The simplest form of what the parts ask.
pub(super) fn shape(parts: &[Part], windash: bool, cased: bool) -> Shape {
    match parts {
        [] => Shape::Empty,
        [Part::Any] => Shape::Present,
        [Part::Plain(text)] if !windash && !cased => Shape::Equal(text.clone()),
        [Part::Any, Part::Plain(text), Part::Any] if !windash && !cased => Shape::Contains(text.clone()),
        parts => Shape::Pattern(regex(parts, windash)),
    }
}

/// A pattern for a whole value; where the parts leave an end open, so does it.
pub(super) fn regex(parts: &[Part], windash: bool) -> String {
    let mut out = String::new();
    let (open, parts) = match parts {
        [Part::Any, rest @ ..] => (true, rest),
        parts => (false, parts),
    };
    if !open {
        out.push('^');
    }
    let (parts, close) = match parts {
        [rest @ .., Part::Any] => (rest, true),
        parts => (parts, false),
    };
    for part in parts {
        match part {
            Part::Any => out.push_str(".*"),
            Part::One => out.push('.'),
            Part::Plain(text) => plain(text, windash, &mut out),
        }
    }
    if !close {
        out.push('$');
    }
    out
}

/// Text that stands for itself. With `windash`, a dash or slash that begins a word is any of those that
/// Windows takes there.
fn plain(text: &str, windash: bool, out: &mut String) {
    const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let begins = !before.is_some_and(is_word) && chars.peek().copied().is_some_and(is_word);
        if windash && DASHES.contains(&c) && begins {
            out.push_str("[-/\u{2013}\u{2014}\u{2015}]");
        } else {
            if matches!(
                c,
                '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$'
            ) {
                out.push('\\');
            }
            out.push(c);
        }
        before = Some(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Shape {
        shape(&parts(text), false, false)
    }

    #[test]
    fn wildcards_and_their_escapes_are_those_of_the_specification() {
        let equal = |text: &str| Shape::Equal(text.to_owned());
        let pattern = |text: &str| Shape::Pattern(text.to_owned());

        assert_eq!(of(r"C:\a"), equal(r"C:\a"));
        assert_eq!(of(r"C:\\a"), equal(r"C:\a"));
        assert_eq!(of(r"a\*"), equal("a*"));
        assert_eq!(of(r"a\\*"), pattern(r"^a\\"));
        assert_eq!(of(r"a\\\*"), equal(r"a\*"));
        assert_eq!(of(r"a\\\\b"), equal(r"a\\b"));
        assert_eq!(of("*a*"), Shape::Contains("a".to_owned()));
        assert_eq!(of("**a**"), Shape::Contains("a".to_owned()));
        assert_eq!(of("*.example"), pattern(r"\.example$"));
        assert_eq!(of("a?c*d"), pattern("^a.c.*d$"));
        assert_eq!(of("*"), Shape::Present);
        assert_eq!(of(""), Shape::Empty);
    }

    #[test]
    fn dashes_that_begin_a_word_are_any_that_windows_takes() {
        let pattern = regex(&parts("* -x a-b"), true);

        assert_eq!(pattern, " [-/–—―]x a-b$");
    }
}
