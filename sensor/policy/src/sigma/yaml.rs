//! YAML into nodes that know their lines, within bounds.
//!
//! The documents of a file are told apart before they are read: a line that begins with `---` begins
//! one wherever it stands (YAML 1.2.2, sections 9.1.2 and 9.2), so that a damaged document leaves those
//! behind it whole. Depth, number of nodes and octets of their texts are bounded, and what an alias repeats
//! counts each time.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle};

/// Mappings and sequences that may stand inside each other.
const MAX_DEPTH: usize = 24;
/// Nodes of one document, those that aliases repeat among them.
const MAX_NODES: usize = 50_000;
/// Octets of the texts of one document, those that aliases repeat among them.
const MAX_OCTETS: usize = 4 << 20;
/// Documents of one file.
pub(super) const MAX_DOCUMENTS: usize = 10_000;

/// A value with the line on which it begins, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// Any other scalar, as it is written, without its quotes.
    Scalar(String),
    List(Vec<Node>),
    /// In the order of the file; each key once.
    Map(Vec<(Key, Node)>),
}

/// The key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) line: usize,
    pub(super) text: String,
}

/// Why a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) line: usize,
    pub(super) what: String,
}

impl Node {
    /// The value of a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|(known, _)| known.text == key);
        entry.map(|(_, node)| node)
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a sequence; of anything else itself alone, of null nothing.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }
}

/// The documents of a file, each by itself.
pub(super) fn documents(text: &str) -> Vec<Result<Node, Damage>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    for (line, part) in parts(text) {
        if found.len() == MAX_DOCUMENTS {
            let what = format!("more than {MAX_DOCUMENTS} documents");
            found.push(Err(Damage { line, what }));
            break;
        }
        match document(part, line) {
            Ok(Some(node)) => found.push(Ok(node)),
            Ok(None) => {}
            Err(damage) => found.push(Err(damage)),
        }
    }
    found
}

/// The text between markers, each with the lines before it.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let (mut begin, mut offset, mut line, mut first) = (0_usize, 0_usize, 0_usize, 0_usize);
    for content in text.split_inclusive('\n') {
        let is_marker = content
            .strip_prefix("---")
            .is_some_and(|rest| rest.starts_with(char::is_whitespace) || rest.is_empty());
        if is_marker && offset > begin {
            parts.push((first, text.get(begin..offset).unwrap_or_default()));
            (begin, first) = (offset, line);
        }
        offset = offset.saturating_add(content.len());
        line = line.saturating_add(1);
    }
    parts.push((first, text.get(begin..).unwrap_or_default()));
    parts
}

/// What is open while a document is read.
enum Open {
    List(Vec<Node>),
    Map(Entries),
}

/// The entries of a mapping so far.
#[derive(Default)]
struct Entries {
    all: Vec<(Key, Node)>,
    keys: HashSet<String>,
    /// The key whose value comes next.
    key: Option<Key>,
}

struct Builder {
    before: usize,
    /// What is open, with its line and its anchor.
    open: Vec<(Open, usize, usize)>,
    anchors: HashMap<usize, (Node, Size)>,
    size: Size,
    root: Option<Node>,
}

/// What a value takes.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    /// Of its texts, keys among them.
    octets: usize,
}

impl Size {
    const NOTHING: Self = Self { nodes: 0, octets: 0 };

    const fn of(text: &str) -> Self {
        Self {
            nodes: 1,
            octets: text.len(),
        }
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_add(other.nodes),
            octets: self.octets.saturating_add(other.octets),
        }
    }
}

/// The last line that anything stands on: what is missing at the end is missing there. A carriage return
/// ends a line too (YAML 1.2.2 section 5.4).
fn last_line(text: &str) -> usize {
    let text = text.trim_end().replace("\r\n", "\n");
    text.matches(['\n', '\r']).count().saturating_add(1)
}

