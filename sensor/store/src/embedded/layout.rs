//! Where things are in a data directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::Offset;
use sekisho_model::Timestamp;

use crate::{StoreError, TimeRange};

/// Paths of one data directory.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

/// A flow file that is complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartPath {
    /// Hours since the epoch.
    pub(super) hour: i64,
    pub(super) number: u32,
    pub(super) path: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn database(&self) -> PathBuf {
        self.root.join("sekisho.db")
    }

    /// Locked by the one run that writes.
    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("writer.lock")
    }

    pub(super) fn flows(&self) -> PathBuf {
        self.root.join("flows")
    }

    /// The folder of an hour since the epoch.
    pub(super) fn hour(&self, hour: i64) -> PathBuf {
        let instant = jiff::Timestamp::from_second(hour.saturating_mul(3_600)).unwrap_or_default();
        let time = Offset::UTC.to_datetime(instant);
        self.flows()
            .join(format!("date={}", time.date()))
            .join(format!("hour={:02}", time.hour()))
    }

    /// Every complete flow file whose hour meets the range, oldest hour first.
    pub(super) fn parts(&self, range: &TimeRange) -> Result<Vec<PartPath>, StoreError> {
        let mut parts = Vec::new();
        for (day, folder) in children(&self.flows(), |name| name.strip_prefix("date=")?.parse().ok())? {
            let Some(first) = first_hour(day) else { continue };
            if !hours_meet(range, first, first.saturating_add(23)) {
                continue;
            }
            for (hour, folder) in children(&folder, hour_of_day)? {
                let hour = first.saturating_add(hour);
                if !hours_meet(range, hour, hour) {
                    continue;
                }
                let files = children(&folder, part_number)?.into_iter();
                parts.extend(files.map(|(number, path)| PartPath { hour, number, path }));
            }
        }
        parts.sort();
        Ok(parts)
    }

    /// Removes what a run that was killed has left half written.
    pub(super) fn remove_unfinished(&self) -> Result<(), StoreError> {
        for (_, day) in children(&self.flows(), |name| name.strip_prefix("date=").map(|_| ()))? {
            for (_, hour) in children(&day, |name| name.strip_prefix("hour=").map(|_| ()))? {
                for (_, file) in children(&hour, |name| name.strip_suffix(UNFINISHED).map(|_| ()))? {
                    fs::remove_file(&file).map_err(StoreError::io("remove", &file))?;
                }
            }
        }
        Ok(())
    }
}

/// How the name of a file ends that is not complete yet.
pub(super) const UNFINISHED: &str = ".tmp";

pub(super) fn part_name(number: u32) -> String {
    format!("part-{number:04}.parquet")
}

pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

/// The highest number among the parts of an hour's folder; nothing where there is none.
pub(super) fn last_part(folder: &Path) -> Result<Option<u32>, StoreError> {
    Ok(children(folder, part_number)?
        .into_iter()
        .map(|(number, _)| number)
        .max())
}

fn part_number(name: &str) -> Option<u32> {
    name.strip_prefix("part-")?.strip_suffix(".parquet")?.parse().ok()
}

fn hour_of_day(name: &str) -> Option<i64> {
    let hour = name.strip_prefix("hour=")?.parse().ok()?;
    (0..24).contains(&hour).then_some(hour)
}

fn first_hour(day: Date) -> Option<i64> {
    let midnight = Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second().div_euclid(3_600))
}

fn hours_meet(range: &TimeRange, first: i64, last: i64) -> bool {
    let begin = Timestamp::from_seconds(first.saturating_mul(3_600), 0);
    let end = Timestamp::from_seconds(last.saturating_mul(3_600).saturating_add(3_599), 999_999_999);
    range.meets(begin, end)
}

/// Entries of a folder whose name means something, in no order; none where there is no folder.
pub(super) fn children<T>(
    folder: &Path,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<(T, PathBuf)>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::io("list", folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io("list", folder))?;
        if let Some(meaning) = entry.file_name().to_str().and_then(&read) {
            found.push((meaning, entry.path()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_a_folder_of_its_utc_date() {
        let layout = Layout::new(Path::new("data"));

        // 2026-11-23T01:53:25Z and the last hour before the epoch.
        let hour = Timestamp::from_seconds(1_795_398_805, 0).hour();
        assert_eq!(layout.hour(hour), Path::new("data/flows/date=2026-11-23/hour=01"));
        assert_eq!(layout.hour(-1), Path::new("data/flows/date=1969-12-31/hour=23"));
    }

    #[test]
    fn only_complete_parts_in_the_range_are_found() {
        let scratch = tempfile::tempdir().unwrap();
        let layout = Layout::new(scratch.path());
        for hour in [-1, 0, 24, 25] {
            let folder = layout.hour(hour);
            fs::create_dir_all(&folder).unwrap();
            for name in ["part-0000.parquet", "part-0001.parquet.tmp", "notes.txt"] {
                fs::write(folder.join(name), "").unwrap();
            }
        }
        fs::create_dir_all(layout.flows().join("date=junk/hour=99")).unwrap();
        let hours = |range: &TimeRange| -> Vec<i64> {
            layout
                .parts(range)
                .unwrap()
                .iter()
                .map(|part| part.hour)
                .collect()
        };

        let range = TimeRange {
            since: Some(Timestamp::from_seconds(3_599, 0)),
            until: Some(Timestamp::from_seconds(25 * 3_600, 0)),
        };
        assert_eq!(hours(&TimeRange::default()), [-1, 0, 24, 25]);
        assert_eq!(hours(&range), [0, 24]);

        layout.remove_unfinished().unwrap();
        assert!(!layout.hour(0).join("part-0001.parquet.tmp").exists());
        assert_eq!(hours(&range), [0, 24]);
    }
}
