//! Many expressions asked of one row, without asking each.
//!
//! An expression that is true only of some values of a field, or of one field or another
//! ([`crate::needs`]), waits under these values, and is asked where a row has one of them: a row costs a
//! look-up for each field that expressions wait under (for a name, one for each of its labels, whatever
//! the number of lists that it may be in), and the expressions it finds there. An expression that says
//! nothing of the kind (`not …`, an address) is asked of every row, one that is true of none, since a
//! list is empty, of none.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use sekisho_model::fields::{Field, Value};

use crate::list::tails;
use crate::needs::{Ranks, Values};
use crate::wordset::WordMap;
use crate::{Filter, Row};

/// Fields that expressions may wait under, those first whose values tell most rows apart.
const FIELDS: [&str; 21] = [
    "server_name",
    "query_name",
    "ja4",
    "ja3",
    "hassh",
    "client_software",
    "server_software",
    "risk",
    "app",
    "port_says",
    "service_version",
    "carries",
    "tunnel",
    "service",
    "resp.port",
    "resp.zone",
    "orig.zone",
    "orig.port",
    "conn_state",
    "protocol",
    "verdict",
];

/// How many of the first are absent from most rows.
const RARE: usize = 13;

/// The pair of fields that tells more rows apart than either.
const PAIR: [&str; 2] = ["orig.zone", "resp.zone"];

/// Values under which one comparison may wait; with more it waits under the field.
const MAX_VALUES: u64 = 4_096;

/// Pairs under which one expression may wait.
const MAX_PAIRS: u64 = 1_024;

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
    suffixes: WordMap<Vec<u32>>,
    numbers: HashMap<u64, Vec<u32>, RandomState>,
    /// Under any value.
    any: Vec<u32>,
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
        let mut found = Vec::new();
        self.matching_into(row, &mut found);
        found
    }

    /// The same into a list that the caller uses again; what was in it is gone.
    pub fn matching_into(&self, row: &dyn Row, asked: &mut Vec<u32>) {
        asked.clear();
        if let Some(found) = self.pairs.as_ref().and_then(|pairs| pairs.waiting(row)) {
            asked.extend_from_slice(found);
        }
        for keyed in &self.keyed {
            keyed.waiting(row, asked);
        }
        asked.extend_from_slice(&self.rest);
        if asked.len() > 1 {
            // One that waits under several values may be found under several.
            asked.sort_unstable();
            asked.dedup();
        }
        asked.retain(|number| {
            let filter = usize::try_from(*number)
                .ok()
                .and_then(|index| self.filters.get(index));
            filter.is_some_and(|filter| filter.matches(row))
        });
    }

    fn add(&mut self, number: u32, filter: &Filter) {
        let ranks = Ranks {
            fields: &FIELDS,
            rare: RARE,
            values: MAX_VALUES,
        };
        let Some(needs) = ranks.needs(&filter.test) else {
            self.rest.push(number);
            return;
        };
        if let [(field, Values::Words(_))] = &needs.any_of[..]
            && PAIR.contains(&field.name)
            && self.wait_under_pair(filter, number)
        {
            return;
        }
        for (field, values) in needs.any_of {
            self.wait_under(field, &values, number);
        }
    }

    /// Lets an expression that names a few zones of either end wait under their pairs; whether it does.
    fn wait_under_pair(&mut self, filter: &Filter, number: u32) -> bool {
        let needs = |name: &'static str| {
            let ranks = Ranks {
                fields: &[name],
                rare: 0,
                values: MAX_VALUES,
            };
            ranks.needs(&filter.test).map(|needs| needs.any_of)
        };
        let [Some(orig), Some(resp)] = PAIR.map(needs) else {
            return false;
        };
        let ([(orig, Values::Words(from))], [(resp, Values::Words(to))]) = (&orig[..], &resp[..]) else {
            return false;
        };
        let pairs = u64::try_from(from.len().saturating_mul(to.len())).unwrap_or(u64::MAX);
        if pairs > MAX_PAIRS {
            return false;
        }
        self.pairs
            .get_or_insert_with(|| Pairs::new([orig, resp]))
            .add(number, from, to);
        true
    }

    fn wait_under(&mut self, field: &'static Field, values: &Values, number: u32) {
        let known = self
            .keyed
            .iter_mut()
            .find(|keyed| std::ptr::eq(keyed.field, field));
        if let Some(keyed) = known {
            keyed.add(number, values);
            return;
        }
        let mut keyed = Keyed {
            field,
            words: WordMap::default(),
            suffixes: WordMap::default(),
            numbers: HashMap::default(),
            any: Vec::new(),
        };
        keyed.add(number, values);
        self.keyed.push(keyed);
    }
}