/// Reads one document; nothing where there is none.
fn document(text: &str, before: usize) -> Result<Option<Node>, Damage> {
    let mut builder = Builder {
        before,
        open: Vec::new(),
        anchors: HashMap::new(),
        size: Size::NOTHING,
        root: None,
    };
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| Damage {
            line: before.saturating_add(error.marker().line().min(last_line(text))),
            what: format!("this is no YAML: {}", error.info()),
        })?;
        builder.event(event, span.start.line())?;
    }
    Ok(builder.root.filter(|root| root.value != Value::Null))
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<(), Damage> {
        let line = self.before.saturating_add(line);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let size = Size::of(&text);
                let is_null =
                    style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null {
                    Value::Null
                } else {
                    Value::Scalar(text.into_owned())
                };
                self.put(Node { line, value }, anchor, size)
            }
            Event::SequenceStart(anchor, _) => self.begin(Open::List(Vec::new()), line, anchor),
            Event::MappingStart(anchor, _) => self.begin(Open::Map(Entries::default()), line, anchor),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some((_, size)) = self.anchors.get(&anchor) else {
                    return damage(line, "an alias stands inside of what it names");
                };
                // Before it is copied.
                self.count(*size, line)?;
                match self.anchors.get(&anchor).cloned() {
                    Some((node, _)) => self.put(node, 0, Size::NOTHING),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, line: usize, anchor: usize) -> Result<(), Damage> {
        if self.open.len() >= MAX_DEPTH {
            return damage(
                line,
                &format!("more than {MAX_DEPTH} mappings and lists stand inside each other"),
            );
        }
        self.count(Size::of(""), line)?;
        self.open.push((open, line, anchor));
        Ok(())
    }

    fn end(&mut self) -> Result<(), Damage> {
        let Some((open, line, anchor)) = self.open.pop() else {
            return Ok(());
        };
        let value = match open {
            Open::List(items) => Value::List(items),
            Open::Map(entries) => Value::Map(entries.all),
        };
        self.put(Node { line, value }, anchor, Size::NOTHING)
    }

    /// Puts a value where it belongs. `size` is what it adds to that which was counted.
    fn put(&mut self, node: Node, anchor: usize, size: Size) -> Result<(), Damage> {
        let line = node.line;
        self.count(size, line)?;
        if anchor > 0 {
            let held = held(&node);
            self.count(held, line)?;
            self.anchors.insert(anchor, (node.clone(), held));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some((Open::List(items), _, _)) => items.push(node),
            Some((Open::Map(entries), _, _)) => match entries.key.take() {
                None => {
                    let Value::Scalar(text) = node.value else {
                        return damage(line, "a key is no plain text");
                    };
                    if !entries.keys.insert(text.clone()) {
                        return damage(line, &format!("the key `{text}` stands twice"));
                    }
                    entries.key = Some(Key { line, text });
                }
                Some(key) => entries.all.push((key, node)),
            },
        }
        Ok(())
    }

    fn count(&mut self, more: Size, line: usize) -> Result<(), Damage> {
        self.size = self.size.plus(more);
        let what = if self.size.nodes > MAX_NODES {
            format!("more than {MAX_NODES} values, those that aliases repeat among them")
        } else if self.size.octets > MAX_OCTETS {
            format!("texts of more than {MAX_OCTETS} octets, those that aliases repeat among them")
        } else {
            return Ok(());
        };
        damage(line, &what)
    }
}

/// What a value is made of. Aliases make it deeper than [`MAX_DEPTH`], within what [`MAX_NODES`] lets.
fn held(node: &Node) -> Size {
    let inner = match &node.value {
        Value::Null => Size::NOTHING,
        Value::Scalar(text) => return Size::of(text),
        Value::List(items) => items.iter().map(held).fold(Size::NOTHING, Size::plus),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| Size::of(&key.text).plus(held(node)))
            .fold(Size::NOTHING, Size::plus),
    };
    inner.plus(Size::of(""))
}

fn damage<T>(line: usize, what: &str) -> Result<T, Damage> {
    Err(Damage {
        line,
        what: what.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Node {
        documents(text).pop().unwrap().unwrap()
    }

    #[test]
    fn values_know_their_lines_and_keys_their_order() {
        let node = one("b: 1\na:\n  - 'x'\n  - ~\n  - \"~\"\n");

        let keys: Vec<_> = node
            .entries()
            .iter()
            .map(|(key, _)| (key.text.as_str(), key.line))
            .collect();
        assert_eq!(keys, [("b", 1), ("a", 2)]);
        let items: Vec<_> = node
            .get("a")
            .unwrap()
            .items()
            .iter()
            .map(|item| (item.line, item.text()))
            .collect();
        assert_eq!(items, [(3, Some("x")), (4, None), (5, Some("~"))]);
    }

    #[test]
    fn a_damaged_document_leaves_the_others_whole() {
        let found = documents("title: a\n---\ntitle: [b\n---\ntitle: c\n...\n");

        assert_eq!(found.len(), 3);
        assert_eq!(found[0].as_ref().unwrap().get("title").unwrap().text(), Some("a"));
        assert!(found[1].as_ref().unwrap_err().line >= 2, "{found:?}");
        assert_eq!(found[2].as_ref().unwrap().get("title").unwrap().line, 5);
    }

    #[test]
    fn a_key_that_stands_twice_is_damage() {
        let damage = documents("a: 1\nb: 2\na: 3\n").pop().unwrap().unwrap_err();

        assert_eq!(
            (damage.line, damage.what.as_str()),
            (3, "the key `a` stands twice")
        );
    }

    #[test]
    fn aliases_repeat_their_anchor_and_never_without_end() {
        let node = one("a: &x [1, 2]\nb: *x\n");
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            bomb.push_str(&format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{before}"); 9].join(", ")
            ));
        }

        assert_eq!(node.get("a").unwrap().value, node.get("b").unwrap().value);
        let damage = documents(&bomb).pop().unwrap().unwrap_err();
        assert!(damage.what.starts_with("more than 50000 values"), "{damage:?}");
        assert!(documents("a: &x [*x]\n").pop().unwrap().is_err());
    }

    #[test]
    fn depth_has_an_end() {
        for open in ["[", "{a: ", "- "] {
            let damage = documents(&open.repeat(100_000)).pop().unwrap().unwrap_err();
            assert!(!damage.what.is_empty());
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: String) {
            let _ = documents(&text);
        }

        #[test]
        fn nor_one_that_looks_like_yaml(parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "a", "- ", ": ", "\n", "  ", "[", "]", "{", "}", "&x ", "*x", "!t ", "'", "\"", "|\n", ">-\n",
                "#", "---\n", "...\n", "? ", ",", "%YAML 1.2\n", "\t", "\\", "@", "`", "~", "é", "\u{feff}", "\r",
            ]), 0..60)) {
            let _ = documents(&parts.concat());
        }
    }
}
