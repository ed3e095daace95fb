//! The files of a policy folder, as they are read from the disk.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::compile::is_policy_file;
use crate::error::{PolicyErrors, Report, Sink, shown};
use crate::file::{At, File};
use crate::parse;

/// Largest policy file that is read, in octets; a policy is written by people.
pub const MAX_FILE_OCTETS: u64 = 16 << 20;

/// Octets of all files of a policy together.
pub const MAX_OCTETS: u64 = 32 << 20;

/// Files of a policy, with what they include.
pub const MAX_FILES: usize = 1000;

/// One file of a policy, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name that error messages show, and by which files include each other.
    pub name: String,
    /// Its octets; must be UTF-8.
    pub text: Vec<u8>,
}

/// Reads every `*.toml` file that lies directly in `dir`, sorted by name, hidden files left out; then
/// what these files include, and the files of values that their lists name.
///
/// # Errors
///
/// The folder, or what is included, is missing, cannot be read or holds no `*.toml` file, or a file
/// cannot be read or is larger than [`MAX_FILE_OCTETS`], or all are larger than [`MAX_OCTETS`].
/// Every unreadable file is reported.
pub fn load_dir(dir: &Path) -> Result<Vec<Source>, PolicyErrors> {
    let mut reader = Reader::default();
    for path in list_dir(dir, None, &mut reader.sink) {
        reader.read(&path, None);
    }
    // Grows while files are found that others name.
    let mut next = 0;
    while let Some(source) = reader.sources.get(next) {
        let named = named_files(source, next);
        for include in named.0 {
            reader.include(&include);
        }
        for values in named.1 {
            reader.values(&values);
        }
        next = next.saturating_add(1);
    }
    reader.sink.finish().map(|_| reader.sources)
}

/// What a file includes, and the files of values that it names.
fn named_files(source: &Source, order: usize) -> (Vec<At<String>>, Vec<At<String>>) {
    if !is_policy_file(&source.name) {
        return (Vec::new(), Vec::new());
    }
    // What is wrong with the file itself is said when it is compiled.
    File::decode(source, order).map_or_else(
        |_| (Vec::new(), Vec::new()),
        |file| {
            parse::peek(&file, |document| {
                (parse::included(&file, document), parse::list_files(document))
            })
        },
    )
}

#[derive(Default)]
struct Reader {
    sink: Sink,
    sources: Vec<Source>,
    /// What was read or refused already, by its real path.
    seen: HashSet<PathBuf>,
    octets: u64,
    full: bool,
}

impl Reader {
    fn include(&mut self, include: &At<String>) {
        let path = PathBuf::from(parse::resolve(&include.place.file.name, &include.value));
        let path = if path.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            path
        };
        if path.is_file() {
            self.read(&path, Some(include));
            return;
        }
        for file in list_dir(&path, Some(include), &mut self.sink) {
            self.read(&file, Some(include));
        }
    }

    fn values(&mut self, file: &At<String>) {
        if file.value.starts_with('/') || !is_value_file(&file.value) {
            self.sink.push(
                Report::error(
                    "policy::file",
                    format!("`{}` is not read as a file of values", shown(&file.value)),
                )
                .at(&file.place, "not a name of one")
                .help("name it as seen from this file's folder, with another ending than `.toml`: `lists/terminals.txt`"),
            );
            return;
        }
        let path = PathBuf::from(parse::resolve(&file.place.file.name, &file.value));
        self.read(&path, Some(file));
    }

    /// Reads one file once; `named` is where another file names it.
    fn read(&mut self, path: &Path, named: Option<&At<String>>) {
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.full || !self.seen.insert(real) {
            return;
        }
        let source = match read_file(path) {
            Ok(source) => source,
            Err(report) => {
                self.sink.push(placed(*report, named));
                return;
            }
        };
        self.octets = self
            .octets
            .saturating_add(u64::try_from(source.text.len()).unwrap_or(u64::MAX));
        if self.octets > MAX_OCTETS || self.sources.len() >= MAX_FILES {
            self.full = true;
            let report = Report::error(
                "policy::limit",
                format!("the policy has more than {MAX_OCTETS} octets or {MAX_FILES} files"),
            )
            .help("check what the folder holds and what is included; long lists are shorter as networks and suffixes");
            self.sink.push(placed(report, named));
            return;
        }
        self.sources.push(source);
    }
}

fn placed(report: Report, named: Option<&At<String>>) -> Report {
    match named {
        Some(named) => report.at(&named.place, "named here"),
        None => report,
    }
}

fn is_value_file(name: &str) -> bool {
    !is_policy_file(name)
}

