//! Puts the program for the kernel where the crate takes it from: the object that `cargo xtask ebpf` made,
//! or nothing where it has not run.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let folder = target.join("ebpf");
    // A folder that is there can be watched, a file that is not there would make every build a new one.
    fs::create_dir_all(&folder)?;
    say("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    say(&format!("cargo::rerun-if-changed={}", folder.display()));
    let object = match fs::read(folder.join("sekisho.o")) {
        Ok(object) => object,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&out).join("sekisho.o"), object)
}

fn say(line: &str) {
    println!("{line}");
}
