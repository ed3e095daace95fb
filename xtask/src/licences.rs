//! cargo-deny: licences, banned crates and sources of everything that is built in.

use std::path::PathBuf;

use crate::process::{answer, cargo, command, run, which};
use crate::root::{root, tools};
use crate::step::{Outcome, Stop};

/// The version whose configuration `.cargo/deny.toml` is written in.
const VERSION: &str = "0.20.2";

/// Checks licences, bans and sources.
pub(crate) fn check() -> Outcome {
    let mut deny = command(tool()?);
    deny.args(["--workspace", "--config"])
        .arg(root().join(".cargo/deny.toml"));
    run(deny.args(["check", "bans", "licenses", "sources"]))?;
    Ok(String::new())
}

/// Checks the advisory database, which is fetched for it.
pub(crate) fn advisories() -> Outcome {
    let mut deny = command(tool()?);
    deny.args(["--workspace", "--config"])
        .arg(root().join(".cargo/deny.toml"));
    run(deny.args(["check", "advisories"]))?;
    Ok(String::new())
}

/// The machine's cargo-deny where it has that version, else one built below `target`.
fn tool() -> Result<PathBuf, Stop> {
    let ours = tools().join("bin/cargo-deny");
    for candidate in which("cargo-deny").into_iter().chain([ours.clone()]) {
        if answer(command(&candidate).arg("--version")).is_some_and(|text| text.ends_with(VERSION)) {
            return Ok(candidate);
        }
    }
    // Unoptimised and without the parts that fetch: a minute's build, and fast enough for us.
    println!(
        "  building cargo-deny {VERSION} into {}",
        crate::root::shown(&tools())
    );
    let build = tools().join("build");
    let mut install = cargo(&[
        "install",
        "cargo-deny",
        "--version",
        VERSION,
        "--locked",
        "--quiet",
    ]);
    install
        .args(["--debug", "--no-default-features", "--root"])
        .arg(tools());
    install.env("CARGO_TARGET_DIR", &build);
    let outcome = run(&mut install);
    // Only the program is wanted; what it was built from is 700 MB.
    _ = std::fs::remove_dir_all(&build);
    outcome?;
    Ok(ours)
}
