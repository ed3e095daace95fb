//! The clauses of the written policy, and the declarations that cite them.
//!
//! Which clauses there are is said by `clauses.csv` beside the policy's files, or beside those that
//! they include: `clause`, headings in Japanese (`ja`) and English (`en`), and in `network` whether
//! traffic can show anything of it (`yes`, `no`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sekisho_policy::{Citation, CitedBy, Policy, Source};
use serde_json::{Value, json};

use crate::cli::language::Language;
use crate::cli::terminal::clean;

/// Name of the file.
const FILE: &str = "clauses.csv";
/// Its columns.
const COLUMNS: [&str; 4] = ["clause", "ja", "en", "network"];
/// Octets of it, at most.
const OCTETS: u64 = 1 << 20;

/// A clause of the written policy.
#[derive(Debug, Clone, Default)]
struct Clause {
    name: String,
    ja: String,
    en: String,
    /// Traffic can show something of it.
    network: bool,
}

/// Clauses and what cites them.
#[derive(Debug)]
pub(super) struct Clauses {
    /// In the order of the list; those that are cited and not in it come last.
    all: Vec<(Clause, Vec<Citation>)>,
    /// Clauses that are cited and in no list.
    unlisted: BTreeSet<String>,
    /// Declarations that cite none.
    silent: Vec<Citation>,
    has_list: bool,
}

/// What the declarations of a policy cite.
pub(super) fn of(policy: &Policy, sources: &[Source]) -> anyhow::Result<Clauses> {
    let folders: BTreeSet<PathBuf> = sources
        .iter()
        .filter_map(|source| Path::new(&source.name).parent().map(Path::to_path_buf))
        .collect();
    let mut list: Vec<Clause> = Vec::new();
    for folder in folders {
        let file = folder.join(FILE);
        if file.is_file() {
            let clauses = read(&file).with_context(|| clean(&file.display().to_string()))?;
            let known: BTreeSet<String> = list.iter().map(|clause| clause.name.clone()).collect();
            list.extend(clauses.into_iter().filter(|clause| !known.contains(&clause.name)));
        }
    }
    let has_list = !list.is_empty();
    let mut cited: BTreeMap<String, Vec<Citation>> = BTreeMap::new();
    let mut silent = Vec::new();
    for citation in policy.citations() {
        // A catalogue for any site cites clauses that another site's written policy may not have.
        let is_foreign =
            citation.by == CitedBy::Catalogue && !list.iter().any(|clause| clause.name == citation.clause);
        if is_foreign {
            continue;
        }
        if citation.clause.is_empty() {
            silent.push(citation);
        } else {
            cited.entry(citation.clause.clone()).or_default().push(citation);
        }
    }
    let mut all: Vec<_> = list
        .into_iter()
        .map(|clause| {
            let citations = cited.remove(&clause.name).unwrap_or_default();
            (clause, citations)
        })
        .collect();
    let unlisted = cited.keys().cloned().collect();
    all.extend(cited.into_iter().map(|(name, citations)| {
        let clause = Clause {
            name,
            network: true,
            ..Clause::default()
        };
        (clause, citations)
    }));
    Ok(Clauses {
        all,
        unlisted,
        silent,
        has_list,
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<Clause>> {
    let mut text = String::new();
    File::open(path)?.take(OCTETS).read_to_string(&mut text)?;
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let heading = reader.headers()?.clone();
    if heading.iter().ne(COLUMNS) {
        bail!("line 1: the columns must be {}", COLUMNS.join(", "));
    }
    let mut clauses: Vec<Clause> = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).unwrap_or_default().to_owned();
        let clause = Clause {
            name: cell(0),
            ja: cell(1),
            en: cell(2),
            network: match cell(3).as_str() {
                "yes" => true,
                "no" => false,
                _ => bail!("line {line}: network is yes or no"),
            },
        };
        if clause.name.is_empty() || clauses.iter().any(|known| known.name == clause.name) {
            bail!("line {line}: a clause has no name, or stands there already");
        }
        clauses.push(clause);
    }
    Ok(clauses)
}

impl Clauses {
    /// The table, then what nothing speaks to.
    pub(super) fn as_text(&self, language: Language) -> String {
        let say = |ja, en| language.pick(ja, en);
        let mut out = String::new();
        for (clause, citations) in self.all.iter().filter(|(_, citations)| !citations.is_empty()) {
            let _ = writeln!(out, "{}", title(clause, language));
            for (by, ids) in by_kind(citations) {
                let _ = writeln!(out, "    {by}: {}", clean(&ids.join(", ")));
            }
        }
        let idle = |network: bool| {
            self.all
                .iter()
                .filter(move |(clause, citations)| citations.is_empty() && clause.network == network)
                .map(|(clause, _)| title(clause, language))
                .collect::<Vec<_>>()
        };
        for (heading, clauses) in [
            (
                say(
                    "どの宣言も扱っていない条項(通信で示せるもの):",
                    "Clauses that nothing speaks to, though traffic could show them:",
                ),
                idle(true),
            ),
            (
                say(
                    "通信では示せず、どの宣言も扱っていない条項:",
                    "Clauses that traffic cannot show, and nothing speaks to:",
                ),
                idle(false),
            ),
        ] {
            if !clauses.is_empty() {
                let _ = writeln!(out, "{heading}");
                for clause in clauses {
                    let _ = writeln!(out, "    {clause}");
                }
            }
        }
        if !self.has_list {
            let _ = writeln!(
                out,
                "{} ({FILE})",
                say(
                    "条項の一覧がないため、扱われていない条項は分かりません。",
                    "There is no list of the clauses, so those that nothing speaks to are not known.",
                )
            );
        } else if !self.unlisted.is_empty() {
            let names: Vec<_> = self.unlisted.iter().map(String::as_str).collect();
            let _ = writeln!(
                out,
                "{} {}",
                say(
                    "条項の一覧にない条項:",
                    "Cited, and not in the list of the clauses:"
                ),
                clean(&names.join(", "))
            );
        }
        if !self.silent.is_empty() {
            let _ = writeln!(
                out,
                "{}",
                say("条項を挙げていない宣言:", "Declarations that cite no clause:")
            );
            for (by, ids) in by_kind(&self.silent) {
                let _ = writeln!(out, "    {by}: {}", clean(&ids.join(", ")));
            }
        }
        out
    }

    pub(super) fn as_json(&self) -> Value {
        let ids = |citations: &[Citation]| -> Vec<Value> {
            citations
                .iter()
                .map(|citation| json!({ "kind": citation.by.name(), "id": citation.id }))
                .collect()
        };
        json!({
            "list": self.has_list,
            "clauses": self.all.iter().map(|(clause, citations)| json!({
                "clause": clause.name,
                "heading": { "ja": clause.ja, "en": clause.en },
                "network": clause.network,
                "listed": self.has_list && !self.unlisted.contains(&clause.name),
                "cited_by": ids(citations),
            })).collect::<Vec<_>>(),
            "without_clause": ids(&self.silent),
        })
    }
}

fn title(clause: &Clause, language: Language) -> String {
    let heading = language.pick(&clause.ja, &clause.en);
    clean(format!("{}  {heading}", clause.name).trim_end())
}

fn by_kind(citations: &[Citation]) -> BTreeMap<&'static str, Vec<&str>> {
    let mut kinds: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for citation in citations {
        kinds.entry(citation.by.name()).or_default().push(&citation.id);
    }
    kinds
}
