//! Tests: their fields and what they expect must exist. They are run elsewhere.

use sekisho_model::fields;

use crate::builtin;
use crate::error::{Report, Sink, nearest, shown};
use crate::parse::{Declarations, TestDecl};

/// Fields of a test's flow beside those of a record.
const OWN: &[&str] = &[
    "orig",
    "resp",
    "time",
    "orig_mac",
    "resp_mac",
    "related",
    "orig_classification",
    "resp_classification",
];

/// Fields that say which flow it is.
const REQUIRED: &[&str] = &["protocol", "orig", "resp"];

/// Outcomes that are not ids.
const OUTCOMES: &[&str] = &["allowed", "denied", "unknown", "alert", "none"];

/// Complains about fields and ids that do not exist, and about rules without a test.
pub(super) fn check(declared: &Declarations, sink: &mut Sink) {
    let known = || {
        let fields = fields::FIELDS.iter().map(|field| field.name);
        fields.chain(OWN.iter().copied())
    };
    for test in &declared.tests {
        for (name, _) in &test.flow {
            if known().any(|field| field == name.value) {
                continue;
            }
            let help = nearest(&name.value, known()).map_or_else(
                || {
                    "write fields of a flow, such as `protocol`, `orig`, `resp`, `service`, `time`, `vlan`"
                        .to_owned()
                },
                |near| format!("did you mean `{near}`?"),
            );
            sink.push(
                Report::error(
                    "policy::unknown-field",
                    format!("a flow has no field `{}`", shown(&name.value)),
                )
                .at(&name.place, "unknown field")
                .help(help),
            );
        }
        let missing = REQUIRED
            .iter()
            .find(|field| !test.flow.iter().any(|(name, _)| name.value == **field));
        if let Some(missing) = missing.filter(|_| !test.flow.is_empty()) {
            sink.push(
                Report::error("policy::missing-key", format!("the flow of a test needs `{missing}`"))
                    .at(&test.place, format!("`{missing}` is missing"))
                    .help(
                        "write `flow = { protocol = \"tcp\", orig = \"10.40.1.7:50211\", resp = \"10.40.2.10:443\" }`",
                    ),
            );
        }
        expects(test, declared, sink);
    }
    for rule in &declared.rules {
        let id = &rule.id.value;
        if !id.is_empty()
            && !rule.of_catalogue
            && !declared
                .tests
                .iter()
                .any(|test| test.of == *id || test.expect.value == *id)
        {
            sink.push(
                Report::warning("policy::untested", format!("the rule `{id}` has no test"))
                    .at(&rule.place, "nothing shows that it fires")
                    .help("add a `[[rule.test]]` with a flow that fires and one with a near miss")
                    .ja(
                        format!("規則 `{id}` に試験がありません"),
                        "当てはまる通信と、わずかに違って当てはまらない通信を `[[rule.test]]` に書いてください",
                    ),
            );
        }
    }
}

fn expects(test: &TestDecl, declared: &Declarations, sink: &mut Sink) {
    let word = test.expect.value.as_str();
    let ids = || {
        let paths = declared.paths.iter().map(|path| path.id.value.as_str());
        let rules = declared.rules.iter().map(|rule| rule.id.value.as_str());
        let boundaries = declared
            .boundaries
            .iter()
            .map(|boundary| boundary.id.value.as_str());
        paths
            .chain(rules)
            .chain(boundaries)
            .chain(builtin::RULES.iter().map(|rule| rule.id))
    };
    let known = word.is_empty() || OUTCOMES.contains(&word) || ids().any(|id| id == word);
    // A word in small letters was complained about where it was read.
    let small = word.bytes().all(|octet| octet.is_ascii_lowercase());
    if known || declared.incomplete || small {
        return;
    }
    let help = nearest(word, ids()).map_or_else(
        || {
            "expect an outcome such as `allowed` or `denied`, or the id of a path, exception, boundary or rule"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    sink.push(
        Report::error("policy::expect", format!("nothing has the id `{}`", shown(word)))
            .at(&test.expect.place, "not an outcome")
            .help(help),
    );
}
