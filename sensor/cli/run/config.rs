//! The configuration file of `sekisho run`: TOML, every key optional, and what the command line says
//! goes before it.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use sekisho_engine::health::{Known, Settings};
use serde::Deserialize;

use super::ports::{Capture, Time};
use crate::cli::terminal;

/// What a file may say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Names of the interfaces to read.
    pub(super) interfaces: Vec<String>,
    /// MiB of memory for the ring of each interface.
    pub(super) ring_mib: Option<u32>,
    /// Back end: auto, xdp, ring or pcap.
    pub(super) capture: Option<Capture>,
    /// Expression of pcap-filter(7).
    pub(super) bpf: Option<String>,
    /// Octets kept of a frame.
    pub(super) snap: Option<u32>,
    /// Whose clock stamps frames: auto, host or nic.
    pub(super) time: Option<Time>,
    /// Wait for interfaces that are not there.
    pub(super) wait: bool,
    /// Folder or file that packets are recorded in.
    pub(super) record: Option<PathBuf>,
    /// MiB of disk for the recording.
    pub(super) record_mib: Option<u32>,
    /// Files of the recording's folder.
    pub(super) record_files: Option<u32>,
    /// Policy folder.
    pub(super) policy: Option<PathBuf>,
    /// Lists of indicators, or folders of them.
    pub(super) lists: Vec<PathBuf>,
    /// Data directory.
    pub(super) data: Option<PathBuf>,
    /// Days whose daily sets are kept; without it, all.
    pub(super) keep_daily_days: Option<NonZeroU32>,
    /// File that EVE lines are appended to.
    pub(super) eve: Option<PathBuf>,
    /// Loopback address and port of the dashboard.
    pub(super) listen: Option<SocketAddr>,
    /// Worker threads.
    pub(super) workers: Option<u8>,
    /// Seconds after which a flow that goes on is recorded.
    pub(super) active_timeout: Option<u64>,
    /// Leave out copies of packets.
    pub(super) skip_duplicates: bool,
    /// Do not fence in files and system calls.
    pub(super) no_sandbox: bool,
    /// Turn IPv6 off on the interfaces.
    pub(super) no_ipv6: bool,
    /// Read no payload.
    pub(super) no_metadata: bool,
    /// When a lack of sight is an alert.
    pub(super) health: Health,
}

/// What a file may say of capture health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Health {
    /// Seconds without a frame on a port that was busy before.
    silence_s: Option<u64>,
    /// Thousandths of the frames of a minute that are lost.
    loss_per_mille: Option<u64>,
    /// Hundredths of the TCP connections that show one direction.
    one_sided_percent: Option<u64>,
}

impl Health {
    /// The same with the defaults for what is not said; `known` are the stations that were there before.
    pub(super) fn settings(self, known: Known) -> Settings {
        let usual = Settings::default();
        Settings {
            silence: self.silence_s.map_or(usual.silence, Duration::from_secs),
            loss_per_mille: self
                .loss_per_mille
                .unwrap_or(usual.loss_per_mille)
                .clamp(1, 1_000),
            one_sided_percent: self
                .one_sided_percent
                .unwrap_or(usual.one_sided_percent)
                .clamp(1, 100),
            known,
            ..usual
        }
    }
}

/// Octets that may be kept of a frame: the headers at least, at most what libpcap takes for all.
pub(super) const SNAP: std::ops::RangeInclusive<i64> = 64..=262_144;

/// The keys, for suggestions.
const KEYS: [&str; 23] = [
    "interfaces",
    "ring_mib",
    "capture",
    "bpf",
    "snap",
    "time",
    "wait",
    "record",
    "record_mib",
    "record_files",
    "policy",
    "lists",
    "data",
    "keep_daily_days",
    "eve",
    "listen",
    "workers",
    "active_timeout",
    "skip_duplicates",
    "no_sandbox",
    "no_ipv6",
    "no_metadata",
    "health",
];

/// Reads a file; paths in it are relative to its folder.
pub(super) fn read(path: &Path) -> anyhow::Result<Config> {
    let shown = terminal::clean(&path.display().to_string());
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let mut config = match parse(&text) {
        Ok(config) => config,
        Err(mistake) => bail!("{shown}: {mistake}"),
    };
    if let Some(snap) = config.snap.filter(|snap| !SNAP.contains(&i64::from(*snap))) {
        bail!(
            "{shown}: snap = {snap}: give {} to {} octets",
            SNAP.start(),
            SNAP.end()
        );
    }
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let places = [
        &mut config.policy,
        &mut config.data,
        &mut config.eve,
        &mut config.record,
    ];
    for path in places.into_iter().flatten().chain(&mut config.lists) {
        *path = folder.join(&*path);
    }
    Ok(config)
}

/// The line, what is wrong in it, and what to write instead.
fn parse(text: &str) -> Result<Config, String> {
    let error = match toml::from_str::<Config>(text) {
        Ok(config) => return Ok(config),
        Err(error) => error,
    };
    let span = error.span().unwrap_or_default();
    let line = text.get(..span.start).unwrap_or_default().matches('\n').count();
    let message = error.message().lines().next().unwrap_or_default();
    let written = text.get(span).unwrap_or_default().trim();
    let near = KEYS
        .iter()
        .max_by(|one, other| closeness(one, written).total_cmp(&closeness(other, written)));
    let help = match near {
        Some(near) if message.starts_with("unknown field") && closeness(near, written) > 0.7 => {
            format!("; did you mean {near}?")
        }
        _ if message.starts_with("unknown field") => format!("; the keys are {}", KEYS.join(", ")),
        _ => String::new(),
    };
    let message = message.split(", expected one of").next().unwrap_or(message);
    Err(terminal::clean(&format!(
        "line {}: {message}{help}",
        line.saturating_add(1)
    )))
}

fn closeness(one: &str, other: &str) -> f64 {
    strsim::jaro_winkler(one, other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_optional_and_read() {
        assert_eq!(parse(""), Ok(Config::default()));
        let text = "interfaces = [\"eth1\", \"eth2\"]\nlisten = \"127.0.0.1:8080\"\nworkers = 2\n\
                    skip_duplicates = true\n";
        let config = parse(text).unwrap();
        assert_eq!(config.interfaces, ["eth1", "eth2"]);
        assert_eq!(config.listen, Some("127.0.0.1:8080".parse().unwrap()));
        assert_eq!((config.workers, config.skip_duplicates), (Some(2), true));
    }

    #[test]
    fn a_mistake_is_named_with_its_line_and_what_was_meant() {
        let unknown = parse("\n\ninterface = [\"eth1\"]\n").unwrap_err();
        assert_eq!(
            unknown,
            "line 3: unknown field `interface`; did you mean interfaces?"
        );
        let strange = parse("colour = 3\n").unwrap_err();
        assert!(strange.starts_with("line 1: unknown field `colour`; the keys are interfaces, "));
        let wrong = parse("data = \"d\"\nworkers = \"two\"\n").unwrap_err();
        assert!(
            wrong.starts_with("line 2: invalid type: string \"two\""),
            "{wrong}"
        );
        assert!(
            parse("listen = \"everywhere\"")
                .unwrap_err()
                .starts_with("line 1: ")
        );
    }

    #[test]
    fn the_list_of_keys_is_that_of_the_file() {
        let unknown = toml::from_str::<Config>("x = 1").unwrap_err();
        let expected: String = KEYS.map(|key| format!("`{key}`")).join(", ");
        assert!(unknown.message().contains(&expected), "{}", unknown.message());
    }
}
