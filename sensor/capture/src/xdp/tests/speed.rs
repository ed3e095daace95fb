//! What a packet costs in the kernel, beside a program that does nothing, alternately in one run.

use std::time::Duration;

use aya::programs::{TestRun as _, TestRunOptions, Xdp};
use sekisho_ebpf_abi::{Slot, setup};

use super::model::seen;
use super::{PORT, Packet, kernel, note, setup};

const ROUNDS: u32 = 12;
const REPEAT: u32 = 100_000;

/// The mean of a run.
fn each(program: &Xdp, frame: &[u8], repeat: u32) -> Duration {
    let options = TestRunOptions {
        data_in: Some(frame),
        repeat,
        ..TestRunOptions::new()
    };
    program.test_run(options).unwrap().duration
}

#[test]
fn the_verifier_has_little_work_with_it() {
    for flags in [0, setup::BY_VLAN | setup::EXCLUDES] {
        let Some(kernel) = kernel(&setup(flags), 1 << 17) else {
            return;
        };
        let info = kernel.program().unwrap().info().unwrap();
        let instructions = info.verified_instruction_count().unwrap();

        // Of a million that it is ready to follow.
        assert!(instructions < 250_000, "{flags}: {instructions}");
        note(&format_args!("{instructions} instructions were followed"));
    }
}

#[test]
fn a_packet_of_a_known_flow_costs_some_tens_of_nanoseconds() {
    let setup = setup(0);
    let Some(mut kernel) = kernel(&setup, 64 << 20) else {
        return;
    };
    kernel.load_nothing();
    let arm = |kernel: &mut crate::xdp::kernel::Kernel, packet: &Packet| {
        let seen = seen(&packet.frame(), 0).unwrap();
        let slot = Slot {
            generation: 1,
            ..seen.slot(true)
        };
        kernel.arm(seen.place(&setup), &slot);
    };
    let v6 = |packet: Packet| Packet {
        source: "2001:db8::1".parse().unwrap(),
        destination: "2001:db8::2".parse().unwrap(),
        ..packet
    };
    // None of them has a mark or payload, so that the same one goes on and on.
    let known = [
        ("UDP", Packet::udp(0, 18)),
        ("TCP", Packet::tcp(7, 9, 0)),
        ("IPv6 TCP", v6(Packet::tcp(7, 9, 0))),
    ];
    known.iter().for_each(|(_, packet)| arm(&mut kernel, packet));
    let new = Packet {
        from: 1,
        ..Packet::udp(5, 18)
    };
    let (nothing, program) = (kernel.nothing(), kernel.program().unwrap());
    let mut floor = Duration::MAX;
    let mut absorbed = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        floor = floor.min(each(nothing, &new.frame(), REPEAT));
        for (least, (_, packet)) in absorbed.iter_mut().zip(&known) {
            *least = (*least).min(each(program, &packet.frame(), REPEAT));
        }
    }
    let counters = kernel.counters(PORT).unwrap();
    assert_eq!(counters.absorbed, counters.received);

    let mut handed_up = Duration::MAX;
    for _ in 0..ROUNDS {
        handed_up = handed_up.min(kernel.test_run(&new.frame(), REPEAT).unwrap().each);
        while kernel.next().is_some() {}
    }
    assert_eq!(kernel.counters(PORT).unwrap().lost, 0);

    let figures: Vec<String> = known
        .iter()
        .zip(absorbed)
        .map(|((name, _), each)| format!("{name} {} ns", each.as_nanos()))
        .collect();
    note(&format_args!(
        "a program that does nothing {} ns, absorbed {}, handed up {} ns",
        floor.as_nanos(),
        figures.join(", "),
        handed_up.as_nanos()
    ));
    let limit = (floor * 3).max(Duration::from_nanos(60));
    assert!(
        absorbed.iter().all(|each| *each <= limit),
        "{floor:?} {absorbed:?}"
    );
    assert!(
        handed_up <= floor * 3 + Duration::from_nanos(150),
        "{handed_up:?}"
    );
}
