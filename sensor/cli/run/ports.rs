//! Opening the interfaces that a run reads, and what is said of them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sekisho_capture::Stop;
use sekisho_capture::choose::{self, BackEnd, Opened};
use sekisho_capture::live::{Clock, LiveError, Options};
use sekisho_capture::record::{Kept, Place, Recorded, State};
use sekisho_policy::Policy;
use serde::Deserialize;

use super::config::Config;
use crate::cli::language::Language;
use crate::cli::terminal;

/// The back end that is asked for, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Capture {
    /// The first of the others that works
    #[default]
    Auto,
    /// A program in the kernel
    Xdp,
    /// Linux's packet ring
    Ring,
    /// libpcap
    Pcap,
}

impl Capture {
    pub(crate) const fn back_end(self) -> BackEnd {
        match self {
            Self::Auto => BackEnd::Auto,
            Self::Xdp => BackEnd::Xdp,
            Self::Ring => BackEnd::Ring,
            Self::Pcap => BackEnd::Pcap,
        }
    }
}

/// Whose time is asked for, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Time {
    /// The NIC's where it is kept with the host's
    #[default]
    Auto,
    /// The host's
    Host,
    /// The NIC's
    Nic,
}

/// Opens them as the configuration says, to be judged by `policy`.
pub(super) fn open(wanted: &Config, policy: &Policy, stop: &Stop) -> Result<Opened, LiveError> {
    let usual = Options::default();
    let options = Options {
        ring_octets: wanted
            .ring_mib
            .map_or(usual.ring_octets, |mib| u64::from(mib) << 20),
        snap: wanted.snap,
        filter: wanted.bpf.clone(),
        clock: match wanted.time.unwrap_or_default() {
            Time::Auto => Clock::Auto,
            Time::Host => Clock::Host,
            Time::Nic => Clock::Nic,
        },
        every_packet: wanted.record.is_some(),
        wait: wanted.wait,
        by_vlan: policy.uses_vlans(),
        excludes: policy.excludes(),
    };
    let back_end = wanted.capture.unwrap_or_default().back_end();
    choose::open(back_end, &wanted.interfaces, &options, stop)
}

/// Turns off, where the configuration says so, what the system sends of itself from the interfaces.
pub(super) fn silence(wanted: &Config) -> anyhow::Result<()> {
    for name in wanted.interfaces.iter().filter(|_| wanted.no_ipv6) {
        let path = ipv6_switch(name);
        if path.exists() {
            std::fs::write(&path, "1").with_context(|| {
                let shown = terminal::clean(&path.display().to_string());
                format!("cannot turn IPv6 off: {shown}; run as root, or have it set with sysctl when the machine starts")
            })?;
        }
    }
    Ok(())
}

/// The interfaces from which the system may send of itself, with why. The loopback reaches nobody.
fn chatter(name: &str, language: Language) -> Option<String> {
    let says = |path: PathBuf, number| std::fs::read_to_string(path).is_ok_and(|text| text.trim() == number);
    let switch = ipv6_switch(name);
    // Without an address of its own (mode 1) there is nothing to announce or ask from.
    let has_none = says(switch.with_file_name("addr_gen_mode"), "1");
    (says(switch, "0") && !has_none && name != "lo").then(|| match language {
        Language::Japanese => format!(
            "{name}: IPv6 が有効なので、システムがここから近隣探索などを送信します。--no-ipv6 か \
             sysctl net.ipv6.conf.{name}.disable_ipv6=1 で止めてください"
        ),
        Language::English => format!(
            "{name}: IPv6 is on, so that the system sends neighbour discovery from it; turn it off with \
             --no-ipv6, or sysctl net.ipv6.conf.{name}.disable_ipv6=1"
        ),
    })
}

/// Source: Linux's `Documentation/networking/ip-sysctl.rst`, `disable_ipv6` and `addr_gen_mode`.
fn ipv6_switch(name: &str) -> PathBuf {
    Path::new("/proc/sys/net/ipv6/conf")
        .join(name)
        .join("disable_ipv6")
}

/// Has the packets recorded where the configuration says so.
pub(super) fn record(wanted: &Config, opened: Opened) -> anyhow::Result<(Opened, Option<State>)> {
    let Some(path) = &wanted.record else {
        return Ok((opened, None));
    };
    let place = Place {
        path: path.clone(),
        octets: u64::from(wanted.record_mib.unwrap_or(1024)) << 20,
        files: wanted.record_files.unwrap_or(16),
    };
    let recorded = Recorded::new(opened.source, place);
    let recorded = recorded.with_context(|| {
        let shown = terminal::clean(&path.display().to_string());
        format!("cannot record in {shown}; name a folder that is there, or a file that is not")
    })?;
    let state = recorded.state();
    let source = Box::new(recorded);
    Ok((Opened { source, ..opened }, Some(state)))
}

/// What a recording holds at its end.
pub(super) fn recorded(kept: &Kept, language: Language) -> String {
    let Kept {
        packets,
        files,
        missed,
        ..
    } = kept;
    let text = match language {
        Language::Japanese => {
            format!("記録: {packets} パケット、{files} ファイル、記録できなかったもの {missed}")
        }
        Language::English => format!("recorded {packets} packets in {files} files, {missed} not recorded"),
    };
    match &kept.trouble {
        Some(why) => terminal::clean(&format!("{text}: {why}")),
        None => text,
    }
}

/// Lines about what was not taken and why, and about interfaces from which nothing comes.
pub(super) fn said(opened: &Opened, wanted: &Config, language: Language) -> Vec<String> {
    let chatter = wanted
        .interfaces
        .iter()
        .filter_map(|name| chatter(name, language));
    let passed_over = opened.passed_over.iter().map(|(back_end, why)| match language {
        Language::Japanese => format!("{back_end} は使いません: {why}"),
        Language::English => format!("not {back_end}: {why}"),
    });
    let inputs = opened.source.inputs().into_iter();
    let silent = inputs.filter_map(|input| {
        let (name, why) = (input.path, input.damage?);
        Some(match language {
            Language::Japanese => format!("{name}: {why}。待ちながら続けます"),
            Language::English => format!("{name}: {why}; it is waited for"),
        })
    });
    passed_over
        .chain(silent)
        .chain(chatter)
        .chain(opened.notes.iter().cloned())
        .map(|line| terminal::clean(&line))
        .collect()
}
