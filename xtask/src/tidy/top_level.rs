//! The top of the repository holds what a reader is told to find there, and nothing else.

use super::tree::{Complaint, Tree};

/// Beside these, names that begin with a dot.
const ALLOWED: &[&str] = &[
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "rules",
    "sensor",
    "sensor-ebpf",
    "tests",
    "web",
    "xtask",
];

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    tree.top()
        .iter()
        .filter(|name| !name.starts_with('.') && !ALLOWED.contains(&name.as_str()))
        .map(|name| {
            Complaint::on(
                name,
                format!("does not belong at the top; allowed are {}", ALLOWED.join(", ")),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_file_is_found() {
        let tree = Tree::of(&[
            ("README.md", ""),
            (".ci/run", ""),
            ("sensor/main.rs", ""),
            ("notes.txt", ""),
        ]);

        let found = check(&tree);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "notes.txt");
    }
}
