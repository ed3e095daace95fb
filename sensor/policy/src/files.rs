//! The files that a policy was compiled from, and the hash that makes them a version of their own.
//!
//! The hash is SHA-256 over the files, sorted by name: for each the length and the octets of its
//! name, then of its text. The folder that they lie in, a byte order mark and the kind of line
//! ends do not count, so that the same policy has the same hash on every machine.

use sha2::{Digest as _, Sha256};

use crate::Source;

/// The text of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Files {
    hash: String,
    files: Vec<(String, String)>,
}

impl Files {
    /// Normalises the files.
    pub(crate) fn of(sources: &[Source]) -> Self {
        let mut files: Vec<_> = sources.iter().map(normalised).collect();
        files.sort();
        let mut hasher = Sha256::new();
        for part in files.iter().flat_map(|(name, text)| [name, text]) {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest: [u8; 32] = hasher.finalize().into();
        Self {
            hash: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
            files,
        }
    }

    /// SHA-256 over the files, as hexadecimal digits; empty where there is no policy.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The files by name, each with its text.
    #[must_use]
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }
}

fn normalised(source: &Source) -> (String, String) {
    // What lies beneath a policy is told from what the policy says by its folder.
    let name = if crate::is_beneath(source) {
        &source.name
    } else {
        source.name.rsplit('/').next().unwrap_or(&source.name)
    };
    let octets = source.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&source.text);
    let text = String::from_utf8_lossy(octets).replace("\r\n", "\n");
    (name.to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.to_owned(),
            text: text.into(),
        }
    }

    #[test]
    fn the_hash_is_of_the_content_and_not_of_where_it_lies() {
        let one = Files::of(&[source("site/a.toml", "x\n"), source("site/b.toml", "y\n")]);
        let other = Files::of(&[
            source("/etc/b.toml", "\u{feff}y\r\n"),
            source("/etc/a.toml", "x\r\n"),
        ]);
        let changed = Files::of(&[source("site/a.toml", "x\n"), source("site/b.toml", "z\n")]);

        assert_eq!(one, other);
        assert_ne!(one.hash(), changed.hash());
    }

    #[test]
    fn the_hash_is_the_sha_256_of_lengths_and_octets() {
        // printf '\0\0\0\0\0\0\0\6a.toml\0\0\0\0\0\0\0\2x\n' | sha256sum
        assert_eq!(
            Files::of(&[source("a.toml", "x\n")]).hash(),
            "8c05c70607529dd804b9b281dbe736d9e539e17104984976ad0e6fba3ac708fa"
        );
    }
}
