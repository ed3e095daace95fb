//! Runs the steps of a command one after the other, times each, and ends with a table.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A step's result: a note for the table (often empty), or why it did not get there.
pub(crate) type Outcome = Result<String, Stop>;

/// Why a step did not get to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Something is wrong with the project.
    Failed(String),
    /// This machine cannot run it, or nobody asked for it.
    Skipped(String),
}

/// One step of a command.
pub(crate) struct Step {
    /// The word after `--only` and `--skip`.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// Steps without whose result this one makes no sense.
    pub(crate) needs: &'static [&'static str],
    /// Does it.
    pub(crate) run: fn() -> Outcome,
}

/// What became of every step.
pub(crate) struct Report {
    rows: Vec<(&'static str, Duration, Outcome)>,
}

/// Runs `steps` in order. A failure stops only the steps that need it.
pub(crate) fn run_all(steps: &[&Step]) -> Report {
    let mut rows = Vec::new();
    let mut missed: BTreeMap<&str, &str> = BTreeMap::new();
    for (index, step) in steps.iter().enumerate() {
        println!("\n[{}/{}] {}: {}", index + 1, steps.len(), step.name, step.about);
        let started = Instant::now();
        let outcome = match step
            .needs
            .iter()
            .find_map(|need| missed.get(need).map(|how| (need, how)))
        {
            Some((need, how)) => Err(Stop::Skipped(format!("it needs {need}, which {how}"))),
            None => (step.run)(),
        };
        let took = started.elapsed();
        match &outcome {
            Ok(_) => {}
            Err(Stop::Failed(_)) => _ = missed.insert(step.name, "failed"),
            Err(Stop::Skipped(_)) => _ = missed.insert(step.name, "was skipped"),
        }
        println!(
            "  {}: {} ({:.1} s)",
            step.name,
            words(&outcome),
            took.as_secs_f64()
        );
        rows.push((step.name, took, outcome));
    }
    Report { rows }
}

impl Report {
    /// Whether no step failed.
    pub(crate) fn passed(&self) -> bool {
        self.rows
            .iter()
            .all(|(_, _, outcome)| !matches!(outcome, Err(Stop::Failed(_))))
    }

    /// Prints the table and the closing line; 1 where a step failed.
    pub(crate) fn close(&self) -> ExitCode {
        print!("\n{}", self.table());
        ExitCode::from(u8::from(!self.passed()))
    }

    fn table(&self) -> String {
        let mut text = format!("{:<12} {:>9}  result\n", "step", "seconds");
        let (mut passed, mut failed, mut skipped) = (0, 0, 0);
        for (name, took, outcome) in &self.rows {
            text += &format!("{name:<12} {:>9.1}  {}\n", took.as_secs_f64(), words(outcome));
            match outcome {
                Ok(_) => passed += 1,
                Err(Stop::Failed(_)) => failed += 1,
                Err(Stop::Skipped(_)) => skipped += 1,
            }
        }
        let all: Duration = self.rows.iter().map(|(_, took, _)| *took).sum();
        text += &format!("{:<12} {:>9.1}\n\n", "together", all.as_secs_f64());
        text + &format!("steps: {passed} passed, {failed} failed, {skipped} skipped\n")
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(note) if note.is_empty() => "ok".to_owned(),
        Ok(note) => format!("ok ({note})"),
        Err(Stop::Failed(why)) => format!("FAILED: {why}"),
        Err(Stop::Skipped(why)) => format!("skipped: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREAKS: Step = Step {
        name: "breaks",
        about: "",
        needs: &[],
        run: || Err(Stop::Failed("it broke".to_owned())),
    };
    const FOLLOWS: Step = Step {
        name: "follows",
        about: "",
        needs: &["breaks"],
        run: || Ok(String::new()),
    };
    const STANDS: Step = Step {
        name: "stands",
        about: "",
        needs: &[],
        run: || Ok("as before".to_owned()),
    };

    #[test]
    fn a_failure_stops_only_what_needs_it() {
        let report = run_all(&[&BREAKS, &FOLLOWS, &STANDS]);

        let results: Vec<String> = report.rows.iter().map(|(_, _, outcome)| words(outcome)).collect();
        assert_eq!(
            results,
            [
                "FAILED: it broke",
                "skipped: it needs breaks, which failed",
                "ok (as before)"
            ]
        );
        assert!(!report.passed());
        assert!(report.table().ends_with("steps: 1 passed, 1 failed, 1 skipped\n"));
    }

    #[test]
    fn a_need_that_was_not_asked_for_holds_nothing_up() {
        assert!(run_all(&[&FOLLOWS]).passed());
    }
}
