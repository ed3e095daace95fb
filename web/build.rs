//! Makes cargo look at the built dashboard again whenever it changes.
//!
//! `ui/dist` is embedded as it is; where it was never built, the binary has a page that says how,
//! so that `cargo build` works on a machine without node.

use std::path::Path;
use std::{env, fs};

fn main() {
    let crate_dir = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    // Cargo runs this again on every build while a watched path is missing. An empty folder, where
    // one can be made, spares that; without it builds are only slower.
    drop(fs::create_dir_all(Path::new(&crate_dir).join("ui/dist")));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=ui/dist");
}
