//! Columns of a row group: the whole of some for scanning, a few rows of all for showing.

use std::borrow::Cow;
use std::fs::File;
use std::net::IpAddr;
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::ParquetError;
use parquet::file::serialized_reader::SerializedPageReader;
use sekisho_filter::Row;
use sekisho_model::Timestamp;
use sekisho_model::fields::{FIELDS, Field, FieldKind, Value};

use super::catalog::{Group, unpanicked};
use crate::rows::json;
use crate::{FlowRow, StoreError};

/// Some columns of one row group, whole.
pub(super) struct Columns {
    loaded: Vec<(&'static Field, Column)>,
    rows: usize,
}

/// The values of one column, in the order of its rows.
pub(super) enum Column {
    /// Numbers, and times as nanoseconds.
    Integers(Vec<Option<i64>>),
    Seconds(Vec<Option<f64>>),
    Words(Vec<Option<ByteArray>>),
    Addresses(Vec<Option<IpAddr>>),
    /// The file is older than the field.
    Missing,
}

/// One row of [`Columns`].
pub(super) struct RowAt<'a> {
    pub(super) columns: &'a Columns,
    pub(super) row: usize,
}

impl Columns {
    /// Decodes the columns of `fields`.
    pub(super) fn load(group: &Group, fields: &[&'static Field]) -> Result<Self, StoreError> {
        let mut columns = Self {
            loaded: Vec::new(),
            rows: group.rows(),
        };
        columns.add(group, fields)?;
        Ok(columns)
    }

    /// Decodes those of `fields` that are not there yet.
    pub(super) fn add(&mut self, group: &Group, fields: &[&'static Field]) -> Result<(), StoreError> {
        let reader = GroupReader::open(group)?;
        for field in fields {
            if !self.loaded.iter().any(|(known, _)| std::ptr::eq(*known, *field)) {
                let column = reader.column(field, &Rows::All(self.rows))?;
                self.loaded.push((field, column));
            }
        }
        Ok(())
    }

    /// The column of a field that was loaded.
    pub(super) fn column(&self, field: &Field) -> &Column {
        self.loaded
            .iter()
            .find(|(loaded, _)| std::ptr::eq(*loaded, field))
            .map_or(&Column::Missing, |(_, column)| column)
    }
}

impl Column {
    /// The value of a row; absent where there is none.
    fn value(&self, row: usize, kind: FieldKind) -> Value<'_> {
        let value = match self {
            Self::Integers(_) => self.integer(row).map(|value| match kind {
                FieldKind::Time => Value::Time(Timestamp::from_nanos(value)),
                _ => Value::Number(value.cast_unsigned()),
            }),
            Self::Seconds(values) => values.get(row).copied().flatten().map(Value::Seconds),
            Self::Words(_) => self.word(row).map(|word| Value::Text(Cow::Borrowed(word))),
            Self::Addresses(_) => self.address(row).map(Value::Address),
            Self::Missing => None,
        };
        value.unwrap_or(Value::Absent)
    }

    /// A number's bits or a time's nanoseconds.
    pub(super) fn integer(&self, row: usize) -> Option<i64> {
        match self {
            Self::Integers(values) => values.get(row).copied().flatten(),
            _ => None,
        }
    }

    pub(super) fn number(&self, row: usize) -> u64 {
        self.integer(row).map_or(0, i64::cast_unsigned)
    }

    pub(super) fn word(&self, row: usize) -> Option<&str> {
        match self {
            Self::Words(values) => values.get(row)?.as_ref()?.as_utf8().ok(),
            _ => None,
        }
    }

    pub(super) fn address(&self, row: usize) -> Option<IpAddr> {
        match self {
            Self::Addresses(values) => values.get(row).copied().flatten(),
            _ => None,
        }
    }
}

impl sekisho_filter::Columns for Columns {
    fn rows(&self) -> usize {
        self.rows
    }

