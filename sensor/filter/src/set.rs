//! Many expressions asked of one row, without asking each.
//!
//! An expression that is true only of some values of a field ([`crate::needs`]) waits under these
//! values, and is asked where a row has one of them: a row costs a look-up for each field that
//! expressions wait under, and the expressions it finds there. An expression that says nothing of
//! the kind (`not …`, an address, a pattern) is asked of every row.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use sekisho_model::fields::{Field, Value, find};

use crate::needs::{self, Needs};
use crate::wordset::WordMap;
use crate::{Filter, Row};

/// Fields that expressions may wait under, those first whose values tell most rows apart.
const FIELDS: [&str; 14] = [
    "server_name",
    "ja4",
    "ja3",
    "hassh",
    "client_software",
    "server_software",
    "service",
    "resp.port",
    "resp.zone",
    "orig.zone",
    "orig.port",
    "tunnel",
    "protocol",
    "verdict",
];

/// The pair of fields that tells more rows apart than either.
const PAIR: [&str; 2] = ["orig.zone", "resp.zone"];

/// Values under which one expression may wait.
const MAX_VALUES: u64 = 1_024;

/// Expressions by number, in the order in which they were given.
#[derive(Default)]
pub struct FilterSet {
    filters: Vec<Filter>,
    pairs: Option<Pairs>,
    keyed: Vec<Keyed>,
    /// Those that are asked of every row.
    rest: Vec<u32>,
}

struct Keyed {
    field: &'static Field,
    words: WordMap<Vec<u32>>,
    numbers: HashMap<u64, Vec<u32>, RandomState>,
}

struct Pairs {
    fields: [&'static Field; 2],
    /// A number for each word, from 0, by which `waiting` is keyed.
    words: WordMap<u32>,
    count: u32,
    waiting: HashMap<(u32, u32), Vec<u32>, RandomState>,
}

impl FilterSet {
    /// Takes expressions, of which there are at most `u32::MAX`.
    #[must_use]
    pub fn new(filters: Vec<Filter>) -> Self {
        let mut set = Self::default();
        for (number, filter) in (0_u32..).zip(&filters) {
            set.add(number, filter);
        }
        set.filters = filters;
        set
    }

    /// The expressions.
    #[must_use]
    pub fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// How many expressions are asked of every row.
    #[must_use]
    pub const fn unkeyed(&self) -> usize {
        self.rest.len()
    }

    /// The numbers of the expressions that are true of a row, ascending.
    ///
    /// Allocates only where some expression has to be asked.
    #[must_use]
    pub fn matching(&self, row: &dyn Row) -> Vec<u32> {
        let mut asked = Vec::new();
        if let Some(found) = self.pairs.as_ref().and_then(|pairs| pairs.waiting(row)) {
            asked.extend_from_slice(found);
        }
        for keyed in &self.keyed {
            if let Some(found) = keyed.waiting(row) {
                asked.extend_from_slice(found);
            }
        }
        asked.extend_from_slice(&self.rest);
        asked.retain(|number| {
            let filter = usize::try_from(*number)
                .ok()
                .and_then(|index| self.filters.get(index));
            filter.is_some_and(|filter| filter.matches(row))
        });
        asked.sort_unstable();
        asked
    }

    fn add(&mut self, number: u32, filter: &Filter) {
        let needs = |name: &str| {
            let field = find(name)?;
            let needs = needs::of(&filter.test, field)?;
            (needs.count() <= MAX_VALUES).then_some((field, needs))
        };
        for name in FIELDS {
            if PAIR.contains(&name)
                && let [Some((orig, Needs::Words(from))), Some((resp, Needs::Words(to)))] = PAIR.map(needs)
                && from.len().saturating_mul(to.len()) <= usize::try_from(MAX_VALUES).unwrap_or(usize::MAX)
            {
                self.pairs
                    .get_or_insert_with(|| Pairs::new([orig, resp]))
                    .add(number, &from, &to);
                return;
            }
            if let Some((field, needs)) = needs(name) {
                self.wait_under(field, &needs, number);
                return;
            }
        }
        self.rest.push(number);
    }

