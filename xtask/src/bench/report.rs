//! The Markdown of a comparison: medians, rates, and the ratio to the bare loop.

use super::Row;
use super::inputs::{Input, Made};
use super::programs::{Program, version_of};

/// The machine, the state it is in, and what each program was asked to do.
pub(crate) fn head(rounds: u64, programs: &[&Program]) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "{} ({cores} cores), load {} before the start. Files in the page cache, programs in turn, medians of \
         {rounds} rounds.\n\n",
        cpu_model(),
        load()
    );
    for program in programs {
        text += &format!("- {}: {}\n", version_of(program), program.about);
    }
    text + "\n"
}

/// One input's table.
pub(crate) fn table(input: &Input, capture: &Made, rows: &[Row]) -> String {
    let mut text = format!(
        "### {}\n\n{} {} packets, {} MB; load {} after it.\n\n",
        input.kind,
        input.about,
        grouped(capture.packets),
        capture.octets / 1_000_000,
        load()
    );
    text +=
        "| input | program | packets | wall s | CPU s | kpps per CPU s | peak MiB | flows | of ceiling |\n";
    text += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    let ceiling = rows.iter().find(|row| row.program.name == "ceiling").map(cpu);
    for row in rows {
        text += &format!(
            "| {} | {} | {} |",
            input.kind,
            row.program.name,
            grouped(capture.packets)
        );
        if row.runs.is_empty() {
            text += &format!(" failed {} of {} | | | | | |\n", row.failed, row.failed);
            continue;
        }
        let wall_s = median(row.runs.iter().map(|run| run.wall_s));
        let peak_mib = row.runs.iter().map(|run| run.peak_kib).max().unwrap_or(0) / 1024;
        let flows = row.runs.iter().find_map(|run| run.flows);
        let ratio = ceiling.map_or(f64::NAN, |ceiling| ceiling / cpu(row));
        let failed = match row.failed {
            0 => String::new(),
            failed => format!(" (failed {failed} of {})", failed + row.runs.len()),
        };
        text += &format!(
            " {wall_s:.2}{failed} | {:.2} | {} | {peak_mib} | {} | {} |\n",
            cpu(row),
            kilo_rate(capture.packets, cpu(row)),
            flows.map_or_else(|| "-".to_owned(), grouped),
            shown(ratio, 3)
        );
    }
    // There the table is full, and most flows are gone from it.
    if input.kind != "syn-flood" {
        for row in rows {
            text += &per_flow(row);
        }
    }
    text + "\n"
}

/// Memory by flow for programs of ours with enough flows that the rest does not count.
fn per_flow(row: &Row) -> String {
    const ENOUGH: u64 = 500_000;
    let flows = row.runs.iter().find_map(|run| run.flows).unwrap_or(0);
    if row.program.debian.is_some() || flows < ENOUGH {
        return String::new();
    }
    let peak = row.runs.iter().map(|run| run.peak_kib).max().unwrap_or(0) * 1024;
    format!(
        "\n{}: {} octets of peak memory a flow.\n",
        row.program.name,
        peak / flows
    )
}

fn cpu(row: &Row) -> f64 {
    median(row.runs.iter().map(|run| run.cpu_s))
}

/// Thousands of packets in a second.
fn kilo_rate(packets: u64, seconds: f64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "four digits are shown")]
    let rate = packets as f64 / seconds / 1000.0;
    shown(rate, 0)
}

fn shown(number: f64, digits: usize) -> String {
    if number.is_finite() {
        format!("{number:.digits$}")
    } else {
        "-".to_owned()
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// A number with a comma after every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The load average of the last minute.
pub(super) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

pub(super) fn cpu_model() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    model
        .and_then(|line| line.split_once(": "))
        .map_or("unknown CPU", |(_, name)| name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!((median([4.0, 1.0, 2.0, 3.0].into_iter()) - 2.5).abs() < f64::EPSILON);
        assert!(median([].into_iter()).is_nan());
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(kilo_rate(1_000_000, 0.5), "2000");
        assert_eq!(kilo_rate(1_000_000, 0.0), "-");
        assert_eq!(
            [999, 1_000, 12_345_678].map(grouped),
            ["999", "1,000", "12,345,678"]
        );
    }
}
