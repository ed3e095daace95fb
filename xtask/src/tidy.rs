//! `cargo xtask tidy`: what Cargo cannot check.
//!
//! One file a check below `tidy/`; each looks at the same picture of the tree and complains with
//! file, line and what to do. Adding a check is a file and a line in [`CHECKS`].

mod docs;
mod floors;
mod ids;
mod languages;
mod length;
mod links;
mod manual;
mod top_level;
mod tree;
mod words;

use std::process::ExitCode;

use crate::args::{Command, Parsed};
use crate::root::root;
use crate::step::{Outcome, Stop};
use tree::{Complaint, Tree};

pub(crate) static COMMAND: Command = Command {
    name: "tidy",
    about: "Checks what Cargo cannot: module docs, floors, ids, both languages, links.",
    details: "Every complaint names the file, the line and what to do. Exit code 1 where there is one.",
    example: "cargo xtask tidy",
    flags: &[],
    operand: None,
    run: command,
};

/// Looks at the tree and says what is wrong.
type Check = fn(&Tree) -> Vec<Complaint>;

/// Every check, with the one line that says what holds when it is silent.
static CHECKS: &[(&str, Check)] = &[
    ("every Rust file says what it is", docs::check),
    ("crates depend downwards only", floors::check),
    ("ids are unique", ids::check),
    ("both languages are complete", languages::check),
    ("the top level is as agreed", top_level::check),
    ("nothing unfinished is left behind", words::check),
    ("links between documents lead somewhere", links::check),
    ("the EVE pages explain every field", manual::check),
];

fn command(_: &Parsed) -> ExitCode {
    match step() {
        Ok(_) => ExitCode::SUCCESS,
        Err(Stop::Failed(why) | Stop::Skipped(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every check and prints what they say.
pub(crate) fn step() -> Outcome {
    let tree = Tree::read(&root())?;
    let mut complaints = 0;
    for (holds, check) in CHECKS {
        let found = check(&tree);
        println!("  {}: {holds}", if found.is_empty() { "ok" } else { "NO" });
        for complaint in &found {
            println!("    {complaint}");
        }
        complaints += found.len();
    }
    for warning in length::check(&tree) {
        println!("  note: {warning}");
    }
    match complaints {
        0 => Ok(format!("{} files", tree.len())),
        1 => Err(Stop::Failed("1 complaint, shown above".to_owned())),
        many => Err(Stop::Failed(format!("{many} complaints, shown above"))),
    }
}
