//! A table of wrong policies: each is refused within a second, with its file, line, key and remedy.
//!
//! A case of `wrong/*.txt` begins with the code, the line and words of the remedy that its writer expects.
//! The line is counted from the case's own first line; with `=!=` the case is the whole file, with `===`
//! a sound beginning stands before it, and with `+path` and the like, the begin of such a table too.

use std::time::{Duration, Instant};

use miette::Diagnostic;
use sekisho_policy::{Policy, Source};

const FILES: [(&str, &str); 3] = [
    ("zones.txt", include_str!("wrong/zones.txt")),
    ("paths.txt", include_str!("wrong/paths.txt")),
    ("others.txt", include_str!("wrong/others.txt")),
];

const BEGIN: &str = r#"schema = 1
[policy]
name = "wrong"
version = "1"
[zone.office]
networks = ["10.40.1.0/24"]
[zone.server]
networks = ["10.40.2.0/24"]
[gateway.mugai]
near = ["10.40.9.1"]
far = ["10.40.9.2"]
[list.terminals]
kind = "address"
values = ["10.40.1.5"]
[list.routers]
kind = "mac"
values = ["52:54:00:00:00:01"]
[list.words]
kind = "text"
values = ["a"]
[list.expiring]
kind = "address"
values = [{ value = "10.60.0.1", expires = "2027-03-31" }]
"#;

const BEGINS: [(&str, &str); 4] = [
    (
        "+path\n",
        "[[path]]\nid = \"P1\"\nfrom = \"office\"\nto = \"server\"\n",
    ),
    (
        "+path-like-exception\n",
        "[[exception]]\nid = \"E1\"\nfrom = \"office\"\nto = \"server\"\n",
    ),
    ("+rule\n", "[[rule]]\nid = \"R1\"\n"),
    (
        "+two\n",
        "[zone.first]\nvlans = [10]\nmacs = [\"52:54:00:00:0a:01\"]\n",
    ),
];

struct Case<'t> {
    code: &'t str,
    /// Counted over the whole text.
    line: usize,
    remedy: &'t str,
    text: String,
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for case in file.split("\n=").map(|case| case.trim_start_matches('=')) {
        let (whole, case) = match case.strip_prefix("!= ") {
            Some(case) => (true, case),
            None => (false, case.trim_start_matches("= ").trim_start()),
        };
        let (head, body) = case.split_once('\n').unwrap();
        let mut words = head.splitn(3, ' ');
        let (code, line, remedy) = (
            words.next().unwrap(),
            words.next().unwrap(),
            words.next().unwrap(),
        );
        let mut before = if whole { String::new() } else { BEGIN.to_owned() };
        let mut own = body;
        for (sign, begin) in BEGINS {
            if let Some(rest) = body.strip_prefix(sign) {
                before.push_str(begin);
                own = rest;
            }
        }
        let line: isize = line.parse().unwrap();
        // Before the case's first line, what begins its table has numbers below 1.
        let lines = isize::try_from(before.lines().count()).unwrap();
        cases.push(Case {
            code,
            line: usize::try_from(lines + line).unwrap(),
            remedy,
            text: format!("{before}{own}\n"),
        });
    }
    cases
}

fn line(report: &dyn Diagnostic, text: &str) -> Option<usize> {
    let label = report.labels()?.next()?;
    Some(text.get(..label.offset())?.matches('\n').count() + 1)
}

#[test]
fn each_wrong_policy_is_refused_with_its_place_and_a_remedy() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, file) in FILES {
        for case in cases(file) {
            count += 1;
            let source = Source {
                name: "wrong.toml".to_owned(),
                text: case.text.clone().into_bytes(),
            };
            let began = Instant::now();
            let result = Policy::compile(&[source]);
            let took = began.elapsed();
            let Err(errors) = result else {
                wrong.push(format!(
                    "{name}: compiles: {}",
                    case.text.trim_start_matches(BEGIN)
                ));
                continue;
            };
            let said: Vec<_> = errors
                .reports()
                .map(|report| {
                    (
                        report.code().map(|code| code.to_string()).unwrap_or_default(),
                        line(report, &case.text),
                        report.help().map(|help| help.to_string()).unwrap_or_default(),
                    )
                })
                .collect();
            let expected = |(code, at, help): &(String, Option<usize>, String)| {
                code == case.code && *at == Some(case.line) && help.contains(case.remedy)
            };
            let complete = said.iter().all(|(_, at, help)| at.is_some() && !help.is_empty());
            if !said.iter().any(expected) || !complete || took > Duration::from_secs(1) {
                let own = case.text.trim_start_matches(BEGIN);
                wrong.push(format!(
                    "{name}: expected {} {} {}\n{own}said after {took:?}: {said:#?}",
                    case.code, case.line, case.remedy
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(count >= 300, "{count}");
}
