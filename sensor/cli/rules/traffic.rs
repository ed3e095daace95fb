//! Traffic that happened, for commands that judge it anew: captures, or the flows of a data directory.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sekisho_capture::{FileSource, Order};
use sekisho_engine::{Config, NamedExporter, Outputs, replay};
use sekisho_export::Exporter;
use sekisho_filter::Row;
use sekisho_model::app::Said;
use sekisho_model::fields::{Field, Value, find};
use sekisho_model::summary::Summary;
use sekisho_model::{Alert, FlowRecord, MacAddress, Protocol, Timestamp};
use sekisho_policy::calendar::Calendar;
use sekisho_policy::{Observation, Policy, Question, Source, builtin, is_answered, is_directed};
use sekisho_store::{Embedded, Store as _, TimeRange};

use crate::cli::interrupt::Interrupt;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// Where the traffic comes from.
#[derive(Debug, clap::Args)]
pub(super) struct Traffic {
    #[command(flatten)]
    input: Input,
    /// Only flows that began then or later: a date, an instant, or 30d or 12h before the last one
    #[arg(long, value_name = "TIME", conflicts_with = "capture")]
    since: Option<String>,
    /// Only flows that began before
    #[arg(long, value_name = "TIME", conflicts_with = "capture")]
    until: Option<String>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Input {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; - is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    capture: Vec<PathBuf>,
    /// Data directory that `replay --out` made
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Something that is shown every flow.
pub(super) trait See: Send + 'static {
    /// Shows one record.
    fn see(&mut self, seen: &Observation<'_>);
}

impl Traffic {
    /// Shows all of it, and says whether all of it could be read.
    pub(super) fn read<S: See>(
        &self,
        by_vlan: bool,
        calendar: &Calendar,
        see: S,
    ) -> anyhow::Result<(S, Outcome)> {
        match &self.input.data {
            Some(data) => self.stored(&Embedded::open(data)?, calendar, see),
            None => self.replayed(by_vlan, see),
        }
    }

    fn stored<S: See>(
        &self,
        store: &Embedded,
        calendar: &Calendar,
        mut see: S,
    ) -> anyhow::Result<(S, Outcome)> {
        let last = store.span()?.map(|(_, last)| last);
        let instant = |option: &str, text: &Option<String>| {
            let text = text.as_deref();
            text.map(|text| instant_of(text, last, calendar).with_context(|| format!("{option} {text}")))
                .transpose()
        };
        let range = TimeRange {
            since: instant("--since", &self.since)?,
            until: instant("--until", &self.until)?,
        };
        let columns = Columns::new()?;
        store.visit(&range, &columns.all(), &mut |row| columns.show(row, &mut see))?;
        Ok((see, Outcome::Done))
    }

    fn replayed<S: See>(&self, by_vlan: bool, see: S) -> anyhow::Result<(S, Outcome)> {
        let interrupt = Interrupt::listen()?;
        let mut source =
            FileSource::open_until(&self.input.capture, Order::ByTime, interrupt.progress.stop())?;
        let shared = Arc::new(Mutex::new(Some(see)));
        let config = Config {
            workers: std::thread::available_parallelism().map_or(1, |cores| cores.get().min(16)),
            flow: sekisho_flow::Config {
                by_vlan,
                ..sekisho_flow::Config::default()
            },
            policy: every_flow()?.into(),
            indicators: Default::default(),
            reload: None,
            filter: None,
            checkpoint: None,
            health: sekisho_engine::health::Settings::default(),
        };
        let outputs = Outputs {
            store: None,
            exporters: vec![NamedExporter {
                name: "the comparison".to_owned(),
                exporter: Box::new(Shown(Arc::clone(&shared))),
            }],
            ..Outputs::default()
        };
        let summary = replay(&config, &mut source, outputs, &interrupt.progress)?;
        for file in &summary.input.files {
            if let Some(damage) = &file.damage {
                terminal::say(&terminal::clean(&format!("{}: {damage}", file.path)));
            }
        }
        let whole = summary.input.damaged == 0 && !interrupt.is_asked();
        let Some(see) = shared.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            bail!("the run was not shown to its end");
        };
        Ok((see, if whole { Outcome::Done } else { Outcome::Partial }))
    }
}

/// An instant as options name it: RFC 3339, a date, or so many days or hours before the last flow.
pub(crate) fn instant_of(
    text: &str,
    last: Option<Timestamp>,
    calendar: &Calendar,
) -> anyhow::Result<Timestamp> {
    let before = |unit: char, seconds: u64| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(Duration::from_secs(number.checked_mul(seconds)?))
    };
    if let Some(before) = before('d', 86_400).or_else(|| before('h', 3_600)) {
        let nanos = i64::try_from(before.as_nanos()).unwrap_or(i64::MAX);
        let last = last.unwrap_or_default().nanos();
        return Ok(Timestamp::from_nanos(last.saturating_sub(nanos)));
    }
    if text.contains('T')
        && let Some(instant) = Timestamp::parse(text)
    {
        return Ok(instant);
    }
    calendar
        .date_start(text)
        .map_err(|fault| anyhow::anyhow!("{}; {}, or 30d or 12h", fault.message, fault.help))
}