    fn wait_under(&mut self, field: &'static Field, needs: &Needs, number: u32) {
        let known = self
            .keyed
            .iter_mut()
            .find(|keyed| std::ptr::eq(keyed.field, field));
        if let Some(keyed) = known {
            keyed.add(number, needs);
            return;
        }
        let mut keyed = Keyed {
            field,
            words: WordMap::default(),
            numbers: HashMap::default(),
        };
        keyed.add(number, needs);
        self.keyed.push(keyed);
    }
}

impl std::fmt::Debug for FilterSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.filters).finish()
    }
}

impl Keyed {
    fn add(&mut self, number: u32, needs: &Needs) {
        match needs {
            Needs::Words(words) => {
                for word in words {
                    push(self.words.entry(word, Vec::new), number);
                }
            }
            Needs::Numbers(spans) => {
                for value in spans.iter().flat_map(|(low, high)| *low..=*high) {
                    push(self.numbers.entry(value).or_default(), number);
                }
            }
        }
    }

    fn waiting(&self, row: &dyn Row) -> Option<&[u32]> {
        match row.value(self.field) {
            Value::Text(word) => self.words.get(&word).map(Vec::as_slice),
            Value::Number(number) => self.numbers.get(&number).map(Vec::as_slice),
            _ => None,
        }
    }
}

impl Pairs {
    fn new(fields: [&'static Field; 2]) -> Self {
        Self {
            fields,
            words: WordMap::default(),
            count: 0,
            waiting: HashMap::default(),
        }
    }

    fn add(&mut self, number: u32, from: &[Box<str>], to: &[Box<str>]) {
        for orig in from {
            for resp in to {
                let pair = (self.word(orig), self.word(resp));
                push(self.waiting.entry(pair).or_default(), number);
            }
        }
    }

    fn word(&mut self, word: &str) -> u32 {
        let next = self.count;
        let known = *self.words.entry(word, || next);
        if known == next {
            self.count = next.saturating_add(1);
        }
        known
    }

    fn waiting(&self, row: &dyn Row) -> Option<&[u32]> {
        let number = |field| match row.value(field) {
            Value::Text(word) => self.words.get(&word).copied(),
            _ => None,
        };
        let [orig, resp] = self.fields;
        self.waiting
            .get(&(number(orig)?, number(resp)?))
            .map(Vec::as_slice)
    }
}

fn push(numbers: &mut Vec<u32>, number: u32) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::FlowRecord;

    use super::*;
    use crate::properties::record;

    const EXPRESSIONS: &[&str] = &[
        "resp.port == 3",
        "resp.port in {1, 2..4} and orig.zone == z2",
        "orig.zone == z1 and resp.zone == Z2",
        "orig.zone in {z1, z2} and resp.zone in {z1, z3, z1} and resp.port != 2",
        "zone == z4",
        "resp.zone == z4 or resp.zone == z5",
        "protocol == tcp",
        "verdict == denied and packets > 0",
        "not resp.port == 3",
        "resp.port != 3",
        "resp.port > 3",
        "orig.address == 10.0.0.3",
        "service == ssh",
        "vlan == 3 or resp.port == 1",
    ];

    fn set(texts: &[&str]) -> FilterSet {
        FilterSet::new(texts.iter().map(|text| Filter::parse(text).unwrap()).collect())
    }

    proptest! {
        #[test]
        fn a_set_finds_what_asking_each_finds(
            texts in prop::collection::vec(prop::sample::select(EXPRESSIONS), 0..20),
            record in record(),
        ) {
            let set = set(&texts);

            let each: Vec<u32> = (0..)
                .zip(set.filters())
                .filter(|(_, filter)| filter.matches(&record))
                .map(|(number, _)| number)
                .collect();
            prop_assert_eq!(set.matching(&record), each);
        }
    }

    #[test]
    fn a_thousand_expressions_about_ports_and_zones_are_all_keyed() {
        let texts: Vec<String> = (0..1000)
            .map(|n| match n % 4 {
                0 => format!("resp.port == {n} and octets > 0"),
                1 => format!("orig.zone == z{n} and resp.zone == a"),
                2 => format!("service == s{n} or service == t{n}"),
                _ => format!("verdict == denied and server_name == \"{n}.example.jp\""),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let set = set(&texts);

        assert_eq!(set.unkeyed(), 0);
        assert!(set.matching(&FlowRecord::example()).is_empty());
    }
}
