//! The captures that programs are measured on; each is made once and kept.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::process::{command, run};
use crate::root::target;
use crate::step::Stop;

/// A kind of capture that `bulk` makes.
pub(crate) struct Input {
    /// Its name there.
    pub(crate) kind: &'static str,
    /// How many packets it has unless said otherwise.
    pub(crate) packets: u64,
    /// Whether other programs than ours and the bare loop read it.
    pub(crate) for_peers: bool,
    /// What it is for, in one sentence.
    pub(crate) about: &'static str,
}

pub(crate) static INPUTS: &[Input] = &[
    Input {
        kind: "office",
        packets: 1_000_000,
        for_peers: true,
        about: "Generated office traffic, mostly TLS-like, under the policy of `rules/three-zones`.",
    },
    Input {
        kind: "mix",
        packets: 5_000_000,
        for_peers: true,
        about: "Real captures over and over, host parts of addresses rewritten, all at once within three minutes.",
    },
    Input {
        kind: "small",
        packets: 5_000_000,
        for_peers: true,
        about: "60-octet frames, five packets a flow, 70 % TCP, interleaved at random.",
    },
    Input {
        kind: "bulk",
        packets: 2_000_000,
        for_peers: true,
        about: "200 TCP transfers; two of three frames have 1514 octets.",
    },
    Input {
        kind: "syn-flood",
        packets: 10_000_000,
        for_peers: false,
        about: "Spoofed SYNs around 5,000 real connections.",
    },
    Input {
        kind: "live-10k",
        packets: 10_000_000,
        for_peers: false,
        about: "60-octet UDP at random over 10,000 flows that stay open.",
    },
    Input {
        kind: "live-1m",
        packets: 10_000_000,
        for_peers: false,
        about: "60-octet UDP at random over 1,000,000 flows that stay open.",
    },
    Input {
        kind: "collide",
        packets: 10_000_000,
        for_peers: false,
        about: "As `live-1m`; the exclusive or of all addresses, and of all ports, is the same.",
    },
];

/// A capture that is there.
pub(crate) struct Made {
    pub(crate) file: PathBuf,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
}

impl Input {
    /// Makes the capture unless it is there, and reads it once, so that it is in the page cache.
    ///
    /// # Errors
    ///
    /// [`Stop::Skipped`] where this machine lacks what the capture is made from.
    pub(crate) fn make(&self, dir: &Path, packets: u64) -> Result<Made, Stop> {
        let file = dir.join(format!("{}-{packets}.pcap", self.kind));
        if !file.exists() {
            let part = file.with_extension("part");
            let mut bulk = command(target().join("release/bulk"));
            let made = run(bulk.arg(self.kind).arg(&part).arg(packets.to_string()));
            if let Err(Stop::Failed(why)) = made {
                return Err(match self.kind {
                    "mix" => Stop::Skipped(format!("mix stays out: {why}")),
                    _ => Stop::Failed(why),
                });
            }
            std::fs::rename(&part, &file)
                .map_err(|error| Stop::Failed(format!("{} cannot be named: {error}", part.display())))?;
        }
        let octets = warm(&file)
            .map_err(|error| Stop::Failed(format!("{} cannot be read: {error}", file.display())))?;
        Ok(Made {
            file,
            packets,
            octets,
        })
    }
}

/// Reads the file to its end and says how long it is.
fn warm(file: &Path) -> std::io::Result<u64> {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 1 << 20];
    let mut octets = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(octets),
            read => octets += read as u64,
        }
    }
}
