//! Installs missing Debian packages, after saying so; without root it prints the line to run.

use std::io::IsTerminal;
use std::process::Stdio;

use crate::process::{answer, command, run, which};
use crate::step::{Outcome, Stop};

/// A package, how to see that the machine has it, and what it is for.
pub(crate) struct Need {
    /// Debian's name of it.
    pub(crate) package: &'static str,
    /// Whether it, or the same thing from elsewhere, is there.
    pub(crate) present: fn() -> bool,
    /// What cannot run without it.
    pub(crate) serves: &'static str,
}

/// Python with what `python3 -m venv` needs.
pub(crate) const PYTHON: Need = Need {
    package: "python3-venv",
    present: || {
        which("python3").is_some() && answer(command("python3").args(["-c", "import ensurepip"])).is_some()
    },
    serves: "tools from PyPI",
};

/// The browser of the browser tests.
pub(crate) const CHROMIUM: Need = Need {
    package: "chromium",
    present: || which("chromium").is_some(),
    serves: "the browser tests",
};

/// What `--capture pcap` and `--bpf` look for.
pub(crate) const LIBPCAP: Need = Need {
    package: "libpcap0.8",
    present: || {
        answer(command("ldconfig").arg("-p")).is_some_and(|known| known.contains("libpcap.so"))
            || installed("libpcap0.8")
    },
    serves: "the tests of capture through libpcap",
};

/// Japanese letters for that browser.
pub(crate) const FONTS: Need = Need {
    package: "fonts-noto-cjk",
    present: || installed("fonts-noto-cjk"),
    serves: "Japanese letters in the browser tests",
};

/// Installs those of `needs` that are missing.
///
/// # Errors
///
/// [`Stop::Skipped`] with the line to run where this user may not install anything,
/// [`Stop::Failed`] where `apt-get` ran and did not succeed.
pub(crate) fn ensure(needs: &[&Need]) -> Outcome {
    let missing: Vec<&&Need> = needs.iter().filter(|need| !(need.present)()).collect();
    if missing.is_empty() {
        return Ok("nothing missing".to_owned());
    }
    for need in &missing {
        println!("  missing: {} (for {})", need.package, need.serves);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if which("apt-get").is_none() {
        return Err(Stop::Skipped(format!(
            "no apt-get here; install by hand what Debian calls {}",
            packages.join(", ")
        )));
    }
    let Some(prefix) = root_prefix() else {
        return Err(Stop::Skipped(format!(
            "installing needs root; run as root: {by_hand}"
        )));
    };
    println!("  installing from Debian: {}", packages.join(" "));
    apt_get(prefix, &["update", "-q"])?;
    let mut words = vec!["install", "-q", "-y", "--no-install-recommends"];
    words.extend(&packages);
    apt_get(prefix, &words)?;
    Ok(format!("installed {}", packages.join(", ")))
}

/// What to put before a command that needs root: nothing, `sudo`, or no way.
fn root_prefix() -> Option<&'static [&'static str]> {
    if answer(command("id").arg("-u")).as_deref() == Some("0") {
        return Some(&[]);
    }
    which("sudo")?;
    if answer(command("sudo").args(["-n", "true"])).is_some() {
        return Some(&["sudo", "-n"]);
    }
    // Someone is there to type a password.
    std::io::stdin().is_terminal().then_some(&["sudo"])
}

fn apt_get(prefix: &[&str], words: &[&str]) -> Result<(), Stop> {
    let line: Vec<&str> = prefix
        .iter()
        .copied()
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
        .collect();
    let (program, rest) = line.split_first().unwrap_or((&"apt-get", &[]));
    let mut apt = command(program);
    apt.args(rest).args(words);
    if prefix == ["sudo"] {
        apt.stdin(Stdio::inherit());
    }
    run(&mut apt)
}

/// Whether Debian's package database has it installed.
pub(crate) fn installed(package: &str) -> bool {
    answer(command("dpkg-query").args(["-W", "-f=${Status}", package])).as_deref()
        == Some("install ok installed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_installed_again() {
        const SHELL: Need = Need {
            package: "dash",
            present: || which("sh").is_some(),
            serves: "this test",
        };

        assert_eq!(ensure(&[&SHELL]), Ok("nothing missing".to_owned()));
    }
}
