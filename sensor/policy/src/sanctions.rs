//! Sanctions: what a site has said to be right, from an alert, each with a reason, an owner and an end.
//!
//! A `[[sanction]]` gives one value to a list, wherever that list is declared, so that it stands beside
//! what the site has written by hand. It counts until its end in packet time, as every value of a list.

use std::fmt::Write as _;

use sekisho_model::Timestamp;
use serde_json::Value;

use crate::{ListKind, Policy};

/// The file of a policy folder that sanctions are added to.
pub const FILE: &str = "sanctioned.toml";

/// What begins that file.
const HEAD: &str = "\
# 許可したサービス。警報から追加されたものと、手で書いたもの。行を消せば許可は終わる。
# Sanctioned services, added from alerts or by hand. A sanction ends where its lines are removed.

schema = 1
";

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanction {
    /// The list that holds the value.
    pub list: String,
    /// The value.
    pub value: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The first instant of packet time at which it holds no more.
    pub until: Option<Timestamp>,
    /// The alert that it was made from.
    pub alert: Option<u64>,
    /// File and line where it stands.
    pub place: (String, usize),
}

/// A sanction that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSanction<'a> {
    /// The list.
    pub list: &'a str,
    /// The value.
    pub value: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who answers for it.
    pub owner: &'a str,
    /// The last date, or an instant.
    pub expires: &'a str,
    /// The alert that it is made from.
    pub alert: u64,
}

impl NewSanction<'_> {
    /// As it stands in a policy file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::from("[[sanction]]\n");
        for (key, text) in [
            ("list", self.list),
            ("value", self.value),
            ("reason", self.reason),
            ("owner", self.owner),
            ("expires", self.expires),
        ] {
            // Texts of a policy are of one line.
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            // JSON escapes what TOML has to escape, in the same way.
            let quoted = Value::from(text).to_string().replace('\u{7f}', "\\u007f");
            let _ = writeln!(out, "{key} = {quoted}");
        }
        let _ = writeln!(out, "alert = {}", self.alert);
        out
    }

    /// The text of the file with it, after what stands there already.
    #[must_use]
    pub fn added_to(&self, before: Option<&str>) -> String {
        let before = before.unwrap_or(HEAD);
        let end = if before.ends_with('\n') { "\n" } else { "\n\n" };
        format!("{before}{end}{}", self.text())
    }
}

impl Policy {
    /// The sanctions, in the order of the files.
    #[must_use]
    pub fn sanctions(&self) -> &[Sanction] {
        &self.sanctions
    }

    /// The rules that a list's values silence.
    #[must_use]
    pub fn rules_excepting(&self, list: &str) -> Vec<&str> {
        let asks = |rule: &&crate::rules::Rule| {
            let except = rule
                .except()
                .map(sekisho_filter::Filter::lists)
                .unwrap_or_default();
            except.iter().any(|(_, asked)| asked.name() == list)
        };
        self.rules()
            .iter()
            .filter(asks)
            .map(|rule| &**rule.id())
            .collect()
    }

