//! What the packets of a port say of the mirror that sends them: pure analysis, no clock and no input.
//!
//! ```text
//! casts      broadcast and unicast    checksums  sums that are wrong    copies   packets twice
//! lengths    merged and cut frames    stations   who speaks             streams  TCP: one side, gaps
//! tags       VLAN tags                times      steps of the clock     words    what is said of it
//! ```
//!
//! Each file counts; [`Mirror::judge`] asks each of them what it makes of its counts. Everything has a least
//! number of samples, so that a short capture says nothing, and a limit on what it remembers. A mirror that
//! is wrapped in a tunnel (ERSPAN, VXLAN) is judged by the packets inside.

mod casts;
mod checksums;
mod copies;
mod lengths;
mod stations;
mod streams;
mod tags;
mod times;
mod words;

use sekisho_capture::Packet;
use sekisho_model::Timestamp;
use sekisho_model::blind::{MirrorFinding, MirrorReport};
use sekisho_wire::frame;

pub use stations::Known;
pub use streams::TcpSample;
pub(crate) use streams::{has_gaps, is_one_sided};
pub(crate) use times::{Step, Steps};

/// What is known of a port beside its packets.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Name of the interface, for the commands; empty for a file.
    pub interface: String,
    /// Whether the policy tells networks apart by their VLAN.
    pub expects_vlans: bool,
    /// The time of the host, where the packets are of now.
    pub now: Option<Timestamp>,
    /// Stations that were there before.
    pub known: Known,
}

/// What a run of packets has shown so far.
#[derive(Debug, Default)]
pub struct Mirror {
    packets: u64,
    span: Option<(Timestamp, Timestamp)>,
    casts: casts::Casts,
    checksums: checksums::Checksums,
    copies: copies::Copies,
    lengths: lengths::Lengths,
    stations: stations::Stations,
    streams: streams::Streams,
    tags: tags::Tags,
    times: Steps,
}

impl Mirror {
    /// Takes a packet into account.
    pub fn observe(&mut self, packet: &Packet<'_>) {
        self.packets = self.packets.saturating_add(1);
        let at = packet.time;
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        self.times.observe(at);
        let frame = frame::decode(packet.data, packet.linktype, packet.len);
        let inner = frame.layers.last();
        let link = inner
            .map(|layer| layer.link)
            .filter(|link| link.destination.is_some())
            .unwrap_or(frame.link);
        self.casts.observe(&link);
        self.tags.observe(&frame);
        self.stations.observe(&link);
        self.lengths.observe(packet);
        let Some(layer) = inner else { return };
        let octets = match frame.layers.len() {
            1 => packet.data.get(frame.link.header_octets..).unwrap_or_default(),
            _ => &[],
        };
        self.checksums.observe(octets);
        if !casts::is_group(&link) && !layer.ip.destination.is_multicast() {
            let copy = self.copies.observe(&layer.ip, &link, at);
            // Copies are no further packets of a connection.
            if !copy {
                self.lengths.observe_ip(&layer.ip, octets);
                self.streams.observe(&layer.ip, at);
            }
        }
    }

    /// Packets so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// First and last packet time.
    #[must_use]
    pub const fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.span
    }

    /// Packets with a VLAN tag.
    #[must_use]
    pub const fn tagged(&self) -> u64 {
        self.tags.tagged()
    }

    /// What TCP connections have shown of directions and gaps.
    #[must_use]
    pub fn tcp(&self) -> TcpSample {
        self.streams.sample()
    }

    /// The stations that spoke.
    #[must_use]
    pub fn stations(&self) -> Known {
        self.stations.seen()
    }

    /// What is wrong, as far as the packets say; nothing where they are too few to say it.
    #[must_use]
    pub fn judge(&self, context: &Context) -> Vec<MirrorFinding> {
        let streams = &self.streams;
        let found = [
            self.casts.judge(context),
            streams.judge_directions(context),
            streams.judge_gaps(context),
            self.copies.judge(context),
            self.checksums.judge(context),
            self.lengths.judge_merged(context),
            self.lengths.judge_cut(context),
            self.tags.judge(context),
            self.stations.judge(context),
            self.times.judge(self.span, context),
        ];
        found.into_iter().flatten().collect()
    }

    /// The same as a report.
    #[must_use]
    pub fn report(&self, context: &Context) -> MirrorReport {
        let (from, to) = self.span.unwrap_or_default();
        MirrorReport {
            from,
            to,
            packets: self.packets,
            findings: self.judge(context),
        }
    }
}

/// Of a hundred, in tenths: for figures that people read.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share for people; 53 bits are enough"
)]
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    part as f64 * 100.0 / whole as f64
}

/// Whether `part` is at least so many hundredths of `whole`.
pub(crate) fn is_share(part: u64, whole: u64, hundredths: u64) -> bool {
    u128::from(part).saturating_mul(100) >= u128::from(whole).saturating_mul(u128::from(hundredths))
}
