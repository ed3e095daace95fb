//! `sekisho rules check`: every mistake of a policy folder, remarks, and the clauses that it speaks to.

use std::fmt::Write as _;
use std::path::PathBuf;

use miette::Diagnostic;
use sekisho_model::Timestamp;
use sekisho_policy::{Policy, Report, Source, is_beneath};
use serde_json::{Value, json};

use super::clauses::{self, Clauses};
use crate::cli::catalogue::Choice;
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// The remark that is made of nearly every path of a policy that is being written.
const NO_OWNER: &str = "policy::no-owner";
/// Ids that are named of those.
const NAMED: usize = 3;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules check rules/three-zones\n  sekisho rules check site/ --at 2027-04-01\n  \
    sekisho rules check rules/three-zones --clauses\n\n\
    Exit codes: 0 no mistake, 1 mistakes, or with --at something that is over or to be looked at again by then, \
    2 the folder cannot be read."
)]
pub(crate) struct Args {
    /// Policy folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Say what is over, or to be looked at again, on this date; without it, now
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
    /// Print which declarations speak to which clause of the written policy, and which clauses none does
    #[arg(long)]
    clauses: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    catalogue: Choice,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let sources = match super::read(&args.folder, &args.catalogue) {
        Ok(sources) => sources,
        Err(errors) => {
            super::say_errors(&errors);
            return Ok(Outcome::Refused);
        }
    };
    let policy = match Policy::compile(&sources) {
        Ok(policy) => policy,
        Err(errors) => {
            if args.json {
                let mistakes: Vec<_> = errors.reports().map(described).collect();
                super::print(&format!("{}\n", json!({ "mistakes": mistakes })));
            } else {
                super::say_errors(&errors);
            }
            return Ok(Outcome::Findings);
        }
    };
    let at = super::instant(&policy, args.at.as_deref())?;
    let dated = policy.lint(at);
    let is_due = dated
        .iter()
        .any(|remark| code(remark) != NO_OWNER && args.at.is_some());
    let clauses = if args.clauses {
        Some(clauses::of(&policy, &sources)?)
    } else {
        None
    };
    if args.json {
        let all = as_json(&policy, &sources, at, &dated, clauses.as_ref());
        super::print(&format!("{all}\n"));
    } else {
        say(args, &policy, &sources, &dated);
        if let Some(clauses) = &clauses {
            super::print(&clauses.as_text(Language::of_environment()));
        }
    }
    Ok(if is_due { Outcome::Findings } else { Outcome::Done })
}

fn say(args: &Args, policy: &Policy, sources: &[Source], dated: &[Report]) {
    let remarks = dated.iter().filter(|remark| code(*remark) != NO_OWNER);
    for remark in policy.warnings().iter().chain(remarks) {
        let mut text = "warning: ".to_owned();
        if let Some((file, line)) = place(remark) {
            let _ = write!(text, "{file}:{line}: ");
        }
        let _ = write!(text, "{remark}");
        if let Some(help) = remark.help() {
            let _ = write!(text, "; {help}");
        }
        terminal::say(&terminal::clean(&text));
    }
    let ownerless: Vec<_> = dated.iter().filter(|remark| code(*remark) == NO_OWNER).collect();
    if !ownerless.is_empty() {
        terminal::say(&terminal::clean(&no_owner(&ownerless)));
    }
    let description = policy.describe();
    let declared = |key: &str| description[key].as_array().map_or(&[][..], Vec::as_slice);
    let count = |key: &str| declared(key).len();
    let files = files(sources);
    let (zones, paths, boundaries) = (count("zones"), count("paths"), count("boundaries"));
    let of_catalogue = |rule: &&Value| rule["catalogue"] == true;
    let beneath = declared("rules").iter().filter(of_catalogue).count();
    let rules = count("rules").saturating_sub(beneath);
    let rules = match rules {
        0 => String::new(),
        rules => format!(", {rules} {}", super::plural(rules, "rule")),
    };
    terminal::say(&format!(
        "{}: {files} {}, {zones} {}, {paths} {}, {boundaries} {}{rules}. {}{}",
        terminal::clean(&args.folder.display().to_string()),
        super::plural(files, "file"),
        super::plural(zones, "zone"),
        super::plural(paths, "path"),
        if boundaries == 1 { "boundary" } else { "boundaries" },
        Language::of_environment().pick("誤りはありません。", "No mistakes."),
        over(policy, beneath)
    ));
}

/// Files of the policy itself.
fn files(sources: &[Source]) -> usize {
    sources.iter().filter(|source| !is_beneath(source)).count()
}

/// Which catalogues the policy stands on, and with how many rules.
fn over(policy: &Policy, rules: usize) -> String {
    if rules == 0 {
        return String::new();
    }
    let versions: Vec<_> = policy
        .catalogues()
        .iter()
        .map(|catalogue| terminal::clean(&catalogue.version))
        .collect();
    let versions = versions.join(", ");
    match Language::of_environment() {
        Language::Japanese => format!("カタログ {versions} の規則 {rules} 件の上に立ちます。"),
        Language::English => format!(
            " Stands on {rules} {} of the catalogue {versions}.",
            super::plural(rules, "rule")
        ),
    }
}

/// One line about all of them: there may be as many as paths.
fn no_owner(remarks: &[&Report]) -> String {
    let mut text = format!(
        "note: {} {} no owner: ",
        remarks.len(),
        if remarks.len() == 1 {
            "path has"
        } else {
            "paths have"
        }
    );
    let places = remarks.iter().take(NAMED).map(|remark| {
        let (file, line) = place(*remark).unwrap_or_default();
        let message = remark.message();
        let id = message.split('`').nth(1).unwrap_or(message);
        format!("{id} ({file}:{line})")
    });
    text.push_str(&places.collect::<Vec<_>>().join(", "));
    if let Some(more) = remarks.len().checked_sub(NAMED).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}

fn code(report: &dyn Diagnostic) -> String {
    report.code().map_or_else(String::new, |code| code.to_string())
}

/// File and line of a remark, the line counted from one.
fn place(report: &dyn Diagnostic) -> Option<(String, usize)> {
    let label = report.labels()?.next()?;
    let read = report.source_code()?.read_span(label.inner(), 0, 0).ok()?;
    Some((read.name().unwrap_or_default().to_owned(), read.line() + 1))
}

fn described(report: &dyn Diagnostic) -> Value {
    let place = place(report);
    json!({
        "code": code(report),
        "message": report.to_string(),
        "help": report.help().map(|help| help.to_string()),
        "file": place.as_ref().map(|(file, _)| file),
        "line": place.as_ref().map(|(_, line)| line),
    })
}

fn as_json(
    policy: &Policy,
    sources: &[Source],
    at: Timestamp,
    dated: &[Report],
    clauses: Option<&Clauses>,
) -> Value {
    json!({
        "name": policy.name(),
        "version": policy.version(),
        "hash": policy.files().hash(),
        "files": files(sources),
        "catalogues": policy.describe()["catalogues"],
        "at": at,
        "mistakes": [],
        "warnings": policy.warnings().iter().chain(dated).map(|remark| described(remark)).collect::<Vec<_>>(),
        "clauses": clauses.map(Clauses::as_json),
    })
}
