//! `cargo xtask ebpf`: builds the program for the kernel, which the sensor embeds.
//!
//! The program needs the source of Rust's `core` and a compiler that may use it: rustup's nightly with
//! rust-src, or Debian's `rustc-web` with `rust-web-src`. And it needs bpf-linker, which is built against
//! the LLVM of that compiler.

use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};

use crate::args::{Command, Parsed};
use crate::debian::{self, Need};
use crate::process::{answer, cargo, command as process, path_with, run, which};
use crate::root::{root, shown, target, tools};
use crate::step::{Outcome, Step, Stop};

pub(crate) static COMMAND: Command = Command {
    name: "ebpf",
    about: "Builds the program for the kernel that --capture xdp needs.",
    details: "Takes rustup's nightly toolchain with rust-src where it is there; else, on Debian as root,\n\
              Debian's rustc-web with its source, and installs what is missing after saying so. Writes\n\
              target/ebpf/sekisho.o, which the next build of the sensor takes in.",
    example: "cargo xtask ebpf",
    flags: &[],
    operand: None,
    run: command,
};

/// Before every build of the sensor, which embeds the object.
pub(crate) const STEP: Step = Step {
    name: "ebpf",
    about: "build the program for the kernel",
    needs: &[],
    run: build,
};

/// The linker's version that goes with the crates of `sensor-ebpf/Cargo.lock`.
const LINKER: &str = "0.13.0";
/// Debian's LLVM that goes with its `rustc-web`.
const LLVM: &str = "/usr/lib/llvm-22";

fn command(_: &Parsed) -> ExitCode {
    match build() {
        Ok(note) => {
            println!("Built: {note}");
            ExitCode::SUCCESS
        }
        Err(Stop::Failed(why) | Stop::Skipped(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Outcome {
    let toolchain = Toolchain::find()?;
    println!("  with {}", toolchain.about());
    let linker = toolchain.linker()?;
    let folder = target().join("ebpf-build");
    let mut cargo = toolchain.cargo();
    cargo
        .args([
            "build",
            "--locked",
            "--release",
            "-Z",
            "build-std=core",
            "--target",
            "bpfel-unknown-none",
        ])
        .current_dir(root().join("sensor-ebpf"))
        .env("CARGO_TARGET_DIR", &folder)
        // BTF, and atomic operations, which the third version of the machine has.
        .env(
            "RUSTFLAGS",
            "-C link-arg=--btf -C debuginfo=2 -C target-cpu=v3",
        )
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    if let Some(bin) = linker.parent() {
        cargo.env("PATH", path_with(bin));
    }
    run(&mut cargo)?;
    let made = folder.join("bpfel-unknown-none/release");
    let copy = |name: &str, object: &Path| {
        put(&made.join(name), object)
            .map_err(|error| Stop::Failed(format!("{} cannot be written: {error}", shown(object))))
    };
    let object = target().join("ebpf/sekisho.o");
    let is_new = copy("sekisho", &object)?;
    copy("generate", &generator())?;
    let words = if is_new { "" } else { ", as it was" };
    Ok(format!("{}{words}", shown(&object)))
}

/// The program that sends frames to measure with.
pub(crate) fn generator() -> PathBuf {
    // Not beside the other: what is there is watched by the build of the sensor.
    target().join("ebpf-build/generate.o")
}

/// Copies a file where it is another one, so that the sensor is only built again then.
fn put(made: &Path, object: &Path) -> std::io::Result<bool> {
    let octets = std::fs::read(made)?;
    if std::fs::read(object).is_ok_and(|old| old == octets) {
        return Ok(false);
    }
    if let Some(folder) = object.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(object, octets)?;
    Ok(true)
}

/// A compiler with the source of `core`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Toolchain {
    Nightly,
    Debian,
}

impl Toolchain {
    fn find() -> Result<Self, Stop> {
        if is_nightly_there() {
            return Ok(Self::Nightly);
        }
        if which("apt-get").is_none() {
            return Err(Stop::Skipped(
                "it needs rustup's nightly: `rustup toolchain install nightly --component rust-src`, then \
                 `cargo install bpf-linker`"
                    .to_owned(),
            ));
        }
        debian::ensure(&DEBIAN.iter().collect::<Vec<_>>())?;
        Ok(Self::Debian)
    }

    fn about(self) -> &'static str {
        match self {
            Self::Nightly => "rustup's nightly toolchain",
            Self::Debian => "Debian's rustc-web",
        }
    }

    fn cargo(self) -> Process {
        match self {
            Self::Nightly => {
                let mut rustup = process("rustup");
                rustup.args(["run", "nightly", "cargo"]);
                rustup.env_remove("RUSTC").env_remove("RUSTUP_TOOLCHAIN");
                rustup
            }
            Self::Debian => {
                let mut cargo = process("/usr/bin/cargo");
                cargo.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
        }
    }

    /// The linker, installed where it is missing.
    fn linker(self) -> Result<PathBuf, Stop> {
        let ours = tools().join("bin/bpf-linker");
        if ours.exists() {
            return Ok(ours);
        }
        let cargo_home = std::env::home_dir().map(|home| home.join(".cargo/bin/bpf-linker"));
        let anywhere = which("bpf-linker").or(cargo_home.filter(|file| file.exists()));
        if let Some(linker) = anywhere {
            return Ok(linker);
        }
        println!("  missing: bpf-linker; building it into {}", shown(&tools()));
        let mut install = cargo(&["install", "bpf-linker", "--version", LINKER, "--locked", "--root"]);
        install.arg(tools());
        if self == Self::Debian {
            install
                .args(["--no-default-features", "--features", "llvm-22"])
                .env("LLVM_PREFIX", LLVM);
        }
        run(&mut install)?;
        Ok(ours)
    }
}

fn is_nightly_there() -> bool {
    let sysroot = answer(process("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]));
    sysroot.is_some_and(|sysroot| has_source(Path::new(&sysroot)))
}

fn has_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/core").exists()
}

/// What Debian's compiler needs for it.
static DEBIAN: [Need; 6] = [
    Need {
        package: "rustc-web",
        present: || Path::new("/usr/bin/rustc").exists() && debian::installed("rustc-web"),
        serves: SERVES,
    },
    Need {
        package: "cargo-web",
        present: || Path::new("/usr/bin/cargo").exists() && debian::installed("cargo-web"),
        serves: SERVES,
    },
    Need {
        package: "rust-web-src",
        present: || has_source(Path::new("/usr")),
        serves: SERVES,
    },
    Need {
        package: "llvm-22-dev",
        present: || Path::new(LLVM).join("bin/llvm-config").exists(),
        serves: "bpf-linker",
    },
    Need {
        package: "libpolly-22-dev",
        present: || debian::installed("libpolly-22-dev"),
        serves: "bpf-linker",
    },
    Need {
        package: "libzstd-dev",
        present: || debian::installed("libzstd-dev"),
        serves: "bpf-linker",
    },
];

const SERVES: &str = "the program for the kernel";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_that_is_the_same_is_not_written_again() {
        let folder = std::env::temp_dir().join(format!("sekisho-xtask-ebpf-{}", std::process::id()));
        let (made, object) = (folder.join("made"), folder.join("in/object"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&made, "one").unwrap();

        assert!(put(&made, &object).unwrap());
        assert!(!put(&made, &object).unwrap());
        std::fs::write(&made, "two").unwrap();
        assert!(put(&made, &object).unwrap());
        assert_eq!(std::fs::read(&object).unwrap(), b"two");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
