//! `sekisho alerts`: exceptions from alerts, made from one, listed for review, ended.

mod exceptions;
mod sanction;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use ipnet::IpNet;
use sekisho_model::Timestamp;
use sekisho_store::{AlertRow, Covers, Embedded, NewException, Store as _};

use super::catalogue::Choice;
use super::language::Language;
use super::outcome::Outcome;
use super::rules::{load_over, stored_policy};

const SUPPRESS_HELP: &str = "\
The exception covers the alerts of the same rule between the same two ends over the same port; --orig,
--resp, --port and --zones widen that. What it silences, in what is kept and from now on, is marked and
counted, not lost. It holds until the end of --until, in packet time.

Examples:
  sekisho alerts suppress 4711 --data /var/lib/sekisho --preview
  sekisho alerts suppress 4711 --data /var/lib/sekisho --reason 'backup until the new server is in' \\
      --owner 'network team' --until 2027-03-31
  sekisho alerts suppress 4711 --data /var/lib/sekisho --orig 10.40.1.0/24 --port any \\
      --reason 'scanner of the audit' --owner audit --until 2026-12-01";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes an exception from an alert, with a reason, an owner and an end
    #[command(after_help = SUPPRESS_HELP)]
    Suppress(Suppress),
    /// Says in the policy that the service of an alert is right, with a reason, an owner and an end
    #[command(after_help = sanction::HELP)]
    Sanction(sanction::Args),
    /// Lists the exceptions and the sanctioned entries, for review
    #[command(after_help = "Example:\n  sekisho alerts exceptions --data /var/lib/sekisho --format csv")]
    Exceptions {
        /// Data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Policy folder whose sanctioned entries are listed; without it, the policy of the last run
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Ends an exception; its alerts are seen again, and it stays in the list
    #[command(after_help = "Example:\n  sekisho alerts unsuppress 3 --data /var/lib/sekisho")]
    Unsuppress {
        /// Number of the exception
        exception: u64,
        /// Data directory
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct Suppress {
    /// Number of the alert
    alert: u64,
    /// Data directory
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Why
    #[arg(long, value_name = "WORDS", required_unless_present = "preview")]
    reason: Option<String>,
    /// Who answers for it
    #[arg(long, value_name = "WORDS", required_unless_present = "preview")]
    owner: Option<String>,
    /// Until the end of this date, or an instant
    #[arg(long, value_name = "TIME", required_unless_present = "preview")]
    until: Option<String>,
    /// Originators: a network, an address, or any
    #[arg(long, value_name = "NET|any")]
    orig: Option<Net>,
    /// Responders: a network, an address, or any
    #[arg(long, value_name = "NET|any")]
    resp: Option<Net>,
    /// Port of the responder, or any
    #[arg(long, value_name = "PORT|any")]
    port: Option<Port>,
    /// The zones of the two ends in the place of their addresses
    #[arg(long, conflicts_with_all = ["orig", "resp"])]
    zones: bool,
    /// The other way round too
    #[arg(long)]
    either_direction: bool,
    /// Say what it would silence, and make none
    #[arg(long)]
    preview: bool,
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

/// A network; none where any will do.
#[derive(Debug, Clone, Copy)]
struct Net(Option<IpNet>);

impl std::str::FromStr for Net {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self(None));
        }
        let network = text
            .parse()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from));
        network
            .map(|network: IpNet| Self(Some(network.trunc())))
            .map_err(|_| "write a network such as 10.40.1.0/24, an address, or any".to_owned())
    }
}

/// A port; none where any will do.
#[derive(Debug, Clone, Copy)]
struct Port(Option<u16>);

