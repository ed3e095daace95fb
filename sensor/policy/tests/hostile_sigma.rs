//! Files of Sigma rules that are made to cost much: refused with a reason, or read within the limits.
//!
//! Each is near the most octets that a file may have. Tests run unoptimised and beside each other, so that the
//! time is held to a multiple of what an import takes.

use std::time::{Duration, Instant};

use sekisho_policy::sigma::{Import, MAX_FILE};
use sekisho_policy::{Policy, Source};

/// Unoptimised code takes some ten times as long, and other tests run beside this one.
const LIMIT: Duration = Duration::from_secs(60);

/// Reads a file in time; what comes out is a policy.
fn read(name: &str, text: &str) -> Import {
    assert!(text.len() <= MAX_FILE, "{name}: {}", text.len());
    let began = Instant::now();
    let mut import = Import::new(0);
    import.read("hostile.yml", text.as_bytes());
    assert!(began.elapsed() < LIMIT, "{name}: {:?}", began.elapsed());
    for damage in import.damage() {
        assert!(
            damage.what.len() < 400 && !damage.what.contains(char::is_control),
            "{name}: {damage:?}"
        );
    }
    for remarks in import
        .outcomes()
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err())
    {
        assert!(!remarks.is_empty(), "{name}");
    }
    let source = Source {
        name: "sigma.toml".to_owned(),
        text: import.text(true).into_bytes(),
    };
    let rules = Policy::compile(&[source]).map(|policy| policy.rules().len());
    assert_eq!(rules.ok(), Some(import.imported()), "{name}");
    import
}

/// `text` as often as it fits behind `begin`.
fn filled(begin: &str, text: &str, end: &str) -> String {
    let room = MAX_FILE - begin.len() - end.len();
    format!("{begin}{}{end}", text.repeat(room / text.len()))
}

/// The words of the only damage.
fn damage(name: &str, text: &str) -> String {
    let import = read(name, text);
    let [damage] = import.damage() else {
        panic!("{name}: {:?}", import.damage())
    };
    damage.what.clone()
}

/// The only outcome: nothing, or the reasons in words.
fn outcome(name: &str, text: &str) -> String {
    let import = read(name, text);
    let [outcome] = import.outcomes() else {
        panic!("{name}: {:?} {}", import.damage(), import.outcomes().len())
    };
    let remarks = outcome.result.as_ref().err().into_iter().flatten();
    let said: Vec<_> = remarks.map(|remark| remark.why.text().en).collect();
    said.join("; ").chars().take(120).collect()
}

fn dns(detection: &str) -> String {
    format!("title: A\nlogsource: {{category: dns}}\ndetection:\n{detection}")
}

#[test]
fn yaml_that_is_endless_is_read_or_refused_in_time() {
    let cases = [
        ("scalar", filled("title: ", "a", "\n")),
        ("quoted", filled("title: \"", "\\x41", "\"\n")),
        ("folded", filled("title: >-\n", "  a\n\n", "")),
        ("literal", filled("title: |\n", "  a\n", "")),
        ("plain lines", filled("title: a\n", "  a\n", "")),
        ("blank", filled("title: a", "\n", "b")),
        ("comment", filled("title: a #", "#", "\n")),
        ("comments", filled("title: a\n", "#\n", "")),
        ("key", filled("", "k", ": a\n")),
        (
            "keys",
            (0..90_000).map(|at| format!("k{at}: a\n")).collect::<String>(),
        ),
        ("same keys", filled("", "a: b\n", "")),
        ("colons", filled("", ": ", "")),
        ("questions", filled("", "? ", "")),
        ("dashes", filled("", "- ", "")),
        ("items", filled("", "- a\n", "")),
        ("commas", filled("[", "a,", "]")),
        ("pairs", filled("[", "a: b,", "]")),
        ("open", filled("", "[", "")),
        ("open maps", filled("", "{a: ", "")),
        ("open and shut", filled("[", "[],", "]")),
        ("shut", filled("", "]", "")),
        ("anchors", filled("a: ", "&a ", "x\n")),
        (
            "anchored",
            (0..60_000).map(|at| format!("- &a{at} x\n")).collect::<String>(),
        ),
        ("aliases", filled("a: &a x\nb: [", "*a,", "]\n")),
        ("tags", filled("a: ", "!t ", "x\n")),
        ("tag", filled("a: !", "t", " x\n")),
        ("directives", filled("", "%YAML 1.2\n", "---\na: b\n")),
        ("tabs", filled("", "\t", "")),
        ("quotes", filled("", "\"a\" ", "")),
        ("open quote", filled("a: \"", "b\n", "")),
        ("markers", filled("", "---\n", "")),
        ("ends", filled("", "...\n", "")),
        ("documents", filled("", "---\na\n", "")),
        ("damaged documents", filled("", "---\n[\n", "")),
        (
            "indented",
            (0..1_400)
                .map(|at| format!("{}a:\n", " ".repeat(at)))
                .collect::<String>(),
        ),
    ];
    for (name, text) in cases {
        let import = read(name, &text);
        assert_eq!(import.imported(), 0, "{name}");
    }
}

