//! The catalogue beneath a policy: rules for any site, which the site's own files change as though their
//! folder had included it.
//!
//! A catalogue is a folder of rules and lists whose `[policy]` says `catalogue = true`. Its files stand
//! among the [`Source`]s of a policy under a name that begins with `(catalogue)/`, so that whoever keeps
//! the files of a policy keeps what it was judged by. Its tests are left out there: they are about the
//! catalogue by itself, and a site's lists change what comes of them.
//!
//! A catalogue with no policy above it judges no zones: [`Policy::is_none`] is true of it.

use std::sync::Arc;

use sekisho_model::Text;

use crate::file::File;
use crate::parse::{self, HeaderDecl};
use crate::{Policy, Source};

/// What the catalogue beneath a policy, or one that it includes, says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Arc<str>,
    /// What people call it.
    pub label: Text,
}

impl Catalogue {
    pub(crate) fn of(header: &HeaderDecl) -> Self {
        Self {
            name: header.name.clone(),
            version: Arc::from(header.version.as_str()),
            label: header.label.clone(),
        }
    }
}

impl Policy {
    /// The catalogues that it stands on; several only where its folder includes several.
    #[must_use]
    pub fn catalogues(&self) -> &[Catalogue] {
        &self.catalogues
    }
}

/// Puts the files of a catalogue beneath those of a policy, named as they are seen from the catalogue's
/// folder. Where a file of the policy is of a catalogue itself, being included or the policy's own, the
/// policy has what it wants, and nothing is put.
#[must_use]
pub fn with_catalogue(mut sources: Vec<Source>, catalogue: &[Source]) -> Vec<Source> {
    if sources.iter().any(is_of_catalogue) {
        return sources;
    }
    sources.extend(catalogue.iter().map(|source| Source {
        name: format!("{}/{}", parse::CATALOGUE, source.name),
        text: source.text.clone(),
    }));
    sources
}

/// Whether a file lies beneath a policy, by its name.
#[must_use]
pub fn is_beneath(source: &Source) -> bool {
    parse::is_beneath(&source.name)
}

/// Whether a file says that its folder is a catalogue. What is wrong with the file is said when it is
/// compiled.
fn is_of_catalogue(source: &Source) -> bool {
    let Ok(file) = File::decode(source, 0) else {
        return false;
    };
    parse::peek(&file, |table| {
        let header = table.value("policy").and_then(|item| item.get().as_table());
        let flag = header.and_then(|header| header.get("catalogue"));
        flag.is_some_and(|flag| flag.get_ref().as_bool() == Some(true))
    })
}

#[cfg(test)]
mod tests;
