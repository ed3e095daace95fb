//! Reads lists from files and folders.
//!
//! A folder with a [`MANIFEST`] gives the files that it names; one without gives every file directly in
//! it but hidden ones, other manifests, texts to read and signatures. All lists are read or none: a file
//! that is missing or no well-formed JSON refuses the whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_model::Timestamp;

use super::manifest::{Entry, MANIFEST, Manifest};
use super::read::{Format, ReadError, Settings, read};
use super::{Builder, Defaults, Indicators, List, MAX_LISTS, Report};

/// Octets of a manifest.
const MAX_MANIFEST: u64 = 1 << 20;
/// Octets read at a time.
const BUFFER: usize = 1 << 16;

/// Lists that were read.
#[derive(Debug)]
pub struct Loaded {
    /// What they hold.
    pub indicators: Indicators,
    /// What came of each file, in the order in which they were read.
    pub files: Vec<Listed>,
    /// Files of folders that their manifests do not name, which were not read.
    pub unnamed: Vec<PathBuf>,
}

/// One file that was read.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The file.
    pub path: PathBuf,
    /// How it was read.
    pub format: Format,
    /// Whom alerts name.
    pub source: Arc<str>,
    /// What came of it.
    pub report: Report,
}

/// Why lists could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// A file is no list.
    #[error("{}: {cause}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        cause: ReadError,
    },
    /// A manifest has a mistake.
    #[error("{}: {message}", path.display())]
    Manifest {
        /// Which.
        path: PathBuf,
        /// What is wrong, and what to write.
        message: String,
    },
    /// A folder holds no list.
    #[error("{} holds no list; put files with indicators in it, or a {MANIFEST} that names them", path.display())]
    NoList {
        /// Which.
        path: PathBuf,
    },
    /// There are more files than lists may be.
    #[error("there are more than {MAX_LISTS} lists")]
    TooMany,
}

/// Reads files and folders of lists. Expired indicators are counted as of `now`.
///
/// # Errors
///
/// The first file that cannot be read, is to be JSON and is none, or whose manifest has a mistake.
pub fn load(paths: &[PathBuf], now: Option<Timestamp>) -> Result<Loaded, LoadError> {
    let (mut unnamed, mut versions, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        if !path.is_dir() {
            found.push((path.clone(), alone(path)));
            continue;
        }
        let (folder, version, others) = in_folder(path)?;
        found.extend(folder);
        unnamed.extend(others);
        if !version.is_empty() {
            versions.push(version);
        }
    }
    let (mut builder, mut files) = (Builder::default(), Vec::new());
    for (path, entry) in found {
        if !builder.begin(entry.list.clone()) {
            return Err(LoadError::TooMany);
        }
        files.push(read_file(&path, &entry, now, &mut builder)?);
    }
    Ok(Loaded {
        indicators: builder.finish(versions.join("+")),
        files,
        unnamed,
    })
}

/// The files that [`load`] would read, and the manifests that name them: what to watch for changes.
///
/// # Errors
///
/// As [`load`], without what is wrong inside lists.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            all.push(path.join(MANIFEST));
            all.extend(in_folder(path)?.0.into_iter().map(|(path, _)| path));
        } else {
            all.push(path.clone());
        }
    }
    Ok(all)
}

fn read_file(
    path: &Path,
    entry: &Entry,
    now: Option<Timestamp>,
    builder: &mut Builder,
) -> Result<Listed, LoadError> {
    let failed = |cause| LoadError::Io {
        path: path.to_owned(),
        cause,
    };
    let mut input = BufReader::with_capacity(BUFFER, File::open(path).map_err(failed)?);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let begin = input.fill_buf().map_err(failed)?;
    let format = entry.format.unwrap_or_else(|| Format::guess(&name, begin));
    let settings = Settings {
        source: Arc::clone(&entry.list.source),
        kind: entry.kind,
        defaults: entry.defaults.clone(),
        now,
    };
    let report = read(format, &mut input, &settings, &mut |indicator| {
        builder.add(&indicator)
    });
    let report = report.map_err(|cause| match cause {
        ReadError::Io(cause) => failed(cause),
        cause @ ReadError::Json(_) => LoadError::Content {
            path: path.to_owned(),
            cause,
        },
    })?;
    Ok(Listed {
        path: path.to_owned(),
        format,
        source: settings.source,
        report,
    })
}

/// What is to be read of a folder, its version, and what is not to be read though it is there.
type Folder = (Vec<(PathBuf, Entry)>, String, Vec<PathBuf>);

