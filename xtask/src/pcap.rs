//! `cargo xtask pcap`: writes the exercise captures and their ground truth.

use std::path::Path;
use std::process::ExitCode;

use crate::args::{Command, Parsed};
use crate::process::{cargo, run};
use crate::root::{exercise, root, shown};
use crate::step::{Outcome, Step, Stop};

pub(crate) static COMMAND: Command = Command {
    name: "pcap",
    about: "Writes the exercise captures with their ground truth.",
    details: "The captures are made by the packet builders in tests/kit, byte-identical on every run:\n\
              an office morning in a network of three zones, with planted incidents.\n\
              DIR is target/exercise where none is given.",
    example: "cargo xtask pcap target/exercise",
    flags: &[],
    operand: Some("DIR"),
    run: command,
};

/// The capture of the office morning, and where it is written unless said otherwise.
pub(crate) fn office_morning() -> std::path::PathBuf {
    exercise().join("office-morning.pcapng")
}

fn command(parsed: &Parsed) -> ExitCode {
    // A relative folder is meant from where the person stands.
    let here = std::env::current_dir().unwrap_or_else(|_| root());
    let dir = parsed.operand().map_or_else(exercise, |dir| here.join(dir));
    match write_to(&dir, &["run", "--quiet", "--package", "sekisho-kit"]) {
        Ok(note) => {
            println!("Written: {note}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(why) | Stop::Skipped(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Writes them where the other tasks expect them.
pub(crate) const STEP: Step = Step {
    name: "captures",
    about: "write the exercise captures",
    needs: &[],
    run: || write_to(&exercise(), &["run", "--quiet", "--package", "sekisho-kit"]),
};

/// The same with a release build, whose crates the demonstration has built already.
pub(crate) const RELEASE_STEP: Step = Step {
    run: || {
        write_to(
            &exercise(),
            &["run", "--quiet", "--release", "--package", "sekisho-kit"],
        )
    },
    ..STEP
};

fn write_to(dir: &Path, cargo_words: &[&str]) -> Outcome {
    run(cargo(cargo_words).args(["--bin", "exercise", "--"]).arg(dir))?;
    Ok(shown(dir))
}
