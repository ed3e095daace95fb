//! `sekisho rules diff`: what changes from one policy to another, for every flow there can be.

use std::fmt::Write as _;
use std::path::PathBuf;

use sekisho_policy::prove::{DifferenceLine, diff};

use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sekisho rules diff rules/three-zones site/\n\n\
    Exit codes: 0 the two say the same of every flow, 1 they differ, 2 a folder cannot be read or has mistakes.")]
pub(crate) struct Args {
    /// Policy folder as it was
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// Policy folder as it is to be
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// From this date on, on the clocks of the second policy; without it, from now on
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (Some(before), Some(after)) = (super::load(&args.before), super::load(&args.after)) else {
        return Ok(Outcome::Refused);
    };
    let language = Language::of_environment();
    let difference = diff(&before, &after, super::instant(&after, args.at.as_deref())?);
    let mut text = String::new();
    for line in &difference.lines {
        let _ = writeln!(text, "{}", terminal::clean(&words(line, language)));
        if let Some(example) = &line.example {
            let _ = writeln!(
                text,
                "    {} {} ({} -> {})",
                language.pick("例:", "example:"),
                terminal::clean(language.of(&example.line(after.calendar()))),
                rule(&line.rule_was),
                rule(&line.rule_is)
            );
        }
    }
    if !difference.complete {
        let _ = writeln!(
            text,
            "{}",
            language.pick(
                "作業の上限に達したため、これがすべてではありません。",
                "This is not all of it: the limit of the work was met.",
            )
        );
    } else if difference.lines.is_empty() {
        let _ = writeln!(
            text,
            "{}",
            language.pick(
                "どの通信についても、二つのポリシーの判定は同じです。",
                "The two policies say the same of every flow.",
            )
        );
    }
    super::print(&text);
    Ok(if difference.lines.is_empty() && difference.complete {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn words(line: &DifferenceLine, language: Language) -> String {
    let (change, flows) = (line.change(), line.flows.text());
    format!(
        "{}: {}",
        language.pick(&change.ja, &change.en),
        language.pick(&flows.ja, &flows.en)
    )
}

fn rule(id: &str) -> String {
    if id.is_empty() {
        "-".to_owned()
    } else {
        terminal::clean(id)
    }
}
