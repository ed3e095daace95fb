//! A tree of facts with fixed keys.
//!
//! It is held flat: one list of nodes, each followed by those below it, and one string with the words of
//! all of them. However large a tree is, two pieces of memory go from the thread that reads packets to
//! the one that writes lines, and whoever reads it goes through both from front to back.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::ser::{Serialize, Serializer};

use super::fact::{Fact, Group, Level, List};
use crate::{MacAddress, Timestamp};

/// Facts that a level usually has: room for them is made at once.
const USUAL: usize = 8;
/// Octets of words that there is room for at first.
const USUAL_TEXT: usize = 96;

/// Facts by key, in the order in which they were put there; written as one JSON object.
#[derive(Clone, Default)]
pub struct Facts {
    nodes: Vec<Node>,
    text: String,
}

/// A key and what stands there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) key: &'static str,
    pub(super) held: Held,
}

/// What stands at a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Held {
    /// Words, from one octet of the text to before another.
    Text {
        at: u32,
        end: u32,
    },
    Number(u64),
    Real(f64),
    Flag(bool),
    Time(Timestamp),
    /// So many nodes that follow.
    List(u32),
    /// The same.
    Group(u32),
}

/// Something that can be put among facts.
pub trait Put {
    /// Puts it there under a key that is not there yet.
    fn put_into(self, facts: &mut Facts, key: &'static str);
}

impl Facts {
    /// No facts.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodes: Vec::new(),
            text: String::new(),
        }
    }

    /// No facts yet, with room for so many: growing costs more than what it saves.
    #[must_use]
    pub fn with_room(facts: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(facts),
            text: String::new(),
        }
    }

    /// Puts a fact under a key. A key that is there already keeps its first fact.
    pub fn put(&mut self, key: &'static str, fact: impl Put) -> &mut Self {
        if !self.has(key) {
            fact.put_into(self, key);
        }
        self
    }

    /// The same where there is one.
    pub fn put_some(&mut self, key: &'static str, fact: Option<impl Put>) -> &mut Self {
        match fact {
            Some(fact) => self.put(key, fact),
            None => self,
        }
    }

    /// Takes over every fact of another level whose key is not here yet.
    pub fn put_all(&mut self, others: &Self) -> &mut Self {
        for (key, fact) in others.iter() {
            self.put(key, fact);
        }
        self
    }

    /// All of them, to be read.
    #[must_use]
    pub fn all(&self) -> Group<'_> {
        Group(self.level())
    }

    /// The fact under a key of this level.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Fact<'_>> {
        self.all().get(key)
    }

    /// The words at a path such as `ja3.hash`; the first of a list.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.all().text(path)
    }

    /// The number at a path.
    #[must_use]
    pub fn number(&self, path: &str) -> Option<u64> {
        self.all().number(path)
    }

    /// The fact at a path; the first of each list on the way.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<Fact<'_>> {
        self.all().at(path)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Keys and facts of this level.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Fact<'_>)> {
        self.all().iter()
    }

    /// The paths of every leaf, as [`super::FactRow::path`] writes them.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.all().paths(&mut paths);
        paths
    }

    /// Octets that it holds besides its own size.
    #[must_use]
    pub const fn heap_octets(&self) -> usize {
        self.nodes
            .capacity()
            .saturating_mul(size_of::<Node>())
            .saturating_add(self.text.capacity())
    }

    fn level(&self) -> Level<'_> {
        Level {
            nodes: &self.nodes,
            text: &self.text,
        }
    }

    fn has(&self, key: &str) -> bool {
        let mut left = &self.nodes[..];
        while let Some((node, rest)) = left.split_first() {
            if node.key == key {
                return true;
            }
            left = rest.get(node.below()..).unwrap_or_default();
        }
        false
    }

    fn push(&mut self, key: &'static str, held: Held) {
        if self.nodes.capacity() == 0 {
            self.nodes.reserve(USUAL);
        }
        self.nodes.push(Node { key, held });
    }

    /// Writes words behind the others.
    fn write(&mut self, words: &str) -> Held {
        if self.text.capacity() == 0 {
            self.text.reserve(words.len().max(USUAL_TEXT));
        }
        let at = count(self.text.len());
        self.text.push_str(words);
        Held::Text {
            at,
            end: count(self.text.len()),
        }
    }

    /// The same for what shows itself.
    fn spell(&mut self, words: impl fmt::Display) -> Held {
        use fmt::Write as _;
        let at = count(self.text.len());
        if at == 0 {
            self.text.reserve(USUAL_TEXT);
        }
        // A string takes whatever is written.
        let _ = write!(self.text, "{words}");
        Held::Text {
            at,
            end: count(self.text.len()),
        }
    }

    /// Puts nodes of another tree below a node.
    fn graft(&mut self, level: Level<'_>) {
        self.nodes.reserve(level.nodes.len());
        for node in level.nodes {
            let held = match node.held {
                Held::Text { at, end } => {
                    self.write(level.text.get(at as usize..end as usize).unwrap_or_default())
                }
                held => held,
            };
            self.nodes.push(Node { key: node.key, held });
        }
    }
}

