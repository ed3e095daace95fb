//! Tools from PyPI, each in a virtual environment of its own below the target folder.

use std::path::{Path, PathBuf};

use crate::process::{command, run, which};
use crate::root::tools;
use crate::step::{Outcome, Stop};

/// DuckDB, with which the store's tests read the Parquet files as a program that is not ours.
const DUCKDB: &str = "duckdb==2.0.0";

/// Installs what the tests use from PyPI.
pub(crate) fn for_tests() -> Outcome {
    environment("python", DUCKDB)?;
    Ok(String::new())
}

/// The `bin` folder of the tests' Python, if it is installed.
pub(crate) fn test_bin() -> Option<PathBuf> {
    let bin = tools().join("python").join("bin");
    bin.join("python3").exists().then_some(bin)
}

/// A virtual environment that holds `package`, a name with its version; made where it is not
/// there yet.
///
/// # Errors
///
/// [`Stop::Skipped`] where Python or the package cannot be had on this machine.
pub(crate) fn environment(name: &str, package: &str) -> Result<PathBuf, Stop> {
    let dir = tools().join(name);
    if has(name, package) {
        return Ok(dir);
    }
    if which("python3").is_none() {
        return Err(Stop::Skipped("there is no python3".to_owned()));
    }
    install(&dir, package).map_err(|stop| match stop {
        Stop::Failed(why) => Stop::Skipped(format!("{package} could not be installed: {why}")),
        skipped @ Stop::Skipped(_) => skipped,
    })?;
    let stamp = stamp(name);
    std::fs::write(&stamp, package)
        .map_err(|error| Stop::Failed(format!("{} cannot be written: {error}", stamp.display())))?;
    Ok(dir)
}

/// Whether that environment is there with that package.
pub(crate) fn has(name: &str, package: &str) -> bool {
    std::fs::read_to_string(stamp(name)).is_ok_and(|text| text == package)
}

/// Says which package an environment holds; written last.
fn stamp(name: &str) -> PathBuf {
    tools().join(name).join("installed")
}

fn install(dir: &Path, package: &str) -> Result<(), Stop> {
    run(command("python3").args(["-m", "venv", "--clear"]).arg(dir))?;
    let mut pip = command(dir.join("bin/python3"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        package,
    ]);
    run(&mut pip)
}
