//! A tree of facts with fixed keys.

use compact_str::CompactString;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::Timestamp;

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// Words; hostile, like everything that was read from a packet. Most are short, and stand here
    /// themselves.
    Text(CompactString),
    /// An unsigned number.
    Number(u64),
    /// A number with fractions.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Time(Timestamp),
    /// Several of one kind.
    List(Vec<Fact>),
    /// Facts below a key.
    Group(Facts),
}

/// What kind of value a row of a protocol's table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// Words.
    Text,
    /// An unsigned number.
    Number,
    /// A number with fractions.
    Real,
    /// Yes or no.
    Flag,
    /// An instant.
    Time,
}

/// One row of what is read from a protocol.
#[derive(Debug, Clone, Copy)]
pub struct FactRow {
    /// Keys from the protocol's own down, joined with points: `ja3.hash`. Lists are passed over:
    /// `queries.rrname` stands for each query's name.
    pub path: &'static str,
    /// Type.
    pub kind: FactKind,
    /// Japanese label.
    pub label_ja: &'static str,
    /// English label.
    pub label_en: &'static str,
}

/// Facts that a level usually has: room for them is made at once.
const USUAL: usize = 8;

/// Facts by key, in the order in which they were put there; written as one JSON object.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts(Vec<(&'static str, Fact)>);

impl Facts {
    /// No facts.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// No facts yet, with room for so many: growing costs more than what it saves.
    #[must_use]
    pub fn with_room(facts: usize) -> Self {
        Self(Vec::with_capacity(facts))
    }

    /// Puts a fact under a key. A key that is there already keeps its first fact.
    pub fn put(&mut self, key: &'static str, fact: impl Into<Fact>) -> &mut Self {
        if self.get(key).is_none() {
            if self.0.capacity() == 0 {
                self.0.reserve(USUAL);
            }
            self.0.push((key, fact.into()));
        }
        self
    }

    /// The same where there is one.
    pub fn put_some(&mut self, key: &'static str, fact: Option<impl Into<Fact>>) -> &mut Self {
        match fact {
            Some(fact) => self.put(key, fact),
            None => self,
        }
    }

    /// The fact under a key of this level.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Fact> {
        self.0
            .iter()
            .find_map(|(name, fact)| (*name == key).then_some(fact))
    }

    /// The words at a path such as `ja3.hash`; the first of a list.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.at(path)? {
            Fact::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number at a path.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<u64> {
        match self.at(path)? {
            Fact::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The fact at a path; the first of each list on the way.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Fact> {
        let (key, rest) = path
            .split_once('.')
            .map_or((path, None), |(key, rest)| (key, Some(rest)));
        let mut fact = self.get(key)?;
        while let Fact::List(list) = fact {
            fact = list.first()?;
        }
        match (rest, fact) {
            (None, fact) => Some(fact),
            (Some(rest), Fact::Group(facts)) => facts.at(rest),
            (Some(_), _) => None,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over every fact of another level whose key is not here yet.
    pub fn put_all(&mut self, others: Self) -> &mut Self {
        for (key, fact) in others.0 {
            self.put(key, fact);
        }
        self
    }

    /// Keys and facts of this level.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Fact)> {
        self.0.iter().map(|(key, fact)| (*key, fact))
    }

    /// The paths of every leaf, as [`FactRow::path`] writes them.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (key, fact) in &self.0 {
            fact.paths(key, &mut paths);
        }
        paths
    }
}

impl Fact {
    fn paths(&self, here: &str, into: &mut Vec<String>) {
        match self {
            Self::List(list) => list.iter().for_each(|fact| fact.paths(here, into)),
            Self::Group(facts) => {
                for (key, fact) in &facts.0 {
                    fact.paths(&format!("{here}.{key}"), into);
                }
            }
            _ => into.push(here.to_owned()),
        }
    }
}

impl From<Box<str>> for Fact {
    fn from(text: Box<str>) -> Self {
        Self::Text(text.into())
    }
}

impl From<CompactString> for Fact {
    fn from(text: CompactString) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

macro_rules! numbers {
    ($($kind:ty)*) => {
        $(impl From<$kind> for Fact {
            fn from(number: $kind) -> Self {
                Self::Number(u64::from(number))
            }
        })*
    };
}
numbers!(u8 u16 u32 u64);

impl From<bool> for Fact {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<f64> for Fact {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<Timestamp> for Fact {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<Facts> for Fact {
    fn from(facts: Facts) -> Self {
        Self::Group(facts)
    }
}

impl<T: Into<Fact>> From<Vec<T>> for Fact {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Real(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Time(time) => time.serialize(serializer),
            Self::List(list) => serializer.collect_seq(list),
            Self::Group(facts) => facts.serialize(serializer),
        }
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, fact) in &self.0 {
            map.serialize_entry(key, fact)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Facts {
        let mut query = Facts::new();
        query.put("rrname", "example.org").put("rrtype", "A");
        let mut facts = Facts::new();
        facts
            .put("id", 7_u16)
            .put("queries", vec![query])
            .put("id", 8_u16);
        facts
    }

    #[test]
    fn facts_are_written_as_the_object_they_are() {
        let json = serde_json::to_string(&example()).unwrap();

        assert_eq!(
            json,
            r#"{"id":7,"queries":[{"rrname":"example.org","rrtype":"A"}]}"#
        );
    }

    #[test]
    fn a_path_passes_over_lists() {
        let facts = example();

        assert_eq!(facts.text("queries.rrname"), Some("example.org"));
        assert_eq!(facts.number("id"), Some(7));
        assert_eq!(facts.text("queries.missing"), None);
        assert_eq!(facts.paths(), ["id", "queries.rrname", "queries.rrtype"]);
    }
}
