//! Asking a row. Fields were found and values read when the expression was parsed; here values
//! are only compared, and nothing is allocated.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use regex::Regex;
use sekisho_model::fields::{Field, Value, find};
use sekisho_model::{FlowRecord, Timestamp};

use crate::environment::Window;
use crate::list::List;
use crate::spans::Spans;
use crate::wordset::Words;

/// What a filter can be asked about: anything that has values for the fields of the table.
pub trait Row {
    /// The value of a field of [`sekisho_model::fields::FIELDS`].
    fn value(&self, field: &'static Field) -> Value<'_>;
}

impl Row for FlowRecord {
    fn value(&self, field: &'static Field) -> Value<'_> {
        // The getter owns the word for a protocol; nearly every protocol has one that need not be.
        if field.name == "protocol"
            && let Some(name) = self.protocol.name()
        {
            return Value::Text(Cow::Borrowed(name));
        }
        (field.get)(self)
    }
}

#[derive(Clone)]
pub(crate) enum Test {
    Any(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
    Compare(Comparison),
}

#[derive(Clone)]
pub(crate) struct Comparison {
    pub(crate) field: &'static Field,
    pub(crate) set: Set,
    /// `!=`: any value but those of the set.
    pub(crate) negated: bool,
}

#[derive(Clone)]
pub(crate) enum Set {
    Text(TextTest),
    Number(Spans<u64>),
    Address(Spans<IpAddr>),
    Time(Spans<i64>),
    Seconds(Spans<f64>),
    Listed(Arc<List>),
    Open(Arc<dyn Window>),
}

#[derive(Clone)]
pub(crate) enum TextTest {
    Among(Words),
    /// Lower case.
    Contains(Box<str>),
    Matches(Regex),
}

impl Test {
    pub(crate) fn is_true_of(&self, row: &dyn Row) -> bool {
        match self {
            Self::Any(tests) => tests.iter().any(|test| test.is_true_of(row)),
            Self::All(tests) => tests.iter().all(|test| test.is_true_of(row)),
            Self::Not(test) => !test.is_true_of(row),
            Self::Compare(comparison) => comparison.is_true_of(row),
        }
    }

    /// The lists that are asked, each with its field.
    pub(crate) fn lists(&self) -> Vec<(&'static Field, &List)> {
        match self {
            Self::Any(tests) | Self::All(tests) => tests.iter().flat_map(Self::lists).collect(),
            Self::Not(test) => test.lists(),
            Self::Compare(Comparison { field, set, .. }) => match set {
                Set::Listed(list) => vec![(*field, &**list)],
                _ => Vec::new(),
            },
        }
    }
}

impl Comparison {
    fn is_true_of(&self, row: &dyn Row) -> bool {
        let value = row.value(self.field);
        if value == Value::Absent {
            return false;
        }
        let at = || match &self.set {
            Set::Listed(list) if list.expires() => start_of(row),
            _ => Timestamp::MIN,
        };
        self.accepts(&value, at)
    }

    /// Whether a value is accepted in a row that began at an instant.
    pub(crate) fn accepts(&self, value: &Value<'_>, at: impl FnOnce() -> Timestamp) -> bool {
        let inside = match (&self.set, value) {
            (_, Value::Text(words)) if self.field.several => return self.accepts_one(words, at()),
            (Set::Text(test), Value::Text(value)) => test.is_true_of(value),
            (Set::Number(spans), Value::Number(value)) => spans.contains(*value),
            (Set::Address(spans), Value::Address(value)) => spans.contains(*value),
            (Set::Time(spans), Value::Time(value)) => spans.contains(value.nanos()),
            (Set::Seconds(spans), Value::Seconds(value)) => spans.contains(*value),
            (Set::Open(window), Value::Time(value)) => window.is_open(*value),
            (Set::Listed(_), Value::Absent) => return false,
            (Set::Listed(list), value) => list.contains(value, at()),
            // Absent, or a row that gives a value of another type than the table says.
            _ => return false,
        };
        inside != self.negated
    }

    /// The same of several words: what holds of one of them holds, and `!=` where it holds of none.
    fn accepts_one(&self, words: &str, at: Timestamp) -> bool {
        let inside = words.split_ascii_whitespace().any(|word| match &self.set {
            Set::Text(test) => test.is_true_of(word),
            Set::Listed(list) => list.contains(&Value::Text(Cow::Borrowed(word)), at),
            _ => false,
        });
        inside != self.negated
    }
}

/// When a row began, for terms; a row that does not say has outlived every term.
fn start_of(row: &dyn Row) -> Timestamp {
    match find("start").map(|start| row.value(start)) {
        Some(Value::Time(start)) => start,
        _ => Timestamp::MAX,
    }
}

impl TextTest {
    pub(crate) fn contains(part: &str) -> Self {
        Self::Contains(part.to_lowercase().into())
    }

