//! One fact, and the levels of a tree of them, as they are read: borrowed from the [`Facts`] that hold them.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::facts::{Facts, Held, Node};
use crate::Timestamp;

/// One fact.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact<'a> {
    /// Words; hostile, like everything that was read from a packet.
    Text(&'a str),
    /// An unsigned number.
    Number(u64),
    /// A number with fractions.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// An instant.
    Time(Timestamp),
    /// Several of one kind.
    List(List<'a>),
    /// Facts below a key.
    Group(Group<'a>),
}

/// Several facts of one kind.
#[derive(Clone, Copy)]
pub struct List<'a>(pub(super) Level<'a>);

/// Facts by key, in the order in which they were put there.
#[derive(Clone, Copy)]
pub struct Group<'a>(pub(super) Level<'a>);

/// Nodes of one level, each followed by those below it, and the words of all of them.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) text: &'a str,
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

impl<'a> List<'a> {
    /// The facts.
    pub fn iter(&self) -> impl Iterator<Item = Fact<'a>> + use<'a> {
        self.0.walk().map(|(_, fact)| fact)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.nodes.is_empty()
    }
}

impl<'a> Group<'a> {
    /// The fact under a key of this level.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Fact<'a>> {
        self.iter().find_map(|(name, fact)| (name == key).then_some(fact))
    }

    /// The fact at a path such as `ja3.hash`; the first of each list on the way.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Fact<'a>> {
        let (key, rest) = path
            .split_once('.')
            .map_or((path, None), |(key, rest)| (key, Some(rest)));
        let mut fact = self.get(key)?;
        while let Fact::List(list) = fact {
            fact = list.iter().next()?;
        }
        match (rest, fact) {
            (None, fact) => Some(fact),
            (Some(rest), Fact::Group(facts)) => facts.at(rest),
            (Some(_), _) => None,
        }
    }

    /// The words at a path; the first of a list.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&'a str> {
        match self.at(path)? {
            Fact::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number at a path.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<u64> {
        match self.at(path)? {
            Fact::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Keys and facts of this level.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Fact<'a>)> + use<'a> {
        self.0.walk()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.nodes.is_empty()
    }

    pub(super) fn paths(&self, into: &mut Vec<String>) {
        for (key, fact) in self.iter() {
            fact.paths(key, into);
        }
    }
}

impl Fact<'_> {
    fn paths(&self, here: &str, into: &mut Vec<String>) {
        match self {
            Self::List(list) => list.iter().for_each(|fact| fact.paths(here, into)),
            Self::Group(facts) => {
                for (key, fact) in facts.iter() {
                    fact.paths(&format!("{here}.{key}"), into);
                }
            }
            _ => into.push(here.to_owned()),
        }
    }
}

impl<'a> Level<'a> {
    /// The facts of this level, each with its key.
    fn walk(self) -> impl Iterator<Item = (&'static str, Fact<'a>)> + use<'a> {
        let Self { nodes, text } = self;
        let mut left = nodes.iter();
        std::iter::from_fn(move || {
            let Node { key, held } = *left.next()?;
            let mut below = |count: u32| {
                let (below, rest) = left
                    .as_slice()
                    .split_at_checked(count as usize)
                    .unwrap_or_default();
                left = rest.iter();
                Level { nodes: below, text }
            };
            let fact = match held {
                Held::Text { at, end } => Fact::Text(text.get(at as usize..end as usize).unwrap_or_default()),
                Held::Number(number) => Fact::Number(number),
                Held::Real(number) => Fact::Real(number),
                Held::Flag(flag) => Fact::Flag(flag),
                Held::Time(time) => Fact::Time(time),
                Held::List(count) => Fact::List(List(below(count))),
                Held::Group(count) => Fact::Group(Group(below(count))),
            };
            Some((key, fact))
        })
    }
}

impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl PartialEq for Group<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl std::fmt::Debug for Group<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a> From<&'a str> for Fact<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Fact<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Timestamp> for Fact<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Time(time)
    }
}

impl<'a> From<&'a Facts> for Fact<'a> {
    fn from(facts: &'a Facts) -> Self {
        Self::Group(facts.all())
    }
}

impl Serialize for Fact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Real(number) => serializer.serialize_f64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Time(time) => time.serialize(serializer),
            Self::List(list) => {
                let mut all = serializer.serialize_seq(None)?;
                for fact in list.iter() {
                    all.serialize_element(&fact)?;
                }
                all.end()
            }
            Self::Group(facts) => facts.serialize(serializer),
        }
    }
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, fact) in self.iter() {
            map.serialize_entry(key, &fact)?;
        }
        map.end()
    }
}
