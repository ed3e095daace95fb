//! Every frame is read as the sensor's own decoder reads it: those of the capture set, and many that are
//! broken.
//!
//! The set is looked for in `SEKISHO_CAPTURES`, else beside the work tree. `SEKISHO_MUTATIONS` says how many
//! broken frames there are.

use std::path::{Path, PathBuf};

use sekisho_ebpf_abi::{LONGEST, Setup, setup};
use sekisho_model::Linktype;

use super::model::{Fate, seen};
use super::{DROP, PORT, Packet, Random, Told, kernel, note, settled, setup, skip, told};
use crate::xdp::kernel::Kernel;
use crate::{Batch, FileSource, Fill, Order, Source};

/// Frames whose mutations are tried.
const POOL: usize = 4_000;
const MUTATIONS: u64 = 200_000;

/// The program and what it should have counted.
struct Bench {
    kernel: Kernel,
    setup: Setup,
    frames: u64,
    absorbed: u64,
}

impl Bench {
    /// Runs a frame with a slot that is armed for its flow, if it has one.
    fn run(&mut self, frame: &[u8]) {
        let packet = seen(frame, self.setup.flags);
        let armed = packet.map(|packet| {
            // Either way of the group, and either end.
            let place = packet.place(&self.setup) + u32::from(self.frames & 1 == 0);
            let mut slot = packet.slot(self.frames & 2 == 0);
            slot.generation = u32::try_from(self.frames & 0xffff_ffff).unwrap();
            self.kernel.arm(place, &slot);
            (place, slot)
        });
        let before = self.kernel.counters(PORT).unwrap();

        let run = self.kernel.test_run(frame, 1).unwrap();

        let after = self.kernel.counters(PORT).unwrap();
        assert_eq!(run.verdict, DROP);
        let events = told(&mut self.kernel);
        let up = || Told::Frame(frame.to_vec());
        let mut is_absorbed = false;
        match (packet, armed) {
            (Some(packet), Some((place, mut slot))) => {
                let expected = match packet.meet(&mut slot) {
                    Fate::Absorbed => {
                        is_absorbed = true;
                        vec![]
                    }
                    Fate::AfterRelease(before) => vec![Told::Released(place, before), up()],
                    fate => panic!("{fate:?}"),
                };
                assert_eq!(events, expected, "{packet:?} {frame:02x?}");
                assert_eq!(settled(self.kernel.read(place)), slot, "{packet:?} {frame:02x?}");
                self.kernel.free(place);
            }
            _ => assert_eq!(events, [up()]),
        }
        self.frames += 1;
        self.absorbed += u64::from(is_absorbed);
        let octets = u64::try_from(frame.len()).unwrap();
        assert_eq!(after.received - before.received, 1);
        assert_eq!(after.received_octets - before.received_octets, octets);
        assert_eq!(after.absorbed - before.absorbed, u64::from(is_absorbed));
        assert_eq!(after.handed_up - before.handed_up, u64::from(!is_absorbed));
        assert_eq!(after.lost + after.excluded, 0);
    }
}

fn is_run(frame: &[u8]) -> bool {
    // BPF_PROG_TEST_RUN wants an Ethernet header.
    (14..=LONGEST as usize).contains(&frame.len())
}

#[test]
fn every_frame_of_the_captures_and_many_broken_ones_are_read_as_the_decoder_reads_them() {
    let setup = setup(setup::BY_VLAN);
    let Some(kernel) = kernel(&setup, 1 << 20) else {
        return;
    };
    let mut bench = Bench {
        kernel,
        setup,
        frames: 0,
        absorbed: 0,
    };
    let mut pool = built();
    let built = pool.len();
    let mut random = Random(7);
    let mut captured = 0;
    for path in captures() {
        each_frame(&path, |frame| {
            bench.run(frame);
            captured += 1;
            if pool.len() < POOL {
                pool.push(frame.to_vec());
            } else if random.once_in(captured / POOL + 1) {
                let place = built + random.below(POOL - built);
                pool[place] = frame.to_vec();
            }
        });
    }
    if captured == 0 {
        skip(&"frames of captures; set SEKISHO_CAPTURES to their folder");
    } else {
        assert!(bench.absorbed * 4 > bench.frames, "most traffic is plain");
    }

    let wanted = std::env::var("SEKISHO_MUTATIONS").ok();
    let wanted = wanted.map_or(MUTATIONS, |number| number.parse().unwrap());
    let (mut tried, before) = (0, bench.absorbed);
    while tried < wanted {
        let frame = mutated(&pool[random.below(pool.len())], &mut random);
        if is_run(&frame) {
            bench.run(&frame);
            tried += 1;
        }
    }
    assert!(
        (bench.absorbed - before) * 20 > tried,
        "some are plain all the same"
    );
    note(&format_args!(
        "{captured} frames of captures, {tried} broken ones, {} absorbed",
        bench.absorbed
    ));
}

