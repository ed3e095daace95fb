//! From a path to a reader: standard input, files, and what the system says of them.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal, Read};
use std::os::fd::AsFd;
use std::path::Path;

use super::buffer::Buffer;
use super::decompress::{Bounds, Compression, Stream};
use super::error::OpenError;
use super::reader::Reader;
use crate::Stop;
use crate::stop::Waiting;

/// The name of standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// What the system knows of an input before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file of so many octets; it can be opened again.
    File(u64),
    /// Standard input or a pipe; it can be read once.
    Pipe,
}

/// Says what `path` is.
pub(super) fn kind(path: &Path) -> Result<Kind, OpenError> {
    if path == Path::new(STANDARD_INPUT) {
        return Ok(Kind::Pipe);
    }
    let metadata = std::fs::metadata(path).map_err(|error| OpenError::from_io(path, error))?;
    if metadata.is_dir() {
        return Err(OpenError::Directory(path.to_owned()));
    }
    Ok(if metadata.is_file() {
        Kind::File(metadata.len())
    } else {
        Kind::Pipe
    })
}

/// Opens `path` and goes to its first packet. `window` is the octets read at once; `stop` ends a
/// wait for a pipe.
pub(super) fn open(path: &Path, window: usize, stop: &Stop) -> Result<Reader, OpenError> {
    let failed = |error| OpenError::from_io(path, error);
    let file = if path == Path::new(STANDARD_INPUT) {
        standard_input()?
    } else {
        File::open(path).map_err(failed)?
    };
    let mut file: Box<dyn Read + Send> = match kind(path)? {
        Kind::File(_) => Box::new(file),
        Kind::Pipe => Box::new(Waiting {
            pipe: file,
            stop: stop.clone(),
        }),
    };
    let mut first = Vec::with_capacity(4);
    file.by_ref().take(4).read_to_end(&mut first).map_err(failed)?;
    if first.is_empty() {
        return Err(OpenError::Empty(path.to_owned()));
    }
    let compression = Compression::detect(&first);
    let whole = Box::new(Cursor::new(first).chain(file));
    let stream = Stream::new(whole, compression, Bounds::default()).map_err(failed)?;
    Reader::open(path, Buffer::new(stream, window))
}

/// Standard input without the small buffer that the standard library puts before it.
fn standard_input() -> Result<File, OpenError> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(OpenError::Terminal);
    }
    let descriptor = stdin.as_fd().try_clone_to_owned();
    descriptor
        .map(File::from)
        .map_err(|error| OpenError::from_io(Path::new(STANDARD_INPUT), error))
}
