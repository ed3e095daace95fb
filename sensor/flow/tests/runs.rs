//! Flows whose plain packets are counted by the source give the records of flows whose packets all came.
//!
//! A source that counts as the program in the kernel does is played here in a few lines: it takes flows
//! that the table calls settled, adds their plain packets up, and gives everything else. Its records are
//! compared with those of a table that saw every packet of the same capture. Round trips are left out:
//! packets that are only counted are not timed.
//!
//! The captures are looked for in `SEKISHO_CAPTURES`, else beside the work tree.

#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sekisho_capture::{Batch, FileSource, Fill, Order, Source};
use sekisho_flow::{Config, Observation, Sink, Start, Table};
use sekisho_model::run::{Ends, Kinds, Run, Stretch};
use sekisho_model::{Endpoint, FlowRecord, Protocol, Settled, TcpFlags, Timestamp};
use sekisho_wire::frame::{self, Frame};
use sekisho_wire::{IpPacket, Layer};

type Shared = Rc<RefCell<Vec<Settled>>>;

#[derive(Default)]
struct Out {
    records: Vec<FlowRecord>,
    said: usize,
    settled: Shared,
}

impl Sink for Out {
    type Tag = ();

    fn start(&mut self, _: &Start) {}

    fn record(&mut self, mut record: FlowRecord, (): &()) {
        record.data_rtt = None;
        self.records.push(record);
    }

    fn said(&mut self, _: sekisho_model::app::FlowRef, _: u64, _: sekisho_model::app::Event, (): &()) {
        self.said += 1;
    }

    fn settled(&mut self, settled: &Settled) {
        self.settled.borrow_mut().push(*settled);
    }
}

/// What the program keeps of a flow that it was told to count.
struct Slot {
    kinds: [Kinds; 2],
    begun: [bool; 2],
    marks: [[u16; 2]; 2],
    run: Run,
    /// What of the run was given already.
    given: [Stretch; 2],
}

/// The program, its slots and how much it has counted.
#[derive(Default)]
struct Program {
    slots: HashMap<Ends, Slot>,
    counted: u64,
    released: u64,
}

fn ends_of(packet: &IpPacket<'_>) -> (Ends, usize) {
    let source = Endpoint {
        address: packet.source,
        port: packet.source_port,
    };
    let destination = Endpoint {
        address: packet.destination,
        port: packet.destination_port,
    };
    let is_lower = (source.address, source.port) <= (destination.address, destination.port);
    let (a, b) = if is_lower {
        (source, destination)
    } else {
        (destination, source)
    };
    let ends = Ends {
        a,
        b,
        protocol: packet.protocol,
        vlan: None,
    };
    (ends, usize::from(!is_lower))
}

/// The identification, or the checksum of UDP, which lies before its payload.
fn mark(frame: &[u8], packet: &IpPacket<'_>) -> u16 {
    match packet.identification {
        0 if packet.protocol == Protocol::UDP && !packet.payload.is_empty() => {
            let payload = packet.payload.as_ptr().addr() - frame.as_ptr().addr();
            u16::from_be_bytes([frame[payload - 2], frame[payload - 1]])
        }
        identification => identification,
    }
}

impl Program {
    /// Whether a packet is only counted; a run that has to be merged before it otherwise.
    fn pass(&mut self, frame: &[u8], layer: &Layer<'_>, at: Timestamp) -> (bool, Option<Run>) {
        let packet = &layer.ip;
        let (ends, by) = ends_of(packet);
        let Some(slot) = self.slots.get_mut(&ends) else {
            return (false, None);
        };
        let mark = mark(frame, packet);
        if !slot.is_plain(packet, by, mark) {
            self.released += 1;
            return (false, self.slots.remove(&ends).and_then(Slot::taken));
        }
        if mark != 0 {
            slot.marks[by] = [mark, slot.marks[by][0]];
        }
        let sent = &mut slot.run.sent[by];
        if let Some(tcp) = packet.tcp {
            sent.next = tcp.sequence.wrapping_add(packet.payload_octets);
            sent.acknowledged = tcp.acknowledgement;
        }
        if !std::mem::replace(&mut slot.begun[by], true) {
            return (false, Some(slot.rest()).filter(|rest| rest.packets() > 0));
        }
        sent.packets += 1;
        sent.octets += u64::from(packet.octets);
        sent.payload_octets += u64::from(packet.payload_octets);
        sent.frame_octets += u64::from(layer.frame_octets);
        if let Some(tcp) = packet.tcp {
            sent.flags.0 |= tcp.flags.0;
            sent.window = tcp.window;
        }
        slot.run.last = at;
        self.counted += 1;
        (true, None)
    }

    fn take(&mut self, settled: &Settled, at: Timestamp) {
        self.slots.entry(settled.ends).or_insert_with(|| Slot {
            kinds: settled.kinds,
            begun: [false; 2],
            marks: [[0; 2]; 2],
            given: [Stretch::default(); 2],
            run: Run {
                ends: settled.ends,
                since: at,
                last: at,
                sent: settled.next.map(|next| Stretch {
                    next,
                    ..Stretch::default()
                }),
            },
        });
    }

    /// What was counted since the last time; where the ends stand stays.
    fn drain(&mut self) -> Vec<Run> {
        let rests = self.slots.values_mut().map(Slot::rest);
        rests.filter(|run| run.packets() > 0).collect()
    }
}

