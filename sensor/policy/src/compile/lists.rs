//! Lists: values from files are read in, and terms become instants.

use std::sync::Arc;

use sekisho_model::Timestamp;

use super::terms;
use crate::calendar::Calendar;
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, File};
use crate::lists::{List, ListKind, Listed, MAX_LIST_VALUES};
use crate::parse::{self, Declarations, ListDecl};
use crate::sanctions::Sanction;

pub(super) fn compile(
    declared: &mut Declarations,
    data: &[File],
    calendar: &Calendar,
    sink: &mut Sink,
) -> Vec<List> {
    let mut total = 0_usize;
    let incomplete = declared.incomplete;
    parse::apply_sanctions(&declared.sanctions, &mut declared.lists, incomplete, sink);
    let mut lists = Vec::with_capacity(declared.lists.len());
    for list in &mut declared.lists {
        from_file(list, data, incomplete, sink);
        total = total.saturating_add(list.values.len());
        if total > MAX_LIST_VALUES {
            sink.push(
                Report::error(
                    "policy::limit",
                    format!("the lists hold more than {MAX_LIST_VALUES} values"),
                )
                .at(&list.name.place, "too many with this list")
                .help("join addresses to networks, or names to the suffix they share"),
            );
            // What follows from the values of these lists need not be said.
            list.values.clear();
        }
        lists.push(one(list, calendar, sink));
    }
    lists
}

/// The sanctions, with the ends of their terms. What is wrong with an end was said with its list.
pub(super) fn sanctions(declared: &Declarations, calendar: &Calendar) -> Vec<Sanction> {
    let one = |sanction: &parse::SanctionDecl| {
        let file = &sanction.place.file;
        let before = file.text.get(..sanction.place.span.start).unwrap_or_default();
        let until = sanction
            .expires
            .as_ref()
            .and_then(|text| calendar.date_end(&text.value).ok());
        Sanction {
            list: sanction.list.value.clone(),
            value: sanction.value.value.clone(),
            reason: sanction.reason.clone(),
            owner: sanction.owner.clone(),
            until,
            alert: sanction.alert,
            place: (
                file.name.to_string(),
                before.matches('\n').count().saturating_add(1),
            ),
        }
    };
    declared.sanctions.iter().map(one).collect()
}

fn from_file(list: &mut ListDecl, data: &[File], incomplete: bool, sink: &mut Sink) {
    let Some(file) = list.file.clone() else { return };
    let name = parse::resolve(&file.place.file.name, &file.value);
    match data.iter().find(|data| parse::normal(&data.name) == name) {
        Some(data) => parse::fill_list(list, data, sink),
        None if incomplete => {}
        None => sink.push(
            Report::error(
                "policy::file",
                format!("nothing was read from the file `{}`", shown(&file.value)),
            )
            .at(&file.place, "no such file of values")
            .help(
                "name a file beside this one, one value a line, whose name ends in another word than `.toml`: `list.txt`",
            ),
        ),
    }
}

fn one(list: &ListDecl, calendar: &Calendar, sink: &mut Sink) -> List {
    let all = list
        .expires
        .as_ref()
        .and_then(|text| terms::expires(text, calendar, sink));
    let values = list
        .values
        .iter()
        .map(|value| {
            let own: Option<Timestamp> = value
                .expires
                .as_ref()
                .and_then(|text| terms::expires(text, calendar, sink));
            Listed {
                value: value.value.clone(),
                until: own.into_iter().chain(all).min(),
                note: value.note.clone(),
            }
        })
        .collect();
    List {
        name: Arc::from(list.name.value.as_str()),
        role: Arc::from(list.role.as_str()),
        kind: list.kind,
        values,
        source: list.source.clone(),
        owner: list.owner.clone(),
        review: list
            .review
            .as_ref()
            .map_or_else(String::new, |text| text.value.clone()),
    }
}

/// The position of a list of one of `kinds`; complains where there is none.
pub(super) fn find(
    name: &At<String>,
    lists: &[List],
    kinds: &[ListKind],
    incomplete: bool,
    sink: &mut Sink,
) -> Option<usize> {
    let words: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.name())).collect();
    let words = words.join(" or ");
    let Some((position, list)) = lists
        .iter()
        .enumerate()
        .find(|(_, list)| *list.name == *name.value)
    else {
        if incomplete {
            return None;
        }
        let help = nearest(&name.value, lists.iter().map(|list| &*list.name)).map_or_else(
            || format!("declare it by `[list.NAME]` with `kind` {words}"),
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
    if !kinds.contains(&list.kind) {
        sink.push(
            Report::error(
                "policy::kind",
                format!(
                    "the list `{}` holds values of kind `{}`",
                    list.name,
                    list.kind.name()
                ),
            )
            .at(&name.place, format!("needs {words}"))
            .help(format!("name a list with `kind` {words}")),
        );
        return None;
    }
    Some(position)
}
