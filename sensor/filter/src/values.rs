//! The values that a comparison accepts, typed: ranges of numbers, addresses and times, words,
//! patterns, lists and windows.

use std::borrow::Cow;
use std::net::IpAddr;

use sekisho_model::MacAddress;
use sekisho_model::fields::{Field, FieldKind};

use crate::ast::{Compare, Literal, Member, Operand, Operator, Span};
use crate::environment::Environment;
use crate::error::Fault;
use crate::evaluate::{Set, TextTest};
use crate::list::ListKind;
use crate::spans::Spans;
use crate::words::is_mac;
use crate::wordset::{Words, same};
use crate::zone_facts::unknown_at;
use crate::{closed, literal, pattern, words};

/// The sets of a comparison (the value is in one of them), and whether all other values are meant.
pub(crate) fn sets(
    compare: &Compare,
    field: &'static Field,
    environment: &dyn Environment,
    patterns: &mut usize,
) -> Result<(Vec<Set>, bool), Fault> {
    let negated = matches!(compare.test, Operand::One(Operator::NotEqual, _));
    let mut sets = Vec::new();
    let plain = match &compare.test {
        Operand::Window(text) => {
            if field.kind != FieldKind::Time {
                return Err(no_window(compare));
            }
            return Ok((vec![window(text, environment)?], false));
        }
        Operand::In(members) => {
            let (lists, others): (Vec<&Member>, Vec<&Member>) = members
                .iter()
                .partition(|member| list_name(&member.low).is_some());
            for member in lists {
                sets.push(listed(member, compare, field, environment)?);
            }
            others.into_iter().cloned().collect::<Vec<_>>()
        }
        Operand::One(_, value) => {
            if let Some(name) = list_name(value) {
                return Err(Fault::new(
                    compare.operator_span.to(value.span),
                    "a list is asked with `in`",
                    "not with this",
                )
                .help(format!("write `{} in @{name}`", compare.name)));
            }
            Vec::new()
        }
    };
    if matches!(compare.test, Operand::In(_)) && plain.is_empty() {
        return Ok((sets, false));
    }
    let compare = Compare {
        test: match &compare.test {
            Operand::In(_) => Operand::In(plain),
            other => other.clone(),
        },
        ..compare.clone()
    };
    sets.push(match field.kind {
        FieldKind::Text => Set::Text(text(&compare, field, environment, patterns)?),
        FieldKind::Address => Set::Address(address(&compare)?),
        FieldKind::Number => Set::Number(numbers(&compare)?),
        FieldKind::Time => Set::Time(ordered(&compare, ("an instant", literal::time), &TIMES)?),
        FieldKind::Seconds => Set::Seconds(ordered(
            &compare,
            ("a length of time", literal::seconds),
            &SECONDS,
        )?),
    });
    Ok((sets, negated))
}

/// The name in `@name`.
fn list_name(literal: &Literal) -> Option<&str> {
    literal.text.strip_prefix('@').filter(|_| !literal.quoted)
}

fn listed(
    member: &Member,
    compare: &Compare,
    field: &'static Field,
    environment: &dyn Environment,
) -> Result<Set, Fault> {
    let span = member.low.span;
    let name = list_name(&member.low).unwrap_or_default();
    if let Some(high) = &member.high {
        return Err(
            Fault::new(span.to(high.span), "a range does not go from a list", "a range")
                .help("write lists with commas: {@a, @b}"),
        );
    }
    let lists = environment.lists();
    if lists.is_empty() {
        return Err(Fault::new(
            span,
            format!("`@{name}` is a list of a policy, and no list is known here"),
            "no lists are known",
        )
        .help("write the values: {a, b}; for a text that begins with @ use quotes"));
    }
    let kinds = ListKind::of_field(field);
    let fits = |kind: ListKind| kinds.contains(&kind);
    let Some(list) = environment.list(name) else {
        // A list that fits is more likely meant than one that does not.
        let fitting = lists
            .iter()
            .filter(|(_, kind)| fits(*kind))
            .map(|(name, _)| *name);
        let message = format!("there is no list `@{name}`");
        return Err(match words::nearest(name, fitting.clone()) {
            Some(near) => Fault::new(span, message, "no such name").help(format!("did you mean `@{near}`?")),
            None => unknown_at(span, name, message, fitting),
        });
    };
    if !fits(list.kind()) {
        let asked = match kinds {
            [] => "no list".to_owned(),
            kinds => {
                let kinds: Vec<_> = kinds.iter().map(|kind| kind.plural()).collect();
                format!("a list of {}", kinds.join(" or "))
            }
        };
        let mut fault = Fault::new(
            span,
            format!(
                "`@{name}` is a list of {}, `{}` can be in {asked}",
                list.kind().plural(),
                compare.name
            ),
            "a list of another kind",
        );
        let others: Vec<String> = lists
            .iter()
            .filter(|(_, kind)| fits(*kind))
            .take(5)
            .map(|(name, _)| format!("@{name}"))
            .collect();
        if !others.is_empty() {
            fault = fault.help(format!("lists that fit: {}", others.join(", ")));
        }
        return Err(fault);
    }
    Ok(Set::Listed(list))
}

