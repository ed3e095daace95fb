//! `sekisho replay`: capture files to flows, verdicts and alerts.

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sekisho_capture::{FileSource, Order, Paced, Source};
use sekisho_engine::{Config, NamedExporter, OutputError, Outputs, replay};
use sekisho_export::{Eve, Exporter};
use sekisho_filter::Filter;
use sekisho_model::summary::Summary;
use sekisho_policy::Mode;
use sekisho_store::{Embedded, Store as _};

use super::catalogue::Choice;
use super::follow::{Follower, Watch};
use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::serve::{DEFAULT_ADDRESS, Dashboard};
use super::{limits_help, lists, report, rules, terminal};

const EXAMPLES: &str = "\
Examples:
  sekisho replay office.pcapng --policy rules/three-zones --serve
  sekisho replay day1.pcap.gz day2.pcap.zst --policy site/ --out /var/lib/sekisho
  tcpdump -i eth0 -c 1000 -w - | sekisho replay - --eve - | jq .
  sekisho replay day1.pcap --policy site/ --speed 1x --follow-policy
  sekisho replay day1.pcap --policy site/ --lists /etc/sekisho/lists --eve alerts.json
  sekisho replay x.pcap --policy site/ --filter 'verdict == denied and resp.port in {22, 3389}' --json

Exit codes: 0 done, 2 bad usage or input, 3 the input was damaged or the run interrupted; what
could be read was processed.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", limits_help::text()))]
pub(crate) struct Args {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; - is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Policy folder to judge by; without one no zones are judged, and only the catalogue counts
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Look for the indicators of this list, or folder of lists; may be given more than once
    #[arg(long, value_name = "PATH", num_args = 1..)]
    lists: Vec<PathBuf>,
    /// Follow the policy folder and the lists: what changes in them counts from then on; SIGHUP reads
    /// them at once
    #[arg(long)]
    follow_policy: bool,
    #[command(flatten)]
    catalogue: Choice,
    /// Keep flows and alerts in this data directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write EVE JSON lines to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    eve: Option<PathBuf>,
    /// Keep and export only flow records that match this expression; alerts and totals are of all
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// Worker threads; the answer is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    workers: Option<u8>,
    /// Leave out copies of packets, as a mirror port shows that copies both directions
    #[arg(long)]
    skip_duplicates: bool,
    /// Do not read payload: flows, verdicts and alerts, but no application metadata
    #[arg(long)]
    no_metadata: bool,
    /// How fast: max, or a multiple of the speed at which it was captured, such as 1x
    #[arg(long, value_name = "max|Nx", default_value = "max", value_parser = speed)]
    speed: Speed,
    /// How several files are read
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = FileOrder::Time)]
    order: FileOrder,
    /// Show the result in the dashboard, on a loopback address
    #[arg(long, value_name = "ADDR", num_args = 0..=1, default_missing_value = DEFAULT_ADDRESS, value_parser = address)]
    serve: Option<SocketAddr>,
    /// Print the summary as one JSON object
    #[arg(long)]
    json: bool,
    /// No progress and no summary tables
    #[arg(long, short)]
    quiet: bool,
}

/// How fast a capture is replayed.
#[derive(Debug, Clone, Copy)]
enum Speed {
    /// As fast as the machine can.
    Max,
    /// A multiple of the speed at which it was captured.
    Times(f64),
}

