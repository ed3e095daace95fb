//! Chooses what the binary embeds as its user interface.
//!
//! The built dashboard where `ui/dist/index.html` exists; else a page that says how to build it, so
//! that `cargo build` works on a machine without node.

use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACEHOLDER: &str = include_str!("src/placeholder.html");

fn main() {
    let crate_dir =
        PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts"));
    let dist = crate_dir.join("ui/dist");
    // Cargo runs this again on every build while a watched path is missing. An empty folder, where
    // one can be made, spares that; without it builds are only slower.
    drop(fs::create_dir_all(&dist));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=src/placeholder.html");
    println!("cargo:rerun-if-changed=ui/dist");

    let folder = if dist.join("index.html").is_file() {
        dist
    } else {
        placeholder_folder()
    };
    println!("cargo:rustc-env=SEKISHO_UI_DIR={}", folder.display());
}

fn placeholder_folder() -> PathBuf {
    let out = env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    let folder = Path::new(&out).join("placeholder");
    fs::create_dir_all(&folder).expect("cargo's output folder is writable");
    fs::write(folder.join("index.html"), PLACEHOLDER).expect("cargo's output folder is writable");
    folder
}