    /// Whether a value of a list stands for another one too: a suffix for what ends in it.
    #[must_use]
    pub fn stands_for(&self, list: &str, value: &str, other: &str) -> bool {
        let kind = self
            .lists()
            .iter()
            .find(|known| &*known.name == list)
            .map(|list| list.kind);
        let below = || {
            let rest = other
                .len()
                .checked_sub(value.len())
                .and_then(|at| other.split_at_checked(at));
            rest.is_some_and(|(before, end)| before.ends_with('.') && end.eq_ignore_ascii_case(value))
        };
        match kind {
            Some(ListKind::Suffix) => value.eq_ignore_ascii_case(other) || below(),
            Some(ListKind::Network) => {
                match (value.parse::<ipnet::IpNet>(), other.parse::<std::net::IpAddr>()) {
                    (Ok(network), Ok(address)) => network.contains(&address),
                    _ => value == other,
                }
            }
            Some(_) => value.eq_ignore_ascii_case(other),
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    const CATALOGUE: &str = r#"
schema = 1
[policy]
name = "c"
version = "1"
catalogue = true
[list.sanctioned-storage]
kind = "suffix"
values = []
[[rule]]
id = "R-1"
when = 'server_name contains "box"'
except = 'server_name in @sanctioned-storage'
"#;

    fn policy(sanctioned: &str) -> Result<Policy, String> {
        let source = |name: &str, text: &str| Source {
            name: name.to_owned(),
            text: text.into(),
        };
        let site = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n[list.sanctioned-storage]\nvalues = [\"own.example\"]\n";
        let sources = vec![
            source("site/p.toml", site),
            source("site/sanctioned.toml", sanctioned),
        ];
        let sources = crate::with_catalogue(sources, &[source("c.toml", CATALOGUE)]);
        let message = |errors: crate::PolicyErrors| {
            errors
                .reports()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; ")
        };
        Policy::compile(&sources).map_err(message)
    }

    fn new<'a>() -> NewSanction<'a> {
        NewSanction {
            list: "sanctioned-storage",
            value: "box.example",
            reason: "保守 \"A\"\nuntil then",
            owner: "情報政策課",
            expires: "2027-03-31",
            alert: 4711,
        }
    }

    #[test]
    fn a_sanction_stands_beside_what_the_site_has_in_the_list_until_its_end() {
        let text = new().added_to(None);
        let policy = policy(&text).unwrap();

        let [sanction] = policy.sanctions() else {
            panic!("one sanction");
        };
        assert_eq!(
            (sanction.list.as_str(), sanction.value.as_str()),
            ("sanctioned-storage", "box.example")
        );
        assert_eq!(
            (sanction.owner.as_str(), sanction.alert),
            ("情報政策課", Some(4711))
        );
        assert_eq!(sanction.place, ("site/sanctioned.toml".to_owned(), 6));
        let list = &policy.lists()[0];
        let values: Vec<_> = list
            .values
            .iter()
            .map(|listed| (listed.until.is_some(), listed.note.as_str()))
            .collect();
        assert_eq!(values, [(false, ""), (true, "保守 \"A\" until then")]);
        let rule = policy.rule("R-1").unwrap();
        let at = |time: &str| {
            let mut app = Box::new(sekisho_model::App::default());
            app.set(sekisho_model::Essential::ServerName, "x.box.example", "tls.sni");
            rule.is_met_by(&sekisho_model::FlowRecord {
                app: Some(app),
                start: Timestamp::parse(time).unwrap(),
                ..sekisho_model::FlowRecord::example()
            })
        };
        assert!(!at("2027-03-31T10:00:00+09:00"));
        assert!(at("2027-04-01T10:00:00+09:00"));
    }

    #[test]
    fn another_one_is_added_behind_and_what_is_wrong_is_said() {
        let first = new().added_to(None);
        let second = NewSanction {
            value: "other.example",
            ..new()
        }
        .added_to(Some(first.trim_end()));
        let wrong = |list: &str| policy(&NewSanction { list, ..new() }.added_to(None)).unwrap_err();

        assert_eq!(policy(&second).unwrap().sanctions().len(), 2);
        assert_eq!(
            wrong("sanctioned-storages"),
            "there is no list `sanctioned-storages`"
        );
        let missing =
            policy("schema = 1\n[[sanction]]\nlist = \"sanctioned-storage\"\nvalue = \"x.example\"\n")
                .unwrap_err();
        assert!(
            missing.contains("`reason`") && missing.contains("`owner`") && missing.contains("`expires`"),
            "{missing}"
        );
    }

    #[test]
    fn a_suffix_stands_for_what_ends_in_it() {
        let policy = policy("schema = 1\n").unwrap();
        let stands = |value: &str, other: &str| policy.stands_for("sanctioned-storage", value, other);

        assert!(stands("box.example", "Box.example") && stands("box.example", "a.box.example"));
        assert!(!stands("box.example", "notbox.example") && !stands("a.box.example", "box.example"));
    }
}
