//! `[[sanction]]`: one value that a list is given, with a reason, an owner and an end.

use super::list::{self, ListDecl, ValueDecl};
use super::table::{Key, Table, key};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, Place};

pub(super) const KEYS: &[Key] = &[
    key("list", "list = \"sanctioned-storage\""),
    key("value", "value = \"box.com\""),
    key("reason", "reason = \"…\""),
    key("owner", "owner = \"…\""),
    key("expires", "expires = \"2027-03-31\""),
    key("alert", "alert = 4711"),
];

/// What one sanction declares; texts are empty where a complaint about them was made.
#[derive(Debug)]
pub(crate) struct SanctionDecl {
    pub(crate) list: At<String>,
    pub(crate) value: At<String>,
    pub(crate) reason: String,
    pub(crate) owner: String,
    pub(crate) expires: Option<At<String>>,
    /// The alert that it was made from.
    pub(crate) alert: Option<u64>,
    pub(crate) place: Place,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> SanctionDecl {
    table.check_keys(KEYS, sink);
    let mut required = |name: &str| {
        table.required(KEYS, name, sink).unwrap_or_else(|| At {
            value: String::new(),
            place: table.place.clone(),
        })
    };
    let [list, value, reason, owner] = ["list", "value", "reason", "owner"].map(&mut required);
    if !table.has("expires") {
        table.missing(KEYS, "expires", sink);
    }
    SanctionDecl {
        list,
        value,
        reason: reason.value,
        owner: owner.value,
        expires: table.date_at(KEYS, "expires", sink),
        alert: alert(table, sink),
        place: table.place.clone(),
    }
}

fn alert(table: &Table<'_>, sink: &mut Sink) -> Option<u64> {
    let item = table.value("alert")?;
    let number = super::value::integer(item.value).and_then(|number| u64::try_from(number).ok());
    if number.is_none() {
        sink.push(table.wrong_type(KEYS, "alert", item, "the number of an alert"));
    }
    number
}

/// Gives the lists the values of the sanctions.
pub(crate) fn apply(sanctions: &[SanctionDecl], lists: &mut [ListDecl], incomplete: bool, sink: &mut Sink) {
    for sanction in sanctions.iter().filter(|one| !one.list.value.is_empty()) {
        let found = lists
            .iter_mut()
            .find(|list| list.name.value == sanction.list.value);
        let Some(list) = found else {
            if !incomplete {
                sink.push(no_list(sanction, lists));
            }
            continue;
        };
        if sanction.value.value.is_empty() {
            continue;
        }
        let At { value, place } = &sanction.value;
        list.values
            .extend(list::read(list.kind, value, place, sink).map(|value| ValueDecl {
                value,
                place: place.clone(),
                expires: sanction.expires.clone(),
                note: sanction.reason.clone(),
            }));
    }
}

fn no_list(sanction: &SanctionDecl, lists: &[ListDecl]) -> Report {
    let name = &sanction.list;
    let help = nearest(&name.value, lists.iter().map(|list| &*list.name.value)).map_or_else(
        || {
            "name a list of the policy or of the catalogue beneath it, such as `sanctioned-storage`"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    Report::error(
        "policy::no-such-list",
        format!("there is no list `{}`", shown(&name.value)),
    )
    .at(&name.place, "no such list")
    .help(help)
}
