//! Policies that are made to cost much: refused with a reason, or compiled within the limits.
//!
//! The limits of the project are five seconds and 256 MiB. Tests run unoptimised and beside each other,
//! so that the time is held to a multiple of that here; `scale` measures both.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sekisho_model::{Protocol, Timestamp, Verdict};
use sekisho_policy::{Policy, PolicyErrors, Question, Source};

const HEADER: &str = "schema = 1\n[policy]\nname = \"hostile\"\nversion = \"1\"\n\
                      [zone.a]\nnetworks = [\"10.0.0.0/16\"]\n[zone.b]\nnetworks = [\"10.1.0.0/16\"]\n";

/// Unoptimised code takes some ten times as long, and other tests run beside this one.
const LIMIT: Duration = Duration::from_secs(100);

fn compile(files: &[(&str, String)]) -> Result<Policy, PolicyErrors> {
    let sources: Vec<_> = files
        .iter()
        .map(|(name, text)| Source {
            name: (*name).to_owned(),
            text: text.clone().into_bytes(),
        })
        .collect();
    let began = Instant::now();
    let result = Policy::compile(&sources);
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    result
}

fn one(text: &str) -> Result<Policy, PolicyErrors> {
    compile(&[("a.toml", format!("{HEADER}{text}"))])
}

/// Code and message of the only error, whose words are few.
fn refusal(result: Result<Policy, PolicyErrors>) -> String {
    let errors = result.expect_err("the policy is refused");
    let reports: Vec<_> = errors.reports().collect();
    let text = format!("{} {}", miette::Diagnostic::code(reports[0]).unwrap(), reports[0]);
    assert!(miette::Diagnostic::help(reports[0]).is_some(), "{text}");
    assert!(text.len() < 400, "{text}");
    text
}

fn allowed(policy: &Policy, orig: &str, resp: &str, port: u16) -> bool {
    let at = Timestamp::from_seconds(1_795_398_805, 0);
    let question = Question::new(
        orig.parse().unwrap(),
        resp.parse().unwrap(),
        Protocol::TCP,
        port,
        at,
    );
    policy.judge(&question).verdict == Verdict::Allowed
}

fn path(id: usize, more: &str) -> String {
    format!("[[path]]\nid = \"P{id}\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\n{more}\n")
}

#[test]
fn ten_thousand_overlapping_ranges_of_one_path_compile() {
    let ranges: Vec<_> = (0..10_000)
        .map(|low| format!("\"{}-{}\"", low + 1, low + 5000))
        .collect();

    let policy = one(&path(1, &format!("ports = [{}]", ranges.join(", ")))).unwrap();

    assert!(allowed(&policy, "10.0.0.1", "10.1.0.1", 14_999));
    assert!(!allowed(&policy, "10.0.0.1", "10.1.0.1", 15_001));
}

#[test]
fn ten_thousand_paths_with_overlapping_ranges_compile() {
    let paths: String = (0..10_000)
        .map(|low| path(low, &format!("ports = [\"{}-{}\"]", low + 1, low + 5000)))
        .collect();

    let policy = one(&paths).unwrap();

    assert!(allowed(&policy, "10.0.0.1", "10.1.0.1", 14_999));
    assert!(!allowed(&policy, "10.0.0.1", "10.1.0.1", 15_001));
}

#[test]
fn overlapping_ranges_that_each_ask_something_further_are_refused() {
    let paths: String = (0..10_000)
        .map(|low| {
            path(
                low,
                &format!("ports = [\"{}-{}\"]\nservices = [\"tls\"]", low + 1, low + 5000),
            )
        })
        .collect();

    assert!(refusal(one(&paths)).starts_with("policy::limit more than 256 paths speak of the same ends"));
}

#[test]
fn ends_that_make_millions_of_pairs_are_refused() {
    let mut text = String::new();
    for zone in 0..1000 {
        writeln!(
            text,
            "[zone.z{zone}]\nnetworks = [\"172.{}.{}.0/24\"]",
            16 + zone / 256,
            zone % 256
        )
        .unwrap();
    }
    let all: Vec<_> = (0..1000).map(|zone| format!("\"z{zone}\"")).collect();
    writeln!(text, "[group.all]\nzones = [{}]", all.join(", ")).unwrap();
    for port in 1..11 {
        writeln!(
            text,
            "[[path]]\nid = \"P{port}\"\nfrom = \"all\"\nto = \"all\"\nprotocol = \"tcp\"\nports = [{port}]"
        )
        .unwrap();
    }

    assert!(refusal(one(&text)).starts_with("policy::limit the paths name more than 3000000 pairs"));
}

#[test]
fn hosts_within_each_other_beyond_what_a_look_up_follows_are_refused() {
    let lists = |count: usize| -> String {
        (0..count)
            .map(|list| {
                let hosts = format!("ports = [{}]\nfrom_hosts = [\"@l{list}\"]", list + 1);
                let path = path(list, &hosts);
                format!("[list.l{list}]\nkind = \"network\"\nvalues = [\"10.0.0.0/24\"]\n{path}")
            })
            .collect()
    };

    let most = one(&lists(32)).unwrap();

    assert!((1..=32).all(|port| allowed(&most, "10.0.0.1", "10.1.0.1", port)));
    assert!(!allowed(&most, "10.0.0.1", "10.1.0.1", 33));
    assert!(refusal(one(&lists(33))).contains("more than 32 networks and lists"));
}

