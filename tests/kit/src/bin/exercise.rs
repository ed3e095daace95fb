//! Writes the exercise capture and its ground truth: `cargo run -p sekisho-kit --bin exercise -- OUT_DIR`.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use sekisho_kit::exercise::{CAPTURE_FILE, Exercise, INVENTORY_FILE, LABELS_FILE, REGISTER_FILE};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        return fail("usage: exercise OUT_DIR");
    };
    let folder = Path::new(&folder);
    let exercise = Exercise::new();
    match exercise.write(folder) {
        Err(error) => fail(&format!("cannot write into {}: {error}", folder.display())),
        Ok(labels) => {
            let mut out = std::io::stdout().lock();
            for capture in &labels.captures {
                let denied = capture.events.iter().filter(|event| event.rule.is_some()).count();
                let behaviour = capture.events.len() - denied;
                let written = writeln!(
                    out,
                    "{}: {} packets, {} octets\n{}: {} events, {denied} of them policy violations, {behaviour} behavioural",
                    folder.join(CAPTURE_FILE).display(),
                    capture.packets,
                    capture.size,
                    folder.join(LABELS_FILE).display(),
                    capture.events.len(),
                );
                if written.is_err() {
                    return ExitCode::FAILURE;
                }
            }
            let written = writeln!(
                out,
                "{}: {} devices\n{}",
                folder.join(INVENTORY_FILE).display(),
                exercise.inventory().len(),
                folder.join(REGISTER_FILE).display(),
            );
            if written.is_err() {
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
    }
}

fn fail(message: &str) -> ExitCode {
    // Nothing is left to do where standard error is closed.
    let _ = writeln!(std::io::stderr(), "{message}");
    ExitCode::from(2)
}