/// The policy files of a folder; complains where there are none.
fn list_dir(dir: &Path, named: Option<&At<String>>, sink: &mut Sink) -> Vec<PathBuf> {
    let shown = dir.display();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            sink.push(placed(folder_report(dir, &error), named));
            return Vec::new();
        }
    };
    let mut paths = Vec::new();
    let mut listed = true;
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => {
                listed = false;
                let report = Report::error(
                    "policy::folder",
                    format!("the policy folder `{shown}` cannot be listed: {error}"),
                );
                let report = report.help("check that the folder can be read by the user that runs sekisho");
                sink.push(placed(report, named));
            }
        }
    }
    paths.retain(|path| is_read(path));
    paths.sort();
    if paths.is_empty() && listed {
        let report = Report::error(
            "policy::folder",
            format!("the policy folder `{shown}` holds no `*.toml` file"),
        )
        .help("policy files lie directly in the folder and end in `.toml`; each begins with `schema = 1`");
        sink.push(placed(report, named));
    }
    paths
}

fn folder_report(dir: &Path, error: &std::io::Error) -> Report {
    let shown = dir.display();
    let (message, help) = match error.kind() {
        std::io::ErrorKind::NotFound => (
            format!("there is no policy folder `{shown}`"),
            "name a folder that holds the policy's `*.toml` files",
        ),
        std::io::ErrorKind::NotADirectory => (
            format!("`{shown}` is a file, not a policy folder"),
            "name the folder that the file lies in; all `*.toml` files of a folder make one policy",
        ),
        _ => (
            format!("the policy folder `{shown}` cannot be read: {error}"),
            "check that the folder can be read by the user that runs sekisho",
        ),
    };
    Report::error("policy::folder", message).help(help)
}

fn is_read(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    // A broken link is kept, so that reading it gives an error and not silence.
    !hidden && path.extension().is_some_and(|extension| extension == "toml") && !path.is_dir()
}

fn read_file(path: &Path) -> Result<Source, Box<Report>> {
    let shown = path.display();
    let refuse = |cause: String, help: &str| {
        Err(Box::new(
            Report::error("policy::file", format!("the policy file `{shown}` {cause}")).help(help),
        ))
    };
    let readable = "check that the file exists and can be read by the user that runs sekisho";
    match std::fs::metadata(path) {
        Err(error) => return refuse(format!("cannot be read: {error}"), readable),
        Ok(metadata) if !metadata.is_file() => {
            return refuse(
                "is not a regular file".to_owned(),
                "put a regular file in its place, or rename it",
            );
        }
        Ok(metadata) if metadata.len() > MAX_FILE_OCTETS => {
            return refuse(
                format!(
                    "has {} octets, at most {MAX_FILE_OCTETS} are read",
                    metadata.len()
                ),
                "check that it is a policy file; a large policy can be split into several files",
            );
        }
        Ok(_) => {}
    }
    match std::fs::read(path) {
        Ok(text) => Ok(Source {
            name: shown.to_string(),
            text,
        }),
        Err(error) => refuse(format!("cannot be read: {error}"), readable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_files_are_read_sorted_by_name_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["20-paths.toml", "10-zones.toml", ".hidden.toml", "README.md"] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        std::fs::create_dir(dir.path().join("old.toml")).unwrap();

        let sources = load_dir(dir.path()).unwrap();

        let texts: Vec<_> = sources
            .iter()
            .map(|source| String::from_utf8_lossy(&source.text))
            .collect();
        assert_eq!(texts, ["10-zones.toml", "20-paths.toml"]);
        assert!(sources[0].name.ends_with("/10-zones.toml"));
    }

    #[test]
    fn a_missing_folder_a_file_and_an_empty_folder_are_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("zones.toml");
        let empty = dir.path().join("empty");
        std::fs::write(&file, "").unwrap();
        std::fs::create_dir(&empty).unwrap();

        let message = |path: &Path| {
            let errors = load_dir(path).unwrap_err();
            errors
                .reports()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n")
        };

        assert!(message(&dir.path().join("none")).starts_with("there is no policy folder"));
        assert!(message(&file).ends_with("is a file, not a policy folder"));
        assert!(message(&empty).ends_with("holds no `*.toml` file"));
    }

    #[test]
    fn every_file_that_cannot_be_read_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["a.toml", "b.toml"] {
            std::os::unix::fs::symlink("nowhere", dir.path().join(name)).unwrap();
        }

        assert_eq!(load_dir(dir.path()).unwrap_err().reports().count(), 2);
    }
}
