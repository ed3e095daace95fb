//! Words that are looked up in any case, without making a copy of the word that is asked for.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Words with the end of their term.
#[derive(Debug, Clone, Default)]
pub(crate) struct WordMap {
    hasher: RandomState,
    words: HashTable<(Box<str>, i64)>,
}

impl WordMap {
    /// The longest term counts where a word is there already.
    pub(crate) fn insert(&mut self, word: &str, until: i64) {
        let hash = self.hash(word);
        if let Some((_, known)) = self.words.find_mut(hash, |(known, _)| same(known, word)) {
            *known = until.max(*known);
            return;
        }
        let hasher = self.hasher.clone();
        self.words
            .insert_unique(hash, (word.into(), until), |(word, _)| folded_hash(&hasher, word));
    }

    pub(crate) fn get(&self, word: &str) -> Option<i64> {
        let found = self.words.find(self.hash(word), |(known, _)| same(known, word));
        found.map(|(_, until)| *until)
    }

    fn hash(&self, word: &str) -> u64 {
        folded_hash(&self.hasher, word)
    }
}

/// The words of a comparison: few are compared one by one, many are looked up.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    all: Vec<Box<str>>,
    many: Option<WordMap>,
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
                many.insert(word, i64::MAX);
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
