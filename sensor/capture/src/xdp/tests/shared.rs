//! Several processors and the sensor at the same slots.

use std::sync::atomic::{AtomicBool, Ordering};

use aya::programs::{TestRun as _, TestRunOptions, Xdp};
use sekisho_ebpf_abi::{Slot, state};

use super::model::seen;
use super::{PORT, Packet, kernel, setup};

/// Runs a frame many times.
fn run(program: &Xdp, frame: &[u8], repeat: u32) {
    let options = TestRunOptions {
        data_in: Some(frame),
        repeat,
        ..TestRunOptions::new()
    };
    program.test_run(options).unwrap();
}

#[test]
fn two_processors_add_to_one_slot_and_every_copy_is_consistent() {
    const REPEAT: u32 = 1_000_000;
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 1 << 20) else {
        return;
    };
    // No mark: the same frame may come again and again.
    let (there, back) = (Packet::udp(0, 10), Packet::udp(0, 100).back());
    let flow = seen(&there.frame(), 0).unwrap();
    let place = flow.place(&setup);
    kernel.arm(place, &flow.slot(true));
    let (there, back) = (there.frame(), back.frame());
    let is_over = AtomicBool::new(false);

    let program = kernel.program().unwrap();
    let mut copies = 0_u32;
    std::thread::scope(|threads| {
        let runs = [&there, &back].map(|frame| threads.spawn(|| run(program, frame, REPEAT)));
        threads.spawn(|| {
            runs.into_iter().for_each(|run| run.join().unwrap());
            is_over.store(true, Ordering::Release);
        });
        let mut before = [0; 2];
        while !is_over.load(Ordering::Acquire) {
            let slot = kernel.read(place);
            assert_eq!(slot.version & 1, 0);
            for (by, frame) in [&there, &back].into_iter().enumerate() {
                is_of(&slot, by, frame.len());
                assert!(slot.sums[by].packets >= before[by]);
                before[by] = slot.sums[by].packets;
            }
            copies += 1;
        }
    });

    let counters = kernel.counters(PORT).unwrap();
    let slot = kernel.read(place);
    assert_eq!(counters.received, u64::from(2 * REPEAT));
    let added = slot.sums[0].packets + slot.sums[1].packets;
    assert_eq!(counters.absorbed, u64::from(added));
    // Those that did not get the slot, and went up or found the ring full.
    assert_eq!(
        counters.absorbed + counters.handed_up + counters.lost,
        counters.received
    );
    assert!(added > REPEAT, "{added}");
    assert!(copies > 100, "{copies}");
}

/// Whether the sums of a direction belong together.
fn is_of(slot: &Slot, by: usize, frame: usize) {
    let sums = slot.sums[by];
    let frame_octets = u64::from(sums.packets) * u64::try_from(frame).unwrap();
    assert_eq!(sums.frame_octets, frame_octets);
    // Headers of 14, 20 and 8 octets; the shorter frame is padded.
    let payload = [10, 100][by];
    assert_eq!(sums.ip_octets, u64::from(sums.packets) * (28 + payload));
    assert_eq!(
        u64::from(sums.payload_octets),
        u64::from(sums.packets) * payload % (1 << 32)
    );
}

#[test]
fn what_a_closed_slot_says_is_final() {
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 1 << 20) else {
        return;
    };
    let frame = Packet::udp(0, 10).frame();
    let flow = seen(&frame, 0).unwrap();
    let place = flow.place(&setup);
    let mut slot = flow.slot(true);
    let mut sum = 0_u64;
    for round in 1..=200 {
        slot.generation = round;
        let (program, slots) = kernel.parts();
        slots.arm(place, &slot);
        std::thread::scope(|threads| {
            let running = threads.spawn(|| run(program, &frame, 20_000));
            while slots.read(place).sums[0].packets < 100 && !running.is_finished() {
                std::hint::spin_loop();
            }
            slots.close(place);
            let closed = slots.read(place);
            assert_eq!(closed.state & state::MASK, state::CLOSING);
            sum += u64::from(closed.sums[0].packets);
            running.join().unwrap();
            assert_eq!(slots.read(place), closed);
            slots.free(place);
        });
        while kernel.next().is_some() {}
    }

    let counters = kernel.counters(PORT).unwrap();
    assert_eq!(counters.absorbed, sum);
    assert!(sum > 0 && counters.handed_up + counters.lost > 0);
}
