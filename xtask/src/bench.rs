//! `cargo xtask bench`: the criterion benches, and Sekisho beside its peers on the same captures.
//!
//! `inputs` makes the captures, `programs` knows how each program reads one, `measure` runs it, `report` is the
//! Markdown. `parsers` counts what each parser of application protocols costs; `live` measures the sensor at
//! an interface.

mod inputs;
mod live;
mod measure;
mod parsers;
mod programs;
mod report;

use std::path::Path;
use std::process::ExitCode;

use crate::args::{Command, Flag, Parsed};
use crate::help::suggestion;
use crate::process::{cargo, run, which};
use crate::root::{root, shown, target};
use crate::step::Stop;
use inputs::{INPUTS, Input};
use measure::Run;
use programs::{PROGRAMS, Program};

pub(crate) static COMMAND: Command = Command {
    name: "bench",
    about: "Measures: the benches, and replay beside its peers on the same captures.",
    details: "Runs `cargo bench` where the root package has benches. Then makes captures of several kinds\n\
              (some gigabytes, once, in target/bench) and lets a bare loop that reads, parses and hashes,\n\
              sekisho replay and every peer that is installed read each in turn, round after round. Prints\n\
              medians as Markdown for benches/README.md. Compare CPU seconds and ratios; wall time wants an\n\
              otherwise idle machine. The kind `mix` wants a folder of captures in SEKISHO_CAPTURES.\n\
              `cargo xtask bench live` measures the sensor at an interface instead, with each of its back\n\
              ends, beside softflowd, nfpcapd and tcpdump where they are installed; as root.\n\
              Debian packages of the peers: softflowd, nfdump, argus-server, argus-client, libndpi-bin,\n\
              tshark, suricata. Needs bash and GNU time (Debian package time).",
    example: "cargo xtask bench --peers --inputs mix,small --rounds 3",
    flags: &[
        Flag {
            name: "--peers",
            value: None,
            about: "only the comparison, no criterion benches",
        },
        Flag {
            name: "--parsers",
            value: None,
            about: "only the instructions of each parser (valgrind); PARSERS=tls,dns names some",
        },
        Flag {
            name: "--inputs",
            value: Some("KINDS"),
            about: "only these captures: office, mix, small, bulk, syn-flood, live-10k, live-1m, collide",
        },
        Flag {
            name: "--programs",
            value: Some("NAMES"),
            about: "only these programs: ceiling, sekisho, sekisho-2, sekisho-eve, softflowd, nfpcapd, …",
        },
        Flag {
            name: "--packets",
            value: Some("N"),
            about: "packets of every capture (default: each kind its own)",
        },
        Flag {
            name: "--rounds",
            value: Some("N"),
            about: "how often each program reads each (default 3)",
        },
    ],
    operand: Some("WHAT"),
    run: bench,
};

fn bench(parsed: &Parsed) -> ExitCode {
    match (parsed.operand(), parsed.number("--rounds", 3)) {
        (None, _) => {}
        (Some("live"), Ok(rounds)) => return ended(live::live(rounds)),
        (Some("live"), Err(reason)) => return refused(&reason),
        (Some(other), _) => return refused(&format!("`{other}` is not measured apart; `live` is")),
    }
    if parsed.has("--parsers") {
        return ended(parsers::parsers(&std::env::var("PARSERS").unwrap_or_default()));
    }
    let plan = match Plan::read(parsed) {
        Ok(plan) => plan,
        Err(reason) => return refused(&reason),
    };
    let criterion = if parsed.has("--peers") {
        Ok(())
    } else {
        criterion()
    };
    ended(criterion.and_then(|()| compare(&plan)))
}

fn refused(reason: &str) -> ExitCode {
    eprintln!("xtask: {reason}");
    ExitCode::from(2)
}

fn ended(outcome: Result<(), Stop>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Failed(why) | Stop::Skipped(why)) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// What to measure.
struct Plan {
    inputs: Vec<&'static Input>,
    programs: Vec<&'static Program>,
    packets: Option<u64>,
    rounds: u64,
}

impl Plan {
    fn read(parsed: &Parsed) -> Result<Self, String> {
        let packets = match parsed.values("--packets").is_empty() {
            true => None,
            false => Some(parsed.number("--packets", 1)?),
        };
        Ok(Self {
            inputs: chosen(&parsed.values("--inputs"), INPUTS, |input| input.kind)?,
            programs: chosen(&parsed.values("--programs"), PROGRAMS, |program| program.name)?,
            packets,
            rounds: parsed.number("--rounds", 3)?,
        })
    }
}

