//! Starting other programs: always announced, never with a standard input of ours.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::root::root;
use crate::step::Stop;

/// A command that runs in the repository's top folder.
///
/// Variables that `cargo run` set for this task are taken away: a Cargo started from here would
/// take them for its own.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if ours.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The Cargo that runs this task, with `words` as its arguments.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = command(cargo);
    command.args(words);
    if std::env::var_os("CI").is_some() {
        // Nobody builds there a second time.
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
///
/// [`Stop::Failed`] with the command and how it ended.
pub(crate) fn run(command: &mut Command) -> Result<(), Stop> {
    println!("  $ {}", line(command));
    let status = command
        .status()
        .map_err(|error| Stop::Failed(format!("`{}` cannot be started: {error}", line(command))))?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::Failed(format!("`{}` ended with {status}", line(command))))
}

/// What a command prints, trimmed; nothing where it fails or is not there.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// The program that `name` stands for on the search path.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| is_program(file))
}

/// The search path with `dir` put first.
pub(crate) fn path_with(dir: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(dir.to_path_buf()).chain(std::env::split_paths(&path));
    std::env::join_paths(dirs).unwrap_or(path)
}

/// The command as one would type it, with paths in the repository shortened.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let root = format!("{}/", root().display());
    let mut words = words.map(|word| word.to_string_lossy().replace(&root, ""));
    let program = words.next().unwrap_or_default();
    // A toolchain's full path says less than the name that people type.
    let program = match program.rsplit_once('/') {
        Some((_, name)) if program.starts_with('/') => name.to_owned(),
        _ => program,
    };
    let words = words.map(|word| {
        if word.contains(' ') {
            format!("'{word}'")
        } else {
            word
        }
    });
    std::iter::once(program)
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut shown = Command::new("/opt/toolchain/bin/cargo");
        shown
            .args(["run", "-m"])
            .arg("two words")
            .arg(root().join("rules"));

        assert_eq!(line(&shown), "cargo run -m 'two words' rules");
    }

    #[test]
    fn failure_is_told_apart_from_absence() {
        let failed = run(&mut command("false")).unwrap_err();
        let absent = run(&mut command("no-such-program-here")).unwrap_err();

        assert!(matches!(failed, Stop::Failed(why) if why.contains("ended with exit status: 1")));
        assert!(matches!(absent, Stop::Failed(why) if why.contains("cannot be started")));
        assert_eq!(which("no-such-program-here"), None);
        assert!(which("sh").is_some());
    }
}