fn speed(text: &str) -> Result<Speed, String> {
    if text == "max" {
        return Ok(Speed::Max);
    }
    let times = text
        .strip_suffix('x')
        .and_then(|number| number.parse::<f64>().ok());
    times
        .filter(|times| times.is_finite() && *times > 0.0)
        .map(Speed::Times)
        .ok_or_else(|| "write max, or a multiple such as 1x or 0.5x".to_owned())
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("{text} is no address and port, such as {DEFAULT_ADDRESS}; without one, put --serve last")
    })
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileOrder {
    /// Merged by packet time
    Time,
    /// One after the other
    Given,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.json && args.eve.as_ref().is_some_and(|eve| eve.as_os_str() == "-") {
        bail!("--json and --eve - both write to standard output; give --eve a file");
    }
    if args.follow_policy && args.policy.is_none() && args.lists.is_empty() {
        bail!("--follow-policy: there is nothing to follow; give --policy DIR or --lists PATH");
    }
    let policy = match &args.policy {
        Some(folder) => match rules::load_over(folder, &args.catalogue) {
            Some(policy) => policy,
            None => bail!(
                "the policy in {} has mistakes; nothing was read",
                folder.display()
            ),
        },
        None => match rules::load_alone(&args.catalogue) {
            Some(policy) => policy,
            None => bail!("the catalogue has mistakes; nothing was read"),
        },
    };
    let filter = args
        .filter
        .as_deref()
        .map(|text| Filter::parse_with(text, &policy.names()))
        .transpose()
        .map_err(|error| {
            anyhow::anyhow!(
                "--filter: {}",
                explain_filter(args.filter.as_deref().unwrap_or_default(), &error)
            )
        })?;
    let policy = Arc::new(policy);
    let indicators = Arc::new(lists::load(&lists::all(&args.lists, policy.indicators()))?);
    let interrupt = Interrupt::listen()?;
    let dashboard = args.serve.map(Dashboard::bind).transpose()?;
    let dashboard = dashboard.map(|dashboard| dashboard.adding_to(args.policy.as_deref(), &args.catalogue));
    let order = match args.order {
        FileOrder::Time => Order::ByTime,
        FileOrder::Given => Order::AsGiven,
    };
    let stop = interrupt.progress.stop();
    let files = FileSource::open_until(&args.captures, order, stop)?;
    let mut source: Box<dyn Source> = match args.speed {
        Speed::Max => Box::new(files),
        Speed::Times(times) => Box::new(Paced::new(files, times, stop.clone())),
    };
    let data = DataDirectory::of(args)?;
    let outputs = outputs(args, data.as_ref(), policy.mode() == Mode::Enforce)?;
    let flow = sekisho_flow::Config {
        leave_out_duplicates: args.skip_duplicates,
        conversations: !args.no_metadata,
        ..sekisho_flow::Config::default()
    };
    let follower = args
        .follow_policy
        .then(|| {
            let folder = args.policy.as_deref();
            let watch = folder.map(|folder| Watch::new(folder, args.catalogue.clone(), &policy));
            Follower::start(watch, &args.lists, &policy, &indicators, Arc::clone(&interrupt))
        })
        .transpose()?;
    let config = Config {
        workers: workers(args),
        flow,
        policy,
        indicators,
        reload: follower.as_ref().map(Follower::news),
        filter,
        checkpoint: None,
        health: sekisho_engine::health::Settings::default(),
    };

    let bar = progress_bar(args, source.octets_total());
    let ticker = Ticker::start(bar, Arc::clone(&interrupt));
    let result = replay(&config, source.as_mut(), outputs, &interrupt.progress);
    ticker.end();
    drop(follower);
    let mut summary = match result {
        Ok(summary) => summary,
        Err(OutputError::Closed) => return Ok(Outcome::Done),
        Err(error) => return Err(error).context("the run ended early"),
    };
    if let Some(data) = &data {
        know_exceptions(&mut summary, &data.path);
    }
    let outcome = say_summary(args, &summary, interrupt.is_asked())?;
    if let (Some(dashboard), Some(data)) = (dashboard, &data)
        && !interrupt.is_asked()
    {
        dashboard.serve(&data.path, &interrupt)?;
    }
    Ok(outcome)
}

/// Takes over what the data directory alone knows: the alerts with what its exceptions silence apart, and
/// what it has forgotten.
pub(crate) fn know_exceptions(summary: &mut Summary, data: &Path) {
    if let Ok(Some(kept)) = Embedded::open(data).and_then(|store| store.summary()) {
        summary.alerts = kept.alerts;
        summary.forgotten_days = kept.forgotten_days;
    }
}

/// The expression with a mark under the place that is wrong.
pub(crate) fn explain_filter(text: &str, error: &sekisho_filter::FilterError) -> String {
    let before = text.get(..error.at).unwrap_or(text).chars().count();
    let marked = text
        .get(error.at..error.at.saturating_add(error.len))
        .map_or(1, |part| part.chars().count().max(1));
    let help = error
        .help
        .as_ref()
        .map(|help| format!("\n  {help}"))
        .unwrap_or_default();
    format!(
        "{}\n  {text}\n  {}{}{help}",
        error.message,
        " ".repeat(before),
        "^".repeat(marked)
    )
}

fn workers(args: &Args) -> usize {
    let machine = || std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16));
    args.workers.map_or_else(machine, usize::from)
}

