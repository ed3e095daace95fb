//! Nothing unfinished is left behind, and nothing that only one machine understands.

use super::tree::{Complaint, Tree, lines};

/// What must not be written, pieced together so that this file does not complain about itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "finish it, or file it where work is kept"),
    (concat!("FIX", "ME"), "fix it, or file it where work is kept"),
    (concat!("#[ign", "ore"), "a test runs or is not there"),
    (concat!("to", "do!("), "write the code or take the path out"),
    (
        concat!("unimplem", "ented!("),
        "write the code or take the path out",
    ),
    (
        concat!("/wo", "rk/"),
        "a path of one machine; write it from the repository's top",
    ),
];

/// Kinds of file that people write.
const WRITTEN: &[&str] = &[
    ".rs", ".toml", ".md", ".ts", ".js", ".mjs", ".svelte", ".css", ".html", ".py", ".sh", "/run",
];

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(WRITTEN) {
        for (number, line) in lines(text) {
            for (word, remedy) in FORBIDDEN {
                if stands_alone(line, word) {
                    found.push(Complaint::at(path, number, format!("`{word}`: {remedy}")));
                }
            }
        }
    }
    found
}

/// Whether `word` is in `line` other than as a piece of a longer word.
fn stands_alone(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let joined = |edge: Option<char>, neighbour: Option<char>| {
            edge.is_some_and(is_part) && neighbour.is_some_and(is_part)
        };
        let path_goes_on = word.starts_with('/') && before.is_some_and(|c| is_part(c) || c == '.');
        !(joined(word.chars().next(), before) || joined(word.chars().next_back(), after) || path_goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_where_they_stand_alone() {
        let unfinished = format!("let x = 1; // {} later\n", FORBIDDEN[0].0);
        let machine = format!("open(\"{}main\")", FORBIDDEN[5].0);
        let tree = Tree::of(&[("a.rs", &unfinished), ("b.py", &machine)]);

        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.rs:1: "));
    }

    #[test]
    fn longer_words_and_longer_paths_are_left_alone() {
        let longer = format!("{}S and my{}", FORBIDDEN[0].0, FORBIDDEN[3].0);
        let path = format!("home{}x", FORBIDDEN[5].0);

        assert!(check(&Tree::of(&[("a.rs", &longer), ("b.md", &path)])).is_empty());
    }
}
