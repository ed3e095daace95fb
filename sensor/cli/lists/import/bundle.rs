//! Unpacks a bundle: plain files without folders, and nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};
use tar::{Archive, EntryType};

/// Files of a bundle.
const MAX_FILES: usize = 1000;
/// Octets of all files together.
const MAX_OCTETS: u64 = 4 << 30;

/// Unpacks an archive into an empty folder.
pub(super) fn unpack(archive: &mut File, folder: &Path) -> anyhow::Result<()> {
    let mut archive = Archive::new(archive);
    let (mut files, mut octets) = (0_usize, 0_u64);
    for entry in archive.entries().context("it cannot be read")? {
        let mut entry = entry.context("it is damaged")?;
        let path = entry.path().context("it is damaged")?.into_owned();
        let kind = entry.header().entry_type();
        if kind == EntryType::Directory && name_of(&path).is_none_or(|name| name.as_os_str().is_empty()) {
            continue;
        }
        let Some(name) = name_of(&path).filter(|name| kind.is_file() && !name.as_os_str().is_empty()) else {
            bail!("{} is no plain file directly in the bundle", path.display());
        };
        files = files.saturating_add(1);
        octets = octets.saturating_add(entry.size());
        if files > MAX_FILES || octets > MAX_OCTETS {
            bail!("it has more than {MAX_FILES} files or {MAX_OCTETS} octets");
        }
        let target = folder.join(&name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&target)
            .with_context(|| format!("{} is there twice", name.display()))?;
        let size = entry.size();
        let copied = io::copy(&mut (&mut entry).take(size), &mut file).context("it is damaged")?;
        if copied != size {
            bail!("{} is cut off", name.display());
        }
    }
    if files == 0 {
        bail!("it holds no file");
    }
    Ok(())
}

/// The name of a file directly in the archive (`name` or `./name`); empty for the archive's own folder.
fn name_of(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    match (parts.next(), parts.next()) {
        (None, _) => Some(PathBuf::new()),
        (Some(Component::Normal(name)), None) => Some(name.into()),
        _ => None,
    }
}
