//! `cargo xtask demo`: from a fresh clone to the dashboard on a capture, in one command.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::args::{Command, Flag, Parsed};
use crate::debian::{self, PYTHON};
use crate::node::Node;
use crate::process::{cargo, command, line, run};
use crate::root::{exercise, shown, target};
use crate::step::{Outcome, Step, run_all};
use crate::{ebpf, pcap, ui};

pub(crate) static COMMAND: Command = Command {
    name: "demo",
    about: "Builds everything, replays an exercise capture and serves the dashboard.",
    details: "Installs what the machine is missing, builds the dashboard and the release binary, makes\n\
              the exercise capture, replays it with the three-zone preset, prints the summary, and\n\
              serves the dashboard on this machine's loopback address until Ctrl+C.",
    example: "cargo xtask demo --no-serve",
    flags: &[Flag {
        name: "--no-serve",
        value: None,
        about: "end after the summary, for scripts",
    }],
    operand: None,
    run: demo,
};

/// The port of the dashboard where it is free.
const PORT: u16 = 8470;

static STEPS: &[Step] = &[
    Step {
        name: "packages",
        about: "install the Debian packages that building needs, where missing",
        needs: &[],
        run: packages,
    },
    ui::PACKAGES,
    ui::BUILD,
    ebpf::STEP,
    Step {
        name: "build",
        about: "build the release binary (some minutes the first time)",
        needs: &[],
        run: build,
    },
    pcap::RELEASE_STEP,
    Step {
        name: "replay",
        about: "replay the exercise capture against the three-zone preset",
        needs: &["build", "captures"],
        run: replay,
    },
];

fn demo(parsed: &Parsed) -> ExitCode {
    let report = run_all(&STEPS.iter().collect::<Vec<_>>());
    let code = report.close();
    if !report.passed() || parsed.has("--no-serve") {
        if report.passed() {
            println!("\nThe dashboard on this data: {}", line(&serve_command(PORT)));
        }
        return code;
    }
    serve()
}

/// Python is only wanted where the machine's Node.js will not do.
fn packages() -> Outcome {
    if Node::is_on_machine() {
        return Ok("nothing missing".to_owned());
    }
    debian::ensure(&[&PYTHON])
}

fn build() -> Outcome {
    let mut words = vec!["build", "--locked", "--release"];
    words.extend(["--package", "sekisho", "--package", "sekisho-kit"]);
    run(&mut cargo(&words))?;
    Ok(shown(&binary()))
}

fn replay() -> Outcome {
    // `--out` adds to a data directory; the demonstration shows exactly one run.
    _ = std::fs::remove_dir_all(data());
    let mut sekisho = command(binary());
    sekisho.arg("replay").arg(pcap::office_morning());
    sekisho
        .args(["--policy", "rules/three-zones", "--out"])
        .arg(data());
    run(&mut sekisho)?;
    Ok(format!("data in {}", shown(&data())))
}

/// Becomes the dashboard's process, so that ending this one ends it.
fn serve() -> ExitCode {
    let port = free_port();
    let mut sekisho = serve_command(port);
    println!("\nThe dashboard is at http://127.0.0.1:{port}/ on this machine only.");
    println!("Ctrl+C stops it (from elsewhere: kill {}).", std::process::id());
    println!("  $ {}", line(&sekisho));
    let error = sekisho.exec();
    eprintln!("xtask: `{}` cannot be started: {error}", line(&sekisho));
    ExitCode::FAILURE
}

fn serve_command(port: u16) -> std::process::Command {
    let mut sekisho = command(binary());
    sekisho.arg("serve").arg("--data").arg(data());
    sekisho.args(["--listen", &format!("127.0.0.1:{port}")]);
    sekisho
}

/// [`PORT`], or one that the system picks where another program has it.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", PORT)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    listener
        .and_then(|listener| listener.local_addr())
        .map_or(PORT, |address| address.port())
}

fn binary() -> PathBuf {
    target().join("release/sekisho")
}

fn data() -> PathBuf {
    exercise().join("demo-data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_not_offered() {
        let taken = TcpListener::bind(("127.0.0.1", PORT));

        let port = free_port();

        // Where another program holds the port, binding failed and the answer differs as well.
        assert_ne!(port, PORT);
        drop(taken);
    }
}
