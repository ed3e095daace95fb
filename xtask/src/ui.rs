//! `cargo xtask ui`: builds the dashboard, which the binary then embeds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use crate::args::{Command, Flag, Parsed};
use crate::node::Node;
use crate::process::run;
use crate::root::root;
use crate::step::{Outcome, Step, Stop, run_all};

pub(crate) static COMMAND: Command = Command {
    name: "ui",
    about: "Builds the dashboard, which the next build of the binary embeds.",
    details: "Runs `npm ci` and `npm run build` in web/ui. Each is left out where its result is newer\n\
              than its sources. Without Node.js 20.19 and npm 11 on the machine, Node.js from PyPI is\n\
              installed below target/tools.",
    example: "cargo xtask ui && cargo build --release",
    flags: &[Flag {
        name: "--force",
        value: None,
        about: "build even where the result is newer than its sources",
    }],
    operand: None,
    run: command,
};

/// Installs the packages named in the lock file.
pub(crate) const PACKAGES: Step = Step {
    name: "ui-packages",
    about: "install the dashboard's npm packages",
    needs: &[],
    run: packages,
};

/// Builds the dashboard.
pub(crate) const BUILD: Step = Step {
    name: "ui-build",
    about: "build the dashboard",
    needs: &["ui-packages"],
    run: build,
};

/// Checks its types.
pub(crate) const CHECK: Step = Step {
    name: "ui-check",
    about: "check the dashboard's types and accessibility rules (svelte-check)",
    needs: &["ui-packages"],
    run: || script("check"),
};

/// Runs its unit tests.
pub(crate) const TEST: Step = Step {
    name: "ui-test",
    about: "run the dashboard's unit tests (vitest)",
    needs: &["ui-packages"],
    run: || script("test"),
};

/// Whether there is a built dashboard to embed.
pub(crate) fn is_built() -> bool {
    dist().exists()
}

fn command(parsed: &Parsed) -> ExitCode {
    if parsed.has("--force") {
        _ = std::fs::remove_file(dist());
        _ = std::fs::remove_file(installed_packages());
    }
    run_all(&[&PACKAGES, &BUILD]).close()
}

fn packages() -> Outcome {
    let lock = folder().join("package-lock.json");
    if modified(&installed_packages()) > modified(&lock) {
        return Ok("already there".to_owned());
    }
    run(Node::find()?.command("npm", &folder()).arg("ci"))?;
    Ok(String::new())
}

fn build() -> Outcome {
    if modified(&dist()) > newest_source(&folder()) {
        return Ok("newer than its sources".to_owned());
    }
    script("build")
}

fn script(name: &str) -> Outcome {
    run(Node::find()?.command("npm", &folder()).args(["run", name]))?;
    Ok(String::new())
}

fn folder() -> PathBuf {
    root().join("web/ui")
}

fn dist() -> PathBuf {
    folder().join("dist/index.html")
}

/// npm writes this file last.
fn installed_packages() -> PathBuf {
    folder().join("node_modules/.package-lock.json")
}

fn modified(file: &Path) -> Option<SystemTime> {
    file.metadata().and_then(|meta| meta.modified()).ok()
}

fn newest_source(dir: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(dir).ok()?;
    let files = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name != "node_modules" && name != "dist"
    });
    // A folder's own time says that a file was taken away.
    files
        .map(|entry| {
            let path = entry.path();
            let below = if path.is_dir() { newest_source(&path) } else { None };
            below.max(modified(&path))
        })
        .max()
        .flatten()
}

/// The reason to give where a step wants the dashboard and it is not built.
pub(crate) fn not_built() -> Stop {
    Stop::Skipped("the dashboard is not built; `cargo xtask ui` builds it".to_owned())
}
