//! A tree of facts with fixed keys.
//!
//! It is held flat: one list of nodes, each followed by those below it, and one string with the words of
//! all of them. However large a tree is, two pieces of memory go from the thread that reads packets to
//! the one that writes lines, and whoever reads it goes through both from front to back.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::ser::{Serialize, Serializer};

use super::fact::{Fact, Group, Level, List};
use crate::{MacAddress, Timestamp};

/// Facts that a level usually has: room for them is made at once.
const USUAL: usize = 8;
/// Octets of words that there is room for at first.
const USUAL_TEXT: usize = 96;
/// The same for each fact that there is room for, where that is more.
const TEXT_A_FACT: usize = 20;

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

    /// The same, with room for so many octets of words too.
    #[must_use]
    pub fn with_room_for_words(facts: usize, octets: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(facts),
            text: String::with_capacity(octets),
        }
    }

    /// Puts a fact under a key. A key that is there already keeps its first fact.
    pub fn put(&mut self, key: &'static str, fact: impl Put) -> &mut Self {
        if !self.has(key) {
            fact.put_into(self, key);
        }
        self
    }

    /// Puts a fact under a key that is not there yet, without looking whether it is: for keys that stand
    /// in the code beside each other.
    pub fn add(&mut self, key: &'static str, fact: impl Put) -> &mut Self {
        fact.put_into(self, key);
        self
    }

    /// The same where there is one.
    pub fn add_some(&mut self, key: &'static str, fact: Option<impl Put>) -> &mut Self {
        if let Some(fact) = fact {
            fact.put_into(self, key);
        }
        self
    }

    /// Adds the facts that `fill` adds as one group below a key.
    pub fn add_group<R>(&mut self, key: &'static str, fill: impl FnOnce(&mut Below<'_>) -> R) -> R {
        self.add_below(key, Held::Group, fill)
    }

    /// Adds what `fill` adds as one list below a key, and no list where that is nothing.
    pub fn add_list<R>(&mut self, key: &'static str, fill: impl FnOnce(&mut Below<'_>) -> R) -> R {
        let at = self.nodes.len();
        let result = self.add_below(key, Held::List, fill);
        if self.nodes.len() == at.saturating_add(1) {
            self.nodes.truncate(at);
        }
        result
    }

    /// [`Facts::add_group`] where nothing is under the key yet.
    pub fn put_group(&mut self, key: &'static str, fill: impl FnOnce(&mut Below<'_>)) -> &mut Self {
        if !self.has(key) {
            self.add_group(key, fill);
        }
        self
    }

    /// [`Facts::add_list`] where nothing is under the key yet.
    pub fn put_list(&mut self, key: &'static str, fill: impl FnOnce(&mut Below<'_>)) -> &mut Self {
        if !self.has(key) {
            self.add_list(key, fill);
        }
        self
    }

    /// Adds every fact of another level; none of its keys is here yet.
    pub fn add_all(&mut self, others: &Self) -> &mut Self {
        self.graft_whole(others);
        self
    }

    /// Puts a fact under a key where there is one.
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

    /// How many facts there are on all levels, groups and lists among them.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The words of all facts, one behind the other.
    #[must_use]
    pub fn words(&self) -> &str {
        &self.text
    }

    /// Octets that the facts themselves take, without the room that is left.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.nodes
            .len()
            .saturating_mul(size_of::<Node>())
            .saturating_add(self.text.len())
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

    /// Adds nodes below one whose number is known when they are there.
    fn add_below<R>(
        &mut self,
        key: &'static str,
        held: impl FnOnce(u32) -> Held,
        fill: impl FnOnce(&mut Below<'_>) -> R,
    ) -> R {
        let at = self.nodes.len();
        self.push(key, Held::Flag(false));
        let result = fill(&mut Below(self));
        let below = self.nodes.len().saturating_sub(at).saturating_sub(1);
        if let Some(node) = self.nodes.get_mut(at) {
            node.held = held(count(below));
        }
        result
    }

    /// Makes room for the first words, and for `octets` of them.
    fn make_room(&mut self, octets: usize) {
        if self.text.capacity() == 0 {
            let usual = self.nodes.capacity().saturating_mul(TEXT_A_FACT);
            self.text.reserve(octets.max(usual).max(USUAL_TEXT));
        }
    }

    /// Writes words behind the others.
    fn write(&mut self, words: &str) -> Held {
        self.make_room(words.len());
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
        self.make_room(0);
        let at = count(self.text.len());
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

    /// The same for a tree as a whole, whose words stand behind one another already.
    fn graft_whole(&mut self, other: &Self) {
        if self.nodes.capacity() == 0 {
            self.nodes.reserve(USUAL.max(other.nodes.len()));
        }
        let Held::Text { at: base, .. } = self.write(&other.text) else {
            return;
        };
        let moved = |at: u32| at.saturating_add(base);
        self.nodes.extend(other.nodes.iter().map(|node| {
            let held = match node.held {
                Held::Text { at, end } => Held::Text {
                    at: moved(at),
                    end: moved(end),
                },
                held => held,
            };
            Node { key: node.key, held }
        }));
    }
}

/// The inside of a group or of a list that is being added: keys of a group each once; those of a list
/// are empty.
#[derive(Debug)]
pub struct Below<'a>(&'a mut Facts);

