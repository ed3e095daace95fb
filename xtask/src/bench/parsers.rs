//! What each parser costs, in instructions: the cases of `benches/parsers` under callgrind.
//!
//! The bench runs every case inside one function; callgrind counts only there and writes a file each
//! time it returns. The bench's lines and the files belong together by their order. Where twice the
//! input costs more than [`LIMIT`] times as much, and an octet more than [`CHEAP`], that is a failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::make_dir;
use super::report::{cpu_model, grouped, load};
use crate::process::{answer, cargo, command, line, which};
use crate::root::{shown, target};
use crate::step::Stop;

/// How much more twice the input may cost.
const LIMIT: f64 = 2.5;
/// Instructions an octet below which nothing counts as dear: octets that are passed over cost next to
/// nothing, and the first that are read again make a steep step on the way to an ordinary cost.
const CHEAP: f64 = 50.0;

/// One case: its protocol, its shape, octets, chunks, and instructions.
struct Case {
    protocol: String,
    shape: String,
    octets: u64,
    chunks: u64,
    instructions: u64,
}

/// Counts every case of the protocols in `only`, separated by commas; of all where it is empty.
pub(crate) fn parsers(only: &str) -> Result<(), Stop> {
    let valgrind = which("valgrind").ok_or_else(|| {
        Stop::Failed("valgrind is not installed; Debian's package of that name has it".to_owned())
    })?;
    let dir = target().join("bench/parsers");
    // What an earlier run left would be taken for this one's.
    let _ = std::fs::remove_dir_all(&dir);
    make_dir(&dir)?;
    let cases = count(&valgrind, &dir, only)?;
    let (table, steep) = table(&cases);
    print!("\n{table}");
    let file = target().join("bench/parsers.md");
    std::fs::write(&file, &table)
        .map_err(|error| Stop::Failed(format!("{} cannot be written: {error}", shown(&file))))?;
    println!("\n{} cases; the table is in {}", cases.len(), shown(&file));
    if steep.is_empty() {
        return Ok(());
    }
    Err(Stop::Failed(format!(
        "twice the input costs more than {LIMIT} times as much:\n{}",
        steep.join("\n")
    )))
}

