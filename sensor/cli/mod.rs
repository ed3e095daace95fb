//! The commands, one file each.
//!
//! Exit codes: 0 done, 1 findings of a check, 2 bad usage or input, 3 partial (the input was damaged
//! or the run was interrupted; what could be read was processed).

mod alerts;
mod catalogue;
mod doctor;
mod follow;
mod hosts;
mod hunt;
mod interrupt;
mod language;
mod limits_help;
mod lists;
mod outcome;
mod replay;
mod report;
mod rules;
mod run;
mod serve;
mod terminal;
mod top;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Watches the traffic between the zones of a network and proves that they are kept apart as the
/// policy says.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  sekisho rules check rules/three-zones
  sekisho replay office.pcapng --policy rules/three-zones --serve
  sekisho serve --data /var/lib/sekisho

Exit codes: 0 done, 1 findings of a check, 2 bad usage or input, 3 partial result.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads capture files, judges every flow by a policy, and says what was found
    Replay(replay::Args),
    /// Watches network interfaces for as long as it is let: flows, verdicts, alerts
    Run(run::Args),
    /// Shows a data directory in the dashboard
    Serve(serve::Args),
    /// Says what is wrong with a mirror port or a capture, and what to change
    Doctor(doctor::Args),
    /// Shows rates, zones, alerts and health in a terminal
    Top(top::Args),
    /// Lists the devices that traffic shows
    Hosts(hosts::Args),
    /// Makes, lists and ends exceptions from alerts
    Alerts(alerts::Args),
    /// Looks for indicators, or what an expression says, in what is kept
    Hunt(hunt::Args),
    /// Checks and installs lists of indicators: addresses, names and fingerprints that others warn of
    Lists(lists::Args),
    /// Checks policy folders
    Rules(rules::Args),
}

/// Runs the command line.
pub(crate) fn run() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(terminal::stderr_has_colour())
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("SEKISHO_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .init();
    let outcome = match Cli::parse().command {
        Command::Replay(args) => replay::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Hosts(args) => hosts::run(&args),
        Command::Alerts(args) => alerts::run(&args),
        Command::Hunt(args) => hunt::run(&args),
        Command::Lists(args) => lists::run(&args),
        Command::Rules(args) => rules::run(&args),
    };
    outcome.unwrap_or_else(|error| terminal::say_error(&error)).into()
}
