//! What was found, for people and for programs.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context as _;

use super::Examination;
use crate::cli::language::Language;
use crate::cli::report::grouped;
use crate::cli::terminal::clean;

/// Packets below which little can be said.
const FEW: u64 = 1_000;

pub(super) fn json(examination: &Examination) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(examination).context("cannot write what was found")?;
    writeln!(io::stdout(), "{text}").context("cannot write what was found")
}

pub(super) fn table(examination: &Examination, language: Language) {
    let text = text(examination, language);
    // A reader that has closed the pipe has seen what it wanted.
    let _ = io::stdout().write_all(text.as_bytes());
}

fn text(examination: &Examination, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    for input in &examination.inputs {
        let _ = writeln!(
            out,
            "{} ({}): {} {}",
            clean(&input.path),
            clean(&input.format),
            grouped(input.packets),
            say("パケット", "packets"),
        );
        if let Some(damage) = &input.damage {
            let _ = writeln!(out, "  {}", clean(damage));
        }
    }
    if let (Some(from), Some(to)) = (examination.from, examination.to) {
        let _ = writeln!(out, "{from} – {to}");
    }
    if !examination.machine.is_empty() {
        out.push('\n');
        for fact in &examination.machine {
            let _ = writeln!(out, "  {:<28} {}", clean(&fact.name), clean(&fact.value));
        }
    }
    for (number, finding) in (1..).zip(&examination.findings) {
        let of = |text| clean(language.of(text));
        let _ = writeln!(out, "\n{number}. {} [{}]", of(&finding.title), finding.id);
        let _ = writeln!(out, "   {} {}", say("観測:", "Seen:"), of(&finding.observed));
        let _ = writeln!(
            out,
            "   {} {}",
            say("影響:", "Why it matters:"),
            of(&finding.matters)
        );
        let _ = writeln!(
            out,
            "   {} {}",
            say("対処:", "What to change:"),
            of(&finding.change)
        );
        for command in &finding.commands {
            let _ = writeln!(out, "     {}", clean(command));
        }
    }
    let found = examination.findings.len();
    let _ = match found {
        0 if examination.packets < FEW => writeln!(
            out,
            "\n{}",
            say(
                "問題は見つかりませんでしたが、パケットが少なく、言えないことが多く残っています。",
                "Nothing was found, but of so few packets much cannot be said."
            )
        ),
        0 => writeln!(
            out,
            "\n{}",
            say("問題は見つかりませんでした。", "Nothing was found.")
        ),
        1 => writeln!(out, "\n{}", say("問題が1件見つかりました。", "One finding.")),
        _ => writeln!(
            out,
            "\n{}",
            match language {
                Language::Japanese => format!("問題が{found}件見つかりました。"),
                Language::English => format!("{found} findings."),
            }
        ),
    };
    out
}
