//! Functions over zones: `orig.zone.classification >= 2` is, once it is parsed, the set of the
//! zones of which it is true, so that asking a flow compares a word.

use sekisho_model::fields::{Field, FieldKind, find};

use crate::ast::{Compare, Literal, Operand, Operator, Span};
use crate::environment::{Environment, ZoneFacts};
use crate::error::Fault;
use crate::evaluate::{Comparison, Set, Test, TextTest};
use crate::spans::Spans;
use crate::values;
use crate::words;
use crate::wordset::{Words, same};

/// What can be asked of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    Classification,
    Department,
    Owner,
    Group,
}

impl Fact {
    const ALL: [Self; 4] = [Self::Classification, Self::Department, Self::Owner, Self::Group];

    const fn name(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Department => "department",
            Self::Owner => "owner",
            Self::Group => "group",
        }
    }

    /// Japanese and English.
    pub(crate) const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Classification => ("ゾーンの機密性(1–3)", "Classification of the zone, 1 to 3"),
            Self::Department => ("ゾーンの部署", "Department of the zone"),
            Self::Owner => ("ゾーンの管理者", "Owner of the zone"),
            Self::Group => ("ゾーンの属するグループ", "Group that the zone is in"),
        }
    }

    /// The type of its values.
    pub(crate) const fn kind(self) -> FieldKind {
        match self {
            Self::Classification => FieldKind::Number,
            Self::Department | Self::Owner | Self::Group => FieldKind::Text,
        }
    }

    /// The values that the zones of an environment have, each once.
    pub(crate) fn values(self, environment: &dyn Environment) -> Vec<String> {
        let mut values: Vec<String> = match self {
            Self::Group => environment
                .groups()
                .iter()
                .map(|group| group.id.to_string())
                .collect(),
            _ => environment
                .zones()
                .iter()
                .filter_map(|zone| self.of(zone))
                .collect(),
        };
        values.sort();
        values.dedup();
        values
    }

    fn of(self, zone: &ZoneFacts) -> Option<String> {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        match self {
            Self::Classification => zone.classification.map(|class| class.to_string()),
            Self::Department => text(&zone.department),
            Self::Owner => text(&zone.owner),
            Self::Group => None,
        }
    }
}

/// The ends whose zone a function asks about: one, or either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    Orig,
    Resp,
    Either,
}

const ENDS: [(&str, Ends); 3] = [
    ("orig.zone.", Ends::Orig),
    ("resp.zone.", Ends::Resp),
    ("zone.", Ends::Either),
];

/// Reads the name of a function over zones.
pub(crate) fn named(name: &str) -> Option<(Ends, Fact)> {
    let (ends, fact) = ENDS
        .iter()
        .find_map(|(prefix, ends)| Some((*ends, name.strip_prefix(prefix)?)))?;
    let fact = Fact::ALL.into_iter().find(|known| known.name() == fact)?;
    Some((ends, fact))
}

/// The name of every function over zones.
pub(crate) fn names() -> impl Iterator<Item = (String, Fact)> {
    ENDS.iter()
        .flat_map(|(prefix, _)| Fact::ALL.map(|fact| (format!("{prefix}{}", fact.name()), fact)))
}

/// Types a comparison with a function over zones; `reads` is told the fields that it needs.
pub(crate) fn test(
    compare: &Compare,
    (ends, fact): (Ends, Fact),
    environment: &dyn Environment,
    patterns: &mut usize,
    reads: &mut impl FnMut(&'static Field),
) -> Result<Test, Fault> {
    if environment.zones().is_empty() {
        return Err(Fault::new(
            compare.name_span,
            format!(
                "`{}` needs the zones of a policy, and there is no policy here",
                compare.name
            ),
            "no zones are known",
        )
        .help(format!(
            "compare the zone itself, such as `{} == \"…\"`",
            zone_field(&compare.name)
        )));
    }
    let negated = matches!(compare.test, Operand::One(Operator::NotEqual, _));
    let (zones, but_others) = if fact == Fact::Group {
        (in_groups(compare, environment)?, negated)
    } else {
        (
            with_value(
                compare,
                fact,
                environment,
                patterns,
                negated && ends != Ends::Either,
            )?,
            false,
        )
    };
    let set = Set::Text(TextTest::Among(zones.into_iter().collect::<Words>()));
    let mut of = |name: &str, negated: bool| {
        find(name).map(|field| {
            reads(field);
            Test::Compare(Comparison {
                field,
                set: set.clone(),
                negated,
            })
        })
    };
    let test = match ends {
        Ends::Orig => of("orig.zone", but_others),
        Ends::Resp => of("resp.zone", but_others),
        Ends::Either => of("orig.zone", false)
            .zip(of("resp.zone", false))
            .map(|(orig, resp)| Test::Any(vec![orig, resp]))
            .map(|either| {
                if negated {
                    Test::Not(Box::new(either))
                } else {
                    either
                }
            }),
    };
    test.ok_or_else(|| words::unknown_field(&compare.name, compare.name_span))
}

fn zone_field(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(zone, _)| zone)
}

