//! Which files the daily sets are made of.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::Offset;
use sekisho_model::Timestamp;

use super::super::layout::{UNFINISHED, children};
use crate::{StoreError, TimeRange};

/// Seconds of a day.
const DAY_S: i64 = 86_400;

/// The folder of the daily sets.
#[derive(Debug, Clone)]
pub(in crate::embedded) struct Files {
    root: PathBuf,
}

/// A file, and the numbers that it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) path: PathBuf,
}

impl Files {
    /// Those of a data directory.
    pub(in crate::embedded) fn of(root: &Path) -> Self {
        Self {
            root: root.join("daily"),
        }
    }

    /// The folder of a day since the epoch.
    pub(in crate::embedded) fn folder(&self, day: i64) -> PathBuf {
        let instant = jiff::Timestamp::from_second(day.saturating_mul(DAY_S)).unwrap_or_default();
        self.root
            .join(format!("date={}", Offset::UTC.to_datetime(instant).date()))
    }

    /// The days that have a folder and meet a range, the newest first.
    pub(in crate::embedded) fn days(&self, range: &TimeRange) -> Result<Vec<i64>, StoreError> {
        let read = |name: &str| day_of_date(name.strip_prefix("date=")?.parse().ok()?);
        let mut days: Vec<_> = children(&self.root, read)?
            .into_iter()
            .map(|(day, _)| day)
            .filter(|day| {
                let begin = Timestamp::from_seconds(day.saturating_mul(DAY_S), 0);
                let end =
                    Timestamp::from_seconds(day.saturating_mul(DAY_S).saturating_add(DAY_S - 1), 999_999_999);
                range.meets(begin, end)
            })
            .collect();
        days.sort_unstable_by(|one, other| other.cmp(one));
        Ok(days)
    }

    /// The files that make up a day.
    pub(super) fn parts(&self, day: i64) -> Result<Vec<Part>, StoreError> {
        Ok(split(self.all(day)?).0)
    }

    /// The path of the next file of a day.
    pub(super) fn next(&self, day: i64) -> Result<PathBuf, StoreError> {
        let last = self.all(day)?.iter().map(|part| part.last).max();
        let number = last.map_or(0, |last| last.saturating_add(1));
        Ok(self.path(day, number, number))
    }

    /// The path of a file that stands for others.
    pub(super) fn path(&self, day: i64, first: u32, last: u32) -> PathBuf {
        self.folder(day)
            .join(format!("part-{first:04}-{last:04}.parquet"))
    }

    /// Removes what a run that was killed has left: files half written, and files that another one
    /// stands for.
    pub(in crate::embedded) fn tidy(&self) -> Result<(), StoreError> {
        for day in self.days(&TimeRange::default())? {
            let unfinished = children(&self.folder(day), |name| {
                name.strip_suffix(UNFINISHED).map(|_| ())
            })?;
            let covered = split(self.all(day)?).1.into_iter().map(|part| part.path);
            for path in unfinished.into_iter().map(|(_, path)| path).chain(covered) {
                fs::remove_file(&path).map_err(StoreError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Removes the sets of all days before one, and says of how many.
    pub(in crate::embedded) fn forget(&self, before: i64) -> Result<u64, StoreError> {
        let mut forgotten = 0_u64;
        for day in self
            .days(&TimeRange::default())?
            .into_iter()
            .filter(|day| *day < before)
        {
            let folder = self.folder(day);
            fs::remove_dir_all(&folder).map_err(StoreError::io("remove", &folder))?;
            forgotten = forgotten.saturating_add(1);
        }
        Ok(forgotten)
    }

    fn all(&self, day: i64) -> Result<Vec<Part>, StoreError> {
        let found = children(&self.folder(day), |name| {
            let numbers = name.strip_prefix("part-")?.strip_suffix(".parquet")?;
            let (first, last) = numbers.split_once('-')?;
            let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
            (first <= last).then_some((first, last))
        })?;
        let found = found.into_iter();
        Ok(found
            .map(|((first, last), path)| Part { first, last, path })
            .collect())
    }
}

/// Those that count, in their order, and those that another one stands for.
fn split(mut parts: Vec<Part>) -> (Vec<Part>, Vec<Part>) {
    // One that stands for others comes before them.
    parts.sort_by_key(|part| (part.first, std::cmp::Reverse(part.last)));
    let mut end = None;
    parts.into_iter().partition(|part| {
        let counts = end.is_none_or(|end| part.last > end);
        end = end.max(Some(part.last));
        counts
    })
}

fn day_of_date(date: Date) -> Option<i64> {
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second().div_euclid(DAY_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> (tempfile::TempDir, Files) {
        let scratch = tempfile::tempdir().unwrap();
        let files = Files::of(scratch.path());
        let folder = files.folder(20_780);
        fs::create_dir_all(&folder).unwrap();
        for name in names {
            fs::write(folder.join(name), "").unwrap();
        }
        (scratch, files)
    }

    #[test]
    fn a_day_is_a_folder_of_its_utc_date() {
        let files = Files::of(Path::new("data"));

        // `date -u -d @$((20780 * 86400)) +%F` prints 2026-11-23.
        assert_eq!(files.folder(20_780), Path::new("data/daily/date=2026-11-23"));
        assert_eq!(files.folder(-1), Path::new("data/daily/date=1969-12-31"));
    }

    #[test]
    fn a_file_that_stands_for_others_takes_their_place() {
        let (_scratch, files) = with(&[
            "part-0000-0000.parquet",
            "part-0001-0001.parquet",
            "part-0000-0001.parquet",
            "part-0002-0002.parquet",
            "part-0003-0003.parquet.tmp",
            "notes.txt",
        ]);
        let names = |files: &Files| -> Vec<(u32, u32)> {
            let parts = files.parts(20_780).unwrap();
            parts.iter().map(|part| (part.first, part.last)).collect()
        };

        assert_eq!(names(&files), [(0, 1), (2, 2)]);
        assert!(files.next(20_780).unwrap().ends_with("part-0003-0003.parquet"));

        files.tidy().unwrap();
        let left = fs::read_dir(files.folder(20_780)).unwrap().count();
        assert_eq!((left, names(&files)), (3, vec![(0, 1), (2, 2)]));
    }

    #[test]
    fn days_before_one_are_forgotten_and_nothing_else_is() {
        let (scratch, files) = with(&["part-0000-0000.parquet"]);
        fs::create_dir_all(files.folder(20_779)).unwrap();
        fs::create_dir_all(files.folder(20_700)).unwrap();
        let other = scratch.path().join("daily/notes");
        fs::create_dir_all(&other).unwrap();

        assert_eq!(files.forget(20_780).unwrap(), 2);
        assert_eq!(files.days(&TimeRange::default()).unwrap(), [20_780]);
        assert!(other.exists());
        assert_eq!(files.forget(20_780).unwrap(), 0);
    }

    #[test]
    fn days_are_those_that_meet_the_range() {
        let (_scratch, files) = with(&[]);
        let at = |hours: i64| Some(Timestamp::from_seconds(20_780 * DAY_S + hours * 3_600, 0));
        let days = |since, until| files.days(&TimeRange { since, until }).unwrap();

        assert_eq!(days(None, None), [20_780]);
        assert_eq!(days(at(23), at(24)), [20_780]);
        assert_eq!(days(at(24), None), [0_i64; 0]);
        assert_eq!(days(None, at(0)), [0_i64; 0]);
    }
}
