//! The picture of the repository that every check looks at: each file with its text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::step::Stop;

/// Folders that are made, not written.
const MADE: &[&str] = &["target", "node_modules", "dist", ".git", ".svelte-kit"];

/// Every file by its path from the top, with its text; empty where it is no text.
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
    top: Vec<String>,
}

impl Tree {
    /// Reads the repository at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self, Stop> {
        let mut tree = Self {
            files: BTreeMap::new(),
            top: Vec::new(),
        };
        tree.walk(root, "")
            .map_err(|error| Stop::Failed(format!("{} cannot be read: {error}", root.display())))?;
        Ok(tree)
    }

    /// A tree for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let files: BTreeMap<String, String> = files.collect();
        let mut top: Vec<String> = files
            .keys()
            .filter_map(|path| path.split('/').next())
            .map(str::to_owned)
            .collect();
        top.dedup();
        Self { files, top }
    }

    fn walk(&mut self, dir: &Path, prefix: &str) -> std::io::Result<()> {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if MADE.contains(&name.as_str()) {
                continue;
            }
            if prefix.is_empty() {
                self.top.push(name);
            }
            if entry.file_type()?.is_dir() {
                self.walk(&entry.path(), &format!("{path}/"))?;
            } else {
                let bytes = std::fs::read(entry.path())?;
                self.files
                    .insert(path, String::from_utf8(bytes).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// The names at the top, without what is made.
    pub(crate) fn top(&self) -> &[String] {
        &self.top
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether there is such a file, or a folder with files in it.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path) || self.files.keys().any(|file| file.starts_with(&folder))
    }

    /// Every file whose path ends in one of `endings`.
    pub(crate) fn ending(&self, endings: &[&str]) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter(move |(path, _)| endings.iter().any(|ending| path.ends_with(ending)))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// What is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Path from the top.
    pub(crate) file: String,
    /// Line, from 1; 0 where the file as a whole is meant.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) text: String,
}

impl Complaint {
    /// A complaint about one line.
    pub(crate) fn at(file: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            text: text.into(),
        }
    }

    /// A complaint about a whole file.
    pub(crate) fn on(file: &str, text: impl Into<String>) -> Self {
        Self::at(file, 0, text)
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.text),
            line => write!(f, "{}:{line}: {}", self.file, self.text),
        }
    }
}

/// The lines of a text with their numbers, from 1.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}
