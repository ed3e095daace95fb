//! The expression as it was written, before its names mean anything.
//!
//! Printing one gives text that parses back to the same expression.

use std::fmt;

/// A stretch of the expression's text, in octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    pub(crate) at: usize,
    pub(crate) len: usize,
}

impl Span {
    /// From the start of this one to the end of `other`.
    pub(crate) fn to(self, other: Self) -> Self {
        let end = other.at.saturating_add(other.len);
        Self {
            at: self.at,
            len: end.saturating_sub(self.at),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// At least two, joined by `or`.
    Any(Vec<Expression>),
    /// At least two, joined by `and`.
    All(Vec<Expression>),
    Not(Box<Expression>),
    Compare(Compare),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compare {
    pub(crate) name: String,
    pub(crate) name_span: Span,
    pub(crate) test: Operand,
    pub(crate) operator_span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    One(Operator, Literal),
    In(Vec<Member>),
    /// `in window(…)`: a name or a text.
    Window(Literal),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    Matches,
}

impl Operator {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Contains => "contains",
            Self::Matches => "matches",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) low: Literal,
    /// Present in `low..high`; both ends belong to the range.
    pub(crate) high: Option<Literal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) quoted: bool,
    pub(crate) span: Span,
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(parts) => join(f, parts, " or "),
            Self::All(parts) => join(f, parts, " and "),
            Self::Not(inner) => {
                f.write_str("not ")?;
                part(f, inner)
            }
            Self::Compare(compare) => write!(f, "{compare}"),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Expression], by: &str) -> fmt::Result {
    let mut between = "";
    for inner in parts {
        f.write_str(between)?;
        part(f, inner)?;
        between = by;
    }
    Ok(())
}

fn part(f: &mut fmt::Formatter<'_>, inner: &Expression) -> fmt::Result {
    match inner {
        Expression::Any(_) | Expression::All(_) => write!(f, "({inner})"),
        Expression::Not(_) | Expression::Compare(_) => write!(f, "{inner}"),
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Operand::One(operator, value) => write!(f, "{} {} {value}", self.name, operator.text()),
            Operand::Window(text) => write!(f, "{} in window({text})", self.name),
            Operand::In(members) => {
                write!(f, "{} in {{", self.name)?;
                let mut between = "";
                for member in members {
                    write!(f, "{between}{}", member.low)?;
                    if let Some(high) = &member.high {
                        write!(f, "..{high}")?;
                    }
                    between = ", ";
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.quoted {
            return f.write_str(&self.text);
        }
        f.write_str("\"")?;
        for c in self.text.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}