/// The zones of the groups that are named.
fn in_groups(compare: &Compare, environment: &dyn Environment) -> Result<Vec<Box<str>>, Fault> {
    let literals: Vec<&Literal> = match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => vec![value],
        Operand::In(members) => members
            .iter()
            .map(|member| match &member.high {
                None => Ok(&member.low),
                Some(high) => Err(values::no_ranges(&compare.name, member.low.span.to(high.span))),
            })
            .collect::<Result<_, _>>()?,
        Operand::One(operator, _) => {
            return Err(values::wrong_operator(
                compare,
                "a group",
                "==, !=, in",
                operator.text(),
            ));
        }
        Operand::Window(_) => return Err(values::no_window(compare)),
    };
    let mut zones = Vec::new();
    for literal in literals {
        let group = environment
            .groups()
            .iter()
            .find(|group| same(&group.id, &literal.text))
            .ok_or_else(|| {
                let names = environment.groups().iter().map(|group| &*group.id);
                unknown(literal, format!("there is no group `{}`", literal.text), names)
            })?;
        zones.extend(group.zones.iter().map(|zone| Box::from(&**zone)));
    }
    Ok(zones)
}

/// The zones whose value the comparison accepts; of those that have none, none.
fn with_value(
    compare: &Compare,
    fact: Fact,
    environment: &dyn Environment,
    patterns: &mut usize,
    negated: bool,
) -> Result<Vec<Box<str>>, Fault> {
    let accepts: Box<dyn Fn(&str) -> bool> = match fact.kind() {
        FieldKind::Number => {
            let spans: Spans<u64> = values::numbers(compare)?;
            Box::new(move |value| value.parse().is_ok_and(|value| spans.contains(value)))
        }
        _ => {
            check_words(compare, fact, environment)?;
            let test = values::plain_text(compare, patterns)?;
            Box::new(move |value| test.is_true_of(value))
        }
    };
    let zones = environment.zones().iter();
    Ok(zones
        .filter(|zone| fact.of(zone).is_some_and(|value| accepts(&value) != negated))
        .map(|zone| Box::from(&*zone.id))
        .collect())
}

/// A word that no zone has would make the comparison mean nothing.
fn check_words(compare: &Compare, fact: Fact, environment: &dyn Environment) -> Result<(), Fault> {
    let literals: Vec<&Literal> = match &compare.test {
        Operand::One(Operator::Equal | Operator::NotEqual, value) => vec![value],
        Operand::In(members) => members.iter().map(|member| &member.low).collect(),
        _ => Vec::new(),
    };
    let known = fact.values(environment);
    for literal in literals {
        if !known.iter().any(|value| same(value, &literal.text)) {
            let message = format!("no zone has the {} `{}`", fact.name(), literal.text);
            return Err(unknown(literal, message, known.iter().map(String::as_str)));
        }
    }
    Ok(())
}

fn unknown<'a>(literal: &Literal, message: String, names: impl Iterator<Item = &'a str> + Clone) -> Fault {
    unknown_at(literal.span, &literal.text, message, names)
}

/// The mistake of a name that is none of `names`.
pub(crate) fn unknown_at<'a>(
    span: Span,
    text: &str,
    message: String,
    names: impl Iterator<Item = &'a str> + Clone,
) -> Fault {
    const SHOWN: usize = 12;
    let help = match words::nearest(text, names.clone()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => {
            let mut listed: Vec<&str> = names.take(SHOWN.saturating_add(1)).collect();
            let more = listed.len() > SHOWN;
            listed.truncate(SHOWN);
            (!listed.is_empty()).then(|| {
                format!(
                    "it is one of {}{}",
                    listed.join(", "),
                    if more { " …" } else { "" }
                )
            })
        }
    };
    Fault::new(span, message, "no such name").help_maybe(help)
}
