//! Words that are looked up in any case, without making a copy of the word that is asked for.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A value for each word.
#[derive(Debug, Clone)]
pub(crate) struct WordMap<T> {
    begin: u64,
    words: HashTable<(Box<str>, T)>,
}

impl<T> Default for WordMap<T> {
    fn default() -> Self {
        Self {
            begin: RandomState::default().hash_one(0_u8),
            words: HashTable::new(),
        }
    }
}

impl<T> WordMap<T> {
    /// The value of a word, put there where there is none.
    pub(crate) fn entry(&mut self, word: &str, value: impl FnOnce() -> T) -> &mut T {
        let begin = self.begin;
        let hash = folded_hash(begin, word);
        let entry = self.words.entry(
            hash,
            |(known, _)| same(known, word),
            |(word, _)| folded_hash(begin, word),
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
        let hash = folded_hash(self.begin, word);
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

/// The same for words that are [`same`]: octet by octet as of FNV-1a, begun at a number that nobody
/// knows. What is asked for is never put into a map, so nobody who chooses it can fill one with words
/// that fall together.
fn folded_hash(begin: u64, word: &str) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let add = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(PRIME);
    let hash = if word.is_ascii() {
        let octets = word.bytes().map(|octet| octet.to_ascii_lowercase());
        octets.fold(begin, add)
    } else {
        let mut buffer = [0; 4];
        folded(word).fold(begin, |hash, c| {
            c.encode_utf8(&mut buffer).bytes().fold(hash, add)
        })
    };
    // A map looks at the highest bits, which the last octets have hardly reached.
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
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
