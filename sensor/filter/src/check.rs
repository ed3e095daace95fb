//! Gives names and values their types: from the expression as written to a test that can be asked.

use std::borrow::Cow;
use std::net::IpAddr;

use regex::RegexBuilder;
use sekisho_model::MacAddress;
use sekisho_model::fields::{Field, FieldKind};

use crate::ast::{Compare, Expression, Literal, Member, Operand, Operator};
use crate::error::Fault;
use crate::evaluate::{Comparison, Set, Test, TextTest};
use crate::spans::Spans;
use crate::words::{self, Named};
use crate::{closed, literal};

/// Octets that a compiled pattern may take.
const PATTERN_LIMIT: usize = 1 << 20;

/// Types an expression; also gives the fields that it reads, each once.
pub(crate) fn check(expression: &Expression) -> Result<(Test, Vec<&'static Field>), Fault> {
    let mut fields = Vec::new();
    let test = typed(expression, &mut fields)?;
    Ok((test, fields))
}

fn typed(expression: &Expression, fields: &mut Vec<&'static Field>) -> Result<Test, Fault> {
    match expression {
        Expression::Any(parts) => Ok(Test::Any(typed_parts(parts, fields)?)),
        Expression::All(parts) => Ok(Test::All(typed_parts(parts, fields)?)),
        Expression::Not(inner) => Ok(Test::Not(Box::new(typed(inner, fields)?))),
        Expression::Compare(compare) => comparison(compare, fields),
    }
}

fn typed_parts(parts: &[Expression], fields: &mut Vec<&'static Field>) -> Result<Vec<Test>, Fault> {
    parts.iter().map(|part| typed(part, fields)).collect()
}

fn comparison(compare: &Compare, fields: &mut Vec<&'static Field>) -> Result<Test, Fault> {
    let named =
        words::named(&compare.name).ok_or_else(|| words::unknown_field(&compare.name, compare.name_span))?;
    let mut reads = |field: &'static Field| {
        if !fields.iter().any(|known| std::ptr::eq(*known, field)) {
            fields.push(field);
        }
    };
    let (set, negated) = set(compare, named.first())?;
    match named {
        Named::One(field) => {
            reads(field);
            Ok(Test::Compare(Comparison { field, set, negated }))
        }
        Named::Either(both) => {
            both.into_iter().for_each(&mut reads);
            let [orig, resp] = both.map(|field| {
                Test::Compare(Comparison {
                    field,
                    set: set.clone(),
                    negated: false,
                })
            });
            let either = Test::Any(vec![orig, resp]);
            Ok(if negated {
                Test::Not(Box::new(either))
            } else {
                either
            })
        }
    }
}

/// The values that a comparison accepts, and whether it accepts all others in their place.
fn set(compare: &Compare, field: &'static Field) -> Result<(Set, bool), Fault> {
    let negated = matches!(compare.test, Operand::One(Operator::NotEqual, _));
    let set = match field.kind {
        FieldKind::Text => Set::Text(text(compare, field)?),
        FieldKind::Address => Set::Address(address(compare, field)?),
        FieldKind::Number => Set::Number(ordered(compare, field, literal::number, &NUMBERS)?),
        FieldKind::Time => Set::Time(ordered(compare, field, literal::time, &TIMES)?),
        FieldKind::Seconds => Set::Seconds(ordered(compare, field, literal::seconds, &SECONDS)?),
    };
    Ok((set, negated))
}

/// What an ordered type needs so that `<` becomes a range.
struct Order<T> {
    least: T,
    most: T,
    /// The value just below or just above; nothing at the end.
    below: fn(T) -> Option<T>,
    above: fn(T) -> Option<T>,
}

const NUMBERS: Order<u64> = Order {
    least: 0,
    most: u64::MAX,
    below: |value| value.checked_sub(1),
    above: |value| value.checked_add(1),
};

const TIMES: Order<i64> = Order {
    least: i64::MIN,
    most: i64::MAX,
    below: |value| value.checked_sub(1),
    above: |value| value.checked_add(1),
};

const SECONDS: Order<f64> = Order {
    least: f64::NEG_INFINITY,
    most: f64::INFINITY,
    below: |value| Some(value.next_down()),
    above: |value| Some(value.next_up()),
};

fn ordered<T: PartialOrd + Copy>(
    compare: &Compare,
    field: &Field,
    read: fn(&Literal) -> Result<T, Fault>,
    order: &Order<T>,
) -> Result<Spans<T>, Fault> {
    let ranges = match &compare.test {
        Operand::In(members) => members
            .iter()
            .map(|member| {
                range(
                    member,
                    read(&member.low)?,
                    member.high.as_ref().map(read).transpose()?,
                )
            })
            .collect::<Result<_, _>>()?,
        Operand::One(operator, value) => {
            let bound = match operator {
                Operator::Contains | Operator::Matches => {
                    return Err(wrong_operator(compare, field, *operator));
                }
                _ => read(value)?,
            };
            match operator {
                Operator::Less => (order.below)(bound).map(|high| (order.least, high)),
                Operator::LessOrEqual => Some((order.least, bound)),
                Operator::Greater => (order.above)(bound).map(|low| (low, order.most)),
                Operator::GreaterOrEqual => Some((bound, order.most)),
                _ => Some((bound, bound)),
            }
            .into_iter()
            .collect()
        }
    };
    Ok(Spans::new(ranges))
}

