//! Flow files that were opened once: their row groups, and what each spans.
//!
//! A file never changes once it is visible, so what its footer says is remembered. At most
//! [`MAX_GROUPS`] row groups are; past that all are forgotten and read again.

use std::collections::HashMap;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use sekisho_model::Timestamp;
use sekisho_model::fields::{FIELDS, Field};

use super::layout::{Layout, PartPath};
use super::schema;
use crate::{StoreError, TimeRange};

/// Row groups that are remembered, about 40 MB.
const MAX_GROUPS: usize = 2_048;

/// Columns that every flow file has; a newer field may be missing from an older file.
const REQUIRED: [&str; 4] = ["flow_id", "part", "start", "end"];

/// A flow file and its footer.
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) number: u32,
    metadata: ParquetMetaData,
    groups: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    first_row: u64,
    rows: usize,
    earliest: Timestamp,
    latest: Timestamp,
    /// Latest end; absent where the file does not say.
    ended: Option<Timestamp>,
}

/// A row group of a part.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) part: Arc<Part>,
    index: usize,
    span: Span,
}

impl Group {
    /// Rows in it.
    pub(super) const fn rows(&self) -> usize {
        self.span.rows
    }

    /// Its first row's place in the file.
    pub(super) const fn first_row(&self) -> u64 {
        self.span.first_row
    }

    /// No flow in it started before.
    pub(super) const fn earliest(&self) -> Timestamp {
        self.span.earliest
    }

    /// No flow in it started after.
    pub(super) const fn latest(&self) -> Timestamp {
        self.span.latest
    }

    /// The latest end of a flow in it, where the file says.
    pub(super) const fn ended(&self) -> Option<Timestamp> {
        self.span.ended
    }

    /// Whether every flow in it started within the range.
    pub(super) fn lies_in(&self, range: &TimeRange) -> bool {
        range.contains(self.earliest()) && range.contains(self.latest())
    }

    pub(super) fn metadata(&self) -> &RowGroupMetaData {
        self.part.metadata.row_group(self.index)
    }

    /// Where the column of a field stands in the file; nothing where the file is older than it.
    pub(super) fn column(&self, field: &Field) -> Option<usize> {
        leaf(&self.part.metadata, field.column)
    }
}

/// The flow files of a data directory.
#[derive(Default)]
pub(super) struct Catalog {
    parts: Mutex<HashMap<PathBuf, Arc<Part>>>,
}

impl Catalog {
    /// Row groups in which a flow may have started within the range, by latest start, newest
    /// first.
    pub(super) fn groups(&self, layout: &Layout, range: &TimeRange) -> Result<Vec<Group>, StoreError> {
        let mut groups = Vec::new();
        for path in layout.parts(range)? {
            let part = self.part(path)?;
            let spans = part.groups.iter().enumerate();
            groups.extend(
                spans
                    .filter(|(_, span)| span.rows > 0 && range.meets(span.earliest, span.latest))
                    .map(|(index, span)| Group {
                        part: Arc::clone(&part),
                        index,
                        span: *span,
                    }),
            );
        }
        groups.sort_by_key(|group| std::cmp::Reverse((group.latest(), group.part.number, group.index)));
        Ok(groups)
    }

    fn part(&self, path: PartPath) -> Result<Arc<Part>, StoreError> {
        if let Some(part) = self.known().get(&path.path) {
            return Ok(Arc::clone(part));
        }
        let part = Arc::new(open(path)?);
        let mut known = self.known();
        let groups: usize = known.values().map(|part| part.groups.len()).sum();
        if groups.saturating_add(part.groups.len()) > MAX_GROUPS {
            known.clear();
        }
        known.insert(part.path.clone(), Arc::clone(&part));
        Ok(part)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<Part>>> {
        // Whatever a panicking thread left is a whole map of whole parts.
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open(path: PartPath) -> Result<Part, StoreError> {
    let PartPath { path, number, .. } = path;
    let file = File::open(&path).map_err(StoreError::io("open", &path))?;
    let metadata = unpanicked(|| ParquetMetaDataReader::new().parse_and_finish(&file))
        .map_err(StoreError::reading(&path))?;
    check_columns(&path, &metadata)?;
    let len = file.metadata().map_err(StoreError::io("open", &path))?.len();
    if !metadata
        .row_groups()
        .iter()
        .all(|group| chunks_lie_in(group, len))
    {
        return Err(StoreError::damaged(&path, "a column lies outside the file"));
    }
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    let mut first_row = 0_u64;
    for group in metadata.row_groups() {
        let rows = usize::try_from(group.num_rows())
            .map_err(|_| StoreError::damaged(&path, "a row group has less than no rows"))?;
        let (earliest, latest) = bounds(&metadata, group, "start");
        groups.push(Span {
            first_row,
            rows,
            earliest: earliest.unwrap_or(Timestamp::MIN),
            latest: latest.unwrap_or(Timestamp::MAX),
            ended: bounds(&metadata, group, "end").1,
        });
        first_row = first_row.saturating_add(u64::try_from(rows).unwrap_or(u64::MAX));
    }
    Ok(Part {
        path,
        number,
        metadata,
        groups,
    })
}

/// Runs the Parquet decoder, which panics on some kinds of damage, so that damage is an error.
pub(super) fn unpanicked<T>(decode: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    // Whatever a panic leaves behind is dropped with the closure.
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(ParquetError::General(
            "its pages contradict each other".to_owned(),
        ))
    })
}

fn check_columns(path: &Path, metadata: &ParquetMetaData) -> Result<(), StoreError> {
    for column in REQUIRED {
        if leaf(metadata, column).is_none() {
            return Err(StoreError::damaged(path, format!("it has no column {column}")));
        }
    }
    let schema = metadata.file_metadata().schema_descr();
    for field in FIELDS {
        let Some(index) = leaf(metadata, field.column) else {
            continue;
        };
        let column = schema.column(index);
        if column.physical_type() != schema::physical(field.kind) || column.max_rep_level() > 0 {
            return Err(StoreError::damaged(
                path,
                format!("column {} has another type than ours", field.column),
            ));
        }
    }
    Ok(())
}

/// Whether every column's pages lie within a file of `len` octets; the decoder takes that for granted.
pub(super) fn chunks_lie_in(group: &RowGroupMetaData, len: u64) -> bool {
    group.columns().iter().all(|chunk| {
        let begin = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
        let begin = u64::try_from(begin).ok();
        let size = u64::try_from(chunk.compressed_size()).ok();
        let end = begin.zip(size).and_then(|(begin, size)| begin.checked_add(size));
        end.is_some_and(|end| end <= len)
    })
}

pub(super) fn leaf(metadata: &ParquetMetaData, column: &str) -> Option<usize> {
    let columns = metadata.file_metadata().schema_descr().columns();
    columns.iter().position(|found| found.path().parts() == [column])
}

/// The least and the greatest value of a column of times, where the file says.
fn bounds(
    metadata: &ParquetMetaData,
    group: &RowGroupMetaData,
    column: &str,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let statistics = leaf(metadata, column).and_then(|index| group.column(index).statistics());
    match statistics {
        Some(Statistics::Int64(values)) => {
            let time = |nanos: Option<&i64>| nanos.copied().map(Timestamp::from_nanos);
            (time(values.min_opt()), time(values.max_opt()))
        }
        _ => (None, None),
    }
}