/// The policy of the last run that wrote to a data directory; none where it had none, or where its text
/// is of a language that is read no more.
pub(crate) fn stored_policy(store: &Embedded) -> anyhow::Result<Policy> {
    let versions = store.policy_versions()?;
    let Some(version) = versions.first() else {
        return Ok(Policy::none());
    };
    let files = store.policy_text(&version.hash)?.unwrap_or_default();
    let sources: Vec<Source> = files
        .into_iter()
        .map(|(name, text)| Source {
            name,
            text: text.into(),
        })
        .collect();
    Ok(Policy::compile(&sources).unwrap_or_else(|_| Policy::none()))
}

/// The policy to replay by: it keeps every flow, and tells ICMP errors about other flows from others.
fn every_flow() -> anyhow::Result<Policy> {
    let text = "schema = 1\n[policy]\nname = \"every flow\"\nversion = \"1\"\nmode = \"learn\"\n\
        [zone.any]\nnetworks = [\"0.0.0.0/0\", \"::/0\"]\nintra = \"deny\"\n";
    let source = Source {
        name: "every flow".to_owned(),
        text: text.into(),
    };
    Policy::compile(&[source]).context("the policy that keeps every flow")
}

/// Hands records of a run on.
struct Shown<S>(Arc<Mutex<Option<S>>>);

impl<S: See> Exporter for Shown<S> {
    fn flow(&mut self, record: &FlowRecord) -> io::Result<()> {
        if let Some(see) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            see.see(&Observation::of(record));
        }
        Ok(())
    }

    fn said(&mut self, _: &Said) -> io::Result<()> {
        Ok(())
    }

    fn alert(&mut self, _: &Alert) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// The columns of the store that say what an observation is.
struct Columns {
    start: &'static Field,
    end: &'static Field,
    part: &'static Field,
    orig: &'static Field,
    orig_port: &'static Field,
    orig_mac: &'static Field,
    orig_packets: &'static Field,
    resp: &'static Field,
    resp_port: &'static Field,
    resp_mac: &'static Field,
    resp_packets: &'static Field,
    protocol: &'static Field,
    vlan: &'static Field,
    service: &'static Field,
    tunnel: &'static Field,
    rule: &'static Field,
    octets: &'static Field,
    conn_state: &'static Field,
    direction_by: &'static Field,
}

impl Columns {
    fn new() -> anyhow::Result<Self> {
        let field = |name| find(name).with_context(|| format!("there is no field {name}"));
        Ok(Self {
            start: field("start")?,
            end: field("end")?,
            part: field("part")?,
            orig: field("orig.address")?,
            orig_port: field("orig.port")?,
            orig_mac: field("orig.mac")?,
            orig_packets: field("orig.packets")?,
            resp: field("resp.address")?,
            resp_port: field("resp.port")?,
            resp_mac: field("resp.mac")?,
            resp_packets: field("resp.packets")?,
            protocol: field("protocol")?,
            vlan: field("vlan")?,
            service: field("service")?,
            tunnel: field("tunnel")?,
            rule: field("rule")?,
            octets: field("octets")?,
            conn_state: field("conn_state")?,
            direction_by: field("direction_by")?,
        })
    }

    fn all(&self) -> [&'static Field; 19] {
        [
            self.start,
            self.end,
            self.part,
            self.orig,
            self.orig_port,
            self.orig_mac,
            self.orig_packets,
            self.resp,
            self.resp_port,
            self.resp_mac,
            self.resp_packets,
            self.protocol,
            self.vlan,
            self.service,
            self.tunnel,
            self.rule,
            self.octets,
            self.conn_state,
            self.direction_by,
        ]
    }

    /// Shows a stored record as what it was when it was written.
    fn show(&self, row: &dyn Row, see: &mut impl See) {
        let number = |field| match row.value(field) {
            Value::Number(number) => Some(number),
            _ => None,
        };
        let short = |field| number(field).and_then(|number| u16::try_from(number).ok());
        let words = |field| match row.value(field) {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        };
        let mac = |field| words(field).and_then(|text| MacAddress::parse(&text));
        let (Value::Address(orig), Value::Address(resp)) = (row.value(self.orig), row.value(self.resp))
        else {
            return;
        };
        let (Value::Time(at), Value::Time(end)) = (row.value(self.start), row.value(self.end)) else {
            return;
        };
        let Some(protocol) = words(self.protocol).and_then(|word| Protocol::parse(&word)) else {
            return;
        };
        let (orig_port, resp_port) = (short(self.orig_port), short(self.resp_port).unwrap_or(0));
        let (service, tunnel) = (words(self.service), words(self.tunnel));
        let packets = |field| number(field).unwrap_or(0);
        see.see(&Observation {
            question: Question {
                vlan: short(self.vlan),
                orig_mac: mac(self.orig_mac),
                resp_mac: mac(self.resp_mac),
                // Of a fragment that was never put together neither port is known.
                has_ports: protocol.has_ports() && (resp_port != 0 || orig_port.unwrap_or(0) != 0),
                service: service.as_deref(),
                tunnel: tunnel.as_deref(),
                related: words(self.rule).as_deref() == Some(builtin::ICMP_RELATED.id),
                ..Question::new(orig, resp, protocol, resp_port, at)
            },
            octets: packets(self.octets),
            end,
            begins: number(self.part) == Some(0),
            answered: is_answered(
                protocol,
                words(self.conn_state).as_deref().unwrap_or_default(),
                (packets(self.orig_packets), packets(self.resp_packets)),
            ),
            directed: words(self.direction_by).is_none_or(|word| is_directed(&word)),
        });
    }
}