fn window(text: &Literal, environment: &dyn Environment) -> Result<Set, Fault> {
    environment.window(&text.text).map(Set::Open).map_err(|error| {
        let start = usize::from(text.quoted);
        let within = text.span.len.saturating_sub(start.saturating_mul(2));
        let at = error.at.min(within);
        let span = Span {
            at: text.span.at.saturating_add(start).saturating_add(at),
            len: error.len.min(within.saturating_sub(at)),
        };
        Fault::new(span, error.message, "not a window").help(error.help)
    })
}

pub(crate) fn no_window(compare: &Compare) -> Fault {
    Fault::new(
        compare.operator_span,
        format!("`{}` is no instant, a window holds instants", compare.name),
        "not for this field",
    )
    .help("ask `start in window(…)` or `end in window(…)`")
}

pub(crate) fn no_ranges(name: &str, span: Span) -> Fault {
    Fault::new(
        span,
        format!("`{name}` takes words, which have no ranges"),
        "a range",
    )
    .help("list the words, or use `matches`")
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

pub(crate) fn numbers(compare: &Compare) -> Result<Spans<u64>, Fault> {
    ordered(compare, ("a number", literal::number), &NUMBERS)
}

type Reader<T> = fn(&Literal) -> Result<T, Fault>;

fn ordered<T: PartialOrd + Copy>(
    compare: &Compare,
    (takes, read): (&str, Reader<T>),
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
                    let operators = "==, !=, <, <=, >, >=, in";
                    return Err(wrong_operator(compare, takes, operators, operator.text()));
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
        Operand::Window(_) => return Err(no_window(compare)),
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

fn address(compare: &Compare) -> Result<Spans<IpAddr>, Fault> {
    let ranges = match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => vec![literal::addresses(value)?],
        Operand::One(operator, _) => {
            let takes = "an address or a network";
            return Err(wrong_operator(compare, takes, "==, !=, in", operator.text()));
        }
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
        Operand::Window(_) => return Err(no_window(compare)),
    };
    Ok(Spans::new(ranges))
}

fn text(
    compare: &Compare,
    field: &Field,
    environment: &dyn Environment,
    patterns: &mut usize,
) -> Result<TextTest, Fault> {
    text_of(compare, patterns, &|value| word(field, value, environment))
}

/// A comparison of words of which any is right.
pub(crate) fn plain_text(compare: &Compare, patterns: &mut usize) -> Result<TextTest, Fault> {
    text_of(compare, patterns, &|value| Ok(value.text.as_str().into()))
}

fn text_of(
    compare: &Compare,
    patterns: &mut usize,
    word: &dyn Fn(&Literal) -> Result<Box<str>, Fault>,
) -> Result<TextTest, Fault> {
    match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => {
            Ok(TextTest::Among(std::iter::once(word(value)?).collect()))
        }
        Operand::One(Operator::Contains, value) => Ok(TextTest::contains(&value.text)),
        Operand::One(Operator::Matches, value) => {
            *patterns = patterns.saturating_add(1);
            if *patterns > pattern::MAX_PATTERNS {
                return Err(Fault::new(
                    value.span,
                    format!("the expression has more than {} patterns", pattern::MAX_PATTERNS),
                    "one too many",
                )
                .help("join patterns into one: \"a|b\""));
            }
            pattern::compile(value).map(TextTest::Matches)
        }
        Operand::One(operator, _) => Err(wrong_operator(
            compare,
            "text",
            "==, !=, in, contains, matches",
            operator.text(),
        )),
        Operand::In(members) => members
            .iter()
            .map(|member| match &member.high {
                None => word(&member.low),
                Some(high) => Err(no_ranges(&compare.name, member.low.span.to(high.span))),
            })
            .collect::<Result<Words, _>>()
            .map(TextTest::Among),
        Operand::Window(_) => Err(no_window(compare)),
    }
}

/// A word in the form in which records hold it.
fn word(field: &Field, value: &Literal, environment: &dyn Environment) -> Result<Box<str>, Fault> {
    let text = value.text.as_str();
    if is_mac(field) {
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
    if field.name.ends_with(".zone") && environment.knows_every_zone() {
        let zones = environment.zones().iter().map(|zone| &*zone.id);
        if !zones.clone().any(|zone| same(zone, text)) {
            let group = environment.groups().iter().any(|group| same(&group.id, text));
            let message = if group {
                format!("`{text}` is a group of zones, not a zone")
            } else {
                format!("there is no zone `{text}`")
            };
            return Err(if group {
                Fault::new(value.span, message, "a group")
                    .help(format!("write `{}.group == \"{text}\"`", field.name))
            } else {
                unknown_at(value.span, text, message, zones)
            });
        }
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

pub(crate) fn wrong_operator(compare: &Compare, takes: &str, operators: &str, operator: &str) -> Fault {
    Fault::new(
        compare.operator_span,
        format!(
            "`{}` takes {takes}, which `{operator}` does not compare",
            compare.name
        ),
        "not for this field",
    )
    .help(format!("use one of {operators}"))
}
