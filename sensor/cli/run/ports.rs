//! Opening the interfaces that a run reads, and what is said of them.

use anyhow::Context as _;
use sekisho_capture::Stop;
use sekisho_capture::choose::{self, BackEnd, Opened};
use sekisho_capture::live::{LiveError, Options};
use sekisho_capture::record::{Kept, Place, Recorded, State};
use serde::Deserialize;

use super::config::Config;
use crate::cli::language::Language;
use crate::cli::terminal;

/// The back end that is asked for, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Capture {
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
    const fn back_end(self) -> BackEnd {
        match self {
            Self::Auto => BackEnd::Auto,
            Self::Xdp => BackEnd::Xdp,
            Self::Ring => BackEnd::Ring,
            Self::Pcap => BackEnd::Pcap,
        }
    }
}

/// Opens them as the configuration says.
pub(super) fn open(wanted: &Config, stop: &Stop) -> Result<Opened, LiveError> {
    let usual = Options::default();
    let options = Options {
        ring_octets: wanted
            .ring_mib
            .map_or(usual.ring_octets, |mib| u64::from(mib) << 20),
        snap: wanted.snap,
        filter: wanted.bpf.clone(),
        wait: wanted.wait,
    };
    let back_end = wanted.capture.unwrap_or_default().back_end();
    choose::open(back_end, &wanted.interfaces, &options, stop)
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
pub(super) fn said(opened: &Opened, language: Language) -> Vec<String> {
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
        .map(|line| terminal::clean(&line))
        .collect()
}
