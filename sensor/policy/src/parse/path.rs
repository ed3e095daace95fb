//! `[[path]]`, an allowed conduit, and `[[exception]]`, one that is allowed for a while.

use sekisho_model::Text;

use super::conditions::{self, ConditionsDecl};
use super::hosts::{self, HopDecl, HostDecl};
use super::table::{Key, Table, key};
use super::test::{self, TestDecl};
use crate::builtin;
use crate::conditions::{Service, Tunnels};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::{At, Place};
use crate::words;

/// What paths and exceptions have in common, with the examples in which they differ; then their own.
macro_rules! keys {
    ($id:literal, [$starts:literal, $expires:literal], $test:literal, $($own:expr),+ $(,)?) => {
        &[
            key("id", $id),
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
            key("from_hosts", "from_hosts = [\"10.1.1.5\", \"@terminals\"]"),
            key("to_hosts", "to_hosts = [\"10.1.1.5=00:11:22:33:44:55\"]"),
            key("services", "services = [\"https\"]"),
            key("next_hops", "next_hops = [\"00:11:22:33:44:55\"]"),
            key("tunnel", "tunnel = \"none\""),
            key("window", "window = \"workday 08:30-17:15\""),
            key("starts", $starts),
            key("expires", $expires),
            key("test", $test),
            $($own),+
        ]
    };
}

pub(super) const KEYS: &[Key] = keys![
    "id = \"PATH-0001\"",
    ["starts = \"2026-04-01\"", "expires = \"2027-03-31\""],
    "[[path.test]]",
    key("via", "via = \"mugai\""),
    key("onward", "onward = { protocol = \"tcp\", ports = [8443] }"),
];

pub(super) const EXCEPTION_KEYS: &[Key] = keys![
    "id = \"EXC-0001\"",
    ["starts = \"2026-11-01\"", "expires = \"2026-11-30\""],
    "[[exception.test]]",
    key("application", "application = \"情シス第12号\""),
    key("applicant", "applicant = \"…\""),
    key("purpose", "purpose = \"…\""),
];

pub(super) const ONWARD_KEYS: &[Key] = &[
    key("protocol", "protocol = \"tcp\""),
    key("ports", "ports = [8443]"),
    key("services", "services = [\"https\"]"),
];

/// What one path or exception declares.
#[derive(Debug)]
pub(crate) struct PathDecl {
    /// The id; empty where a complaint about it was made.
    pub(crate) id: At<String>,
    pub(crate) place: Place,
    pub(crate) conditions: ConditionsDecl,
    pub(crate) from_hosts: Option<Vec<HostDecl>>,
    pub(crate) to_hosts: Option<Vec<HostDecl>>,
    pub(crate) services: Option<Services>,
    pub(crate) via: Option<At<String>>,
    pub(crate) onward: Option<OnwardDecl>,
    pub(crate) next_hops: Option<Vec<HopDecl>>,
    pub(crate) tunnel: Option<Tunnels>,
    pub(crate) window: Option<Vec<At<String>>>,
    pub(crate) starts: Option<At<String>>,
    pub(crate) expires: Option<At<String>>,
    pub(crate) title: Text,
    pub(crate) clause: String,
    pub(crate) owner: String,
    pub(crate) approver: String,
    pub(crate) contract: String,
    pub(crate) review: Option<At<String>>,
    pub(crate) exception: Option<ExceptionDecl>,
    pub(crate) tests: Vec<TestDecl>,
}

/// What an exception says beyond a path.
#[derive(Debug)]
pub(crate) struct ExceptionDecl {
    pub(crate) application: String,
    pub(crate) applicant: String,
    pub(crate) purpose: String,
}

/// Services as they are written, and what they stand for.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) written: Vec<String>,
    pub(crate) meant: Vec<&'static str>,
}

/// In what the second leg over a gateway differs from the first.
#[derive(Debug)]
pub(crate) struct OnwardDecl {
    /// Protocols and ports, where either is given.
    pub(crate) service: Option<Service>,
    pub(crate) services: Option<Services>,
}

pub(super) fn parse(table: &Table<'_>, sink: &mut Sink) -> PathDecl {
    let path = shared(KEYS, table, test::PATH, sink);
    let onward = onward(table, sink);
    if let (Some(_), None) = (&onward, table.value("via")) {
        sink.push(
            Report::error("policy::via", "`onward` stands without `via`")
                .at(&table.place, "no gateway is named")
                .help("name the gateway by `via = \"mugai\"`, or remove `onward`"),
        );
    }
    PathDecl {
        via: table.text(KEYS, "via", sink),
        onward,
        ..path
    }
}

