//! One document: what a rule of Sigma says, and the rule of the policy language that says the same.
//!
//! Source: Sigma rules specification 2.0.0, section "Components"; Sigma tags appendix.

use super::detection::{self, Remark};
use super::expression::Expression;
use super::item::{List, Lists};
use super::sources;
use super::why::Why;
use super::yaml::{Node, Value};

/// A rule, as it goes into the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) severity: &'static str,
    pub(super) category: &'static str,
    pub(super) when: String,
    pub(super) except: Option<String>,
    pub(super) why: String,
    pub(super) legitimate: String,
    pub(super) attack: Vec<String>,
    pub(super) source: String,
    pub(super) version: String,
    pub(super) is_enabled: bool,
    pub(super) lists: Vec<List>,
    /// Parts of its exceptions that were left out.
    pub(super) left_out: Vec<Remark>,
    /// Who wrote it and how it may be passed on, for a comment.
    pub(super) origin: Vec<(&'static str, String)>,
}

/// The title of a document, for a report; empty where it has none.
pub(super) fn title(document: &Node) -> String {
    text(document, "title")
}

/// What the document is about in the policy language, or all that keeps it from being said there.
pub(super) fn translate(document: &Node, without_filters: bool) -> Result<Rule, Vec<Remark>> {
    let wrong = |line, why| Err(vec![Remark { line, why }]);
    if !matches!(document.value, Value::Map(_)) {
        return wrong(document.line, Why::Form("a rule is a mapping".to_owned()));
    }
    for kind in ["correlation", "filter", "action"] {
        if let Some((key, _)) = document.entries().iter().find(|(key, _)| key.text == kind) {
            return wrong(key.line, Why::Kind(kind));
        }
    }
    let title = title(document);
    if title.is_empty() {
        return wrong(document.line, Why::Missing("title"));
    }
    let Some(log) = document.get("logsource") else {
        return wrong(document.line, Why::Missing("logsource"));
    };
    let Some(detection) = document.get("detection") else {
        return wrong(document.line, Why::Missing("detection"));
    };
    let [category, product, service] = ["category", "product", "service"].map(|key| text(log, key));
    let Some(source) = sources::find(&category, &product, &service) else {
        let words = [("category", category), ("product", product), ("service", service)];
        let said: Vec<_> = words
            .iter()
            .filter(|(_, word)| !word.is_empty())
            .map(|(key, word)| format!("{key}: {word}"))
            .collect();
        return wrong(log.line, Why::LogSource(said.join(", ")));
    };
    let id = id(document, &title);
    let mut lists = Lists {
        prefix: id.to_lowercase(),
        made: Vec::new(),
    };
    let detected = detection::expression(source, detection, &mut lists, without_filters)?;
    if let Expression::Always(always) = detected.expression {
        return wrong(detection.line, Why::Idle(always));
    }
    let flows = match source.flows {
        "" => Expression::Always(true),
        flows => Expression::Is(flows.to_owned()),
    };
    let (when, except) = Expression::all([flows, detected.expression]).split();
    let tags = texts(document, "tags");
    let status = text(document, "status");
    Ok(Rule {
        severity: match text(document, "level").as_str() {
            "critical" | "high" => "high",
            "low" => "low",
            "informational" => "informational",
            _ => "medium",
        },
        category: kind_of(&tags),
        when: when.text().unwrap_or_default(),
        except: except.and_then(|except| except.text()),
        why: text(document, "description"),
        legitimate: texts(document, "falsepositives")
            .into_iter()
            .filter(|text| !["unknown", "none", "unlikely"].contains(&text.to_lowercase().as_str()))
            .collect::<Vec<_>>()
            .join("; "),
        attack: techniques(&tags),
        source: origin(document),
        version: [text(document, "modified"), text(document, "date")]
            .into_iter()
            .find(|date| !date.is_empty())
            .unwrap_or_default(),
        is_enabled: !["deprecated", "unsupported"].contains(&status.as_str()),
        origin: ["id", "status", "author", "license", "date", "modified"]
            .into_iter()
            .map(|key| (key, text(document, key)))
            .filter(|(_, text)| !text.is_empty())
            .collect(),
        lists: lists.made,
        left_out: detected.left_out,
        id,
        title,
    })
}

fn text(node: &Node, key: &str) -> String {
    let text = node.get(key).and_then(Node::text).unwrap_or_default();
    text.trim().to_owned()
}

fn texts(node: &Node, key: &str) -> Vec<String> {
    let items = node.get(key).map(Node::items).unwrap_or_default();
    let texts = items.iter().filter_map(Node::text);
    texts
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// An id that stays the same: of the rule's own one, else of its title.
fn id(document: &Node, title: &str) -> String {
    /// Octets that an id may have, without what stands before it.
    const OCTETS: usize = 58;
    let own = text(document, "id");
    let name = if own.is_empty() { title } else { &own };
    let word = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let mut id: String = name.chars().map(word).collect();
    while id.contains("--") {
        id = id.replace("--", "-");
    }
    id.truncate(OCTETS);
    let id = id.trim_matches('-');
    if id.is_empty() {
        // A title of other letters than these.
        let hash = title.chars().fold(0xcbf2_9ce4_8422_2325_u64, |hash, c| {
            (hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3)
        });
        return format!("SIGMA-{hash:016x}");
    }
    format!("SIGMA-{id}")
}

/// Where the rule and what it says come from.
fn origin(document: &Node) -> String {
    let mut parts = vec!["Sigma".to_owned()];
    parts.extend(texts(document, "references"));
    parts.join(", ")
}

fn techniques(tags: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for tag in tags {
        let tag = tag.to_lowercase();
        let Some(name) = tag.strip_prefix("attack.t") else {
            continue;
        };
        let is_technique =
            name.len() >= 4 && name.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
        let name = format!("T{name}");
        if is_technique && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The category that the tags speak of: by technique, then by tactic.
fn kind_of(tags: &[String]) -> &'static str {
    const TAGS: &[(&str, &str)] = &[
        ("attack.t1496", "cryptomining"),
        ("attack.t1219", "remote_access"),
        ("attack.t1090.003", "tor"),
        ("attack.t1071.004", "dns_tunnel"),
        ("attack.t1568.002", "dga"),
        ("attack.t1046", "port_scan"),
        ("attack.t1110", "brute_force"),
        ("attack.exfiltration", "exfiltration"),
        ("attack.lateral-movement", "lateral_movement"),
        ("attack.command-and-control", "c2"),
        ("attack.initial-access", "exploit"),
    ];
    let tags: Vec<_> = tags
        .iter()
        .map(|tag| tag.to_lowercase().replace('_', "-"))
        .collect();
    let is = |known: &String, tag: &str| {
        known
            .strip_prefix(tag)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let found = TAGS
        .iter()
        .find(|(tag, _)| tags.iter().any(|known| is(known, tag)));
    found.map_or("policy_violation", |(_, category)| category)
}
