//! Whatever a user reads is there in Japanese and in English.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Complaint, Tree, lines};

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = pages(tree);
    found.extend(labels(tree));
    found.extend(dictionaries(tree));
    found
}

/// The other language's ending of a page or dictionary.
const PAIRS: [(&str, &str); 2] = [(".ja.md", ".en.md"), (".en.md", ".ja.md")];

fn pages(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, _) in tree.ending(&[".md"]) {
        let pair = PAIRS
            .iter()
            .find_map(|(mine, other)| Some(format!("{}{other}", path.strip_suffix(mine)?)));
        match pair {
            Some(other) if !tree.has(&other) => {
                found.push(Complaint::on(
                    path,
                    format!("its other language is missing: write {other}"),
                ));
            }
            None if path.starts_with("web/docs/") => {
                found.push(Complaint::on(path, "a page's name ends in .ja.md or .en.md"));
            }
            _ => {}
        }
    }
    found
}

/// In rule files, `label.ja` stands beside `label.en` in the same table; so do `title` and others.
fn labels(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, text) in tree
        .ending(&[".toml"])
        .filter(|(path, _)| path.starts_with("rules/"))
    {
        let mut table: BTreeMap<String, (BTreeSet<&str>, usize)> = BTreeMap::new();
        for (number, line) in lines(text) {
            if line.trim_start().starts_with('[') && !line.contains('=') {
                found.extend(lonely(path, &std::mem::take(&mut table)));
                continue;
            }
            for (name, language) in texts(line) {
                let entry = table.entry(name).or_insert_with(|| (BTreeSet::new(), number));
                entry.0.insert(language);
            }
        }
        found.extend(lonely(path, &table));
    }
    found
}

fn lonely(path: &str, table: &BTreeMap<String, (BTreeSet<&str>, usize)>) -> Vec<Complaint> {
    let alone = table.iter().filter(|(_, (languages, _))| languages.len() == 1);
    alone
        .map(|(name, (languages, line))| {
            let missing = if languages.contains("ja") { "en" } else { "ja" };
            Complaint::at(
                path,
                *line,
                format!("`{name}` is there in one language; add `{name}.{missing}`"),
            )
        })
        .collect()
}

/// Names that a line gives a text in a language: `title.ja = "…"`, `title = { ja = "…", en = "…" }`.
fn texts(line: &str) -> Vec<(String, &'static str)> {
    let Some((key, value)) = line.split_once('=') else {
        return Vec::new();
    };
    let key = key.trim();
    if key.starts_with('#') {
        return Vec::new();
    }
    for language in ["ja", "en"] {
        if let Some(name) = key.strip_suffix(language).and_then(|name| name.strip_suffix('.')) {
            return vec![(name.to_owned(), language)];
        }
    }
    let value = value.trim();
    if !value.starts_with('{') {
        return Vec::new();
    }
    let has = |language: &str| value.split(['{', ',', ' ']).any(|word| word == language);
    ["ja", "en"]
        .into_iter()
        .filter(|language| has(language))
        .map(|language| (key.to_owned(), language))
        .collect()
}

/// Beside every `ja.ts` of the dashboard stands an `en.ts` with the same keys, and the other way.
fn dictionaries(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, text) in tree
        .ending(&["/ja.ts", "/en.ts"])
        .filter(|(path, _)| path.starts_with("web/ui/"))
    {
        let other = match path.strip_suffix("ja.ts") {
            Some(folder) => format!("{folder}en.ts"),
            None => format!("{}ja.ts", path.trim_end_matches("en.ts")),
        };
        let Some(theirs) = tree.text(&other) else {
            found.push(Complaint::on(
                path,
                format!("its other language is missing: write {other}"),
            ));
            continue;
        };
        let theirs: BTreeSet<&str> = lines(theirs).filter_map(|(_, line)| key(line)).collect();
        for (number, line) in lines(text) {
            if let Some(key) = key(line).filter(|key| !theirs.contains(key)) {
                found.push(Complaint::at(
                    path,
                    number,
                    format!("`{key}` is not in {other}; add it there"),
                ));
            }
        }
    }
    found
}

/// The key of a line `key: …` or `'key': …` of an object.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.trim().split_once(':')?;
    let key = key.trim_matches(['\'', '"']);
    let is_key = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    is_key.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_page_without_its_other_language_is_found() {
        let found = complaints(&[
            ("web/docs/a.ja.md", ""),
            ("web/docs/a.en.md", ""),
            ("web/docs/b.ja.md", ""),
            ("web/docs/c.md", ""),
            ("rules/city/README.md", ""),
        ]);

        assert_eq!(
            found,
            [
                "web/docs/b.ja.md: its other language is missing: write web/docs/b.en.md",
                "web/docs/c.md: a page's name ends in .ja.md or .en.md",
            ]
        );
    }

    #[test]
    fn a_label_in_one_language_is_found_in_its_own_table() {
        let found = complaints(&[(
            "rules/city/zones.toml",
            "[zone.a]\nlabel.ja = \"甲\"\nlabel.en = \"A\"\n[zone.b]\nlabel.ja = \"乙\"\n[[path]]\nlabel.en = \"C\"\n\
             title = { ja = \"丙\" }\nports = [80]\nfirst_step = { ja = \"丁\", en = \"D\" }\n",
        )]);

        assert_eq!(
            found,
            [
                "rules/city/zones.toml:5: `label` is there in one language; add `label.en`",
                "rules/city/zones.toml:7: `label` is there in one language; add `label.ja`",
                "rules/city/zones.toml:8: `title` is there in one language; add `title.en`",
            ]
        );
    }

    #[test]
    fn a_word_missing_in_a_dictionary_is_found() {
        let found = complaints(&[
            (
                "web/ui/src/i18n/ja.ts",
                "export const ja = {\n  flows: 'フロー',\n  'page.alerts': '警報',\n};\n",
            ),
            (
                "web/ui/src/i18n/en.ts",
                "export const en = {\n  flows: 'Flows',\n};\n",
            ),
        ]);

        assert_eq!(
            found,
            ["web/ui/src/i18n/ja.ts:3: `page.alerts` is not in web/ui/src/i18n/en.ts; add it there"]
        );
    }
}
