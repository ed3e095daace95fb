//! `sekisho alerts sanction`: the service of an alert becomes a value of the site's list.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use sekisho_model::Sanctionable;
use sekisho_policy::edit::{self, EditError};
use sekisho_policy::{NewSanction, SANCTIONS_FILE};
use sekisho_store::{Embedded, Store as _, preview_sanction};

use super::exceptions;
use crate::cli::catalogue::Choice;
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::rules::{load_over, say_errors, stored_policy};
use crate::cli::terminal::{self, clean};

pub(super) const HELP: &str = "\
An alert of the catalogue says which list of the policy would have kept it from being raised, and with which
value. This writes that value to sanctioned.toml of the policy folder, with a reason, an owner and an end;
every rule that asks the list is silent about it from then on. A run that follows its policy takes it up.
Alerts that are kept stay. A sanction ends at the end of --until, or where its lines are removed.

Examples:
  sekisho alerts sanction 4711 --data /var/lib/sekisho --preview
  sekisho alerts sanction 4711 --data /var/lib/sekisho --policy site/ --reason 'contract 88' \\
      --owner 'network team' --until 2027-03-31";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Number of the alert
    alert: u64,
    /// Data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Policy folder; without it, what would be written is printed
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Why
    #[arg(long, value_name = "WORDS", required_unless_present = "preview")]
    reason: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "WORDS", required_unless_present = "preview")]
    owner: Option<String>,
    /// Until the end of this date
    #[arg(long, value_name = "DATE", required_unless_present = "preview")]
    until: Option<String>,
    /// Another value than the alert says, such as the whole domain
    #[arg(long, value_name = "VALUE")]
    value: Option<String>,
    /// Say what it would have silenced, and write nothing
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    catalogue: Choice,
}

pub(super) fn run(args: &Args, language: Language) -> anyhow::Result<Outcome> {
    let store = Embedded::open(&args.data)?;
    let alert = store
        .alert(args.alert)?
        .with_context(|| format!("there is no alert {}", args.alert))?;
    let Some(Sanctionable { list, value }) = alert.explanation.sanction else {
        bail!(
            "no list of the policy speaks of alert {}; `sekisho alerts suppress {}` makes an exception",
            args.alert,
            args.alert
        );
    };
    let value = args.value.clone().unwrap_or(value);
    let policy = match &args.policy {
        None => stored_policy(&store)?,
        Some(folder) => match load_over(folder, &args.catalogue) {
            None => return Ok(Outcome::Refused),
            Some(policy) => policy,
        },
    };
    let stands = |other: &Sanctionable| other.list == list && policy.stands_for(&list, &value, &other.value);
    let days = preview_sanction(&store, &policy.rules_excepting(&list), &stands)?;
    let said = format!("[list.{}] {}\n", clean(&list), clean(&value));
    let preview = format!("{said}{}", exceptions::preview(&days, language));
    if args.preview {
        return super::print(&preview);
    }
    let until = args.until.clone().unwrap_or_default();
    let end = policy
        .calendar()
        .date_end(&until)
        .map_err(|fault| anyhow::anyhow!("--until {until}: {}; {}", fault.message, fault.help))?;
    if end <= super::now() {
        bail!("--until {until} is over already");
    }
    let (reason, owner) = (
        args.reason.clone().unwrap_or_default(),
        args.owner.clone().unwrap_or_default(),
    );
    if reason.trim().is_empty() || owner.trim().is_empty() {
        bail!("--reason and --owner want words");
    }
    let new = NewSanction {
        list: &list,
        value: &value,
        reason: &reason,
        owner: &owner,
        expires: &until,
        alert: alert.id,
    };
    let Some(folder) = &args.policy else {
        terminal::say(language.pick(
            "ポリシーのフォルダー(--policy)がないので書きません。これをsanctioned.tomlに足してください。",
            "Without --policy nothing is written. Add this to sanctioned.toml of the policy folder:",
        ));
        return super::print(&format!("{preview}\n{}", new.text()));
    };
    match edit::add_sanction(folder, &args.catalogue.read().unwrap_or_default(), &new) {
        Ok(path) => {
            let written = language.pick("書き込みました", "Written to");
            super::print(&format!(
                "{preview}{written}: {}\n",
                clean(&path.display().to_string())
            ))
        }
        Err(EditError::Policy(errors)) => {
            say_errors(&errors);
            Ok(Outcome::Refused)
        }
        Err(EditError::Io(error)) => {
            let path = folder.join(SANCTIONS_FILE);
            Err(error).with_context(|| format!("cannot write {}", path.display()))
        }
    }
}
