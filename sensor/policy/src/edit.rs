//! Changing one file of a policy folder: what the folder would be with it, and putting it in place.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::PolicyErrors;
use crate::sanctions::{self, NewSanction};
use crate::source::{Source, load_dir};
use crate::{Policy, with_catalogue};

/// Why a folder was not changed.
#[derive(Debug)]
pub enum EditError {
    /// The policy has mistakes, or would have some.
    Policy(PolicyErrors),
    /// The folder cannot be read or written.
    Io(io::Error),
}

/// Adds a sanction to a policy folder, over the catalogue that lies beneath it. Nothing is changed unless
/// the policy with it compiles. Gives the file that it stands in.
///
/// # Errors
///
/// The policy has mistakes, or would have some; the folder cannot be written.
pub fn add_sanction(
    folder: &Path,
    catalogue: &[Source],
    sanction: &NewSanction<'_>,
) -> Result<PathBuf, EditError> {
    let path = folder.join(sanctions::FILE);
    let before = match fs::read_to_string(&path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(EditError::Io(error)),
    };
    let text = sanction.added_to(before.as_deref());
    let compiled = with_file(folder, sanctions::FILE, &text)
        .and_then(|sources| Policy::compile(&with_catalogue(sources, catalogue)));
    compiled.map_err(EditError::Policy)?;
    replace(&path, &text).map_err(EditError::Io)?;
    Ok(path)
}

/// The files of a policy folder as they would be with one that is new or changed.
///
/// # Errors
///
/// As of [`load_dir`].
pub fn with_file(folder: &Path, name: &str, text: &str) -> Result<Vec<Source>, PolicyErrors> {
    let mut sources = load_dir(folder)?;
    let name = folder.join(name).display().to_string();
    let text = text.as_bytes().to_vec();
    match sources.iter_mut().find(|source| source.name == name) {
        Some(source) => source.text = text,
        None => sources.push(Source { name, text }),
    }
    Ok(sources)
}

/// Puts a file in the place of another of the same name, whole or not at all: whoever reads the folder
/// meanwhile sees the one or the other. Its mode is that of the file before it.
///
/// # Errors
///
/// The folder cannot be written.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let beside = beside(path);
    let written = write(&beside, path, text).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// A hidden name in the same folder, which [`load_dir`] does not read.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

fn write(beside: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(beside)?;
    file.write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(path) {
        file.set_permissions(before.permissions())?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sanction_is_written_where_the_policy_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        let header =
            "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n[list.a]\nkind = \"suffix\"\nvalues = []\n";
        fs::write(folder.path().join("policy.toml"), header).unwrap();
        let add = |list: &str, value: &str| {
            let new = NewSanction {
                list,
                value,
                reason: "r",
                owner: "o",
                expires: "2027-03-31",
                alert: 1,
            };
            add_sanction(folder.path(), &[], &new)
        };

        let path = add("a", "one.example").unwrap();
        let before = fs::read_to_string(&path).unwrap();
        assert!(matches!(add("b", "x.example"), Err(EditError::Policy(_))));
        assert!(matches!(add("a", "no name"), Err(EditError::Policy(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        add("a", "two.example").unwrap();
        let policy = Policy::compile(&load_dir(folder.path()).unwrap()).unwrap();
        assert_eq!(policy.sanctions().len(), 2);
    }

    #[test]
    fn a_file_is_seen_in_its_folder_before_it_is_there_and_put_whole() {
        let folder = tempfile::tempdir().unwrap();
        let header = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n";
        fs::write(folder.path().join("policy.toml"), header).unwrap();
        let compile = |text: &str| Policy::compile(&with_file(folder.path(), "x.toml", text).unwrap());

        assert!(compile("schema = 1\nnonsense = 2\n").is_err());
        assert_eq!(
            compile("schema = 1\n[list.a]\nkind = \"text\"\nvalues = []\n")
                .unwrap()
                .lists()
                .len(),
            1
        );

        let path = folder.path().join("x.toml");
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert!(replace(&folder.path().join("no/x.toml"), "").is_err());
    }
}
