//! `sekisho run`: the sensor. Network interfaces to flows, verdicts and alerts, for as long as it is let.
//!
//! In this order, so that a mistake is said before anything is begun and nothing keeps a right that it
//! does not need: read the configuration and the policy, open the outputs and the interfaces, give up
//! privileges, start the threads, say that it is ready.

mod config;
mod notify;
mod ports;
mod privilege;

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use sekisho_capture::BackEnd;
use sekisho_capture::record;
use sekisho_engine::health::Known;
use sekisho_engine::{Config as EngineConfig, NamedExporter, OutputError, Outputs, replay};
use sekisho_export::{Eve, Exporter};
use sekisho_model::Timestamp;
use sekisho_model::summary::Summary;
use sekisho_policy::Mode;
use sekisho_store::Embedded;

use self::config::Config;
use self::notify::Manager;
pub(crate) use self::ports::Capture;
use self::ports::Time;
use self::privilege::Needs;
use super::catalogue::Choice;
use super::follow::{Follower, Watch as FolderWatch};
use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::replay::know_exceptions;
use super::serve::Dashboard;
use super::{doctor, limits_help, lists, report, rules, terminal};

const EXAMPLES: &str = "\
Examples:
  sudo sekisho run --interface eth1 --policy rules/three-zones --data /var/lib/sekisho --listen 127.0.0.1:8080
  sudo sekisho run --interface eth1 --interface eth2 --eve - | jq .
  sekisho run --config /etc/sekisho.toml

The configuration file is TOML; its keys are the long options with _ for -, interfaces and policy among
them, and what is said here goes before it. SIGHUP reads the policy again, SIGTERM ends.

Exit codes: 0 it was asked to end, 2 bad usage, or an output could not be written.";

/// Seconds between two writings of what is known so far.
const CHECKPOINT: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{}", limits_help::text()))]
pub(crate) struct Args {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Interface to read, again for each further one; it is put into promiscuous mode and sends nothing
    #[arg(long, short, value_name = "NAME")]
    interface: Vec<String>,
    /// MiB of memory for the ring of each interface [default: 128]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(2..=4096))]
    ring_mib: Option<u32>,
    /// What reads the interfaces; auto takes the first of xdp, ring and pcap that works and says which
    /// [default: auto]
    #[arg(long, value_name = "BACK_END", value_enum)]
    capture: Option<Capture>,
    /// Read only frames that match this expression of pcap-filter(7), such as 'not host 192.0.2.9'
    #[arg(long, value_name = "EXPR")]
    bpf: Option<String>,
    /// Keep so many octets of a frame; its length on the wire is counted all the same [default: all]
    #[arg(long, value_name = "OCTETS", value_parser = clap::value_parser!(u32).range(config::SNAP))]
    snap: Option<u32>,
    /// Whose clock stamps the frames; auto takes the NIC's where it stamps and agrees with the host's
    /// [default: auto]
    #[arg(long, value_name = "CLOCK", value_enum)]
    time: Option<Time>,
    /// Wait for interfaces that are not there yet, as a service does that starts with the machine
    #[arg(long)]
    wait: bool,
    /// Record every packet that is read, as pcapng, in this folder, whose oldest files give way; or in
    /// this new file, until it is full
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,
    /// MiB of disk that the recording takes at most [default: 1024]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    record_mib: Option<u32>,
    /// Files that the recording's folder holds at most, each with its part of the MiB [default: 16]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=100_000))]
    record_files: Option<u32>,
    /// Policy folder to judge by, followed while the sensor runs; without one no zones are judged, and
    /// only the catalogue counts
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    catalogue: Choice,
    /// Look for the indicators of this list, or folder of lists, followed while the sensor runs; may be
    /// given more than once
    #[arg(long, value_name = "PATH", num_args = 1..)]
    lists: Vec<PathBuf>,
    /// Keep flows and alerts in this data directory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Append EVE JSON lines to this file; - is standard output
    #[arg(long, value_name = "FILE")]
    eve: Option<PathBuf>,
    /// Serve the dashboard on this loopback address and port; needs --data
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Worker threads; the answer is the same for any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=16))]
    workers: Option<u8>,
    /// Seconds after which a flow that goes on is recorded [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86400))]
    active_timeout: Option<u64>,
    /// Leave out copies of packets, as a mirror port shows that copies both directions
    #[arg(long)]
    skip_duplicates: bool,
    /// Do not read payload: flows, verdicts and alerts, but no application metadata
    #[arg(long)]
    no_metadata: bool,
    /// Turn IPv6 off on the interfaces, so that the system sends nothing of itself from them
    #[arg(long)]
    no_ipv6: bool,
    /// Leave this process every file and system call that its user has, to find out what it was refused
    #[arg(long)]
    no_sandbox: bool,
    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    duration: Option<u64>,
    /// Print a summary as one JSON object at the end
    #[arg(long)]
    json: bool,
    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

