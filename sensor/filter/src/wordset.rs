//! Words that are looked up in any case, without making a copy of the word that is asked for.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A value for each word.
#[derive(Debug, Clone)]
pub(crate) struct WordMap<T> {
    hasher: RandomState,
    words: HashTable<(Box<str>, T)>,
}

impl<T> Default for WordMap<T> {
    fn default() -> Self {
        Self {
            hasher: RandomState::default(),
            words: HashTable::new(),
        }
    }
}

impl<T> WordMap<T> {
    /// The value of a word, put there where there is none.
    pub(crate) fn entry(&mut self, word: &str, value: impl FnOnce() -> T) -> &mut T {
        let hash = folded_hash(&self.hasher, word);
        let hasher = &self.hasher;
        let entry = self.words.entry(
            hash,
            |(known, _)| same(known, word),
            |(word, _)| folded_hash(hasher, word),
        );
        &mut entry.or_insert_with(|| (word.into(), value())).into_mut().1
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words, in no order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(|(word, _)| &**word)
    }

    pub(crate) fn get(&self, word: &str) -> Option<&T> {
        if self.words.is_empty() {
            return None;
        }
        let hash = folded_hash(&self.hasher, word);
        let found = self.words.find(hash, |(known, _)| same(known, word));
        found.map(|(_, value)| value)
    }
}

/// The words of a comparison: few are compared one by one, many are looked up.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    all: Vec<Box<str>>,
    many: Option<WordMap<()>>,
}

/// Words up to which comparing is quicker than hashing.
const FEW: usize = 8;

impl Words {
    pub(crate) fn has(&self, word: &str) -> bool {
        match &self.many {
            Some(many) => many.get(word).is_some(),
            None => self.all.iter().any(|known| same(known, word)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|word| &**word)
    }
}

impl FromIterator<Box<str>> for Words {
    fn from_iter<T: IntoIterator<Item = Box<str>>>(words: T) -> Self {
        let all: Vec<_> = words.into_iter().collect();
        let many = (all.len() > FEW).then(|| {
            let mut many = WordMap::default();
            for word in &all {
                many.entry(word, || ());
            }
            many
        });
        Self { all, many }
    }
}

/// Whether two words are the same but for the case of their letters.
pub(crate) fn same(word: &str, value: &str) -> bool {
    if word.is_ascii() || value.is_ascii() {
        return word.eq_ignore_ascii_case(value);
    }
    word == value || folded(word).eq(folded(value))
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// The same for words that are [`same`].
fn folded_hash(hasher: &RandomState, word: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    if word.is_ascii() {
        for octet in word.bytes() {
            hasher.write_u8(octet.to_ascii_lowercase());
        }
    } else {
        for c in folded(word) {
            hasher.write_u32(u32::from(c));
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn many_words_hold_what_a_walk_over_them_finds(
            words in prop::collection::vec("[aAbBéÉ務]{0,3}", 0..24),
            asked in "[aAbBéÉ務]{0,3}",
        ) {
            let set: Words = words.iter().map(|word| Box::from(word.as_str())).collect();

            prop_assert_eq!(set.has(&asked), words.iter().any(|word| same(word, &asked)));
        }
    }
}