fn count(valgrind: &Path, dir: &Path, only: &str) -> Result<Vec<Case>, Stop> {
    let host = answer(command("rustc").args(["--print", "host-tuple"]))
        .ok_or_else(|| Stop::Failed("`rustc --print host-tuple` gives no answer".to_owned()))?;
    let runner = format!("CARGO_TARGET_{}_RUNNER", host.to_uppercase().replace('-', "_"));
    let mut bench = cargo(&["bench", "--locked", "--package", "sekisho", "--bench", "parsers"]);
    bench.env("PARSERS", only).env(
        runner,
        format!(
            "{} -q --tool=callgrind --collect-atstart=no --toggle-collect=*measured* --dump-after=parsers::measured \
             --dump-line=no --callgrind-out-file={}/out",
            valgrind.display(),
            dir.display()
        ),
    );
    println!("  $ {}", line(&bench));
    let output = bench
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Stop::Failed(format!("cargo cannot be started: {error}")))?;
    if !output.status.success() {
        return Err(Stop::Failed(format!("the bench ended with {}", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let cases = said.lines().filter_map(case);
    let counted = cases.zip(1..).map(|(case, number): (Case, u32)| {
        let file = dir.join(format!("out.{number}"));
        let instructions = std::fs::read_to_string(&file)
            .ok()
            .and_then(|text| summary(&text))
            .ok_or_else(|| Stop::Failed(format!("{} holds no sum", shown(&file))))?;
        Ok(Case { instructions, ..case })
    });
    counted.collect()
}

/// The line of a case.
fn case(line: &str) -> Option<Case> {
    let mut words = line.split_whitespace();
    let (protocol, shape) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut number = || words.next()?.parse().ok();
    let (octets, chunks, _ns): (u64, u64, u64) = (number()?, number()?, number()?);
    Some(Case {
        protocol,
        shape,
        octets,
        chunks,
        instructions: 0,
    })
}

/// The sum of one file that callgrind wrote.
fn summary(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("summary:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The table, and the cases whose cost is not linear.
fn table(cases: &[Case]) -> (String, Vec<String>) {
    let mut text = format!("{}, load {} after it.\n\n", cpu_model(), load());
    text += "| protocol | exchange: octets | chunks | instructions | an octet | repeated: an octet | dearest shape | an octet | steepest doubling |\n";
    text += "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | --- |\n";
    let mut by_protocol: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        by_protocol.entry(&case.protocol).or_default().push(case);
    }
    let mut steep = Vec::new();
    for (protocol, cases) in by_protocol {
        let exchange = cases.iter().find(|case| case.shape == "exchange");
        let shapes: Vec<&Case> = cases
            .iter()
            .copied()
            .filter(|case| case.shape != "exchange")
            .collect();
        // Before the talk was heard twice, the second half of an input is not like the first.
        let twice = exchange.map_or(0, |case| case.octets.saturating_mul(2));
        let steps = || {
            shapes
                .iter()
                .zip(shapes.iter().skip(1))
                .filter(|(one, two)| one.shape == two.shape)
        };
        for (one, two) in steps().filter(|(one, two)| one.octets >= twice && is_steep(one, two)) {
            steep.push(format!(
                "{protocol} {}: {} octets {}, {} octets {}: {:.2}",
                one.shape,
                one.octets,
                one.instructions,
                two.octets,
                two.instructions,
                ratio(one, two)
            ));
        }
        let largest = || {
            shapes
                .iter()
                .filter(|case| shapes.iter().all(|other| case.octets >= other.octets))
        };
        let repeated = largest().find(|case| case.shape == "repeated");
        let dearest = largest().max_by_key(|case| case.instructions);
        let steepest = steps().max_by(|one, two| ratio(one.0, one.1).total_cmp(&ratio(two.0, two.1)));
        let of = |case: Option<&&Case>, what: fn(&Case) -> String| {
            case.map_or_else(|| "-".to_owned(), |case| what(case))
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {protocol} | {} | {} | {} | {} | {} | {} | {} | {} |",
            of(exchange, |case| grouped(case.octets)),
            of(exchange, |case| grouped(case.chunks)),
            of(exchange, |case| grouped(case.instructions)),
            of(exchange, an_octet),
            of(repeated, an_octet),
            of(dearest, |case| case.shape.clone()),
            of(dearest, an_octet),
            steepest.map_or_else(
                || "-".to_owned(),
                |(one, two)| format!("{:.2} {}", ratio(one, two), one.shape)
            ),
        );
    }
    (text, steep)
}

fn an_octet(case: &Case) -> String {
    format!("{:.1}", per_octet(case))
}

fn per_octet(case: &Case) -> f64 {
    precise(case.instructions) / precise(case.octets.max(1))
}

fn is_steep(one: &Case, two: &Case) -> bool {
    ratio(one, two) > LIMIT && per_octet(two) > CHEAP
}

fn ratio(one: &Case, two: &Case) -> f64 {
    precise(two.instructions) / precise(one.instructions.max(1))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts far below 2^53, shown with one decimal"
)]
fn precise(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(counts: &[u64]) -> Vec<Case> {
        let one = |(index, instructions): (usize, &u64)| Case {
            protocol: "tls".to_owned(),
            shape: "repeated".to_owned(),
            octets: 4096 << index,
            chunks: 3,
            instructions: *instructions,
        };
        counts.iter().enumerate().map(one).collect()
    }

    #[test]
    fn what_more_than_doubles_is_named() {
        let (text, steep) = table(&cases(&[400_960, 1_000_000, 2_600_000]));

        assert!(text.contains("| 2.60 repeated |"), "{text}");
        assert_eq!(
            steep,
            ["tls repeated: 8192 octets 1000000, 16384 octets 2600000: 2.60"]
        );
        assert!(table(&cases(&[400_000, 1_000_000, 2_500_000])).1.is_empty());
        assert!(table(&cases(&[100, 2_500, 60_000])).1.is_empty());
    }

    #[test]
    fn lines_and_sums_are_read() {
        let read = case("tls one-octet 4096 3 77").unwrap();

        assert_eq!(
            (read.shape.as_str(), read.octets, read.chunks),
            ("one-octet", 4096, 3)
        );
        assert!(case("running 0 tests").is_none());
        assert_eq!(summary("events: Ir\nsummary: 123\n\ntotals: 124\n"), Some(123));
    }
}