impl Args {
    /// What the file says, where the command line does not say otherwise.
    fn with_file(&self) -> anyhow::Result<Config> {
        let file = match &self.config {
            Some(path) => config::read(path)?,
            None => Config::default(),
        };
        Ok(Config {
            interfaces: if self.interface.is_empty() {
                file.interfaces
            } else {
                self.interface.clone()
            },
            ring_mib: self.ring_mib.or(file.ring_mib),
            capture: self.capture.or(file.capture),
            bpf: self.bpf.clone().or(file.bpf),
            snap: self.snap.or(file.snap),
            time: self.time.or(file.time),
            wait: self.wait || file.wait,
            record: self.record.clone().or(file.record),
            record_mib: self.record_mib.or(file.record_mib),
            record_files: self.record_files.or(file.record_files),
            policy: self.policy.clone().or(file.policy),
            lists: if self.lists.is_empty() {
                file.lists
            } else {
                self.lists.clone()
            },
            data: self.data.clone().or(file.data),
            keep_daily_days: file.keep_daily_days,
            eve: self.eve.clone().or(file.eve),
            listen: self.listen.or(file.listen),
            workers: self.workers.or(file.workers),
            active_timeout: self.active_timeout.or(file.active_timeout),
            skip_duplicates: self.skip_duplicates || file.skip_duplicates,
            no_sandbox: self.no_sandbox || file.no_sandbox,
            no_ipv6: self.no_ipv6 || file.no_ipv6,
            no_metadata: self.no_metadata || file.no_metadata,
            health: file.health,
        })
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let wanted = args.with_file()?;
    let prints_eve = wanted.eve.as_deref().is_some_and(is_standard_output);
    if args.json && prints_eve {
        bail!("--json and --eve - both write to standard output; give --eve a file");
    }
    if wanted.listen.is_some() && wanted.data.is_none() {
        bail!("--listen shows a data directory; give one with --data DIR");
    }
    let policy = match &wanted.policy {
        Some(folder) => match rules::load_over(folder, &args.catalogue) {
            Some(policy) => Arc::new(policy),
            None => bail!(
                "the policy in {} has mistakes; nothing was started",
                terminal::clean(&folder.display().to_string())
            ),
        },
        None => match rules::load_alone(&args.catalogue) {
            Some(policy) => Arc::new(policy),
            None => bail!("the catalogue has mistakes; nothing was started"),
        },
    };
    let indicators = Arc::new(lists::load(&lists::all(&wanted.lists, policy.indicators()))?);
    let known = match &wanted.data {
        Some(data) if data.is_dir() => doctor::stations(data).unwrap_or_default(),
        _ => Known::default(),
    };
    let outputs = outputs(&wanted, policy.mode() == Mode::Enforce)?;
    let interrupt = Arc::new(Interrupt::default());
    let opened = ports::open(&wanted, &policy, interrupt.progress.stop())?;
    let (mut opened, recording) = ports::record(&wanted, opened)?;
    ports::silence(&wanted)?;
    let said = ports::said(&opened, &wanted, Language::of_environment());
    let protection = privilege::give_up(&needs(args, &wanted, &policy, opened.back_end))
        .context("cannot give up privileges")?;
    tracing::info!(
        capabilities = protection.capabilities.join(" "),
        no_new_privileges = protection.no_new_privileges,
        seccomp = protection.seccomp,
        landlock = protection.landlock,
        "what is left to this process"
    );
    let outputs = Outputs {
        protection: Some(protection),
        ..outputs
    };

    let dashboard = wanted.listen.map(Dashboard::bind).transpose()?;
    interrupt.begin()?;
    let folder = wanted.policy.as_deref();
    let dashboard = dashboard.map(|dashboard| dashboard.adding_to(folder, &args.catalogue));
    let policy_watch = folder.map(|folder| FolderWatch::new(folder, args.catalogue.clone(), &policy));
    let follower = (policy_watch.is_some() || !wanted.lists.is_empty())
        .then(|| {
            Follower::start(
                policy_watch,
                &wanted.lists,
                &policy,
                &indicators,
                Arc::clone(&interrupt),
            )
        })
        .transpose()?;
    let config = EngineConfig {
        workers: wanted.workers.map_or_else(cores, usize::from),
        flow: sekisho_flow::Config {
            leave_out_duplicates: wanted.skip_duplicates,
            conversations: !wanted.no_metadata,
            active: Duration::from_secs(wanted.active_timeout.unwrap_or(60)),
            ..sekisho_flow::Config::default()
        },
        policy,
        indicators,
        reload: follower.as_ref().map(Follower::news),
        filter: None,
        checkpoint: Some(CHECKPOINT),
        health: wanted.health.settings(known),
    };
    say_begin(args, &wanted, opened.back_end, &said);
    let duration = args.duration.map(Duration::from_secs);
    let watch = Watch::start(Arc::clone(&interrupt), duration, recording.clone())?;
    let shown = dashboard.zip(wanted.data.as_deref());
    let served = shown.map(|(dashboard, data)| dashboard.serve_aside(data, Arc::clone(&interrupt)));
    let served = served.transpose()?;
    let result = replay(&config, &mut *opened.source, outputs, &interrupt.progress);
    interrupt.ask();
    watch.end();
    drop(follower);
    if let Some(served) = served {
        served.end()?;
    }
    match result {
        Ok(mut summary) => {
            if let Some(recording) = recording.filter(|_| !args.quiet) {
                terminal::say(&ports::recorded(&recording.kept(), Language::of_environment()));
            }
            if let Some(data) = &wanted.data {
                know_exceptions(&mut summary, data);
            }
            say_end(args, &summary, prints_eve)
        }
        Err(OutputError::Closed) => Ok(Outcome::Done),
        Err(error) => Err(error).context("the sensor ended"),
    }
}

/// What the run goes on to read, write and listen on.
fn needs(args: &Args, wanted: &Config, policy: &sekisho_policy::Policy, back_end: BackEnd) -> Needs {
    let read = wanted
        .policy
        .as_deref()
        .into_iter()
        .chain(args.catalogue.folder());
    let recording = wanted.record.as_ref().filter(|path| path.is_dir());
    Needs {
        read: read
            .map(Path::to_owned)
            .chain(lists::all(&wanted.lists, policy.indicators()))
            .collect(),
        write: wanted.data.iter().chain(recording).cloned().collect(),
        listen: wanted.listen.map(|address| address.port()),
        loads_programs: back_end == BackEnd::Xdp,
        is_fenced: !wanted.no_sandbox,
    }
}

/// The address that a configuration file has the dashboard listen on.
pub(crate) fn listen_address(file: &Path) -> anyhow::Result<Option<SocketAddr>> {
    Ok(config::read(file)?.listen)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16))
}

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn outputs(wanted: &Config, alerts: bool) -> anyhow::Result<Outputs> {
    let mut outputs = Outputs::default();
    if let Some(path) = &wanted.eve {
        let (name, exporter): (_, Box<dyn Exporter>) = if is_standard_output(path) {
            (
                "standard output".to_owned(),
                Box::new(Eve::new(io::stdout(), alerts)),
            )
        } else {
            let shown = terminal::clean(&path.display().to_string());
            let file = File::options().append(true).create(true).open(path);
            let file = file.with_context(|| format!("cannot write {shown}"))?;
            (shown, Box::new(Eve::new(file, alerts)))
        };
        outputs.exporters.push(NamedExporter { name, exporter });
    }
    if let Some(data) = &wanted.data {
        let writer = Embedded::create(data)?.writer()?;
        outputs.store = Some(Box::new(match wanted.keep_daily_days {
            None => writer,
            Some(days) => writer.keeping_daily(days.get(), now),
        }));
    }
    Ok(outputs)
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_seconds(0, 0).plus(now.unwrap_or_default())
}

