//! The detection of a rule: its selections, joined as its condition says.

use std::collections::HashMap;

use sekisho_filter::MAX_LEN;

use super::condition::{self, Condition};
use super::expression::Expression;
use super::item::{self, Lists};
use super::sources::Source;
use super::why::Why;
use super::yaml::{Node, Value};

/// Selections that a condition may name, each as often as it does; `1 of them` names all of them.
const MAX_NAMED: usize = 1_000;

/// Something that does not map, and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The line, counted from 1.
    pub line: usize,
    /// Why.
    pub why: Why,
}

/// What a detection asks of a flow.
#[derive(Debug)]
pub(super) struct Detected {
    pub(super) expression: Expression,
    /// Parts of its exceptions that do not map and were left out.
    pub(super) left_out: Vec<Remark>,
}

/// What the detection asks of a flow, or all that keeps it from being asked. With `without_filters`,
/// exceptions that do not map are left out: a rule is true of more flows then, never of fewer.
pub(super) fn expression(
    source: &Source,
    detection: &Node,
    lists: &mut Lists,
    without_filters: bool,
) -> Result<Detected, Vec<Remark>> {
    let remark = |line, why| Remark { line, why };
    if let Some((key, _)) = detection
        .entries()
        .iter()
        .find(|(key, _)| key.text == "timeframe")
    {
        return Err(vec![remark(key.line, Why::Aggregation)]);
    }
    let Some(condition) = detection.get("condition") else {
        return Err(vec![remark(detection.line, Why::Missing("condition"))]);
    };
    let entries = detection
        .entries()
        .iter()
        .filter(|(key, _)| key.text != "condition");
    let names: Vec<_> = entries.map(|(key, _)| key.text.as_str()).collect();
    if names.len() > MAX_NAMED {
        return Err(vec![remark(
            detection.line,
            Why::Limit(format!("{MAX_NAMED} selections")),
        )]);
    }
    if condition
        .items()
        .iter()
        .filter_map(Node::text)
        .map(str::len)
        .sum::<usize>()
        > MAX_LEN
    {
        let why = Why::Limit(format!("condition > {MAX_LEN} octets"));
        return Err(vec![remark(condition.line, why)]);
    }
    let mut conditions = Vec::new();
    for item in condition.items() {
        let read = match item.text() {
            Some(text) => condition::parse(text, &names),
            None => Err(Why::Form("`condition` is no text".to_owned())),
        };
        conditions.push(read.map_err(|why| vec![remark(item.line, why)])?);
    }
    if conditions.is_empty() {
        return Err(vec![remark(condition.line, Why::Missing("condition"))]);
    }
    if conditions.iter().map(Condition::selections).sum::<usize>() > MAX_NAMED {
        let why = Why::Limit(format!("condition > {MAX_NAMED} selections"));
        return Err(vec![remark(condition.line, why)]);
    }
    let mut gather = Gather {
        source,
        detection,
        lists,
        known: HashMap::new(),
        without_filters,
        is_negated: false,
        left_out: Vec::new(),
        remarks: Vec::new(),
    };
    let parts: Vec<_> = conditions
        .iter()
        .map(|condition| gather.condition(condition))
        .collect();
    if gather.remarks.is_empty() {
        return Ok(Detected {
            expression: Expression::any(parts),
            left_out: in_order(gather.left_out),
        });
    }
    Err(in_order(gather.remarks))
}

fn in_order(mut remarks: Vec<Remark>) -> Vec<Remark> {
    remarks.sort_by_key(|remark| remark.line);
    remarks.dedup();
    remarks
}

struct Gather<'a> {
    source: &'a Source,
    detection: &'a Node,
    lists: &'a mut Lists,
    /// Selections that were read already, and whether in an exception; a condition may name one often.
    known: HashMap<(String, bool), Expression>,
    without_filters: bool,
    /// Whether what is read now is negated.
    is_negated: bool,
    left_out: Vec<Remark>,
    /// What does not map. An expression is of use where there is none of it.
    remarks: Vec<Remark>,
}

impl Gather<'_> {
    fn condition(&mut self, condition: &Condition) -> Expression {
        match condition {
            Condition::Any(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
                Expression::any(parts)
            }
            Condition::All(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
                Expression::all(parts)
            }
            Condition::Not(inner) => {
                self.is_negated = !self.is_negated;
                let inner = self.condition(inner).negated();
                self.is_negated = !self.is_negated;
                inner
            }
            Condition::Selection(name) => {
                let key = (name.clone(), self.is_negated);
                if let Some(known) = self.known.get(&key) {
                    return known.clone();
                }
                let read = match self.detection.get(name) {
                    Some(node) => self.bounded(node),
                    None => Expression::Always(false),
                };
                self.known.insert(key, read.clone());
                read
            }
        }
    }

    /// A selection that is no longer than an expression may be, so that a condition that names it often
    /// stays small.
    fn bounded(&mut self, node: &Node) -> Expression {
        let read = self.selection(node);
        let octets = read.text().map_or(0, |text| text.len());
        if octets <= MAX_LEN {
            return read;
        }
        self.unmapped(node.line, Why::Limit(format!("{octets} / {MAX_LEN} octets")))
    }

    /// Something that does not map. In an exception that may be left out, it is never true.
    fn unmapped(&mut self, line: usize, why: Why) -> Expression {
        let remark = Remark { line, why };
        match self.without_filters && self.is_negated {
            true => self.left_out.push(remark),
            false => self.remarks.push(remark),
        }
        Expression::Always(false)
    }

    fn selection(&mut self, node: &Node) -> Expression {
        match &node.value {
            Value::Map(entries) => {
                let mut parts = Vec::new();
                for (key, value) in entries {
                    let read = item::expression(self.source, key, value, self.lists);
                    parts.push(read.unwrap_or_else(|why| self.unmapped(key.line, why)));
                }
                Expression::all(parts)
            }
            Value::List(items) => {
                let maps = items.iter().all(|item| matches!(item.value, Value::Map(_)));
                if maps && !items.is_empty() {
                    let parts: Vec<_> = items.iter().map(|item| self.selection(item)).collect();
                    return Expression::any(parts);
                }
                self.unmapped(node.line, Why::Keywords)
            }
            _ => self.unmapped(node.line, Why::Keywords),
        }
    }
}
