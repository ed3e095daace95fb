//! `sekisho rules sigma`: rules of Sigma as rules of the policy language.

mod files;
mod report;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sekisho_policy::sigma::{self, Import, MARK};
use sekisho_policy::{Policy, edit, with_catalogue};

use crate::cli::catalogue::Choice;
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules sigma downloads/sigma/ --out site/sigma.toml\n  \
    sekisho rules sigma proxy.yml dns.yml > sigma.toml\n  \
    sekisho rules sigma downloads/sigma/ --alone --out sigma/sigma.toml && sekisho replay x.pcap --policy sigma/\n\n\
    Rules for the logs of firewalls, name servers, proxies, web servers and of Zeek are read. The file goes to\n\
    standard output or --out, the report to standard error. A file that an import wrote is replaced, another one never.\n\n\
    Exit codes: 0 done, whether all rules map or not, 2 nothing can be read or written, 3 some files or rules are \
    damaged; the others were imported."
)]
pub(crate) struct Args {
    /// Sigma rules (*.yml, *.yaml), or folders of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Write the rules to this file; in a policy folder it has to suit the others there
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Make the file a policy by itself, in place of a part of one
    #[arg(long)]
    alone: bool,
    /// Import also rules of which exceptions alone do not map, without these; they alert on more then
    #[arg(long)]
    without_filters: bool,
    /// Print the report as one JSON object to standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    catalogue: Choice,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let found = files::find(&args.paths)?;
    let beneath = if args.alone {
        Policy::none()
    } else {
        beneath(args)?
    };
    let mut import = Import::new(sigma::patterns(&beneath));
    if args.without_filters {
        import.leave_filters_out();
    }
    for file in &found.files {
        let name = file.display().to_string();
        match files::read(file) {
            Ok(text) => import.read(&name, &text),
            Err(error) => import.unreadable(&name, error.to_string()),
        }
    }
    for (path, what) in &found.refused {
        import.unreadable(&path.display().to_string(), what);
    }
    let text = import.text(args.alone);
    let mut written = None;
    if import.imported() > 0 {
        match &args.out {
            Some(out) => {
                if !put(args, out, &text)? {
                    return Ok(Outcome::Refused);
                }
                written = Some(out.as_path());
            }
            None if !args.json => super::print(&text),
            None => {}
        }
    }
    let language = Language::of_environment();
    if args.json {
        let text = args.out.is_none().then_some(text.as_str());
        super::print(&format!("{}\n", report::json(&import, written, text)));
    } else {
        terminal::say(report::text(&import, written, language).trim_end());
    }
    Ok(if import.damage().is_empty() {
        Outcome::Done
    } else {
        Outcome::Partial
    })
}

/// The catalogue that will lie beneath.
fn beneath(args: &Args) -> anyhow::Result<Policy> {
    args.catalogue.alone().context("the catalogue cannot be read")
}

/// Writes the file, unless it does not suit its folder; then says why.
fn put(args: &Args, out: &Path, text: &str) -> anyhow::Result<bool> {
    let shown = out.display();
    match fs::read_to_string(out) {
        Ok(before) if !before.starts_with(MARK) => {
            bail!("--out {shown}: no import wrote that file; give another name");
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            bail!("--out {shown}: {error}");
        }
        _ => {}
    }
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let is_policy = has_policy(folder, &name);
    if is_policy {
        let sources = edit::with_file(folder, &name, text);
        let beneath = args.catalogue.read();
        let compiled = sources.and_then(|sources| Policy::compile(&with_catalogue(sources, &beneath?)));
        if let Err(errors) = compiled {
            super::say_errors(&errors);
            return Ok(false);
        }
    }
    edit::replace(out, text).with_context(|| format!("cannot write {shown}"))?;
    Ok(true)
}

/// Whether other policy files lie in the folder.
fn has_policy(folder: &Path, but: &str) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.into_iter().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.ends_with(".toml") && !name.starts_with('.') && name != but
    })
}