/// Watches the run from beside it: ends it when its time is over, and tells the service manager.
struct Watch {
    thread: std::thread::JoinHandle<()>,
    done: std::sync::mpsc::Sender<()>,
}

impl Watch {
    fn start(
        interrupt: Arc<Interrupt>,
        duration: Option<Duration>,
        recording: Option<record::State>,
    ) -> anyhow::Result<Self> {
        let mut told = None;
        let manager = Manager::of_environment();
        let (done, ended) = std::sync::mpsc::channel();
        let watch = move || {
            let began = std::time::Instant::now();
            let mut said = began;
            manager.say("READY=1");
            while ended.recv_timeout(Duration::from_millis(100))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                if duration.is_some_and(|duration| began.elapsed() >= duration) {
                    interrupt.ask();
                }
                let trouble = recording.as_ref().and_then(|recording| recording.kept().trouble);
                if trouble != told {
                    if let Some(why) = &trouble {
                        tracing::error!(why = terminal::clean(why), "packets are not recorded");
                    }
                    told = trouble;
                }
                if manager.watchdog().is_some_and(|often| said.elapsed() >= often) {
                    said = std::time::Instant::now();
                    manager.say("WATCHDOG=1");
                }
            }
            manager.say("STOPPING=1");
        };
        let thread = std::thread::Builder::new().name("watch".to_owned()).spawn(watch);
        Ok(Self {
            thread: thread.context("cannot start the thread that watches the run")?,
            done,
        })
    }

    fn end(self) {
        drop(self.done);
        // It only watches; a fault in it has cost nothing else.
        let _ = self.thread.join();
    }
}

fn say_begin(args: &Args, wanted: &Config, back_end: BackEnd, said: &[String]) {
    if args.quiet {
        return;
    }
    said.iter().for_each(|line| terminal::say(line));
    let names = terminal::clean(&wanted.interfaces.join(", "));
    terminal::say(&match Language::of_environment() {
        Language::Japanese => format!("{names} を監視しています（{back_end}）。Ctrl-C で終了"),
        Language::English => format!("watching {names} ({back_end}); Ctrl-C ends"),
    });
}

fn say_end(args: &Args, summary: &Summary, prints_eve: bool) -> anyhow::Result<Outcome> {
    use io::Write as _;
    if args.json {
        let text = serde_json::to_string(summary).context("cannot write the summary")?;
        writeln!(io::stdout(), "{text}").context("cannot write the summary")?;
    } else if !args.quiet {
        let text = report::summary(summary, Language::of_environment());
        if prints_eve {
            terminal::say(&text);
        } else {
            // A reader that has closed the pipe has seen what it wanted.
            let _ = io::stdout().write_all(text.as_bytes());
        }
    }
    Ok(Outcome::Done)
}
