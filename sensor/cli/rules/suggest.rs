//! `sekisho rules suggest`: least-privilege paths proposed from traffic that happened.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sekisho_policy::calendar::Calendar;
use sekisho_policy::suggest::{Base, Options, Proposal, Suggest, Suggestion};
use sekisho_policy::whatif::Volume;
use sekisho_policy::{Observation, Policy};
use serde_json::{Value, json};

use super::traffic::{See, Traffic};
use crate::cli::catalogue::Choice;
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::report::grouped;
use crate::cli::terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules suggest --capture monday.pcapng tuesday.pcapng > draft.toml\n  \
    sekisho rules suggest --data /var/lib/sekisho --since 30d --policy site/ --out draft/paths.toml\n  \
    sekisho rules suggest --capture monday.pcapng --policy site/ --missing\n\n\
    The proposal goes to standard output or --out, a report to standard error. Nothing in it is approved.\n\n\
    Exit codes: 0 proposed, 2 the policy or the traffic cannot be read, 3 the input was damaged or the run \
    interrupted; it is a proposal for what could be read."
)]
pub(crate) struct Args {
    #[command(flatten)]
    traffic: Traffic,
    /// Policy folder whose zones are used; without one each private /24 is a zone
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Propose only what that policy does not allow, as a file to be put into its folder
    #[arg(long, requires = "policy")]
    missing: bool,
    /// Narrow an end of a path to its hosts where there are at most so many
    #[arg(long, value_name = "N", default_value_t = Options::default().hosts)]
    hosts: usize,
    /// Flow records that a port must have to be proposed
    #[arg(long, value_name = "N", default_value_t = Options::default().flows)]
    flows: u64,
    /// Propose paths also to or from all of a zone that stands for the rest of the world
    #[arg(long)]
    world: bool,
    /// Write the proposal to this file, which must not exist yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print the proposal, what it rests on and what is left as one JSON object
    #[arg(long, conflicts_with = "out")]
    json: bool,
}

impl See for Suggest {
    fn see(&mut self, seen: &Observation<'_>) {
        self.observe(seen);
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(out) = &args.out
        && out.exists()
    {
        bail!("--out {}: there is such a file; give another name", out.display());
    }
    let base = match &args.policy {
        None => None,
        Some(folder) => match base(folder) {
            Some(base) => Some(base),
            None => return Ok(Outcome::Refused),
        },
    };
    let by_vlan = base.as_ref().is_some_and(|base| base.policy.uses_vlans());
    let calendar = base
        .as_ref()
        .map_or_else(Calendar::default, |base| base.policy.calendar().clone());
    let options = Options {
        hosts: args.hosts,
        flows: args.flows,
        world: args.world,
        missing: args.missing,
        japanese: Language::of_environment() == Language::Japanese,
    };
    let (seen, read) = args
        .traffic
        .read(by_vlan, &calendar, Suggest::new(base, options))?;
    let suggestion = match seen.finish() {
        Ok(suggestion) => suggestion,
        Err(errors) => {
            super::say_errors(&errors);
            return Ok(Outcome::Refused);
        }
    };
    let language = Language::of_environment();
    if args.json {
        super::print(&format!("{}\n", as_json(&suggestion)));
        return Ok(read);
    }
    match &args.out {
        None => super::print(&suggestion.text),
        Some(out) => write(out, &suggestion.text)?,
    }
    terminal::say(&summary(&suggestion, language));
    Ok(read)
}

fn base(folder: &Path) -> Option<Base> {
    let compiled =
        super::read(folder, &Choice::default()).and_then(|sources| Ok((Policy::compile(&sources)?, sources)));
    match compiled {
        Ok((policy, sources)) => Some(Base {
            policy,
            sources,
            name: folder.join("suggested.toml").display().to_string(),
        }),
        Err(errors) => {
            super::say_errors(&errors);
            None
        }
    }
}

fn write(out: &Path, text: &str) -> anyhow::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(out)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", out.display()))
}

