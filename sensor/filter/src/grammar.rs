//! Tokens into an expression, by recursive descent.
//!
//! Depth is counted, so that no input can exhaust the stack.

use crate::ast::{Compare, Expression, Literal, Member, Operand, Operator, Span};
use crate::error::Fault;
use crate::lex::{self, Kind, Sign, Token};
use crate::literal;
use crate::words::{self, Keyword};
use crate::{MAX_DEPTH, MAX_LEN};

/// Parses a whole expression.
pub(crate) fn parse(text: &str) -> Result<Expression, Fault> {
    if text.len() > MAX_LEN {
        let rest = Span {
            at: MAX_LEN,
            len: text.len().saturating_sub(MAX_LEN),
        };
        let message = format!("the expression has {} octets, the most is {MAX_LEN}", text.len());
        return Err(Fault::new(rest, message, "too long").help("split it into several"));
    }
    let tokens = lex::tokens(text)?;
    if tokens.is_empty() {
        let fault = Fault::new(Span::default(), "the expression is empty", "nothing here");
        return Err(fault.help("write a comparison, such as `resp.port == 443`"));
    }
    let mut parser = Parser {
        rest: &tokens,
        end: text.trim_end().len(),
        depth: 0,
    };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) if token.kind == Kind::Sign(Sign::Close) => {
            Err(Fault::new(token.span, "a `)` has no `(`", "closes nothing")
                .help("remove it, or open a parenthesis before it"))
        }
        Some(token) => Err(
            Fault::new(token.span, "the expression should end here", "one thing too many")
                .help("join two comparisons with `and` or `or`"),
        ),
    }
}

