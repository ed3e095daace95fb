//! The three ways of asking agree: a row, whole columns, and what is known of a block.

use std::borrow::Cow;
use std::net::IpAddr;

use proptest::prelude::*;
use sekisho_model::fields::{FIELDS, Field, FieldKind, Value};
use sekisho_model::{FlowRecord, Timestamp};

use crate::properties::{expression, record};
use crate::with_policy::office;
use crate::{Absent, Block, Column, Columns, Filter, Known, Matches, Row as _, Words};

/// Records as columns and as a block, with as much known of it as `knows` says.
struct Records {
    records: Vec<FlowRecord>,
    integers: Vec<Vec<Option<i64>>>,
    seconds: Vec<Vec<Option<f64>>>,
    addresses: Vec<Vec<Option<IpAddr>>>,
    words: Vec<Texts>,
    knows: Knows,
}

#[derive(Debug, Clone, Copy)]
struct Knows {
    bounds: bool,
    absent: bool,
    distinct: bool,
    addresses_as_text: bool,
}

struct Texts(Vec<Option<String>>);

impl Words for Texts {
    fn word(&self, row: usize) -> Option<&str> {
        self.0[row].as_deref()
    }
}

impl Records {
    fn new(records: Vec<FlowRecord>, knows: Knows) -> Self {
        let mut all = Self {
            records: Vec::new(),
            integers: Vec::new(),
            seconds: Vec::new(),
            addresses: Vec::new(),
            words: Vec::new(),
            knows,
        };
        for field in FIELDS {
            let values = || records.iter().map(|record| record.value(field));
            all.integers.push(
                values()
                    .map(|value| match value {
                        Value::Number(number) => Some(number.cast_signed()),
                        Value::Time(time) => Some(time.nanos()),
                        _ => None,
                    })
                    .collect(),
            );
            all.seconds.push(
                values()
                    .map(|value| match value {
                        Value::Seconds(seconds) => Some(seconds),
                        _ => None,
                    })
                    .collect(),
            );
            all.addresses.push(
                values()
                    .map(|value| match value {
                        Value::Address(address) => Some(address),
                        _ => None,
                    })
                    .collect(),
            );
            all.words.push(Texts(
                values()
                    .map(|value| match value {
                        Value::Text(text) => Some(text.into_owned()),
                        _ => None,
                    })
                    .collect(),
            ));
        }
        all.records = records;
        all
    }

    fn present(&self, field: &'static Field) -> Vec<Value<'_>> {
        let values = self.records.iter().map(|record| record.value(field));
        values.filter(|value| *value != Value::Absent).collect()
    }
}

fn index(field: &'static Field) -> usize {
    FIELDS
        .iter()
        .position(|known| std::ptr::eq(known, field))
        .unwrap()
}

impl Columns for Records {
    fn rows(&self) -> usize {
        self.records.len()
    }

