//! A source that counts settled flows by itself: it hears of them from the engine, and what it counted is
//! in the records and in the sum of all frames, with one worker and with several.

mod support;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sekisho::capture::{Batch, Fill, Linktype, Packet, Source};
use sekisho::engine::{Config, NamedExporter, Outputs, Progress};
use sekisho::export::Eve;
use sekisho::model::run::{Run, Settled, Stretch};
use sekisho::model::summary::{InputFile, Summary};
use sekisho::model::{Protocol, Timestamp};
use sekisho::policy::Policy;
use sekisho_kit::Frame;

/// 2026-11-04T00:00:00Z.
const BEGIN: i64 = 1_793_750_400_000_000_000;
const MILLI: i64 = 1_000_000;
/// Frames that are given before any is counted, and after.
const FRAMES: u16 = 32;
/// Packets of a run, and their octets above the ports.
const COUNTED: u64 = 1_000;
const PAYLOAD: usize = 20;

/// Datagrams of two flows; once the engine has called one settled, packets of it are only counted.
struct Counts {
    given: u16,
    hears: SyncSender<Settled>,
    settled: Receiver<Settled>,
    heard: Vec<Settled>,
    is_counted: bool,
    waited: u32,
}

impl Counts {
    fn new() -> Self {
        let (hears, settled) = sync_channel(64);
        Self {
            given: 0,
            hears,
            settled,
            heard: Vec::new(),
            is_counted: false,
            waited: 0,
        }
    }

    /// A datagram of the flow from this port, which goes back for odd numbers.
    fn push(&mut self, batch: &mut Batch, port: u16) {
        let (client, server) = ("192.0.2.1", "198.51.100.2");
        // No two alike: the same datagram twice would be a copy.
        let [low, high] = self.given.to_le_bytes();
        let mut payload = [0x55; PAYLOAD];
        (payload[0], payload[1]) = (low, high);
        let frame = if self.given.is_multiple_of(2) {
            Frame::between(client, server).udp(port, 9_999, &payload)
        } else {
            Frame::between(server, client).udp(9_999, port, &payload)
        };
        batch.push(Packet {
            time: Timestamp::from_nanos(BEGIN + i64::from(self.given) * MILLI),
            len: u32::try_from(frame.len()).unwrap(),
            linktype: Linktype::ETHERNET,
            data: &frame,
        });
        self.given += 1;
    }
}

impl Source for Counts {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        self.heard.extend(self.settled.try_iter());
        if self.given < 2 * FRAMES {
            self.push(batch, 2_000);
            self.push(batch, 2_000);
            return Fill::More;
        }
        let Some(settled) = self.heard.first().filter(|_| !self.is_counted) else {
            // The workers may be some batches behind.
            self.waited += 1;
            std::thread::sleep(std::time::Duration::from_millis(1));
            return if self.is_counted || self.waited > 5_000 {
                Fill::End
            } else {
                Fill::More
            };
        };
        let stretch = Stretch {
            packets: COUNTED,
            octets: COUNTED * (28 + PAYLOAD as u64),
            payload_octets: COUNTED * PAYLOAD as u64,
            frame_octets: COUNTED * (42 + PAYLOAD as u64),
            ..Stretch::default()
        };
        let (since, last) = (BEGIN + 100 * MILLI, BEGIN + 900 * MILLI);
        batch.push_run(&Run {
            ends: settled.ends,
            since: Timestamp::from_nanos(since),
            last: Timestamp::from_nanos(last),
            sent: [stretch, Stretch::default()],
        });
        self.is_counted = true;
        self.push(batch, 3_000);
        Fill::More
    }

    fn hears_of_settled(&self) -> Option<SyncSender<Settled>> {
        Some(self.hears.clone())
    }

    fn inputs(&self) -> Vec<InputFile> {
        Vec::new()
    }

    fn octets_read(&self) -> u64 {
        0
    }

    fn octets_total(&self) -> Option<u64> {
        None
    }
}

fn replay(workers: usize) -> (Summary, Vec<serde_json::Value>, Vec<Settled>) {
    let folder = tempfile::tempdir().unwrap();
    let eve = folder.path().join("eve.json");
    let config = Config {
        workers,
        flow: Default::default(),
        policy: Policy::none().into(),
        indicators: Default::default(),
        reload: None,
        filter: None,
        checkpoint: None,
        health: Default::default(),
    };
    let outputs = Outputs {
        store: None,
        protection: None,
        exporters: vec![NamedExporter {
            name: "EVE".to_owned(),
            exporter: Box::new(Eve::new(std::fs::File::create(&eve).unwrap(), false)),
        }],
    };
    let mut source = Counts::new();
    let summary = sekisho::engine::replay(&config, &mut source, outputs, &Progress::default()).unwrap();
    (summary, support::read_eve(&eve), source.heard)
}

#[test]
fn what_a_source_counts_is_in_the_flow_and_in_the_sum_of_all_frames() {
    for workers in [1, 2] {
        let (summary, events, heard) = replay(workers);

        let settled = heard.first().unwrap();
        assert_eq!(settled.ends.protocol, Protocol::UDP);
        assert!(settled.kinds.iter().all(|kinds| kinds.payload), "{settled:?}");
        let frames = u64::from(2 * FRAMES) + 1;
        assert_eq!(summary.packets, frames + COUNTED);
        assert_eq!(summary.frame_octets, (frames + COUNTED) * (42 + PAYLOAD as u64));
        let flow = events
            .iter()
            .find(|event| event["event_type"] == "flow" && event["src_port"] == 2_000)
            .unwrap();
        let sums = ["pkts_toserver", "pkts_toclient"].map(|key| flow["flow"][key].as_u64().unwrap());
        // The client is the lower end: 192.0.2.1 sorts before 198.51.100.2.
        assert_eq!(sums, [u64::from(FRAMES) + COUNTED, u64::from(FRAMES)]);
        assert_eq!(flow["flow"]["end"], "2026-11-04T00:00:00.900000+00:00");
        assert_eq!(flow["sekisho"]["history"], "Dd");
    }
}
