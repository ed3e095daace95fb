//! `[[path]]`: an allowed conduit.

use sekisho_model::Text;

use super::conditions::{self, ConditionsDecl};
use super::table::{Key, Table, key, later};
use crate::builtin;
use crate::error::{Report, Sink, shown};
use crate::file::{At, Place};

const KEYS: &[Key] = &[
    key("id", "id = \"PATH-0001\""),
    key("from", "from = \"office\""),
    key("to", "to = \"server\""),
    key("protocol", "protocol = \"tcp\""),
    key("ports", "ports = [80, 443, \"8000-8080\"]"),
    key("title", "title.ja = \"…\""),
    key("clause", "clause = \"6(3)イ\""),
    key("owner", "owner = \"…\""),
    key("approver", "approver = \"…\""),
    key("contract", "contract = \"…\""),
    key("review", "review = \"2027-03-31\""),
    later(
        "services",
        "remove it and say what is allowed by `protocol` and `ports`",
    ),
    later(
        "via",
        "remove it; make the gateway a zone of its own and write one path to it and one from it",
    ),
    later("window", "remove it; a path of this version is open at all times"),
    later(
        "expires",
        "remove it and note the date as `review`; take the path out when the date comes",
    ),
    later("tests", "remove it; `sekisho rules check` checks the folder"),
];

/// What one path declares.
#[derive(Debug)]
pub(crate) struct PathDecl {
    /// The id; empty where a complaint about it was made.
    pub(crate) id: At<String>,
    pub(crate) place: Place,
    pub(crate) conditions: ConditionsDecl,
    pub(crate) title: Text,
    pub(crate) clause: String,
    pub(crate) owner: String,
    pub(crate) approver: String,
    pub(crate) contract: String,
    pub(crate) review: String,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> PathDecl {
    table.check_keys(KEYS, sink);
    PathDecl {
        id: id(KEYS, table, sink),
        place: table.place.clone(),
        conditions: conditions::parse(KEYS, table, sink),
        title: table.bilingual(KEYS, "title", sink),
        clause: table.optional(KEYS, "clause", sink),
        owner: table.optional(KEYS, "owner", sink),
        approver: table.optional(KEYS, "approver", sink),
        contract: table.optional(KEYS, "contract", sink),
        review: table.date(KEYS, "review", sink),
    }
}

/// The id of a path or a boundary.
pub(super) fn id(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> At<String> {
    let nothing = || At {
        value: String::new(),
        place: table.place.clone(),
    };
    let Some(id) = table.required(keys, "id", sink) else {
        return nothing();
    };
    let spelled = id.value.len() <= 64
        && id
            .value
            .bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet));
    if builtin::find(&id.value).is_some() {
        sink.push(
            Report::error("policy::reserved", format!("the id `{}` is reserved", id.value))
                .at(&id.place, "a built-in rule")
                .help("give it another id, such as `PATH-0001`"),
        );
    } else if !spelled {
        sink.push(
            Report::error("policy::id", format!("`{}` is no id", shown(&id.value)))
                .at(&id.place, "not an id")
                .help("an id has at most 64 of A-Z, a-z, 0-9, `-`, `_` and `.`, such as `PATH-0001`"),
        );
    } else {
        return id;
    }
    nothing()
}
