//! `cargo xtask test`: everything that must hold before a change is taken, the same as in CI.

use std::path::Path;
use std::process::{Command as Process, ExitCode};

use crate::args::{Command, Flag, Parsed};
use crate::debian::{self, CHROMIUM, FONTS, LIBPCAP, PYTHON};
use crate::process::{answer, cargo, path_with, run};
use crate::root::root;
use crate::step::{Outcome, Step, Stop, run_all};
use crate::{browser, ebpf, help, instructions, licences, pcap, python, tidy, ui};

pub(crate) static COMMAND: Command = Command {
    name: "test",
    about: "Runs every check and test, the same that CI runs.",
    details: "Steps, in this order: packages, format, tidy, python, licences, advisories, ui-packages,\n\
              ui-check, ui-test, ui-build, ebpf, clippy, docs, build, tests, doctests, instructions,\n\
              captures, browser.\n\
              A failed step holds up only the steps that need it; what this machine cannot run is\n\
              skipped with the reason. Ends with a table; exit code 1 where a step failed.\n\
              `advisories` fetches a database from the network and runs only when asked for by name.",
    example: "cargo xtask test --only clippy,tests",
    flags: &[
        Flag {
            name: "--only",
            value: Some("STEP"),
            about: "run this step alone (again, or with commas, for several)",
        },
        Flag {
            name: "--skip",
            value: Some("STEP"),
            about: "leave this step out (again, or with commas, for several)",
        },
    ],
    operand: None,
    run: command,
};

/// The dashboard comes before every build of the binary, which embeds it.
static STEPS: &[Step] = &[
    Step {
        name: "packages",
        about: "install the Debian packages that the steps below use, where missing",
        needs: &[],
        run: || debian::ensure(&[&PYTHON, &CHROMIUM, &FONTS, &LIBPCAP]),
    },
    Step {
        name: "format",
        about: "every Rust file is formatted as .rustfmt.toml says",
        needs: &[],
        run: format,
    },
    Step {
        name: "tidy",
        about: "what Cargo cannot check: module docs, floors, ids, both languages",
        needs: &[],
        run: tidy::step,
    },
    Step {
        name: "python",
        about: "install DuckDB's Python package for the store's independent check",
        needs: &[],
        run: python::for_tests,
    },
    Step {
        name: "licences",
        about: "licences, banned crates and sources of every dependency (cargo-deny)",
        needs: &[],
        run: licences::check,
    },
    Step {
        name: ADVISORIES,
        about: "known vulnerabilities of every dependency (cargo-deny)",
        needs: &[],
        run: licences::advisories,
    },
    ui::PACKAGES,
    ui::CHECK,
    ui::TEST,
    ui::BUILD,
    ebpf::STEP,
    Step {
        name: "clippy",
        about: "no warning from the compiler or clippy, tests and benches included",
        needs: &[],
        run: clippy,
    },
    Step {
        name: "docs",
        about: "the documentation builds without a warning",
        needs: &[],
        run: docs,
    },
    Step {
        name: "build",
        about: "the workspace builds",
        needs: &[],
        run: || cargo_step(&["build", "--locked", "--workspace"]),
    },
    Step {
        name: "tests",
        about: "unit, property, case and integration tests",
        needs: &["build"],
        run: tests,
    },
    Step {
        name: "doctests",
        about: "the examples in the documentation run",
        needs: &["build"],
        run: || cargo_step(&["test", "--locked", "--workspace", "--doc"]),
    },
    instructions::STEP,
    pcap::STEP,
    browser::STEP,
];

/// The one step that runs only when named: it reaches beyond the package registries.
const ADVISORIES: &str = "advisories";

const NOT_NAMED: Step = Step {
    name: ADVISORIES,
    about: "known vulnerabilities of every dependency (cargo-deny)",
    needs: &[],
    run: || {
        Err(Stop::Skipped(
            "fetches the advisory database; run it with `--only advisories`".to_owned(),
        ))
    },
};

