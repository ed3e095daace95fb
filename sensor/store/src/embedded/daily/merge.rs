//! Files of a day become one: their rows, in the same order in each, are merged, those of one value
//! added up.
//!
//! Memory: one row group of each file. The new file is complete before the old ones go; a reader that
//! comes in between takes the new one, whose name says that it stands for the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::path::Path;

use super::super::write::{make_folders, sync_folder};
use super::files::{Files, Part};
use super::read::Daily;
use super::row::Row;
use super::write::Writer;
use crate::StoreError;

/// Files of one day at most; past that they become one.
const MAX_PARTS: usize = 8;

/// Keeps rows of a day, in their order; `last` says that this run has no more of it.
pub(in crate::embedded) fn keep(
    files: &Files,
    root: &Path,
    day: i64,
    rows: Vec<Row>,
    last: bool,
) -> Result<(), StoreError> {
    let folder = files.folder(day);
    if !rows.is_empty() {
        make_folders(&folder, root)?;
        let path = files.next(day)?;
        let mut writer = Writer::create(&path)?;
        for row in rows {
            writer.add(row)?;
        }
        writer.finish()?;
    }
    let parts = files.parts(day)?;
    if parts.is_empty() {
        return Ok(());
    }
    if parts.len() > if last { 1 } else { MAX_PARTS } {
        merge(files, day, &parts)?;
    }
    sync_folder(&folder)
}

/// How many rows the files of a day have together.
pub(in crate::embedded) fn values(files: &Files, day: i64) -> Result<u64, StoreError> {
    let parts = files.parts(day)?;
    parts
        .iter()
        .map(|part| Daily::open(&part.path).map(|file| file.rows()))
        .sum()
}

fn merge(files: &Files, day: i64, parts: &[Part]) -> Result<(), StoreError> {
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
        return Ok(());
    };
    let path = files.path(day, first.first, last.last);
    let mut cursors = parts
        .iter()
        .map(|part| Cursor::open(&part.path))
        .collect::<Result<Vec<_>, _>>()?;
    let mut heads = BinaryHeap::new();
    for (index, cursor) in cursors.iter_mut().enumerate() {
        heads.extend(cursor.next()?.map(|row| Reverse(Head { row, index })));
    }
    let mut writer = Writer::create(&path)?;
    let mut waiting: Option<Row> = None;
    while let Some(Reverse(Head { row, index })) = heads.pop() {
        if let Some(cursor) = cursors.get_mut(index) {
            heads.extend(cursor.next()?.map(|row| Reverse(Head { row, index })));
        }
        match &mut waiting {
            Some(same) if same.order() == row.order() => same.seen.merge(&row.seen),
            _ => {
                if let Some(row) = waiting.replace(row) {
                    writer.add(row)?;
                }
            }
        }
    }
    if let Some(row) = waiting {
        writer.add(row)?;
    }
    writer.finish()?;
    for part in parts {
        fs::remove_file(&part.path).map_err(StoreError::io("remove", &part.path))?;
    }
    Ok(())
}

/// The rows of a file, one after the other.
struct Cursor {
    file: Daily,
    next_group: usize,
    rows: std::vec::IntoIter<Row>,
}

impl Cursor {
    fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            file: Daily::open(path)?,
            next_group: 0,
            rows: Vec::new().into_iter(),
        })
    }

    fn next(&mut self) -> Result<Option<Row>, StoreError> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            if self.next_group >= self.file.groups() {
                return Ok(None);
            }
            self.rows = self.file.rows_of(self.next_group)?.into_iter();
            self.next_group = self.next_group.saturating_add(1);
        }
    }
}

struct Head {
    row: Row,
    index: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.row.order(), self.index).cmp(&(other.row.order(), other.index))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}