#[test]
fn a_long_text_that_aliases_repeat_is_refused_before_it_is_copied() {
    let long = "a".repeat(MAX_FILE / 2);

    let values = damage("repeated", &filled(&format!("a: &x {long}\nb: ["), "*x,", "]\n"));
    let nested = damage(
        "nested",
        &format!("a: &x [{long}]\nb: &y [*x, *x, *x, *x]\nc: &z [*y, *y, *y, *y]\nd: [*z, *z]\n"),
    );

    assert!(values.contains("octets"), "{values}");
    assert!(nested.contains("octets"), "{nested}");
}

#[test]
fn a_rule_with_endless_values_is_a_list_or_says_its_limit() {
    let each = |make: fn(usize) -> String| (0..40_000).map(make).collect::<Vec<_>>().join(", ");
    let cases = [
        (
            "equal",
            dns(&format!(
                "  s:\n    query: [{}]\n  condition: s\n",
                each(|at| format!("a{at}"))
            )),
        ),
        (
            "contains",
            dns(&format!(
                "  s:\n    query|contains: [{}]\n  condition: s\n",
                each(|at| format!("a{at}"))
            )),
        ),
        (
            "all",
            dns(&format!(
                "  s:\n    query|contains|all: [{}]\n  condition: s\n",
                each(|at| format!("a{at}"))
            )),
        ),
        (
            "addresses",
            dns(&format!(
                "  s:\n    src_ip: [{}]\n  condition: s\n",
                each(|at| format!("10.0.{}.{}", at / 256, at % 256))
            )),
        ),
        (
            "maps",
            dns(&format!(
                "  s:\n{}  condition: s\n",
                (0..15_000)
                    .map(|at| format!("    - query: a{at}\n"))
                    .collect::<String>()
            )),
        ),
        (
            "conditions",
            dns(&format!(
                "  s:\n    query: a\n  condition:\n{}",
                "    - s\n".repeat(40_000)
            )),
        ),
        (
            "one pattern",
            dns(&format!(
                "  s:\n    query: '{}'\n  condition: s\n",
                "a*".repeat(400_000)
            )),
        ),
    ];
    for (name, text) in cases {
        let said = outcome(name, &text);
        assert_eq!(
            said.is_empty(),
            matches!(name, "equal" | "addresses"),
            "{name}: {said}"
        );
    }
}

#[test]
fn a_condition_names_no_more_selections_than_it_may() {
    let selections = |count| {
        (0..count)
            .map(|at| format!("  s{at}:\n    query: a{at}\n"))
            .collect::<String>()
    };
    let often = vec!["1 of them"; 315].join(" or ");

    let many = outcome(
        "many selections",
        &dns(&format!("{}  condition: {often}\n", selections(10_000))),
    );
    let named = outcome(
        "named often",
        &dns(&format!("{}  condition: {often}\n", selections(900))),
    );

    assert!(many.contains("1000 selections"), "{many}");
    assert!(named.contains("1000 selections"), "{named}");
}

#[test]
fn patterns_that_are_refused_cost_little() {
    let one = |at| {
        format!(
            "---\n{}",
            dns(&format!(
                "  s:\n    query|re: '(\\w{{60}}){{60}}{at}'\n  condition: s\n"
            ))
        )
    };
    let text: String = (0..500).map(one).collect();

    let import = read("patterns", &text);

    let remarks = import
        .outcomes()
        .iter()
        .filter_map(|outcome| outcome.result.as_ref().err());
    let said: Vec<_> = remarks.map(|remarks| remarks[0].why.text().en).collect();
    assert_eq!(said.len(), 500);
    assert!(said[0].contains("compiled"), "{}", said[0]);
    assert!(said[499].contains("100 rules"), "{}", said[499]);
}
