//! What a filter can know of a row group before its rows are read: from the footer, least and
//! greatest values and how many rows have none; from the dictionary at the head of a column, each
//! value that the column has.
//!
//! A day of flows has a few addresses and ports in each row group, so most row groups do not hold
//! the one that is asked for, and reading their dictionaries is reading a hundredth of them.

use std::borrow::Cow;
use std::fs::File;
use std::sync::{Arc, OnceLock};

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader as _};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use sekisho_filter::{Absent, Block, Filter, Known, Matches};
use sekisho_model::Timestamp;
use sekisho_model::fields::{Field, FieldKind, Value};

use super::catalog::{Group, unpanicked};

/// How many rows of a group a filter is true of; all of them where there is no filter.
pub(super) fn judge(group: &Group, filter: Option<&Filter>) -> Matches {
    filter.map_or(Matches::Always, |filter| {
        filter.judge(&Head {
            group,
            file: OnceLock::new(),
        })
    })
}

struct Head<'a> {
    group: &'a Group,
    /// Opened when a dictionary is asked for.
    file: OnceLock<Option<Arc<File>>>,
}

impl Block for Head<'_> {
    fn column(&self, field: &'static Field) -> Known<'_> {
        let Some(index) = self.group.column(field) else {
            // The file is older than the field.
            return Known {
                absent: Absent::All,
                bounds: None,
            };
        };
        let Some(statistics) = self.group.metadata().column(index).statistics() else {
            return Known::NOTHING;
        };
        let rows = u64::try_from(self.group.rows()).unwrap_or(u64::MAX);
        Known {
            absent: match statistics.null_count_opt() {
                None => Absent::Unknown,
                Some(0) => Absent::None,
                Some(count) if count == rows => Absent::All,
                Some(_) => Absent::Some,
            },
            bounds: bounds(statistics, field.kind),
        }
    }

    fn distinct(&self, field: &'static Field, see: &mut dyn FnMut(&Value<'_>)) -> bool {
        let Some(index) = self.group.column(field) else {
            return false;
        };
        let chunk = self.group.metadata().column(index);
        if !is_all_from_dictionary(chunk) {
            return false;
        }
        // What is damaged is reported by whoever reads the rows.
        let dictionary = unpanicked(|| self.dictionary(chunk)).ok().flatten();
        dictionary.is_some_and(|(values, count)| each(&values, count, field.kind, see).is_some())
    }
}

impl Head<'_> {
    /// The dictionary of a column and how many values it has.
    fn dictionary(
        &self,
        chunk: &ColumnChunkMetaData,
    ) -> Result<Option<(impl AsRef<[u8]> + use<>, u32)>, ParquetError> {
        let file = self
            .file
            .get_or_init(|| File::open(&self.group.part.path).ok().map(Arc::new));
        let Some(file) = file else { return Ok(None) };
        let mut pages = SerializedPageReader::new(Arc::clone(file), chunk, self.group.rows(), None)?;
        Ok(match pages.get_next_page()? {
            Some(Page::DictionaryPage {
                buf,
                num_values,
                encoding: Encoding::PLAIN | Encoding::PLAIN_DICTIONARY,
                ..
            }) => Some((buf, num_values)),
            _ => None,
        })
    }
}

fn is_all_from_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    chunk.dictionary_page_offset().is_some()
        && chunk.page_encoding_stats_mask().is_some_and(|mask| {
            mask.is_only(Encoding::RLE_DICTIONARY) || mask.is_only(Encoding::PLAIN_DICTIONARY)
        })
}

/// The least and the greatest value; nothing where the file does not say so in the order of ours.
fn bounds(statistics: &Statistics, kind: FieldKind) -> Option<(Value<'_>, Value<'_>)> {
    if statistics.is_min_max_deprecated() {
        return None;
    }
    match (kind, statistics) {
        (FieldKind::Number, Statistics::Int64(values)) => {
            let (low, high) = values.min_opt().zip(values.max_opt())?;
            let (low, high) = (low.cast_unsigned(), high.cast_unsigned());
            (low <= high).then_some((Value::Number(low), Value::Number(high)))
        }
        (FieldKind::Time, Statistics::Int64(values)) => {
            let (low, high) = values.min_opt().zip(values.max_opt())?;
            let time = |nanos: &i64| Value::Time(Timestamp::from_nanos(*nanos));
            Some((time(low), time(high)))
        }
        (FieldKind::Seconds, Statistics::Double(values)) => {
            let (low, high) = values.min_opt().zip(values.max_opt())?;
            Some((Value::Seconds(*low), Value::Seconds(*high)))
        }
        (FieldKind::Text | FieldKind::Address, Statistics::ByteArray(values)) => {
            let (low, high) = values.min_opt().zip(values.max_opt())?;
            let text = |octets: &'_ [u8]| std::str::from_utf8(octets).ok().map(str::to_owned);
            let (low, high) = text(low.data()).zip(text(high.data()))?;
            Some((Value::Text(Cow::Owned(low)), Value::Text(Cow::Owned(high))))
        }
        _ => None,
    }
}

