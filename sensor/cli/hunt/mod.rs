//! `sekisho hunt`: holds indicators, or an expression, against what is kept.

mod expression;
mod lists;
pub(crate) mod print;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sekisho_store::hunt::{Hunt, Raised, preview};
use sekisho_store::{Embedded, Store as _, TimeRange};

use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::rules::{instant_of, stored_policy};
use super::terminal;
use lists::Target;

const EXAMPLES: &str = "\
Examples:
  sekisho hunt advisory.csv --data /var/lib/sekisho --preview
  sekisho hunt advisory.csv stix.json --data /var/lib/sekisho --since 90d
  sekisho hunt evil.example --data /var/lib/sekisho
  sekisho hunt 'resp.port == 3389 and orig.zone == office' --data /var/lib/sekisho --format json

A list is a file of plain text, CSV, Zeek intelligence, STIX 2.1 or MISP JSON, or a folder of such files
with its lists.toml; - is standard input.
Indicators that were found become alerts, each once however often one looks; what an expression finds
does not.

Exit codes: 0 nothing was found, 1 something was, 2 bad usage or input, 3 interrupted.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Lists of indicators; or one indicator; or an expression over flows
    #[arg(value_name = "LIST|EXPR", required = true)]
    what: Vec<String>,
    /// Data directory that `replay --out` made
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Only what was seen then or later: a date, an instant, or 30d or 12h before the last flow
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what was seen before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Say how often it would have been told on each day, and raise no alert
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

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let language = Language::of_environment();
    let store = Embedded::open(&args.data)?;
    let policy = stored_policy(&store)?;
    let target = lists::target(&args.what, &policy.names().of_records(), language)?;
    let last = store.span()?.map(|(_, last)| last);
    let time = |option: &str, text: &Option<String>| {
        let text = text.as_deref();
        text.map(|text| instant_of(text, last, policy.calendar()).with_context(|| format!("{option} {text}")))
            .transpose()
    };
    let range = TimeRange {
        since: time("--since", &args.since)?,
        until: time("--until", &args.until)?,
    };
    if let (Some(since), Some(until)) = (range.since, range.until)
        && since >= until
    {
        bail!("--since {since} must be earlier than --until {until}");
    }
    let interrupt = Interrupt::listen()?;
    let progress = Progress::new();
    let go_on = |done, total| {
        progress.show(done, total);
        !interrupt.is_asked()
    };
    let found = match target {
        Target::Expression(filter) => {
            expression::run(args.format, &store, &range, &filter, &go_on, language)?
        }
        Target::Indicators(indicators) => {
            let hunt = Hunt::new(indicators);
            let looked = store.look_back(&range, hunt.wanted(), &go_on)?;
            progress.end();
            say_gaps(&looked, language);
            let hits = hunt.check_ports(&store, hunt.hits(&looked.rows))?;
            let text = if args.preview {
                print::preview(args.format, &preview(&hits), language)?
            } else {
                print::hits(args.format, &hunt, &hits, language)?
            };
            let _ = print(&text)?;
            if !args.preview && !interrupt.is_asked() && !hits.is_empty() {
                say_raised(hunt.raise(&store, &hits)?, language);
            }
            !hits.is_empty()
        }
    };
    progress.end();
    if interrupt.is_asked() {
        terminal::say(language.pick(
            "中断されました。ここまでに見た日の結果です。警報は上げていません。",
            "Interrupted: this is the result for the days looked at until then. No alert was raised.",
        ));
        return Ok(Outcome::Partial);
    }
    Ok(if found { Outcome::Findings } else { Outcome::Done })
}

/// Says what the answer does not cover.
fn say_gaps(looked: &sekisho_store::LookBack, language: Language) {
    if !looked.without_set.is_empty() {
        terminal::say(&format!(
            "{}: {}",
            language.pick(
                "注意: 日ごとの一覧がなく、見ていない日(一覧を作る前の版で記録)",
                "note: days without a daily set, recorded by a version before them, were not looked at"
            ),
            looked.without_set.len()
        ));
    }
    if looked.left_out > 0 {
        terminal::say(&format!(
            "{}: {}",
            language.pick(
                "注意: 件数の上限を超えて省いた行(期間を区切るか、一覧を分けてください)",
                "note: rows left out beyond the limit (narrow the time, or split the list)"
            ),
            looked.left_out
        ));
    }
}

fn say_raised(raised: Raised, language: Language) {
    terminal::say(&match language {
        Language::Japanese => format!(
            "警報: 新規{}件、前の遡り検索で既知{}件、省略{}件",
            raised.new, raised.known, raised.left_out
        ),
        Language::English => format!(
            "Alerts: {} new, {} known from an earlier hunt, {} left out",
            raised.new, raised.known, raised.left_out
        ),
    });
}

/// A bar on a terminal, nothing elsewhere.
struct Progress(Mutex<ProgressBar>);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len}  ETA {eta}") {
            bar.set_style(style);
        }
        Self(Mutex::new(bar))
    }

    fn show(&self, done: usize, total: usize) {
        let Ok(bar) = self.0.lock() else { return };
        bar.set_length(u64::try_from(total).unwrap_or(u64::MAX));
        bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
    }

    fn end(&self) {
        if let Ok(bar) = self.0.lock() {
            bar.finish_and_clear();
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