fn range<T: PartialOrd + Copy>(member: &Member, low: T, high: Option<T>) -> Result<(T, T), Fault> {
    let (Some(high), Some(written)) = (high, &member.high) else {
        return Ok((low, low));
    };
    if low > high {
        return Err(Fault::new(
            member.low.span.to(written.span),
            "the range ends before it starts",
            "nothing lies in it",
        )
        .help(format!("write `{written}..{}`", member.low)));
    }
    Ok((low, high))
}

fn address(compare: &Compare, field: &Field) -> Result<Spans<IpAddr>, Fault> {
    let ranges = match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => vec![literal::addresses(value)?],
        Operand::One(operator, _) => return Err(wrong_operator(compare, field, *operator)),
        Operand::In(members) => members
            .iter()
            .map(|member| {
                let (low, last) = literal::addresses(&member.low)?;
                let Some(written) = &member.high else {
                    return Ok((low, last));
                };
                let (first, high) = literal::addresses(written)?;
                if low != last || first != high || low.is_ipv4() != high.is_ipv4() {
                    return Err(Fault::new(
                        member.low.span.to(written.span),
                        "a range goes from one address to another of the same family",
                        "not such a range",
                    )
                    .help("write for example `10.0.0.1..10.0.0.9`"));
                }
                range(member, low, Some(high))
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(Spans::new(ranges))
}

fn text(compare: &Compare, field: &Field) -> Result<TextTest, Fault> {
    match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => {
            Ok(TextTest::Among(vec![word(field, value)?]))
        }
        Operand::One(Operator::Contains, value) => Ok(TextTest::contains(&value.text)),
        Operand::One(Operator::Matches, value) => pattern(value),
        Operand::One(operator, _) => Err(wrong_operator(compare, field, *operator)),
        Operand::In(members) => members
            .iter()
            .map(|member| match &member.high {
                None => word(field, &member.low),
                Some(high) => Err(Fault::new(
                    member.low.span.to(high.span),
                    format!("`{}` takes words, which have no ranges", field.name),
                    "a range",
                )
                .help("list the words, or use `matches`")),
            })
            .collect::<Result<_, _>>()
            .map(TextTest::Among),
    }
}

/// A word in the form in which records hold it.
fn word(field: &Field, value: &Literal) -> Result<Box<str>, Fault> {
    let text = value.text.as_str();
    if field.name.ends_with(".mac") {
        let mac = MacAddress::parse(text).ok_or_else(|| {
            Fault::new(
                value.span,
                format!("`{text}` is not a MAC address"),
                "not a MAC address",
            )
            .help("write for example 52:54:00:12:34:56; for a part of one use `contains`")
        })?;
        return Ok(mac.to_string().into());
    }
    let known = closed::canonical(field.name, text).map(Cow::into_owned);
    known.map(Into::into).ok_or_else(|| {
        let words = closed::words(field.name);
        let help = match words::nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it is one of {}", words.join(", ")),
        };
        Fault::new(
            value.span,
            format!("`{}` is never `{text}`", field.name),
            "no such value",
        )
        .help(help)
    })
}

fn pattern(value: &Literal) -> Result<TextTest, Fault> {
    RegexBuilder::new(&value.text)
        .size_limit(PATTERN_LIMIT)
        .dfa_size_limit(PATTERN_LIMIT)
        .build()
        .map(TextTest::Matches)
        .map_err(|error| {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ");
            Fault::new(
                value.span,
                format!("the pattern is refused: {reason}"),
                "this pattern",
            )
            .help("a pattern is a regular expression, such as \"^S.*F$\"")
        })
}

fn wrong_operator(compare: &Compare, field: &Field, operator: Operator) -> Fault {
    let (takes, operators) = match field.kind {
        FieldKind::Text => ("text", "==, !=, in, contains, matches"),
        FieldKind::Address => ("an address or a network", "==, !=, in"),
        FieldKind::Number => ("a number", "==, !=, <, <=, >, >=, in"),
        FieldKind::Time => ("an instant", "==, !=, <, <=, >, >=, in"),
        FieldKind::Seconds => ("a length of time", "==, !=, <, <=, >, >=, in"),
    };
    Fault::new(
        compare.operator_span,
        format!(
            "`{}` takes {takes}, which `{}` does not compare",
            compare.name,
            operator.text()
        ),
        "not for this field",
    )
    .help(format!("use one of {operators}"))
}
