//! `sekisho lists`: work on lists of indicators.

mod check;
mod import;

use std::path::PathBuf;
use std::time::SystemTime;

use clap::Subcommand;
use sekisho_detect::indicators::{self, Indicators, Listed};
use sekisho_model::Timestamp;

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
    /// Reads lists and says what they hold, what is wrong with them and what is odd
    Check(check::Args),
    /// Installs a signed bundle of lists, for networks without a way out
    Import(import::Args),
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Check(args) => check::run(args),
        Command::Import(args) => import::run(args),
    }
}

/// The lists that were asked for, then those that a policy brings.
pub(crate) fn all(own: &[PathBuf], policy: &[String]) -> Vec<PathBuf> {
    let policy = policy.iter().map(PathBuf::from);
    own.iter().cloned().chain(policy).collect()
}

/// Reads the lists that a run looks for, and says which had mistakes.
pub(crate) fn load(paths: &[PathBuf]) -> anyhow::Result<Indicators> {
    if paths.is_empty() {
        return Ok(Indicators::default());
    }
    let loaded = indicators::load(paths, None)?;
    let language = Language::of_environment();
    for file in loaded.files.iter().filter(|file| file.report.bad > 0) {
        let Listed { path, report, .. } = file;
        terminal::say(&format!(
            "{}: {} {} {}",
            terminal::clean(&path.display().to_string()),
            report.bad,
            match report.bad {
                1 => language.pick("行を読み飛ばしました。", "line was left out;"),
                _ => language.pick("行を読み飛ばしました。", "lines were left out;"),
            },
            language.pick(
                "sekisho lists check で確かめられます。",
                "see sekisho lists check"
            ),
        ));
    }
    if loaded.indicators.is_empty() {
        terminal::say(language.pick(
            "注意: 一覧に脅威情報が1件もありません。何も照合しません。",
            "note: the lists hold no indicator; nothing is looked for",
        ));
    }
    Ok(loaded.indicators)
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(0, 0).plus(now.unwrap_or_default())
}
