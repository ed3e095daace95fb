//! `sekisho doctor`: what is wrong with a mirror or a port, by what its packets show and what the machine says.

mod known;
mod machine;
mod print;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use sekisho_capture::live::{Live, Options, Through};
use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_engine::health::{Context, Mirror};
use sekisho_model::Timestamp;
use sekisho_model::blind::MirrorFinding;
use sekisho_model::summary::InputFile;
use serde::Serialize;

use super::catalogue::Choice;
use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::run::Capture;
use super::{rules, terminal};

pub(crate) use known::stations;

const EXAMPLES: &str = "\
Examples:
  sudo sekisho doctor --interface eth1
  sudo sekisho doctor --interface eth1 --seconds 300 --policy rules/three-zones --data /var/lib/sekisho
  sekisho doctor mirror.pcapng --json

Exit codes: 0 nothing was found, 1 something was, 2 bad usage or input, 3 a damaged file in whose readable
part nothing was found.";

/// Packets of a batch.
const BATCH: usize = 4_096;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Capture files, several together as one
    #[arg(value_name = "FILE", conflicts_with = "interface")]
    files: Vec<PathBuf>,
    /// Interface to look at, again for each further one; several are looked at together
    #[arg(long, short, value_name = "NAME")]
    interface: Vec<String>,
    /// How long to look at interfaces
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400))]
    seconds: u64,
    /// Policy folder: whether it tells networks apart by VLAN
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Data directory: whose devices should be here, and whether its disk has room
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// What `run` reads the interfaces with: XDP needs other settings of the network card
    #[arg(long, value_name = "BACK_END", value_enum, default_value_t)]
    capture: Capture,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was looked at and found.
#[derive(Debug, Serialize)]
struct Examination {
    inputs: Vec<InputFile>,
    /// First and last packet.
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    packets: u64,
    /// What the machine says, each with its value.
    machine: Vec<machine::Fact>,
    findings: Vec<MirrorFinding>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.files.is_empty() && args.interface.is_empty() {
        bail!("give capture files, or --interface NAME");
    }
    let mut context = Context {
        interface: args.interface.first().cloned().unwrap_or_default(),
        expects_vlans: expects_vlans(args)?,
        now: now(),
        known: match &args.data {
            Some(data) => known::stations(data)?,
            None => Default::default(),
        },
    };
    let interrupt = Interrupt::listen()?;
    let mut examination = if args.interface.is_empty() {
        let mut source = FileSource::open(&args.files, Order::ByTime)?;
        let (mirror, _) = look(&mut source, &interrupt, None);
        examine(&mirror, &source, &context)
    } else {
        let before = machine::Counted::of(&args.interface);
        let mut source = Live::open(
            &args.interface,
            Through::Ring,
            &Options::default(),
            interrupt.progress.stop(),
        )?;
        say_begin(args);
        let (mirror, behind) = look(&mut source, &interrupt, Some(Duration::from_secs(args.seconds)));
        // The least that packets were behind: the rest is how long they waited to be read.
        let last = mirror.span().map(|(_, last)| last);
        context.now = last.zip(behind).map(|(last, behind)| last.plus(behind));
        let mut examination = examine(&mirror, &source, &context);
        let looked = machine::Looked {
            names: &args.interface,
            before: &before,
            wanted: args.capture.back_end(),
            tagged: mirror.tagged(),
        };
        machine::examine(&looked, &source, &mut examination);
        examination
    };
    machine::examine_disk(args.data.as_deref(), &mut examination);
    if args.json {
        print::json(&examination)?;
    } else {
        print::table(&examination, Language::of_environment());
    }
    let is_damaged = examination
        .inputs
        .iter()
        .any(|input| input.damage.is_some() && input.port.is_none());
    Ok(match (examination.findings.is_empty(), is_damaged) {
        (false, _) => Outcome::Findings,
        (true, true) => Outcome::Partial,
        (true, false) => Outcome::Done,
    })
}

fn expects_vlans(args: &Args) -> anyhow::Result<bool> {
    let Some(folder) = &args.policy else {
        return Ok(false);
    };
    let Some(policy) = rules::load_over(folder, &Choice::default()) else {
        bail!(
            "the policy in {} has mistakes",
            terminal::clean(&folder.display().to_string())
        );
    };
    Ok(policy.uses_vlans())
}

fn say_begin(args: &Args) {
    if args.json {
        return;
    }
    let names = terminal::clean(&args.interface.join(", "));
    let seconds = args.seconds;
    terminal::say(&match Language::of_environment() {
        Language::Japanese => format!("{names} を{seconds}秒間調べます。Ctrl-C でそこまでの結果を示します"),
        Language::English => {
            format!("looking at {names} for {seconds} seconds; Ctrl-C shows what was found until then")
        }
    });
}

/// Reads a source to its end, or for so long, and gives what it showed and how far packets were behind the
/// clock of this machine at least.
fn look(
    source: &mut dyn Source,
    interrupt: &Arc<Interrupt>,
    how_long: Option<Duration>,
) -> (Mirror, Option<Duration>) {
    let began = Instant::now();
    let (mut mirror, mut least) = (Mirror::default(), None);
    let mut batch = Batch::with_capacity(BATCH, 1 << 20);
    loop {
        batch.clear();
        let fill = source.fill(&mut batch);
        batch.iter().for_each(|packet| mirror.observe(&packet));
        if let (Some(last), Some(now)) = (batch.iter().map(|packet| packet.time).max(), now()) {
            let behind = now.since(last);
            least = Some(least.map_or(behind, |least: Duration| least.min(behind)));
        }
        if how_long.is_some_and(|how_long| began.elapsed() >= how_long) {
            interrupt.ask();
        }
        let is_cut = interrupt.is_asked() && !source.ends_when_asked();
        if fill == Fill::End || is_cut {
            return (mirror, least);
        }
    }
}

fn examine(mirror: &Mirror, source: &dyn Source, context: &Context) -> Examination {
    let span = mirror.span();
    Examination {
        inputs: source.inputs(),
        from: span.map(|(from, _)| from),
        to: span.map(|(_, to)| to),
        packets: mirror.packets(),
        machine: Vec::new(),
        findings: mirror.judge(context),
    }
}

fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_nanos(i64::try_from(since.as_nanos()).ok()?))
}
