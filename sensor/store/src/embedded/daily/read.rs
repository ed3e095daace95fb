//! Reads a daily file: its keys where they lie, and rows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader as _};
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::statistics::Statistics;
use sekisho_model::Timestamp;

use super::super::catalog::{chunks_lie_in, leaf, unpanicked};
use super::super::read::{Rows, values};
use super::DailyKind;
use super::row::{Row, Seen};
use super::schema::Column;
use super::who::Who;
use crate::StoreError;

/// An open file.
pub(super) struct Daily {
    path: PathBuf,
    file: Arc<File>,
    metadata: ParquetMetaData,
    /// Where each column stands.
    columns: Vec<usize>,
}

/// What the footer says of a row group.
pub(super) struct Group<'a> {
    pub(super) kind: DailyKind,
    /// Least and greatest key; the file may say less and more.
    pub(super) keys: (&'a [u8], &'a [u8]),
    /// Least first and greatest last time.
    pub(super) span: (Timestamp, Timestamp),
    pub(super) rows: usize,
}

impl Daily {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let metadata = unpanicked(|| ParquetMetaDataReader::new().parse_and_finish(&file))
            .map_err(StoreError::reading(path))?;
        let len = file.metadata().map_err(StoreError::io("open", path))?.len();
        if !metadata
            .row_groups()
            .iter()
            .all(|group| chunks_lie_in(group, len))
        {
            return Err(StoreError::damaged(path, "a column lies outside the file"));
        }
        let schema = metadata.file_metadata().schema_descr();
        let columns = Column::ALL
            .into_iter()
            .map(|column| {
                let index = leaf(&metadata, column.name()).ok_or("is missing")?;
                let found = schema.column(index);
                let is_ours = found.physical_type() == column.physical() && found.max_rep_level() == 0;
                is_ours.then_some(index).ok_or("has another type than ours")
            })
            .zip(Column::ALL)
            .map(|(found, column)| {
                found.map_err(|what| StoreError::damaged(path, format!("column {} {what}", column.name())))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
            metadata,
            columns,
        })
    }

    /// How many row groups there are.
    pub(super) fn groups(&self) -> usize {
        self.metadata.num_row_groups()
    }

    /// Rows of the whole file.
    pub(super) fn rows(&self) -> u64 {
        let groups = self.metadata.row_groups().iter();
        groups
            .map(|group| u64::try_from(group.num_rows()).unwrap_or(0))
            .sum()
    }

    /// What the footer says of a row group.
    pub(super) fn group(&self, index: usize) -> Result<Group<'_>, StoreError> {
        let read = || {
            let kind = match self.statistics(index, Column::Kind)? {
                Statistics::ByteArray(kinds) if kinds.min_opt()? == kinds.max_opt()? => {
                    DailyKind::parse(kinds.min_opt()?.as_utf8().ok()?)?
                }
                _ => return None,
            };
            let keys = match self.statistics(index, Column::Key)? {
                Statistics::ByteArray(keys) => (keys.min_opt()?.data(), keys.max_opt()?.data()),
                _ => return None,
            };
            let span = match (
                self.statistics(index, Column::First)?,
                self.statistics(index, Column::Last)?,
            ) {
                (Statistics::Int64(first), Statistics::Int64(last)) => (
                    Timestamp::from_nanos(*first.min_opt()?),
                    Timestamp::from_nanos(*last.max_opt()?),
                ),
                _ => return None,
            };
            let rows = usize::try_from(self.metadata.row_group(index).num_rows()).ok()?;
            Some(Group {
                kind,
                keys,
                span,
                rows,
            })
        };
        read().ok_or_else(|| self.damaged("a row group does not say what it holds"))
    }

    /// Shows the keys of a row group in their order, each with its row.
    pub(super) fn keys(&self, index: usize, see: &mut dyn FnMut(usize, &[u8])) -> Result<(), StoreError> {
        let group = self.metadata.row_group(index);
        let mut walk = || -> Result<bool, ParquetError> {
            let mut pages = self.pages(group, Column::Key)?;
            let mut row = 0_usize;
            while let Some(page) = pages.get_next_page()? {
                let Page::DataPage {
                    buf,
                    num_values,
                    encoding: Encoding::PLAIN,
                    ..
                } = page
                else {
                    return Ok(false);
                };
                // Parquet format, "Plain: (PLAIN = 0)": the length, then the octets.
                let mut rest: &[u8] = &buf;
                for _ in 0..num_values {
                    let Some((len, after)) = rest.split_first_chunk::<4>() else {
                        return Ok(false);
                    };
                    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
                    let Some((key, after)) = after.split_at_checked(len) else {
                        return Ok(false);
                    };
                    see(row, key);
                    rest = after;
                    row = row.saturating_add(1);
                }
            }
            Ok(true)
        };
        match unpanicked(&mut walk).map_err(StoreError::reading(&self.path))? {
            true => Ok(()),
            false => Err(self.damaged("the keys are not where they should be")),
        }
    }

    /// Reads every row of a row group.
    pub(super) fn rows_of(&self, index: usize) -> Result<Vec<Row>, StoreError> {
        let group = self.group(index)?;
        let rows = Rows::All(group.rows);
        let words = || -> Result<_, ParquetError> {
            let metadata = self.metadata.row_group(index);
            let keys = self.words(metadata, Column::Key, &rows)?;
            Ok((keys, self.words(metadata, Column::Value, &rows)?))
        };
        let (keys, values) = unpanicked(words).map_err(StoreError::reading(&self.path))?;
        let words = (0..group.rows).map(|row| {
            let value = word(&values, row)?.to_owned();
            Some((word(&keys, row)?.to_owned(), value))
        });
        let words = words.collect::<Option<Vec<_>>>();
        let words = words.ok_or_else(|| self.damaged("a row is none of ours"))?;
        self.with_sums(index, group.kind, &rows, words)
    }

    /// Reads rows of a row group, in ascending order, whose keys are known.
    pub(super) fn rows_at(&self, index: usize, found: Vec<(usize, String)>) -> Result<Vec<Row>, StoreError> {
        let kind = self.group(index)?.kind;
        let (at, keys): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let words = keys.into_iter().map(|key| {
            let value = kind.value(&key)?;
            Some((key, value))
        });
        let words = words.collect::<Option<Vec<_>>>();
        let words = words.ok_or_else(|| self.damaged("a key is none of ours"))?;
        self.with_sums(index, kind, &Rows::Some(&at), words)
    }

    /// Rows of which key and value are known.
    fn with_sums(
        &self,
        index: usize,
        kind: DailyKind,
        rows: &Rows<'_>,
        words: Vec<(String, String)>,
    ) -> Result<Vec<Row>, StoreError> {
        const NUMBERS: [Column; 8] = [
            Column::First,
            Column::Last,
            Column::Flows,
            Column::Began,
            Column::Answered,
            Column::Mentions,
            Column::OctetsTo,
            Column::OctetsFrom,
        ];
        let read = || -> Result<Option<Vec<Row>>, ParquetError> {
            let metadata = self.metadata.row_group(index);
            let who = self.words(metadata, Column::Who, rows)?;
            let sketches = self.words(metadata, Column::WhoSketch, rows)?;
            let mut columns = Vec::with_capacity(NUMBERS.len());
            for column in NUMBERS {
                columns.push(self.numbers(metadata, column, rows)?);
            }
            let row = |(row, (key, value)): (usize, (String, String))| {
                let number = |which: usize| columns.get(which)?.get(row).copied();
                let time = |which: usize| number(which).map(Timestamp::from_nanos);
                let count = |which: usize| number(which).map(i64::cast_unsigned);
                let sketch = sketches.get(row)?.as_ref().map(ByteArray::data);
                Some(Row {
                    kind,
                    key,
                    value,
                    seen: Seen {
                        first: time(0)?,
                        last: time(1)?,
                        flows: count(2)?,
                        began: count(3)?,
                        answered: count(4)?,
                        mentions: count(5)?,
                        octets_to: count(6)?,
                        octets_from: count(7)?,
                        who: Who::read(word(&who, row)?, sketch)?,
                    },
                })
            };
            Ok(words.into_iter().enumerate().map(row).collect())
        };
        unpanicked(read)
            .map_err(StoreError::reading(&self.path))?
            .ok_or_else(|| self.damaged("a row is none of ours"))
    }

    fn statistics(&self, index: usize, column: Column) -> Option<&Statistics> {
        let at = *self.columns.get(place(column))?;
        self.metadata.row_group(index).column(at).statistics()
    }

    fn pages(
        &self,
        group: &RowGroupMetaData,
        column: Column,
    ) -> Result<SerializedPageReader<File>, ParquetError> {
        let at = self.columns.get(place(column)).copied().unwrap_or_default();
        let rows = usize::try_from(group.num_rows()).unwrap_or(usize::MAX);
        SerializedPageReader::new(Arc::clone(&self.file), group.column(at), rows, None)
    }

    fn words(
        &self,
        group: &RowGroupMetaData,
        column: Column,
        rows: &Rows<'_>,
    ) -> Result<Vec<Option<ByteArray>>, ParquetError> {
        match self.reader(group, column)? {
            ColumnReader::ByteArrayColumnReader(reader) => values(reader, rows),
            _ => Err(wrong_type()),
        }
    }

    fn numbers(
        &self,
        group: &RowGroupMetaData,
        column: Column,
        rows: &Rows<'_>,
    ) -> Result<Vec<i64>, ParquetError> {
        match self.reader(group, column)? {
            ColumnReader::Int64ColumnReader(reader) => {
                Ok(values(reader, rows)?.into_iter().flatten().collect())
            }
            _ => Err(wrong_type()),
        }
    }

    fn reader(&self, group: &RowGroupMetaData, column: Column) -> Result<ColumnReader, ParquetError> {
        let at = self.columns.get(place(column)).copied().unwrap_or_default();
        let pages = self.pages(group, column)?;
        Ok(get_column_reader(
            group.column(at).column_descr_ptr(),
            Box::new(pages),
        ))
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::damaged(&self.path, what)
    }
}

fn place(column: Column) -> usize {
    let found = Column::ALL.iter().position(|other| *other == column);
    found.unwrap_or_default()
}

fn word(words: &[Option<ByteArray>], row: usize) -> Option<&str> {
    words.get(row)?.as_ref()?.as_utf8().ok()
}

fn wrong_type() -> ParquetError {
    ParquetError::General("a column has another type than it had".to_owned())
}