fn command(parsed: &Parsed) -> ExitCode {
    match choose(&parsed.values("--only"), &parsed.values("--skip")) {
        Ok(steps) => run_all(&steps).close(),
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::from(2)
        }
    }
}

/// The steps to run, in their own order whatever the order asked for.
fn choose(only: &[&str], skip: &[&str]) -> Result<Vec<&'static Step>, String> {
    let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    for name in only.iter().chain(skip) {
        if !names.contains(name) {
            let hint = help::suggestion(name, &names);
            return Err(format!(
                "there is no step `{name}`{hint}; the steps are: {}",
                names.join(", ")
            ));
        }
    }
    let wanted = |step: &&Step| (only.is_empty() || only.contains(&step.name)) && !skip.contains(&step.name);
    let steps = STEPS.iter().filter(wanted);
    let named = |name: &str| only.contains(&name);
    Ok(steps
        .map(|step| {
            if step.name == ADVISORIES && !named(ADVISORIES) {
                &NOT_NAMED
            } else {
                step
            }
        })
        .collect())
}

fn cargo_step(words: &[&str]) -> Outcome {
    run(&mut cargo(words))?;
    Ok(String::new())
}

fn format() -> Outcome {
    component("fmt", "rustfmt")?;
    let files = run(&mut cargo(&["fmt", "--all", "--", "--check", "-l"]));
    files.map_err(|_| Stop::Failed("the files above are not; `cargo fmt --all` puts it right".to_owned()))?;
    // A workspace of its own.
    let mut files = cargo(&["fmt", "--", "--check", "-l"]);
    run(files.current_dir(root().join("sensor-ebpf"))).map_err(|_| {
        Stop::Failed("the files above are not; `cargo fmt` in sensor-ebpf puts it right".to_owned())
    })?;
    Ok(String::new())
}

fn clippy() -> Outcome {
    component("clippy", "clippy")?;
    let words = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo_step(&words)
}

/// Skips where rustup's smallest profile left a part of the toolchain out.
fn component(command: &str, name: &str) -> Result<(), Stop> {
    if answer(cargo(&[command]).arg("--version")).is_some() {
        return Ok(());
    }
    Err(Stop::Skipped(format!(
        "{name} is not installed; `rustup component add {name}` installs it"
    )))
}

fn docs() -> Outcome {
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(String::new())
}

fn tests() -> Outcome {
    let nextest = answer(&mut cargo(&["nextest", "--version"])).is_some();
    let words: &[&str] = if nextest {
        &["nextest", "run", "--locked", "--workspace"]
    } else {
        &["test", "--locked", "--workspace", "--lib", "--bins", "--tests"]
    };
    let mut test = cargo(words);
    if let Some(bin) = python::test_bin() {
        with_path(&mut test, &bin);
    }
    run(&mut test)?;
    Ok(if nextest {
        String::new()
    } else {
        "by cargo test; cargo-nextest is not installed".to_owned()
    })
}

fn with_path(command: &mut Process, bin: &Path) {
    command.env("PATH", path_with(bin));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[&Step]) -> Vec<&'static str> {
        steps.iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_run_in_their_own_order() {
        let steps = choose(&["tests", "clippy"], &[]).unwrap();

        assert_eq!(names(&steps), ["clippy", "tests"]);
        assert_eq!(
            names(&choose(&["tests", "clippy"], &["tests"]).unwrap()),
            ["clippy"]
        );
        assert_eq!(choose(&[], &[]).unwrap().len(), STEPS.len());
    }

    #[test]
    fn an_unknown_step_is_refused_with_a_suggestion() {
        let reason = choose(&["clipy"], &[]).err().unwrap();

        assert!(
            reason.starts_with("there is no step `clipy`; did you mean `clippy`?"),
            "{reason}"
        );
    }

    #[test]
    fn every_need_is_an_earlier_step() {
        for (index, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                assert!(
                    STEPS[..index].iter().any(|other| other.name == *need),
                    "{} needs {need}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn the_help_lists_every_step() {
        for step in STEPS {
            assert!(COMMAND.details.contains(step.name), "{}", step.name);
        }
    }
}
