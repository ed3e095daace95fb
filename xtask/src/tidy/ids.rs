//! Ids are unique: of paths and boundaries within a preset, of signatures within the code.

use std::collections::BTreeMap;

use super::tree::{Complaint, Tree, lines};

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = rules(tree);
    found.extend(signatures(tree));
    found
}

/// Every `id = "…"` of a preset folder, over all its files.
fn rules(tree: &Tree) -> Vec<Complaint> {
    let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, text) in tree.ending(&[".toml"]) {
        let Some(preset) = path
            .strip_prefix("rules/")
            .and_then(|rest| rest.split('/').next())
        else {
            continue;
        };
        for (number, line) in lines(text) {
            let Some(id) = value_of(line, "id") else { continue };
            let place = format!("{path}:{number}");
            if let Some(first) = seen.insert((preset.to_owned(), id.to_owned()), place) {
                found.push(Complaint::at(
                    path,
                    number,
                    format!("id `{id}` stands at {first} already; ids are never shared"),
                ));
            }
        }
    }
    found
}

/// Crates that give rules their numbers; others only carry them.
const GIVE_NUMBERS: [&str; 2] = ["sensor/detect/src/", "sensor/policy/src/"];

/// Every `signature_id: N` of those outside tests; 0 stands for "raises no alert".
fn signatures(tree: &Tree) -> Vec<Complaint> {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut found = Vec::new();
    for (path, text) in tree
        .ending(&[".rs"])
        .filter(|(path, _)| GIVE_NUMBERS.iter().any(|folder| path.starts_with(folder)))
    {
        let code = lines(text).take_while(|(_, line)| line.trim() != "#[cfg(test)]");
        for (number, line) in code {
            let Some((_, rest)) = line.split_once("signature_id: ") else {
                continue;
            };
            let digits: String = rest
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '_')
                .filter(|c| *c != '_')
                .collect();
            if digits.is_empty() || digits == "0" {
                continue;
            }
            if let Some(first) = seen.insert(digits.clone(), format!("{path}:{number}")) {
                found.push(Complaint::at(
                    path,
                    number,
                    format!("signature id {digits} stands at {first} already; take a new one"),
                ));
            }
        }
    }
    found
}

/// The text in quotes of a line `key = "text"`.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (left, right) = line.split_once('=')?;
    if left.trim() != key {
        return None;
    }
    right.trim().strip_prefix('"')?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_given_twice_in_a_preset_is_found_with_both_places() {
        let tree = Tree::of(&[
            ("rules/city/paths.toml", "[[path]]\nid = \"PATH-0001\"\n"),
            (
                "rules/city/zones.toml",
                "[[boundary]]\nid=\"PATH-0001\" # again\n",
            ),
            ("rules/plant/paths.toml", "[[path]]\nid = \"PATH-0001\"\n"),
        ]);

        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(
            found,
            [
                "rules/city/zones.toml:2: id `PATH-0001` stands at rules/city/paths.toml:2 already; ids are never shared"
            ]
        );
    }

    #[test]
    fn a_signature_number_given_twice_is_found() {
        let tree = Tree::of(&[
            (
                "sensor/policy/src/a.rs",
                "A { signature_id: 1_000_001 };\nB { signature_id: 0 };\nC { signature_id: 0 };\n",
            ),
            (
                "sensor/policy/src/b.rs",
                "D { signature_id: 1000001 };\n#[cfg(test)]\nE { signature_id: 1_000_001 };\n",
            ),
        ]);

        let found = check(&tree);

        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].file.as_str(), found[0].line),
            ("sensor/policy/src/b.rs", 1)
        );
    }
}