    fn column(&self, field: &'static Field) -> sekisho_filter::Column<'_> {
        use sekisho_filter::Column as Asked;
        match self.column(field) {
            Column::Integers(values) => Asked::Integers(values),
            Column::Seconds(values) => Asked::Seconds(values),
            Column::Addresses(values) => Asked::Addresses(values),
            words @ Column::Words(_) => Asked::Words(words),
            Column::Missing => Asked::Missing,
        }
    }
}

impl sekisho_filter::Words for Column {
    fn word(&self, row: usize) -> Option<&str> {
        self.word(row)
    }
}

impl Row for RowAt<'_> {
    fn value(&self, field: &'static Field) -> Value<'_> {
        self.columns.column(field).value(self.row, field.kind)
    }
}

/// The rows at `rows` (in ascending order), every column.
pub(super) fn rows(group: &Group, rows: &[usize]) -> Result<Vec<FlowRow>, StoreError> {
    let reader = GroupReader::open(group)?;
    let mut found: Vec<_> = rows.iter().map(|_| FlowRow(serde_json::Map::new())).collect();
    for field in FIELDS {
        let column = reader.column(field, &Rows::Some(rows))?;
        for (index, row) in found.iter_mut().enumerate() {
            row.0
                .insert(field.column.to_owned(), json(column.value(index, field.kind)));
        }
    }
    Ok(found)
}

/// Which rows of a row group.
pub(super) enum Rows<'a> {
    All(usize),
    /// In ascending order.
    Some(&'a [usize]),
}

struct GroupReader<'a> {
    group: &'a Group,
    file: Arc<File>,
}

impl<'a> GroupReader<'a> {
    fn open(group: &'a Group) -> Result<Self, StoreError> {
        let path = &group.part.path;
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        Ok(Self {
            group,
            file: Arc::new(file),
        })
    }

    fn column(&self, field: &Field, rows: &Rows<'_>) -> Result<Column, StoreError> {
        let path = &self.group.part.path;
        unpanicked(|| self.decode(field, rows))
            .map_err(StoreError::reading(path))?
            .ok_or_else(|| StoreError::damaged(path, format!("column {} has a wrong value", field.column)))
    }

    /// Nothing where a value cannot be one of the field's kind.
    fn decode(&self, field: &Field, rows: &Rows<'_>) -> Result<Option<Column>, ParquetError> {
        let Some(index) = self.group.column(field) else {
            return Ok(Some(Column::Missing));
        };
        let chunk = self.group.metadata().column(index);
        let pages = SerializedPageReader::new(Arc::clone(&self.file), chunk, self.group.rows(), None)?;
        let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages));
        Ok(match (field.kind, reader) {
            (FieldKind::Number | FieldKind::Time, ColumnReader::Int64ColumnReader(reader)) => {
                Some(Column::Integers(values(reader, rows)?))
            }
            (FieldKind::Seconds, ColumnReader::DoubleColumnReader(reader)) => {
                Some(Column::Seconds(values(reader, rows)?))
            }
            (FieldKind::Text, ColumnReader::ByteArrayColumnReader(reader)) => {
                Some(Column::Words(values(reader, rows)?))
            }
            (FieldKind::Address, ColumnReader::ByteArrayColumnReader(reader)) => {
                addresses(&values(reader, rows)?).map(Column::Addresses)
            }
            _ => None,
        })
    }
}

/// Decodes the values of rows.
pub(super) fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: &Rows<'_>,
) -> Result<Vec<Option<T::T>>, ParquetError> {
    let mut found = Found {
        present: Vec::new(),
        values: Vec::new(),
        rows: 0,
    };
    match rows {
        Rows::All(count) => found.read(&mut reader, *count)?,
        Rows::Some(rows) => {
            let mut at = 0_usize;
            for row in *rows {
                let ahead = row.saturating_sub(at);
                if reader.skip_records(ahead)? != ahead {
                    return Err(ParquetError::EOF("a column ends too early".to_owned()));
                }
                found.read(&mut reader, 1)?;
                at = row.saturating_add(1);
            }
        }
    }
    Ok(found.aligned())
}

/// What was decoded: the values that are there, and which rows have one.
struct Found<V> {
    present: Vec<i16>,
    values: Vec<V>,
    rows: usize,
}

impl<V> Found<V> {
    fn read<T: DataType<T = V>>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        count: usize,
    ) -> Result<(), ParquetError> {
        let (read, _, _) = reader.read_records(count, Some(&mut self.present), None, &mut self.values)?;
        if read != count {
            return Err(ParquetError::EOF("a column ends too early".to_owned()));
        }
        self.rows = self.rows.saturating_add(read);
        Ok(())
    }

    fn aligned(self) -> Vec<Option<V>> {
        if self.values.len() == self.rows {
            return self.values.into_iter().map(Some).collect();
        }
        let mut values = self.values.into_iter();
        self.present
            .into_iter()
            .map(|level| if level > 0 { values.next() } else { None })
            .collect()
    }
}

/// Nothing where a word is no address.
fn addresses(words: &[Option<ByteArray>]) -> Option<Vec<Option<IpAddr>>> {
    // Runs of the same address are common: scans, and one busy server.
    let mut last: Option<(&ByteArray, IpAddr)> = None;
    words
        .iter()
        .map(|word| {
            let Some(word) = word else { return Some(None) };
            if let Some((known, address)) = last
                && known == word
            {
                return Some(Some(address));
            }
            let address = word.as_utf8().ok()?.parse().ok()?;
            last = Some((word, address));
            Some(Some(address))
        })
        .collect()
}
