//! Every Rust file opens by saying what it is.

use super::tree::{Complaint, Tree, lines};

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.ending(&[".rs"])
        .filter_map(|(path, text)| {
            let (line, first) = lines(text)
                .find(|(_, line)| !line.trim().is_empty())
                .unwrap_or((1, ""));
            let says_something = first
                .strip_prefix("//!")
                .is_some_and(|words| !words.trim().is_empty());
            (!says_something).then(|| {
                Complaint::at(
                    path,
                    line,
                    "the file must open with `//!` and a sentence that says what it is",
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_opens_with_code_is_found() {
        let tree = Tree::of(&[
            ("a/good.rs", "//! Counts frames.\n\nuse std::fmt;\n"),
            ("a/bare.rs", "\nfn main() {}\n//! Too late.\n"),
            ("a/mute.rs", "//!\nfn main() {}\n"),
            ("a/empty.rs", ""),
        ]);

        let found = check(&tree);

        let places: Vec<(&str, usize)> = found.iter().map(|c| (c.file.as_str(), c.line)).collect();
        assert_eq!(places, [("a/bare.rs", 2), ("a/empty.rs", 1), ("a/mute.rs", 1)]);
    }
}
