//! Links between the documents of the repository lead to something that is there.

use super::tree::{Complaint, Tree, lines};

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(&[".md"]) {
        let mut in_code = false;
        for (number, line) in lines(text) {
            if line.trim_start().starts_with("```") {
                in_code = !in_code;
            }
            if in_code {
                continue;
            }
            for link in prose(line).flat_map(links) {
                let target = resolve(path, link);
                if !tree.has(&target) {
                    found.push(Complaint::at(
                        path,
                        number,
                        format!("`{link}` leads nowhere: there is no {target}"),
                    ));
                }
            }
        }
    }
    found
}

/// The parts of a line between its code spans: every second one is code.
fn prose(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').step_by(2)
}

/// Targets of `[…](…)` on a line that stand for files, without anchors.
fn links(line: &str) -> Vec<&str> {
    let starts = line.match_indices("](").map(|(at, mark)| at + mark.len());
    let targets = starts.filter_map(|at| line.get(at..)?.split(')').next());
    let files = targets.filter(|link| {
        !link.contains("://") && !link.starts_with(['#', '/']) && !link.starts_with("mailto:")
    });
    files
        .filter_map(|link| link.split([' ', '#']).next())
        .filter(|link| !link.is_empty())
        .collect()
}

/// The path from the top that `link` stands for in the file at `path`.
fn resolve(path: &str, link: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." | "" => {}
            ".." => _ = parts.pop(),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_nothing_is_found() {
        let tree = Tree::of(&[
            (
                "README.md",
                "[a](web/docs/a.md) ![b](web/docs/b.png \"title\") [c](#here) [d](https://example.org/x)\n",
            ),
            (
                "web/docs/a.md",
                "[up](../../README.md#two) [folder](..) `[0-9](;)`\n```\n[not](a-link.md)\n```\n",
            ),
        ]);

        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert_eq!(
            found,
            ["README.md:1: `web/docs/b.png` leads nowhere: there is no web/docs/b.png"]
        );
    }
}
