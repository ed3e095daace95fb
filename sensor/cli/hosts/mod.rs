//! `sekisho hosts`: the devices that traffic shows, and the register of those that should be there.

mod import;
mod table;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::bail;
use clap::{Subcommand, ValueEnum};
use sekisho_store::{Embedded, HostQuery, HostRow, MAX_LIMIT, RegisterEntry, Standing, Store as _};

use super::language::Language;
use super::outcome::Outcome;
use super::terminal;

const EXAMPLES: &str = "\
Examples:
  sekisho hosts --data /var/lib/sekisho
  sekisho hosts --data /var/lib/sekisho --standing unknown --format csv > unknown.csv
  sekisho hosts show 10.20.16.21 --data /var/lib/sekisho
  sekisho hosts import register.csv --data /var/lib/sekisho";

const IMPORT_HELP: &str = "\
The file is CSV (UTF-8, with or without BOM) with a heading. Columns, in any order:
  key         MAC address or IP address; needed
  name        what the device is called
  owner       who answers for it
  department  where it belongs
  status      in_use (or empty), or retired
  note        anything else

The register takes the place of the one before, all or nothing.

Example:
  sekisho hosts import register.csv --data /var/lib/sekisho";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Data directory that `replay --out` made
    #[arg(long, value_name = "DIR", required = true)]
    data: Option<PathBuf>,
    /// Only devices that the register knows, does not know, or has retired
    #[arg(long, value_name = "WORD", value_parser = standing)]
    standing: Option<Standing>,
    /// Only devices that were seen in this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Only devices with this in an address, a name, a maker, a fingerprint or a service
    #[arg(long, value_name = "WORDS")]
    text: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows everything that is known of one device
    Show {
        /// Its IP address or MAC address
        key: String,
        /// Data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Takes in a register of devices, so that known, unknown and retired ones can be told apart
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// CSV file; - is standard input
        file: PathBuf,
        /// Data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for a person
    Table,
    /// One JSON object a line
    Json,
    /// Comma-separated values
    Csv,
}

fn standing(word: &str) -> Result<Standing, String> {
    Standing::parse(word).ok_or_else(|| "write known, unknown or retired".to_owned())
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.command {
        None => list(&args.list),
        Some(Command::Show { key, data }) => {
            let Some(key) = RegisterEntry::key_of(key) else {
                bail!(
                    "{} is neither an IP address nor a MAC address",
                    terminal::clean(key)
                );
            };
            let query = HostQuery {
                key: Some(key.clone()),
                ..HostQuery::default()
            };
            let rows = all(&Embedded::open(data)?, query)?;
            if rows.is_empty() {
                bail!("no device with {key} was seen");
            }
            print(&table::details(&rows, Language::of_environment()))
        }
        Some(Command::Import { file, data }) => {
            let entries = import::read(file)?;
            let store = Embedded::open(data)?;
            store.put_register(&entries)?;
            let retired = entries.iter().filter(|entry| entry.retired).count();
            terminal::say(&format!(
                "{}: {} ({} {retired})",
                Language::of_environment().pick("登録した機器", "devices in the register"),
                entries.len(),
                Language::of_environment().pick("うち廃止", "of them retired"),
            ));
            Ok(Outcome::Done)
        }
    }
}

fn list(list: &List) -> anyhow::Result<Outcome> {
    let Some(data) = &list.data else {
        bail!("--data DIR is needed")
    };
    let store = Embedded::open(data)?;
    let query = HostQuery {
        standing: list.standing,
        zone: list.zone.clone(),
        text: list.text.clone(),
        ..HostQuery::default()
    };
    let rows = all(&store, query)?;
    let text = match list.format {
        Format::Table => table::list(&rows, Language::of_environment()),
        Format::Json => table::json(&rows)?,
        Format::Csv => table::csv(&rows)?,
    };
    print(&text)
}

/// Every row of a query, page by page.
fn all(store: &Embedded, mut query: HostQuery) -> anyhow::Result<Vec<HostRow>> {
    query.limit = MAX_LIMIT;
    let mut rows = Vec::new();
    loop {
        let mut page = store.hosts(&query)?;
        rows.append(&mut page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// Writes to standard output; whoever closes it has had enough.
fn print(text: &str) -> anyhow::Result<Outcome> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::Done),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Outcome::Done),
    }
}