    pub(crate) fn is_true_of(&self, value: &str) -> bool {
        match self {
            Self::Among(words) => words.has(value),
            Self::Contains(part) => contains(value, part),
            Self::Matches(pattern) => pattern.is_match(value),
        }
    }
}

fn contains(value: &str, part: &str) -> bool {
    if part.is_empty() {
        return true;
    }
    if part.is_ascii() {
        return value
            .as_bytes()
            .windows(part.len())
            .any(|window| window.eq_ignore_ascii_case(part.as_bytes()));
    }
    value.char_indices().any(|(at, _)| {
        let mut rest = value
            .get(at..)
            .unwrap_or_default()
            .chars()
            .flat_map(char::to_lowercase);
        part.chars().all(|c| rest.next() == Some(c))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sekisho_model::{FlowRecord, MacAddress, Protocol, Verdict};

    use crate::Filter;

    fn record() -> FlowRecord {
        FlowRecord {
            orig_zone: Arc::from("総務課"),
            resp_zone: Arc::from("Server"),
            orig_mac: MacAddress::parse("52:54:00:12:34:56"),
            verdict: Verdict::Denied,
            rule: Arc::from("PATH-DENY"),
            ..FlowRecord::example()
        }
    }

    #[track_caller]
    fn check(text: &str, expected: bool) {
        let filter = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&record()), expected, "{text}");
    }

    #[test]
    fn comparisons_say_what_the_record_says() {
        for text in [
            "192.0.2.1",
            "198.51.100.0/24",
            "address == 192.0.2.1",
            "orig.address in {10.0.0.0/8, 192.0.2.0..192.0.2.9}",
            "orig.address != 10.0.0.0/8",
            "resp.port == 443",
            "resp.port != 80",
            "resp.port > 442 and resp.port >= 443 and resp.port < 444 and resp.port <= 443",
            "resp.port in {80, 400..500}",
            "resp.port in 400..500",
            "resp.port not in {80}",
            "port == 443",
            "orig.zone == 総務課",
            "resp.zone == SERVER",
            "zone == server",
            "resp.zone contains erv",
            "orig.zone contains 務",
            "rule matches \"^PATH-[A-Z]+$\"",
            "mac == 52-54-00-12-34-56",
            "mac contains 52:54",
            "protocol == TCP",
            "protocol == 6",
            "verdict in {denied, unknown}",
            "conn_state == s0",
            "duration == 1s",
            "duration < 1001ms and duration > 0.999",
            "start == \"2026-01-01T00:00:00Z\"",
            "start < 2026-01-01T09:00:01+09:00",
            "octets < 1k",
            "orig.tcp_flags == 0x02",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn comparisons_deny_what_the_record_does_not_say() {
        for text in [
            "10.0.0.1",
            "address != 192.0.2.1",
            "port != 443",
            "resp.port < 443",
            "resp.port > 443",
            "resp.port < 0",
            "resp.port > 18446744073709551615",
            "rule matches \"^path\"",
            "zone == unknown",
            "zone contains \"server \"",
            "duration < 1",
            "orig.address == ::ffff:192.0.2.1",
            "address == ::/0",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn an_absent_value_makes_every_comparison_false() {
        for text in [
            "vlan == 1",
            "vlan != 1",
            "vlan < 5",
            "vlan in {1}",
            "resp.mac contains 5",
        ] {
            check(text, false);
            check(&format!("not {text}"), true);
        }
    }

    #[test]
    fn several_names_are_asked_one_by_one() {
        let mut app = Box::new(sekisho_model::App::default());
        for name in ["www.example.jp", "tracker.example.net"] {
            app.add(sekisho_model::Essential::QueryName, name, "dns.queries.rrname");
        }
        let record = FlowRecord {
            app: Some(app),
            ..FlowRecord::example()
        };
        let is_true = |text: &str| Filter::parse(text).unwrap().matches(&record);

        for text in [
            "query_name == tracker.example.net",
            "query_name in {x.example, WWW.example.jp}",
            "query_name matches \"^tracker\"",
            "query_name contains \"racker.ex\"",
            "query_name != x.example",
        ] {
            assert!(is_true(text), "{text}");
        }
        for text in [
            "query_name == \"www.example.jp tracker.example.net\"",
            "query_name != www.example.jp",
            "query_name matches \"jp.tracker\"",
        ] {
            assert!(!is_true(text), "{text}");
        }
    }

    #[test]
    fn a_row_may_be_anything_with_values() {
        struct Bare;
        impl super::Row for Bare {
            fn value(&self, field: &'static sekisho_model::fields::Field) -> super::Value<'_> {
                match field.name {
                    "resp.port" => super::Value::Number(53),
                    _ => super::Value::Absent,
                }
            }
        }

        assert!(Filter::parse("port == 53").unwrap().matches(&Bare));
        assert!(!Filter::parse("protocol == udp").unwrap().matches(&Bare));
    }

    #[test]
    fn a_protocol_without_a_word_is_a_number() {
        let record = FlowRecord {
            protocol: Protocol(253),
            ..FlowRecord::example()
        };

        assert!(Filter::parse("protocol == 253").unwrap().matches(&record));
    }
}