impl Below<'_> {
    /// Adds a fact.
    pub fn add(&mut self, key: &'static str, fact: impl Put) -> &mut Self {
        self.0.add(key, fact);
        self
    }

    /// The same where there is one.
    pub fn add_some(&mut self, key: &'static str, fact: Option<impl Put>) -> &mut Self {
        self.0.add_some(key, fact);
        self
    }

    /// Adds a group.
    pub fn add_group<R>(&mut self, key: &'static str, fill: impl FnOnce(&mut Below<'_>) -> R) -> R {
        self.0.add_group(key, fill)
    }

    /// Octets of everything that was added to the whole so far.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.0.octets()
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

impl Put for Cow<'_, str> {
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
spelled!(Ipv6Addr fmt::Arguments<'_>);

impl Put for IpAddr {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        match self {
            Self::V4(address) => address.put_into(facts, key),
            Self::V6(address) => address.put_into(facts, key),
        }
    }
}

/// As it shows itself; addresses are many, and [`fmt`] takes its time over every number.
impl Put for Ipv4Addr {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        let (mut text, mut len) = ([0; 15], 0_usize);
        let mut push = |octet: u8| {
            if let Some(place) = text.get_mut(len) {
                *place = octet;
                len = len.saturating_add(1);
            }
        };
        for (at, octet) in self.octets().into_iter().enumerate() {
            if at > 0 {
                push(b'.');
            }
            if octet >= 100 {
                push(decimal(octet / 100));
            }
            if octet >= 10 {
                push(decimal(octet / 10));
            }
            push(decimal(octet));
        }
        let text = text.get(..len).and_then(|text| std::str::from_utf8(text).ok());
        text.unwrap_or_default().put_into(facts, key);
    }
}

/// The same.
impl Put for MacAddress {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        let mut text = [b':'; 17];
        for (pair, octet) in text.chunks_mut(3).zip(self.0) {
            if let [high, low, ..] = pair {
                (*high, *low) = (digit(octet >> 4), digit(octet & 15));
            }
        }
        std::str::from_utf8(&text)
            .unwrap_or_default()
            .put_into(facts, key);
    }
}

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
        facts.push(key, Held::Group(count(self.nodes.len())));
        facts.graft_whole(self);
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

/// A hexadecimal digit of four bits.
const fn digit(nibble: u8) -> u8 {
    nibble.wrapping_add(if nibble < 10 { b'0' } else { b'a'.wrapping_sub(10) })
}

/// The last decimal digit of a number.
const fn decimal(number: u8) -> u8 {
    (number % 10).wrapping_add(b'0')
}

impl<T: Put> Put for Vec<T> {
    fn put_into(self, facts: &mut Facts, key: &'static str) {
        facts.add_below(key, Held::List, |list| {
            for one in self {
                list.add("", one);
            }
        });
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
    fn what_is_added_in_its_place_is_what_is_put_there() {
        let mut query = Facts::new();
        query.put("rrname", "example.org").put("rrtype", "A");
        let mut put = Facts::new();
        put.put("id", 7_u16)
            .put("queries", vec![query.clone(), query.clone()])
            .put("inner", &query);

        let mut added = Facts::with_room(2);
        added.add("id", 7_u16);
        added.add_list("queries", |list| {
            for _ in 0..2 {
                list.add_group("", |group| {
                    group.add("rrname", "example.org").add("rrtype", "A");
                });
            }
        });
        added.add_list("none", |_| ());
        added.add_group("inner", |group| {
            group.add("rrname", "example.org").add_some("rrtype", Some("A"));
        });
        let mut all = Facts::new();
        all.add("before", "x").add_all(&added);

        assert_eq!(added, put);
        assert_eq!(all.get("inner"), put.get("inner"));
        assert_eq!(all.text("queries.rrtype"), Some("A"));
    }

    #[test]
    fn addresses_are_spelled_as_they_show_themselves() {
        let mut number = 1_u32;
        for _ in 0..10_000 {
            number = number.wrapping_mul(2_654_435_761).wrapping_add(12_345);
            let [a, b, c, d] = number.to_be_bytes();
            let (four, mac) = (Ipv4Addr::from(number), MacAddress([a, b, c, d, a, b]));
            let mut facts = Facts::new();
            facts
                .put("four", four)
                .put("mac", mac)
                .put("ip", IpAddr::V4(four));

            assert_eq!(facts.text("four"), Some(&*four.to_string()));
            assert_eq!(facts.text("ip"), facts.text("four"));
            assert_eq!(facts.text("mac"), Some(&*mac.to_string()));
        }
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
