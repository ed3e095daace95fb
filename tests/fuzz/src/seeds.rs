//! What the flows of real captures say, as first inputs of the targets `app` and `parser`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::script::written;
use crate::talks::talks;

/// Names the folder that seeds are written into; a target that finds it set writes them and ends.
const INTO: &str = "SEKISHO_SEEDS_INTO";
/// Seeds of one protocol: short and long ones.
const SEEDS: usize = 8;
/// Chunks and octets of a seed.
const CHUNKS: usize = 12;
const OCTETS: usize = 3000;

/// Writes seeds and ends the program, where that is all it is to do: `SEKISHO_SEEDS_INTO` names a
/// folder, and `SEKISHO_CAPTURES` the folder of captures.
pub fn write_if_asked() {
    let (Some(into), Some(captures)) = (std::env::var_os(INTO), std::env::var_os("SEKISHO_CAPTURES")) else {
        return;
    };
    let written = write(Path::new(&into), Path::new(&captures));
    std::process::exit(i32::from(written.is_err()));
}

fn write(into: &Path, captures: &Path) -> std::io::Result<()> {
    let mut seeds: BTreeMap<&str, BTreeMap<usize, Vec<u8>>> = BTreeMap::new();
    for mut talk in talks(captures) {
        talk.chunks.truncate(CHUNKS);
        while talk.octets() > OCTETS && talk.chunks.len() > 1 {
            talk.chunks.pop();
        }
        let seed = written(talk.service, &talk.start, &talk.chunks);
        seeds
            .entry(talk.service)
            .or_default()
            .entry(seed.len())
            .or_insert(seed);
    }
    for (protocol, seeds) in &seeds {
        let step = seeds.len().div_ceil(SEEDS);
        for (index, seed) in seeds.values().step_by(step).enumerate() {
            std::fs::write(into.join(format!("seed-{protocol}-{index}")), seed)?;
        }
    }
    Ok(())
}
