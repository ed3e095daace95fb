//! Runs a program once: wall time, CPU time by bash to the millisecond, peak memory by GNU time.

use std::path::Path;
use std::process::Command as Process;
use std::time::Instant;

use crate::process::command;
use crate::step::Stop;

/// One reading of a capture.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    pub(crate) wall_s: f64,
    /// User and system time of the process and its threads.
    pub(crate) cpu_s: f64,
    /// The largest resident set.
    pub(crate) peak_kib: u64,
    /// Flows that the program counted, where it says so.
    pub(crate) flows: Option<u64>,
}

/// Arguments: the files for CPU time, memory and standard output, then the program with its own.
const SCRIPT: &str = "TIMEFORMAT='%3U %3S'; cpu=$1 peak=$2 out=$3; shift 3; \
    { time /usr/bin/time -q -f %M -o \"$peak\" \"$@\" >\"$out\" 2>/dev/null; } 2>\"$cpu\"";

/// Runs `program`, its standard output going to `scratch/out`; nothing where it fails.
pub(crate) fn measure(program: &Process, scratch: &Path) -> Result<Option<Run>, Stop> {
    let files = ["cpu", "peak", "out"].map(|name| scratch.join(name));
    let mut timed = command("bash");
    timed.args(["-c", SCRIPT, "bash"]).args(&files);
    timed.arg(program.get_program()).args(program.get_args());
    let started = Instant::now();
    let status = timed
        .status()
        .map_err(|error| Stop::Failed(format!("bash cannot be started: {error}")))?;
    let wall_s = started.elapsed().as_secs_f64();
    if !status.success() {
        return Ok(None);
    }
    let text = files[..2]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok());
    let text: String = text.collect();
    match read(&text) {
        Some((cpu_s, peak_kib)) => Ok(Some(Run {
            wall_s,
            cpu_s,
            peak_kib,
            flows: None,
        })),
        None => Err(Stop::Failed(format!("the times are `{}`", text.trim()))),
    }
}

fn read(text: &str) -> Option<(f64, u64)> {
    let mut words = text.split_whitespace();
    let user: f64 = words.next()?.parse().ok()?;
    let system: f64 = words.next()?.parse().ok()?;
    Some((user + system, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_are_summed() {
        let (cpu_s, peak_kib) = read("1.500 0.250\n2048\n").unwrap();

        assert!((cpu_s - 1.75).abs() < 1e-9);
        assert_eq!(peak_kib, 2048);
        assert!(read("").is_none());
    }

    #[test]
    fn a_busy_program_is_seen_and_a_failing_one_told_apart() {
        let scratch = std::env::temp_dir().join(format!("xtask-bench-{}", std::process::id()));
        std::fs::create_dir_all(&scratch).unwrap();
        let shell = |script: &str| {
            let mut shell = command("sh");
            shell.args(["-c", script]);
            measure(&shell, &scratch)
        };

        let busy = shell("i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo flows 3")
            .unwrap()
            .unwrap();
        let out = std::fs::read_to_string(scratch.join("out")).unwrap();
        let failed = shell("exit 3").unwrap();
        std::fs::remove_dir_all(&scratch).unwrap();

        assert!(busy.cpu_s > 0.0 && busy.peak_kib > 0);
        assert_eq!(out, "flows 3\n");
        assert!(failed.is_none());
    }
}