/// Where flows and alerts are kept: the folder asked for, or one that goes away again.
struct DataDirectory {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl DataDirectory {
    fn of(args: &Args) -> anyhow::Result<Option<Self>> {
        if let Some(path) = &args.out {
            return Ok(Some(Self {
                path: path.clone(),
                _temporary: None,
            }));
        }
        if args.serve.is_none() {
            return Ok(None);
        }
        let temporary = tempfile::Builder::new()
            .prefix("sekisho-")
            .tempdir()
            .context("cannot make a temporary data directory; give one with --out DIR")?;
        let path = temporary.path().join("data");
        Ok(Some(Self {
            path,
            _temporary: Some(temporary),
        }))
    }
}

/// Opens what the results go to: files first, so that a data directory is not made for a run that
/// cannot begin.
fn outputs(args: &Args, data: Option<&DataDirectory>, alerts: bool) -> anyhow::Result<Outputs> {
    let mut outputs = Outputs::default();
    if let Some(path) = &args.eve {
        let exporter: Box<dyn Exporter> = if path.as_os_str() == "-" {
            Box::new(Eve::new(io::stdout(), alerts))
        } else {
            refuse_to_overwrite_input(path, &args.captures)?;
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(Eve::new(file, alerts))
        };
        let name = if path.as_os_str() == "-" {
            "standard output".to_owned()
        } else {
            path.display().to_string()
        };
        outputs.exporters.push(NamedExporter { name, exporter });
    }
    if let Some(data) = data {
        let store = Embedded::create(&data.path)?;
        if store.summary()?.is_some() {
            terminal::say(&format!(
                "note: {} holds an earlier run; this one is added to it",
                terminal::clean(&data.path.display().to_string())
            ));
        }
        outputs.store = Some(Box::new(store.writer()?));
    }
    Ok(outputs)
}

/// Evidence is not overwritten by what is found in it, whatever name it goes by.
fn refuse_to_overwrite_input(eve: &Path, captures: &[PathBuf]) -> anyhow::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let identity = |path: &Path| std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let target = identity(eve);
    if target.is_some() && captures.iter().any(|capture| identity(capture) == target) {
        bail!(
            "--eve {}: that is a capture to be read; give another file",
            eve.display()
        );
    }
    Ok(())
}

fn progress_bar(args: &Args, total: Option<u64>) -> ProgressBar {
    if args.quiet {
        return ProgressBar::hidden();
    }
    // Drawn on a terminal only.
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::with_draw_target(Some(total), target),
            "{bar:32} {bytes}/{total_bytes} {binary_bytes_per_sec}  {msg}  ETA {eta}",
        ),
        None => (
            ProgressBar::with_draw_target(None, target),
            "{spinner} {bytes} {binary_bytes_per_sec}  {msg}",
        ),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Moves the bar while the run goes on.
struct Ticker {
    bar: ProgressBar,
    thread: std::thread::JoinHandle<()>,
    done: std::sync::mpsc::Sender<()>,
}

impl Ticker {
    fn start(bar: ProgressBar, interrupt: Arc<Interrupt>) -> Self {
        let (done, ended) = std::sync::mpsc::channel();
        let shown = bar.clone();
        let thread = std::thread::spawn(move || {
            while ended.recv_timeout(Duration::from_millis(100))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                shown.set_position(interrupt.progress.octets_read());
                shown.set_message(format!(
                    "{} packets",
                    report::grouped(interrupt.progress.packets())
                ));
            }
        });
        Self { bar, thread, done }
    }

    fn end(self) {
        drop(self.done);
        // The thread only draws; a fault in it has cost nothing else.
        let _ = self.thread.join();
        self.bar.finish_and_clear();
    }
}

fn say_summary(args: &Args, summary: &Summary, interrupted: bool) -> anyhow::Result<Outcome> {
    let language = Language::of_environment();
    if args.json {
        let text = serde_json::to_string(summary).context("cannot write the summary")?;
        writeln!(io::stdout(), "{text}").context("cannot write the summary")?;
    } else if !args.quiet {
        let text = report::summary(summary, language);
        let to_stdout = args.eve.as_ref().is_none_or(|eve| eve.as_os_str() != "-");
        if to_stdout {
            // A reader that has closed the pipe has seen what it wanted.
            let _ = io::stdout().write_all(text.as_bytes());
        } else {
            terminal::say(&text);
        }
    }
    for file in &summary.input.files {
        if let Some(damage) = &file.damage {
            terminal::say(&format!(
                "{}: {}",
                terminal::clean(&file.path),
                terminal::clean(damage)
            ));
        }
    }
    if interrupted {
        terminal::say(language.pick(
            "中断されました。ここまでに読んだ分の結果です。",
            "Interrupted: this is the result for what was read until then.",
        ));
    }
    Ok(if summary.input.damaged > 0 || interrupted {
        Outcome::Partial
    } else {
        Outcome::Done
    })
}
