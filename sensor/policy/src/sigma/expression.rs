//! Expressions as they are put together, and their text in the filter language.
//!
//! Parts of one kind that stand inside each other are joined, and what always or never holds is
//! left out, so that the text has no more parentheses than its meaning asks for.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

/// An expression of the filter language that is being put together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expression {
    /// Always, or never.
    Always(bool),
    /// One comparison, as it is written.
    Is(String),
    Any(Vec<Expression>),
    All(Vec<Expression>),
    Not(Box<Expression>),
}

impl Expression {
    /// True where any part is.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        joined(parts, false, Self::Any, |part| match part {
            Self::Any(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// True where all parts are.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        joined(parts, true, Self::All, |part| match part {
            Self::All(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// True where it is not.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Always(always) => Self::Always(!always),
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// What has to hold, and what must not: the negated parts of a conjunction, where others are left.
    pub(super) fn split(self) -> (Self, Option<Self>) {
        let Self::All(parts) = self else {
            return (self, None);
        };
        let (not, when): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| matches!(part, Self::Not(_)));
        if when.is_empty() || not.is_empty() {
            return (Self::All(not.into_iter().chain(when).collect()), None);
        }
        let except = Self::any(not.into_iter().map(Self::negated));
        (Self::all(when), Some(except))
    }

    /// The text; nothing of what always or never holds.
    pub(super) fn text(&self) -> Option<String> {
        let part = |part: &Self| match part {
            Self::Any(_) => part.text().map(|text| format!("({text})")),
            other => other.text(),
        };
        let join = |parts: &[Self], word: &str| {
            let parts: Option<Vec<_>> = parts.iter().map(part).collect();
            parts.map(|parts| parts.join(word))
        };
        match self {
            Self::Always(_) => None,
            Self::Is(text) => Some(text.clone()),
            Self::Any(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(Self::text).collect();
                parts.map(|parts| parts.join(" or "))
            }
            Self::All(parts) => join(parts, " and "),
            Self::Not(inner) => match &**inner {
                Self::Is(text) => Some(format!("not {text}")),
                other => other.text().map(|text| format!("not ({text})")),
            },
        }
    }
}

/// Joins parts, of which one that always (`neutral`) holds adds nothing, and one that never does decides.
fn joined(
    parts: impl IntoIterator<Item = Expression>,
    neutral: bool,
    make: fn(Vec<Expression>) -> Expression,
    inner: fn(Expression) -> Result<Vec<Expression>, Expression>,
) -> Expression {
    let mut all: Vec<Expression> = Vec::new();
    // Parts may be many: only those whose hash is known are compared with all others.
    let (mut known, hasher) = (HashSet::new(), RandomState::new());
    for part in parts {
        if part == Expression::Always(neutral) {
            continue;
        }
        if part == Expression::Always(!neutral) {
            return part;
        }
        let parts = inner(part).unwrap_or_else(|other| vec![other]);
        for part in parts {
            if known.insert(hasher.hash_one(&part)) || !all.contains(&part) {
                all.push(part);
            }
        }
    }
    match all.pop() {
        None => Expression::Always(neutral),
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            make(all)
        }
    }
}

/// A text in quotes, as the filter language reads it back: `\"` and `\\` alone are escapes in it, so that a
/// backslash before anything else is written as it is.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_read = c == '\\' && matches!(chars.peek(), None | Some('"' | '\\'));
        if c == '"' || is_read {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use sekisho_filter::Filter;

    use super::*;

    fn is(text: &str) -> Expression {
        Expression::Is(text.to_owned())
    }

    #[test]
    fn parentheses_stand_where_the_meaning_asks_for_them() {
        let any = Expression::any([is("a"), Expression::any([is("b"), is("c")]), is("b")]);
        let all = Expression::all([any.clone(), is("d"), Expression::all([any.clone().negated()])]);

        assert_eq!(any.text().unwrap(), "a or b or c");
        assert_eq!(all.text().unwrap(), "(a or b or c) and d and not (a or b or c)");
        assert_eq!(
            all.negated().negated().text().unwrap(),
            "(a or b or c) and d and not (a or b or c)"
        );
    }

    #[test]
    fn what_always_or_never_holds_is_left_out() {
        let (yes, no) = (Expression::Always(true), Expression::Always(false));

        assert_eq!(Expression::all([yes.clone(), is("a")]), is("a"));
        assert_eq!(Expression::any([yes.clone(), is("a")]), yes);
        assert_eq!(Expression::all([is("a"), no.clone()]), no);
        assert_eq!(no.negated().text(), None);
    }

    #[test]
    fn negated_parts_are_the_exception() {
        let (when, except) = Expression::all([is("a"), is("b").negated(), is("c").negated()]).split();
        let alone = is("a").negated();

        assert_eq!(
            (when.text().unwrap(), except.unwrap().text().unwrap()),
            ("a".into(), "b or c".into())
        );
        assert_eq!(alone.clone().split(), (alone, None));
    }

    #[test]
    fn a_quoted_text_is_read_back_whatever_is_in_it() {
        for text in [
            "plain",
            r#"a"b"#,
            r"\d+\\",
            r#"\" or resp.port == 1 or x == ""#,
            "業務\n\u{7f}",
            r"\",
        ] {
            let filter = Filter::parse(&format!("server_name == {}", quoted(text))).unwrap();
            let mut app = Box::new(sekisho_model::App::default());
            app.set(sekisho_model::Essential::ServerName, text, "tls.sni");
            let record = sekisho_model::FlowRecord {
                app: Some(app),
                ..sekisho_model::FlowRecord::example()
            };

            assert!(filter.matches(&record), "{text:?}");
        }
    }
}
