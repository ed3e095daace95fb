//! What an alert of a rule says, in both languages: who, the values that the rule looked at, the
//! condition, the reason.

use sekisho_filter::{Filter, ListKind, Row as _};
use sekisho_model::fields::{Field, Value};
use sekisho_model::{Explanation, FlowRecord, Sanctionable, Text};

use super::{Rule, names_of};
use crate::Policy;
use crate::error::shown;

/// Values that are shown at most.
const MAX_VALUES: usize = 12;

pub(super) fn explanation(policy: &Policy, rule: &Rule, record: &FlowRecord) -> Explanation {
    Explanation {
        observed: observed(policy, rule, record),
        expected: expected(rule),
        legitimate: rule.legitimate.clone(),
        silenced_by: silenced_by(rule, record),
        first_step: first_step(rule),
        source: source(rule),
        sanction: missing(rule, record).map(|missing| Sanctionable {
            list: missing.list.to_owned(),
            value: missing.value,
        }),
        ..Explanation::default()
    }
}

fn observed(policy: &Policy, rule: &Rule, record: &FlowRecord) -> Text {
    let zone = |id: &str| {
        let found = policy.zones.find(id).and_then(|zone| policy.zones.get(zone));
        found.map_or_else(|| Text::new(id, id), |zone| zone.label.clone())
    };
    let (orig, resp) = (zone(&record.orig_zone), zone(&record.resp_zone));
    let protocol = record.protocol.to_string();
    let port = if record.has_ports && record.protocol.has_ports() {
        format!("/{}", record.resp.port)
    } else {
        String::new()
    };
    let values = looked_at(rule, record);
    let (ja, en): (Vec<String>, Vec<String>) = values
        .iter()
        .map(|(field, value)| {
            (
                format!("{} = {value}", field.label_ja),
                format!("{} = {value}", field.label_en),
            )
        })
        .unzip();
    let (from, to, id) = (record.orig.address, record.resp.address, &rule.id);
    Text::new(
        format!(
            "{}の{from}から{}の{to}への{protocol}{port}の通信が、規則{id}の条件に当てはまりました。\
             規則が見た値: {}。",
            orig.ja,
            resp.ja,
            ja.join("、")
        ),
        format!(
            "A flow of {protocol}{port} from {from} ({}) to {to} ({}) meets the condition of rule {id}. \
             Values that the rule looked at: {}.",
            orig.en,
            resp.en,
            en.join(", ")
        ),
    )
}

/// The fields of `when`, then those of `except`, with their values in this flow.
fn looked_at(rule: &Rule, record: &FlowRecord) -> Vec<(&'static Field, String)> {
    let mut fields: Vec<&'static Field> = Vec::new();
    let filters = std::iter::once(&rule.when).chain(&rule.except);
    for field in filters.flat_map(Filter::fields) {
        if !fields.iter().any(|known| std::ptr::eq(*known, *field)) {
            fields.push(field);
        }
    }
    fields
        .into_iter()
        .take(MAX_VALUES)
        .map(|field| {
            let value = match record.value(field) {
                Value::Text(text) => shown(&text),
                Value::Number(number) => number.to_string(),
                Value::Address(address) => address.to_string(),
                Value::Time(time) => time.to_string(),
                Value::Seconds(seconds) => format!("{seconds}s"),
                Value::Absent => "–".to_owned(),
            };
            (field, value)
        })
        .collect()
}

fn expected(rule: &Rule) -> Text {
    let why = |text: &str, other: String| if text.is_empty() { other } else { text.to_owned() };
    Text::new(
        why(
            &rule.why.ja,
            "この規則の条件に当てはまる通信がないこと。".to_owned(),
        ),
        why(
            &rule.why.en,
            "No flow that meets the condition of this rule.".to_owned(),
        ),
    )
}

/// A value that would have silenced the rule in one of the lists that its exception asks.
struct Missing<'a> {
    list: &'a str,
    value: String,
}

/// The first list of the exception of which the flow has a value that could stand in it.
fn missing<'a>(rule: &'a Rule, record: &FlowRecord) -> Option<Missing<'a>> {
    let asked = rule.except.as_ref()?.lists();
    let compared = rule.when.lists();
    asked.into_iter().find_map(|(field, list)| {
        let value = match record.value(field) {
            // What the rule knows a service by is what the site would name, not one of its hosts.
            Value::Text(text) if list.kind() == ListKind::Suffix => {
                let known = compared.iter().filter(|(of, _)| std::ptr::eq(*of, field));
                let names = || names_of(field, &text);
                let suffix = known.filter_map(|(_, list)| names().find_map(|name| list.suffix_of(name)));
                shown(suffix.into_iter().chain(names()).next().unwrap_or_default())
            }
            Value::Text(text) => shown(&text),
            Value::Number(number) => number.to_string(),
            Value::Address(address) => address.to_string(),
            Value::Time(_) | Value::Seconds(_) | Value::Absent => return None,
        };
        (!value.is_empty()).then(|| Missing {
            list: list.name(),
            value,
        })
    })
}

fn source(rule: &Rule) -> String {
    match (&*rule.source, &*rule.version) {
        (source, "") => source.to_owned(),
        ("", version) => version.to_owned(),
        (source, version) => format!("{source} ({version})"),
    }
}

fn silenced_by(rule: &Rule, record: &FlowRecord) -> Text {
    let when = rule.when.text();
    if let Some(Missing { list, value }) = missing(rule, record) {
        return Text::new(
            format!(
                "組織のポリシーに [list.{list}] values = [\"{value}\"] と書けば、このリストを見るすべての規則で警報になりません。\
                 規則の条件: {when}"
            ),
            format!(
                "With [list.{list}] values = [\"{value}\"] in the site's policy there would be no alert, here and in \
                 every rule that asks this list. Condition of the rule: {when}"
            ),
        );
    }
    match &rule.except {
        Some(except) => Text::new(
            format!("条件「{when}」が成り立たないか、例外条件「{except}」が成り立てば、この警報は出ません。"),
            format!(
                "If the condition `{when}` were false, or the exception `{except}` true, there would be no alert."
            ),
        ),
        None => Text::new(
            format!(
                "条件「{when}」が成り立たなければ、この警報は出ません。規則に例外条件(except)を足すこともできます。"
            ),
            format!(
                "If the condition `{when}` were false, there would be no alert. The rule may also be given an exception (except)."
            ),
        ),
    }
}

fn first_step(rule: &Rule) -> Text {
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    Text::new(
        or(
            &rule.first_step.ja,
            "発信元の利用者と所管部署に、この通信が業務に必要かを確かめてください。",
        ),
        or(
            &rule.first_step.en,
            "Ask the user of the originator and the department in charge whether their work needs this communication.",
        ),
    )
}
