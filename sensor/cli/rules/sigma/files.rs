//! The files of Sigma rules that are named, and those in folders that are.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sekisho_policy::sigma::MAX_FILE;

/// Files that are read at most.
const MAX_FILES: usize = 10_000;
/// Folders that may lie inside each other.
const MAX_DEPTH: usize = 16;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In the order in which they are named, those of a folder by name.
    pub(super) files: Vec<PathBuf>,
    /// What is not read, and why.
    pub(super) refused: Vec<(PathBuf, String)>,
}

/// Finds the files.
///
/// # Errors
///
/// What is named is not there, or nothing of it is a rule.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for path in paths {
        let kind = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_dir() {
            folder(path, 0, &mut found);
        } else {
            found.files.push(path.clone());
        }
    }
    if found.files.is_empty() && found.refused.is_empty() {
        bail!("there is no *.yml or *.yaml file in what is named");
    }
    if found.files.len() > MAX_FILES {
        bail!("there are {} files, the most is {MAX_FILES}", found.files.len());
    }
    Ok(found)
}

/// Links in folders are not followed, so that no folder is read twice.
fn folder(path: &Path, depth: usize, found: &mut Found) {
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) if depth < MAX_DEPTH => entries,
        Ok(_) => {
            return found
                .refused
                .push((path.to_owned(), format!("below {MAX_DEPTH} folders")));
        }
        Err(error) => return found.refused.push((path.to_owned(), error.to_string())),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_rule = path
            .extension()
            .is_some_and(|ending| ending == "yml" || ending == "yaml");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => folder(&path, depth.saturating_add(1), found),
            Ok(kind) if kind.is_file() && is_rule && found.files.len() <= MAX_FILES => found.files.push(path),
            _ => {}
        }
    }
}

/// Reads a file, of one that is too long one octet more than may be.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut text)?;
    Ok(text)
}
