//! The exercise: half an hour of an office morning in a city of three zones, with twelve planted incidents.
//!
//! Wednesday 2026-11-04, 09:00 to 09:30 in Japan; four taps in one pcapng file. The addresses are those of the
//! three-zone preset, which allows every flow that is no planted violation. The same octets on every run.
//!
//! The incidents are those of a municipal drill: malware that reports past the security cloud, a mobile router, a
//! vendor after its contract, files copied through a screen session, a rogue IPv6 router, a DNS tunnel, a flood on the
//! election results' site, a post in a disaster, a ransomware sweep, an insider's upload, a dead tap and misrouted
//! LGWAN names. Those that break the policy are labelled with the clause and the boundary that names it; the others
//! stay on allowed paths and are labelled by their behaviour.

mod city;
mod incidents;
mod inventory;
mod labels;
mod names;
mod office;
mod script;
mod talk;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use inventory::Device;
pub use labels::{CaptureLabel, Context, Event, Ignore, Labels};

use crate::{ByteOrder, Capture, Interface, PcapngWriter};
use script::Script;

/// Name of the capture file.
pub const CAPTURE_FILE: &str = "office-morning.pcapng";
/// Name of the ground truth.
pub const LABELS_FILE: &str = "labels.json";
/// Name of the ground truth of the inventory.
pub const INVENTORY_FILE: &str = "inventory.json";
/// Name of the register of devices.
pub const REGISTER_FILE: &str = "register.csv";

/// Fixes every random choice of the morning.
const SEED: u64 = 0x5345_4b49_5348_4f01;

/// The morning, in memory.
#[derive(Debug, Clone)]
pub struct Exercise {
    /// Packets of all taps in order of time.
    pub capture: Capture,
    /// The taps, by the interface index of the packets.
    pub taps: Vec<Interface>,
    /// What is planted.
    pub events: Vec<Event>,
    /// The machines that can be known from the capture.
    devices: Vec<Device>,
}

impl Exercise {
    /// Plays the morning.
    #[must_use]
    pub fn new() -> Self {
        let mut script = Script::new(SEED);
        for play in office::TRAFFIC.iter().chain(&incidents::INCIDENTS) {
            play(&mut script);
        }
        office::hello::play(&mut script);
        let (capture, mut events, devices) = script.finish();
        for (number, event) in (1..).zip(&mut events) {
            event.id = format!("{CAPTURE_FILE}#{number}");
        }
        Self {
            capture,
            taps: city::taps().to_vec(),
            events,
            devices,
        }
    }

    /// The ground truth of the inventory, by station and address.
    #[must_use]
    pub fn inventory(&self) -> &[Device] {
        &self.devices
    }

    /// The register of the machines that should be there, as CSV.
    #[must_use]
    pub fn register(&self) -> String {
        inventory::register(&self.devices)
    }

    /// The capture file's octets.
    #[must_use]
    pub fn pcapng(&self) -> Vec<u8> {
        PcapngWriter::write(ByteOrder::Little, &self.taps, &self.capture)
    }

    /// The ground truth for a capture file of `size` octets.
    #[must_use]
    pub fn labels(&self, size: usize) -> Labels {
        let types = BTreeMap::from([
            ("ddos", "a flood from many sources"),
            ("dns_tunnel", "data in DNS names or answers"),
            ("exfiltration", "large outbound transfer"),
            ("policy_violation", "a flow the zone policy forbids"),
            ("rogue_ra", "a host that advertises itself as IPv6 router"),
            ("silence", "a tap or a segment that no longer says anything"),
        ]);
        let forwarded = Ignore {
            src: vec![city::kokai_dns().address.to_string()],
            dst: vec![city::cloud_dns().address.to_string()],
            types: vec!["dns_tunnel", "dns_exfiltration", "c2"],
            reason: "the resolver's forwarded copies of the tunnel's queries",
        };
        let capture = CaptureLabel {
            file: CAPTURE_FILE.to_owned(),
            category: "exercise",
            verdict: "attack",
            origin: "generated",
            tool: "sekisho-kit",
            snaplen: None,
            note: "office morning of 2026-11-04 in three zones, four taps, twelve planted incidents",
            source: None,
            licence: "the project's own",
            redistributable: "yes",
            packets: self.capture.packets.len(),
            size,
            events: self.events.clone(),
            ignore: vec![forwarded],
            context: Context {
                local_nets: vec![
                    "10.0.0.0/8",
                    "203.0.113.64/27",
                    "2001:db8:20::/48",
                    "2001:db8:30::/48",
                ],
                policy_folder: "rules/three-zones",
            },
        };
        Labels {
            version: 1,
            set: "exercise",
            types,
            captures: vec![capture],
        }
    }

    /// Writes all files into a folder, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<Labels> {
        std::fs::create_dir_all(folder)?;
        let file = self.pcapng();
        std::fs::write(folder.join(CAPTURE_FILE), &file)?;
        let labels = self.labels(file.len());
        let mut json = serde_json::to_vec_pretty(&labels)?;
        json.push(b'\n');
        std::fs::write(folder.join(LABELS_FILE), json)?;
        let mut json = serde_json::to_vec_pretty(&self.devices)?;
        json.push(b'\n');
        std::fs::write(folder.join(INVENTORY_FILE), json)?;
        std::fs::write(folder.join(REGISTER_FILE), self.register())?;
        Ok(labels)
    }
}

impl Default for Exercise {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