/// Shows the values of a dictionary, which lie one after the other in the plain encoding
/// (Parquet format, "Plain: (PLAIN = 0)"); nothing where they are not what the field holds.
fn each(
    octets: &impl AsRef<[u8]>,
    count: u32,
    kind: FieldKind,
    see: &mut dyn FnMut(&Value<'_>),
) -> Option<()> {
    let mut rest = octets.as_ref();
    for _ in 0..count {
        match kind {
            FieldKind::Number | FieldKind::Time => {
                let (number, after) = rest.split_first_chunk::<8>()?;
                rest = after;
                let number = i64::from_le_bytes(*number);
                see(&match kind {
                    FieldKind::Time => Value::Time(Timestamp::from_nanos(number)),
                    _ => Value::Number(number.cast_unsigned()),
                });
            }
            FieldKind::Seconds => {
                let (seconds, after) = rest.split_first_chunk::<8>()?;
                rest = after;
                see(&Value::Seconds(f64::from_le_bytes(*seconds)));
            }
            FieldKind::Text | FieldKind::Address => {
                let (len, after) = rest.split_first_chunk::<4>()?;
                let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
                let (word, after) = after.split_at_checked(len)?;
                rest = after;
                let word = std::str::from_utf8(word).ok()?;
                see(&match kind {
                    FieldKind::Address => Value::Address(word.parse().ok()?),
                    _ => Value::Text(Cow::Borrowed(word)),
                });
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sekisho_model::summary::Summary;

    use super::super::Embedded;
    use super::super::read::Columns;
    use super::*;
    use crate::{StoreWriter, TimeRange, conformance, samples};

    const EXPRESSIONS: &[&str] = &[
        "orig.address == 192.0.2.V",
        "address != 192.0.2.V",
        "resp.address == 192.0.2.0/30",
        "resp.port == V",
        "not port in {V, 2}",
        "vlan == V",
        "not vlan != V",
        "zone == 総務課",
        "orig.zone in {Office, SERVER}",
        "resp.zone contains er",
        "history matches \"^A\" or packets < V",
        "verdict == denied and resp.port > V",
        "duration > Vs",
        "octets >= 1k or octets == 0",
        "start < \"2026-11-23T00:0V:00Z\"",
        "mac == 02:00:00:00:00:0V",
        "community_id == \"V\"",
    ];

    fn written(records: &[sekisho_model::FlowRecord]) -> (tempfile::TempDir, Embedded) {
        let scratch = tempfile::tempdir().unwrap();
        let store = Embedded::create(&scratch.path().join("data")).unwrap();
        let mut writer = Box::new(store.writer().unwrap());
        for record in records {
            writer.flow(record).unwrap();
        }
        writer.finish(&Summary::default()).unwrap();
        (scratch, store)
    }

    proptest! {
        #[test]
        fn what_is_said_of_a_row_group_is_true_of_its_rows(
            records in prop::collection::vec(samples::record(), 1..30),
            pick in prop::sample::select(EXPRESSIONS),
            value in 0_u8..6,
        ) {
            let (_scratch, store) = written(&records);
            let filter = Filter::parse(&pick.replace('V', &value.to_string())).unwrap();

            for group in store.groups(&TimeRange::default()).unwrap() {
                let rows = filter.select(&Columns::load(&group, filter.fields()).unwrap());
                match judge(&group, Some(&filter)) {
                    Matches::Never => prop_assert!(!rows.contains(&true), "{}", filter),
                    Matches::Always => prop_assert!(!rows.contains(&false), "{}", filter),
                    Matches::Mixed => {}
                }
            }
        }
    }

    #[test]
    fn a_value_that_no_row_has_is_found_missing_without_the_rows() {
        let (_scratch, store) = written(&conformance::records(400));
        let groups = store.groups(&TimeRange::default()).unwrap();
        let all = |text: &str, matches: Matches| {
            let filter = Filter::parse(text).unwrap();
            assert!(
                groups.iter().all(|group| judge(group, Some(&filter)) == matches),
                "{text}"
            );
        };

        assert!(!groups.is_empty());
        for text in [
            "address == 10.1.2.3",
            "resp.port == 60000",
            "zone == nowhere",
            "orig.mac == 52:54:00:12:34:56",
            "packets > 1G and zone == office",
        ] {
            all(text, Matches::Never);
            all(&format!("not ({text})"), Matches::Always);
        }
    }

    #[test]
    fn a_dictionary_that_is_cut_short_says_nothing() {
        let octets = [3, 0, 0, 0, b'1', b'.'];
        let mut seen = 0;

        assert_eq!(each(&octets, 1, FieldKind::Text, &mut |_| seen += 1), None);
        assert_eq!(each(&[0_u8; 7], 1, FieldKind::Number, &mut |_| seen += 1), None);
        assert_eq!(
            each(&[1, 0, 0, 0, b'x'], 1, FieldKind::Address, &mut |_| seen += 1),
            None
        );
        assert_eq!(seen, 0);
    }
}
