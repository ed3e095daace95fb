//! `sekisho rules prove`: what holds of every flow there can be.

use std::fmt::Write as _;
use std::path::PathBuf;

use sekisho_policy::Policy;
use sekisho_policy::prove::{Example, Outcome as Known, Proof, RemarkKind};

use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  sekisho rules prove rules/three-zones\n  \
    sekisho rules prove site/ --at 2027-04-01\n\n\
    Exit codes: 0 nothing found, 1 a statement does not hold or a path decides nothing, 2 the folder cannot be \
    read or has mistakes.")]
pub(crate) struct Args {
    /// Policy folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// From this date on, on the clocks of the policy; without it, from now on
    #[arg(long, value_name = "DATE")]
    at: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let Some(policy) = super::load(&args.folder) else {
        return Ok(Outcome::Refused);
    };
    let proof = policy.prove(super::instant(&policy, args.at.as_deref())?);
    super::print(&report(&policy, &proof, Language::of_environment()));
    let holds = proof.answers.iter().all(|answer| answer.outcome == Known::Proved);
    // That the more specific path wins is what precedence is for.
    let is_fine = proof
        .remarks
        .iter()
        .all(|remark| remark.kind == RemarkKind::PartlyShadowed);
    Ok(if holds && is_fine && proof.complete {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn report(policy: &Policy, proof: &Proof, language: Language) -> String {
    let mut text = String::new();
    let mut line = |words: String, example: Option<&Example>| {
        let _ = writeln!(text, "{}", terminal::clean(&words));
        if let Some(example) = example {
            let _ = writeln!(
                text,
                "    {} {}",
                language.pick("例:", "example:"),
                terminal::clean(language.of(&example.line(policy.calendar())))
            );
        }
    };
    for answer in &proof.answers {
        let sentence = answer.sentence();
        let example = match &answer.outcome {
            Known::Refuted { example, .. } => Some(example),
            Known::NotJudged { example } => example.as_ref(),
            Known::Proved | Known::Undecided => None,
        };
        line(
            format!(
                "{}  {}: {}",
                answer.id,
                answer.text,
                language.pick(&sentence.ja, &sentence.en)
            ),
            example,
        );
    }
    for remark in &proof.remarks {
        let sentence = language.pick(&remark.text.ja, &remark.text.en);
        line(
            format!("{}  {}: {sentence}", remark.entry, remark.kind.name()),
            remark.example.as_ref(),
        );
    }
    if !proof.complete {
        line(
            language
                .pick(
                    "作業の上限に達したため、すべては調べられませんでした。",
                    "Not everything was decided: the limit of the work was met.",
                )
                .to_owned(),
            None,
        );
    }
    let at = policy.calendar().local(proof.at).text();
    let counts = (proof.entries, proof.answers.len(), proof.remarks.len());
    line(
        match language {
            Language::Japanese => format!(
                "{} から: 経路 {} 件、言明 {} 件、指摘 {} 件。",
                language.of(&at),
                counts.0,
                counts.1,
                counts.2
            ),
            Language::English => format!(
                "From {} on: {} paths, {} statements, {} remarks.",
                language.of(&at),
                counts.0,
                counts.1,
                counts.2
            ),
        },
        None,
    );
    text
}
