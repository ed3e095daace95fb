//! `lists.toml`: what a folder of lists says of each.
//!
//! ```toml
//! schema = 1
//! version = "2026-11-04"       # of the folder; a bundle is taken up where it is newer
//!
//! [[list]]
//! file = "c2.csv"
//! format = "csv"               # plain, csv, zeek, stix, misp; absent: by ending and content
//! kind = "address"             # where all values are of one kind; user agents need it
//! source = "Prefectural SOC"   # absent: the file's name
//! confidence = 80              # 0 to 100, where the list says none
//! expires = "2027-03-31"       # where the list says none
//! note = "known C2"
//! severity = "high"            # absent: from confidence and answer
//! category = "c2"              # absent: threat_intel
//! ```

use sekisho_model::indicator::{Kind, USUAL_CONFIDENCE};
use sekisho_model::{Category, Severity};
use serde::Deserialize;

use super::read::{Format, instant};
use super::{Defaults, List};

/// Name of the file in a folder of lists.
pub const MANIFEST: &str = "lists.toml";

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Version of the folder; empty where none is said.
    pub version: String,
    /// Its lists.
    pub lists: Vec<Entry>,
}

/// One list of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name of the file, in the same folder.
    pub file: String,
    /// How it is written, where that is said.
    pub format: Option<Format>,
    /// Of which kind its values are, where all are of one.
    pub kind: Option<Kind>,
    /// What its alerts say.
    pub list: List,
    /// What holds where it says nothing itself.
    pub defaults: Defaults,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    schema: i64,
    #[serde(default)]
    version: String,
    #[serde(default)]
    list: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    file: String,
    format: Option<String>,
    kind: Option<String>,
    source: Option<String>,
    confidence: Option<i64>,
    expires: Option<String>,
    #[serde(default)]
    note: String,
    severity: Option<String>,
    category: Option<String>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// What is wrong, with what to write in its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let raw: Raw = toml::from_str(text).map_err(|error| error.to_string())?;
        if raw.schema != 1 {
            return Err(format!("schema = {}: write schema = 1", raw.schema));
        }
        let lists = raw.list.into_iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        if lists.is_empty() {
            return Err("it names no list: write [[list]] and file = \"name\" for each".to_owned());
        }
        Ok(Self {
            version: raw.version,
            lists,
        })
    }
}

fn entry(raw: RawEntry) -> Result<Entry, String> {
    let RawEntry { file, .. } = &raw;
    let is_plain = !file.is_empty() && !file.contains(['/', '\\', '\0']) && !file.starts_with('.');
    if !is_plain {
        return Err(format!("file = {file:?}: name a file in the same folder"));
    }
    let one_of = |key: &str, word: &str, words: &[&str]| {
        format!("{file}: {key} = {word:?}: write one of {}", words.join(", "))
    };
    let format = raw.format.as_deref().map(|word| {
        let words = Format::ALL.map(Format::name);
        Format::from_name(word).ok_or_else(|| one_of("format", word, &words))
    });
    let kind = raw.kind.as_deref().map(|word| {
        let words = Kind::ALL.map(Kind::name);
        Kind::from_name(word).ok_or_else(|| one_of("kind", word, &words))
    });
    let severity = raw.severity.as_deref().map(|word| {
        let words = Severity::ALL.map(Severity::name);
        Severity::parse(word).ok_or_else(|| one_of("severity", word, &words))
    });
    let category = raw.category.as_deref().map(|word| {
        let words = Category::ALL.map(Category::name);
        Category::parse(word).ok_or_else(|| one_of("category", word, &words))
    });
    let expires = raw.expires.as_deref().map(|text| {
        let help = "write a date as \"2027-03-31\" or a time as \"2027-03-31T00:00:00+09:00\"";
        instant(text).ok_or_else(|| format!("{file}: expires = {text:?}: {help}"))
    });
    let confidence = match raw.confidence {
        None => USUAL_CONFIDENCE,
        Some(number) => u8::try_from(number)
            .ok()
            .filter(|number| *number <= 100)
            .ok_or_else(|| format!("{file}: confidence = {number}: write 0 to 100"))?,
    };
    Ok(Entry {
        format: format.transpose()?,
        kind: kind.transpose()?,
        list: List {
            source: raw.source.as_deref().unwrap_or(file).into(),
            severity: severity.transpose()?,
            category: category.transpose()?.unwrap_or(Category::ThreatIntel),
        },
        defaults: Defaults {
            confidence,
            expires: expires.transpose()?,
            note: raw.note.into(),
        },
        file: raw.file,
    })
}

#[cfg(test)]
mod tests {
    use sekisho_model::Timestamp;

    use super::*;

    #[test]
    fn a_manifest_says_what_its_lists_do_not() {
        let manifest = Manifest::parse(
            "schema = 1\nversion = \"7\"\n[[list]]\nfile = \"a.txt\"\nkind = \"user_agent\"\nsource = \"SOC\"\n\
             confidence = 80\nexpires = \"2026-11-04\"\nseverity = \"high\"\ncategory = \"c2\"\n[[list]]\nfile = \"b.csv\"\n",
        )
        .unwrap();

        let [a, b] = &manifest.lists[..] else {
            panic!("{manifest:?}")
        };
        assert_eq!(
            (&*a.list.source, a.kind, a.list.category),
            ("SOC", Some(Kind::UserAgent), Category::C2)
        );
        assert_eq!(
            a.defaults.expires,
            Some(Timestamp::from_seconds(1_793_750_400, 0))
        );
        assert_eq!(
            (&*b.list.source, b.defaults.confidence, b.format),
            ("b.csv", 50, None)
        );
        assert_eq!(manifest.version, "7");
    }

    #[test]
    fn a_mistake_says_what_to_write() {
        for (text, help) in [
            ("schema = 2", "write schema = 1"),
            ("schema = 1", "[[list]]"),
            ("schema = 1\n[[list]]\nfile = \"../x\"", "in the same folder"),
            (
                "schema = 1\n[[list]]\nfile = \"x\"\nformat = \"xml\"",
                "plain, csv",
            ),
            (
                "schema = 1\n[[list]]\nfile = \"x\"\nkind = \"ip\"",
                "address, network",
            ),
            ("schema = 1\n[[list]]\nfile = \"x\"\nconfidence = 101", "0 to 100"),
            (
                "schema = 1\n[[list]]\nfile = \"x\"\nexpires = \"soon\"",
                "2027-03-31",
            ),
            (
                "schema = 1\n[[list]]\nfile = \"x\"\nseverity = \"bad\"",
                "high, medium",
            ),
            ("schema = 1\n[[list]]\nfile = \"x\"\ncategory = \"bad\"", "c2"),
            ("schema = 1\n[[list]]\nfile = \"x\"\ncolour = 1", "colour"),
        ] {
            let error = Manifest::parse(text).unwrap_err();
            assert!(error.contains(help), "{text}: {error}");
        }
    }
}
