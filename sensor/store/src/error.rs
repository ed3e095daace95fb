//! What can go wrong, named for what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// Why a store could not answer or keep something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused: no space, no permission, no such path.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A flow file is cut off, damaged or not ours.
    #[error("{} cannot be read as a flow file: {cause}; move it out of the data directory to go on without it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The database refused.
    #[error("database {}: {cause}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        cause: rusqlite::Error,
    },
    /// The database holds a value that this version cannot read.
    #[error("database {}: {what} cannot be read: {cause}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Which value.
        what: &'static str,
        /// Why not.
        cause: String,
    },
    /// The folder holds no data of this program.
    #[error("{} is not a data directory: it has no sekisho.db of ours", path.display())]
    NotDataDirectory {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds something else.
    #[error("{} exists, is not empty and is not a data directory; name a new or an empty folder", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A newer version of the program has written there.
    #[error("{} was written by a newer version (schema {found}, this version knows {known}); use that version", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The last schema that this version knows.
        known: i64,
    },
    /// Another run writes to the data directory.
    #[error("another run is writing to {}; wait for it, or name another folder", path.display())]
    Busy {
        /// The data directory.
        path: PathBuf,
    },
    /// The question makes no sense.
    #[error("{0}")]
    Query(String),
}

impl StoreError {
    /// For `map_err`: names what was tried and with which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io {
            action,
            path: path.to_owned(),
            cause,
        }
    }

    pub(crate) fn database(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        move |cause| Self::Database {
            path: path.to_owned(),
            cause,
        }
    }

    /// For `map_err` around reading Parquet: the system's refusals stay apart from damage.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |error| match system_cause(error) {
            Ok(cause) => Self::Io {
                action: "read",
                path: path.to_owned(),
                cause,
            },
            Err(error) => Self::damaged(path, error.to_string()),
        }
    }

    /// For `map_err` around writing Parquet.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |error| Self::Io {
            action: "write",
            path: path.to_owned(),
            cause: system_cause(error).unwrap_or_else(io::Error::other),
        }
    }

    pub(crate) fn damaged(path: &Path, cause: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            cause: cause.into(),
        }
    }
}

fn system_cause(error: ParquetError) -> Result<io::Error, ParquetError> {
    match error {
        ParquetError::External(inner) => inner
            .downcast::<io::Error>()
            .map(|cause| *cause)
            .map_err(ParquetError::External),
        error => Err(error),
    }
}
