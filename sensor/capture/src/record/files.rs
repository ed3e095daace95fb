//! The files that a recording goes into, and which of them give way.
//!
//! A folder has files `sekisho-NUMBER.pcapng`, numbered on from those that are there; the oldest give way
//! to new ones. Nothing else in the folder is touched, and no file that exists is written over.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where a recording goes, and how much of the disk it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A folder that is there; or a file that is made.
    pub path: PathBuf,
    /// Octets that it takes at most, all files together.
    pub octets: u64,
    /// Files of a folder, at least two; each takes its part of the octets.
    pub files: u32,
}

/// Files opened one after the other.
#[derive(Debug)]
pub(super) struct Files {
    place: Place,
    is_folder: bool,
    /// Number of the file that comes next.
    next: u64,
    /// A file that is no folder, opened beforehand, so that a refusal is said at the start.
    first: Option<File>,
}

impl Files {
    pub(super) fn open(place: Place) -> io::Result<Self> {
        let is_folder = place.path.is_dir();
        let (next, first) = if is_folder {
            let last = numbers(&place.path)?.last().copied().unwrap_or_default();
            (last.saturating_add(1), None)
        } else {
            (0, Some(File::create_new(&place.path)?))
        };
        let mut files = Self {
            place,
            is_folder,
            next,
            first,
        };
        if is_folder {
            // The first file stays empty until a packet comes.
            files.first = files.create()?;
        }
        Ok(files)
    }

    /// Octets that one file may take.
    pub(super) fn limit(&self) -> u64 {
        if self.is_folder {
            self.place.octets.div_euclid(self.place.files.max(2).into())
        } else {
            self.place.octets
        }
    }

    /// The next file; none where there may be no further.
    pub(super) fn next(&mut self) -> io::Result<Option<File>> {
        match self.first.take() {
            Some(file) => Ok(Some(file)),
            None => self.create(),
        }
    }

    fn create(&mut self) -> io::Result<Option<File>> {
        if !self.is_folder {
            return Ok(None);
        }
        let numbers = numbers(&self.place.path)?;
        let keep = usize::try_from(self.place.files.max(2))
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        let surplus = numbers.len().saturating_sub(keep);
        for number in numbers.iter().take(surplus) {
            fs::remove_file(self.path(*number))?;
        }
        let file = File::create_new(self.path(self.next))?;
        self.next = self.next.saturating_add(1);
        Ok(Some(file))
    }

    fn path(&self, number: u64) -> PathBuf {
        self.place.path.join(format!("sekisho-{number:08}.pcapng"))
    }
}

/// Numbers of the recording's files in a folder, ascending.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("sekisho-")?.strip_suffix(".pcapng"));
        numbers.extend(number.and_then(|digits| digits.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