impl std::str::FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self(None));
        }
        let port = text.parse().map(|port| Self(Some(port)));
        port.map_err(|_| "write a port from 1 to 65535, or any".to_owned())
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let language = Language::of_environment();
    match &args.command {
        Command::Suppress(args) => suppress(args, language),
        Command::Sanction(args) => sanction::run(args, language),
        Command::Exceptions { data, policy, format } => {
            let store = Embedded::open(data)?;
            let policy = match policy {
                None => stored_policy(&store)?,
                Some(folder) => match load_over(folder, &Choice::default()) {
                    None => return Ok(Outcome::Refused),
                    Some(policy) => policy,
                },
            };
            let (exceptions, sanctions) = (store.exceptions()?, policy.sanctions());
            let now = now();
            print(&match format {
                Format::Table => exceptions::table(&exceptions, sanctions, now, language),
                Format::Json => exceptions::json(&exceptions, sanctions, now)?,
                Format::Csv => exceptions::csv(&exceptions, sanctions, now)?,
            })
        }
        Command::Unsuppress { exception, data } => {
            let store = Embedded::open(data)?;
            let Some(ended) = store.end_exception(*exception, &user(), now())? else {
                bail!("there is no exception {exception}");
            };
            print(&exceptions::table(&[ended], &[], now(), language))
        }
    }
}

fn suppress(args: &Suppress, language: Language) -> anyhow::Result<Outcome> {
    let store = Embedded::open(&args.data)?;
    let alert = store
        .alert(args.alert)?
        .with_context(|| format!("there is no alert {}", args.alert))?;
    let covers = covers(args, &alert);
    let calendar = stored_policy(&store)?.calendar().clone();
    let until = match &args.until {
        None => Timestamp::MAX,
        Some(text) => calendar
            .date_end(text)
            .map_err(|fault| anyhow::anyhow!("--until {text}: {}; {}", fault.message, fault.help))?,
    };
    let days = store.preview_exception(&covers, until)?;
    let preview = exceptions::preview(&days, language);
    if args.preview {
        return print(&preview);
    }
    let exception = store.add_exception(&NewException {
        covers,
        reason: args.reason.clone().unwrap_or_default(),
        owner: args.owner.clone().unwrap_or_default(),
        until,
        from_alert: Some(alert.id),
        created_by: user(),
        created: now(),
    })?;
    print(&format!(
        "{preview}{}",
        exceptions::table(&[exception], &[], now(), language)
    ))
}

/// What the alert's own ends say, as far as the command does not.
fn covers(args: &Suppress, alert: &AlertRow) -> Covers {
    let mut covers = Covers {
        either_direction: args.either_direction,
        ..Covers::like(alert)
    };
    if args.zones {
        (covers.orig, covers.resp) = (None, None);
        covers.orig_zone = alert.orig.as_ref().map(|end| end.zone.clone());
        covers.resp_zone = alert.resp.as_ref().map(|end| end.zone.clone());
    }
    if let Some(Net(network)) = args.orig {
        covers.orig = network;
    }
    if let Some(Net(network)) = args.resp {
        covers.resp = network;
    }
    if let Some(Port(port)) = args.port {
        covers.port = port;
    }
    covers
}

/// Who calls, as the system knows it.
fn user() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter();
    let mut named = names.filter_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    named.next().unwrap_or_else(|| "-".to_owned())
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(0, 0).plus(now.unwrap_or_default())
}

/// Writes to standard output; whoever closes it has had enough.
fn print(text: &str) -> anyhow::Result<Outcome> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Outcome::Done),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(Outcome::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_and_ports_are_read_and_anything_else_is_refused() {
        let network = |text: &str| text.parse::<Net>().map(|net| net.0.map(|net| net.to_string()));

        assert_eq!(network("10.40.1.9/24"), Ok(Some("10.40.1.0/24".to_owned())));
        assert_eq!(network("2001:db8::1"), Ok(Some("2001:db8::1/128".to_owned())));
        assert_eq!(network("any"), Ok(None));
        assert!(network("office").is_err());
        assert_eq!("443".parse::<Port>().map(|port| port.0), Ok(Some(443)));
        assert!("70000".parse::<Port>().is_err());
    }
}