/// Those of `all` that were asked for; all of them where none was.
fn chosen<T>(
    asked: &[&str],
    all: &'static [T],
    name: fn(&T) -> &'static str,
) -> Result<Vec<&'static T>, String> {
    let names: Vec<&str> = all.iter().map(name).collect();
    if let Some(unknown) = asked.iter().find(|asked| !names.contains(asked)) {
        let hint = suggestion(unknown, &names);
        return Err(format!("`{unknown}` is not one of {}{hint}", names.join(", ")));
    }
    let is_chosen = |item: &&T| asked.is_empty() || asked.contains(&name(item));
    Ok(all.iter().filter(is_chosen).collect())
}

fn criterion() -> Result<(), Stop> {
    let benches = std::fs::read_dir(root().join("benches"))
        .into_iter()
        .flatten()
        .flatten();
    if benches
        .into_iter()
        .any(|entry| entry.path().extension().is_some_and(|end| end == "rs"))
    {
        return run(&mut cargo(&["bench", "--locked", "--package", "sekisho"]));
    }
    println!("  no benches in benches/, only the comparison");
    Ok(())
}

/// A program's readings of one capture.
struct Row {
    program: &'static Program,
    runs: Vec<Run>,
    failed: usize,
}

fn compare(plan: &Plan) -> Result<(), Stop> {
    run(&mut cargo(&[
        "build",
        "--locked",
        "--release",
        "--package",
        "sekisho",
        "--package",
        "sekisho-kit",
    ]))?;
    let dir = target().join("bench");
    make_dir(&dir)?;
    let mut present = Vec::new();
    for &program in &plan.programs {
        match program.debian {
            Some(package) if which(program.command).is_none() => {
                println!(
                    "  {} is not here and stays out (Debian package {package})",
                    program.name
                );
            }
            _ => present.push(program),
        }
    }
    let mut report = report::head(plan.rounds, &present);
    for &input in &plan.inputs {
        let capture = match input.make(&dir, plan.packets.unwrap_or(input.packets)) {
            Ok(capture) => capture,
            Err(Stop::Skipped(why)) => {
                println!("  {why}");
                continue;
            }
            Err(failed) => return Err(failed),
        };
        let mut rows: Vec<Row> = present
            .iter()
            .filter(|program| (program.reads)(input, capture.packets))
            .map(|&program| Row {
                program,
                runs: Vec::new(),
                failed: 0,
            })
            .collect();
        for round in 1..=plan.rounds {
            for row in &mut rows {
                read_once(row, &capture.file, &dir.join("scratch"), round)?;
            }
        }
        let table = report::table(input, &capture, &rows);
        print!("\n{table}");
        report += &table;
    }
    let file = dir.join("report.md");
    std::fs::write(&file, report)
        .map_err(|error| Stop::Failed(format!("{} cannot be written: {error}", shown(&file))))?;
    println!("Written: {}", shown(&file));
    Ok(())
}

fn read_once(row: &mut Row, capture: &Path, scratch: &Path, round: u64) -> Result<(), Stop> {
    let name = row.program.name;
    _ = std::fs::remove_dir_all(scratch);
    make_dir(scratch)?;
    let command = (row.program.reader)(capture, scratch)?;
    let run = measure::measure(&command, scratch)?;
    match run {
        Some(mut run) => {
            run.flows = (row.program.flows)(scratch);
            println!(
                "  round {round}: {name} {:.2} s, CPU {:.2} s, {} MiB",
                run.wall_s,
                run.cpu_s,
                run.peak_kib / 1024
            );
            row.runs.push(run);
        }
        None => {
            println!("  round {round}: {name} failed");
            row.failed += 1;
        }
    }
    Ok(())
}

fn make_dir(dir: &Path) -> Result<(), Stop> {
    std::fs::create_dir_all(dir)
        .map_err(|error| Stop::Failed(format!("{} cannot be made: {error}", shown(dir))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_chosen_and_a_misspelt_one_named() {
        let all = chosen(&[], INPUTS, |input| input.kind).unwrap();
        let one = chosen(&["small"], INPUTS, |input| input.kind).unwrap();
        let wrong = chosen(&["smal"], INPUTS, |input| input.kind).map(|_| ());

        assert_eq!(all.len(), INPUTS.len());
        assert_eq!(one[0].kind, "small");
        assert!(wrong.unwrap_err().ends_with("did you mean `small`?"));
    }
}