impl std::fmt::Debug for FilterSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.filters).finish()
    }
}

impl Keyed {
    fn add(&mut self, number: u32, values: &Values) {
        match values {
            Values::Words(words) => {
                for word in words {
                    push(self.words.entry(word, Vec::new), number);
                }
            }
            Values::Suffixes(suffixes) => {
                for suffix in suffixes {
                    push(self.suffixes.entry(suffix, Vec::new), number);
                }
            }
            Values::Numbers(spans) => {
                for value in spans.iter().flat_map(|(low, high)| *low..=*high) {
                    push(self.numbers.entry(value).or_default(), number);
                }
            }
            Values::Any => push(&mut self.any, number),
        }
    }

    fn waiting(&self, row: &dyn Row, found: &mut Vec<u32>) {
        let value = row.value(self.field);
        match &value {
            Value::Absent => return,
            Value::Text(words) if self.field.several => {
                for word in words.split_ascii_whitespace() {
                    self.under(word, found);
                }
            }
            Value::Text(word) => self.under(word, found),
            Value::Number(number) => add(found, self.numbers.get(number)),
            _ => {}
        }
        if !self.any.is_empty() {
            found.extend_from_slice(&self.any);
        }
    }

    fn under(&self, word: &str, found: &mut Vec<u32>) {
        add(found, self.words.get(word));
        if !self.suffixes.is_empty() {
            for tail in tails(word) {
                add(found, self.suffixes.get(tail));
            }
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

fn add(found: &mut Vec<u32>, waiting: Option<&Vec<u32>>) {
    if let Some(waiting) = waiting {
        found.extend_from_slice(waiting);
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
    use sekisho_model::{App, Essential, FlowRecord};

    use super::*;
    use crate::properties::record;
    use crate::with_policy::office;

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
        "server_name in @domains",
        "server_name in @domains or query_name in @domains",
        "query_name in @domains and not server_name in @domains",
        "query_name in {a.example.jp, x.example} or resp.port == 1",
        "query_name != a.example.jp",
        "server_name matches \"^a\\\\.\" or query_name contains x",
        "resp.port in @web or service in {ssh, dns}",
        "server_name not in @domains and resp.port == 3",
        "resp.address in @dns and octets > 0",
        "resp.address in @none",
        "resp.address in @none or resp.port == 3",
        "resp.address not in @none and service == dns",
        "orig.zone in @words or server_name == \"A.Example.JP\"",
        "conn_state in {s0, sf} and verdict == denied",
    ];

    /// Flows with names of which some are in the lists.
    fn named() -> impl Strategy<Value = FlowRecord> {
        const NAMES: [&str; 6] = [
            "",
            "a.example.jp",
            "A.Example.JP.",
            "example.jp",
            "notexample.jp",
            "x.example",
        ];
        let names = || prop::sample::select(&NAMES[..]);
        let service = prop::sample::select(&["", "ssh", "dns", "tls"][..]);
        (record(), names(), prop::collection::vec(names(), 0..3), service).prop_map(
            |(record, server, queries, service)| {
                let mut app = App {
                    service,
                    ..App::default()
                };
                if !server.is_empty() {
                    app.set(Essential::ServerName, server, "tls.sni");
                }
                for query in queries.into_iter().filter(|query| !query.is_empty()) {
                    app.add(Essential::QueryName, query, "dns.queries.rrname");
                }
                FlowRecord {
                    app: Some(Box::new(app)),
                    ..record
                }
            },
        )
    }

    fn set(texts: &[&str]) -> FilterSet {
        let mut office = office();
        office.knows_every_zone = false;
        let parse =
            |text: &&str| Filter::parse_with(text, &office).unwrap_or_else(|error| panic!("{text}: {error}"));
        FilterSet::new(texts.iter().map(parse).collect())
    }

    proptest! {
        #[test]
        fn a_set_finds_what_asking_each_finds(
            texts in prop::collection::vec(prop::sample::select(EXPRESSIONS), 0..20),
            record in prop_oneof![record(), named()],
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
    fn lists_of_names_one_field_or_another_and_empty_lists_are_all_keyed() {
        let set = set(&[
            "server_name in @domains or query_name in @domains",
            "resp.address in @none",
            "client_software matches \"^x\"",
            "(service == ssh or resp.port in @web) and orig.address == 10.0.0.0/8",
        ]);

        assert_eq!(set.unkeyed(), 0);
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