#[test]
fn so_many_paths_of_the_same_ends_as_are_asked_compile_and_one_more_does_not() {
    let paths = |count: usize| -> String {
        (0..count)
            .map(|id| path(id, "ports = [443]\nservices = [\"ssh\"]"))
            .collect()
    };

    assert!(one(&paths(256)).is_ok());
    assert!(refusal(one(&paths(257))).contains("more than 256 paths"));
}

#[test]
fn a_list_of_a_hundred_thousand_entries_compiles_from_a_file_and_from_the_policy() {
    let values = || (0..100_000).map(|host| format!("10.0.{}.{}/32", host / 250 % 250, host % 250));
    let file: String = values().map(|value| format!("{value}\n")).collect();
    let quoted: Vec<_> = values().map(|value| format!("\"{value}\"")).collect();
    let path = path(1, "from_hosts = [\"@many\"]\nports = [443]");

    let from_file = compile(&[
        (
            "a.toml",
            format!("{HEADER}[list.many]\nkind = \"network\"\nfile = \"many.txt\"\n{path}"),
        ),
        ("many.txt", file),
    ])
    .unwrap();
    let inline = one(&format!(
        "[list.many]\nkind = \"network\"\nvalues = [{}]\n{path}",
        quoted.join(", ")
    ))
    .unwrap();

    for policy in [from_file, inline] {
        assert_eq!(policy.lists()[0].values.len(), 100_000);
        assert!(allowed(&policy, "10.0.3.7", "10.1.0.1", 443));
        assert!(!allowed(&policy, "10.0.3.251", "10.1.0.1", 443));
    }
}

#[test]
fn lists_with_more_values_than_a_policy_may_hold_are_refused() {
    let file: String = (0..300_000)
        .map(|name| format!("host{name}.example.jp\n"))
        .collect();
    let list = format!("{HEADER}[list.many]\nkind = \"name\"\nfile = \"many.txt\"\n");

    let result = compile(&[("a.toml", list), ("many.txt", file)]);

    assert!(refusal(result).starts_with("policy::limit the lists hold more than 262144 values"));
}

#[test]
fn more_values_than_people_write_are_refused_before_they_are_read() {
    let ports: Vec<_> = (0..700_000).map(|port| (port % 65_535 + 1).to_string()).collect();

    assert!(
        refusal(one(&path(1, &format!("ports = [{}]", ports.join(",")))))
            .starts_with("policy::limit the files hold more than")
    );
}

#[test]
fn a_pattern_of_a_megabyte_is_refused() {
    let long = "a".repeat(1 << 20);
    let costly = format!("(({}){{500}}){{500}}", "[a-z]{100}");
    for pattern in [long, costly] {
        let rule = format!("[[rule]]\nid = \"R1\"\nwhen = 'orig.zone matches \"{pattern}\"'\n");

        let refusal = refusal(one(&rule));

        assert!(refusal.starts_with("policy::expression"), "{refusal}");
    }
}

#[test]
fn deep_nesting_is_refused() {
    let brackets = format!(
        "[zone.x]\nnetworks = {}{}\n",
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    let tables = format!(
        "[zone.x]\nlabel = {}1{}\n",
        "{ ja = ".repeat(5000),
        " }".repeat(5000)
    );
    let dotted = format!("[zone.x]\nlabel{} = 1\n", ".ja".repeat(50_000));
    let expression = format!(
        "[[rule]]\nid = \"R1\"\nwhen = '{}resp.port == 1{}'\n",
        "(".repeat(10_000),
        ")".repeat(10_000)
    );
    for text in [brackets, tables, dotted, expression] {
        refusal(one(&text));
    }
}

#[test]
fn groups_of_groups_to_a_great_depth_are_resolved_or_refused() {
    let mut text = "[group.g0]\nzones = [\"a\"]\n".to_owned();
    for group in 1..1000 {
        writeln!(
            text,
            "[group.g{group}]\nzones = [\"g{}\", \"g{}\"]",
            group - 1,
            group / 2
        )
        .unwrap();
    }
    text.push_str("[[path]]\nid = \"P1\"\nfrom = \"g999\"\nto = \"b\"\nprotocol = \"tcp\"\n");

    assert!(allowed(&one(&text).unwrap(), "10.0.0.1", "10.1.0.1", 9));
}

#[test]
fn files_that_include_each_other_in_a_long_row_are_read_and_a_circle_is_refused() {
    let row = |circle: bool| -> Vec<(String, String)> {
        (0..300)
            .map(|file| {
                let next = if file < 299 {
                    Some(file + 1)
                } else {
                    circle.then_some(0)
                };
                let include = next.map_or_else(String::new, |next| format!("include = [\"{next}.toml\"]\n"));
                let header = format!("schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n{include}");
                (format!("{file}.toml"), header)
            })
            .collect()
    };
    let borrowed = |files: &[(String, String)]| -> Vec<Source> {
        let source = |(name, text): &(String, String)| Source {
            name: name.clone(),
            text: text.clone().into_bytes(),
        };
        files.iter().map(source).collect()
    };

    assert!(Policy::compile(&borrowed(&row(false))).is_ok());
    assert!(refusal(Policy::compile(&borrowed(&row(true)))).starts_with("policy::include"));
}
