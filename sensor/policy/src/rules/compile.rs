//! From declared rules to rules: expressions typed against the policy's names, numbers, categories.

use std::sync::Arc;

use sekisho_filter::{Filter, FilterError};
use sekisho_model::{Category, Severity, Text};

use super::{MAX_PATTERNS, MAX_RULES, Names, Rule, Rules, numbers};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, Place};
use crate::lists::List;
use crate::parse::RuleDecl;

/// Compiles the rules; those that are wrong are left out and complained about.
pub(crate) fn compile(declared: &[RuleDecl], names: &Names<'_>, lists: &[List], sink: &mut Sink) -> Rules {
    if let Some(beyond) = declared.get(MAX_RULES) {
        sink.push(
            Report::error(
                "policy::limit",
                format!("the policy has {} rules, the most is {MAX_RULES}", declared.len()),
            )
            .at(&beyond.place, "one rule too many")
            .help("join rules with `or`, or put what they compare with into a list"),
        );
        return Rules::default();
    }
    let mut patterns = 0_usize;
    let mut rules: Vec<(Rule, &RuleDecl)> = declared
        .iter()
        .filter_map(|rule| Some((one(rule, names, lists, &mut patterns, sink)?, rule)))
        .collect();
    numbers::tell_apart(&mut rules, sink);
    Rules::new(rules.into_iter().map(|(rule, _)| rule).collect())
}

fn one(
    rule: &RuleDecl,
    names: &Names<'_>,
    lists: &[List],
    patterns: &mut usize,
    sink: &mut Sink,
) -> Option<Rule> {
    let mut expression = |text: &At<String>, sink: &mut Sink| {
        let parsed = Filter::parse_with(&text.value, names);
        let filter = parsed.map_err(|error| sink.push(report(&error, text))).ok()?;
        *patterns = patterns.saturating_add(filter.patterns());
        if filter.patterns() > 0 && *patterns > MAX_PATTERNS {
            sink.push(
                Report::error(
                    "policy::limit",
                    format!("the rules have more than {MAX_PATTERNS} patterns"),
                )
                .at(&text.place, "too many with this one")
                .help("compare words with `in {…}` or with a list of names, suffixes or texts"),
            );
            return None;
        }
        Some(filter)
    };
    let when = rule.when.as_ref().and_then(|text| expression(text, sink));
    let except = rule.except.as_ref().map(|text| expression(text, sink));
    let severity_by: Vec<_> = rule
        .severity_by
        .iter()
        .map(|(when, severity)| Some((expression(when, sink)?, *severity)))
        .collect();
    let empty: Vec<_> = rule.needs.iter().map(|name| needed(name, lists, sink)).collect();
    let category = match &rule.category {
        None => Some(Category::PolicyViolation),
        Some(word) => category(word, sink),
    };
    let id: Arc<str> = Arc::from(rule.id.value.as_str());
    Some(Rule {
        number: rule
            .number
            .as_ref()
            .map_or_else(|| numbers::of(&id), |number| number.value),
        title: or_else(&rule.title, || Text::new(&*id, &*id)),
        severity: rule.severity.unwrap_or(Severity::Medium),
        severity_by: severity_by.into_iter().collect::<Option<_>>()?,
        fold: rule.fold,
        category: category?,
        clause: Arc::from(rule.clause.as_str()),
        attack: rule.attack.clone(),
        when: when?,
        except: match except {
            None => None,
            Some(except) => Some(except?),
        },
        why: rule.why.clone(),
        legitimate: rule.legitimate.clone(),
        first_step: rule.first_step.clone(),
        source: Arc::from(rule.source.as_str()),
        version: Arc::from(rule.version.as_str()),
        empty: empty
            .into_iter()
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect(),
        enabled: rule.enabled,
        of_catalogue: rule.of_catalogue,
        id,
    })
}

/// The list of a name where it holds no value; complains where there is no such list.
fn needed(name: &At<String>, lists: &[List], sink: &mut Sink) -> Option<Option<Arc<str>>> {
    let Some(list) = lists.iter().find(|list| *list.name == *name.value) else {
        let help = nearest(&name.value, lists.iter().map(|list| &*list.name)).map_or_else(
            || "declare it by `[list.NAME]`, empty if need be: `values = []`".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        sink.push(
            Report::error(
                "policy::no-such-list",
                format!("there is no list `{}`", shown(&name.value)),
            )
            .at(&name.place, "no such list")
            .help(help),
        );
        return None;
    };
    Some(list.values.is_empty().then(|| Arc::clone(&list.name)))
}

fn or_else(text: &Text, other: impl FnOnce() -> Text) -> Text {
    if text.ja.is_empty() && text.en.is_empty() {
        return other();
    }
    let or = |a: &String, b: &String| if a.is_empty() { b.clone() } else { a.clone() };
    Text::new(or(&text.ja, &text.en), or(&text.en, &text.ja))
}

fn category(word: &At<String>, sink: &mut Sink) -> Option<Category> {
    let found = Category::parse(&word.value);
    if found.is_none() {
        let words = Category::ALL.map(Category::name);
        let help = nearest(&word.value, words).map_or_else(
            || format!("write one of {}", words.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        sink.push(
            Report::error(
                "policy::value",
                format!("there is no category `{}`", shown(&word.value)),
            )
            .at(&word.place, "not a category")
            .help(help),
        );
    }
    found
}

/// The mistake in an expression, with its place in the file.
fn report(error: &FilterError, text: &At<String>) -> Report {
    let report = Report::error("policy::expression", error.message.clone());
    let report = match inside(error, text) {
        Some(place) => report.at(&place, error.label.clone()),
        None => report.at(&text.place, error.label.clone()),
    };
    let example = "an expression compares fields of a flow, as in `service == \"ssh\" and resp.port != 22`";
    report.help(error.help.clone().unwrap_or_else(|| example.to_owned()))
}

/// Where in the file a part of an expression stands; nothing where escapes moved it.
fn inside(error: &FilterError, text: &At<String>) -> Option<Place> {
    let Place { file, span } = &text.place;
    let begin = file.text.get(span.clone())?.find(text.value.as_str())?;
    let at = span.start.saturating_add(begin).saturating_add(error.at);
    Some(file.place(at..at.saturating_add(error.len)))
}