    fn column(&self, field: &'static Field) -> Column<'_> {
        let index = index(field);
        if self.present(field).is_empty() {
            return Column::Missing;
        }
        match field.kind {
            FieldKind::Number | FieldKind::Time => Column::Integers(&self.integers[index]),
            FieldKind::Seconds => Column::Seconds(&self.seconds[index]),
            FieldKind::Address => Column::Addresses(&self.addresses[index]),
            FieldKind::Text => Column::Words(&self.words[index]),
        }
    }
}

impl Block for Records {
    fn column(&self, field: &'static Field) -> Known<'_> {
        let present = self.present(field);
        let absent = match (self.knows.absent, present.len()) {
            (false, _) => Absent::Unknown,
            (true, 0) => Absent::All,
            (true, count) if count == self.records.len() => Absent::None,
            (true, _) => Absent::Some,
        };
        let as_text = self.knows.addresses_as_text;
        let values = present.iter().map(|value| match value {
            Value::Address(address) if as_text => Value::Text(Cow::Owned(address.to_string())),
            value => value.clone(),
        });
        let order = |a: &Value<'_>, b: &Value<'_>| match (a, b) {
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Number(a), Value::Number(b)) => a.cmp(b),
            (Value::Address(a), Value::Address(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Seconds(a), Value::Seconds(b)) => a.total_cmp(b),
            _ => unreachable!("the values of a field are of one type"),
        };
        let bounds = values.clone().min_by(order).zip(values.max_by(order));
        Known {
            absent,
            bounds: bounds.filter(|_| self.knows.bounds),
        }
    }

    fn distinct(&self, field: &'static Field, see: &mut dyn FnMut(&Value<'_>)) -> bool {
        if self.knows.distinct {
            self.present(field).iter().for_each(see);
        }
        self.knows.distinct
    }
}

/// Comparisons that name what a policy declares, and those of types that `expression` leaves out.
const NAMED: &[&str] = &[
    "orig.address in @dns",
    "address in @dns",
    "resp.address in @current",
    "orig.address not in @expired",
    "resp.port in @web",
    "mac in @terminals",
    "server_name in @domains",
    "zone in @words",
    "start in window(even)",
    "zone.classification >= 2",
    "orig.zone.department != joho",
    "resp.zone.group != inside",
    "orig.address == 10.0.0.3",
    "resp.address != 10.0.0.3",
    "address in {10.0.0.2..10.0.0.5}",
    "orig.address == 10.0.0.0/30",
    "start < \"1970-01-01T00:00:03Z\"",
    "start in \"1970-01-01T00:00:02Z\"..\"1970-01-01T00:00:05Z\"",
    "duration >= 1s",
    "verdict == Denied",
    "orig.zone == OFFICE",
    "orig.zone == server",
    "orig.zone in {Z1, office, guest, z7}",
    "zone matches \"^z[0-3]$\"",
    "vlan != 3",
    "protocol in {tcp, udp}",
];

fn text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        2 => prop::sample::select(NAMED).prop_map(str::to_owned),
        1 => expression().prop_map(|expression| format!("({expression})")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

fn records() -> impl Strategy<Value = Vec<FlowRecord>> {
    let zone = prop::sample::select(vec!["office", "Server", "guest", "unknown", "総務課"]);
    let one = (record(), prop::option::of(zone), any::<bool>(), 0_i64..8)
        .prop_map(|(mut record, zone, mac, second)| {
            if let Some(zone) = zone {
                record.orig_zone = zone.into();
            }
            if mac {
                record.orig_mac = sekisho_model::MacAddress::parse("02:00:00:00:00:01");
            }
            record.end = record
                .start
                .plus(std::time::Duration::from_millis(400 * second.unsigned_abs()));
            record
        })
        .boxed();
    // Blocks whose rows differ in little are those that are decided.
    prop_oneof![
        prop::collection::vec(one.clone(), 0..12),
        (one, 1_usize..4).prop_map(|(record, count)| vec![record; count]),
    ]
}

fn knows() -> impl Strategy<Value = Knows> {
    any::<(bool, bool, bool, bool)>().prop_map(|(bounds, absent, distinct, addresses_as_text)| Knows {
        bounds,
        absent,
        distinct,
        addresses_as_text,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn columns_blocks_and_rows_agree(text in text(), records in records(), knows in knows()) {
        let mut office = office();
        office.knows_every_zone = false;
        let filter = Filter::parse_with(&text, &office).unwrap();
        let by_row: Vec<bool> = records.iter().map(|record| filter.matches(record)).collect();

        let records = Records::new(records, knows);

        prop_assert_eq!(&filter.select(&records), &by_row, "{}", &text);
        match filter.judge(&records) {
            Matches::Never => prop_assert!(!by_row.contains(&true), "{}", &text),
            Matches::Always => prop_assert!(!by_row.contains(&false), "{}", &text),
            Matches::Mixed => {}
        }
    }
}

#[test]
fn a_block_is_decided_where_its_bounds_or_its_values_decide_it() {
    let knows = Knows {
        bounds: true,
        absent: true,
        distinct: true,
        addresses_as_text: true,
    };
    let mut records = vec![FlowRecord::example(); 2];
    records[1].resp.port = 80;
    records[1].orig.address = [192, 0, 2, 9].into();
    records[1].start = Timestamp::from_seconds(1_767_225_700, 0);
    let all = Records::new(records, knows);
    let judged = |text: &str, block: &Records| Filter::parse_with(text, &office()).unwrap().judge(block);

    for (text, expected) in [
        ("resp.port == 22", Matches::Never),
        ("resp.port == 443", Matches::Mixed),
        ("resp.port in {80..443}", Matches::Always),
        ("resp.port in @web", Matches::Always),
        ("resp.port == 81", Matches::Never),
        ("orig.address == 10.1.2.3", Matches::Never),
        ("orig.address == 192.0.2.5", Matches::Never),
        ("orig.address == 192.0.2.0/24", Matches::Always),
        ("not vlan == 1", Matches::Always),
        ("vlan != 1", Matches::Never),
        ("start >= \"2026-01-01T00:00:00Z\"", Matches::Always),
        ("protocol == udp or resp.address == 198.51.100.2", Matches::Always),
        ("resp.port == 443 and protocol == udp", Matches::Never),
    ] {
        assert_eq!(judged(text, &all), expected, "{text}");
    }

    let without_values = Records {
        knows: Knows {
            distinct: false,
            ..knows
        },
        ..all
    };
    assert_eq!(judged("resp.port == 81", &without_values), Matches::Mixed);
    assert_eq!(judged("resp.port == 22", &without_values), Matches::Never);
    assert_eq!(
        judged("orig.address == 10.1.2.3", &without_values),
        Matches::Never
    );
}

#[test]
fn a_block_is_not_decided_by_the_case_of_letters_nor_by_a_term_that_ends_within_it() {
    let knows = Knows {
        bounds: true,
        absent: true,
        distinct: true,
        addresses_as_text: true,
    };
    let judged = |text: &str, block: &Records| Filter::parse_with(text, &office()).unwrap().judge(block);
    let mut records = vec![FlowRecord::example(); 2];
    for (record, (zone, second)) in records.iter_mut().zip([("Server", 3), ("guest", 7)]) {
        record.orig_zone = zone.into();
        record.resp.address = [10, 0, 0, 53].into();
        record.start = Timestamp::from_seconds(second, 0);
    }

    let by_bounds = Records::new(
        records.clone(),
        Knows {
            distinct: false,
            ..knows
        },
    );
    assert_eq!(judged("orig.zone == server", &by_bounds), Matches::Mixed);
    assert_eq!(judged("orig.zone == office", &by_bounds), Matches::Mixed);

    // The address is in the list up to the fifth second.
    assert_eq!(
        judged("resp.address in @dns", &Records::new(records.clone(), knows)),
        Matches::Mixed
    );
    records[1].start = Timestamp::from_seconds(4, 0);
    assert_eq!(
        judged("resp.address in @dns", &Records::new(records.clone(), knows)),
        Matches::Always
    );
    for record in &mut records {
        record.start = Timestamp::from_seconds(5, 0);
    }
    assert_eq!(
        judged("resp.address in @dns", &Records::new(records, knows)),
        Matches::Never
    );
}