pub(super) fn parse_exception(table: &Table<'_>, sink: &mut Sink) -> PathDecl {
    let keys = EXCEPTION_KEYS;
    let path = shared(keys, table, test::EXCEPTION, sink);
    let required = |name: &str, sink: &mut Sink| table.required(keys, name, sink);
    let applicant = required("applicant", sink);
    let approver = required("approver", sink);
    if let (Some(applicant), Some(approver)) = (&applicant, &approver)
        && applicant.value.trim() == approver.value.trim()
    {
        sink.push(
            Report::error(
                "policy::approver",
                format!("`{}` approves an exception of their own", shown(&approver.value)),
            )
            .at(&approver.place, "the applicant")
            .at(&applicant.place, "applied for here")
            .help("name who approved it; nobody approves what they applied for"),
        );
    }
    for name in ["starts", "expires"] {
        if !table.has(name) {
            table.missing(keys, name, sink);
        }
    }
    let text = |text: Option<At<String>>| text.map_or_else(String::new, |text| text.value);
    PathDecl {
        exception: Some(ExceptionDecl {
            application: text(required("application", sink)),
            applicant: text(applicant),
            purpose: text(required("purpose", sink)),
        }),
        ..path
    }
}

fn shared(keys: &'static [Key], table: &Table<'_>, kind: test::Kind, sink: &mut Sink) -> PathDecl {
    table.check_keys(keys, sink);
    let id = id(keys, table, sink);
    PathDecl {
        tests: test::parse_all(table, &id.value, kind, sink),
        id,
        place: table.place.clone(),
        conditions: conditions::parse(keys, table, sink),
        from_hosts: hosts::parse(keys, "from_hosts", table, sink),
        to_hosts: hosts::parse(keys, "to_hosts", table, sink),
        services: services(keys, table, sink),
        via: None,
        onward: None,
        next_hops: hosts::parse_hops(keys, "next_hops", table, sink),
        tunnel: tunnel(keys, table, sink),
        window: table.words_of(keys, "window", sink).map(|(texts, _)| texts),
        starts: table.date_at(keys, "starts", sink),
        expires: table.date_at(keys, "expires", sink),
        title: table.bilingual(keys, "title", sink),
        clause: table.optional(keys, "clause", sink),
        owner: table.optional(keys, "owner", sink),
        approver: table.optional(keys, "approver", sink),
        contract: table.optional(keys, "contract", sink),
        review: table.date_at(keys, "review", sink),
        exception: None,
    }
}

fn services(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<Services> {
    let (texts, _) = table.words_of(keys, "services", sink)?;
    let (mut written, mut meant) = (Vec::new(), Vec::new());
    for text in texts {
        let Some(words) = words::services(&text.value) else {
            let help = nearest(&text.value.to_ascii_lowercase(), words::service_words()).map_or_else(
                || {
                    "write a word of the field `service`, such as `tls`, `ssh`, `dns` or `https`; ports go to `ports`"
                        .to_owned()
                },
                |word| format!("did you mean `{word}`?"),
            );
            sink.push(
                Report::error(
                    "policy::service",
                    format!("`{}` is no service", shown(&text.value)),
                )
                .at(&text.place, "not a service")
                .help(help),
            );
            continue;
        };
        meant.extend(words);
        written.push(text.value);
    }
    meant.sort_unstable();
    meant.dedup();
    Some(Services { written, meant })
}

fn tunnel(keys: &[Key], table: &Table<'_>, sink: &mut Sink) -> Option<Tunnels> {
    let (texts, place) = table.words_of(keys, "tunnel", sink)?;
    let words = || words::TUNNELS.iter().copied();
    let mut tunnels = Tunnels {
        bare: false,
        kinds: Some(Vec::new()),
    };
    let alone = texts.len() == 1;
    for text in texts {
        match (text.value.as_str(), words::tunnel(&text.value)) {
            ("none", _) => tunnels.bare = true,
            ("any", _) if alone => tunnels.kinds = None,
            (_, Some(word)) => tunnels.kinds.get_or_insert_default().push(word),
            (word, None) => {
                let help = match nearest(word, words().chain(["none", "any"])) {
                    _ if word == "any" => "write `tunnel = \"any\"` alone".to_owned(),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "write `none`, `any`, or kinds of tunnels such as `gre`, `vxlan`, `6in4`".to_owned()
                    }
                };
                sink.push(
                    Report::error("policy::tunnel", format!("`{}` is no tunnel", shown(word)))
                        .at(&text.place, "not a kind of tunnel")
                        .at(&place, "in this key")
                        .help(help),
                );
            }
        }
    }
    Some(tunnels)
}

fn onward(table: &Table<'_>, sink: &mut Sink) -> Option<OnwardDecl> {
    let item = table.value("onward")?;
    let Some(entries) = item.get().as_table() else {
        sink.push(table.wrong_type(
            KEYS,
            "onward",
            item,
            "a table of `protocol`, `ports` and `services`",
        ));
        return None;
    };
    let table = Table::new(item.file, entries, item.place(), "an onward leg");
    table.check_keys(ONWARD_KEYS, sink);
    let given = table.has("protocol") || table.has("ports");
    Some(OnwardDecl {
        service: given.then(|| conditions::service(ONWARD_KEYS, &table, sink).0),
        services: services(ONWARD_KEYS, &table, sink),
    })
}

/// The id of a path, an exception, a boundary, a rule or a statement.
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
