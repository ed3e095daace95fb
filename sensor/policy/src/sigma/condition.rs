//! The condition of a rule: selections joined with `and`, `or`, `not`, `1 of` and `all of`.
//!
//! Source: Sigma rules specification 2.0.0, section "Condition".

use super::why::Why;

/// Parentheses and `not`s that may stand inside each other.
const MAX_DEPTH: usize = 32;

/// A condition over the names of selections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Any(Vec<Condition>),
    All(Vec<Condition>),
    Not(Box<Condition>),
    Selection(String),
}

impl Condition {
    /// How many selections it names, each as often as it does.
    pub(super) fn selections(&self) -> usize {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().map(Self::selections).sum(),
            Self::Not(inner) => inner.selections(),
            Self::Selection(_) => 1,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
}

/// Reads a condition; `selections` are those that the rule has.
pub(super) fn parse(text: &str, selections: &[&str]) -> Result<Condition, Why> {
    if text.contains('|') {
        return Err(Why::Aggregation);
    }
    let tokens = tokens(text);
    let mut parser = Parser {
        rest: &tokens,
        selections,
        depth: 0,
    };
    let condition = parser.any()?;
    match parser.rest.first() {
        None => Ok(condition),
        Some(Token::Close) => Err(wrong("a `)` has no `(`")),
        Some(_) => Err(wrong("it should end, or go on with `and` or `or`")),
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        for part in word.split_inclusive(['(', ')']) {
            let (plain, sign) = match part.strip_suffix('(') {
                Some(plain) => (plain, Some(Token::Open)),
                None => match part.strip_suffix(')') {
                    Some(plain) => (plain, Some(Token::Close)),
                    None => (part, None),
                },
            };
            if !plain.is_empty() {
                tokens.push(Token::Word(plain));
            }
            tokens.extend(sign);
        }
    }
    tokens
}

fn wrong(what: impl Into<String>) -> Why {
    Why::Condition(what.into())
}

struct Parser<'a> {
    rest: &'a [Token<'a>],
    selections: &'a [&'a str],
    depth: usize,
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<&'a Token<'a>> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take(&mut self, keyword: &str) -> bool {
        let is_next =
            matches!(self.rest.first(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if is_next {
            self.next();
        }
        is_next
    }

    fn any(&mut self) -> Result<Condition, Why> {
        let mut parts = vec![self.all()?];
        while self.take("or") {
            parts.push(self.all()?);
        }
        Ok(single(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Why> {
        let mut parts = vec![self.unary()?];
        while self.take("and") {
            parts.push(self.unary()?);
        }
        Ok(single(parts, Condition::All))
    }

    fn unary(&mut self) -> Result<Condition, Why> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(wrong(format!(
                "more than {MAX_DEPTH} parentheses and `not`s stand inside each other"
            )));
        }
        let found = if self.take("not") {
            self.unary().map(|inner| Condition::Not(Box::new(inner)))
        } else {
            self.one()
        };
        self.depth = self.depth.saturating_sub(1);
        found
    }

    fn one(&mut self) -> Result<Condition, Why> {
        match self.next() {
            Some(Token::Open) => {
                let inner = self.any()?;
                match self.next() {
                    Some(Token::Close) => Ok(inner),
                    _ => Err(wrong("a `(` is never closed")),
                }
            }
            Some(Token::Word(word)) => self.word(word),
            Some(Token::Close) => Err(wrong("a `)` stands where a selection should")),
            None => Err(wrong("it ends where a selection should stand")),
        }
    }

    fn word(&mut self, word: &str) -> Result<Condition, Why> {
        let of = matches!(self.rest.first(), Some(Token::Word(next)) if next.eq_ignore_ascii_case("of"));
        if !of {
            if self.selections.contains(&word) {
                return Ok(Condition::Selection(word.to_owned()));
            }
            return Err(wrong(format!("there is no selection `{word}`")));
        }
        self.next();
        let make = match word.to_ascii_lowercase().as_str() {
            "1" | "any" => Condition::Any,
            "all" => Condition::All,
            other => {
                return Err(wrong(format!(
                    "`{other} of` does not map; `1 of` and `all of` do"
                )));
            }
        };
        let Some(Token::Word(pattern)) = self.next() else {
            return Err(wrong("`of` wants `them` or a pattern of names"));
        };
        let them = pattern.eq_ignore_ascii_case("them");
        let named = self.selections.iter().filter(|name| match them {
            true => !name.starts_with('_'),
            false => is_like(name, pattern),
        });
        let found: Vec<_> = named
            .map(|name| Condition::Selection((*name).to_owned()))
            .collect();
        if found.is_empty() {
            return Err(wrong(format!("no selection is called `{pattern}`")));
        }
        Ok(single(found, make))
    }
}

/// Whether a name is like a pattern in which `*` is any text.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some((_, behind)) = rest.split_once(part) else {
            return false;
        };
        rest = behind;
    }
    rest.ends_with(last)
}

fn single(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &[&str] = &["selection", "sel_a", "sel_b", "filter_x", "_hidden"];

    fn said(condition: &Condition) -> String {
        let join = |parts: &[Condition], word| parts.iter().map(said).collect::<Vec<_>>().join(word);
        match condition {
            Condition::Any(parts) => format!("({})", join(parts, " | ")),
            Condition::All(parts) => format!("({})", join(parts, " & ")),
            Condition::Not(inner) => format!("!{}", said(inner)),
            Condition::Selection(name) => name.clone(),
        }
    }

    fn read(text: &str) -> String {
        parse(text, NAMES).map_or_else(|why| why.text().en, |condition| said(&condition))
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert_eq!(
            read("selection or sel_a and not sel_b"),
            "(selection | (sel_a & !sel_b))"
        );
        assert_eq!(
            read("(selection or(sel_a)) AND NOT(not sel_b)"),
            "((selection | sel_a) & !!sel_b)"
        );
    }

    #[test]
    fn one_and_all_of_take_what_the_pattern_names() {
        assert_eq!(read("1 of sel_*"), "(sel_a | sel_b)");
        assert_eq!(read("all of sel*"), "(selection & sel_a & sel_b)");
        assert_eq!(read("any of them"), "(selection | sel_a | sel_b | filter_x)");
        assert_eq!(read("selection and not 1 of *_x"), "(selection & !filter_x)");
        assert_eq!(read("1 of *el*_b"), "sel_b");
        assert_eq!(
            read("1 of nothing*"),
            "condition: no selection is called `nothing*`"
        );
        assert_eq!(
            read("2 of sel_*"),
            "condition: `2 of` does not map; `1 of` and `all of` do"
        );
    }

    #[test]
    fn what_is_no_condition_is_said() {
        for text in [
            "",
            "selection and",
            "(selection",
            "selection)",
            "selection sel_a",
            "other",
            "1 of",
            "not",
        ] {
            assert!(matches!(parse(text, NAMES), Err(Why::Condition(_))), "{text}");
        }
        assert_eq!(
            parse("selection | count() by src_ip > 5", NAMES),
            Err(Why::Aggregation)
        );
        assert!(parse(&"(".repeat(100_000), NAMES).is_err());
        assert!(parse(&"not ".repeat(100_000), NAMES).is_err());
    }
}
