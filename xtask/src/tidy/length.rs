//! Files that have grown past what one reads in a sitting: a note, no complaint.

use super::tree::{Complaint, Tree};

const MANY_LINES: usize = 600;

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.ending(&[".rs", ".ts", ".svelte", ".css"])
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            (lines > MANY_LINES).then(|| {
                Complaint::on(
                    path,
                    format!("{lines} lines; more than {MANY_LINES} often hold two ideas"),
                )
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_files_are_named() {
        let tree = Tree::of(&[("a.rs", &"x\n".repeat(600)), ("b.rs", &"x\n".repeat(601))]);

        let found = check(&tree);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "b.rs");
    }
}
