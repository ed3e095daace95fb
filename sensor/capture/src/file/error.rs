//! What can go wrong with a capture file: refusals at the door, and damage further in.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use sekisho_model::limits;

/// A file that gives no packet at all. Each message names the file, the cause and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{}: there is no such file; check the path", shown(.0))]
    Missing(PathBuf),
    /// The file exists and may not be read.
    #[error(
        "{}: permission denied; make the file readable for this user, or pipe it: sudo cat FILE | sekisho replay -",
        shown(.0)
    )]
    NotPermitted(PathBuf),
    /// A folder was named.
    #[error("{}: this is a directory; name the capture files in it, for example {}/*.pcap", shown(.0), shown(.0))]
    Directory(PathBuf),
    /// Nothing is in the file.
    #[error("{}: the file is empty; capture or copy it again", shown(.0))]
    Empty(PathBuf),
    /// The file ends before its own header does.
    #[error(
        "{}: {sentence}; there is no packet in it: capture or copy it again",
        shown(path)
    )]
    Header {
        /// The file.
        path: PathBuf,
        /// Offset and cause.
        sentence: String,
    },
    /// The file is something else.
    #[error("{}: not a pcap or pcapng capture: {found}; {remedy}", shown(path))]
    NotACapture {
        /// The file.
        path: PathBuf,
        /// What its first octets look like.
        found: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// Compressed more than once.
    #[error(
        "{}: compressed more than once ({outer} of {inner}); decompress it once by hand",
        shown(path)
    )]
    Nested {
        /// The file.
        path: PathBuf,
        /// Compression of the file.
        outer: &'static str,
        /// Compression of its content.
        inner: &'static str,
    },
    /// Standard input was asked for and is a keyboard.
    #[error("-: standard input is a terminal; pipe a capture into it: tcpdump -w - | sekisho replay -")]
    Terminal,
    /// Standard input was named more than once.
    #[error("-: standard input is named twice; it can be read once")]
    StandardInputTwice,
    /// Too many files are open.
    #[error("{}: too many files are open; raise the limit (ulimit -n 65536) or name fewer files", shown(.0))]
    TooManyOpen(PathBuf),
    /// The system refused for another reason.
    #[error("{}: cannot be read: {cause}; check the disk or copy the file", shown(path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl OpenError {
    /// The refusal that stands for an error of the system.
    pub(super) fn from_io(path: &Path, cause: io::Error) -> Self {
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        let path = path.to_owned();
        match cause.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing(path),
            io::ErrorKind::PermissionDenied => Self::NotPermitted(path),
            io::ErrorKind::IsADirectory => Self::Directory(path),
            _ if matches!(cause.raw_os_error(), Some(EMFILE | ENFILE)) => Self::TooManyOpen(path),
            _ => Self::Io { path, cause },
        }
    }
}

/// A path as a person may see it: what would move a terminal's cursor is escaped.
pub(super) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for letter in path.to_string_lossy().chars() {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Where and why reading a file stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// Octets of the (decompressed) stream before the first record that could not be read.
    pub(super) offset: u64,
    /// Why it could not.
    pub(super) cause: Cause,
}

