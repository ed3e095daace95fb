//! `sekisho rules`: work on policy folders.

mod diff;
mod prove;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Subcommand;
use miette::{GraphicalReportHandler, GraphicalTheme};
use sekisho_model::Timestamp;
use sekisho_policy::{Policy, PolicyErrors, load_dir};

use super::language::Language;
use super::outcome::Outcome;
use super::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks a policy folder and points at every mistake
    #[command(after_help = "Example:\n  sekisho rules check rules/three-zones\n\n\
        Exit codes: 0 no mistake, 1 mistakes, 2 the folder cannot be read.")]
    Check {
        /// Policy folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Proves what can be said of every flow there can be: idle paths, and the policy's statements
    Prove(prove::Args),
    /// Says what a second policy newly allows and newly denies
    Diff(diff::Args),
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let folder = match &args.command {
        Command::Check { folder } => folder,
        Command::Prove(args) => return prove::run(args),
        Command::Diff(args) => return diff::run(args),
    };
    let sources = match load_dir(folder) {
        Ok(sources) => sources,
        Err(errors) => {
            say_errors(&errors);
            return Ok(Outcome::Refused);
        }
    };
    match Policy::compile(&sources) {
        Ok(policy) => {
            for warning in policy.warnings() {
                terminal::say(&format!("warning: {}", terminal::clean(&warning.to_string())));
            }
            let description = policy.describe();
            let count = |key: &str| description[key].as_array().map_or(0, Vec::len);
            terminal::say(&format!(
                "{}: {} {}, {} {}, {} {}, {} {}. {}",
                terminal::clean(&folder.display().to_string()),
                sources.len(),
                plural(sources.len(), "file"),
                count("zones"),
                plural(count("zones"), "zone"),
                count("paths"),
                plural(count("paths"), "path"),
                count("boundaries"),
                if count("boundaries") == 1 {
                    "boundary"
                } else {
                    "boundaries"
                },
                Language::of_environment().pick("誤りはありません。", "No mistakes.")
            ));
            Ok(Outcome::Done)
        }
        Err(errors) => {
            say_errors(&errors);
            Ok(Outcome::Findings)
        }
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

/// Reads and compiles a policy folder for a command that needs one; says what is wrong with it.
pub(crate) fn load(folder: &Path) -> Option<Policy> {
    load_dir(folder)
        .and_then(|sources| Policy::compile(&sources))
        .map_err(|errors| say_errors(&errors))
        .ok()
}

fn say_errors(errors: &PolicyErrors) {
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
    terminal::say(&format!("{number} {} in the policy.", plural(number, "mistake")));
}

fn plural(number: usize, word: &str) -> String {
    if number == 1 {
        word.to_owned()
    } else {
        format!("{word}s")
    }
}
