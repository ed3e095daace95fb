//! Looks for many things in many days at once.
//!
//! Keys of a row group and stretches that are looked for are both in order, so one pass over both
//! finds every hit; row groups whose keys or times lie elsewhere are not read. Days are shared out over
//! the cores.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as Sync};
use std::sync::{Mutex, PoisonError};

use super::files::Files;
use super::read::Daily;
use super::row::{DailyRow, Row};
use super::wanted::{Span, Wanted, between};
use crate::{StoreError, TimeRange};

/// Rows that are answered at most; what is found beyond is counted.
pub const MAX_ROWS: usize = 100_000;

/// How often a day is begun anew whose files were replaced while they were read.
const TRIES: usize = 3;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookBack {
    /// A row for each value and day, the newest day first, by kind and value within it.
    pub rows: Vec<DailyRow>,
    /// Rows that were found beyond [`MAX_ROWS`].
    pub left_out: u64,
    /// Days that have a set.
    pub days: usize,
    /// Those of them that were looked through; fewer where the answer was no longer wanted.
    pub looked: usize,
    /// Days of which flows are kept and no set: a version before daily sets wrote them.
    pub without_set: Vec<i64>,
}

/// Looks for what is wanted in every day of a range. `go_on` is told after each day how many of how
/// many are done, and says whether to go on.
pub(in crate::embedded) fn look(
    files: &Files,
    range: &TimeRange,
    wanted: &Wanted,
    go_on: &(dyn Fn(usize, usize) -> bool + std::marker::Sync),
) -> Result<LookBack, StoreError> {
    let days = files.days(range)?;
    let wanted = wanted.clone().sorted();
    let shared = Shared {
        next: AtomicUsize::new(0),
        looked: AtomicUsize::new(0),
        ended: AtomicBool::new(false),
        found: Mutex::new(Ok(LookBack::default())),
    };
    let work = || {
        while !shared.ended.load(Sync::Relaxed) {
            let Some(day) = days.get(shared.next.fetch_add(1, Sync::Relaxed)) else {
                return;
            };
            let found = look_in_day(files, range, &wanted, *day);
            let looked = shared.looked.fetch_add(1, Sync::Relaxed).saturating_add(1);
            let failed = found.is_err();
            shared.add(found);
            if failed || !go_on(looked, days.len()) {
                shared.ended.store(true, Sync::Relaxed);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8));
    std::thread::scope(|scope| {
        for _ in 1..cores.min(days.len()) {
            scope.spawn(work);
        }
        work();
    });
    let looked = shared.looked.load(Sync::Relaxed);
    let found = shared.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.map(|mut found| {
        found.rows.sort_by(|one, other| {
            let order = |row: &DailyRow| (std::cmp::Reverse(row.day), row.kind);
            (order(one), &one.value).cmp(&(order(other), &other.value))
        });
        LookBack {
            days: days.len(),
            looked,
            ..found
        }
    })
}

/// What the threads share.
struct Shared {
    next: AtomicUsize,
    looked: AtomicUsize,
    ended: AtomicBool,
    found: Mutex<Result<LookBack, StoreError>>,
}

impl Shared {
    fn add(&self, found: Result<Vec<DailyRow>, StoreError>) {
        let mut sum = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok(known) = &mut *sum else { return };
        match found {
            Ok(mut rows) => {
                let room = MAX_ROWS.saturating_sub(known.rows.len());
                let beyond = rows.len().saturating_sub(room);
                known.left_out = known
                    .left_out
                    .saturating_add(u64::try_from(beyond).unwrap_or(u64::MAX));
                rows.truncate(room);
                known.rows.append(&mut rows);
            }
            Err(error) => *sum = Err(error),
        }
    }
}

fn look_in_day(
    files: &Files,
    range: &TimeRange,
    wanted: &Wanted,
    day: i64,
) -> Result<Vec<DailyRow>, StoreError> {
    let mut tries = 0;
    loop {
        match look_in_files(files, range, wanted, day) {
            // Merged away by a run since the folder was listed.
            Err(StoreError::Io { cause, .. })
                if cause.kind() == std::io::ErrorKind::NotFound && tries < TRIES =>
            {
                tries += 1;
            }
            found => return found,
        }
    }
}

fn look_in_files(
    files: &Files,
    range: &TimeRange,
    wanted: &Wanted,
    day: i64,
) -> Result<Vec<DailyRow>, StoreError> {
    let mut rows: Vec<Row> = Vec::new();
    for part in files.parts(day)? {
        look_in_file(&Daily::open(&part.path)?, range, wanted, &mut rows)?;
    }
    rows.sort_by(|one, other| one.order().cmp(&other.order()));
    rows.dedup_by(|next, same| {
        let is_same = same.order() == next.order();
        if is_same {
            same.seen.merge(&next.seen);
        }
        is_same
    });
    // Of a day that the range cuts, what lies in the range.
    rows.retain(|row| range.meets(row.seen.first, row.seen.last));
    Ok(rows.into_iter().map(|row| DailyRow::of(day, row)).collect())
}

fn look_in_file(
    file: &Daily,
    range: &TimeRange,
    wanted: &Wanted,
    rows: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for index in 0..file.groups() {
        let group = file.group(index)?;
        let spans = between(wanted.of(group.kind), group.keys.0, group.keys.1);
        if spans.is_empty() || !range.meets(group.span.0, group.span.1) {
            continue;
        }
        let mut left = spans;
        file.keys(index, &mut |row, key| {
            while let Some((span, rest)) = left.split_first() {
                match span.place(key) {
                    Ordering::Less => return,
                    Ordering::Equal => return found.extend(utf8(key).map(|key| (row, key))),
                    Ordering::Greater => left = after(rest, key),
                }
            }
        })?;
        if !found.is_empty() {
            rows.append(&mut file.rows_at(index, std::mem::take(&mut found))?);
        }
    }
    Ok(())
}

fn utf8(key: &[u8]) -> Option<String> {
    std::str::from_utf8(key).ok().map(ToOwned::to_owned)
}

/// The stretches that do not end before a key. The next ones are looked at one by one, those further
/// away by halves.
fn after<'a>(spans: &'a [Span], key: &[u8]) -> &'a [Span] {
    const NEAR: usize = 8;
    let is_before = |span: &Span| span.place(key) == Ordering::Greater;
    let near = spans.iter().take(NEAR).take_while(|span| is_before(span)).count();
    let passed = if near < NEAR {
        near
    } else {
        spans.partition_point(is_before)
    };
    spans.get(passed..).unwrap_or_default()
}