fn summary(suggestion: &Suggestion, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    let (records, octets) = suggestion.coverage();
    let percent = |share: u64| format!("{}.{} %", share / 10, share % 10);
    let _ = match language {
        Language::Japanese => writeln!(
            out,
            "経路 {} 件を提案。説明できる割合: フロー記録 {}、オクテット {}",
            suggestion.paths.len(),
            percent(records),
            percent(octets)
        ),
        Language::English => writeln!(
            out,
            "{} paths proposed. Explained: {} of the flow records, {} of the octets",
            suggestion.paths.len(),
            percent(records),
            percent(octets)
        ),
    };
    for (name, part) in [
        (
            say("提案した経路による", "by the proposed paths"),
            suggestion.covered,
        ),
        (
            say("今のポリシーによる", "by the policy in force"),
            suggestion.already,
        ),
        (say("経路を要しない", "without a path"), suggestion.built_in),
        (
            say("対象外(割合に含めない)", "excluded, not in the shares"),
            suggestion.excluded,
        ),
    ] {
        if part.records > 0 {
            let _ = writeln!(out, "  {name}: {}", volume(part, language));
        }
    }
    for (reason, part) in &suggestion.left {
        let label = reason.label();
        let _ = writeln!(
            out,
            "  {}: {}: {}",
            say("不明のまま", "left unknown"),
            language.pick(&label.ja, &label.en),
            volume(*part, language)
        );
    }
    out.push_str(say(
        "承認された経路はありません。一つずつ確かめ、所管、承認者、見直し日を書いてください。",
        "None of it is approved: read each path, and write owner, approver and review.",
    ));
    out
}

fn volume(volume: Volume, language: Language) -> String {
    let (records, octets) = (grouped(volume.records), grouped(volume.octets));
    match language {
        Language::Japanese => format!("フロー記録 {records} 件、{octets} オクテット"),
        Language::English => format!("{records} flow records, {octets} octets"),
    }
}

fn as_json(suggestion: &Suggestion) -> Value {
    let (records, octets) = suggestion.coverage();
    let span = suggestion.span.unzip();
    json!({
        "first": span.0,
        "last": span.1,
        "total": counts(suggestion.total),
        "covered": counts(suggestion.covered),
        "already_allowed": counts(suggestion.already),
        "without_a_path": counts(suggestion.built_in),
        "excluded": counts(suggestion.excluded),
        "explained_thousandths": { "records": records, "octets": octets },
        "left": suggestion.left.iter().map(|(reason, volume)| json!({
            "reason": reason.name(),
            "volume": counts(*volume),
        })).collect::<Vec<_>>(),
        "unknown": suggestion.unknown.iter().map(|left| json!({
            "reason": left.reason.name(),
            "orig_zone": left.zones.0,
            "resp_zone": left.zones.1,
            "protocol": left.protocol.to_string(),
            "port": left.port,
            "volume": counts(left.volume),
            "pairs": left.pairs,
            "example": { "orig": left.example.0, "resp": left.example.1 },
        })).collect::<Vec<_>>(),
        "paths": suggestion.paths.iter().map(path).collect::<Vec<_>>(),
        "text": suggestion.text,
    })
}

fn path(path: &Proposal) -> Value {
    let evidence = &path.evidence;
    json!({
        "id": path.id,
        "from": path.from,
        "to": path.to,
        "protocol": path.protocol.to_string(),
        "ports": path.ports,
        "service": path.service,
        "from_hosts": path.from_hosts,
        "to_hosts": path.to_hosts,
        "volume": counts(evidence.volume),
        "originators": evidence.origs,
        "responders": evidence.resps,
        "pairs": evidence.pairs,
        "days": evidence.days,
        "first": evidence.first,
        "last": evidence.last,
        "denied_now": evidence.denied,
        "rules_now": evidence.rules,
    })
}

fn counts(volume: Volume) -> Value {
    json!({ "flows": volume.flows, "records": volume.records, "octets": volume.octets })
}
