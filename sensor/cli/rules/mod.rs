//! `sekisho rules`: work on policy folders.

mod check;
mod clauses;
mod diff;
mod explain;
mod prove;
mod schema;
mod sigma;
mod suggest;
mod test;
mod traffic;
mod whatif;

use std::io::{self, Write as _};
use std::path::Path;
use std::time::SystemTime;

use clap::Subcommand;
use miette::{GraphicalReportHandler, GraphicalTheme};
use sekisho_model::Timestamp;
use sekisho_policy::{Policy, PolicyErrors, Source, load_dir, with_catalogue};

use super::catalogue::Choice;
use super::language::Language;
use super::outcome::Outcome;
use super::terminal;
pub(super) use traffic::{instant_of, stored_policy};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks a policy folder and points at every mistake
    Check(check::Args),
    /// Proves what can be said of every flow there can be: idle paths, and the policy's statements
    Prove(prove::Args),
    /// Says what a second policy newly allows and newly denies
    Diff(diff::Args),
    /// Says what a second policy would have newly denied and allowed of traffic that happened
    Whatif(whatif::Args),
    /// Proposes least-privilege paths from traffic that happened
    Suggest(suggest::Args),
    /// Says step by step how the verdict on one flow comes about
    Explain(explain::Args),
    /// Makes rules of Sigma rules for the network's logs, and says which do not map and why
    Sigma(sigma::Args),
    /// Prints the policy language as a JSON Schema, for editors
    Schema(schema::Args),
    /// Runs the tests that policies carry
    Test(test::Args),
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Check(args) => check::run(args),
        Command::Prove(args) => prove::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Whatif(args) => whatif::run(args),
        Command::Suggest(args) => suggest::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Sigma(args) => sigma::run(args),
        Command::Schema(args) => schema::run(args),
        Command::Test(args) => test::run(args),
    }
}

/// The instant that `--at` names on the clocks of the policy; without it, now.
fn instant(policy: &Policy, at: Option<&str>) -> anyhow::Result<Timestamp> {
    let Some(text) = at else {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        return Ok(Timestamp::from_seconds(0, 0).plus(now.unwrap_or_default()));
    };
    policy
        .calendar()
        .date_start(text)
        .map_err(|fault| anyhow::anyhow!("--at {text}: {}; {}", fault.message, fault.help))
}

/// Prints a report. A reader that has closed the pipe has seen what it wanted.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Reads and compiles a policy folder, over the catalogue that is built in, for a command that needs
/// one; says what is wrong with it.
fn load(folder: &Path) -> Option<Policy> {
    load_over(folder, &Choice::default())
}

/// The same over another catalogue.
pub(crate) fn load_over(folder: &Path, catalogue: &Choice) -> Option<Policy> {
    read(folder, catalogue)
        .and_then(|sources| Policy::compile(&sources))
        .map_err(|errors| say_errors(&errors))
        .ok()
}

/// Reads the catalogue where there is no policy; says what is wrong with it.
pub(crate) fn load_alone(catalogue: &Choice) -> Option<Policy> {
    catalogue.alone().map_err(|errors| say_errors(&errors)).ok()
}

/// Reads a policy folder, and puts a catalogue beneath.
fn read(folder: &Path, catalogue: &Choice) -> Result<Vec<Source>, PolicyErrors> {
    Ok(with_catalogue(load_dir(folder)?, &catalogue.read()?))
}

pub(crate) fn say_errors(errors: &PolicyErrors) {
    let theme = if terminal::stderr_has_colour() {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut number: usize = 0;
    for report in errors.reports() {
        number = number.saturating_add(1);
        let mut text = String::new();
        if handler.render_report(&mut text, report).is_err() {
            text = report.to_string();
        }
        terminal::say(&text);
    }
    terminal::say(&match (Language::of_environment(), number) {
        (Language::Japanese, number) => format!("ポリシーに誤りが {number} 件あります。"),
        (Language::English, 1) => "1 mistake in the policy.".to_owned(),
        (Language::English, number) => format!("{number} mistakes in the policy."),
    });
}
