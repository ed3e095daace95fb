//! The examples of the manual compile, in both languages, over the catalogue.
//!
//! An example is a whole policy, or a part that stands on what the manual's page has declared before.

use std::path::Path;

use sekisho_policy::{Policy, SEALED, SERVICE_ALIASES, SERVICES, Source, TUNNELS, load_dir, with_catalogue};

const PAGES: [(&str, &str); 6] = [
    (
        "catalogue.en.md",
        include_str!("../../../web/docs/catalogue.en.md"),
    ),
    (
        "catalogue.ja.md",
        include_str!("../../../web/docs/catalogue.ja.md"),
    ),
    ("policy.en.md", include_str!("../../../web/docs/policy.en.md")),
    ("policy.ja.md", include_str!("../../../web/docs/policy.ja.md")),
    ("calendar.en.md", include_str!("../../../web/docs/calendar.en.md")),
    ("calendar.ja.md", include_str!("../../../web/docs/calendar.ja.md")),
];

const PRESET: [(&str, &str); 4] = [
    (
        "zones.toml",
        include_str!("../../../rules/three-zones/zones.toml"),
    ),
    (
        "paths.toml",
        include_str!("../../../rules/three-zones/paths.toml"),
    ),
    (
        "boundaries.toml",
        include_str!("../../../rules/three-zones/boundaries.toml"),
    ),
    (
        "statements.toml",
        include_str!("../../../rules/three-zones/statements.toml"),
    ),
];

/// What examples name; each may be declared again by the example.
const BASE: &str = r#"
schema = 1
[policy]
name = "base"
version = "1"
[zone.office]
networks = ["10.40.1.0/24"]
[zone.server]
networks = ["10.40.2.0/24"]
[zone.vendor]
networks = ["10.70.0.0/24"]
[zone.guest]
networks = ["10.90.0.0/24"]
[zone.internet]
networks = ["0.0.0.0/0"]
[gateway.mugai]
near = ["10.25.1.1"]
far = ["10.25.2.1"]
[list.terminals]
kind = "address"
values = ["10.40.1.5"]
[list.routers]
kind = "mac"
values = ["52:54:00:00:00:01"]
[[calendar.event]]
name = "election"
from = "2026-11-06"
to = "2026-11-08"
"#;

fn source(name: String, text: String) -> Source {
    Source {
        name,
        text: text.into_bytes(),
    }
}

fn sources(example: &str) -> Vec<Source> {
    if !example.contains("schema = 1") {
        let header = "schema = 1\n[policy]\nname = \"e\"\nversion = \"1\"\ninclude = [\"../base\"]\n";
        return vec![
            source("base/base.toml".to_owned(), BASE.to_owned()),
            source("site/site.toml".to_owned(), format!("{header}{example}")),
        ];
    }
    let preset = PRESET.map(|(name, text)| source(format!("three-zones/{name}"), text.to_owned()));
    let included = example.contains("include =");
    let mut all: Vec<_> = preset.into_iter().filter(|_| included).collect();
    all.push(source("site/site.toml".to_owned(), example.to_owned()));
    all
}

#[test]
fn every_example_of_the_manual_compiles() {
    let mut count = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/unauthorised");
    let mut catalogue = load_dir(&folder).unwrap();
    for source in &mut catalogue {
        source.name = source.name.rsplit('/').next().unwrap().to_owned();
    }
    for (page, text) in PAGES {
        for example in text.split("```toml\n").skip(1) {
            let (example, _) = example.split_once("```").unwrap();
            count += 1;

            let result = Policy::compile(&with_catalogue(sources(example), &catalogue));

            if let Err(errors) = result {
                let reports: Vec<_> = errors.reports().map(ToString::to_string).collect();
                panic!("{page}: {reports:?}\n{example}");
            }
        }
    }
    assert!(count >= 26, "{count}");
}

#[test]
fn both_languages_show_the_same_examples() {
    let examples = |text: &str| -> Vec<String> {
        let examples = text.split("```toml\n").skip(1);
        let sound = examples.map(|example| example.split_once("```").unwrap().0);
        // Comments are in the page's language.
        let lines = |example: &str| -> String {
            let lines = example
                .lines()
                .map(|line| line.split(" #").next().unwrap_or_default().trim_end());
            lines.collect::<Vec<_>>().join("\n").replace("senkyo", "election")
        };
        sound.map(lines).collect()
    };

    for pair in PAGES.chunks(2) {
        assert_eq!(examples(pair[0].1), examples(pair[1].1), "{}", pair[1].0);
    }
}

#[test]
fn the_manual_lists_every_word_for_services_and_tunnels() {
    for (page, text) in PAGES.iter().filter(|(page, _)| page.starts_with("policy.")) {
        let words = |line: &str| -> Vec<String> {
            let found = text.lines().find(|one| one.starts_with(line)).unwrap();
            let words = found.split('`').skip(1).step_by(2).skip(1);
            words.map(str::to_owned).collect()
        };
        let opening = if page.contains(".en.") {
            " takes"
        } else {
            " には"
        };

        let services = words(&format!("`services`{opening}"));
        assert_eq!(services[1..], *SERVICES, "{page}");
        assert_eq!(words(&format!("`tunnel`{opening}")), TUNNELS, "{page}");
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let rows: Vec<Vec<&str>> = rows
            .map(|row| row.split('`').skip(1).step_by(2).collect())
            .collect();
        for (alias, stands_for) in SERVICE_ALIASES {
            let is_row =
                |row: &Vec<&str>| row.contains(alias) && stands_for.iter().all(|word| row.contains(word));
            assert!(rows.iter().any(is_row), "{page}: {alias}");
        }
        let sealed = words("`tls`");
        for (by, services) in SEALED {
            let by = (by != &"tls").then_some(by);
            assert!(
                by.into_iter()
                    .chain(*services)
                    .all(|word| sealed.contains(&(*word).to_owned()))
            );
        }
    }
}
