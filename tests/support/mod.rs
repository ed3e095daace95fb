//! What the tests of the binary share: running it, and making captures for it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary under test, in English and without colours, whatever the machine is set to.
pub(crate) fn sekisho(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    sekisho(arguments).output().expect("the binary starts")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

/// The summary that `--json` printed.
pub(crate) fn summary(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(output), stderr(output)))
}

pub(crate) fn read_eve(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("EVE is UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The labelled captures, where they are.
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
pub(crate) fn captures() -> Option<PathBuf> {
    let folder = std::env::var_os("SEKISHO_CAPTURES")
        .map_or_else(|| repository().join("../shared/captures"), PathBuf::from);
    if folder.join("labels.json").exists() {
        return Some(folder);
    }
    eprintln!(
        "skipped: no labelled captures in {} (SEKISHO_CAPTURES names the folder)",
        folder.display()
    );
    None
}