impl Slot {
    fn is_plain(&self, packet: &IpPacket<'_>, by: usize, mark: u16) -> bool {
        let kinds = self.kinds[by];
        let has_payload = packet.payload_octets > 0;
        let is_known = if has_payload { kinds.payload } else { kinds.empty };
        let is_copy = mark != 0 && self.marks[by].contains(&mark);
        if !is_known || is_copy || packet.fragment.is_some() {
            return false;
        }
        let Some(tcp) = packet.tcp else {
            return packet.protocol == Protocol::UDP;
        };
        let (mine, other) = (&self.run.sent[by], &self.run.sent[1 - by]);
        let ahead = |from: u32, to: u32| to.wrapping_sub(from).cast_signed();
        tcp.flags.0 & !TcpFlags::PSH == TcpFlags::ACK
            && tcp.window > 0
            && if self.begun[by] {
                tcp.sequence == mine.next
                    && ahead(mine.acknowledged, tcp.acknowledgement) >= 0
                    && ahead(other.next, tcp.acknowledgement) <= 0
            } else {
                ahead(mine.next, tcp.sequence) >= 0
            }
    }

    /// What was not given yet.
    fn rest(&mut self) -> Run {
        let mut run = self.run;
        for (sent, given) in run.sent.iter_mut().zip(&mut self.given) {
            let all = *sent;
            sent.packets -= given.packets;
            sent.octets -= given.octets;
            sent.payload_octets -= given.payload_octets;
            sent.frame_octets -= given.frame_octets;
            *given = all;
        }
        run
    }

    /// The rest, of a slot that is given up.
    fn taken(mut self) -> Option<Run> {
        Some(self.rest()).filter(|rest| rest.packets() > 0)
    }
}

/// Records of a capture, sorted, and how many packets the source only counted.
fn replay(path: &Path, lets_go: bool, conversations: bool) -> (Vec<FlowRecord>, usize, u64) {
    let mut table = Table::new(Config {
        lets_go,
        conversations,
        ..Config::default()
    });
    let mut out = Out::default();
    let settled = Rc::clone(&out.settled);
    let mut program = Program::default();
    let mut source = FileSource::open(&[path.to_path_buf()], Order::AsGiven).unwrap();
    let mut batch = Batch::with_capacity(1_000, 1 << 20);
    let (mut ordinal, mut drained) = (0, Timestamp::MIN);
    loop {
        let fill = source.fill(&mut batch);
        for packet in batch.iter() {
            ordinal += 1;
            if packet.time.since(drained).as_secs() >= 1 {
                for run in program.drain() {
                    table.merge(&run, ordinal, &mut out);
                }
                table.expire(packet.time, &mut out);
                drained = packet.time;
            }
            let frame = frame::decode(packet.data, packet.linktype, packet.len);
            let has_one = frame.layers.len() == 1;
            if has_one && let Some(layer) = frame.layers.first() {
                let (is_counted, run) = program.pass(packet.data, layer, packet.time);
                if let Some(run) = run {
                    table.merge(&run, ordinal, &mut out);
                }
                if is_counted {
                    continue;
                }
            }
            observe(&mut table, &frame, packet.time, ordinal, &mut out);
            for settled in settled.borrow_mut().drain(..) {
                program.take(&settled, packet.time);
            }
        }
        batch.clear();
        if fill == Fill::End {
            break;
        }
    }
    for run in program.drain() {
        table.merge(&run, ordinal, &mut out);
    }
    table.drain(&mut out);
    out.records
        .sort_by_key(|record| (record.start, record.flow_id, record.part));
    (out.records, out.said, program.counted)
}

fn observe(table: &mut Table<()>, frame: &Frame<'_>, at: Timestamp, ordinal: u64, out: &mut Out) {
    for index in 0..frame.layers.len() {
        if let Some(layer) = Observation::of(frame, index, at, ordinal) {
            table.observe(&layer, out);
        }
    }
}

/// The captures of at most 32 MiB whose times do not run backwards far.
fn captures() -> Vec<PathBuf> {
    let folder = std::env::var_os("SEKISHO_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_small = entry.metadata().is_ok_and(|metadata| metadata.len() <= 32 << 20);
            if path.is_dir() {
                folders.push(path);
            } else if is_small && FileSource::open(std::slice::from_ref(&path), Order::AsGiven).is_ok() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Of datagrams that came twice, the first of a flow that was let go is not known as a copy: the one
/// before it was only counted.
fn forgive_copies(whole: &FlowRecord, in_part: &mut FlowRecord) {
    if whole.protocol == Protocol::UDP {
        for (whole, in_part) in [
            (&whole.to_resp, &mut in_part.to_resp),
            (&whole.to_orig, &mut in_part.to_orig),
        ] {
            assert!(in_part.duplicates <= whole.duplicates && whole.duplicates <= in_part.duplicates + 2);
            in_part.duplicates = whole.duplicates;
        }
    }
}

#[test]
fn what_a_source_counts_by_itself_changes_no_record() {
    let captures = captures();
    if captures.is_empty() {
        eprintln!("SKIPPED: no captures; set SEKISHO_CAPTURES to their folder");
        return;
    }
    let (mut counted, mut records) = (0, 0);
    for path in captures {
        for conversations in [true, false] {
            let (whole, said, _) = replay(&path, false, conversations);
            let (mut in_part, said_in_part, by_itself) = replay(&path, true, conversations);

            for (whole, in_part) in whole.iter().zip(&mut in_part) {
                forgive_copies(whole, in_part);
                assert_eq!(whole, in_part, "{} {conversations}", path.display());
            }
            assert_eq!(whole.len(), in_part.len(), "{}", path.display());
            assert_eq!(said, said_in_part, "{}", path.display());
            counted += by_itself;
            records += whole.len();
        }
    }
    assert!(
        counted > 100_000 && records > 10_000,
        "{counted} packets, {records} records"
    );
}