struct Parser<'a> {
    rest: &'a [Token],
    /// Octet after the last token, where a missing thing is missing.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.rest.first()
    }

    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    fn take_sign(&mut self, sign: Sign) -> Option<Span> {
        let token = self.peek().filter(|token| token.kind == Kind::Sign(sign))?;
        self.next();
        Some(token.span)
    }

    fn take_keyword(&mut self, keyword: Keyword, sign: Option<Sign>) -> Option<Span> {
        let token = self.peek().filter(|token| match &token.kind {
            Kind::Word(word) => words::keyword(word) == Some(keyword),
            Kind::Sign(found) => Some(*found) == sign,
            Kind::Quoted(_) => false,
        })?;
        self.next();
        Some(token.span)
    }

    /// Where the next token is, or where it is missing.
    fn place(&self) -> Span {
        let missing = Span { at: self.end, len: 0 };
        self.peek().map_or(missing, |token| token.span)
    }

    fn any(&mut self) -> Result<Expression, Fault> {
        let first = self.all()?;
        let mut parts = vec![first];
        while self.take_keyword(Keyword::Or, Some(Sign::Or)).is_some() {
            parts.push(self.all()?);
        }
        Ok(single(parts, Expression::Any))
    }

    fn all(&mut self) -> Result<Expression, Fault> {
        let first = self.unary()?;
        let mut parts = vec![first];
        while self.take_keyword(Keyword::And, Some(Sign::And)).is_some() {
            parts.push(self.unary()?);
        }
        Ok(single(parts, Expression::All))
    }

    fn unary(&mut self) -> Result<Expression, Fault> {
        if let Some(span) = self.take_keyword(Keyword::Not, Some(Sign::Not)) {
            let inner = self.deeper(span, Self::unary)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        let Some(open) = self.take_sign(Sign::Open) else {
            return self.comparison();
        };
        let inner = self.deeper(open, Self::any)?;
        if self.take_sign(Sign::Close).is_some() {
            return Ok(inner);
        }
        Err(match self.peek() {
            None => Fault::new(open, "a `(` is never closed", "opens here").help("close it with `)`"),
            Some(token) => Fault::new(
                token.span,
                "the parenthesis should close here",
                "one thing too many",
            )
            .help("write `)` before it, or join two comparisons with `and` or `or`"),
        })
    }

    fn deeper(
        &mut self,
        span: Span,
        inner: fn(&mut Self) -> Result<Expression, Fault>,
    ) -> Result<Expression, Fault> {
        if self.depth == MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} parentheses or `not`s stand inside each other");
            return Err(Fault::new(span, message, "too deep").help("write the expression flatter"));
        }
        self.depth = self.depth.saturating_add(1);
        let result = inner(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn comparison(&mut self) -> Result<Expression, Fault> {
        let place = self.place();
        let expected = || {
            Fault::new(place, "a comparison is missing", "expected here")
                .help("write a field, an operator and a value, such as `resp.port == 443`")
        };
        let token = self.next().ok_or_else(expected)?;
        let name = match &token.kind {
            Kind::Word(word) if words::keyword(word).is_none() => word,
            Kind::Quoted(text) => return Err(words::lone(text, token.span)),
            _ => return Err(expected()),
        };
        let (test, operator_span, negated) = match self.operator()? {
            Some((Sought::One(operator), span)) => (Operand::One(operator, self.value(span)?), span, false),
            Some((Sought::In { negated }, span)) => (self.sought(span)?, span, negated),
            None => return lone(name, token.span),
        };
        let compare = Expression::Compare(Compare {
            name: name.clone(),
            name_span: token.span,
            test,
            operator_span,
        });
        Ok(if negated {
            Expression::Not(Box::new(compare))
        } else {
            compare
        })
    }

    fn operator(&mut self) -> Result<Option<(Sought, Span)>, Fault> {
        let Some(token) = self.peek() else {
            return Ok(None);
        };
        let sought = match &token.kind {
            Kind::Sign(Sign::Equal) => Sought::One(Operator::Equal),
            Kind::Sign(Sign::NotEqual) => Sought::One(Operator::NotEqual),
            Kind::Sign(Sign::Less) => Sought::One(Operator::Less),
            Kind::Sign(Sign::LessOrEqual) => Sought::One(Operator::LessOrEqual),
            Kind::Sign(Sign::Greater) => Sought::One(Operator::Greater),
            Kind::Sign(Sign::GreaterOrEqual) => Sought::One(Operator::GreaterOrEqual),
            Kind::Word(word) => match words::keyword(word) {
                Some(Keyword::Contains) => Sought::One(Operator::Contains),
                Some(Keyword::Matches) => Sought::One(Operator::Matches),
                Some(Keyword::In) => Sought::In { negated: false },
                Some(Keyword::Not) => {
                    self.next();
                    let place = self.place();
                    let Some(span) = self.take_keyword(Keyword::In, None) else {
                        return Err(
                            Fault::new(place, "`not` here wants `in` after it", "expected `in`")
                                .help("write `field not in {…}`, or put `not` before the comparison"),
                        );
                    };
                    return Ok(Some((Sought::In { negated: true }, token.span.to(span))));
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.next();
        Ok(Some((sought, token.span)))
    }

    fn value(&mut self, after: Span) -> Result<Literal, Fault> {
        let place = self.place();
        let missing = || {
            Fault::new(place, "a value is missing", "expected here")
                .help("after an operator stands a number, an address, a word or a \"quoted text\"")
        };
        let Some(token) = self.peek() else {
            return Err(Fault::new(after, "a value is missing", "after this")
                .help("after an operator stands a number, an address, a word or a \"quoted text\""));
        };
        let (text, quoted) = match &token.kind {
            Kind::Word(word) if words::keyword(word).is_none() => (word, false),
            Kind::Quoted(text) => (text, true),
            Kind::Word(word) => {
                return Err(missing().help(format!("to compare with the word itself, write \"{word}\"")));
            }
            Kind::Sign(_) => return Err(missing()),
        };
        self.next();
        Ok(Literal {
            text: text.clone(),
            quoted,
            span: token.span,
        })
    }

    /// What stands after `in`: a set, or a window.
    fn sought(&mut self, after: Span) -> Result<Operand, Fault> {
        let [first, second, ..] = self.rest else {
            return self.set(after).map(Operand::In);
        };
        let is_window = matches!(&first.kind, Kind::Word(word) if word.eq_ignore_ascii_case("window"));
        if !is_window || second.kind != Kind::Sign(Sign::Open) {
            return self.set(after).map(Operand::In);
        }
        self.next();
        self.next();
        let text = self.value(second.span)?;
        if self.take_sign(Sign::Close).is_some() {
            return Ok(Operand::Window(text));
        }
        Err(Fault::new(
            first.span.to(text.span),
            "a window is not closed",
            "expected `)` after it",
        )
        .help("write a name or a text in quotes: window(\"workday 08:30-17:15\")"))
    }

    fn set(&mut self, after: Span) -> Result<Vec<Member>, Fault> {
        let Some(open) = self.take_sign(Sign::SetOpen) else {
            return Ok(vec![self.member(after)?]);
        };
        let mut members = vec![self.member(open)?];
        loop {
            if self.take_sign(Sign::SetClose).is_some() {
                return Ok(members);
            }
            let Some(comma) = self.take_sign(Sign::Comma) else {
                let (place, label) = match self.peek() {
                    Some(token) => (token.span, "expected `,` or `}`"),
                    None => (open, "opens here"),
                };
                return Err(
                    Fault::new(place, "a set is not closed", label).help("a set is written `{a, b, 1..9}`")
                );
            };
            members.push(self.member(comma)?);
        }
    }

    fn member(&mut self, after: Span) -> Result<Member, Fault> {
        let low = self.value(after)?;
        let high = match self.take_sign(Sign::Range) {
            Some(range) => Some(self.value(range)?),
            None => None,
        };
        Ok(Member { low, high })
    }
}

enum Sought {
    One(Operator),
    In { negated: bool },
}

fn single(mut parts: Vec<Expression>, many: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            many(parts)
        }
        None => many(parts),
    }
}

/// An address or a network alone asks for either end; anything else alone is a mistake.
fn lone(word: &str, span: Span) -> Result<Expression, Fault> {
    if !literal::looks_like_address(word) {
        return Err(words::lone(word, span));
    }
    let value = Literal {
        text: word.to_owned(),
        quoted: false,
        span,
    };
    literal::addresses(&value)?;
    Ok(Expression::Compare(Compare {
        name: "address".to_owned(),
        name_span: span,
        test: Operand::One(Operator::Equal, value),
        operator_span: span,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn not_binds_before_and_before_or() {
        assert_eq!(
            printed("not a == 1 and b == 2 or c == 3 && !(d == 4 || e == 5)"),
            "(not a == 1 and b == 2) or (c == 3 and not (d == 4 or e == 5))"
        );
    }

    #[test]
    fn an_address_alone_asks_for_either_end() {
        assert_eq!(printed("10.1.2.3"), "address == 10.1.2.3");
        assert_eq!(printed("not 2001:db8::/32"), "not address == 2001:db8::/32");
    }

    #[test]
    fn sets_hold_values_and_ranges() {
        assert_eq!(printed("port in {80,443 , 1..9}"), "port in {80, 443, 1..9}");
        assert_eq!(printed("port in 1..9"), "port in {1..9}");
        assert_eq!(printed("port NOT IN {80}"), "not port in {80}");
    }

    #[test]
    fn depth_and_length_have_an_end() {
        let deep = "(".repeat(MAX_LEN);
        let nots = "not ".repeat(MAX_LEN / 4);
        let long = "a".repeat(MAX_LEN + 1);
        let fits = format!("{}a == 1{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));

        assert!(parse(&deep).is_err());
        assert!(parse(&nots).is_err());
        assert!(parse(&long).is_err());
        assert!(parse(&fits).is_ok());
    }
}
