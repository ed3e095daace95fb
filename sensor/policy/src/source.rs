//! The files of a policy folder, as they are read from the disk.

use std::path::Path;

use crate::error::{PolicyErrors, Report, Sink};

/// Largest policy file that is read, in octets; a policy is written by people.
pub const MAX_FILE_OCTETS: u64 = 16 << 20;

/// One file of a policy folder, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Name that error messages show.
    pub name: String,
    /// Its octets; must be UTF-8.
    pub text: Vec<u8>,
}

/// Reads every `*.toml` file that lies directly in `dir`, sorted by name; hidden files are left out.
///
/// # Errors
///
/// The folder is missing, is not a folder, cannot be read or holds no `*.toml` file, or a file in
/// it cannot be read or is larger than [`MAX_FILE_OCTETS`]. Every unreadable file is reported.
pub fn load_dir(dir: &Path) -> Result<Vec<Source>, PolicyErrors> {
    let mut sink = Sink::default();
    let sources = read_dir(dir, &mut sink);
    sink.finish().map(|_| sources)
}

fn read_dir(dir: &Path, sink: &mut Sink) -> Vec<Source> {
    let shown = dir.display();
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            sink.push(folder_report(dir, &error));
            return Vec::new();
        }
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => sink.push(
                Report::error(
                    "policy::folder",
                    format!("the policy folder `{shown}` cannot be listed: {error}"),
                )
                .help("check that the folder can be read by the user that runs sekisho"),
            ),
        }
    }
    paths.retain(|path| is_policy_file(path));
    paths.sort();
    if paths.is_empty() && sink.is_empty() {
        sink.push(
            Report::error(
                "policy::folder",
                format!("the policy folder `{shown}` holds no `*.toml` file"),
            )
            .help(
                "policy files lie directly in the folder and end in `.toml`; each begins with `schema = 1`",
            ),
        );
    }
    paths
        .iter()
        .filter_map(|path| read_file(path).map_err(|report| sink.push(*report)).ok())
        .collect()
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

fn is_policy_file(path: &Path) -> bool {
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
