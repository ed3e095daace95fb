//! `sekisho rules test`: runs the tests that policies carry.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sekisho_policy::run_tests::{Declaration, TestPlace, TestResult, TestRun};
use serde_json::{Value, json};

use crate::cli::catalogue::Choice;
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// Declarations without a test that are named; the rest is counted.
const NAMED: usize = 20;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules test rules/three-zones\n  sekisho rules test rules/* --failed\n  \
    sekisho rules test site/ --json\n\n\
    Exit codes: 0 every test came out as expected, 1 one did not, 2 a folder cannot be read or has mistakes."
)]
pub(crate) struct Args {
    /// Policy folders
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Print only the tests that fail
    #[arg(long)]
    failed: bool,
    /// Take paths, exceptions and rules that no test touches as a failure
    #[arg(long)]
    all_touched: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    catalogue: Choice,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut runs = Vec::new();
    for folder in &args.folders {
        let Some(policy) = super::load_over(folder, &args.catalogue) else {
            return Ok(Outcome::Refused);
        };
        runs.push((folder.as_path(), policy.run_tests()));
    }
    if args.json {
        let runs: Vec<_> = runs.iter().map(|(folder, run)| as_json(folder, run)).collect();
        super::print(&format!("{}\n", json!({ "policies": runs })));
    } else {
        let language = Language::of_environment();
        let text: String = runs
            .iter()
            .map(|(folder, run)| as_text(folder, run, args.failed, language))
            .collect();
        super::print(&text);
    }
    let passed = runs
        .iter()
        .all(|(_, run)| run.failed() == 0 && (!args.all_touched || run.untouched.is_empty()));
    Ok(if passed { Outcome::Done } else { Outcome::Findings })
}

fn as_text(folder: &Path, run: &TestRun, only_failed: bool, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{}", terminal::clean(&text));
    };
    line(folder.display().to_string());
    for result in run.results.iter().filter(|result| !only_failed || !result.passed) {
        line(format!(
            "  {} {}",
            if result.passed {
                say("合格", "ok  ")
            } else {
                say("不合格", "FAIL")
            },
            named(result, language)
        ));
        if !result.passed {
            line(format!(
                "       {} {}",
                say("期待:", "expected:"),
                result.expected
            ));
            let detail = match result.detail.as_str() {
                "" => String::new(),
                detail => format!(" ({detail})"),
            };
            line(format!(
                "       {} {}{detail}",
                say("結果:", "got:     "),
                result.got
            ));
        }
    }
    if !run.untouched.is_empty() {
        line(format!("  {}", say("試験のない宣言:", "Without a test:")));
        for declared in run.untouched.iter().take(NAMED) {
            line(format!(
                "    {} {} ({})",
                declared.kind.name(),
                declared.id,
                place(&declared.place)
            ));
        }
        if let Some(more) = run.untouched.len().checked_sub(NAMED).filter(|more| *more > 0) {
            line(match language {
                Language::Japanese => format!("    ほか {more} 件"),
                Language::English => format!("    and {more} more"),
            });
        }
    }
    let counts = (run.passed(), run.failed(), run.touched(), run.declarations);
    line(match language {
        Language::Japanese => format!(
            "  合格 {} 件、不合格 {} 件。経路・例外・規則 {} 件のうち {} 件に試験が触れている。",
            counts.0, counts.1, counts.3, counts.2
        ),
        Language::English => format!(
            "  {} passed, {} failed; tests touch {} of {} paths, exceptions and rules.",
            counts.0, counts.1, counts.2, counts.3
        ),
    });
    out
}

/// `PATH-0107: tcp 10.1.0.1:5 -> 10.2.0.1:443 tls (paths.toml:12)`.
fn named(result: &TestResult, language: Language) -> String {
    let of = result
        .of
        .as_ref()
        .map_or_else(|| language.pick("全体", "policy"), |of| &of.id);
    let flow = &result.flow;
    let gap = if flow.is_empty() { "" } else { ": " };
    format!("{of}{gap}{flow} ({})", place(&result.place))
}

fn place(place: &TestPlace) -> String {
    format!("{}:{}", place.file, place.line)
}

fn as_json(folder: &Path, run: &TestRun) -> Value {
    let declared = |found: &Declaration| {
        json!({
            "kind": found.kind.name(), "id": found.id,
            "file": found.place.file, "line": found.place.line,
        })
    };
    json!({
        "folder": folder.display().to_string(),
        "passed": run.passed(),
        "failed": run.failed(),
        "declarations": run.declarations,
        "touched": run.touched(),
        "untouched": run.untouched.iter().map(declared).collect::<Vec<_>>(),
        "tests": run.results.iter().map(|result| json!({
            "of": result.of.as_ref().map(|of| &of.id),
            "flow": result.flow,
            "expected": result.expected,
            "got": result.got,
            "detail": result.detail,
            "passed": result.passed,
            "file": result.place.file,
            "line": result.place.line,
        })).collect::<Vec<_>>(),
    })
}