/// A frame with some octets changed, cut off or put in.
fn mutated(frame: &[u8], random: &mut Random) -> Vec<u8> {
    let mut frame = frame.to_vec();
    // The headers, mostly; and numbers that mean something.
    let end = frame.len().min(80);
    for _ in 0..random.below(4) {
        let at = random.below(end);
        let any = u8::try_from(random.next() & 0xff).unwrap();
        frame[at] = random.one_of(&[
            any,
            any,
            frame[at].wrapping_add(1),
            frame[at] ^ 1,
            0,
            1,
            6,
            17,
            44,
            51,
            60,
            0x45,
            0x81,
        ]);
    }
    match random.below(8) {
        0 => frame.truncate(random.below(frame.len()) + 1),
        1 => frame.resize(frame.len() + random.below(16), 0),
        // A tag, or a header that need not be there.
        2 if frame.len() > 14 => {
            let tag = random.one_of(&[
                [0x81, 0, 0, 5],
                [0x88, 0xa8, 0, 0],
                [0x91, 0, 0x20, 1],
                [0x92, 0, 1, 0],
            ]);
            frame.splice(12..12, tag);
        }
        3 if frame.len() > 54 && frame[12..14] == [0x86, 0xdd] => {
            let (kind, next) = (random.one_of(&[0, 43, 44, 51, 60, 135, 139, 140]), frame[20]);
            frame[20] = kind;
            let words = u8::from(random.once_in(2));
            let header = [
                next,
                words,
                0,
                u8::from(random.once_in(4)),
                0,
                0,
                0,
                0,
                1,
                2,
                3,
                4,
                5,
                6,
                7,
                8,
            ];
            let length = if kind == 44 || words == 0 { 8 } else { 16 };
            frame.splice(54..54, header[..length].iter().copied());
        }
        4 if frame.len() > 34 && frame[12..14] == [0x08, 0x00] => {
            frame[14] = 0x46;
            frame.splice(34..34, [1, 1, 1, 0]);
        }
        _ => {}
    }
    frame
}

/// Frames of every kind that is read.
fn built() -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for tags in [
        vec![],
        vec![5],
        vec![0, 7],
        vec![1, 2, 3],
        vec![1, 2, 3, 4],
        vec![1; 5],
    ] {
        for is_v6 in [false, true] {
            for packet in [
                Packet::udp(3, 40),
                Packet::udp(0, 0),
                Packet::tcp(7, 9, 60),
                Packet::tcp(7, 9, 0),
            ] {
                let mut packet = Packet {
                    tags: tags.clone(),
                    checksum: 77,
                    ..packet
                };
                if is_v6 {
                    packet.source = "2001:db8::1".parse().unwrap();
                    packet.destination = "2001:db8::2".parse().unwrap();
                }
                frames.push(packet.frame());
            }
        }
    }
    frames
}

fn each_frame(path: &Path, mut each: impl FnMut(&[u8])) {
    let Ok(mut source) = FileSource::open(&[path.to_path_buf()], Order::AsGiven) else {
        return;
    };
    let mut batch = Batch::with_capacity(1_000, 1 << 20);
    loop {
        let fill = source.fill(&mut batch);
        let frames = batch
            .iter()
            .filter(|packet| packet.linktype == Linktype::ETHERNET);
        frames
            .filter(|packet| is_run(packet.data))
            .for_each(|packet| each(packet.data));
        batch.clear();
        if fill == Fill::End {
            return;
        }
    }
}

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
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