impl Node {
    /// Nodes below it.
    const fn below(&self) -> usize {
        match self.held {
            Held::List(count) | Held::Group(count) => count as usize,
            _ => 0,
        }
    }
}

/// Facts are bounded far below this.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Put for &str {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        let held = facts.write(self);
        facts.push(key, held);
    }
}

impl Put for Box<str> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        (*self).put_into(facts, key);
    }
}

impl Put for String {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        (*self).put_into(facts, key);
    }
}

/// What has one way to be spelled is spelled where it stands.
macro_rules! spelled {
    ($($kind:ty)*) => {
        $(impl Put for $kind {
            fn put_into(self, facts: &mut Facts, key: &'static str) {
                let held = facts.spell(self);
                facts.push(key, held);
            }
        })*
    };
}
spelled!(MacAddress Ipv4Addr Ipv6Addr IpAddr fmt::Arguments<'_>);

macro_rules! numbers {
    ($($kind:ty)*) => {
        $(impl Put for $kind {
            fn put_into(self, facts: &mut Facts, key: &'static str) {
                facts.push(key, Held::Number(u64::from(self)));
            }
        })*
    };
}
numbers!(u8 u16 u32 u64);

impl Put for bool {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.push(key, Held::Flag(self));
    }
}

impl Put for f64 {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.push(key, Held::Real(self));
    }
}

impl Put for Timestamp {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.push(key, Held::Time(self));
    }
}

impl Put for Facts {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        (&self).put_into(facts, key);
    }
}

impl Put for &Facts {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        self.all().put_into(facts, key);
    }
}

impl Put for Group<'_> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.push(key, Held::Group(count(self.0.nodes.len())));
        facts.graft(self.0);
    }
}

impl Put for List<'_> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.push(key, Held::List(count(self.0.nodes.len())));
        facts.graft(self.0);
    }
}

impl<T: Put> Put for Vec<T> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        let at = facts.nodes.len();
        facts.push(key, Held::List(0));
        for one in self {
            one.put_into(facts, "");
        }
        let below = facts.nodes.len().saturating_sub(at).saturating_sub(1);
        if let Some(node) = facts.nodes.get_mut(at) {
            node.held = Held::List(count(below));
        }
    }
}

impl Put for Fact<'_> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        match self {
            Fact::Text(text) => text.put_into(facts, key),
            Fact::Number(number) => number.put_into(facts, key),
            Fact::Real(number) => number.put_into(facts, key),
            Fact::Flag(flag) => flag.put_into(facts, key),
            Fact::Time(time) => time.put_into(facts, key),
            Fact::List(list) => list.put_into(facts, key),
            Fact::Group(group) => group.put_into(facts, key),
        }
    }
}

impl PartialEq for Facts {
    fn eq(&self, other: &Self) -> bool {
        self.all() == other.all()
    }
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all().fmt(f)
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.all().serialize(serializer)
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

    #[test]
    fn what_is_put_into_another_tree_is_the_same_there() {
        let mut one = Facts::new();
        one.put("list", vec!["a", "", "業務"])
            .put("none", Vec::<u8>::new())
            .put("inner", example())
            .put("list", vec!["b"]);
        let mut other = Facts::new();
        other
            .put("word", "x")
            .put("one", &one)
            .put_all(&one)
            .put("end", true);

        assert_eq!(other.get("one"), Some((&one).into()));
        assert_eq!(other.get("inner"), one.get("inner"));
        assert_eq!(
            serde_json::to_string(&other).unwrap(),
            format!(
                r#"{{"word":"x","one":{{{inner}}},{inner},"end":true}}"#,
                inner = r#""list":["a","","業務"],"none":[],"inner":{"id":7,"queries":[{"rrname":"example.org","rrtype":"A"}]}"#
            )
        );
        assert_eq!(other.text("one.list"), Some("a"));
        assert_ne!(one, other);
    }
}
