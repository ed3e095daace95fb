//! The catalogue of unauthorised communication that is built into the binary, and the choice of another.
//!
//! What is embedded is the folder `rules/unauthorised` of the source. It lies beneath every policy that
//! is read, and counts by itself where there is none; see [`sekisho_policy::with_catalogue`].

use std::path::{Path, PathBuf};

use rust_embed::Embed;
use sekisho_policy::{Policy, PolicyErrors, Source, load_dir, with_catalogue};

#[derive(Embed)]
#[folder = "rules/unauthorised/"]
struct Shipped;

/// The word for no catalogue.
const NONE: &str = "none";

/// Which catalogue lies beneath policies.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Choice {
    /// Catalogue of rules beneath the policy, in place of the one that is built in; none for no catalogue
    #[arg(long, value_name = "DIR|none")]
    catalogue: Option<PathBuf>,
}

impl Choice {
    /// No catalogue.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self {
            catalogue: Some(NONE.into()),
        }
    }

    /// The folder that was chosen; none where the catalogue is built in or left out.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.catalogue
            .as_deref()
            .filter(|folder| folder.as_os_str() != NONE)
    }

    /// The files of the catalogue, named as they are seen from its folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<Source>, PolicyErrors> {
        match &self.catalogue {
            None => Ok(shipped()),
            Some(none) if none.as_os_str() == NONE => Ok(Vec::new()),
            Some(folder) => Ok(load_dir(folder)?
                .into_iter()
                .map(|source| seen_from(folder, source))
                .collect()),
        }
    }

    /// The catalogue by itself, where there is no policy.
    ///
    /// # Errors
    ///
    /// Its folder cannot be read, or has mistakes.
    pub(crate) fn alone(&self) -> Result<Policy, PolicyErrors> {
        let sources = with_catalogue(Vec::new(), &self.read()?);
        if sources.is_empty() {
            return Ok(Policy::none());
        }
        Policy::compile(&sources)
    }
}

/// The files that are built in.
pub(crate) fn shipped() -> Vec<Source> {
    let mut names: Vec<_> = Shipped::iter().filter(|name| is_read(name)).collect();
    names.sort();
    names
        .into_iter()
        .filter_map(|name| {
            Some(Source {
                text: Shipped::get(&name)?.data.into_owned(),
                name: name.into_owned(),
            })
        })
        .collect()
}

/// Whether a file is of a policy or holds the values of a list.
fn is_read(name: &str) -> bool {
    [".toml", ".txt"].iter().any(|ending| name.ends_with(ending))
}

/// A file that a folder includes from elsewhere keeps its name.
fn seen_from(folder: &Path, source: Source) -> Source {
    let name = Path::new(&source.name)
        .strip_prefix(folder)
        .map(|inside| inside.display().to_string());
    Source {
        name: name.unwrap_or(source.name),
        text: source.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/unauthorised")
    }

    #[test]
    fn what_is_built_in_is_what_the_folder_holds() {
        let choice = Choice {
            catalogue: Some(folder()),
        };
        let mut read = choice.read().unwrap();
        read.sort_by(|a, b| a.name.cmp(&b.name));

        assert!(shipped() == read, "build again: touch sensor/cli/catalogue.rs");
    }

    #[test]
    fn alone_it_is_no_policy_and_none_is_nothing() {
        let shipped = Choice::default().alone().unwrap();

        assert!(shipped.is_none());
        assert_eq!(shipped.catalogues().len(), 1);
        assert!(Choice::none().alone().unwrap().catalogues().is_empty());
    }
}