fn in_folder(folder: &Path) -> Result<Folder, LoadError> {
    let files = files_of(folder).map_err(|cause| LoadError::Io {
        path: folder.to_owned(),
        cause,
    })?;
    let manifest = folder.join(MANIFEST);
    if !manifest.exists() {
        if files.is_empty() {
            let path = folder.to_owned();
            return Err(LoadError::NoList { path });
        }
        let lists = files.into_iter().map(|path| (path.clone(), alone(&path)));
        return Ok((lists.collect(), String::new(), Vec::new()));
    }
    let Manifest { version, lists } = read_manifest(&manifest)?;
    let lists: Vec<_> = lists
        .into_iter()
        .map(|entry| (folder.join(&entry.file), entry))
        .collect();
    let is_named = |file: &PathBuf| lists.iter().any(|(path, _)| path == file);
    let unnamed = files.into_iter().filter(|file| !is_named(file)).collect();
    Ok((lists, version, unnamed))
}

/// Reads the manifest at a path.
///
/// # Errors
///
/// It cannot be read, or has a mistake.
pub fn read_manifest(path: &Path) -> Result<Manifest, LoadError> {
    let failed = |cause| LoadError::Io {
        path: path.to_owned(),
        cause,
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    let mistake = |message| LoadError::Manifest {
        path: path.to_owned(),
        message,
    };
    if size > MAX_MANIFEST {
        return Err(mistake(format!("it is longer than {MAX_MANIFEST} octets")));
    }
    Manifest::parse(&std::fs::read_to_string(path).map_err(failed)?).map_err(mistake)
}

/// A file that no manifest speaks of.
fn alone(path: &Path) -> Entry {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Entry {
        file: name.clone().into_owned(),
        format: None,
        kind: None,
        list: List::named(&name),
        defaults: Defaults::default(),
    }
}

/// The files that lie directly in a folder and may be lists, by name.
fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() && is_list(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_list(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let is_about = ["readme", "license", "copying"]
        .iter()
        .any(|begin| name.starts_with(begin));
    let is_other = [".toml", ".md", ".minisig", ".sig", ".asc"]
        .iter()
        .any(|end| name.ends_with(end));
    !(name.starts_with('.') || name.ends_with('~') || is_about || is_other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_gives_its_lists_each_in_its_format() {
        let folder = folder(&[
            ("a.txt", "203.0.113.7\n"),
            ("b.csv", "ip,port\n203.0.113.8,443\n"),
            (
                "c.json",
                r#"{"objects": [{"type": "indicator", "pattern": "[domain-name:value = 'evil.example']"}]}"#,
            ),
            (
                "d.dat",
                "#fields\tindicator\tindicator_type\n203.0.113.9\tIntel::ADDR\n",
            ),
            ("README.txt", "of 192.0.2.1\n"),
            (".hidden", "192.0.2.2\n"),
        ]);

        let loaded = load(&[folder.path().to_owned()], None).unwrap();

        let formats: Vec<_> = loaded.files.iter().map(|file| file.format).collect();
        assert_eq!(formats, [Format::Plain, Format::Csv, Format::Stix, Format::Zeek]);
        assert_eq!((loaded.indicators.len(), &*loaded.files[0].source), (4, "a.txt"));
    }

    #[test]
    fn a_manifest_names_what_is_read() {
        let folder = folder(&[
            (
                "lists.toml",
                "schema = 1\nversion = \"7\"\n[[list]]\nfile = \"a.txt\"\nsource = \"SOC\"\n",
            ),
            ("a.txt", "203.0.113.7\n"),
            ("b.txt", "203.0.113.8\n"),
        ]);

        let loaded = load(&[folder.path().to_owned()], None).unwrap();

        assert_eq!((loaded.indicators.len(), loaded.indicators.version()), (1, "7"));
        assert_eq!(loaded.unnamed, [folder.path().join("b.txt")]);
        assert_eq!(&*loaded.indicators.lists()[0].source, "SOC");
        assert_eq!(
            sources(&[folder.path().to_owned()]).unwrap(),
            ["lists.toml", "a.txt"].map(|name| folder.path().join(name))
        );
    }

    #[test]
    fn what_is_missing_empty_or_malformed_refuses_all() {
        let none = folder(&[("README.md", "")]);
        let missing = folder(&[("lists.toml", "schema = 1\n[[list]]\nfile = \"a.txt\"\n")]);
        let malformed = folder(&[("a.txt", "203.0.113.7\n"), ("b.json", "{\"objects\": [")]);
        for (folder, word) in [
            (&none, "holds no list"),
            (&missing, "a.txt"),
            (&malformed, "b.json"),
        ] {
            let error = load(&[folder.path().to_owned()], None).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
