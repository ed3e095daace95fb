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
/// The remark that is made of every rule that another tool wrote.
const UNTESTED: &str = "policy::untested";
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
        let language = Language::of_environment();
        say(args, &policy, &sources, &dated, language);
        if let Some(clauses) = &clauses {
            super::print(&clauses.as_text(language));
        }
    }
    Ok(if is_due { Outcome::Findings } else { Outcome::Done })
}

fn say(args: &Args, policy: &Policy, sources: &[Source], dated: &[Report], language: Language) {
    let remarks = dated.iter().filter(|remark| code(*remark) != NO_OWNER);
    let mut untested = 0_usize;
    for remark in policy.warnings().iter().chain(remarks) {
        if code(remark) == UNTESTED {
            untested = untested.saturating_add(1);
            if untested > NAMED {
                continue;
            }
        }
        let mut text = language.pick("注意: ", "warning: ").to_owned();
        if let Some((file, line)) = place(remark) {
            let _ = write!(text, "{file}:{line}: ");
        }
        text.push_str(language.of(&remark.text()));
        if let Some(remedy) = remark.remedy() {
            text.push_str(language.pick("。", "; "));
            text.push_str(language.of(&remedy));
        }
        terminal::say(&terminal::clean(&text));
    }
    if let Some(more) = untested.checked_sub(NAMED).filter(|more| *more > 0) {
        terminal::say(&match language {
            Language::Japanese => format!("注意: ほかに {more} 件の規則に試験がありません"),
            Language::English => format!("warning: {more} more rules have no test"),
        });
    }
    let ownerless: Vec<_> = dated.iter().filter(|remark| code(*remark) == NO_OWNER).collect();
    if !ownerless.is_empty() {
        terminal::say(&terminal::clean(&no_owner(&ownerless, language)));
    }
    let folder = terminal::clean(&args.folder.display().to_string());
    terminal::say(&format!("{folder}: {}", contents(policy, sources, language)));
}

/// What the policy holds, counted.
fn contents(policy: &Policy, sources: &[Source], language: Language) -> String {
    let description = policy.describe();
    let declared = |key: &str| description[key].as_array().map_or(&[][..], Vec::as_slice);
    let count = |key: &str| declared(key).len();
    let of_catalogue = |rule: &&Value| rule["catalogue"] == true;
    let beneath = declared("rules").iter().filter(of_catalogue).count();
    let counted = [
        (files(sources), "ファイル", ["file", "files"]),
        (count("zones"), "ゾーン", ["zone", "zones"]),
        (count("paths"), "経路", ["path", "paths"]),
        (count("boundaries"), "境界", ["boundary", "boundaries"]),
        (count("rules").saturating_sub(beneath), "規則", ["rule", "rules"]),
    ];
    let named = counted
        .iter()
        .filter(|(count, ja, _)| *count > 0 || *ja != "規則");
    let words = named.map(|(count, ja, [one, many])| match language {
        Language::Japanese => format!("{ja} {count}"),
        Language::English => format!("{count} {}", if *count == 1 { one } else { many }),
    });
    let words: Vec<_> = words.collect();
    let over = over(policy, beneath, language);
    match language {
        Language::Japanese => format!("{}。誤りはありません。{over}", words.join("、")),
        Language::English => format!("{}. No mistakes.{over}", words.join(", ")),
    }
}

/// Files of the policy itself.
fn files(sources: &[Source]) -> usize {
    sources.iter().filter(|source| !is_beneath(source)).count()
}

/// Which catalogues the policy stands on, and with how many rules.
fn over(policy: &Policy, rules: usize, language: Language) -> String {
    if rules == 0 {
        return String::new();
    }
    let versions: Vec<_> = policy
        .catalogues()
        .iter()
        .map(|catalogue| terminal::clean(&catalogue.version))
        .collect();
    let versions = versions.join(", ");
    match language {
        Language::Japanese => format!("カタログ {versions} の規則 {rules} 件の上に立ちます。"),
        Language::English => format!(
            " Stands on {rules} {} of the catalogue {versions}.",
            if rules == 1 { "rule" } else { "rules" }
        ),
    }
}

/// One line about all of them: there may be as many as paths.
fn no_owner(remarks: &[&Report], language: Language) -> String {
    let count = remarks.len();
    let places = remarks.iter().take(NAMED).map(|remark| {
        let (file, line) = place(*remark).unwrap_or_default();
        let message = remark.message();
        let id = message.split('`').nth(1).unwrap_or(message);
        format!("{id} ({file}:{line})")
    });
    let places: Vec<_> = places.collect();
    let more = count.checked_sub(NAMED).filter(|more| *more > 0);
    match language {
        Language::Japanese => {
            let more = more.map_or_else(String::new, |more| format!("、ほか {more} 件"));
            format!(
                "参考: 責任者のない経路が {count} 件あります: {}{more}",
                places.join("、")
            )
        }
        Language::English => {
            let has = if count == 1 { "path has" } else { "paths have" };
            let more = more.map_or_else(String::new, |more| format!(" and {more} more"));
            format!("note: {count} {has} no owner: {}{more}", places.join(", "))
        }
    }
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

/// A remark, with its words in Japanese beside those of [`described`].
fn remark(report: &Report) -> Value {
    let mut value = described(report);
    value["message_ja"] = json!(report.text().ja);
    value["help_ja"] = json!(report.remedy().map(|remedy| remedy.ja));
    value
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
        "warnings": policy.warnings().iter().chain(dated).map(remark).collect::<Vec<_>>(),
        "clauses": clauses.map(Clauses::as_json),
    })
}
