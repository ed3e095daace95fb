//! Crates depend downwards only, and each follows the workspace's lints.
//!
//! The table below is the architecture in one place; `web/docs/architecture.en.md` explains it.

use super::tree::{Complaint, Tree, lines};

/// Each crate's folder and the crates of the project that it may build on.
const FLOORS: &[(&str, &[&str])] = &[
    ("sensor/model", &[]),
    ("sensor/filter", &["model"]),
    ("sensor/wire", &["model"]),
    ("sensor/detect", &["model"]),
    ("sensor/export", &["model"]),
    ("sensor-ebpf/abi", &[]),
    ("sensor-ebpf", &["ebpf-abi"]),
    ("sensor/capture", &["model", "ebpf-abi"]),
    ("sensor/flow", &["model", "wire"]),
    ("sensor/policy", &["model", "filter"]),
    ("sensor/store", &["model", "filter"]),
    (
        "sensor/engine",
        &[
            "model", "filter", "wire", "detect", "export", "capture", "flow", "policy", "store",
        ],
    ),
    // It reads pasted lists of indicators as the command does.
    ("web", &["model", "filter", "detect", "policy", "store"]),
    ("tests/kit", &["model"]),
    (
        "tests/fuzz",
        &[
            "model", "filter", "wire", "detect", "capture", "flow", "policy", "kit",
        ],
    ),
    ("xtask", &[]),
];

/// Crates that touch packets, where a panic would be a way to stop the sensor.
const PACKET_PATH: &[&str] = &["capture", "wire", "flow", "policy", "filter", "engine"];

/// Lints that such a crate denies at the top of its `lib.rs`.
const DENIED: &[&str] = &[
    "clippy::unwrap_used",
    "clippy::expect_used",
    "clippy::indexing_slicing",
    "clippy::panic",
    "clippy::arithmetic_side_effects",
];

pub(crate) fn check(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for (path, text) in tree.ending(&["/Cargo.toml"]) {
        let folder = path.trim_end_matches("/Cargo.toml");
        let Some((_, allowed)) = FLOORS.iter().find(|(crate_folder, _)| *crate_folder == folder) else {
            found.push(Complaint::on(
                path,
                "this crate has no floor: add its folder to FLOORS in xtask/src/tidy/floors.rs",
            ));
            continue;
        };
        for (line, name) in dependencies(text) {
            if folder == "xtask" {
                let text =
                    format!("xtask depends on nothing, so that it builds in a second; do without `{name}`");
                found.push(Complaint::at(path, line, text));
                continue;
            }
            let Some(ours) = name.strip_prefix("sekisho-") else {
                continue;
            };
            if !allowed.contains(&ours) {
                let may = if allowed.is_empty() {
                    "no other crate".to_owned()
                } else {
                    allowed.join(", ")
                };
                let text = format!("{folder} must not depend on {ours}; its floor knows {may}");
                found.push(Complaint::at(path, line, text));
            }
        }
        if !inherits_lints(text) {
            found.push(Complaint::on(
                path,
                "add `[lints]` with `workspace = true`, so that the workspace's lints hold here",
            ));
        }
    }
    found.extend(packet_path(tree));
    found
}

fn packet_path(tree: &Tree) -> Vec<Complaint> {
    let mut found = Vec::new();
    for name in PACKET_PATH {
        let path = format!("sensor/{name}/src/lib.rs");
        let Some(text) = tree.text(&path) else { continue };
        for lint in DENIED {
            if !text.contains(lint) {
                found.push(Complaint::on(
                    &path,
                    format!("a crate on the packet path denies {lint} at the top of lib.rs"),
                ));
            }
        }
    }
    found
}

/// Names under `[dependencies]` and `[build-dependencies]`, for any platform, with their lines.
fn dependencies(text: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut inside = false;
    for (number, line) in lines(text) {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let section = section.trim();
            inside = is_dependency_table(section);
            // `[dependencies.name]` is the long form of a line in `[dependencies]`.
            if let Some((table, name)) = section.rsplit_once('.')
                && is_dependency_table(table)
            {
                names.push((number, name.to_owned()));
            }
            continue;
        }
        if inside
            && let Some((key, _)) = line.split_once('=')
            && !line.starts_with('#')
        {
            let name = key.split('.').next().unwrap_or_default().trim().trim_matches('"');
            names.push((number, name.to_owned()));
        }
    }
    names
}

fn is_dependency_table(section: &str) -> bool {
    let last = section.rsplit('.').next().unwrap_or_default();
    let first = section == last || section.starts_with("target.");
    first && matches!(last, "dependencies" | "build-dependencies")
}

fn inherits_lints(text: &str) -> bool {
    let mut rest = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "[lints]")
        .skip(1);
    rest.find(|line| !line.is_empty())
        .is_some_and(|line| line.replace(' ', "") == "workspace=true")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "\n[lints]\nworkspace = true\n";

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let text = format!("{text}{LINTS}");
        check(&Tree::of(&[(path, &text)]))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_dependency_upwards_is_found_in_every_spelling() {
        for text in [
            "[dependencies]\nsekisho-model.workspace = true\nsekisho-engine.workspace = true\n",
            "[dependencies]\nserde = \"1\"\nsekisho-engine = { path = \"../sensor/engine\" }\n",
            "[package]\nname = \"sekisho-web\"\n[dependencies.sekisho-engine]\nworkspace = true\n",
            "[target.'cfg(unix)'.dependencies]\n\nsekisho-engine.workspace = true\n",
            "[build-dependencies]\n\"sekisho-engine\" = \"0\"\n",
        ] {
            let found = complaints("web/Cargo.toml", text);

            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains(
                "web must not depend on engine; its floor knows model, filter, detect, policy, store"
            ));
        }
    }

    #[test]
    fn a_line_names_its_place() {
        let found = complaints(
            "sensor/wire/Cargo.toml",
            "[dependencies]\n# why\nsekisho-flow.workspace = true\n",
        );

        assert!(found[0].starts_with("sensor/wire/Cargo.toml:3: "), "{found:?}");
    }

    #[test]
    fn tests_may_build_on_any_crate() {
        assert!(
            complaints(
                "sensor/wire/Cargo.toml",
                "[dev-dependencies]\nsekisho-kit.workspace = true\n"
            )
            .is_empty()
        );
    }

    #[test]
    fn the_task_crate_builds_on_nothing() {
        assert_eq!(
            complaints("xtask/Cargo.toml", "[dependencies]\nlibc = \"1\"\n").len(),
            1
        );
    }

    #[test]
    fn a_crate_without_floor_or_lints_is_found() {
        let tree = Tree::of(&[
            ("sensor/magic/Cargo.toml", ""),
            ("sensor/model/Cargo.toml", "[dependencies]\n"),
        ]);

        let found: Vec<String> = check(&tree).iter().map(ToString::to_string).collect();

        assert!(found[0].contains("no floor"), "{found:?}");
        assert!(found[1].contains("[lints]"), "{found:?}");
    }

    #[test]
    fn a_crate_on_the_packet_path_denies_panics() {
        let tree = Tree::of(&[(
            "sensor/wire/src/lib.rs",
            "#![deny(clippy::unwrap_used, clippy::panic)]",
        )]);

        assert_eq!(check(&tree).len(), DENIED.len() - 2);
    }
}
