//! Where things are: the repository, the target folder, the project's own tools.

use std::path::{Path, PathBuf};

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable at run time, so a moved clone is still found.
    let xtask = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&xtask)
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// The folder that Cargo builds into.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Tools that the tasks install for themselves; nothing is installed for the whole machine.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// The folder of the exercise captures.
pub(crate) fn exercise() -> PathBuf {
    target().join("exercise")
}

/// `path` as a person in the repository's top folder would write it.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
