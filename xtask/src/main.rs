//! The project's own tasks: `cargo xtask COMMAND`.
//!
//! Depends on the standard library alone, so that the first answer on a bare machine comes within
//! seconds. One file a command; `step` runs what a command consists of and times it.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task speaks to the person who started it"
)]

mod args;
mod bench;
mod browser;
mod debian;
mod demo;
mod ebpf;
mod fuzz;
mod help;
mod instructions;
mod licences;
mod node;
mod pcap;
mod process;
mod python;
mod root;
mod step;
mod test;
mod tidy;
mod ui;

use std::process::ExitCode;

use args::{Command, Parsed};

/// Every command, in the order that the help shows them.
static COMMANDS: &[&Command] = &[
    &demo::COMMAND,
    &test::COMMAND,
    &tidy::COMMAND,
    &ui::COMMAND,
    &ebpf::COMMAND,
    &pcap::COMMAND,
    &bench::COMMAND,
    &fuzz::COMMAND,
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match Wanted::read(&words) {
        Wanted::Overview => {
            print!("{}", help::overview(COMMANDS));
            ExitCode::SUCCESS
        }
        Wanted::Help(command) => {
            print!("{}", help::of(command));
            ExitCode::SUCCESS
        }
        Wanted::Run(command, parsed) => (command.run)(&parsed),
        Wanted::Refused(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::from(2)
        }
    }
}

/// What the words on the command line ask for.
enum Wanted {
    Overview,
    Help(&'static Command),
    Run(&'static Command, Parsed),
    Refused(String),
}

impl Wanted {
    fn read(words: &[String]) -> Self {
        let (asks_help, rest) = match words.split_first() {
            None => return Self::Overview,
            Some((first, rest)) if matches!(first.as_str(), "help" | "--help" | "-h") => (true, rest),
            Some(_) => (false, words),
        };
        let Some((name, rest)) = rest.split_first() else {
            return Self::Overview;
        };
        let Some(command) = COMMANDS.iter().copied().find(|command| command.name == name) else {
            let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
            let hint = help::suggestion(name, &names);
            return Self::Refused(format!(
                "there is no command `{name}`{hint}; `cargo xtask --help` lists them"
            ));
        };
        if asks_help || rest.iter().any(|word| word == "--help" || word == "-h") {
            return Self::Help(command);
        }
        match args::parse(command, rest) {
            Ok(parsed) => Self::Run(command, parsed),
            Err(reason) => Self::Refused(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(line: &str) -> Option<String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match Wanted::read(&words) {
            Wanted::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        for command in COMMANDS {
            let call = format!("cargo xtask {}", command.name);

            assert!(command.example.contains(&call), "{}", command.name);
            assert!(help::of(command).contains(command.example), "{}", command.name);
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_what_was_meant() {
        assert_eq!(
            refusal("demoo").unwrap(),
            "there is no command `demoo`; did you mean `demo`?; `cargo xtask --help` lists them"
        );
        assert!(
            refusal("test --onyl tidy")
                .unwrap()
                .contains("did you mean `--only`?")
        );
    }

    #[test]
    fn help_is_found_before_and_after_the_command() {
        for line in ["help demo", "--help demo", "demo --help", "demo --no-serve -h"] {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();

            assert!(
                matches!(Wanted::read(&words), Wanted::Help(command) if command.name == "demo"),
                "{line}"
            );
        }
        assert!(matches!(Wanted::read(&[]), Wanted::Overview));
    }
}
