//! Statements: their crossings are looked up among the zones, their entries among the paths.

use std::sync::Arc;

use super::terms::inside;
use super::{Ends, crossings};
use crate::calendar::Calendar;
use crate::error::{Report, Sink, nearest, shown};
use crate::file::At;
use crate::parse::{Declarations, StatementDecl, StatementWhat};
use crate::prove::{Crossing, Statement};

pub(super) fn compile(
    declared: &Declarations,
    ends: &Ends<'_>,
    calendar: &Calendar,
    sink: &mut Sink,
) -> Vec<Statement> {
    let compile = |statement| one(statement, declared, ends, calendar, sink);
    declared.statements.iter().filter_map(compile).collect()
}

fn one(
    statement: &StatementDecl,
    declared: &Declarations,
    ends: &Ends<'_>,
    calendar: &Calendar,
    sink: &mut Sink,
) -> Option<Statement> {
    let id = Arc::from(statement.id.value.as_str());
    match &statement.what {
        StatementWhat::Wrong => None,
        StatementWhat::Never(text) => {
            match Crossing::parse(&text.value, |name| ends.find(name), calendar) {
                Ok(crossing) => Some(Statement {
                    id,
                    clause: statement.clause.clone(),
                    text: format!("never {}", text.value),
                    crossing,
                    only: Vec::new(),
                }),
                // The zone may stand in a file that could not be read.
                Err(_) if declared.incomplete => None,
                Err(fault) => {
                    sink.push(
                        Report::error("policy::statement", fault.message)
                            .at(&inside(text, fault.span), "in this statement")
                            .help(fault.help),
                    );
                    None
                }
            }
        }
        StatementWhat::Only {
            entries,
            conditions,
            window,
            place,
        } => {
            if entries.is_empty() {
                sink.push(
                    Report::error("policy::empty", "`only` names no path")
                        .at(place, "empty")
                        .help("name the path that alone may allow the crossing, or write `never`"),
                );
            }
            for entry in entries {
                known(entry, declared, sink);
            }
            let window = match window {
                None => None,
                Some(text) => match calendar.window(&text.value) {
                    Ok(window) => Some(window),
                    Err(fault) => {
                        sink.push(
                            Report::error("policy::window", fault.message)
                                .at(&inside(text, fault.span), "in this window")
                                .help(fault.help),
                        );
                        return None;
                    }
                },
            };
            let found = crossings::conditions(conditions, "statement", ends, declared, sink);
            let names: Vec<&str> = entries.iter().map(|entry| entry.value.as_str()).collect();
            let text = format!("only {}", names.join(", "));
            let ports = found.service.ports.as_ref().map(|ports| {
                let ranges = ports.ranges().iter();
                ranges
                    .map(|(low, high)| (u32::from(*low), u32::from(*high).saturating_add(1)))
                    .collect()
            });
            Some(Statement {
                id,
                clause: statement.clause.clone(),
                text,
                crossing: Crossing {
                    from: found.from,
                    to: found.to,
                    protocols: found.service.protocols,
                    ports,
                    window,
                },
                only: names.into_iter().map(Arc::from).collect(),
            })
        }
    }
}

/// Complains where no entry has the id.
fn known(entry: &At<String>, declared: &Declarations, sink: &mut Sink) {
    let ids = || declared.paths.iter().map(|path| path.id.value.as_str());
    if declared.incomplete || ids().any(|id| id == entry.value) {
        return;
    }
    let help = nearest(&entry.value, ids()).map_or_else(
        || "name the id of a path or an exception of this policy".to_owned(),
        |id| format!("did you mean `{id}`?"),
    );
    sink.push(
        Report::error(
            "policy::no-such-path",
            format!(
                "the statement names `{}`, which does not exist",
                shown(&entry.value)
            ),
        )
        .at(&entry.place, "no such path")
        .help(help),
    );
}
