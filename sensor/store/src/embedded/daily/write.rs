//! Writes a daily file: rows in their order, a row group for each kind and at most so many rows.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::super::layout::unfinished;
use super::row::Row;
use super::schema::{self, Column, GROUP_ROWS};
use crate::StoreError;

/// A file that grows; it is visible only when [`Writer::finish`] has come to its end.
pub(super) struct Writer<'a> {
    path: &'a Path,
    file: SerializedFileWriter<File>,
    rows: Vec<Row>,
}

impl<'a> Writer<'a> {
    pub(super) fn create(path: &'a Path) -> Result<Self, StoreError> {
        let name = unfinished(path);
        let file = File::create(&name).map_err(StoreError::io("create", &name))?;
        let open = || SerializedFileWriter::new(file, schema::schema()?, Arc::new(schema::properties()));
        Ok(Self {
            file: open().map_err(StoreError::writing(&name))?,
            path,
            rows: Vec::new(),
        })
    }

    /// Adds a row, which comes after those before it.
    pub(super) fn add(&mut self, row: Row) -> Result<(), StoreError> {
        let is_full = self.rows.len() >= GROUP_ROWS;
        let is_other = self.rows.last().is_some_and(|last| last.kind != row.kind);
        if is_full || is_other {
            self.write_group()?;
        }
        self.rows.push(row);
        Ok(())
    }

    /// Writes what is left, and lets the file be seen.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.write_group()?;
        let name = unfinished(self.path);
        let file = self.file.into_inner().map_err(StoreError::writing(&name))?;
        file.sync_all().map_err(StoreError::io("sync", &name))?;
        fs::rename(&name, self.path).map_err(StoreError::io("rename to", self.path))
    }

    fn write_group(&mut self) -> Result<(), StoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let mut write = || write_group(self.file.next_row_group()?, &rows);
        write().map_err(StoreError::writing(self.path))
    }
}

fn write_group(mut group: SerializedRowGroupWriter<'_, File>, rows: &[Row]) -> Result<(), ParquetError> {
    for column in Column::ALL {
        let Some(mut writer) = group.next_column()? else {
            return Err(ParquetError::General("the schema has too few columns".to_owned()));
        };
        match writer.untyped() {
            ColumnWriter::ByteArrayColumnWriter(writer) => {
                let present: Vec<i16> = rows
                    .iter()
                    .map(|row| i16::from(word(row, column).is_some()))
                    .collect();
                let levels = (column == Column::WhoSketch).then_some(&*present);
                let words: Vec<_> = rows.iter().filter_map(|row| word(row, column)).collect();
                writer.write_batch(&words, levels, None)?;
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                let numbers: Vec<_> = rows.iter().map(|row| number(row, column)).collect();
                writer.write_batch(&numbers, None, None)?;
            }
            _ => {
                return Err(ParquetError::General(
                    "the schema has a column of a wrong type".to_owned(),
                ));
            }
        }
        writer.close()?;
    }
    group.close()?;
    Ok(())
}

fn word(row: &Row, column: Column) -> Option<ByteArray> {
    match column {
        Column::Kind => Some(row.kind.name().into()),
        Column::Key => Some(row.key.as_str().into()),
        Column::Value => Some(row.value.as_str().into()),
        Column::Who => {
            let named: Vec<_> = row.seen.who.named().iter().map(ToString::to_string).collect();
            Some(named.join(" ").into_bytes().into())
        }
        Column::WhoSketch => row.seen.who.sketch().map(|sketch| sketch.to_vec().into()),
        _ => None,
    }
}

fn number(row: &Row, column: Column) -> i64 {
    let seen = &row.seen;
    let count = match column {
        Column::First => return seen.first.nanos(),
        Column::Last => return seen.last.nanos(),
        Column::Flows => seen.flows,
        Column::Began => seen.began,
        Column::Answered => seen.answered,
        Column::Mentions => seen.mentions,
        Column::OctetsTo => seen.octets_to,
        Column::OctetsFrom => seen.octets_from,
        Column::WhoCount => seen.who.count(),
        _ => 0,
    };
    count.cast_signed()
}
