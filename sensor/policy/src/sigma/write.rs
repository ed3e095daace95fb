//! Rules as a file of the policy language, with their origin in comments.

use std::fmt::Write as _;

use serde_json::Value;

use super::item::List;
use super::rule::Rule;

/// The first line of a file that an import wrote, by which the next one knows it.
pub const MARK: &str = "# Imported from Sigma rules; the next import replaces this file.";

/// What begins a file. `version` makes it a catalogue by itself.
pub(super) fn head(version: Option<&str>) -> String {
    let mut out = format!("{MARK}\n\nschema = 1\n");
    if let Some(version) = version {
        let _ = write!(
            out,
            "\n[policy]\nname = \"Sigma\"\nversion = {}\ncatalogue = true\n",
            quoted(version)
        );
    }
    out
}

/// One rule with its lists.
pub(super) fn rule(rule: &Rule, from: &str) -> String {
    let mut out = format!("\n# {}\n", one_line(from));
    for (key, text) in &rule.origin {
        let _ = writeln!(out, "# {key}: {}", one_line(text));
    }
    for remark in &rule.left_out {
        let _ = writeln!(
            out,
            "# left out: line {}: {}",
            remark.line,
            one_line(&remark.why.text().en)
        );
    }
    for List { name, kind, values } in &rule.lists {
        let _ = writeln!(out, "[list.{name}]\nkind = \"{kind}\"\nvalues = [");
        for value in values {
            let _ = writeln!(out, "    {},", quoted(value));
        }
        out.push_str("]\n\n");
    }
    out.push_str("[[rule]]\n");
    let mut key = |key: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "{key} = {}", quoted(text));
        }
    };
    key("id", &rule.id);
    key("title", &one_line(&rule.title));
    key("severity", rule.severity);
    key("category", rule.category);
    key("when", &rule.when);
    key("except", rule.except.as_deref().unwrap_or_default());
    key("why", &one_line(&rule.why));
    key("legitimate", &one_line(&rule.legitimate));
    key("source", &one_line(&rule.source));
    key("version", &one_line(&rule.version));
    if !rule.attack.is_empty() {
        let attack: Vec<_> = rule.attack.iter().map(|name| quoted(name)).collect();
        let _ = writeln!(out, "attack = [{}]", attack.join(", "));
    }
    if !rule.is_enabled {
        out.push_str("enabled = false\n");
    }
    out
}

/// A text in one line, without control characters and cut where it is endless.
fn one_line(text: &str) -> String {
    /// Characters that are kept.
    const MOST: usize = 2_000;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).take(MOST).collect()
}

/// A text as a literal string of TOML where it can be one, so that expressions read as they are, else as
/// a basic one. JSON escapes what TOML has to escape, in the same way.
fn quoted(text: &str) -> String {
    let is_literal =
        text.contains(['"', '\\']) && !text.contains(['\'', '\u{7f}']) && !text.contains(char::is_control);
    if is_literal {
        return format!("'{text}'");
    }
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_back_and_never_leave_their_place() {
        for text in [
            "a",
            "a'b\"c\\d",
            r#"x == "\\.a""#,
            "'''\n[[path]]\nid = 'X'",
            "\u{7f}\u{1}",
            "業務\u{85}",
        ] {
            let document: toml::Table = format!("x = {}", quoted(text)).parse().unwrap();
            assert_eq!(document["x"].as_str(), Some(text));
            assert!(!one_line(text).contains(char::is_control), "{text:?}");
        }
    }
}
