//! What is looked for: stretches of keys, each kind by itself.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::DailyKind;
use super::kind::{MAX_KEY, address_key};

/// What is looked for in daily sets.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    spans: [Vec<Span>; DailyKind::ALL.len()],
    is_sorted: bool,
}

/// A stretch of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    low: Box<str>,
    /// The first key after it; nothing where it is one key alone.
    high: Option<Box<str>>,
}

impl Wanted {
    /// Nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one value.
    pub fn value(&mut self, kind: DailyKind, word: &str) {
        if let Some(word) = kind.normal(word) {
            self.push(kind, kind.key(&word), None);
        }
    }

    /// Adds the names below a name, not itself.
    pub fn below(&mut self, name: &str) {
        if let Some(name) = DailyKind::Name.normal(name) {
            let key = DailyKind::Name.key(&name);
            // `/` is the character behind `.`.
            self.push(DailyKind::Name, format!("{key}."), Some(format!("{key}/")));
        }
    }

    /// Adds every address from one to another.
    pub fn addresses(&mut self, first: IpAddr, last: IpAddr) {
        let (low, high) = (address_key(first), address_key(last));
        match low.cmp(&high) {
            Ordering::Less => self.push(DailyKind::Address, low, Some(high + "\0")),
            Ordering::Equal => self.push(DailyKind::Address, low, None),
            Ordering::Greater => {}
        }
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(Vec::is_empty)
    }

    fn push(&mut self, kind: DailyKind, low: String, high: Option<String>) {
        debug_assert!(low.len() <= MAX_KEY + 1);
        if let Some(spans) = self.spans.get_mut(kind.index()) {
            spans.push(Span {
                low: low.into(),
                high: high.map(Into::into),
            });
            self.is_sorted = false;
        }
    }

    /// The same with stretches in order, apart from each other.
    pub(super) fn sorted(mut self) -> Self {
        if !self.is_sorted {
            for spans in &mut self.spans {
                *spans = apart(std::mem::take(spans));
            }
            self.is_sorted = true;
        }
        self
    }

    /// What is looked for of a kind.
    pub(super) fn of(&self, kind: DailyKind) -> &[Span] {
        self.spans.get(kind.index()).map_or(&[], Vec::as_slice)
    }
}

impl Span {
    /// Where a key stands: before the stretch, in it, or behind it.
    pub(super) fn place(&self, key: &[u8]) -> Ordering {
        match key.cmp(self.low.as_bytes()) {
            Ordering::Greater => match &self.high {
                Some(high) if key < high.as_bytes() => Ordering::Equal,
                _ => Ordering::Greater,
            },
            before_or_at => before_or_at,
        }
    }
}

/// The stretches that may hold keys from `least` to `greatest`.
pub(super) fn between<'a>(spans: &'a [Span], least: &[u8], greatest: &[u8]) -> &'a [Span] {
    let begin = spans.partition_point(|span| span.place(least) == Ordering::Greater);
    let end = spans.partition_point(|span| span.low.as_bytes() <= greatest);
    spans.get(begin..end).unwrap_or_default()
}

/// In order, those that overlap made one.
fn apart(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable_by(|one, other| (&one.low, &one.high).cmp(&(&other.low, &other.high)));
    let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        let overlapping = apart
            .last_mut()
            .filter(|last| last.place(span.low.as_bytes()) == Ordering::Equal);
        match overlapping {
            None => apart.push(span),
            Some(last) => {
                if span.high > last.high {
                    last.high = span.high;
                }
            }
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wanted(values: &[String], ranges: &[(u32, u32)]) -> Wanted {
        let mut wanted = Wanted::new();
        for value in values {
            wanted.value(DailyKind::Name, value);
            wanted.below(value);
        }
        for (first, last) in ranges {
            wanted.addresses(IpAddr::V4((*first).into()), IpAddr::V4((*last).into()));
        }
        wanted.sorted()
    }

    fn holds(spans: &[Span], key: &str) -> bool {
        let near = between(spans, key.as_bytes(), key.as_bytes());
        near.iter()
            .any(|span| span.place(key.as_bytes()) == Ordering::Equal)
    }

    proptest! {
        #[test]
        fn exactly_what_was_added_is_found(
            names in prop::collection::vec("[ab]{1,2}(\\.[ab]){0,2}", 0..4),
            name in "[ab]{1,2}(\\.[ab]){0,3}",
            ranges in prop::collection::vec((0_u32..64, 0_u32..64), 0..6),
            address in 0_u32..64,
        ) {
            let wanted = wanted(&names, &ranges);
            let expected = names.iter().any(|one| name == *one || name.ends_with(&format!(".{one}")));
            let key = DailyKind::Name.key(&name);
            prop_assert_eq!(holds(wanted.of(DailyKind::Name), &key), expected);

            let expected = ranges.iter().any(|(first, last)| (*first..=*last).contains(&address));
            let key = address_key(IpAddr::V4(address.into()));
            prop_assert_eq!(holds(wanted.of(DailyKind::Address), &key), expected);
        }
    }
}