/// Why a record could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// The stream ends inside a record.
    Cut {
        what: &'static str,
        need: u64,
        have: u64,
    },
    /// A record is longer than [`limits::RECORD_OCTETS`].
    TooLong { what: &'static str, claims: u64 },
    /// A pcapng block is shorter than the fields it must have.
    TooShort { what: &'static str, length: u32 },
    /// A pcapng block ends with another length than it starts with.
    Lengths { first: u32, second: u32 },
    /// A packet does not fit the block it is in.
    DoesNotFit { packet: u32, room: usize },
    /// A packet of an interface that was not described.
    Interface { id: u32, described: usize },
    /// More interfaces than [`limits::INTERFACES`].
    Interfaces,
    /// A pcapng section without a byte-order magic.
    ByteOrder([u8; 4]),
    /// A version that no tool writes.
    Version {
        what: &'static str,
        major: u16,
        minor: u16,
    },
    /// The stream itself failed.
    Stream(ReadFailure),
}

/// Why a stream gives no more octets, other than having ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ReadFailure {
    /// The system failed to read.
    Io(String),
    /// The compressed data ends inside a member or frame.
    CompressedCut { compression: &'static str, at: u64 },
    /// The compressed data makes no sense.
    CompressedBroken {
        compression: &'static str,
        at: u64,
        cause: String,
    },
    /// Something else follows the compressed data.
    Trailing { compression: &'static str, at: u64 },
    /// The content is larger than the ratio allows.
    Ratio { compression: &'static str, limit: u64 },
    /// The content is larger than any content may be.
    Total { compression: &'static str, limit: u64 },
}

impl Damage {
    /// One sentence with offset and cause.
    pub(super) fn sentence(&self, compressed: bool) -> String {
        let verb = match self.cause {
            Cause::Cut { .. } | Cause::Stream(ReadFailure::CompressedCut { .. }) => "cut off",
            Cause::Stream(ReadFailure::Ratio { .. } | ReadFailure::Total { .. }) => "refused",
            _ => "damaged",
        };
        let stream = if compressed {
            " of the decompressed stream"
        } else {
            ""
        };
        format!("{verb} at octet {}{stream}: {}", self.offset, self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { what, need, have } => write!(f, "{what} needs {need} octets, {have} are there"),
            Self::TooLong { what, claims } => write!(
                f,
                "{what} claims {claims} octets, more than the limit {} of {}",
                limits::RECORD_OCTETS.id,
                limits::RECORD_OCTETS.default
            ),
            Self::TooShort { what, length } => {
                write!(f, "{what} of {length} octets is too short for its fields")
            }
            Self::Lengths { first, second } => {
                write!(f, "block length is {first} at its start and {second} at its end")
            }
            Self::DoesNotFit { packet, room } => {
                write!(f, "packet of {packet} octets in a block that has room for {room}")
            }
            Self::Interface { id, described } => {
                write!(
                    f,
                    "packet of interface {id}, and the section describes {described} interfaces"
                )
            }
            Self::Interfaces => write!(
                f,
                "more interfaces than the limit {} of {}",
                limits::INTERFACES.id,
                limits::INTERFACES.default
            ),
            Self::ByteOrder([a, b, c, d]) => {
                write!(
                    f,
                    "section header has no byte-order magic but {a:02x} {b:02x} {c:02x} {d:02x}"
                )
            }
            Self::Version { what, major, minor } => {
                write!(f, "{what} version {major}.{minor}, which is not known")
            }
            Self::Stream(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => write!(f, "reading failed: {cause}"),
            Self::CompressedCut { compression, at } => {
                write!(f, "the {compression} data ends too early, after {at} octets")
            }
            Self::CompressedBroken {
                compression,
                at,
                cause,
            } => {
                write!(f, "the {compression} data is broken near its octet {at}: {cause}")
            }
            Self::Trailing { compression, at } => {
                write!(
                    f,
                    "what follows the {compression} data at its octet {at} is no {compression} data"
                )
            }
            Self::Ratio { compression, limit } => write!(
                f,
                "the {compression} data grows to more than {limit} times its size (limit {}); \
                 decompress it by hand if it is to be trusted",
                limits::DECOMPRESSION_RATIO.id
            ),
            Self::Total { compression, limit } => write!(
                f,
                "the {compression} data grows to more than {limit} octets (limit {}); \
                 decompress it by hand if it is to be trusted",
                limits::DECOMPRESSED_OCTETS.id
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_become_refusals_with_a_remedy() {
        let path = Path::new("a.pcap");
        let text = |kind: io::ErrorKind| OpenError::from_io(path, kind.into()).to_string();

        assert_eq!(
            text(io::ErrorKind::NotFound),
            "a.pcap: there is no such file; check the path"
        );
        assert!(
            text(io::ErrorKind::PermissionDenied).starts_with("a.pcap: permission denied; make the file")
        );
        assert!(text(io::ErrorKind::IsADirectory).starts_with("a.pcap: this is a directory; name"));
        assert!(text(io::ErrorKind::TimedOut).contains("cannot be read"));
        let too_many = OpenError::from_io(path, io::Error::from_raw_os_error(24)).to_string();
        assert!(too_many.contains("ulimit -n"), "{too_many}");
    }

    #[test]
    fn a_file_name_cannot_move_the_cursor() {
        assert_eq!(
            shown(Path::new("a\u{1b}[2J\n関所.pcap")),
            "a\\u{1b}[2J\\n関所.pcap"
        );
    }
}
